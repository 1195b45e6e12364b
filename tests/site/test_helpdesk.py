"""Signflow in a ticket of Helpdesk: what its page offers, what a ticket is told, and what stays as it was."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import frappe
import pytest
import requests
from asking import REQUEST, an_officer, as_officer
from consenting import a_text
from desk_of_agents import API, Ticket, a_ticket, an_agent, an_hd_customer
from forms import FormPage, a_signable_form, a_web_form
from frappe.custom.doctype.property_setter.property_setter import make_property_setter
from house import TIMEOUT, Browser, House, Signer, a_pdf, as_program, for_writing, row_of, text_of
from stage import eventually

from signflow.integrations.helpdesk import customers, form_scripts, ticket_actions, ticket_state, unanswered
from signflow.services import feedback, sending
from signflow.services import requests as services
from signflow.services.privacy import checks
from signflow.services.subject_requests import decisions, intake, records
from signflow.services.subject_requests.proofs import BY_CODE

pytestmark = [pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def helpdesk(site: str) -> None:
	if "helpdesk" not in frappe.get_installed_apps():
		pytest.skip("Helpdesk is not installed on this site")


# The script.


@pytest.fixture
def script() -> Any:
	for_writing()
	ticket_actions.take_away()
	ticket_actions.offer()
	frappe.db.commit()
	yield frappe.get_doc("HD Form Script", ticket_actions.SCRIPT)
	for_writing()
	ticket_actions.take_away()
	ticket_actions.offer()
	frappe.db.commit()


def test_the_script_is_made_once_for_agents_and_taken_away(house: House, script: Any) -> None:
	assert (script.dt, script.apply_to, script.enabled) == ("HD Ticket", "Form", 1)
	assert not script.apply_to_customer_portal and not script.apply_on_new_page and not script.is_standard
	assert script.script.rstrip().endswith("}") and "setupForm" in script.script
	for_writing()
	before = frappe.db.get_value("HD Form Script", script.name, "modified")
	ticket_actions.offer()
	assert frappe.db.get_value("HD Form Script", script.name, "modified") == before
	ticket_actions.take_away()
	assert not frappe.db.exists("HD Form Script", ticket_actions.SCRIPT)
	frappe.db.rollback()


def test_an_older_script_is_brought_up_to_date_and_an_edited_one_is_left_alone(
	house: House, script: Any
) -> None:
	ours = script.script
	for_writing()
	script.script = form_scripts.marked("function setupForm() { return { actions: [] }; }\n")
	script.enabled = 0
	script.save()
	ticket_actions.offer()
	script.reload()
	assert script.script.strip() == ours.strip() and not script.enabled
	script.script = ours.replace("once(() => begin(action))", "once(() => toast.success('mine'))")
	script.save()
	edited = script.script
	ticket_actions.offer()
	script.reload()
	assert script.script == edited != ours
	frappe.db.commit()


# Request signature.


def test_a_draft_is_made_from_a_ticket(house: House) -> None:
	frappe.db.set_value("Customer", house.customer, "customer_name", f"Asiakas {house.key} Oy")
	hd = an_hd_customer(f"Asiakas {house.key} Oy")
	ticket = a_ticket(
		house,
		customer=hd,
		files=[house.uploads(name="sopimus.pdf"), house.uploads(a_pdf("Annex"), "liite.pdf")],
	)
	before = ticket.row()
	shown = ticket.answer("offered")
	assert {"signature", "question"} <= {row["action"] for row in shown}
	asked = ticket.asks("signature")
	fields = {field["name"]: field for field in asked["fields"]}
	assert asked["submit"] and "customer" not in fields and f"Customer: {house.customer}" in asked["notes"]
	assert [one["value"] for one in fields["signers"]["options"]] == [house.maija.mail]
	documents = {one["label"]: one["value"] for one in fields["documents"]["options"]}
	assert len(documents) == 2
	chosen = next(url for label, url in documents.items() if "liite" in label)
	done = ticket.does(
		"signature", signers=[house.maija.mail], documents=[chosen, "/private/files/strange.pdf"]
	)
	name = done["address"].rpartition("/")[2]
	request = frappe.get_doc("Signature Request", name)
	assert (request.status, request.customer) == ("Draft", house.customer)
	assert (request.reference_doctype, request.reference_name) == ("HD Ticket", ticket.name)
	assert [row.file for row in request.documents] == [chosen]
	assert row_of(name, house.maija).email == house.maija.mail
	assert request.owner == an_agent()
	# The agent who made it can send it: its file is his to use.
	agent = as_program(house.web, an_agent())
	sent = agent.post(
		f"{house.web}/api/method/signflow.api.requests.send_request", json={"name": name}, timeout=TIMEOUT
	)
	assert sent.status_code == 200, sent.text[:1000]
	assert ticket.row() == before


def test_a_mails_attachment_can_be_signed_by_an_agent_who_may_not_open_mails(house: House) -> None:
	ticket = a_ticket(house)
	for_writing()
	mail = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"sender": house.maija.mail,
			"subject": "Contract",
			"content": "Please sign",
			"reference_doctype": "HD Ticket",
			"reference_name": ticket.name,
		}
	).insert(ignore_permissions=True)
	address = house.uploads(a_pdf("From a mail"), "mailed.pdf")
	frappe.db.set_value(
		"File",
		frappe.db.get_value("File", {"file_url": address}),
		{"attached_to_doctype": "Communication", "attached_to_name": mail.name},
	)
	frappe.db.commit()
	done = ticket.does("signature", signers=[house.maija.mail], documents=[address])
	answer = as_program(house.web, an_agent()).post(
		f"{house.web}/api/method/signflow.api.requests.send_request",
		json={"name": done["address"].rpartition("/")[2]},
		timeout=TIMEOUT,
	)
	assert answer.status_code == 200, answer.text[:1000]


@pytest.mark.parametrize("verb", ["begin", "perform"])
def test_who_may_not_make_requests_is_offered_nothing(house: House, verb: str) -> None:
	ticket = a_ticket(house)
	for user, status in (
		(an_agent("plain-agent", ["Agent"]), 403),
		(house.users["owner"], 403),  # makes requests, but sees no tickets
		(None, 403),
	):
		session = as_program(house.web, user)
		answer = session.post(
			f"{house.web}/api/method/{API}.{verb}",
			json={"ticket": ticket.name, "action": "signature", "values": {}},
			timeout=TIMEOUT,
		)
		assert answer.status_code == status, (user, answer.text[:300])
	plain = as_program(house.web, an_agent("plain-agent", ["Agent"]))
	offered = plain.post(
		f"{house.web}/api/method/{API}.offered", json={"ticket": ticket.name}, timeout=TIMEOUT
	)
	assert offered.json()["message"] == []
	assert not frappe.db.exists("Signature Request", {"reference_name": ticket.name})


def test_an_agent_needs_no_other_role_than_those_of_agents_and_senders(house: House, officer: str) -> None:
	agent = an_agent("sending-agent", ["Agent", "Signflow User"])
	ticket = a_ticket(
		house, agent=agent, customer=an_hd_customer(f"Asiakas {house.key} Oy"), files=[house.uploads()]
	)
	for action in ("signature", "data_request", "question"):
		assert ticket.asks(action)["title"]
	done = ticket.does("signature", signers=[house.maija.mail])
	request = frappe.get_doc("Signature Request", done["address"].rpartition("/")[2])
	assert (request.customer, request.owner) == (house.customer, agent)
	ticket.does("data_request", request_type="Access", person_name="Maija Meri", language="fi")
	assert frappe.db.exists(REQUEST, {"reference_name": ticket.name, "request_type": "Access"})


# Whose ticket it is.


def test_an_ambiguous_or_missing_customer_is_said_and_chosen(house: House) -> None:
	name = f"Kaksoset {house.key} Oy"
	for_writing()
	twins = [
		frappe.get_doc(
			{
				"doctype": "Customer",
				"customer_name": name,
				**{
					key: frappe.db.get_value("Customer", house.customer, key)
					for key in ("customer_group", "territory", "customer_type")
				},
			}
		).insert(ignore_permissions=True)
		for _twin in range(2)
	]
	frappe.db.commit()
	assert twins[0].name != twins[1].name
	ticket = a_ticket(house, customer=an_hd_customer(name))
	asked = ticket.asks("signature")
	assert any("Several customers are called" in note for note in asked["notes"])
	choice = next(field for field in asked["fields"] if field["name"] == "customer")
	assert [one["value"] for one in choice["options"]] == ["", *(twin.name for twin in twins)]
	done = ticket.does("signature", customer=twins[1].name, signers=[house.maija.mail])
	assert (
		frappe.db.get_value("Signature Request", done["address"].rpartition("/")[2], "customer")
		== twins[1].name
	)
	refused = ticket.call("perform", action="signature", values={"customer": "Somebody Else"})
	assert refused.status_code == 417 and "not one of the choices" in refused.text

	nowhere = a_ticket(house, customer=an_hd_customer(f"Vain tuessa {house.key}"))
	asked = nowhere.asks("signature")
	assert any("ERPNext has no customer called" in note for note in asked["notes"])
	# The contact's own customer is there to be chosen, and is not taken by itself.
	choice = next(field for field in asked["fields"] if field["name"] == "customer")
	assert [one["value"] for one in choice["options"]] == ["", house.customer]
	done = nowhere.does("signature", customer="")
	request = frappe.get_doc("Signature Request", done["address"].rpartition("/")[2])
	assert request.customer is None and not request.documents
	# Where the ticket names no customer, its contact's only one it is.
	assert f"Customer: {house.customer}" in a_ticket(house).asks("signature")["notes"]


def test_desk_takes_a_tickets_customer_for_what_it_is(house: House) -> None:
	"""The dialog on a ticket's form in Desk: an HD Customer is no Customer, even of the same name."""
	named = {f"Asiakas {house.key} Oy": house.customer, f"Tuntematon {house.key}": None}
	for name, customer in named.items():
		ticket = a_ticket(house, customer=an_hd_customer(name))
		answer = ticket.agent.post(
			f"{house.web}/api/method/signflow.api.requests.prefill",
			json={"doctype": "HD Ticket", "name": ticket.name},
			timeout=TIMEOUT,
		)
		assert answer.status_code == 200, answer.text[:1500]
		assert answer.json()["message"]["customer"] == customer
		assert answer.json()["message"]["contacts"][0]["email"] == house.maija.mail


def test_the_link_that_helpdesk_1_28_keeps_goes_before_the_name(house: House) -> None:
	hd = an_hd_customer(f"Toisella nimellä {house.key}")
	ticket = a_ticket(house, customer=hd, contact="")
	field = {
		"doctype": "Custom Field",
		"dt": "HD Customer",
		"fieldname": "erpnext_customer",
		"fieldtype": "Data",
	}
	has_it = frappe.get_meta("HD Customer").has_field("erpnext_customer")
	for_writing()
	custom = None if has_it else frappe.get_doc({**field, "label": "ERPNext Customer"}).insert()
	frappe.db.set_value("HD Customer", hd, "erpnext_customer", house.customer)
	frappe.db.commit()
	try:
		frappe.clear_cache(doctype="HD Customer")
		assert customers.settled(frappe.get_doc("HD Ticket", ticket.name)) == house.customer
		for_writing()
		frappe.db.set_value("HD Customer", hd, "erpnext_customer", "Gone")
		frappe.db.commit()
		assert customers.settled(frappe.get_doc("HD Ticket", ticket.name)) is None
	finally:
		if custom:
			for_writing()
			custom.delete()
			frappe.db.commit()


# What a ticket is told.


def test_the_ticket_says_what_becomes_of_the_request_and_stays_as_it_was(house: House) -> None:
	ticket = a_ticket(house)
	mails = len(house.mailbox.all(house.maija.mail))
	for_writing()
	frappe.db.set_value(
		"HD Ticket",
		ticket.name,
		{
			"response_by": "2031-01-01 10:00:00",
			"resolution_by": "2031-01-02 10:00:00",
			"agreement_status": "First Response Due",
			"service_level_agreement_creation": "2030-12-31 10:00:00",
			"_assign": '["signflow-agent@testi.example"]',
		},
	)
	frappe.db.commit()
	before = ticket.row()
	request = house.sends(house.maija, house.matti, reference_doctype="HD Ticket", reference_name=ticket.name)
	house.maija.goes_all_the_way()
	house.maija.opens()
	house.matti.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"the request is completed",
	)
	said = [re.sub("<[^>]+>", "", text) for text in ticket.comments()]
	title = request.title
	assert said[:5] == [
		f"Sent for signing: {title} (Maija Meri, Matti Mäki)",
		f"Maija Meri has opened the link: {title}",
		f"Maija Meri has signed: {title} (1 of 2)",
		f"Matti Mäki has opened the link: {title}",
		f"Matti Mäki has signed: {title} (2 of 2)",
	]
	assert len(said) == 6 and said[5].startswith(f"Signed by everybody: {title}")
	rows = frappe.get_all(
		"HD Ticket Comment",
		{"reference_ticket": ticket.name},
		["commented_by", "owner"],
		order_by="creation asc",
	)
	assert {(row.commented_by, row.owner) for row in rows} == {("Administrator", "Administrator")}
	# Service level, state, assignment, the time of the last change: not a field of the ticket has moved.
	assert ticket.row() == before
	assert not frappe.db.exists(
		"Communication", {"reference_doctype": "HD Ticket", "reference_name": ticket.name}
	)
	# The customer got what a signer gets, and nothing about a ticket.
	for message in house.mailbox.all(house.maija.mail)[mails:]:
		assert "icket" not in str(message["Subject"]) + text_of(message)

	files = frappe.get_all(
		"File",
		{"attached_to_doctype": "HD Ticket", "attached_to_name": ticket.name},
		["file_url", "file_name"],
		order_by="creation asc",
	)
	revision = frappe.get_all("Sealed Revision", {"request": request.name}, pluck="file_url")
	assert files and all(row.file_url in revision for row in files)
	link = re.search(r'href="(/api/method/[^"]+)"', ticket.comments()[-1]).group(1).replace("&amp;", "&")
	answer = ticket.agent.get(house.web + link, timeout=TIMEOUT)
	assert answer.status_code == 200 and answer.content.startswith(b"%PDF-")
	outsider = as_program(house.web, house.users["outsider"]).get(house.web + link, timeout=TIMEOUT)
	assert outsider.status_code == 403 and b"%PDF" not in outsider.content


def test_declined_expired_and_cancelled_are_said_too(house: House) -> None:
	ticket = a_ticket(house)
	about = {"reference_doctype": "HD Ticket", "reference_name": ticket.name}
	request = house.sends(house.maija, **about)
	house.maija.opens()
	house.maija.identifies()
	house.maija.browser.answer("decline", reason="The <b>price</b> is wrong")
	assert "Maija Meri declined to sign" in ticket.comments()[-1]
	assert "&lt;b&gt;price" in ticket.comments()[-1]
	request = house.sends(house.matti, title=f"Toinen {house.key}", **about)
	for_writing()
	frappe.db.set_value("Signature Request", request.name, "expires_on", "2020-01-01 10:00:00")
	frappe.db.commit()
	services.expire_due()
	assert "The time to sign ran out" in ticket.comments()[-1]
	services.expire_due()
	request = house.sends(house.matti, title=f"Kolmas {house.key}", **about)
	services.cancel_request(request.name, "A mistake")
	assert "was cancelled" in ticket.comments()[-1]
	assert sum("ran out" in text for text in ticket.comments()) == 1


def test_of_a_confidential_request_the_ticket_tells_no_more_than_that_there_is_one(house: House) -> None:
	ticket = a_ticket(house)
	request = house.sends(
		house.maija, reference_doctype="HD Ticket", reference_name=ticket.name, confidential=1
	)
	house.maija.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"the request is completed",
	)
	words = " ".join(ticket.comments())
	assert "a confidential agreement" in words and len(ticket.comments()) == 4
	assert request.title not in words and "Maija" not in words
	assert not frappe.db.exists("File", {"attached_to_doctype": "HD Ticket", "attached_to_name": ticket.name})


def test_a_merged_ticket_and_one_that_is_gone(house: House) -> None:
	old, new, gone = a_ticket(house), a_ticket(house), a_ticket(house)
	for_writing()
	frappe.db.set_value("HD Ticket", old.name, {"is_merged": 1, "merged_with": new.name})
	frappe.db.commit()
	request = house.sends(house.maija, reference_doctype="HD Ticket", reference_name=old.name)
	lost = house.drafts(
		house.matti, title=f"Kadonnut {house.key}", reference_doctype="HD Ticket", reference_name=gone.name
	)
	for_writing()
	frappe.db.delete("HD Ticket", {"name": gone.name})
	frappe.db.commit()
	sending.send_request(lost.name)
	house.subject = request.title
	house.maija.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"the request is completed",
	)
	assert old.comments() == [] and len(new.comments()) == 4
	assert frappe.db.exists("File", {"attached_to_doctype": "HD Ticket", "attached_to_name": new.name})


def test_tickets_with_signed_files_are_merged_by_any_agent(house: House) -> None:
	"""Helpdesk copies the files of the one to the other, each as the agent who merges."""
	old, new = a_ticket(house), a_ticket(house)
	request = house.sends(house.maija, reference_doctype="HD Ticket", reference_name=old.name)
	house.maija.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"the request is completed",
	)
	shown = {"attached_to_doctype": "HD Ticket", "attached_to_name": old.name}
	file = frappe.get_doc("File", frappe.get_all("File", shown, pluck="name", order_by="creation asc")[0])
	for user, refused in ((house.users["outsider"], True), (an_agent("plain-agent", ["Agent"]), False)):
		for_writing()
		frappe.db.set_value("Signature Request", request.name, "customer", None)
		frappe.db.delete("File", {"file_url": file.file_url, "attached_to_doctype": "Customer"})
		copy = frappe.copy_doc(file)
		copy.attached_to_name = new.name
		frappe.set_user(user)
		try:
			if refused:
				with pytest.raises(frappe.PermissionError):
					copy.insert(ignore_permissions=True)
			else:
				copy.insert(ignore_permissions=True)
				assert copy.get_content().startswith(b"%PDF")
		finally:
			frappe.set_user("Administrator")
			frappe.db.rollback()


def test_a_helpdesk_that_takes_no_comments_holds_up_nothing(house: House) -> None:
	ticket = a_ticket(house)
	for_writing()
	setter = make_property_setter("HD Ticket Comment", "commented_by", "options", "Company", "Data")
	frappe.db.commit()
	try:
		request = house.sends(house.maija, reference_doctype="HD Ticket", reference_name=ticket.name)
	finally:
		for_writing()
		setter.delete(ignore_permissions=True)
		frappe.db.commit()
		frappe.clear_cache(doctype="HD Ticket Comment")
	assert frappe.db.get_value("Signature Request", request.name, "status") == "Sent"
	assert ticket.comments() == []
	log = frappe.get_last_doc("Error Log", {"method": ["like", f"%no comment on {request.name}%"]})
	assert "LinkValidationError" in log.error and house.maija.mail not in log.error


# Data requests.


@pytest.fixture
def officer(site: str) -> str:
	return an_officer()


def test_a_ticket_that_asks_for_deletion_becomes_a_data_request_in_two_clicks(
	house: House, officer: str
) -> None:
	ticket = a_ticket(
		house, subject="Hei", description="<p>Poistakaa tietoni, kiitos.</p><blockquote>my data</blockquote>"
	)
	before = ticket.row()
	first = ticket.answer("offered")[0]
	assert (first["action"], first["label"]) == ("data_request", "Asks for deletion? Open a data request")
	assert "group" not in first and not frappe.db.exists(REQUEST, {"reference_name": ticket.name})
	asked = ticket.asks("data_request")
	assert "The ticket says: “Poistakaa tietoni”" in asked["notes"]
	shown = {
		field["name"]: next((one["value"] for one in field["options"] if one["checked"]), field["value"])
		for field in asked["fields"]
	}
	assert (shown["request_type"], shown["language"], shown["person_name"]) == ("Erasure", "fi", "Maija Meri")
	done = ticket.does("data_request", **shown)
	# An agent hands it in; reading and answering it is the officer's.
	assert done["address"] == ""
	doc = frappe.get_doc(REQUEST, {"reference_doctype": "HD Ticket", "reference_name": ticket.name})
	assert (doc.request_type, doc.source, doc.status) == ("Erasure", "Ticket", "Unverified")
	assert (doc.email, doc.language, doc.received_on) == (house.maija.mail, "fi", before["creation"])
	assert "Poistakaa tietoni" in doc.details and "my data" not in doc.details
	notes = [row.note for row in records.steps(doc.name)]
	assert f"The ticket's customer: {house.customer}" in notes
	assert [re.sub("<[^>]+>", "", text) for text in ticket.comments()] == [
		f"The data request {doc.name} was opened."
	]
	assert ticket.row() == before
	assert [row["action"] for row in ticket.answer("offered") if "group" not in row] == []
	assert house.mailbox.wait_for(house.maija.mail, subject="")


def test_who_objects_to_what_and_for_whom_is_asked_in_the_ticket_too(house: House, officer: str) -> None:
	ticket = a_ticket(house, subject="Vastustan", description="<p>Vastustan tietojeni käsittelyä.</p>")
	shown_with = {
		field["name"]: field["only_with"]
		for field in ticket.asks("data_request")["fields"]
		if field["only_with"]
	}
	assert shown_with == {
		"objection_scope": ["request_type", "Objection"],
		"represents": ["person", "is_representative"],
	}
	objection = {"request_type": "Objection", "person_name": "Maija Meri", "language": "fi"}
	mandate = {"person": ["is_representative", "has_protected_address"], "represents": "Äitini edunvalvoja"}
	for wrong, said in (
		({"objection_scope": "Everything"}, "is not one of the choices"),
		({"objection_scope": "Other Processing", **mandate, "represents": " "}, "Say for whom you ask"),
	):
		answer = ticket.call("perform", action="data_request", values={**objection, **wrong})
		assert answer.status_code == 417 and said in answer.text, answer.text[:500]
	assert not frappe.db.exists(REQUEST, {"reference_name": ticket.name})
	ticket.does("data_request", **objection, objection_scope="Other Processing", **mandate)
	doc = frappe.get_doc(REQUEST, {"reference_name": ticket.name})
	assert (doc.objection_scope, doc.is_representative, doc.represents, doc.has_protected_address) == (
		"Other Processing",
		1,
		"Äitini edunvalvoja",
		1,
	)
	# What the form does not show does not count.
	second = a_ticket(house, description="<p>Poistakaa tietoni.</p>")
	hidden = {"objection_scope": "Other Processing", "represents": "Nobody", "person": []}
	second.does("data_request", **{**objection, "request_type": "Erasure"}, **hidden)
	doc = frappe.get_doc(REQUEST, {"reference_name": second.name})
	assert (doc.objection_scope or "", doc.is_representative, doc.represents or "") == ("", 0, "")


def test_a_mail_that_came_later_counts_and_what_staff_wrote_does_not(house: House, officer: str) -> None:
	ticket = a_ticket(house, subject="Lasku", description="Laskussa on virhe.")
	for kind, text, day in (
		("Sent", "Write “delete my data” if you want it deleted.", "2026-01-02 10:00:00"),
		("Received", "Kiitos!\n> delete my data", "2026-01-03 10:00:00"),
	):
		a_mail(ticket, kind, text, day)
	assert [row for row in ticket.answer("offered") if "group" not in row] == []
	a_mail(ticket, "Received", "Jag begär ett registerutdrag.", "2026-01-04 10:00:00")
	(first,) = [row for row in ticket.answer("offered") if "group" not in row]
	assert first["label"] == "Asks for own data? Open a data request"
	ticket.does("data_request", request_type="Access", person_name="Maija Meri", language="sv")
	doc = frappe.get_doc(REQUEST, {"reference_name": ticket.name})
	assert str(doc.received_on) == "2026-01-04 10:00:00" and doc.language == "sv"
	# Answered, it is no news any more; what the person asks next is.
	for_writing()
	frappe.db.set_value(REQUEST, doc.name, "status", "Done")
	frappe.db.commit()
	assert [row for row in ticket.answer("offered") if "group" not in row] == []
	a_mail(ticket, "Received", "Radera mina uppgifter.", "2026-02-04 10:00:00")
	assert ticket.answer("offered")[0]["label"] == "Asks for deletion? Open a data request"
	ticket.does("data_request", request_type="Erasure", person_name="Maija Meri", language="sv")
	second = frappe.get_doc(REQUEST, {"reference_name": ticket.name, "request_type": "Erasure"})
	assert str(second.received_on) == "2026-02-04 10:00:00"


def a_mail(ticket: Ticket, kind: str, text: str, day: str) -> str:
	"""A mail of a ticket's conversation; the ticket's own state is put back."""
	for_writing()
	before = frappe.db.get_value("HD Ticket", ticket.name, ["status", "first_responded_on"], as_dict=True)
	mail = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_medium": "Email",
			"sent_or_received": kind,
			"sender": ticket.house.maija.mail if kind == "Received" else "tuki@testi.example",
			"subject": "Re",
			"content": text.replace("\n", "<br>"),
			"communication_date": day,
			"reference_doctype": "HD Ticket",
			"reference_name": ticket.name,
		}
	).insert(ignore_permissions=True)
	frappe.db.set_value("HD Ticket", ticket.name, before)
	frappe.db.commit()
	return mail.name


@pytest.mark.parametrize(("setting", "status"), [("", "Open"), ("Closed", "Closed")])
def test_an_answered_request_closes_or_only_tells_its_ticket(
	house: House, officer: str, setting: str, status: str
) -> None:
	ticket = a_ticket(house, description="Please delete my data.")
	ticket.does("data_request", request_type="Erasure", person_name="Maija Meri", language="en")
	name = frappe.db.get_value(REQUEST, {"reference_name": ticket.name})
	for_writing()
	intake.proven(name, BY_CODE)
	second = a_ticket(house, description="Please delete my data.")
	second.does("data_request", request_type="Erasure", person_name="Maija Meri", language="en")
	joined = frappe.db.get_value(REQUEST, {"reference_name": second.name})
	for_writing()
	intake.proven(joined, BY_CODE)
	frappe.db.rollback()
	assert frappe.db.get_value(REQUEST, joined, "joined_to") == name
	try:
		settings(done_ticket_status=setting)
		with as_officer():
			decisions.refuse(name, "We have to keep it for the accounts.", "Law Forbids or Exempts")
		eventually(
			lambda: ticket.row()["status"] == second.row()["status"] == status, "the tickets are closed"
		)
	finally:
		settings(done_ticket_status="")
	assert "the person has shown that it is his" in ticket.comments()[1]
	for one in (ticket, second):
		assert "was refused, and the person was told why" in one.comments()[-1]
		assert "accounts" not in " ".join(one.comments()) and house.maija.mail not in " ".join(one.comments())
		assert one.row()["status"] == status


def test_a_request_that_was_taken_back_is_told_in_its_ticket(house: House, officer: str) -> None:
	ticket = a_ticket(house, description="Please delete my data.")
	ticket.does("data_request", request_type="Erasure", person_name="Maija Meri", language="en")
	name = frappe.db.get_value(REQUEST, {"reference_name": ticket.name})
	try:
		settings(done_ticket_status="Closed")
		with as_officer():
			decisions.withdraw(name, "She rang.", by_person=False)
		eventually(lambda: ticket.row()["status"] == "Closed", "the ticket is closed")
	finally:
		settings(done_ticket_status="")
	assert "was taken back by the person" in ticket.comments()[-1]


def test_a_state_that_the_tickets_do_not_have_is_left_alone(
	house: House, officer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""1.28 keeps its states as records, and a site may name none "Closed"."""
	ticket = a_ticket(house, description="Please delete my data.")
	ticket.does("data_request", request_type="Erasure", person_name="Maija Meri", language="en")
	name = frappe.db.get_value(REQUEST, {"reference_name": ticket.name})
	monkeypatch.setattr(ticket_state, "_statuses", lambda: ["Avoin", "Valmis"])
	before = ticket.row()
	try:
		settings(done_ticket_status="Closed")
		ticket_state.answer(ticket.name, name)
	finally:
		settings(done_ticket_status="")
	assert ticket.row() == before


def settings(**values: Any) -> None:
	for_writing()
	for field, value in values.items():
		frappe.db.set_single_value("Signflow Settings", field, value)
	frappe.db.commit()
	frappe.clear_document_cache("Signflow Settings", "Signflow Settings")


# Asking the person.


def test_a_consent_is_asked_from_the_ticket(house: House) -> None:
	text = a_text(house)
	ticket = a_ticket(house)
	before = ticket.row()
	asked = ticket.asks("question")
	what = next(field for field in asked["fields"] if field["name"] == "what")
	assert f"consent:{text}" in [one["value"] for one in what["options"]]
	ticket.does("question", what=f"consent:{text}", language="en", message="As we said on the telephone")
	mail = house.mailbox.wait_for(house.maija.mail, subject="asks for your consent")
	assert "As we said on the telephone" in text_of(mail)
	assert "Asked for consent by mail" in ticket.comments()[-1]
	assert ticket.row() == before


def test_a_form_is_sent_from_the_ticket(house: House) -> None:
	signable = a_signable_form(house)
	plain = a_web_form(house)
	try:
		settings(contact_form=plain.name)
		ticket = a_ticket(house)
		before = ticket.row()
		choices = ((f"signable:{signable.name}", "#prefill="), (f"form:{plain.name}", f"{plain.route}/new"))
		for number, (what, place) in enumerate(choices):
			ticket.does("question", what=what, language="en", message="")
			mail = house.mailbox.wait_for(house.maija.mail, subject="Please fill in", after=number)
			assert place in text_of(mail)
		assert sum("Sent a form by mail" in text for text in ticket.comments()) == 2
		assert ticket.row() == before
		refused = ticket.call("perform", action="question", values={"what": "form:users", "language": "en"})
		assert refused.status_code == 417
	finally:
		settings(contact_form="")


# Feedback.

TICKET_FIELDS = [
	{"fieldname": "subject", "fieldtype": "Data", "label": "Subject", "reqd": 1},
	{"fieldname": "description", "fieldtype": "Text Editor", "label": "Your Message"},
	{"fieldname": "raised_by", "fieldtype": "Data", "options": "Email", "label": "Your Email"},
]


def a_feedback_form(house: House, **values: Any) -> Any:
	return a_web_form(house, doc_type="HD Ticket", module="Helpdesk", web_form_fields=TICKET_FIELDS, **values)


def writes(house: House, form: Any, **answers: Any) -> requests.Response:
	return requests.post(
		f"{house.web}/api/method/frappe.website.doctype.web_form.web_form.accept",
		json={"web_form": form.name, "data": json.dumps(answers)},
		headers={"Accept": "application/json"},
		timeout=TIMEOUT,
	)


def first_words(ticket: Any) -> list[Any]:
	frappe.db.rollback()
	return frappe.get_all(
		"Communication",
		{"reference_doctype": "HD Ticket", "reference_name": str(ticket)},
		["sender", "content"],
		order_by="creation asc",
	)


def test_a_guests_feedback_becomes_a_ticket_and_is_confirmed(house: House) -> None:
	form, subject = a_feedback_form(house), f"Palaute {house.key}"
	with helpdesk_confirms(0):
		answer = writes(house, form, subject=subject, description="<p>Hyvä!</p>", raised_by=house.maija.mail)
	assert answer.status_code == 200, answer.text[:1500]
	frappe.db.rollback()
	row = frappe.db.get_value(
		"HD Ticket", {"subject": subject}, ["name", "raised_by", "status"], as_dict=True
	)
	assert (row.raised_by, row.status) == (house.maija.mail, "Open")
	assert [(one.sender, "Hyvä" in one.content) for one in first_words(row.name)] == [
		(house.maija.mail, True)
	]
	mail = house.mailbox.wait_for(house.maija.mail, subject="We have received your message")
	# Nobody has proven the mailbox: what was typed is not mailed to it.
	assert str(row.name) in text_of(mail) and subject not in text_of(mail) and "Hyv" not in text_of(mail)
	assert frappe.session.user == "Administrator"


def test_a_guest_changes_no_ticket_and_leaves_no_file_in_the_houses_name(house: House) -> None:
	ticket = a_ticket(house)
	form = a_feedback_form(house, allow_edit=1)
	before = ticket.row()
	stolen = writes(house, form, name=ticket.name, subject="Mine now", raised_by=house.maija.mail)
	assert stolen.status_code == 403, stolen.text[:300]
	assert ticket.row() == before
	login = a_feedback_form(house, login_required=1)
	refused = writes(house, login, subject="Nobody", raised_by=house.maija.mail)
	assert refused.status_code >= 400
	picture = "data:image/png;base64,iVBORw0KGgo="
	files = a_web_form(
		house,
		doc_type="HD Ticket",
		module="Helpdesk",
		web_form_fields=[*TICKET_FIELDS, {"fieldname": "attachment", "fieldtype": "Attach", "label": "File"}],
	)
	before_files = frappe.db.count("File")
	refused = writes(house, files, subject="X", raised_by=house.maija.mail, attachment=f"a.png,{picture}")
	assert refused.status_code >= 400
	frappe.db.rollback()
	assert frappe.db.count("File") == before_files
	assert not frappe.db.exists("HD Ticket", {"subject": ["in", ["Mine now", "Nobody", "X"]]})


def test_where_helpdesk_confirms_itself_we_are_silent(house: House) -> None:
	form, subject = a_feedback_form(house), f"Kiitos {house.key}"
	with helpdesk_confirms(1):
		assert writes(house, form, subject=subject, raised_by=house.matti.mail).status_code == 200
	frappe.db.rollback()
	name = frappe.db.get_value("HD Ticket", {"subject": subject})
	assert name
	ours = {"reference_doctype": "HD Ticket", "reference_name": str(name)}
	assert not frappe.db.exists("Email Queue", {**ours, "message_id": ["like", "%signflow.letter%"]})


@contextmanager
def helpdesk_confirms(value: int) -> Iterator[None]:
	"""Whether Helpdesk acknowledges tickets by itself, for a while."""
	before = frappe.db.get_single_value("HD Settings", "send_acknowledgement_email")

	def say(change: int) -> None:
		for_writing()
		frappe.db.set_single_value("HD Settings", "send_acknowledgement_email", change)
		frappe.db.commit()

	say(value)
	try:
		yield
	finally:
		say(before)


def test_a_signed_form_makes_a_ticket_in_the_responsible_users_name(house: House) -> None:
	form = a_signable_form(
		house,
		a_feedback_form(house),
		signer_name_field="subject",
		signer_email_field="raised_by",
		responsible=an_agent(),
	)
	page = FormPage(house, form)
	page.begins()
	mail = house.maija.mail
	sent = page.post(
		"frappe.website.doctype.web_form.web_form.accept",
		web_form=form.web_form,
		data=json.dumps(
			{"subject": "Maija Meri", "description": "Valitus", "raised_by": mail, "__signflow": page.said}
		),
	)
	assert sent.status_code == 200, sent.text[:1500]
	token = sent.json()["message"]["signflow"]["next"].partition("#")[2]
	person = Signer(house, "Maija Meri", mail, Browser(house.web, token=token))
	person.browser.open()
	person.identifies()
	person.signs()
	row = eventually(
		lambda: frappe.db.get_value(
			"Form Submission",
			{"form": form.name, "status": "Completed"},
			["record_doctype", "record_name"],
			as_dict=True,
		),
		"the form is a ticket",
	)
	assert row.record_doctype == "HD Ticket"
	ticket = frappe.get_doc("HD Ticket", row.record_name)
	assert (ticket.raised_by, ticket.owner) == (mail, an_agent())
	assert [one.sender for one in first_words(ticket.name)] == [mail]
	assert house.mailbox.wait_for(mail, subject="Signed:")


def test_a_guests_ticket_is_taken_in_by_the_first_who_may_make_tickets(house: House) -> None:
	"""Everybody with a log-in in 1.14, agents and customers of the portal in 1.28."""
	form = a_feedback_form(house)
	for user in (an_agent(), house.users["owner"], None):
		may = user and frappe.has_permission("HD Ticket", "create", user=user)
		assert feedback.keeper(form.name, user) == (user if may else "Administrator")
	assert feedback.keeper(a_feedback_form(house, login_required=1).name, an_agent()) is None


# Unanswered.


def test_owners_are_told_once_a_day_of_all_that_is_unanswered(house: House) -> None:
	owner, manager = an_agent(f"owner-{house.key}"), an_agent(f"boss-{house.key}", ["Agent Manager"])
	mine = [a_ticket(house, subject=f"Odottaa {number} {house.key}") for number in range(2)]
	answered, fresh, closed, nobodys = (a_ticket(house, subject=f"Muu {house.key}") for _one in range(4))
	a_mail(answered, "Received", "Hei", "2026-01-01 10:00:00")
	a_mail(answered, "Sent", "Hei vain", "2026-01-02 10:00:00")
	a_mail(mine[1], "Sent", "Kuitattu", "2026-01-02 10:00:00")
	a_mail(mine[1], "Received", "Mutta entä …", "2026-01-03 10:00:00")
	category = {"status_category": "Resolved"} if "status_category" in closed.row() else {}
	for_writing()
	assigned = {"_assign": json.dumps([owner])}
	for ticket in (*mine, answered, closed, nobodys):
		frappe.db.set_value("HD Ticket", ticket.name, "creation", "2026-01-01 09:00:00")
	for ticket in (*mine, answered, fresh, closed):
		frappe.db.set_value("HD Ticket", ticket.name, assigned)
	frappe.db.set_value("HD Ticket", closed.name, {"status": "Closed", **category})
	issue = frappe.get_doc(
		{"doctype": "Issue", "subject": f"Palaute {house.key}", "raised_by": house.maija.mail}
	).insert(ignore_permissions=True)
	frappe.db.set_value("Issue", issue.name, {"creation": "2026-01-01 09:00:00", **assigned})
	frappe.db.commit()
	before = [ticket.row() for ticket in mine]
	try:
		settings(unanswered_days=0)
		unanswered.daily()
		settings(unanswered_days=3)
		unanswered.daily()
		unanswered.daily()
	finally:
		settings(unanswered_days=0)
	mail = house.mailbox.wait_for(owner, subject="Unanswered: 3")
	text = text_of(mail)
	assert f"/issue/{issue.name}" in text
	assert all(f"/helpdesk/tickets/{ticket.name}" in text for ticket in mine) and "Muu" not in text
	told = text_of(house.mailbox.wait_for(manager, subject="Unanswered"))
	assert f"/helpdesk/tickets/{nobodys.name}" in told and f"tickets/{mine[0].name}" not in told
	assert len([one for one in house.mailbox.all(owner) if "Unanswered" in str(one["Subject"])]) == 1
	assert [ticket.row() for ticket in mine] == before


# Set-up.


def test_our_pages_reach_a_guest_with_the_entry_that_the_set_up_asks_for(
	house: House, site_config: Any
) -> None:
	"""From 1.22 on Helpdesk looks at each call; before, `block_endpoints` does nothing."""
	blocks = bool(frappe.get_hooks("auth_hooks"))
	url = f"{house.web}/api/method/signflow.api.signing.open"
	token = {"token": "nobody's"}

	def answers() -> bool:
		answer = requests.post(url, json=token, headers={"Accept": "application/json"}, timeout=TIMEOUT)
		refused = answer.status_code == 403 and "Access not allowed" in answer.text
		return not refused

	site_config(block_endpoints=1)
	assert answers() is not blocks
	site_config(block_endpoints=1, allowed_custom_endpoints=["signflow."])
	assert answers()


@pytest.fixture
def site_config() -> Iterator[Any]:
	"""Writes into the site's configuration; puts it back."""
	path = Path(frappe.get_site_path("site_config.json"))
	before = path.read_text()

	def write(**values: Any) -> None:
		path.write_text(json.dumps(json.loads(before) | values, indent=1, sort_keys=True))

	yield write
	path.write_text(before)


@pytest.mark.parametrize(
	("allowed", "blocked"),
	[
		(None, True),
		(["other."], True),
		("other.", True),
		(["other.", "signflow."], False),
		('["signflow."]', False),
		("signflow", False),
		(["/api/method/"], False),
		(["signflow.api.signing"], True),
	],
)
def test_the_set_up_says_whether_helpdesk_blocks_our_endpoints(
	site: str, monkeypatch: pytest.MonkeyPatch, allowed: Any, blocked: bool
) -> None:
	monkeypatch.setitem(frappe.local.conf, "block_endpoints", 1)
	monkeypatch.setitem(frappe.local.conf, "allowed_custom_endpoints", allowed)
	found = [one for one in checks._system() if "allowed_custom_endpoints" in one.text]
	assert [(one.code, one.weight) for one in found] == (
		[("endpoints_blocked", checks.HIGH)] if blocked else []
	)
	monkeypatch.setitem(frappe.local.conf, "block_endpoints", 0)
	assert not any("allowed_custom_endpoints" in one.text for one in checks._system())


def test_without_helpdesk_nothing_runs_and_nothing_breaks(
	house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	apps = [app for app in frappe.get_installed_apps() if app != "helpdesk"]
	ticket = a_ticket(house)
	monkeypatch.setattr(frappe, "get_installed_apps", lambda *_args, **_kwargs: apps)
	ticket_actions.offer()
	house.sends(house.maija, reference_doctype="HD Ticket", reference_name=ticket.name)
	assert ticket.comments() == []
	assert all(row.doctype != "HD Ticket" for row in unanswered.unanswered(1))
