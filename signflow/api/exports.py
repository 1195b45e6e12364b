"""Answers to a form out of the site: for Signflow Managers and the form's responsible user. Every look is logged."""

from typing import Any

import frappe

from signflow.services import exports


@frappe.whitelist(methods=["POST"])
def export(
	form: str,
	file_type: str = "XLSX",
	from_date: str | None = None,
	to_date: str | None = None,
	language: str | None = None,
) -> dict[str, Any] | None:
	"""The submissions of `form` as JSON, CSV, XLSX or ZIP; days are included, in the site's time zone.

	Few are answered as the file itself. For many the answer is {"submissions": how many}, a worker makes the file and
	the caller gets a notification with its address.
	"""
	doc = frappe.get_doc("Signable Form", form)
	exports.require_may_export(doc)
	since, until = exports.day_of(from_date), exports.day_of(to_date)
	if language in ("fi", "sv", "en"):
		frappe.local.lang = language
	made = exports.ask(doc, file_type=file_type, since=since, until=until, language=frappe.local.lang)
	if isinstance(made, int):
		return {"submissions": made}
	try:
		frappe.local.response.filecontent = made.read_bytes()
	finally:
		made.unlink()
	frappe.local.response.filename = exports.file_name_of(doc, since, until, file_type)
	frappe.local.response.type = "download"
	return None


@frappe.whitelist(methods=["POST"])
def answers(submission: str) -> dict[str, Any]:
	"""The answers of one submission, for its form in Desk."""
	frappe.get_doc("Form Submission", submission).check_permission("read")
	return exports.show(submission)
