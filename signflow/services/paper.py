"""From paper: a PDF with form fields, or a Word file, becomes a Web Form and a Signature Template to finish in Desk.

In two steps: `inspect` says what was found, the user corrects it, `paper_drafts.make_drafts` makes the records. Nothing
that it makes is open to the public: the Web Form is unpublished, the Signable Form closed.
"""

import os
import re
from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint

from signflow.core.errors import SignflowError
from signflow.core.paper.kinds import folded, guess_kind
from signflow.core.paper.word import WordForm, read_word
from signflow.core.pdf.fields import FormField, find_fields
from signflow.services.company import default_company
from signflow.services.files import read_upload
from signflow.services.transaction import throw

MOST_KEPT = 300
MOST_FIELDNAME = 40

FIELDTYPES = {
	"long_text": "Small Text",
	"date": "Date",
	"time": "Time",
	"number": "Float",
	"check": "Check",
	"choice": "Select",
}
OFFERED = ("Data", "Small Text", "Date", "Time", "Int", "Float", "Currency", "Check", "Select")
OPTIONS = {"email": "Email", "phone": "Phone"}
PEOPLE = ("name", "first_name", "last_name", "email")
KEPT_BY_FRAPPE = {
	"name",
	"owner",
	"creation",
	"modified",
	"modified_by",
	"docstatus",
	"idx",
	"parent",
	"parentfield",
	"parenttype",
	"file_list",
	"flags",
	"doctype",
	"meta",
}


def inspect(file: str, doctype: str | None = None) -> dict[str, Any]:
	"""What the paper in File `file` (its address) asks for, for the user to correct.

	{source: "PDF" | "Text", title, doctype_name, company, fields: [{paper_field, label, fieldname, fieldtype, options, reqd, keep,
	kind, page, max_length}], warnings: [str]}. With `doctype`, the fields are matched to those that it has, and kept
	where one was found.
	"""
	_data, fields, word = read_paper(file)
	rows = _rows(fields)
	warnings = _warnings(fields, rows, word)
	if doctype:
		_match(rows, doctype)
	title = _title_of(file)
	return {
		"source": "Text" if word else "PDF",
		"title": title,
		"doctype_name": doctype_name_of(title),
		"company": default_company(),
		"fields": rows,
		"warnings": warnings,
	}


def read_paper(file: str) -> tuple[bytes, list[FormField], WordForm | None]:
	"""The upload's bytes, its fields, and its text if it is a Word file. Raises ValidationError for what is neither."""
	data = read_upload(file)
	try:
		if b"%PDF-" in data[:1024]:
			return data, find_fields(data), None
		word = read_word(data)
		return data, list(word.fields), word
	except SignflowError as refusal:
		throw(refusal)
	raise AssertionError("unreachable")


def _rows(fields: Iterable[FormField]) -> list[dict[str, Any]]:
	taken: set[str] = set()
	rows = []
	for number, field in enumerate(fields, 1):
		fieldtype = FIELDTYPES.get(field.kind, "Data")
		if fieldtype == "Select" and not field.options:
			fieldtype = "Data"
		rows.append(
			{
				"paper_field": field.name,
				"label": plain(field.label),
				"fieldname": _fieldname(field.label, number, taken),
				"fieldtype": "Small Text" if fieldtype == "Data" and field.max_length > 140 else fieldtype,
				"options": "\n".join(map(plain, field.options)) or OPTIONS.get(field.kind, ""),
				"reqd": cint(field.required and field.kind != "check"),
				"keep": cint(field.kind != "signature" and number <= MOST_KEPT),
				"kind": field.kind,
				"page": field.page,
				"max_length": field.max_length,
			}
		)
	return rows


def plain(text: str) -> str:
	# Desk and web forms put labels and options into their pages as HTML.
	return text.replace("<", "‹").replace(">", "›")


def _fieldname(label: str, number: int, taken: set[str]) -> str:
	"""A valid, free fieldname of a label: "Sähköposti (koti)" becomes "sahkoposti_koti"."""
	words = re.sub(r"[^a-z0-9]+", "_", folded(label).replace("ø", "o").replace("æ", "ae")).strip("_")
	name = words[: MOST_FIELDNAME - 4].rstrip("_")
	if not re.match(r"[a-z]", name):
		name = f"field_{name or number}"
	if is_reserved(name):
		name = f"{name}_field"
	unique, count = name, 1
	while unique in taken:
		count += 1
		unique = f"{name}_{count}"
	taken.add(unique)
	return unique


def is_reserved(name: str) -> bool:
	"""Whether Frappe keeps the name for itself: a column of every table, or something that every Document can do."""
	return name in KEPT_BY_FRAPPE or hasattr(Document, name)


def _warnings(fields: list[FormField], rows: list[dict[str, Any]], word: WordForm | None) -> list[str]:
	warnings = []
	if not fields:
		warnings.append(
			_(
				"No places to fill in were found. A scanned picture has none: make the form fields in a word processor or a PDF editor first."
			)
		)
	elif not word and fields[0].source == "text":
		warnings.append(
			_("The PDF has no form fields; these are blanks found in its print. Compare them with the paper.")
		)
	if any(field.kind == "identity_code" for field in fields):
		warnings.append(
			_(
				"A personal identity code is asked for. In Finland (Data Protection Act, 29 §) that needs the person's consent or a law, or a need to tell persons apart beyond doubt for a task laid down by law or for rights and duties, as in lending, insurance and renting. Leave the field out otherwise."
			)
		)
	if len(rows) > MOST_KEPT:
		warnings.append(_("Only the first {0} fields are kept; a form takes no more.").format(MOST_KEPT))
	if any(field.kind == "signature" for field in fields):
		warnings.append(_("Places for signatures are left out: the form is signed electronically."))
	if word and word.pictures:
		warnings.append(_("Pictures of the Word file are left out: {0}.").format(word.pictures))
	return warnings


def _match(rows: list[dict[str, Any]], doctype: str) -> None:
	"""Point the fields at those of `doctype` that mean the same; the others are not kept."""
	frappe.has_permission(doctype, "read", throw=True)
	usable = usable_fields(doctype)
	taken: set[str] = set()
	for row in rows:
		best = next(
			(
				df
				for test in (_same_words, _same_kind)
				for df in usable
				if df.fieldname not in taken and test(row, df)
			),
			None,
		)
		row["keep"] = cint(bool(best and row["keep"]))
		row["fieldname"] = best.fieldname if best else ""
		if best:
			taken.add(best.fieldname)
			row["fieldtype"], row["options"] = best.fieldtype, best.options or ""


def _same_words(row: dict[str, Any], df: Any) -> bool:
	words = folded(row["label"])
	return words in (folded(df.label or ""), folded(_(df.label or "")), df.fieldname.replace("_", " "))


def _same_kind(row: dict[str, Any], df: Any) -> bool:
	if row["kind"] not in (*PEOPLE, "phone", "identity_code", "business_id", "company", "iban"):
		return False
	kind = {"Email": "email", "Phone": "phone"}.get(df.options or "") or guess_kind(df.label or "")
	return kind == row["kind"]


def usable_fields(doctype: str) -> list[Any]:
	"""The fields of a DocType that a web form can ask for."""
	allowed = set(frappe.get_meta("Web Form Field").get_field("fieldtype").options.split("\n"))
	return [
		df
		for df in frappe.get_meta(doctype).fields
		if df.fieldtype in allowed - {"Table", "HTML", "Section Break", "Column Break", "Page Break"}
		and not df.read_only
		and not df.hidden
	]


def _title_of(file: str) -> str:
	name = frappe.db.get_value("File", {"file_url": file}, "file_name") or file
	stem = os.path.splitext(os.path.basename(name))[0]
	words = " ".join(re.sub(r"[_\-{}]+", " ", plain(stem)).split())
	return (words[:1].upper() + words[1:])[:100]


def doctype_name_of(title: str) -> str:
	"""A name that Frappe takes for a DocType: ASCII, begins with a letter, at most 61 characters."""
	plain = re.sub(r"[^a-z0-9 ]+", " ", folded(title))
	words = re.sub(r"^[^a-z]+", "", " ".join(plain.split()))
	return " ".join(word.capitalize() for word in words.split())[:61].strip() or "Paper Form"
