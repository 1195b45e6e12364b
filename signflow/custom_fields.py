"""The fields that signflow adds to other apps' DocTypes: the one place; install and uninstall read it."""

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields

FIELDS = {
	"Contact": [
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
		# Where the data came from, who answers for it, when it was last verified (GDPR 5(1)(d), 14(2)(f)): on each kind of person.
		{
			"fieldname": "signflow_origin_section",
			"label": "Personal Data",
			"fieldtype": "Section Break",
			"insert_after": "unsubscribed",
			"collapsible": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin",
			"label": "Origin of the Data",
			"fieldtype": "Select",
			"options": "\nWeb Form\nSigned Form\nMail\nImport\nProgram\nMade by a User\nThe Person\nThe Person's Employer\nPublic Register\nAnother Source",
			"insert_after": "signflow_origin_section",
			"in_standard_filter": 1,
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin_note",
			"label": "Origin, More Exactly",
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
			"label": "Answers for the Data",
			"fieldtype": "Link",
			"options": "User",
			"insert_after": "signflow_origin_column",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_verified_on",
			"label": "Last Verified On",
			"fieldtype": "Date",
			"insert_after": "signflow_data_owner",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
	],
	"Lead": [
		{
			"fieldname": "signflow_origin_section",
			"label": "Personal Data",
			"fieldtype": "Section Break",
			"insert_after": "blog_subscriber",
			"collapsible": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin",
			"label": "Origin of the Data",
			"fieldtype": "Select",
			"options": "\nWeb Form\nSigned Form\nMail\nImport\nProgram\nMade by a User\nThe Person\nThe Person's Employer\nPublic Register\nAnother Source",
			"insert_after": "signflow_origin_section",
			"in_standard_filter": 1,
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin_note",
			"label": "Origin, More Exactly",
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
			"label": "Answers for the Data",
			"fieldtype": "Link",
			"options": "User",
			"insert_after": "signflow_origin_column",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_verified_on",
			"label": "Last Verified On",
			"fieldtype": "Date",
			"insert_after": "signflow_data_owner",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
	],
	"Customer": [
		{
			"fieldname": "signflow_origin_section",
			"label": "Personal Data",
			"fieldtype": "Section Break",
			"insert_after": "customer_details",
			"collapsible": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin",
			"label": "Origin of the Data",
			"fieldtype": "Select",
			"options": "\nWeb Form\nSigned Form\nMail\nImport\nProgram\nMade by a User\nThe Person\nThe Person's Employer\nPublic Register\nAnother Source",
			"insert_after": "signflow_origin_section",
			"in_standard_filter": 1,
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin_note",
			"label": "Origin, More Exactly",
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
			"label": "Answers for the Data",
			"fieldtype": "Link",
			"options": "User",
			"insert_after": "signflow_origin_column",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_verified_on",
			"label": "Last Verified On",
			"fieldtype": "Date",
			"insert_after": "signflow_data_owner",
			"no_copy": 1,
			"module": "Signflow Privacy",
		},
	],
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
