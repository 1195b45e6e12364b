"""Builders for tests of retention: rules, holds, and records of a kind of one's own that grow old."""

import hashlib
from datetime import date
from typing import Any

import frappe
from frappe.utils import add_days, add_years, getdate
from frappe.utils.background_jobs import get_queue
from house import House, for_writing
from stage import eventually

PROBE = "Retention Probe"
OFFICER = "Data Protection Officer"


def a_kind_of_record() -> None:
	"""A DocType that somebody made in Desk: whose it is, of whom it speaks, what it belongs to, when it happened."""
	if frappe.db.exists("DocType", PROBE):
		return
	for_writing()
	frappe.get_doc(
		{
			"doctype": "DocType",
			"name": PROBE,
			"module": "Core",
			"custom": 1,
			"autoname": "prompt",
			"fields": [
				{"fieldname": "title", "label": "Title", "fieldtype": "Data"},
				{"fieldname": "company", "label": "Company", "fieldtype": "Link", "options": "Company"},
				{"fieldname": "customer", "label": "Customer", "fieldtype": "Link", "options": "Customer"},
				{"fieldname": "part_of", "label": "Part Of", "fieldtype": "Link", "options": PROBE},
				{"fieldname": "happened_on", "label": "Happened On", "fieldtype": "Date"},
			],
			"permissions": [{"role": "Signflow Manager", "read": 1, "write": 1, "create": 1, "delete": 1}],
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()


def a_probe(name: str, years_ago: int = 5, **values: Any) -> str:
	"""A record that happened so many years (and a day) ago."""
	doc = frappe.get_doc(
		{
			"doctype": PROBE,
			"name": name,
			"happened_on": add_days(add_years(getdate(), -years_ago), -1),
			**values,
		}
	)
	doc.insert(ignore_permissions=True)
	return doc.name


def many_probes(key: str, number: int) -> None:
	"""So many old records, with a comment each."""
	for_writing()
	day = add_years(getdate(), -5)
	stamp = frappe.utils.now()
	frappe.db.bulk_insert(
		PROBE,
		["name", "title", "happened_on", "creation", "modified", "owner", "docstatus"],
		[
			(f"{key}-{place:04d}", f"Secret {key}", day, stamp, stamp, "Administrator", 0)
			for place in range(number)
		],
	)
	frappe.db.bulk_insert(
		"Comment",
		["name", "comment_type", "reference_doctype", "reference_name", "content", "creation", "modified"],
		[
			(f"{key}-{place:04d}", "Comment", PROBE, f"{key}-{place:04d}", "Words", stamp, stamp)
			for place in range(number)
		],
	)
	frappe.db.commit()


def a_rule(document_type: str = PROBE, *, approved: bool = True, **values: Any) -> Any:
	"""An enabled rule that deletes after two years, approved."""
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Retention Rule",
			"title": f"Rule for {document_type}",
			"kind": "Erase After",
			"enabled": 1,
			"document_type": document_type,
			"date_field": "happened_on",
			"reckoning": "The Date",
			"period_length": 2,
			"period_unit": "Years",
			"action": "Delete",
			"ground": "Legitimate Interests",
			"only_company": values.pop("company", None),
			**values,
		}
	)
	doc.flags.signflow = True
	doc.approved = int(approved and doc.kind == "Erase After")
	doc.insert(ignore_permissions=True)
	frappe.db.commit()
	return doc


def a_keeping_rule(document_type: str = PROBE, **values: Any) -> Any:
	"""An enabled rule by which records are kept for ten years."""
	return a_rule(
		document_type, kind="Keep at Least", **{"period_length": 10, "statute": "Act 1/2000", **values}
	)


def a_hold(document_type: str, document_name: str | None = None, **values: Any) -> Any:
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Legal Hold",
			"title": "District court, L 26/1",
			"reason": "A claim for damages",
			"document_type": document_type,
			"document_name": document_name,
			"from_date": getdate(),
			"only_company": values.pop("company", None),
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return doc


def a_row(doctype: str, **values: Any) -> str:
	"""A row of another app's DocType as the database holds it, without its app's checks."""
	doc = frappe.get_doc({"doctype": doctype, **values})
	doc.db_insert()
	return doc.name


def a_fiscal_year(starts_on: date, ends_on: date, company: str) -> None:
	name = f"{starts_on:%Y-%m}–{ends_on:%Y-%m}"
	if frappe.db.exists("Fiscal Year", name):
		return
	frappe.get_doc(
		{
			"doctype": "Fiscal Year",
			"year": name,
			"year_start_date": starts_on,
			"year_end_date": ends_on,
			"companies": [{"company": company}],
		}
	).insert(ignore_permissions=True)


def runs(**options: Any) -> Any:
	"""A run, begun now and ended by the worker: the record."""
	from signflow.services.privacy import retention

	name = retention.start(**{"dry_run": False, **options})
	return ended(name)


def ended(run: str) -> Any:
	eventually(lambda: frappe.db.get_value("Retention Run", run, "status") != "Running", "the run has ended")
	return frappe.get_doc("Retention Run", run)


def worker_rests() -> bool:
	"""Whether no job waits and none is at work."""
	queues = [get_queue(name) for name in ("short", "default", "long")]
	return not any(queue.count or queue.started_job_registry.count for queue in queues)


def an_officer(house: House, key: str = "") -> str:
	"""A user who is a data protection officer."""
	mail = f"officer.{key or house.key}@testi.example"
	frappe.get_doc(
		{
			"doctype": "User",
			"email": mail,
			"first_name": "Officer",
			"send_welcome_email": 0,
			"roles": [{"role": OFFICER}],
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return mail


def checksums(but: tuple[str, ...]) -> dict[str, str]:
	"""A checksum of each table's rows, but of those named."""
	frappe.db.rollback()
	found = {}
	# Frappe 15 names the database's own tables too.
	for table in sorted(frappe.db.get_tables(cached=False)):
		if table in but or not table.startswith(("tab", "__")):
			continue
		rows = frappe.db.sql(f"select * from `{table}`")
		text = "\n".join(sorted(repr(row) for row in rows))
		found[table] = hashlib.sha256(text.encode()).hexdigest()
	return found
