"""What keeps a record: rules by which it must be kept, and legal holds. Whoever erases asks here first.

A rule protects the record it speaks of and what hangs under that one: a mail under an invoice, a version of it. A hold
protects what it names and all that points there. Where a date or a fiscal year is missing the end is unknown, and the
record is kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Max
from frappe.utils import getdate

from signflow.core.privacy import retention as arithmetic
from signflow.core.privacy.persons import Record
from signflow.core.privacy.retention import (
	KEEP,
	FiscalYear,
	FiscalYears,
	Period,
	PeriodUnit,
	Reckoning,
)
from signflow.services.privacy import holds
from signflow.services.privacy.matching import TOGETHER, answered, chunks
from signflow.signflow_privacy.record_filters import company_field, filters_of, fits

HOPS = 3
# Frappe's records that name another one in plain fields: the DocType's field and the name's.
REFERENCES = (
	("reference_doctype", "reference_name"),
	("reference_doctype", "reference_docname"),
	("reference_type", "reference_name"),
	("ref_doctype", "docname"),
	("document_type", "document_name"),
	("attached_to_doctype", "attached_to_name"),
	("share_doctype", "share_name"),
	("deleted_doctype", "deleted_name"),
	("export_from", "reference_document"),
)


@dataclass(frozen=True)
class Keep:
	"""Why a record stays: by a `rule` (Retention Rule) or a `hold` (Legal Hold), until a day, None if no end is known.

	`through` is the record that the rule or hold speaks of: the record itself, or one that it hangs under.
	"""

	until: date | None
	ground: str
	statute: str
	through: Record
	rule: str = ""
	hold: str = ""


def keep_until(doctype: str, name: Any, today: date | None = None) -> list[Keep]:
	"""All that keeps a record on `today` (the site's day by default), the longest first; [] if it may go.

	Asks no permission. A record that is not there is kept by nothing.
	"""
	return Keeping(today).of(doctype, name)


# Rows within one record, by their DocType.
_Within = Mapping[str, list[Any]]


@dataclass(frozen=True)
class _Stored:
	"""A record as it is stored, and the `rows` (DocType, values) within it."""

	doctype: str
	values: Any
	rows: tuple[tuple[str, Any], ...] = ()

	@property
	def name(self) -> str:
		return str(self.values.name)


@dataclass
class Keeping:
	"""The rules and holds in force, read once: for asking of many records in one transaction.

	`reads` keeps what was read of records, for who asks of one person's, which hang under a few, and changes nothing
	meanwhile; None reads each time.
	"""

	today: date | None = None
	reads: dict[Record, _Stored | None] | None = None
	rules: dict[str, list[Any]] = field(default_factory=dict)
	in_force: list[Any] = field(default_factory=list)
	years: dict[str | None, FiscalYears] = field(default_factory=dict)
	# Of what was read ahead, by rule or hold: which names fit it, and their dates; and which are remembered by a hold.
	_fitting: dict[str, dict[str, bool]] = field(default_factory=dict)
	_dated: dict[str, dict[str, date | None]] = field(default_factory=dict)
	_remembered: tuple[set[str], set[tuple[str, str]]] = field(default_factory=lambda: (set(), set()))

	def __post_init__(self) -> None:
		self.today = self.today or getdate()
		for rule in frappe.get_all(
			"Retention Rule",
			filters={"enabled": 1, "kind": KEEP},
			fields=["*"],
			order_by="name asc",
		):
			self.rules.setdefault(rule.document_type, []).append(rule)
		self.in_force = frappe.get_all(
			"Legal Hold",
			filters={"lifted": 0, "from_date": ["<=", self.today]},
			fields=["*"],
			order_by="name asc",
		)

	def read_ahead(
		self, records: Iterable[Record], rows: Mapping[Record, Any], within: Mapping[Record, _Within]
	) -> None:
		"""Read records, and what they hang under, before `of` is asked of each: by a few statements for each DocType, and
		not for each record. `rows` are those that the caller has read, and `within` the tables of rows within records. Only
		where `reads` are kept.
		"""
		if self.reads is None or not (self.rules or self.in_force):
			return
		level, touched = {(doctype, str(name)) for doctype, name in records}, set()
		for _hop in range(HOPS + 1):
			level -= self.reads.keys()
			self.reads.update(_read(level, rows, within))
			links = [link for record in level if (one := self.reads[record]) for link in links_of(one)]
			touched |= {*level, *(target for target, _is_reference in links)}
			level = {target for target, is_reference in links if is_reference}
		for rules in self.rules.values():
			for rule in rules:
				names = _names(touched, rule.document_type)
				if filters := _filters_of(rule):
					self._fit(rule.name, rule.document_type, filters, names)
				if rule.date_in:
					self._dates(rule, names)
		spoken_of = {hold.document_type for hold in self.in_force}
		names = {name for doctype, name in touched if doctype in spoken_of}
		for some in chunks(names):
			self._remembered[1].update(holds.remembered((hold.name for hold in self.in_force), some))
		self._remembered[0].update(names)
		for hold in self.in_force:
			if not hold.document_name:
				wanted = _names(touched, hold.document_type)
				self._fit(hold.name, hold.document_type, holds.conditions(hold), wanted)

	def of(self, doctype: str, name: Any) -> list[Keep]:
		"""As `keep_until`, which see."""
		if not (self.rules or self.in_force):
			return []
		own, touched = _surroundings(doctype, name, self.reads)
		found = [
			keep for doc in own for rule in self.rules.get(doc.doctype, ()) for keep in self._by(rule, doc)
		]
		found += self._held(own, touched) if self.in_force else []
		return sorted(found, key=lambda keep: keep.until or date.max, reverse=True)

	def _fit(self, key: str, doctype: str, filters: list[Any], names: Iterable[str]) -> list[str]:
		"""Those of `names` that fit the filters of a rule or hold; asked once where reads are kept."""
		known = self._fitting.setdefault(key, {}) if self.reads is not None else {}
		if new := sorted(set(names) - known.keys()):
			fitting = set(fits(doctype, filters, new))
			known.update((name, name in fitting) for name in new)
		return [name for name in sorted(names) if known[name]]

	def _dates(self, rule: Any, names: Iterable[str]) -> dict[str, date | None]:
		"""The dates that a rule counts from in other records, by name; asked once where reads are kept."""
		known = self._dated.setdefault(rule.name, {}) if self.reads is not None else {}
		if new := sorted(set(names) - known.keys()):
			dated = dates_of(rule, new)
			known.update((name, dated.get(name)) for name in new)
		return known

	def speaks_of(self, doctype: str) -> bool:
		"""Whether a rule or hold in force names the DocType."""
		return doctype in self.rules or any(hold.document_type == doctype for hold in self.in_force)

	def _by(self, rule: Any, doc: Any) -> Iterator[Keep]:
		# Of a record that does not say whose it is, every company's rule holds.
		whose = _company_of(doc)
		if rule.only_company and whose and whose != rule.only_company:
			return
		filters = _filters_of(rule)
		if filters and not self._fit(rule.name, rule.document_type, filters, [doc.name]):
			return
		if rule.date_in:
			day = self._dates(rule, [doc.name])[doc.name]
		else:
			written = doc.values.get(rule.date_field)
			day = getdate(written) if written else None
		until = self.end_of(rule, day, whose or rule.only_company)
		if until is None or until >= self.today:
			yield Keep(until, rule.ground or "", rule.statute or "", (doc.doctype, doc.name), rule=rule.name)

	def end_of(self, rule: Any, day: date | None, company: str | None) -> date | None:
		"""The last day of keeping by `rule` of a record dated `day`; None if the day or its fiscal year is unknown."""
		if day is None:
			return None
		reckoning = Reckoning(rule.reckoning)
		years = self._years_of(company) if reckoning.by_fiscal_year else None
		return arithmetic.keep_until(day, reckoning, period_of(rule), years)

	def _years_of(self, company: str | None) -> FiscalYears:
		if company not in self.years:
			self.years[company] = fiscal_years(company)
		return self.years[company]

	def _held(self, own: list[_Stored], touched: set[Record]) -> Iterator[Keep]:
		spoken_of = {hold.document_type for hold in self.in_force}
		names = {name for doctype, name in touched if doctype in spoken_of}
		if not names:
			return
		asked, remembered = self._remembered
		if names - asked:
			remembered = holds.remembered((hold.name for hold in self.in_force), names)
		itself = own and (own[0].doctype, own[0].name)
		whose = own and _company_of(own[0])
		for hold in self.in_force:
			names = sorted(name for doctype, name in touched if doctype == hold.document_type)
			held = [name for name in names if (hold.name, name) in remembered]
			# Of what points to a held record, a hold for one company leaves another's alone.
			if hold.only_company and whose and whose != hold.only_company:
				held = [name for name in held if (hold.document_type, name) == itself]
			elif hold.document_name:
				held += [name for name in names if name == hold.document_name]
			elif names and not held:
				held = self._fit(hold.name, hold.document_type, holds.conditions(hold), names)
			if held:
				yield Keep(None, _("Legal hold"), "", (hold.document_type, held[0]), hold=hold.name)


def period_of(rule: Any) -> Period:
	"""How long a rule keeps, or lets be."""
	return Period(rule.period_length, PeriodUnit(rule.period_unit))


def dates_of(rule: Any, names: Iterable[Any]) -> dict[str, date]:
	"""The dates that a rule counts from where these stand in other records (`date_in`), by the name of the record that
	they point to; records without one are left out. One query."""
	table = frappe.qb.DocType(rule.date_in)
	link = table[rule.date_link]
	rows = (
		frappe.qb.from_(table)
		.select(link, Max(table[rule.date_field]))
		.where(link.isin(list(names)) & (table.docstatus != 2))
		.groupby(link)
		.run()
	)
	return {str(name): getdate(day) for name, day in rows if day}


def fiscal_years(company: str | None) -> FiscalYears:
	"""The fiscal years of a company, those of all companies among them; of all companies for None.

	Disabled ones too: a year is disabled when it is closed, and its vouchers are still kept.
	"""
	theirs: dict[str, set[str]] = {}
	for row in frappe.get_all(
		"Fiscal Year Company",
		filters={"parenttype": "Fiscal Year"},
		fields=["parent", "company"],
		order_by="name asc",
	):
		theirs.setdefault(row.parent, set()).add(row.company)
	return FiscalYears(
		FiscalYear(getdate(year.year_start_date), getdate(year.year_end_date))
		for year in frappe.get_all(
			"Fiscal Year", fields=["name", "year_start_date", "year_end_date"], order_by="year_start_date asc"
		)
		if not company or year.name not in theirs or company in theirs[year.name]
	)


def _company_of(doc: _Stored) -> str | None:
	name = company_field(doc.doctype)
	return doc.values.get(name) if name else None


def _filters_of(rule: Any) -> list[Any]:
	return filters_of(rule.document_type, rule.filters_json)


def _names(records: Iterable[Record], doctype: str) -> set[str]:
	return {name for one, name in records if one == doctype}


def _surroundings(
	doctype: str, name: Any, reads: dict[Record, _Stored | None] | None = None
) -> tuple[list[_Stored], set[Record]]:
	"""The record and those it hangs under (itself first), and all records that these point to, themselves included."""
	waiting, seen = [((doctype, str(name)), 0)], set()
	own: list[_Stored] = []
	touched: set[Record] = set()
	reads = reads if reads is not None else {}
	while waiting:
		record, hops = waiting.pop(0)
		if record in seen:
			continue
		seen.add(record)
		if record not in reads:
			reads.update(_read({record}))
		if not (doc := reads[record]):
			continue
		own.append(doc)
		touched.add(record)
		for target, is_reference in links_of(doc):
			touched.add(target)
			if is_reference and hops < HOPS:
				waiting.append((target, hops + 1))
	return own, touched


def _read(
	records: Iterable[Record],
	known: Mapping[Record, Any] | None = None,
	within: Mapping[Record, _Within] | None = None,
) -> dict[Record, _Stored | None]:
	"""Records as they are stored; None for what is not there or is no record of its own. `known`, `within`: what was read before."""
	known, within = known or {}, within or {}
	found: dict[Record, _Stored | None] = dict.fromkeys(records)
	by_type: dict[str, set[str]] = defaultdict(set)
	for doctype, name in found:
		by_type[doctype].add(name)
	own = {"istable": 0, "issingle": 0, "is_virtual": 0, "name": ["in", sorted(by_type)]}
	for doctype in frappe.get_all("DocType", own, pluck="name", order_by="name asc") if by_type else ():
		# The database compares names without regard to capitals.
		if doctype not in by_type or not frappe.db.table_exists(doctype):
			continue
		names, meta = by_type[doctype], frappe.get_meta(doctype)
		values = {name: known[doctype, name] for name in names if (doctype, name) in known}
		table = frappe.qb.DocType(doctype)
		for some in chunks(names - values.keys()):
			query = frappe.qb.from_(table).select("*").where(table.name.isin(some)).orderby(table.name)
			values |= {str(row.name): row for row in query.run(as_dict=True)}
		rows = _rows_within(meta, doctype, {name: within.get((doctype, name), {}) for name in values})
		for name, one in values.items():
			found[doctype, name] = _Stored(doctype, one, tuple(rows[name]))
	return found


def _rows_within(meta: Any, doctype: str, known: Mapping[str, _Within]) -> dict[str, list[tuple[str, Any]]]:
	"""The rows within records of one DocType, by the record's name, as (DocType, values). `known`: by name what was read before."""
	rows: dict[str, list[tuple[str, Any]]] = defaultdict(list)
	for name, tables in known.items():
		rows[name] += [(kind, row) for kind, found in tables.items() for row in found]
	asked = []
	for kind in sorted({one.options for one in meta.get_table_fields()}):
		names = [name for name, tables in known.items() if kind not in tables]
		if names and frappe.db.table_exists(kind):
			table = frappe.qb.DocType(kind)
			for some in chunks(names):
				within = (table.parenttype == doctype) & table.parent.isin(some)
				query = frappe.qb.from_(table).where(within).orderby(table.parent, table.idx, table.name)
				asked.append((kind, query))
	for place in range(0, len(asked), TOGETHER):
		some = asked[place : place + TOGETHER]
		filled = answered(((kind, number), query.select("name")) for number, (kind, query) in enumerate(some))
		for number, (kind, query) in enumerate(some):
			for row in query.select("*").run(as_dict=True) if (kind, number) in filled else ():
				rows[str(row.parent)].append((kind, row))
	return rows


def links_of(doc: _Stored) -> Iterator[tuple[Record, bool]]:
	"""All records that `doc` and its rows point to, and whether it hangs under them (names them as its subject)."""
	for doctype, row in [(doc.doctype, doc.values), *doc.rows]:
		meta = frappe.get_meta(doctype)
		for link in meta.get_link_fields():
			if row.get(link.fieldname):
				# A mail in the queue hangs under the communication that it carries.
				yield (link.options, str(row.get(link.fieldname))), link.options == "Communication"
		for link in meta.get_dynamic_link_fields():
			if row.get(link.fieldname) and row.get(link.options):
				yield (row.get(link.options), str(row.get(link.fieldname))), True
		for kind, name in REFERENCES:
			if meta.has_field(kind) and meta.has_field(name) and row.get(kind) and row.get(name):
				yield (row.get(kind), str(row.get(name))), True
