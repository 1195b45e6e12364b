"""Rows erased, masked, renamed and unlinked as rows: no doc event runs, and nothing is written down of what was there.

Everything here works by primary keys in the caller's transaction, and done twice is done once.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import frappe

from signflow.core.erasure.masking import Neutral, Words
from signflow.core.privacy.kinds import Table
from signflow.core.privacy.needles import Needles
from signflow.core.privacy.persons import Record
from signflow.services.erasure import bytes_of_files, evidence_of
from signflow.services.erasure import reach as reaching
from signflow.services.erasure.facts import EVIDENCE, PARTIES, TRAILS
from signflow.services.erasure.reach import (
	COMMENTS,
	LISTS,
	MAKERS,
	ROWS_THAT_ARE_LINKS,
	comments_of,
	links_of,
	listed,
)
from signflow.services.privacy import data_map
from signflow.services.privacy.matching import CHUNK, any_of, holds
from signflow.services.requests import all_signers_of

# Never touched by taking words out: they are keys, kinds and numbers.
STRUCTURAL = frozenset(
	(
		"name",
		"doctype",
		"parent",
		"parenttype",
		"parentfield",
		"naming_series",
		"amended_from",
		"idx",
		"docstatus",
	)
)

# Rows by which somebody is written to. Other rows that are links stay where what they link to does: ERPNext asks whether
# the contact of an invoice belongs to its customer before it lets anybody credit it.
RECEIVERS = ("Email Queue Recipient", "Event Participants")


@dataclass
class Erasing:
	"""One run: whose words go, what stands in their place, and what becomes of the records that others point to.

	`users`: the names of her users. `targets`: what records become by DocType and name, as long as the plan names them.
	"""

	plan: str
	token: str
	neutral: Neutral
	words: Words
	company: str | None
	told: Mapping[str, Any]
	users: list[str] = field(default_factory=list)
	targets: dict[str, dict[str, str | None]] = field(default_factory=lambda: defaultdict(dict))

	@cached_property
	def since(self) -> frozenset[Record]:
		"""What was made since the erasure that is done again: nothing of it is touched."""
		return frozenset((doctype, name) for doctype, name in self.told.get("since", ()))

	@cached_property
	def tables(self) -> dict[str, Table]:
		"""The site's DocTypes, read once in a run."""
		return data_map.site_tables()

	@cached_property
	def indexed(self) -> frozenset[str]:
		"""The DocTypes in the index of the global search."""
		index = frappe.qb.Table("__global_search")
		return frozenset(row[0] for row in frappe.qb.from_(index).select(index.doctype).distinct().run())

	@cached_property
	def needles(self) -> Needles | None:
		"""Her words as the proof will look for them."""
		return self.words.needles() if self.words else None

	def without_her(self, value: str) -> str | None:
		"""A text without her words; None for one from which they cannot be taken, as out of base64."""
		made = self.words.replaced(value, self.neutral)
		if self.needles and _may_hide(made) and self.needles.found_in(made):
			return None
		return made


def _may_hide(text: str) -> bool:
	# What is short and plain was read already.
	return (len(text) > 8 and any(sign in text for sign in "=%&\\<+/")) or len(text) > 60


def read(doctype: str, names: Iterable[str | None]) -> dict[str, Any]:
	"""The rows as they are now, locked, by name; those that are gone are missing."""
	wanted = [name for name in names if name]
	meta = frappe.get_meta(doctype)
	if meta.issingle or not wanted:
		return {}
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.from_(table).select("*").where(table.name.isin(wanted)).orderby(table.name)
	found = {str(row.name): row for row in query.for_update().run(as_dict=True)}
	return found | bytes_of_files.unnamed(wanted) if doctype == "File" else found


# Erased


def erase(erasing: Erasing, doctype: str, stored: Mapping[str, Any]) -> None:
	"""Delete records with the rows within them, and files with their bytes."""
	names = [row.name for row in stored.values()]
	if not names:
		return
	if doctype == "File":
		bytes_of_files.remove(stored.values())
	elif doctype == "Comment":
		_follow_comments(erasing, [(row, None) for row in stored.values()])
	for child in child_tables(doctype):
		frappe.db.delete(child, {"parent": ["in", names], "parenttype": doctype})
	frappe.db.delete(doctype, {"name": ["in", names]})
	if _has_passwords(doctype):
		auth = frappe.qb.Table("__Auth")
		frappe.qb.from_(auth).delete().where((auth.doctype == doctype) & auth.name.isin(names)).run()
	if doctype in erasing.indexed:
		index = frappe.qb.Table("__global_search")
		frappe.qb.from_(index).delete().where((index.doctype == doctype) & index.name.isin(names)).run()
	_forget_cached(doctype, names)


def _has_passwords(doctype: str) -> bool:
	return any(one.fieldtype == "Password" for one in frappe.get_meta(doctype).fields)


def child_tables(doctype: str) -> list[str]:
	"""The tables that hold the rows within records of `doctype`."""
	return list(dict.fromkeys(one.options for one in frappe.get_meta(doctype).get_table_fields()))


def warm(erasing: Erasing, doctypes: Iterable[str]) -> None:
	"""Read how the DocTypes are built before rows are locked: nobody waits for that."""
	# What is read once is read now.
	_indexed = erasing.indexed
	for doctype in doctypes:
		if doctype in erasing.tables:
			for child in child_tables(doctype):
				frappe.get_meta(child)
			if not erasing.tables[doctype].is_single:
				frappe.db.get_table_columns(doctype)


def _forget_cached(doctype: str, names: Iterable[str]) -> None:
	# Once the rows are unlocked; whoever reads in between reads what was there.
	names = list(names)

	def forget() -> None:
		for name in names:
			frappe.clear_document_cache(doctype, name)

	frappe.db.after_commit.add(forget)


# Masked


def mask(erasing: Erasing, lines: Sequence[Any], stored: Mapping[str, Any]) -> None:
	"""Put neutral values in place of hers in records of one DocType, take her words out of texts, and rename those whose name
	says who it was."""
	doctype = lines[0].record_doctype
	if frappe.get_meta(doctype).issingle:
		_mask_single(erasing, doctype)
		return
	called: dict[str, str] = {}
	written: dict[tuple[tuple[str, Any], ...], list[Any]] = defaultdict(list)
	comments = []
	for line in lines:
		if (row := stored.get(line.record_name)) is None:
			continue
		changes = _masked(erasing, line, row)
		called[str(row.name)] = str(changes.get("name", row.name))
		written[tuple(sorted(changes.items()))].append(row.name)
		comments.append((row, {**row, **changes}))
	# What becomes of several alike is one statement.
	for changes_, names in written.items():
		_write(doctype, names, dict(changes_))
	if doctype == "Comment":
		_follow_comments(erasing, comments)
	for name, new in called.items():
		if new != name:
			_follow(doctype, name, new)
	if doctype in erasing.indexed:
		_reindex(erasing, doctype, called)
	_forget_cached(doctype, called)


def _masked(erasing: Erasing, line: Any, row: Any) -> dict[str, Any]:
	"""What changes in a record itself; the rows within it are changed."""
	doctype = line.record_doctype
	fields = json.loads(line.fields or "{}")
	children = {name: of for name, of in fields.items() if isinstance(of, dict)}
	changes = _changes(erasing, row, {name: of for name, of in fields.items() if name not in children})
	if doctype == "User":
		changes |= _closed_user(row)
	for child, of in children.items():
		_mask_rows(erasing, doctype, row.name, child, of)
	if doctype == EVIDENCE:
		evidence_of.mask(erasing, row.name)
	if line.renamed and line.renamed != row.name:
		changes["name"] = line.renamed
		if (key := _key_field(doctype)) and key in row:
			changes[key] = line.renamed
	return changes


def _changes(erasing: Erasing, row: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
	changes = {name: value for name, value in fields.items() if name in row and row[name] != value}
	for column, value in row.items():
		if column in STRUCTURAL or column in fields or not isinstance(value, str) or not value:
			continue
		if column in (*MAKERS, *LISTS):
			continue
		made = erasing.without_her(value)
		if made != value:
			changes[column] = made
	return changes


def _mask_rows(erasing: Erasing, doctype: str, name: str, child: str, fields: Mapping[str, Any]) -> None:
	table = frappe.qb.DocType(child)
	query = frappe.qb.from_(table).select("*").where((table.parenttype == doctype) & (table.parent == name))
	for row in query.orderby(table.name).for_update().run(as_dict=True):
		if child in RECEIVERS and _changes(erasing, row, {}):
			# Nothing is ever sent to whoever is no more.
			frappe.db.delete(child, {"name": row.name})
			continue
		_write(
			child, [row.name], _changes(erasing, row, {key: fields[key] for key in fields if row.get(key)})
		)


def _mask_single(erasing: Erasing, doctype: str) -> None:
	singles = frappe.qb.Table("tabSingles")
	query = frappe.qb.from_(singles).select(singles.field, singles.value).where(singles.doctype == doctype)
	for name, value in query.orderby(singles.field).run():
		if isinstance(value, str) and (made := erasing.without_her(value)) != value:
			frappe.qb.update(singles).set(singles.value, made).where(
				(singles.doctype == doctype) & (singles.field == name)
			).run()
	_forget_cached(doctype, [doctype])


def _follow_comments(erasing: Erasing, comments: Iterable[tuple[Any, Mapping[str, Any] | None]]) -> None:
	"""Have records' own copies of comments say what these say by now, (as it was, as it is); without those that are gone (None)."""
	on: dict[str, set[str]] = defaultdict(set)
	changed: dict[str, Mapping[str, Any] | None] = {}
	for row, made in comments:
		on[row.get("reference_doctype") or ""].add(row.get("reference_name") or "")
		changed[row.name] = made
	for doctype, names in on.items():
		table = erasing.tables.get(doctype)
		if table is None or table.is_single or not frappe.db.table_exists(doctype):
			continue
		if COMMENTS not in frappe.db.get_table_columns(doctype):
			continue
		# What points to a record that gets another name does so before the record has it.
		before = {old for old, new in erasing.targets.get(doctype, {}).items() if new in names}
		queried = frappe.qb.DocType(doctype)
		query = frappe.qb.from_(queried).select(queried.name, queried[COMMENTS])
		query = query.where(queried.name.isin(sorted(names | before))).orderby(queried.name)
		for parent in query.for_update().run(as_dict=True):
			entries = comments_of(parent[COMMENTS])
			kept = [_as_copied(erasing, one, changed) for one in entries]
			if kept != entries:
				left = json.dumps([one for one in kept if one is not None])
				_write(doctype, [parent.name], {COMMENTS: left})
				_forget_cached(doctype, [parent.name])


def _as_copied(
	erasing: Erasing, entry: dict[str, Any], changed: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Any] | None:
	if entry.get("name") not in changed:
		return entry
	made = changed[entry["name"]]
	if made is None:
		return None
	# As Frappe cuts it: a name that is cut off at its end is no word of hers, and would stay.
	text = str(made.get("content") or "")
	by = erasing.without_her(str(entry.get("by") or ""))
	return {**entry, "comment": f"{text[:97]}..." if len(text) > 100 else text, "by": by}


def _closed_user(row: Mapping[str, Any]) -> dict[str, Any]:
	closed = {"enabled": 0, "api_key": None, "reset_password_key": None, "username": None, "last_ip": None}
	closed |= {"last_login": None, "last_active": None, "user_image": None, "restrict_ip": None}
	return {name: value for name, value in closed.items() if name in row and row[name] != value}


def _key_field(doctype: str) -> str:
	autoname = frappe.get_meta(doctype).autoname or ""
	if autoname.startswith("field:"):
		return autoname.removeprefix("field:")
	return "email" if doctype == "User" else ""


def _write(doctype: str, names: list[Any], changes: Mapping[str, Any]) -> None:
	if not changes:
		return
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.update(table)
	for column, value in changes.items():
		query = query.set(table[column], value)
	query.where(table.name.isin(names)).run()


def _follow(doctype: str, old: str, new: str) -> None:
	"""What belongs to a renamed record by its name alone, and is no link of any DocType."""
	for child in child_tables(doctype):
		table = frappe.qb.DocType(child)
		frappe.qb.update(table).set(table.parent, new).where(
			(table.parenttype == doctype) & (table.parent == old)
		).run()
	if _has_passwords(doctype):
		auth = frappe.qb.Table("__Auth")
		frappe.qb.update(auth).set(auth.name, new).where((auth.doctype == doctype) & (auth.name == old)).run()


def _reindex(erasing: Erasing, doctype: str, called: Mapping[str, str]) -> None:
	"""Have the search index say what records ({name: name by now}) say."""
	index = frappe.qb.Table("__global_search")
	query = frappe.qb.from_(index).select(index.name, index.content, index.title)
	for row in query.where((index.doctype == doctype) & index.name.isin(list(called))).run(as_dict=True):
		change = frappe.qb.update(index).set(index.name, called.get(row.name, row.name))
		for name in ("content", "title"):
			if isinstance(row[name], str):
				change = change.set(index[name], erasing.without_her(row[name]) or "")
		change.where((index.doctype == doctype) & (index.name == row.name)).run()


# Unlinked


def unlink(erasing: Erasing, doctype: str, columns: Mapping[str, Any]) -> bool:
	"""Point rows of one table to nothing, or to the new name, where they pointed to what goes; True if there are more.

	At most `CHUNK` rows at a time, found by a plain read and changed by their keys.
	"""
	table = frappe.qb.DocType(doctype)
	present = set(frappe.db.get_table_columns(doctype))
	links = [one for one in links_of(erasing.tables[doctype], present) if one[0] in columns]
	standing = [name for name in (*MAKERS, *LISTS) if name in columns and name in present]
	users = erasing.targets.get("User", {})
	conditions = []
	for column, target, kind in links:
		if kind:
			for other, names in erasing.targets.items():
				conditions.append((table[kind] == other) & table[column].isin(sorted(names)))
		elif names := erasing.targets.get(target):
			conditions.append(table[column].isin(sorted(names)))
	for name in standing:
		if users:
			conditions.append(
				table[name].isin(sorted(users)) if name in MAKERS else holds(table[name], texts=set(users))
			)
	condition = any_of(conditions)
	if condition is None:
		return False
	selected = {
		"name",
		*(column for column, _t, _k in links),
		*(kind for _c, _t, kind in links if kind),
		*standing,
	}
	query = frappe.qb.from_(table).select(*(table[name] for name in sorted(selected))).where(condition)
	found = query.orderby(table.name).limit(CHUNK).run(as_dict=True)
	updates: dict[tuple[tuple[str, Any], ...], list[Any]] = defaultdict(list)
	deleted = []
	for row in found:
		if doctype in ROWS_THAT_ARE_LINKS and any(
			_becomes(erasing, row, *link) is None for link in links if row[link[0]]
		):
			deleted.append(row.name)
		elif changes := _unlinked(erasing, row, links, standing, users):
			updates[tuple(sorted(changes.items()))].append(row.name)
	if deleted:
		frappe.db.delete(doctype, {"name": ["in", deleted]})
	for changes_, names in updates.items():
		change = frappe.qb.update(table)
		for column, value in changes_:
			change = change.set(table[column], value)
		change.where(table.name.isin(names)).run()
	return len(found) == CHUNK and bool(updates or deleted)


def _unlinked(
	erasing: Erasing, row: Any, links: list[Any], standing: list[str], users: Mapping[str, str | None]
) -> dict[str, Any]:
	changes: dict[str, Any] = {}
	for link in links:
		value = row[link[0]]
		if value and (made := _becomes(erasing, row, *link)) != value:
			changes[link[0]] = made
	for name in standing:
		if name in MAKERS:
			if row[name] in users:
				changes[name] = users[row[name]] or "Administrator"
		elif left := listed(row[name]):
			kept = [users[one] or "" if one in users else one for one in left]
			if kept != left:
				changes[name] = json.dumps([one for one in kept if one])
	return changes


def _becomes(erasing: Erasing, row: Any, column: str, target: str, kind: str) -> str | None:
	value = row[column]
	names = erasing.targets.get(row[kind] if kind else target, {})
	return names[value] if value in names else value


# Once what was kept may go


def texts_of(doctype: str, row: Mapping[str, Any]) -> list[str]:
	"""All texts of a record, of the rows within it, and of its signers where it is a signed agreement."""
	found = [row]
	for child in child_tables(doctype):
		found += frappe.get_all(
			child, {"parenttype": doctype, "parent": row["name"]}, ["*"], order_by="name asc"
		)
	if doctype == EVIDENCE:
		found += all_signers_of(row["name"])
	return [value for one in found for value in one.values() if isinstance(value, str)]


def pointers_to(erasing: Erasing, doctype: str, name: str) -> list[Any]:
	"""What points to a record, of all tables."""
	return reaching.search(Words(), [(doctype, name)], erasing.tables).pointers


def is_needed(doctype: str, pointers: Iterable[Any]) -> bool:
	"""Whether what stays needs the record: a link that may not be empty, whoever made it, a document of business."""
	return any(
		pointer.required
		or pointer.standing
		or (doctype in PARTIES and pointer.table not in (*TRAILS, *ROWS_THAT_ARE_LINKS))
		for pointer in pointers
	)


def let_go(erasing: Erasing, doctype: str, name: str, new: str | None, pointers: Iterable[Any]) -> None:
	"""Point what points to a record (`pointers`) to its new name, or to nothing."""
	erasing.targets[doctype][name] = new
	columns: dict[str, set[str]] = defaultdict(set)
	for pointer in pointers:
		columns[pointer.table].add(pointer.column)
	for table in sorted(columns):
		while unlink(erasing, table, dict.fromkeys(columns[table])):
			pass
