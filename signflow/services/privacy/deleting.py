"""A record deleted for good, with what Frappe would leave of it."""

from typing import Any

import frappe
from frappe import _
from frappe.model.delete_doc import (
	check_if_doc_is_dynamically_linked,
	check_if_doc_is_linked,
	delete_dynamic_links,
)

from signflow.core.privacy.persons import Record
from signflow.services.privacy.keeping import Keeping

# What Frappe takes along with a record without asking anybody, and the fields that name the record.
HANGS_UNDER = {
	"Communication": ("reference_doctype", "reference_name"),
	"File": ("attached_to_doctype", "attached_to_name"),
	"Comment": ("reference_doctype", "reference_name"),
	"Version": ("ref_doctype", "docname"),
	"ToDo": ("reference_type", "reference_name"),
}
# What points to these they take along when they are deleted.
DELETES_ITS_ROWS = ("HD Ticket",)
# ERPNext's Lead deletes those that hang under it alone.
LEADS = ("Contact", "Address")


def would_delete(doctype: str, name: Any, keeping: Keeping) -> tuple[str, ...]:
	"""What trying to delete would come to, without trying: deleting removes files, which no rollback brings back."""
	frappe.db.savepoint("signflow_would_delete")
	try:
		_mails_under(doctype, name, keeping)
		if doctype not in DELETES_ITS_ROWS:
			along = _goes_along(doctype, name, keeping)
			_unlink(doctype, name)
			for record in (*along, (doctype, name)):
				doc = frappe.get_doc(*record)
				check_if_doc_is_linked(doc)
				check_if_doc_is_dynamically_linked(doc)
	except (Kept, frappe.LinkExistsError) as refusal:
		frappe.clear_messages()
		return refused(refusal)
	finally:
		frappe.db.rollback(save_point="signflow_would_delete")
	return ("deleted",)


def _goes_along(doctype: str, name: Any, keeping: Keeping) -> list[Record]:
	"""What a Lead takes along when it is deleted: the contacts, addresses and prospects that are nobody else's.

	Raises `Kept` if one of them must stay.
	"""
	if doctype != "Lead":
		return []
	rows = frappe.get_all(
		"Dynamic Link",
		filters={"parenttype": ["in", LEADS], "link_doctype": doctype, "link_name": name},
		fields=["parenttype", "parent"],
		order_by="name asc",
	)
	found = [
		(row.parenttype, row.parent)
		for row in rows
		if frappe.db.count("Dynamic Link", {"parenttype": row.parenttype, "parent": row.parent}) == 1
	]
	if frappe.db.exists("DocType", "Prospect Lead"):
		found += [
			("Prospect", prospect)
			for prospect in frappe.get_all(
				"Prospect Lead", filters={"lead": name}, pluck="parent", order_by="name asc"
			)
			if frappe.db.count("Prospect Lead", {"parent": prospect}) == 1
		]
	if any(keeping.of(*record) for record in found):
		raise Kept
	return found


def _unlink(doctype: str, name: Any) -> None:
	"""What a Lead lets go of before Frappe looks for links to it."""
	if doctype != "Lead":
		return
	frappe.db.delete(
		"Dynamic Link", {"parenttype": ["in", LEADS], "link_doctype": doctype, "link_name": name}
	)
	for kind in ("Issue", "Prospect Lead"):
		if frappe.db.exists("DocType", kind) and frappe.get_meta(kind).has_field("lead"):
			frappe.db.set_value(kind, {"lead": name}, "lead", None, update_modified=False)


def refused(refusal: Exception) -> tuple[str, ...]:
	if isinstance(refusal, Kept):
		return ("protected",)
	return ("refused", "linked") if isinstance(refusal, frappe.LinkExistsError) else ("refused",)


class Kept(Exception):
	"""Something that hangs under the record must stay."""


def delete_with_trail(doctype: str, name: Any, keeping: Keeping) -> None:
	"""Delete a record for good, with its mails, comments, versions and files, in the caller's transaction.

	Frappe itself leaves the mails without their reference, and a line in the feed that names what was deleted. Raises
	`Kept` if a rule or hold keeps one of these, and what Frappe raises for what it refuses.
	"""
	mails = _mails_under(doctype, name, keeping)
	_goes_along(doctype, name, keeping)
	queued = _queued("reference_name", [str(name)], reference_doctype=doctype) + _queued(
		"communication", mails
	)
	# The record first: it may be refused, and a file that went with a mail would not come back.
	_delete(doctype, name)
	for queue in dict.fromkeys(queued):
		_delete("Email Queue", queue, force=True)
	for mail in mails:
		_delete("Communication", mail, force=True)


def _mails_under(doctype: str, name: Any, keeping: Keeping) -> list[str]:
	"""The mails of a record; raises `Kept` if they, or what else goes with it or with them, must stay."""
	mails = _under("Communication", doctype, name)
	for kind in HANGS_UNDER:
		# Mails and files may be kept by what they are linked with; the others by a rule or hold on their own kind alone.
		if kind not in ("Communication", "File") and not keeping.speaks_of(kind):
			continue
		rows = mails if kind == "Communication" else _under(kind, doctype, name)
		if kind != "Communication":
			rows = rows + [row for mail in mails for row in _under(kind, "Communication", mail)]
		if any(keeping.of(kind, row) for row in rows):
			raise Kept
	return mails


def _under(kind: str, doctype: str, name: Any) -> list[str]:
	its_doctype, its_name = HANGS_UNDER[kind]
	return frappe.get_all(
		kind, filters={its_doctype: doctype, its_name: str(name)}, pluck="name", order_by="name asc"
	)


def _queued(field: str, values: list[str], **more: Any) -> list[str]:
	return (
		frappe.get_all(
			"Email Queue", filters={field: ["in", values], **more}, pluck="name", order_by="name asc"
		)
		if values
		else []
	)


def _delete(doctype: str, name: Any, force: bool = False) -> None:
	frappe.delete_doc(doctype, name, force=force, ignore_permissions=True, delete_permanently=True)
	# Frappe does this in a job of its own, which a killed worker loses.
	delete_dynamic_links(doctype, name)
	frappe.db.delete(
		"Comment",
		{"comment_type": "Deleted", "reference_doctype": doctype, "subject": f"{_(doctype)} {name}"},
	)
