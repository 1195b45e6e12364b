"""A request before it is sent: what the dialog starts with, and drafts made by people and programs."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, cint, now_datetime

from signflow.services.company import default_company
from signflow.services.printing import print_record
from signflow.services.templates import context_of, message_of, people_of, render_document


def create_request(
	*,
	title: str | None = None,
	documents: list[dict[str, str]] | None = None,
	signers: list[dict[str, Any]] | None = None,
	company: str | None = None,
	customer: str | None = None,
	reference_doctype: str | None = None,
	reference_name: str | None = None,
	template: str | None = None,
	asked: dict[str, dict[str, Any]] | None = None,
	**options: Any,
) -> Any:
	"""Make a draft request with its signers, with the caller's permissions.

	`documents` are {"title", "file"} (a File's address), {"title", "content"} (PDF bytes) or {"title", "print_format"} (the
	reference record is printed);
	`signers` are {"signer_name", "email", …}; `options` may hold message, language, expires_on, remind_every_days,
	signature_level, confidential and delivery_addresses (one a line).
	`template` (a Signature Template's name) makes the first document from the reference record, and gives its people and
	whatever of title and options is not given here; `asked` says who takes its roles (see `templates.people_of`).
	Raises ValidationError for what cannot be, and stores nothing then.
	"""
	settings = frappe.get_cached_doc("Signflow Settings")
	documents, signers = list(documents or ()), list(signers or ())
	if template:
		made = _from_template(template, reference_doctype, reference_name, company, asked, options, settings)
		title = title or made["title"]
		documents.insert(0, {"title": made["title"], "content": made["pdf"]})
		signers = made["people"] + signers
		options = {**made["options"], **{key: value for key, value in options.items() if value}}
		company = company or made["company"]
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
			"delivery_addresses": options.get("delivery_addresses"),
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
	if template:
		request.db_set("template", template, update_modified=False)
	for signer in signers:
		add_signer(request.name, **signer)
	return request


def _from_template(
	name: str,
	reference_doctype: str | None,
	reference_name: str | None,
	company: str | None,
	asked: dict[str, dict[str, Any]] | None,
	options: dict[str, Any],
	settings: Any,
) -> dict[str, Any]:
	template, doc = template_and_record(name, reference_doctype, reference_name)
	language = template.language or options.get("language") or settings.default_language or "fi"
	title, pdf = render_document(template, doc, language=language, company=company)
	context = context_of(template, doc, language=language, company=company)
	days = cint(template.expire_after_days) or cint(settings.expire_after_days) or 30
	return {
		"title": title,
		"pdf": pdf,
		"people": people_of(template, doc, asked, language=language, company=company),
		"company": context["company"].get("name"),
		"options": {
			"language": language,
			"message": message_of(template, context),
			"expires_on": _expiry(days),
			"signature_level": template.signature_level,
			"confidential": template.confidential,
			"delivery_addresses": template.delivery_addresses,
			**({"remind_every_days": template.remind_every_days} if template.remind_every_days else {}),
		},
	}


def template_and_record(name: str, doctype: str | None, record: str | None) -> tuple[Any, Any]:
	"""A template that the user may use, and the record for it (None where the template needs none).

	Raises PermissionError, or ValidationError when the two do not fit.
	"""
	template = frappe.get_doc("Signature Template", name)
	template.check_permission("read")
	if not template.enabled:
		frappe.throw(_("Template {0} is not in use any more.").format(frappe.bold(name)))
	if not doctype or not record:
		if template.reference_doctype:
			frappe.throw(
				_("Template {0} needs a record of the kind {1}.").format(
					frappe.bold(name), _(template.reference_doctype)
				)
			)
		return template, None
	if template.reference_doctype not in (None, "", doctype):
		frappe.throw(
			_("Template {0} is for {1}, not for {2}.").format(
				frappe.bold(name), _(template.reference_doctype), _(doctype)
			)
		)
	doc = frappe.get_doc(doctype, record)
	doc.check_permission("print")
	return template, doc


def _default_expiry(settings: Any) -> Any:
	return _expiry(cint(settings.expire_after_days) or 30)


def _expiry(days: int) -> Any:
	# Whole minutes: Desk's field would round the rest away and call an untouched form "Not Saved".
	return add_to_date(now_datetime().replace(second=0, microsecond=0), days=days)


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
	for path in (frappe.get_hooks("signflow_customer_of") or {}).get(doc.doctype, ()):
		return frappe.get_attr(path)(doc)
	# Other apps have customers of their own kind.
	if doc.get("customer") and _links_to(doc, "customer", "Customer"):
		return doc.customer
	# Quotation keeps its party behind quotation_to, Contract behind party_type.
	for kind in ("quotation_to", "party_type"):
		if doc.get(kind) == "Customer":
			return doc.get("party_name") or doc.get("party")
	return None


def _links_to(doc: Any, fieldname: str, doctype: str) -> bool:
	field = doc.meta.get_field(fieldname)
	return bool(field) and field.options == doctype


def _contacts(doc: Any, parties: list[tuple[str, str]]) -> list[dict[str, Any]]:
	names: list[str] = []
	for doctype, name in parties:
		names += frappe.get_all(
			"Dynamic Link",
			filters={"parenttype": "Contact", "link_doctype": doctype, "link_name": name},
			pluck="parent",
			order_by="creation asc",
		)
	for field in ("contact", "contact_person"):
		if doc.get(field) and _links_to(doc, field, "Contact"):
			names.insert(0, doc.get(field))
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
