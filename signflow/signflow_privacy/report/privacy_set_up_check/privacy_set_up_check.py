"""What the site still lacks to keep its promises about personal data, each with its cure."""

from typing import Any

from frappe import _

from signflow.services.privacy import checks


def execute(
	filters: dict[str, Any] | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str | None]:
	"""Columns and rows {weight, text, cure, link} of what the site lacks now; a message where it lacks nothing."""
	columns = [
		{"fieldname": "weight", "label": _("When"), "fieldtype": "Data", "width": 150},
		{"fieldname": "text", "label": _("What Is Missing"), "fieldtype": "Data", "width": 430},
		{"fieldname": "cure", "label": _("What to Do"), "fieldtype": "Data", "width": 380},
		{"fieldname": "link", "label": _("Where"), "fieldtype": "Data", "width": 90},
	]
	# Words of our own: the framework's translations take "High" and "Medium" for lengths and sizes.
	when = {checks.HIGH: _("At Once"), checks.MEDIUM: _("Soon"), checks.LOW: _("In Good Time")}
	rows = [
		{
			"weight": when[one.weight],
			"level": one.weight,
			"text": one.text,
			"cure": one.cure,
			"link": one.link,
		}
		for one in checks.findings()
	]
	return columns, rows, None if rows else _("Nothing is missing that we can see.")
