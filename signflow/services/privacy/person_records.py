"""The records that are a person's own: her Contacts, Leads, Users, her Employee, what she is herself a customer by.

Found round by round, a fixed number of queries each: what is known finds records, these tell more of her. Whose they are
`core.privacy.persons.settle` decides.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import frappe
import phonenumbers
from pypika.terms import Case, ValueWrapper

from signflow.core.privacy import persons
from signflow.core.privacy.persons import PersonRecord, Record, Start, Subject
from signflow.services.privacy.matching import any_of, chunks, equals, holds

ROUNDS = 5


@dataclass(frozen=True)
class Kind:
	"""The fields by which a DocType's record says whose it is, and nothing of others (no emergency contact).

	`links` are fields that point to another record of the same person, by DocType. `person_when` is (field, value) where
	only some records are persons', `company` the field that names the company she stands for.
	"""

	names: tuple[str, ...]
	mails: tuple[str, ...] = ()
	phones: tuple[str, ...] = ()
	links: tuple[tuple[str, str], ...] = ()
	person_when: tuple[str, Any] | None = None
	company: str = ""


KINDS = {
	"Contact": Kind(
		("first_name", "middle_name", "last_name"),
		("email_id",),
		("phone", "mobile_no"),
		(("user", "User"),),
		company="company_name",
	),
	"Lead": Kind(
		("lead_name",),
		("email_id",),
		("phone", "mobile_no", "whatsapp_no"),
		(("customer", "Customer"),),
		company="company_name",
	),
	"Customer": Kind(
		("customer_name",),
		("email_id",),
		("mobile_no",),
		(("customer_primary_contact", "Contact"), ("lead_name", "Lead")),
		person_when=("customer_type", "Individual"),
	),
	"Supplier": Kind(
		("supplier_name",),
		("email_id",),
		("mobile_no",),
		(("supplier_primary_contact", "Contact"),),
		person_when=("supplier_type", "Individual"),
	),
	"Employee": Kind(
		("employee_name",),
		("company_email", "personal_email", "prefered_email"),
		("cell_number",),
		(("user_id", "User"),),
	),
	"User": Kind(("full_name",), ("email",), ("phone", "mobile_no")),
	"Job Applicant": Kind(("applicant_name",), ("email_id",), ("phone_number",)),
	"Sales Partner": Kind(("partner_name",)),
	"Shareholder": Kind(("title",), person_when=("is_company", 0)),
}
IDENTITY = "signflow_identity_hmac"


def region() -> str:
	"""The country (ISO 3166, "FI") whose telephone numbers are written without their code here."""
	# From the cache: this is asked of every record that may hold a telephone.
	code = frappe.get_cached_value("Country", frappe.db.get_default("country") or "Finland", "code") or "fi"
	return code.upper() if code.upper() in phonenumbers.SUPPORTED_REGIONS else "FI"


def find_subject(start: Start) -> tuple[Subject, dict[Record, PersonRecord], set[str]]:
	"""Whose `start` is; all persons' records that have something to do with it, hers or not; and the DocTypes of which
	only the first `persons.MOST_RECORDS` were read."""
	seeker = _Seeker(region())
	subject = persons.settle(start, {})
	for _round in range(ROUNDS):
		records = seeker.seek(start, subject)
		settled = persons.settle(start, records)
		if settled == subject and _round:
			break
		subject = settled
	return subject, records, seeker.full


@lru_cache(maxsize=64)
def _present(kind: str, columns: tuple[str, ...]) -> frozenset[str]:
	wanted = KINDS[kind]
	known = {*wanted.names, *wanted.mails, *wanted.phones, wanted.company, IDENTITY}
	known |= {field for field, _target in wanted.links}
	if wanted.person_when:
		known.add(wanted.person_when[0])
	return frozenset(known & set(columns))


class _Seeker:
	"""One look-up's search among persons' records; remembers what it has read."""

	def __init__(self, region: str):
		self.region = region
		self.records: dict[Record, PersonRecord] = {}
		self.full: set[str] = set()
		self.columns = {
			doctype: _present(doctype, tuple(frappe.db.get_table_columns(doctype)))
			for doctype in KINDS
			if frappe.db.table_exists(doctype)
		}

	def seek(self, start: Start, subject: Subject) -> dict[Record, PersonRecord]:
		"""Read what `subject` leads to: one query per DocType, and five for what hangs under Contacts."""
		wanted: dict[str, set[str]] = defaultdict(set)
		for doctype, name in subject.records | {
			link for key in subject.records if key in self.records for link in self.records[key].links
		}:
			wanted[doctype].add(name)
		if "Contact" in self.columns:
			wanted["Contact"] |= self._contacts_by_rows(subject)
		for doctype in self.columns:
			self._read(doctype, start, subject, wanted[doctype])
		return self.records

	def _contacts_by_rows(self, subject: Subject) -> set[str]:
		found: set[str] = set()
		mail, phone, link = (
			frappe.qb.DocType(name) for name in ("Contact Email", "Contact Phone", "Dynamic Link")
		)
		for table, condition in (
			(mail, equals(mail.email_id, subject.mails)),
			(phone, holds(phone.phone, phones=subject.phones)),
			(link, pointing(link.link_doctype, link.link_name, subject.records & _others(subject))),
		):
			if condition is not None:
				query = frappe.qb.from_(table).select(table.parent).distinct()
				query = query.where(table.parenttype == "Contact").where(condition).orderby(table.parent)
				found |= {row[0] for row in query.limit(persons.MOST_RECORDS).run()}
		return found

	def _read(self, doctype: str, start: Start, subject: Subject, names: set[str]) -> None:
		kind, columns, table = KINDS[doctype], self.columns[doctype], frappe.qb.DocType(doctype)
		conditions = [table.name.isin(sorted(names)) if names else None]
		conditions += [equals(table[field], subject.mails) for field in kind.mails if field in columns]
		conditions += [
			holds(table[field], phones=subject.phones) for field in kind.phones if field in columns
		]
		conditions += [
			table[field].isin(sorted(subject.of(target)))
			for field, target in kind.links
			if field in columns and subject.of(target)
		]
		if start.names and not start.records:
			conditions += [holds(table[_title(doctype)], names=start.names)]
		if IDENTITY in columns:
			conditions.append(equals(table[IDENTITY], subject.identities))
		condition = any_of(conditions)
		if condition is None:
			return
		query = frappe.qb.from_(table).select(table.name, *(table[field] for field in sorted(columns)))
		if names:
			# However many share a mailbox with her: what is known to be hers is read.
			query = query.orderby(Case().when(table.name.isin(sorted(names)), 0).else_(1))
		rows = query.where(condition).orderby(table.name).limit(persons.MOST_RECORDS).run(as_dict=True)
		if len(rows) == persons.MOST_RECORDS:
			self.full.add(doctype)
		new = [row for row in rows if (doctype, row.name) not in self.records]
		under = _under_contacts([row.name for row in new]) if doctype == "Contact" else {}
		for row in new:
			self.records[doctype, row.name] = self._record(doctype, kind, row, under.get(row.name, []))

	def _record(self, doctype: str, kind: Kind, row: Any, under: list[tuple[str, str]]) -> PersonRecord:
		called = " ".join(str(row[field]).strip() for field in kind.names if row.get(field))
		company = str(row.get(kind.company) or "")
		organisation = persons.is_organisation(called) or bool(
			(company and persons.same_name(called, company)) or (company and not called)
		)
		if kind.person_when and kind.person_when[0] in row:
			organisation = row[kind.person_when[0]] != kind.person_when[1]
		mails = [row.get(field) for field in kind.mails] + [one for what, one in under if what == "mail"]
		phones = [row.get(field) for field in kind.phones] + [one for what, one in under if what == "phone"]
		links = {(target, row[field]) for field, target in kind.links if row.get(field)}
		links |= {(what, one) for what, one in under if what in KINDS}
		return PersonRecord(
			doctype,
			row.name,
			frozenset({called} if persons.words_of(called) and "@" not in called else ()),
			frozenset(mail for value in mails for mail in persons.mails_in(value)),
			frozenset().union(*(persons.phones_in(one, self.region) for one in phones)),
			frozenset(links),
			row.get(IDENTITY) or "",
			organisation,
		)


def _title(doctype: str) -> str:
	return "full_name" if doctype == "Contact" else KINDS[doctype].names[0]


def _others(subject: Subject) -> frozenset[Record]:
	"""Her records that Contacts point to; a Contact does not point to Contacts."""
	return frozenset(record for record in subject.records if record[0] != "Contact")


def pointing(type_column: Any, name_column: Any, records: Iterable[Record]) -> Any:
	"""A pair of columns (DocType, name) points to one of `records`; None of none."""
	by_type: dict[str, list[str]] = defaultdict(list)
	for doctype, name in records:
		by_type[doctype].append(name)
	return any_of(
		(type_column == doctype) & name_column.isin(sorted(names))
		for doctype, names in sorted(by_type.items())
	)


def _under_contacts(names: list[str]) -> dict[str, list[tuple[str, str]]]:
	"""What the rows within Contacts say, by Contact: ("mail" | "phone" | a DocType, value or name)."""
	found: dict[str, list[tuple[str, str]]] = defaultdict(list)
	link = frappe.qb.DocType("Dynamic Link")
	mail, phone = frappe.qb.DocType("Contact Email"), frappe.qb.DocType("Contact Phone")
	for table, what, value in (
		(mail, ValueWrapper("mail"), mail.email_id),
		(phone, ValueWrapper("phone"), phone.phone),
		(link, link.link_doctype, link.link_name),
	):
		for chunk in chunks(names):
			query = (
				frappe.qb.from_(table).select(table.parent, what, value).where(table.parenttype == "Contact")
			)
			for parent, kind, one in query.where(table.parent.isin(chunk)).orderby(table.parent).run():
				if one:
					found[parent].append((kind, one))
	return found
