"""Who has left a customer or supplier, since when, and who took over. `substitutes` says so on the Contact.

Whoever still works for another party has not left; an address that a colleague who stays reads too goes on being written to.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Lower
from frappe.utils import format_date, getdate

from signflow.services.privacy.matching import chunks, equals

PARTIES = {"Customer": "customer_primary_contact", "Supplier": "supplier_primary_contact"}
LEFT, SUBSTITUTE = "signflow_left_on", "signflow_substitute"


def has_left(contact: str | None) -> date | None:
	"""When a Contact left; None for one who has not, or who works for another party."""
	left = frappe.db.get_value("Contact", contact, LEFT) if contact else None
	return getdate(left) if left and not _at_a_party([contact]) else None


def left_on(mails: Collection[str]) -> dict[str, date]:
	"""When those who have an address left, by address in lower case; not of one whom somebody who stays has too."""
	contact, address = frappe.qb.DocType("Contact"), frappe.qb.DocType("Contact Email")
	rows: list[Any] = []
	for some in chunks(set(mails)):
		rows += (
			frappe.qb.from_(address)
			.join(contact)
			.on((contact.name == address.parent) & (address.parenttype == "Contact"))
			.where(equals(address.email_id, some))
			.select(contact.name, contact[LEFT], Lower(address.email_id).as_("mail"))
			.orderby(contact.name)
			.run(as_dict=True)
		)
	if not any(row[LEFT] for row in rows):
		return {}
	staying = _at_a_party(sorted({row.name for row in rows}))
	read = {row.mail for row in rows if row.name in staying}
	found: dict[str, date] = {}
	for row in rows:
		if row[LEFT] and row.mail not in read:
			found[row.mail] = max(found.get(row.mail, date.min), getdate(row[LEFT]))
	return found


def _at_a_party(contacts: list[Any]) -> set[str]:
	filters = {"parenttype": "Contact", "parent": ["in", contacts], "link_doctype": ["in", list(PARTIES)]}
	return set(frappe.get_all("Dynamic Link", filters, pluck="parent", order_by="parent asc"))


def warn_of_signer(doc: Any, method: str | None = None) -> None:
	"""Tell whoever names a signer who has left, and who took over (Signature Request Signer on_update)."""
	if not (doc.has_value_changed("contact") or doc.has_value_changed("email")):
		return
	mail = (doc.email or "").strip().lower()
	left = has_left(doc.contact) or left_on([mail]).get(mail)
	if not left:
		return
	by = _substitute_of(doc.contact, mail)
	text = _("{0} left on {1}.").format(doc.signer_name, format_date(left))
	if by:
		text += " " + _("{0} took over: name the substitute as the signer instead.").format(by)
	frappe.msgprint(frappe.utils.escape_html(text), title=_("Signer Has Left"), indicator="orange")


def _substitute_of(contact: str | None, mail: str) -> str | None:
	"""Who took over from a Contact, else from the one who has the address: "name (address)"."""
	contact = contact or frappe.db.get_value(
		"Contact Email", {"email_id": mail, "parenttype": "Contact"}, "parent"
	)
	by = frappe.db.get_value("Contact", contact, SUBSTITUTE) if contact else None
	row = by and frappe.db.get_value("Contact", by, ["full_name", "email_id"], as_dict=True)
	return (
		(f"{row.full_name or by} ({row.email_id})" if row.email_id else row.full_name or by) if row else None
	)
