"""Uninstall: leave nothing behind in other apps."""

import frappe

from signflow.install import ROLES


def before_uninstall() -> None:
	"""Take the roles away; DocTypes and their data go with the app by Frappe itself."""
	for role in ROLES:
		if frappe.db.exists("Role", role):
			frappe.db.delete("Has Role", {"role": role})
			frappe.db.delete("DocPerm", {"role": role})
			frappe.db.delete("Custom DocPerm", {"role": role})
			frappe.delete_doc("Role", role, force=True, ignore_permissions=True)
