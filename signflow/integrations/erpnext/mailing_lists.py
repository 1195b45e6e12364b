"""Frappe's and ERPNext's own mailings keep to what people said: Email Group, Newsletter, Email Campaign, unsubscribes.

- Newsletter writes to the members of a group that are not unsubscribed: `signflow_held_back` marks those whom we keep
  from it, so that a person's own unsubscribing is never mistaken for ours.
- Email Campaign asks nobody (15.90 writes to unsubscribed members as well): its message is a Communication, whose
  recipients are thinned out before it is written, so that they stand in no header either.
- An unsubscribe there is an objection here, and the other way round. An objection is to one company: a group says whose
  it is; what says nothing counts for all.
"""

import secrets
from collections.abc import Sequence
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, getdate, now_datetime, parse_addr

from signflow.core.privacy.marketing import has_objected
from signflow.services import work
from signflow.services.privacy import consents, marketing
from signflow.services.privacy.consents import Given, Person
from signflow.services.privacy.matching import equals
from signflow.services.transaction import one_transaction

SEGMENTS = {"Email": "signflow_email_marketing", "SMS": "signflow_sms_marketing"}
AT_ONCE = 500
ALLOWED, NOT_ALLOWED, DIFFERS = "Allowed", "Not Allowed", "Differs by Company"


# A mailing that is about to leave.


def thin_out(doc: Any, method: str | None = None) -> None:
	"""Take out of an Email Campaign's message whoever may not be marketed to (Communication before_insert)."""
	if doc.reference_doctype != "Email Campaign" or doc.sent_or_received != "Sent":
		return
	asked = {parse_addr(part)[1].lower(): part for part in frappe.utils.split_emails(doc.recipients or "")}
	of = _campaign(doc.reference_name)
	kept = marketing.willing(asked, of.companies, of.text)
	doc.recipients = ", ".join(part for mail, part in asked.items() if mail in kept)


def _campaign(name: str) -> Any:
	"""Which companies an Email Campaign is for: its group's, its lead's, its sender's; all where nothing tells."""
	campaign = frappe.db.get_value(
		"Email Campaign", name, ["email_campaign_for", "recipient", "sender"], as_dict=True
	)
	if campaign and campaign.email_campaign_for == "Email Group":
		return _group(campaign.recipient, campaign.sender)
	company = None
	if campaign and campaign.email_campaign_for == "Lead":
		company = frappe.db.get_value("Lead", campaign.recipient, "company")
	return _of(company, campaign.sender if campaign else None)


def _of(company: str | None, user: str | None = None, text: str | None = None) -> Any:
	if not company and user:
		company = frappe.defaults.get_user_default("Company", user)
	return frappe._dict(companies=[company] if company else marketing.companies(), text=text)


# Members of groups.


def hold_back(doc: Any, method: str | None = None) -> None:
	"""A new member waits until a worker has seen that he may be written to (Email Group Member before_insert)."""
	if doc.unsubscribed:
		return
	doc.update({"unsubscribed": 1, "signflow_held_back": 1})
	waiting = frappe.flags.setdefault("signflow_groups", set())
	if doc.email_group in waiting:
		return
	waiting.add(doc.email_group)
	for moment in (frappe.db.after_commit, frappe.db.after_rollback):
		moment.add(lambda: waiting.discard(doc.email_group))
	_wake(doc.email_group)


def _wake(group: str) -> None:
	# A group is named by people: its name is no part of a job's.
	frappe.enqueue(
		"signflow.integrations.erpnext.mailing_lists.check_group",
		queue="long",
		enqueue_after_commit=True,
		job_id=f"signflow-email-group-{secrets.token_hex(8)}",
		group=group,
	)


def on_member(doc: Any, method: str | None = None) -> None:
	"""A member left the list by himself, or was put back on it (Email Group Member on_update)."""
	before = doc.get_doc_before_save()
	if not before or bool(before.unsubscribed) == bool(doc.unsubscribed):
		return
	if doc.unsubscribed:
		frappe.db.set_value("Email Group Member", doc.name, "signflow_held_back", 0, update_modified=False)
		group = _group(doc.email_group)
		_objects(doc.email, group.companies, ("Email Group Member", doc.name))
		return
	group = _group(doc.email_group)
	if not marketing.willing([doc.email], group.companies, group.text):
		frappe.throw(
			_("{0} has not consented to marketing by mail, or has objected to it.").format(doc.email)
		)
	frappe.db.set_value("Email Group Member", doc.name, "signflow_held_back", 0, update_modified=False)


def _group(name: str, user: str | None = None) -> Any:
	"""Which companies a group is of, and to which text its members consent: {companies, text}."""
	fields = ["signflow_company", "signflow_consent_text"]
	row = frappe.db.get_value("Email Group", name, fields, as_dict=True) or frappe._dict()
	text = row.signflow_consent_text
	company = frappe.db.get_value("Consent Text", text, "company") if text else row.signflow_company
	return _of(company, user, text)


def check_group(group: str) -> None:
	"""Hold back the members of a group who may not be written to, and let go of the others (RQ job)."""
	frappe.set_user("Administrator")
	last = ""
	while names := _next_members(group, last):
		# Whoever cannot be looked at stays held back until tomorrow's check; the others go on.
		with work.edge("members of a mailing list"):
			_check_members(group, names)
		last = names[-1]


def _next_members(group: str, after: str) -> list[str]:
	return frappe.get_all(
		"Email Group Member",
		{"email_group": group, "name": [">", after]},
		pluck="name",
		order_by="name asc",
		limit=AT_ONCE,
	)


@one_transaction
def _check_members(group: str, names: list[str]) -> None:
	member = frappe.qb.DocType("Email Group Member")
	rows = (
		frappe.qb.from_(member)
		.select(member.name, member.email, member.unsubscribed, member.signflow_held_back)
		.where(member.name.isin(names))
		.orderby(member.name)
	).run(as_dict=True)
	of = _group(group)
	allowed = marketing.willing([row.email for row in rows], of.companies, of.text)
	for row in rows:
		own_choice = row.unsubscribed and not row.signflow_held_back
		held_back = row.email.lower() not in allowed
		if not own_choice and bool(row.signflow_held_back) != held_back:
			_hold(row.name, held_back)


def _hold(member: str, held_back: bool) -> None:
	values = {"unsubscribed": int(held_back), "signflow_held_back": int(held_back)}
	frappe.db.set_value("Email Group Member", member, values)


def check_all_groups() -> None:
	"""Once a day: what ended by time (a consent, a customer's last purchase) reaches the groups."""
	for name in frappe.get_all("Email Group", pluck="name", order_by="name asc"):
		_wake(name)
	frappe.db.commit()


# Unsubscribes made elsewhere.


def on_unsubscribe(doc: Any, method: str | None = None) -> None:
	"""Somebody unsubscribed from all mail, or from a campaign or newsletter (Email Unsubscribe after_insert)."""
	if doc.global_unsubscribe:
		of = marketing.companies()
	elif doc.reference_doctype == "Email Campaign":
		of = _campaign(doc.reference_name).companies
	elif doc.reference_doctype == "Newsletter":
		groups = frappe.get_all(
			"Newsletter Email Group", {"parent": doc.reference_name}, pluck="email_group", order_by="idx asc"
		)
		of = sorted({company for group in groups for company in _group(group).companies})
	else:
		return
	_objects(doc.email, of, (doc.doctype, doc.name))


def on_flag(doc: Any, method: str | None = None) -> None:
	"""A Contact or Lead was marked as unsubscribed (on_update)."""
	if doc.get("unsubscribed") and doc.has_value_changed("unsubscribed"):
		person = consents.person_of(doc.doctype, doc.name)
		_object_all(person, marketing.companies(), (doc.doctype, doc.name))


def _objects(mail: str, of: Sequence[str], source: tuple[str, str]) -> None:
	_object_all(consents.person_with(mail), of, source)


def _object_all(person: Person, of: Sequence[str], source: tuple[str, str]) -> None:
	for company in of:
		if not _has_objected(person, company):
			consents.object_in_place(person, company, Given("Unsubscribed", source), "Email")


def _has_objected(person: Person, company: str) -> bool:
	return has_objected(consents.as_said(consents.rows_of(person, company), person), getdate())


# What was said here, told there.


def on_changed(row: Any) -> None:
	"""A row of Consent was written: the framework's own marks follow it (hook signflow_consent_changed)."""
	if row.action == "Pending" or row.channel not in ("Email", "SMS", "", None):
		return
	person = _person(row)
	if row.channel != "SMS":
		if row.action in ("Given", "Objection Lifted") and (row.channel == "Email" or not row.consent_text):
			_take_back_unsubscribes(person, row.company)
		_follow_groups(person, row.company)
		_follow_flag(person)
	_follow_segments(person)


def _person(row: Any) -> Person:
	"""Whose row it is, with all addresses that he has here."""
	mails = [row.email] if row.email else []
	if row.party and frappe.db.exists(row.party_type, row.party):
		mails += consents.person_of(row.party_type, row.party).emails
	return Person(tuple(dict.fromkeys(mails)), row.party_type or "", row.party or "")


def _take_back_unsubscribes(person: Person, company: str) -> None:
	"""The person wants this company's mail: old unsubscribes, which know no company, stay towards the others."""
	behind = [one for people in marketing.people_with(person.emails).values() for one in people]
	known = marketing.Known([person, *behind])
	for one in [person, *behind]:
		for other in marketing.companies():
			if other != company and known.facts(one, other, "Email").flags and not _has_objected(one, other):
				consents.object_in_place(one, other, Given("Unsubscribed"), "Email")
	for mail in person.emails:
		table = frappe.qb.DocType("Email Unsubscribe")
		frappe.qb.from_(table).delete().where(
			equals(table.email, [mail]) & (table.global_unsubscribe == 1)
		).run()
		for member, of in _memberships(mail):
			if company in of.companies:
				_hold(member, True)
	for one in [person, *behind]:
		if one.party_type in ("Contact", "Lead"):
			frappe.db.set_value(one.party_type, one.party, "unsubscribed", 0)


def _memberships(mail: str) -> list[tuple[str, Any]]:
	member = frappe.qb.DocType("Email Group Member")
	query = frappe.qb.from_(member).select(member.name, member.email_group)
	rows = query.where(equals(member.email, [mail])).orderby(member.name).run()
	return [(name, _group(group)) for name, group in rows]


def _follow_groups(person: Person, company: str) -> None:
	for mail in person.emails:
		for member, of in _memberships(mail):
			row = frappe.db.get_value(
				"Email Group Member", member, ["unsubscribed", "signflow_held_back"], as_dict=True
			)
			if company not in of.companies or (row.unsubscribed and not row.signflow_held_back):
				continue
			held_back = mail not in marketing.willing([mail], of.companies, of.text)
			if held_back != bool(row.signflow_held_back):
				_hold(member, held_back)


def _follow_flag(person: Person) -> None:
	"""`unsubscribed` of a Contact or Lead says that there is no company left that may write to him."""
	behind = [one for people in marketing.people_with(person.emails).values() for one in people]
	for one in {person, *behind}:
		if one.party_type not in ("Contact", "Lead") or not frappe.db.exists(one.party_type, one.party):
			continue
		wanted = int(all(_has_objected(one, company) for company in marketing.companies()))
		if wanted and not frappe.db.get_value(one.party_type, one.party, "unsubscribed"):
			frappe.db.set_value(one.party_type, one.party, "unsubscribed", wanted)


def _follow_segments(person: Person) -> None:
	behind = [one for people in marketing.people_with(person.emails).values() for one in people]
	for doctype in ("Contact", "Lead"):
		names = {one.party for one in (person, *behind) if one.party_type == doctype}
		if names:
			write_segments(doctype, sorted(names))


# Segments: what list filters on Contact and Lead find.


def refresh_segments() -> None:
	"""Every few minutes: the segments of new and changed records, then of those that were not looked at for a day."""
	for doctype in ("Contact", "Lead"):
		table = frappe.qb.DocType(doctype)
		seen, now = table.signflow_marketing_on, now_datetime()
		changed = (table.modified > add_to_date(now, hours=-1)) & (table.modified > seen)
		for due in (seen.isnull(), changed, seen < add_to_date(now, days=-1)):
			names = (
				frappe.qb.from_(table).select(table.name).where(due).orderby(table.modified).limit(AT_ONCE)
			).run(pluck=True)
			if names:
				with work.edge("segments"):
					_write_segments(doctype, names)


@one_transaction
def _write_segments(doctype: str, names: list[str]) -> None:
	write_segments(doctype, names)


def write_segments(doctype: str, names: list[str]) -> None:
	"""Write on Contacts or Leads whether marketing is allowed by mail and SMS, and to what they consent."""
	people = marketing.people_named(doctype, names)
	known = marketing.Known(people)
	of = marketing.companies()
	texts = {
		row.name: row
		for row in frappe.get_all("Consent Text", {}, ["name", "purpose", "company"], order_by="name asc")
	}
	for person in people:
		values: dict[str, Any] = {"signflow_marketing_on": now_datetime()}
		for channel, field in SEGMENTS.items():
			allowed = {known.state(person, company, channel).allowed for company in of}
			values[field] = DIFFERS if len(allowed) > 1 else ALLOWED if allowed == {True} else NOT_ALLOWED
		names_given = [f"{texts[text].purpose} ({texts[text].company})" for text in known.given(person)]
		values["signflow_consents"] = "\n".join(names_given)
		frappe.db.set_value(doctype, person.party, values, update_modified=False)
