"""A visitor of /terminate, /privacy/consents, /privacy/request or /privacy/data who proves by a mailed code that a mailbox
is his.

What an asker sees is the same whether we know the address or not: the mail is made by a worker, so not even the time
tells. A visit lives in Redis alone, for an hour; a code works for the visit that asked for it, for ten minutes. Tries
are counted before they are judged, so that many at once are no more than five.
"""

import secrets
from typing import Any, NamedTuple

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import now_datetime, sha256_hash

from signflow.core.identity import otp
from signflow.core.identity.masking import mask_mail
from signflow.core.identity.tokens import new_session, parse_session
from signflow.services import agreements, ceremony, evidence, work
from signflow.services.company import own_name
from signflow.services.guests import Refused
from signflow.services.letters import DAY_SECONDS, counted, send_secret
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address, what_is_missing

VISIT_SECONDS = 3600
RESEND_SECONDS = 60
MAX_MAILS_A_DAY = 8
# Which page → what says in which words its visitor gets a code. A visit of one page opens nothing on another.
LETTERS = {
	"terminate": "signflow.services.visits.letter_of_terminate",
	"consents": "signflow.services.privacy.consent_page.letter",
	"data": "signflow.services.subject_requests.access_page.letter",
	"requests": "signflow.services.subject_requests.request_page.letter",
}


class Letter(NamedTuple):
	"""The words around a code: subject (translated), template, who sends it; some tell that there is no code to send."""

	subject: str
	template: str
	house: str
	has_code: bool = True


def begin(
	mail: str,
	language: str,
	page: str = "terminate",
	*,
	shared: str = "",
	waiting: dict[str, Any] | None = None,
	**more: Any,
) -> tuple[str, dict[str, Any]]:
	"""Begin a visit of `page` (a key of LETTERS) for whoever says that `mail` is his; returns (session, what it shows).

	`more` is kept with the visit. Who comes to the same page with the same address while a code is on its way waits for that code,
	in a visit of his own that has nothing of the first one's but the code, and keeps `waiting` as well. `shared` names what
	visitors have a secret link to: their tries at a code are counted together. Of those who typed an address any may be a
	stranger: whoever asked for the code keeps his own tries, and all others have as many among them.

	Raises Refused `invalid_input` for what is no address, `too_many` beyond the bounds of one address.
	"""
	typed, mail = mail, one_address(mail) or ""
	if not mail:
		text = what_is_missing(typed) or _("Write your mail address.")
		raise Refused("invalid_input", text, 422, field="mail")
	began = now_datetime().timestamp()
	visit = {**more, "mail": mail, "language": language, "page": page, "began": began, "identified": 0}
	last = _key("last", sha256_hash(f"{page} {shared} {mail.lower()}"))
	if counted(f"visit wait {mail.lower()}", RESEND_SECONDS) > 1:
		first = frappe.cache.get_value(last, expires=True)
		if first and (sent := visit_of(first)):
			session, hashed = new_session()
			tries_of = first if shared else f"{first} others"
			_put(
				hashed,
				{**(waiting or {}), **visit, "began": sent["began"], "code_of": first, "tries_of": tries_of},
			)
			wait = max(1, RESEND_SECONDS - int(began - sent["began"]))
			return session, {**_shown(mail, wait), "was_sent": True}
		raise Refused(
			"too_many",
			_("A mail is on its way to this address. You can ask for another in a minute."),
			429,
			resend_after_seconds=RESEND_SECONDS,
		)
	if counted(f"visit {mail.lower()}", DAY_SECONDS) > MAX_MAILS_A_DAY:
		raise Refused("too_many", _("Too many codes were asked for today. Try again tomorrow."), 429)
	session, hashed = new_session()
	_put(hashed, visit)
	frappe.cache.set_value(last, hashed, expires_in_sec=RESEND_SECONDS)
	frappe.enqueue(
		"signflow.services.visits.mail_code",
		queue="short",
		visit=hashed,
		job_id=f"signflow-visit-{secrets.token_hex(8)}",
	)
	return session, _shown(mail, RESEND_SECONDS)


def _shown(mail: str, wait: int) -> dict[str, Any]:
	return {
		"sent_to": mask_mail(mail),
		"valid_seconds": otp.CODE_LIFETIME_SECONDS,
		"tries_left": otp.MAX_TRIES,
		"resend_after_seconds": wait,
	}


@work.edge("code mail")
def mail_code(visit: str) -> None:
	"""Mail a visitor his code in the words of his page, in his language (RQ job)."""
	frappe.set_user("Administrator")
	found = visit_of(visit)
	if not found:
		return
	with print_language(found["language"]):
		letter: Letter | None = frappe.get_attr(LETTERS[found["page"]])(found)
		if not letter:
			return
		args: dict[str, Any] = {"house": letter.house}
		if letter.has_code:
			args |= {"code": new_code(visit), "minutes": otp.CODE_LIFETIME_SECONDS // 60}
		send_secret(found["mail"], subject=letter.subject, template=letter.template, args=args)


def letter_of_terminate(visit: dict[str, Any]) -> Letter:
	"""A code, or that nothing was found under the address."""
	customers = [name for contact in agreements.contacts_of(visit["mail"]) for name in contact.customers]
	if not agreements.agreements_of(customers):
		return Letter(
			_("No agreement under this address"), "signflow_nothing_found", own_name(), has_code=False
		)
	return Letter(_("Your code for terminating an agreement"), "signflow_visit_code", own_name())


def new_code(visit: str) -> str:
	"""Make the visit's code, which its page is to be told; only its hash is kept."""
	code, salt = otp.make_code(), secrets.token_bytes(16)
	frappe.cache.set_value(
		_key("code", visit),
		{"hash": otp.hash_code(code, salt=salt, session=visit), "salt": salt.hex()},
		expires_in_sec=otp.CODE_LIFETIME_SECONDS,
	)
	return code


def open_by_link(mail: str, language: str, page: str, **more: Any) -> str:
	"""A session of `page` for whoever opened a link that was mailed to `mail`, which proves the mailbox as a code does.

	Or for whoever is logged in as the user of that mailbox."""
	session, hashed = new_session()
	began = now_datetime().timestamp()
	_put(hashed, {**more, "mail": mail, "language": language, "page": page, "began": began, "identified": 1})
	return session


def check_code(session: str, code: str, page: str = "terminate") -> dict[str, Any]:
	"""Identify the visit by the code that was mailed for it; returns the visit. Raises Refused as the signing page does."""
	visit, found = _of(session, page)
	asked = found.get("code_of") or visit
	tries = counted(f"visit tries {found.get('tries_of') or visit}", VISIT_SECONDS)
	if tries > otp.MAX_TRIES:
		raise Refused("locked", _("Too many wrong codes. Begin again with your mail address."))
	if now_datetime().timestamp() - found["began"] > otp.CODE_LIFETIME_SECONDS:
		raise Refused("code_expired", _("This code has expired. Ask for a new one."))
	# Without a code for this visit something is compared all the same: the answer and its time stay alike.
	kept = frappe.cache.get_value(_key("code", asked), expires=True) or {"hash": "0" * 64, "salt": "00" * 16}
	if not otp.check_code(code, code_hash=kept["hash"], salt=bytes.fromhex(kept["salt"]), session=asked):
		left = otp.MAX_TRIES - tries
		if not left:
			raise Refused("locked", _("Too many wrong codes. Begin again with your mail address."))
		raise Refused("code_wrong", _("That is not the code. {0} tries left.").format(left), tries_left=left)
	frappe.cache.delete_value(_key("code", asked))
	found["identified"] = 1
	_put(visit, found)
	return found


def identified(session: str, page: str = "terminate") -> tuple[str, dict[str, Any]]:
	"""The visit's key and the visit of a session that was identified on `page`; raises Refused for every other."""
	visit, found = _of(session, page)
	if not found["identified"]:
		raise Refused("not_identified", _("Confirm first that it is you: ask for a code."))
	return visit, found


def carry_over(token: str, mail: str) -> str:
	"""Open the signing link `token` of somebody who has just shown that `mail` is his; returns an identified session.

	A second code to the same mailbox, minutes later, would show nothing more. Raises PermissionError for another's link.
	"""
	session, _shown = ceremony.open_invitation(token)
	_identify(parse_session(session) or "", mail)
	return session


@one_transaction
def _identify(session_hash: str, mail: str) -> None:
	name = frappe.db.get_value("Signature Request Signer", {"session_hash": session_hash})
	signer = frappe.get_doc("Signature Request Signer", name, for_update=True)
	if signer.email.lower() != mail.lower() or signer.status != "Opened":
		frappe.throw(_("This link belongs to somebody else."), frappe.PermissionError)
	frappe.db.set_value(
		"Signature Request Signer",
		name,
		{
			"session_identified": 1,
			"status": "Identified",
			"identified_on": now_datetime(),
			"identified_level": "mail_code",
		},
	)
	evidence.record(
		signer.request,
		"identified",
		signer=name,
		public={"level": "mail_code"},
		private={"email": signer.email, "page": "/terminate", **evidence.caller()},
	)


def _of(session: str, page: str) -> tuple[str, dict[str, Any]]:
	visit = parse_session(session)
	found = visit and visit_of(visit)
	if not visit or not found or found["page"] != page:
		raise Refused("session_expired", _("Your visit has ended for your safety. Begin again."), 401)
	return visit, found


def _key(kind: str, visit: str) -> str:
	return f"signflow:{kind}:{visit}"


def visit_of(visit: str) -> dict[str, Any] | None:
	"""The visit kept under a session's hash, None once it has ended."""
	return frappe.cache.get_value(_key("visit", visit), expires=True)


def _put(visit: str, values: dict[str, Any]) -> None:
	frappe.cache.set_value(_key("visit", visit), values, expires_in_sec=VISIT_SECONDS)
