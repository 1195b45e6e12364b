"""Who did what with personal data in a period, for an authority (GDPR 5(2)). Reads only."""

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, cint, getdate

from signflow.signflow.stored_words import said

ACCESS = "Personal Data Access"


def account(start: Any, end: Any, company: str | None = None) -> list[dict[str, Any]]:
	"""What was done with personal data from `start` to `end` (days, both included), newest first.

	Rows {when, user, what, why, record, number, company}: look-ups, exports, changes and erasures by the access log,
	notices published, agreements signed, persons told and activities reviewed. `company` leaves out those of others. Of each
	kind only what the user may read: the log is for officers.
	"""
	first, after = getdate(start), add_to_date(getdate(end), days=1)
	if getdate(end) < first:
		frappe.throw(_("The period ends before it begins."))
	rows = [*_accesses(first, after, company), *_deeds(first, after, company)]
	return sorted(rows, key=lambda row: str(row["when"]), reverse=True)


def _accesses(first: Any, after: Any, company: str | None) -> Iterator[dict[str, Any]]:
	if not frappe.has_permission(ACCESS, "read"):
		return
	filters = [["accessed_on", ">=", first], ["accessed_on", "<", after]]
	if company:
		filters.append(["company", "in", (company, "")])
	fields = ["accessed_on", "user", "kind", "purpose", "company", "record_doctype", "total"]
	for row in frappe.get_list(
		ACCESS, filters, fields, order_by="accessed_on desc, name asc", limit_page_length=0
	):
		yield {
			"when": row.accessed_on,
			"user": row.user,
			"what": _(row.kind),
			"why": said(row.purpose),
			"record": _(row.record_doctype or ""),
			"number": cint(row.total),
			"company": row.company,
		}


def _deeds(first: Any, after: Any, company: str | None) -> Iterator[dict[str, Any]]:
	kinds = (
		("Privacy Notice", "published_on", "published_by", _("Notice published"), {}),
		("Data Processor", "agreement_signed_on", "modified_by", _("Processing agreement signed"), {}),
		("Processing Activity", "reviewed_on", "modified_by", _("Activity reviewed"), {}),
		("Notice Delivery", "sent_on", "owner", _("Person told of the notice"), {"status": "Sent"}),
	)
	for doctype, when, who, what, more in kinds:
		filters = [[when, "is", "set"], [when, ">=", first], [when, "<", after]]
		filters += [[field, "=", value] for field, value in more.items()]
		if company:
			filters.append(["company", "=", company])
		if not frappe.has_permission(doctype, "read"):
			continue
		rows = frappe.get_list(
			doctype,
			filters,
			["name", "company", when, who],
			order_by=f"{when} desc, name asc",
			limit_page_length=0,
		)
		if doctype == "Notice Delivery":
			yield from _by_day(rows, what)
			continue
		for row in rows:
			yield {
				"when": row[when],
				"user": row[who],
				"what": what,
				"why": "",
				"record": f"{_(doctype)} {row.name}",
				"number": 1,
				"company": row.company,
			}


def _by_day(rows: list[Any], what: str) -> Iterator[dict[str, Any]]:
	"""Mails are told of as a number for each day and company, not one by one."""
	days: dict[tuple[Any, str], int] = {}
	for row in rows:
		key = (getdate(row.sent_on), row.company)
		days[key] = days.get(key, 0) + 1
	for (day, company), number in days.items():
		yield {
			"when": day,
			"user": "",
			"what": what,
			"why": "",
			"record": "",
			"number": number,
			"company": company,
		}
