"""Endpoints of Desk for erasure: a plan made, decided, approved by a second officer, carried out."""

from typing import Any

import frappe
from frappe import _

from signflow.services.erasure import execution, planning
from signflow.services.privacy.approvals import require_officer


@frappe.whitelist(methods=["POST"])
def plan(request: str) -> str:
	"""Make a plan for a request, a dry run; its name. For data protection officers."""
	return planning.plan_erasure(request)


@frappe.whitelist(methods=["POST"])
def decide(plan: str, decisions: dict | str) -> str:
	"""Decide lines (line → "Hers", "Not Hers" or "Keep"); the name of the plan made anew with that."""
	chosen = frappe.parse_json(decisions)
	if not isinstance(chosen, dict) or not all(isinstance(one, str) for one in chosen.values()):
		frappe.throw(_("Say of each line what becomes of it."))
	return planning.decide(plan, chosen)


@frappe.whitelist(methods=["POST"])
def approve(plan: str) -> None:
	"""Approve a plan as it stands; for an officer who has neither planned nor decided it."""
	planning.approve(plan)


@frappe.whitelist(methods=["POST"])
def run(plan: str) -> None:
	"""Have an approved plan carried out."""
	execution.run_plan(plan)


@frappe.whitelist(methods=["POST"])
def lines(plan: str, action: str | None = None) -> list[dict[str, Any]]:
	"""The lines of a plan, in order: {name, place, record_doctype, record_name, action, status, because, keep_until …}."""
	require_officer()
	frappe.get_doc("Erasure Plan", plan).check_permission("read")
	return frappe.get_all(
		"Erasure Plan Line",
		{"plan": plan, **({"action": action} if action else {})},
		[
			*("name", "place", "record_doctype", "record_name", "action", "status", "row_count", "because"),
			*("keep_until", "ground", "statute", "decision", "renamed"),
		],
		order_by="place asc",
	)
