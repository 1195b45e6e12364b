"""Contacts, leads and customers of whom nobody knows where their data came from (GDPR 14(2)(f))."""

from typing import Any

import frappe
from frappe import _

from signflow.services.privacy import origin


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
	"""Columns and rows of `origin.unknown`: what the user may read."""
	asked = frappe._dict(filters or {})
	# Frappe 15 refuses a report with a link to a kind that its reader may not read.
	columns = [
		{"fieldname": "doctype", "label": _("Kind"), "fieldtype": "Data", "width": 110},
		{
			"fieldname": "name",
			"label": _("Record"),
			"fieldtype": "Dynamic Link",
			"options": "doctype",
			"width": 220,
		},
		{"fieldname": "title", "label": _("Name"), "fieldtype": "Data", "width": 240},
		{
			"fieldname": "owner",
			"label": _("Answers for the Data"),
			"fieldtype": "Data",
			"width": 200,
		},
		{"fieldname": "creation", "label": _("Made On"), "fieldtype": "Datetime", "width": 170},
		{"fieldname": "verified", "label": _("Last Verified On"), "fieldtype": "Date", "width": 130},
	]
	return columns, origin.unknown(asked.company)
