"""Endpoints of Desk's buttons about those who have to be told (GDPR 19), and about corrections (GDPR 16): for officers."""

from typing import Any

import frappe

from signflow.services.privacy.approvals import require_officer
from signflow.services.subject_requests import recipients, rectifying


@frappe.whitelist(methods=["POST"])
def of_request(request: str) -> list[dict[str, Any]]:
	"""The recipients of a request."""
	frappe.get_doc(recipients.REQUEST, request).check_permission("read")
	return recipients.of_request(request)


@frappe.whitelist(methods=["POST"])
def list_up(request: str) -> list[str]:
	"""Note every processor as one to be told."""
	return recipients.list_up(request)


@frappe.whitelist(methods=["POST"])
def add(request: str, recipient: str, email: str = "") -> str:
	"""Note somebody else to be told."""
	return recipients.add(request, recipient, email)


@frappe.whitelist(methods=["POST"])
def tell(notice: str, words: str) -> None:
	"""Mail a recipient."""
	recipients.tell(notice, words)


@frappe.whitelist(methods=["POST"])
def told(notice: str) -> None:
	"""Note that a recipient was told another way."""
	recipients.told(notice)


@frappe.whitelist(methods=["POST"])
def answered(notice: str, words: str) -> None:
	"""Note an answer."""
	recipients.answered(notice, words)


@frappe.whitelist(methods=["POST"])
def waive(notice: str, reason: str) -> None:
	"""Decide that a recipient is not told."""
	recipients.waive(notice, reason)


@frappe.whitelist(methods=["POST"])
def propose_corrections(request: str, corrections: list | str) -> list[dict[str, Any]]:
	"""Where what is to be corrected stands, the present beside the proposed."""
	require_officer()
	return rectifying.shown(rectifying.propose(request, frappe.parse_json(corrections)))


@frappe.whitelist(methods=["POST"])
def apply_corrections(request: str, corrections: list | str, chosen: list | str) -> dict[str, Any]:
	"""Correct the chosen places: {done, refused: [{record, text}], changed}."""
	require_officer()
	return rectifying.apply(request, frappe.parse_json(corrections), frappe.parse_json(chosen))
