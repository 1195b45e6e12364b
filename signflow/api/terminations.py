"""Endpoints of the page /terminate, for guests, and of Desk's buttons "Start Termination" and "Record Termination"."""

from typing import Any

import frappe
from frappe.rate_limiter import rate_limit
from frappe.utils import getdate

from signflow.api.guest import answers, invalid_input, reader_language, session
from signflow.services import agreements, endings, terminations, visits


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def begin(mail: str, language: str | None = None) -> dict[str, Any]:
	"""Begin a visit and mail a code: {session, sent_to, …}, the same whether the address is known or not."""
	if not terminations.page_is_open():
		raise terminations.not_open()
	new_session, shown = visits.begin(str(mail), reader_language())
	return {"session": new_session, **shown}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def check_code(code: str, language: str | None = None) -> dict[str, Any]:
	"""Identify the visit by the mailed code: {agreements}."""
	return _offers(visits.check_code(session(), str(code)))


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=200, seconds=60 * 10)
@answers
def view(language: str | None = None) -> dict[str, Any]:
	"""The visitor's agreements, each with its period of notice and its last day were notice given now."""
	return _offers(visits.identified(session())[1])


def _offers(visit: dict[str, Any]) -> dict[str, Any]:
	customers = [name for contact in agreements.contacts_of(visit["mail"]) for name in contact.customers]
	found = agreements.agreements_of(list(dict.fromkeys(customers)))
	return {"mail": visit["mail"], "agreements": terminations.offers(found, getdate())}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def prepare(chosen: list | str, reason: str = "", language: str | None = None) -> dict[str, str]:
	"""Make the notice of the chosen [[DocType, name], …] and its request: {link, session, reference}."""
	visit, found = visits.identified(session())
	return terminations.prepare_on_page(
		found["mail"], _pairs(chosen), reason=str(reason), language=reader_language(), visit=visit
	)


def _pairs(given: list | str) -> list[tuple[str, str]]:
	try:
		rows = frappe.parse_json(given)
	except ValueError:
		rows = None
	if not isinstance(rows, list) or not all(
		isinstance(row, list | tuple) and len(row) == 2 and all(isinstance(part, str) for part in row)
		for row in rows
	):
		raise invalid_input()
	return [(row[0], row[1]) for row in rows]


@frappe.whitelist(methods=["POST"])
def of_record(doctype: str, name: str) -> dict[str, Any]:
	"""What the dialogs start with for a Customer or an agreement: {customer, agreements, people}."""
	frappe.has_permission("Contract Termination", "read", throw=True)
	frappe.get_doc(doctype, name).check_permission("read")
	return terminations.of_record(doctype, name)


@frappe.whitelist(methods=["POST"])
def start(
	chosen: list | str, person_name: str, email: str, reason: str = "", language: str = ""
) -> dict[str, str]:
	"""Prepare the notice for a caller and mail him the request to sign it: {name, request}."""
	pairs = _pairs(chosen)
	terminations.check_may_end(pairs)
	doc = terminations.ask_to_sign(
		pairs, person_name=person_name, email=email, reason=reason, language=language
	)
	return {"name": doc.name, "request": doc.request}


@frappe.whitelist(methods=["POST"])
def record(
	chosen: list | str,
	channel: str,
	received_on: str,
	person_name: str,
	email: str = "",
	communication: str | None = None,
	note: str = "",
	language: str = "",
) -> dict[str, str]:
	"""Record a notice that was written in free form or said: {name}."""
	pairs = _pairs(chosen)
	terminations.check_may_end(pairs)
	doc = terminations.record(
		pairs,
		channel=channel,
		received_on=received_on,
		person_name=person_name,
		email=email,
		communication=communication,
		note=note,
		language=language,
	)
	return {"name": doc.name}


@frappe.whitelist(methods=["POST"])
def retry(name: str) -> None:
	"""Have what failed tried again at once."""
	frappe.get_doc("Contract Termination", name).check_permission("read")
	endings.retry(name)
