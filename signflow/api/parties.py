"""Endpoints of the form "Signable Form" about the parties that it makes."""

import frappe

from signflow.services import suggestions


@frappe.whitelist(methods=["GET", "POST"])
def suggest_mapping(web_form: str, creates: str = "Customer") -> list[dict[str, str]]:
	"""Rows for the table of fields, guessed from a Web Form's fields: [{target, target_field, value, merge}]."""
	frappe.has_permission("Signable Form", "write", throw=True)
	return suggestions.suggest_mapping(frappe._dict(web_form=web_form, creates=creates))
