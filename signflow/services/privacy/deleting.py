"""A record deleted for good, with what Frappe would leave of it."""

from typing import Any

import frappe
from frappe import _
from frappe.model.delete_doc import (
	check_if_doc_is_dynamically_linked,
	check_if_doc_is_linked,
	delete_dynamic_links,
)

from signflow.services.privacy.keeping import Keeping

# What points to these they take along when they are deleted.
DELETES_ITS_ROWS = ("HD Ticket",)


def would_delete(doctype: str, name: Any, keeping: Keeping) -> tuple[str, ...]:
	"""What trying to delete would come to, by looking alone: deleting removes files, which no rollback brings back."""
	try:
		_mails_under(doctype, name, keeping)
		if doctype not in DELETES_ITS_ROWS:
			doc = frappe.get_doc(doctype, name)
			check_if_doc_is_linked(doc)
			check_if_doc_is_dynamically_linked(doc)
	except (Kept, frappe.LinkExistsError) as refusal:
		frappe.clear_messages()
		return refused(refusal)
	return ("deleted",)


def refused(refusal: Exception) -> tuple[str, ...]:
	if isinstance(refusal, Kept):
		return ("protected",)
	return ("refused", "linked") if isinstance(refusal, frappe.LinkExistsError) else ("refused",)


class Kept(Exception):
	"""Something that hangs under the record must stay."""


def delete_with_trail(doctype: str, name: Any, keeping: Keeping) -> None:
	"""Delete a record for good, with its mails, comments, versions and files, in the caller's transaction.

	Frappe itself leaves the mails without their reference, and a line in the feed that names what was deleted. Raises
	`Kept` if a rule or hold keeps one of the mails, and what Frappe raises for what it refuses.
	"""
	mails = _mails_under(doctype, name, keeping)
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
	mails = frappe.get_all(
		"Communication",
		filters={"reference_doctype": doctype, "reference_name": str(name)},
		pluck="name",
		order_by="name asc",
	)
	if any(keeping.of("Communication", mail) for mail in mails):
		raise Kept
	return mails


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
