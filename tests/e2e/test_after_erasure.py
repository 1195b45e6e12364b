"""An erasure by two officers, and what Desk says afterwards: of backups, of what is kept, of a complaint."""

from datetime import date

import pytest
import requests
from office import Office, until
from playwright.sync_api import expect
from test_desk import logs_in, opens, shown
from window import PHONE, Window

pytestmark = pytest.mark.timeout(300)

API = "signflow.api.subject_requests"


def a_second_officer(office: Office) -> requests.Session:
	"""A program of a second officer's, who approves: no page of Desk is opened for that."""
	mail = f"officer.{office.key}@testi.example"
	roles = [{"role": "Data Protection Officer"}]
	office.makes("User", email=mail, first_name="Tuija", send_welcome_email=0, roles=roles)
	secret = office.sender.call("frappe.core.doctype.user.user.generate_keys", user=mail)["api_secret"]
	browser = requests.Session()
	browser.headers["Authorization"] = f"token {office.sender.read('User', mail)['api_key']}:{secret}"
	return browser


def test_what_is_left_after_an_erasure(office: Office, visit, url: str) -> None:
	matti, company = office.matti, office.lists("Company")[0]
	settings = office.sender.read("Signflow Settings", "Signflow Settings")
	settings["backup_places"] = [
		{"place": "Snapshots at the host", "kind": "Server Snapshot", "keeping_days": 30}
	]
	office.sender.call("frappe.client.save", doc=settings)
	(contact,) = office.lists("Contact", email_id=matti.address)
	office.makes(
		"Legal Hold",
		title="A claim",
		reason="A claim for damages",
		document_type="Contact",
		document_name=contact,
		from_date=date.today().isoformat(),
	)
	name = office.sender.call(
		f"{API}.record",
		company=company,
		request_type="Erasure",
		person_name="Matti Mäki",
		email=matti.address,
		received_on=date.today().isoformat(),
		language="en",
		proof_method="Known to Staff",
		proof_note="Called from the number that we know",
	)
	rows = until(lambda: office.sender.read("Data Subject Request", name)["persons"], "proposed", 60)
	chosen = [row["name"] for row in rows if row["strength"] == "Certain"]
	office.sender.call(f"{API}.confirm", name=name, rows=chosen)
	plan = office.sender.call("signflow.api.erasure.plan", request=name)
	asked = office.sender.call("signflow.api.erasure.to_decide", plan=plan)["kinds"]
	if decisions := {record["line"]: "Not Hers" for kind in asked for record in kind["records"]}:
		plan = office.sender.call("signflow.api.erasure.decide", plan=plan, decisions=decisions)
	officer = a_second_officer(office)
	for verb in ("approve", "run"):
		answer = officer.post(
			f"{url}/api/method/signflow.api.erasure.{verb}", json={"plan": plan}, timeout=60
		)
		assert answer.status_code == 200, answer.text[:500]
	until(lambda: office.sender.read("Erasure Plan", plan)["status"] == "Done", "it is erased", 120)

	desk: Window = visit()
	screen = logs_in(desk)
	opens(screen, desk, "data-subject-request", name)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	listed = shown(screen).locator(".erasure-backups")
	expect(listed).to_contain_text("Snapshots at the host")
	desk.keep("desk-backups-1280")
	listed.locator("li", has_text="Snapshots at the host").get_by_role("button", name="Is Gone").click()
	screen.locator(".modal-dialog:visible textarea").fill("The host has confirmed it")
	screen.locator(".modal-dialog:visible .btn-primary").click()
	expect(listed.locator("li", has_text="Snapshots at the host")).to_contain_text("Gone")
	desk.keep("desk-backups-gone-1280")

	opens(screen, desk, "erasure-plan", plan)
	expect(shown(screen).locator(".erasure-backups")).to_contain_text("The host has confirmed it")
	desk.keep("desk-plan-backups-1280")

	opens(screen, desk, "contact", contact)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=contact)
	banner = shown(screen).locator(".signflow-kept")
	expect(banner).to_contain_text("Kept as long as its ground lasts (Legal hold)")
	expect(banner.get_by_role("link", name="Erasure Plan")).to_be_visible()
	desk.keep("desk-kept-1280")
	phone: Window = visit(PHONE)
	small = logs_in(phone)
	for picture, kind, one in (("kept", "contact", contact), ("backups", "data-subject-request", name)):
		opens(small, phone, kind, one)
		small.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=one)
		expect(shown(small).locator(".signflow-kept, .erasure-backups").first).to_be_visible()
		phone.keep(f"desk-{picture}-360")

	office.sender.call(f"{API}.complete", name=name, outcome="Your data is erased.")
	office.sender.call(f"{API}.complaint", name=name, is_pending=1, words="To the Ombudsman")
	opens(screen, desk, "data-subject-request", name)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	expect(shown(screen).get_by_text("A complaint is pending").first).to_be_visible()
	desk.keep("desk-complaint-1280")
	opens(screen, desk, "signflow-settings")
	expect(shown(screen).get_by_text("After an Erasure").first).to_be_visible()
	shown(screen).get_by_text("After an Erasure").first.scroll_into_view_if_needed()
	desk.keep("desk-after-settings-1280")
