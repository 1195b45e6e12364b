"""Whom direct marketing may reach: what is known of a person, put to the law's rules (`core.privacy.marketing`).

Facts are gathered for many people at once, a few queries for all of them. The framework's own unsubscribes
(Contact.unsubscribed, Lead.unsubscribed, Email Unsubscribe, Email Group Member.unsubscribed) count as objections to mail.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Lower, Max
from frappe.utils import getdate

from signflow.core.privacy.marketing import Action, Facts, Rule, Said, State, marketing_state, text_state
from signflow.services import leavers
from signflow.services.privacy import consents
from signflow.services.privacy.consents import Person
from signflow.services.privacy.matching import equals

CHANNELS = ("Email", "SMS", "Phone", "Post")
AT_ONCE = 500
MOST_PEOPLE = 30
# For which companies a record is restricted (GDPR 18), one a line.
RESTRICTED = "signflow_restricted_for"


class Known:
	"""What is known of `people` towards all companies, read once."""

	def __init__(self, people: Sequence[Person]):
		mails = sorted({mail for person in people for mail in person.emails})
		self.rows = _rows(mails, people)
		self.links = _links(_named(people, "Contact"))
		self.contacts = _values(
			"Contact", _named(people, "Contact"), ["unsubscribed", "company_name", RESTRICTED, leavers.LEFT]
		)
		self.left = leavers.left_on(mails)
		leads = {*_named(people, "Lead"), *self._linked("Lead")}
		self.leads = _values("Lead", sorted(leads), ["unsubscribed", "company_name", "status", RESTRICTED])
		customers = {*_named(people, "Customer"), *self._linked("Customer")}
		self.customers = _values("Customer", sorted(customers), ["customer_type", RESTRICTED])
		self.unsubscribed = set(
			_by_mail("Email Unsubscribe", mails, ["email"], global_unsubscribe=1) if mails else ()
		)
		self.lists = _left_lists(mails)
		texts = frappe.get_all(
			"Consent Text",
			{"disabled": 0},
			["company", "channel", "existing_customers", "existing_customer_months", "current_version"],
			order_by="name asc",
		)
		self.exceptions = {(row.company, row.channel): row for row in texts if row.existing_customers}
		self.managed = {(row.company, row.channel) for row in texts if row.current_version}
		self.purchases = _purchases(self._consumers()) if self.exceptions else {}

	def _linked(self, doctype: str) -> set[str]:
		return {name for links in self.links.values() for kind, name in links if kind == doctype}

	def _consumers(self) -> list[str]:
		return sorted(name for name, row in self.customers.items() if row.customer_type == "Individual")

	def facts(self, person: Person, company: str, channel: str) -> Facts:
		"""The facts of one of the people towards a company, for a channel."""
		customers = [name for kind, name in self._roles(person) if kind == "Customer"]
		bought = [self.purchases[name, company] for name in customers if (name, company) in self.purchases]
		exception = self.exceptions.get((company, channel))
		return Facts(
			is_company_contact=self._is_company_contact(person),
			said=consents.as_said(self.rows_of(person, company), person),
			flags=self._flags(person, company),
			refuses_all=self._refusals(person),
			last_purchase=max(bought, default=None),
			existing_customers=bool(exception),
			existing_customer_months=exception.existing_customer_months if exception else 0,
			restricted=self._is_restricted(person, company),
			left_on=self.left_on(person),
		)

	def left_on(self, person: Person) -> date | None:
		"""When one of the people left the customer or supplier; None for whoever works for one."""
		roles = self._roles(person)
		if person.party_type == "Contact" and any(kind in leavers.PARTIES for kind, _name in roles):
			return None
		own = self.contacts.get(person.party) if person.party_type == "Contact" else None
		if own and own[leavers.LEFT]:
			return getdate(own[leavers.LEFT])
		return max((self.left[mail] for mail in person.emails if mail in self.left), default=None)

	def _is_restricted(self, person: Person, company: str) -> bool:
		read = {"Contact": self.contacts, "Lead": self.leads, "Customer": self.customers}
		rows = [read.get(kind, {}).get(name) for kind, name in self._roles(person)]
		return any(row and company in (row.get(RESTRICTED) or "").split("\n") for row in rows)

	def rows_of(self, person: Person, company: str | None = None) -> list[Any]:
		"""The rows of Consent of one of the people, first to last: towards a company, or all."""
		mine = {
			row.name: row
			for key in (*person.emails, (person.party_type, person.party))
			for row in self.rows.get(key, ())
			if company in (row.company, None)
		}
		return sorted(mine.values(), key=lambda row: row.said_on)

	def _roles(self, person: Person) -> list[tuple[str, str]]:
		own = [(person.party_type, person.party)] if person.party else []
		return own + (self.links.get(person.party, []) if person.party_type == "Contact" else [])

	def _is_company_contact(self, person: Person) -> bool:
		"""Whoever is a consumer in any role is one; whoever has none at all is taken for one."""
		roles = self._roles(person)
		kinds = {
			self.customers[name].customer_type
			for kind, name in roles
			if kind == "Customer" and name in self.customers
		}
		if kinds:
			return "Individual" not in kinds
		if any(kind == "Supplier" for kind, _name in roles):
			return True
		leads = [self.leads[name] for kind, name in roles if kind == "Lead" and name in self.leads]
		if leads:
			return all(lead.company_name for lead in leads)
		contact = self.contacts.get(person.party) if person.party_type == "Contact" else None
		return bool(contact and contact.company_name)

	def _flags(self, person: Person, company: str) -> list[str]:
		found = []
		for kind, name in self._roles(person):
			row = {"Contact": self.contacts, "Lead": self.leads}.get(kind, {}).get(name)
			if row and row.unsubscribed:
				found.append(f"{kind}.unsubscribed")
		if self.unsubscribed & set(person.emails):
			found.append("Email Unsubscribe")
		if any(of in (company, None) for mail in person.emails for of in self.lists.get(mail, ())):
			found.append("Email Group Member.unsubscribed")
		return found

	def _refusals(self, person: Person) -> list[str]:
		leads = [self.leads.get(name) for kind, name in self._roles(person) if kind == "Lead"]
		return ["Lead.status"] if any(lead and lead.status == "Do Not Contact" for lead in leads) else []

	def state(self, person: Person, company: str, channel: str) -> State:
		"""Whether and why marketing may reach the person through `channel` today."""
		return marketing_state(channel, self.facts(person, company, channel), getdate())

	def may_be_reached(
		self, person: Person, company: str, channel: str = "Email", text: str | None = None
	) -> bool:
		"""Whether the company's mailings through `channel` may go to one of the people; not if he said no to `text`.

		A company that has no consent text for the channel yet keeps its consents elsewhere, and who has not spoken here
		gets what he got before signflow came; whoever said no is left alone at once.
		"""
		state = self.state(person, company, channel)
		unmanaged = state.rule is Rule.NO_CONSENT and (company, channel) not in self.managed
		if not state.allowed and not unmanaged:
			return False
		last = self.last_word(person, company, text) if text else None
		return not last or last.action is Action.GIVEN

	def last_word(self, person: Person, company: str, text: str) -> Said | None:
		"""The last word of one of the people on a text of `company`."""
		return text_state(consents.as_said(self.rows_of(person, company), person), text, getdate())

	def given(self, person: Person) -> list[str]:
		"""The Consent Texts that the person consents to today."""
		rows = self.rows_of(person)
		said = consents.as_said(rows, person)
		words = {text: text_state(said, text, getdate()) for text in {row.text for row in said if row.text}}
		return sorted(text for text, last in words.items() if last and last.action is Action.GIVEN)


def _named(people: Sequence[Person], doctype: str) -> list[str]:
	return sorted({person.party for person in people if person.party_type == doctype})


def _rows(mails: list[str], people: Sequence[Person]) -> dict[Any, list[Any]]:
	consent = frappe.qb.DocType("Consent")
	ways = [consent.email.isin(mails)] if mails else []
	for doctype in sorted({person.party_type for person in people if person.party}):
		ways.append((consent.party_type == doctype) & consent.party.isin(_named(people, doctype)))
	found: dict[Any, list[Any]] = defaultdict(list)
	for way in ways:
		for row in (
			frappe.qb.from_(consent)
			.select(consent.name, consent.action, consent.said_on, consent.expires_on, consent.company)
			.select(consent.consent_text, consent.channel, consent.email, consent.party_type, consent.party)
			.where(way)
			.orderby(consent.said_on)
			.orderby(consent.creation)
			.run(as_dict=True)
		):
			for key in {row.email, (row.party_type, row.party)} - {None, (None, None)}:
				if all(row.name != other.name for other in found[key]):
					found[key].append(row)
	return found


def _links(contacts: list[str]) -> dict[str, list[tuple[str, str]]]:
	found: dict[str, list[tuple[str, str]]] = defaultdict(list)
	for row in contacts and frappe.get_all(
		"Dynamic Link",
		{"parenttype": "Contact", "parent": ["in", contacts]},
		["parent", "link_doctype", "link_name"],
		order_by="idx asc",
	):
		found[row.parent].append((row.link_doctype, row.link_name))
	return found


def _values(doctype: str, names: list[str], fields: list[str]) -> dict[str, Any]:
	if not names:
		return {}
	rows = frappe.get_all(doctype, {"name": ["in", names]}, ["name", *fields], order_by="name asc")
	return {row.name: row for row in rows}


def _by_mail(doctype: str, mails: list[str], fields: list[str], **filters: Any) -> list[Any]:
	"""Rows of a DocType whose `email` is one of `mails`, however it is written; of one field its values."""
	table = frappe.qb.DocType(doctype)
	address = Lower(table.email)
	query = (
		frappe.qb.from_(table)
		.select(address.as_("email"))
		.where(equals(table.email, mails))
		.orderby(table.name)
	)
	for field in fields[1:]:
		query = query.select(table[field])
	for field, value in filters.items():
		query = query.where(table[field] == value)
	rows = query.run(as_dict=True)
	return [row.email for row in rows] if len(fields) == 1 else rows


def _left_lists(mails: list[str]) -> dict[str, list[str | None]]:
	"""Which companies' mailing lists an address has left by itself; None for a list of no company."""
	if not mails:
		return {}
	rows = _by_mail(
		"Email Group Member", mails, ["email", "email_group"], unsubscribed=1, signflow_held_back=0
	)
	groups = _values("Email Group", sorted({row.email_group for row in rows}), ["signflow_company"])
	found: dict[str, list[str | None]] = defaultdict(list)
	for row in rows:
		group = groups.get(row.email_group)
		found[row.email].append((group and group.signflow_company) or None)
	return found


def _purchases(customers: list[str]) -> dict[tuple[str, str], date]:
	if not customers:
		return {}
	invoice = frappe.qb.DocType("Sales Invoice")
	rows = (
		frappe.qb.from_(invoice)
		.select(invoice.customer, invoice.company, Max(invoice.posting_date))
		.where((invoice.docstatus == 1) & invoice.customer.isin(customers))
		.groupby(invoice.customer, invoice.company)
		.orderby(invoice.customer)
	).run()
	return {(customer, company): getdate(day) for customer, company, day in rows}


def companies() -> list[str]:
	"""All companies of the site."""
	return frappe.get_all("Company", pluck="name", order_by="name asc")


def people_named(doctype: str, names: list[str]) -> list[Person]:
	"""The people that many Contacts or Leads are, with all their mail addresses."""
	mails: dict[str, list[str]] = {name: [] for name in names}
	rows = frappe.get_all(doctype, {"name": ["in", names]}, ["name", "email_id"], order_by="name asc")
	found = [(row.name, row.email_id) for row in rows]
	if doctype == "Contact":
		filters = {"parenttype": "Contact", "parent": ["in", names]}
		more = frappe.get_all("Contact Email", filters, ["parent", "email_id"], order_by="idx asc")
		found += [(row.parent, row.email_id) for row in more]
	for name, mail in found:
		if mail and mail.strip().lower() not in mails[name]:
			mails[name].append(mail.strip().lower())
	return [Person(tuple(mails[row.name]), doctype, row.name) for row in rows]


def willing(mails: Iterable[str], of: Sequence[str], text: str | None = None) -> set[str]:
	"""Which of `mails` (in lower case) the companies `of` may all market to by mail; nobody who said no to `text`.

	An address that several people share is written to only if each of them may be who has not left.
	"""
	behind = consents.people_with(mails)
	addresses, kept = sorted(behind), set()
	for start in range(0, len(addresses), AT_ONCE):
		some = addresses[start : start + AT_ONCE]
		known = Known([person for mail in some for person in behind[mail]])
		for mail in some:
			people = [one for one in behind[mail] if not known.left_on(one)] or behind[mail]
			if all(known.may_be_reached(person, company, text=text) for person in people for company in of):
				kept.add(mail)
	return kept


def of_record(doctype: str, name: str) -> list[dict[str, Any]]:
	"""The marketing states that Desk shows on a Customer, Contact or Lead, in the present language.

	One entry a person: {doctype, name, title, email, companies: [{company, channels: [{channel, allowed, rule, rule_text,
	since, row}], consents: [{text, purpose, action, said_on, row}]}]}. Only companies that the user may see.
	"""
	people = people_of(doctype, name)
	known = Known(people)
	seen = frappe.get_list("Company", pluck="name", order_by="name asc", limit=50)
	titles = rule_texts()
	found = []
	for person in people:
		shown = []
		for company in seen:
			channels = []
			for channel in CHANNELS:
				state = known.state(person, company, channel)
				channels.append(
					{
						"channel": channel,
						"allowed": state.allowed,
						"rule": state.rule.value,
						"rule_text": titles[state.rule.value],
						"since": str(state.since or ""),
						"row": state.row,
						"flag": state.flag,
					}
				)
			shown.append(
				{"company": company, "channels": channels, "consents": _said(known, person, company)}
			)
		title = _title(person)
		found.append(
			{
				"doctype": person.party_type,
				"name": person.party,
				"title": title,
				"email": person.email,
				"companies": shown,
			}
		)
	return found


def people_of(doctype: str, name: str) -> list[Person]:
	"""The people of a record: a customer's contacts (or the customer himself), else the one that the record is."""
	if doctype != "Customer":
		return [consents.person_of(doctype, name)]
	contacts = frappe.get_all(
		"Dynamic Link",
		{"parenttype": "Contact", "link_doctype": "Customer", "link_name": name},
		pluck="parent",
		order_by="parent asc",
		limit=MOST_PEOPLE,
	)
	return [consents.person_of("Contact", contact) for contact in contacts] or [
		consents.person_of("Customer", name)
	]


def _title(person: Person) -> str:
	doc = frappe.get_doc(person.party_type, person.party)
	return doc.get_title() or person.party


def _said(known: Known, person: Person, company: str) -> list[dict[str, str]]:
	rows = known.rows_of(person, company)
	said = consents.as_said(rows, person)
	texts = sorted({row.text for row in said if row.text})
	purposes = _values("Consent Text", texts, ["purpose"])
	found = []
	for text in texts:
		last = text_state(said, text, getdate())
		latest = [row for row in rows if row.consent_text == text][-1]
		ended = latest.action == Action.GIVEN.value
		action = last.action.value if last else (_("Ended") if ended else Action.PENDING.value)
		found.append(
			{
				"text": text,
				"purpose": purposes[text].purpose,
				"action": _(action),
				"said_on": str(last.on.date() if last else latest.said_on.date()),
				"row": last.row if last else latest.name,
			}
		)
	return found


def rule_texts() -> dict[str, str]:
	"""What each rule says of a person, by its stored value, in the present language."""
	return {
		"Restricted": _("restricted: the data is only kept (GDPR 18)"),
		"Objection": _("has objected (GDPR 21)"),
		"Consent": _("has consented"),
		"Consent Withdrawn": _("has withdrawn the consent"),
		"Consent Refused": _("has said no when asked"),
		"Contact of a Company": _("contact of a company: until refused (act 917/2014, 202 §)"),
		"Existing Customer": _("existing customer: similar products, until refused (act 917/2014, 200 § 3)"),
		"Allowed until Refused": _("consumer: this channel until refused (act 917/2014, 200 § 2)"),
		"Left": _("has left the customer or supplier"),
		"No Consent": _("consumer without a consent (act 917/2014, 200 § 1)"),
	}
