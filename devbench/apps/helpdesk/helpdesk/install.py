"""The records that a first ticket needs."""

import frappe

PRIORITIES = {"Low": 400, "Medium": 300, "High": 200, "Urgent": 100}
TICKET_TYPES = ("Question", "Unspecified")


def after_install() -> None:
	"""Make priorities and ticket types; those that exist stay as they are."""
	for name, weight in PRIORITIES.items():
		_make("HD Ticket Priority", name, integer_value=weight)
	for name in TICKET_TYPES:
		_make("HD Ticket Type", name, priority="Medium")


def _make(doctype: str, name: str, **values) -> None:
	if not frappe.db.exists(doctype, name):
		doc = frappe.get_doc({"doctype": doctype, **values})
		doc.insert(ignore_permissions=True, set_name=name)
