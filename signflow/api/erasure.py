"""Endpoints of Desk for erasure: a plan made, decided, approved by a second officer, carried out."""

from typing import Any

import frappe
from frappe import _

from signflow.services.erasure import backups as backups_
from signflow.services.erasure import deciding, execution, planning, reading
from signflow.services.privacy.approvals import require_officer


@frappe.whitelist(methods=["POST"])
def plan(request: str, anew: bool | int = False) -> str:
	"""Make a plan for a request, a dry run; its name. `anew`: nothing is decided any more. For data protection officers."""
	return planning.plan_erasure(request, anew=bool(frappe.utils.cint(anew)))


@frappe.whitelist(methods=["POST"])
def decide(
	plan: str, decisions: dict | str, keep_until: str | None = None, keep_ground: str | None = None
) -> str:
	"""Decide lines (line → "Hers", "Not Hers" or "Keep"); what is kept, until which day and why. The name of the plan made anew."""
	chosen = frappe.parse_json(decisions)
	if not isinstance(chosen, dict) or not all(isinstance(one, str) for one in chosen.values()):
		frappe.throw(_("Say of each line what becomes of it."))
	return deciding.decide(plan, chosen, keep_until=keep_until, keep_ground=keep_ground)


@frappe.whitelist(methods=["POST"])
def approve(plan: str, regardless: bool | int = False) -> None:
	"""Approve a plan as it stands, `regardless` of other requests of the person; for an officer who has neither planned nor
	decided it."""
	planning.approve(plan, regardless=bool(frappe.utils.cint(regardless)))


@frappe.whitelist(methods=["POST"])
def run(plan: str) -> None:
	"""Have an approved plan carried out."""
	execution.run_plan(plan)


@frappe.whitelist(methods=["POST"])
def overview(plan: str) -> dict[str, Any]:
	"""What becomes of how many records of which kind, and what the person is told."""
	return reading.overview(plan)


@frappe.whitelist(methods=["POST"])
def records(plan: str, line: str) -> dict[str, Any]:
	"""The records of one group of the overview, which `line` names."""
	return reading.records_of(plan, line)


@frappe.whitelist(methods=["POST"])
def to_decide(plan: str) -> dict[str, Any]:
	"""What of a plan is to be decided, with as much of each record as the decision takes."""
	return reading.to_decide(plan)


@frappe.whitelist(methods=["POST"])
def backups(request: str | None = None, plan: str | None = None) -> list[dict[str, Any]]:
	"""The backups from before an erasure, of a request or of one plan: {name, status, place, file_name, goes_by, how …}."""
	require_officer()
	if request:
		frappe.get_doc("Data Subject Request", request).check_permission("read")
		return backups_.of_request(request)
	frappe.get_doc("Erasure Plan", plan).check_permission("read")
	return backups_.of_plan(plan)


@frappe.whitelist(methods=["POST"])
def backup_gone(name: str, words: str) -> None:
	"""Note that a backup elsewhere is gone, and how that is known."""
	backups_.note_gone(name, words)
