"""The only writer of Data Subject Request and of its steps.

A status changes here and nowhere else: planning, execution and proof call `advance` and `finish`.
"""

from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate, now_datetime

from signflow.core.erasure import clock
from signflow.services.subject_requests import recipients
from signflow.services.times import holidays_of
from signflow.signflow.stored_words import N_, as_stored, kept, said

REQUEST, STEP, PERSON = "Data Subject Request", "Data Subject Request Step", "Data Subject Request Person"
TYPES = ("Access", "Portability", "Rectification", "Erasure", "Restriction", "Objection")
# What somebody has to answer still; what is Unverified may be nobody's.
OPEN = ("Open", "Waiting for Person", "Planned", "Approved", "Running")
# The states that end a request, and the field that says when.
CLOSED_ON = {"Done": "done_on", "Refused": "refused_on", "Withdrawn": "withdrawn_on"}
CLOSED = tuple(CLOSED_ON)
# Why one is refused (GDPR 12(2), 12(5), 12(6), 23), beside the officer's own words.
GROUNDS = (
	*("Manifestly Unfounded", "Excessive", "Identity Not Shown"),
	*("Law Forbids or Exempts", "Not the Controller", "Other"),
)
# What comes of weighing an objection to other processing than marketing (GDPR 21(1)).
UPHELD, OUTWEIGHED = "Objection Upheld", "Compelling Grounds"
# What a request that is answered under another shares with it.
_FOLLOWS = (
	*("status", "due_on", "extended_on", "extension_reason", "done_on", "outcome"),
	*("refused_by", "refused_on", "refusal_ground", "refusal_reason", "withdrawn_on", "weighed"),
)
# Steps whose note begins with one of a field's options.
_CHOSEN = ("Received", "Proven", "Kind Changed")


def for_change(name: str) -> Any:
	"""The request, locked, in the caller's transaction: whoever comes second waits, and reads what the first has written."""
	return frappe.get_doc(REQUEST, name, for_update=True)


def save(doc: Any) -> Any:
	"""Write a request (in the caller's transaction), and what its duplicates share with it."""
	doc.flags.signflow = True
	# What it came from may be erased meanwhile, and its own persons are.
	doc.flags.ignore_links = True
	if doc.is_new():
		return doc.insert(ignore_permissions=True)
	doc.save(ignore_permissions=True)
	for name in joined(doc.name):
		shared = {field: doc.get(field) for field in _FOLLOWS}
		frappe.db.set_value(REQUEST, name, shared)
	return doc


def joined(name: str) -> list[str]:
	"""The duplicates that are answered under a request, first to last."""
	return frappe.get_all(REQUEST, {"joined_to": name}, pluck="name", order_by="received_on asc, name asc")


def step(doc: Any, kind: str, note: str = "", *, by_itself: bool = False) -> Any:
	"""Write one step of a request (in the caller's transaction): `kind` is one of the DocType's, `note` holds no secret and
	is what somebody typed, or a text of the site's (`stored_words.kept`).

	`by_user` stays empty for the person, and for what the site does `by_itself`.
	"""
	row = frappe.new_doc(STEP)
	user = frappe.session.user
	row.update(
		{
			"request": doc.name,
			"company": doc.company,
			"kind": kind,
			"at": now_datetime(),
			"by_user": None if user == "Guest" or by_itself else user,
			"note": as_stored(note, 2000),
		}
	)
	row.flags.signflow = True
	row.flags.ignore_links = True
	return row.insert(ignore_permissions=True)


def steps(name: str) -> list[Any]:
	"""The steps of a request, first to last: {kind, at, by_user, note}, the notes in the language spoken."""
	fields = ["name", "kind", "at", "by_user", "note"]
	rows = frappe.get_all(STEP, {"request": name}, fields, order_by="at asc, creation asc, name asc")
	for row in rows:
		# "Identity Document Seen: by Maija"
		chosen, colon, words = (row.note or "").partition(": ")
		row.note = f"{_(chosen)}{colon}{words}" if chosen and row.kind in _CHOSEN else said(row.note)
	return rows


def is_nobodys(row: Any) -> bool:
	"""Whether a request (its `status` and `source`) came by the public page and nobody has proven that it is his: it may be
	somebody's typing of another's address."""
	return row.status == "Unverified" and row.source == "Web Page"


def closed_on(row: Any) -> Any:
	"""When a request (its `status` and the fields of `CLOSED_ON`) ended; None while it has not."""
	return row.get(CLOSED_ON[row.status]) if row.status in CLOSED_ON else None


def advance(name: str, status: str, note: str = "") -> None:
	"""Planned, Approved or Running: what planning and execution make of an open request (in the caller's transaction).

	Raises ValidationError for a request that is not open.
	"""
	if status not in ("Planned", "Approved", "Running", "Open"):
		frappe.throw(_("{0} is no state of a request at work.").format(status))
	doc = still_open(name)
	doc.update({"status": status, "erased_on": None})
	save(doc)
	step(doc, status if status != "Open" else "Note", note)


def note_erased(plan: str) -> None:
	"""Note on its request that an erasure has ended, which stays Running until it is answered (hook signflow_erasure_done)."""
	request, left = frappe.db.get_value("Erasure Plan", plan, ["request", "left_over"])
	if row := request and frappe.db.get_value(REQUEST, request, ["name", "company"], as_dict=True):
		step(row, "Note", kept(N_("The erasure has ended: plan {0}."), plan), by_itself=True)
		if not left:
			frappe.db.set_value(REQUEST, request, "erased_on", now_datetime(), update_modified=False)


def finish(name: str, outcome: str) -> Any:
	"""The request is done (in the caller's transaction); `outcome` is what came of it: what somebody typed, or a text of the
	site's (`stored_words.kept`). The letter is the caller's.

	Raises ValidationError while somebody who was told has not answered (GDPR 19).
	"""
	doc = still_open(name)
	if waiting := recipients.unsettled(name):
		frappe.throw(_("These have not answered yet: {0}").format(", ".join(waiting)))
	doc.update({"status": "Done", "done_on": now_datetime(), "outcome": as_stored(outcome, 1000)})
	save(doc)
	step(doc, "Done", outcome)
	return doc


def still_open(name: str) -> Any:
	"""The locked request. Raises ValidationError unless it is open, proven, and answered by itself."""
	doc = for_change(name)
	if doc.joined_to:
		frappe.throw(_("This request is answered under {0}.").format(doc.joined_to))
	if doc.status == "Unverified":
		frappe.throw(_("Nobody has proven yet that this request is his: have the person prove it first."))
	if doc.status == "Withdrawn":
		frappe.throw(_("The person has taken this request back."))
	if doc.status not in OPEN:
		frappe.throw(_("This request was answered already."))
	return doc


def due_of(doc: Any) -> Any:
	"""The last day of the first month, within which an extension or a refusal is told (GDPR 12(3)-(4))."""
	return clock.due_on(getdate(doc.received_on), holidays_of(doc.company))


def sweep_away(names: Iterable[str]) -> None:
	"""Delete requests that nobody has proven to be his, with their steps and without a trace (in the caller's
	transaction)."""
	names = list(names)
	if not names:
		return
	frappe.db.delete(STEP, {"request": ["in", names]})
	frappe.db.delete(PERSON, {"parent": ["in", names], "parenttype": REQUEST})
	frappe.db.delete(REQUEST, {"name": ["in", names]})
