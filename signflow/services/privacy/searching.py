"""Which DocTypes hold something of a person, many by one statement, and then each one's rows (another statement for each
500 records more that a row may point to)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import frappe
from frappe.database.database import get_query_execution_timeout
from pypika.terms import Case

from signflow.core.privacy.datamap import (
	LISTS_OF_USERS,
	MAILS_AS_SENT,
	MAKERS,
	PERSON_DOCTYPES,
	SAID_OF_IT,
	DocTypeMap,
	Holds,
	PersonalField,
)
from signflow.core.privacy.findings import Finding, Reason, Row, in_text, is_read_as_text, judge
from signflow.core.privacy.persons import Record, Subject, parts_of
from signflow.core.privacy.texts_in_files import text_of
from signflow.services.privacy.matching import (
	CHUNK,
	answered,
	any_of,
	chunks,
	equals,
	holds,
	holds_in_mail,
	together,
)
from signflow.services.privacy.person_records import KINDS, pointing

# Of one DocType at most so many rows are read; of more it is said that there are more.
MOST_ROWS = 5000
# One statement may run so long on MariaDB; then its DocType counts as not searched, and that is said.
SECONDS = 20


@dataclass
class Found:
	"""What a table holds of her: findings by row, for rows within records with (DocType, name) of the record.

	`more`: only the first `MOST_ROWS` rows were read. `unfinished`: the statement took longer than `SECONDS`.
	"""

	entry: DocTypeMap
	findings: dict[str, Finding] = field(default_factory=dict)
	parents: dict[str, tuple[str, str]] = field(default_factory=dict)
	companies: dict[str, str] = field(default_factory=dict)
	more: bool = False
	unfinished: bool = False


@contextmanager
def limited() -> Iterator[None]:
	"""Statements within end after `SECONDS`, where the database can do that (MariaDB)."""
	if frappe.db.db_type != "mariadb":
		yield
		return
	frappe.db.set_execution_timeout(SECONDS)
	try:
		yield
	finally:
		frappe.db.set_execution_timeout(get_query_execution_timeout() or 0)


def parts(entries: Sequence[DocTypeMap], subject: Subject) -> Iterator[Sequence[DocTypeMap]]:
	"""`entries` in parts, in their order, of which `with_hits` asks by one statement."""
	return together(entries, len(subject.mails) + len(subject.phones) + len(subject.full_names))


def with_hits(
	entries: Iterable[DocTypeMap], subject: Subject, about: Mapping[str, Collection[str]]
) -> set[str]:
	"""The DocTypes among `entries` of which a row may be about her; all where the statement took too long. `about` as in `search`."""
	queries = []
	for entry in entries:
		columns = set(frappe.db.get_table_columns(entry.doctype))
		table = frappe.qb.DocType(entry.doctype)
		for condition in _conditions(entry, table, columns, subject, about):
			queries.append((entry.doctype, frappe.qb.from_(table).select(table.name).where(condition)))
	try:
		return answered(queries)
	except Exception as error:
		if not _took_too_long(error):
			raise
		return {doctype for doctype, _query in queries}


def may_point_to(entry: DocTypeMap, doctypes: Collection[str]) -> bool:
	"""Whether a row of `entry` may be about a record of one of `doctypes`."""
	return any(
		bool(one.type_field and doctypes) or one.target in doctypes for one in entry.holding(Holds.PERSON)
	)


def _took_too_long(error: Exception) -> bool:
	# Frappe 15 passes the database's own exception on.
	return isinstance(error, frappe.QueryTimeoutError) or bool(
		error.args and frappe.db.is_statement_timeout(error)
	)


def search(entry: DocTypeMap, subject: Subject, about: Mapping[str, Collection[str]], region: str) -> Found:
	"""Read and judge the rows of one DocType. `about` as in `findings.judge`."""
	found = Found(entry)
	meta = frappe.get_meta(entry.doctype)
	columns = set(frappe.db.get_table_columns(entry.doctype))
	table = frappe.qb.DocType(entry.doctype)
	texts, selected = _columns(entry, table, columns, subject)
	if meta.has_field("company") and meta.get_field("company").options == "Company" and "company" in columns:
		selected.append(table.company)
	selected += [table[name] for name in _telling(entry.doctype) if name in columns]
	mails = [name for name in entry.fields if (entry.doctype, name) in MAILS_AS_SENT]
	for condition in _conditions(entry, table, columns, subject, about):
		query = frappe.qb.from_(table).select(*selected, *texts.values()).where(condition)
		try:
			rows = query.orderby(table.name).limit(MOST_ROWS + 1).run(as_dict=True)
		except Exception as error:
			if not _took_too_long(error):
				raise
			found.unfinished = True
			continue
		found.more = found.more or len(rows) > MOST_ROWS
		for values in rows[:MOST_ROWS]:
			for name in mails:
				values[name] = text_of(str(values.get(name) or "").encode(), ".eml").text
			row = Row(
				str(values.name),
				values,
				_is_organisation(entry.doctype, values),
				bool(meta.is_submittable),
			)
			if finding := judge(entry, row, subject, about, region):
				found.findings[row.name] = finding
				found.companies[row.name] = values.get("company") or ""
				if entry.is_child:
					found.parents[row.name] = (values.parenttype or "", str(values.parent or ""))
	return found


def _telling(doctype: str) -> list[str]:
	"""The field that says whether a record is a person's or a company's, where there is one."""
	kind = KINDS.get(doctype)
	return [kind.person_when[0]] if kind and kind.person_when else []


def _is_organisation(doctype: str, values: Any) -> bool:
	if doctype == "Prospect":
		return True
	return any(name in values and values[name] != KINDS[doctype].person_when[1] for name in _telling(doctype))


def _columns(
	entry: DocTypeMap, table: Any, columns: set[str], subject: Subject
) -> tuple[dict[str, Any], list[Any]]:
	"""Long texts, each read only where it holds something of her, and the short columns, which are always read."""
	texts: dict[str, Any] = {}
	names = ["name", *MAKERS, *(["parent", "parenttype"] if entry.is_child else [])]
	for one in entry.fields.values():
		if one.fieldname not in columns:
			continue
		if is_read_as_text(one) and one.fieldtype not in ("Data", "Read Only"):
			if condition := _in_words(table[one.fieldname], subject, entry.doctype):
				texts[one.fieldname] = (
					Case().when(condition, table[one.fieldname]).else_(None).as_(one.fieldname)
				)
		elif one.holds in _SEARCHED or is_read_as_text(one):
			names.append(one.fieldname)
			if one.type_field in columns:
				names.append(one.type_field)
	for name in SAID_OF_IT:
		if name in columns and (condition := _in_words(table[name], subject)):
			texts[name] = Case().when(condition, table[name]).else_(None).as_(name)
	names += [name for name in LISTS_OF_USERS if name in columns and subject.of("User")]
	return texts, [table[name] for name in dict.fromkeys(names)]


_SEARCHED = frozenset((Holds.PERSON, Holds.EMAIL, Holds.PHONE, Holds.NAME, Holds.IDENTITY_HASH))


def _in_words(column: Any, subject: Subject, doctype: str = "") -> Any:
	how = holds_in_mail if (doctype, column.name) in MAILS_AS_SENT else holds
	return how(column, texts=subject.mails, phones=subject.phones, names=subject.full_names)


def _conditions(
	entry: DocTypeMap,
	table: Any,
	columns: set[str],
	subject: Subject,
	about: Mapping[str, Collection[str]],
) -> Iterator[Any]:
	"""The statement's condition, and one more for each `CHUNK` of records that rows may point to."""
	plain = []
	if own := subject.of(entry.doctype):
		plain.append(table.name.isin(sorted(own)))
	links = []
	for one in entry.fields.values():
		if one.fieldname in columns:
			if one.holds is Holds.PERSON and (one.target or one.type_field in columns):
				links.append(one)
			else:
				plain.append(_condition(one, table[one.fieldname], subject, entry.doctype))
	plain += _parted_name(entry, table, columns, subject)
	plain += [_in_words(table[name], subject) for name in SAID_OF_IT if name in columns]
	if users := subject.of("User"):
		plain += [table[name].isin(sorted(users)) for name in MAKERS]
		plain += [holds(table[name], texts=users) for name in LISTS_OF_USERS if name in columns]
	for place, records in enumerate(_slices(links, subject, about)):
		pointers = [_pointer(one, table, records) for one in links]
		condition = any_of([*(plain if place == 0 else []), *pointers])
		if condition is not None:
			yield condition


def _parted_name(entry: DocTypeMap, table: Any, columns: set[str], subject: Subject) -> list[Any]:
	"""Her name, first and last in a field each: which is which is judged afterwards."""
	parts = {part for both in parts_of(subject.full_names) for part in both}
	fields = [one.fieldname for one in entry.holding(Holds.NAME) if one.fieldname in columns]
	if not parts:
		return []
	return [equals(table[one], parts) & equals(table[other], parts) for one, other in combinations(fields, 2)]


def _condition(one: PersonalField, column: Any, subject: Subject, doctype: str) -> Any:
	if one.holds is Holds.IDENTITY_HASH:
		return equals(column, subject.identities)
	if one.holds in (Holds.EMAIL, Holds.PERSON):
		return holds(column, texts=subject.mails)
	if one.holds is Holds.PHONE:
		return holds(column, phones=subject.phones)
	if one.holds is Holds.NAME:
		return holds(column, names=subject.full_names)
	return _in_words(column, subject, doctype) if is_read_as_text(one) else None


def _slices(
	links: list[PersonalField], subject: Subject, about: Mapping[str, Collection[str]]
) -> list[set[tuple[str, str]]]:
	"""Her records, and those found before that these fields may point to, in sets that one statement bears."""
	targets = {one.target for one in links if not one.type_field}
	anywhere = any(one.type_field for one in links)
	records = sorted(
		record
		for record in subject.records
		| {(doctype, name) for doctype, names in about.items() for name in names}
		if anywhere or record[0] in targets
	)
	return [set(records[place : place + CHUNK]) for place in range(0, len(records), CHUNK)] or [set()]


def _pointer(one: PersonalField, table: Any, records: Collection[tuple[str, str]]) -> Any:
	if one.type_field:
		return pointing(table[one.type_field], table[one.fieldname], records)
	names = sorted(name for doctype, name in records if doctype == one.target)
	return table[one.fieldname].isin(names) if names else None


def search_singles(entries: list[DocTypeMap], subject: Subject, region: str) -> dict[str, Finding]:
	"""What the site's settings hold of her, by DocType: the values of all singles stand in one table."""
	of = {entry.doctype: entry for entry in entries}
	table = frappe.qb.Table("tabSingles")
	names = sorted({name for _doctype, name in subject.records})
	held = any_of([_in_words(table.value, subject), table.value.isin(names) if names else None])
	if held is None or not of:
		return {}
	query = frappe.qb.from_(table).select(table.doctype, table.field, table.value)
	rows = query.where(table.doctype.isin(sorted(of))).where(held).orderby(table.doctype, table.field).run()
	values: dict[str, dict[str, Any]] = defaultdict(dict)
	for doctype, fieldname, value in rows:
		values[doctype][fieldname] = value
	judged = {
		doctype: judge(of[doctype], Row(doctype, held), subject, {}, region)
		for doctype, held in values.items()
	}
	return {doctype: finding for doctype, finding in judged.items() if finding}


def search_index(subject: Subject, region: str) -> tuple[dict[Record, tuple[Reason, ...]], bool]:
	"""What the framework's search index says of her, by record, and whether there is more than is read.

	The index copies what records say, and keeps copies of what has been changed past the framework or is gone.
	"""
	index = frappe.qb.Table("__global_search")
	condition = _in_words(index.content, subject)
	if condition is None or "__global_search" not in frappe.db.get_tables(cached=True):
		return {}, False
	query = frappe.qb.from_(index).select(index.doctype, index.name, index.content).where(condition)
	rows = query.orderby(index.doctype, index.name).limit(MOST_ROWS + 1).run()
	found = {
		(doctype, str(name)): tuple(in_text("", str(content), subject, region))
		for doctype, name, content in rows[:MOST_ROWS]
	}
	return {record: reasons for record, reasons in found.items() if reasons}, len(rows) > MOST_ROWS


def facts_of(records: Iterable[Record]) -> dict[str, dict[str, dict[str, Any]]]:
	"""Of records: {DocType: {name: {company, is_person}}}; one statement for each DocType.

	A record that is no more is missing.
	"""
	by_type: dict[str, set[str]] = defaultdict(set)
	for doctype, name in records:
		by_type[doctype].add(name)
	told: dict[str, dict[str, Any]] = {}
	for doctype, names in sorted(by_type.items()):
		if not doctype or not frappe.db.table_exists(doctype):
			continue
		table, columns = frappe.qb.DocType(doctype), frappe.db.get_table_columns(doctype)
		wanted = [name for name in ("company", *_telling(doctype)) if name in columns]
		told[doctype] = {}
		for chunk in chunks(names):
			query = frappe.qb.from_(table).select(table.name, *(table[name] for name in wanted))
			query = query.where(table.name.isin(chunk)).orderby(table.name)
			for values in query.run(as_dict=True):
				told[doctype][str(values.name)] = {
					"company": values.get("company") or "",
					"is_person": doctype in PERSON_DOCTYPES and not _is_organisation(doctype, values),
				}
	return told
