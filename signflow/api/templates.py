"""Endpoints for Signature Templates: which fit a record, what one says of it, and how it looks."""

from typing import Any

import frappe
from frappe import _

from signflow.services import drafts, templates


@frappe.whitelist(methods=["GET", "POST"])
def for_record(doctype: str, name: str) -> list[dict[str, str]]:
	"""The templates that a request from this record can be made of: [{name, source}]."""
	frappe.get_doc(doctype, name).check_permission("read")
	frappe.has_permission("Signature Request", "create", throw=True)
	return frappe.get_list(
		"Signature Template",
		filters={"enabled": 1, "reference_doctype": ["in", [doctype, ""]]},
		fields=["name", "source"],
		order_by="name asc",
		limit=200,
	)


@frappe.whitelist(methods=["GET", "POST"])
def filled(template: str, doctype: str | None = None, name: str | None = None) -> dict[str, Any]:
	"""What a template says of a record, for the dialog: {title, message, language, confidential, people}.

	`people` are {role, signer_name, email, …}; what stands empty in them is to be asked.
	"""
	found, doc = drafts.template_and_record(template, doctype, name)
	language = found.language or frappe.get_cached_doc("Signflow Settings").default_language or "fi"
	return templates.summary(found, doc, language=language)


@frappe.whitelist(methods=["GET"])
def preview(template: str, doctype: str | None = None, name: str | None = None) -> None:
	"""The document of a template for a record, as a PDF to look at."""
	found, doc = drafts.template_and_record(template, doctype, name)
	language = found.language or frappe.get_cached_doc("Signflow Settings").default_language or "fi"
	title, pdf = templates.render_document(found, doc, language=language)
	frappe.local.response.filename = f"{title or _('Preview')}.pdf".replace("/", "-")
	frappe.local.response.filecontent = pdf
	frappe.local.response.type = "pdf"
