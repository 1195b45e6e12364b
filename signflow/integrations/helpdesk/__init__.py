"""Helpdesk, 1.14 on Frappe 15 and 1.28 on Frappe 16: gated, for most sites do without it."""

from typing import Any

import frappe

TICKET = "HD Ticket"
MERGES_FOLLOWED = 5


def is_here() -> bool:
	"""Whether Helpdesk is installed on this site, and its tickets are there."""
	return "helpdesk" in frappe.get_installed_apps() and bool(frappe.db.exists("DocType", "HD Ticket"))


def current(ticket: Any) -> Any:
	"""The ticket into which `ticket` was merged, else itself; None when it is gone."""
	for _round in range(MERGES_FOLLOWED):
		row = frappe.db.get_value("HD Ticket", ticket, ["name", "merged_with"], as_dict=True)
		if not row or not row.merged_with:
			return row.name if row else None
		ticket = row.merged_with
	return ticket
