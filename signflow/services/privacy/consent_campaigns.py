"""Asking people for a consent by mail, one or many.

The rows are the queue: a campaign with `work_due` and a lease, and one row a person, whose mail and whose status "Asked"
are written in one transaction. A killed worker leaves both to the next sweep, and nobody is asked twice. What fails is
tried again after a pause: a person a few times, then the others go on; a campaign that gets nowhere stops and says so.
"""

import hashlib
import json
from typing import Any

import frappe
from frappe import _
from frappe.model.document import bulk_insert
from frappe.query_builder.functions import Count
from frappe.utils import add_to_date, now_datetime

from signflow.core.privacy.marketing import Action, Rule
from signflow.services import work
from signflow.services.acting import acting_as
from signflow.services.guests import LANGUAGES
from signflow.services.privacy import consent_letters, consents, marketing
from signflow.services.privacy.consents import Person
from signflow.services.transaction import one_transaction

CAMPAIGN, PERSON = "Consent Campaign", "Consent Campaign Person"
LEASE_SECONDS = 120
AT_ONCE = 200
# So often is one person tried, and so often in a row does a campaign fail before somebody has to look at it.
PERSON_TRIES, CAMPAIGN_TRIES = 3, 6
DONE = "-"
FAULT = "Could not be asked for a fault of this site"


def ask(
	doctype: str, name: str, text: str, *, language: str, message: str = "", asked_for: bool = False
) -> dict[str, Any]:
	"""Ask the people of one Contact, Lead or Customer: {campaign, asked, left_out (a line for each)}.

	With the caller's permission to read the record. The mails are sent by a worker.
	"""
	record = frappe.get_doc(doctype, name)
	record.check_permission("read")
	consents.current_wording(text, language)
	people = marketing.people_of(doctype, name)
	return _ask_these(record, people, text, language, message, asked_for)


@one_transaction
def _ask_these(
	record: Any, people: list[Person], text: str, language: str, message: str, asked_for: bool
) -> dict[str, Any]:
	campaign = frappe.new_doc(CAMPAIGN)
	purpose = frappe.db.get_value("Consent Text", text, "purpose")
	campaign.update(
		{
			"title": f"{purpose}: {record.get_title() or record.name}"[:140],
			"consent_text": text,
			"language": language,
			"message": message,
			"asked_for": int(asked_for),
			"ask_doctype": "Lead" if record.doctype == "Lead" else "Contact",
			"status": "Sending",
			"started_on": now_datetime(),
			"filled_to": DONE,
			"work_due": 1,
			"per_hour": 0,
		}
	)
	campaign.flags.signflow = True
	campaign.insert(ignore_permissions=True)
	rows = _add(campaign, people)
	wake(campaign.name)
	_count(campaign.name)
	left_out = [f"{row.email or row.party}: {_(row.note)}" for row in rows if row.status == "Left Out"]
	return {"campaign": campaign.name, "asked": len(rows) - len(left_out), "left_out": left_out}


def start(name: str) -> None:
	"""Begin a campaign, or go on with a paused one, with the caller's permission to write it."""
	frappe.get_doc(CAMPAIGN, name).check_permission("write")
	_start(name)


@one_transaction
def _start(name: str) -> None:
	campaign = frappe.get_doc(CAMPAIGN, name, for_update=True)
	if campaign.status not in ("Draft", "Paused"):
		frappe.throw(_("This campaign is on its way already."))
	consents.current_wording(campaign.consent_text, campaign.language)
	_set(
		name,
		status="Sending",
		started_on=campaign.started_on or now_datetime(),
		work_due=1,
		lease_until=None,
		failure=None,
		tries=0,
	)
	wake(name)


@one_transaction
def pause(name: str) -> None:
	"""Stop asking; those who have a mail already can still answer."""
	campaign = frappe.get_doc(CAMPAIGN, name, for_update=True)
	campaign.check_permission("write")
	if campaign.status == "Sending":
		_set(name, status="Paused", work_due=0)


def wake(name: str) -> None:
	"""Have a worker go on with a campaign as soon as the transaction is committed."""
	work.wake("signflow.services.privacy.consent_campaigns.advance", name=name)


def sweep() -> None:
	"""Once a minute: wake the campaigns that nobody holds."""
	work.wake_unheld(CAMPAIGN, wake)


def advance(name: str) -> None:
	"""Find the people, and ask as many as the hour allows (RQ job). Does nothing while another holds the lease."""
	frappe.set_user("Administrator")
	if not work.take_lease(CAMPAIGN, name, LEASE_SECONDS):
		return
	person = None
	try:
		while _fill(name):
			pass
		for person in _waiting(name):
			if not _ask(name, person):
				break
	except Exception as error:
		frappe.db.rollback()
		# Not raised: Frappe would log it with all values at hand, people's addresses among them.
		_fail(name, person, error)
	else:
		_release(name)


@one_transaction
def _fail(name: str, person: str | None, error: Exception) -> None:
	"""Say where it failed, and leave the campaign to the sweep after a pause, with the other people before this one."""
	place = work.place_of(error)
	frappe.log_error(
		title="signflow: consent campaign", message=place, reference_doctype=CAMPAIGN, reference_name=name
	)
	if person:
		tries = frappe.db.get_value(PERSON, person, "tries") + 1
		gives_up = tries >= PERSON_TRIES
		_answer(person, tries=tries, **({"status": "Failed", "note": FAULT} if gives_up else {}))
		_count(name)
	tries = frappe.db.get_value(CAMPAIGN, name, "tries", for_update=True) + 1
	_set(name, tries=tries, lease_until=work.lease(work.pause(tries)))
	if tries >= CAMPAIGN_TRIES:
		_set(name, status="Paused", work_due=0, lease_until=None, failure=place[:500])


@one_transaction
def _release(name: str) -> None:
	"""Give the lease back; what is left is taken up at once, unless the hour's mails are used up."""
	_count(name)
	campaign = frappe.get_doc(CAMPAIGN, name)
	_set(name, lease_until=None)
	if campaign.status == "Sending" and campaign.filled_to == DONE and not _waiting(name):
		_set(name, status="Sent", work_due=0)
	elif campaign.work_due and _left_this_hour(campaign):
		wake(name)


@one_transaction
def _fill(name: str) -> bool:
	"""Take up the next people whom the filter finds, as its maker may see them; False once all are there."""
	campaign = frappe.get_doc(CAMPAIGN, name, for_update=True)
	if campaign.status != "Sending" or campaign.filled_to == DONE:
		return False
	filters = [*json.loads(campaign.filters_json or "[]"), ["name", ">", campaign.filled_to or ""]]
	with acting_as(campaign.owner):
		names = frappe.get_list(
			campaign.ask_doctype, filters=filters, pluck="name", order_by="name asc", limit=AT_ONCE
		)
	if names:
		_add(campaign, marketing.people_named(campaign.ask_doctype, names))
	last = names[-1] if len(names) == AT_ONCE else DONE
	_set(name, filled_to=last, lease_until=work.lease(LEASE_SECONDS))
	return last != DONE


def _add(campaign: Any, people: list[Person]) -> list[Any]:
	"""Write the rows of people, each address once; who is not asked says why."""
	known = marketing.Known(people)
	languages = _languages(people, campaign.language)
	by_name: dict[str, Person] = {}
	for person in people:
		key = f"{campaign.name}\0{person.email or person.party}"
		by_name.setdefault(hashlib.sha256(key.encode()).hexdigest()[:16], person)
	there = frappe.get_all(PERSON, {"name": ["in", list(by_name)]}, pluck="name", order_by="name asc")
	rows = []
	for name in by_name.keys() - set(there):
		person, row = by_name[name], frappe.new_doc(PERSON)
		note = _why_not(campaign, known, person)
		row.update(
			{
				"campaign": campaign.name,
				"company": campaign.company,
				"email": person.email or None,
				"party_type": person.party_type or None,
				"party": person.party or None,
				"status": "Left Out" if note else "Waiting",
				"note": note or None,
				"language": languages.get(person.party) or campaign.language,
			}
		)
		row.name = name
		rows.append(row)
	if rows:
		bulk_insert(PERSON, rows)
	return rows


def _languages(people: list[Person], otherwise: str) -> dict[str, str]:
	"""The language of each person, where it is known and we speak it: of the lead, of the contact's customer or user."""
	contacts = [person.party for person in people if person.party_type == "Contact"]
	leads = [person.party for person in people if person.party_type == "Lead"]
	link, customer, contact, user, lead = (
		frappe.qb.DocType(name) for name in ("Dynamic Link", "Customer", "Contact", "User", "Lead")
	)
	found: dict[str, str] = {}
	queries = (
		frappe.qb.from_(lead)
		.select(lead.name, lead.language)
		.where(lead.name.isin(leads or [""]))
		.orderby(lead.name),
		frappe.qb.from_(link)
		.join(customer)
		.on(customer.name == link.link_name)
		.select(link.parent, customer.language)
		.where((link.link_doctype == "Customer") & (link.parenttype == "Contact"))
		.where(link.parent.isin(contacts or [""]))
		.orderby(link.parent),
		frappe.qb.from_(contact)
		.join(user)
		.on(user.name == contact.user)
		.select(contact.name, user.language)
		.where(contact.name.isin(contacts or [""]))
		.orderby(contact.name),
	)
	for query in queries:
		for name, language in query.run():
			spoken = (language or "").replace("_", "-").split("-")[0]
			if spoken in LANGUAGES:
				found[name] = spoken
	return found


def _why_not(campaign: Any, known: marketing.Known, person: Person) -> str:
	"""Why a person is not asked, in English as it is stored and translated where it is shown; "" if he is."""
	if not person.email:
		return "No mail address"
	company = campaign.company
	state = known.state(person, company, "Email")
	if state.rule is Rule.OBJECTION:
		return "Has objected to marketing"
	if state.rule is Rule.RESTRICTED:
		return "The data is restricted"
	if state.rule is Rule.LEFT:
		return "Has left the customer or supplier"
	last = known.last_word(person, company, campaign.consent_text)
	if last and last.action is Action.GIVEN:
		return "Has consented already"
	if last:
		return "Has said no to this"
	channel = frappe.get_cached_value("Consent Text", campaign.consent_text, "channel")
	if channel and not state.allowed and not campaign.asked_for:
		return "Asking by mail would be marketing, which may not reach this person"
	return ""


def _left_this_hour(campaign: Any) -> bool:
	if not campaign.per_hour:
		return True
	asked = frappe.db.count(
		PERSON, {"campaign": campaign.name, "asked_on": [">", add_to_date(now_datetime(), hours=-1)]}
	)
	return asked < campaign.per_hour


def _waiting(name: str) -> list[str]:
	"""The next people to ask, those last with whom something went wrong before."""
	return frappe.get_all(
		PERSON,
		{"campaign": name, "status": "Waiting"},
		pluck="name",
		order_by="tries asc, name asc",
		limit=AT_ONCE,
	)


@one_transaction
def _ask(name: str, person_row: str) -> bool:
	"""Ask one person; False when no more may be asked now."""
	campaign = frappe.get_doc(CAMPAIGN, name, for_update=True)
	if campaign.status != "Sending" or not _left_this_hour(campaign):
		return False
	row = frappe.db.get_value(
		PERSON,
		person_row,
		["name", "email", "party_type", "party", "language", "status"],
		as_dict=True,
		for_update=True,
	)
	if row.status != "Waiting":
		return True
	# Since the row was written the person may have spoken.
	person = Person((row.email,), row.party_type or "", row.party or "")
	note = _why_not(campaign, marketing.Known([person]), person)
	if note:
		_answer(row.name, status="Left Out", note=note)
	elif consent_letters.ask(
		row.email,
		campaign.consent_text,
		row.language,
		record=(PERSON, row.name),
		message=campaign.message or "",
		person=row.name,
	):
		_answer(row.name, status="Asked", asked_on=now_datetime())
	else:
		_answer(row.name, status="Failed", note="The mail system does not take this address")
	_set(name, lease_until=work.lease(LEASE_SECONDS), tries=0)
	return True


def on_opened(person: str | None) -> None:
	"""A person of a campaign opened his link."""
	if person and frappe.db.get_value(PERSON, person, "status") == "Asked":
		_answer(person, status="Opened")
		_count(frappe.db.get_value(PERSON, person, "campaign"))


def on_returned(person: str) -> None:
	"""The mail to a person of a campaign did not arrive (hook signflow_letter_returned)."""
	row = frappe.db.get_value(PERSON, person, ["campaign", "status"], as_dict=True)
	if row and row.status == "Asked":
		_answer(person, status="Failed", note="The mail was returned")
		_count(row.campaign)


def on_answered(person: str | None, text: str, verb: str) -> None:
	"""A person of a campaign gave or refused what he was asked for."""
	row = person and frappe.db.get_value(PERSON, person, ["campaign", "status"], as_dict=True)
	if not row or row.status in ("Given", "Refused"):
		return
	if frappe.db.get_value(CAMPAIGN, row.campaign, "consent_text") == text:
		status = "Given" if verb == "give" else "Refused"
		_answer(person, status=status, answered_on=now_datetime())
		_count(row.campaign)


def _answer(person: str | None, **values: Any) -> None:
	frappe.db.set_value(PERSON, person, values)


def _set(name: str, **values: Any) -> None:
	frappe.db.set_value(CAMPAIGN, name, values, update_modified=False)


def _count(name: str) -> None:
	"""Bring the campaign's figures up to date. The return rate is of those who were asked, in percent."""
	person = frappe.qb.DocType(PERSON)
	rows = (
		frappe.qb.from_(person)
		.select(person.status, Count(person.name))
		.where(person.campaign == name)
		.groupby(person.status)
		.orderby(person.status)
	).run()
	number = dict(rows)
	answered = number.get("Given", 0) + number.get("Refused", 0)
	opened = number.get("Opened", 0) + answered
	asked = number.get("Asked", 0) + opened
	_set(
		name,
		people_count=sum(number.values()),
		sent_count=asked,
		left_out_count=number.get("Left Out", 0),
		opened_count=opened,
		given_count=number.get("Given", 0),
		refused_count=number.get("Refused", 0),
		return_rate=round(100 * answered / asked, 1) if asked else 0,
	)
