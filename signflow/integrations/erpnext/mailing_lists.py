"""Frappe's and ERPNext's own mailings keep to what people said: Email Group, Newsletter, Email Campaign, unsubscribes.

- Newsletter writes to the members of a group that are not unsubscribed: `signflow_held_back` marks those whom we keep
  from it, so that a person's own unsubscribing is never mistaken for ours.
- Email Campaign asks nobody (15.90 writes to unsubscribed members as well): its message is a Communication, whose
  recipients are thinned out before it is written, so that they stand in no header either.
- An unsubscribe there is an objection here, and the other way round. An objection is to one company: a group says whose
  it is; what says nothing counts for all.
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, getdate, now_datetime, parse_addr

from signflow.core.privacy.marketing import has_objected
from signflow.services import work
from signflow.services.privacy import consents, marketing
from signflow.services.privacy.consents import Given, Person
from signflow.services.privacy.matching import chunks, equals
from signflow.services.transaction import one_transaction

SEGMENTS = {"Email": "signflow_email_marketing", "SMS": "signflow_sms_marketing"}
AT_ONCE = 500
SEGMENT_SECONDS = 150
ALLOWED, NOT_ALLOWED, DIFFERS = "Allowed", "Not Allowed", "Differs by Company"
DIFFERS_BY_PERSON = "Differs by Person"
SEGMENT_FIELDS = (*SEGMENTS.values(), "signflow_consents")


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


def companies_for(user: str) -> list[str]:
	"""For which companies a user's mailing speaks that names none: his own, else all."""
	return _of(None, user).companies


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
	work.wake("signflow.integrations.erpnext.mailing_lists.check_group", queue="long", group=group)


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
	_settle(rows, _group(group))


def _settle(members: list[Any], of: Any) -> None:
	"""Hold back those members of a group who may not be written to, and let go of the others; never who left by himself."""
	mine = [row for row in members if row.signflow_held_back or not row.unsubscribed]
	allowed = marketing.willing([row.email for row in mine], of.companies, of.text)
	held = {row.name for row in mine if row.signflow_held_back}
	to_hold = {row.name for row in mine if row.email.strip().lower() not in allowed}
	_hold(to_hold - held, True)
	_hold(held - to_hold, False)


def _hold(members: Collection[str], held_back: bool) -> None:
	values = {"unsubscribed": int(held_back), "signflow_held_back": int(held_back)}
	for some in chunks(members):
		frappe.db.set_value("Email Group Member", {"name": ["in", some]}, values)


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


def on_changed(rows: list[Any]) -> None:
	"""Rows of Consent were written: the framework's own marks follow them (hook signflow_consents_changed)."""
	told = [row for row in rows if row.action != "Pending" and row.channel in ("Email", "SMS", "", None)]
	if not told:
		return
	people = _people(told)
	by_mail = [(row, person) for row, person in zip(told, people, strict=True) if row.channel != "SMS"]
	for row, person in by_mail:
		if _takes_back(row) and not _has_objected(person, row.company):
			_take_back_unsubscribes(person, row.company)
	for company in sorted({row.company for row, _person in by_mail}):
		_follow_groups(
			[mail for row, one in by_mail if row.company == company for mail in one.emails], company
		)
	for row, person in by_mail:
		if row.action == "Objected":
			_follow_flag(person)
	_follow_segments(people)


def _takes_back(row: Any) -> bool:
	"""Whether a row says that mail is welcome now: what was said elsewhere, long ago, is older than an unsubscribe."""
	wanted = row.action == "Objection Lifted" or (row.action == "Given" and row.how != "Import")
	return wanted and (row.channel == "Email" or not row.consent_text)


def _people(rows: list[Any]) -> list[Person]:
	"""Whose rows they are, in their order, each person with all addresses that he has here."""
	found: dict[tuple[str, str], tuple[str, ...]] = {}
	for doctype in ("Contact", "Lead"):
		for some in chunks({row.party for row in rows if row.party_type == doctype}):
			for person in marketing.people_named(doctype, some):
				found[doctype, person.party] = person.emails
	people = []
	for row in rows:
		key = (row.party_type or "", row.party or "")
		if row.party and key not in found:
			exists = key[0] not in ("Contact", "Lead") and frappe.db.exists(*key)
			found[key] = consents.person_of(*key).emails if exists else ()
		mails = ([row.email] if row.email else []) + list(found.get(key, ()))
		people.append(Person(tuple(dict.fromkeys(mails)), *key))
	return people


def _with_those_behind(people: Sequence[Person]) -> list[Person]:
	"""The people and all who share a mailbox with one of them."""
	behind = consents.people_with(mail for person in people for mail in person.emails)
	return list(dict.fromkeys([*people, *(one for others in behind.values() for one in others)]))


def _take_back_unsubscribes(person: Person, company: str) -> None:
	"""The person wants this company's mail: old unsubscribes, which know no company, stay towards the others."""
	meant = _with_those_behind([person])
	known, companies = marketing.Known(meant), marketing.companies()
	for one in meant:
		for other in companies:
			if other != company and known.facts(one, other, "Email").flags and not _has_objected(one, other):
				consents.object_in_place(one, other, Given("Unsubscribed"), "Email")
	if person.emails:
		table = frappe.qb.DocType("Email Unsubscribe")
		frappe.qb.from_(table).delete().where(
			equals(table.email, person.emails) & (table.global_unsubscribe == 1)
		).run()
		for members, of in _memberships(person.emails):
			if company in of.companies:
				_hold([row.name for row in members], True)
	for one in meant:
		if one.party_type in ("Contact", "Lead"):
			frappe.db.set_value(one.party_type, one.party, "unsubscribed", 0)


def _memberships(mails: Sequence[str]) -> list[tuple[list[Any], Any]]:
	"""The members of groups who have one of the addresses, by group: (rows, the group as `_group` tells of it)."""
	member = frappe.qb.DocType("Email Group Member")
	by_group: dict[str, list[Any]] = {}
	for some in chunks(set(mails)):
		for row in (
			frappe.qb.from_(member)
			.select(member.name, member.email, member.email_group)
			.select(member.unsubscribed, member.signflow_held_back)
			.where(equals(member.email, some))
			.orderby(member.name)
			.run(as_dict=True)
		):
			by_group.setdefault(row.email_group, []).append(row)
	return [(rows, _group(group)) for group, rows in by_group.items()]


def _follow_groups(mails: Sequence[str], company: str) -> None:
	for members, of in _memberships(mails):
		if company in of.companies:
			_settle(members, of)


def _follow_flag(person: Person) -> None:
	"""`unsubscribed` of a Contact or Lead says that there is no company left that may write to him."""
	companies = marketing.companies()
	for one in _with_those_behind([person]):
		if one.party_type not in ("Contact", "Lead") or not frappe.db.exists(one.party_type, one.party):
			continue
		wanted = all(_has_objected(one, company) for company in companies)
		if wanted and not frappe.db.get_value(one.party_type, one.party, "unsubscribed"):
			frappe.db.set_value(one.party_type, one.party, "unsubscribed", 1)


def _follow_segments(people: Sequence[Person]) -> None:
	meant = _with_those_behind(people)
	for doctype in ("Contact", "Lead"):
		for some in chunks({one.party for one in meant if one.party_type == doctype}):
			write_segments(doctype, some)


def on_left(contact: str, party_type: str, party: str, by: str) -> bool:
	"""Somebody left a customer or supplier: mailing lists and segments follow (hook signflow_substituted)."""
	people = marketing.people_named("Contact", [contact])
	for members, of in _memberships([mail for person in people for mail in person.emails]):
		_settle(members, of)
	_follow_segments(people)
	return False


# Segments: what list filters on Contact and Lead find.


def refresh_segments() -> None:
	"""Every few minutes: the segments of new and changed records, then of those that were not looked at for a day.

	It goes on for as long as its time lasts, so that a site of any size is looked at in turn.
	"""
	until = time.monotonic() + SEGMENT_SECONDS
	for due in (_not_seen, _changed, _not_seen_for_a_day):
		for doctype in ("Contact", "Lead", "Customer"):
			while time.monotonic() < until and (names := _names_due(doctype, due)):
				try:
					_write_segments(doctype, names)
				except Exception as error:
					# Not raised: Frappe would log it with people's addresses. And these must not keep the others.
					frappe.db.rollback()
					work.tell("segments", error)
					_look_again_tomorrow(doctype, names)


def _not_seen(table: Any) -> Any:
	return table.signflow_marketing_on.isnull()


def _changed(table: Any) -> Any:
	seen = table.signflow_marketing_on
	return (table.modified > add_to_date(now_datetime(), hours=-1)) & (table.modified > seen)


def _not_seen_for_a_day(table: Any) -> Any:
	return table.signflow_marketing_on < add_to_date(now_datetime(), days=-1)


def _names_due(doctype: str, due: Callable[[Any], Any]) -> list[str]:
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.from_(table).select(table.name).where(due(table))
	return query.orderby(table.modified).limit(AT_ONCE).run(pluck=True)


@one_transaction
def _write_segments(doctype: str, names: list[str]) -> None:
	write_segments(doctype, names)


@one_transaction
def _look_again_tomorrow(doctype: str, names: list[str]) -> None:
	_put(doctype, names, {"signflow_marketing_on": now_datetime()})


def write_segments(doctype: str, names: list[str]) -> None:
	"""Write on Contacts, Leads or Customers whether marketing is allowed by mail and SMS, and to what they consent.

	A customer's are those of its contacts, whose own are written with it; of one without contacts, his own.
	"""
	found = (
		_of_customers(names) if doctype == "Customer" else _of_people(marketing.people_named(doctype, names))
	)
	alike: dict[tuple[str, ...], list[str]] = {}
	for name, values in found.items():
		alike.setdefault(values, []).append(name)
	for values, those in alike.items():
		fields = dict(zip(SEGMENT_FIELDS, values, strict=True))
		_put(doctype, those, {**fields, "signflow_marketing_on": now_datetime()})
	if doctype == "Contact":
		for some in chunks({customer for customer, _contact in _contacts(parent=names)}):
			write_segments("Customer", some)


def _of_people(people: list[Person]) -> dict[str, tuple[str, ...]]:
	"""The values of SEGMENT_FIELDS of each of the people, by name."""
	known = marketing.Known(people)
	of = marketing.companies()
	texts = {
		row.name: f"{row.purpose} ({row.company})"
		for row in frappe.get_all("Consent Text", {}, ["name", "purpose", "company"], order_by="name asc")
	}
	found = {}
	for person in people:
		values = []
		for channel in SEGMENTS:
			allowed = {known.state(person, company, channel).allowed for company in of}
			values.append(DIFFERS if len(allowed) > 1 else ALLOWED if allowed == {True} else NOT_ALLOWED)
		values.append("\n".join(texts[text] for text in known.given(person)))
		found[person.party] = tuple(values)
	return found


def _of_customers(names: list[str]) -> dict[str, tuple[str, ...]]:
	contacts = _contacts(link_name=names)
	stored = {
		row.name: tuple(row[field] or "" for field in SEGMENT_FIELDS)
		for row in frappe.get_all(
			"Contact",
			{"name": ["in", [contact for _customer, contact in contacts] or [""]]},
			["name", *SEGMENT_FIELDS],
			order_by="name asc",
		)
	}
	by_customer: dict[str, list[tuple[str, ...]]] = {}
	for customer, contact in contacts:
		if contact in stored:
			by_customer.setdefault(customer, []).append(stored[contact])
	found = {}
	for customer, rows in by_customer.items():
		*channels, consents_of = zip(*rows, strict=True)
		said = {line for lines in consents_of for line in lines.split("\n") if line}
		marks = [marks[0] if len(set(marks)) == 1 else DIFFERS_BY_PERSON for marks in channels]
		found[customer] = (*marks, "\n".join(sorted(said)))
	alone = [name for name in names if name not in found]
	return found | _of_people(marketing.people_named("Customer", alone))


def _contacts(**where: list[str]) -> list[tuple[str, str]]:
	"""(customer, contact) for the Contacts (`parent`) or Customers (`link_name`) named."""
	((column, names),) = where.items()
	link = frappe.qb.DocType("Dynamic Link")
	return (
		frappe.qb.from_(link)
		.select(link.link_name, link.parent)
		.where((link.parenttype == "Contact") & (link.link_doctype == "Customer"))
		.where(link[column].isin(names or [""]))
		.orderby(link.link_name, link.parent)
	).run()


def _put(doctype: str, names: list[str], values: dict[str, Any]) -> None:
	for some in chunks(names):
		frappe.db.set_value(doctype, {"name": ["in", some]}, values, update_modified=False)
