"""What only a data protection officer does: let a rule act, lift a legal hold."""

import frappe
from frappe import _
from frappe.utils import now_datetime

from signflow.core.privacy.retention import ERASE
from signflow.services.privacy import holds
from signflow.services.transaction import one_transaction
from signflow.signflow.roles import OFFICER


@one_transaction
def approve(rule: str, modified: str | None = None) -> None:
	"""Let a rule act, in the caller's name. Raises PermissionError for whoever is no officer.

	`modified` is the rule's as it was read; raises TimestampMismatchError where it was changed since.
	"""
	require_officer()
	doc = frappe.get_doc("Retention Rule", rule, for_update=True)
	if modified and str(doc.modified) != modified:
		frappe.throw(
			_("The rule was changed meanwhile: read it again, please."), frappe.TimestampMismatchError
		)
	if doc.kind != ERASE:
		frappe.throw(_("Only rules that erase are approved."))
	doc.update({"approved": 1, "approved_by": frappe.session.user, "approved_on": now_datetime()})
	doc.flags.signflow = True
	doc.save()


@one_transaction
def withdraw_approval(rule: str) -> None:
	"""Let a rule act no more."""
	require_officer()
	doc = frappe.get_doc("Retention Rule", rule, for_update=True)
	doc.update({"approved": 0, "approved_by": None, "approved_on": None})
	doc.flags.signflow = True
	doc.save()


@one_transaction
def lift_hold(hold: str, reason: str) -> None:
	"""Lift a legal hold, in the caller's name and with a reason. Raises PermissionError for whoever is no officer."""
	require_officer()
	if not reason.strip():
		frappe.throw(_("Say why the hold is lifted."))
	doc = frappe.get_doc("Legal Hold", hold, for_update=True)
	doc.update(
		{
			"lifted": 1,
			"lifted_by": frappe.session.user,
			"lifted_on": now_datetime(),
			"lift_reason": reason.strip()[:1000],
		}
	)
	doc.flags.signflow = True
	doc.save()
	holds.forget(hold)


def require_words(text: str | None, asked: str, most: int = 1000) -> str:
	"""What an officer has to say of a decision, tidied and cut to `most` characters. Raises ValidationError with `asked`
	for less than three letters."""
	words = (text or "").strip()
	if len(words) < 3:
		frappe.throw(asked)
	return words[:most]


def require_officer() -> None:
	"""Raise PermissionError unless the user is a data protection officer."""
	if frappe.session.user != "Administrator" and OFFICER not in frappe.get_roles():
		frappe.throw(_("This needs a data protection officer."), frappe.PermissionError)
