"""Who may do what with the record of processing activities, processors, notices and who was told. EXPECTATIONS is the
specification, as in test_permissions.py (r: read, w: write, d: delete, by the REST API)."""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from house import House, another_company, as_program, for_writing
from personas import NOBODY, Asking
from test_notices import a_notice, officer  # noqa: F401
from test_register import a_processor, an_activity

from signflow.services.privacy import informing, notices

READ = {**NOBODY, "manager": "r", "officer": "r"}
KEPT = {**NOBODY, "manager": "rw", "officer": "rwd"}
EXPECTATIONS: dict[str, dict[str, dict[str, str]]] = {
	"Processing Activity": {"house": KEPT},
	# Rows change with their parent and never by themselves.
	"Processing Activity Data": {"house": READ},
	"Processing Activity DocType": {"house": READ},
	"Processing Activity Processor": {"house": READ},
	"Data Processor": {"house": KEPT},
	"Further Processor": {"house": READ},
	"Privacy Notice": {"draft": KEPT, "published": READ},
	"Privacy Notice Text": {"draft": READ, "published": READ},
	"Notice Delivery": {"house": READ},
}
CHANGES: dict[str, dict[str, Any]] = {
	"Processing Activity": {"retention": "A day"},
	"Processing Activity Data": {"note": "x"},
	"Processing Activity DocType": {"document_type": "Lead"},
	"Processing Activity Processor": {"idx": 7},
	"Data Processor": {"location": "Oulu"},
	"Further Processor": {"location": "Oulu"},
	"Privacy Notice": {"changes": "x"},
	"Privacy Notice Text": {"body": "x"},
	"Notice Delivery": {"status": "Not Needed"},
}


@pytest.fixture(scope="module")
def world(kept_house: House) -> Asking:
	house = kept_house
	asking = Asking(house)
	asking.log_in()
	company = another_company(f"Toinen {house.key}p Oy")
	processor = a_processor(house, company=company)
	activity = an_activity(company, processors=[{"processor": processor.name}])
	published = a_notice(company)
	for_writing()
	draft = notices.new_version(published)
	told = informing._insert(
		company=company,
		party_type="Customer",
		party=house.customer,
		party_made_on=frappe.utils.now_datetime(),
		status="Sent",
		mail_key=f"5ec2e7{house.key}",
	)
	frappe.db.commit()
	asking.records.update(
		{
			("Processing Activity", "house"): activity.name,
			("Processing Activity Data", "house"): activity.data[0].name,
			("Processing Activity DocType", "house"): activity.doctypes[0].name,
			("Processing Activity Processor", "house"): activity.processors[0].name,
			("Data Processor", "house"): processor.name,
			("Further Processor", "house"): processor.further[0].name,
			("Privacy Notice", "draft"): draft.name,
			("Privacy Notice", "published"): published.name,
			("Privacy Notice Text", "draft"): draft.texts[0].name,
			("Privacy Notice Text", "published"): published.texts[0].name,
			("Notice Delivery", "house"): told.name,
		}
	)
	return asking


@pytest.mark.parametrize(
	("doctype", "state"), [(doctype, state) for doctype, states in EXPECTATIONS.items() for state in states]
)
def test_what_each_may_do(world: Asking, officer: str, doctype: str, state: str) -> None:  # noqa: F811
	if "officer" not in world.people:
		world.people["officer"] = as_program(world.house.web, officer)
	expected, name = EXPECTATIONS[doctype][state], world.records[doctype, state]
	world.holds(doctype, name, expected, CHANGES[doctype])
	for persona, allowed in expected.items():
		assert "5ec2e7" not in world.people[persona].get(world.url(doctype, name), timeout=30).text
		for way, names in world.names(persona, doctype, _parent(doctype)).items():
			if "r" not in allowed:
				assert name not in names, (persona, way)


def _parent(doctype: str) -> str | None:
	if doctype.startswith("Processing Activity "):
		return "Processing Activity"
	return {"Further Processor": "Data Processor", "Privacy Notice Text": "Privacy Notice"}.get(doctype)


def test_nobody_writes_by_hand_that_a_person_was_told(world: Asking, officer: str) -> None:  # noqa: F811
	values = {"name": "made", "company": world.house.company, "status": "Sent"}
	for persona in (
		as_program(world.house.web, officer),
		world.people["manager"],
		world.people["Administrator"],
	):
		answer = persona.post(world.url("Notice Delivery"), json=values, timeout=30)
		assert 400 <= answer.status_code < 500, answer.text[:300]
	assert not frappe.db.exists("Notice Delivery", "made")


LIMITED = ("manager", "officer")


@pytest.fixture(scope="module")
def limited(world: Asking) -> Iterator[Asking]:
	"""The manager and an officer are limited to the house's own company; `world`'s records are another's."""
	mail = f"rajattu.{world.house.key}@testi.example"
	for_writing()
	user = frappe.get_doc({"doctype": "User", "email": mail, "first_name": "Raija", "language": "en"})
	user.update({"send_welcome_email": 0, "roles": [{"role": "Data Protection Officer"}]})
	user.flags.no_welcome_mail = True
	user.insert(ignore_permissions=True)
	limits = [
		frappe.get_doc(
			{"doctype": "User Permission", "user": one, "allow": "Company", "for_value": world.house.company}
		).insert(ignore_permissions=True)
		for one in (world.house.users["manager"], mail)
	]
	frappe.db.commit()
	known = dict(world.people)
	world.people["officer"] = as_program(world.house.web, mail)
	yield world
	for_writing()
	for one in limits:
		one.delete(ignore_permissions=True)
	frappe.db.commit()
	world.people.clear()
	world.people.update(known)


@pytest.mark.parametrize("doctype", EXPECTATIONS)
@pytest.mark.parametrize("persona", LIMITED)
def test_who_is_limited_to_a_company_sees_nothing_of_another(
	limited: Asking, persona: str, doctype: str
) -> None:
	parent = _parent(doctype)
	for state in EXPECTATIONS[doctype]:
		name = limited.records[doctype, state]
		before = limited.stored(doctype, name)
		for answer in (
			limited.people[persona].get(limited.url(doctype, name), timeout=30),
			limited.people[persona].put(limited.url(doctype, name), json=CHANGES[doctype], timeout=30),
			limited.people[persona].delete(limited.url(doctype, name), timeout=30),
			limited.call(persona, "frappe.client.get", doctype=doctype, name=name, parent=parent),
			limited.call(persona, "frappe.desk.form.load.getdoc", doctype=doctype, name=name),
			*limited.prints(persona, doctype, name),
		):
			assert answer.status_code in (403, 404), (answer.url, answer.status_code, answer.text[:300])
		assert limited.stored(doctype, name) == before
		for way, names in limited.names(persona, doctype, parent).items():
			assert name not in names, way
		value = limited.call(
			persona,
			"frappe.client.get_value",
			doctype=doctype,
			fieldname="name",
			filters={"name": name},
			parent=parent,
		)
		assert name not in value.text.replace(f"{doctype} {name}", ""), value.text[:300]
		counted = limited.call(
			persona, "frappe.client.get_count", doctype=doctype, filters=[[doctype, "name", "=", name]]
		)
		assert counted.json().get("message") in (0, None), counted.text[:300]
		exported = {"file_format_type": "CSV", "title": "x"}
		for way, more in {"get_count": {}, "get_list": {}, "get": {}, "export_query": exported}.items():
			asked = limited.call(
				persona,
				f"frappe.desk.reportview.{way}",
				doctype=doctype,
				fields=[f"`tab{doctype}`.`name`"],
				filters=[[doctype, "name", "=", name]],
				parent_doctype=parent,
				**more,
			)
			assert asked.status_code < 500, (way, asked.text[:500])
			if way == "get_count":
				assert asked.status_code != 200 or asked.json().get("message") in (0, None), way
			elif asked.status_code == 200:
				assert name not in asked.text, (way, asked.text[:300])
		if parent:
			continue  # the framework prints any row by its name, which is random and nowhere told
		printed = limited.people[persona].get(
			f"{limited.house.web}/printview", params={"doctype": doctype, "name": name}, timeout=30
		)
		assert printed.status_code in (403, 404, 417), (printed.status_code, printed.text[:300])


@pytest.mark.parametrize("persona", LIMITED)
def test_who_is_limited_to_a_company_does_nothing_for_another(limited: Asking, persona: str) -> None:
	house = limited.house
	company = frappe.db.get_value("Privacy Notice", limited.records["Privacy Notice", "draft"], "company")
	draft, published = (limited.records["Privacy Notice", state] for state in ("draft", "published"))
	processor = limited.records["Data Processor", "house"]
	before = frappe.db.count("Processing Activity"), frappe.db.count("Privacy Notice")
	for verb, values in {
		"add_usual_activities": {"company": company},
		"send_agreement": {"name": processor},
		"draft_notice": {"company": company},
		"new_notice_version": {"name": published},
		"write_notice_anew": {"name": draft},
		"left_out_of_notice": {"name": draft},
		"publish_notice": {"name": draft},
		"compare_notice": {"name": published},
		"inform_now": {"doctype": "Contact", "name": "any", "company": company},
	}.items():
		answer = limited.call(persona, f"signflow.api.register.{verb}", **values)
		assert answer.status_code in (403, 404), (verb, answer.status_code, answer.text[:300])
	answer = limited.people[persona].get(
		f"{house.web}/api/method/signflow.api.register.print_register",
		params={"company": company},
		timeout=30,
	)
	assert answer.status_code == 403 and company not in answer.text
	# What is made for one's own company is not moved to another.
	frappe.db.rollback()
	assert before == (frappe.db.count("Processing Activity"), frappe.db.count("Privacy Notice"))
	for doctype, values in {
		"Processing Activity": {"title": "x", "purpose": "x"},
		"Data Processor": {"processor_name": "x", "services": "x"},
		"Privacy Notice": {},
	}.items():
		made = limited.people[persona].post(
			limited.url(doctype), json={"company": company, **values}, timeout=30
		)
		assert made.status_code == 403, (doctype, made.status_code, made.text[:300])


@pytest.mark.parametrize("persona", LIMITED)
@pytest.mark.parametrize(
	"report",
	[
		"Privacy Set-up Check",
		"Personal Data Account",
		"Data Subject Requests in Figures",
		"Persons of Unknown Origin",
	],
)
def test_a_report_tells_nothing_of_another_company(limited: Asking, persona: str, report: str) -> None:
	processor = limited.records["Data Processor", "house"]
	company, name = frappe.db.get_value("Data Processor", processor, ["company", "processor_name"])
	for filters in ("{}", frappe.as_json({"company": company})):
		for way in ("run", "export_query"):
			answer = limited.people[persona].post(
				f"{limited.house.web}/api/method/frappe.desk.query_report.{way}",
				json={
					"report_name": report,
					"filters": filters,
					"file_format_type": "CSV",
					"visible_idx": list(range(500)),
				},
				timeout=30,
			)
			assert answer.status_code < 500, answer.text[:500]
			found = answer.text.replace(filters, "")
			assert company not in found and name not in found, (way, found[:500])


def test_an_officer_who_reads_no_companies_prints_the_record(world: Asking, officer: str) -> None:  # noqa: F811
	"""The role alone opens this module; Company is ERPNext's and for other roles."""
	company = frappe.db.get_value("Data Processor", world.records["Data Processor", "house"], "company")
	printed = as_program(world.house.web, officer).get(
		f"{world.house.web}/api/method/signflow.api.register.print_register",
		params={"company": company},
		timeout=60,
	)
	assert printed.status_code == 200 and printed.content.startswith(b"%PDF"), printed.text[:300]
