"""A whole erasure: asked on the page, planned and decided by one officer, approved and run by another, answered with a
sealed certificate that /verify knows. Somebody with the same name is not touched."""

import re

import pytest
from office import Office, Person, until
from playwright.sync_api import Locator, Page, expect
from test_desk import logs_in, opens, shown
from test_verify_page import drops
from window import PHONE, Window

pytestmark = pytest.mark.timeout(300)
PASSWORD = "Tarkka-Virkailija-7"
SCRIPT = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"


def an_officer(office: Office, first: str) -> str:
	mail = f"{first.lower()}.{office.key}@testi.example"
	return office.makes(
		"User",
		email=mail,
		first_name=first,
		last_name="Virkailija",
		language="en",
		send_welcome_email=0,
		new_password=PASSWORD,
		roles=[{"role": "Data Protection Officer"}],
	)


def asks_for_erasure(visit, url: str, person: Person) -> None:
	window: Window = visit(PHONE)
	page = window.page
	page.goto(f"{url}/privacy/request?lang=en&right=Erasure", wait_until="load")
	page.get_by_label("Your name").fill(person.name)
	page.get_by_role("button", name="Continue").click()
	page.get_by_label("Mail address").fill(person.address)
	page.get_by_role("button", name="Continue").click()
	code = page.get_by_label("6-digit code")
	expect(code).to_be_focused()
	code.fill(person.code())
	page.get_by_role("button", name="Confirm").click()
	expect(page.get_by_role("heading", name="We have received your request")).to_be_focused()


def open_form(screen: Page, window: Window, doctype: str, name: str) -> Locator:
	opens(screen, window, doctype, name)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	return shown(screen)


def next_button(form: Locator, label: str) -> Locator:
	button = form.locator(".page-head .primary-action:visible")
	expect(button).to_contain_text(label)
	return button


def on_plan(screen: Page, other_than: str = "") -> str:
	screen.wait_for_function(
		"(other) => window.cur_frm?.doctype === 'Erasure Plan' && cur_frm.doc.name !== other", arg=other_than
	)
	return screen.evaluate("() => cur_frm.doc.name")


def test_from_the_page_to_the_certificate(office: Office, visit, url: str) -> None:
	maija = office.maija
	planner, approver = an_officer(office, "Saara"), an_officer(office, "Pekka")
	namesake = office.makes(
		"Contact",
		first_name="Maija",
		last_name="Meri",
		email_ids=[{"email_id": f"toinen.{office.key}@posti.example", "is_primary": 1}],
	)
	(contact,) = office.lists("Contact", email_id=maija.address)
	office.makes(
		"Comment",
		comment_type="Comment",
		reference_doctype="Customer",
		reference_name=office.customer,
		content=f"<p>Maija Meri {office.key} rang {SCRIPT}</p>",
	)
	office.makes("Note", title=f"Boat {office.key}", content=f"Ring {maija.address} about the boat")
	untouched = office.sender.read("Contact", namesake)

	asks_for_erasure(visit, url, maija)
	(name,) = office.lists("Data Subject Request", email=maija.address)
	until(lambda: office.sender.read("Data Subject Request", name)["persons"], "the records are proposed", 60)

	# The first officer confirms, plans and decides.
	desk: Window = visit()
	screen = logs_in(desk, planner, PASSWORD)
	form = open_form(screen, desk, "data-subject-request", name)
	next_button(form, "Confirm the Records")
	desk.keep("erasure-request-1280")
	next_button(form, "Confirm the Records").click()
	dialog = screen.locator(".modal-dialog:visible", has_text="Which records are the person?")
	expect(dialog.locator("input[type=checkbox]:checked")).to_have_count(1)
	dialog.locator(".modal-footer .btn-primary").click()
	next_button(form, "Plan the Erasure").click()
	plan = on_plan(screen)
	form = shown(screen)
	expect(form.locator(".erasure-overview")).to_contain_text("Contact person")
	expect(form.locator(".erasure-told")).to_contain_text("Contact person")
	desk.keep("erasure-plan-1280")
	next_button(form, "Decide").click()
	dialog = screen.locator(".modal-dialog:visible", has_text="not saved yet")
	card = dialog.locator("fieldset", has_text="rang").first
	expect(card).to_contain_text("Maija Meri")
	expect(card).to_contain_text("what tells who it was is taken out")
	desk.keep("erasure-decide-1280")
	# Nothing chosen is said, and with the keyboard alone everything can be.
	dialog.locator(".modal-footer .btn-primary").click()
	expect(dialog.locator("[role=alert]")).to_have_text("Decide at least one of them.")
	card.get_by_label("It is this person's").focus()
	screen.keyboard.press("Space")
	for section in dialog.locator("section").all():
		if section.locator("fieldset").count() > 1:
			section.get_by_role("group").get_by_role("button").nth(1).click()
		else:
			section.locator("input[value='Not Hers']").check()
	# What is kept needs a day and a reason.
	expect(dialog.get_by_text("What must be kept")).to_be_hidden()
	card.get_by_label("It must be kept").check()
	expect(dialog.get_by_text("What must be kept")).to_be_visible()
	dialog.get_by_text("What must be kept").scroll_into_view_if_needed()
	desk.keep("erasure-keep-1280")
	card.get_by_label("It is this person's").check()
	expect(dialog.get_by_text("What must be kept")).to_be_hidden()
	total = dialog.locator("fieldset").count()
	expect(dialog.locator(".erasure-count")).to_have_text(f"{total} of {total} chosen, not saved yet")
	assert not screen.evaluate("() => window.hacked")
	# What is not saved is said, and what was chosen is not lost.
	card.get_by_label("It must be kept").check()
	desk.expected += ["417", "Say why it must be kept"]
	dialog.locator(".modal-footer .btn-primary").click()
	message = screen.locator(".modal-dialog:visible", has_text="Say why it must be kept")
	expect(message).to_be_visible()
	# Bootstrap hides nothing that is still on its way in.
	screen.wait_for_function("() => !frappe.msg_dialog.$wrapper.data('bs.modal')._isTransitioning")
	screen.evaluate("() => frappe.msg_dialog.hide()")
	expect(message).to_have_count(0)
	expect(dialog.locator("[role=alert]")).to_contain_text("Nothing was saved.")
	screen.evaluate("() => cur_dialog?.hide()")
	expect(dialog).to_have_count(0)
	next_button(shown(screen), "Decide").click()
	dialog = screen.locator(".modal-dialog:visible", has_text=f"{total} of {total} chosen, not saved yet")
	card = dialog.locator("fieldset", has_text="rang").first
	card.get_by_label("It is this person's").check()
	# Somebody else plans anew meanwhile: what was decided is decided there.
	anew = office.sender.call("signflow.api.erasure.plan", request=name)
	dialog.locator(".modal-footer .btn-primary").click()
	decided = on_plan(screen, other_than=plan)
	assert decided != anew
	form = shown(screen)
	expect(form.get_by_text("another officer approves it").first).to_be_visible()
	expect(form.locator(".page-head .primary-action:visible")).to_have_count(0)

	# Another approves it and has it carried out, on a phone.
	desk2: Window = visit(PHONE)
	screen2 = logs_in(desk2, approver, PASSWORD)
	form = open_form(screen2, desk2, "erasure-plan", decided)
	expect(form.locator(".erasure-overview")).to_contain_text("Comment")
	next_button(form, "Approve")
	desk2.keep("erasure-plan-360")
	next_button(form, "Approve").click()
	screen2.locator(".modal-dialog:visible .btn-primary", has_text="Yes").click()
	next_button(form, "Carry Out").click()
	screen2.locator(".modal-dialog:visible .btn-primary", has_text="Yes").click()
	until(
		lambda: office.sender.read("Erasure Plan", decided)["status"] == "Done", "the worker has run it", 120
	)
	next_button(form, "Next").click()
	screen2.wait_for_function("() => window.cur_frm?.doctype === 'Data Subject Request'")
	form = shown(screen2)
	expect(form.locator(".data-request-steps")).to_contain_text("Running")
	# The run is over, which the status alone does not say.
	expect(form.get_by_text("Erased, to Be Completed").first).to_be_visible()
	expect(form.get_by_text("The erasure was carried out.").first).to_be_visible()
	desk2.keep("erasure-request-360")
	if "List Processors" in form.locator(".page-head .primary-action:visible").inner_text():
		# Other tests' activities have processors: each is told, or it is said why not.
		office.sender.call("signflow.api.recipients.list_up", request=name)
		for one in office.lists("Recipient Notice", request=name):
			office.sender.call("signflow.api.recipients.waive", notice=one, reason="They never had it")
		form = open_form(screen2, desk2, "data-subject-request", name)
	next_button(form, "Complete").click()
	dialog = screen2.locator(".modal-dialog:visible", has_text="What was done")
	button = dialog.locator(".modal-footer .btn-primary")
	expect(button).to_have_text("Complete")
	expect(dialog.locator("textarea")).to_have_value(re.compile("^We have erased "))
	expect(dialog).to_contain_text("The person reads English. The sealed certificate of erasure goes along.")
	dialog.locator("textarea").fill("")
	button.click()
	expect(dialog.get_by_role("alert")).to_contain_text("Still to be filled in: What was done")
	desk2.keep("erasure-complete-missing-360")
	dialog.locator("textarea").fill("Your data is erased.")
	desk2.keep("erasure-complete-360")
	dialog.locator(".modal-footer .btn-primary").click()
	until(lambda: office.sender.read("Data Subject Request", name)["status"] == "Done", "answered")

	# She gets the certificate, and anybody can check it.
	message = until(lambda: maija.mails("Your data request is done"), "the answer", 60)[0]
	(certificate,) = [part.get_content() for part in message.iter_attachments()]
	assert certificate.startswith(b"%PDF")
	window: Window = visit()
	window.page.goto(f"{url}/verify?lang=en", wait_until="load")
	drops(window, certificate, "certificate.pdf")
	expect(window.page.locator("#verdict")).to_have_text("Genuine and unchanged", timeout=60_000)
	window.look("verify-certificate")

	assert not office.lists("Contact", name=contact) and not office.lists("Contact", email_id=maija.address)
	assert not office.lists("Note", content=["like", f"%{maija.address}%"])
	assert office.sender.read("Contact", namesake) == untouched
