"""Whose address is protected: it is given to nobody else, and her copy is not sent where she has not shown to be.

Who says so on a request is believed. Her records are those that an officer has confirmed there: they are marked, since the
request is forgotten one day, and staff mark others by hand.
"""

from collections import defaultdict
from typing import Any

import frappe
from frappe import _
from frappe.utils import cstr

from signflow.core.privacy.datamap import Holds
from signflow.core.privacy.persons import Record, Subject
from signflow.services.privacy import data_map
from signflow.services.privacy.origin import PARTIES
from signflow.services.subject_requests import proofs
from signflow.services.subject_requests.records import PERSON, REQUEST, STEP

MARK = "signflow_protected_address"
# A street and its number, not the name of a town or a postal code alone.
_SHORTEST = 5


def addresses_of_others(subject: Subject) -> frozenset[str]:
	"""The protected addresses of others than `subject`, in their records: streets with numbers, in small letters."""
	records: dict[str, set[str]] = defaultdict(set)
	for doctype, name in (*_said_on_requests(), *_marked()):
		if (doctype, name) not in subject.records:
			records[doctype].add(name)
	for doctype, names in list(records.items()):
		records["Address"] |= set(_linked(doctype, names))
	the_map = data_map.load()
	found: set[str] = set()
	for doctype, names in records.items():
		entry = the_map.doctypes.get(doctype)
		fields = [field.fieldname for field in entry.holding(Holds.ADDRESS)] if entry and names else []
		if fields:
			filters = {"name": ["in", sorted(names)]}
			for row in frappe.get_all(doctype, filters, fields, order_by="name asc", as_list=True):
				found |= {" ".join(cstr(value).casefold().split()) for value in row}
	return frozenset(value for value in found if _is_street(value))


def _said_on_requests() -> list[Record]:
	request, person = frappe.qb.DocType(REQUEST), frappe.qb.DocType(PERSON)
	return (
		frappe.qb.from_(person)
		.join(request)
		.on((person.parent == request.name) & (person.parenttype == REQUEST))
		.where((person.confirmed == 1) & (request.has_protected_address == 1))
		.where(request.verified_on.isnotnull())
		.select(person.record_doctype, person.record_name)
		.orderby(person.name)
		.run()
	)


def _marked() -> list[Record]:
	return [
		(doctype, name)
		for doctype in PARTIES
		if frappe.db.table_exists(doctype) and frappe.db.has_column(doctype, MARK)
		for name in frappe.get_all(doctype, {MARK: 1}, pluck="name", order_by="name asc")
	]


def mark(doc: Any) -> None:
	"""Mark the confirmed records of a request that says so, in the caller's transaction: the mark outlasts the request."""
	if not (doc.has_protected_address and doc.verified_on):
		return
	for row in doc.persons:
		if row.confirmed and row.record_doctype in PARTIES and frappe.db.has_column(row.record_doctype, MARK):
			frappe.db.set_value(row.record_doctype, row.record_name, MARK, 1, update_modified=False)


def _linked(doctype: str, names: set[str]) -> list[str]:
	filters = {"parenttype": "Address", "link_doctype": doctype, "link_name": ["in", sorted(names)]}
	return frappe.get_all("Dynamic Link", filters, pluck="parent", order_by="parent asc")


def _is_street(value: str) -> bool:
	letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
	return len(value) >= _SHORTEST and letters and digits


def stands_in(text: str, addresses: frozenset[str]) -> bool:
	"""Whether one of `addresses` (as `addresses_of_others`) stands in a text, capitals and spaces aside."""
	if not addresses:
		return False
	plain = " ".join(text.casefold().split())
	return any(address in plain for address in addresses)


def require_her_mailbox(doc: Any) -> None:
	"""Raise ValidationError where an address is protected and nobody has shown the mailbox to be this person's.

	What staff have seen of her shows who she is, and not whose mailbox they wrote down. A copy without one is handed over.
	"""
	if doc.email and doc.has_protected_address and not is_mailbox_proven(doc.name):
		frappe.throw(
			_(
				"The address of this person is protected, and nobody has shown that the mailbox is hers. Hand the copy over in person, or have her open the page for data requests with a code."
			)
		)


def is_mailbox_proven(request: str) -> bool:
	"""Whether the mailbox of a request was shown to be the person's."""
	filters = {"request": request, "kind": "Proven", "note": ["in", proofs.BY_MAILBOX]}
	return bool(frappe.db.exists(STEP, filters))
