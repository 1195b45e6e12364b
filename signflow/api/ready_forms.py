"""Endpoints for the ready forms that Desk offers in the list of Signable Forms."""

from typing import Any

import frappe

from signflow.services import ready_forms


@frappe.whitelist(methods=["GET", "POST"])
def available() -> list[dict[str, Any]]:
	"""All ready forms: [{key, title, description, made, possible}]."""
	frappe.has_permission("Signable Form", "create", throw=True)
	return ready_forms.available()


@frappe.whitelist(methods=["POST"])
def add(key: str) -> dict[str, Any]:
	"""Make a ready form in this site, unpublished and closed: {web_form, template, form}."""
	frappe.has_permission("Signable Form", "create", throw=True)
	frappe.has_permission("Web Form", "create", throw=True)
	return ready_forms.add(key)
