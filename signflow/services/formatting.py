"""Values of a record as people read them in a document: formatted as Frappe formats them, escaped, never as markup
that somebody typed.
"""

import base64
import binascii
import hashlib
from typing import Any

import frappe
from frappe import _
from frappe.model import no_value_fields, table_fields
from frappe.utils import cint, cstr, flt
from frappe.utils.html_utils import clean_html
from markupsafe import Markup, escape

LONG_TEXTS = ("Small Text", "Text", "Long Text", "Code", "JSON")
MARKUP = ("Text Editor", "HTML Editor", "Markdown Editor")
FILES = ("Attach", "Attach Image")
PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")
SECRET = ("Password",)
NO_VALUE = set(no_value_fields) - set(table_fields)


def formatted(doc: Any, field: Any) -> Markup:
	"""The value of one field of `doc` (a field name or a field's description) as HTML that shows it, "" if empty.

	Dates, numbers and money by the site's own formats; Check as Yes or No; a link by its title; text editors without
	styles and pictures; a file by name, size and SHA-256; a password never.
	"""
	field = doc.meta.get_field(field) if isinstance(field, str) else field
	if not field or field.fieldtype in SECRET or field.fieldtype in NO_VALUE:
		return Markup("")
	value, kind = doc.get(field.fieldname), field.fieldtype
	if kind == "Check":
		return Markup(escape(_("Yes") if cint(value) else _("No")))
	if value in (None, "", []):
		return Markup("")
	if kind in table_fields:
		return _table(value) if kind == "Table" else _several(value)
	if kind in MARKUP:
		text = frappe.utils.markdown(value) if kind == "Markdown Editor" else cstr(value)
		return Markup(clean_html(text))
	if kind in LONG_TEXTS:
		return _lines(cstr(value))
	if kind in FILES:
		return _file(cstr(value))
	if kind == "Signature":
		return _picture(cstr(value))
	if kind in ("Link", "Dynamic Link"):
		return Markup(escape(_title_of(doc, field, cstr(value))))
	if kind == "Select":
		return Markup(escape(_(cstr(value), context=field.parent) or value))
	if kind == "Rating":
		most = cint(field.options) or 5
		return Markup(escape(f"{flt(value) * most:g}/{most}"))
	return Markup(escape(frappe.format_value(value, field, doc)))


def _lines(text: str) -> Markup:
	# Each a block of its own: WeasyPrint needs minutes for a paragraph with thousands of line breaks.
	lines = text.splitlines()
	if len(lines) == 1:
		return Markup(escape(lines[0]))
	return Markup("").join(Markup('<span class="line">{}</span>').format(line) for line in lines)


def _title_of(doc: Any, field: Any, name: str) -> str:
	doctype = field.options if field.fieldtype == "Link" else doc.get(field.options)
	if not doctype or not frappe.db.exists("DocType", doctype):
		return name
	meta = frappe.get_meta(doctype)
	title = None
	if meta.title_field and meta.show_title_field_in_link:
		title = frappe.get_cached_value(doctype, name, meta.title_field)
	return _(title or name) if meta.translated_doctype else title or name


def _several(rows: list[Any]) -> Markup:
	titles = []
	for row in rows:
		link = next((field for field in row.meta.fields if field.fieldtype == "Link"), None)
		if link:
			titles.append(formatted(row, link))
	return Markup(", ").join(titles)


def _table(rows: list[Any]) -> Markup:
	shown = [
		field
		for field in rows[0].meta.fields
		if field.in_list_view and not field.hidden and field.fieldtype not in (*no_value_fields, *SECRET)
	]
	shown = [field for field in shown if any(row.get(field.fieldname) not in (None, "", 0) for row in rows)]
	head = Markup("").join(
		Markup('<th class="{}">{}</th>').format(_kind(field), _(field.label)) for field in shown
	)
	body = Markup("").join(
		Markup("<tr>{}</tr>").format(
			Markup("").join(
				Markup('<td class="{}">{}</td>').format(_kind(field), formatted(row, field))
				for field in shown
			)
		)
		for row in rows
	)
	return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def _kind(field: Any) -> str:
	return "number" if field.fieldtype in ("Int", "Float", "Currency", "Percent") else "text"


def _file(value: str) -> Markup:
	"""A file that the form's page sends along is "name.pdf,data:application/pdf;base64,…"; a stored one an address."""
	name, _comma, data_url = value.partition(",")
	if not data_url.startswith("data:"):
		row = frappe.db.get_value(
			"File", {"file_url": value}, ["file_name", "file_size"], as_dict=True, order_by="creation desc"
		)
		return Markup(escape(_sized(row.file_name, row.file_size) if row else value.rpartition("/")[2]))
	try:
		content = base64.b64decode(data_url.partition(",")[2])
	except (binascii.Error, ValueError):
		return Markup(escape(name))
	return Markup('{}<br><span class="digest">SHA-256 {}</span>').format(
		_sized(name, len(content)), Markup("&#8203;").join(_chunks(hashlib.sha256(content).hexdigest(), 16))
	)


def _sized(name: str, size: int | None) -> str:
	size = cint(size)
	if size < 1024:
		text = _("{0} bytes").format(size)
	elif size < 1024**2:
		text = f"{size / 1024:.0f} kB"
	else:
		text = f"{size / 1024**2:.1f} MB"
	return f"{name} ({text})"


def _chunks(text: str, length: int) -> list[str]:
	return [text[start : start + length] for start in range(0, len(text), length)]


def _picture(value: str) -> Markup:
	if not value.startswith(PICTURES):
		return Markup("")
	return Markup('<img class="drawn" alt="" src="{}">').format(value)
