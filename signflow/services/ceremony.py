"""The signer's side: open the link, read, prove who one is, sign or decline.

The invitation's token opens a short session; a code mailed to the signer identifies that session and no other. Every
answer that depends on a token is the same for one that never was and one that has ended.
"""

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, get_datetime, get_url, now_datetime

from signflow.core.flow import OPEN
from signflow.core.identity import otp
from signflow.core.identity.levels import level_named, statement
from signflow.core.identity.masking import mask_mail
from signflow.core.identity.tokens import matches, new_session, parse, parse_session
from signflow.core.pdf.stamps import BadDrawing, Stamp, draw_stamp
from signflow.services import delivery, evidence, revisions, sealing, submissions
from signflow.services.company import house as house_of
from signflow.services.files import read_sealed
from signflow.services.guests import Refused
from signflow.services.privacy import notices
from signflow.services.requests import close_request, lock_request, signers_of
from signflow.services.times import utc_time
from signflow.services.transaction import one_transaction

SESSION_MINUTES = 60
RESEND_SECONDS = 60
MAX_CODES = 8
MAX_NEW_LINKS = 10
MAX_DRAWN_BYTES = 200_000
PNG = b"\x89PNG\r\n\x1a\n"


def _link_invalid() -> Refused:
	return Refused(
		"link_invalid",
		_("This link does not work. It may have been replaced by a newer mail, or its time may be over."),
	)


def _by_token(token: str) -> Any:
	parsed = parse(token)
	signer = parsed and frappe.db.get_value(
		"Signature Request Signer", parsed[0], ["name", "token_hash", "request"], as_dict=True
	)
	if (
		not parsed
		or not signer
		or not signer.token_hash
		or not matches(parsed.secret_hash, signer.token_hash)
	):
		raise _link_invalid()
	return signer


def _by_session(session: str, *, lock: bool = False, identified: bool = False) -> tuple[Any, Any]:
	"""Request and signer of a live session. With `lock`, both rows are locked until the transaction ends."""
	hashed = parse_session(session)
	name = hashed and frappe.db.get_value("Signature Request Signer", {"session_hash": hashed})
	if not name:
		raise Refused("session_expired", _("Your visit has ended for your safety. Open the link again."), 401)
	request_name = frappe.db.get_value("Signature Request Signer", name, "request")
	request = lock_request(request_name) if lock else frappe.get_doc("Signature Request", request_name)
	signer = frappe.get_doc("Signature Request Signer", name, for_update=lock)
	if signer.session_hash != hashed or get_datetime(signer.session_expires_on) < now_datetime():
		raise Refused("session_expired", _("Your visit has ended for your safety. Open the link again."), 401)
	frappe.local.lang = frappe.local.signflow_lang or delivery.language_of(request, signer)
	if identified and not signer.session_identified:
		raise Refused("not_identified", _("Confirm first that it is you: ask for a code."))
	return request, signer


@one_transaction
def open_invitation(token: str, *, form: str | None = None) -> tuple[str, dict[str, Any]]:
	"""Exchange an invitation's token for a session; returns (session, view). Raises Refused `link_invalid`.

	A page that may stand in the frame of `form`'s hosts opens requests of that form only.
	"""
	found = _by_token(token)
	if form and frappe.db.get_value("Form Submission", {"request": found.request}, "form") != form:
		raise _link_invalid()
	request = lock_request(found.request)
	signer = frappe.get_doc("Signature Request Signer", found.name, for_update=True)
	session, hashed = new_session()
	now = now_datetime()
	values: dict[str, Any] = {
		"session_hash": hashed,
		"session_expires_on": add_to_date(now, minutes=SESSION_MINUTES),
		"session_identified": 0,
		"code_hash": None,
	}
	if signer.status in ("Invited", "Identified"):
		values["status"] = "Opened"
	frequent = signer.opened_on and get_datetime(signer.opened_on) > add_to_date(now, minutes=-10)
	if not frequent:
		values["opened_on"] = now
		evidence.record(request.name, "opened", signer=signer.name, private=evidence.caller())
	frappe.db.set_value("Signature Request Signer", signer.name, values)
	signer.reload()
	frappe.local.lang = frappe.local.signflow_lang or delivery.language_of(request, signer)
	return session, _view(request, signer)


def view(session: str) -> dict[str, Any]:
	"""What the page shows for a live session."""
	return _view(*_by_session(session))


def _state(request: Any, signer: Any) -> str:
	ended = {"Completed": "completed", "Cancelled": "cancelled", "Expired": "expired", "Declined": "declined"}
	if request.status in ended:
		return ended[request.status]
	by_signer = {"Waiting": "waiting", "Signing": "sealing", "Signed": "signed", "Declined": "declined"}
	if signer.status in by_signer:
		return by_signer[signer.status]
	if request.status not in OPEN:
		return "cancelled"
	if request.expires_on and get_datetime(request.expires_on) < now_datetime():
		return "expired"
	return "locked" if signer.locked else "open"


def _may_read(request: Any, signer: Any, state: str) -> bool:
	if state == "completed":
		return bool(signer.session_identified)
	if state not in ("open", "locked", "sealing", "signed", "waiting"):
		return False
	return bool(signer.session_identified) or not request.confidential


def _iso(moment: Any) -> str | None:
	return utc_time(moment).isoformat() if moment else None


def _view(request: Any, signer: Any) -> dict[str, Any]:
	state = _state(request, signer)
	settings = frappe.get_cached_doc("Signflow Settings")
	form = submissions.shown(request, signer)
	house, person = house_of(request.company), delivery.sender(request)
	seal = frappe.db.get_value(
		"Sealing Key", request.sealing_key, ["subject", "fingerprint", "is_test"], as_dict=True
	)
	readable = _may_read(request, signer, state)
	shown = (
		[
			{
				"id": row.document,
				"title": row.document_title,
				"pages": 0,
				"size": row.size,
				"sha256": row.sha256,
				"readable": readable,
			}
			for row in revisions.final_revisions(request.name)
		]
		if state == "completed"
		else [
			{
				"id": row.name,
				"title": row.title,
				"pages": row.pages,
				"size": frappe.db.get_value("Sealed Revision", f"{request.name}-{row.name}-0", "size"),
				"sha256": row.certified_sha256,
				"readable": readable,
				"signed_before": (row.foreign_signatures or "").splitlines() if readable else [],
			}
			for row in request.documents
			if state in ("open", "locked", "sealing", "signed", "waiting")
		]
	)
	return {
		"state": state,
		"language": frappe.local.lang,
		"request": {
			"title": request.title,
			"message": request.message or "",
			"reference": request.name,
			"sent_on": _iso(request.sent_on),
			"expires_on": _iso(request.expires_on),
			"confidential": bool(request.confidential),
		},
		"sender": {"name": person["name"], "company": request.company, "email": person["email"]},
		"house": {
			"name": house["name"],
			"logo": (form and form["logo"]) or house["logo"] or None,
			"seal_subject": seal.subject,
			"seal_fingerprint": seal.fingerprint,
			"seal_is_test": bool(seal.is_test),
		},
		"signer": {
			"name": signer.signer_name,
			"email_masked": mask_mail(signer.email),
			"identified": bool(signer.session_identified),
			"level": signer.required_level or "mail_code",
			"level_text": _(statement(level_named(signer.required_level or "mail_code"))),
			"name_signed": signer.signed_name or None,
			"signed_on": _iso(signer.signed_on),
		},
		"signers": [
			{
				"name": row.signer_name,
				"state": row.status.lower(),
				"signed_on": _iso(row.signed_on),
				"you": row.name == signer.name,
			}
			for row in signers_of(request.name)
		],
		"documents": shown,
		"form": form,
		"notice": {
			"controller": request.company,
			"contact": settings.privacy_contact or person["email"] or "",
			"text": settings.privacy_note or "",
			"url": notices.link(request.company),
		},
	}


@one_transaction
def read_document(session: str, document: str, purpose: str) -> tuple[str, bytes]:
	"""File name and bytes of a document: what is to be signed or, once completed, the signed copy."""
	request, signer = _by_session(session, lock=True)
	state = _state(request, signer)
	if not _may_read(request, signer, state):
		if state in ("open", "completed", "sealing", "signed"):
			raise Refused("not_identified", _("Confirm first that it is you: ask for a code."))
		raise Refused("request_closed", _("The documents of this request are not shown any more."))
	if state == "completed":
		revision = next(
			(row for row in revisions.final_revisions(request.name) if row.document == document), None
		)
	else:
		revision = next(
			(
				frappe.db.get_value(
					"Sealed Revision",
					f"{request.name}-{row.name}-0",
					["document", "document_title", "sha256", "file_url"],
					as_dict=True,
				)
				for row in request.documents
				if row.name == document
			),
			None,
		)
	if not revision:
		raise Refused("invalid_input", _("There is no such document in this request."), 404)
	kind = "downloaded" if purpose == "download" else "viewed"
	if kind == "downloaded" or not frappe.db.exists(
		"Signature Event",
		{"request": request.name, "signer": signer.name, "document": document, "kind": kind},
	):
		evidence.record(
			request.name,
			kind,
			signer=signer.name,
			document=document,
			public={"sha256": revision.sha256},
			private=evidence.caller(),
		)
	return f"{revisions.copy_name(request, revision)}.pdf", read_sealed(revision.file_url, revision.sha256)


@one_transaction
def send_code(session: str) -> dict[str, Any]:
	"""Mail a new one-time code to the signer; it works for this session alone, for ten minutes."""
	request, signer = _by_session(session, lock=True)
	if signer.locked:
		raise _locked()
	if _state(request, signer) not in ("open", "completed"):
		raise _not_open(request, signer)
	now = now_datetime()
	if signer.code_sent_on:
		passed = (now - get_datetime(signer.code_sent_on)).total_seconds()
		if signer.code_hash and passed < RESEND_SECONDS:
			raise Refused(
				"too_many",
				_("A code is on its way. You can ask for another in {0} seconds.").format(
					int(RESEND_SECONDS - passed) + 1
				),
				429,
				resend_after_seconds=int(RESEND_SECONDS - passed) + 1,
			)
	if (signer.codes_sent or 0) >= MAX_CODES:
		raise Refused("too_many", _("Too many codes were asked for. Ask for a new link."), 429)
	code, salt = otp.make_code(), secrets.token_bytes(16)
	frappe.db.set_value(
		"Signature Request Signer",
		signer.name,
		{
			"code_hash": otp.hash_code(code, salt=salt, session=signer.session_hash),
			"code_salt": salt.hex(),
			"code_expires_on": add_to_date(now, seconds=otp.CODE_LIFETIME_SECONDS),
			"code_sent_on": now,
			"codes_sent": (signer.codes_sent or 0) + 1,
		},
	)
	delivery.mail_code(request, signer, code, otp.CODE_LIFETIME_SECONDS // 60)
	return {
		"sent_to": mask_mail(signer.email),
		"valid_seconds": otp.CODE_LIFETIME_SECONDS,
		"tries_left": otp.MAX_TRIES - (signer.code_tries or 0),
		"resend_after_seconds": RESEND_SECONDS,
	}


def _locked() -> Refused:
	return Refused(
		"locked",
		_("Too many wrong codes. For your safety signing is locked: ask for a new link, or ask the sender."),
	)


def _not_open(request: Any, signer: Any) -> Refused:
	texts = {
		"waiting": _("It is not your turn yet. You get a mail when it is."),
		"sealing": _("You have signed already."),
		"signed": _("You have signed already."),
		"completed": _("Everybody has signed already."),
		"declined": _("This request was declined."),
		"cancelled": _("This request was cancelled by its sender."),
		"expired": _("The time to sign this request is over."),
		"locked": _("Too many wrong codes. For your safety signing is locked."),
	}
	state = _state(request, signer)
	return Refused("request_closed", texts.get(state, _("This is not possible now.")), 409, state=state)


def check_code(session: str, code: str) -> dict[str, Any]:
	"""Identify the session by the code that was mailed. Wrong tries are counted on the signer, then he is locked."""
	refused, shown = _check_code(session, code)
	if refused:
		raise refused
	return shown


@one_transaction
def _check_code(session: str, code: str) -> tuple[Refused | None, dict[str, Any]]:
	# A refusal is returned, not raised: the counted try must be committed.
	request, signer = _by_session(session, lock=True)
	if signer.locked:
		return _locked(), {}
	if _state(request, signer) not in ("open", "completed"):
		return _not_open(request, signer), {}
	if not signer.code_hash or get_datetime(signer.code_expires_on) < now_datetime():
		return Refused("code_expired", _("This code has expired. Ask for a new one.")), {}
	right = otp.check_code(
		code,
		code_hash=signer.code_hash,
		salt=bytes.fromhex(signer.code_salt),
		session=signer.session_hash,
	)
	if not right:
		tries = (signer.code_tries or 0) + 1
		locked = tries >= otp.MAX_TRIES
		values: dict[str, Any] = {"code_tries": tries}
		evidence.record(
			request.name, "code_failed", signer=signer.name, public={"try": tries}, private=evidence.caller()
		)
		if locked:
			values.update(locked=1, code_hash=None)
			evidence.record(request.name, "locked", signer=signer.name)
			delivery.tell_sender(
				request,
				lambda: _(
					"{0} typed too many wrong codes and is locked. Send a new link when it is him or her."
				).format(signer.signer_name),
			)
		frappe.db.set_value("Signature Request Signer", signer.name, values)
		if locked:
			return _locked(), {}
		left = otp.MAX_TRIES - tries
		return Refused(
			"code_wrong", _("That is not the code. {0} tries left.").format(left), tries_left=left
		), {}
	values = {
		"session_identified": 1,
		"session_expires_on": add_to_date(now_datetime(), minutes=SESSION_MINUTES),
		"code_hash": None,
		"code_tries": 0,
	}
	if request.status in OPEN:
		values.update(status="Identified", identified_on=now_datetime(), identified_level="mail_code")
	frappe.db.set_value("Signature Request Signer", signer.name, values)
	evidence.record(
		request.name,
		"identified",
		signer=signer.name,
		public={"level": "mail_code"},
		private={"email": signer.email, **evidence.caller()},
	)
	signer.reload()
	return None, _view(request, signer)


@one_transaction
def sign(
	session: str, *, name: str, drawn: str | None, documents: list[dict[str, str]], accepted: bool
) -> dict[str, Any]:
	"""Record the person's signature on exactly the documents shown; the sealing follows in a worker.

	`documents` are the {id, sha256} that the page showed and must be all of the request's, as certified.
	"""
	request, signer = _by_session(session, lock=True, identified=True)
	if signer.status in ("Signing", "Signed"):
		return _view(request, signer)
	if _state(request, signer) != "open":
		raise _not_open(request, signer)
	name = " ".join((name or "").split())
	if not 2 <= len(name) <= 140 or not name.isprintable():
		raise Refused("invalid_input", _("Write your name as you sign it."), 422, field="name")
	if not accepted:
		raise Refused("invalid_input", _("Tick that you have read the documents and want to sign."), 422)
	shown = {row.name: row.certified_sha256 for row in request.documents}
	if {str(row.get("id")): row.get("sha256") for row in documents} != shown:
		raise Refused(
			"invalid_input",
			_("The documents on your screen are not those of this request. Load the page again."),
			409,
		)
	picture = _picture(drawn)
	now = now_datetime()
	frappe.db.set_value(
		"Signature Request Signer",
		signer.name,
		{
			"status": "Signing",
			"signed_on": now,
			"signed_name": name,
			"drawn_signature": drawn if picture else None,
		},
	)
	evidence.record(
		request.name,
		"signed",
		signer=signer.name,
		public={
			"level": "mail_code",
			"documents": [{"document": key, "sha256": value} for key, value in sorted(shown.items())],
			"drawn_sha256": hashlib.sha256(picture).hexdigest() if picture else "",
		},
		private={"name": name, "email": signer.email, **evidence.caller()},
	)
	sealing.mark_due(request.name)
	signer.reload()
	return _view(request, signer)


def _picture(drawn: str | None) -> bytes | None:
	if not drawn:
		return None
	head, _comma, body = drawn.partition(",")
	try:
		data = base64.b64decode(body, validate=True) if head == "data:image/png;base64" else b""
	except ValueError:
		data = b""
	if not data.startswith(PNG) or len(data) > MAX_DRAWN_BYTES or not _can_be_drawn(data):
		raise Refused("invalid_input", _("The drawn signature could not be read. Draw it again."), 422)
	return data


def _can_be_drawn(data: bytes) -> bool:
	# Found out now and not by the worker, which could then never seal what was signed.
	try:
		draw_stamp(Stamp(name="", lines=(), drawn=data), 200, 60)
	except BadDrawing:
		return False
	return True


@one_transaction
def decline(session: str, reason: str) -> dict[str, Any]:
	"""The signer declines, with a reason; the request ends for everybody and the sender is told."""
	request, signer = _by_session(session, lock=True, identified=True)
	if _state(request, signer) != "open":
		raise _not_open(request, signer)
	if request.work_due:
		raise Refused(
			"try_later", _("Another signature is being sealed right now. Try again in a moment."), 409
		)
	# The page asks for a reason; nobody is forced to give one.
	reason = (reason or "").strip()[:1000]
	frappe.db.set_value(
		"Signature Request Signer", signer.name, {"status": "Declined", "decline_reason": reason}
	)
	close_request(request, "Declined", "declined", reason, by=signer.name)
	delivery.tell_sender(
		request, lambda: _("{0} declined to sign {1}.").format(signer.signer_name, request.title)
	)
	request.reload()
	signer.reload()
	return _view(request, signer)


@one_transaction
def ask_sender(session: str, question: str) -> None:
	"""Mail a signer's question to the sender, who answers by replying."""
	request, signer = _by_session(session, lock=True)
	question = (question or "").strip()[:2000]
	if len(question) < 3:
		raise Refused("invalid_input", _("Write your question first."), 422, field="question")
	asked = frappe.db.count(
		"Signature Event",
		{"request": request.name, "signer": signer.name, "kind": "question_asked"},
	)
	if asked >= 10:
		raise Refused("too_many", _("You have asked many times. Please call the sender."), 429)
	evidence.record(
		request.name,
		"question_asked",
		signer=signer.name,
		private={"question": question, **evidence.caller()},
	)
	person = delivery.sender(request)
	delivery.tell_sender(request, lambda: _("{0} asks about {1}").format(signer.signer_name, request.title))
	if person["email"]:
		frappe.sendmail(
			recipients=[person["email"]],
			subject=_("Question about {0}").format(request.title),
			template="signflow_question",
			args=delivery.as_text(
				{
					"name": signer.signer_name,
					"title": request.title,
					"question": question,
					"link": f"{get_url()}/app/signature-request/{request.name}",
				}
			),
			reply_to=signer.email,
			reference_doctype="Signature Request",
			reference_name=request.name,
			add_unsubscribe_link=0,
		)


def request_of_person(session: str) -> str:
	"""The unsigned request of a live session whose person came from a form's page."""
	request, signer = _by_session(session)
	if not signer.in_page or _state(request, signer) != "open":
		raise _not_open(request, signer)
	return request.name


@one_transaction
def mail_link(session: str) -> None:
	"""Mail the person who filled a form in a link for later; the session that is open goes on."""
	request, signer = _by_session(session, lock=True)
	if not signer.in_page or _state(request, signer) != "open":
		raise _not_open(request, signer)
	if (signer.new_links_sent or 0) >= 3:
		raise Refused("too_many", _("A link was sent to this address already. Look into your mailbox."), 429)
	delivery.invite(request, signer, keep_session=True, asked_for=True)
	frappe.db.set_value(
		"Signature Request Signer", signer.name, "new_links_sent", (signer.new_links_sent or 0) + 1
	)


@one_transaction
def send_new_link(token: str) -> None:
	"""Send a new link to the mailbox that an older link belongs to. Says nothing about whether there is one."""
	parsed = parse(token)
	if not parsed:
		return
	found = frappe.db.get_value("Signature Request Signer", parsed[0], ["name", "request"], as_dict=True)
	if not found:
		return
	request = lock_request(found.request)
	signer = frappe.get_doc("Signature Request Signer", found.name, for_update=True)
	sent_lately = signer.last_reminded_on and get_datetime(
		signer.last_reminded_on
	) > now_datetime() - timedelta(minutes=5)
	waits = request.status in OPEN and signer.status in ("Invited", "Opened", "Identified")
	has_copies = request.status == "Completed" and signer.status == "Signed"
	if not (waits or has_copies) or (signer.new_links_sent or 0) >= MAX_NEW_LINKS or sent_lately:
		return
	values: dict[str, Any] = {"new_links_sent": (signer.new_links_sent or 0) + 1}
	if has_copies:
		values.update(locked=0, code_hash=None, last_reminded_on=now_datetime())
	frappe.db.set_value("Signature Request Signer", signer.name, values)
	evidence.record(request.name, "new_link_sent", signer=signer.name, private=evidence.caller())
	if waits:
		delivery.invite(request, signer, reminder=True, asked_for=True)
	else:
		delivery.mail_copies(request, signer, [], asked_for=True)
