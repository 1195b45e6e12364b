"""Endpoints of Desk's dialog for somebody who leaves a customer or supplier."""

from typing import Any

import frappe
from frappe import _

from signflow.services import substitutes


@frappe.whitelist(methods=["POST"])
def leaving(contact: str, party_type: str, party: str) -> dict[str, Any]:
	"""What is open of a contact: {moves: [{doctype, label, name}], tasks, told, has_user}."""
	found = substitutes.leaving(contact, party_type, party)
	return {
		"moves": [
			{"doctype": doctype, "label": _(doctype), "name": name}
			for doctype, name in sorted({(doctype, name) for doctype, name, _field in found.moves})
		],
		"tasks": len(found.tasks),
		"told": _shown(found.told),
		"has_user": bool(found.user),
	}


@frappe.whitelist(methods=["POST"])
def substitute(
	contact: str, party_type: str, party: str, by: str, left_on: str | None = None
) -> dict[str, Any]:
	"""Let another contact take over: {moved, tasks, told, signers: [{signer, request, title}], ended}.

	Each of `signers` can be sent to the substitute: `signflow.api.requests.replace_signer(signer, contact=by)`.
	"""
	answer = substitutes.substitute(contact, party_type, party, by, left_on)
	return {**answer, "told": _shown(answer["told"])}


def _shown(told: list[tuple[str, str]]) -> list[dict[str, str]]:
	return [
		{"doctype": doctype, "label": _(doctype), "name": name, "title": _title(doctype, name)}
		for doctype, name in told
	]


def _title(doctype: str, name: str) -> str:
	"""What a task is about, for whoever may read it: its name says nothing."""
	if doctype != "ToDo" or not frappe.has_permission("ToDo", "read", name):
		return name
	text = frappe.utils.strip_html(frappe.db.get_value("ToDo", name, "description") or "")
	return " ".join(text.split())[:80] or name
