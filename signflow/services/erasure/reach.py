"""Where a person's words stand and what points to her records, in every column of every table, marked or not.

The look-up says what is hers; this says all that would be left. One statement says of many tables which have something,
then one is asked for each `COLUMNS` columns of those; nothing is locked.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import frappe

from signflow.core.erasure.masking import Words
from signflow.core.erasure.planner import Pointer
from signflow.core.privacy.datamap import MAILS_AS_SENT
from signflow.core.privacy.kinds import Table
from signflow.core.privacy.needles import Needles
from signflow.core.privacy.persons import Record
from signflow.services.privacy import data_map
from signflow.services.privacy.keeping import REFERENCES
from signflow.services.privacy.matching import (
	answered,
	any_of,
	chunks,
	holds,
	holds_escaped,
	holds_in_mail,
	together,
)
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


# In place of a statement's number: those by which links are searched.
_LINKS = -1


@dataclass
class _Asked:
	"""What is asked of a table: `words` (columns, condition) by statement; `links` (column, DocType, column that holds the
	DocType, names) to the targets, columns `standing` for users and `lists` of users."""

	table: Table
	words: list[tuple[list[str], Any]]
	links: list[tuple[str, str, str, set[str]]]
	standing: list[str]
	lists: list[str]
	users: set[str]

	@classmethod
	def of(cls, table: Table, words: Words, by_target: Mapping[str, set[str]]) -> "_Asked":
		present = set(frappe.db.get_table_columns(table.doctype))
		users = by_target.get("User", set())
		links = []
		for column, target, type_column in links_of(table, present):
			if type_column:
				links += [(column, doctype, type_column, names) for doctype, names in by_target.items()]
			elif target in by_target:
				links.append((column, target, "", by_target[target]))
		return cls(
			table,
			list(_words_in(table, present, words)),
			links,
			[name for name in MAKERS if name in present] if users else [],
			[name for name in LISTS if name in present] if users else [],
			users,
		)

	def queries(self) -> Iterator[tuple[tuple[str, int], Any]]:
		"""By (DocType, number of the statement), what tells whether a statement would find anything."""
		queried = frappe.qb.DocType(self.table.doctype)
		rows = frappe.qb.from_(queried).select(queried.name)
		for place, (_columns, condition) in enumerate(self.words):
			yield (self.table.doctype, place), rows.where(condition)
		for condition in _conditions(queried, self.links, self.standing, self.lists, self.users):
			yield (self.table.doctype, _LINKS), rows.where(condition)


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
	filled = _filled(searched)
	for some in together(filled, len(words.mails) + len(words.phones) + len(words.names)):
		asked = [_Asked.of(table, words, by_target) for table in some]
		held = answered(query for one in asked for query in one.queries())
		for one in asked:
			for place, (columns, condition) in enumerate(one.words):
				if (one.table.doctype, place) in held:
					_search_words(reach, one.table, columns, condition, words, needles)
			if (one.table.doctype, _LINKS) in held:
				_search_links(reach, one, required)
	return reach


def _filled(tables: list[Table]) -> list[Table]:
	"""Those of which there is a row at all: most tables of a site are empty."""
	found: set[str] = set()
	for some in chunks([table.doctype for table in tables]):
		queried = [(doctype, frappe.qb.DocType(doctype)) for doctype in some]
		found |= answered((doctype, frappe.qb.from_(one).select(one.name)) for doctype, one in queried)
	return [table for table in tables if table.doctype in found]


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


def _words_in(table: Table, present: set[str], words: Words) -> Iterator[tuple[list[str], Any]]:
	"""(columns, condition) of each statement by which `words` are searched in a table."""
	columns = wordy_columns(table, present)
	if not columns or not words:
		return
	queried = frappe.qb.DocType(table.doctype)
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
		yield some, condition


def _search_words(
	reach: Reach, table: Table, columns: list[str], condition: Any, words: Words, needles: Needles
) -> None:
	queried = frappe.qb.DocType(table.doctype)
	always = ["name", *(name for name in ("parent", "parenttype") if table.is_child)]
	query = frappe.qb.from_(queried).select(*(queried[name] for name in dict.fromkeys((*always, *columns))))
	rows = query.where(condition).orderby(queried.name).limit(MOST_ROWS + 1).run(as_dict=True)
	if len(rows) > MOST_ROWS:
		reach.more.add(table.doctype)
	if COMMENTS in columns:
		_leave_to_comments(rows)
	for row in rows:
		for name in columns:
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


def _search_links(reach: Reach, asked: _Asked, required: set[tuple[str, str]]) -> None:
	table, wanted, standing, lists, users = asked.table, asked.links, asked.standing, asked.lists, asked.users
	queried = frappe.qb.DocType(table.doctype)
	selected = {"name", *(name for name in ("parent", "parenttype") if table.is_child), *standing, *lists}
	selected |= {column for column, *_rest in wanted} | {kind for _c, _d, kind, _n in wanted if kind}
	found: dict[tuple[str, Record], set[Record]] = defaultdict(set)
	counted: dict[tuple[str, Record], int] = defaultdict(int)
	for condition in _conditions(queried, wanted, standing, lists, users):
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
	queried: Any,
	wanted: list[tuple[str, str, str, set[str]]],
	standing: list[str],
	lists: list[str],
	users: Collection[str],
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
