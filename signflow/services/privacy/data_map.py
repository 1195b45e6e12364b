"""The map of personal data: which fields of this site's DocTypes say something of a person. The only writer of
Personal Data Field but for people's own decisions.

`scan` finds the fields, custom ones and custom DocTypes included; a preset beats a guess, a person's decision beats
both. What nobody has decided yet counts as personal: `load` gives it to the engines like the rest.
"""

import json
from collections import defaultdict
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import frappe
import frappe.utils.user
import redis
from frappe import _
from frappe.utils import now_datetime

from signflow.core.privacy import presets as known
from signflow.core.privacy.datamap import DataMap, DocTypeMap, Holds, Mark, PersonalField
from signflow.core.privacy.kinds import Field, Table
from signflow.services import notices, work
from signflow.services.transaction import is_being_built, one_transaction

# Another name whenever what is kept has another shape.
CACHE = "signflow_data_map_2"
CACHE_SECONDS = 3600
TABLES = ("Table", "Table MultiSelect")
NAMED_IN_NOTICE = 5
TO_DECIDE_LIST = "/app/personal-data-field?mark=To+Decide&gone=0"
_KEPT = ("label", "fieldtype", "module", "parents", "target", "type_field")
_SAID = ("mark", "holds", "origin")


# Reading


def load() -> DataMap:
	"""The map as it is now; fields that nobody has decided yet are in it. Cached per site until a mark changes."""
	kept = None
	# A site that is being built may have no Redis yet.
	with suppress(redis.exceptions.ConnectionError):
		kept = frappe.cache.get(_cache_key())
	stored = json.loads(kept) if kept else _stored()
	if not kept:
		with suppress(redis.exceptions.ConnectionError):
			frappe.cache.set(_cache_key(), json.dumps(stored), ex=CACHE_SECONDS)
	fields: dict[str, dict[str, PersonalField]] = defaultdict(dict)
	for doctype, fieldname, holds, fieldtype, target, type_field in stored["fields"]:
		fields[doctype][fieldname] = PersonalField(fieldname, Holds(holds), fieldtype, target, type_field)
	tables = {}
	mapped = {}
	for name, module, is_child, is_single, parents, named_by in stored["doctypes"]:
		if not is_single:
			tables[name] = bool(is_child)
		if name in fields:
			mapped[name] = DocTypeMap(
				name,
				module,
				bool(is_child),
				bool(is_single),
				tuple(parents),
				named_by,
				fields[name],
			)
	return DataMap(mapped, tables)


def _stored() -> dict[str, list[Any]]:
	"""What `load` is made of, as lists that any cache keeps."""
	rows = frappe.get_all(
		"Personal Data Field",
		filters={"gone": 0, "mark": ["!=", Mark.NOT_PERSONAL.value]},
		fields=["document_type", "fieldname", "holds", "fieldtype", "target", "type_field"],
		order_by="document_type asc, idx asc, name asc",
	)
	tables = _doctypes()
	parents = _parents(_fields(fieldtype=["in", TABLES]))
	return {
		"fields": [
			(
				row.document_type,
				row.fieldname,
				row.holds or Holds.OTHER.value,
				row.fieldtype or "",
				row.target or "",
				row.type_field or "",
			)
			for row in rows
		],
		"doctypes": [
			(
				name,
				row.module or "",
				row.istable or 0,
				row.issingle or 0,
				parents.get(name, []),
				known.named_by(name, row.autoname or "", presets()),
			)
			for name, row in tables.items()
		],
	}


def forget(doc: Any = None, method: str | None = None) -> None:
	"""Drop the cached map, now and once more when the change is committed: in between another process reads the old."""
	_drop()
	frappe.db.after_commit.add(_drop)


def _drop() -> None:
	with suppress(redis.exceptions.ConnectionError):
		frappe.cache.delete(_cache_key())


def _cache_key() -> str:
	# Redis itself: the framework's `get_value` keeps a copy per process, which no other process can drop.
	return frappe.cache.make_key(CACHE)


@lru_cache
def presets() -> known.Presets:
	"""What signflow brings along about Frappe, ERPNext, Helpdesk and itself."""
	folder = Path(frappe.get_app_path("signflow", "signflow_privacy", "presets"))
	return known.read(json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json")))


# The site's DocTypes, by four queries


def site_tables(only: str = "") -> dict[str, Table]:
	"""Every DocType of the site that keeps values, or `only` one, with its fields as they are customised.

	Of one DocType it is not told whose rows its own stand in.
	"""
	fields: dict[str, dict[str, Field]] = defaultdict(dict)
	changed = {
		(row.doc_type, row.field_name, row.property): row.value or ""
		for row in frappe.get_all(
			"Property Setter",
			filters={
				"property": ["in", ["fieldtype", "options", "label"]],
				"field_name": ["is", "set"],
				**({"doc_type": only} if only else {}),
			},
			fields=["doc_type", "field_name", "property", "value"],
			order_by="creation asc",
		)
	}
	rows = _fields(only)
	for row in rows:
		place = (row.parent, row.fieldname)
		fields[row.parent][row.fieldname] = Field(
			row.fieldname,
			changed.get((*place, "fieldtype"), row.fieldtype or ""),
			changed.get((*place, "options"), row.options or ""),
			changed.get((*place, "label"), row.label or ""),
		)
	parents = _parents(rows)
	return {
		name: Table(
			name,
			tuple(fields[name].values()),
			row.module or "",
			bool(row.istable),
			bool(row.issingle),
			tuple(parents.get(name, ())),
		)
		for name, row in _doctypes(**({"name": only} if only else {})).items()
	}


def _doctypes(**filters: Any) -> dict[str, Any]:
	rows = frappe.get_all(
		"DocType",
		filters={"is_virtual": 0, **filters},
		fields=["name", "module", "istable", "issingle", "autoname"],
		order_by="name asc",
	)
	return {row.name: row for row in rows}


def _fields(doctype: str = "", **filters: Any) -> list[Any]:
	"""The rows of DocField and Custom Field that are no virtual fields, of one DocType or all; a custom one comes last."""
	wanted = ["fieldname", "fieldtype", "options", "label"]
	own = frappe.get_all(
		"DocField",
		filters={
			"parenttype": "DocType",
			"is_virtual": 0,
			**filters,
			**({"parent": doctype} if doctype else {}),
		},
		fields=["parent", *wanted],
		order_by="parent asc, idx asc",
	)
	added = frappe.get_all(
		"Custom Field",
		filters={"is_virtual": 0, **filters, **({"dt": doctype} if doctype else {})},
		fields=["dt as parent", *wanted],
		order_by="dt asc, idx asc",
	)
	return [row for row in (*own, *added) if row.fieldname]


def _parents(rows: list[Any]) -> dict[str, list[str]]:
	"""For each DocType of rows within records, the DocTypes of the records, by the fields of tables in `rows`."""
	found: dict[str, set[str]] = defaultdict(set)
	for row in rows:
		if row.fieldtype in TABLES:
			found[row.options].add(row.parent)
	return {child: sorted(parents) for child, parents in found.items()}


# Finding


@one_transaction
def scan() -> list[str]:
	"""Bring the map up to date with the site's DocTypes; names of the rows that are new and to be decided.

	The officers get one notice that names them (GDPR 30: the record of processing must follow).
	"""
	tables = site_tables()
	stored = {
		(row.document_type, row.fieldname): row
		for row in frappe.get_all(
			"Personal Data Field",
			fields=["name", "document_type", "fieldname", "gone", *_KEPT, *_SAID],
			order_by="name asc",
		)
	}
	language = frappe.db.get_single_value("System Settings", "language") or "en"
	taken = {row.name for row in stored.values()}
	new = []
	for doctype, table in tables.items():
		proposals = known.propose(table, presets())
		for place, one in enumerate(table.fields, start=1):
			key, proposal = (doctype, one.fieldname), proposals.get(one.fieldname)
			row = stored.pop(key, None)
			if row is None and proposal is not None:
				new.append({"idx": place, **_described(table, one, proposal), **_said(proposal, language)})
				if new[-1]["name"] in taken:  # by a field of a DocType that was renamed since
					new[-1]["name"] += f"-{frappe.generate_hash(length=6)}"
			elif row is not None:
				_refresh(row, table, one, proposal, language)
	for row in stored.values():
		if not row.gone:
			frappe.db.set_value("Personal Data Field", row.name, "gone", 1, update_modified=False)
	_insert(new)
	to_decide = [row for row in new if row["mark"] == Mark.TO_DECIDE.value]
	if to_decide:
		_alarm(to_decide)
	forget()
	return [row["name"] for row in to_decide]


def _described(table: Table, one: Field, proposal: known.Proposal | None) -> dict[str, Any]:
	link = one.options if one.fieldtype == "Link" else ""
	kind = one.options if one.fieldtype == "Dynamic Link" else ""
	return {
		"name": f"{table.doctype}-{one.fieldname}",
		"document_type": table.doctype,
		"fieldname": one.fieldname,
		"label": one.label or one.fieldname,
		"fieldtype": one.fieldtype,
		"module": table.module,
		"parents": "\n".join(table.parents),
		"target": link or (proposal.target if proposal else ""),
		"type_field": kind or (proposal.type_field if proposal else ""),
	}


def _said(proposal: known.Proposal, language: str) -> dict[str, Any]:
	return {
		"mark": proposal.mark.value,
		"holds": proposal.holds.value if proposal.holds else "",
		"origin": proposal.origin,
		"reason": _(proposal.template, language).format(*proposal.words),
	}


def _refresh(row: Any, table: Table, one: Field, proposal: known.Proposal | None, language: str) -> None:
	"""Follow a change of the field; a decision by hand, and what a content scan found, stay."""
	described = _described(table, one, proposal)
	changes = {name: described[name] for name in _KEPT if (row[name] or "") != described[name]}
	if row.origin in ("Preset", "Found"):
		if proposal is None:
			# It looked like a person's and does so no more, and nobody ever decided.
			frappe.db.delete("Personal Data Field", {"name": row.name})
			return
		said = _said(proposal, language)
		if any((row[name] or "") != said[name] for name in _SAID):
			changes.update(said)
	if row.gone:
		changes["gone"] = 0
	if changes:
		frappe.db.set_value("Personal Data Field", row.name, changes, update_modified=False)


def _insert(rows: list[dict[str, Any]]) -> None:
	if not rows:
		return
	now, user = now_datetime(), frappe.session.user
	standard = {"owner": user, "modified_by": user, "creation": now, "modified": now, "docstatus": 0}
	rows = [{**standard, "found_on": now, "gone": 0, **row} for row in rows]
	frappe.db.bulk_insert(
		"Personal Data Field", list(rows[0]), [list(row.values()) for row in rows], chunk_size=500
	)


def _alarm(rows: list[dict[str, Any]]) -> None:
	"""Tell each officer which fields are to be decided, the new ones first. One notice stands at a time: an unread one is
	replaced, since a form customised in ten steps is saved ten times."""
	new = [f"{row['document_type']}.{row['fieldname']}" for row in rows]
	waiting = frappe.get_all(
		"Personal Data Field",
		filters={"mark": Mark.TO_DECIDE.value, "gone": 0},
		fields=["document_type", "fieldname"],
		order_by="found_on desc, document_type asc, idx asc",
	)
	names = list(dict.fromkeys([*new, *(f"{row.document_type}.{row.fieldname}" for row in waiting)]))

	def subject() -> str:
		shown = ", ".join(names[:NAMED_IN_NOTICE])
		if len(names) > NAMED_IN_NOTICE:
			return _("Fields that look personal are to be decided: {0} and {1} more.").format(
				shown, len(names) - NAMED_IN_NOTICE
			)
		return _("Fields that look personal are to be decided: {0}.").format(shown)

	for user in notices.officers("Personal Data Field"):
		unread = {"for_user": user, "link": TO_DECIDE_LIST, "read": 0}
		for name in frappe.get_all("Notification Log", unread, pluck="name", order_by="creation asc"):
			frappe.delete_doc("Notification Log", name, ignore_permissions=True, delete_permanently=True)
		notices.notify(user, ("Personal Data Field", rows[0]["name"]), subject, link=TO_DECIDE_LIST)


# What the content scan says


def held_by(doctype: str) -> dict[str, Holds]:
	"""What the fields of `doctype` are marked to hold, by name."""
	rows = frappe.get_all(
		"Personal Data Field",
		filters={"document_type": doctype, "mark": ["!=", Mark.NOT_PERSONAL.value], "holds": ["is", "set"]},
		fields=["fieldname", "holds", "origin"],
		order_by="name asc",
	)
	# What a scan itself supposed is found again by the next one.
	return {row.fieldname: Holds(row.holds) for row in rows if row.origin != "Content Scan"}


def note_finds(table: Table, searched: list[str], rows: int, counts: dict[str, dict[str, int]]) -> int:
	"""Keep on the map what a scan of `rows` rows found in the fields `searched`; how many fields have finds.

	`counts`: field → {"rows": with finds, kind: rows that hold it}. A field that was nobody's, or not in the map, is to
	be decided again; a decision by hand stays, with the finds beside it.
	"""
	stored = {
		row.fieldname: row
		for row in frappe.get_all(
			"Personal Data Field",
			filters={"document_type": table.doctype},
			fields=["name", "fieldname", "mark", "origin"],
			order_by="name asc",
		)
	}
	now, new = now_datetime(), []
	scanned = {"scanned_on": now, "scanned_rows": rows}
	nothing = [stored[name].name for name in searched if name in stored and name not in counts]
	if nothing:
		values = {**scanned, "rows_with_finds": 0, "finds": ""}
		frappe.db.set_value("Personal Data Field", {"name": ["in", nothing]}, values, update_modified=False)
	for place, one in enumerate(table.fields, start=1):
		if one.fieldname not in counts:
			continue
		found = dict(counts[one.fieldname])
		kept = {**scanned, "rows_with_finds": found.pop("rows")}
		kept["finds"] = "\n".join(f"{kind}: {number}" for kind, number in sorted(found.items()))
		row = stored.get(one.fieldname)
		if row is None or (row.mark == Mark.NOT_PERSONAL.value and row.origin != "By Hand"):
			# An identity code weighs most, then what is found most often.
			holds = max(found, key=lambda kind: (kind == Holds.IDENTITY_CODE.value, found[kind]))
			kept |= {
				"mark": Mark.TO_DECIDE.value,
				"holds": holds,
				"origin": "Content Scan",
				"reason": _("The content scan found personal data in it."),
				"found_on": now,
			}
		if row is None:
			new.append({"idx": place, **_described(table, one, None), **kept})
		else:
			frappe.db.set_value("Personal Data Field", row.name, kept, update_modified=False)
	_insert(new)
	if counts:
		forget()
	return len(counts)


def alarm_of_finds(since: Any) -> None:
	"""One notice of all fields that a content scan, begun at `since`, gave to decide."""
	rows = frappe.get_all(
		"Personal Data Field",
		filters={"origin": "Content Scan", "mark": Mark.TO_DECIDE.value, "found_on": [">=", since]},
		fields=["name", "document_type", "fieldname"],
		order_by="document_type asc, idx asc",
	)
	if rows:
		_alarm(rows)


# Keeping up


def wake_scan() -> None:
	"""Have a worker bring the map up to date."""
	work.wake("signflow.services.privacy.data_map.scan")


def on_customised(doc: Any = None, method: str | None = None) -> None:
	"""A DocType or a field was added, changed or removed (doc event): one scan once that is committed."""
	# While the site is built the scan comes at the end.
	if is_being_built() or frappe.flags.signflow_map_due:
		return
	frappe.flags.signflow_map_due = True
	frappe.db.after_commit.add(_asked)
	frappe.db.after_rollback.add(_asked)
	wake_scan()


def _asked() -> None:
	frappe.flags.signflow_map_due = False


def after_app_change(app: str | None = None) -> None:
	"""An app was installed or removed (hook): its DocTypes come into the map, or leave it."""
	if frappe.db.table_exists("Personal Data Field"):  # not when it is signflow that goes
		scan()
