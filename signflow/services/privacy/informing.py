"""Persons are told of the privacy notice (GDPR 13 and 14): by mail, once for each mailbox and controller.

The row is the queue: a Notice Delivery says who is to be told, when, and that it was done. The mail is queued in the
transaction that marks the row, so a killed worker neither forgets a person nor writes twice. Nothing leaves before an
officer has turned it on. No consent is asked here: to be told of data is no choice.
"""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_days, add_months, add_to_date, cint, get_datetime, get_url, getdate, now_datetime

from signflow.services.company import house
from signflow.services.delivery import has_unsubscribed
from signflow.services.guests import LANGUAGES
from signflow.services.letters import send_letter
from signflow.services.privacy import notices
from signflow.services.privacy.activities import officer
from signflow.services.site_keys import keyed_hash
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address

DELIVERY = "Notice Delivery"
# Leads first: they know their company and language, which the Contact that is made with each does not.
PARTIES = ("Lead", "Contact")
# Whoever filled in a form of ours had the notice before her eyes (GDPR 13(4)).
TOLD_WHERE_ASKED = ("Web Form", "Signed Form")
# How many new persons one sweep takes up.
BATCH = 500


def sweep() -> None:
	"""Take up new persons, and tell as many as the hour allows (every five minutes; commits)."""
	settings = frappe.get_doc("Signflow Settings")
	if not settings.inform_people:
		return
	for doctype in PARTIES:
		for row in _new_persons(doctype, settings):
			_take_up(doctype, row, settings)
	for name in _due(settings):
		tell(name)


def _new_persons(doctype: str, settings: Any) -> list[Any]:
	"""The persons made since `inform_from` of whom there is no row yet, oldest first."""
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
	return (
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
		.limit(BATCH)
	).run(as_dict=True)


@one_transaction
def _take_up(doctype: str, row: Any, settings: Any) -> None:
	"""One row for a new person: waiting, or why nothing is to be sent."""
	company = row.get("company") or controller_of(row)
	status = _status_of(row, company)
	made = get_datetime(row.creation)
	_insert(
		company=company or frappe.defaults.get_global_default("company") or "",
		party_type=doctype,
		party=row.name,
		party_made_on=made,
		status=status,
		not_before=add_to_date(made, days=cint(settings.inform_after_days)),
		due_on=add_months(getdate(made), 1),
		sent_on=made if status == "Told Where Asked" else None,
		mail_key=_mail_key(company, row.email_id) if status in ("Waiting", "Told Where Asked") else None,
	)


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


def _due(settings: Any) -> list[str]:
	"""The rows to tell now, no more than the hour has room for, the most urgent first."""
	sent = frappe.db.count(
		DELIVERY, {"status": "Sent", "sent_on": [">", add_to_date(now_datetime(), hours=-1)]}
	)
	room = cint(settings.inform_per_hour) - sent
	if room <= 0:
		return []
	return frappe.get_all(
		DELIVERY,
		{"status": "Waiting", "not_before": ["<=", now_datetime()]},
		pluck="name",
		order_by="due_on asc, creation asc, name asc",
		limit=room,
	)


@one_transaction
def tell(name: str) -> str:
	"""Mail the notice to the person of one row, unless that was done; returns the row's status.

	While the company has no published notice the row waits.
	"""
	row = frappe.get_doc(DELIVERY, name, for_update=True)
	if row.status != "Waiting":
		return row.status
	notice = notices.published(row.company)
	if not notice:
		return row.status
	person = _person(row.party_type, row.party)
	if not person or person.creation != row.party_made_on:
		return _settle(row, "Not Needed")  # erased meanwhile: nothing is held that one would be told of
	if _is_restricted(person, row.company):
		return row.status  # it waits until the restriction is lifted
	email = one_address(person.email_id or "")
	if not email or has_unsubscribed(email):
		return _settle(row, "Not Reachable")
	key = _mail_key(row.company, email)
	if key != row.mail_key and frappe.db.exists(DELIVERY, {"mail_key": key}):
		return _settle(row, "Already Told")
	if not _send(row, person, email, notice):
		return _settle(row, "Not Reachable")
	return _settle(row, "Sent", mail_key=key, notice=notice.name, sent_on=now_datetime())


def _settle(row: Any, status: str, **values: Any) -> str:
	frappe.db.set_value(DELIVERY, row.name, {"status": status, **values})
	return status


def _person(doctype: str, name: str) -> Any:
	fields = ["name", "creation", "email_id", "signflow_origin", "signflow_restricted_for"]
	if doctype == "Lead":
		fields.append("language")
	return frappe.db.get_value(doctype, name, fields, as_dict=True)


def _is_restricted(person: Any, company: str | None) -> bool:
	"""Whether the company may only keep the data (GDPR 18(2))."""
	return bool(company) and company in (person.signflow_restricted_for or "").split("\n")


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
	if _is_restricted(_person(doctype, name), company):
		frappe.throw(_("Processing is restricted: the data is only kept."))
	if not notices.published(company):
		frappe.throw(_("{0} has no published privacy notice.").format(company))
	return tell(_row_for(doctype, name, company))


@one_transaction
def _row_for(doctype: str, name: str, company: str) -> str:
	person = _person(doctype, name)
	own = {"party_type": doctype, "party": name, "party_made_on": person.creation}
	known = frappe.db.get_value(DELIVERY, {"company": company, **own})
	if known:
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
