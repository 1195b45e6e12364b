"""Rows that say where an answer goes (Signable Form Mapping): what they may name, and the value that they give."""

import re
from typing import Any

import frappe
from frappe import _
from frappe.model import default_fields
from frappe.model.base_document import get_controller
from frappe.utils.jinja import get_jenv
from jinja2 import TemplateError, Undefined, nodes

WORD = re.compile(r"\w+")
FIELDTYPES = (
	"Autocomplete",
	"Check",
	"Currency",
	"Data",
	"Date",
	"Datetime",
	"Duration",
	"Float",
	"Int",
	"Link",
	"Long Text",
	"Percent",
	"Phone",
	"Select",
	"Small Text",
	"Text",
	"Text Editor",
	"Time",
)
# Frappe reckons these of a Contact from its rows of mail addresses and phones; an answer becomes such a row.
ROWS_OF_CONTACT = ("email_id", "phone", "mobile_no")
# Who a record belongs to and whether it is signed is settled, not answered.
SETTLED = {
	"Lead": ("customer", "lead_owner", "naming_series"),
	"Customer": (
		"lead_name",
		"opportunity_name",
		"prospect_name",
		"customer_primary_contact",
		"customer_primary_address",
		"is_internal_customer",
		"represents_company",
		"naming_series",
	),
	"Contact": (
		"user",
		"signflow_identified_level",
		"signflow_identified_on",
		"signflow_identity_hmac",
	),
	"Address": ("is_your_company_address",),
	"Contract": (
		"party_type",
		"party_name",
		"party_user",
		"status",
		"is_signed",
		"signee",
		"signed_on",
		"amended_from",
		"document_type",
	),
}


def check_mapping(form: Any) -> None:
	"""Refuse rows of `form.mapping` that name no field, or whose Jinja does not compile; the text names the row.

	Raises frappe.ValidationError. For the validate() of Signable Form; asks nothing but the meta of the DocTypes.
	"""
	source = form.doc_type or frappe.db.get_value("Web Form", form.web_form, "doc_type")
	for row in form.mapping:
		problem = _target_problem(row) or _value_problem(row, source)
		if problem:
			frappe.throw(_("Row {0} of the fields: {1}").format(row.idx, problem))


def can_be_mapped(target: str, fieldname: str) -> bool:
	"""Whether an answer may be put into this field of `target`."""
	field = frappe.get_meta(target).get_field(fieldname)
	if not field or fieldname in SETTLED[target]:
		return False
	if target == "Contact" and fieldname in ROWS_OF_CONTACT:
		return True
	return field.fieldtype in FIELDTYPES and not field.read_only and not field.permlevel


def value_of(row: Any, doc: Any) -> Any:
	"""What a row gives of the record `doc`: the field that `row.value` names, or its Jinja over `doc`.

	Raises frappe.ValidationError that names the row's field when the Jinja fails.
	"""
	if WORD.fullmatch(row.value.strip()):
		return doc.get(row.value.strip())
	# An answer that is missing is nothing, not the word "None".
	environment = get_jenv().overlay(
		finalize=lambda value: "" if value is None else value, undefined=Undefined
	)
	try:
		return environment.from_string(row.value).render(doc=doc)
	except Exception as error:
		# Not only TemplateError: what an expression does with an answer can fail in any way.
		frappe.throw(
			_("The value of {0} could not be made: {1}").format(f"{_(row.target)}.{row.target_field}", error)
		)


def _target_problem(row: Any) -> str | None:
	if row.target not in SETTLED:
		return _("{0} is not made from a form.").format(row.target)
	if not frappe.get_meta(row.target).get_field(row.target_field):
		return _("{0} has no field {1}.").format(_(row.target), row.target_field)
	if not can_be_mapped(row.target, row.target_field):
		return _("The field {0} of {1} cannot be filled from answers.").format(
			row.target_field, _(row.target)
		)
	return None


def _value_problem(row: Any, source: str) -> str | None:
	value, meta = (row.value or "").strip(), frappe.get_meta(source)
	if WORD.fullmatch(value):
		known = value in default_fields or meta.get_field(value)
		return None if known else _("{0} has no field {1}.").format(_(source), value)
	if "{{" not in value and "{%" not in value:
		return _("{0} is neither a field nor a text with {1}.").format(value, "{{ doc. }}")
	try:
		tree = get_jenv().parse(value)
		get_jenv().from_string(value)
	except TemplateError as error:
		return _("The text with {0} cannot be read: {1}").format("{{ }}", error)
	for node in tree.find_all(nodes.Getattr):
		if isinstance(node.node, nodes.Name) and node.node.name == "doc":
			known = node.attr in default_fields or meta.get_field(node.attr)
			if not known and not hasattr(get_controller(source), node.attr):
				return _("{0} has no field {1}.").format(_(source), node.attr)
	return None
