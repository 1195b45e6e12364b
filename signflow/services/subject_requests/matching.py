"""Which records are the person who asks: proposed from what was proven, with strength and reason; an officer confirms.

A name that was typed proves nothing, and neither does a mailbox that several people share: both are shown as what they are.
"""

from collections import Counter, defaultdict
from typing import Any

import frappe
from frappe import _

from signflow.core.privacy import persons
from signflow.core.privacy.persons import PersonRecord, Record, Start, Subject
from signflow.services.privacy import accesses, searching
from signflow.services.privacy.approvals import require_words
from signflow.services.privacy.matching import chunks
from signflow.services.privacy.person_records import KINDS, find_subject
from signflow.services.subject_requests import protecting, records
from signflow.services.subject_requests.proofs import BY_TEXT
from signflow.services.subject_requests.records import PERSON, REQUEST
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, as_stored, kept

CERTAIN, SHARED, POSSIBLE, CHOSEN = "Certain", "Shared", "Possible", "Chosen"
_ORDER = (CERTAIN, SHARED, POSSIBLE)
MOST_NAMESAKES = 10


def same_person(one: str, other: str) -> bool:
	"""Whether two names that were typed can be one person's."""
	return not one or not other or persons.could_be(one, other)


def propose(name: str) -> None:
	"""Propose the person's records to the officer (RQ job; again is harmless: what was confirmed stays)."""
	frappe.set_user("Administrator")
	propose_now(name, by_itself=True)


@one_transaction
def propose_now(name: str, *, by_itself: bool = False) -> None:
	"""`propose` in the officer's own name."""
	doc = records.for_change(name)
	if doc.status not in records.OPEN:
		return
	phone = (doc.phone or "") if doc.proof_method == BY_TEXT else ""
	found = [] if doc.is_representative else candidates(doc.email or "", doc.person_name or "", phone)
	sure = {(row.record_doctype, row.record_name) for row in doc.persons if row.confirmed}
	doc.persons = [row for row in doc.persons if row.confirmed]
	for record, strength, because in found:
		if record not in sure:
			doc.append(
				"persons",
				{
					"record_doctype": record[0],
					"record_name": record[1],
					"strength": strength,
					"because": because,
					"confirmed": 0,
				},
			)
	note = kept(N_("Records proposed: {0}"), len(found))
	if doc.is_representative:
		note = kept(N_("Asked by a representative: the officer chooses the records of the person."))
	records.save(doc)
	records.step(doc, "Records Proposed", note, by_itself=by_itself)
	if found:
		start = Start(
			mails=frozenset((doc.email,)) if doc.email else frozenset(), names=frozenset((doc.person_name,))
		)
		counts = Counter(record[0] for record, _strength, _because in found)
		accesses.record_access(
			"Look-up", start, purpose=name, record=(REQUEST, name), counts=counts, company=doc.company
		)


def candidates(mail: str, name: str, phone: str = "") -> list[tuple[Record, str, str]]:
	"""The records that may be the person's: [((DocType, name), strength, reason)], the surest first.

	`mail` and `phone` (E.164) are a proven mailbox and telephone ("" if none), `name` what the person calls himself. The
	reason as it is stored (`stored_words`).
	"""
	found: dict[Record, tuple[str, str]] = {}
	with searching.limited():
		if mail:
			subject, about, _full = find_subject(Start(mails=frozenset((mail.lower(),))))
			for key, record in sorted(about.items()):
				if judged := _judged(record, mail.lower(), name, subject):
					found[key] = judged
		if phone:
			subject, about, _full = find_subject(Start(phones=frozenset((phone,))))
			for key, record in sorted(about.items()):
				if key not in found and phone in record.phones:
					found[key] = _judged_by_phone(record, phone, name, subject)
		if len(persons.words_of(name)) > 1:
			_subject, about, _full = find_subject(Start(names=frozenset((name,))))
			others = [
				key
				for key, record in sorted(about.items())
				if key not in found
				and not record.organisation
				and any(persons.same_name(name, mine) for mine in record.names)
			]
			for key in others[:MOST_NAMESAKES]:
				found[key] = (POSSIBLE, kept(N_("Only the name is the same: it may be another person.")))
	rows = [(key, strength, because) for key, (strength, because) in found.items()]
	return sorted(rows, key=lambda row: (_ORDER.index(row[1]), row[0]))


def _judged(record: PersonRecord, mail: str, name: str, subject: Subject) -> tuple[str, str] | None:
	holds = mail in record.mails
	if not holds and record.key not in subject.records:
		return None
	called, fits = ", ".join(sorted(record.names)), _fits(record, name)
	if record.organisation:
		return SHARED, kept(N_("A company's record with the address {0}: it is no person's."), mail)
	if mail in subject.shared:
		if fits and record.names:
			text = N_("People of several names share the mailbox {0}. This one bears the name given.")
			return SHARED, kept(text, mail)
		text = N_("People of several names share the mailbox {0}. This one is called {1}.")
		return SHARED, kept(text, mail, called)
	if not fits:
		return SHARED, kept(N_("Holds the address {0}, but under another name: {1}."), mail, called)
	if holds:
		return CERTAIN, kept(N_("Holds the address {0}, and the name fits."), mail)
	return CERTAIN, kept(N_("Is linked with a record that holds the address {0}."), mail)


def _fits(record: PersonRecord, name: str) -> bool:
	return not record.names or not name or any(persons.could_be(name, mine) for mine in record.names)


def _judged_by_phone(record: PersonRecord, phone: str, name: str, subject: Subject) -> tuple[str, str]:
	if record.organisation or phone in subject.shared:
		return SHARED, kept(N_("Several people or a company use the number {0}."), phone)
	if not _fits(record, name):
		called = ", ".join(sorted(record.names))
		return SHARED, kept(N_("Holds the number {0}, but under another name: {1}."), phone, called)
	return CERTAIN, kept(N_("Holds the number {0}, which was proven, and the name fits."), phone)


@one_transaction
def confirm(name: str, rows: list[str]) -> None:
	"""Say which of the proposed rows (names of child rows) are the person; the others are not. The same again writes nothing.

	With the caller's permission to decide. Raises ValidationError for a row of another request.
	"""
	doc = records.still_open(name)
	known = {row.name for row in doc.persons}
	if not set(rows) <= known:
		frappe.throw(_("The proposals have changed meanwhile: look at them again."))
	note = kept(N_("Records confirmed: {0}"), len(rows))
	if {row.name for row in doc.persons if row.confirmed} == set(rows) and _last_word(name) == note:
		return
	for row in doc.persons:
		row.confirmed = int(row.name in rows)
	records.save(doc)
	protecting.mark(doc)
	records.step(doc, "Confirmed", note)


@one_transaction
def on_erased(plan: str) -> None:
	"""An erasure has ended: what is no more is proposed by no other open request (hook signflow_erasure_done)."""
	request = frappe.db.get_value("Erasure Plan", plan, "request")
	waiting = frappe.get_all(
		REQUEST, {"status": ["in", records.OPEN], "name": ["!=", request or ""]}, pluck="name"
	)
	row = frappe.qb.DocType(PERSON)
	query = frappe.qb.from_(row).select(row.name, row.parent, row.record_doctype, row.record_name)
	named: dict[str, list[Any]] = defaultdict(list)
	for some in chunks(waiting):
		for one in query.where(row.parent.isin(some)).orderby(row.name).run(as_dict=True):
			named[one.record_doctype].append(one)
	gone: dict[str, set[str]] = defaultdict(set)
	for doctype, rows in sorted(named.items()):
		there = set(
			frappe.get_all(doctype, {"name": ["in", [one.record_name for one in rows]]}, pluck="name")
		)
		for one in rows:
			if one.record_name not in there:
				gone[one.parent].add(one.name)
	for name, dropped in sorted(gone.items()):
		doc = records.for_change(name)
		doc.persons = [one for one in doc.persons if one.name not in dropped]
		records.save(doc)
		records.step(doc, "Note", kept(N_("A record that was proposed has been erased.")), by_itself=True)


def _last_word(name: str) -> str | None:
	"""The note of the last step by which records were proposed or confirmed."""
	found = frappe.get_all(
		records.STEP,
		{"request": name, "kind": ["in", ("Records Proposed", "Confirmed")]},
		pluck="note",
		order_by="at desc, creation desc, name desc",
		limit=1,
	)
	return found[0] if found else None


@one_transaction
def choose(name: str, doctype: str, record: str, because: str) -> None:
	"""Add a record that the officer knows to be the person, with his reason.

	Raises ValidationError for what is no person's record.
	"""
	if doctype not in KINDS or not frappe.db.exists(doctype, record):
		frappe.throw(_("There is no such record of a person."))
	because = require_words(because, _("Say in a few words how you know that it is the person."), 500)
	doc = records.still_open(name)
	if any((row.record_doctype, row.record_name) == (doctype, record) for row in doc.persons):
		frappe.throw(_("This record is listed already."))
	doc.append(
		"persons",
		{
			"record_doctype": doctype,
			"record_name": record,
			"strength": CHOSEN,
			"because": as_stored(because, 500),
			"confirmed": 1,
		},
	)
	records.save(doc)
	protecting.mark(doc)
	records.step(doc, "Confirmed", f"{doctype}: {because}")


def confirmed(doc: Any) -> frozenset[Record]:
	"""The records that an officer confirmed to be the person of a request."""
	return frozenset((row.record_doctype, row.record_name) for row in doc.persons if row.confirmed)


def start_of(doc: Any) -> Start:
	"""What look-up, export and erasure of a request start from. Raises ValidationError before records are confirmed."""
	found = confirmed(doc)
	if not found:
		frappe.throw(_("Confirm first which records are the person."))
	return Start(records=found)
