"""ERPNext's Contract: marked signed when the request made from it is complete."""

from typing import Any

import frappe


def signatures_of(request: str) -> dict[str, Any]:
	"""What a Contract says of a request that is signed: is_signed, signee (all names), signed_on (the last)."""
	signed = frappe.get_all(
		"Signature Request Signer",
		filters=[["request", "=", request], ["signed_on", "is", "set"]],
		fields=["signed_name", "signed_on"],
		order_by="signed_on asc",
	)
	return {
		"is_signed": 1,
		"signee": ", ".join(row.signed_name or "" for row in signed)[:140],
		"signed_on": signed[-1].signed_on if signed else None,
	}


def mark_signed(request: Any) -> None:
	"""Set is_signed, signee and signed_on of the contract that the request was made from, draft or submitted."""
	if request.reference_doctype != "Contract" or not frappe.db.exists("Contract", request.reference_name):
		return
	contract = frappe.get_doc("Contract", request.reference_name)
	contract.update(signatures_of(request.name))
	if contract.docstatus == 0:
		contract.save(ignore_permissions=True)
		return
	# The fields are closed after submission, yet the fact is new: set them and let the contract reckon its status.
	contract.run_method("before_update_after_submit")
	contract.db_set(
		{field: contract.get(field) for field in ("is_signed", "signee", "signed_on", "status")}, notify=True
	)
