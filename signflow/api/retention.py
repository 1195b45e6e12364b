"""Endpoints of Desk for retention: rules tried, approved and run; holds lifted; what keeps a record."""

from typing import Any

import frappe
from frappe import _

from signflow.services.privacy import approvals, keeping, overdue, retention, retention_presets
from signflow.services.privacy.lookup import readable_names


@frappe.whitelist(methods=["POST"])
def preview(rule: str) -> dict[str, Any]:
	"""What is past its time by a rule: {due, rows: [{name, until, kept_by}]}; changes nothing.

	`rows` are those of the first ones that the user may read, `due` counts all.
	"""
	doc = frappe.get_doc("Retention Rule", rule)
	doc.check_permission("read")
	frappe.has_permission(doc.document_type, "read", throw=True)
	found = overdue.preview(doc)
	readable = readable_names(doc.document_type, [str(row["name"]) for row in found])
	rows = [
		{"name": row["name"], "until": row["until"], "kept_by": [_shown(keep) for keep in row["keeps"]]}
		for row in found
		if str(row["name"]) in readable
	]
	return {"due": overdue.count_due(doc), "rows": rows}


@frappe.whitelist(methods=["POST"])
def kept(doctype: str, name: str) -> list[dict[str, Any]]:
	"""What keeps a record that the user reads, the longest first: [{until, ground, statute, title, through}].

	A hold's or rule's title and the record through which it keeps are only for who may read these: a title may name a case.
	"""
	frappe.get_doc(doctype, name).check_permission("read")
	return [_shown(keep) for keep in keeping.keep_until(doctype, name)]


def _shown(keep: keeping.Keep) -> dict[str, Any]:
	kind, name = ("Legal Hold", keep.hold) if keep.hold else ("Retention Rule", keep.rule)
	is_told = frappe.has_permission(kind, "read", doc=name)
	return {
		"until": keep.until,
		"ground": _(keep.ground),
		"statute": keep.statute,
		"title": frappe.db.get_value(kind, name, "title") if is_told else "",
		"through": list(keep.through)
		if frappe.has_permission(keep.through[0], "read", doc=keep.through[1])
		else [keep.through[0], ""],
	}


@frappe.whitelist(methods=["POST"])
def approve(rule: str, modified: str | None = None) -> None:
	"""Let a rule act as it was read when it was `modified`; for data protection officers."""
	approvals.approve(rule, modified)


@frappe.whitelist(methods=["POST"])
def withdraw_approval(rule: str) -> None:
	"""Let a rule act no more; for data protection officers."""
	approvals.withdraw_approval(rule)


@frappe.whitelist(methods=["POST"])
def lift_hold(hold: str, reason: str) -> None:
	"""Lift a legal hold; for data protection officers."""
	approvals.lift_hold(hold, reason)


@frappe.whitelist(methods=["POST"])
def dry_run(rule: str | None = None) -> str:
	"""Count what the enabled rules (or one) would do, in a worker; the Retention Run's name."""
	frappe.has_permission("Retention Rule", "write", throw=True)
	return retention.start(dry_run=True, rule=rule)


@frappe.whitelist(methods=["POST"])
def run_now() -> str:
	"""Begin the daily run at once; for data protection officers. The Retention Run's name."""
	approvals.require_officer()
	if frappe.db.exists("Retention Run", {"status": "Running", "dry_run": 0}):
		frappe.throw(_("A run is at work already."))
	return retention.start(dry_run=False)


@frappe.whitelist(methods=["POST"])
def stop(run: str) -> None:
	"""Have a run stop before its next record; for whoever sets up rules."""
	frappe.has_permission("Retention Rule", "write", throw=True)
	retention.stop(run)


@frappe.whitelist(methods=["POST"])
def add_usual_rules(company: str | None = None) -> list[str]:
	"""Add the usual rules that are not there yet, as drafts that do nothing: their names."""
	frappe.has_permission("Retention Rule", "create", throw=True)
	return retention_presets.add_usual_rules(company)
