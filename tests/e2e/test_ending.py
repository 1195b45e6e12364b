"""Agreements end: a customer on /terminate, a consumer on /withdraw, and what Desk shows of both."""

import re
from datetime import date, timedelta

import pytest
from office import Office, Person, until
from playwright.sync_api import expect
from signing import SigningPage
from test_desk import logs_in, opens, shown
from window import PHONE

pytestmark = pytest.mark.timeout(300)


def agreements(office: Office) -> tuple[str, str]:
	"""A subscription and a signed contract of the office's customer."""
	today = date.today()
	plan = f"Broadband {office.key}"
	item = office.makes(
		"Item",
		item_code=f"Service {office.key}",
		item_group=office.lists("Item Group", is_group=0)[0],
		stock_uom=office.lists("UOM")[0],
		is_stock_item=0,
	)
	office.makes(
		"Subscription Plan",
		plan_name=plan,
		currency="EUR",
		item=item,
		price_determination="Fixed Rate",
		cost=29.9,
		billing_interval="Month",
		billing_interval_count=1,
	)
	subscription = office.makes(
		"Subscription",
		party_type="Customer",
		party=office.customer,
		company=office.lists("Company")[0],
		start_date=str(today - timedelta(days=100)),
		current_invoice_start=str(today - timedelta(days=10)),
		current_invoice_end=str(today + timedelta(days=19)),
		generate_invoice_at="End of the current subscription period",
		status="Active",
		plans=[{"plan": plan, "qty": 1}],
	)
	contract = office.makes(
		"Contract",
		party_type="Customer",
		party_name=office.customer,
		is_signed=1,
		start_date=str(today - timedelta(days=100)),
		contract_terms="Rental of a router.",
	)
	return subscription, contract


def mails(person: Person, subject: str) -> list[str]:
	return [
		mail.get_body(("html", "plain")).get_content()
		for mail in person.mails()
		if subject in str(mail["Subject"])
	]


@pytest.fixture
def open_office(office: Office) -> Office:
	"""An office whose customers may terminate by themselves."""
	office.changes(
		"Signflow Settings", "Signflow Settings", terminations_open=1, termination_responsible="Administrator"
	)
	return office


def test_a_closed_page_says_so_at_once(office: Office, visit, url: str) -> None:
	company = office.lists("Company")[0]
	office.changes("Company", company, email="us@house.example", phone_no="+358 9 1234")
	office.changes("Signflow Settings", "Signflow Settings", terminations_open=0)
	window = visit(PHONE)
	page = window.page

	def closed() -> bool:
		page.goto(f"{url}/terminate", wait_until="load")
		return page.locator("#closed-step").is_visible()

	until(closed, "the page is closed", 30)
	expect(page.get_by_text("Agreements cannot be terminated on this page")).to_be_visible()
	expect(page.get_by_role("link", name="us@house.example")).to_be_visible()
	expect(page.get_by_role("link", name="+358 9 1234")).to_have_attribute("href", "tel:+35891234")
	expect(page.get_by_label("Mail address")).to_have_count(0)
	window.look("terminate-closed")


def test_a_customer_terminates_on_a_phone(open_office: Office, visit, url: str) -> None:
	office, maija = open_office, open_office.maija
	subscription, contract = agreements(office)
	window = visit(PHONE)
	page = window.page

	def is_open() -> bool:
		page.goto(f"{url}/terminate", wait_until="load")
		return page.get_by_label("Mail address").is_visible()

	until(is_open, "the page is open", 30)
	expect(page.get_by_role("heading", name="Terminate an agreement")).to_be_visible()
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#mail-problem")).to_contain_text("Write your mail address")
	window.look("terminate-mail")
	page.get_by_label("Mail address").fill(maija.address)
	page.get_by_role("button", name="Continue").click()
	code = page.get_by_label("6-digit code")
	expect(code).to_be_focused()
	window.look("terminate-code")
	window.expected.append("403")
	code.fill("000000")
	page.get_by_role("button", name="Confirm", exact=True).click()
	expect(page.locator("#code-problem")).to_contain_text("4 tries left")
	code.fill(maija.code())
	page.get_by_role("button", name="Confirm", exact=True).click()
	expect(page.get_by_role("heading", name="What do you want to terminate?")).to_be_visible()
	page.locator("#choose-next").click()
	expect(page.locator("#choose-problem")).to_contain_text("Choose at least one")
	page.get_by_label(re.compile(f"Broadband {office.key}")).check()
	page.get_by_label(re.compile(contract)).check()
	page.get_by_label("Why? (You need not say)").fill("Moving away.")
	window.look("terminate-choose")
	page.locator("#choose-next").click()

	signer = SigningPage(window, maija)
	signer.reads("I terminate the agreements named below")
	window.look("terminate-read")
	signer.goes_on()
	expect(page.locator("#sign-title")).to_be_visible()
	signer.accepts()
	signer.signs()
	signer.ends_with("Everybody has signed")
	confirmation = until(lambda: mails(maija, "Confirmation: your notice"), "the confirmation", 60)[0]
	assert subscription in confirmation and contract in confirmation
	assert len(maija.codes()) == 1, "one code for the whole way"

	page.goto(f"{url}/terminate?lang=fi", wait_until="load")
	window.look("terminate-mail-fi")

	desk = visit()
	page = logs_in(desk)
	termination = office.lists("Contract Termination", customer=office.customer)[0]
	assert office.sender.read("Contract Termination", termination)["status"] == "Notice Given"
	opens(page, desk, "contract-termination", termination)
	expect(shown(page).get_by_text("Notice Given").first).to_be_visible()
	desk.keep("desk-termination-1280")
	opens(page, desk, "contract", contract)
	form = shown(page)
	expect(form.get_by_text("Notice was given. It ends with")).to_be_visible()
	desk.keep("desk-contract-1280")


def test_staff_records_a_letter(open_office: Office, visit) -> None:
	office = open_office
	agreements(office)
	window = visit()
	page = logs_in(window)
	opens(page, window, "customer", office.customer)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=office.customer)
	form = shown(page)
	form.locator("[data-label='Termination'] button").first.click()
	page.locator(".dropdown-menu.show, .dropdown-menu:visible").get_by_text(
		"Record Termination"
	).first.click()
	dialog = page.locator(".modal-dialog:visible", has_text="Record Termination")
	expect(dialog).to_be_visible()
	dialog.get_by_label(re.compile(f"Broadband {office.key}")).check()
	window.keep("desk-record-termination-1280")
	dialog.locator(".modal-footer .btn-primary").click()
	page.wait_for_function("() => window.cur_frm?.doctype === 'Contract Termination'")
	found = until(lambda: office.lists("Contract Termination", customer=office.customer), "it is recorded")
	until(
		lambda: office.sender.read("Contract Termination", found[0]).get("confirmed_on"),
		"it is confirmed",
		60,
	)


def test_a_consumer_withdraws(office: Office, visit, url: str) -> None:
	maija = office.maija
	window = visit(PHONE)
	page = window.page
	page.goto(f"{url}/withdraw?ref=SIGN-2026-00001", wait_until="load")
	expect(page.get_by_role("heading", name="Withdraw from contract here")).to_be_visible()
	expect(page.get_by_label("Which contract?")).to_have_value("SIGN-2026-00001")
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#person-name-problem")).to_contain_text("Write your name")
	window.look("withdraw-state")
	page.get_by_label("Your name").fill("Maija Meri")
	page.get_by_label("Mail address for the receipt").fill(maija.address)
	page.get_by_label("Anything to add? (You need not)").fill("The router does not work.\nI send it back.")
	page.get_by_role("button", name="Continue").click()
	expect(page.get_by_role("heading", name="This is what you state")).to_be_visible()
	window.look("withdraw-confirm")
	page.get_by_role("button", name="Change").click()
	page.get_by_label("Your name").fill("Maija Mari Meri")
	page.get_by_role("button", name="Continue").click()
	page.get_by_role("button", name="Confirm withdrawal").click()
	expect(page.get_by_role("heading", name="Your withdrawal has been received")).to_be_visible()
	expect(page.locator("#statement")).to_contain_text("Maija Mari Meri")
	window.look("withdraw-receipt")
	reference = office.lists("Contract Withdrawal", email=maija.address)
	assert len(reference) == 1
	until(lambda: mails(maija, f"Receipt: your withdrawal {reference[0]}"), "the receipt", 60)
	for lang in ("fi", "sv"):
		page.goto(f"{url}/withdraw?lang={lang}", wait_until="load")
		window.look(f"withdraw-state-{lang}")

	desk = visit()
	page = logs_in(desk)
	opens(page, desk, "contract-withdrawal", reference[0])
	expect(shown(page).get_by_text("No contract was found by the reference")).to_be_visible()
	desk.keep("desk-withdrawal-1280")
