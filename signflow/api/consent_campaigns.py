"""Endpoints of Desk for asking people for a consent."""

from typing import Any

import frappe

from signflow.services.privacy import consent_campaigns


@frappe.whitelist(methods=["POST"])
def ask(
	doctype: str, name: str, text: str, language: str = "fi", message: str = "", asked_for: bool | int = False
) -> dict[str, Any]:
	"""Ask the people of one Contact, Lead or Customer: {campaign, asked, left_out}."""
	frappe.has_permission("Consent Campaign", "create", throw=True)
	frappe.get_doc("Consent Text", text).check_permission("read")
	return consent_campaigns.ask(
		doctype, name, text, language=language, message=message, asked_for=bool(int(asked_for))
	)


@frappe.whitelist(methods=["POST"])
def start(name: str) -> None:
	"""Begin a campaign, or go on with a paused one."""
	frappe.get_doc("Consent Campaign", name).check_permission("write")
	consent_campaigns.start(name)


@frappe.whitelist(methods=["POST"])
def pause(name: str) -> None:
	"""Stop asking."""
	frappe.get_doc("Consent Campaign", name).check_permission("write")
	consent_campaigns.pause(name)
