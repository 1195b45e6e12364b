"""An officer's decisions, taken where they belong: his plan may have been made anew by a worker while he read it."""

from collections.abc import Mapping
from typing import Any

import frappe
from frappe import _

from signflow.services.erasure import planning
from signflow.services.erasure.planning import LINE, PLAN
from signflow.services.privacy.approvals import require_officer


def decide(plan: str, decisions: Mapping[str, str], **keep: Any) -> str:
	"""As `planning.decide`. Where the plan's files were read to their end meanwhile, and so another draft took its place, what
	was decided is decided there, as far as it asks the same of the same record.

	Raises ValidationError also where nothing of it is asked there any more.
	"""
	require_officer()
	current = _in_place_of(plan)
	if current == plan:
		return planning.decide(plan, decisions, **keep)
	before, now = _questions(plan), _questions(current)
	lines = {question: line for line, question in now.items()}
	taken = {
		lines[before[line]]: decision for line, decision in decisions.items() if before.get(line) in lines
	}
	if not taken:
		frappe.throw(_("This plan was made anew meanwhile, and asks something else: look at it, please."))
	return planning.decide(current, taken, **keep)


def _in_place_of(plan: str) -> str:
	doc = frappe.db.get_value(PLAN, plan, ["status", "request"], as_dict=True)
	if not doc or doc.status != "Superseded" or not doc.request:
		return plan
	return frappe.db.get_value(PLAN, {"request": doc.request, "status": "Draft"}) or plan


def _questions(plan: str) -> dict[str, tuple[str, str]]:
	rows = frappe.get_all(
		LINE, {"plan": plan, "action": "Decide"}, ["name", "record_hash", "because"], order_by="place asc"
	)
	return {row.name: (row.record_hash, row.because) for row in rows}
