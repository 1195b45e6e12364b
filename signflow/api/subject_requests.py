"""Endpoints of the page /privacy/request, for guests and for users of the portal, and of Desk's buttons on a data request."""

from base64 import b64encode
from typing import Any

import frappe
from frappe import _
from frappe.rate_limiter import rate_limit
from frappe.utils import cint

from signflow.api.guest import answers, invalid_input, reader_language, session
from signflow.services import visits
from signflow.services.company import require_company
from signflow.services.guests import Refused
from signflow.services.subject_requests import (
	answering_again,
	carrying_out,
	decisions,
	forgetting,
	intake,
	matching,
	next_steps,
	papers,
	proofs,
	records,
	rectifying,
	request_page,
)
from signflow.services.subject_requests.records import REQUEST

PAGE = request_page.PAGE


def _wish(given: dict | str | None) -> Any:
	try:
		return frappe.parse_json(given) if given else None
	except ValueError:
		raise invalid_input() from None


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def begin(
	mail: str, wish: dict | str | None = None, key: str = "", language: str | None = None
) -> dict[str, Any]:
	"""Keep what is asked (`wish`; none to see one's requests), mail a code: {session, sent_to, …}, the same for everybody."""
	new_session, shown = request_page.begin(str(mail), reader_language(), _wish(wish), str(key))
	return {"session": new_session, **shown}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def check_code(code: str, language: str | None = None) -> dict[str, Any]:
	"""Identify the visit by the mailed code; the page's view."""
	return request_page.check_code(session(), str(code), reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def fetch_copy(reference: str, language: str | None = None) -> dict[str, str]:
	"""A session of /privacy/data for the copy that is ready for a request of the visitor's: {session}."""
	visit = visits.identified(session(), PAGE)[1]
	return {"session": request_page.fetch_copy(visit, str(reference), reader_language())}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def open_link(token: str, language: str | None = None) -> dict[str, Any]:
	"""Exchange the link of a mail for a session: {session, view}."""
	new_session, shown = request_page.open_link(str(token), reader_language())
	return {"session": new_session, "view": shown}


@frappe.whitelist(methods=["GET"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def open_as_user(language: str | None = None) -> dict[str, Any]:
	"""A session for whoever is logged in: {session, view}. GET, for the page has no CSRF token; it writes nothing to the
	database, and no other site can read what it answers."""
	new_session, shown = request_page.open_as_user(reader_language())
	return {"session": new_session, "view": shown}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=200, seconds=60 * 10)
@answers
def view(language: str | None = None) -> dict[str, Any]:
	"""The visitor's own requests."""
	return request_page.view(visits.identified(session(), PAGE)[1], reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def state(wish: dict | str, key: str = "", language: str | None = None) -> dict[str, Any]:
	"""An identified visitor asks for something; the view."""
	visit = visits.identified(session(), PAGE)[1]
	return request_page.state(visit, _wish(wish), str(key), reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def answer(reference: str, words: str, language: str | None = None) -> dict[str, Any]:
	"""The visitor answers what he was asked; the view."""
	visit = visits.identified(session(), PAGE)[1]
	return request_page.answer(visit, str(reference), str(words), reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=30, seconds=60 * 10)
@answers
def add_paper(reference: str, language: str | None = None) -> dict[str, Any]:
	"""The visitor adds a paper (multipart, `file`) to his own request; the view."""
	visit = visits.identified(session(), PAGE)[1]
	file = frappe.request.files.get("file")
	if not file:
		raise invalid_input()
	data = file.stream.read(papers.MOST_BYTES + 1)
	return request_page.add_paper(visit, str(reference), file.filename or "", data, reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def begin_phone(reference: str, number: str, language: str | None = None) -> dict[str, Any]:
	"""Send the visitor a code by text message, for his own request: {sent_to, valid_seconds}."""
	return request_page.begin_phone(session(), str(reference), str(number), reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=30, seconds=60 * 10)
@answers
def check_phone(reference: str, code: str, language: str | None = None) -> dict[str, Any]:
	"""Prove the visitor's own request by that code; the view."""
	return request_page.check_phone(session(), str(reference), str(code), reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def is_mine(reference: str, mine: bool | int, language: str | None = None) -> dict[str, Any]:
	"""The visitor says whether a request that came in his name is his; the view."""
	visit = visits.identified(session(), PAGE)[1]
	return request_page.is_mine(visit, str(reference), bool(mine), reader_language())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def take_back(reference: str, language: str | None = None) -> dict[str, Any]:
	"""The visitor takes his own request back; the view."""
	visit = visits.identified(session(), PAGE)[1]
	return request_page.take_back(visit, str(reference), reader_language())


# Desk.


@frappe.whitelist(methods=["POST"])
def record(
	company: str,
	request_type: str,
	person_name: str,
	received_on: str,
	email: str = "",
	phone: str = "",
	language: str = "fi",
	details: str = "",
	is_representative: bool | int = False,
	represents: str = "",
	has_protected_address: bool | int = False,
	objection_scope: str = "",
	proof_method: str = "",
	proof_note: str = "",
	reference_doctype: str | None = None,
	reference_name: str | None = None,
) -> str:
	"""Take in what came by letter, telephone, visit, mail or ticket; the request's name."""
	frappe.has_permission(REQUEST, "create", throw=True)
	require_company(company, REQUEST)
	reference = None
	if reference_doctype and reference_name:
		frappe.get_doc(reference_doctype, reference_name).check_permission("read")
		reference = (reference_doctype, reference_name)
	given = {
		"company": company,
		"request_type": request_type,
		"person_name": person_name,
		"phone": phone,
		"details": details,
		"is_representative": frappe.utils.cint(is_representative),
		"represents": represents,
		"has_protected_address": frappe.utils.cint(has_protected_address),
		"objection_scope": objection_scope,
	}
	try:
		wish = intake.read_wish(given)
	except Refused as refused:
		frappe.throw(refused.text)
	proof = proofs.by_staff(proof_method, proof_note) if proof_method else None
	return intake.record(wish, email, language, received_on=received_on, proof=proof, reference=reference)


@frappe.whitelist(methods=["POST"])
def from_communication(name: str) -> dict[str, Any]:
	"""What the dialog starts with for a mail that came in: the sender, when, and his words."""
	frappe.has_permission(REQUEST, "create", throw=True)
	mail = frappe.get_doc("Communication", name)
	mail.check_permission("read")
	if mail.sent_or_received != "Received":
		frappe.throw(_("Only a mail that came in is a request."))
	words = mail.text_content or frappe.utils.strip_html(mail.content or "")
	return {
		"person_name": mail.sender_full_name or "",
		"email": frappe.utils.parse_addr(mail.sender or "")[1],
		"received_on": str(mail.communication_date or mail.creation),
		"details": words.strip()[: intake.LIMITS["details"]],
		"reference_doctype": "Communication",
		"reference_name": mail.name,
	}


@frappe.whitelist(methods=["POST"])
def open_requests_of(mail: str) -> list[str]:
	"""The open requests of a mail's sender that the user may read, the newest first."""
	doc = frappe.get_doc("Communication", mail)
	doc.check_permission("read")
	sender = frappe.utils.parse_addr(doc.sender or "")[1].lower()
	filters = {"email": sender, "status": ["in", records.OPEN], "joined_to": ["is", "not set"]}
	return frappe.get_list(REQUEST, filters, pluck="name", order_by="received_on desc") if sender else []


@frappe.whitelist(methods=["POST"])
def add_mail(name: str, mail: str) -> dict[str, Any]:
	"""Keep what came with a mail on a request: {added, refused}. For whoever may take requests in."""
	frappe.has_permission(REQUEST, "create", throw=True)
	frappe.get_doc(REQUEST, name).check_permission("read")
	doc = frappe.get_doc("Communication", mail)
	doc.check_permission("read")
	if doc.sent_or_received != "Received":
		frappe.throw(_("Only a mail that came in is added."))
	try:
		return papers.add_mail(name, mail)
	except Refused as refused:
		frappe.throw(refused.text)


def _decide(name: str) -> None:
	frappe.get_doc(REQUEST, name).check_permission("write")
	decisions.require_officer()


@frappe.whitelist(methods=["POST"])
def ask_for_proof(name: str) -> bool:
	"""Mail the person a link to prove the request by; whether a mail is on its way."""
	_decide(name)
	return intake.ask_for_proof(name)


@frappe.whitelist(methods=["POST"])
def prove(name: str, method: str, note: str) -> None:
	"""Say how staff have proven the person."""
	_decide(name)
	intake.proven(name, proofs.by_staff(method, note))


@frappe.whitelist(methods=["POST"])
def propose(name: str) -> None:
	"""Look for the person's records again."""
	_decide(name)
	matching.propose_now(name)


@frappe.whitelist(methods=["POST"])
def confirm(name: str, rows: list | str) -> None:
	"""Say which proposed rows are the person."""
	_decide(name)
	chosen = frappe.parse_json(rows)
	if not isinstance(chosen, list):
		frappe.throw(_("The proposals have changed meanwhile: look at them again."))
	matching.confirm(name, [str(row) for row in chosen])


@frappe.whitelist(methods=["POST"])
def choose(name: str, doctype: str, record: str, because: str) -> None:
	"""Add a record that the officer knows to be the person."""
	_decide(name)
	matching.choose(name, doctype, record, because)


@frappe.whitelist(methods=["POST"])
def steps(name: str) -> list[dict[str, Any]]:
	"""The steps of a request, first to last."""
	frappe.get_doc(REQUEST, name).check_permission("read")
	return records.steps(name)


@frappe.whitelist(methods=["POST"])
def extend(name: str, months: int | str, reason: str) -> None:
	"""Answer later, told to the person."""
	_decide(name)
	decisions.extend(name, int(months), reason)


@frappe.whitelist(methods=["POST"])
def ask(name: str, question: str) -> None:
	"""Ask the person something."""
	_decide(name)
	decisions.ask(name, question)


@frappe.whitelist(methods=["POST"])
def answered(name: str, words: str) -> None:
	"""What the person answered to staff."""
	_decide(name)
	decisions.answer(name, words, by_person=False)


@frappe.whitelist(methods=["POST"])
def refuse(name: str, reason: str, ground: str = "", late: bool | int = False) -> None:
	"""Refuse on one of the grounds that there are, told to the person with the complaint route."""
	_decide(name)
	decisions.refuse(name, reason, ground, bool(cint(late)))


@frappe.whitelist(methods=["POST"])
def withdraw(name: str, words: str) -> None:
	"""The person has taken the request back, as she said in `words`; told to her."""
	_decide(name)
	decisions.withdraw(name, words, by_person=False)


@frappe.whitelist(methods=["POST"])
def complete(
	name: str,
	outcome: str,
	otherwise: bool | int = False,
	nothing_held: str | None = None,
	weighed: str | None = None,
	all_corrected: bool | int = False,
) -> dict[str, str] | None:
	"""The request is answered, told to the person; `otherwise` than by the steps it takes, or since nothing is held. `weighed`:
	what came of an objection. A correction takes the officer's word that it is `all_corrected`, or that the answer says why not.

	{file_name, content} (base64): the certificate to hand over, this once, where no mail takes it along.
	"""
	_decide(name)
	return _by_hand(
		decisions.complete(
			name,
			outcome,
			otherwise=bool(cint(otherwise)),
			nothing_held=nothing_held or "",
			weighed=weighed or "",
			all_corrected=bool(cint(all_corrected)),
		)
	)


def _by_hand(given: dict[str, Any] | None) -> dict[str, str] | None:
	return given and {"file_name": given["fname"], "content": b64encode(given["fcontent"]).decode()}


@frappe.whitelist(methods=["POST"])
def answer_again(name: str, because: str, email: str | None = None) -> dict[str, str] | None:
	"""An answer whose mail came back, to an address put right, or handed over: then with its certificate, as of `complete`."""
	_decide(name)
	return _by_hand(answering_again.again(name, because, email or ""))


@frappe.whitelist(methods=["POST"])
def next_step(name: str) -> dict[str, Any]:
	"""What is to be done next, why the request is not answered before, its answer as proposed, what was corrected so far, and
	whether a mail came back since it was answered: {step, said, record, answer, corrected, came_back}."""
	doc = frappe.get_doc(REQUEST, name)
	doc.check_permission("read")
	corrected = rectifying.corrected_so_far(name) if doc.request_type == "Rectification" else []
	return {
		**next_steps.next_step(doc),
		"answer": decisions.proposed_answer(doc),
		"corrected": corrected,
		"came_back": answering_again.came_back(doc),
	}


@frappe.whitelist(methods=["POST"])
def add_note(name: str, words: str) -> None:
	"""A word on record, told to nobody."""
	_decide(name)
	decisions.note(name, words)


@frappe.whitelist(methods=["POST"])
def change_kind(name: str, kind: str, because: str, scope: str = "") -> None:
	"""The person asks for something else than was understood; told to her."""
	_decide(name)
	decisions.change_kind(name, kind, because, scope)


@frappe.whitelist(methods=["POST"])
def hand_over(name: str, company: str) -> None:
	"""The request is another company's."""
	_decide(name)
	require_company(company, REQUEST)
	decisions.hand_over(name, company)


@frappe.whitelist(methods=["POST"])
def join(name: str, to: str) -> None:
	"""Answer a request under another."""
	_decide(name)
	_decide(to)
	intake.join(name, to)


@frappe.whitelist(methods=["POST"])
def carry_out(name: str) -> None:
	"""Carry a restriction or an objection to marketing out."""
	_decide(name)
	carrying_out.carry_out(name)


@frappe.whitelist(methods=["POST"])
def lift(name: str, reason: str, on: str) -> None:
	"""Lift a restriction on a day, told to the person before."""
	_decide(name)
	carrying_out.announce_lifting(name, reason, on)


@frappe.whitelist(methods=["POST"])
def complaint(name: str, is_pending: bool | int, words: str) -> None:
	"""Note that a complaint of the answer is pending, or over: the request stays as it is meanwhile."""
	_decide(name)
	forgetting.set_complaint(name, bool(cint(is_pending)), words)
