"""Desk: from the customer through the dialog to the request's timeline and back to the customer's connections."""

import re

import pytest
from filling import FormFilling, opens_form, person_of
from office import Office, until
from playwright.sync_api import Locator, Page, expect
from signing import SigningPage
from window import Window

pytestmark = pytest.mark.timeout(300)

# The stack has no socket server: Desk tries it all the same and says so.
OWN_NOISE = r"socket\.io|websocket|ERR_CONNECTION_REFUSED"


def logs_in(window: Window, user: str = "Administrator", password: str = "admin") -> Page:
	page = window.page
	window.expected.append(OWN_NOISE)
	answer = window.context.request.post(
		f"{window.url}/api/method/login", form={"usr": user, "pwd": password}
	)
	assert answer.ok
	return page


def opens(page: Page, window: Window, doctype: str, name: str = "") -> None:
	"""Desk lives under /app or /desk, whichever the framework sends to."""
	page.goto(f"{window.url}/app/{doctype}/{name}", wait_until="domcontentloaded")
	page.wait_for_function(
		"() => window.frappe?.boot && window.cur_page && !document.querySelector('.splash')"
	)


def shown(page: Page) -> Locator:
	return page.locator(".page-container:visible")


def customer_form(page: Page, window: Window, name: str) -> Locator:
	opens(page, window, "customer", name)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	form = shown(page)
	expect(form.locator("[data-label='Create'] button").first).to_be_visible()
	return form


def requests_a_signature(page: Page, form: Locator) -> Locator:
	form.locator("[data-label='Create'] button").first.click()
	page.locator(".dropdown-menu.show, .dropdown-menu:visible").get_by_text("Request Signature").first.click()
	dialog = page.locator(".modal-dialog:visible", has_text="Request Signature")
	expect(dialog).to_be_visible()
	return dialog


def test_from_the_customer_to_the_timeline_and_back(office: Office, visit) -> None:
	file = f"Rental contract {office.key}.pdf"
	office.attaches(file)
	window = visit()
	page = logs_in(window)
	form = customer_form(page, window, office.customer)
	window.keep("desk-customer")

	dialog = requests_a_signature(page, form)
	for person in office.people:
		expect(dialog.locator("[data-fieldname=signers]")).to_contain_text(person.address)
	expect(dialog.get_by_label(file)).to_be_checked()
	window.keep("desk-dialog")
	title = dialog.locator("[data-fieldname=title] input")
	expect(title).to_have_value(f"Rental contract {office.key}")
	title.fill(f"Rental contract of {office.key}")
	dialog.locator("[data-fieldname=language] select").select_option("en")
	dialog.get_by_role("button", name="Send for Signing").click()

	page.wait_for_function("() => window.cur_frm?.doctype === 'Signature Request'", timeout=90_000)
	request = page.evaluate("() => cur_frm.doc.name")
	form = shown(page)
	expect(form.locator(".signflow-signers")).to_contain_text(office.maija.name)
	expect(form.locator(".indicator-pill", has_text="Sent").first).to_be_visible()
	window.keep("desk-request-sent")

	signer = SigningPage(visit(), office.maija)
	signer.opens().reads()
	signer.identifies()
	signer.accepts()
	signer.signs()
	until(lambda: office.status(request) == "In Progress", "the first seal", 120)
	# The form watches the ceremony by itself.
	expect(form.locator(".signflow-signers")).to_contain_text("Signed", timeout=120_000)
	expect(form.locator(".indicator-pill", has_text="In Progress").first).to_be_visible()
	window.keep("desk-request-signed")

	form = customer_form(page, window, office.customer)
	badge = form.locator(".document-link[data-doctype='Signature Request']")
	# Counted when it comes into sight.
	form.locator(".form-tabs .nav-link", has_text="Connections").click()
	expect(badge.locator(".count")).to_have_text("1")
	window.keep("desk-connections")
	badge.locator(".badge-link").click()
	row = page.locator(".list-row:visible", has_text=f"Rental contract of {office.key}")
	expect(row.locator(".indicator-pill.orange", has_text="In Progress").first).to_be_visible()
	window.keep("desk-list")


def test_whoever_takes_over_from_a_leaver_signs_in_his_place(office: Office, visit) -> None:
	request = office.sends(office.maija)
	# What the timeline shows of a record makes nothing else of its form disappear.
	office.makes(
		"Comment",
		comment_type="Comment",
		reference_doctype="Customer",
		reference_name=office.customer,
		content="Calls on Mondays",
	)
	window = visit()
	page = logs_in(window)
	form = customer_form(page, window, office.customer)
	expect(form.locator(".timeline-message-box", has_text="Calls on Mondays")).to_be_visible()
	form.locator(".menu-btn-group button").first.click()
	page.locator(".dropdown-item:visible", has_text="Somebody Leaves").click()
	dialog = page.locator(".modal-dialog:visible", has_text="Who Takes Over")
	_chooses(dialog, "contact", office.maija.name)
	expect(dialog).to_contain_text(
		f"Out for signature, you can send it to the substitute afterwards: {request}"
	)
	_chooses(dialog, "by", office.matti.name)
	window.keep("desk-somebody-leaves")
	dialog.get_by_role("button", name="Let It Move").click()
	told = page.locator(
		".modal-dialog:visible", has=page.get_by_role("button", name="Have the Substitute Sign")
	)
	told.get_by_role("button", name="Have the Substitute Sign").click()
	expect(page.locator(".modal-dialog:visible").last).to_contain_text("The substitute signs it.")
	window.keep("desk-substitute-signs")

	opens(page, window, "signature-request", request)
	signers = shown(page).locator(".signflow-signers")
	expect(signers).to_contain_text(office.matti.name)
	window.keep("desk-signer-replaced")
	signer = SigningPage(visit(), office.matti)
	signer.opens().reads()
	signer.identifies()
	signer.accepts()
	signer.signs()
	until(lambda: office.status(request) == "Completed", "the substitute's signature", 120)


def _chooses(dialog: Locator, fieldname: str, name: str) -> None:
	field = dialog.locator(f"input[data-fieldname={fieldname}]")
	field.fill(name.split()[0])
	dialog.locator(f"[data-fieldname={fieldname}] [role=option]", has_text=name).first.click()
	# The form looks the choice up before it is the field's value.
	chosen = "([field, name]) => (cur_dialog.get_value(field) || '').startsWith(`${name}-`)"
	dialog.page.wait_for_function(chosen, arg=[fieldname, name])


def test_workspace_counts_what_waits(office: Office, visit) -> None:
	office.sends(office.maija)
	window = visit()
	page = logs_in(window)
	opens(page, window, "signflow")
	space = shown(page)
	expect(
		space.locator(".number-widget-box", has_text="Waiting for Signatures").locator(".number")
	).to_have_text(re.compile(r"[1-9]\d*"))
	expect(space.locator(".shortcut-widget-box", has_text="Waiting")).to_be_visible()
	for link in ("Signature Request", "Sealing Key", "Signflow Settings"):
		expect(space.locator(".link-item", has_text=link).first).to_be_visible()
	window.keep("desk-workspace")


def test_a_mapping_is_suggested_and_a_submission_settled_again(office: Office, visit) -> None:
	# Of nobody's mailbox: the office's own customer is known by its contacts' domain.
	known = office.sender.read("Customer", office.customer)
	customer = office.makes(
		"Customer",
		customer_name=f"Toinen {office.key} Oy",
		customer_type="Company",
		customer_group=known["customer_group"],
		territory=known["territory"],
		tax_id="2077474-0",
	)
	rows = (("Customer", "customer_name", "company_name"), ("Customer", "tax_id", "city"))
	name, route = opens_form(
		office,
		creates="Customer",
		mapping=[{"target": target, "target_field": field, "value": value} for target, field, value in rows],
	)
	window = visit()
	page = logs_in(window)
	opens(page, window, "signable-form", name)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	suggest = shown(page).get_by_role("button", name="Suggest", exact=True)
	suggest.scroll_into_view_if_needed()
	suggest.click()
	expect(page.locator(".alert-message", has_text="rows were added").first).to_be_visible()
	found = page.evaluate("() => cur_frm.doc.mapping.map((row) => `${row.target}.${row.target_field}`)")
	assert found[:2] == ["Customer.customer_name", "Customer.tax_id"] and "Contact.first_name" in found
	assert len(set(found)) == len(found) > 2
	window.keep("desk-mapping-suggested")
	page.evaluate("() => cur_frm.save()")
	expect(shown(page).locator(".indicator-pill", has_text="Not Saved")).to_have_count(0)
	suggest.click()
	expect(page.locator(".alert-message", has_text="nothing to add").first).to_be_visible()

	person = person_of(office)
	stranger = visit()
	stranger.page.goto(f"{office.url}/{route}/new", wait_until="load")
	form = FormFilling(stranger.page, person)
	form.is_ready()
	form.fills_first_page()
	form.goes_to_next_page()
	form.fills_second_page("Somebody Oy")
	form.field("city").fill("2077474-0")
	form.goes_to_sign()
	signer = SigningPage(stranger, person)
	signer.reads("Somebody Oy")
	signer.identifies()
	signer.accepts()
	signer.signs()
	[submission] = until(
		lambda: office.lists("Form Submission", form=name, status="Completed"), "it is made", 120
	)

	opens(page, window, "form-submission", submission)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=submission)
	listed = page.evaluate("() => [cur_frm.doc.customer || null, cur_frm.doc.duplicates]")
	assert listed[0] is None and customer in listed[1]
	again = shown(page).get_by_role("button", name="Settle Again", exact=True)
	window.keep("desk-submission-to-settle")
	again.click()
	expect(page.locator(".alert-message", has_text="Still no Customer").first).to_be_visible()
	contact = page.evaluate("() => cur_frm.doc.contact")
	office.changes("Contact", contact, links=[{"link_doctype": "Customer", "link_name": customer}])
	again.click()
	expect(page.locator(".alert-message", has_text=f"Settled: {customer}").first).to_be_visible()
	expect(again).to_have_count(0)
	window.keep("desk-submission-settled")
