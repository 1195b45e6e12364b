"""New persons asked for the consents that activities rest on: by mail, once, after they were told of the notice.

Asked is only where an active Processing Activity's ground is consent, and it names a text and whom to ask. How, and whom
not (whoever answered, objected, or may not be mailed), `consent_campaigns` knows. A row's `asking` says what is to do.
"""

from typing import Any

import frappe
from frappe.utils import add_to_date, now_datetime

from signflow.services import work
from signflow.services.privacy import consent_campaigns, consents
from signflow.services.transaction import one_transaction

DELIVERY = "Notice Delivery"
CLAIM_MINUTES = 10
MOST_TRIES = 5
LOG_TITLE = "asking new persons for consent"
# By which kinds of `ask_new_persons` a new person is asked.
KINDS = {"Contact": ("Contacts", "Contacts and Leads"), "Lead": ("Leads", "Contacts and Leads")}


def ask_waiting(room: int, language: str) -> None:
	"""Ask the persons whose rows wait for it, no more than `room`, the most urgent first; commits.

	`language` is for those of whom none is known.
	"""
	if room <= 0:
		return
	for name in frappe.get_all(
		DELIVERY,
		{"asking": "Waiting", "not_before": ["<=", now_datetime()]},
		pluck="name",
		order_by="due_on asc, creation asc, name asc",
		limit=room,
	):
		_ask_or_try_again(name, language)


def texts_for(company: str, party_type: str) -> list[str]:
	"""The published texts to which a new Contact or Lead of `company` is to be asked to consent."""
	activity, text = frappe.qb.DocType("Processing Activity"), frappe.qb.DocType("Consent Text")
	return (
		frappe.qb.from_(activity)
		.join(text)
		.on(text.name == activity.consent_text)
		.where((activity.company == company) & (activity.status == "Active") & (activity.ground == "Consent"))
		.where(activity.ask_new_persons.isin(KINDS[party_type]))
		.where((text.company == company) & (text.disabled == 0) & text.current_version.isnotnull())
		.select(text.name)
		.distinct()
		.orderby(text.name)
	).run(pluck=True)


def _ask_or_try_again(name: str, language: str) -> None:
	with work.edge(LOG_TITLE):
		_ask(name, language)
		return
	with work.edge(LOG_TITLE):
		_try_again(name)


def _ask(name: str, language: str) -> None:
	row = _claimed(name)
	if not row:
		return
	made = frappe.db.get_value(row.party_type, row.party, "creation")
	texts = texts_for(row.company, row.party_type) if made == row.party_made_on else []
	person = consents.person_of(row.party_type, row.party) if texts else None
	asked = [_ask_for(row, person, text, language) for text in texts]
	done = {"asking": "Asked", "asked_on": now_datetime()} if any(asked) else {"asking": "Not Asked"}
	_set(name, attempts=0, **done)


@one_transaction
def _claimed(name: str) -> Any:
	"""The row, kept from other workers for a while; None where one of them has it, or had it."""
	row = frappe.get_doc(DELIVERY, name, for_update=True)
	if row.asking != "Waiting" or row.not_before > now_datetime():
		return None
	frappe.db.set_value(DELIVERY, name, "not_before", add_to_date(now_datetime(), minutes=CLAIM_MINUTES))
	return row


def _ask_for(row: Any, person: Any, text: str, language: str) -> bool:
	if _has_been_asked(person.emails, text):
		# A worker killed after it had asked finds here that it had.
		return True
	if any(said.consent_text == text for said in consents.rows_of(person, row.company)):
		return False
	return bool(consent_campaigns.ask(row.party_type, row.party, text, language=language)["asked"])


def _has_been_asked(emails: tuple[str, ...], text: str) -> bool:
	if not emails:
		return False
	person = frappe.qb.DocType(consent_campaigns.PERSON)
	campaign = frappe.qb.DocType(consent_campaigns.CAMPAIGN)
	return bool(
		frappe.qb.from_(person)
		.join(campaign)
		.on(campaign.name == person.campaign)
		.where(person.email.isin(emails) & (campaign.consent_text == text))
		.where(person.status.notin(["Left Out", "Failed"]))
		.select(person.name)
		.orderby(person.name)
		.limit(1)
		.run()
	)


def _try_again(name: str) -> None:
	attempts = frappe.db.get_value(DELIVERY, name, "attempts") + 1
	later = add_to_date(now_datetime(), hours=2**attempts)
	state = "Failed" if attempts >= MOST_TRIES else "Waiting"
	_set(name, asking=state, attempts=attempts, not_before=later)


@one_transaction
def _set(name: str, **values: Any) -> None:
	frappe.db.set_value(DELIVERY, name, values)
