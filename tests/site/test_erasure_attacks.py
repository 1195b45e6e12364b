"""Who may not plan, approve, change or run an erasure, and what a plan that was tampered with comes to."""

import json
from pathlib import Path
from typing import Any

import frappe
import pytest
from erasing import a_request, lines_of, officers
from frappe.utils import add_to_date, now_datetime
from frappe.utils.password import encrypt
from house import House, a_contact, another_company, as_program, for_writing
from retention_stage import a_row, worker_rests
from stage import eventually

from signflow.services.erasure import execution, planning
from signflow.services.erasure.in_files import Look

OURS = ("Erasure Plan", "Erasure Plan Line", "Erasure Ledger Entry", "Erasure Backup")
CHANGES = {
	"Erasure Plan": {"approved_by": "Administrator", "status": "Approved"},
	"Erasure Plan Line": {"action": "Keep", "record_name": "x"},
	"Erasure Ledger Entry": {"record_hash": "x"},
	"Erasure Backup": {"status": "Gone"},
}


@pytest.fixture(scope="module")
def stage(kept_house: House) -> dict[str, Any]:
	"""A person with a few records, a plan of which one line is to be decided, and everybody's sessions."""
	frappe.set_user("Administrator")
	made, approver = officers(kept_house)
	for_writing()
	mail = f"liisa.{kept_house.key}@posti.example"
	contact = a_contact("Liisa", f"Lumi{kept_house.key}", mail)
	note = kept_house._insert("Note", title=f"n-{kept_house.key}", content=f"Ring {mail}").name
	kept_house._insert("Note", title=f"m-{kept_house.key}", content=f"Liisa Lumi{kept_house.key} rang")
	frappe.db.commit()
	eventually(worker_rests, "nothing is at work")
	request = a_request(kept_house, ("Contact", contact))
	frappe.set_user(made)
	plan = planning.plan_erasure(request)
	frappe.set_user("Administrator")
	names = {**kept_house.users, "administrator": "Administrator", "guest": None}
	people = {name: as_program(kept_house.web, user) for name, user in names.items()}
	return {
		"house": kept_house,
		"made": made,
		"approver": approver,
		"contact": contact,
		"note": note,
		"request": request,
		"plan": plan,
		"people": people,
	}


def call(stage: dict[str, Any], persona: str, verb: str, **values: Any) -> Any:
	url = f"{stage['house'].web}/api/method/signflow.api.erasure.{verb}"
	return stage["people"][persona].post(url, json=values, timeout=120)


@pytest.mark.parametrize("persona", ["manager", "owner", "outsider", "operator", "guest"])
def test_only_officers_plan_decide_approve_and_run(stage: dict[str, Any], persona: str) -> None:
	plan = {"plan": stage["plan"]}
	for verb, values in (
		("plan", {"request": stage["request"]}),
		("decide", {**plan, "decisions": {}}),
		("approve", plan),
		("run", plan),
		("overview", plan),
		("records", {**plan, "line": "x"}),
		("to_decide", plan),
	):
		answer = call(stage, persona, verb, **values)
		assert answer.status_code == 403, (verb, answer.text[:300])


def test_nobody_writes_a_plan_its_lines_or_the_ledger(stage: dict[str, Any]) -> None:
	for_writing()
	entry = frappe.get_doc({"doctype": "Erasure Ledger Entry", "action": "Left", "record_hash": "0"})
	entry.flags.signflow = True
	entry.insert()
	backup = frappe.get_doc({"doctype": "Erasure Backup", "plan": stage["plan"], "request": stage["request"]})
	backup.name = f"backup-{stage['house'].key}"
	backup.db_insert()
	frappe.db.commit()
	records = {
		"Erasure Plan": stage["plan"],
		"Erasure Plan Line": lines_of(stage["plan"])[0].name,
		"Erasure Ledger Entry": entry.name,
		"Erasure Backup": backup.name,
	}
	web = f"{stage['house'].web}/api/resource"
	for doctype, name in records.items():
		for persona, browser in stage["people"].items():
			what = (doctype, persona)
			read = browser.get(f"{web}/{doctype}/{name}", timeout=30)
			assert (read.status_code == 200) == (persona in ("planner", "approver", "administrator")), what
			if read.status_code == 200:
				told = read.json()["data"]
				assert not any(told.get(key) for key in ("subject", "decisions", "digest", "fingerprint")), (
					what
				)
			assert (
				browser.put(f"{web}/{doctype}/{name}", json=CHANGES[doctype], timeout=30).status_code >= 400
			), what
			assert browser.delete(f"{web}/{doctype}/{name}", timeout=30).status_code >= 400, what
			made = {"plan": stage["plan"], "record_doctype": "Contact", "action": "Erase", **CHANGES[doctype]}
			assert browser.post(f"{web}/{doctype}", json=made, timeout=30).status_code >= 400, what
			set_value = browser.post(
				f"{stage['house'].web}/api/method/frappe.client.set_value",
				json={"doctype": doctype, "name": name, "fieldname": CHANGES[doctype]},
				timeout=30,
			)
			assert set_value.status_code >= 400, what


def test_what_is_undecided_is_not_approved_and_who_decides_does_not_approve(stage: dict[str, Any]) -> None:
	(asked,) = lines_of(stage["plan"], action="Decide")
	assert "name" in asked.because
	undecided = call(stage, "approver", "approve", plan=stage["plan"])
	assert undecided.status_code == 417, undecided.text[:300]
	own = call(stage, "planner", "approve", plan=stage["plan"])
	assert own.status_code == 403
	wrong = call(
		stage, "planner", "decide", plan=stage["plan"], decisions={lines_of(stage["plan"])[0].name: "Keep"}
	)
	assert wrong.status_code == 417
	decided = call(stage, "approver", "decide", plan=stage["plan"], decisions={asked.name: "Not Hers"})
	assert decided.status_code == 200, decided.text[:500]
	stage["plan"] = decided.json()["message"]
	# He planned it now, and another's decision would not help him.
	assert call(stage, "approver", "approve", plan=stage["plan"]).status_code == 403
	frappe.db.rollback()
	assert frappe.db.get_value("Erasure Plan", stage["plan"], "status") == "Draft"
	assert not lines_of(stage["plan"], action="Decide")


def decided(stage: dict[str, Any]) -> str:
	"""The plan with nothing left to decide; whoever approves had no part in it before."""
	if asked := lines_of(stage["plan"], action="Decide"):
		decisions = {line.name: "Not Hers" for line in asked}
		answer = call(stage, "approver", "decide", plan=stage["plan"], decisions=decisions)
		assert answer.status_code == 200, answer.text[:500]
		stage["plan"] = answer.json()["message"]
		frappe.db.rollback()
	return stage["plan"]


def test_a_plan_that_was_tampered_with_or_is_old_erases_nothing(stage: dict[str, Any]) -> None:
	plan, contact = decided(stage), stage["contact"]
	for_writing()
	frappe.get_doc("Note", stage["note"]).db_set(
		"content", frappe.db.get_value("Note", stage["note"], "content") + " now"
	)
	frappe.db.commit()
	stale = call(stage, "planner", "approve", plan=plan)
	assert stale.status_code == 417 and "changed since" in stale.text
	frappe.set_user(stage["made"])
	stage["plan"] = plan = planning.plan_erasure(stage["request"])
	assert not lines_of(plan, action="Decide")  # what was decided holds on
	assert frappe.db.get_value("Erasure Plan", plan, "made_by") == stage["made"]
	frappe.set_user("Administrator")
	third = f"signflow-third-{stage['house'].key}@testi.example"
	for_writing()
	stage["house"]._insert(
		"User",
		email=third,
		first_name="Third",
		send_welcome_email=0,
		roles=[{"role": "Data Protection Officer"}],
	)
	frappe.db.commit()
	frappe.set_user(third)
	planning.approve(plan)
	frappe.set_user("Administrator")

	def runs() -> Any:
		for_writing()
		values = {"status": "Running", "work_due": 1, "lease_until": None}
		frappe.db.set_value("Erasure Plan", plan, values, update_modified=False)
		frappe.db.commit()
		execution.carry_on(plan)
		frappe.db.rollback()
		return frappe.db.get_value("Erasure Plan", plan, ["status", "failure", "finished_on"], as_dict=True)

	line = lines_of(plan, record_doctype="Note")[0]
	for column, value in (("action", "Mask"), ("record_hash", "0"), ("fields", '{"title": "x"}')):
		for_writing()
		frappe.db.set_value("Erasure Plan Line", line.name, column, value, update_modified=False)
		frappe.db.commit()
		ended = runs()
		assert ended.status == "Failed" and "approved" in ended.failure and not ended.finished_on
		for_writing()
		frappe.db.set_value("Erasure Plan Line", line.name, column, line[column], update_modified=False)
		frappe.db.commit()
	assert frappe.db.exists("Contact", contact) and frappe.db.exists("Note", stage["note"])
	# A record that somebody changed after the approval stays as he left it.
	for_writing()
	frappe.db.set_value("Note", stage["note"], "content", "Somebody else's words now")
	frappe.db.commit()
	ended = runs()
	assert ended.status == "Failed" and frappe.db.exists("Note", stage["note"])
	assert {row.status for row in lines_of(plan, record_doctype="Note")} == {"Failed"}
	assert not frappe.db.exists("Contact", contact)
	# An approval of long ago is no approval of what the data are now.
	for_writing()
	old = {
		"approved_on": add_to_date(now_datetime(), hours=-1),
		"started_on": None,
		"subject": line_subject(plan),
	}
	frappe.db.set_value("Erasure Plan", plan, old, update_modified=False)
	frappe.db.commit()
	assert runs().status == "Superseded"


def line_subject(plan: str) -> str:
	"""A subject as an ended plan has none any more."""
	empty = {"mails": [], "phones": [], "names": [], "all_names": [], "all_mails": [], "all_phones": []}
	return encrypt(json.dumps({**empty, "identities": [], "records": []}))


def test_records_that_point_to_one_another_and_a_look_that_goes_on_in_a_worker(stage: dict[str, Any]) -> None:
	house: House = stage["house"]
	for_writing()
	mail = f"circle.{house.key}@posti.example"
	contact = a_contact("Ritva", f"Rengas{house.key}", mail)
	ring = [house._insert("ToDo", description=f"Ring {mail}").name for _place in range(2)]
	for one, other in (ring, ring[::-1]):
		frappe.db.set_value("ToDo", one, {"reference_type": "ToDo", "reference_name": other})
	loose = Path(frappe.get_site_path("private", "files", f"loose {house.key}.csv"))
	loose.write_text(mail)
	frappe.db.commit()
	eventually(worker_rests, "nothing is at work")
	request = a_request(house, ("Contact", contact))
	frappe.set_user(stage["made"])
	plan = planning.plan_erasure(request)
	found = {line.record_name: line.action for line in lines_of(plan)}
	path = f"private/files/{loose.name}"
	assert {found[name] for name in (*ring, path)} == {"Erase"}
	# As if there had been more files than whoever plans waits for.
	for_writing()
	told = {**planning.unpacked(frappe.get_doc("Erasure Plan", plan)), "files": Look().packed()}
	values = {"subject": encrypt(json.dumps(told)), "work_due": 1, "lease_until": None}
	frappe.db.set_value("Erasure Plan", plan, values, update_modified=False)
	frappe.db.commit()
	early = call(stage, "approver", "approve", plan=plan)
	assert early.status_code == 417 and "looked through" in early.text
	frappe.set_user("Administrator")
	before = frappe.get_doc("Erasure Plan", plan)
	execution.carry_on(plan)
	frappe.db.rollback()
	assert frappe.db.get_value("Erasure Plan", plan, "status") == "Superseded"
	# A worker that began with a plan which somebody else went on from meanwhile changes nothing.
	planning.look_on(before, 30)
	frappe.db.rollback()
	again = frappe.get_doc("Erasure Plan", {"request": request, "status": "Draft"})
	assert (again.made_by, again.work_due) == (stage["made"], 0)
	assert {line.record_name: line.action for line in lines_of(again.name)} == found
	# A file that came since is seen before it is approved.
	loose.with_name(f"later {house.key}.csv").write_text(mail)
	late = call(stage, "approver", "approve", plan=again.name)
	assert late.status_code == 417 and "changed since" in late.text


def test_what_two_companies_share_is_asked_about(stage: dict[str, Any]) -> None:
	"""One controller's officer does not erase another's records by the way."""
	house: House = stage["house"]
	for_writing()
	mail = f"two.{house.key}@posti.example"
	contact = a_contact("Tuuli", f"Two{house.key}", mail)
	frappe.db.commit()
	other = another_company(f"Toinen {house.key} Oy")
	for_writing()
	invoice = a_row(
		"Sales Invoice", name=f"{house.key}-other", company=other, contact_person=contact, docstatus=1
	)
	letter = house._insert(
		"File",
		file_name=f"letter-{house.key}.txt",
		is_private=1,
		content=f"From {mail}",
		attached_to_doctype="Sales Invoice",
		attached_to_name=invoice,
	).name
	frappe.db.commit()
	eventually(worker_rests, "nothing is at work")
	frappe.set_user(stage["made"])
	plan = planning.plan_erasure(a_request(house, ("Contact", contact)))
	frappe.set_user("Administrator")
	lines = {(line.record_doctype, line.record_name): line for line in lines_of(plan)}
	assert ("Sales Invoice", invoice) not in lines and ("File", letter) not in lines
	assert lines["Contact", contact].action == "Decide" and "company" in lines["Contact", contact].because
	for_writing()
	frappe.db.delete("Sales Invoice", {"name": invoice})
	frappe.db.commit()
