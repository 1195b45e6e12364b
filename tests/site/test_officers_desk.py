"""What an officer sees and does in Desk: what is next on a request, a plan in plain words, what is his to decide."""

import json
from typing import Any

import frappe
import frappe.client
import pytest
from asking import an_officer, as_officer, the
from erasing import OFFICER, a_request, lines_of, officers
from frappe.translate import print_language
from frappe.utils import add_days, getdate, now_datetime
from frappe.utils.user import get_users_with_role
from house import House, a_contact, another_company, as_program, for_writing
from retention_stage import a_keeping_rule, worker_rests
from stage import eventually

from signflow.services.erasure import planning, reading
from signflow.services.privacy import record_names
from signflow.services.subject_requests import decisions, matching, next_steps, recipients, records
from signflow.signflow.stored_words import as_stored, kept, said

pytestmark = pytest.mark.timeout(240)
SCRIPT = "<script>window.hacked=1</script>"


@pytest.fixture(scope="module")
def stage(kept_house: House) -> dict[str, Any]:
	"""A plan with an invoice that is kept, and with a comment, a file and a mail that may be somebody else's."""
	house = kept_house
	frappe.set_user("Administrator")
	made, approver = officers(house)
	for_writing()
	name, mail = f"Liisa Lumi{house.key}", f"liisa.{house.key}@posti.example"
	contact = a_contact("Liisa", f"Lumi{house.key}", mail, ("Customer", house.customer))
	frappe.get_doc(
		{
			"doctype": "Comment",
			"comment_type": "Comment",
			"reference_doctype": "Customer",
			"reference_name": house.customer,
			"content": f"<p>{name} rang {SCRIPT} about the boat</p>",
		}
	).insert(ignore_permissions=True)
	house._insert(
		"File",
		file_name=f"{name}.txt",
		is_private=1,
		content="A letter",
		attached_to_doctype="Customer",
		attached_to_name=house.customer,
	)
	house._insert("Note", title=f"note {house.key}", content=f"Ring {name} <img src=x onerror=alert(1)>")
	invoice = frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"customer": house.customer,
			"company": house.company,
			"contact_person": contact,
			"contact_email": mail,
			"po_no": f"desk-{house.key}",
			"posting_date": "2026-03-04",
			"docstatus": 1,
		}
	)
	invoice.name = f"{house.key}-desk"
	invoice.db_insert()
	a_keeping_rule(
		"Sales Invoice",
		date_field="posting_date",
		filters_json=json.dumps([["Sales Invoice", "po_no", "=", f"desk-{house.key}"]]),
	)
	frappe.db.commit()
	eventually(worker_rests, "nothing is at work")
	request = a_request(house, ("Contact", contact), language="fi", email=mail, person_name=name)
	frappe.set_user(made)
	plan = planning.plan_erasure(request)
	frappe.set_user("Administrator")
	return {
		"house": house,
		"made": made,
		"approver": approver,
		"request": request,
		"plan": plan,
		"name": name,
	}


def as_user(user: str, check: Any) -> Any:
	for_writing()
	frappe.set_user(user)
	try:
		return check()
	finally:
		frappe.set_user("Administrator")
		frappe.db.commit()


def test_a_plan_is_read_in_plain_words(stage: dict[str, Any]) -> None:
	shown = as_user(stage["made"], lambda: reading.overview(stage["plan"]))
	summary = {one["action"]: one for one in shown["summary"]}
	assert {"kind": "Contact person", "count": 1} in summary["Mask"]["kinds"]
	assert summary["Keep"]["kinds"] == [{"kind": "Invoice", "count": 1}]
	(invoice,) = [one for one in shown["groups"] if one["action"] == "Keep"]
	assert "2032" in invoice["until"] or "20" in invoice["until"]
	assert invoice["because"] and invoice["later"].startswith("Then ")
	found = as_user(stage["made"], lambda: reading.records_of(stage["plan"], invoice["line"]))
	assert len(found["records"]) == 1 and not found["more"]
	# An officer who may read no invoice gets no link to it.
	assert found["records"][0]["title"] and not found["records"][0]["link"]
	assert as_user("Administrator", lambda: reading.records_of(stage["plan"], invoice["line"]))["records"][0][
		"link"
	]
	# She reads it in her language, whatever the officer's is.
	assert "- Lasku (1): " in shown["told"] and "Contact" not in shown["told"]
	assert shown["told_in"] == "Finnish" and shown["told"] == frappe.db.get_value(
		"Erasure Plan", stage["plan"], "told"
	)


def test_what_is_to_be_decided_is_shown_and_seeing_it_is_logged(stage: dict[str, Any]) -> None:
	log = {"user": stage["made"], "kind": "View", "purpose": f"Erasure Plan {stage['plan']}"}
	frappe.db.rollback()
	before = frappe.db.count("Personal Data Access", log)
	shown = as_user(stage["made"], lambda: reading.to_decide(stage["plan"]))
	kinds = {one["kind"]: one for one in shown["kinds"]}
	# Another says that the file was attached.
	(comment,) = [one for one in kinds["Comment"]["records"] if "rang" in one["title"]]
	assert comment["under"].startswith("Customer record: ")
	assert [field["label"] for field in comment["fields"]] == ["Content"]
	text = comment["fields"][0]["text"]
	assert stage["name"] in text and "about the boat" in text and comment["fields"][0]["hers"]
	# It hangs under others' customer, so it would stay without her words.
	assert comment["choices"]["Hers"] == "It stays, and what tells who it was is taken out."
	assert "Only the name is the same" in kinds["Comment"]["question"]
	(note,) = kinds["Note"]["records"]
	assert (
		note["choices"]["Hers"] == "It is erased."
		and note["title"].startswith("note ")
		and any(field["hers"] for field in note["fields"])
	)
	assert frappe.db.count("Personal Data Access", log) == before + 1
	# Each reader has it in his own language, whoever made the plan.
	lines = lines_of(stage["plan"], record_doctype="Comment", action="Decide")
	asked = "Only the name is the same, which others may have. Is it about this person?"
	assert {line.because for line in lines} == {asked}


def test_a_file_to_be_decided_is_opened_by_whoever_may_read_it(stage: dict[str, Any]) -> None:
	frappe.clear_messages()
	for user, may_open in ((stage["made"], False), ("Administrator", True)):
		shown = as_user(user, lambda: reading.to_decide(stage["plan"]))
		(kind,) = [one for one in shown["kinds"] if one["kind"] == "File"]
		(record,) = kind["records"]
		assert record["file"]["name"].startswith(stage["name"]) and record["under"]
		assert bool(record["file"]["address"]) == may_open, user
		assert not frappe.local.message_log


def test_decisions_that_make_no_sense_are_refused_and_change_nothing(stage: dict[str, Any]) -> None:
	lines = lines_of(stage["plan"], action="Decide")
	officer = as_program(stage["house"].web, stage["made"])
	url = f"{stage['house'].web}/api/method/signflow.api.erasure.decide"
	keep = {lines[0].name: "Keep"}
	coming = str(add_days(getdate(), 30))
	for decided, until, ground in (
		({lines[0].name: "Perhaps"}, None, None),
		({"no-such-line": "Keep"}, coming, "A claim is under way."),
		# Nothing is kept without a day to come and a reason.
		(keep, None, "A claim is under way."),
		(keep, str(getdate()), "A claim is under way."),
		(keep, "soon", "A claim is under way."),
		(keep, coming, "  "),
	):
		values = {"decisions": decided, "keep_until": until, "keep_ground": ground}
		answer = officer.post(url, json={"plan": stage["plan"], **values}, timeout=60)
		assert answer.status_code == 417, answer.text[:500]
	frappe.db.rollback()
	assert frappe.db.get_value("Erasure Plan", stage["plan"], "status") == "Draft"


def test_planned_anew_nothing_is_decided(stage: dict[str, Any]) -> None:
	lines = lines_of(stage["plan"], action="Decide")
	choose = {line.name: "Not Hers" for line in lines}
	approver = officers(stage["house"])[1]
	# Whoever decided in a plan is offered no button that refuses him, whoever plans it anew.
	stage["plan"] = as_user(approver, lambda: planning.decide(stage["plan"], choose))
	before, stage["plan"] = (
		stage["plan"],
		as_user(stage["made"], lambda: planning.plan_erasure(stage["request"])),
	)
	assert not lines_of(stage["plan"], action="Decide")

	def read(user: str, plan: str) -> Any:
		return as_user(user, lambda: reading.overview(plan))

	for user, may in ((stage["made"], False), (approver, False), (an_officer(), True)):
		told = read(user, stage["plan"])["approval"]
		assert told["may"] is may and not told["again"], told
	assert "another officer approves it, such as " in read(stage["made"], stage["plan"])["approval"]["said"]
	assert read(approver, before)["newer"] == stage["plan"] and not read(approver, stage["plan"])["newer"]
	# Where these two are all there are, whoever decided plans it again, and the other one approves.
	others = sorted(set(get_users_with_role(OFFICER)) - {stage["made"], approver})
	_enable(others, 0)
	try:
		told = read(approver, stage["plan"])["approval"]
		assert told["again"] and "then Planner approves it" in told["said"], told
		assert "One of them plans it again" in read(stage["made"], stage["plan"])["approval"]["said"]
		again = as_user(approver, lambda: planning.plan_erasure(stage["request"]))
		assert read(stage["made"], again)["approval"]["may"]
		stage["plan"] = again
	finally:
		_enable(others, 1)
	stage["plan"] = as_user(stage["made"], lambda: planning.plan_erasure(stage["request"], anew=True))
	assert len(lines_of(stage["plan"], action="Decide")) == len(lines)


def _enable(users: list[str], value: int) -> None:
	for_writing()
	frappe.db.set_value("User", {"name": ["in", users]}, "enabled", value)
	frappe.db.commit()


def test_the_next_step_is_said_and_an_erasure_is_not_answered_before_it_is_done(
	stage: dict[str, Any],
) -> None:
	with as_officer(an_officer()):
		step = next_steps.next_step(the(stage["request"]))
		assert (step["step"], step["record"]) == ("decide", stage["plan"]) and "left to decide" in step[
			"said"
		]
		with pytest.raises(frappe.ValidationError, match="left to decide"):
			decisions.complete(stage["request"], "All is erased.", otherwise=True)
	assert the(stage["request"]).status == "Planned"


def test_each_right_has_its_next_step(house: House) -> None:
	an_officer()
	contact = frappe.db.get_value("Contact", {"email_id": house.maija.mail})

	def step(kind: str, **values: Any) -> str:
		request = a_request(house, ("Contact", contact), request_type=kind, **values)
		return next_steps.next_step(the(request))["step"]

	assert step("Erasure") == "plan"
	assert step("Access") == "copy" and step("Portability") == "copy"
	assert step("Rectification") == "correct"
	assert step("Restriction") == "restrict"
	assert step("Objection", objection_scope="Direct Marketing") == "stop_marketing"
	assert step("Objection", objection_scope="Other Processing") == "complete"
	assert step("Access", status="Unverified") == "prove"
	assert step("Access", status="Done") == ""
	proposed = a_request(house, ("Contact", contact))
	for_writing()
	frappe.db.set_value("Data Subject Request Person", {"parent": proposed}, "confirmed", 0)
	frappe.db.commit()
	assert next_steps.next_step(the(proposed))["step"] == "confirm"
	with as_officer():
		with pytest.raises(frappe.ValidationError, match="none of them is"):
			decisions.complete(proposed, "Nothing is held.")
		matching.confirm(proposed, [])
		decisions.complete(proposed, "Nothing is held.")
	assert the(proposed).status == "Done"


@pytest.mark.parametrize("kind", ["Erasure", "Access"])
def test_without_a_record_nothing_is_answered_silently(house: House, kind: str) -> None:
	"""A representative's mailbox proposes no record: they are added by hand, or nothing is held, said and on record."""
	an_officer()
	request = a_request(house, request_type=kind, is_representative=1, represents="My mother")
	assert next_steps.next_step(the(request))["step"] == "add_records"
	with as_officer():
		with pytest.raises(frappe.ValidationError, match="add her records"):
			decisions.complete(request, "All is done.")
		with pytest.raises(frappe.ValidationError, match="how you know"):
			decisions.complete(request, "All is done.", nothing_held="-")
		contact = frappe.db.get_value("Contact", {"email_id": house.matti.mail})
		other = a_request(house, request_type=kind, is_representative=1, represents="My mother")
		matching.choose(other, "Contact", contact, "The power of attorney names him")
		with pytest.raises(frappe.ValidationError, match="yet"):
			decisions.complete(other, "All is done.", nothing_held="Looked through everything")
	with as_officer():
		decisions.complete(request, "Nothing is held.", nothing_held="Looked for by name and address")
	assert the(request).status == "Done" and the(other).status == "Open"
	assert any("Looked for by name" in step.note for step in records.steps(request))


def test_answered_in_another_way_is_on_record(house: House) -> None:
	an_officer()
	contact = frappe.db.get_value("Contact", {"email_id": house.maija.mail})
	request = a_request(house, ("Contact", contact), request_type="Access")
	with as_officer():
		with pytest.raises(frappe.ValidationError, match="No copy"):
			decisions.complete(request, "Read out on the telephone.")
		decisions.complete(request, "Read out on the telephone.", otherwise=True)
	assert any("another way" in step.note for step in records.steps(request))


def test_processors_are_told_before_the_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
	contact = frappe.db.get_value("Contact", {"email_id": house.maija.mail})
	restricted = {"request_type": "Restriction", "restricted_on": now_datetime()}
	request = the(a_request(house, ("Contact", contact), **restricted))
	assert recipients.unlisted(request) == [] and next_steps.next_step(request)["step"] == "complete"


# Words


def test_what_is_written_down_is_said_in_each_readers_language(house: House) -> None:
	stored = kept("Records proposed: {0}", 3)
	assert said(stored) == "Records proposed: 3"
	with print_language("fi"):
		assert said(stored) == "Ehdotettuja tietueita: 3" or said(stored) != "Records proposed: 3"
	# What was written before, and what somebody typed, is as it was.
	assert said("Ehdotettuja tietueita: 3") == "Ehdotettuja tietueita: 3"
	for typed in (stored + "", '{"text": "Proven", "values": []}', '{"text":', "Mail\n{0}"):
		assert said(as_stored(str(typed), 2000)).strip() == str(typed)
	for broken in ('{"text": 1}', '{"text": "a {9} {x}", "values": ["b"]}'):
		assert said(broken)


def test_a_person_cannot_write_a_step_of_the_sites(house: House) -> None:
	an_officer()
	request = a_request(house, request_type="Access")
	forged = '{"text": "Plan {0}", "values": ["EP-1"]}'
	with as_officer():
		decisions.answer(request, forged, by_person=True)
	assert records.steps(request)[-1].note.strip() == forged


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_kinds_of_records_have_words_of_ours(site: str, language: str) -> None:
	# Words that are alike in the other language.
	alike = {"Tag on a record"}
	with print_language(language):
		left = [
			name
			for name in record_names.NAMES
			if record_names.name_of(name) == record_names.NAMES[name] not in alike
		]
		assert not left, left
		# A kind that nobody has named is told by its group.
		assert record_names.name_of("Milestone Tracker") != "Milestone Tracker"


# Companies


def test_an_officer_with_no_other_role_chooses_companies_by_name_and_sees_no_more(house: House) -> None:
	officer = as_program(house.web, an_officer())
	method = f"{house.web}/api/method"
	other = another_company("Toinen Oy")
	found = officer.post(
		f"{method}/frappe.desk.search.search_link", json={"doctype": "Company", "txt": "Toi"}, timeout=60
	)
	assert found.status_code == 200, found.text[:500]
	told = found.json()
	assert [row["value"] for row in told.get("message") or told["results"]] == [other]
	link = {"doctype": "Company", "docname": other}
	# As the field checks what was chosen, in one version or the other.
	verb = next(one for one in ("validate_link_and_fetch", "validate_link") if hasattr(frappe.client, one))
	checked = officer.get(f"{method}/frappe.client.{verb}", params=link, timeout=60)
	assert checked.status_code == 200 and checked.json()["message"]["name"] == other
	assert officer.get(f"{house.web}/api/resource/Company/{other}", timeout=60).status_code == 403
	assert (
		officer.put(f"{house.web}/api/resource/Company/{other}", json={"abbr": "X"}, timeout=60).status_code
		== 403
	)
	rows = officer.get(
		f"{house.web}/api/resource/Company",
		# One alone: Frappe 15 takes each second field of those refused out of a list (frappe/frappe#37950).
		params={"fields": '["name", "abbr"]'},
		timeout=60,
	)
	told = rows.json().get("data") or []
	# What Frappe lets be seen of what is chosen: the name, and what the DocType is searched by.
	assert all(set(row) <= {"name", *frappe.get_meta("Company").get_search_fields()} for row in told), told
	# Whoever is kept to one company chooses that one alone.
	for_writing()
	limit = frappe.get_doc(
		{
			"doctype": "User Permission",
			"user": an_officer(),
			"allow": "Company",
			"for_value": house.company,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	try:
		found = officer.post(
			f"{method}/frappe.desk.search.search_link", json={"doctype": "Company", "txt": ""}, timeout=60
		).json()
		assert [row["value"] for row in found.get("message") or found["results"]] == [house.company]
	finally:
		for_writing()
		limit.delete(ignore_permissions=True)
		frappe.db.commit()


def test_what_else_the_person_has_asked_is_answered_before_her_erasure_or_expressly_passed_over(
	house: House,
) -> None:
	frappe.set_user("Administrator")
	for_writing()
	mail = f"saana.{house.key}@posti.example"
	contact = a_contact("Saana", f"Saari{house.key}", mail)
	frappe.db.commit()
	made, approver = officers(house)
	her = ("Contact", contact)
	request = a_request(house, her, email=mail)
	correction = a_request(house, request_type="Rectification", email=mail)
	by_record = a_request(house, her, request_type="Access", email=f"other.{mail}")
	unproven = a_request(house, request_type="Access", email=mail, status="Unverified")
	answered = a_request(house, her, request_type="Access", status="Done")
	fetched = a_request(house, her, request_type="Access", status="Done")
	as_user("Administrator", lambda: [a_ready_copy(house, answered, 0), a_ready_copy(house, fetched, 1)])
	step = next_steps.next_step(the(request))
	assert step["step"] == "plan" and correction in step["said"] and answered in step["said"]
	plan = as_user(made, lambda: planning.plan_erasure(request))
	assert not lines_of(plan, action="Decide")
	for told in (
		as_user(approver, lambda: reading.overview(plan))["competing"],
		next_steps.next_step(the(request))["said"],
	):
		assert all(one in told for one in (correction, by_record, answered)), told
		assert not any(one in told for one in (request, unproven, fetched)), told
	with pytest.raises(frappe.ValidationError, match=correction):
		as_user(approver, lambda: planning.approve(plan))
	assert the(request).status == "Planned"
	as_user(approver, lambda: planning.approve(plan, regardless=True))
	assert the(request).status == "Approved" and any(
		correction in step.note and answered in step.note for step in records.steps(request)
	)


def a_ready_copy(house: House, request: str, downloads: int) -> None:
	doc = frappe.get_doc(
		{
			"doctype": "Personal Data Export",
			"request": request,
			"company": house.company,
			"scope": "Access",
			"status": "Ready",
			"language": "en",
			"downloads": downloads,
		}
	)
	doc.flags.signflow = True
	doc.insert(ignore_permissions=True)
