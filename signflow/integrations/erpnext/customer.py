"""The customer record: requests counted on its dashboard, signatures noted on its timeline."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import get_link_to_form


def dashboard(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the group "Agreements" to Customer's connections (hook override_doctype_dashboards)."""
	data.setdefault("transactions", []).append(
		{
			"label": _("Agreements"),
			"items": ["Signature Request", "Form Submission", "Contract Termination"],
		}
	)
	return data


def note_signed(request: Any) -> None:
	"""Say on the customer's timeline, once, who signed; of a confidential request only that one was signed."""
	if not request.customer or not frappe.db.exists("Customer", request.customer):
		return
	link = get_link_to_form("Signature Request", request.name)
	noted = {
		"reference_doctype": "Customer",
		"reference_name": request.customer,
		"comment_type": "Info",
		"content": ["like", f"%{request.name}%"],
	}
	if frappe.db.exists("Comment", noted):
		return
	if request.confidential:
		text = _("A confidential agreement was signed: {0}").format(link)
	else:
		names = frappe.get_all(
			"Signature Request Signer",
			filters={"request": request.name, "status": "Signed"},
			pluck="signed_name",
			order_by="idx_in_request asc",
		)
		text = _("Signed by {0}: {1} ({2})").format(
			frappe.utils.escape_html(", ".join(names)), frappe.utils.escape_html(request.title), link
		)
	frappe.get_doc("Customer", request.customer).add_comment("Info", text)
