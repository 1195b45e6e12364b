"""Uninstall: leave nothing behind in other apps."""

import frappe
import frappe.permissions

from signflow import custom_fields
from signflow.install import ROLES
from signflow.integrations.helpdesk import notice_link, ticket_actions
from signflow.services import exports
from signflow.signflow.roles import OFFICER

COUNTERS = ("signflow-parties",)


def before_uninstall() -> None:
	"""Take roles, fields and counters away; DocTypes and their data go with the app by Frappe itself."""
	custom_fields.remove()
	remove_counters()
	remove_webhooks()
	close_forms()
	notice_link.take_away()
	ticket_actions.take_away()
	give_back_rights_of_companies()
	for role in ROLES:
		if frappe.db.exists("Role", role):
			frappe.db.delete("Has Role", {"role": role})
			frappe.db.delete("DocPerm", {"role": role})
			frappe.db.delete("Custom DocPerm", {"role": role})
			frappe.delete_doc("Role", role, force=True, ignore_permissions=True)


def give_back_rights_of_companies() -> None:
	"""Take the officers' right away; where nobody has changed the rest of a company's rights, the standard ones hold again."""
	frappe.db.delete("Custom DocPerm", {"parent": "Company", "role": OFFICER})
	rights = [field.fieldname for field in frappe.get_meta("DocPerm").fields if field.fieldtype == "Check"]
	standard, custom = (
		sorted(
			[row.role, row.permlevel, *(row[right] or 0 for right in rights)]
			for row in frappe.get_all(
				table, {"parent": "Company"}, ["role", "permlevel", *rights], order_by="name asc"
			)
		)
		for table in ("DocPerm", "Custom DocPerm")
	)
	if standard == custom:
		frappe.permissions.reset_perms("Company")
	frappe.clear_cache(doctype="Company")


def remove_counters() -> None:
	series = frappe.qb.Table("tabSeries")
	frappe.qb.from_(series).delete().where(series.name.isin(COUNTERS)).run()


def remove_webhooks() -> None:
	"""Delete the Webhooks on our records: Frappe would leave them with a DocType that is gone."""
	for name in frappe.get_all(
		"Webhook", filters={"webhook_doctype": "Form Submission"}, pluck="name", order_by="name asc"
	):
		frappe.delete_doc("Webhook", name, force=True, ignore_permissions=True)


def close_forms() -> None:
	"""Take bound Web Forms off the web: without us they would take answers that nobody signs."""
	for web_form in frappe.get_all("Signable Form", pluck="web_form", order_by="name asc"):
		frappe.db.set_value("Web Form", web_form, {"published": 0, "allowed_embedding_domains": None})


def after_uninstall() -> None:
	"""Drop our indexes, the columns of our fields and the files of exports, which cannot be rolled back: when the app is
	gone."""
	custom_fields.drop_indexes()
	custom_fields.drop_columns()
	remove_exports()


def remove_exports() -> None:
	"""Delete the files that exports left for whoever asked for them."""
	exports.sweep(older_than_days=0)
