"""Answers to a form as JSON, CSV and XLSX, each value in its type; knows nothing of who may have them.

Writers take the entries one by one, so that a long export needs no more memory than a short one.
"""

import csv
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import frappe
from frappe import _
from frappe.model import table_fields
from frappe.utils import get_datetime, get_system_timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

WHOLE = ("Int", "Long Int")
NUMBERS = ("Float", "Currency", "Percent", "Rating", "Duration")
FILES = ("Attach", "Attach Image")
LAYOUT = ("Section Break", "Column Break", "Page Break", "Tab Break", "HTML", "Button", "Heading", "Fold")
# What Frappe's tables add to a row by themselves.
ROW_KEYS = {"name", "idx", "doctype", "parent", "parentfield", "parenttype", "owner", "docstatus"}
TIMES = ("submitted_on", "signed_on", "completed_on")
SEMICOLON = ("fi", "sv")
# A spreadsheet takes a text that begins so for a formula (OWASP, "CSV Injection"), the wide forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
XLSX_TEXT = 32_767
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SHEET = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True)
class Field:
	"""A field of the Web Form, in its order; `rows` are the fields of a table's rows."""

	fieldname: str
	label: str
	fieldtype: str
	rows: tuple["Field", ...] = ()


@dataclass
class Entry:
	"""A submission: its row, and its answers with `state` "Kept", "Erased" or "Unreadable"."""

	row: Any
	answers: dict[str, Any] = field(default_factory=dict)
	state: str = "Kept"


@dataclass(frozen=True)
class Export:
	"""What is exported, by whom it is read: `language` decides on labels, separator and decimal sign."""

	form: str
	title: str
	fields: tuple[Field, ...]
	since: date | None
	until: date | None
	language: str


def fields_of(web_form: str) -> tuple[Field, ...]:
	"""The fields of a Web Form that hold answers, in their order, typed as the record's own fields are."""
	doc = frappe.get_cached_doc("Web Form", web_form)
	meta = frappe.get_meta(doc.doc_type)
	found = []
	for row in doc.web_form_fields:
		if not row.fieldname or row.fieldtype in LAYOUT:
			continue
		df = meta.get_field(row.fieldname)
		kind = df.fieldtype if df else row.fieldtype
		table = (df.options if df else row.options) if kind in table_fields else None
		label = _(row.label or (df.label if df else "") or row.fieldname)
		found.append(Field(row.fieldname, label, kind, _row_fields(table) if table else ()))
	return tuple(found)


def _row_fields(doctype: str) -> tuple[Field, ...]:
	# As the Web Form's page shows them; what else comes along is kept in a column of its own.
	return tuple(
		Field(df.fieldname, _(df.label or df.fieldname), df.fieldtype)
		for df in frappe.get_meta(doctype).fields
		if df.in_list_view and df.fieldtype not in LAYOUT
	)


def typed(kind: str, value: Any) -> Any:
	"""An answer in its type: bool, int, float, date, datetime (naive, site's zone), time, text or None.

	What does not fit its type stays as it was written: an export loses nothing.
	"""
	if value is None or value == "":
		return None
	try:
		if kind == "Check":
			return bool(int(value))
		if kind in WHOLE:
			return int(value)
		if kind in NUMBERS:
			number = float(value)
			return number if math.isfinite(number) else str(value)
		if kind == "Date":
			return date.fromisoformat(str(value))
		if kind == "Datetime":
			return datetime.fromisoformat(str(value)).replace(tzinfo=None)
		if kind == "Time":
			return time.fromisoformat(str(value).zfill(8))
	except (TypeError, ValueError):
		return str(value)
	return value


def split_upload(value: Any) -> tuple[str, str] | None:
	"""File name and base64 of an upload as Frappe's Web Form sends it ("name,data:type;base64,…"); None for others."""
	head, mark, data = str(value or "").partition(";base64,")
	name, comma, _kind = head.partition(",data:")
	return (name, data) if mark and comma else None


def write_json(export: Export, entries: Iterable[Entry], target: Path) -> None:
	"""One object with the form, its fields and the submissions; times in ISO 8601 with their offset."""
	zone = get_system_timezone()
	head = {
		"form": export.form,
		"title": export.title,
		"from": export.since,
		"to": export.until,
		"exported_on": datetime.now(ZoneInfo(zone)).replace(microsecond=0),
		"time_zone": zone,
		"fields": [_described(one) for one in export.fields],
	}
	separator = "\n"
	with target.open("w", encoding="utf-8") as stream:
		stream.write(_dumps(head)[:-1] + ', "submissions": [')
		for entry in entries:
			stream.write(separator + _dumps(as_object(export, entry)))
			separator = ",\n"
		stream.write("\n]}\n")


def _described(one: Field) -> dict[str, Any]:
	found = {"fieldname": one.fieldname, "label": one.label, "fieldtype": one.fieldtype}
	return {**found, "fields": [_described(row) for row in one.rows]} if one.rows else found


def as_object(export: Export, entry: Entry) -> dict[str, Any]:
	"""A submission with its answers for programs; they are None when they were erased."""
	return {
		**submission_object(entry.row),
		"answers_state": entry.state.lower(),
		"answers": answers_object(export.fields, entry.answers) if entry.state == "Kept" else None,
	}


def submission_object(row: Any) -> dict[str, Any]:
	"""A submission for programs, without its answers; times in ISO 8601 with their offset."""
	return {
		"submission": row.name,
		"status": row.status,
		**{name: _iso(get_datetime(row.get(name))) if row.get(name) else None for name in TIMES},
		"language": row.language or None,
		"origin": row.origin or None,
		"request": row.request or None,
		"record": {"doctype": row.record_doctype, "name": row.record_name} if row.record_name else None,
		"customer": row.customer or None,
	}


def answers_object(fields: Sequence[Field], answers: dict[str, Any]) -> dict[str, Any]:
	"""Answers by field name as JSON takes them, and what the form does not ask any longer after them."""
	return json.loads(_dumps(_answers(fields, answers))) if answers else {}


def _answers(fields: Sequence[Field], answers: dict[str, Any]) -> dict[str, Any]:
	found: dict[str, Any] = {}
	for one in fields:
		value = answers.get(one.fieldname)
		if one.fieldtype in table_fields:
			found[one.fieldname] = [
				{**_answers(one.rows, row), **_rest(one.rows, row)} for row in _rows(value)
			]
		elif one.fieldtype in FILES and (upload := split_upload(value)):
			found[one.fieldname] = {"file_name": upload[0], "size": len(upload[1].rstrip("=")) * 3 // 4}
		else:
			found[one.fieldname] = typed(one.fieldtype, value)
	return {**found, **_rest(fields, answers)}


def _rest(fields: Sequence[Field], answers: dict[str, Any]) -> dict[str, Any]:
	# Answers to fields that the form has no longer.
	known = {one.fieldname for one in fields} | ROW_KEYS
	return {name: value for name, value in answers.items() if name not in known and not name.startswith("__")}


def _rows(value: Any) -> list[dict[str, Any]]:
	if isinstance(value, str):
		try:
			value = json.loads(value or "[]")
		except ValueError:
			return []
	return [row for row in value or [] if isinstance(row, dict)]


def _dumps(value: Any) -> str:
	return json.dumps(value, ensure_ascii=False, default=_iso)


def _iso(value: Any) -> str:
	if isinstance(value, datetime) and value.tzinfo is None:
		# As Frappe keeps times.
		value = value.replace(tzinfo=ZoneInfo(get_system_timezone()))
	return value.isoformat()


def _headings(export: Export) -> list[str]:
	zone = get_system_timezone()
	return [
		_("Submission"),
		_("Status"),
		*(f"{label} ({zone})" for label in (_("Submitted on"), _("Signed on"), _("Completed on"))),
		_("Language"),
		_("Embedded on"),
		_("Answers"),
		*(f"{one.label} ({one.fieldname})" for one in export.fields),
		_("Other Answers"),
		_("Signature Request"),
		_("Kind of Record"),
		_("Record"),
		_("Customer"),
	]


def _state_text(state: str) -> str:
	return {"Kept": _("Kept"), "Erased": _("Erased"), "Unreadable": _("Unreadable")}[state]


def _cells(export: Export, entry: Entry) -> list[Any]:
	row, answers = entry.row, entry.answers
	rest = _rest(export.fields, answers)
	return [
		row.name,
		_(row.status),
		row.submitted_on,
		row.signed_on,
		row.completed_on,
		row.language,
		row.origin,
		_state_text(entry.state),
		*(_cell(one, answers.get(one.fieldname)) for one in export.fields),
		_dumps(rest) if rest else None,
		row.request,
		row.record_doctype and _(row.record_doctype),
		row.record_name,
		row.customer,
	]


def _cell(one: Field, value: Any) -> Any:
	if one.fieldtype in table_fields:
		return _Rows(_rows(value))
	if upload := split_upload(value):
		return upload[0]
	if one.fieldtype == "Signature" and value:
		return _("Drawn")
	value = typed(one.fieldtype, value)
	return _dumps(value) if isinstance(value, list | dict) else value


class _Rows(list):
	"""The rows of a table in its cell: CSV writes them out, XLSX counts them and has a sheet for them."""


def write_csv(export: Export, entries: Iterable[Entry], target: Path) -> None:
	"""UTF-8 with BOM; separator, decimal sign as spreadsheets of that language expect them."""
	with target.open("w", encoding="utf-8-sig", newline="") as stream:
		writer = csv.writer(stream, delimiter=";" if export.language in SEMICOLON else ",")
		writer.writerow([_plain(text, export.language) for text in _headings(export)])
		for entry in entries:
			writer.writerow([_plain(value, export.language) for value in _cells(export, entry)])


def _plain(value: Any, language: str) -> str:
	if value is None or (isinstance(value, _Rows) and not value):
		return ""
	if isinstance(value, _Rows):
		return _dumps(value)
	if isinstance(value, bool):
		return str(int(value))
	if isinstance(value, int | float):
		return f"{value}".replace(".", ",") if language in SEMICOLON else f"{value}"
	if isinstance(value, datetime):
		return value.replace(microsecond=0).isoformat(sep=" ")
	if isinstance(value, date | time):
		return value.isoformat()
	text = str(value)
	return f"'{text}" if text.startswith(FORMULA) else text


def write_xlsx(export: Export, entries: Iterable[Entry], target: Path) -> None:
	"""A workbook: the submissions, and a sheet for each table of the form."""
	book = Workbook(write_only=True)
	names: set[str] = set()
	main = _sheet(book, _("Submissions"), _headings(export), names)
	tables = {
		one.fieldname: (
			one,
			_sheet(
				book,
				one.label,
				[
					_("Submission"),
					_("Row"),
					*(f"{row.label} ({row.fieldname})" for row in one.rows),
					_("Other Answers"),
				],
				names,
			),
		)
		for one in export.fields
		if one.fieldtype in table_fields
	}
	kinds = ["Datetime"] * 5 + ["Data"] * 3 + [one.fieldtype for one in export.fields] + ["Data"] * 5
	for entry in entries:
		cells = _cells(export, entry)
		main.append([_xlsx_cell(main, kind, value) for kind, value in zip(kinds, cells, strict=True)])
		for one, sheet in tables.values():
			for number, row in enumerate(_rows(entry.answers.get(one.fieldname)), 1):
				rest = _rest(one.rows, row)
				sheet.append(
					[
						_xlsx_cell(sheet, "Data", entry.row.name),
						number,
						*(
							_xlsx_cell(sheet, child.fieldtype, _cell(child, row.get(child.fieldname)))
							for child in one.rows
						),
						_xlsx_cell(sheet, "Data", _dumps(rest) if rest else None),
					]
				)
	book.save(target)


def _sheet(book: Workbook, title: str, headings: list[str], names: set[str]) -> Any:
	name = base = _SHEET.sub(" ", title).strip()[:28] or "-"
	number = 1
	while name.lower() in names:
		number += 1
		name = f"{base} {number}"
	names.add(name.lower())
	sheet = book.create_sheet(name)
	sheet.freeze_panes = "A2"
	for place, heading in enumerate(headings, 1):
		sheet.column_dimensions[get_column_letter(place)].width = max(12, min(len(heading) + 2, 42))
	row = []
	for heading in headings:
		cell = _text_cell(sheet, heading)
		cell.font = Font(bold=True)
		row.append(cell)
	sheet.append(row)
	return sheet


def _xlsx_cell(sheet: Any, kind: str, value: Any) -> Any:
	if value is None or isinstance(value, bool):
		return value
	if isinstance(value, _Rows):
		return len(value) or None
	if isinstance(value, date) and value.year < 1900:
		# Before the first day that a spreadsheet knows.
		value = value.isoformat()
	if isinstance(value, str):
		return _text_cell(sheet, value)
	if isinstance(value, datetime):
		value = value.replace(microsecond=0)
	cell = WriteOnlyCell(sheet, value)
	if kind == "Currency":
		cell.number_format = "#,##0.00"
	elif isinstance(value, datetime):
		cell.number_format = "yyyy-mm-dd hh:mm:ss"
	elif isinstance(value, date):
		cell.number_format = "yyyy-mm-dd"
	elif isinstance(value, time):
		cell.number_format = "hh:mm:ss"
	return cell


def _text_cell(sheet: Any, text: str) -> Any:
	text = _CONTROL.sub("", text)
	if len(text) > XLSX_TEXT:
		note = _("(longer than a cell of a spreadsheet holds; it is whole in JSON)")
		text = f"{text[: XLSX_TEXT - len(note) - 3]} … {note}"
	cell = WriteOnlyCell(sheet, text)
	# A text stays one, whatever it looks like, also after somebody edits it.
	cell.data_type = "s"
	if text.startswith(FORMULA) or text.replace(".", "").replace(",", "").isdigit():
		cell.number_format = "@"
		cell.quotePrefix = True
	return cell


def as_text(export: Export, entry: Entry) -> str:
	"""One submission as JSON, for a file of its own."""
	return json.dumps(as_object(export, entry), ensure_ascii=False, default=_iso, indent=1) + "\n"


def written_for_people(one: Field, value: Any) -> str:
	"""An answer as the Desk shows it."""
	if one.fieldtype in table_fields:
		lines = []
		for row in _rows(value):
			shown = {child.label: written_for_people(child, row.get(child.fieldname)) for child in one.rows}
			lines.append(", ".join(f"{label}: {text}" for label, text in shown.items() if text))
		return "\n".join(lines)
	value = _cell(one, value)
	if isinstance(value, bool):
		return _("Yes") if value else _("No")
	if isinstance(value, str):
		return value
	return "" if value is None else str(frappe.format(value, {"fieldtype": one.fieldtype}))


def not_asked_any_more(fields: Sequence[Field], answers: dict[str, Any]) -> list[Field]:
	"""The answers to what the form had once, as fields without a label of their own."""
	return [Field(name, name, "Data") for name in _rest(fields, answers)]
