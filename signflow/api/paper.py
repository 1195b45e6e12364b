"""Endpoints of "From Paper" in Desk, for Signflow Managers; each runs with the caller's permissions."""

from typing import Any

import frappe

from signflow.services import paper, paper_drafts


@frappe.whitelist(methods=["POST"])
def inspect_paper(file: str, doctype: str | None = None) -> dict[str, Any]:
	"""What an uploaded PDF or Word file asks for: {source, title, doctype_name, fields, warnings}."""
	frappe.only_for("Signflow Manager")
	return paper.inspect(file, doctype or None)


@frappe.whitelist(methods=["POST"])
def make_drafts(
	file: str,
	fields: list | str,
	title: str,
	doctype_name: str | None = None,
	doctype: str | None = None,
	company: str | None = None,
	language: str | None = None,
) -> dict[str, Any]:
	"""Make a Web Form, a Signature Template and what belongs to them: {doctype, web_form, template, form, warnings}."""
	frappe.only_for("Signflow Manager")
	return paper_drafts.make_drafts(
		file=file,
		fields=frappe.parse_json(fields),
		title=title,
		doctype_name=doctype_name or None,
		doctype=doctype or None,
		company=company or None,
		language=language or None,
	)
