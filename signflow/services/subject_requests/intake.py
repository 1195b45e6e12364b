"""Requests as they come in, by whatever way, until somebody has proven that one is his.

Whoever asks is told the same whether or not data of his exists: nothing here looks for any before the proof.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, get_datetime, getdate, now_datetime

from signflow.core.erasure import clock
from signflow.services import notices, work
from signflow.services.company import write_to
from signflow.services.guests import LANGUAGES, Refused, plain
from signflow.services.privacy.notices import site_company
from signflow.services.subject_requests import carrying_out, letters, matching, papers, records
from signflow.services.subject_requests.proofs import Proof, is_lower
from signflow.services.subject_requests.records import OPEN, REQUEST, TYPES
from signflow.services.times import holidays_of
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address
from signflow.signflow.stored_words import N_, kept

SCOPES = ("Direct Marketing", "Other Processing")
LIMITS = {"person_name": 140, "phone": 40, "details": 4000, "represents": 500}
UNPROVEN_DAYS = 14
_KEY = re.compile(r"[A-Za-z0-9-]{16,64}")


@dataclass(frozen=True)
class Wish:
	"""What somebody asks, checked and tidied."""

	request_type: str
	person_name: str
	details: str = ""
	phone: str = ""
	represents: str = ""
	is_representative: bool = False
	has_protected_address: bool = False
	objection_scope: str = ""
	company: str = ""


def read_wish(given: Any) -> Wish:
	"""What a page sends, as a Wish; raises Refused that names the `field` which is wrong.

	`given` is {request_type, person_name, details, phone, is_representative, represents, has_protected_address,
	objection_scope, company, trap}; `trap` is a field that people do not see.
	"""
	if not isinstance(given, dict) or any(isinstance(value, dict | list) for value in given.values()):
		raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
	if str(given.get("trap") or "").strip():
		raise Refused(
			"invalid_input",
			write_to(
				_("This looked as if a program had filled in the page. Load it again, or write to us."),
				about_data=True,
			),
			422,
		)
	kind = str(given.get("request_type") or "")
	if kind not in TYPES:
		raise Refused("invalid_input", _("Choose what you want."), 422, field="request_type")
	words = {field: plain(given.get(field)).strip() for field in LIMITS}
	words["person_name"] = " ".join(words["person_name"].split())
	words["phone"] = " ".join(words["phone"].split())
	for field, limit in LIMITS.items():
		if len(words[field]) > limit:
			raise Refused(
				"invalid_input",
				_("This is too long: {0} characters at most.").format(limit),
				422,
				field=field,
			)
	if len(words["person_name"]) < 2:
		raise Refused("invalid_input", _("Write your name."), 422, field="person_name")
	represents = bool(given.get("is_representative"))
	if represents and len(words["represents"]) < 3:
		raise Refused("invalid_input", _("Say for whom you ask, and by what right."), 422, field="represents")
	if kind == "Rectification" and len(words["details"]) < 3:
		raise Refused("invalid_input", _("Say what is wrong and how it should be."), 422, field="details")
	scope = str(given.get("objection_scope") or "")
	return Wish(
		kind,
		**{**words, "represents": words["represents"] if represents else ""},
		is_representative=represents,
		has_protected_address=bool(given.get("has_protected_address")),
		objection_scope=(scope if scope in SCOPES else SCOPES[0]) if kind == "Objection" else "",
		company=_company(str(given.get("company") or "")),
	)


def _company(named: str) -> str:
	"""The controller whose page it is: the one that the address named, else the site's. A guess tells nothing."""
	found = (named and frappe.db.get_value("Company", named)) or site_company() or _first_company()
	if not found:
		text = _("Requests cannot be made on this page yet. Write to us instead.")
		raise Refused("not_open", write_to(text, about_data=True), 409)
	return found


def _first_company() -> str | None:
	named = frappe.defaults.get_global_default("company")
	return named or frappe.db.get_value("Company", {}, "name", order_by="creation asc")


@one_transaction
def hold(wish: Wish, mail: str, language: str, page_key: str) -> str:
	"""Keep what somebody asks before he has proven his mailbox; the same page again changes what it has sent.

	Nothing is mailed but the code, and what nobody proves is swept (`sweep_unproven`).
	"""
	row = frappe.db.get_value(REQUEST, {"page_key": page_key}, ["name", "status"], as_dict=True)
	if row and row.status == "Unverified":
		doc = records.for_change(row.name)
		doc.update(_fields(wish, mail, language))
		records.save(doc)
	if row:
		return row.name
	return _receive(wish, mail, language, "Web Page", page_key=page_key).name


@one_transaction
def receive(
	wish: Wish,
	mail: str,
	language: str,
	source: str,
	*,
	proof: Proof | None = None,
	received_on: Any = None,
	reference: tuple[str, str] | None = None,
	page_key: str = "",
) -> str:
	"""Take a request in; returns its name. With a `proof` it is open at once, without one it waits for it.

	`received_on` is when it reached the house (now if empty): the clock starts there. `reference` is (DocType, name) of the
	mail or ticket that it came in.
	"""
	doc = _receive(
		wish, mail, language, source, received_on=received_on, reference=reference, page_key=page_key
	)
	if proof:
		_prove(doc, proof)
	else:
		_tell_officers(doc)
	return doc.name


def _fields(wish: Wish, mail: str, language: str) -> dict[str, Any]:
	return {
		"request_type": wish.request_type,
		"company": wish.company,
		"person_name": wish.person_name,
		"email": mail.lower(),
		"phone": wish.phone,
		"language": language if language in LANGUAGES else "fi",
		"details": wish.details,
		"is_representative": int(wish.is_representative),
		"represents": wish.represents,
		"has_protected_address": int(wish.has_protected_address),
		"objection_scope": wish.objection_scope,
	}


def _receive(
	wish: Wish,
	mail: str,
	language: str,
	source: str,
	*,
	received_on: Any = None,
	reference: tuple[str, str] | None = None,
	page_key: str = "",
) -> Any:
	doc = frappe.new_doc(REQUEST)
	moment: datetime = get_datetime(received_on) if received_on else now_datetime()
	doc.update(_fields(wish, mail, language))
	doc.update(
		{
			"status": "Unverified",
			"source": source,
			"received_on": moment,
			"due_on": clock.due_on(getdate(moment), holidays_of(wish.company)),
			"reference_doctype": reference[0] if reference else None,
			"reference_name": reference[1] if reference else None,
			"page_key": page_key or None,
		}
	)
	records.save(doc)
	records.step(doc, "Received", source)
	return doc


@one_transaction
def proven(name: str, proof: Proof) -> None:
	"""The person has proven that a request is his: it is open, receipted, and matched with records (GDPR 12(6))."""
	doc = records.for_change(name)
	if doc.status == "Unverified":
		_prove(doc, proof)
		return
	if doc.status in OPEN:
		# A higher level asked for later; what was shown better before stands.
		if not is_lower(proof.level, doc.proof_level):
			doc.update(_proof_fields(proof))
			records.save(doc)
		records.step(doc, "Proven", f"{proof.method}: {proof.note}" if proof.note else proof.method)
		work.wake("signflow.services.subject_requests.matching.propose", name=doc.name)


def _prove(doc: Any, proof: Proof) -> None:
	doc.update(_proof_fields(proof))
	doc.update({"status": "Open", "secret_hash": None})
	records.save(doc)
	records.step(doc, "Proven", proof.method)
	first = _first_of_its_kind(doc)
	if first:
		join_in_place(doc, first)
	carrying_out.stop_marketing(doc)
	letters.send_receipt(doc)
	if not first:
		work.wake("signflow.services.subject_requests.matching.propose", name=doc.name)
	_tell_officers(doc)


def _proof_fields(proof: Proof) -> dict[str, Any]:
	return {
		"proof_method": proof.method,
		"proof_level": proof.level,
		"proof_note": proof.note,
		"verified_on": now_datetime(),
	}


def _first_of_its_kind(doc: Any) -> str | None:
	"""An older open request of the same mailbox, for the same person, of the same kind, to the same company."""
	if not doc.email:
		return None
	filters = {
		"email": doc.email,
		"request_type": doc.request_type,
		"company": doc.company,
		"status": ["in", OPEN],
		"joined_to": ["is", "not set"],
		"is_representative": doc.is_representative,
		"objection_scope": doc.objection_scope or "",
		"name": ["!=", doc.name],
	}
	fields = ["name", "represents", "person_name", "details"]
	for row in frappe.get_all(REQUEST, filters, fields, order_by="received_on asc, name asc"):
		# A mailbox may be a family's: another name is another person, and so is another who is represented.
		same = matching.same_person(row.person_name, doc.person_name) and (row.represents or "") == (
			doc.represents or ""
		)
		if same and (not _is_about_its_details(doc) or (row.details or "") == (doc.details or "")):
			return row.name
	return None


def _is_about_its_details(doc: Any) -> bool:
	"""Whether two such requests in other words ask for two things: another mistake, another use of the data."""
	return doc.request_type == "Rectification" or doc.objection_scope == "Other Processing"


@one_transaction
def join(name: str, to: str) -> None:
	"""Answer a request under another of the same kind and company (an officer's decision)."""
	doc = records.still_open(name)
	first = records.still_open(to)
	if name == to or (doc.request_type, doc.company) != (first.request_type, first.company):
		frappe.throw(_("Only requests of one kind to one company are joined."))
	join_in_place(doc, to)


def join_in_place(doc: Any, first: str) -> None:
	"""`join` in the caller's transaction. Both are answered by the first one's day."""
	for name in records.joined(doc.name):
		frappe.db.set_value(REQUEST, name, "joined_to", first)
	doc.joined_to = first
	records.save(doc)
	records.step(doc, "Joined", first)
	under = records.for_change(first)
	records.step(under, "Joined", doc.name)
	records.save(under)
	doc.reload()


def page_key_of(key: str) -> str:
	"""The page's own random key, hashed as it is kept; raises Refused for what is none."""
	if not _KEY.fullmatch(key or ""):
		raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
	return frappe.utils.sha256_hash(key)


def sweep_unproven() -> None:
	"""Delete what came by the public page and nobody has proven within two weeks (daily; commits).

	What came by letter, mail or telephone stays until an officer has answered it.
	"""
	before = add_to_date(now_datetime(), days=-UNPROVEN_DAYS)
	while names := frappe.get_all(
		REQUEST,
		{"status": "Unverified", "source": "Web Page", "received_on": ["<", before]},
		pluck="name",
		order_by="received_on asc",
		limit=500,
	):
		_sweep(names)


@one_transaction
def _sweep(names: list[str]) -> None:
	papers.erase(names)
	records.sweep_away(names)


def lead_here(doc: Any, method: str | None = None) -> None:
	"""Refuse the framework's own request for deletion or download and say where to ask (their before_insert).

	Not carried over: it may be a guest's, or be made by a System Manager for somebody else.
	"""
	right = "Erasure" if doc.doctype == "Personal Data Deletion Request" else "Access"
	link = frappe.utils.get_url(f"/privacy/request?right={right}&from=account")
	frappe.throw(
		_("Ask on the page for data requests: you get a receipt and an answer within a month. {0}").format(
			f'<a href="{link}">{link}</a>'
		),
		title=_("Data Request"),
	)


# What staff take in.


def record(
	wish: Wish, mail: str, language: str, *, received_on: Any, proof: Proof | None, reference: Any = None
) -> str:
	"""Take in what came by letter, telephone or visit, or in a mail or ticket (`reference`); returns its name.

	The caller may make requests. Raises ValidationError for a time to come, or without a way to reach the person.
	"""
	if mail and not one_address(mail):
		frappe.throw(_("{0} is not a mail address.").format(mail))
	moment = get_datetime(received_on) if received_on else now_datetime()
	if moment > add_to_date(now_datetime(), minutes=1):
		frappe.throw(_("When did the request arrive? The time cannot be in the future."))
	if not mail and not proof:
		frappe.throw(
			_("Without a mail address the person can prove nothing here: say how you have proven who asks.")
		)
	source = {"HD Ticket": "Ticket", "Issue": "Ticket", "Communication": "Mail"}.get(
		reference[0] if reference else "", "Desk"
	)
	name = receive(wish, mail.strip(), language, source, proof=proof, received_on=moment, reference=reference)
	if not proof:
		ask_for_proof(name)
	return name


@one_transaction
def ask_for_proof(name: str) -> bool:
	"""Mail the person a link by which he shows that the request is his; whether a mail is on its way."""
	doc = records.for_change(name)
	if doc.status != "Unverified":
		frappe.throw(_("This request is proven already."))
	sent = letters.ask_for_proof(doc)
	records.save(doc)
	records.step(doc, "Proof Asked", "" if sent else kept(N_("No mail could be sent.")))
	return sent


def _tell_officers(doc: Any) -> None:
	for user in notices.officers(REQUEST, doc.company):
		notices.notify(
			user,
			(REQUEST, doc.name),
			lambda: _("A data request came in: {0}, {1}").format(_(doc.request_type), doc.name),
		)
