"""Where a person's words stand and what points to her records, in every column of every table, marked or not.

The look-up says what is hers; this says all that would be left. One statement for each `COLUMNS` columns of a table, and
nothing is locked. Run when a plan is made, never while it is carried out.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import frappe
from pypika.terms import ExistsCriterion

from signflow.core.erasure.masking import Words
from signflow.core.erasure.planner import Pointer
from signflow.core.privacy.datamap import MAILS_AS_SENT
from signflow.core.privacy.kinds import Table
from signflow.core.privacy.needles import Needles
from signflow.core.privacy.persons import Record
from signflow.services.privacy import data_map
from signflow.services.privacy.keeping import REFERENCES
from signflow.services.privacy.matching import any_of, chunks, holds, holds_escaped, holds_in_mail
from signflow.services.privacy.person_records import pointing

# The requests, plans and ledgers themselves, which have their own end; what tells how the site is built.
NOT_SEARCHED = frozenset(
	(
		*("Data Subject Request", "Data Subject Request Person", "Data Subject Request Step"),
		*("Erasure Plan", "Erasure Plan Line", "Erasure Ledger Entry", "Person File Search"),
		*("DocField", "DocPerm", "DocType Action", "DocType Link", "DocType State", "Patch Log"),
		*("Scheduled Job Type", "Module Def", "Personal Data Field", "Installed Application"),
	)
)
WORDY = (
	*("Data", "Small Text", "Text", "Long Text", "Text Editor", "Markdown Editor", "HTML Editor", "Code"),
	*("JSON", "Read Only", "Phone", "Autocomplete", "Attach", "Attach Image", "Barcode", "Geolocation"),
	"Select",
)
MAKERS = ("owner", "modified_by")
LISTS = ("_assign", "_liked_by", "_seen")
# A row that is nothing but a link goes with what it links to.
ROWS_THAT_ARE_LINKS = ("Dynamic Link", "Communication Link", "Event Participants", "Email Queue Recipient")
# A record's own copy of the Comments on it.
COMMENTS = "_comments"
COLUMNS = 25
# SQLite bounds how deep an expression goes (1000), and each column adds one level for each way of writing each word.
DEEPEST = 700
# Of one table so many rows are read with their words; a person of whom more is held is searched for again afterwards.
MOST_ROWS = 5000


@dataclass
class Cell:
	"""In which columns she stands of one table's `rows` within a record: `strong` with a mail or telephone, `named` with
	her name alone."""

	strong: set[str] = field(default_factory=set)
	named: set[str] = field(default_factory=set)
	rows: set[str] = field(default_factory=set)


@dataclass
class Reach:
	"""`cells` by record and table of the row ({record: {table: Cell}}), `pointers` to the targets.

	`more`: tables of which not all rows were read.
	"""

	cells: dict[Record, dict[str, Cell]] = field(default_factory=lambda: defaultdict(dict))
	pointers: list[Pointer] = field(default_factory=list)
	more: set[str] = field(default_factory=set)


def search(words: Words, targets: Collection[Record], tables: Mapping[str, Table] | None = None) -> Reach:
	"""Search all tables for `words`, and for links to `targets`."""
	reach = Reach()
	tables = tables or data_map.site_tables()
	by_target: dict[str, set[str]] = defaultdict(set)
	for doctype, name in targets:
		by_target[doctype].add(name)
	required = required_columns()
	needles = words.needles()
	searched = [
		table
		for table in tables.values()
		if not (table.is_single or table.doctype in NOT_SEARCHED) and frappe.db.table_exists(table.doctype)
	]
	filled = _with_rows([table.doctype for table in searched])
	for table in searched:
		if table.doctype not in filled:
			continue
		present = set(frappe.db.get_table_columns(table.doctype))
		_search_words(reach, table, present, words, needles)
		_search_links(reach, table, present, by_target, required)
	return reach


def _with_rows(doctypes: Collection[str]) -> set[str]:
	"""Those of which there is a row at all: most tables of a site are empty."""
	found = set()
	for some in chunks(doctypes):
		tables = [frappe.qb.DocType(doctype) for doctype in some]
		asked = [
			ExistsCriterion(frappe.qb.from_(table).select(table.name)).as_(f"has_{place}")
			for place, table in enumerate(tables)
		]
		(answers,) = frappe.qb.select(*asked).run()
		found |= {doctype for doctype, has in zip(some, answers, strict=True) if has}
	return found


def required_columns() -> set[tuple[str, str]]:
	"""(DocType, field) of the links that may not be empty."""
	rows = frappe.get_all(
		"DocField",
		filters={"parenttype": "DocType", "reqd": 1, "fieldtype": ["in", ("Link", "Dynamic Link")]},
		fields=["parent", "fieldname"],
		order_by="parent asc, idx asc",
	)
	rows += frappe.get_all(
		"Custom Field",
		filters={"reqd": 1, "fieldtype": ["in", ("Link", "Dynamic Link")]},
		fields=["dt as parent", "fieldname"],
		order_by="dt asc, idx asc",
	)
	return {(row.parent, row.fieldname) for row in rows}


def wordy_columns(table: Table, present: set[str]) -> list[str]:
	"""The columns of a table whose values are texts."""
	named = [one.fieldname for one in table.fields if one.fieldtype in WORDY and one.fieldname in present]
	if not table.is_child and "name" not in named:
		named.append("name")
	return [*named, *(name for name in (COMMENTS, "_user_tags") if name in present)]


def links_of(table: Table, present: set[str]) -> Iterator[tuple[str, str, str]]:
	"""(column, DocType, column that holds the DocType) of each link of a table; one of the last two is ""."""
	for one in table.fields:
		if one.fieldname not in present:
			continue
		if one.fieldtype == "Link" and one.options:
			yield one.fieldname, one.options, ""
		elif one.fieldtype == "Dynamic Link" and one.options in present:
			yield one.fieldname, "", one.options
	dynamic = {one.fieldname for one in table.fields if one.fieldtype == "Dynamic Link"}
	for kind, name in REFERENCES:
		if kind in present and name in present and name not in dynamic:
			yield name, "", kind
	if table.doctype == "User Permission":
		yield "for_value", "", "allow"


def _search_words(reach: Reach, table: Table, present: set[str], words: Words, needles: Needles) -> None:
	columns = wordy_columns(table, present)
	if not columns or not words:
		return
	queried = frappe.qb.DocType(table.doctype)
	always = ["name", *(name for name in ("parent", "parenttype") if table.is_child)]
	ways = 4 * len(words.mails) + 2 * len(words.names) + len(words.phones)
	step = COLUMNS if frappe.db.db_type == "mariadb" else max(1, min(COLUMNS, DEEPEST // ways))
	for place in range(0, len(columns), step):
		some = columns[place : place + step]
		condition = any_of(
			(holds_in_mail if (table.doctype, name) in MAILS_AS_SENT else holds_escaped)(
				queried[name], texts=words.mails, phones=words.phones, names=words.names
			)
			for name in some
		)
		query = frappe.qb.from_(queried).select(*(queried[name] for name in dict.fromkeys((*always, *some))))
		rows = query.where(condition).orderby(queried.name).limit(MOST_ROWS + 1).run(as_dict=True)
		if len(rows) > MOST_ROWS:
			reach.more.add(table.doctype)
		if COMMENTS in some:
			_leave_to_comments(rows)
		for row in rows:
			for name in some:
				_note(reach, table, row, name, words, needles)


def _leave_to_comments(rows: list[Any]) -> None:
	"""Take out of `_comments` what is a Comment of its own: what becomes of that becomes of its copy here."""
	held = {row.name: comments_of(row[COMMENTS]) for row in rows}
	names = {str(one.get("name")) for entries in held.values() for one in entries}
	there: set[str] = set()
	for some in chunks(names):
		there |= set(
			frappe.get_all("Comment", {"name": ["in", list(some)]}, pluck="name", order_by="name asc")
		)
	for row in rows:
		if entries := held[row.name]:
			left = [one for one in entries if str(one.get("name")) not in there]
			row[COMMENTS] = json.dumps(left, ensure_ascii=False) if left else None


def comments_of(stored: Any) -> list[dict[str, Any]]:
	"""What `_comments` holds: {comment (its first 100 letters), by, name} of each Comment; [] if it is none of that."""
	try:
		found = json.loads(stored or "[]")
	except (ValueError, TypeError):
		return []
	return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _note(reach: Reach, table: Table, row: Any, column: str, words: Words, needles: Needles) -> None:
	value = row[column]
	if not isinstance(value, str):
		return
	if words.stand_in(value):
		strong = words.stand_in(value, names=False)
	else:
		# In a mail as it is sent, or in JSON within JSON, they stand in base64 or escaped more than once.
		found = needles.found_in(value)
		if not found:
			return
		strong = bool(found & (words.mails | words.phones))
	cell = reach.cells[_record_of(table, row)].setdefault(table.doctype, Cell())
	(cell.strong if strong else cell.named).add(column)
	cell.rows.add(str(row.name))


def _record_of(table: Table, row: Any) -> Record:
	if table.is_child and row.parenttype and row.parent:
		return row.parenttype, str(row.parent)
	return table.doctype, str(row.name)


def _search_links(
	reach: Reach,
	table: Table,
	present: set[str],
	by_target: Mapping[str, set[str]],
	required: set[tuple[str, str]],
) -> None:
	queried = frappe.qb.DocType(table.doctype)
	users = by_target.get("User", set())
	wanted = []
	for column, target, type_column in links_of(table, present):
		if type_column:
			for doctype, names in by_target.items():
				wanted.append((column, doctype, type_column, names))
		elif target in by_target:
			wanted.append((column, target, "", by_target[target]))
	standing = [name for name in MAKERS if name in present] if users else []
	lists = [name for name in LISTS if name in present] if users else []
	if not (wanted or standing or lists):
		return
	selected = {"name", *(name for name in ("parent", "parenttype") if table.is_child), *standing, *lists}
	selected |= {column for column, *_rest in wanted} | {kind for _c, _d, kind, _n in wanted if kind}
	found: dict[tuple[str, Record], set[Record]] = defaultdict(set)
	counted: dict[tuple[str, Record], int] = defaultdict(int)
	for condition in _conditions(queried, wanted, [*standing], lists, users):
		query = frappe.qb.from_(queried).select(*(queried[name] for name in sorted(selected)))
		for row in query.where(condition).orderby(queried.name).run(as_dict=True):
			for column, target in _targets_in(row, wanted, standing, lists, users):
				key = column, target
				record = _record_of(table, row)
				counted[key] += 1
				if len(found[key]) < MOST_ROWS:
					found[key].add(record)
	for (column, target), sources in found.items():
		makes = column in (*MAKERS, *LISTS)
		reach.pointers.append(
			Pointer(
				table.doctype,
				column,
				target,
				frozenset(sources),
				# Several rows within one record are one source.
				counted[column, target] if counted[column, target] > MOST_ROWS else len(sources),
				(table.doctype, column) in required and table.doctype not in ROWS_THAT_ARE_LINKS,
				makes,
			)
		)


def _conditions(
	queried: Any, wanted: list[Any], standing: list[str], lists: list[str], users: Collection[str]
) -> Iterator[Any]:
	"""One condition for each `CHUNK` of targets."""
	slices: dict[int, list[Any]] = defaultdict(list)
	for column, doctype, kind, names in wanted:
		for place, some in enumerate(chunks(names)):
			if kind:
				slices[place].append(
					pointing(queried[kind], queried[column], [(doctype, one) for one in some])
				)
			else:
				slices[place].append(queried[column].isin(some))
	slices[0] += [queried[name].isin(sorted(users)) for name in standing]
	slices[0] += [holds(queried[name], texts=users) for name in lists]
	for conditions in slices.values():
		if (condition := any_of(conditions)) is not None:
			yield condition


def _targets_in(
	row: Any, wanted: Iterable[Any], standing: list[str], lists: list[str], users: Collection[str]
) -> set[tuple[str, Record]]:
	found = set()
	for column, doctype, kind, names in wanted:
		if row[column] in names and (not kind or row[kind] == doctype):
			found.add((column, (doctype, str(row[column]))))
	for name in standing:
		if row[name] in users:
			found.add((name, ("User", row[name])))
	for name in lists:
		found |= {(name, ("User", one)) for one in listed(row[name]) if one in users}
	return found


def listed(value: Any) -> list[str]:
	"""The users in a list that Frappe keeps as JSON; [] if it is none."""
	try:
		found = json.loads(value or "[]")
	except ValueError:
		return []
	return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
