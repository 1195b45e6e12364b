"""Restriction and objection carried out (GDPR 18 and 21): marketing, campaigns and informing stop, and users are told.

A restriction is one company's. Its records say for whom they are restricted (`signflow_restricted_for`, one company a line),
which marketing, informing and whatever mails read; the requests are what it is made from, so it can be written anew at any
time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_days, getdate, now_datetime

from signflow.core.privacy.persons import Record
from signflow.services.erasure.ledger import record_hash
from signflow.services.privacy import accesses, consents, restrictions
from signflow.services.privacy.approvals import require_officer, require_words
from signflow.services.privacy.consents import Given, Person
from signflow.services.privacy.matching import chunks
from signflow.services.privacy.restrictions import FIELD, RESTRICTABLE
from signflow.services.subject_requests import letters, matching, records
from signflow.services.subject_requests.records import PERSON, REQUEST
from signflow.services.transaction import is_being_built, one_transaction
from signflow.signflow.stored_words import N_, kept

# An objection needs no weighing here, these wait for one (18(1)(a) and (d)).
MAY_RESTRICT = ("Restriction", "Rectification", "Objection")
PLAN, LINE = "Erasure Plan", "Erasure Plan Line"
MARKETING = "Direct Marketing"


@one_transaction
def carry_out(name: str) -> None:
	"""Carry a restriction or an objection to marketing out on the confirmed records; the person is told.

	A restriction that was asked for is done with that. Raises ValidationError before records are confirmed.
	"""
	require_officer()
	doc = records.still_open(name)
	found = matching.confirmed(doc)
	if not found:
		frappe.throw(_("Confirm first which records are the person."))
	if doc.request_type == "Objection" and doc.objection_scope == MARKETING:
		for person in _people(found):
			_object(doc, person)
		records.finish(name, _said("marketing", doc.language))
		doc = records.for_change(name)
		letters.mailed(doc, letters.send_answer(doc))
		return
	if doc.request_type not in MAY_RESTRICT:
		frappe.throw(_("This request asks for something else."))
	if doc.restricted_on:
		frappe.throw(_("The records are restricted already."))
	_restrict(doc, found)
	letters.mailed(doc, letters.send_restricted(doc))
	if doc.request_type == "Restriction":
		records.finish(name, _said("restricted", doc.language))


def _restrict(doc: Any, found: frozenset[Record]) -> None:
	doc.restricted_on = now_datetime()
	records.save(doc)
	records.step(doc, "Restricted", kept(N_("Records restricted: {0}"), len(found)))
	accesses.record_access(
		"Restriction",
		matching.start_of(doc),
		purpose=doc.name,
		record=(REQUEST, doc.name),
		company=doc.company,
	)
	mark(found)


def is_weighed(doc: Any) -> bool:
	"""Whether a request asks for what an officer weighs: an end of processing other than marketing, of records that are hers."""
	is_other = doc.request_type == "Objection" and doc.objection_scope != MARKETING
	return is_other and bool(matching.confirmed(doc))


def weigh(doc: Any, weighed: str) -> None:
	"""Carry out what came of an objection, in the caller's transaction before the request is finished: one that is upheld leaves
	the records restricted, compelling grounds end their restriction tomorrow, since the person is told before (GDPR 18(3)).
	"""
	if weighed not in (records.UPHELD, records.OUTWEIGHED):
		frappe.throw(_("Say what came of the objection: it is upheld, or compelling grounds outweigh it."))
	doc.weighed = weighed
	is_restricted = doc.restricted_on and not doc.restriction_lifted_on
	if weighed == records.UPHELD:
		doc.restriction_lifted_on = None
		if not doc.restricted_on:
			_restrict(doc, matching.confirmed(doc))
		else:
			records.save(doc)
			mark(matching.confirmed(doc))
		records.step(doc, "Objection Carried Out")
		return
	if is_restricted:
		doc.restriction_lifted_on = add_days(getdate(), 1)
	records.save(doc)
	records.step(doc, "Note", kept(N_("Compelling grounds outweigh the objection (GDPR 21(1)).")))
	if is_restricted:
		records.step(doc, "Restriction Lifted", str(doc.restriction_lifted_on))


def _said(what: str, language: str) -> str:
	"""What came of it, in the person's words."""
	with print_language(language):
		return {
			"marketing": _("We send you no direct marketing any more."),
			"restricted": _("Your data is restricted: we keep it and use it for nothing else."),
		}[what]


def stop_marketing(doc: Any) -> None:
	"""An objection to direct marketing from a proven mailbox works at once: there is nothing to weigh (GDPR 21(3)).

	In the caller's transaction; other records of the person follow when an officer has confirmed them.
	"""
	if doc.request_type == "Objection" and doc.objection_scope == MARKETING and doc.email:
		if not doc.is_representative:
			_object(doc, consents.person_with(doc.email))
			records.step(doc, "Objection Carried Out", by_itself=True)


def _object(doc: Any, person: Person) -> None:
	how = "Page" if doc.source in ("Web Page", "Portal", "Website Form of Frappe") else "Said to Staff"
	consents.object_in_place(person, doc.company, Given(how, source=(REQUEST, doc.name)))


def _people(found: frozenset[Record]) -> list[Person]:
	return [consents.person_of(*record) for record in sorted(found) if record[0] in consents.PARTIES]


@one_transaction
def announce_lifting(name: str, reason: str, on: Any) -> None:
	"""A restriction ends on the day `on`, of which the person is told before (GDPR 18(3))."""
	require_officer()
	doc = records.for_change(name)
	if not doc.restricted_on or doc.restriction_lifted_on:
		frappe.throw(_("Nothing is restricted here, or its end is told already."))
	day = getdate(on)
	if day <= getdate():
		frappe.throw(_("The person is told before the restriction ends: choose a day to come."))
	words = require_words(reason, _("Say why the restriction ends: the person is told."), 2000)
	doc.restriction_lifted_on = day
	records.save(doc)
	records.step(doc, "Restriction Lifted", f"{day}: {words[:1000]}")
	letters.mailed(doc, letters.send_lifting(doc, words, day))


@one_transaction
def daily() -> None:
	"""Take the marks of restrictions that have ended away, and write those in force anew (daily; commits)."""
	in_force = _in_force()
	marked = set(in_force)
	for doctype in RESTRICTABLE:
		names = frappe.get_all(doctype, {FIELD: ["is", "set"]}, pluck="name", order_by="name asc")
		marked |= {(doctype, name) for name in names}
	mark(marked, in_force)
	restrictions.refresh()


def mark(found: Iterable[Record], in_force: Mapping[Record, set[str]] | None = None) -> None:
	"""Write on records (DocType, name) for which companies they are restricted now (in the caller's transaction)."""
	found = set(found)
	in_force = _in_force(found) if in_force is None else in_force
	for doctype, name in sorted(found):
		if doctype not in RESTRICTABLE or not frappe.db.exists(doctype, name):
			continue
		said = "\n".join(sorted(in_force.get((doctype, name), ())))
		if (frappe.db.get_value(doctype, name, FIELD) or "") != said:
			frappe.db.set_value(doctype, name, FIELD, said or None, update_modified=False)
			restrictions.note([(doctype, name)])


def on_erased(plan: str) -> None:
	"""An erasure has ended: what it keeps of persons is restricted for its company (hook signflow_erasure_done)."""
	lines = frappe.get_all(
		LINE,
		{"plan": plan, "action": "Keep", "status": "Waiting", "record_doctype": ["in", RESTRICTABLE]},
		["record_doctype", "record_name"],
		order_by="place asc",
	)
	mark({(line.record_doctype, line.record_name) for line in lines})


def follow_rename(doc: Any, method: str | None, old: Any, new: Any, merge: bool = False) -> None:
	"""A record that may be marked is called otherwise, or was merged into another: that is restricted from now on
	(after_rename)."""
	if is_being_built():
		return
	# Frappe follows links only where its cache knows that some name this DocType.
	named = {"record_doctype": doc.doctype, "record_name": str(old)}
	frappe.db.set_value(PERSON, named, "record_name", str(new), update_modified=False)
	kept_line = {**named, "action": "Keep", "status": "Waiting"}
	for line in frappe.get_all(LINE, kept_line, ["name", "plan"], order_by="name asc"):
		values = {"record_name": str(new)}
		# By its hash the line knows the record again; before a plan is carried out what was approved is sealed with it.
		if frappe.db.get_value(PLAN, line.plan, "status") == "Done":
			values["record_hash"] = record_hash(doc.doctype, new)
		frappe.db.set_value(LINE, line.name, values, update_modified=False)
	mark([(doc.doctype, str(new))])
	restrictions.note([(doc.doctype, str(new))])


def _in_force(among: Collection[Record] | None = None) -> dict[Record, set[str]]:
	"""The restricted records, all or some, and by which companies: of requests carried out and not lifted by today, and what
	an erasure keeps."""
	found: dict[Record, set[str]] = defaultdict(set)
	for row in (*_of_requests(among), *_kept(among)):
		found[row.record_doctype, row.record_name].add(row.company)
	return found


def requests_of(found: Iterable[Record]) -> list[Any]:
	"""The requests by which records (DocType, name) are restricted now: {name, company, is_kept}, of what an erasure keeps as
	well, with name None where it had no request."""
	found = set(found)
	rows = [(row, False) for row in _of_requests(found)] + [(row, True) for row in _kept(found)]
	by = {(row.request, row.company, is_kept) for row, is_kept in rows}
	return [
		frappe._dict(name=name, company=company, is_kept=is_kept)
		for name, company, is_kept in sorted(by, key=lambda one: (one[0] or "", one[1], one[2]))
	]


def _asked(query: Any, table: Any, among: Collection[Record] | None) -> list[Any]:
	"""The rows of a query whose `table` names one of some records, by one statement for each DocType; all rows for None."""
	if among is None:
		return query.run(as_dict=True)
	names: dict[str, list[str]] = defaultdict(list)
	for doctype, name in among:
		names[doctype].append(name)
	found: list[Any] = []
	for doctype in sorted(names):
		for some in chunks(names[doctype]):
			named = (table.record_doctype == doctype) & table.record_name.isin(some)
			found += query.where(named).run(as_dict=True)
	return found


def _of_requests(among: Collection[Record] | None = None) -> list[Any]:
	request, person = frappe.qb.DocType(REQUEST), frappe.qb.DocType(PERSON)
	query = (
		frappe.qb.from_(person)
		.join(request)
		.on((person.parent == request.name) & (person.parenttype == REQUEST))
		.where((person.confirmed == 1) & request.restricted_on.isnotnull())
		.where(request.restriction_lifted_on.isnull() | (request.restriction_lifted_on > now_datetime()))
		.select(person.record_doctype, person.record_name, request.company, request.name.as_("request"))
		.orderby(person.name)
	)
	return _asked(query, person, among)


def _kept(among: Collection[Record] | None = None) -> list[Any]:
	"""Persons' records that an erasure that was carried out keeps, and for which company."""
	line, plan = frappe.qb.DocType(LINE), frappe.qb.DocType(PLAN)
	query = frappe.qb.from_(line).join(plan).on(plan.name == line.plan)
	query = query.select(line.record_doctype, line.record_name, plan.company, plan.request)
	query = query.where(
		(plan.status == "Done") & plan.company.isnotnull() & line.record_doctype.isin(RESTRICTABLE)
	)
	query = query.where((line.action == "Keep") & (line.status == "Waiting") & line.record_name.isnotnull())
	return _asked(query.orderby(line.place).orderby(line.name), line, among)
