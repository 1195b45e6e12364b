"""Consents that a house has on record elsewhere, when it comes to signflow: the members of a mailing list."""

import time
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from signflow.services import notices, work
from signflow.services.privacy import consents, marketing
from signflow.services.privacy.consents import Given, Person, Wording

JOB = "signflow.services.privacy.kept_elsewhere.record_members_now"
AT_ONCE = 500
JOB_SECONDS = 600


def record_members(group: str, text: str, said_on: Any, note: str, language: str) -> None:
	"""Have a worker record that the members of a group have consented before, as the house has on record elsewhere.

	`note` says where that is. Who has left the list, or has said anything to this text here, is left as he is; a second
	run records only what the first did not reach.
	"""
	consents.current_wording(text, language)
	if not (note or "").strip():
		frappe.throw(_("Say when, where and how they consented, and where that is on record."))
	if getdate(said_on) > getdate():
		frappe.throw(_("That day is still to come."))
	work.wake(
		JOB,
		queue="long",
		group=group,
		text=text,
		said_on=str(said_on),
		note=note.strip()[:500],
		language=language,
		user=frappe.session.user,
	)


@work.edge("consents kept elsewhere")
def record_members_now(
	group: str,
	text: str,
	said_on: str,
	note: str,
	language: str,
	user: str,
	after: str = "",
	failed: bool = False,
) -> None:
	"""Record the consents of a group's members in the name of `user` (RQ job), and leave to another what takes too long.

	Where some cannot be recorded the others are, and the user is told at the end.
	"""
	frappe.set_user(user)
	shown = consents.current_wording(text, language)
	way = Given("Import", ("Email Group", group), {"note": note}, said_on)
	until = time.monotonic() + JOB_SECONDS
	while rows := _next_members(group, after):
		try:
			consents.give_many(_still_silent(rows, shown), shown, way)
		except Exception as error:
			frappe.db.rollback()
			work.tell("consents kept elsewhere", error)
			failed = True
		after = rows[-1].name
		if time.monotonic() > until:
			work.wake(
				JOB,
				queue="long",
				group=group,
				text=text,
				said_on=said_on,
				note=note,
				language=language,
				user=user,
				after=after,
				failed=failed,
			)
			frappe.db.commit()
			return
	if failed:
		notices.notify(
			user,
			("Email Group", group),
			lambda: _("Not all earlier consents of this list could be recorded. Record them again."),
		)
		frappe.db.commit()


def _next_members(group: str, after: str) -> list[Any]:
	return frappe.get_all(
		"Email Group Member",
		{"email_group": group, "name": [">", after]},
		["name", "email", "unsubscribed", "signflow_held_back"],
		order_by="name asc",
		limit=AT_ONCE,
	)


def _still_silent(members: list[Any], shown: Wording) -> list[tuple[Person, str | None]]:
	"""The people behind members who have not left and have not said anything to the text, each with his row before."""
	company = frappe.get_cached_value("Consent Text", shown.text, "company")
	mails = [row.email for row in members if not row.unsubscribed or row.signflow_held_back]
	people = {(one.party_type, one.party or one.email): one for one in consents.persons_with(mails).values()}
	known = marketing.Known(list(people.values()))
	found = []
	for person in people.values():
		if not known.last_word(person, company, shown.text):
			before = [row.name for row in known.rows_of(person, company) if row.consent_text == shown.text]
			found.append((person, before[-1] if before else None))
	return found
