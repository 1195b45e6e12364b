"""Plans of erasure: made dry, decided, approved by a second person. The only writer of Erasure Plan and its lines.

A plan changes nothing but itself, and is kept. It is stale as soon as what it speaks of was changed; whoever planned or
decided does not approve. After approval its lines are held together by a keyed digest.
"""

import hashlib
import json
import math
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate, now_datetime
from frappe.utils.password import decrypt, encrypt

from signflow.core.erasure import planner
from signflow.core.erasure.masking import Neutral, Words
from signflow.core.erasure.planner import Action, Decision, Kept, Line
from signflow.core.privacy.persons import Record, Start, Subject
from signflow.services import work
from signflow.services.acting import acting_as
from signflow.services.erasure import restricting, telling
from signflow.services.erasure.facts import Facts, Since, gather, mails_of_the_house, never
from signflow.services.erasure.in_files import SECONDS, Look
from signflow.services.erasure.ledger import record_hash
from signflow.services.privacy.accesses import record_access
from signflow.services.privacy.approvals import require_officer, require_words
from signflow.services.site_keys import keyed_hash
from signflow.services.subject_requests import competing, matching, records
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, kept

PLAN, LINE = "Erasure Plan", "Erasure Plan Line"
_DECISIONS = tuple(one.value for one in Decision)
ACTED = (Action.ERASE, Action.MASK, Action.UNLINK)
# What of a line the digest holds together: all but how far it is.
_SEALED = (
	*("place", "record_doctype", "record_hash", "action", "fields", "words", "renamed", "later"),
	*("decision", "version", "row_count"),
)


def plan_erasure(request: str, *, anew: bool = False) -> str:
	"""Find all that is to be done for a request and write it down as a plan, a dry run; its name.

	An earlier plan of the request that has not begun is superseded; its decisions hold on, unless `anew`. Raises PermissionError for whoever
	is no data protection officer, ValidationError for a request that is no open one for erasure.
	"""
	require_officer()
	doc = frappe.get_doc("Data Subject Request", request)
	doc.check_permission("read")
	if doc.request_type != "Erasure":
		frappe.throw(_("Only a request for erasure is planned."))
	_refuse_running(request)
	before = _latest(request)
	return _make(
		request, doc.company, _start(doc, before), {} if anew else _decisions(before), before, Look()
	)


def decide(
	plan: str, decisions: Mapping[str, str], *, keep_until: Any = None, keep_ground: str | None = None
) -> str:
	"""Decide lines of a plan (line → "Hers", "Not Hers" or "Keep"), and plan anew with that; the new plan's name.

	What is kept is kept until the day `keep_until`, on the ground `keep_ground`, which the person is told (GDPR 12(4), 17(3)).
	Raises ValidationError where these are missing or the day is no day to come.
	"""
	require_officer()
	doc = _open_plan(plan, "Draft")
	kept_by: list[str] = []
	if Decision.KEEP.value in decisions.values():
		ground = require_words(keep_ground, _("Say why it must be kept: the person is told."), 140)
		kept_by = [_day_to_come(keep_until), ground]
	taken = _decisions(doc)
	for name, decision in decisions.items():
		line = frappe.db.get_value(
			LINE, {"name": name, "plan": plan}, ["action", "decision", "record_hash"], as_dict=True
		)
		if not line or not (line.action == "Decide" or line.decision):
			frappe.throw(_("This line is not to be decided."))
		if decision not in _DECISIONS:
			frappe.throw(_("Say of each line what becomes of it."))
		why = kept_by if decision == Decision.KEEP.value else []
		taken[line.record_hash] = [decision, frappe.session.user, *why]
	request = frappe.get_doc("Data Subject Request", doc.request)
	return _make(doc.request, doc.company, _start(request, doc), taken, doc, _look_of(doc))


def _day_to_come(given: Any) -> str:
	try:
		day = getdate(given) if given else None
	except (ValueError, TypeError, frappe.ValidationError):
		day = None
	if not day or day <= getdate():
		frappe.throw(_("Say until which day to come it must be kept."))
	return day.isoformat()


def look_on(doc: Any, seconds: float) -> None:
	"""Read on, in a worker, in the files that a draft has not looked through yet; once all are read it is planned anew."""
	told = _told(doc)
	if not doc.work_due or not told:
		return
	look, subject = Look.of(told.get("files")), told["all_mails"]
	# "In" of nothing finds rows without a value as well, which are others'.
	requests = (
		frappe.get_all(
			"Signature Request Signer", {"email": ["in", subject]}, pluck="request", order_by="name asc"
		)
		if subject
		else []
	)
	look.go_on(words_of(told), [*subject, *mails_of_the_house()], requests, seconds)
	if look.is_all:
		with acting_as(doc.made_by):
			request = frappe.get_doc("Data Subject Request", doc.request)
			_make(
				doc.request, doc.company, _start(request, doc), _decisions(doc), doc, look, replaces=doc.name
			)
	else:
		_keep_look(doc.name, {**told, "files": look.packed()})


@one_transaction
def _keep_look(plan: str, told: dict[str, Any]) -> None:
	if frappe.db.get_value(PLAN, plan, "status", for_update=True) == "Draft":
		_set(plan, subject=encrypt(json.dumps(told)), lease_until=None, lease_token=None)
		work.wake("signflow.services.erasure.execution.carry_on", plan=plan)


def _look_of(plan: Any) -> Look:
	return Look.of(_told(plan).get("files"))


def _start(request: Any, before: Any) -> Start:
	"""What a plan starts from: the confirmed records, and what a run that did not end knew of records that are gone."""
	start = matching.start_of(request)
	told = _told(before)
	return Start(
		records=start.records,
		mails=frozenset(told.get("mails", ())),
		phones=frozenset(told.get("phones", ())),
	)


def _told(plan: Any) -> dict[str, Any]:
	"""What a plan still knows of the person; {} if nothing."""
	return json.loads(decrypt(plan.subject)) if plan and plan.subject else {}


def words_of(told: Mapping[str, Any]) -> Words:
	"""The words that a plan knows hers by."""
	return Words(*(frozenset(told.get(kind, ())) for kind in ("mails", "phones", "names")))


def _make(
	request: str | None,
	company: str | None,
	start: Start,
	decisions: dict[str, list[str]],
	before: Any,
	look: Look,
	replaces: str | None = None,
) -> str:
	if before and before.neutral_name:
		neutral = Neutral(before.neutral_name, before.neutral_mail)
	else:
		language = frappe.db.get_single_value("System Settings", "language") or "en"
		neutral = Neutral.of(_("Erased person", language), secrets.token_hex(4))
	facts, lines = draft(start, neutral, company or "", decisions, look, words_of(_told(before)))
	return _write(request, company, neutral, facts, lines, decisions, look, replaces)


def make_replay(
	start: Start,
	company: str | None,
	decisions: dict[str, list[str]],
	neutral: Neutral,
	*,
	since: Since,
	before: datetime,
) -> str | None:
	"""A plan of what was erased before and came back with a backup, not of what was made `since`; its name, None if nothing did.

	`before`: when the person was erased first.
	"""
	# Nobody waits, and nobody plans again: all files are read at once.
	look = Look()
	facts, lines = draft(start, neutral, company or "", decisions, look, seconds=math.inf, since=since)
	if not any(line.action in ACTED for line in lines):
		return None
	return _write(None, company, neutral, facts, lines, decisions, look, before=before)


def draft(
	start: Start,
	neutral: Neutral,
	company: str,
	decisions: Mapping[str, list[str]],
	look: Look,
	known: Words | None = None,
	seconds: float = SECONDS,
	since: Since = never,
) -> tuple[Facts, list[Line]]:
	"""What would be done, as of now: reads only, and goes on with the look into files."""

	def decided(record: Record) -> tuple[Decision | None, Kept | None]:
		taken = decisions.get(record_hash(*record))
		if not taken:
			return None, None
		# A decision of before days were asked for names none.
		chosen = Kept(date.fromisoformat(taken[2]), taken[3]) if len(taken) > 2 else None
		return Decision(taken[0]), chosen

	facts = gather(
		start,
		neutral,
		company=company,
		decided=decided,
		since=since,
		known=known,
		look=look,
		seconds=seconds,
	)
	lines = planner.plan(facts.found, facts.pointers)
	children = facts.child_tables
	kept_settings = [
		Line(name, name, Action.MASK, planner.OTHERS_TOO, words=True) for name in sorted(facts.settings)
	]
	lines = [
		line
		for line in lines
		# What stays and has nothing of her in it is no line.
		if line.action is not Action.MASK
		or line.fields
		or line.renamed
		or line.key in children
		or line.doctype == "Signature Request"
	]
	lines = [
		replace(line, fields={**{name: {} for name in children.get(line.key, ())}, **line.fields})
		if line.action in (Action.MASK, Action.KEEP)
		else line
		for line in lines
	]
	acted = [line for line in lines if line.action in ACTED]
	return facts, [*acted, *kept_settings, *(line for line in lines if line.action not in ACTED)]


def fingerprint(facts: Facts, lines: list[Line]) -> str:
	"""What tells that the data were changed since a plan was made of them."""
	told = [sorted(facts.versions.items()), [[*line.key, line.action.value, line.fields] for line in lines]]
	return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


@one_transaction
def _write(
	request: str | None,
	company: str | None,
	neutral: Neutral,
	facts: Facts,
	lines: list[Line],
	decisions: dict[str, list[str]],
	look: Look,
	replaces: str | None = None,
	before: datetime | None = None,
) -> str:
	"""The new plan's name. `replaces`: the draft that it goes on from; where somebody decided meanwhile, his plan stands."""
	asked = [line for line in lines if line.action is Action.DECIDE]
	language = frappe.db.get_value("Data Subject Request", request, "language") if request else None
	plan = frappe.get_doc(
		{
			"doctype": PLAN,
			"request": request,
			"company": company,
			"status": "Draft",
			"is_replay": int(not request),
			"work_due": int(not look.is_all),
			"made_by": frappe.session.user,
			"made_on": now_datetime(),
			"totals": json.dumps(planner.totals(lines), ensure_ascii=False),
			"undecided": len(asked),
			"told": telling.what_is_told(lines, language or "en"),
			"neutral_name": neutral.name,
			"neutral_mail": neutral.mail,
			"decisions": json.dumps(decisions),
			"subject": encrypt(
				json.dumps(
					{
						**packed(facts.subject, facts.words),
						"files": look.packed(),
						"since": sorted(list(one.key) for one in facts.found if one.since),
						"before": before and str(before),
					}
				)
			),
			"fingerprint": fingerprint(facts, lines),
			"failure": kept(N_("Not all could be searched: {0}."), ", ".join(facts.unsearched))
			if facts.unsearched
			else None,
		}
	)
	# From here on rows are locked.
	if replaces and frappe.db.get_value(PLAN, replaces, "status", for_update=True) != "Draft":
		return replaces
	if request:
		_refuse_running(request)
		supersede(request)
	plan.flags.signflow = True
	plan.flags.ignore_links = True
	plan.insert(ignore_permissions=True)
	_write_lines(plan.name, facts, lines, decisions)
	if not look.is_all:
		work.wake("signflow.services.erasure.execution.carry_on", plan=plan.name)
	if request:
		records.advance(request, "Planned", kept(N_("Plan {0}"), plan.name))
		record_access("View", facts.subject, purpose=f"{PLAN} {plan.name}", company=company)
	return plan.name


def supersede(request: str) -> None:
	"""End the plans of a request that have not begun, and forget whom they are about (in the caller's transaction)."""
	frappe.db.set_value(
		PLAN,
		{"request": request, "status": ["in", ("Draft", "Approved", "Failed")]},
		{"status": "Superseded", "work_due": 0},
	)
	frappe.db.set_value(PLAN, {"request": request, "subject": ["is", "set"]}, {"subject": None})
	plans = frappe.get_all(
		PLAN, {"request": request, "status": "Superseded"}, pluck="name", order_by="name asc"
	)
	if plans:
		# A record is often named by the person's address; what was decided of it goes by its hash.
		named = {"plan": ["in", plans], "record_name": ["is", "set"]}
		frappe.db.set_value(LINE, named, "record_name", None, update_modified=False)


def _write_lines(plan: str, facts: Facts, lines: list[Line], decisions: Mapping[str, list[str]]) -> None:
	now, user = now_datetime(), frappe.session.user
	rows = []
	for place, line in enumerate(lines, start=1):
		hashed = record_hash(*line.key) if line.name else ""
		taken = decisions.get(hashed) or ["", None]
		rows.append(
			{
				"name": frappe.generate_hash(length=16),
				"owner": user,
				"modified_by": user,
				"creation": now,
				"modified": now,
				"docstatus": 0,
				"plan": plan,
				"place": place,
				"record_doctype": line.doctype,
				"record_name": line.name or None,
				"action": line.action.value,
				"status": "Planned" if line.action in ACTED else "Waiting",
				"row_count": line.rows,
				"because": line.because,
				"keep_until": line.until,
				"ground": line.ground,
				"statute": line.statute,
				"later": line.later.value if line.later else "",
				"decision": taken[0],
				"decided_by": taken[1],
				"fields": json.dumps(line.fields, ensure_ascii=False, sort_keys=True),
				"words": int(line.words),
				"renamed": line.renamed or None,
				"record_hash": hashed or None,
				"version": facts.versions.get(line.key),
			}
		)
	if rows:
		frappe.db.bulk_insert(LINE, list(rows[0]), [list(row.values()) for row in rows], chunk_size=500)


def packed(subject: Subject, words: Words) -> dict[str, Any]:
	"""Whom a plan is about, for its run: encrypted in the plan until it has ended and left nothing over."""
	return {
		"mails": sorted(words.mails),
		"phones": sorted(words.phones),
		"names": sorted(words.names),
		"all_names": sorted(subject.names),
		"all_mails": sorted(subject.mails),
		"all_phones": sorted(subject.phones),
		"identities": sorted(subject.identities),
		"records": sorted(map(list, subject.records)),
	}


def unpacked(doc: Any) -> dict[str, Any]:
	"""What `packed` kept. Raises ValidationError once the plan has ended."""
	return _told(doc) or frappe.throw(_("This plan has ended."))


def approve(plan: str, *, regardless: bool = False) -> None:
	"""Approve a plan as it stands, as a second officer; `regardless` of what else the person has asked, which is on record.

	Raises PermissionError for who planned or decided anything in it, ValidationError where something is left to decide, the
	data were changed since, or another request or copy of the person waits.
	"""
	require_officer()
	doc = _open_plan(plan, "Draft")
	if not may_approve(doc, frappe.session.user):
		frappe.throw(
			_("Who planned an erasure or decided in it does not approve it: ask a second officer."),
			frappe.PermissionError,
		)
	if doc.undecided:
		frappe.throw(_("{0} lines are left to decide.").format(doc.undecided))
	if doc.work_due:
		frappe.throw(_("The files of this site are still looked through: please wait until all are."))
	others = competing_with(doc)
	if any(others) and not regardless:
		frappe.throw(competing.said(others))
	if is_stale(doc):
		frappe.throw(_("The data were changed since this was planned: plan again, please."))
	_approve(plan, doc.request, [*others.requests, *others.copies])


def competing_with(doc: Any) -> competing.Waiting:
	"""What else the person of a plan has asked and would lose by it."""
	if not doc.request:
		return competing.Waiting([], [])
	return competing.with_erasure(frappe.get_doc("Data Subject Request", doc.request), _told(doc))


def may_approve(doc: Any, user: str) -> bool:
	"""Whether a user, as far as his part in a plan goes, may approve it: he has neither made it nor decided in it."""
	return user != doc.made_by and not has_decided(doc, user)


def has_decided(doc: Any, user: str) -> bool:
	"""Whether a user has decided anything of a plan, or of those that it goes on from."""
	return user in {taken[1] for taken in _decisions(doc).values()}


@one_transaction
def _approve(plan: str, request: str | None, others: list[str]) -> None:
	doc = frappe.get_doc(PLAN, plan, for_update=True)
	if doc.status != "Draft":
		frappe.throw(_("This plan is no draft any more."))
	_set(
		plan,
		status="Approved",
		approved_by=frappe.session.user,
		approved_on=now_datetime(),
		digest=digest(plan),
	)
	# What it keeps is restricted from now on.
	restricting.note_kinds(plan)
	if request:
		records.advance(request, "Approved", kept(N_("Plan {0}"), plan))
		if others:
			note = kept(N_("Approved although this waits: {0}"), ", ".join(others))
			records.step(frappe.get_doc("Data Subject Request", request), "Note", note)


def is_stale(doc: Any) -> bool:
	"""Whether the data that a plan speaks of were changed since; reads all again."""
	told = unpacked(doc)
	confirmed = frozenset()
	if doc.request:
		confirmed = matching.start_of(frappe.get_doc("Data Subject Request", doc.request)).records
	start = Start(
		records=confirmed or frozenset((doctype, name) for doctype, name in told["records"]),
		mails=frozenset(told["mails"]),
		phones=frozenset(told["phones"]),
	)
	neutral = Neutral(doc.neutral_name, doc.neutral_mail)
	facts, lines = draft(start, neutral, doc.company or "", _decisions(doc), _look_of(doc), words_of(told))
	return fingerprint(facts, lines) != doc.fingerprint


def digest(plan: str) -> str:
	"""What holds the lines of a plan together: changed by whoever changes, adds or takes away one."""
	rows = frappe.get_all(LINE, {"plan": plan}, list(_SEALED), order_by="place asc, name asc")
	told = [[str(row[name] if row[name] is not None else "") for name in _SEALED] for row in rows]
	return keyed_hash("erasure plan", json.dumps([plan, told]))


def _open_plan(plan: str, status: str) -> Any:
	doc = frappe.get_doc(PLAN, plan)
	doc.check_permission("read")
	if doc.status != status:
		frappe.throw(_("This plan is {0}.").format(_(doc.status)))
	return doc


def _refuse_running(request: str) -> None:
	if frappe.db.exists(PLAN, {"request": request, "status": "Running"}):
		frappe.throw(_("The erasure is under way: nothing can be planned any more."))


def _latest(request: str) -> Any:
	"""The plan that a new one goes on from: one that has not ended, or has left something over."""
	rows = frappe.get_all(
		PLAN,
		{"request": request},
		["name", "neutral_name", "neutral_mail", "decisions", "subject"],
		or_filters={"status": ["!=", "Done"], "subject": ["is", "set"]},
		order_by="creation desc, name desc",
		limit=1,
	)
	return rows[0] if rows else None


def _decisions(doc: Any) -> dict[str, list[str]]:
	"""What was decided of which record: {keyed hash: [decision, user]}; of what is kept [decision, user, day, ground]."""
	return json.loads((doc and doc.decisions) or "{}")


def left_by(stored: str | None) -> dict[str, str]:
	"""What officers decided to leave: {keyed hash of the record: "Not Hers", "Keep" or "Keep 2030-12-31"}, of a plan's `decisions`."""
	taken = json.loads(stored or "{}")
	return {
		hashed: " ".join([one[0], *one[2:3]])
		for hashed, one in taken.items()
		if one[0] != Decision.HERS.value
	}


def as_decided(left: str) -> list[str | None]:
	"""What `left_by` said of a record, as a decision again; what an officer gave as its ground was told in the certificate."""
	word, _space, day = left.partition(" ")
	if word == Decision.KEEP.value and day:
		return [word, None, day, planner.BY_OFFICER]
	return [left or Decision.NOT_HERS.value, None]


def _set(plan: str, **values: Any) -> None:
	frappe.db.set_value(PLAN, plan, values, update_modified=False)
