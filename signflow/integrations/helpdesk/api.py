"""Endpoints that a ticket's page in Helpdesk calls; each with the permissions of the user on the ticket."""

from types import ModuleType
from typing import Any

import frappe
from frappe import _

from signflow.integrations.helpdesk import TICKET, current, data_requests, is_here, questions, signatures
from signflow.services.files import read_sealed
from signflow.services.revisions import copy_name, final_revisions

# What a ticket offers, each a module with `label`, `may`, `begin` and `perform`.
ACTIONS: dict[str, ModuleType] = {
	"signature": signatures,
	"data_request": data_requests,
	"question": questions,
}
GROUP = "Signflow"


def _ticket(name: str | int) -> Any:
	if not is_here():
		frappe.throw(_("Helpdesk is not installed on this site."))
	doc = frappe.get_doc("HD Ticket", name)
	doc.check_permission("read")
	return doc


@frappe.whitelist(methods=["GET", "POST"])
def offered(ticket: str | int) -> list[dict[str, str]]:
	"""The actions that the user may take in a ticket: [{action, label, group}], those of one group in a menu of that name.

	What the ticket seems to ask for stands before them, as a button of its own: {action, label}.
	"""
	doc = _ticket(ticket)
	shown = [
		{"action": key, "label": module.label(), "group": GROUP}
		for key, module in ACTIONS.items()
		if module.may()
	]
	hint = data_requests.hint(doc) if data_requests.may() else ""
	return [{"action": "data_request", "label": hint}, *shown] if hint else shown


@frappe.whitelist(methods=["GET", "POST"])
def begin(ticket: str | int, action: str) -> dict[str, Any]:
	"""What an action asks first: {title, notes, fields, submit}."""
	doc = _ticket(ticket)
	return _action(action).begin(doc).as_dict()


@frappe.whitelist(methods=["POST"])
def perform(ticket: str | int, action: str, values: dict | str | None = None) -> dict[str, str]:
	"""Do what was asked for, with these answers: {text, address}; `address` is where to go on, "" for nowhere."""
	doc = _ticket(ticket)
	given = frappe.parse_json(values or {})
	if not isinstance(given, dict):
		frappe.throw(_("This call is not complete. Load the page again."))
	return _action(action).perform(doc, given)


def _action(key: str) -> Any:
	module = ACTIONS.get(str(key))
	if not module:
		frappe.throw(_("There is no such action."), frappe.DoesNotExistError)
	if not module.may():
		frappe.throw(_("You may not do this."), frappe.PermissionError)
	return module


@frappe.whitelist(methods=["GET"])
def signed_file(request: str, document: str) -> None:
	"""A signed document of a request, for whoever may read the ticket that it was made from."""
	doc = frappe.get_doc("Signature Request", request)
	if doc.reference_doctype != TICKET or doc.confidential:
		doc.check_permission("read")
	else:
		_ticket(current(doc.reference_name) or doc.reference_name)
	revision = next((row for row in final_revisions(request) if row.document == document), None)
	if doc.status != "Completed" or not revision:
		frappe.throw(_("There is no such document in this request."), frappe.DoesNotExistError)
	frappe.local.response.filename = f"{copy_name(doc, revision)}.pdf"
	frappe.local.response.filecontent = read_sealed(revision.file_url, revision.sha256)
	frappe.local.response.type = "download"
