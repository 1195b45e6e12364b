"""Who may see and change a request and all that hangs under it. One predicate for records and for lists."""

from typing import Any

import frappe

MANAGERS = {"Signflow Manager", "System Manager", "Administrator"}
READING = {"read", "select", "print", "email", "report", "export"}


def _is_manager(user: str) -> bool:
	return user == "Administrator" or bool(MANAGERS & set(frappe.get_roles(user)))


def request_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""A user reads what is not confidential and changes what is his own; a manager does both everywhere."""
	user = user or frappe.session.user
	if _is_manager(user) or doc.owner == user or doc.get("sent_by") == user:
		return True
	if ptype in ("create", "select"):
		return True
	return ptype in READING and not doc.get("confidential")


def under_request_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""Signers, revisions and events follow their request."""
	user = user or frappe.session.user
	if not doc.get("request"):
		return True
	request = frappe.db.get_value(
		"Signature Request", doc.request, ["owner", "sent_by", "confidential"], as_dict=True
	)
	return bool(request) and request_permission(request, "write" if ptype == "create" else ptype, user)


def request_conditions(user: str | None = None) -> str:
	"""The list's condition for `request_permission`."""
	user = user or frappe.session.user
	if _is_manager(user):
		return ""
	name = frappe.db.escape(user)
	table = "`tabSignature Request`"
	return f"({table}.`confidential` = 0 or {table}.`owner` = {name} or {table}.`sent_by` = {name})"


def _under(doctype: str, user: str | None, link: str = "request") -> str:
	condition = request_conditions(user)
	if not condition:
		return ""
	return f"`tab{doctype}`.`{link}` in (select `name` from `tabSignature Request` where {condition})"


def document_conditions(user: str | None = None) -> str:
	"""The list's condition for the rows of documents: Frappe asks only whether requests may be read at all."""
	return _under("Signature Request Document", user, "parent")


def file_conditions(user: str | None = None) -> str:
	"""The list's condition for files: Frappe lists all that hang under a DocType that the user reads."""
	condition = request_conditions(user)
	if not condition:
		return ""
	kind, name = "`tabFile`.`attached_to_doctype`", "`tabFile`.`attached_to_name`"
	requests = f"select `name` from `tabSignature Request` where {condition}"
	revisions = f"select `name` from `tabSealed Revision` where `request` in ({requests})"
	return (
		f"({kind} is null or {kind} not in ('Signature Request', 'Sealed Revision')"
		f" or ({kind} = 'Signature Request' and {name} in ({requests}))"
		f" or ({kind} = 'Sealed Revision' and {name} in ({revisions})))"
	)


def signer_conditions(user: str | None = None) -> str:
	"""The list's condition for signers."""
	return _under("Signature Request Signer", user)


def revision_conditions(user: str | None = None) -> str:
	"""The list's condition for revisions."""
	return _under("Sealed Revision", user)


def event_conditions(user: str | None = None) -> str:
	"""The list's condition for events."""
	return _under("Signature Event", user)


def submission_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""Answers to a form are seen by its responsible user and by managers."""
	user = user or frappe.session.user
	if _is_manager(user):
		return True
	return ptype in READING and frappe.db.get_value("Signable Form", doc.get("form"), "responsible") == user


def submission_conditions(user: str | None = None) -> str:
	"""The list's condition for `submission_permission`."""
	user = user or frappe.session.user
	if _is_manager(user):
		return ""
	forms = f"select `name` from `tabSignable Form` where `responsible` = {frappe.db.escape(user)}"
	return f"`tabForm Submission`.`form` in ({forms})"
