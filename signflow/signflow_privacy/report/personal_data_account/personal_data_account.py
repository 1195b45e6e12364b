"""Who looked up, exported, changed and erased what and why, and what else was done for it, in a period (GDPR 5(2))."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import add_months, nowdate

from signflow.services.privacy import accountability


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
	"""Columns and rows of `accountability.account` from `from_date` to `to_date`, by default the last three months."""
	asked = frappe._dict(filters or {})
	# No links: Frappe 15 refuses a report with a link to what its reader may not read, and an officer may read no Company.
	columns = [
		{"fieldname": "when", "label": _("When"), "fieldtype": "Datetime", "width": 190},
		{"fieldname": "user", "label": _("Who"), "fieldtype": "Data", "width": 240},
		{"fieldname": "what", "label": _("What"), "fieldtype": "Data", "width": 200},
		{"fieldname": "why", "label": _("Why"), "fieldtype": "Data", "align": "left", "width": 260},
		{"fieldname": "record", "label": _("Record"), "fieldtype": "Data", "width": 220},
		{"fieldname": "number", "label": _("Number"), "fieldtype": "Int", "width": 90},
		{
			"fieldname": "company",
			"label": _("Controller"),
			"fieldtype": "Data",
			"width": 160,
		},
	]
	start = asked.from_date or add_months(nowdate(), -3)
	return columns, accountability.account(start, asked.to_date or nowdate(), asked.company)
