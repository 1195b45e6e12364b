"""The fields that signflow adds to other apps' DocTypes: the one place; install and uninstall read it."""

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields
from frappe.custom.doctype.property_setter.property_setter import make_property_setter

# Marks a text for translation: what is stored is English, and Frappe translates it where it is shown.
from signflow.core.errors import _

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

# By DocType, or by several that get the same fields; literal, so that the names can be held against upstream's.
FIELDS = {
	"Contact": [
		{
			"fieldname": "signflow_left_on",
			"label": "Left On",
			"fieldtype": "Date",
			"insert_after": "company_name",
			"depends_on": "signflow_left_on",
			"read_only": 1,
			"no_copy": 1,
			"module": "Signflow",
		},
		{
			"fieldname": "signflow_substitute",
			"label": _("Substitute"),
			"fieldtype": "Link",
			"options": "Contact",
			"insert_after": "signflow_left_on",
			"depends_on": "signflow_left_on",
			"no_copy": 1,
			"module": "Signflow",
		},
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
		{
			"fieldname": "signflow_origin_section",
			"label": _("Personal Data"),
			"fieldtype": "Section Break",
			"collapsible": 1,
			"insert_after": "unsubscribed",
			"module": "Signflow Privacy",
		},
	],
	"Lead": [
		{
			"fieldname": "signflow_origin_section",
			"label": _("Personal Data"),
			"fieldtype": "Section Break",
			"collapsible": 1,
			"insert_after": "blog_subscriber",
			"module": "Signflow Privacy",
		},
	],
	"Customer": [
		{
			"fieldname": "signflow_origin_section",
			"label": _("Personal Data"),
			"fieldtype": "Section Break",
			"collapsible": 1,
			"insert_after": "customer_details",
			"module": "Signflow Privacy",
		},
	],
	# Where the data came from, who answers for it, when it was last verified (GDPR 5(1)(d), 14(2)(f)).
	("Contact", "Lead", "Customer"): [
		{
			"fieldname": "signflow_origin",
			"label": _("Origin of the Data"),
			"fieldtype": "Select",
			"options": "\n".join(("", *ORIGINS)),
			"in_standard_filter": 1,
			"no_copy": 1,
			"insert_after": "signflow_origin_section",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_origin_note",
			"label": _("Origin, More Exactly"),
			"fieldtype": "Data",
			"no_copy": 1,
			"insert_after": "signflow_origin",
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
			"no_copy": 1,
			"insert_after": "signflow_origin_column",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_verified_on",
			"label": _("Last Verified On"),
			"fieldtype": "Date",
			"no_copy": 1,
			"insert_after": "signflow_data_owner",
			"module": "Signflow Privacy",
		},
		# The companies that may only keep the data (GDPR 18), one a line; `services.subject_requests.carrying_out` writes it.
		{
			"fieldname": "signflow_restricted_for",
			"label": _("Processing Restricted For"),
			"fieldtype": "Small Text",
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"depends_on": "signflow_restricted_for",
			"insert_after": "signflow_verified_on",
			"module": "Signflow Privacy",
		},
		# Withheld from others' copies; `services.subject_requests.protecting` sets it, staff set and take it away by hand.
		{
			"fieldname": "signflow_protected_address",
			"label": _("Address Is Protected"),
			"description": _(
				"Left out of copies that others get of their data. Set by a data request that says so, or by hand."
			),
			"fieldtype": "Check",
			"no_copy": 1,
			"search_index": 1,
			"insert_after": "signflow_restricted_for",
			"module": "Signflow Privacy",
		},
	],
	# What they say of direct marketing, for list filters; `integrations.erpnext.mailing_lists` writes it.
	("Contact", "Lead"): [
		{
			"fieldname": "signflow_email_marketing",
			"label": _("Mail Marketing"),
			"fieldtype": "Select",
			"options": "\n".join(("", _("Allowed"), _("Not Allowed"), _("Differs by Company"))),
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"insert_after": "unsubscribed",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_sms_marketing",
			"label": _("SMS Marketing"),
			"fieldtype": "Select",
			"options": "\n".join(("", _("Allowed"), _("Not Allowed"), _("Differs by Company"))),
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"insert_after": "signflow_email_marketing",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_consents",
			"label": _("Consents"),
			"fieldtype": "Small Text",
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"insert_after": "signflow_sms_marketing",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_marketing_on",
			"label": _("Marketing Looked at on"),
			"fieldtype": "Datetime",
			"hidden": 1,
			"search_index": 1,
			"read_only": 1,
			"no_copy": 1,
			"insert_after": "signflow_consents",
			"module": "Signflow Privacy",
		},
	],
	# A customer's are those of its contacts.
	("Customer",): [
		{
			"fieldname": "signflow_email_marketing",
			"label": _("Mail Marketing"),
			"fieldtype": "Select",
			"options": "\n".join(
				("", _("Allowed"), _("Not Allowed"), _("Differs by Company"), _("Differs by Person"))
			),
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"insert_after": "signflow_verified_on",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_sms_marketing",
			"label": _("SMS Marketing"),
			"fieldtype": "Select",
			"options": "\n".join(
				("", _("Allowed"), _("Not Allowed"), _("Differs by Company"), _("Differs by Person"))
			),
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"insert_after": "signflow_email_marketing",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_consents",
			"label": _("Consents"),
			"fieldtype": "Small Text",
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"insert_after": "signflow_sms_marketing",
			"module": "Signflow Privacy",
		},
		{
			"fieldname": "signflow_marketing_on",
			"label": _("Marketing Looked at on"),
			"fieldtype": "Datetime",
			"hidden": 1,
			"search_index": 1,
			"read_only": 1,
			"no_copy": 1,
			"insert_after": "signflow_consents",
			"module": "Signflow Privacy",
		},
	],
	# Whose mails stop as those of the three above.
	"Supplier": [
		{
			"fieldname": "signflow_restricted_for",
			"label": _("Processing Restricted For"),
			"fieldtype": "Small Text",
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"depends_on": "signflow_restricted_for",
			"insert_after": "supplier_details",
			"module": "Signflow Privacy",
		},
	],
	"Employee": [
		{
			"fieldname": "signflow_restricted_for",
			"label": _("Processing Restricted For"),
			"fieldtype": "Small Text",
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"depends_on": "signflow_restricted_for",
			"insert_after": "status",
			"module": "Signflow Privacy",
		},
	],
	"User": [
		{
			"fieldname": "signflow_restricted_for",
			"label": _("Processing Restricted For"),
			"fieldtype": "Small Text",
			"in_standard_filter": 1,
			"read_only": 1,
			"no_copy": 1,
			"depends_on": "signflow_restricted_for",
			"insert_after": "unsubscribed",
			"module": "Signflow Privacy",
		},
	],
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


# Columns of other apps that a look-up by address reads, and that have no index there: (DocType, field).
# A telephone is written in many ways and found by a pattern, which no index serves.
INDEXED = (("Contact Email", "email_id"),)
INDEX_MODULE = "Signflow Privacy"


def make() -> None:
	"""Add the fields and indexes, or bring them up to date (after install and after each migrate)."""
	create_custom_fields(FIELDS, ignore_validate=True)
	for doctype, column in INDEXED:
		_make_index(doctype, column)


def _make_index(doctype: str, column: str) -> None:
	"""An index and the mark of the field without which Frappe would drop it with the table's next change.

	A field that has its index by somebody else keeps it as it is, whatever becomes of us.
	"""
	ours = {"doc_type": doctype, "field_name": column, "property": "search_index", "module": INDEX_MODULE}
	if not frappe.db.exists("Property Setter", ours):
		if frappe.get_meta(doctype).get_field(column).search_index:
			return
		mark = make_property_setter(
			doctype, column, "search_index", "1", "Check", validate_fields_for_doctype=False
		)
		mark.db_set("module", INDEX_MODULE)
	name = index_name(doctype, column)
	if not frappe.db.has_index(f"tab{doctype}", name):
		# On SQLite this makes a mark as well, in place of ours.
		frappe.db.add_index(doctype, [column], name)
		frappe.db.set_value(
			"Property Setter",
			{"doc_type": doctype, "field_name": column, "property": "search_index"},
			"module",
			INDEX_MODULE,
		)


def index_name(doctype: str, column: str) -> str:
	"""What our index of a column is called; on SQLite the names of all tables' indexes are one list."""
	return f"signflow_{frappe.scrub(doctype)}_{column}"


def columns_of() -> dict[str, list[str]]:
	"""The names of our fields by DocType."""
	found: dict[str, list[str]] = {}
	for doctypes, fields in FIELDS.items():
		for doctype in (doctypes,) if isinstance(doctypes, str) else doctypes:
			found.setdefault(doctype, []).extend(row["fieldname"] for row in fields)
	return found


def remove() -> None:
	"""Take the fields away and blank what they hold; the columns go with `drop_columns`, which cannot be undone."""
	# A tick is no or yes, never nothing.
	ticks = {row["fieldname"] for rows in FIELDS.values() for row in rows if row["fieldtype"] == "Check"}
	for doctype, columns in columns_of().items():
		table = frappe.qb.DocType(doctype)
		for column in set(columns) & set(frappe.db.get_table_columns(doctype)):
			held = table[column]
			blank, filled = (0, held != 0) if column in ticks else (None, held.isnotnull())
			frappe.qb.update(table).set(held, blank).where(filled).run()
		for name in frappe.get_all(
			"Custom Field",
			filters={"dt": doctype, "fieldname": ["in", columns]},
			pluck="name",
			order_by="name asc",
		):
			frappe.delete_doc("Custom Field", name, force=True, ignore_permissions=True)
	for doctype, column in INDEXED:
		unmark(doctype, column)
	for doctype in columns_of():
		frappe.clear_cache(doctype=doctype)


def unmark(doctype: str, column: str) -> None:
	"""Take our mark of an indexed field away; another's stays."""
	ours = {"doc_type": doctype, "field_name": column, "property": "search_index", "module": INDEX_MODULE}
	frappe.db.delete("Property Setter", ours)
	frappe.clear_cache(doctype=doctype)


def drop_indexes(indexes: tuple[tuple[str, str], ...] = INDEXED) -> None:
	"""Drop our indexes; commits, as every change of a table's form does."""
	for doctype, column in indexes:
		name = index_name(doctype, column)
		if frappe.db.has_index(f"tab{doctype}", name):
			of = f" on `tab{doctype}`" if frappe.db.db_type == "mariadb" else ""
			frappe.db.sql_ddl(f"drop index `{name}`{of}")


def drop_columns() -> None:
	"""Drop the columns, which Frappe leaves in the table when a field is taken away.

	Commits, as every change of a table's form does.
	"""
	# Frappe remembers which columns there are.
	frappe.clear_cache()
	for doctype, columns in columns_of().items():
		left = frappe.db.get_table_columns(doctype)
		for column in columns:
			if column in left:
				_drop(doctype, column)
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
