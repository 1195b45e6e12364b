"""What a Signature Template makes of a record: its document as a PDF, and the people of its roles.

A template is a text, a print format or a PDF. `doc` is the record that its values come from; it need not be stored,
since a form's answers become a record only when they are signed.
"""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import cint, formatdate, nowdate
from markupsafe import Markup, escape

from signflow.core.errors import SignflowError
from signflow.core.pdf.fields import fill
from signflow.services.company import default_company, house
from signflow.services.formatting import formatted
from signflow.services.printing import from_html, print_record, with_data
from signflow.services.wording import write_out
from signflow.signflow.refusals import message_of as refused
from signflow.signflow.uploads import bytes_of

LAYOUT = "signflow/templates/agreements/layout.html"
TITLE_LENGTH = 140
# What whoever uses a template may say about the person of a role.
ABOUT_A_PERSON = ("signer_name", "email", "contact", "represents", "language", "signing_order")


def render_document(
	template: Any, doc: Any, *, language: str, company: str | None = None
) -> tuple[str, bytes]:
	"""The title and the PDF of `template` (a Signature Template) for the record `doc`, None where it needs none.

	`language` counts where the template has none of its own; `company` is by default the record's, the template's or
	the user's. The caller checks permissions. Raises ValidationError that names the template and what is wrong in it.
	"""
	language = template.language or language
	with print_language(language):
		context = context_of(template, doc, language=language, company=company)
		title = title_of(template, context)
		if template.source == "PDF":
			return title, _filled(template, context)
		if doc is None:
			frappe.throw(
				_("Template {0} needs a record of the kind {1}.").format(
					frappe.bold(template.name), _(template.reference_doctype or "")
				)
			)
		if template.source == "Print Format":
			return title, print_record(doc, _print_format_of(template, doc), language)
		body = Markup(write_out(template.body, context, _where(template, "body"), html=True))
		if not body.striptags().strip():
			frappe.throw(_("The text of template {0} is empty.").format(frappe.bold(template.name)))
		html = _page(title, body, context["company"], language)
		return title, with_data(
			from_html(html), doc, {"template": template.name}, language=language, title=title
		)


def context_of(template: Any, doc: Any, *, language: str, company: str | None = None) -> dict[str, Any]:
	"""The names that a template's texts use: doc, company (a Company, if there is one), language, today, template."""
	company = company or (doc and doc.get("company")) or template.company or default_company()
	return {
		**({"doc": doc} if doc is not None else {}),
		"company": frappe.get_cached_doc("Company", company) if company else {"name": ""},
		"language": language,
		"today": formatdate(nowdate()),
		"template": template.name,
	}


def title_of(template: Any, context: dict[str, Any]) -> str:
	"""The title that signers see, in one line."""
	title = " ".join(write_out(template.document_title, context, _where(template, "document_title")).split())
	return title[:TITLE_LENGTH] or template.name


def message_of(template: Any, context: dict[str, Any]) -> str:
	"""The message of the invitation."""
	return write_out(template.message, context, _where(template, "message")).strip()


def people_of(
	template: Any,
	doc: Any,
	asked: dict[str, dict[str, Any]] | None = None,
	*,
	language: str | None = None,
	company: str | None = None,
) -> list[dict[str, Any]]:
	"""The signers of `template` for `doc`, as `drafts.create_request` takes them, in the order of the roles.

	`asked` says by role what the template leaves open or what shall be otherwise: {"Tenant": {"signer_name", "email",
	…}}. Raises ValidationError naming the role of whom name or address is not known, and a role that does not exist.
	"""
	asked = {role: person for role, person in (asked or {}).items() if person}
	unknown = set(asked) - {row.role for row in template.roles}
	if unknown:
		frappe.throw(
			_("Template {0} has no role {1}.").format(
				frappe.bold(template.name), frappe.bold(str(escape(sorted(unknown)[0])))
			)
		)
	context = context_of(
		template, doc, language=template.language or language or frappe.local.lang, company=company
	)
	people = []
	for row, person in zip(template.roles, known_people(template, context), strict=True):
		given = asked.get(row.role) or {}
		person.update({key: given[key] for key in ABOUT_A_PERSON if given.get(key) not in (None, "")})
		if not person.get("signer_name") or not person.get("email"):
			frappe.throw(
				_("Who signs as {0}? Template {1} needs the name and the mail address.").format(
					frappe.bold(row.role), frappe.bold(template.name)
				)
			)
		people.append(person)
	return people


def known_people(template: Any, context: dict[str, Any]) -> list[dict[str, Any]]:
	"""What the template itself says of the person of each role, empty where it is to be asked."""
	return [
		{
			"signer_name": _of_role(template, row, "signer_name", context),
			"email": _of_role(template, row, "email", context),
			"signing_order": cint(row.signing_order) or 1,
			"represents": _of_role(template, row, "represents", context),
			"box_anchor": row.box_anchor or "",
			"required_level": row.required_level or "mail_code",
		}
		for row in template.roles
	]


def summary(template: Any, doc: Any, *, language: str) -> dict[str, Any]:
	"""What `template` says of `doc` short of its document: {title, message, language, confidential, people}."""
	with print_language(language):
		context = context_of(template, doc, language=language)
		return {
			"title": title_of(template, context),
			"message": message_of(template, context),
			"language": language,
			"confidential": cint(template.confidential),
			"people": [
				{"role": row.role, **person}
				for row, person in zip(template.roles, known_people(template, context), strict=True)
			],
		}


def render_answers(title: str, web_form: Any, doc: Any, *, language: str, company: str | None) -> bytes:
	"""The answers to a Web Form as an agreement of their own: the PDF of `doc`, a record that need not be stored.

	The form's fields stand in its order under its headings; what is empty, hidden or secret is left out.
	"""
	with print_language(language):
		title = " ".join(_(title).split())
		body = (
			frappe.get_jenv()
			.get_template("signflow/templates/agreements/answers.html")
			.render(sections=_sections(web_form, doc))
		)
		holder = frappe.get_cached_doc("Company", company) if company else {"name": ""}
		html = _page(title, Markup(body), holder, language)
		return with_data(from_html(html), doc, {"web_form": web_form.name}, language=language, title=title)


def _sections(web_form: Any, doc: Any) -> list[dict[str, Any]]:
	sections: list[dict[str, Any]] = [{"heading": "", "fields": []}]
	for row in web_form.web_form_fields:
		if row.fieldtype in ("Section Break", "Page Break"):
			sections.append({"heading": _(row.label) if row.label else "", "fields": []})
			continue
		field = doc.meta.get_field(row.fieldname) if row.fieldname else None
		if not field or row.hidden or (row.fieldtype == "Check" and not _shown_check(row, doc)):
			continue
		value = formatted(doc, field)
		if value:
			wide = field.fieldtype in ("Table", "Text Editor", "HTML Editor", "Markdown Editor")
			label = _(row.label or field.label or row.fieldname)
			sections[-1]["fields"].append({"label": label, "value": value, "wide": wide})
	return [section for section in sections if section["fields"]]


def _shown_check(row: Any, doc: Any) -> bool:
	# An unticked box is an answer ("No") unless the form did not show it.
	return bool(doc.get(row.fieldname)) or not row.depends_on


def _of_role(template: Any, row: Any, field: str, context: dict[str, Any]) -> str:
	where = _("Template {0}, role {1}, {2}").format(template.name, row.role, _(row.meta.get_label(field)))
	return write_out(row.get(field), context, where).strip()


def _where(template: Any, field: str) -> str:
	return _("Template {0}, {1}").format(template.name, _(template.meta.get_label(field)))


def _print_format_of(template: Any, doc: Any) -> str | None:
	if not template.print_format:
		return None
	row = frappe.db.get_value("Print Format", template.print_format, ["doc_type", "disabled"], as_dict=True)
	if not row or row.disabled:
		frappe.throw(
			_("Template {0}: there is no print format {1} any more.").format(
				frappe.bold(template.name), frappe.bold(template.print_format)
			)
		)
	if row.doc_type != doc.doctype:
		frappe.throw(
			_("Template {0}: print format {1} is for {2}, not for {3}.").format(
				frappe.bold(template.name),
				frappe.bold(template.print_format),
				_(row.doc_type),
				_(doc.doctype),
			)
		)
	return template.print_format


def _filled(template: Any, context: dict[str, Any]) -> bytes:
	data = pdf_of(template)
	if not template.pdf_fields:
		return data
	values = {
		row.pdf_field: write_out(
			row.value, context, _("Template {0}, field {1} of the PDF").format(template.name, row.pdf_field)
		)
		for row in template.pdf_fields
	}
	try:
		return fill(data, values)
	except SignflowError as refusal:
		where = _("Template {0}, {1}").format(template.name, _(template.meta.get_label("pdf")))
		frappe.throw(frappe.utils.escape_html(f"{where}: {refused(refusal)}"))


def pdf_of(template: Any) -> bytes:
	"""The bytes of the template's PDF. Who may read the template may use its file."""
	name = frappe.db.get_value("File", {"file_url": template.pdf or ""}, order_by="creation asc")
	if not name:
		frappe.throw(_("Template {0} has no PDF.").format(frappe.bold(template.name)))
	try:
		data = bytes_of(frappe.get_doc("File", name))
	except OSError:
		frappe.throw(
			_("The PDF of template {0} is missing from this server.").format(frappe.bold(template.name))
		)
	if b"%PDF-" not in data[:1024]:
		frappe.throw(_("The file of template {0} is not a PDF.").format(frappe.bold(template.name)))
	return data


def _page(title: str, body: Markup, company: Any, language: str) -> str:
	holder = house(company.get("name"))
	return (
		frappe.get_jenv()
		.get_template(LAYOUT)
		.render(
			title=title,
			body=body,
			company=holder["name"],
			logo=holder["logo"],
			language=language,
		)
	)
