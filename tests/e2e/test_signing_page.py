"""The signing page in Chromium: from the mailed link to the signed copy, and every other end."""

import pytest
from office import Office, until
from playwright.sync_api import Page, expect
from signing import SigningPage
from window import PHONE

pytestmark = pytest.mark.timeout(300)

PHONE_OPTIONS = {"size": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def tabs_to(page: Page, selector: str, most: int = 60) -> None:
	"""Press Tab until the focus is on `selector`: what a hand without a mouse can reach."""
	for _ in range(most):
		if page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
			return
		page.keyboard.press("Tab")
	raise AssertionError(f"{selector} is not reached with {most} tabs")


def test_two_sign_and_fetch_their_copies(office: Office, visit) -> None:
	request = office.sends()
	by_keyboard(SigningPage(visit(), office.maija))
	assert office.status(request) == "In Progress"
	by_finger(SigningPage(visit(**PHONE_OPTIONS), office.matti))
	until(lambda: office.status(request) == "Completed", "completion")
	until(lambda: office.maija.mails("Signed:"), "the copy in the mail")
	fetches_copy(SigningPage(visit(**PHONE_OPTIONS), office.maija), office.signed_file(request))


def by_keyboard(signer: SigningPage) -> None:
	"""Typed name, no mouse from the first Tab to the end."""
	page, keyboard = signer.page, signer.page.keyboard
	signer.opens().reads()
	assert "#" not in page.url, "the token has left the address bar"
	expect(signer.heading("Rental contract").first).to_be_visible()
	signer.window.look("sign-read")
	keyboard.press("Tab")
	tabs_to(page, "#pages")
	keyboard.press("End")
	expect(page.locator("#page-number")).not_to_have_text("1 / 3")
	tabs_to(page, "#read-next")
	keyboard.press("Enter")
	expect(signer.heading("Confirm that it is you")).to_be_focused()
	signer.window.look("sign-code-ask")
	tabs_to(page, "#code-next")
	keyboard.press("Enter")
	expect(page.get_by_label("6-digit code")).to_be_focused()
	signer.window.look("sign-code-type")
	keyboard.type(signer.person.code(signer.codes_before))
	keyboard.press("Enter")
	expect(signer.heading("Sign the document")).to_be_focused()
	expect(page.get_by_label("Your name")).to_have_value(signer.person.name)
	signer.window.look("sign-sign-typed")
	tabs_to(page, "#sign-next")
	keyboard.press("Enter")
	expect(page.locator("#accept-problem")).to_contain_text("Tick the box")
	expect(page.locator("#accept")).to_be_focused()
	signer.window.look("sign-sign-problem")
	keyboard.press("Space")
	tabs_to(page, "#sign-next")
	keyboard.press("Enter")
	expect(page.locator("#outcome-title")).to_be_focused()
	signer.ends_with("Thank you, you have signed")
	signer.window.look("sign-signed")


def by_finger(signer: SigningPage) -> None:
	"""Drawn signature on a phone; sees the seal being made."""
	page = signer.page
	signer.opens().reads()
	assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways scrolling"
	signer.identifies()
	page.get_by_text("Drawn by hand").click()
	expect(page.locator("#pad")).to_be_visible()
	signer.signs()
	expect(page.locator("#drawn-problem")).to_contain_text("Draw your signature")
	signer.draws()
	expect(page.locator("#drawn-problem")).to_be_empty()
	signer.accepts()
	signer.window.look("sign-sign-drawn")
	signer.signs()
	expect(page.locator("#outcome-title")).to_have_text("Sealing your signature…")
	signer.window.look("sign-sealing", both=False)
	signer.ends_with("Everybody has signed")
	signer.window.look("sign-completed")


def fetches_copy(signer: SigningPage, signed: bytes) -> None:
	"""The old link still leads to the copy, after a new code."""
	page = signer.page
	signer.opens()
	signer.ends_with("Everybody has signed")
	signer.window.look("sign-completed-later")
	signer.button("Get your copy").click()
	expect(signer.heading("Confirm that it is you")).to_be_visible()
	signer.asks_for_code()
	signer.types_code()
	signer.ends_with("Everybody has signed")
	copies = page.locator("#copies").get_by_role("button")
	expect(copies).to_have_count(2)
	signer.window.look("sign-copies")
	copy = signer.downloads(copies.first)
	assert copy.suggested_filename.endswith(".pdf")
	assert copy.path().read_bytes() == signed


def test_decline_with_a_reason(office: Office, visit) -> None:
	request = office.sends(documents=2)
	signer = SigningPage(visit(**PHONE_OPTIONS), office.maija)
	signer.opens().reads()
	signer.identifies()
	expect(signer.heading("Sign 2 documents")).to_be_visible()
	signer.window.look("sign-unread")
	signer.button("Decline to sign").click()
	dialog = signer.page.get_by_role("dialog", name="Decline to sign?")
	dialog.get_by_label("Why do you decline?").fill("The rent is not what we agreed.")
	signer.window.look("sign-decline")
	dialog.get_by_role("button", name="Decline to sign").click()
	signer.ends_with("You have declined to sign")
	signer.window.look("sign-declined")
	assert office.status(request) == "Declined"
	other = SigningPage(visit(), office.matti).opens()
	other.ends_with("This request was declined")


def test_five_wrong_codes_lock_and_a_new_link_opens_again(office: Office, visit) -> None:
	office.sends(office.maija)
	signer = SigningPage(visit(**PHONE_OPTIONS), office.maija)
	signer.window.expected.append(r"status of 40[13].*check_code")
	signer.opens().reads()
	signer.goes_on()
	signer.asks_for_code()
	right = office.maija.code(signer.codes_before)
	wrong = f"{(int(right) + 1) % 1000000:06d}"
	field, problem = signer.page.get_by_label("6-digit code"), signer.page.locator("#code-problem")
	for left in ("4 tries left", "3 tries left", "2 tries left", "1 try left"):
		field.fill(wrong)
		signer.page.locator("#code-next").click()
		expect(problem).to_contain_text(left)
		expect(field).to_be_focused()
	signer.window.look("sign-code-wrong")
	field.fill(wrong)
	signer.page.locator("#code-next").click()
	signer.ends_with("Signing is locked for your safety")
	signer.window.look("sign-locked")
	signer.button("Send me a new link").click()
	expect(signer.page.locator("#outcome-text")).to_contain_text("a new link is on its way")
	signer.window.look("sign-new-link")
	again = SigningPage(visit(), office.maija)
	again.opens(office.maija.link(1)).reads()
	again.identifies()
	expect(again.heading("Sign the document")).to_be_visible()


def test_another_language_keeps_what_was_typed(office: Office, visit) -> None:
	office.sends(office.maija)
	signer = SigningPage(visit(), office.maija)
	page = signer.page
	signer.opens().reads()
	signer.identifies()
	page.get_by_label("Your name").fill("Maija Kaarina Meri")
	page.get_by_text("Drawn by hand").click()
	signer.draws()
	signer.accepts()
	strokes = signer.window.store()["signflow.strokes"]
	for language, heading in (("fi", "Allekirjoita asiakirja"), ("sv", "Underteckna dokumentet")):
		page.locator(f"[data-language={language}]").click()
		expect(page.locator("html")).to_have_attribute("lang", language)
		expect(page.locator("#sign")).to_be_visible()
		if page.locator("#sign-title").inner_text() != "Sign the document":
			expect(page.locator("#sign-title")).to_have_text(heading)
		expect(page.locator("#name")).to_have_value("Maija Kaarina Meri")
		expect(page.locator("#accept")).to_be_checked()
		expect(page.locator("#drawn")).to_be_visible()
		assert signer.window.store()["signflow.strokes"] == strokes
		signer.window.look(f"sign-sign-{language}")
	signer.signs()
	expect(page.locator("#outcome-mark.good")).to_be_visible(timeout=120_000)


def test_links_that_lead_nowhere(office: Office, visit, url: str) -> None:
	request = office.sends(office.maija)
	unknown = SigningPage(visit(**PHONE_OPTIONS), office.maija)
	unknown.window.expected.append(r"status of 40[134]")
	unknown.opens(office.maija.link()[:-6] + "AAAAAA")
	unknown.ends_with("This link does not work")
	unknown.window.look("sign-link-unknown")
	unknown.opens(f"{url}/sign")
	cut = SigningPage(visit(), office.maija).opens(f"{url}/sign")
	cut.ends_with("Open the link in your invitation")
	cut.window.look("sign-link-cut")
	office.sender.call("signflow.api.requests.cancel_request", name=request, reason="The flat was sold")
	late = SigningPage(visit(), office.maija)
	late.opens()
	late.ends_with("The sender has withdrawn this request")
	late.window.look("sign-cancelled")


def test_ask_the_sender(office: Office, visit) -> None:
	office.sends(office.maija)
	signer = SigningPage(visit(**PHONE_OPTIONS), office.maija)
	signer.opens().reads()
	signer.button("Ask the sender").locator("visible=true").first.click()
	dialog = signer.page.get_by_role("dialog", name="Ask the sender")
	dialog.get_by_role("button", name="Send the question").click()
	expect(dialog.get_by_role("alert")).to_contain_text("Write your question first")
	dialog.get_by_label("Your question").fill("Does the rent include water?")
	signer.window.look("sign-ask")
	dialog.get_by_role("button", name="Send the question").click()
	expect(dialog).to_contain_text("Your question was sent")
	signer.window.look("sign-asked")
	dialog.get_by_role("button", name="Close").click()
	expect(dialog).to_be_hidden()
	signer.reads()


def test_confidential_documents_open_after_the_code(office: Office, visit) -> None:
	office.sends(office.maija, confidential=1)
	signer = SigningPage(visit(**PHONE_OPTIONS), office.maija)
	signer.opens()
	expect(signer.page.locator("#confidential")).to_be_visible()
	signer.window.look("sign-confidential")
	signer.identifies()
	signer.reads()


def test_a_user_of_desk_signs_in_the_same_browser(office: Office, visit, url: str) -> None:
	"""A cookie of Desk makes the framework ask for a CSRF token, which our page has not: it sends no cookies."""
	office.sends(office.maija)
	window = visit()
	answer = window.context.request.post(
		f"{url}/api/method/login", form={"usr": "Administrator", "pwd": "admin"}
	)
	assert answer.ok and any(cookie["name"] == "sid" for cookie in window.context.cookies())
	signer = SigningPage(window, office.maija)
	signer.opens().reads()
	signer.identifies()
	signer.accepts()
	signer.signs()
	signer.ends_with("Everybody has signed")
