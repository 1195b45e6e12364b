"""From a ticket to a data request: recognised as a hint, opened by a person, in two clicks, never by itself."""

from dataclasses import dataclass
from typing import Any

import frappe
from bs4 import BeautifulSoup
from frappe import _
from frappe.utils import cstr, get_datetime

from signflow.core.privacy.asking import recognise
from signflow.integrations.helpdesk import TICKET
from signflow.integrations.helpdesk.customers import customer_of
from signflow.integrations.helpdesk.dialogs import (
	Answers,
	Asked,
	Field,
	Option,
	chosen_company,
	company_field,
	language_field,
	options,
)
from signflow.integrations.helpdesk.signatures import chosen_customer, customer_field, people_of
from signflow.services.guests import LANGUAGES, Refused
from signflow.services.subject_requests import intake, records
from signflow.services.subject_requests.records import REQUEST, TYPES
from signflow.services.times import written
from signflow.signflow.roles import OFFICER
from signflow.signflow.stored_words import N_, kept

MOST_MAILS = 30
MOST_WORDS = 3_500
MOST_HTML = 200_000
# Who may hand a request in; who answers it is the officer.
ROLES = {"Signflow User", "Signflow Manager", OFFICER}


@dataclass(frozen=True)
class Message:
	"""What the person wrote: plain text, without what it quotes, and when it came."""

	text: str
	received_on: Any


def label() -> str:
	return _("Open data request")


def may() -> bool:
	"""Whether the user may hand in what a ticket asks for; answering it is for officers."""
	return frappe.session.user == "Administrator" or bool(ROLES & set(frappe.get_roles()))


def hint(ticket: Any) -> str:
	"""What the ticket seems to ask for, as the button that opens the request; "" when nothing, or when one was opened
	since, answered by now or not."""
	found = _found(_messages(ticket), _last_opened(ticket))
	if not found:
		return ""
	by_right = {
		"Erasure": _("Asks for deletion? Open a data request"),
		"Access": _("Asks for own data? Open a data request"),
	}
	return by_right.get(found[0].right) or _("Cites the GDPR? Open a data request")


def begin(ticket: Any) -> Asked:
	"""What is asked before the request is opened, filled in as far as the ticket tells."""
	(found, message), person = _asking(ticket), next(iter(people_of(ticket)), None)
	notes = [_("A data request of this ticket is open: {0}").format(name) for name in _opened(ticket)]
	if not person:
		notes.append(_("The ticket does not say whom to ask: it has neither a contact nor a mail address."))
		return Asked(_("Open Data Request"), "", [], notes)
	if found:
		notes.append(_("The ticket says: “{0}”").format(found.words))
	notes.append(
		_("{0} gets a mail by which to prove that the request is his. The clock runs from {1}.").format(
			person["email"], written(message.received_on, _reads())
		)
	)
	match = customer_of(ticket)
	if match.note:
		notes.append(match.note)
	fields = [
		Field(
			"request_type",
			"select",
			_("What is asked for"),
			options([(one, _(one)) for one in TYPES], found.right if found else "Access"),
		),
		Field(
			"objection_scope",
			"select",
			_("Objects To"),
			options([(one, _(one)) for one in intake.SCOPES], intake.SCOPES[0]),
			only_with=("request_type", "Objection"),
		),
		Field("person_name", "text", _("Name"), value=person["signer_name"]),
		Field(
			"person",
			"checks",
			_("Person"),
			[
				Option("is_representative", _("Asks for Somebody Else")),
				Option("has_protected_address", _("Address Is Protected")),
			],
		),
		Field(
			"represents",
			"text",
			_("For Whom, and by What Right"),
			only_with=("person", "is_representative"),
		),
		language_field(found.language if found else _settings_language()),
		*customer_field(match),
		*company_field(REQUEST),
	]
	return Asked(_("Open Data Request"), _("Open data request"), fields, notes)


def perform(ticket: Any, values: dict[str, Any]) -> dict[str, str]:
	"""Take the request in, as of the moment when the message came: {text, address}; its ticket says so by itself."""
	asked = begin(ticket)
	if not asked.submit:
		frappe.throw(" ".join(asked.notes))
	answers, (_asked, message) = Answers(asked, values), _asking(ticket)
	customer = chosen_customer(ticket, answers)
	kind = answers.one("request_type")
	given = {
		"company": chosen_company(answers, REQUEST),
		"request_type": kind,
		"objection_scope": answers.one("objection_scope") if kind == "Objection" else "",
		"person_name": answers.one("person_name"),
		"represents": answers.one("represents"),
		"details": message.text[:MOST_WORDS],
		**{one: True for one in answers.many("person")},
	}
	try:
		wish = intake.read_wish(given)
	except Refused as refused:
		frappe.throw(refused.text)
	name = intake.record(
		wish,
		people_of(ticket)[0]["email"],
		answers.one("language"),
		received_on=message.received_on,
		proof=None,
		reference=(TICKET, str(ticket.name)),
	)
	if customer:
		records.step(frappe.get_doc(REQUEST, name), "Note", kept(N_("The ticket's customer: {0}"), customer))
	seen = frappe.has_permission(REQUEST, "read", name)
	return {
		"text": _("The data request {0} is open.").format(name),
		"address": f"/app/data-subject-request/{name}" if seen else "",
	}


def _reads() -> str:
	"""The language of whoever sits at the page, as far as we speak it."""
	return frappe.local.lang if frappe.local.lang in LANGUAGES else "en"


def _settings_language() -> str:
	return frappe.get_cached_doc("Signflow Settings").default_language or "fi"


def _opened(ticket: Any) -> list[str]:
	about = {"reference_doctype": TICKET, "reference_name": str(ticket.name)}
	return frappe.get_all(
		REQUEST, {**about, "status": ["not in", records.CLOSED]}, pluck="name", order_by="creation asc"
	)


def _last_opened(ticket: Any) -> Any:
	"""When the message came of which the ticket's last data request was opened; None for a ticket without one."""
	about = {"reference_doctype": TICKET, "reference_name": str(ticket.name)}
	return frappe.db.get_value(REQUEST, about, "received_on", order_by="received_on desc")


def _messages(ticket: Any) -> list[Message]:
	"""The person's own words, first to last: the ticket itself, then the mails that came in."""
	described = _plain(ticket.description)
	first = "\n".join((cstr(ticket.subject), described))
	rows = frappe.get_all(
		"Communication",
		{"reference_doctype": TICKET, "reference_name": str(ticket.name), "sent_or_received": "Received"},
		["subject", "content", "communication_date", "creation"],
		order_by="creation asc",
		limit=MOST_MAILS,
	)
	# Helpdesk keeps a ticket's first words as its first mail as well.
	if rows and _plain(rows[0].content) == described:
		rows = rows[1:]
	mails = [
		Message(f"{cstr(row.subject)}\n{_plain(row.content)}", row.communication_date or row.creation)
		for row in rows
	]
	return [Message(first, ticket.creation), *mails]


def _plain(html: str | None) -> str:
	soup = BeautifulSoup((html or "")[:MOST_HTML], "html.parser")
	for quoted in soup.select("blockquote, .gmail_quote, style, script"):
		quoted.decompose()
	return soup.get_text("\n").strip()


def _found(messages: list[Message], after: Any = None) -> tuple[Any, Message] | None:
	"""What is asked for and in which message: the first that tells, of those that came `after` a time."""
	for message in messages:
		if after and get_datetime(message.received_on) <= get_datetime(after):
			continue
		if asked := recognise(message.text):
			return asked, message
	return None


def _asking(ticket: Any) -> tuple[Any, Message]:
	"""What is asked, None if nothing seems to be; and the message that asks and has no data request yet, else the first that
	asks at all, else the ticket's first: none is later than now."""
	messages = _messages(ticket)
	asked, message = _found(messages, _last_opened(ticket)) or _found(messages) or (None, messages[0])
	return asked, Message(message.text, min(get_datetime(message.received_on), frappe.utils.now_datetime()))
