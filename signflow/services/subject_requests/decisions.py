"""What an officer decides of a request: more time, a question, refusal, the end; each with its letter and its step.

Nothing here stops the clock: GDPR 12(3) knows extension alone, and only a doubt about who asks (12(6)) puts off its start.
"""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import cint, formatdate, getdate, now_datetime

from signflow.core.erasure import clock
from signflow.services import notices
from signflow.services.erasure import backups, certificate, planning, telling
from signflow.services.erasure.planning import PLAN
from signflow.services.guests import plain
from signflow.services.privacy.approvals import require_officer, require_words
from signflow.services.subject_requests import (
	access,
	carrying_out,
	intake,
	letters,
	next_steps,
	recipients,
	records,
)
from signflow.services.times import holidays_of
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, kept

MAX_WORDS = 2000
# Once an erasure is approved it is carried out.
BEFORE_APPROVAL = ("Open", "Waiting for Person", "Planned")


def _words(text: str, asked: str) -> str:
	return require_words(text, asked, MAX_WORDS)


@one_transaction
def extend(name: str, months: int, reason: str) -> None:
	"""Answer one or two months later, told to the person within the first month with the reason (GDPR 12(3))."""
	require_officer()
	doc = records.still_open(name)
	if doc.extended_on:
		frappe.throw(_("The time was extended already."))
	if getdate() > records.due_of(doc):
		frappe.throw(_("An extension is told within the first month, and that is over."))
	if cint(months) not in (1, 2):
		frappe.throw(_("The time is extended by one or two months."))
	doc.extension_reason = _words(reason, _("Say why the answer takes longer."))
	doc.extended_on = now_datetime()
	doc.due_on = clock.extended_due_on(getdate(doc.received_on), holidays_of(doc.company), cint(months))
	doc.reminded_on = None
	records.save(doc)
	records.step(doc, "Extended", f"{doc.due_on}: {doc.extension_reason}")
	letters.mailed(doc, letters.send_extension(doc))


@one_transaction
def ask(name: str, question: str) -> None:
	"""Ask the person something. The clock goes on: the answer is due on the same day."""
	require_officer()
	doc = records.still_open(name)
	if doc.status not in ("Open", "Waiting for Person"):
		frappe.throw(_("The work on this request has begun."))
	doc.question = _words(question, _("Write the question."))
	doc.status = "Waiting for Person"
	records.save(doc)
	records.step(doc, "Question", doc.question)
	letters.mailed(doc, letters.send_question(doc))


@one_transaction
def answer(name: str, words: str, *, by_person: bool) -> None:
	"""What the person answered, on the page (`by_person`) or to staff; the request is open again."""
	doc = records.still_open(name)
	said = _words(plain(words) if by_person else words, _("Write the answer."))
	records.step(doc, "Answer", said, by_itself=by_person)
	if doc.status == "Waiting for Person":
		doc.status = "Open"
		records.save(doc)


@one_transaction
def refuse(name: str, reason: str, ground: str, late: bool = False) -> None:
	"""Refuse on one of `records.GROUNDS`, with the reason and the complaint route told to the person within a month (GDPR 12(4)-(5)).

	An extension does not lengthen that month. After it a refusal is `late`, and the request says so.
	"""
	require_officer()
	doc = records.for_change(name)
	if doc.joined_to:
		frappe.throw(_("This request is answered under {0}.").format(doc.joined_to))
	# Whoever proves nothing is refused as well: that is what 12(6) ends in.
	if doc.status not in (*records.OPEN, "Unverified") or doc.status == "Running":
		frappe.throw(_("This request cannot be refused any more."))
	if ground not in records.GROUNDS:
		frappe.throw(_("Choose the ground of the refusal."))
	last = records.due_of(doc)
	if getdate() > last and not late:
		frappe.throw(
			_("A refusal is told within a month of receipt, which ended on {0}.").format(formatdate(last))
		)
	doc.update(
		{
			"status": "Refused",
			"refusal_ground": ground,
			"refusal_reason": _words(reason, _("Say why the request is refused: the person is told.")),
			"refused_by": frappe.session.user,
			"refused_on": now_datetime(),
		}
	)
	records.save(doc)
	is_late = getdate() > last
	note = kept(N_("After the month had ended: {0}"), doc.refusal_reason) if is_late else doc.refusal_reason
	records.step(doc, "Refused", note)
	letters.mailed(doc, letters.send_refusal(doc))


def may_be_taken_back(row: Any) -> bool:
	"""Whether the person may take back a request (its `name`, `status`, `joined_to`): nothing of an erasure is approved or begun."""
	return (
		row.status in BEFORE_APPROVAL
		and not row.joined_to
		and not frappe.db.exists(PLAN, {"request": row.name, "started_on": ["is", "set"]})
	)


@one_transaction
def withdraw(name: str, words: str = "", *, by_person: bool) -> None:
	"""The person takes a request back, on the page (`by_person`) or as she said to staff in `words`; those answered under it end with it.

	What was carried out already stays. Raises ValidationError for a request that is approved, running, or closed.
	"""
	if not by_person:
		require_officer()
		words = _words(words, _("Say how the person took the request back."))
	# Plans before their request, as whoever approves one: otherwise each of two waits for the other.
	planning.supersede(name)
	doc = records.for_change(name)
	if doc.joined_to:
		frappe.throw(_("This request is answered under {0}.").format(doc.joined_to))
	if not may_be_taken_back(doc) and (by_person or doc.status != "Unverified"):
		frappe.throw(_("This request cannot be taken back any more."))
	access.cancel_all_of(name)
	doc.update({"status": "Withdrawn", "withdrawn_on": now_datetime(), "secret_hash": None})
	records.save(doc)
	records.step(doc, "Withdrawn", words, by_itself=by_person)
	sent = letters.send_withdrawn(doc)
	if by_person:
		records.step(doc, "Mailed" if sent else "Note", "" if sent else kept(N_("No mail could be sent.")))
		for user in notices.officers(records.REQUEST, doc.company):
			notices.notify(
				user, (records.REQUEST, name), lambda: _("The person has taken back {0}").format(name)
			)
	else:
		letters.mailed(doc, sent)


@one_transaction
def complete(
	name: str,
	outcome: str,
	*,
	otherwise: bool = False,
	nothing_held: str = "",
	weighed: str = "",
	all_corrected: bool = False,
) -> dict[str, Any] | None:
	"""The request is answered: what was done, told to the person in these words.

	Raises ValidationError while a step is missing that the request takes, unless it was answered `otherwise` (by word of mouth, on
	a medium), which is on record. An erasure is never answered otherwise than by erasing. Where no record of the person is confirmed
	the officer says how he knows that there is `nothing_held`, which is on record as well, for an erasure too. Of an objection to
	other processing than marketing he says what came of it (`weighed`: records.UPHELD or OUTWEIGHED), and why.
	A correction asks for the officer's word that it is `all_corrected`: one place put right says nothing of the rest.
	Returns the certificate {"fname", "fcontent"} where no mail takes it along: the caller hands it over, it is kept nowhere.
	"""
	require_officer()
	words = _words(outcome, _("Say what was done: the person is told."))
	# Locked before anything is read or made: of two clicks the second waits, and finds the request answered.
	doc = records.still_open(name)
	step = next_steps.next_step(doc)
	missing = step["said"]
	if step["step"] == next_steps.ADD_RECORDS and nothing_held:
		because = _words(nothing_held, _("Say how you know that nothing is held."))
		records.step(doc, "Note", kept(N_("Nothing is held on the person: {0}"), because[:1000]))
	elif missing and not (otherwise and doc.request_type not in next_steps.NEVER_LEFT_OUT):
		frappe.throw(missing)
	elif missing:
		records.step(doc, "Note", kept(N_("Answered in another way than by the steps that it takes.")))
	elif doc.request_type == "Rectification":
		if not all_corrected:
			frappe.throw(
				_("Say that everything that was asked for is corrected, or that the answer says why not.")
			)
		records.step(
			doc, "Note", kept(N_("Everything that was asked for is corrected, or the answer says why not."))
		)
	if carrying_out.is_weighed(doc):
		carrying_out.weigh(doc, weighed)
	doc = records.finish(name, words)
	proof, holding = None, []
	if doc.request_type == "Erasure":
		proof = certificate.for_answer(doc, recipients.of_request(name))
		holding = backups.what_is_told(name, doc.language or "en")
	sent = letters.send_answer(doc, proof, holding)
	letters.mailed(doc, sent)
	if sent or not proof:
		return None
	records.step(doc, "Handed to the Person", kept(N_("The certificate of erasure, on paper or on a medium")))
	return proof


def proposed_answer(doc: Any) -> dict[str, Any]:
	"""{words, language, certificate}: words to begin the answer with, in the person's language ("" if only an officer knows what was
	done), what that language is called in the reader's, and whether a certificate goes along."""
	language = {"fi": _("Finnish"), "sv": _("Swedish"), "en": _("English")}.get(doc.language or "en", "")
	plans = []
	if doc.request_type == "Erasure":
		plans = frappe.get_all(
			PLAN, {"request": doc.name, "status": "Done"}, pluck="name", order_by="name asc"
		)
	words = ""
	if plans:
		with print_language(doc.language or "en"):
			words = (
				_(
					"We have erased what we may. The certificate says what was erased, and what is kept, why and until when."
				)
				if telling.keeps(plans)
				else _("We have erased your data. The certificate says what was erased.")
			)
	return {"words": words, "language": language, "certificate": bool(plans)}


@one_transaction
def note(name: str, words: str) -> None:
	"""A word on the request's record, told to nobody."""
	require_officer()
	doc = records.for_change(name)
	records.step(doc, "Note", _words(words, _("Write the note.")))


@one_transaction
def change_kind(name: str, kind: str, because: str, scope: str = "") -> None:
	"""The person asks for something else than was understood, of which she gets a receipt: `kind`, of an objection its `scope` too.

	The clock goes on. Raises ValidationError once something was made or done for it.
	"""
	require_officer()
	words = _words(because, _("Say how you know what the person asks."))
	doc = records.for_change(name)
	if doc.joined_to or records.joined(name) or _has_begun(doc):
		frappe.throw(_("The work on this request has begun."))
	scope = scope if kind == "Objection" else ""
	same = (kind, scope) == (doc.request_type, doc.objection_scope or "")
	if kind not in records.TYPES or same or (kind == "Objection" and scope not in intake.SCOPES):
		frappe.throw(_("Choose another kind of request."))
	doc.update({"request_type": kind, "objection_scope": scope})
	records.save(doc)
	records.step(doc, "Kind Changed", f"{kind}: {words}")
	if doc.status != "Unverified":
		carrying_out.stop_marketing(doc)
		letters.mailed(doc, letters.send_receipt(doc))


def _has_begun(doc: Any) -> bool:
	"""Whether something was made or done for a request as the kind that it is."""
	steps = frappe.get_all(records.STEP, {"request": doc.name}, ["kind", "note"], order_by="name asc")
	return (
		doc.status not in ("Unverified", "Open", "Waiting for Person")
		or bool(doc.restricted_on)
		or any(
			step.kind == "Objection Carried Out" or next_steps.CORRECTED in (step.note or "")
			for step in steps
		)
		or any(
			frappe.db.exists(doctype, {"request": doc.name})
			for doctype in (PLAN, access.EXPORT, recipients.NOTICE)
		)
	)


@one_transaction
def hand_over(name: str, company: str) -> None:
	"""The request is another company's of this site: its clock goes on from the same receipt."""
	require_officer()
	doc = records.for_change(name)
	if (
		doc.status not in ("Unverified", "Open", "Waiting for Person")
		or doc.joined_to
		or records.joined(name)
	):
		frappe.throw(_("The work on this request has begun."))
	if not frappe.db.exists("Company", company) or company == doc.company:
		frappe.throw(_("Choose another company."))
	before, doc.company = doc.company, company
	if not doc.extended_on:
		doc.due_on = records.due_of(doc)
	records.save(doc)
	records.step(doc, "Handed Over", f"{before} → {company}")
