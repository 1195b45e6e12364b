"""A record's Print Format as a PDF, on any bench: by the site's own converter or, where there is none, by WeasyPrint.

Frappe 15 prints with wkhtmltopdf, which many servers lack and which needs the web server; WeasyPrint comes with Frappe.
Whatever printed it, the PDF is made a PDF/A-3b as far as its pages allow, with the values that were printed as an
associated file, so that a program need not read the pages.

A record that is not stored (a form's answers before they are signed) was written by a stranger: it is printed by
WeasyPrint alone, which fetches nothing, and without Frappe's access log, which would commit the caller's transaction.
"""

import os
import shutil
import unicodedata
from typing import Any

import frappe
from frappe import _
from frappe.model import no_value_fields, table_fields
from frappe.translate import print_language
from frappe.utils import cstr, strip_html
from frappe.www.printview import is_visible

from signflow.core.errors import SignflowError
from signflow.core.evidence.canonical import canonical_json
from signflow.core.pdf.pdfa import Attached, archive
from signflow.core.pdf.rendering import render_html
from signflow.services.formatting import PICTURES
from signflow.services.transaction import throw

DATA_FILE = "record.json"
ALONE = 6
PAGE = "@page { size: A4; margin: 15mm }"


def print_record(doc: Any, print_format: str | None, language: str) -> bytes:
	"""`doc` printed in `language` with `print_format` (None: its default) as PDF bytes; the caller checks permission.

	`doc` may be a Document that is not stored. The associated file `record.json` holds {"doctype", "name" (null of
	what is not stored), "print_format", "language", "fields"}: the values by field name as text, a table as a list of
	rows. Only what the print shows and the reader may see stands in it.
	"""
	print_format = print_format or frappe.get_meta(doc.doctype).default_print_format or "Standard"
	with print_language(language):
		printed = _rendered(doc, print_format) if is_stored(doc) else _rendered_unsaved(doc, print_format)
		return with_data(printed, doc, {"print_format": print_format}, language=language)


def with_data(
	pdf: bytes, doc: Any, made_by: dict[str, str], *, language: str, title: str | None = None
) -> bytes:
	"""A rendered `pdf` as PDF/A-3 as far as its pages allow, with what it shows of `doc` as its data.

	`made_by` says what rendered it, such as {"print_format": name}; `title` is by default the record's.
	"""
	name = doc.name if is_stored(doc) else None
	record = {
		"doctype": doc.doctype,
		"name": name,
		**made_by,
		"language": language,
		"fields": _printed_fields(doc, _Page(_text_of(pdf))),
	}
	about = " ".join(filter(None, (doc.doctype, name)))
	data = Attached(DATA_FILE, canonical_json(record), description=about)
	title = title or " ".join(filter(None, (_(doc.doctype), name)))
	return archive(pdf, data, title=title, language=language, level="B")


def is_stored(doc: Any) -> bool:
	"""Whether `doc` is a record of the database: one that was rolled back has a name and is none."""
	return bool(doc.name) and not doc.is_new() and bool(frappe.db.exists(doc.doctype, doc.name))


def _rendered(doc: Any, print_format: str) -> bytes:
	if _is_builder_beta(print_format):
		from frappe.utils.weasyprint import PrintFormatGenerator

		return PrintFormatGenerator(print_format, doc).render_pdf()
	if shutil.which("wkhtmltopdf"):
		return frappe.get_print(doc.doctype, doc.name, print_format=print_format, as_pdf=True)
	return from_html(frappe.get_print(doc.doctype, doc.name, print_format=print_format))


def _rendered_unsaved(doc: Any, print_format: str) -> bytes:
	from frappe.www.printview import (
		get_print_format_doc,
		get_print_style,
		get_rendered_template,
		set_link_titles,
	)

	# A copy: printing sets fields. It has no name to show, and the standard print would say "None".
	copy = frappe.get_doc({**doc.as_dict(), "name": "", "sub_heading": ""})
	copy._sanitize_content()  # as it would be stored
	_drop_pictures(copy)
	if _is_builder_beta(print_format):
		from frappe.utils.weasyprint import PrintFormatGenerator

		generator = PrintFormatGenerator(print_format, copy)
		generator.context.update({"header_height": 0, "footer_height": 0})
		return from_html(generator.get_main_html())
	set_link_titles(copy)
	format_doc = get_print_format_doc(print_format, meta=copy.meta)
	ignored = frappe.flags.ignore_print_permissions
	frappe.flags.ignore_print_permissions = True  # of a record that does not exist nobody has any
	try:
		body = get_rendered_template(copy, print_format=format_doc, meta=copy.meta)
	finally:
		frappe.flags.ignore_print_permissions = ignored
	styles = frappe.get_jenv().from_string("{{ include_style('print.bundle.css') }}").render()
	return from_html(
		f"{styles}<style>{get_print_style(None, format_doc)}</style><div class='print-format'>{body}</div>"
	)


def _drop_pictures(doc: Any) -> None:
	# Formats put a drawn signature's address into <img>: a stranger's may only be a picture made of dots.
	for row in [doc, *doc.get_all_children()]:
		for field in row.meta.get("fields", {"fieldtype": "Signature"}):
			if not cstr(row.get(field.fieldname)).startswith(PICTURES):
				row.set(field.fieldname, None)


def _is_builder_beta(print_format: str) -> bool:
	return bool(frappe.db.get_value("Print Format", print_format, "print_format_builder_beta"))


def _text_of(pdf: bytes) -> str:
	import pypdfium2

	return " ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


class _Page:
	"""The words of a print. A short one must stand alone, so that "1" is not found in a record's number."""

	def __init__(self, text: str):
		self._words = {_letters(word) for word in text.split()}
		self._all = _letters(text)

	def says(self, text: str) -> bool:
		words = [_letters(word) for word in text.split()]
		return bool(words) and all(
			word in self._words or (len(word) >= ALONE and word in self._all) for word in words
		)


def _letters(text: str) -> str:
	"""`text` without what a line break may have changed (white space, hyphens, ligatures), nor a comma after a word."""
	letters = unicodedata.normalize("NFKC", text).strip(".,;:()")
	return "".join(
		one for one in letters if not one.isspace() and unicodedata.category(one) not in ("Pd", "Cf", "Cc")
	)


def _printed_fields(doc: Any, page: _Page) -> dict[str, Any]:
	"""The fields of `doc` that Frappe prints for this reader and whose every word stands on the `page`."""
	fields: dict[str, Any] = {}
	for field in doc.meta.fields:
		name, value = field.fieldname, doc.get(field.fieldname)
		if value in (None, "", []) or field.fieldtype == "Password" or not is_visible(field, doc):
			continue
		if field.fieldtype in table_fields:
			rows = [row for row in (_printed_fields(child, page) for child in value) if row]
			if rows:
				fields[name] = rows
		elif field.fieldtype not in no_value_fields:
			if page.says(strip_html(cstr(doc.get_formatted(name)))):
				fields[name] = cstr(value)
	return fields


def from_html(html: str, *, page: str = PAGE) -> bytes:
	"""`html` as PDF bytes, with `page` as its first style sheet; nothing is fetched but this site's public files.

	Raises ValidationError for what takes too long.
	"""
	public = {
		"assets": os.path.join(frappe.local.sites_path, "assets"),
		"files": frappe.get_site_path("public", "files"),
	}
	try:
		return render_html(
			f"<style>{page}</style>{html}",
			base=frappe.utils.get_url(),
			public={name: os.path.abspath(folder) for name, folder in public.items()},
		)
	except SignflowError as refusal:
		throw(refusal)
