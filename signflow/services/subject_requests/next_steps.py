"""What is to be done next on a data request, and why it is not answered yet: read from what was done, kept nowhere."""

from typing import Any

import frappe
from frappe import _

from signflow.services.subject_requests import competing, matching, recipients, records

PLAN, EXPORT = "Erasure Plan", "Personal Data Export"
# An erasure is answered by erasing, or refused: nothing else is an answer to it.
NEVER_LEFT_OUT = ("Erasure",)
BEFORE_THE_RUN = ("plan", "decide", "approve")
AFTER_THE_RUN = ("list_recipients", "recipients", "complete")
# The note that corrections leave, as it is stored.
CORRECTED = '"Corrected in {0} records."'
# No record of the person is confirmed: some are added, or an officer says why nothing is held.
ADD_RECORDS = "add_records"


def next_step(doc: Any) -> dict[str, Any]:
	"""{step, said, record, is_over}: `step` is a code ("confirm", "plan", "copy", "complete" …; "" for a request that is closed), `said` why the
	request is not answered before it ("" if it may be), in the language spoken, `record` the plan or copy that it is about,
	`is_over` whether an erasure was carried out to its end and left nothing: what follows is telling others and answering.
	"""
	step = _next(doc)
	if doc.request_type == "Erasure" and step["step"] in BEFORE_THE_RUN:
		step["said"] = " ".join(filter(None, (step["said"], competing.said(competing.with_erasure(doc)))))
	is_over = doc.status == "Running" and step["step"] in AFTER_THE_RUN
	return {**step, "is_over": is_over}


def _next(doc: Any) -> dict[str, Any]:
	if doc.joined_to or doc.status in records.CLOSED:
		return _step("")
	if doc.status == "Unverified":
		return _step("prove", _("Nobody has proven yet that this request is his."))
	if not matching.confirmed(doc) and (step := _without_records(doc)):
		return step
	first = {
		"Erasure": _erasure,
		"Access": _copy,
		"Portability": _copy,
		"Rectification": _correction,
		"Restriction": _restriction,
		"Objection": _objection,
	}[doc.request_type]
	return first(doc) or _told(doc) or _step("complete")


def _step(step: str, said: str = "", record: str | None = None) -> dict[str, Any]:
	return {"step": step, "said": said, "record": record}


def _without_records(doc: Any) -> dict[str, Any] | None:
	"""None where an erasure was carried out, which has taken the records confirmed: what comes after it is next."""
	kinds = set(frappe.get_all(records.STEP, {"request": doc.name}, pluck="kind", order_by="at asc"))
	if doc.persons and "Confirmed" not in kinds:
		return _step(
			"confirm", _("Say first which of the proposed records are the person's, or that none of them is.")
		)
	if doc.request_type == "Erasure" and frappe.db.exists(
		PLAN, {"request": doc.name, "status": ["in", ("Running", "Done")]}
	):
		return None
	# None of those proposed is hers, or a mailbox alone was taken out of marketing: an officer has said so, or it is done.
	if kinds & {"Confirmed", "Objection Carried Out"}:
		return _step("complete")
	return _step(
		ADD_RECORDS,
		_(
			"No record of the person is confirmed: add her records, or say that nothing is held on her, and why."
		),
	)


def _erasure(doc: Any) -> dict[str, Any] | None:
	plans = frappe.get_all(
		PLAN,
		{"request": doc.name, "status": ["!=", "Superseded"]},
		["name", "status", "undecided", "left_over"],
		order_by="creation desc, name desc",
		limit=1,
	)
	if not plans:
		return _step("plan", _("Nothing was erased yet: plan the erasure first."))
	plan = plans[0]
	if plan.status == "Done":
		left = _("The last erasure left {0} places with the person's data: plan again before you answer.")
		return _step("plan", left.format(plan.left_over)) if plan.left_over else None
	if plan.status == "Draft" and plan.undecided:
		said = (
			_("The erasure is not carried out yet: 1 record is left to decide.")
			if plan.undecided == 1
			else _("The erasure is not carried out yet: {0} records are left to decide.").format(
				plan.undecided
			)
		)
		return _step("decide", said, plan.name)
	step, said = {
		"Draft": (
			"approve",
			_("The erasure is not carried out yet: a second officer has to approve the plan."),
		),
		"Approved": ("run", _("The erasure is approved and not carried out yet.")),
		"Running": ("wait", _("The erasure is under way.")),
		"Failed": ("plan", _("The erasure was not carried out to its end: plan again.")),
	}[plan.status]
	return _step(step, said, plan.name)


def _copy(doc: Any) -> dict[str, Any] | None:
	fields = ["name", "status", "link_hash", "handed_over_on"]
	made = frappe.get_all(EXPORT, {"request": doc.name}, fields, order_by="creation desc, name desc", limit=1)
	status = made[0].status if made else ""
	if status in ("Collecting", "Packing"):
		return _step("wait", _("The copy is being made."), made[0].name)
	if status == "To Review":
		return _step("review", _("The copy is not given yet: look it through and give it."), made[0].name)
	if status == "Ready":
		if made[0].link_hash or made[0].handed_over_on:
			return None
		said = _("The copy is not given yet: no mail reaches the person, hand it over on a medium.")
		return _step("hand_over", said, made[0].name)
	return _step("copy", _("No copy of the data was made yet."))


def _correction(doc: Any) -> dict[str, Any] | None:
	note = ["like", f"%{CORRECTED}%"]
	if frappe.db.exists(records.STEP, {"request": doc.name, "kind": "Note", "note": note}):
		return None
	return _step("correct", _("Nothing was corrected yet."))


def _restriction(doc: Any) -> dict[str, Any] | None:
	return None if doc.restricted_on else _step("restrict", _("Nothing was restricted yet."))


def _objection(doc: Any) -> dict[str, Any] | None:
	# Other objections are weighed (GDPR 21(1)): what came of that is the answer.
	if doc.objection_scope != "Direct Marketing":
		return None
	return _step("stop_marketing", _("Marketing to the confirmed records was not stopped yet."))


def _told(doc: Any) -> dict[str, Any] | None:
	"""Whoever got the data from us is told (GDPR 19)."""
	if doc.request_type not in recipients.RIGHTS:
		return None
	if missing := recipients.unlisted(doc):
		said = _("These processors were not told yet: {0}").format(", ".join(missing))
		return _step("list_recipients", said)
	if waiting := recipients.unsettled(doc.name):
		return _step("recipients", _("These have not answered yet: {0}").format(", ".join(waiting)))
	return None
