"""Consent from the asking to the withdrawing: Desk asks by mail, the person answers on the page, Desk shows it."""

import re

import pytest
from office import Office, Person, until
from playwright.sync_api import Locator, Page, Route, expect
from test_desk import logs_in, opens, shown
from window import PHONE, Window

pytestmark = pytest.mark.timeout(300)

WORDS = {
	"fi": (
		"Uutiskirje",
		"{0} saa lähettää minulle uutiskirjeen sähköpostitse. Voin perua suostumukseni milloin tahansa.",
	),
	"sv": (
		"Nyhetsbrev",
		"{0} får skicka mig ett nyhetsbrev per e-post. Jag kan återkalla mitt samtycke när som helst.",
	),
	"en": ("Newsletter", "{0} may send me a newsletter by mail. I can withdraw my consent at any time."),
}


def a_text(office: Office, **values: object) -> str:
	"""A published Consent Text of the office's company."""
	company = office.lists("Company")[0]
	text = office.makes(
		"Consent Text", purpose=f"Newsletter {office.key}", company=company, channel="Email", **values
	)
	version = call(office, "new_version", text=text)
	wording = {f"title_{code}": title for code, (title, _text) in WORDS.items()}
	wording |= {f"text_{code}": words.format(company) for code, (_title, words) in WORDS.items()}
	office.changes("Consent Text Version", version, **wording)
	call(office, "publish", version=version)
	return text


def call(office: Office, verb: str, **values: object) -> object:
	answer = office.sender.http.post(
		f"{office.url}/api/method/signflow.api.consents.{verb}", json=values, timeout=30
	)
	assert answer.status_code == 200, answer.text[:800]
	return answer.json().get("message")


def consent_link(person: Person, subject: str) -> str:
	def found() -> list[str]:
		texts = [mail.get_body(("html", "plain")).get_content() for mail in person.mails(subject)]
		return [
			link
			for text in texts
			for link in re.findall(r'href="([^"]+/privacy/consents[^"#]*#[^"]+)"', text)
		]

	return until(found, f"the link in {subject!r}", 60)[0]


def asks_in_desk(window: Window, office: Office, text: str) -> Locator:
	page = logs_in(window)
	opens(page, window, "customer", office.customer)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=office.customer)
	form = shown(page)
	form.locator("[data-label='Consent'] button").first.click()
	page.locator(".dropdown-menu.show, .dropdown-menu:visible").get_by_text("Ask for Consent").first.click()
	dialog = page.locator(".modal-dialog:visible", has_text="Ask for Consent")
	expect(dialog).to_be_visible()
	dialog.locator("[data-fieldname='text'] input").fill(text)
	page.keyboard.press("Tab")
	dialog.locator("[data-fieldname='language'] select").select_option("en")
	window.keep("desk-ask-consent-1280")
	dialog.locator(".modal-footer .btn-primary").click()
	told = page.locator(".modal-dialog:visible", has_text="People asked: 2.")
	expect(told).to_be_visible()
	return form


def marketing_in_desk(page: Page, window: Window, office: Office) -> Locator:
	opens(page, window, "customer", office.customer)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=office.customer)
	form = shown(page)
	form.get_by_role("tab", name="Connections").click()
	section = form.locator(".signflow-consents")
	expect(section).to_be_visible()
	return section


def test_asked_by_mail_given_seen_and_withdrawn(office: Office, visit, url: str) -> None:
	text, maija = a_text(office), office.maija
	desk = visit()
	asks_in_desk(desk, office, text)

	window = visit(PHONE)
	page = window.page
	page.goto(consent_link(maija, "asks for your consent"), wait_until="load")
	card = page.locator(f"[data-text='{text}']")
	expect(card.get_by_role("heading", name="Newsletter")).to_be_visible()
	assert "#" not in page.url, "the token has left the address bar"
	expect(card).to_contain_text("You have not answered")
	expect(card).to_contain_text("may send me a newsletter by mail")
	window.look("consents-asked")
	card.get_by_role("button", name="I consent").click()
	expect(card).to_contain_text("You have consented")
	expect(card).to_contain_text("A receipt is on its way")
	window.look("consents-given")
	until(lambda: maija.mails("Receipt: you have given"), "the receipt", 60)
	page.reload(wait_until="load")
	expect(card).to_contain_text("You have consented")

	section = marketing_in_desk(desk.page, desk, office)
	expect(section).to_contain_text("has consented")
	desk.keep("desk-customer-consents-1280")

	card.get_by_role("button", name="Withdraw").click()
	expect(card).to_contain_text("You have withdrawn your consent")
	window.look("consents-withdrawn")
	section = marketing_in_desk(desk.page, desk, office)
	expect(section).to_contain_text("has withdrawn the consent")
	consents = office.lists("Consent", email=maija.address)
	assert len(consents) == 2
	opens(desk.page, desk, "consent", consents[0])
	expect(shown(desk.page).get_by_text("SHA-256 of the Wording").first).to_be_visible()
	desk.keep("desk-consent-1280")


def test_by_a_typed_address_in_finnish_and_no_more_marketing(office: Office, visit, url: str) -> None:
	text, matti = a_text(office), office.matti
	window = visit(PHONE)
	page = window.page
	page.goto(f"{url}/privacy/consents?lang=en", wait_until="load")
	expect(page.get_by_role("heading", name="Your consents")).to_be_visible()
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#mail-problem")).to_contain_text("Write your mail address")
	window.look("consents-mail")
	page.get_by_label("Mail address").fill(matti.address)
	page.get_by_role("button", name="Continue").click()
	code = page.get_by_label("6-digit code")
	expect(code).to_be_focused()
	window.look("consents-code")
	window.expected.append("403")
	code.fill("000000")
	page.get_by_role("button", name="Confirm", exact=True).click()
	expect(page.locator("#code-problem")).to_contain_text("4 tries left")
	code.fill(matti.code())
	page.get_by_role("button", name="Confirm", exact=True).click()
	card = page.locator(f"[data-text='{text}']")
	expect(card).to_contain_text("You have not answered")
	page.get_by_role("button", name=re.compile("No marketing of any kind from")).first.click()
	expect(page.locator(".consents").first).to_contain_text("will not market to you any more")
	window.look("consents-stopped")
	for lang, words in (("fi", "Uutiskirje"), ("sv", "Nyhetsbrev")):
		page.goto(f"{url}/privacy/consents?lang={lang}", wait_until="load")
		expect(card).to_contain_text(words)
		window.look(f"consents-list-{lang}")
	desk = visit()
	expect(marketing_in_desk(logs_in(desk), desk, office)).to_contain_text("has objected")


def test_who_has_nothing_to_see_begins_anew(office: Office, visit, url: str) -> None:
	window = visit(PHONE)
	page = window.page

	def without_companies(route: Route) -> None:
		answer = route.fetch().json()
		answer["message"]["companies"] = []
		route.fulfill(json=answer)

	page.route("**/signflow.api.consents.check_code", without_companies)
	page.goto(f"{url}/privacy/consents?lang=en", wait_until="load")
	page.get_by_label("Mail address").fill(office.maija.address)
	page.get_by_role("button", name="Continue").click()
	page.get_by_label("6-digit code").fill(office.maija.code())
	page.get_by_role("button", name="Confirm", exact=True).click()
	expect(page.get_by_text("Nothing is asked of you here")).to_be_visible()
	expect(page.get_by_role("link", name="Ask about your data")).to_be_visible()
	window.look("consents-nothing")
	page.get_by_role("button", name="Try another address").click()
	expect(page.get_by_label("Mail address")).to_have_value("")


def test_wordings_are_published_and_a_campaign_started_in_desk(office: Office, visit) -> None:
	text = a_text(office)
	desk = visit()
	page = logs_in(desk)
	opens(page, desk, "consent-text", text)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=text)
	desk.keep("desk-consent-text-1280")
	shown(page).get_by_role("button", name="New Wording").click()
	page.wait_for_function("() => window.cur_frm?.doctype === 'Consent Text Version'")
	form = shown(page)
	expect(form.get_by_role("button", name="Publish")).to_be_visible()
	form.locator("[data-fieldname='title_en'] input").fill("Our newsletter")
	form.get_by_role("button", name="Publish").click()
	page.locator(".modal-dialog:visible", has_text="nobody can change them").get_by_role(
		"button", name="Yes"
	).click()
	expect(form.get_by_text("People are shown these words")).to_be_visible()
	desk.keep("desk-consent-version-1280")

	campaign = office.makes(
		"Consent Campaign",
		title=f"Spring {office.key}",
		consent_text=text,
		language="en",
		filters_json=f'[["email_id", "like", "%{office.key}@%"]]',
	)
	opens(page, desk, "consent-campaign", campaign)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=campaign)
	form = shown(page)
	expect(form.get_by_role("button", name="Start Asking")).to_be_visible()
	expect(form.locator(".filter-box, .filter-area .filter-button, .filter-edit-area").first).to_be_visible()
	desk.keep("desk-campaign-1280")
	form.get_by_role("button", name="Start Asking").click()
	page.locator(".modal-dialog:visible", has_text="The filter finds 2 records").get_by_role(
		"button", name="Yes"
	).click()
	until(
		lambda: office.sender.read("Consent Campaign", campaign)["status"] == "Sent", "everybody is asked", 60
	)
	assert office.sender.read("Consent Campaign", campaign)["sent_count"] == 2
	until(lambda: office.maija.mails("asks for your consent: Our newsletter"), "the mail", 60)


def test_lists_filter_by_consent_and_ask_whom_they_show(office: Office, visit) -> None:
	text = a_text(office)
	record = f"%{office.key}@%"
	desk = visit()
	page = logs_in(desk)
	for doctype in ("customer", "lead", "contact"):
		opens(page, desk, doctype)
		page.wait_for_function("() => window.cur_list?.filter_area")
		filters = shown(page).locator(".standard-filter-section")
		for field in ("signflow_email_marketing", "signflow_consents"):
			expect(filters.locator(f"[data-fieldname='{field}']").first).to_be_visible()
		desk.keep(f"desk-{doctype}-list-1280")
	page.evaluate("(like) => cur_list.filter_area.add([['Contact', 'email_id', 'like', like]])", record)
	expect(shown(page).get_by_text(office.maija.name).first).to_be_visible()
	shown(page).locator(".menu-btn-group button").first.click()
	page.locator(".dropdown-menu.show, .dropdown-menu:visible").get_by_text("Ask for Consent").first.click()
	page.wait_for_function("() => window.cur_frm?.doctype === 'Consent Campaign'")
	made = page.evaluate("() => [cur_frm.doc.ask_doctype, cur_frm.doc.filters_json]")
	assert made == ["Contact", f'[["email_id","like","{record}"]]']
	desk.keep("desk-campaign-from-list-1280")
	assert text
