"""Consents that a house has on record elsewhere, when it comes to signflow: the members of a mailing list."""

import secrets
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from signflow.services import work
from signflow.services.privacy import consents
from signflow.services.privacy.consents import Given


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
	frappe.enqueue(
		"signflow.services.privacy.kept_elsewhere.record_members_now",
		queue="long",
		enqueue_after_commit=True,
		job_id=f"signflow-members-{secrets.token_hex(8)}",
		group=group,
		text=text,
		said_on=str(said_on),
		note=note.strip()[:500],
		language=language,
		user=frappe.session.user,
	)


@work.edge("consents kept elsewhere")
def record_members_now(group: str, text: str, said_on: str, note: str, language: str, user: str) -> None:
	"""Record the consents of a group's members in the name of `user` (RQ job)."""
	frappe.set_user(user)
	shown = consents.current_wording(text, language)
	way = Given("Import", ("Email Group", group), {"note": note}, said_on)
	for row in frappe.get_all(
		"Email Group Member",
		{"email_group": group},
		["email", "unsubscribed", "signflow_held_back"],
		order_by="name asc",
	):
		person = consents.person_with(row.email)
		if (not row.unsubscribed or row.signflow_held_back) and not consents.state_of(person, text):
			consents.give(person, shown, way)
