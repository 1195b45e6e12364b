"""Everything that the site holds on a person, in one view: who she is, then what each mapped DocType holds of her.

Reads only; `api.lookup` writes the log before an answer leaves. Export and erasure read the same `LookUp`.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import frappe
from frappe import _

from signflow.core.privacy import persons
from signflow.core.privacy.datamap import PERSON_DOCTYPES, DataMap, DocTypeMap, Holds
from signflow.core.privacy.findings import FRAMEWORK_MODULES, Reason, Strength
from signflow.core.privacy.persons import PersonRecord, Record, Start, Subject
from signflow.services.privacy import data_map, mail_titles, searching
from signflow.services.privacy.matching import chunks
from signflow.services.privacy.person_records import KINDS, find_subject, region
from signflow.signflow.roles import OFFICER

SEES_ALL = frozenset((OFFICER, "System Manager"))
MAY_LOOK = SEES_ALL | {"Signflow Manager", "Signflow User"}
# A look-up stops beginning statements after so long, and says which DocTypes it has not searched.
SECONDS = 90
# These belong to others' records and come last, when it is known which of those are hers.
_LAST = ("Communication",)
# In place of a field: what the framework's search index says of a record.
IN_INDEX = "__global_search"


@dataclass(frozen=True)
class Hit:
	"""A record that has to do with her; `reasons` name fields of it, or of rows within it ("Child DocType.field").

	`hers`: it is about her as a whole, with what hangs under it.
	"""

	doctype: str
	name: str
	strength: Strength
	reasons: tuple[tuple[str, Reason], ...]
	hers: bool = False


@dataclass
class LookUp:
	"""What was found. `choices` are the persons to choose from where the start fits several, or a company's people.

	`is_company`: it started from a company's record, which is no person. `hits` by DocType and name. `more`: DocTypes with
	more rows than are read; `unsearched`: those that time did not allow; `hidden`: the number of records that this user may not read.
	"""

	subject: Subject
	choices: list[list[PersonRecord]] = field(default_factory=list)
	is_company: bool = False
	own: list[PersonRecord] = field(default_factory=list)
	hits: dict[str, dict[str, Hit]] = field(default_factory=dict)
	more: set[str] = field(default_factory=set)
	unsearched: list[str] = field(default_factory=list)
	hidden: int = 0

	def counts(self) -> dict[str, dict[Strength, int]]:
		"""How many records of each strength, by DocType."""
		counted: dict[str, dict[Strength, int]] = {}
		for doctype, hits in self.hits.items():
			counted[doctype] = defaultdict(int)
			for hit in hits.values():
				counted[doctype][hit.strength] += 1
		return counted

	def of(self, strength: Strength) -> set[Record]:
		"""The records of one strength."""
		return {
			(doctype, name)
			for doctype, hits in self.hits.items()
			for name, hit in hits.items()
			if hit.strength == strength
		}


def start_of(query: str = "", record_doctype: str = "", record_name: str = "") -> Start:
	"""What a typed word starts from: a mail address, a telephone, an identity hash (64 hex digits), else a name.

	Or from a record, which must be one that a person may have (`person_records.KINDS`).
	"""
	if record_doctype or record_name:
		if record_doctype not in KINDS or not frappe.db.exists(record_doctype, record_name):
			frappe.throw(_("There is no such record of a person."), frappe.DoesNotExistError)
		return Start(records=frozenset(((record_doctype, record_name),)))
	word = query.strip()
	mails = persons.mails_in(word)
	if mails:
		return Start(mails=frozenset(mails))
	if len(word) == 64 and all(sign in "0123456789abcdef" for sign in word):
		return Start(identities=frozenset((word,)))
	phone = persons.phone_of(word, region()) if sum(sign.isdigit() for sign in word) >= 6 else ""
	if phone:
		return Start(phones=frozenset((phone,)))
	if "@" in word or not any(len(one) > 1 for one in persons.words_of(word)):
		frappe.throw(_("Type a mail address, a telephone number or a name."))
	return Start(names=frozenset((word,)))


def look_up(start: Start, *, company: str = "") -> LookUp:
	"""Find everything on whoever `start` is, as the current user may see it.

	`company` keeps another controller's records out (rows that carry a company at all). Raises PermissionError for who may
	not look up.
	"""
	require_role()
	sees_all = may_see_all()
	with searching.limited():
		subject, records, full = find_subject(start)
		if not sees_all:
			records = _as_far_as_readable(start, records)
			subject = persons.settle(start, records, subject.shared)
		result = LookUp(
			subject, more=full, own=[records[key] for key in sorted(subject.records & records.keys())]
		)
		result.is_company = any(key in records and records[key].organisation for key in start.records)
		result.choices = _choices(start, subject, records)
		if start.names and len(result.choices) == 1 and _is_called(result.choices[0], start.names):
			only = Start(records=frozenset(one.key for one in result.choices[0]))
			return look_up(only, company=company)
		if result.is_company or (result.choices and start.names):
			return result
		_search_all(result, data_map.load(), company)
	if not sees_all:
		_keep_readable(result)
	return result


def require_role() -> None:
	"""Raise PermissionError unless the user may look persons up at all."""
	if not (MAY_LOOK & set(frappe.get_roles()) or frappe.session.user == "Administrator"):
		frappe.throw(_("You may not look persons up."), frappe.PermissionError)


def may_see_all() -> bool:
	"""Whether the user sees every record of a person, whatever he may read elsewhere."""
	return frappe.session.user == "Administrator" or bool(SEES_ALL & set(frappe.get_roles()))


def _choices(start: Start, subject: Subject, records: dict[Record, PersonRecord]) -> list[list[PersonRecord]]:
	"""Persons to choose from: where the start is a company, its people; where it is not one person's, whose it may be."""
	people = [one for one in records.values() if not one.organisation]
	if any(key in records and records[key].organisation for key in start.records):
		return persons.persons_among(_people_of(start))
	if start.names:
		wanted = [
			one
			for one in people
			if any(persons.could_be(name, mine) for name in one.names for mine in start.names)
		]
		return persons.persons_among(wanted)
	held = start.mails | start.phones
	if held and held & subject.shared and not subject.records:
		return persons.persons_among([one for one in people if (one.mails | one.phones) & held])
	return []


def _is_called(person: list[PersonRecord], names: Iterable[str]) -> bool:
	return any(persons.same_name(name, mine) for one in person for name in one.names for mine in names)


def _people_of(start: Start) -> list[PersonRecord]:
	"""The Contacts of the companies in `start`."""
	linked: set[str] = set()
	for doctype, name in start.records:
		linked |= set(
			frappe.get_all(
				"Dynamic Link",
				filters={"link_doctype": doctype, "link_name": name, "parenttype": "Contact"},
				pluck="parent",
				order_by="parent asc",
				limit=persons.MOST_RECORDS,
			)
		)
	if not linked:
		return []
	if not may_see_all():
		linked = readable_names("Contact", linked)
	_subject, records, _full = find_subject(Start(records=frozenset(("Contact", name) for name in linked)))
	return [
		one for (doctype, name), one in sorted(records.items()) if doctype == "Contact" and name in linked
	]


def _search_all(result: LookUp, the_map: DataMap, company: str) -> None:
	"""First the DocTypes whose rows stand alone, then those whose rows hang under others'; Frappe's own last."""
	where, deadline = region(), time.monotonic() + SECONDS
	about: dict[str, set[str]] = defaultdict(set)
	for doctype, name in result.subject.records:
		about[doctype].add(name)
	for some in searching.parts(_ordered(the_map), result.subject):
		if time.monotonic() > deadline:
			result.unsearched += [entry.doctype for entry in some]
			continue
		known, held = _sizes(about), searching.with_hits(some, result.subject, about)
		for place, entry in enumerate(some):
			new = {doctype for doctype, size in _sizes(about).items() if size > known.get(doctype, 0)}
			if new and entry.doctype not in held:
				# Found meanwhile: what follows may point there.
				left = [one for one in some[place:] if one.doctype not in held]
				left = [one for one in left if searching.may_point_to(one, new)]
				held |= searching.with_hits(left, result.subject, about)
				known = _sizes(about)
			if entry.doctype not in held:
				continue
			if time.monotonic() > deadline:
				result.unsearched.append(entry.doctype)
				continue
			found = searching.search(entry, result.subject, about, where)
			if found.unfinished:
				result.unsearched.append(entry.doctype)
			_take(result, found, company, about)
	singles = [entry for entry in the_map if entry.is_single]
	for doctype, finding in searching.search_singles(singles, result.subject, where).items():
		reasons = tuple((one.fieldname, one) for one in finding.reasons)
		result.hits[doctype] = {doctype: Hit(doctype, doctype, finding.strength, reasons)}
	_take_index(result, the_map, company, where)


def _sizes(about: dict[str, set[str]]) -> dict[str, int]:
	return {doctype: len(names) for doctype, names in about.items()}


def _take_index(result: LookUp, the_map: DataMap, company: str, where: str) -> None:
	"""Records of which only the search index still says something: of the others it is a copy."""
	found, is_more = searching.search_index(result.subject, where)
	new = {
		(doctype, name): reasons
		for (doctype, name), reasons in found.items()
		if doctype in the_map.tables and name not in result.hits.get(doctype, {})
	}
	facts = searching.facts_of(new)
	for (doctype, name), reasons in new.items():
		owner = facts.get(doctype, {}).get(name, {}).get("company")
		if company and owner and owner != company:
			continue
		strength = min(one.strength for one in reasons)
		told = tuple((IN_INDEX, one) for one in reasons)
		result.hits.setdefault(doctype, {})[name] = Hit(doctype, name, strength, told)
		if is_more:
			result.more.add(doctype)


def _ordered(the_map: DataMap) -> list[DocTypeMap]:
	entries = [entry for entry in the_map if not entry.is_single and frappe.db.table_exists(entry.doctype)]
	# She may have made rows of DocTypes that say nothing else of persons, or be named in what is said of them.
	entries += [
		DocTypeMap(name)
		for name, is_child in the_map.tables.items()
		if name not in the_map and not is_child and frappe.db.table_exists(name)
	]
	return sorted(entries, key=lambda entry: (_place(entry), entry.doctype))


def _place(entry: DocTypeMap) -> int:
	hangs = any(one.type_field for one in entry.holding(Holds.PERSON))
	if entry.doctype in _LAST or _LAST[0] in entry.parents:
		return 2
	if not hangs:
		return 0
	return 3 if entry.module in FRAMEWORK_MODULES and not entry.is_child else 1


def _take(result: LookUp, found: searching.Found, company: str, about: dict[str, set[str]]) -> None:
	"""Count what was found in one table to the records that it stands in."""
	told = searching.facts_of(found.parents.values()) if found.entry.is_child else {}
	for row, finding in found.findings.items():
		doctype, name, reasons, strength = found.entry.doctype, row, finding.reasons, finding.strength
		owner, leads_on = found.companies.get(row, ""), finding.leads_on
		label = ""
		if found.entry.is_child:
			parent = found.parents[row]
			facts = told.get(parent[0], {}).get(parent[1])
			if facts:
				(doctype, name), owner, label = parent, facts["company"], f"{found.entry.doctype}."
				if facts["is_person"] and parent not in result.subject.records:
					strength, leads_on = max(strength, Strength.TRACE), False
				leads_on = leads_on and not frappe.get_meta(doctype).is_submittable
				leads_on = leads_on and doctype not in PERSON_DOCTYPES
		if company and owner and owner != company:
			continue
		hers = leads_on and strength == Strength.CERTAIN
		if found.more:
			result.more.add(doctype)
		hits = result.hits.setdefault(doctype, {})
		before = hits.get(name)
		hits[name] = Hit(
			doctype,
			name,
			min(strength, before.strength) if before else strength,
			(before.reasons if before else ()) + tuple((label + one.fieldname, one) for one in reasons),
			hers or bool(before and before.hers),
		)
		if leads_on:
			about[doctype].add(name)


# What a user may see who is no officer


def _as_far_as_readable(start: Start, records: dict[Record, PersonRecord]) -> dict[Record, PersonRecord]:
	"""Only records that the user may read tell him who somebody is."""
	by_type: dict[str, set[str]] = defaultdict(set)
	for doctype, name in records:
		by_type[doctype].add(name)
	readable = {
		(doctype, name) for doctype, names in by_type.items() for name in readable_names(doctype, names)
	}
	if start.records - readable:
		frappe.throw(_("You may not read this record."), frappe.PermissionError)
	return {key: one for key, one in records.items() if key in readable}


def readable_names(doctype: str, names: Iterable[str]) -> set[str]:
	"""Which records of one DocType the current user may list; one statement for each 500."""
	if not frappe.has_permission(doctype, "read"):
		return set()
	if frappe.get_meta(doctype).issingle:
		return set(names)
	found: set[str] = set()
	for chunk in chunks(set(names)):
		found |= {
			str(name)
			for name in frappe.get_list(
				doctype,
				filters={"name": ["in", chunk]},
				pluck="name",
				order_by="name asc",
				limit_page_length=0,
			)
		}
	return found


def _keep_readable(result: LookUp) -> None:
	for doctype, hits in list(result.hits.items()):
		readable = set() if frappe.get_meta(doctype).istable else readable_names(doctype, hits)
		result.hidden += len(hits.keys() - readable)
		result.hits[doctype] = {name: hit for name, hit in hits.items() if name in readable}
		if not result.hits[doctype]:
			del result.hits[doctype]
	# That there is more of what he may not read at all is not told.
	result.more &= result.hits.keys() | KINDS.keys()


def describe(doctype: str, names: list[str]) -> dict[str, Any]:
	"""Title and date of records, for showing: {name: {title, date}}, without those that are no more; one statement."""
	meta, table = frappe.get_meta(doctype), frappe.qb.DocType(doctype)
	if meta.issingle:
		return {doctype: {"title": _(doctype), "date": None}}
	if doctype in mail_titles.MAILS:
		return mail_titles.of(doctype, names)
	columns = frappe.db.get_table_columns(doctype)
	title = meta.get_title_field()
	title = title if title in columns else "name"
	query = frappe.qb.from_(table).select(table.name, table[title].as_("title"), table.creation.as_("date"))
	rows = query.where(table.name.isin(names)).orderby(table.name).run(as_dict=True)
	return {str(row.name): {"title": str(row.title or row.name), "date": row.date} for row in rows}
