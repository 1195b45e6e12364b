"""Desk: from a customer to one of its people, and everything that the site holds on her."""

import re

import pytest
from office import Office
from playwright.sync_api import expect
from test_desk import customer_form, logs_in, shown
from window import DESKTOP, PHONE, Window

pytestmark = pytest.mark.timeout(300)

SHARED = "info@yritys.example"


def plants(office: Office) -> None:
	"""What else the site holds on Maija, a namesake, and a mailbox that two persons share."""
	mail = office.maija.address
	office.makes(
		"Lead", lead_name="Maija Meri", first_name="Maija", last_name="Meri", email_id=mail, status="Lead"
	)
	office.makes("Issue", subject="The door does not close", raised_by=mail)
	office.makes("Issue", subject="Who sends the invoices?", raised_by=f"{office.key}.{SHARED}")
	office.makes(
		"Communication", subject="Hello", sender=mail, recipients="office@house.example", content="Hello!"
	)
	office.makes("Contact", first_name="Maija", last_name="Meri")
	words = f"Ring {mail} about the door."
	office.makes("File", file_name=f"note-{office.key}.txt", is_private=1, content=words)
	for first in ("Maija", "Matti"):
		name = office.lists(
			"Contact",
			first_name=first,
			company_name="",
			email_id=f"{first.lower()}.{office.key}@posti.example",
		)
		addresses = [f"{first.lower()}.{office.key}@posti.example", f"{office.key}.{SHARED}"]
		rows = [{"email_id": one, "is_primary": not place} for place, one in enumerate(addresses)]
		office.changes("Contact", name[0], email_ids=rows)


def opens_rows(window: Window, part: str, label: str) -> None:
	heading = window.page.get_by_role("heading", name=re.compile(f"^{re.escape(part)}"))
	section = shown(window.page).locator(".signflow-lookup-part", has=heading)
	line = section.locator(".signflow-lookup-line", has_text=label)
	line.click()
	expect(line).to_have_attribute("aria-expanded", "true")


def looks(window: Window, name: str) -> None:
	"""Pictures at both widths, and axe on our own part; the framework's bar, which covers half a phone, is put away."""
	page = window.page
	window.keep(f"{name}-1280")
	page.set_viewport_size(PHONE)
	page.mouse.click(PHONE["width"] - 8, PHONE["height"] - 8)
	expect(page.locator(".overlay-sidebar.opened, .sidebar-overlay:visible")).to_have_count(0)
	window.keep(f"{name}-360")
	assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
	page.evaluate(f"() => {{ {window.axe}\n; }}")
	wrong = page.evaluate(
		"() => axe.run('.signflow-lookup', {resultTypes: ['violations']}).then((result) => "
		"result.violations.map((one) => one.id + ' ' + one.nodes.map((node) => node.target)))"
	)
	assert not wrong
	page.set_viewport_size(DESKTOP)


def test_from_a_customer_to_everything_on_one_of_its_people(office: Office, visit) -> None:
	plants(office)
	window = visit()
	page = logs_in(window)
	form = customer_form(page, window, office.customer)
	form.locator("[data-label='Personal%20Data'] button").first.click()
	page.locator(".dropdown-menu.show, .dropdown-menu:visible").get_by_text("Person Look-up").first.click()

	page.wait_for_url("**/person-lookup")
	body = shown(page).locator(".signflow-lookup")
	purpose = body.locator("[data-fieldname=purpose] input")
	expect(body.locator("[data-fieldname=record_name] input")).to_have_value(office.customer)
	purpose.fill("She asks what we hold")
	body.get_by_label("Search Inside Files Too").check()
	shown(page).get_by_role("button", name="Look Up").click()
	expect(body).to_contain_text("A company is no person")
	looks(window, "lookup-choices")

	body.locator(".signflow-lookup-choices button", has_text=office.maija.address).click()
	expect(body.locator(".signflow-lookup-person")).to_contain_text("Maija Meri")
	opens_rows(window, "This Person's", "Issue")
	expect(body).to_contain_text("The door does not close")
	expect(body.locator(".signflow-lookup-part", has_text="Same Name")).to_contain_text("Contact")
	opens_rows(window, "Perhaps This Person's", "Issue")
	expect(body).to_contain_text("Who sends the invoices?")
	files = body.locator(".signflow-lookup-files")
	expect(files).to_contain_text("Files searched", timeout=90_000)
	files.locator(".signflow-lookup-line", has_text="This Person's").click()
	expect(files).to_contain_text(f"note-{office.key}")
	assert office.maija.address not in page.url
	looks(window, "lookup-found")
