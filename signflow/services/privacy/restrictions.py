"""Whose data is restricted (GDPR 18), by the marks on her records: a question that every mail of the site asks.

While nothing is restricted nothing is asked of the database: the marked records stand in a cached set that only grows, so
that each is read once more. `subject_requests.carrying_out` writes the marks.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.utils import parseaddr
from typing import Any

import frappe

from signflow.core.privacy.persons import Record, mails_in
from signflow.services.growing_set import GrowingSet
from signflow.services.privacy.matching import CHUNK, any_of, equals
from signflow.services.privacy.origin import PARTIES
from signflow.services.privacy.person_records import KINDS
from signflow.signflow.roles import OFFICER

FIELD = "signflow_restricted_for"
# The records that are marked; of them marketing and informing read `PARTIES` alone.
RESTRICTABLE = (*PARTIES, "Supplier", "Employee", "User")
SIGNER = "Signature Request Signer"


def _read_marked() -> list[str]:
	# Between an update of the code and its migration some have no such field.
	return [
		_member((doctype, name))
		for doctype in RESTRICTABLE
		if frappe.get_meta(doctype).has_field(FIELD)
		for name in frappe.get_all(doctype, {FIELD: ["is", "set"]}, pluck="name", order_by="name asc")
	]


def _member(record: Record) -> str:
	return "\n".join(record)


MARKED = GrowingSet("signflow_restricted_records", _read_marked)


def note(records: Iterable[Record]) -> None:
	"""These are marked in the caller's transaction: from its commit on they are looked for."""
	MARKED.add_after_commit(_member(record) for record in records)


def refresh() -> None:
	"""After a migration and daily."""
	MARKED.refresh()


def guard_mark(doc: Any, method: str | None = None) -> None:
	"""Nobody takes a mark away by saving the record (before_validate): read-only is for the form alone."""
	before = doc.get_doc_before_save()
	doc.set(FIELD, before.get(FIELD) if before else None)


@contextmanager
def hers() -> Iterator[None]:
	"""The mail that is queued within is what its reader asked for, or is due by law: no restriction keeps it from her."""
	before, frappe.flags.signflow_mail_is_hers = frappe.flags.signflow_mail_is_hers, True
	try:
		yield
	finally:
		frappe.flags.signflow_mail_is_hers = before


def is_officer(user: str) -> bool:
	"""Whether a user may answer for a mail to a restricted person. Administrator is nobody, and machines mail in his name."""
	return user != "Administrator" and OFFICER in frappe.get_roles(user)


def mails_of(text: str | None) -> set[str]:
	"""The mail addresses in what stands in a mail's "To", however it is written, in small letters."""
	return (mails_in(text) | {parseaddr(text or "")[1].strip().lower()}) - {""}


def stopped(addresses: Iterable[str], about: tuple[Any, Any] = (None, None)) -> dict[str, set[Record]]:
	"""Those of `addresses` to which no mail goes, each with the restricted records that hold it.

	`about` is the record (DocType, name) that the mail is about: where it names a company, that one's restrictions count, else
	all. A mailbox that somebody else has too gets what is about a record of his, or about one that names his and not hers.
	"""
	wanted = set().union(*(mails_of(address) for address in addresses))
	marked = MARKED.members() if wanted else ()
	if not marked:
		return {}
	found = _holders(wanted, marked, _company_of(about))
	if not found:
		return {}
	named = _named_by(about)
	return {
		mail: held
		for mail, held in found.items()
		if held & named or not any(_holds(record, mail) for record in named)
	}


def _holders(wanted: set[str], marked: Iterable[str], company: str | None) -> dict[str, set[Record]]:
	"""The restricted records, for `company` or any, that hold one of the addresses."""
	names: dict[str, list[str]] = defaultdict(list)
	for member in marked:
		doctype, _newline, name = member.partition("\n")
		names[doctype].append(name)
	found: dict[str, set[Record]] = defaultdict(set)
	for doctype in sorted(names):
		# One statement a DocType, however many are marked: by their names while these fit in.
		some = names[doctype] if len(names[doctype]) <= CHUNK else None
		for row in _read(doctype, some, wanted):
			companies = (row.companies or "").split("\n")
			if companies != [""] and (not company or company in companies):
				for mail in wanted & set().union(*(mails_of(value) for value in row.mails)):
					found[mail].add((doctype, row.name))
	return found


def _read(doctype: str, names: list[str] | None, wanted: set[str]) -> list[Any]:
	"""Of some records, or of all that are marked, those that hold an address of `wanted`: {name, companies, mails}."""
	table, fields = frappe.qb.DocType(doctype), KINDS[doctype].mails
	query = frappe.qb.from_(table).orderby(table.name)
	query = query.where(table[FIELD].isnotnull() if names is None else table.name.isin(sorted(names)))
	columns = [table[field] for field in fields]
	if doctype == "Contact":
		row = frappe.qb.DocType("Contact Email")
		query = query.left_join(row).on((row.parent == table.name) & (row.parenttype == "Contact"))
		columns.append(row.email_id)
	query = query.where(any_of(equals(column, wanted) for column in columns))
	return [
		frappe._dict(name=name, companies=companies, mails=mails)
		for name, companies, *mails in query.select(table.name, table[FIELD], *columns).run()
	]


def _holds(record: Record, mail: str) -> bool:
	"""Whether a record that is not restricted holds an address."""
	return any(not row.companies for row in _read(record[0], [record[1]], {mail}))


def _company_of(about: tuple[Any, Any]) -> str | None:
	"""The company that a record names; a signer's is that of the request."""
	doctype, name = about
	if doctype == SIGNER:
		doctype, name = "Signature Request", frappe.db.get_value(SIGNER, name, "request")
	if not _is_there(doctype, name):
		return None
	field = frappe.get_meta(doctype).get_field("company")
	if not field or field.options != "Company":
		return None
	return frappe.db.get_value(doctype, name, "company")


def _named_by(about: tuple[Any, Any]) -> set[Record]:
	"""The persons' records that a record is or names."""
	doctype, name = about
	if not _is_there(doctype, name):
		return set()
	found = {(doctype, str(name))} if doctype in RESTRICTABLE else set()
	meta = frappe.get_meta(doctype)
	links = [field for field in meta.get_link_fields() if field.options in RESTRICTABLE]
	ways = [field for field in meta.get_dynamic_link_fields() if meta.get_field(field.options)]
	fields = {field.fieldname for field in (*links, *ways)} | {field.options for field in ways}
	if not fields:
		return found
	row = frappe.db.get_value(doctype, name, sorted(fields), as_dict=True) or {}
	found |= {(field.options, row.get(field.fieldname)) for field in links}
	found |= {(row.get(field.options), row.get(field.fieldname)) for field in ways}
	return {(kind, named) for kind, named in found if kind in RESTRICTABLE and named}


def _is_there(doctype: Any, name: Any) -> bool:
	"""Whether a record can be read for what it names: mails also name what is no record, or is gone."""
	return bool(doctype and name and frappe.db.exists("DocType", doctype)) and not (
		frappe.get_meta(doctype).issingle or frappe.get_meta(doctype).get("is_virtual")
	)
