"""Who may see and change a request and all that hangs under it. One predicate for records and for lists."""

from typing import Any

import frappe
from frappe.desk.reportview import build_match_conditions

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
	return _rows_of(doctype, "Signature Request", request_conditions(user), link)


def document_conditions(user: str | None = None) -> str:
	"""The list's condition for the rows of documents: Frappe asks only whether requests may be read at all."""
	return _under("Signature Request Document", user, "parent")


def file_conditions(user: str | None = None) -> str:
	"""The list's condition for files: Frappe lists all that hang under a DocType that the user reads."""
	if _is_manager(user or frappe.session.user):
		return ""
	seen = {
		"Signature Request": request_conditions(user),
		"Sealed Revision": revision_conditions(user),
		"Form Submission": submission_conditions(user),
		"Power of Attorney": power_conditions(user),
		"Contract Termination": termination_conditions(user),
		"Contract Withdrawal": withdrawal_conditions(user),
	}
	kind, name = "`tabFile`.`attached_to_doctype`", "`tabFile`.`attached_to_name`"
	kinds = ", ".join(f"'{doctype}'" for doctype in seen)
	ways = [f"{kind} is null", f"{kind} not in ({kinds})"]
	ways += [
		f"({kind} = '{doctype}' and {name} in (select `name` from `tab{doctype}` where {condition or '1 = 1'}))"
		for doctype, condition in seen.items()
	]
	return f"({' or '.join(ways)})"


def signer_conditions(user: str | None = None) -> str:
	"""The list's condition for signers."""
	return _under("Signature Request Signer", user)


def revision_conditions(user: str | None = None) -> str:
	"""The list's condition for revisions."""
	return _under("Sealed Revision", user)


def event_conditions(user: str | None = None) -> str:
	"""The list's condition for events."""
	return _under("Signature Event", user)


# Answers, statements and powers of attorney are strangers' personal data: seen by managers and by whoever handles them.


def _responsible_forms(user: str) -> str:
	return f"select `name` from `tabSignable Form` where `responsible` = {frappe.db.escape(user)}"


def _is_responsible_for(form: str | None, user: str) -> bool:
	return bool(form) and frappe.db.get_value("Signable Form", form, "responsible") == user


def _handles_terminations(user: str) -> bool:
	return frappe.get_cached_doc("Signflow Settings").termination_responsible == user


def submission_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""Answers to a form are seen by its responsible user and by managers."""
	user = user or frappe.session.user
	return _is_manager(user) or (ptype in READING and _is_responsible_for(doc.get("form"), user))


def submission_conditions(user: str | None = None) -> str:
	"""The list's condition for `submission_permission`."""
	user = user or frappe.session.user
	if _is_manager(user):
		return ""
	return f"`tabForm Submission`.`form` in ({_responsible_forms(user)})"


def power_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""A power of attorney is seen by managers, by the user who gave it, and by the responsible user of the form by
	which it was given; only managers change it."""
	user = user or frappe.session.user
	if _is_manager(user):
		return True
	if ptype not in READING:
		return ptype == "create"
	if doc.get("owner") == user:
		return True
	made = {"record_doctype": "Power of Attorney", "record_name": doc.get("name")}
	form = doc.get("name") and frappe.db.get_value("Form Submission", made, "form", order_by="creation asc")
	return _is_responsible_for(form, user)


def power_conditions(user: str | None = None) -> str:
	"""The list's condition for `power_permission`."""
	user = user or frappe.session.user
	if _is_manager(user):
		return ""
	made = (
		"select `record_name` from `tabForm Submission` where `record_doctype` = 'Power of Attorney'"
		f" and `form` in ({_responsible_forms(user)})"
	)
	table = "`tabPower of Attorney`"
	return f"({table}.`owner` = {frappe.db.escape(user)} or {table}.`name` in ({made}))"


def termination_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""A termination is seen by managers, by the user whom the settings name for them, by who recorded it and by who sent
	its request."""
	user = user or frappe.session.user
	if _is_manager(user):
		return True
	if ptype not in READING:
		return False
	if _handles_terminations(user) or doc.get("recorded_by") == user:
		return True
	request = doc.get("request")
	return bool(request) and frappe.db.get_value("Signature Request", request, "sent_by") == user


def termination_conditions(user: str | None = None) -> str:
	"""The list's condition for `termination_permission`."""
	user = user or frappe.session.user
	if _is_manager(user) or _handles_terminations(user):
		return ""
	name, table = frappe.db.escape(user), "`tabContract Termination`"
	sent = f"select `name` from `tabSignature Request` where `sent_by` = {name}"
	return f"({table}.`recorded_by` = {name} or {table}.`request` in ({sent}))"


def agreement_conditions(user: str | None = None) -> str:
	"""The list's condition for the rows of terminations: Frappe asks only whether terminations may be read at all."""
	return _rows_of("Contract Termination Agreement", "Contract Termination", termination_conditions(user))


def _rows_of(doctype: str, parent: str, condition: str, link: str = "parent") -> str:
	if not condition:
		return ""
	return f"`tab{doctype}`.`{link}` in (select `name` from `tab{parent}` where {condition})"


def withdrawal_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""A statement of withdrawal is seen by managers and by whoever handles it: the form's responsible user, without a
	form who sent the request, and before either is known the user whom the settings name for terminations."""
	user = user or frappe.session.user
	if _is_manager(user):
		return True
	if ptype not in READING:
		return False
	if submission := doc.get("submission"):
		return _is_responsible_for(frappe.db.get_value("Form Submission", submission, "form"), user)
	if request := doc.get("request"):
		return frappe.db.get_value("Signature Request", request, "sent_by") == user
	return _handles_terminations(user)


def withdrawal_conditions(user: str | None = None) -> str:
	"""The list's condition for `withdrawal_permission`."""
	user = user or frappe.session.user
	if _is_manager(user):
		return ""
	table = "`tabContract Withdrawal`"
	submission, request = f"coalesce({table}.`submission`, '')", f"coalesce({table}.`request`, '')"
	forms = f"select `name` from `tabForm Submission` where `form` in ({_responsible_forms(user)})"
	sent = f"select `name` from `tabSignature Request` where `sent_by` = {frappe.db.escape(user)}"
	ways = [f"{submission} in ({forms})", f"({submission} = '' and {request} in ({sent}))"]
	if _handles_terminations(user):
		ways.append(f"({submission} = '' and {request} = '')")
	return f"({' or '.join(ways)})"


# Whom a campaign for consents asked is seen by those who see the campaign: a user may be limited to one company.


def asked_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""A person whom a campaign asked follows the campaign."""
	campaign = doc.get("campaign")
	return not campaign or bool(frappe.has_permission("Consent Campaign", "read", doc=campaign, user=user))


def asked_conditions(user: str | None = None) -> str:
	"""The list's condition for `asked_permission`."""
	condition = _limited("Consent Campaign", user)
	return _rows_of("Consent Campaign Person", "Consent Campaign", condition, "campaign")


# Rows of the record of processing activities, its processors and notices are seen by those who see their parents.

_PARENTS = {
	"Processing Activity Data": "Processing Activity",
	"Processing Activity DocType": "Processing Activity",
	"Processing Activity Processor": "Processing Activity",
	"Further Processor": "Data Processor",
	"Privacy Notice Text": "Privacy Notice",
}


def row_conditions(user: str | None = None, doctype: str = "") -> str:
	"""The list's condition for rows: Frappe asks only whether any parent may be read, and a user may be limited to one
	company."""
	parent = _PARENTS[doctype]
	return _rows_of(doctype, parent, _limited(parent, user))


def _limited(doctype: str, user: str | None) -> str:
	"""The list's condition by Frappe's own permissions of a user, "" if none limits him."""
	# It comes with every "%" doubled, as for a query with parameters.
	return build_match_conditions(doctype, user=user or frappe.session.user).replace("%%", "%")
