"""Mails about consents, each with its reader's own link to see and change all of them.

A link is 256 random bits in the address' fragment; its row keeps the hash. It proves the mailbox that it was sent to.
"""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_days, add_to_date, get_datetime, get_url, getdate, now_datetime

from signflow.core.identity.tokens import matches, new_token, parse
from signflow.core.privacy.marketing import has_objected
from signflow.services import delivery, letters, work
from signflow.services.company import house
from signflow.services.privacy import consents
from signflow.services.times import written
from signflow.services.transaction import one_transaction

LINK_DAYS = 90
RENEWALS_A_DAY = 2000
MAX_CONFIRMATIONS_A_DAY = 3
MAX_RECEIPTS_A_DAY = 20


def link_for(
	email: str,
	language: str,
	*,
	consent: str | None = None,
	text: str | None = None,
	campaign_person: str | None = None,
) -> str:
	"""A new personal link for a mail to `email`, in the caller's transaction; `text` is what the page shows first."""
	row = frappe.new_doc("Consent Link")
	row.name = frappe.generate_hash(length=12)
	token = new_token(row.name)
	row.update(
		{
			"email": email.lower(),
			"expires_on": add_to_date(now_datetime(), days=LINK_DAYS),
			"consent": consent,
			"consent_text": text,
			"campaign_person": campaign_person,
			"secret_hash": token.secret_hash,
		}
	)
	row.flags.signflow = True
	row.flags.name_set = True
	row.insert(ignore_permissions=True, ignore_links=True)
	return get_url(f"/privacy/consents?lang={language}#{token.text}")


@one_transaction
def follow(token: str) -> Any:
	"""The Consent Link of a token that came in, marked as opened; None for any other and for an old one."""
	given = parse(token)
	row = given and frappe.db.get_value(
		"Consent Link",
		given.signer_id,
		[
			"name",
			"email",
			"expires_on",
			"consent",
			"consent_text",
			"campaign_person",
			"secret_hash",
			"opened_on",
		],
		as_dict=True,
	)
	if not given or not matches(given.secret_hash, row.secret_hash if row else None):
		return None
	if get_datetime(row.expires_on) < now_datetime():
		return None
	if not row.opened_on:
		frappe.db.set_value("Consent Link", row.name, "opened_on", now_datetime())
	return row


def daily() -> None:
	"""Ask whoever's consent is about to end, once, where its text says so; forget the links that have ended."""
	frappe.db.delete("Consent Link", {"expires_on": ["<", now_datetime()]})
	frappe.db.commit()
	for text in frappe.get_all(
		"Consent Text",
		{"disabled": 0, "valid_months": [">", 0], "ask_again_days": [">", 0]},
		["name", "ask_again_days"],
		order_by="name asc",
	):
		with work.edge("consents that end"):
			for row in _about_to_end(text.name, text.ask_again_days):
				with work.edge("consents that end"):
					_renew(row, text.name)


@one_transaction
def _renew(row: Any, text: str) -> None:
	"""Ask one giver again, unless he has spoken since or has objected: a transaction each, so that a kill loses one."""
	person = consents.Person((row.email,), row.party_type or "", row.party or "")
	last = consents.state_of(person, text)
	said = consents.as_said(consents.rows_of(person, row.company), person)
	if last and last.row == row.name and not has_objected(said, getdate()):
		ask(row.email, text, row.language, record=("Consent", row.name), consent=row.name, renewal=True)


def _about_to_end(text: str, days: int) -> list[Any]:
	"""The consents to `text` that end within `days` and whose givers were not asked again yet, soonest first."""
	consent, link = frappe.qb.DocType("Consent"), frappe.qb.DocType("Consent Link")
	return (
		frappe.qb.from_(consent)
		.left_join(link)
		.on(link.consent == consent.name)
		.select(consent.name, consent.email, consent.language, consent.party_type, consent.party)
		.select(consent.company)
		.where((consent.consent_text == text) & (consent.action == "Given") & consent.email.isnotnull())
		.where(consent.expires_on[getdate() : getdate(add_days(getdate(), days))])
		.where(link.name.isnull())
		.orderby(consent.expires_on)
		.limit(RENEWALS_A_DAY)
	).run(as_dict=True)


def _letter(
	email: str,
	language: str,
	template: str,
	subject: str,
	record: tuple[str, str],
	args: dict[str, Any],
	*,
	is_his: bool = True,
) -> bool:
	"""Queue a mail that holds a personal link; it is sent at once, and blanked as soon as it is sent. `is_his`: what he said is
	confirmed; else he is asked something, which he is not while his data is restricted."""
	if delivery.has_unsubscribed(email):
		return False
	mail = {"subject": subject, "template": template, "args": args, "is_his": is_his}
	queued = delivery.queue_about("consent", record, email, **mail)
	return bool(queued)


def on_changed(rows: list[Any]) -> None:
	"""Consents were written: mail the link of each that is still to be confirmed (hook signflow_consents_changed)."""
	for row in rows:
		if row.action == "Pending":
			ask_to_confirm(row)


def ask_to_confirm(row: Any) -> bool:
	"""Mail the link that confirms a pending consent; nothing that was typed anywhere stands in that mail."""
	if letters.counted(f"consent confirm {row.email}") > MAX_CONFIRMATIONS_A_DAY:
		return False
	shown = consents.wording(row.version, row.language)
	with print_language(shown.language):
		return _letter(
			row.email,
			shown.language,
			"signflow_consent_confirm",
			_("Please confirm: {0}").format(shown.title),
			(row.doctype, row.name),
			{
				"house": house(row.company),
				"title": shown.title,
				"words": shown.words,
				"link": link_for(row.email, shown.language, consent=row.name, text=row.consent_text),
			},
		)


def ask(
	email: str,
	text: str,
	language: str,
	*,
	record: tuple[str, str],
	consent: str | None = None,
	message: str = "",
	person: str | None = None,
	renewal: bool = False,
) -> bool:
	"""Mail the question whether somebody consents; False when the mail system does not take the address."""
	shown = consents.current_wording(text, language)
	company = frappe.db.get_value("Consent Text", text, "company")
	with print_language(shown.language):
		return _letter(
			email,
			shown.language,
			"signflow_consent_question",
			_("{0} asks for your consent: {1}").format(company, shown.title),
			record,
			{
				"house": house(company),
				"title": shown.title,
				"words": shown.words,
				"message": message,
				"renewal": renewal,
				"link": link_for(email, shown.language, consent=consent, text=text, campaign_person=person),
			},
			is_his=False,
		)


def send_receipt(row: str, language: str) -> bool:
	"""Mail what a person has just said on the page, in the words that he was shown."""
	doc = frappe.get_doc("Consent", row)
	if not doc.email or letters.counted(f"consent receipt {doc.email}") > MAX_RECEIPTS_A_DAY:
		return False
	shown = consents.wording(doc.version, doc.language) if doc.version else None
	with print_language(language):
		subjects = {
			"Given": _("Receipt: you have given your consent"),
			"Withdrawn": _("Receipt: you have withdrawn your consent"),
			"Refused": _("Receipt: you have said no"),
			"Objected": _("Receipt: no more marketing"),
			"Objection Lifted": _("Receipt: marketing allowed again"),
		}
		return _letter(
			doc.email,
			language,
			"signflow_consent_receipt",
			subjects[doc.action],
			(doc.doctype, doc.name),
			{
				"house": house(doc.company),
				"action": doc.action,
				"company": doc.company,
				"title": shown.title if shown else "",
				"words": shown.words if shown else "",
				"said_on": written(doc.said_on, language, seconds=True),
				"reference": doc.name,
				"link": link_for(doc.email, language, text=doc.consent_text),
			},
		)
