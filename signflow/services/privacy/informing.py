"""Persons are told of the privacy notice (GDPR 13 and 14): by mail, once for each mailbox and controller.

The row is the queue: a Notice Delivery says who is to be told, when, and that it was done. The mail is queued in the
transaction that marks the row, so a killed worker neither forgets a person nor writes twice. Nothing leaves before an
officer has turned it on. To be told of data is no choice; where an activity rests on consent, `asking` asks for it.

New persons are found by when they were made, from a mark on: it only spares work, and may be lost. What was made behind
it (by SQL, with another date, in a transaction of hours) is found once a day.
"""

import time
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_days, add_months, add_to_date, cint, get_datetime, get_url, getdate, now_datetime

from signflow.services import leavers, work
from signflow.services.company import house
from signflow.services.delivery import has_unsubscribed
from signflow.services.guests import LANGUAGES
from signflow.services.letters import send_letter
from signflow.services.privacy import asking, notices
from signflow.services.privacy.activities import officer
from signflow.services.site_keys import keyed_hash
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address

DELIVERY = "Notice Delivery"
# Leads first: they know their company and language, which the Contact that is made with each does not.
PARTIES = ("Lead", "Contact")
# Whoever filled in a form of ours had the notice before her eyes (GDPR 13(4)).
TOLD_WHERE_ASKED = ("Web Form", "Signed Form")
# How many new persons one sweep takes up, of each kind.
BATCH = 500
# What was written longer ago than this is committed; anything later is looked at again.
OVERLAP_HOURS = 1
# The daily look: how many records at a time, and how long in all.
PAGE = 5000
LONGEST_SECONDS = 900
# Five tries within a month: after 6, 12, 24, 48 hours.
MOST_TRIES = 5
FIRST_PAUSE_HOURS = 6
LOG_TITLE = "informing persons"


def sweep() -> None:
	"""Take up new persons, tell as many as the hour allows, and ask for consents (every five minutes; commits)."""
	with work.edge(LOG_TITLE):
		_sweep()


def _sweep() -> None:
	settings = frappe.get_doc("Signflow Settings")
	if not settings.inform_people:
		return
	for doctype in PARTIES:
		_take_up_new(doctype, settings)
	for name in _due(settings):
		tell_or_try_again(name)
	if settings.ask_consent:
		asking.ask_waiting(_room(settings), settings.default_language or "fi")


def look_everywhere() -> None:
	"""Take up whom `sweep` passes over, a page of all records after the other (daily; commits).

	What there is no time for is found the next day.
	"""
	with work.edge(LOG_TITLE):
		_look_everywhere()


def _look_everywhere() -> None:
	settings = frappe.get_doc("Signflow Settings")
	if not settings.inform_people:
		return
	until = time.monotonic() + LONGEST_SECONDS
	for doctype in PARTIES:
		after = ""
		while names := frappe.get_all(
			doctype, {"name": [">", after]}, pluck="name", order_by="name asc", limit=PAGE
		):
			for row in _new_persons(doctype, settings, names=(after, names[-1])):
				if time.monotonic() > until:
					return
				_take_up(doctype, row, settings)
			after = names[-1]


def _take_up_new(doctype: str, settings: Any) -> None:
	frappe.db.commit()  # what others have committed by now must be seen
	started = now_datetime()
	rows = _new_persons(doctype, settings, since=_mark(doctype, settings), limit=BATCH)
	for row in rows:
		_take_up(doctype, row, settings)
	reached = add_to_date(started, hours=-OVERLAP_HOURS)
	if len(rows) == BATCH:
		reached = min(reached, get_datetime(rows[-1].creation))
	frappe.cache.set_value(_mark_name(doctype, settings), str(reached))


def _mark(doctype: str, settings: Any) -> Any:
	"""Before when everybody was taken up, as far as this looks."""
	kept = frappe.cache.get_value(_mark_name(doctype, settings))
	return get_datetime(kept) if kept else get_datetime(settings.inform_from)


def _mark_name(doctype: str, settings: Any) -> str:
	return f"signflow:informed-to:{doctype}:{settings.inform_from}"


def _new_persons(
	doctype: str,
	settings: Any,
	*,
	since: Any = None,
	names: tuple[str, str] | None = None,
	limit: int | None = None,
) -> list[Any]:
	"""The persons made since `inform_from` of whom there is no row yet, oldest first.

	Only those made `since` then; only those named after `names[0]`, up to `names[1]`.
	"""
	party, delivery = frappe.qb.DocType(doctype), frappe.qb.DocType(DELIVERY)
	own = [
		party.name,
		party.creation,
		party.owner,
		party.email_id,
		party.signflow_origin,
		party.signflow_data_owner,
	]
	own.append(party.company if doctype == "Lead" else party.user)
	query = (
		frappe.qb.from_(party)
		.left_join(delivery)
		# A record that is deleted leaves its number to the next one: an older row is not of this person.
		.on(
			(delivery.party_type == doctype)
			& (delivery.party == party.name)
			& (delivery.party_made_on == party.creation)
		)
		.where(delivery.name.isnull())
		.where(party.creation >= getdate(settings.inform_from))
		.select(*own)
		.orderby(party.creation, party.name)
	)
	if since:
		# Frappe 15 keeps an index of `modified` alone, Frappe 16 one of `creation`; nothing is changed before it is made.
		query = query.where((party.creation >= since) & (party.modified >= since))
	if names:
		query = query.where((party.name > names[0]) & (party.name <= names[1]))
	return (query.limit(limit) if limit else query).run(as_dict=True)


def _take_up(doctype: str, row: Any, settings: Any) -> None:
	"""One row for a new person: waiting, or why nothing is to be sent. A person whom this fails on is tried again."""
	with work.edge(LOG_TITLE):
		_write_row(doctype, row, settings)
		return
	with work.edge(LOG_TITLE):
		_write_failed(doctype, row)


@one_transaction
def _write_row(doctype: str, row: Any, settings: Any) -> None:
	decided = _decided(row)
	_insert(
		**_own(doctype, row),
		**decided,
		not_before=add_to_date(row.creation, days=cint(settings.inform_after_days)),
	)


@one_transaction
def _write_failed(doctype: str, row: Any) -> None:
	later = add_to_date(now_datetime(), hours=FIRST_PAUSE_HOURS)
	_insert(**_own(doctype, row), company="", status="Failed", attempts=1, not_before=later)


def _own(doctype: str, row: Any) -> dict[str, Any]:
	made = get_datetime(row.creation)
	return {
		"party_type": doctype,
		"party": row.name,
		"party_made_on": made,
		"due_on": add_months(getdate(made), 1),
	}


def _decided(row: Any) -> dict[str, Any]:
	"""{company, status, sent_on, mail_key} of a new person: by whom and whether there is something to tell."""
	company = row.get("company") or controller_of(row)
	status = _status_of(row, company)
	return {
		"company": company or frappe.defaults.get_global_default("company") or "",
		"status": status,
		"sent_on": get_datetime(row.creation) if status == "Told Where Asked" else None,
		"mail_key": _mail_key(company, row.email_id) if status in ("Waiting", "Told Where Asked") else None,
	}


def _status_of(row: Any, company: str | None) -> str:
	if row.get("user") and frappe.db.get_value("User", row.user, "user_type") == "System User":
		return "Not Needed"  # staff are told by their employer, who is the controller
	if not one_address(row.email_id or "") or not company:
		return "Not Reachable"
	if frappe.db.exists(DELIVERY, {"mail_key": _mail_key(company, row.email_id)}):
		return "Already Told"
	return "Told Where Asked" if row.signflow_origin in TOLD_WHERE_ASKED else "Waiting"


def controller_of(row: Any) -> str | None:
	"""The company for which a Contact was recorded: its Lead's, its keeper's default, else the site's with a notice."""
	lead = frappe.db.get_value(
		"Dynamic Link", {"parenttype": "Contact", "parent": row.name, "link_doctype": "Lead"}, "link_name"
	)
	if lead and (company := frappe.db.get_value("Lead", lead, "company")):
		return company
	for user in (row.get("signflow_data_owner"), row.get("owner")):
		if user and user not in ("Administrator", "Guest"):
			company = frappe.defaults.get_user_default("Company", user)
			if company:
				return company
	return notices.site_company()


def _insert(**values: Any) -> Any:
	key = "\0".join(str(values[part]) for part in ("company", "party_type", "party", "party_made_on"))
	doc = frappe.get_doc({"doctype": DELIVERY, **values})
	doc.name = keyed_hash("notice delivery", key)[:32]
	doc.flags.signflow = True
	doc.flags.ignore_links = True
	return doc.insert(ignore_permissions=True, ignore_mandatory=True)


def _mail_key(company: str | None, email: str) -> str:
	"""A keyed hash by which a mailbox is known again for one controller, without being kept."""
	text = f"{company}\0{email.strip().lower()}"
	return keyed_hash("notice delivery", text)


def _room(settings: Any) -> int:
	"""How many mails this hour still has room for."""
	hour = [">", add_to_date(now_datetime(), hours=-1)]
	told = frappe.db.count(DELIVERY, {"sent_on": hour, "status": "Sent"})
	return max(0, cint(settings.inform_per_hour) - told - frappe.db.count(DELIVERY, {"asked_on": hour}))


def _due(settings: Any) -> list[str]:
	"""The rows to tell now, no more than the hour has room for, the most urgent first.

	Those of companies without a published notice wait, and are in nobody's way.
	"""
	room = _room(settings)
	if not room:
		return []
	speaking = frappe.get_all(
		notices.NOTICE, {"status": "Published"}, pluck="company", distinct=True, order_by="company asc"
	)
	filters = {
		"not_before": ["<=", now_datetime()],
		"attempts": ["<", MOST_TRIES],
		"company": ["in", [*speaking, ""]],
	}
	# One status at a time, in the order of their index: all that wait may be a whole customer base.
	rows = [
		row
		for status in ("Waiting", "Failed")
		for row in frappe.get_all(
			DELIVERY,
			{**filters, "status": status},
			["name", "due_on"],
			order_by="due_on asc, name asc",
			limit=room,
		)
	]
	return [row.name for row in sorted(rows, key=lambda row: (row.due_on, row.name))[:room]]


def tell_or_try_again(name: str) -> None:
	"""`tell` at a job's edge: a row that fails says so, and is tried again, later each time and five times in all."""
	with work.edge(LOG_TITLE):
		tell(name)
		return
	with work.edge(LOG_TITLE):
		_try_again(name)


@one_transaction
def _try_again(name: str) -> None:
	row = frappe.get_doc(DELIVERY, name, for_update=True)
	if row.status in ("Waiting", "Failed"):
		later = add_to_date(now_datetime(), hours=FIRST_PAUSE_HOURS * 2**row.attempts)
		_settle(row, "Failed", attempts=row.attempts + 1, not_before=later)


@one_transaction
def tell(name: str) -> str:
	"""Mail the notice to the person of one row, unless that was done; returns the row's status.

	While the company has no published notice the row waits.
	"""
	row = frappe.get_doc(DELIVERY, name, for_update=True)
	if row.status not in ("Waiting", "Failed"):
		return row.status
	person = _person(row.party_type, row.party)
	if not person or person.creation != row.party_made_on:
		return _settle(row, "Not Needed")  # erased meanwhile: nothing is held that one would be told of
	if not row.company:  # whom taking up has failed on
		row.update(_decided(person))
		known = {field: row.get(field) for field in ("company", "sent_on", "mail_key")}
		if _settle(row, row.status, **known) != "Waiting":
			return row.status
	if _is_restricted(person, row.company):
		return row.status  # it waits until the restriction is lifted
	notice = notices.published(row.company)
	if not notice:
		return row.status
	email = one_address(person.email_id or "")
	if not email or has_unsubscribed(email) or _has_left(row.party_type, person):
		return _settle(row, "Not Reachable")
	key = _mail_key(row.company, email)
	if frappe.db.exists(DELIVERY, {"mail_key": key, "name": ["!=", name]}):
		return _settle(row, "Already Told")
	if not _send(row, person, email, notice):
		return _settle(row, "Not Reachable")
	asks = frappe.get_cached_doc("Signflow Settings").ask_consent
	return _settle(
		row,
		"Sent",
		mail_key=key,
		notice=notice.name,
		sent_on=now_datetime(),
		attempts=0,
		asking="Waiting" if asks else "",
	)


def _settle(row: Any, status: str, **values: Any) -> str:
	frappe.db.set_value(DELIVERY, row.name, {"status": status, **values})
	return status


def _person(doctype: str, name: str) -> Any:
	fields = [
		"name",
		"creation",
		"owner",
		"email_id",
		"signflow_origin",
		"signflow_data_owner",
		"signflow_restricted_for",
	]
	fields += ["language", "company"] if doctype == "Lead" else ["user"]
	return frappe.db.get_value(doctype, name, fields, as_dict=True)


def _is_restricted(person: Any, company: str | None) -> bool:
	"""Whether the company may only keep the data (GDPR 18(2))."""
	return bool(company) and company in (person.signflow_restricted_for or "").split("\n")


def _has_left(doctype: str, person: Any) -> bool:
	"""Whether who this was recorded for reads the mailbox no more: the customer's or supplier's is not hers."""
	if doctype == "Contact" and leavers.has_left(person.name):
		return True
	mail = (person.email_id or "").strip().lower()
	left = leavers.left_on([mail]).get(mail)
	return bool(left) and getdate(person.creation) <= left


def _language(person: Any) -> str:
	known = (person.get("language") or "").split("-")[0]
	return (
		known if known in LANGUAGES else frappe.get_cached_doc("Signflow Settings").default_language or "fi"
	)


def _send(row: Any, person: Any, email: str, notice: Any) -> str | None:
	language = _language(person)
	address = notices.link(row.company, language)
	with print_language(language):
		# What was typed of the person by others is not repeated: nobody has proven this mailbox.
		return send_letter(
			email,
			subject=_("How {0} handles your personal data").format(row.company),
			template="signflow_privacy_notice",
			args={
				"house": house(row.company),
				"title": notices.text_in(notice, language).title,
				"origin": _(person.signflow_origin) if person.signflow_origin else "",
				"link": address if address.startswith("http") else get_url(address),
				"contact": officer()["email"]
				or frappe.get_cached_value("Company", row.company, "email")
				or "",
			},
			reference=(DELIVERY, row.name),
		)


def inform_now(doctype: str, name: str, company: str) -> str:
	"""Tell one person of a company's notice at once, as a user asks; the caller checks permission. Returns the status.

	Raises ValidationError where the company has no published notice. Who was told before gets no second mail.
	"""
	if doctype not in PARTIES:
		frappe.throw(_("Only contacts and leads are told by mail."))
	person = _person(doctype, name)
	if _is_restricted(person, company):
		frappe.throw(_("Processing is restricted: the data is only kept."))
	if _has_left(doctype, person):
		frappe.throw(_("{0} has left: the mailbox may be read by others.").format(name))
	if not notices.published(company):
		frappe.throw(_("{0} has no published privacy notice.").format(company))
	return tell(_row_for(doctype, name, company))


@one_transaction
def _row_for(doctype: str, name: str, company: str) -> str:
	person = _person(doctype, name)
	own = {"party_type": doctype, "party": name, "party_made_on": person.creation}
	known = frappe.db.get_value(DELIVERY, {"company": company, **own})
	if known:
		# Asked for by hand, what had failed for good gets another try.
		frappe.db.set_value(DELIVERY, {"name": known, "status": "Failed"}, "attempts", 0)
		return known
	email = one_address(person.email_id or "")
	if not email:
		frappe.throw(_("{0} has no mail address.").format(name))
	key = _mail_key(company, email)
	told = frappe.db.exists(DELIVERY, {"mail_key": key})
	now = now_datetime()
	return _insert(
		company=company,
		**own,
		status="Already Told" if told else "Waiting",
		not_before=now,
		due_on=add_days(getdate(now), 1),
		mail_key=None if told else key,
	).name


def told_of(doctype: str, name: str) -> list[Any]:
	"""What a person was told, newest first: [{company, status, sent_on, due_on, notice}]."""
	return frappe.get_all(
		DELIVERY,
		{
			"party_type": doctype,
			"party": name,
			"party_made_on": frappe.db.get_value(doctype, name, "creation"),
		},
		["company", "status", "sent_on", "due_on", "notice"],
		order_by="creation desc, name asc",
	)
