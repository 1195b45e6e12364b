"""Requests counted: what came, by which way, what became of it and how soon. Reads only.

What was pseudonymised counts too: kind, company, days and outcome stay. A request that is answered under another is one that
came, answered on the other's day; what came by the public page and nobody has proven may be nobody's and is none.
"""

from statistics import median
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, date_diff, getdate

from signflow.services.subject_requests import records
from signflow.services.subject_requests.records import REQUEST, TYPES
from signflow.signflow.stored_words import N_

WAYS = ("Web Page", "Portal", "Ticket", "Mail", "Desk")
# What was refused before grounds were chosen.
NOT_SAID = N_("Not Said")
GROUNDS = (*records.GROUNDS, NOT_SAID)
_FIELDS = (
	*("request_type", "company", "source", "status", "received_on", "due_on", "extended_on"),
	*("done_on", "refused_on", "refusal_ground", "withdrawn_on"),
)


def way(source: str) -> str:
	"""The column of a way by which requests come."""
	return f"by_{frappe.scrub(source)}"


def ground(name: str) -> str:
	"""The column of a ground of refusal."""
	return f"refused_{frappe.scrub(name)}"


def by_right(start: Any, end: Any, company: str | None = None) -> list[dict[str, Any]]:
	"""One row for each right, and a total, of the requests that came from `start` to `end` (days, both included) and that the
	user may read; of `company` alone if it is named.

	Answered is done or refused; received = in_time + late + open + withdrawn. `median_days` runs from receipt to answer, None
	without one. A refusal is late after the first month, which an extension does not lengthen (GDPR 12(4)).
	"""
	if getdate(end) < getdate(start):
		frappe.throw(_("The period ends before it begins."))
	filters = [["received_on", ">=", getdate(start)], ["received_on", "<", add_to_date(getdate(end), days=1)]]
	if company:
		filters.append(["company", "=", company])
	rows = frappe.get_list(REQUEST, filters, list(_FIELDS), order_by="name asc", limit_page_length=0)
	counted = [row for row in rows if not records.is_nobodys(row)]
	return [
		*(
			{"right": _(one), **_figures([row for row in counted if row.request_type == one])}
			for one in TYPES
		),
		{"right": _("Total"), "is_total": 1, **_figures(counted)},
	]


def _figures(rows: list[Any]) -> dict[str, Any]:
	answered = [row for row in rows if row.status in ("Done", "Refused")]
	refused = [row for row in rows if row.status == "Refused"]
	left = [row for row in rows if row.status not in records.CLOSED]
	late = [row for row in answered if getdate(records.closed_on(row)) > _last_day(row)]
	days = [date_diff(records.closed_on(row), row.received_on) for row in answered]
	return {
		"received": len(rows),
		**{way(one): sum(row.source == one for row in rows) for one in WAYS},
		"in_time": len(answered) - len(late),
		"late": len(late),
		"open": len(left),
		"overdue": sum(getdate(row.due_on) < getdate() for row in left),
		"withdrawn": sum(row.status == "Withdrawn" for row in rows),
		"extended": sum(bool(row.extended_on) for row in rows),
		"refused": len(refused),
		**{ground(one): sum((row.refusal_ground or NOT_SAID) == one for row in refused) for one in GROUNDS},
		"median_days": median(days) if days else None,
	}


def _last_day(row: Any) -> Any:
	return records.due_of(row) if row.status == "Refused" else getdate(row.due_on)
