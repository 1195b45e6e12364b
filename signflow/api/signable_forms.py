"""What the Desk form of a Signable Form asks for."""

from typing import Any

import frappe

from signflow.services import export_formats, exports


@frappe.whitelist(methods=["GET", "POST"])
def overview(form: str) -> dict[str, Any]:
	"""The form's address, who may export, and its submissions by status: {route, address, site, may_export, counts}.

	The counts are for those who see the submissions.
	"""
	doc = frappe.get_doc("Signable Form", form)
	doc.check_permission("read")
	route = frappe.db.get_value("Web Form", doc.web_form, "route") or ""
	may_export = exports.may_export(doc)
	return {
		"counts": exports.counts(form) if may_export else {},
		"route": route,
		"address": frappe.utils.get_url(f"/{route}"),
		"site": frappe.utils.get_url(),
		"may_export": may_export,
	}


@frappe.whitelist(methods=["GET", "POST"])
def fields(web_form: str) -> list[dict[str, str]]:
	"""The fields of a Web Form to choose from: [{fieldname, label, fieldtype}]; for those who set up signable forms."""
	frappe.has_permission("Signable Form", "write", throw=True)
	return [
		{"fieldname": one.fieldname, "label": one.label, "fieldtype": one.fieldtype}
		for one in export_formats.fields_of(web_form)
	]
