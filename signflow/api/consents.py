"""Endpoints of the page /privacy/consents, for guests, and of Desk's buttons about consents."""

from typing import Any

import frappe
from frappe.rate_limiter import rate_limit

from signflow.api.guest import answers, reader_language, session
from signflow.services import visits
from signflow.services.privacy import consent_page, consents, kept_elsewhere, marketing

PAGE = consent_page.PAGE


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def begin(mail: str, language: str | None = None) -> dict[str, Any]:
	"""Begin a visit and mail a code: {session, sent_to, …}, the same whether the address is known or not."""
	new_session, shown = visits.begin(str(mail), reader_language(), PAGE)
	return {"session": new_session, **shown}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def check_code(code: str, language: str | None = None) -> dict[str, Any]:
	"""Identify the visit by the mailed code; the page's view."""
	return consent_page.view(visits.check_code(session(), str(code), PAGE), reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def open_link(token: str, language: str | None = None) -> dict[str, Any]:
	"""Exchange the link of a mail for a session: {session, view}."""
	new_session, shown = consent_page.open_link(str(token), reader_language())
	return {"session": new_session, "view": shown}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=200, seconds=60 * 10)
@answers
def view(language: str | None = None) -> dict[str, Any]:
	"""The visitor's own consents and what is offered."""
	return consent_page.view(visits.identified(session(), PAGE)[1], reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def answer(text: str, version: str, verb: str, language: str | None = None) -> dict[str, Any]:
	"""Give, withdraw or refuse a consent: {view, mailed}."""
	visit = visits.identified(session(), PAGE)[1]
	return consent_page.answer(visit, str(text), str(version), str(verb), reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def object_to_all(company: str, lift: bool | int = False, language: str | None = None) -> dict[str, Any]:
	"""Object to all direct marketing by a company, or take that back: {view, mailed}."""
	visit = visits.identified(session(), PAGE)[1]
	return consent_page.object_to_all(visit, str(company), reader_language(), lift=bool(lift))


@frappe.whitelist(methods=["POST"])
def publish(version: str) -> None:
	"""Publish a draft wording."""
	frappe.get_doc("Consent Text Version", version).check_permission("write")
	consents.publish(version)


@frappe.whitelist(methods=["POST"])
def new_version(text: str) -> str:
	"""A draft that starts with the latest wording; its name."""
	frappe.get_doc("Consent Text", text).check_permission("write")
	return consents.new_version(text)


def _may_record(text: str) -> None:
	frappe.get_doc("Consent Text", text).check_permission("read")
	frappe.has_permission("Consent", "read", throw=True)


@frappe.whitelist(methods=["POST"])
def record_paper(
	doctype: str, name: str, text: str, file_url: str, said_on: str, language: str = "fi"
) -> str:
	"""Record a consent on paper, whose scan the caller has uploaded; the row."""
	_may_record(text)
	return consents.record_paper(doctype, name, text, file_url, said_on, language)


@frappe.whitelist(methods=["POST"])
def record_reply(communication: str, text: str, action: str, language: str = "fi") -> str:
	"""Record that a mail which came in is its sender's word on a text; the row."""
	_may_record(text)
	return consents.record_reply(communication, text, action, language)


@frappe.whitelist(methods=["POST"])
def record_said(doctype: str, name: str, text: str, action: str, language: str = "fi") -> str:
	"""Record what a person told staff; the row."""
	_may_record(text)
	return consents.record_said(doctype, name, text, action, language)


@frappe.whitelist(methods=["POST"])
def of_record(doctype: str, name: str) -> list[dict[str, Any]]:
	"""Whether marketing may reach the person of a Customer, Contact or Lead, and what he consented to."""
	frappe.get_doc(doctype, name).check_permission("read")
	frappe.has_permission("Consent", "read", throw=True)
	return marketing.of_record(doctype, name)


@frappe.whitelist(methods=["POST"])
def record_members(group: str, text: str, said_on: str, note: str, language: str = "fi") -> None:
	"""Record that the members of an Email Group have consented before, with where that is on record."""
	frappe.get_doc("Consent Text", text).check_permission("write")
	frappe.get_doc("Email Group", group).check_permission("write")
	kept_elsewhere.record_members(group, text, said_on, note, language)
