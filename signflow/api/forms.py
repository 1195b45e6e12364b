"""Endpoints of signable forms: Frappe's own `accept` for bound forms, and what their pages ask beside it."""

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.rate_limiter import rate_limit

from signflow.api.guest import answers, invalid_input, session, set_language
from signflow.services import ceremony, feedback, forms, replays, submissions
from signflow.services.guests import Refused
from signflow.services.privacy import form_consents


@frappe.whitelist(allow_guest=True, methods=["POST"])
def accept(web_form: str = "", data: str = "") -> Any:
	"""In place of Frappe's `accept`: a bound form's answers are kept and made into documents to sign.

	Answers {"signflow": {"next": address}} for those, and what Frappe answers for all other forms. What the page says of
	itself travels in the answers under `__signflow`.
	"""
	if not web_form or not data:
		frappe.throw(_("This call is not complete. Load the page again."))
	form = forms.form_of(str(web_form))
	if not form:
		answer = feedback.accept(str(web_form), data)
		if isinstance(answer, Document):
			form_consents.record_plain(str(web_form), answer)
		return answer
	return _submit(form, data)


@rate_limit(key="web_form", limit=30, seconds=60 * 10)
def _submit(form: Any, data: str) -> dict[str, Any]:
	try:
		given = frappe.parse_json(data)
	except ValueError:
		given = None
	if not isinstance(given, dict):
		frappe.throw(_("This call is not complete. Load the page again."))
	said = given.pop("__signflow", None)
	# Frappe's page says its own name among the answers.
	given.pop("web_form_name", None)
	set_language(said.get("language") if isinstance(said, dict) else None)
	try:
		page = submissions.read_page(form, said, frappe.local.lang)
		return {"signflow": submissions.submit(form, given, page)}
	except Refused as refused:
		frappe.db.rollback()
		frappe.throw(refused.text, title=_("Not sent"))


def _bound(web_form: str) -> Any:
	form = forms.form_of(str(web_form))
	if not form:
		raise invalid_input()
	return form


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=120, seconds=60 * 10)
@answers
def begin(web_form: str, host: str = "", language: str | None = None) -> dict[str, Any]:
	"""What the page of a bound Web Form starts with."""
	return {**submissions.begin(_bound(web_form), str(host)), "texts": _texts()}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def save_for_later(
	web_form: str, data: str | dict, email: str, page: str | dict, language: str | None = None
) -> dict[str, str]:
	"""Keep unfinished answers and mail the way back to them."""
	form = _bound(web_form)
	try:
		given, said = frappe.parse_json(data), frappe.parse_json(page)
	except ValueError:
		raise invalid_input() from None
	if not isinstance(given, dict):
		raise invalid_input()
	given.pop("__signflow", None)
	read = submissions.read_page(form, said, frappe.local.lang)
	submissions.save_for_later(form, given, read, str(email).strip())
	return {"text": _("Your answers are kept. A link to them is on its way to your mailbox.")}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def resume(token: str, language: str | None = None) -> dict[str, Any]:
	"""Exchange the token of a link for the answers that were kept."""
	return submissions.resume(str(token))


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def change_answers(language: str | None = None) -> dict[str, str]:
	"""The way back from the signing page to the form, with the answers in it: {"next": address}."""
	request = ceremony.request_of_person(session())
	return {"next": submissions.change_answers(request)}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=10, seconds=60 * 10)
@answers
def mail_link(language: str | None = None) -> dict[str, str]:
	"""Mail the person a link to sign later, from the signing page."""
	ceremony.mail_link(session())
	return {"text": _("A link is on its way to your mailbox. This page stays open.")}


@frappe.whitelist(methods=["POST"])
def retry(name: str) -> None:
	"""Try again to make the record of a signed submission."""
	frappe.get_doc("Form Submission", name).check_permission("read")
	frappe.only_for(("Signflow Manager", "System Manager"))
	replays.retry(name)


@frappe.whitelist(methods=["POST"])
def settle_again(name: str) -> dict[str, str | None]:
	"""Look again for the Customer of a completed submission, after its Contact was linked to one: {customer}."""
	frappe.get_doc("Form Submission", name).check_permission("read")
	frappe.only_for(("Signflow Manager", "System Manager"))
	return {"customer": replays.settle_again(name)}


def _texts() -> dict[str, str]:
	return {
		"to_sign": _("Continue to sign"),
		"later": _("Continue later"),
		"later_lead": _("Your answers are kept encrypted, and a link to them is mailed to you."),
		"later_mail": _("Your mail address"),
		"later_send": _("Mail me the link"),
		"people": _("Who else signs?"),
		"people_lead": _("They get a mail with the documents when you have signed."),
		"person_name": _("Name"),
		"person_mail": _("Mail address"),
		"person_add": _("Add a signer"),
		"person_remove": _("Remove"),
		"language": _("Language"),
		"next": _("Next"),
		"previous": _("Previous"),
		"resumed": _("Your answers are back where you left them."),
		"done": _("This form was signed already. Fill in a new one if you need to."),
		"no_crypto": _("This page needs a secure connection (https)."),
		"privacy": _("How your data is used"),
		"kept": _("What you fill in is encrypted until you sign, and erased if you do not."),
		"wait": _("One moment: the page is getting ready."),
		"locked": _("Filled in by the organisation; it cannot be changed."),
	}
