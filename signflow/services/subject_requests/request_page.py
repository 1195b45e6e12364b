"""The page /privacy/request: a person asks, proves his mailbox, and sees how his requests stand; without an account.

Whoever he is, the answers are alike: no record of his is looked for before he has proven his mailbox, and then only his own
requests are shown, never what is held on him.
"""

from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from signflow.core.erasure import clock
from signflow.services import visits
from signflow.services.company import own_name, write_to
from signflow.services.guests import Refused, plain
from signflow.services.letters import counted
from signflow.services.subject_requests import (
	access_page,
	decisions,
	intake,
	letters,
	papers,
	phone_proof,
	proofs,
	protecting,
	records,
)
from signflow.services.subject_requests.records import REQUEST
from signflow.services.times import utc_time
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, kept, said

PAGE = "requests"
MAX_REQUESTS_A_DAY = 10
MAX_UNPROVEN_A_DAY = 2000
MAX_PAPERS_A_DAY = 40
MOST_SHOWN = 50


def letter(visit: dict[str, Any]) -> visits.Letter:
	"""The words around a visitor's code, known or not."""
	return visits.Letter(_("Your code for your data request"), "signflow_data_request_code", own_name())


def begin(mail: str, language: str, given: Any, key: str) -> tuple[str, dict[str, Any]]:
	"""Mail a code to whoever says that `mail` is his, and keep what he asks (`given`, None to see his requests only).

	Returns (session, what the page shows). `key` is the page's own, the same for each try of one request. Raises Refused.
	"""
	if given is None:
		return visits.begin(mail, language, PAGE)
	wish, request_key = intake.read_wish(given), _key_for(mail, key)
	# A flood of what nobody proves fills no table and keeps nobody from asking: the visit itself remembers the wish.
	floods = counted("data requests unproven") > MAX_UNPROVEN_A_DAY
	in_visit = {"wish": given, "page_key": key}
	session, shown = visits.begin(
		mail, language, PAGE, waiting=in_visit, request_key=request_key, **(in_visit if floods else {})
	)
	# Nor does whoever types one address again and again while a code is on its way.
	if not floods and not shown.get("was_sent"):
		intake.hold(wish, mail.strip(), language, request_key)
	return session, shown


def _key_for(mail: str, key: str) -> str:
	"""A page's key counts for one mailbox: another address is another request."""
	return frappe.utils.sha256_hash(f"{intake.page_key_of(key)}\0{mail.strip().lower()}")


def check_code(session: str, code: str, language: str) -> dict[str, Any]:
	"""Identify the visit by the mailed code; what it brought along is open from now on. Returns the view."""
	visit = visits.check_code(session, code, PAGE)
	_note_mailbox(visit["mail"])
	made = None
	if key := visit.get("request_key"):
		made = frappe.db.get_value(
			REQUEST, {"page_key": key, "email": visit["mail"].lower()}, ["name", "status"], as_dict=True
		)
		if made and made.status == "Unverified":
			_limit(visit)
			intake.proven(made.name, proofs.BY_CODE)
	if not made and visit.get("wish"):
		return state(visit, visit["wish"], visit["page_key"], language)
	return view(visit, language, made.name if made else "")


def _note_mailbox(mail: str) -> None:
	"""What staff have taken in: its mailbox is shown to be the person's by the same code."""
	filters = {"email": mail.lower(), "status": ["in", records.OPEN]}
	for name in frappe.get_all(REQUEST, filters, pluck="name", order_by="name asc", limit=MOST_SHOWN):
		if not protecting.is_mailbox_proven(name):
			intake.proven(name, proofs.BY_CODE)


def _limit(visit: dict[str, Any]) -> None:
	if counted(f"data requests {visit['mail'].lower()}") > MAX_REQUESTS_A_DAY:
		raise Refused(
			"too_many",
			write_to(
				_("Too many requests came in today. Try again tomorrow, or write to us."), about_data=True
			),
			429,
		)


def open_link(token: str, language: str) -> tuple[str, dict[str, Any]]:
	"""A session and the page's view for the link of a mail; raises Refused `old_link` for any other."""
	row = letters.follow(token)
	if not row:
		raise Refused("old_link", _("This link has ended. Write your mail address, and you get a code."), 401)
	session = visits.open_by_link(row.email, language, PAGE, by="Link in a Mail")
	return session, view(visits.identified(session, PAGE)[1], language, row.name)


def open_as_user(language: str) -> tuple[str, dict[str, Any]]:
	"""A session and the view for whoever is logged in: his login has proven his mailbox."""
	user = frappe.session.user
	mail = frappe.db.get_value("User", {"name": user, "enabled": 1}, "email")
	if user in ("Guest", "Administrator") or not mail:
		raise Refused("not_identified", _("Log in first, or ask for a code."), 401)
	session = visits.open_by_link(mail, language, PAGE, by="Login")
	return session, view(visits.identified(session, PAGE)[1], language)


def state(visit: dict[str, Any], given: Any, key: str, language: str) -> dict[str, Any]:
	"""An identified visitor asks for something (more); the same `key` again changes nothing. Returns the view."""
	wish = intake.read_wish(given)
	page_key = _key_for(visit["mail"], key)
	name = frappe.db.get_value(REQUEST, {"page_key": page_key, "email": visit["mail"].lower()})
	if not name:
		_limit(visit)
		name = intake.receive(
			wish,
			visit["mail"],
			language,
			_source(visit, given),
			proof=_proof(visit),
			page_key=page_key,
		)
	return view(visit, language, name)


def _source(visit: dict[str, Any], given: Any) -> str:
	if visit.get("by") != "Login":
		return "Web Page"
	return "Website Form of Frappe" if given.get("from_account") else "Portal"


def _proof(visit: dict[str, Any]) -> proofs.Proof:
	return {"Login": proofs.BY_LOGIN, "Link in a Mail": proofs.BY_LINK}.get(
		visit.get("by") or "", proofs.BY_CODE
	)


def view(visit: dict[str, Any], language: str, made: str = "") -> dict[str, Any]:
	"""A visitor's own requests, newest first: {mail, made, requests: [{reference, type, state, received_on, due_on, days_left,
	extended, question, outcome, answered_on, withdrawn_on, may_take_back, certificate_on, copy, reason, complaint, yours, joined_to, proofs, papers, takes_papers,
	mandate, represents}]}. `made` is the one just made; `mandate`: a representative's, who may have to show his right; `represents`: for
	whom he asks, in his words; `certificate_on`: when the certificate of erasure was mailed; `copy`: {until, opens} of what can be
	fetched, from here (`opens`) by whoever typed a code.

	`yours` is asked of what reached the house in his name by mail or letter and is not proven.
	"""
	rows = frappe.get_all(
		REQUEST,
		{"email": visit["mail"].lower()},
		[
			"name",
			"request_type",
			"status",
			"source",
			"company",
			"received_on",
			"due_on",
			"extended_on",
			"extension_reason",
			"question",
			"outcome",
			"done_on",
			"refused_on",
			"refusal_reason",
			"withdrawn_on",
			"joined_to",
			"is_representative",
			"represents",
		],
		order_by="received_on desc, name desc",
		limit=MOST_SHOWN,
	)
	# Another's typing of this address on the public page is not this visitor's: only who brought it proves it.
	shown = [row for row in rows if not records.is_nobodys(row)]
	return {
		"mail": visit["mail"],
		"made": made if any(row.name == made for row in shown) else "",
		"requests": [{**_shown(row), **_given(row, visit)} for row in shown],
	}


def _shown(row: Any) -> dict[str, Any]:
	open_ = row.status in records.OPEN
	return {
		"reference": row.name,
		"type": row.request_type,
		"company": row.company,
		"state": {
			"Unverified": "unproven",
			"Waiting for Person": "waiting",
			"Done": "done",
			"Refused": "refused",
			"Withdrawn": "withdrawn",
		}.get(row.status, "open"),
		"received_on": utc_time(row.received_on).isoformat(),
		"due_on": str(row.due_on) if open_ else "",
		"days_left": clock.days_left(getdate(row.due_on), getdate()) if open_ else None,
		"extended": row.extension_reason if row.extended_on and open_ else "",
		"question": row.question if row.status == "Waiting for Person" else "",
		"outcome": said(row.outcome) if row.status == "Done" else "",
		"reason": row.refusal_reason or "" if row.status == "Refused" else "",
		"complaint": letters.complaint_route(row.company) if row.status == "Refused" else [],
		"yours": row.status == "Unverified",
		"joined_to": row.joined_to or "",
		"proofs": proofs.further(row.name) if open_ else [],
		# What nobody has proven to be his tells its mailbox nothing of what came with it.
		"papers": [] if row.status == "Unverified" else papers.of_request(row.name),
		"takes_papers": _takes_papers(row),
		"mandate": bool(open_ and row.is_representative),
		"represents": row.represents or "" if row.is_representative and row.status != "Unverified" else "",
	}


def _given(row: Any, visit: dict[str, Any]) -> dict[str, Any]:
	"""When a request was answered, and what was given with the answer."""
	ended = _iso(records.closed_on(row))
	is_withdrawn = row.status == "Withdrawn"
	export = access_page.ready_for(row.name, visit["mail"])
	return {
		"answered_on": "" if is_withdrawn else ended,
		"withdrawn_on": ended if is_withdrawn else "",
		"may_take_back": decisions.may_be_taken_back(row),
		"certificate_on": _iso(_certificate_mailed_on(row.name)) if row.status == "Done" else "",
		"copy": {"until": _iso(export.expires_on), "opens": _by_code(visit)} if export else None,
	}


def _iso(moment: Any) -> str:
	return utc_time(moment).isoformat() if moment else ""


def _by_code(visit: dict[str, Any]) -> bool:
	"""Whether a code was typed in this visit: a link of an older mail, or a login, opens no data."""
	return not visit.get("by")


def _certificate_mailed_on(request: str) -> Any:
	made = frappe.db.get_value(
		"Erasure Plan",
		{"request": request, "certificate_made_on": ["is", "set"]},
		"certificate_made_on",
		order_by="certificate_made_on desc",
	)
	mailed = {"request": request, "kind": "Mailed", "at": [">=", made]}
	return made and frappe.db.get_value(records.STEP, mailed, "at", order_by="at asc")


def _takes_papers(row: Any) -> bool:
	"""Papers are of use where a right to ask for another is to be shown, and where the house has asked something. More than that
	need not be sent (GDPR 5(1)(c)), though a person may still do so by mail or post."""
	return row.status in records.OPEN and bool(row.is_representative or row.question)


def _own(visit: dict[str, Any], reference: str, *states: str, for_papers: bool = False) -> str:
	"""The name of the visitor's own request, one that takes papers if it is `for_papers`; raises Refused alike for others and none."""
	row = frappe.db.get_value(
		REQUEST,
		{"name": reference, "email": visit["mail"].lower()},
		["name", "status", "source", "is_representative", "question"],
		as_dict=True,
	)
	is_his = row and not records.is_nobodys(row) and row.status in states
	if not is_his or (for_papers and not _takes_papers(row)):
		raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
	return row.name


def add_paper(
	visit: dict[str, Any], reference: str, file_name: str, data: bytes, language: str
) -> dict[str, Any]:
	"""The visitor adds a paper to his own open request, where it is of use; the view. Raises Refused for all else."""
	name = _own(visit, reference, *records.OPEN, for_papers=True)
	if counted(f"data request papers {visit['mail'].lower()}") > MAX_PAPERS_A_DAY:
		raise Refused(
			"too_many",
			write_to(
				_("Too many papers came in today. Try again tomorrow, or write to us."), about_data=True
			),
			429,
		)
	papers.add(name, file_name, data, by_person=True)
	return view(visit, language)


def fetch_copy(visit: dict[str, Any], reference: str, language: str) -> str:
	"""A session of /privacy/data for the visitor's own copy that is ready; he has typed a code in this visit."""
	if not _by_code(visit):
		raise Refused("not_identified", _("Confirm first that it is you: ask for a code."))
	return access_page.open_for(_own(visit, reference, "Done", *records.OPEN), visit["mail"], language)


def begin_phone(session: str, reference: str, number: str, language: str) -> dict[str, Any]:
	"""The visitor has a code sent to his telephone, to prove his own request by that too: {sent_to, valid_seconds}."""
	key, visit = visits.identified(session, PAGE)
	return phone_proof.begin(key, _own(visit, reference, *records.OPEN), plain(number), language)


def check_phone(session: str, reference: str, code: str, language: str) -> dict[str, Any]:
	"""The visitor's own request is proven by the code in the text message; the view."""
	key, visit = visits.identified(session, PAGE)
	phone_proof.check(key, _own(visit, reference, *records.OPEN), code)
	return view(visit, language)


def answer(visit: dict[str, Any], reference: str, words: str, language: str) -> dict[str, Any]:
	"""The visitor answers what he was asked; the view."""
	name = _own(visit, reference, "Waiting for Person")
	if not 2 < len(plain(words).strip()) <= decisions.MAX_WORDS:
		raise Refused(
			"invalid_input", _("Write your answer, {0} characters at most.").format(decisions.MAX_WORDS), 422
		)
	decisions.answer(name, words, by_person=True)
	return view(visit, language)


def take_back(visit: dict[str, Any], reference: str, language: str) -> dict[str, Any]:
	"""The visitor takes his own request back; the view."""
	name = _own(visit, reference, *decisions.BEFORE_APPROVAL)
	row = frappe.db.get_value(REQUEST, name, ["name", "status", "joined_to"], as_dict=True)
	if not decisions.may_be_taken_back(row):
		raise Refused("too_late", _("This request cannot be taken back any more."), 409)
	decisions.withdraw(name, by_person=True)
	return view(visit, language)


def is_mine(visit: dict[str, Any], reference: str, mine: bool, language: str) -> dict[str, Any]:
	"""The visitor says whether a request that came in his name is his; the view."""
	name = _own(visit, reference, "Unverified")
	if mine:
		_limit(visit)
		intake.proven(name, _proof(visit))
	else:
		_disown(name)
	return view(visit, language, name if mine else "")


@one_transaction
def _disown(name: str) -> None:
	doc = records.for_change(name)
	if doc.status != "Unverified":
		return
	doc.update(
		{
			"status": "Done",
			"done_on": frappe.utils.now_datetime(),
			"secret_hash": None,
			"outcome": kept(N_("The owner of the mailbox says that he has not asked this.")),
		}
	)
	records.save(doc)
	records.step(doc, "Disowned", by_itself=True)
