"""Answers to a form out of the site: for Signflow Managers and the form's responsible user. Every look is logged."""

from typing import Any

import frappe
from werkzeug.utils import send_file

from signflow.services import exports
from signflow.services.guests import LANGUAGES


@frappe.whitelist(methods=["POST"])
def export(
	form: str,
	file_type: str = "XLSX",
	from_date: str | None = None,
	to_date: str | None = None,
	language: str | None = None,
) -> Any:
	"""The submissions of `form` as JSON, CSV, XLSX or ZIP; days are included, in the site's time zone.

	Few are answered as the file itself. For many the answer is {"submissions": how many}, a worker makes the file and
	the caller gets a notification with its address.
	"""
	doc = frappe.get_doc("Signable Form", form)
	exports.require_may_export(doc)
	since, until = exports.day_of(from_date), exports.day_of(to_date)
	if language in LANGUAGES:
		frappe.local.lang = language
	made = exports.ask(doc, file_type=file_type, since=since, until=until, language=frappe.local.lang)
	if isinstance(made, int):
		return {"submissions": made}
	stream = made.open("rb")
	# Read on through its handle, however the answer ends.
	made.unlink()
	return send_file(
		stream,
		environ=frappe.local.request.environ,
		mimetype=exports.MIME_TYPES[file_type],
		as_attachment=True,
		download_name=exports.file_name_of(doc, since, until, file_type),
	)


@frappe.whitelist(methods=["POST"])
def answers(submission: str) -> dict[str, Any]:
	"""The answers of one submission, for its form in Desk."""
	frappe.get_doc("Form Submission", submission).check_permission("read")
	return exports.show(submission)
