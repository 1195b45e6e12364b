"""Builders for tests of erasure: requests of proven persons, officers, and a site's rows as they were."""

from pathlib import Path
from typing import Any

import frappe
from frappe.utils import add_days, getdate, now_datetime
from frappe.utils.password import update_password
from house import House, for_writing

from signflow.core.privacy.needles import Needles
from signflow.services.erasure import execution, planning

OFFICER = "Data Protection Officer"
# What the process itself writes, and what lives by itself.
OWN_TABLES = (
	*("tabErasure Plan", "tabErasure Plan Line", "tabErasure Ledger Entry", "tabPersonal Data Access"),
	"tabErasure Backup",
	*("tabData Subject Request", "tabData Subject Request Step", "tabData Subject Request Person"),
	*("tabScheduled Job Log", "tabScheduled Job Type", "tabSessions", "tabRQ Job", "tabSeries"),
)


def officers(house: House) -> tuple[str, str]:
	"""Two officers: one who plans, one who approves."""
	for_writing()
	mails = []
	for name in ("planner", "approver"):
		mail = f"signflow-{name}@testi.example"
		if not frappe.db.exists("User", mail):
			house._insert(
				"User",
				email=mail,
				first_name=name.capitalize(),
				send_welcome_email=0,
				language="en",
				roles=[{"role": OFFICER}],
			)
			update_password(mail, f"{name}-Secret-1")
		house.users[name] = mail
		mails.append(mail)
	frappe.db.commit()
	return mails[0], mails[1]


def a_request(house: House, *persons: tuple[str, str], **values: Any) -> str:
	"""A proven request for erasure, with the records that an officer confirmed."""
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Data Subject Request",
			"company": house.company,
			"request_type": "Erasure",
			"status": "Open",
			"source": "Desk",
			"received_on": now_datetime(),
			"due_on": add_days(getdate(), 30),
			"language": "en",
			"proof_level": "mail_code",
			"persons": [
				{"record_doctype": doctype, "record_name": name, "because": "Mail", "confirmed": 1}
				for doctype, name in persons
			],
			**values,
		}
	)
	doc.flags.signflow = True
	doc.flags.ignore_links = True
	doc.insert(ignore_permissions=True)
	frappe.db.commit()
	return doc.name


def lines_of(plan: str, **filters: Any) -> list[Any]:
	frappe.db.rollback()
	return frappe.get_all("Erasure Plan Line", {"plan": plan, **filters}, ["*"], order_by="place asc")


def decide_all(plan: str, by: str) -> str:
	"""Decide every open line: they are somebody else's."""
	frappe.set_user(by)
	asked = lines_of(plan, action="Decide")
	return planning.decide(plan, {line.name: "Not Hers" for line in asked}) if asked else plan


def to_be_run_here(plan: str) -> None:
	"""As `run_plan`, but the worker is this process."""
	for_writing()
	values = {"status": "Running", "work_due": 1, "lease_until": None, "approved_on": now_datetime()}
	frappe.db.set_value("Erasure Plan", plan, values, update_modified=False)
	frappe.db.commit()


def approved(plan: str, approver: str) -> None:
	"""Approve a plan as a second officer, whatever else the person has asked; it is to be carried out by this process."""
	frappe.set_user(approver)
	planning.approve(plan, regardless=True)
	frappe.set_user("Administrator")
	to_be_run_here(plan)


def carried_out(plan: str) -> None:
	"""Carry a plan out here, to its end, with nothing left over."""
	execution.carry_on(plan)
	frappe.db.rollback()
	assert frappe.db.get_value("Erasure Plan", plan, ["status", "left_over"]) == ("Done", 0)


def rows_of(tables: tuple[str, ...] = ()) -> dict[str, dict[str, tuple]]:
	"""All rows of all tables (or of those named), by their first column's value."""
	frappe.db.rollback()
	found: dict[str, dict[str, tuple]] = {}
	for table in sorted(frappe.db.get_tables(cached=False)):
		# The tables behind SQLite's index are its own.
		if not table.startswith(("tab", "__")) or table.startswith("__global_search_"):
			continue
		if table not in tables if tables else table in OWN_TABLES:
			continue
		found[table] = {repr(row): row for row in frappe.db.sql(f"select * from `{table}`")}
	return found


def holding(*strings: str) -> dict[str, list[tuple]]:
	"""The rows of each table in which one of `strings` stands in any form (a telephone in E.164)."""
	needles = Needles(strings)
	return {
		table: found
		for table, rows in rows_of().items()
		if (found := [row for text, row in rows.items() if needles.found_in(text)])
	}


def put_back(rows: dict[str, dict[str, tuple]]) -> None:
	"""What restoring a backup does: the tables hold the rows of then again."""
	now = rows_of(tuple(rows))
	for_writing()
	for table, stored in rows.items():
		if now[table].keys() == stored.keys():
			continue
		columns = _columns(table)
		if "name" in columns and table != "__global_search":
			place = columns.index("name")
			for key, row in now[table].items():
				if key not in stored:
					frappe.db.sql(f"delete from `{table}` where name = %s", (row[place],))
			missing = [row for key, row in stored.items() if key not in now[table]]
		else:
			frappe.db.sql(f"delete from `{table}`")
			missing = list(stored.values())
		marks = ", ".join(["%s"] * len(columns))
		for row in missing:
			frappe.db.sql(f"insert into `{table}` values ({marks})", row)
	frappe.db.commit()
	frappe.clear_cache()


def _columns(table: str) -> list[str]:
	frappe.db.sql(f"select * from `{table}` limit 1")
	return [one[0] for one in frappe.db._cursor.description]


def files_of(folder: str = "private/files") -> dict[str, bytes]:
	"""The bytes of a site's files, by path."""
	return {str(path): path.read_bytes() for path in sorted(Path(frappe.get_site_path(folder)).rglob("*"))}


def differences(one: dict[str, dict[str, tuple]], other: dict[str, dict[str, tuple]]) -> dict[str, list[str]]:
	"""The rows that stand in one of two sets alone, by table."""
	return {
		table: sorted(one.get(table, {}).keys() ^ other.get(table, {}).keys())
		for table in sorted(one.keys() | other.keys())
		if one.get(table, {}).keys() != other.get(table, {}).keys()
	}
