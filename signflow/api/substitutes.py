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
		"told": [{"doctype": doctype, "label": _(doctype), "name": name} for doctype, name in found.told],
		"has_user": bool(found.user),
	}


@frappe.whitelist(methods=["POST"])
def substitute(
	contact: str, party_type: str, party: str, by: str, left_on: str | None = None
) -> dict[str, Any]:
	"""Let another contact take over: {moved, tasks, told, ended}."""
	return substitutes.substitute(contact, party_type, party, by, left_on)
