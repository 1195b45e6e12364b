"""Uninstall: leave nothing behind in other apps."""

import frappe

from signflow import custom_fields
from signflow.install import ROLES

COUNTERS = ("signflow-parties",)


def before_uninstall() -> None:
	"""Take roles, fields and counters away; DocTypes and their data go with the app by Frappe itself."""
	custom_fields.remove()
	remove_counters()
	for role in ROLES:
		if frappe.db.exists("Role", role):
			frappe.db.delete("Has Role", {"role": role})
			frappe.db.delete("DocPerm", {"role": role})
			frappe.db.delete("Custom DocPerm", {"role": role})
			frappe.delete_doc("Role", role, force=True, ignore_permissions=True)


def remove_counters() -> None:
	series = frappe.qb.Table("tabSeries")
	frappe.qb.from_(series).delete().where(series.name.isin(COUNTERS)).run()


def after_uninstall() -> None:
	"""Drop the columns of our fields, which cannot be rolled back: when the app is gone."""
	custom_fields.drop_columns()
