"""What the planner has to know of each record in which a person stands, read from the site. Changes nothing.

The look-up says what is hers and how surely; `reach` says what else holds her words or points to her records; the map says
what a field holds; rules and holds say what must stay.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import frappe
from frappe.utils import get_datetime

from signflow.core.erasure.masking import Neutral, Words, becomes
from signflow.core.erasure.planner import Decision, Found, Kept, Nature, Pointer
from signflow.core.privacy import persons
from signflow.core.privacy.datamap import PERSON_DOCTYPES, DataMap, DocTypeMap, Holds
from signflow.core.privacy.findings import How, Strength
from signflow.core.privacy.kinds import Table
from signflow.core.privacy.persons import Record, Start, Subject
from signflow.services import terminations, withdrawals
from signflow.services.erasure import bytes_of_files, evidence_of
from signflow.services.erasure import reach as reaching
from signflow.services.erasure.evidence_of import EVIDENCE
from signflow.services.erasure.in_files import SECONDS, Look, Sighting
from signflow.services.erasure.reach import COMMENTS, NOT_SEARCHED, REFERENCES, Reach
from signflow.services.privacy import data_map, lookup
from signflow.services.privacy.keeping import Keeping
from signflow.services.privacy.matching import chunks
from signflow.services.privacy.person_records import region

MAILS = ("Communication", "Email Queue")
# What Frappe and others write down about records: it goes with its record.
TRAILS = frozenset(
	(
		*(
			"Version",
			"Comment",
			"ToDo",
			"View Log",
			"Access Log",
			"Activity Log",
			"Error Log",
			"Error Snapshot",
		),
		*("Notification Log", "Tag Link", "DocShare", "Document Follow", "Energy Point Log", "Route History"),
		*("Deleted Document", "Milestone", "Integration Request", "Webhook Request Log", "Prepared Report"),
		*("Document Share Key", "Data Import Log", "Notification Settings", "List Filter", "User Permission"),
		*("Dashboard Settings", "OAuth Bearer Token", "OAuth Authorization Code", "Token Cache", "SMS Log"),
		*("Personal Data Download Request", "Personal Data Deletion Request", "User Session Display"),
		*("Submission Queue", "Unhandled Email", "Email Unsubscribe", "User Email", "Web Page View"),
		*("Consent Link", "Notice Delivery", "HD Notification"),
		*("HD Ticket Comment", "HD Ticket Activity", "HD Ticket Feedback", "HD Comment"),
	)
)
PARTIES = ("Customer", "Supplier", "Employee", "Sales Partner", "Shareholder")
# What a copy of somebody's data lists.
LISTED = "Personal Data Export Item"
# In which states something is still owed to her: an answer, a refund, the end of an agreement.
UNFINISHED = {
	"Contract Withdrawal": withdrawals.OPEN,
	"Contract Termination": terminations.OPEN,
}


@dataclass
class Facts:
	"""All that a plan is made of. `versions`: what tells that a record was changed since, by record; `child_tables`: the
	records in whose texts she stands, and the tables within them in which she does; `settings`: those that name her."""

	subject: Subject
	words: Words
	found: list[Found] = field(default_factory=list)
	pointers: list[Pointer] = field(default_factory=list)
	versions: dict[Record, str] = field(default_factory=dict)
	child_tables: dict[Record, set[str]] = field(default_factory=dict)
	settings: dict[str, list[str]] = field(default_factory=dict)
	unsearched: list[str] = field(default_factory=list)
	companies: set[str] = field(default_factory=set)


# What an officer decided of a record; of what he keeps, until when and why.
Decided = Callable[[Record], tuple[Decision | None, Kept | None]]
# Whether a record that was made then is younger than the erasure that is done again.
Since = Callable[[Record, datetime], bool]


def never(_record: Record, _made: datetime) -> bool:
	"""Nothing is younger than an erasure that was not done yet."""
	return False


def gather(
	start: Start,
	neutral: Neutral,
	*,
	company: str = "",
	decided: Decided = lambda _record: (None, None),
	since: Since = never,
	known: Words | None = None,
	look: Look | None = None,
	seconds: float = SECONDS,
) -> Facts:
	"""Read everything on whoever `start` is, for the controller `company` ("" for all).

	`known` are words of hers from before, whose records may be erased by now. `look` is gone on with, for so many seconds.
	"""
	the_map = data_map.load()
	found = lookup.look_up(start, company=company)
	gathering = _Gathering(found, the_map, neutral, company, decided, since, known or Words())
	return gathering.run(look or Look(), seconds)


def words_of(subject: Subject) -> Words:
	"""What is hers alone in words: no mailbox or telephone that others share."""
	return Words(
		frozenset(subject.mails | {one.lower() for one in subject.of("User") if "@" in one}) - subject.shared,
		subject.phones - subject.shared,
		subject.full_names,
	)


class _Gathering:
	def __init__(
		self,
		found: lookup.LookUp,
		the_map: DataMap,
		neutral: Neutral,
		company: str,
		decided: Decided,
		since: Since,
		known: Words,
	):
		self.look_up, self.map, self.neutral, self.company = found, the_map, neutral, company
		self.decided, self.since = decided, since
		self.tables: dict[str, Table] = data_map.site_tables()
		own = words_of(found.subject)
		self.facts = Facts(
			found.subject,
			Words(own.mails | known.mails, own.phones | known.phones, own.names | known.names),
		)
		self.facts.unsearched = [*found.unsearched, *sorted(found.more)]
		self.strengths: dict[Record, Strength] = {}
		self.hows: dict[Record, set[How]] = defaultdict(set)
		self.rows: dict[Record, Any] = {}
		self.children: dict[Record, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
		self.under: dict[Record, Record] = {}
		self.house_mails = mails_of_the_house()
		self.region = region()
		self.given: set[str] = set()
		self.unnamed: dict[str, Any] = {}
		# Files in which others stand too; and the agreement of which a file is a part, or a copy.
		self.with_others: set[Record] = set()
		self.parts: dict[Record, Record] = {}
		self.copies: dict[Record, Record] = {}
		self.others_signed: set[Record] = set()
		self.gone: set[Record] = set()
		self.leads: dict[Record, list[Record] | None] = {}

	def run(self, look: Look, seconds: float) -> Facts:
		self._take_hits()
		gone = self._gone_users()
		reach = reaching.search(self.facts.words, [*self.strengths, *gone], self.tables)
		self._take_gone_users(reach, gone)
		self.facts.unsearched += sorted(reach.more)
		self._take_cells(reach)
		self._take_trails(reach)
		agreements = [name for doctype, name in self.strengths if doctype == EVIDENCE]
		known = self.look_up.subject.mails | self.house_mails
		look.go_on(self.facts.words, known, agreements, seconds)
		self._take_files(look.seen, reach)
		self._take_agreements(agreements, look.seen)
		self._read_rows(set(self.strengths) - self.rows.keys())
		self._take_orphans(reach)
		self._drop_other_companies(reach)
		self._take_what_points_to_hers(reach)
		self._drop_files_of_others(reach)
		self._drop_lists_of_others()
		namesakes = self._namesakes()
		keeping = Keeping(reads={})
		known = [record for record in self.strengths if record in self.rows]
		keeping.read_ahead(known, self.rows, self._within(known))
		for record in sorted(self.strengths):
			if record not in self.rows:
				continue
			self.facts.found.append(self._found(record, reach, namesakes, keeping))
			self.facts.versions[record] = version_of(self.rows[record])
		self.facts.child_tables = {
			record: {name for name in tables if self.tables[name].is_child}
			for record, tables in reach.cells.items()
		}
		self.facts.pointers = reach.pointers
		return self.facts

	# What the look-up found, and what it did not

	def _take_hits(self) -> None:
		counted = evidence_of.requests_of(
			(doctype, name) for doctype, hits in self.look_up.hits.items() for name in hits
		)
		for doctype, hits in self.look_up.hits.items():
			if doctype in NOT_SEARCHED:
				continue
			if (table := self.tables.get(doctype)) and table.is_single:
				self.facts.settings[doctype] = sorted(
					{label for hit in hits.values() for label, _reason in hit.reasons}
				)
				continue
			for name, hit in hits.items():
				record = counted.get((doctype, name), (doctype, name))
				# The Comments themselves are found; what copies them follows them.
				reasons = [reason for label, reason in hit.reasons if label != COMMENTS]
				strength = hit.strength
				if len(reasons) < len(hit.reasons):
					if not reasons:
						continue
					strength = max(strength, min(reason.strength for reason in reasons))
				self._note(record, strength, {reason.how for reason in reasons})
		self._read_rows(set(self.strengths))

	def _note(self, record: Record, strength: Strength, hows: Iterable[How] = ()) -> None:
		self.strengths[record] = min(strength, self.strengths.get(record, strength))
		self.hows[record] |= set(hows)

	def _take_cells(self, reach: Reach) -> None:
		counted = evidence_of.requests_of(reach.cells)
		for found, tables in list(reach.cells.items()):
			if found[0] in NOT_SEARCHED:
				del reach.cells[found]
				continue
			strong = any(cell.strong for cell in tables.values())
			record = counted.get(found, found)
			if record != found:
				reach.cells.setdefault(record, {}).update(tables)
			if strong and self.strengths.get(record) is not Strength.SHARED:
				self._note(record, Strength.CERTAIN, (How.MAIL_IN_TEXT,))
			else:
				self._note(record, Strength.POSSIBLE, (How.NAME_IN_TEXT,))

	def _take_files(self, seen: Mapping[str, Sighting], reach: Reach) -> None:
		"""Files in whose bytes or names she stands, as the rows that name them; by their paths those that no row names."""
		rows = _rows_of_files(seen)
		self.unnamed = bytes_of_files.unnamed(path for path in seen if path not in rows)
		for path, one in seen.items():
			for row in rows.get(path, [self.unnamed[path]] if path in self.unnamed else []):
				record = "File", row.name
				how = How.MAIL_IN_TEXT if one.strong else How.NAME_IN_TEXT
				self._note(record, Strength.CERTAIN if one.strong else Strength.POSSIBLE, (how,))
				reach.cells.setdefault(record, {})
				if row.get("attached_to_doctype") == "Prepared Report" and one.strong:
					# Whoever wants it has it made again.
					self._note(("Prepared Report", row.attached_to_name), Strength.CERTAIN, (how,))
				elif not one.alone:
					self.with_others.add(record)

	def _take_agreements(self, requests: list[str], seen: Mapping[str, Sighting]) -> None:
		"""The files of agreements in which she stands, and whatever else shows or copies a sealed document."""
		self.others_signed = {
			(EVIDENCE, name)
			for name in requests
			if evidence_of.others_in(name, self.facts.words, self.look_up.subject)
		}
		for row in evidence_of.files_of(requests):
			record, agreement = ("File", row.name), (EVIDENCE, row.request)
			(self.copies if row.is_copy else self.parts)[record] = agreement
			self._note(record, self.strengths[agreement], (How.REFERENCE,))
		rows = _rows_of_files(path for path, one in seen.items() if one.agreement)
		for path, one in seen.items():
			for row in rows.get(path, [self.unnamed[path]] if one.agreement and path in self.unnamed else []):
				record, agreement = ("File", row.name), (EVIDENCE, one.agreement)
				if agreement in self.strengths and record not in self.parts:
					self.copies[record] = agreement
					self._note(record, self.strengths[agreement], (How.REFERENCE,))

	def _gone_users(self) -> list[Record]:
		"""Users that are no more and whose names, her mail addresses, may still say who made what."""
		mails = self.facts.words.mails
		there = set(
			frappe.get_all("User", {"name": ["in", sorted(mails)]}, pluck="name", order_by="name asc")
		)
		return [("User", mail) for mail in sorted(mails - {one.lower() for one in there})]

	def _take_gone_users(self, reach: Reach, gone: Collection[Record]) -> None:
		for pointer in reach.pointers:
			if pointer.target in gone:
				self._note(pointer.target, Strength.CERTAIN, (How.LINK,))
				self.rows[pointer.target] = frappe._dict(name=pointer.target[1], email=pointer.target[1])
				self.gone.add(pointer.target)

	def _take_orphans(self, reach: Reach) -> None:
		"""Rows within records that are gone, or that are none: nothing else would take them along."""
		for parent in sorted(reach.cells.keys() - self.rows.keys()):
			for doctype, cell in reach.cells.pop(parent).items():
				for name in cell.rows if self.tables[doctype].is_child else ():
					self._note((doctype, name), self.strengths[parent], self.hows[parent])
					reach.cells[doctype, name][doctype] = cell
		self._read_rows({record for record in self.strengths if record not in self.rows})

	def _take_trails(self, reach: Reach) -> None:
		"""What was written down about her records, found by the look-up or not."""
		for pointer in reach.pointers:
			if pointer.standing or not _is_reference(pointer):
				continue
			for source in pointer.sources:
				if source[0] in TRAILS or source[0] in (*MAILS, "File"):
					self.under.setdefault(source, pointer.target)
					if source not in self.strengths:
						self._note(source, self.strengths[pointer.target], (How.REFERENCE,))

	def _take_what_points_to_hers(self, reach: Reach) -> None:
		"""Where her name stands in what points to a record of hers, it is her name."""
		for pointer in reach.pointers:
			if pointer.standing or not self._is_hers(pointer.target):
				continue
			for source in pointer.sources:
				if self.strengths.get(source) is Strength.POSSIBLE:
					self._note(source, Strength.CERTAIN, (How.LINK,))

	def _drop_files_of_others(self, reach: Reach) -> None:
		"""A file that hangs under a record of others in which she merely stands has nothing of her, unless it holds her words."""
		for record in [one for one in self.strengths if one[0] == "File"]:
			above = self.under.get(record)
			if above is None or record in reach.cells or record in self.copies or record in self.parts:
				continue
			if self.hows[record] <= {How.REFERENCE} and not (
				self._is_hers(above) or self.decided(above)[0] or self.decided(record)[0]
			):
				del self.strengths[record]

	def _drop_lists_of_others(self) -> None:
		"""What a namesake's copy lists is about the namesake; where it lists a record of hers it points there."""
		for record, strength in list(self.strengths.items()):
			if record[0] == LISTED and strength is Strength.POSSIBLE:
				del self.strengths[record]

	def _is_hers(self, record: Record) -> bool:
		return record in self.look_up.subject.records or self._leads_to_her(record)

	def _leads_to_her(self, record: Record) -> bool:
		return self._is_known(record) and self._is_alone(record)

	def _is_known(self, record: Record) -> bool:
		return self.strengths.get(record) is Strength.CERTAIN and record in self.rows

	# Rows

	def _read_rows(self, records: Iterable[Record]) -> None:
		by_type: dict[str, list[str]] = defaultdict(list)
		for doctype, name in records:
			if (doctype, name) in self.gone:
				continue
			if doctype == "File" and name in self.unnamed:
				self.rows[doctype, name] = self.unnamed[name]
			else:
				by_type[doctype].append(name)
		for doctype, names in sorted(by_type.items()):
			if doctype not in self.tables or not frappe.db.table_exists(doctype):
				continue
			table = frappe.qb.DocType(doctype)
			for some in chunks(names):
				query = frappe.qb.from_(table).select("*").where(table.name.isin(some)).orderby(table.name)
				for row in query.run(as_dict=True):
					self.rows[doctype, str(row.name)] = row
			for child in self.child_maps(doctype):
				self._read_children(doctype, names, child)

	def child_maps(self, doctype: str) -> list[DocTypeMap]:
		"""The mapped tables within records of `doctype`."""
		return [
			entry
			for entry in self.map
			if entry.is_child and doctype in entry.parents and frappe.db.table_exists(entry.doctype)
		]

	def _read_children(self, doctype: str, names: list[str], child: DocTypeMap) -> None:
		table = frappe.qb.DocType(child.doctype)
		for some in chunks(names):
			query = frappe.qb.from_(table).select("*").where(table.parenttype == doctype)
			for row in query.where(table.parent.isin(some)).orderby(table.name).run(as_dict=True):
				self.children[doctype, str(row.parent)][child.doctype].append(row)

	def _within(self, records: list[Record]) -> dict[Record, dict[str, list[Any]]]:
		"""What was read of the rows within each record, by their DocType."""
		tables = {
			doctype: [child.doctype for child in self.child_maps(doctype)]
			for doctype in {doctype for doctype, _name in records}
		}
		return {
			record: {table: self.children.get(record, {}).get(table, []) for table in tables[record[0]]}
			for record in records
		}

	def _drop_other_companies(self, reach: Reach) -> None:
		"""Another controller's records stay out, and what hangs under them; that there are some, hers or pointing to hers, is told."""
		if not self.company:
			return
		above = {record: self._above(record) for record in self.strengths}
		by_type: dict[str, set[str]] = defaultdict(set)
		for doctype, name in set(self.strengths).union(
			*above.values(),
			(source for one in reach.pointers if not one.standing for source in one.sources),
		):
			by_type[doctype].add(name)
		theirs: set[Record] = set()
		for doctype, names in by_type.items():
			if doctype not in self.tables or self.tables[doctype].is_single:
				continue
			field = frappe.get_meta(doctype).get_field("company")
			if not field or field.options != "Company":
				continue
			table = frappe.qb.DocType(doctype)
			owners = {
				name: self.rows[doctype, name].get("company")
				for name in names
				if (doctype, name) in self.rows
			}
			for some in chunks(names - owners.keys()):
				query = frappe.qb.from_(table).select(table.name, table.company).where(table.name.isin(some))
				owners |= {str(name): whose for name, whose in query.orderby(table.name).run()}
			for name, whose in owners.items():
				if whose and whose != self.company:
					theirs.add((doctype, name))
					self.facts.companies.add(whose)
		for record, targets in above.items():
			if record in theirs or targets & theirs:
				del self.strengths[record]

	def _above(self, record: Record) -> set[Record]:
		"""The records that a record says it hangs under or belongs to."""
		row = self.rows.get(record) or {}
		named = {(str(row.get(kind) or ""), str(row.get(name) or "")) for kind, name in REFERENCES}
		return {one for one in (*named, self.under.get(record)) if one and all(one)}

	# Judging

	def _namesakes(self) -> set[Record]:
		"""Records of others who have her name and an address of their own."""
		subject, found = self.look_up.subject, set()
		for record, strength in self.strengths.items():
			if (
				strength is not Strength.POSSIBLE
				or record[0] not in PERSON_DOCTYPES
				or record not in self.rows
			):
				continue
			mails, phones = self._addresses(record)
			if (mails or phones) and not (mails & subject.mails or phones & subject.phones):
				found.add(record)
		return found

	def _addresses(self, record: Record) -> tuple[set[str], set[str]]:
		mails: set[str] = set()
		phones: set[str] = set()
		for entry, row in self._mapped_rows(record):
			for one in entry.holding(Holds.EMAIL):
				mails |= persons.mails_in(row.get(one.fieldname))
			for one in entry.holding(Holds.PHONE):
				phones |= persons.phones_in(row.get(one.fieldname), self.region)
		return mails, phones

	def _mapped_rows(self, record: Record) -> Iterable[tuple[DocTypeMap, Any]]:
		if record[0] in self.map and record in self.rows:
			yield self.map[record[0]], self.rows[record]
		for child, rows in self.children.get(record, {}).items():
			for row in rows:
				yield self.map[child], row

	def _is_alone(self, record: Record) -> bool:
		"""Whether nobody else is in the record, nor in those whose being hers makes it hers, but who works for the house."""
		seen, left = {record}, [record]
		while left:
			one = left.pop()
			if one not in self.leads:
				self.leads[one] = self._leads_of(one)
			leads = self.leads[one]
			if leads is None or not all(self._is_known(lead) for lead in leads):
				return False
			# Records may point to one another in a circle.
			left += [lead for lead in leads if lead not in seen]
			seen.update(leads)
		return True

	def _leads_of(self, record: Record) -> list[Record] | None:
		"""The records that have to be hers for this one to be; None where somebody else is in it."""
		subject = self.look_up.subject
		mails, phones = self._addresses(record)
		if record in self.with_others or mails - self.house_mails - subject.mails or phones - subject.phones:
			return None
		leads: list[Record] = []
		if record[0] in MAILS:
			return leads
		mine = subject.full_names or subject.names
		for entry, row in self._mapped_rows(record):
			for one in entry.holding(Holds.PERSON):
				value = str(row.get(one.fieldname) or "")
				target = str(row.get(one.type_field) or "") if one.type_field else one.target
				if not value or (target, value) in subject.records or target == "User":
					continue
				if target in PERSON_DOCTYPES:
					return None
				if one.type_field and record not in subject.records:
					leads.append((target, value))
			for one in entry.holding(Holds.NAME):
				said = str(row.get(one.fieldname) or "")
				if "@" in said or not persons.words_of(said) or one.fieldname in _NO_WHOLE_NAME:
					continue
				if mine and not any(persons.could_be(said, name) for name in mine):
					return None
		return leads

	def _found(self, record: Record, reach: Reach, namesakes: set[Record], keeping: Keeping) -> Found:
		doctype, name = record
		row = self.rows[record]
		own = record in self.look_up.subject.records or record in self.gone
		under = self.under.get(record)
		if record in self.copies and not under and row.get("attached_to_name"):
			under = row.attached_to_doctype, row.attached_to_name
		alone = own or self._is_alone(record)
		nature = self._nature(record)
		hows = self.hows[record]
		hangs = doctype in TRAILS or doctype in MAILS
		direct = bool(hows - {How.REFERENCE, How.MAKER} - (set() if hangs else {How.LINK})) or own
		docstatus = int(row.get("docstatus") or 0)
		keeps: tuple[Kept, ...] = ()
		if self.strengths[record] in (Strength.CERTAIN, Strength.SHARED, Strength.POSSIBLE):
			keeps = tuple(Kept(one.until, one.ground, one.statute) for one in keeping.of(doctype, name))
		decided, chosen = self.decided(record)
		if doctype == EVIDENCE and row.get("status") != "Completed" and not decided:
			# Nothing was agreed, so nothing proves anything.
			decided = Decision.HERS if self.strengths[record] is Strength.CERTAIN else None
		since = bool(row.get("creation")) and self.since(record, get_datetime(row.creation))
		hers = self.strengths[record] is Strength.CERTAIN or decided in (Decision.HERS, Decision.KEEP)
		certain = hers and not since
		return Found(
			doctype,
			name,
			nature,
			self.strengths[record],
			own=own,
			alone=alone,
			direct=direct,
			docstatus=docstatus,
			namesake=record in namesakes or bool(under and under in namesakes),
			under=under,
			keeps=keeps,
			masks=self._masks(record) if alone and certain else {},
			words=record in reach.cells,
			takes=self._takes(record, alone) if certain and nature is not Nature.FILE else "",
			decided=decided,
			chosen=chosen,
			shared=bool(self.facts.companies),
			part_of=self.parts.get(record),
			copy_of=self.copies.get(record),
			others_signed=record in self.others_signed,
			unfinished=row.get("status") in UNFINISHED.get(doctype, ()),
			since=since,
		)

	def _nature(self, record: Record) -> Nature:
		doctype = record[0]
		if doctype == EVIDENCE:
			return Nature.EVIDENCE
		if doctype == "User":
			return Nature.USER
		if doctype in PARTIES:
			return Nature.PARTY
		if doctype in PERSON_DOCTYPES:
			return Nature.PERSON
		if doctype == "Address":
			return Nature.ADDRESS
		if doctype == "File":
			return Nature.FILE
		if doctype in MAILS:
			return Nature.MAIL
		return Nature.TRAIL if doctype in TRAILS else Nature.RECORD

	def _masks(self, record: Record) -> dict[str, Any]:
		"""What the fields become, of the record and ("Child DocType" → fields) of the rows within it; empty ones stay."""
		masks: dict[str, Any] = {}
		for entry, row in self._mapped_rows(record):
			of = masks.setdefault(entry.doctype, {}) if entry.is_child else masks
			meta = frappe.get_meta(entry.doctype)
			for one in entry.fields.values():
				if row.get(one.fieldname) in (None, "", 0):
					continue
				described = meta.get_field(one.fieldname)
				if described is None:
					continue
				value = becomes(
					one, self.neutral, required=bool(described.reqd), unique=bool(described.unique)
				)
				if one.holds is Holds.TEXT and record not in self.look_up.subject.records:
					# A document's words may be its terms: only hers are taken out.
					continue
				if value is not False and value != row[one.fieldname]:
					of[one.fieldname] = value
		return {name: value for name, value in masks.items() if value != {}}

	def _takes(self, record: Record, hers: bool) -> str:
		"""What the record is called where it stays; "" if its name says nothing of her."""
		doctype, name = record
		if doctype == "User":
			return self._free("User", self.neutral.mail)
		if self.facts.words.stand_in(name):
			made = self.facts.words.replaced(name, self.neutral) if not hers else self.neutral.name
			return self._free(doctype, made)
		tokens = {
			word for one in self.look_up.subject.names for word in persons.words_of(one) if len(word) > 2
		}
		named_by = self.map[doctype].named_by if doctype in self.map else ""
		by_person = bool(named_by) and hers and named_by in self.map[doctype].fields
		if by_person and tokens & set(persons.words_of(name.replace("-", " ").replace("_", " "))):
			return self._free(doctype, self.neutral.name)
		return ""

	def _free(self, doctype: str, wanted: str) -> str:
		made, number = wanted, 1
		while f"{doctype}\0{made}" in self.given:
			head, at, tail = wanted.partition("@")
			made, number = f"{head}-{number}{at}{tail}", number + 1
		self.given.add(f"{doctype}\0{made}")
		return made


_NO_WHOLE_NAME = ("salutation", "address_title")


def _is_reference(pointer: Pointer) -> bool:
	return any(pointer.column == name for _kind, name in REFERENCES) or pointer.column in (
		"document_name",
		"communication",
		"reference_docname",
		"ref_docname",
		"user",
		"for_user",
		"viewed_by",
		"reference_ticket",
		"ticket",
	)


def _rows_of_files(paths: Iterable[str]) -> dict[str, list[Any]]:
	"""The File rows of each of these files."""
	by_url = {url: path for path in paths for url in bytes_of_files.urls_of(path)}
	found: dict[str, list[Any]] = defaultdict(list)
	for some in chunks(by_url):
		for row in frappe.get_all(
			"File", {"file_url": ["in", some], "is_folder": 0}, ["*"], order_by="name asc"
		):
			# The database compares addresses without regard to capitals and accents.
			if path := by_url.get(row.file_url):
				found[path].append(row)
	return found


def mails_of_the_house() -> set[str]:
	"""The addresses of who works here, and of the site's own mailboxes."""
	found = set(
		frappe.get_all("User", filters={"user_type": "System User"}, pluck="name", order_by="name asc")
	)
	for doctype, column in (("Email Account", "email_id"), ("Company", "email")):
		if frappe.db.table_exists(doctype) and column in frappe.db.get_table_columns(doctype):
			found |= {one for one in frappe.get_all(doctype, pluck=column, order_by="name asc") if one}
	return {mail for one in found for mail in persons.mails_in(one)}


def version_of(row: Mapping[str, Any]) -> str:
	"""What tells that a record was changed by somebody: erasure itself leaves it as it is."""
	return f"{row.get('modified') or ''} {row.get('docstatus') or 0}"
