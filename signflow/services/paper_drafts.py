"""The records that are made of a paper form: DocType, Web Form, Signature Template and Signable Form, all drafts."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, strip_html

from signflow.core.errors import SignflowError
from signflow.core.paper.kinds import folded
from signflow.core.paper.word import WordForm
from signflow.core.pdf.fields import FormField, fill, find_fields
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.placement import find_anchors
from signflow.services.company import default_company
from signflow.services.paper import (
	MOST_FIELDNAME,
	MOST_KEPT,
	OFFERED,
	OPTIONS,
	PEOPLE,
	doctype_name_of,
	is_reserved,
	plain,
	read_paper,
	usable_fields,
)
from signflow.services.transaction import one_transaction, throw

# DocTypes in one of an app's modules go when the app goes; this module is Frappe's own, and what hangs under it stays.
MODULE = "Custom"
# MariaDB takes some 65 kB a row, and a Data column counts with 560 bytes.
MOST_COLUMNS = 70


@one_transaction
def make_drafts(
	*,
	file: str,
	fields: list[dict[str, Any]],
	title: str,
	doctype_name: str | None = None,
	doctype: str | None = None,
	company: str | None = None,
	language: str | None = None,
) -> dict[str, Any]:
	"""Make the records from the corrected `fields` of `inspect`; all of them or none.

	A new DocType `doctype_name`, or the existing `doctype`; over it an unpublished Web Form, a Signature Template and,
	where the fields hold a person's name and mail address, a closed Signable Form. Returns {doctype, web_form, template,
	form, warnings}. Raises PermissionError where the caller may not make one of them, ValidationError for names that are
	taken and fields that cannot be.
	"""
	_check_permissions(doctype)
	# Without braces: a template's title is Jinja, and this one may be the name of a stranger's file.
	title = " ".join(re.sub(r"[{}]", " ", strip_html(title or "")).split())[:140]
	if not title:
		frappe.throw(_("Give the form a title."))
	data, found, word = read_paper(file)
	kept = _checked(fields, found, doctype)
	_check_free("Web Form", {"title": title}, title)
	_check_free("Signature Template", {"template_name": title}, title)
	made = ""
	if not doctype:
		made = doctype = _new_doctype(doctype_name or doctype_name_of(title), kept)
	try:
		web_form = _web_form(title, doctype, kept)
		template = _template(title, doctype, file, data, kept, word, language)
		form = _signable_form(title, web_form, template, kept, company or default_company())
	except Exception:
		frappe.db.rollback()
		if made:
			_unmake(made)
		raise
	return {
		"doctype": doctype,
		"web_form": web_form.name,
		"template": template.name,
		"form": form.name if form else None,
		"warnings": _not_asked(doctype, kept) + _not_made(form),
	}


def _check_permissions(doctype: str | None) -> None:
	frappe.has_permission("Signature Template", "create", throw=True)
	if not frappe.has_permission("Web Form", "create"):
		frappe.throw(
			_("Web forms are made by users with the role Website Manager. Ask your administrator for it."),
			frappe.PermissionError,
		)
	if not doctype:
		if not frappe.has_permission("DocType", "create"):
			frappe.throw(
				_(
					"A new kind of record is made by users with the role System Manager. Ask your administrator, or choose a kind of record that exists."
				),
				frappe.PermissionError,
			)
	else:
		frappe.has_permission(doctype, "create", throw=True)
		meta = frappe.get_meta(doctype)
		if meta.istable or meta.issingle:
			frappe.throw(_("{0} cannot be filled in by a web form.").format(_(doctype)))


def _check_free(doctype: str, filters: dict[str, Any], name: str) -> None:
	if frappe.db.exists(doctype, filters) or frappe.db.exists(doctype, name):
		frappe.throw(
			_("There is already a {0} named {1}. Choose another title.").format(
				_(doctype), frappe.bold(name)
			),
		)


def _checked(
	fields: list[dict[str, Any]], found: list[FormField], doctype: str | None
) -> list[dict[str, Any]]:
	"""The fields to keep, with what the paper itself says of them; bad names and types are refused."""
	by_name = {field.name: field for field in found}
	usable = {df.fieldname: df for df in usable_fields(doctype)} if doctype else {}
	kept: list[dict[str, Any]] = []
	for row in fields:
		if not cint(row.get("keep")):
			continue
		field = by_name.get(str(row.get("paper_field")))
		if field is None:
			frappe.throw(
				_("The paper has no field {0}. Read it again.").format(_quoted(row.get("paper_field")))
			)
		label = " ".join(plain(strip_html(str(row.get("label") or ""))).split())[:140] or plain(field.label)
		fieldname = str(row.get("fieldname") or "").strip()
		if doctype:
			if fieldname not in usable:
				frappe.throw(
					_("{0} has no field {1} that a web form can fill in.").format(
						_(doctype), _quoted(fieldname)
					)
				)
			fieldtype, options = usable[fieldname].fieldtype, usable[fieldname].options
		else:
			fieldtype, options = _checked_type(row, label)
			if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{MOST_FIELDNAME - 1}}}", fieldname) or is_reserved(
				fieldname
			):
				frappe.throw(
					_(
						"{0} is no fieldname that can be used: small letters, digits and underscores, at most {1} characters, and no word of Frappe's own."
					).format(_quoted(fieldname), MOST_FIELDNAME)
				)
		kept.append(
			{
				"field": field,
				"label": label,
				"fieldname": fieldname,
				"fieldtype": fieldtype,
				"options": options,
				"reqd": cint(row.get("reqd")),
			}
		)
	_check_distinct(kept)
	if len([one for one in kept if one["fieldtype"] == "Data"]) > MOST_COLUMNS and not doctype:
		for one in kept[MOST_COLUMNS:]:
			if one["fieldtype"] == "Data" and one["options"] not in OPTIONS.values():
				one["fieldtype"] = "Small Text"
	return kept


def _checked_type(row: dict[str, Any], label: str) -> tuple[str, str]:
	fieldtype = row.get("fieldtype")
	if fieldtype not in OFFERED:
		frappe.throw(_("{0} cannot be of the type {1}.").format(_quoted(label), _quoted(fieldtype)))
	options = plain(strip_html(str(row.get("options") or "")))
	if fieldtype == "Select":
		options = "\n".join(dict.fromkeys(line.strip()[:140] for line in options.split("\n") if line.strip()))
		if not options:
			frappe.throw(_("{0} needs options to choose from.").format(_quoted(label)))
		return fieldtype, f"\n{options}"  # a blank first line, or Frappe chooses the first option itself
	return fieldtype, options if fieldtype == "Data" and options in OPTIONS.values() else ""


def _check_distinct(kept: list[dict[str, Any]]) -> None:
	if not kept:
		frappe.throw(_("Keep at least one field."))
	if len(kept) > MOST_KEPT:
		frappe.throw(_("Only the first {0} fields are kept; a form takes no more.").format(MOST_KEPT))
	seen: set[str] = set()
	for one in kept:
		if one["fieldname"] in seen:
			frappe.throw(_("Two fields have the fieldname {0}.").format(_quoted(one["fieldname"])))
		seen.add(one["fieldname"])


def _quoted(value: Any) -> str:
	return frappe.bold(frappe.utils.escape_html(str(value or "")[:140]))


def _new_doctype(name: str, kept: list[dict[str, Any]]) -> str:
	name = " ".join(str(name).split())
	if frappe.db.exists("DocType", name) or frappe.db.table_exists(name):
		frappe.throw(
			_("There is already a kind of record named {0}. Choose another name.").format(_quoted(name))
		)
	titled = next((one["fieldname"] for kind in PEOPLE for one in kept if one["field"].kind == kind), None)
	doctype = frappe.get_doc(
		{
			"doctype": "DocType",
			"name": name,
			"module": MODULE,
			"custom": 1,
			"autoname": "hash",
			"naming_rule": "Random",
			"title_field": titled,
			"track_changes": 1,
			"sort_field": "creation",
			"sort_order": "DESC",
			"fields": [*_sections(kept, _doc_field)],
			"permissions": [
				{"role": role, **dict.fromkeys(rights, 1)}
				for role, rights in (
					("System Manager", "read write create delete report export print email share".split()),
					("Signflow Manager", "read write create delete report export print email share".split()),
				)
			],
		}
	)
	doctype.insert()
	return doctype.name


def _unmake(doctype: str) -> None:
	"""Take back a DocType made a moment ago: making its table ended the transaction that it was made in."""
	frappe.delete_doc("DocType", doctype, force=True, ignore_permissions=True)
	frappe.db.sql_ddl(f"drop table if exists `tab{doctype}`")
	frappe.db.commit()


def _doc_field(one: dict[str, Any]) -> dict[str, Any]:
	field = {key: one[key] for key in ("fieldname", "fieldtype", "label", "options", "reqd")}
	return {**field, "in_list_view": cint(one["field"].kind in PEOPLE)}


def _web_field(one: dict[str, Any]) -> dict[str, Any]:
	field = {key: one[key] for key in ("fieldname", "fieldtype", "label", "options", "reqd")}
	limit = one["field"].max_length
	return {**field, "max_length": limit if one["fieldtype"] in ("Data", "Small Text") else 0}


def _sections(kept: list[dict[str, Any]], made: Callable) -> Iterable[dict[str, Any]]:
	"""Fields with a section for each page where there are several."""
	pages = [one["field"].page for one in kept]
	current = None
	for one in kept:
		page = one["field"].page
		if page != current and len(set(pages)) > 1:
			yield {
				"fieldtype": "Section Break",
				"fieldname": f"section_page_{page}",
				"label": _("Page {0}").format(page),
			}
		current = page
		yield made(one)


def _web_form(title: str, doctype: str, kept: list[dict[str, Any]]) -> Any:
	return frappe.get_doc(
		{
			"doctype": "Web Form",
			"title": title,
			"route": re.sub(r"[^a-z0-9]+", "-", folded(title)).strip("-")[:100]
			or frappe.generate_hash(length=10),
			"doc_type": doctype,
			"module": frappe.db.get_value("DocType", doctype, "module"),
			"is_standard": 0,
			"published": 0,
			"login_required": 0,
			"web_form_fields": [*_sections(kept, _web_field)],
		}
	).insert()


def _template(
	title: str,
	doctype: str,
	file: str,
	data: bytes,
	kept: list[dict[str, Any]],
	word: WordForm | None,
	language: str | None,
) -> Any:
	template = frappe.new_doc("Signature Template")
	template.update(
		{
			"template_name": title,
			"document_title": title,
			"reference_doctype": doctype,
			"source": "Text" if word else "PDF",
			"language": language or "",
		}
	)
	if word:
		template.body = word.body({one["field"].name: one["fieldname"] for one in kept})
	else:
		template.pdf = _fit_for_signing(title, file, data)
		for one in kept:
			template.append("pdf_fields", {"pdf_field": one["field"].name, "value": _pdf_value(one)})
	people = _people(kept)
	if people:
		name, mail = people
		template.append(
			"roles",
			{
				"role": _("Signer"),
				"signer_name": " ".join(f"{{{{ doc.{part} }}}}" for part in name),
				"email": f"{{{{ doc.{mail} }}}}",
				"signing_order": 1,
				"box_anchor": "" if word else _anchor(data),
			},
		)
	return template.insert()


def _fit_for_signing(title: str, file: str, data: bytes) -> str:
	"""The upload itself if it can be signed; else a copy without XFA and scripts, which many official forms carry."""
	try:
		normalise(data)
		return file
	except SignflowError:
		pass
	try:
		cleaned = fill(data, {})
		normalise(cleaned)
	except SignflowError as refusal:
		throw(refusal)
	copy = {
		"doctype": "File",
		"file_name": f"{title}.pdf".replace("/", "-"),
		"is_private": 1,
		"content": cleaned,
	}
	return frappe.get_doc(copy).insert().file_url


def _pdf_value(one: dict[str, Any]) -> str:
	"""Jinja for a field of a PDF, which takes plain text."""
	name, field = one["fieldname"], one["field"]
	if one["fieldtype"] == "Check":
		return f"{{{{ 1 if doc.{name} else 0 }}}}"
	written = one["fieldtype"] in ("Date", "Time", "Int", "Float", "Currency", "Datetime")
	if written and not (one["fieldtype"] == "Date" and field.date_format):
		return f'{{{{ doc.get_formatted("{name}") if doc.{name} else "" }}}}'
	return f"{{{{ doc.{name} }}}}"


def _anchor(data: bytes) -> str:
	"""The printed words at the first place for a signature, where the electronic one then stands; "" if none are."""
	labels = [field.label for field in find_fields(data) if field.kind == "signature"]
	try:
		found = find_anchors(data, labels)
	except SignflowError:
		return ""
	return next((label for label in labels if label in found), "")


def _people(kept: list[dict[str, Any]]) -> tuple[list[str], str] | None:
	"""The fieldnames of the person's name (one, or first and last) and mail address; None if one is missing."""
	by_kind: dict[str, str] = {}
	for one in kept:
		by_kind.setdefault(one["field"].kind, one["fieldname"])
	names = [by_kind[kind] for kind in ("first_name", "last_name") if kind in by_kind]
	if len(names) < 2:
		names = [by_kind["name"]] if "name" in by_kind else []
	return (names, by_kind["email"]) if names and "email" in by_kind else None


def _signable_form(
	title: str, web_form: Any, template: Any, kept: list[dict[str, Any]], company: str | None
) -> Any:
	people = _people(kept)
	if not people or not company or not frappe.has_permission("Signable Form", "create"):
		return None
	form = frappe.new_doc("Signable Form")
	form.update(
		{
			"title": title,
			"web_form": web_form.name,
			"doc_type": web_form.doc_type,
			"status": "Closed",
			"company": company,
			"responsible": frappe.session.user,
			"template": template.name,
			"signer_name_field": ", ".join(people[0]),
			"signer_email_field": people[1],
		}
	)
	return form.insert()


def _not_asked(doctype: str, kept: list[dict[str, Any]]) -> list[str]:
	asked = {one["fieldname"] for one in kept}
	missing = [
		_(df.label or df.fieldname)
		for df in frappe.get_meta(doctype).fields
		if df.reqd and not df.default and df.fieldname not in asked
	]
	if not missing:
		return []
	return [
		_("{0} cannot be saved without these, which the paper does not ask for: {1}.").format(
			_(doctype), ", ".join(missing)
		)
	]


def _not_made(form: Any) -> list[str]:
	if form:
		return []
	return [
		_(
			"No signable form was made: it needs a field with the person's name, one with the mail address, and a company."
		)
	]
