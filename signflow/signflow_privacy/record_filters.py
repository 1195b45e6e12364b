"""Which records of a DocType a rule speaks of: Frappe's own filters, kept as JSON, and the fields that matter."""

import json
from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.model import optional_fields
from frappe.utils import strip_html

DATES = ("Date", "Datetime")
STANDARD_DATES = ("creation", "modified")


def filters_of(doctype: str, written: str | None) -> list[list[Any]]:
	"""Filters as [[DocType, field, operator, value], …]. Raises ValidationError for what is no such list."""
	try:
		given = json.loads(written or "[]")
	except ValueError:
		given = None
	if isinstance(given, dict):
		given = [
			[field, *(value if isinstance(value, list) else ["=", value])] for field, value in given.items()
		]
	if not isinstance(given, list) or any(not isinstance(row, list) or len(row) < 3 for row in given):
		frappe.throw(_("The filters cannot be read: choose them again."))
	return [row[:4] if len(row) > 3 else [doctype, *row] for row in given]


def sound_filters(doctype: str, written: str | None) -> list[list[Any]]:
	"""The filters but for those on fields or tables that are gone."""
	return [
		row
		for row in filters_of(doctype, written)
		if frappe.db.exists("DocType", row[0])
		and row[1] in (*frappe.get_meta(row[0]).get_valid_columns(), *optional_fields)
	]


def fits(
	doctype: str,
	filters: list[list[Any]],
	names: Iterable[str] | None = None,
	whose: tuple[str, str] | None = None,
) -> list[str]:
	"""Those of `names` (None: of all) that are records of `doctype` and fit the filters, in the order of their names.

	`whose` is the field that names a company, and the company: one that says another's is left out.
	"""
	wanted = [*filters, *([[doctype, "name", "in", list(names)]] if names is not None else [])]
	field, company = whose or (None, None)
	found = frappe.get_all(
		doctype, filters=wanted, fields=["name", *([field] if field else [])], order_by="name asc"
	)
	return list(
		dict.fromkeys(str(row.name) for row in found if not field or row[field] in (None, "", company))
	)


def check_filters(doctype: str, written: str | None) -> None:
	"""Try the filters on the table. Raises ValidationError that says what is wrong with them."""
	filters = filters_of(doctype, written)
	if not filters:
		return
	for kind, fieldname, *_rest in filters:
		# SQLite takes the name of a column that is not there for a text.
		if fieldname not in (*frappe.get_meta(kind).get_valid_columns(), *optional_fields):
			frappe.throw(_("The filters do not fit {0}: {1}").format(_(doctype), fieldname))
	try:
		frappe.get_all(doctype, filters=filters, pluck="name", limit=1, order_by="name asc")
	except Exception as error:
		frappe.throw(_("The filters do not fit {0}: {1}").format(_(doctype), strip_html(str(error))[:200]))


def check_record_type(doctype: str) -> Any:
	"""The meta of a DocType that has records of its own. Raises ValidationError for another kind."""
	meta = frappe.get_meta(doctype)
	if meta.istable or meta.issingle or meta.get("is_virtual"):
		frappe.throw(_("{0} has no records of its own.").format(_(doctype)))
	return meta


def check_date_field(doctype: str, fieldname: str) -> None:
	"""Raise ValidationError unless the DocType has such a date."""
	if fieldname in STANDARD_DATES:
		return
	field = frappe.get_meta(doctype).get_field(fieldname)
	if not field or field.fieldtype not in DATES:
		frappe.throw(_("{0} has no date field {1}.").format(_(doctype), fieldname))


# What a rule or a hold calls `only_company` is not called `company`: Frappe fills a field of that name with the user's
# own company wherever it was left empty, and a hold on all would hold in one.
def company_field(doctype: str) -> str | None:
	"""The field that says whose record it is: "company", else the only link to Company; None if there is none.

	Which of our companies a Customer or Supplier is (ERPNext's `represents_company`) says not whose the record is.
	"""
	fields = [
		field.fieldname
		for field in frappe.get_meta(doctype).get_link_fields()
		if field.options == "Company" and field.fieldname != "represents_company"
	]
	return "company" if "company" in fields else (fields[0] if len(fields) == 1 else None)
