"""A planted person is erased: nothing of her is left outside what is kept, nobody else is touched."""

import json
from typing import Any

import frappe
import pytest
from erasing import a_request, holding, lines_of, officers, rows_of
from house import House, for_writing
from planted import Planted
from retention_stage import worker_rests
from stage import eventually

from signflow.services.erasure import execution, planning


class Erased(Planted):
	"""A planted person, with what the look-up's plants leave out: submitted documents, bytes, logs, a session."""

	def plant(self) -> None:
		super().plant()
		for_writing()
		self._documents()
		self._logs()
		frappe.db.commit()

	def _documents(self) -> None:
		self.submitted = self.row(
			"certain",
			"Sales Invoice",
			customer=self.customer,
			customer_name=self.name,
			contact_person=self.hers,
			contact_email=self.mail,
			docstatus=1,
			grand_total=124.0,
			posting_date="2020-03-04",
		)
		self.named_file = self.house._insert(
			"File",
			file_name=f"letter-{self.house.key}.txt",
			is_private=1,
			content=f"Dear {self.name}, {self.mail}",
			attached_to_doctype="Lead",
			attached_to_name=self.lead,
		)

	def _logs(self) -> None:
		self.row("certain", "View Log", viewed_by=self.user, reference_doctype="Contact", reference_name=self.hers)
		self.row("certain", "Activity Log", subject=f"{self.name} logged in", user=self.user)
		self.row("certain", "Error Log", method="x", error=f"Traceback\nmail={self.mail}")
		self.row(
			"certain",
			"Version",
			ref_doctype="Sales Invoice",
			docname=self.submitted,
			data=json.dumps({"changed": [["contact_email", self.mail, "x"], ["contact_display", "", self.name]]}),
		)
		self.row("certain", "Notification Log", subject=f"Mail from {self.mail}", for_user="Administrator")
		frappe.db.sql(
			"insert into `__global_search` (doctype, name, title, content) values (%s, %s, %s, %s)",
			("Contact", self.hers, self.name, f"Name : {self.name} ||| Email : {self.mail}"),
		)
		self.assigned = self.row("others", "Sales Invoice", customer=self.house.customer, owner=self.user)
		frappe.db.set_value(
			"Sales Invoice", self.assigned, "_assign", json.dumps([self.user]), update_modified=False
		)


def decide_all(plan: str, by: str, hers: set[tuple[str, str]] = frozenset()) -> str:
	"""Decide every open line: `hers` are hers, the others are somebody else's."""
	frappe.set_user(by)
	asked = lines_of(plan, action="Decide")
	if not asked:
		return plan
	return planning.decide(
		plan,
		{
			line.name: "Hers" if (line.record_doctype, line.record_name) in hers else "Not Hers"
			for line in asked
		},
	)


@pytest.fixture(scope="module")
def she(kept_house: House) -> Erased:
	frappe.set_user("Administrator")
	made = Erased(kept_house)
	made.plant()
	return made


@pytest.fixture(scope="module")
def erased(she: Erased) -> dict[str, Any]:
	"""She is erased once; what was before and after."""
	frappe.set_user("Administrator")
	made, approver = officers(she.house)
	eventually(worker_rests, "nothing is at work")
	request = a_request(she.house, ("Contact", she.hers))
	before = rows_of()
	held = holding(she.mail, she.user, f"+358{she.digits}")
	frappe.set_user(made)
	plan = planning.plan_erasure(request)
	planned = rows_of()
	plan = decide_all(plan, made)
	frappe.set_user(approver)
	planning.approve(plan)
	asked: list[str] = []
	plain = frappe.db.sql

	def counted(query: Any, *args: Any, **kwargs: Any) -> Any:
		asked.append(str(query))
		return plain(query, *args, **kwargs)

	with_worker_asleep(plan)
	frappe.db.sql = counted
	try:
		execution.carry_on(plan)
	finally:
		del frappe.db.sql
	frappe.set_user("Administrator")
	frappe.db.rollback()
	print(frappe.get_all("Error Log", {"method": ["like", "%erasure%"]}, ["error"], order_by="creation desc"), len(asked))
	return {
		"plan": plan,
		"request": request,
		"before": before,
		"planned": planned,
		"held": held,
		"after": rows_of(),
		"asked": asked,
	}


def with_worker_asleep(plan: str) -> None:
	"""As `run_plan`, but the worker is this process."""
	for_writing()
	frappe.db.set_value(
		"Erasure Plan", plan, {"status": "Running", "work_due": 1}, update_modified=False
	)
	frappe.db.commit()


def test_a_plan_is_a_dry_run(erased: dict[str, Any]) -> None:
	for table, rows in erased["before"].items():
		if table not in ("tabVersion", "tabComment", "__UserSettings"):
			assert erased["planned"][table].keys() == rows.keys(), table


def test_it_ends_and_says_what_it_did(erased: dict[str, Any], she: Erased) -> None:
	doc = frappe.get_doc("Erasure Plan", erased["plan"])
	assert (doc.status, doc.failure) == ("Done", None)
	assert doc.left_over == 0
	assert not frappe.db.get_value("Erasure Plan", erased["plan"], "subject")
	assert {line.status for line in lines_of(doc.name)} == {"Done"}


def test_nothing_of_her_is_left(erased: dict[str, Any], she: Erased) -> None:
	assert len(erased["held"]) > 20, erased["held"].keys()
	left = holding(she.mail, she.user, f"+358{she.digits}")
	for table, rows in left.items():
		for row in rows: print(table, row)
	start = next(i for i, q in enumerate(erased["asked"]) if "started_on" in q and "UPDATE" in q.upper())
	from collections import Counter
	run = erased["asked"][start:]
	end = next(i for i, q in enumerate(run) if "__UserSettings" in q and "DELETE" in q.upper())
	print("RUN", len(run), "before closing", end)
	for q in run[:end]: print("Q", q[:140].replace(chr(10)," "))
	assert not left, left.keys()
