"""What a person asks about the data held on her: taken in, proven, matched, answered in time (GDPR 12, 15-22)."""

import re
from datetime import date
from typing import Any

import frappe
import pytest
import requests
from asking import OFFICER, REQUEST, STEP, Asker, a_wish, an_officer, as_officer, kinds, of, the, unsubscribed
from consenting import a_text, actions
from frappe.translate import print_language
from frappe.utils import add_days, get_datetime, getdate, now_datetime
from house import House, another_company, as_program, for_writing, text_of
from personas import NOBODY, Asking
from stage import eventually

from signflow.services.erasure import planning
from signflow.services.privacy import consents, informing, marketing
from signflow.services.subject_requests import (
	carrying_out,
	decisions,
	forgetting,
	intake,
	letters,
	matching,
	next_steps,
	records,
	reminders,
)
from signflow.services.subject_requests.proofs import BY_CODE, Proof, by_staff
from signflow.signflow.stored_words import said

READ = {**NOBODY, "manager": "r", "officer": "r"}
EXPECTATIONS: dict[str, dict[str, dict[str, str]]] = {
	REQUEST: {"open": READ},
	# Rows change with their request and never by themselves.
	"Data Subject Request Person": {"proposed": READ},
	STEP: {"received": READ},
}


@pytest.fixture(autouse=True)
def officer(site: str) -> str:
	return an_officer()


def taken_in(
	house: House, kind: str = "Access", mail: str = "", proof: Proof | None = BY_CODE, **values: Any
) -> str:
	"""A request as the page makes it, without the page."""
	received_on = values.pop("received_on", None)
	for_writing()
	wish = intake.read_wish({**a_wish(kind, **values), "company": values.get("company") or house.company})
	return intake.receive(
		wish,
		mail or house.maija.mail,
		"en",
		values.get("source", "Web Page"),
		proof=proof,
		received_on=received_on,
	)


def by_letter(house: House, kind: str = "Access", **values: Any) -> str:
	"""A request that came without a mail address, from somebody whom staff have seen."""
	for_writing()
	wish = intake.read_wish({**a_wish(kind, **values), "company": house.company})
	return intake.receive(wish, "", "en", "Desk", proof=by_staff("Identity Document Shown", "At the desk"))


# Taking in.


def test_from_the_page_to_an_open_request_with_a_receipt(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	shown = asker.begins(a_wish("Erasure", details="I moved away.", has_protected_address=True))
	assert set(shown) == {"sent_to", "valid_seconds", "tries_left", "resend_after_seconds"}
	(name,) = of(asker.mail)
	assert the(name).status == "Unverified" and the(name).due_on
	view = asker.does("check_code", code=asker.code())
	assert view["made"] == name
	doc = the(name)
	assert (doc.status, doc.proof_method, doc.proof_level) == ("Open", "Code by Mail", "mail_code")
	assert doc.has_protected_address and doc.details == "I moved away." and doc.source == "Web Page"
	receipt = text_of(house.mailbox.wait_for(asker.mail, subject="We have received your data request"))
	assert name in receipt and str(getdate(doc.due_on).year) in receipt
	assert [one["reference"] for one in view["requests"]] == [name]
	assert kinds(name)[:2] == ["Received", "Proven"]
	# The officer is told, and finds the person's records proposed.
	eventually(lambda: the(name).persons, "the person's records are proposed")
	assert frappe.db.exists("Notification Log", {"document_name": name, "for_user": OFFICER})


def test_what_is_not_complete_is_refused_with_its_field(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	for wish, field in (
		(a_wish("Nonsense"), "request_type"),
		(a_wish(person_name=" "), "person_name"),
		(a_wish("Rectification"), "details"),
		(a_wish(is_representative=True), "represents"),
		(a_wish(details="x" * 4001), "details"),
	):
		assert asker.refused("begin", mail=asker.mail, wish=wish, key=asker.key)["field"] == field
	assert not of(asker.mail)


def test_the_clock_runs_from_receipt_and_over_the_holidays(house: House) -> None:
	name = taken_in(house, received_on="2026-01-31 23:50:00")
	assert the(name).due_on == date(2026, 3, 2)


def test_a_second_request_of_the_same_kind_is_answered_under_the_first(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	first = asker.asks("Access")
	second = asker.asks_more("Access")
	other = asker.asks_more("Erasure")
	assert the(second).joined_to == first and not the(other).joined_to
	with as_officer(), pytest.raises(frappe.ValidationError, match=first):
		decisions.complete(second, "Done.")
	with as_officer():
		decisions.complete(first, "Your copy is on its way.", otherwise=True)
	assert the(second).status == "Done" and the(other).status == "Open"
	# Two corrections are two things to correct.
	for words in ("My name is spelt wrong.", "My number is an old one."):
		assert not the(asker.asks_more("Rectification", details=words)).joined_to
	assert the(asker.asks_more("Rectification", details=words)).joined_to
	# Another person of the same mailbox has a request of her own.
	assert not the(asker.asks_more("Erasure", person_name="Pekka Puro")).joined_to


def test_what_nobody_proves_is_swept_and_leaves_no_trace(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	asker.begins(a_wish())
	(name,) = of(asker.mail)
	by_letter = taken_in(house, proof=None, source="Desk")
	for_writing()
	for one in (name, by_letter):
		frappe.db.set_value(REQUEST, one, "received_on", add_days(now_datetime(), -15))
	frappe.db.commit()
	intake.sweep_unproven()
	assert of(asker.mail) == [by_letter]
	assert not frappe.db.exists(STEP, {"request": name})
	assert not frappe.db.exists("Deleted Document", {"deleted_name": name})


def test_what_came_by_letter_is_proven_by_its_owner(house: House) -> None:
	name = taken_in(house, proof=None, source="Desk")
	for_writing()
	assert intake.ask_for_proof(name)
	message = text_of(house.mailbox.wait_for(house.maija.mail, subject="Is this data request yours?"))
	assert "Maija" not in message  # nobody has proven the mailbox: nothing that was typed goes there
	token = re.search(r"/privacy/request\?lang=\w\w#([\w.-]+)", message).group(1)
	asker = Asker(house, house.maija.mail)
	opened = asker.does("open_link", token=token)
	asker.session = opened["session"]
	assert [one["state"] for one in opened["view"]["requests"]] == ["unproven"]
	assert the(name).status == "Unverified"  # a scanner that opens the link proves nothing
	asker.does("is_mine", reference=name, mine=True)
	assert (the(name).status, the(name).proof_method) == ("Open", "Link in a Mail")
	assert asker.refused("open_link", token=token)["code"] == "old_link"


def test_what_the_owner_did_not_ask_is_closed(house: House) -> None:
	name = taken_in(house, "Erasure", proof=None, source="Mail")
	asker = Asker(house, house.maija.mail)
	asker.begins()
	asker.does("check_code", code=asker.code())
	asker.does("is_mine", reference=name, mine=False)
	assert the(name).status == "Done" and "Disowned" in kinds(name)


def test_staff_take_in_a_visit_and_say_how_the_person_was_proven(house: House) -> None:
	manager = as_program(house.web, house.users["manager"])
	url = f"{house.web}/api/method/signflow.api.subject_requests.record"
	values = {
		"company": house.company,
		"request_type": "Rectification",
		"person_name": "Maija Meri",
		"details": "My name is spelt wrong.",
		"received_on": str(add_days(now_datetime(), -3)),
	}
	assert manager.post(url, json=values, timeout=30).status_code == 417  # no mail, no proof
	values |= {"proof_method": "Identity Document Shown", "proof_note": "Passport shown at the desk"}
	made = manager.post(url, json=values, timeout=30)
	assert made.status_code == 200, made.text[:500]
	doc = the(made.json()["message"])
	assert (doc.status, doc.source, doc.proof_level) == ("Open", "Desk", "in_person")
	assert getdate(doc.received_on) == getdate(add_days(now_datetime(), -3))
	later = {**values, "received_on": str(add_days(now_datetime(), 2))}
	assert manager.post(url, json=later, timeout=30).status_code == 417
	owner = as_program(house.web, house.users["owner"])
	assert owner.post(url, json=values, timeout=30).status_code == 403
	# An officer who has no other role takes requests in as well, but not for a company that is none.
	officer = as_program(house.web, OFFICER)
	assert officer.post(url, json={**values, "request_type": "Access"}, timeout=30).status_code == 200
	assert officer.post(url, json={**values, "company": "None Such"}, timeout=30).status_code == 403


def test_a_mail_that_came_in_becomes_a_request(house: House) -> None:
	for_writing()
	mail = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"sender": f"Maija Meri <{house.maija.mail}>",
			"sender_full_name": "Maija Meri",
			"subject": "Tietojen poisto",
			"content": "<p>Poistakaa tietoni.</p>",
			"communication_date": add_days(now_datetime(), -1),
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	officer = as_program(house.web, OFFICER)
	method = f"{house.web}/api/method/signflow.api.subject_requests"
	started = officer.post(f"{method}.from_communication", json={"name": mail.name}, timeout=30)
	if started.status_code == 403:  # who may read the mail decides
		officer = as_program(house.web, "Administrator")
		started = officer.post(f"{method}.from_communication", json={"name": mail.name}, timeout=30)
	values = started.json()["message"]
	assert values["email"] == house.maija.mail and "Poistakaa" in values["details"]
	made = officer.post(
		f"{method}.record",
		json={**values, "company": house.company, "request_type": "Erasure", "language": "en"},
		timeout=30,
	)
	assert made.status_code == 200, made.text[:500]
	doc = the(made.json()["message"])
	assert (doc.source, doc.status, doc.reference_name) == ("Mail", "Unverified", mail.name)
	house.mailbox.wait_for(house.maija.mail, subject="Is this data request yours?")


def a_portal_user(house: House) -> str:
	mail = f"portal.{house.key}@posti.example"
	for_writing()
	user = frappe.get_doc(
		{
			"doctype": "User",
			"email": mail,
			"first_name": "Portaali",
			"user_type": "Website User",
			"send_welcome_email": 0,
		}
	)
	user.flags.no_welcome_mail = True
	user.insert(ignore_permissions=True)
	frappe.db.commit()
	return mail


def test_a_portal_user_needs_no_code_and_frappes_own_forms_lead_here(house: House) -> None:
	mail = a_portal_user(house)
	browser = as_program(house.web, mail)
	method = f"{house.web}/api/method/signflow.api.subject_requests.open_as_user"
	opened = browser.get(method, timeout=30).json()["message"]
	asker = Asker(house, mail, session=opened["session"])
	name = asker.asks_more("Access")
	assert (the(name).proof_method, the(name).source) == ("Login", "Portal")
	erasing = asker.asks_more("Erasure", from_account=True)
	assert the(erasing).source == "Website Form of Frappe"
	assert requests.get(method, timeout=30).status_code in (401, 403)
	from frappe.website.utils import get_portal_sidebar_items

	frappe.set_user(mail)
	menu = {item["route"] for item in get_portal_sidebar_items()}
	frappe.set_user("Administrator")
	assert "/privacy/request" in menu
	for path in ("request-for-account-deletion?new=1", "request-data", "request-data/new"):
		answer = requests.get(f"{house.web}/{path}", allow_redirects=False, timeout=30)
		assert answer.status_code in (301, 302), path
		assert "/privacy/request?right=" in answer.headers["Location"]
	for doctype in ("Personal Data Deletion Request", "Personal Data Download Request"):
		if not frappe.db.exists("DocType", doctype):
			continue
		for_writing()
		field = "email" if "Deletion" in doctype else "user"
		with pytest.raises(frappe.ValidationError, match="/privacy/request"):
			frappe.get_doc({"doctype": doctype, field: mail}).insert(ignore_permissions=True)
		frappe.db.rollback()


# Who it is.


def test_records_are_proposed_with_strength_and_reason_and_confirmed_by_an_officer(house: House) -> None:
	lead = house._insert("Lead", lead_name="Maija Meri", email_id=house.maija.mail).name
	namesake = house._insert("Contact", first_name="Maija", last_name="Meri").name
	frappe.db.commit()
	name = taken_in(house)
	eventually(lambda: the(name).persons, "proposed")
	doc = the(name)
	strengths = {(row.record_doctype, row.record_name): row.strength for row in doc.persons}
	contact = frappe.db.get_value("Contact", {"email_id": house.maija.mail})
	assert strengths["Contact", contact] == strengths["Lead", lead] == "Certain"
	assert strengths["Contact", namesake] == "Possible"
	assert not any(row.confirmed for row in doc.persons)
	with pytest.raises(frappe.ValidationError):
		matching.start_of(doc)
	rows = [row.name for row in doc.persons if row.strength == "Certain"]
	with as_officer():
		matching.confirm(name, rows)
		# A second click says nothing new.
		matching.confirm(name, rows)
	assert kinds(name).count("Confirmed") == 1
	found = matching.start_of(the(name)).records
	# ERPNext makes a Contact with each Lead.
	assert {("Contact", contact), ("Lead", lead)} <= found and ("Contact", namesake) not in found
	with as_officer(), pytest.raises(frappe.ValidationError):
		matching.confirm(name, ["another's"])
	assert frappe.db.exists("Personal Data Access", {"purpose": name, "kind": "Look-up"})


def test_a_shared_mailbox_says_so(house: House) -> None:
	shared = f"toimisto.{house.key}@posti.example"
	for first in ("Anna", "Bertta"):
		house._insert(
			"Contact", first_name=first, last_name="Aro", email_ids=[{"email_id": shared, "is_primary": 1}]
		)
	frappe.db.commit()
	name = taken_in(house, mail=shared, person_name="Anna Aro")
	eventually(lambda: len(the(name).persons) >= 2, "both are shown")
	rows = the(name).persons
	assert {row.strength for row in rows} == {"Shared"}
	assert all(shared in said(row.because) for row in rows)


def test_a_representatives_mailbox_is_not_matched(house: House) -> None:
	name = taken_in(house, is_representative=True, represents="My mother Aino Meri, power of attorney")
	eventually(lambda: "Records Proposed" in kinds(name), "looked at")
	assert not the(name).persons
	contact = frappe.db.get_value("Contact", {"email_id": house.matti.mail})
	with as_officer():
		matching.choose(name, "Contact", contact, "The power of attorney names him")
	assert matching.confirmed(the(name)) == {("Contact", contact)}


def offered(name: str) -> dict[str, str]:
	"""A step as another app offers it by the hook."""
	return {"title": "Bank ID", "link": f"/bank?request={name}"}


def test_another_app_adds_a_step_and_raises_the_level(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
	from signflow.services.subject_requests import proofs

	name = taken_in(house)
	# Frappe 15 calls nothing of an app that is not installed.
	monkeypatch.setattr(proofs, "offered", offered, raising=False)
	hooks = frappe.get_hooks
	monkeypatch.setattr(
		frappe,
		"get_hooks",
		lambda hook=None, *more, **values: (
			{"Electronic Identity": [f"{proofs.__name__}.offered"]}
			if hook == proofs.HOOK
			else hooks(hook, *more, **values)
		),
	)
	assert proofs.further(name) == [
		{"method": "Electronic Identity", "title": "Bank ID", "link": f"/bank?request={name}", "form": ""}
	]
	for_writing()
	intake.proven(name, Proof("Electronic Identity", "substantial", "By her bank"))
	assert (the(name).proof_level, the(name).status) == ("substantial", "Open")
	with print_language("sv"):
		told = [step.note for step in records.steps(name) if step.kind == "Proven"]
	assert told[-1] == "Elektronisk identifiering: By her bank"


# Deciding.


def test_an_extension_is_told_within_the_first_month(house: House) -> None:
	name = taken_in(house, received_on=add_days(now_datetime(), -5))
	due = the(name).due_on
	with as_officer():
		decisions.extend(name, 2, "Ten years of mails have to be read.")
	doc = the(name)
	assert doc.due_on > add_days(due, 50) and doc.extended_on
	message = text_of(house.mailbox.wait_for(house.maija.mail, subject="Your data request takes longer"))
	assert "Ten years of mails" in message
	with as_officer(), pytest.raises(frappe.ValidationError):
		decisions.extend(name, 1, "Again")
	late = taken_in(house, "Erasure", received_on=add_days(now_datetime(), -45))
	with as_officer(), pytest.raises(frappe.ValidationError):
		decisions.extend(late, 1, "Too late to say so")


def test_a_question_does_not_stop_the_clock(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	name = asker.asks("Access")
	due = the(name).due_on
	with as_officer():
		decisions.ask(name, "Which shop did you deal with?")
	assert (the(name).status, the(name).due_on) == ("Waiting for Person", due)
	house.mailbox.wait_for(asker.mail, subject="A question about your data request")
	(shown,) = asker.does("view")["requests"]
	assert shown["question"] == "Which shop did you deal with?"
	asker.does("answer", reference=name, words="The one in Oulu.")
	assert the(name).status == "Open"
	assert records.steps(name)[-1].note == "The one in Oulu."
	assert asker.refused("answer", reference=name, words="Once more")["code"] == "invalid_input"


def test_a_reply_by_mail_is_an_answer(house: House) -> None:
	name = taken_in(house)
	with as_officer():
		decisions.ask(name, "Which shop?")
	for_writing()
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"sender": house.maija.mail,
			"subject": "Re: A question",
			"content": "Oulu",
			"reference_doctype": REQUEST,
			"reference_name": name,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	assert the(name).status == "Open" and kinds(name)[-1] == "Answer"


def test_only_an_officer_refuses_with_reason_and_complaint_route_within_the_month(house: House) -> None:
	name = taken_in(house, "Erasure")
	for_writing()
	frappe.set_user(house.users["manager"])
	with pytest.raises(frappe.PermissionError):
		decisions.refuse(name, "No", "Other")
	frappe.set_user("Administrator")
	with as_officer(), pytest.raises(frappe.ValidationError):
		decisions.refuse(name, " ", "Other")
	for ground in ("", "Because"):
		with as_officer(), pytest.raises(frappe.ValidationError, match="Choose the ground"):
			decisions.refuse(name, "The accounting act makes us keep the invoices.", ground)
	with as_officer():
		decisions.refuse(name, "The accounting act makes us keep the invoices.", "Law Forbids or Exempts")
	doc = the(name)
	assert (doc.status, doc.refused_by, doc.refusal_ground) == ("Refused", OFFICER, "Law Forbids or Exempts")
	message = text_of(house.mailbox.wait_for(house.maija.mail, subject="Your data request is refused"))
	assert "The law forbids what you ask" in message
	assert "accounting act" in message and "tietosuoja.fi" in message and "court" in message
	late = taken_in(house, "Access", received_on=add_days(now_datetime(), -45))
	with as_officer(), pytest.raises(frappe.ValidationError):
		decisions.refuse(late, "Too late", "Excessive")
	with as_officer():
		decisions.refuse(late, "Too late", "Excessive", late=True)
	assert "After the month" in records.steps(late)[-2].note


def test_the_person_takes_her_request_back(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	name = asker.asks("Erasure")
	joined = asker.asks_more("Erasure")
	eventually(lambda: the(name).persons, "proposed")
	with as_officer():
		matching.confirm(name, [row.name for row in the(name).persons if row.strength == "Certain"])
		plan = planning.plan_erasure(name)
	shown = {one["reference"]: one for one in asker.does("view")["requests"]}
	assert shown[name]["may_take_back"] and not shown[joined]["may_take_back"]
	shown = {one["reference"]: one for one in asker.does("take_back", reference=name)["requests"]}
	assert {one["state"] for one in shown.values()} == {"withdrawn"}
	assert shown[name]["withdrawn_on"] and not shown[name]["answered_on"]
	assert not shown[name]["due_on"] and not shown[name]["may_take_back"]
	assert (the(name).status, the(joined).status, the(joined).joined_to) == ("Withdrawn", "Withdrawn", name)
	assert frappe.db.get_value("Erasure Plan", plan, ["status", "subject"]) == ("Superseded", None)
	assert kinds(name)[-2:] == ["Withdrawn", "Mailed"]
	assert records.steps(name)[-2].by_user is None
	told = text_of(house.mailbox.wait_for(asker.mail, subject="Your data request is taken back"))
	assert "erase your data" in told and "ask again" in told and "We answer by" not in told
	assert frappe.db.exists("Notification Log", {"document_name": name, "subject": ["like", "%taken back%"]})
	# It is closed for everybody, and asking again is another request.
	assert name not in {row.name for row in reminders.unanswered()}
	assert next_steps.next_step(the(name))["step"] == ""
	with as_officer():
		for verb in (lambda: planning.plan_erasure(name), lambda: decisions.ask(name, "Why?")):
			with pytest.raises(frappe.ValidationError, match="taken this request back"):
				verb()
	again = asker.asks_more("Erasure")
	assert the(again).status == "Open" and not the(again).joined_to


def test_what_was_understood_wrongly_is_put_right_while_nothing_was_done(house: House) -> None:
	name = taken_in(house, "Access", source="Ticket")
	due = the(name).due_on
	with as_officer():
		for kind, because, scope in (
			("Access", "She rang.", ""),
			("Nonsense", "She rang.", ""),
			("Objection", "She rang.", "All"),
			("Erasure", " ", ""),
		):
			with pytest.raises(frappe.ValidationError):
				decisions.change_kind(name, kind, because, scope)
		decisions.change_kind(name, "Erasure", "Her ticket says: delete all of it.")
	assert (the(name).request_type, the(name).due_on) == ("Erasure", due)
	(step,) = [step for step in records.steps(name) if step.kind == "Kind Changed"]
	assert step.note == "Erasure: Her ticket says: delete all of it."
	eventually(
		lambda: any("erase your data" in text_of(one) for one in house.mailbox.all(house.maija.mail)),
		"she is told what is understood now",
	)
	with as_officer():
		decisions.change_kind(name, "Objection", "She only minds the letters.", "Direct Marketing")
	assert "Objection Carried Out" in kinds(name)
	with as_officer(), pytest.raises(frappe.ValidationError, match="has begun"):
		decisions.change_kind(name, "Access", "She rang.")


@pytest.mark.parametrize("proof", [BY_CODE, None])
def test_an_officer_notes_that_the_person_took_the_request_back(house: House, proof: Proof | None) -> None:
	name = taken_in(house, "Rectification", proof=proof, source="Desk", details="My name is Moa.")
	with as_officer():
		with pytest.raises(frappe.ValidationError, match="how the person"):
			decisions.withdraw(name, " ", by_person=False)
		decisions.withdraw(name, "She rang from her number.", by_person=False)
	assert the(name).status == "Withdrawn"
	step = next(step for step in records.steps(name) if step.kind == "Withdrawn")
	assert (step.by_user, step.note) == (OFFICER, "She rang from her number.")
	told = text_of(house.mailbox.wait_for(house.maija.mail, subject="Your data request is taken back"))
	assert ("Maija" in told) == bool(proof)  # what was typed goes to no mailbox that nobody has proven
	for_writing()
	frappe.db.set_value(REQUEST, name, "withdrawn_on", add_days(now_datetime(), -400))
	frappe.db.commit()
	assert name in forgetting.due() and forgetting.pseudonymise(name)


def test_officers_are_reminded_in_one_mail_that_names_nobody(house: House) -> None:
	due = {kind: taken_in(house, kind) for kind in ("Access", "Erasure")}
	for_writing()
	frappe.db.set_value(REQUEST, due["Access"], "due_on", add_days(getdate(), -2))
	frappe.db.set_value(REQUEST, due["Erasure"], "due_on", add_days(getdate(), 3))
	frappe.db.commit()
	before = len(house.mailbox.all(OFFICER))
	reminders.daily()
	reminders.daily()
	message = house.mailbox.wait_for(OFFICER, subject="Data requests wait", after=0)
	text = text_of([m for m in house.mailbox.all(OFFICER) if "Data requests wait" in str(m["Subject"])][-1])
	assert due["Access"] in text and due["Erasure"] in text and "late by 2 days" in text
	assert "Maija" not in text and house.maija.mail not in text and message
	eventually(lambda: len(house.mailbox.all(OFFICER)) > before, "one mail")
	assert kinds(due["Access"]).count("Reminder") == 1
	from signflow.services.privacy import checks

	assert "data_requests_late" in {one.code for one in checks.findings()}
	with as_officer():
		decisions.complete(due["Access"], "Answered after all.", otherwise=True)


def test_a_request_of_another_company_is_handed_over_and_stays_apart(house: House) -> None:
	name = taken_in(house)
	other = another_company()
	with as_officer():
		decisions.hand_over(name, other)
	assert the(name).company == other and "Handed Over" in kinds(name)
	# A user who is kept to the one company sees nothing of the other's.
	for_writing()
	allowed = frappe.get_doc(
		{
			"doctype": "User Permission",
			"user": house.users["manager"],
			"allow": "Company",
			"for_value": house.company,
			"apply_to_all_doctypes": 1,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	frappe.clear_cache(user=house.users["manager"])
	try:
		manager = as_program(house.web, house.users["manager"])
		read = manager.get(f"{house.web}/api/resource/{REQUEST}/{name}", timeout=30)
		listed = manager.get(f"{house.web}/api/resource/{STEP}", params={"limit_page_length": 0}, timeout=30)
		assert read.status_code == 403
		steps = frappe.get_all(STEP, {"request": name, "company": other}, pluck="name")
		assert steps and not set(steps) & {row["name"] for row in listed.json()["data"]}
	finally:
		for_writing()
		frappe.delete_doc("User Permission", allowed.name, ignore_permissions=True)
		frappe.db.set_value(REQUEST, name, "company", house.company)
		frappe.db.set_value(STEP, {"request": name}, "company", house.company)
		frappe.db.commit()
		frappe.clear_cache(user=house.users["manager"])


# Carrying out.


def confirmed(house: House, kind: str, **values: Any) -> str:
	"""A request whose person's certain records an officer has confirmed."""
	name = taken_in(house, kind, **values)
	eventually(lambda: the(name).persons, "proposed")
	with as_officer():
		matching.confirm(name, [row.name for row in the(name).persons if row.strength == "Certain"])
	return name


def test_an_objection_to_marketing_works_at_once_for_the_proven_mailbox(house: House) -> None:
	a_text(house)
	name = taken_in(house, "Objection", objection_scope="Direct Marketing")
	assert actions(house.maija.mail, company=house.company) == ["Objected"]
	assert house.maija.mail not in marketing.willing([house.maija.mail], [house.company])
	assert the(name).status == "Open" and "Objection Carried Out" in kinds(name)
	eventually(lambda: the(name).persons, "proposed")
	with as_officer():
		matching.confirm(name, [row.name for row in the(name).persons if row.strength == "Certain"])
		carrying_out.carry_out(name)
	assert the(name).status == "Done"


def test_a_restriction_stops_marketing_and_informing_until_it_is_lifted_and_told(house: House) -> None:
	name = confirmed(house, "Restriction")
	contact = frappe.db.get_value("Contact", {"email_id": house.maija.mail})
	with as_officer():
		carrying_out.carry_out(name)
	house.mailbox.wait_for(house.maija.mail, subject="Your data is restricted")
	frappe.db.rollback()
	assert frappe.db.get_value("Contact", contact, "signflow_restricted_for") == house.company
	person = consents.person_of("Contact", contact)
	known = marketing.Known([person])
	assert known.state(person, house.company, "Phone").rule.value == "Restricted"
	assert not known.may_be_reached(person, house.company)
	assert known.state(person, "Another", "Phone").allowed  # a restriction is one company's
	with pytest.raises(frappe.ValidationError, match="restricted"):
		informing.inform_now("Contact", contact, house.company)
	frappe.db.rollback()
	with as_officer(), pytest.raises(frappe.ValidationError):
		carrying_out.announce_lifting(name, "It is settled.", getdate())
	with as_officer():
		carrying_out.announce_lifting(name, "It is settled.", add_days(getdate(), 7))
	house.mailbox.wait_for(house.maija.mail, subject="The restriction of your data ends")
	carrying_out.daily()
	assert frappe.db.get_value("Contact", contact, "signflow_restricted_for") == house.company
	for_writing()
	frappe.db.set_value(REQUEST, name, "restriction_lifted_on", add_days(now_datetime(), -1))
	frappe.db.commit()
	carrying_out.daily()
	assert not frappe.db.get_value("Contact", contact, "signflow_restricted_for")


# Who may.


@pytest.fixture(scope="module")
def world(kept_house: House) -> Asking:
	an_officer()
	asking = Asking(kept_house)
	asking.log_in()
	asking.people["officer"] = as_program(kept_house.web, OFFICER)
	name = taken_in(kept_house)
	for_writing()
	frappe.db.set_value(REQUEST, name, {"secret_hash": "5ec2e7", "page_key": "5ec2e7"})
	frappe.db.commit()
	eventually(lambda: the(name).persons, "proposed")
	asking.records = {
		(REQUEST, "open"): name,
		("Data Subject Request Person", "proposed"): the(name).persons[0].name,
		(STEP, "received"): frappe.db.get_value(STEP, {"request": name, "kind": "Received"}),
	}
	return asking


CHANGES = {
	REQUEST: {"status": "Done"},
	"Data Subject Request Person": {"confirmed": 1},
	STEP: {"note": "Another"},
}


@pytest.mark.parametrize("doctype", EXPECTATIONS)
def test_what_each_may_do(world: Asking, doctype: str) -> None:
	((state, table),) = EXPECTATIONS[doctype].items()
	name = world.records[doctype, state]
	url = world.url(doctype, name)
	parent = REQUEST if doctype.endswith("Person") else None
	for persona, allowed in table.items():
		browser = world.people[persona]
		read = browser.get(url, timeout=30)
		assert (read.status_code == 200) == ("r" in allowed), (persona, read.status_code, read.text[:300])
		assert "5ec2e7" not in read.text
		before = world.stored(doctype, name)
		made = {**before, "name": "made", "flags": {"signflow": 1}}
		for answer in (
			browser.put(url, json=CHANGES[doctype], timeout=30),
			browser.delete(url, timeout=30),
			browser.post(world.url(doctype), json=frappe.parse_json(frappe.as_json(made)), timeout=30),
		):
			assert 400 <= answer.status_code < 500, (persona, answer.status_code, answer.text[:300])
		assert world.stored(doctype, name) == before and not frappe.db.exists(doctype, "made")
		for way, names in world.names(persona, doctype, parent).items():
			if "r" not in allowed:
				assert name not in names, (persona, way)


def test_only_officers_decide(world: Asking) -> None:
	name = world.records[REQUEST, "open"]
	values = {
		"extend": {"months": 1, "reason": "Because"},
		"ask": {"question": "Who are you?"},
		"answered": {"words": "Nobody"},
		"refuse": {"reason": "Because"},
		"complete": {"outcome": "Done"},
		"withdraw": {"words": "By telephone"},
		"answer_again": {"because": "She rang"},
		"change_kind": {"kind": "Erasure", "because": "She rang"},
		"add_note": {"words": "Note"},
		"hand_over": {"company": world.house.company},
		"join": {"to": name},
		"confirm": {"rows": []},
		"propose": {},
		"choose": {"doctype": "Contact", "record": "x", "because": "Because"},
		"prove": {"note": "Because"},
		"ask_for_proof": {},
		"carry_out": {},
		"lift": {"reason": "Because", "on": "2099-01-01"},
	}
	before = world.stored(REQUEST, name)
	for persona in ("manager", "owner", "outsider", "operator", "guest"):
		for verb, more in values.items():
			url = f"{world.house.web}/api/method/signflow.api.subject_requests.{verb}"
			answer = world.people[persona].post(
				url, json={"method": "Other", **more, "name": name}, timeout=30
			)
			assert answer.status_code in (401, 403), (persona, verb, answer.status_code, answer.text[:300])
	assert world.stored(REQUEST, name) == before
	by_manager = world.call("manager", "signflow.api.subject_requests.steps", name=name)
	assert by_manager.status_code == 200
	assert get_datetime(by_manager.json()["message"][0]["at"])


def test_staff_say_how_they_know(house: House) -> None:
	with pytest.raises(frappe.ValidationError):
		by_staff("Known to Staff", " ")
	with pytest.raises(frappe.ValidationError):
		by_staff("Electronic Identity", "I say so")
	assert letters.complaint_route(house.company)[0].count("tietosuoja") >= 1


# Letters that law requires.


def test_who_has_unsubscribed_from_all_mail_is_told_what_became_of_his_request(house: House) -> None:
	"""He asked for these himself, and law wants them (GDPR 12(3)-(4), 18(3)). To letters that he did not ask for his word stands."""
	mail = unsubscribed(house.maija.mail)
	told = ["We have received your data request"]
	contact = frappe.db.get_value("Contact", {"email_id": mail})
	access, restriction = taken_in(house), taken_in(house, "Restriction")
	by_post = taken_in(house, "Erasure", proof=None, source="Desk")
	with as_officer():
		intake.ask_for_proof(by_post)
		decisions.ask(access, "Which year do you mean?")
		decisions.extend(access, 1, "There are many records.")
		decisions.refuse(access, "You had it last week.", "Excessive")
		matching.choose(restriction, "Contact", contact, "I know her.")
		carrying_out.carry_out(restriction)
		carrying_out.announce_lifting(restriction, "It is settled.", add_days(getdate(), 5))
	told += ["Is this data request yours?", "A question about your data request"]
	told += ["Your data request takes longer", "Your data request is refused"]
	told += ["Your data is restricted", "The restriction of your data ends"]
	for subject in told:
		house.mailbox.wait_for(mail, subject=subject)
	assert kinds(access).count("Mailed") == 3 and kinds(restriction).count("Mailed") == 2
	assert frappe.db.exists("Email Unsubscribe", {"email": mail, "global_unsubscribe": 1}), "it stays"


def test_nothing_is_mailed_where_there_is_no_address(house: House) -> None:
	"""What the officer has to do stands in its place."""
	for kind in ("Restriction", "Objection"):
		name = by_letter(house, kind, objection_scope="Direct Marketing")
		contact = frappe.db.get_value("Contact", {"email_id": house.maija.mail})
		with as_officer():
			matching.choose(name, "Contact", contact, "I know her.")
			carrying_out.carry_out(name)
		assert "Mailed" not in kinds(name) and the(name).status == "Done"
		assert "No mail could be sent: tell the person another way." in notes(name)


def notes(name: str) -> list[str]:
	return [step.note for step in records.steps(name)]
