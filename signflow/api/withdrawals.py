"""Endpoints of the page /withdraw, for guests, and of Desk's buttons on a Contract Withdrawal."""

from typing import Any

import frappe
from frappe.rate_limiter import rate_limit

from signflow.api.guest import answers, reader_language
from signflow.services import withdrawals


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def review(
	person_name: str,
	contract_reference: str,
	email: str,
	message: str = "",
	trap: str = "",
	language: str | None = None,
) -> dict[str, str]:
	"""What would be stated, tidied, for the second step; nothing is kept."""
	return withdrawals.read_statement(
		person_name=person_name,
		contract_reference=contract_reference,
		email=email,
		message=message,
		trap=trap,
	)


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def confirm(
	page_key: str,
	person_name: str,
	contract_reference: str,
	email: str,
	message: str = "",
	trap: str = "",
	language: str | None = None,
) -> dict[str, Any]:
	"""Keep the statement and mail its receipt: {reference, stated_on, statement, mailed}."""
	return withdrawals.state_withdrawal(
		page_key=str(page_key),
		language=reader_language(),
		person_name=person_name,
		contract_reference=contract_reference,
		email=email,
		message=message,
		trap=trap,
	)


@frappe.whitelist(methods=["POST"])
def match(name: str, request: str) -> None:
	"""Say which signed request a statement is about."""
	frappe.get_doc("Contract Withdrawal", name).check_permission("read")
	withdrawals.match_by_hand(name, request)


@frappe.whitelist(methods=["POST"])
def accept(name: str, note: str = "") -> None:
	"""Accept a withdrawal: what it is about ends from the start."""
	frappe.get_doc("Contract Withdrawal", name).check_permission("read")
	withdrawals.accept(name, note)


@frappe.whitelist(methods=["POST"])
def close(name: str, status: str, note: str) -> None:
	"""Close a statement as "Too Late" or "Handled", with the reason."""
	frappe.get_doc("Contract Withdrawal", name).check_permission("read")
	withdrawals.close(name, status, note)
