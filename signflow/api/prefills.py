"""A form that opens filled in: programs of the house make the links, the form's page reads them."""

from typing import Any

import frappe
from frappe import _
from frappe.rate_limiter import rate_limit

from signflow.api.guest import answers
from signflow.services import prefills


@frappe.whitelist(methods=["POST"])
def make_prefill(
	form: str,
	values: dict | str,
	locked: list | str | None = None,
	language: str | None = None,
	expires_in_hours: float | int | str = prefills.HOURS,
) -> dict[str, str]:
	"""The address of `form` filled in with `values` (by field name): {address, token, expires_on}.

	For users who may read the form and make signature requests. `locked` names fields that the person cannot change.
	"""
	doc = frappe.get_doc("Signable Form", form)
	doc.check_permission("read")
	frappe.has_permission("Signature Request", "create", throw=True)
	values, locked = frappe.parse_json(values), frappe.parse_json(locked or [])
	if not isinstance(values, dict) or not isinstance(locked, list):
		frappe.throw(_("Give the values as an object by field name, and what is locked as a list of names."))
	try:
		hours = float(expires_in_hours)
	except ValueError:
		hours = 0
	return prefills.make(doc, values, locked=locked, language=language, expires_in_hours=hours)


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def open(token: str, language: str | None = None) -> dict[str, Any]:
	"""What the form's page fills in: {form, values, locked, language}; any bad token gets one and the same answer."""
	return prefills.values_of(token)
