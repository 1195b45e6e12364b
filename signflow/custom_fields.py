"""The fields that signflow adds to other apps' DocTypes: the one place; install and uninstall read it."""

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields

# Marks a text for translation: what is stored is English, and Frappe translates it where it is shown.
from signflow.core.errors import _


def _segments() -> list[dict]:
	"""What Contact and Lead say of direct marketing, for list filters; `integrations.erpnext.mailing_lists` writes it."""
	field = {"read_only": 1, "no_copy": 1, "module": "Signflow Privacy"}
	select = {
		**field,
		"fieldtype": "Select",
		"options": "\n".join(("", _("Allowed"), _("Not Allowed"), _("Differs by Company"))),
	}
	return [
		{
			**select,
			"fieldname": "signflow_email_marketing",
			"label": _("Marketing by Mail"),
			"insert_after": "unsubscribed",
			"in_standard_filter": 1,
		},
		{
			**select,
			"fieldname": "signflow_sms_marketing",
			"label": _("Marketing by SMS"),
			"insert_after": "signflow_email_marketing",
			"in_standard_filter": 1,
		},
		{
			**field,
			"fieldname": "signflow_consents",
			"label": _("Consents"),
			"fieldtype": "Small Text",
			"insert_after": "signflow_sms_marketing",
			"in_standard_filter": 1,
		},
		{
			**field,
			"fieldname": "signflow_marketing_on",
			"label": _("Marketing Looked at on"),
			"fieldtype": "Datetime",
			"insert_after": "signflow_consents",
			"hidden": 1,
			"search_index": 1,
		},
	]


CONSENTS = {
	"Email Group": [
		{
			"fieldname": "signflow_company",
			"label": _("Company"),
			"fieldtype": "Link",
			"options": "Company",
			"insert_after": "total_subscribers",
			"description": _(
				"Whose mailing list this is; empty: only who may be written to by every company"
			),
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_consent_text",
			"label": _("Consent Text"),
			"fieldtype": "Link",
			"options": "Consent Text",
			"insert_after": "signflow_company",
			"description": _("Whoever said no to it is not written to"),
			"module": "Signflow Privacy",
		},
	],
	"Web Form": [
		{
			"fieldname": "signflow_consents",
			"label": _("Consents"),
			"fieldtype": "Table",
			"options": "Form Consent",
			"insert_after": "web_form_fields",
			"description": _("Check boxes that are the answer to a consent text, whose words they show"),
			"module": "Signflow Privacy",
		},
	],
	"Email Group Member": [
		{
			"fieldname": "signflow_held_back",
			"label": _("Held Back"),
			"fieldtype": "Check",
			"insert_after": "unsubscribed",
			"read_only": 1,
			"no_copy": 1,
			"description": _(
				"Unsubscribed because marketing to this address is not allowed, not by the person here"
			),
			"module": "Signflow Privacy",
		},
	],
}


ORIGINS = (
	_("Web Form"),
	_("Signed Form"),
	_("Mail"),
	_("Import"),
	_("Program"),
	_("Made by a User"),
	_("The Person"),
	_("The Person's Employer"),
	_("Public Register"),
	_("Another Source"),
)


def _about_origin(after: str) -> list[dict]:
	"""Where a person's data came from, who answers for it and when it was last verified (GDPR 5(1)(d), 14(2)(f))."""
	return [
		{
			"fieldname": "signflow_origin_section",
			"label": _("Personal Data"),
			"fieldtype": "Section Break",
			"insert_after": after,
			"collapsible": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin",
			"label": _("Origin of the Data"),
			"fieldtype": "Select",
			"options": "\n".join(("", *ORIGINS)),
			"insert_after": "signflow_origin_section",
			"in_standard_filter": 1,
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin_note",
			"label": _("Origin, More Exactly"),
			"fieldtype": "Data",
			"insert_after": "signflow_origin",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin_column",
			"fieldtype": "Column Break",
			"insert_after": "signflow_origin_note",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_data_owner",
			"label": _("Answers for the Data"),
			"fieldtype": "Link",
			"options": "User",
			"insert_after": "signflow_origin_column",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_verified_on",
			"label": _("Last Verified On"),
			"fieldtype": "Date",
			"insert_after": "signflow_data_owner",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
	]


FIELDS = {
	"Contact": [
		*_segments(),
		{
			"fieldname": "signflow_identified_level",
			"label": "Identified By",
			"fieldtype": "Select",
			"options": "\nmail_code\nsms_code\nsubstantial\nhigh",
			"insert_after": "status",
			"read_only": 1,
			"no_copy": 1,
			"module": "Signflow",
		},
		{
			"fieldname": "signflow_identified_on",
			"label": "Identified On",
			"fieldtype": "Datetime",
			"insert_after": "signflow_identified_level",
			"depends_on": "signflow_identified_level",
			"read_only": 1,
			"no_copy": 1,
			"module": "Signflow",
		},
		{
			"fieldname": "signflow_identity_hmac",
			"label": "Identity Hash",
			"fieldtype": "Data",
			"insert_after": "signflow_identified_on",
			"hidden": 1,
			"read_only": 1,
			"print_hide": 1,
			"report_hide": 1,
			"no_copy": 1,
			"search_index": 1,
			"permlevel": 9,
			"module": "Signflow",
		},
		*_about_origin("unsubscribed"),
	],
	**CONSENTS,
	"Lead": [*_segments(), *_about_origin("blog_subscriber")],
	"Customer": _about_origin("customer_details"),
}


def make() -> None:
	"""Add the fields, or bring them up to date (after install and after each migrate)."""
	create_custom_fields(FIELDS, ignore_validate=True)


def remove() -> None:
	"""Take the fields away and blank what they hold; the columns go with `drop_columns`, which cannot be undone."""
	for doctype, fields in FIELDS.items():
		columns = [row["fieldname"] for row in fields]
		table = frappe.qb.DocType(doctype)
		for column in set(columns) & set(frappe.db.get_table_columns(doctype)):
			frappe.qb.update(table).set(table[column], None).where(table[column].isnotnull()).run()
		for name in frappe.get_all(
			"Custom Field",
			filters={"dt": doctype, "fieldname": ["in", columns]},
			pluck="name",
			order_by="name asc",
		):
			frappe.delete_doc("Custom Field", name, force=True, ignore_permissions=True)
	for doctype in FIELDS:
		frappe.clear_cache(doctype=doctype)


def drop_columns() -> None:
	"""Drop the columns, which Frappe leaves in the table when a field is taken away.

	Commits, as every change of a table's form does.
	"""
	# Frappe remembers which columns there are.
	frappe.clear_cache()
	for doctype, fields in FIELDS.items():
		left = frappe.db.get_table_columns(doctype)
		for row in fields:
			if row["fieldname"] in left:
				_drop(doctype, row["fieldname"])
	frappe.clear_cache()


def _drop(doctype: str, column: str) -> None:
	if frappe.db.db_type == "sqlite":
		# SQLite refuses to drop a column that an index names.
		for (index,) in frappe.db.sql(
			"select name from sqlite_master where type = 'index' and tbl_name = %s and sql like %s",
			(f"tab{doctype}", f"%{column}%"),
		):
			frappe.db.sql_ddl(f'drop index "{index}"')
	frappe.db.sql_ddl(f"alter table `tab{doctype}` drop column `{column}`")
