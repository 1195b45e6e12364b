"""A data request from the public page to its answer: asked on a phone, decided in Desk, seen again on the page."""

import pytest
from office import Office, until
from playwright.sync_api import expect
from test_desk import logs_in, opens, shown
from window import PHONE, Window

pytestmark = pytest.mark.timeout(300)

API = "signflow.api.subject_requests"


def test_asked_on_a_phone_decided_in_desk_and_seen_again(office: Office, visit, url: str) -> None:
	maija = office.maija
	window: Window = visit(PHONE)
	page = window.page
	page.goto(f"{url}/privacy/request?lang=en", wait_until="load")
	expect(page.get_by_role("heading", name="Your personal data")).to_be_visible()
	window.look("request-wish")
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#rights-problem")).to_contain_text("Choose what you want")
	page.get_by_role("radio", name="Object to the use of my data").check()
	expect(page.get_by_role("group", name="What do you object to?")).to_be_visible()
	page.get_by_role("radio", name="See my data").check()
	page.get_by_label("Tell us more").fill("I rented a boat from you in 2024.")
	page.get_by_label("I ask for somebody else").check()
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#person-name-problem")).to_contain_text("Write your name")
	page.get_by_label("Your name").fill("Maija Meri")
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#represents-problem")).to_contain_text("Say for whom you ask")
	window.look("request-wish-filled")
	page.get_by_label("I ask for somebody else").uncheck()
	page.get_by_role("button", name="Continue").click()
	expect(page.get_by_role("heading", name="Where do we answer?")).to_be_focused()
	page.get_by_label("Mail address").fill(maija.address)
	window.look("request-mail")
	page.get_by_role("button", name="Continue").click()
	code = page.get_by_label("6-digit code")
	expect(code).to_be_focused()
	window.look("request-code")
	code.fill(maija.code())
	page.get_by_role("button", name="Confirm").click()
	expect(page.get_by_role("heading", name="We have received your request")).to_be_focused()
	card = page.locator("[data-request]").first
	expect(card).to_contain_text("We work on it")
	window.look("request-received")
	until(lambda: maija.mails("We have received your data request"), "the receipt", 60)

	(name,) = office.lists("Data Subject Request", email=maija.address)
	desk: Window = visit()
	screen = logs_in(desk)
	opens(screen, desk, "data-subject-request")
	row = shown(screen).locator(".list-row", has_text=name).first
	expect(row).to_contain_text("Days Left")
	desk.keep("desk-requests-1280")
	until(lambda: office.sender.read("Data Subject Request", name)["persons"], "the records are proposed", 60)
	opens(screen, desk, "data-subject-request", name)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	form = shown(screen)
	expect(form.locator(".data-request-steps")).to_contain_text("Proven")
	desk.keep("desk-request-1280")
	form.locator("[data-label='Person'] button").first.click()
	screen.locator(".dropdown-menu.show, .dropdown-menu:visible").get_by_text(
		"Confirm the Records"
	).first.click()
	dialog = screen.locator(".modal-dialog:visible", has_text="Which records are the person?")
	expect(dialog).to_contain_text("Certain")
	desk.keep("desk-request-confirm-1280")
	dialog.locator(".modal-footer .btn-primary").click()
	expect(form.locator(".data-request-steps")).to_contain_text("Confirmed")
	office.sender.call(f"{API}.ask", name=name, question="Which harbour was it?")

	page.reload(wait_until="load")
	expect(card).to_contain_text("Which harbour was it?")
	page.get_by_label("Your answer").fill("Hanko.")
	window.look("request-question")
	page.get_by_role("button", name="Send the answer").click()
	expect(card).to_contain_text("We go on with your request")
	office.sender.call(f"{API}.complete", name=name, outcome="Your copy is on its way to you.")
	page.reload(wait_until="load")
	expect(card).to_contain_text("Your copy is on its way to you.")
	window.look("request-done")
	opens(screen, desk, "data-protection")
	expect(shown(screen).get_by_text("Data Requests Late").first).to_be_visible()
	desk.keep("desk-data-protection-1280")


def test_a_request_by_letter_is_taken_in_and_a_restriction_is_seen_on_the_contact(
	office: Office, visit, url: str
) -> None:
	desk: Window = visit()
	screen = logs_in(desk)
	(contact,) = office.lists("Contact", email_id=office.matti.address)
	opens(screen, desk, "contact", contact)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=contact)
	form = shown(screen)
	form.locator("[data-label='Personal%20Data'] button, [data-label='Personal Data'] button").first.click()
	screen.locator(".dropdown-menu.show, .dropdown-menu:visible").get_by_text(
		"Data Request", exact=True
	).first.click()
	dialog = screen.locator(".modal-dialog:visible", has_text="New Data Request")
	dialog.locator("[data-fieldname='request_type'] select").select_option("Restriction")
	dialog.locator("[data-fieldname='proof_method'] select").select_option("Known to Staff")
	dialog.locator("[data-fieldname='proof_note'] textarea").fill("Called from the number that we know")
	desk.keep("desk-new-request-1280")
	dialog.locator(".modal-footer .btn-primary").click()
	screen.wait_for_function("() => window.cur_frm?.doctype === 'Data Subject Request'")
	name = screen.evaluate("() => cur_frm.doc.name")
	rows = until(lambda: office.sender.read("Data Subject Request", name)["persons"], "proposed", 60)
	chosen = [row["name"] for row in rows if row["strength"] == "Certain"]
	office.sender.call(f"{API}.confirm", name=name, rows=chosen)
	office.sender.call(f"{API}.carry_out", name=name)
	opens(screen, desk, "contact", contact)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=contact)
	expect(shown(screen).get_by_text("Processing is restricted").first).to_be_visible()
	desk.keep("desk-restricted-1280")
	window: Window = visit(PHONE)
	window.page.goto(f"{url}/privacy/request?lang=fi&right=Erasure", wait_until="load")
	expect(window.page.locator("input[value=Erasure]")).to_be_checked()
	window.keep("request-fi-360")
