"""A request before it is sent: what the dialog starts with, and drafts made by people and programs."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, cint, now_datetime

from signflow.services.company import default_company
from signflow.services.printing import print_record


def create_request(
	*,
	title: str,
	documents: list[dict[str, str]],
	signers: list[dict[str, Any]],
	company: str | None = None,
	customer: str | None = None,
	reference_doctype: str | None = None,
	reference_name: str | None = None,
	**options: Any,
) -> Any:
	"""Make a draft request with its signers, with the caller's permissions.

	`documents` are {"title", "file"} (a File's address), {"title", "content"} (PDF bytes) or {"title", "print_format"} (the
	reference record is printed);
	`signers` are {"signer_name", "email", …}; `options` may hold message, language, expires_on, remind_every_days,
	signature_level and confidential. Raises ValidationError for what cannot be, and stores nothing then.
	"""
	settings = frappe.get_cached_doc("Signflow Settings")
	request = frappe.new_doc("Signature Request")
	request.update(
		{
			"title": title,
			"customer": customer,
			"company": company or default_company(),
			"reference_doctype": reference_doctype,
			"reference_name": reference_name,
			"language": options.get("language") or settings.default_language or "fi",
			"message": options.get("message"),
			"confidential": cint(options.get("confidential")),
			"signature_level": options.get("signature_level"),
			"expires_on": options.get("expires_on") or _default_expiry(settings),
			"remind_every_days": cint(options.get("remind_every_days", settings.remind_every_days)),
		}
	)
	for document in documents:
		file = document.get("file") or _keep_file(
			reference_name or title,
			document.get("content")
			or _print(reference_doctype, reference_name, document.get("print_format"), request.language),
		)
		request.append("documents", {"title": document.get("title") or title, "file": file})
	request.insert()
	for signer in signers:
		add_signer(request.name, **signer)
	return request


def _default_expiry(settings: Any) -> Any:
	# Whole minutes: Desk's field would round the rest away and call an untouched form "Not Saved".
	now = now_datetime().replace(second=0, microsecond=0)
	return add_to_date(now, days=cint(settings.expire_after_days) or 30)


def add_signer(request: str, **values: Any) -> Any:
	"""Add a person to a draft request, with the caller's permissions."""
	allowed = ("signer_name", "email", "contact", "represents", "signing_order", "language", "required_level")
	allowed += ("box_anchor", "boxes")
	doc = frappe.new_doc("Signature Request Signer")
	if isinstance(values.get("boxes"), list):  # a list would be taken for rows of a child table
		values["boxes"] = frappe.as_json(values["boxes"])
	doc.update({field: values[field] for field in allowed if values.get(field) not in (None, "")})
	doc.request = request
	return doc.insert()


def _print(doctype: str | None, name: str | None, print_format: str | None, language: str) -> bytes:
	if not doctype or not name:
		frappe.throw(_("Choose a PDF, or start from a record that can be printed."))
	doc = frappe.get_doc(doctype, name)
	doc.check_permission("print")
	return print_record(doc, print_format, language)


def _keep_file(name: str, data: bytes) -> str:
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"{name}.pdf".replace("/", "-"),
			"is_private": 1,
			"content": data,
		}
	).insert()
	return file.file_url


def prefill(doc: Any) -> dict[str, Any]:
	"""What the dialog starts with for a record the caller may read: {title, customer, company, language, …}."""
	customer = _customer_of(doc)
	parties = [(doc.doctype, doc.name)]
	if customer and ("Customer", customer) not in parties:
		parties.append(("Customer", customer))
	return {
		"title": _title_of(doc),
		"customer": customer,
		"company": doc.get("company") or default_company(),
		"language": frappe.get_cached_doc("Signflow Settings").default_language or "fi",
		"contacts": _contacts(doc, parties),
		"attachments": _attached_pdfs(doc),
		"print_formats": []
		if doc.doctype == "Customer"
		else [
			"Standard",
			*frappe.get_all(
				"Print Format",
				filters={"doc_type": doc.doctype, "disabled": 0},
				pluck="name",
				order_by="name asc",
			),
		],
	}


def _attached_pdfs(doc: Any) -> list[Any]:
	"""The record's PDFs, newest first, without the copies of what was signed already."""
	files = frappe.get_all(
		"File",
		filters={
			"attached_to_doctype": doc.doctype,
			"attached_to_name": doc.name,
			"file_url": ["like", "%.pdf"],
		},
		fields=["file_name", "file_url"],
		order_by="creation desc",
		limit=50,
	)
	sealed = set(
		frappe.get_all(
			"Sealed Revision",
			filters={"file_url": ["in", [file.file_url for file in files] or [""]]},
			pluck="file_url",
			order_by="name asc",
		)
	)
	return [file for file in files if file.file_url not in sealed]


def _title_of(doc: Any) -> str:
	return "" if doc.doctype == "Customer" else f"{_(doc.doctype)} {doc.name}"


def _customer_of(doc: Any) -> str | None:
	if doc.doctype == "Customer":
		return doc.name
	if doc.get("customer"):
		return doc.customer
	# Quotation keeps its party behind quotation_to, Contract behind party_type.
	for kind in ("quotation_to", "party_type"):
		if doc.get(kind) == "Customer":
			return doc.get("party_name") or doc.get("party")
	return None


def _contacts(doc: Any, parties: list[tuple[str, str]]) -> list[dict[str, Any]]:
	names: list[str] = []
	for doctype, name in parties:
		names += frappe.get_all(
			"Dynamic Link",
			filters={"parenttype": "Contact", "link_doctype": doctype, "link_name": name},
			pluck="parent",
			order_by="creation asc",
		)
	if doc.get("contact_person"):
		names.insert(0, doc.contact_person)
	if not names:
		return []
	found = {
		row.name: row
		for row in frappe.get_list(
			"Contact",
			filters={"name": ["in", names]},
			fields=["name", "first_name", "last_name", "email_id"],
			order_by="creation asc",
		)
	}
	return [
		{
			"contact": name,
			"signer_name": " ".join(part for part in (found[name].first_name, found[name].last_name) if part),
			"email": found[name].email_id,
		}
		for name in dict.fromkeys(names)
		if name in found and found[name].email_id
	]
