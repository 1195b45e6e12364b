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
