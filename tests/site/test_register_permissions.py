"""Who may do what with the record of processing activities, processors, notices and who was told. EXPECTATIONS is the
specification, as in test_permissions.py (r: read, w: write, d: delete, by the REST API)."""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from house import House, as_program, for_writing
from personas import NOBODY, Asking
from test_notices import a_notice, officer  # noqa: F401
from test_register import a_processor, an_activity, another_company, no_more_companies_than

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
def world(kept_house: House) -> Iterator[Asking]:
	house = kept_house
	asking = Asking(house)
	asking.log_in()
	before = frappe.get_all("Company", pluck="name", order_by="name asc")
	company = another_company(f"{house.key}p")
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
	yield asking
	frappe.db.rollback()
	no_more_companies_than(before)


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
