"""Consents: the only writer of Consent, and what a person's last word on a text is (GDPR 7).

A row says who said what to which exact wording, how and when, with the proof of it, and never changes; a change of mind
is a new row. Whoever wants to act on them names a function in the hook `signflow_consents_changed`, which gets the rows
that were written together.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.model.document import bulk_insert
from frappe.query_builder.functions import Lower
from frappe.utils import add_months, get_datetime, getdate, now_datetime

from signflow.core.evidence.canonical import canonical_json
from signflow.core.privacy.marketing import Action, Said, has_objected, text_state
from signflow.services import evidence
from signflow.services.guests import LANGUAGES
from signflow.services.privacy import consent_proofs
from signflow.services.privacy.matching import chunks, equals
from signflow.services.site_keys import keyed_hash
from signflow.services.times import utc_time
from signflow.services.transaction import one_transaction
from signflow.signflow import uploads
from signflow.signflow.addresses import one_address

# By these ways the person has shown that the mailbox is his, or has signed, or the house answers for what it has kept
# elsewhere: no mail has to confirm it.
PROVEN = ("Page", "Mail Link", "Signing Ceremony", "Paper", "Mail Reply", "Import")
PARTIES = ("Contact", "Lead", "Customer", "User")


@dataclass(frozen=True)
class Person:
	"""Whose consents: mail addresses in lower case, and the record that the person has here, if any."""

	emails: tuple[str, ...] = ()
	party_type: str = ""
	party: str = ""

	@property
	def email(self) -> str:
		"""The first address, "" for whoever has none."""
		return self.emails[0] if self.emails else ""


@dataclass(frozen=True)
class Wording:
	"""The exact words that a person is shown: of which version, in which language."""

	text: str
	version: str
	number: int
	language: str
	title: str
	words: str
	sha256: str


def person_with(mail: str) -> Person:
	"""The person behind a mailbox: the one Contact that has it, else the one Lead, else nobody but the address."""
	return persons_with([mail])[mail.strip().lower()]


def persons_with(mails: Iterable[str]) -> dict[str, Person]:
	"""`person_with` for many, by address in lower case."""
	found = {}
	for mail, people in people_with(mails).items():
		kind = people[0].party_type
		of_kind = [one for one in people if one.party_type == kind]
		found[mail] = of_kind[0] if len(of_kind) == 1 else Person((mail,))
	return found


def people_with(mails: Iterable[str]) -> dict[str, list[Person]]:
	"""Who is behind each mail address: its Contacts, then its Leads, or nobody but the address itself."""
	found: dict[str, list[Person]] = {mail: [] for mail in sorted({mail.strip().lower() for mail in mails})}
	contact, address, lead = (frappe.qb.DocType(name) for name in ("Contact", "Contact Email", "Lead"))
	# Rows are left behind by Contacts that are no more.
	owned = (address.parent == contact.name) & (address.parenttype == "Contact")
	queries = (
		("Contact", frappe.qb.from_(address).join(contact).on(owned), address.email_id, contact.name),
		("Contact", frappe.qb.from_(contact), contact.email_id, contact.name),
		("Lead", frappe.qb.from_(lead), lead.email_id, lead.name),
	)
	for some in chunks(found):
		for doctype, query, column, name in queries:
			rows = query.select(Lower(column), name).where(equals(column, some)).orderby(name).run()
			for mail, party in rows:
				person = Person((mail,), doctype, party)
				# MariaDB finds "é" by "e", too.
				if mail in found and person not in found[mail]:
					found[mail].append(person)
	return {mail: people or [Person((mail,))] for mail, people in found.items()}


def person_of(doctype: str, name: str) -> Person:
	"""The person that a Contact, Lead, Customer or User is, with all mail addresses of that record."""
	if doctype not in PARTIES:
		frappe.throw(_("{0} is no person who could consent.").format(_(doctype)))
	doc = frappe.get_doc(doctype, name)
	found = [doc.get("email_id"), doc.get("email")]
	found += [row.email_id for row in doc.get("email_ids") or []]
	emails = dict.fromkeys(mail.strip().lower() for mail in found if mail)
	return Person(tuple(emails), doctype, name)


# What there is to say yes to.


@one_transaction
def publish(version: str) -> None:
	"""Publish a draft wording: it is frozen, and is what people are shown from now on."""
	doc = frappe.get_doc("Consent Text Version", version, for_update=True)
	doc.check_permission("write")
	if doc.status != "Draft":
		frappe.throw(_("This wording is published already."))
	if not any(doc.get(f"text_{code}") for code in LANGUAGES):
		frappe.throw(_("Write the text in one language at least."))
	text = frappe.get_doc("Consent Text", doc.consent_text, for_update=True)
	if text.current_version:
		earlier = frappe.get_doc("Consent Text Version", text.current_version)
		earlier.status = "Replaced"
		_save(earlier)
	doc.update({"status": "Published", "published_on": now_datetime(), "published_by": frappe.session.user})
	doc.sha256 = _digest(_shown(doc, text))
	_save(doc)
	text.current_version = doc.name
	_save(text)
	for path in frappe.get_hooks("signflow_wording_published"):
		frappe.get_attr(path)(text.name)


def new_version(text: str) -> str:
	"""A draft that starts with the latest wording; an earlier draft is returned as it is."""
	frappe.get_doc("Consent Text", text).check_permission("write")
	last = frappe.get_all(
		"Consent Text Version", {"consent_text": text}, ["name", "status"], order_by="number desc", limit=1
	)
	if last and last[0].status == "Draft":
		return last[0].name
	doc = frappe.new_doc("Consent Text Version")
	doc.consent_text = text
	if last:
		earlier = frappe.get_doc("Consent Text Version", last[0].name)
		for code in LANGUAGES:
			doc.update({f"{part}_{code}": earlier.get(f"{part}_{code}") for part in ("title", "text")})
	return doc.insert().name


def _shown(version: Any, text: Any) -> dict[str, Any]:
	"""All that a version says, as it is hashed."""
	return {
		"company": text.company,
		"purpose": text.purpose,
		"channel": text.channel or "",
		"number": version.number,
		"wording": {
			code: {"title": version.get(f"title_{code}"), "text": version.get(f"text_{code}")}
			for code in LANGUAGES
			if version.get(f"text_{code}")
		},
	}


def _digest(value: Any) -> str:
	return hashlib.sha256(canonical_json(value)).hexdigest()


def wording(version: str, language: str) -> Wording:
	"""The words of a version in `language`, or in the first language that it has: Finnish, Swedish, English."""
	doc = frappe.get_cached_doc("Consent Text Version", version)
	spoken = next(code for code in (language, *LANGUAGES) if code in LANGUAGES and doc.get(f"text_{code}"))
	title, words = doc.get(f"title_{spoken}"), doc.get(f"text_{spoken}")
	digest = _digest({"version": doc.sha256, "language": spoken, "title": title, "text": words})
	return Wording(doc.consent_text, doc.name, doc.number, spoken, title, words, digest)


def current_wording(text: str, language: str) -> Wording:
	"""What is shown of a text now. Raises ValidationError for one that is disabled or was never published."""
	row = frappe.db.get_value("Consent Text", text, ["current_version", "disabled"], as_dict=True)
	if not row or not row.current_version or row.disabled:
		frappe.throw(_("This consent text is not in use: publish its wording first."))
	return wording(row.current_version, language)


# What a person said.


def rows_of(person: Person, company: str | None = None) -> list[Any]:
	"""All rows of Consent of a person, first to last; of one company, if it is named."""
	consent = frappe.qb.DocType("Consent")
	ways = []
	if person.emails:
		ways.append(consent.email.isin(person.emails))
	if person.party:
		ways.append((consent.party_type == person.party_type) & (consent.party == person.party))
	if not ways:
		return []
	query = (
		frappe.qb.from_(consent)
		.select(
			consent.name, consent.action, consent.said_on, consent.expires_on, consent.how, consent.company
		)
		.select(consent.consent_text, consent.version, consent.channel, consent.email, consent.language)
		.select(consent.party_type, consent.party, consent.text_sha256)
		.where(ways[0] if len(ways) == 1 else ways[0] | ways[1])
		.orderby(consent.said_on)
		.orderby(consent.creation)
	)
	if company:
		query = query.where(consent.company == company)
	return query.run(as_dict=True)


def as_said(rows: Iterable[Any], person: Person) -> list[Said]:
	"""Rows of Consent as the core reads them: another's who shares the mailbox can forbid, never allow."""
	return [
		Said(
			Action(row.action),
			get_datetime(row.said_on),
			text=row.consent_text or "",
			# No channel: an objection is to all of them, a text is about something else than marketing.
			channel=row.channel or ("" if row.consent_text else None),
			expires_on=getdate(row.expires_on) if row.expires_on else None,
			row=row.name,
			own=not row.party or row.party_type != person.party_type or row.party == person.party,
		)
		for row in rows
	]


def state_of(person: Person, text: str) -> Said | None:
	"""The person's last word on a text (GDPR 7), None where there is none that counts."""
	company = frappe.db.get_value("Consent Text", text, "company")
	return text_state(as_said(rows_of(person, company), person), text, getdate())


@dataclass(frozen=True)
class Given:
	"""How something was said: `how` as Consent names it, `source` the record that shows it, `more` for the proof.

	`file` (name and bytes) shows it too, and is kept with the row.
	"""

	how: str
	source: tuple[str, str] | None = None
	more: dict[str, Any] | None = None
	said_on: Any = None
	file: tuple[str, bytes] | None = None


@one_transaction
def give(person: Person, shown: Wording, way: Given) -> str:
	"""The person consents to the words that he was shown; returns the row.

	Where the text asks for it, and the mailbox is not proven yet, the row is pending and a mailed link confirms it; so it is
	where somebody typed the address into a form and its owner has said no before: anybody can type it.
	"""
	return give_in_place(person, shown, way)


def give_in_place(person: Person, shown: Wording, way: Given) -> str:
	"""`give` in the caller's transaction."""
	text = frappe.get_cached_doc("Consent Text", shown.text)
	last = state_of(person, shown.text)
	if person.email and way.how not in PROVEN:
		if text.double_opt_in or (way.how == "Form Checkbox" and _has_said_no(person, text, last)):
			return _write(person, shown, Action.PENDING, way).name
	if last and last.action is Action.GIVEN and not text.valid_months:
		version = frappe.db.get_value("Consent", last.row, "version")
		if version == shown.version and last.own:
			return last.row
	return _write(person, shown, Action.GIVEN, way).name


def _has_said_no(person: Person, text: Any, last: Said | None) -> bool:
	"""Whether the person's last word on a text is a no, or his objection to marketing through its channel stands."""
	if last and last.action in (Action.WITHDRAWN, Action.REFUSED):
		return True
	said = as_said(rows_of(person, text.company), person)
	return has_objected(said, getdate(), text.channel or "Email")


@one_transaction
def withdraw(person: Person, text: str, way: Given, language: str = "") -> str:
	"""The person takes a consent back: from now on, and without touching what was lawful before (GDPR 7(3))."""
	last = state_of(person, text)
	if last and last.action is Action.WITHDRAWN:
		return last.row
	version = _version_said(person, text)
	return _write(person, wording(version, language), Action.WITHDRAWN, way).name


@one_transaction
def refuse(person: Person, shown: Wording, way: Given) -> str:
	"""The person was asked and says no."""
	last = state_of(person, shown.text)
	if last and last.action is Action.REFUSED:
		return last.row
	return _write(person, shown, Action.REFUSED, way).name


@one_transaction
def object_to(person: Person, company: str, way: Given, channel: str | None = None) -> str:
	"""The person objects to direct marketing by a company: through `channel`, or at all (GDPR 21(2))."""
	return object_in_place(person, company, way, channel)


def object_in_place(person: Person, company: str, way: Given, channel: str | None = None) -> str:
	"""`object_to` in the caller's transaction."""
	return _write(person, None, Action.OBJECTED, way, company=company, channel=channel).name


@one_transaction
def lift_objection(person: Person, company: str, way: Given) -> str:
	"""The person takes an objection back; consents that it ended stay ended."""
	return _write(person, None, Action.LIFTED, way, company=company).name


def _version_said(person: Person, text: str) -> str:
	versions = [row.version for row in rows_of(person) if row.consent_text == text and row.version]
	if versions:
		return versions[-1]
	version = frappe.db.get_value("Consent Text", text, "current_version")
	if not version:
		frappe.throw(_("This consent text is not in use: publish its wording first."))
	return version


@one_transaction
def give_many(people: Sequence[tuple[Person, str | None]], shown: Wording, way: Given) -> None:
	"""Each of the people has consented to the same words in the same way; with each goes the row before, if any.

	Who has to be left out, the caller knows. The rows are those that `give` would write, in one statement; nothing but the
	hook is told of them.
	"""
	rows = [_row(person, shown, Action.GIVEN, way, previous=previous) for person, previous in people]
	for row in rows:
		row.name = frappe.generate_hash(length=10)
	if rows:
		bulk_insert("Consent", rows)
		_tell(rows)


def _write(
	person: Person,
	shown: Wording | None,
	action: Action,
	way: Given,
	*,
	company: str | None = None,
	channel: str | None = None,
) -> Any:
	text = shown.text if shown else None
	if text:
		company = frappe.get_cached_value("Consent Text", text, "company")
	before = [row.name for row in rows_of(person, company) if row.consent_text == text]
	previous = before[-1] if before else None
	row = _row(person, shown, action, way, company=company, channel=channel, previous=previous)
	row.flags.signflow = True
	row.insert(ignore_permissions=True, ignore_links=True)
	if way.file:
		consent_proofs.keep(row.name, *way.file)
	_tell([row])
	return row


def _tell(rows: list[Any]) -> None:
	for path in frappe.get_hooks("signflow_consents_changed"):
		frappe.get_attr(path)(rows)


def _row(
	person: Person,
	shown: Wording | None,
	action: Action,
	way: Given,
	*,
	company: str | None = None,
	channel: str | None = None,
	previous: str | None = None,
) -> Any:
	"""A row with its proof, not written yet."""
	moment = get_datetime(way.said_on) if way.said_on else now_datetime()
	text = frappe.get_cached_doc("Consent Text", shown.text) if shown else None
	company, channel = (text.company, text.channel) if text else (company, channel)
	proof: dict[str, Any] = {
		"action": action.value,
		"how": way.how,
		"said_on": utc_time(moment).isoformat(),
		"company": company,
		"channel": channel or "",
		"person": _keyed_hash(person),
		"recorded_by": frappe.session.user,
		"source": list(way.source or ()),
		**(way.more or {}),
	}
	if way.file:
		proof["file_sha256"] = hashlib.sha256(way.file[1]).hexdigest()
	if shown:
		proof["shown"] = {
			"text": shown.text,
			"version": shown.version,
			"language": shown.language,
			"title": shown.title,
			"words": shown.words,
			"sha256": shown.sha256,
		}
	if way.how in ("Page", "Mail Link", "Form Checkbox"):
		proof["user_agent"] = evidence.caller().get("user_agent", "")
	canonical = canonical_json(proof)
	row = frappe.new_doc("Consent")
	row.update(
		{
			"action": action.value,
			"said_on": moment,
			"expires_on": _end(moment, text) if action is Action.GIVEN else None,
			"how": way.how,
			"company": company,
			"channel": channel or "",
			"consent_text": text.name if text else None,
			"version": shown.version if shown else None,
			"language": shown.language if shown else None,
			"text_sha256": shown.sha256 if shown else None,
			"email": person.email or None,
			"party_type": person.party_type or None,
			"party": person.party or None,
			"previous": previous,
			"source_doctype": way.source[0] if way.source else None,
			"source_name": way.source[1] if way.source else None,
			"recorded_by": frappe.session.user,
			"proof": canonical.decode(),
			"proof_sha256": hashlib.sha256(canonical).hexdigest(),
		}
	)
	return row


def _keyed_hash(person: Person) -> str:
	"""Binds a proof to its person without naming him: his address can be erased, and the proof still verifies."""
	named = "\0".join((person.email, person.party_type, person.party))
	return keyed_hash("consent person", named)


def _end(moment: Any, text: Any) -> date | None:
	return getdate(add_months(getdate(moment), text.valid_months)) if text and text.valid_months else None


def _save(doc: Any) -> None:
	doc.flags.signflow = True
	doc.save(ignore_permissions=True)


# What staff records.


def record_paper(doctype: str, name: str, text: str, file_url: str, said_on: Any, language: str) -> str:
	"""A consent on paper, whose scan lies at `file_url`. The caller may read the record and the file."""
	frappe.get_doc(doctype, name).check_permission("read")
	scan = uploads.attached(file_url)
	digest = hashlib.sha256(uploads.bytes_of(scan)).hexdigest()
	way = Given("Paper", ("File", scan.name), {"file_sha256": digest}, _not_later(said_on))
	return give(person_of(doctype, name), current_wording(text, language), way)


def record_reply(communication: str, text: str, action: str, language: str = "") -> str:
	"""A mail that came in is the person's word on a text, an action of Consent.

	The mail stays with the row as its proof, whatever becomes of the Communication. The person is whoever sent it; its
	caller may read it.
	"""
	mail = frappe.get_doc("Communication", communication)
	mail.check_permission("read")
	address = one_address(frappe.utils.parse_addr(mail.sender or "")[1])
	if mail.sent_or_received != "Received" or not address:
		frappe.throw(_("Only a mail that a person sent can be his word."))
	name, data, more = consent_proofs.mail_as_file(mail)
	way = Given(
		"Mail Reply",
		("Communication", mail.name),
		{"message_id": mail.message_id or "", **more},
		_not_later(mail.communication_date or mail.creation),
		(name, data),
	)
	person = person_with(address)
	return _record(person, text, action, way, language)


def record_said(doctype: str, name: str, text: str, action: str, language: str = "") -> str:
	"""What a person told staff, on the phone or in person: an action of Consent; one that is given is to be confirmed."""
	frappe.get_doc(doctype, name).check_permission("read")
	person, way = person_of(doctype, name), Given("Said to Staff")
	return _record(person, text, action, way, language)


def _record(person: Person, text: str, action: str, way: Given, language: str) -> str:
	company = frappe.db.get_value("Consent Text", text, "company")
	if action == Action.OBJECTED:
		return object_to(person, company, way)
	if action == Action.LIFTED:
		return lift_objection(person, company, way)
	if action == Action.WITHDRAWN:
		return withdraw(person, text, way, language)
	verbs = {Action.GIVEN.value: give, Action.REFUSED.value: refuse}
	if action not in verbs:
		frappe.throw(_("Say what the person said."))
	return verbs[action](person, current_wording(text, language), way)


def _not_later(moment: Any) -> Any:
	given = get_datetime(moment)
	if given > now_datetime():
		frappe.throw(_("That day is still to come."))
	return given
