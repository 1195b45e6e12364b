"""The content scan: texts of the site are searched for identity codes, mails, telephones and bank accounts, where the
map does not expect them. The only writer of Content Scan.

The row is the queue (`work_due`, a lease, the place where it is), as elsewhere: a killed worker's scan goes on where it
was. It reads in batches and writes between them, so that nobody waits for it. What was found is counted on the map and
never copied: the records are searched again when somebody who may read them asks which they are.
"""

import json
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime

from signflow.core.privacy.datamap import Holds
from signflow.core.privacy.kinds import FREE_TEXTS, STRUCTURE, TEXTS, Table
from signflow.core.privacy.scanning import kinds_in
from signflow.services import work
from signflow.services.privacy import data_map
from signflow.services.transaction import one_transaction

BATCH = 1000
DOCTYPES_AT_ONCE = 25
LARGEST_SAMPLE = 5000
JOB_SECONDS = 60
LEASE_SECONDS = 180
# Asked which records have finds, no more than so many rows are read again, and so many named.
ROWS_READ_AGAIN = 20_000
ROWS_NAMED = 100
MOST_UNREADABLE = 500
SEARCHED = TEXTS | FREE_TEXTS | {"JSON"}
# What defines the site or is written by ourselves: no place where people write of people.
PASSED_OVER = STRUCTURE | {
	*("Page", "Report", "Scheduled Job Log", "Has Role", "Print Format", "Print Style", "Web Template"),
	*("Web Template Field", "Client Script", "Server Script", "Website Theme", "Content Scan"),
	*("Sealing Key", "Signature Event", "Sealed Revision", "Timestamp Authority"),
	# Of persons by their nature, and gone with them.
	*("Erasure Plan", "Erasure Plan Line", "Personal Data Export Item", "Data Subject Request Person"),
}
# Names of mails and the like, which look like addresses and are nobody's.
FIELDS_PASSED_OVER = frozenset(("message_id", "in_reply_to", "uid", "content_hash"))
# What a field holds anyway is no find.
_EXPECTED = {
	Holds.ONLINE_ID: frozenset((Holds.EMAIL,)),
	Holds.PERSON: frozenset((Holds.EMAIL,)),
	Holds.OTHER: frozenset(),
}


# Started, stopped, done


@one_transaction
def start(document_type: str | None = None, rows_per_doctype: int = BATCH) -> str:
	"""Have a worker search the newest `rows_per_doctype` rows (0: all) of every DocType, or of one; the scan's name."""
	scan = frappe.get_doc(
		{
			"doctype": "Content Scan",
			"document_type": document_type,
			"rows_per_doctype": max(0, min(rows_per_doctype, LARGEST_SAMPLE)),
			"status": "Queued",
			"started_on": now_datetime(),
			"work_due": 1,
		}
	)
	scan.flags.signflow = True
	scan.insert(ignore_permissions=True)
	wake(scan.name)
	return scan.name


@one_transaction
def stop(name: str) -> None:
	"""End a scan where it is; what it found so far stays on the map."""
	if frappe.db.get_value("Content Scan", name, "status") in ("Queued", "Running"):
		_set(name, status="Stopped", work_due=0, ended_on=now_datetime(), lease_until=None)


def wake(name: str) -> None:
	"""Have a worker go on with the scan."""
	work.wake("signflow.services.privacy.content_scan.run", name=name)


def sweep() -> None:
	"""Every few minutes: wake scans that nobody goes on with."""
	work.wake_unheld("Content Scan", wake)


def run(name: str) -> None:
	"""Go on with a scan for a minute, then leave the rest to the next job (RQ job; safe to run beside itself)."""
	if not work.take_lease("Content Scan", name, LEASE_SECONDS, status="Running"):
		return
	work.go_on(
		"Content Scan", name, _steps(name), seconds=JOB_SECONDS, wake_row=wake, failed=partial(_fail, name)
	)


def _steps(name: str) -> Generator[None, None, None]:
	tables = data_map.site_tables()
	while _step(name, tables):
		yield


@one_transaction
def _fail(name: str, error: Exception) -> None:
	frappe.log_error(
		title="signflow: content scan",
		message=work.place_of(error),
		reference_doctype="Content Scan",
		reference_name=name,
	)
	_set(
		name,
		status="Failed",
		failure=type(error).__name__,
		work_due=0,
		ended_on=now_datetime(),
		lease_until=None,
	)


def _set(name: str, **values: Any) -> None:
	frappe.db.set_value("Content Scan", name, values)


# One step


def _step(name: str, tables: dict[str, Table]) -> bool:
	"""Search the next rows and keep what they say: some DocTypes with few rows, or one batch of many. Whether there is
	more to do."""
	scan = frappe.get_doc("Content Scan", name)
	if scan.status != "Running":
		return False
	order = [
		one for one in sorted(tables) if _is_searched(tables[one]) and scan.document_type in (None, "", one)
	]
	at, state = scan.at_doctype, json.loads(scan.state or "{}")
	if at not in order:  # the first one, or the next where a DocType has gone meanwhile
		at, state = next((one for one in order if one > (at or "")), None), {}
	done: list[Searched] = []
	rows_read = 0
	while at and rows_read < BATCH and len(done) < DOCTYPES_AT_ONCE:
		one = Searched(tables[at], _fields_of(tables[at]), state.get("rows", 0), state.get("counts", {}))
		rows = list(_batch(one, scan.rows_per_doctype, state.get("last")))
		one.read(rows)
		rows_read += len(rows)
		if len(rows) == BATCH and not scan.rows_per_doctype:
			state = {"last": rows[-1][0], "rows": one.rows, "counts": one.counts}
			break
		done.append(one)
		at, state = next((following for following in order if following > at), None), {}
	return _keep(name, scan, done, rows_read, at, state)


@dataclass
class Searched:
	"""What was searched of one DocType so far; `counts` as `data_map.note_finds` takes them."""

	table: Table
	fields: list[str]
	rows: int
	counts: dict[str, dict[str, int]]

	def read(self, rows: list[tuple[Any, ...]]) -> None:
		"""Count what stands in rows (name, *values)."""
		held = data_map.held_by(self.table.doctype)
		self.rows += len(rows)
		for row in rows:
			for fieldname, kinds in _finds(self.fields, row[1:], held):
				per_field = self.counts.setdefault(fieldname, {"rows": 0})
				per_field["rows"] += 1
				for kind in kinds:
					per_field[kind.value] = per_field.get(kind.value, 0) + 1


@one_transaction
def _keep(
	name: str, scan: Any, done: list[Searched], rows_read: int, at: str | None, state: dict[str, Any]
) -> bool:
	if frappe.db.get_value("Content Scan", name, "status") != "Running":
		return False
	found = sum(data_map.note_finds(one.table, one.fields, one.rows, one.counts) for one in done)
	values = {
		"at_doctype": at,
		"state": json.dumps(state),
		"rows_scanned": scan.rows_scanned + rows_read,
		"doctypes_done": scan.doctypes_done + len(done),
		"fields_with_finds": scan.fields_with_finds + found,
		"lease_until": work.lease(LEASE_SECONDS),
	}
	if at is None:
		values |= {"status": "Done", "work_due": 0, "ended_on": now_datetime(), "lease_until": None}
		data_map.alarm_of_finds(scan.started_on)
	_set(name, **values)
	return at is not None


def _is_searched(table: Table) -> bool:
	return table.doctype not in PASSED_OVER and any(one.fieldtype in SEARCHED for one in table.fields)


def _fields_of(table: Table) -> list[str]:
	"""The fields to be searched, of those that have a column; what an app left behind may have no table."""
	if not table.is_single and not frappe.db.table_exists(table.doctype):
		return []
	columns = None if table.is_single else set(frappe.db.get_table_columns(table.doctype))
	return [
		one.fieldname
		for one in table.fields
		if one.fieldtype in SEARCHED
		and one.fieldname not in FIELDS_PASSED_OVER
		and (columns is None or one.fieldname in columns)
	]


def _batch(one: Searched, newest: int, last: Any) -> Iterable[tuple[Any, ...]]:
	"""Rows (name, *values): of a single its one, else the newest so many, or the next by name after `last`."""
	table, fields = one.table, one.fields
	if not fields:
		return []
	if table.is_single:
		kept = frappe.db.get_singles_dict(table.doctype)
		return [(table.doctype, *(kept.get(fieldname) for fieldname in fields))]
	stored = frappe.qb.DocType(table.doctype)
	query = frappe.qb.from_(stored).select(stored.name, *(stored[fieldname] for fieldname in fields))
	if newest:
		return query.orderby(stored.creation, order=frappe.qb.desc).limit(newest).run()
	if last is not None:
		query = query.where(stored.name > last)
	return query.orderby(stored.name).limit(BATCH).run()


def _finds(
	fields: list[str], values: Iterable[Any], held: dict[str, Holds]
) -> Iterator[tuple[str, frozenset[Holds]]]:
	"""Which fields of a row hold what they are not there for."""
	for fieldname, value in zip(fields, values, strict=True):
		if value and isinstance(value, str) and (kinds := kinds_in(value)):
			holds = held.get(fieldname)
			if kinds := kinds - _EXPECTED.get(holds, frozenset((holds,))):
				yield fieldname, kinds


# Which records


def rows_with_finds(field: str) -> dict[str, Any]:
	"""The records in which a field of the map (its name) holds what it is not there for, as far as the caller may read
	them: {"rows": [{"doctype", "name", "kinds"}], "unreadable": how many, "is_all": whether all rows were read}.

	For a table within records, the records are named. The newest rows are read, ROWS_READ_AGAIN at most.
	"""
	row = frappe.db.get_value("Personal Data Field", field, ["document_type", "fieldname"], as_dict=True)
	table = data_map.site_tables(row.document_type).get(row.document_type)
	if table is None or row.fieldname not in _fields_of(table):
		return {"rows": [], "unreadable": 0, "is_all": True}
	held = data_map.held_by(table.doctype)
	named: dict[tuple[str, str], set[str]] = {}
	unreadable, read = set(), 0
	for record, value in _newest(table, row.fieldname):
		read += 1
		for _fieldname, kinds in _finds([row.fieldname], [value], held):
			if record in unreadable:
				continue
			if record not in named and not _may_read(*record):
				unreadable.add(record)
				continue
			named.setdefault(record, set()).update(_(kind.value) for kind in kinds)
		if len(named) >= ROWS_NAMED or len(unreadable) >= MOST_UNREADABLE:
			break
	return {
		"rows": [
			{"doctype": doctype, "name": name, "kinds": sorted(kinds)}
			for (doctype, name), kinds in named.items()
		],
		"unreadable": len(unreadable),
		"is_all": read < ROWS_READ_AGAIN and len(named) < ROWS_NAMED and len(unreadable) < MOST_UNREADABLE,
	}


def _may_read(doctype: str, name: str) -> bool:
	# Rows whose record has gone are nobody's to read.
	there = frappe.db.exists("DocType", doctype) and frappe.db.exists(doctype, name)
	return bool(there) and bool(frappe.has_permission(doctype, "read", doc=name))


def _newest(table: Table, fieldname: str) -> Iterator[tuple[tuple[str, str], Any]]:
	"""((DocType, name of the record), value), the newest first."""
	if table.is_single:
		yield (table.doctype, table.doctype), frappe.db.get_singles_dict(table.doctype).get(fieldname)
		return
	stored = frappe.qb.DocType(table.doctype)
	record = (stored.parenttype, stored.parent) if table.is_child else (stored.name,)
	rows = (
		frappe.qb.from_(stored)
		.select(*record, stored[fieldname])
		.where(stored[fieldname].isnotnull())
		.orderby(stored.creation, order=frappe.qb.desc)
		.limit(ROWS_READ_AGAIN)
		.run()
	)
	for *place, value in rows:
		yield (tuple(place) if table.is_child else (table.doctype, place[0])), value
