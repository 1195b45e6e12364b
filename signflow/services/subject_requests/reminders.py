"""Officers are reminded 10, 3 and 0 days before a request is due, and every day when it is late: one mail for all.

No person is named in it: a mail is no place for who has asked for what.
"""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import get_url_to_form, getdate

from signflow.core.erasure import clock
from signflow.services import letters
from signflow.services.notices import language_of, officers
from signflow.services.subject_requests import records
from signflow.services.subject_requests.records import REQUEST
from signflow.services.times import written_day
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, kept

WAITING = (*records.OPEN, "Unverified")


def daily() -> None:
	"""Remind, and say on each request that it was done (daily; commits)."""
	_remind()


@one_transaction
def _remind() -> None:
	today = getdate()
	due = [
		row
		for row in unanswered()
		if clock.is_to_remind(
			getdate(row.due_on), today, getdate(row.reminded_on) if row.reminded_on else None
		)
	]
	told: dict[str, list[Any]] = {}
	for row in due:
		for user in officers(REQUEST, row.company):
			told.setdefault(user, []).append(row)
		frappe.db.set_value(REQUEST, row.name, "reminded_on", today, update_modified=False)
	for user, rows in sorted(told.items()):
		_mail(user, rows, today)
	for row in {row.name: row for rows in told.values() for row in rows}.values():
		left = clock.days_left(getdate(row.due_on), today)
		records.step(row, "Reminder", kept(N_("Days left: {0}"), left), by_itself=True)


def unanswered() -> list[Any]:
	"""The requests that somebody has to answer, soonest first; not those answered under another."""
	# What came by the public page and was not proven is nobody's yet.
	return [
		row
		for row in frappe.get_all(
			REQUEST,
			{"status": ["in", WAITING], "joined_to": ["is", "not set"]},
			["name", "company", "request_type", "status", "source", "due_on", "reminded_on"],
			order_by="due_on asc, name asc",
		)
		if not records.is_nobodys(row)
	]


def late() -> int:
	"""How many requests are late."""
	today = getdate()
	return sum(1 for row in unanswered() if getdate(row.due_on) < today)


def _mail(user: str, rows: list[Any], today: Any) -> None:
	address = frappe.db.get_value("User", user, "email")
	language = language_of(user)
	if not address or "@" not in address:
		return
	with print_language(language):
		letters.send_letter(
			address,
			subject=_("Data requests wait for an answer: {0}").format(len(rows)),
			template="signflow_data_request_reminder",
			args={
				"requests": [
					{
						"name": row.name,
						"what": _(row.request_type),
						"company": row.company,
						"due_on": written_day(getdate(row.due_on), language),
						"left": clock.days_left(getdate(row.due_on), today),
						"link": get_url_to_form(REQUEST, row.name),
					}
					for row in rows
				],
			},
		)
