"""Asking whoever raised a ticket for his contact details, or for a consent: by a form of the house or by the question."""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import escape_html, get_url

from signflow.integrations.helpdesk import TICKET, ticket_state
from signflow.integrations.helpdesk.dialogs import Answers, Asked, Field, language_field, options
from signflow.integrations.helpdesk.signatures import people_of
from signflow.services import letters, prefills
from signflow.services.company import default_company, house
from signflow.services.forms import check_open
from signflow.services.guests import LANGUAGES, Refused
from signflow.services.privacy import consent_campaigns

MAX_A_DAY = 5


def label() -> str:
	return _("Ask contact details and consent")


def may() -> bool:
	"""Whether the user may make requests, as for everything that is asked by mail."""
	return bool(frappe.has_permission("Signature Request", "create"))


def begin(ticket: Any) -> Asked:
	"""What can be asked, and of whom."""
	person = next(iter(people_of(ticket)), None)
	choices = [*_forms(), *(_consents() if person and person.get("contact") else [])]
	notes = []
	if not person:
		notes.append(_("The ticket does not say whom to ask: it has neither a contact nor a mail address."))
	else:
		notes.append(_("A mail goes to {0}.").format(person["email"]))
	if person and not person.get("contact"):
		notes.append(_("A consent is asked of a contact: the ticket has none."))
	if not choices:
		notes.append(
			_(
				"There is nothing to ask yet: open a Signable Form, name a form for contact details in Signflow Settings, or publish a consent text."
			)
		)
	if not person or not choices:
		return Asked(label(), "", [], notes)
	fields = [
		Field("what", "select", _("What to ask"), options(choices)),
		language_field(_language_of(person)),
		Field("message", "text", _("Message")),
	]
	return Asked(label(), _("Send"), fields, notes)


def perform(ticket: Any, values: dict[str, Any]) -> dict[str, str]:
	"""Send the question; the ticket says so: {text, address}."""
	asked = begin(ticket)
	if not asked.submit:
		frappe.throw(" ".join(asked.notes))
	answers = Answers(asked, values)
	kind, _colon, name = answers.one("what").partition(":")
	person = people_of(ticket)[0]
	if letters.counted(f"ticket question {ticket.name} {person['email'].lower()}") > MAX_A_DAY:
		frappe.throw(_("This person was asked often today. Try again tomorrow."))
	ask = _ask_consent if kind == "consent" else _ask_by_form
	text = ask(ticket, person, name, answers.one("language"), answers.one("message")[:1000])
	return {"text": text, "address": ""}


def _forms() -> list[tuple[str, str]]:
	found = []
	for row in frappe.get_list(
		"Signable Form",
		{"status": "Open"},
		["name", "title"],
		order_by="title asc",
		limit_page_length=0,
	):
		if _is_open(row.name):
			found.append((f"signable:{row.name}", _("Form: {0}").format(_(row.title))))
	plain = frappe.get_cached_doc("Signflow Settings").contact_form
	title = plain and frappe.db.get_value("Web Form", {"name": plain, "published": 1}, "title")
	if title:
		found.append((f"form:{plain}", _("Form: {0}").format(_(title))))
	return found


def _is_open(form: str) -> bool:
	try:
		check_open(frappe.get_cached_doc("Signable Form", form))
	except Refused:
		return False
	return True


def _consents() -> list[tuple[str, str]]:
	if not frappe.has_permission("Consent Campaign", "create"):
		return []
	rows = frappe.get_list(
		"Consent Text",
		{"disabled": 0, "current_version": ["is", "set"]},
		["name", "purpose", "company"],
		order_by="company asc, purpose asc",
		limit_page_length=0,
	)
	return [(f"consent:{row.name}", _("Consent: {0} ({1})").format(row.purpose, row.company)) for row in rows]


def _language_of(person: dict[str, Any]) -> str:
	known = frappe.db.get_value("User", {"email": person["email"]}, "language")
	spoken = known or frappe.get_cached_doc("Signflow Settings").default_language
	return spoken if spoken in LANGUAGES else "fi"


def _ask_consent(ticket: Any, person: dict[str, Any], text: str, language: str, message: str) -> str:
	done = consent_campaigns.ask(
		"Contact", person["contact"], text, language=language, message=message, asked_for=True
	)
	if not done["asked"]:
		frappe.throw("<br>".join(escape_html(line) for line in done["left_out"]))
	purpose = frappe.db.get_value("Consent Text", text, "purpose")
	ticket_state.say(
		ticket.name,
		done["campaign"],
		lambda: _("Asked for consent by mail: {0}").format(escape_html(purpose)),
	)
	return _("The question is on its way.")


def _ask_by_form(ticket: Any, person: dict[str, Any], name: str, language: str, message: str) -> str:
	form = frappe.db.get_value("Signable Form", {"name": name}, ["title", "company"], as_dict=True)
	title, link = _title_and_link(person, name, language, form)
	with print_language(language):
		sent = letters.send_letter(
			person["email"],
			subject=_("Please fill in: {0}").format(_(title)),
			template="signflow_ticket_form",
			args={
				"house": house((form and form.company) or default_company()),
				"title": _(title),
				"message": message,
				"link": link,
			},
			reference=(TICKET, str(ticket.name)),
		)
	if not sent:
		frappe.throw(
			_("No mail can be sent to {0}: its owner wants none, or the mail system refuses it.").format(
				person["email"]
			)
		)
	ticket_state.say(
		ticket.name, str(ticket.name), lambda: _("Sent a form by mail: {0}").format(escape_html(_(title)))
	)
	return _("The form is on its way.")


def _title_and_link(person: dict[str, Any], name: str, language: str, form: Any) -> tuple[str, str]:
	if not form:
		web_form = frappe.get_cached_doc("Web Form", name)
		return web_form.title, get_url(f"/{web_form.route}/new")
	doc = frappe.get_cached_doc("Signable Form", name)
	known = {doc.signer_email_field: person["email"]} if doc.signer_email_field else {}
	if not known:
		web_form = frappe.get_cached_doc("Web Form", doc.web_form)
		return form.title, get_url(f"/{web_form.route}/new?lang={language}")
	return form.title, prefills.make(doc, known, language=language)["address"]
