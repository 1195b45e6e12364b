"""Tickets, and ERPNext's issues (feedback is one where there is no Helpdesk), that nobody has answered for days."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_to_date, cint, get_datetime, get_url, get_url_to_form, now_datetime, nowdate
from frappe.utils.user import get_users_with_role

from signflow.integrations.helpdesk import is_here
from signflow.services import letters, work
from signflow.services.company import house, own_name
from signflow.services.notices import language_of
from signflow.services.transaction import one_transaction

MOST = 2_000
# Who is told of what is assigned to nobody.
OTHERWISE = {"HD Ticket": "Agent Manager", "Issue": "Support Team"}


@dataclass(frozen=True)
class Waiting:
	"""A ticket whose customer waits for an answer since `since`."""

	doctype: str
	name: str
	subject: str
	since: datetime
	owners: tuple[str, ...]


def daily() -> None:
	"""Tell the owners of what is unanswered for as long as the settings say, each by one mail with the list (daily)."""
	days = cint(frappe.get_cached_doc("Signflow Settings").unanswered_days)
	if days <= 0:
		return
	by_owner: dict[str, list[Waiting]] = defaultdict(list)
	for row in unanswered(days):
		for owner in row.owners:
			by_owner[owner].append(row)
	for owner, rows in sorted(by_owner.items()):
		with work.edge("an owner was not told of tickets"):
			_tell(owner, sorted(rows, key=lambda row: row.since))


def unanswered(days: int) -> list[Waiting]:
	"""Open tickets and issues whose last word is the customer's, said at least `days` ago."""
	before = add_to_date(now_datetime(), days=-days)
	found = []
	if is_here():
		filters: dict[str, Any] = {"is_merged": 0}
		# In 1.28 a site names the states itself.
		named = frappe.get_meta("HD Ticket").has_field("status_category")
		filters["status_category" if named else "status"] = "Open"
		found += _waiting("HD Ticket", filters, before)
	if frappe.db.exists("DocType", "Issue"):
		found += _waiting("Issue", {"status": "Open"}, before)
	return found


def _waiting(doctype: str, filters: dict[str, Any], before: datetime) -> Iterable[Waiting]:
	rows = frappe.get_all(
		doctype,
		{**filters, "creation": ["<=", before]},
		["name", "subject", "creation", "_assign"],
		order_by="creation asc, name asc",
		limit=MOST,
	)
	last = _last_words(doctype, [str(row.name) for row in rows])
	for row in rows:
		said = last.get(str(row.name))
		if said and said.sent_or_received == "Sent":
			continue
		since = get_datetime((said and (said.communication_date or said.creation)) or row.creation)
		if since <= before:
			owners = _enabled(json.loads(row._assign or "[]")) or _holders(OTHERWISE[doctype])
			yield Waiting(doctype, str(row.name), row.subject or "", since, owners)


def _last_words(doctype: str, names: list[str]) -> dict[str, Any]:
	"""The last mail of each ticket; what the site says by itself answers nobody."""
	rows = frappe.get_all(
		"Communication",
		{
			"reference_doctype": doctype,
			"reference_name": ["in", names or [""]],
			"communication_type": "Communication",
		},
		["reference_name", "sent_or_received", "communication_date", "creation"],
		order_by="creation asc",
	)
	return {row.reference_name: row for row in rows}


def _enabled(users: list[str]) -> tuple[str, ...]:
	filters = {"name": ["in", users or [""]], "enabled": 1}
	return tuple(frappe.get_all("User", filters, pluck="name", order_by="name asc"))


def _holders(role: str) -> tuple[str, ...]:
	"""The enabled users with a role, else those who look after the site."""
	for one in (role, "System Manager"):
		if found := tuple(sorted(set(get_users_with_role(one)) - {"Guest"})):
			return found
	return ()


@one_transaction
def _tell(user: str, rows: list[Waiting]) -> None:
	if letters.counted(f"unanswered {user} {nowdate()}") > 1:
		return
	email = frappe.db.get_value("User", user, "email")
	with print_language(language_of(user)):
		letters.send_letter(
			email,
			subject=_("Unanswered: {0}").format(len(rows)),
			template="signflow_unanswered",
			args={
				"house": house(own_name()),
				"rows": [
					{
						"number": row.name,
						"subject": row.subject,
						"days": _("{0} days").format((now_datetime() - row.since).days),
						"link": get_url(f"/helpdesk/tickets/{row.name}")
						if row.doctype == "HD Ticket"
						else get_url_to_form(row.doctype, row.name),
					}
					for row in rows
				],
			},
		)
