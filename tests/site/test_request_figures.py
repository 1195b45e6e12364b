"""The report of requests in figures: exact counts of what came and what became of it, each company to its own people."""

from typing import Any

import frappe
import pytest
from asking import an_officer, as_officer
from house import TIMEOUT, House, another_company, as_program, for_writing

from signflow.services.subject_requests import figures, forgetting

pytestmark = pytest.mark.timeout(240)
REPORT = "Data Subject Requests in Figures"


def came(company: str, kind: str, day: str, due: str, **values: Any) -> str:
	"""A request as it stands in the table."""
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Data Subject Request",
			"request_type": kind,
			"status": "Done",
			"source": "Web Page",
			"company": company,
			"received_on": f"{day} 12:00:00",
			"due_on": due,
			"person_name": "Maija Meri",
			"email": "maija@posti.example",
			"language": "en",
			**values,
		}
	)
	doc.name = f"F-{frappe.generate_hash(length=12)}"
	doc.db_insert()
	frappe.db.commit()
	return doc.name


@pytest.fixture(scope="module")
def company(kept_house: House) -> str:
	frappe.set_user("Administrator")
	company = another_company(f"Luvut {kept_house.key} Oy")
	day, due = "2025-03-03", "2025-04-03"
	first = came(company, "Access", day, due, done_on="2025-03-13 10:00:00")
	# Asked twice: two have come, both are answered with the first.
	came(
		company, "Access", "2025-03-05", due, done_on="2025-03-13 10:00:00", joined_to=first, source="Portal"
	)
	came(company, "Access", day, due, done_on="2025-04-04 10:00:00", source="Ticket")
	extended = {"extended_on": "2025-03-20 10:00:00", "source": "Mail"}
	came(company, "Erasure", day, "2025-05-05", done_on="2025-05-02 10:00:00", **extended)
	refused = {"status": "Refused", "source": "Desk"}
	came(
		company, "Erasure", day, due, refused_on="2025-03-04 10:00:00", refusal_ground="Excessive", **refused
	)
	# An extension does not lengthen the month for refusing; older refusals have no ground.
	came(company, "Erasure", day, "2025-06-03", refused_on="2025-04-10 10:00:00", **{**extended, **refused})
	came(company, "Objection", day, due, status="Withdrawn", withdrawn_on="2025-03-04 10:00:00")
	came(company, "Objection", day, due, status="Open", source="Portal")
	came(company, "Objection", day, "2099-04-03", status="Unverified", source="Mail")
	# May be nobody's; and what came on other days.
	came(company, "Access", day, due, status="Unverified")
	came(company, "Access", "2025-02-28", due, done_on="2025-03-13 10:00:00")
	came(company, "Access", "2025-04-01", due, done_on="2025-04-02 10:00:00")
	return company


def counted(company: str) -> dict[str, dict[str, Any]]:
	rows = figures.by_right("2025-03-01", "2025-03-31", company)
	return {row["right"]: {name: value for name, value in row.items() if value} for row in rows}


EXPECTED = {
	"Access": {
		**{"received": 3, "by_web_page": 1, "by_portal": 1, "by_ticket": 1, "in_time": 2, "late": 1},
		"median_days": 10,
	},
	"Portability": {},
	"Rectification": {},
	"Erasure": {
		**{"received": 3, "by_mail": 1, "by_desk": 2, "in_time": 2, "late": 1, "extended": 2, "refused": 2},
		**{"refused_excessive": 1, "refused_not_said": 1, "median_days": 38},
	},
	"Restriction": {},
	"Objection": {
		**{"received": 3, "by_web_page": 1, "by_portal": 1, "by_mail": 1, "open": 2, "overdue": 1},
		"withdrawn": 1,
	},
	"Total": {
		**{"received": 9, "by_web_page": 2, "by_portal": 2, "by_ticket": 1, "by_mail": 2, "by_desk": 2},
		**{"in_time": 4, "late": 2, "open": 2, "overdue": 1, "withdrawn": 1, "extended": 2, "refused": 2},
		**{"refused_excessive": 1, "refused_not_said": 1, "is_total": 1, "median_days": 21},
	},
}


def test_each_right_is_counted_with_what_became_of_it(company: str) -> None:
	assert counted(company) == {right: {"right": right, **row} for right, row in EXPECTED.items()}


def test_what_was_pseudonymised_is_counted_as_before(company: str) -> None:
	done = {
		"company": company,
		"status": ["in", ("Done", "Refused", "Withdrawn")],
		"joined_to": ["is", "not set"],
	}
	for name in frappe.get_all("Data Subject Request", done, pluck="name"):
		assert forgetting.pseudonymise(name)
	assert counted(company) == {right: {"right": right, **row} for right, row in EXPECTED.items()}


def test_the_report_counts_for_each_only_the_companies_that_are_hers(house: House, company: str) -> None:
	mail = f"luvut.{house.key}@testi.example"
	an_officer(mail)
	limit = {"doctype": "User Permission", "user": mail, "allow": "Company", "for_value": house.company}
	for_writing()
	frappe.get_doc(limit).insert(ignore_permissions=True)
	frappe.db.commit()
	with as_officer(mail):
		assert counted(company)["Total"] == {"right": "Total", "is_total": 1}
	url = f"{house.web}/api/method/frappe.desk.query_report.run"
	asked = {"company": company, "from_date": "2025-03-01", "to_date": "2025-03-31"}
	values = {"report_name": REPORT, "filters": frappe.as_json(asked)}
	for person, received in ((an_officer(), 9), (mail, 0), (house.users["outsider"], None)):
		answer = as_program(house.web, person).get(url, params=values, timeout=TIMEOUT)
		if received is None:
			assert answer.status_code == 403
			continue
		assert answer.status_code == 200, answer.text[:500]
		total = next(row for row in answer.json()["message"]["result"] if row.get("is_total"))
		assert total["received"] == received
