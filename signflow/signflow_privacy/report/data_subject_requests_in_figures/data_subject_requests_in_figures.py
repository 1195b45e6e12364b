"""How many requests came, of which right and by which way, and what became of them: for users and authorities (GDPR 5(2))."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import nowdate

from signflow.services.subject_requests import figures


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
	"""Columns and rows of `figures.by_right` of what came from `from_date` to `to_date`, by default this year."""
	asked = frappe._dict(filters or {})
	numbers = {
		"received": _("Received"),
		**{figures.way(one): _(one) for one in figures.WAYS},
		"in_time": _("Answered in Time"),
		"late": _("Answered Late"),
		"open": _("Not Answered Yet"),
		"overdue": _("Of These Overdue"),
		"withdrawn": _("Taken Back"),
		"extended": _("Extended"),
		"refused": _("Request refused"),
		**{figures.ground(one): _("Refused: {0}").format(_(one)) for one in figures.GROUNDS},
	}
	columns = [
		{"fieldname": "right", "label": _("Asks For"), "fieldtype": "Data", "width": 150},
		*(
			{"fieldname": name, "label": label, "fieldtype": "Int", "width": 120}
			for name, label in numbers.items()
		),
		{
			"fieldname": "median_days",
			"label": _("Median Days to Answer"),
			"fieldtype": "Float",
			"precision": 1,
			"width": 150,
		},
	]
	start = asked.from_date or f"{nowdate()[:4]}-01-01"
	return columns, figures.by_right(start, asked.to_date or nowdate(), asked.company)
