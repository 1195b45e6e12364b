"""Mails of a request: queued with the work that causes them, sent at once, watched, and blanked when done.

Frappe's Email Queue carries them. Its rows hold links and codes in clear, so a row's body is blanked as soon as it is
sent, expired or given up; of a mail with a code, or a new link to the copies, no row stays then: a signer may ask for one
when all else that is held of him is erased. The kind of mail and its signer stand in the Message-ID, by which a bounce finds its way. A
mail to a delivery address, which is nobody's who signs, bears its request instead.
"""

import hmac
import random
import re
import secrets
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import frappe
from frappe import _
from frappe.email.doctype.email_queue.email_queue import QueueBuilder
from frappe.translate import print_language
from frappe.utils import add_to_date, get_url, now_datetime
from frappe.utils.jinja import get_email_from_template
from markupsafe import escape

from signflow.core.flow import OPEN
from signflow.core.identity.otp import CODE_LIFETIME_SECONDS
from signflow.core.identity.tokens import new_token
from signflow.services import evidence, notices, work
from signflow.services.company import house
from signflow.services.privacy import restrictions
from signflow.services.site_keys import keyed_hash
from signflow.services.times import written
from signflow.services.transaction import TRIES, is_conflict, one_transaction
from signflow.services.withdrawal_rights import withdrawal_link
from signflow.signflow.addresses import addresses_in

BLANK = "(Removed by signflow: it held a personal link or code.)"
KINDS = (
	*("invitation", "code", "copy", "link", "closed", "question", "resume"),
	*("delivery", "consent", "datarequest", "letter"),
)
# Mails to people who sign nothing: blanked once sent, and nobody's status hangs on them.
TO_OTHERS = ("resume", "consent", "datarequest", "letter")
# In the Message-ID of a letter stands no record: it may be called after somebody. Its row names it.
LETTER = "letter.0"
# A mail with a code of a page, of which no row stays.
SECRET = "visit.0"
DELIVERY = "delivery"
SIGNER, REQUEST, SUBMISSION = "Signature Request Signer", "Signature Request", "Form Submission"
CONSENTS = ("Consent", "Consent Campaign Person")
DATA_REQUEST = "Data Subject Request"
GIVE_UP_DAYS = 14
# What is written on a signer with a new link, and with it the session of an older one.
_OF_THE_LINK = (
	"token_hash",
	"session_hash",
	"session_identified",
	"code_tries",
	"codes_sent",
	"code_hash",
	"locked",
)
# What a signer asks for himself, as long as he has his link: nothing of it stays.
_ASKED_FOR = ("code", "link")
# What its reader has asked for, or what is his by law: no restriction of his data keeps it from him (GDPR 18(2)).
_HIS = (*_ASKED_FOR, "copy", "resume", "datarequest")
# What became of a mail that is not tried again.
_ENDS = ("Sent", "Bounced", "Failed")
# RFC 5321, 4.2.1: 5yz is for good. A 4yz (grey-listing, a full mailbox) and a refused sender are tried again.
_REFUSED = re.compile(r"SMTPRecipientsRefused: \{.*: \(5\d\d,|SMTPDataError: \(5\d\d,")
_MESSAGE_ID = re.compile(r"signflow\.[a-z]+\.[0-9A-Za-z-]+\.[0-9a-f]{16}@[^\s<>\"']+")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+[^\s<>()\[\],;:\"'.]")


def queue_mail(
	kind: str,
	signer: Any,
	*,
	subject: str,
	template: str,
	args: dict[str, Any],
	reply_to: str | None = None,
	attachments: list[dict[str, str]] | None = None,
	is_his: bool = False,
) -> str | None:
	"""Queue one mail to `signer` in the caller's transaction and send it right after the commit.

	Returns the Email Queue row, or None when the address has unsubscribed from everything, or its owner's data is restricted
	and the mail is not his (`queue`): the signer is then marked and the sender told, since Frappe itself would drop the mail
	without a word.
	"""
	if has_unsubscribed(signer.email):
		mark(
			signer.name,
			"Unsubscribed",
			lambda: _("This address has unsubscribed from all mail of this site."),
		)
		return None
	queued = queue_about(
		kind,
		(SIGNER, signer.name),
		signer.email,
		subject=subject,
		template=template,
		args=args,
		reply_to=reply_to,
		attachments=attachments,
		is_his=is_his,
	)
	if not queued and restrictions.stopped([signer.email], (SIGNER, signer.name)):
		mark(signer.name, "Failed", lambda: _("The data of this person is restricted: nothing was mailed."))
	elif not queued:
		mark(signer.name, "Failed", lambda: _("This mail address is not accepted by the mail system."))
	return queued


def has_unsubscribed(email: str) -> bool:
	"""Whether the owner of an address wants no mail of this site at all: Frappe would drop it without a word."""
	return bool(frappe.db.exists("Email Unsubscribe", {"email": email, "global_unsubscribe": 1}))


def queue_about(kind: str, record: tuple[str, str], email: str, **mail: Any) -> str | None:
	queued = queue(f"{kind}.{record[1]}", email, reference=record, **mail)
	if queued:
		wake_flush(queued)
	return queued


def queue(
	label: str,
	email: str,
	*,
	subject: str,
	template: str,
	args: dict[str, Any],
	reference: tuple[str, str] | None = None,
	reply_to: str | None = None,
	attachments: list[dict[str, str]] | None = None,
	asked_for: bool = False,
	is_his: bool = False,
) -> str | None:
	"""Put one mail into Email Queue, in the caller's transaction; who calls has it sent (`wake_flush`).

	`label` stands in its Message-ID, `reference` is (DocType, name) of the record that it belongs to. What its reader has
	asked for (`asked_for`: a code, the answer to his request) goes to him even if he has unsubscribed from all mail; that, and what
	`is_his` otherwise, even if his data is restricted. Returns the row's name, None when the mail system does not take the
	address, or the mail was stopped.
	"""
	mail = {
		"recipients": [email],
		"subject": subject,
		"reference_doctype": reference[0] if reference else None,
		"reference_name": reference[1] if reference else None,
		# Frappe takes a mail for an answer to one of its own by the site's name in it.
		"message_id": f"signflow.{label}.{_mark_of(label, secrets.token_hex(4))}@{frappe.local.site}",
		"reply_to": reply_to,
		"attachments": attachments or [],
		"add_unsubscribe_link": 0,
		# Our own job sends it at once; should that job die, Frappe's flush takes it from here.
		"send_after": add_to_date(now_datetime(), minutes=5),
		"with_container": True,
		"send_priority": 2,
	}
	is_his = is_his or asked_for or label.split(".")[0] in _HIS
	with restrictions.hers() if is_his else nullcontext():
		if asked_for:
			message, text = get_email_from_template(template, as_text(args))
			queued = _AskedFor(message=message, text_content=text, **mail).process()
		else:
			queued = frappe.sendmail(template=template, args=as_text(args), **mail)
	if queued and not queued.recipients:
		leave_nothing([queued.name])
		return None
	return queued.name if queued else None


def _mark_of(label: str, nonce: str) -> str:
	"""By which a Message-ID is known to be ours when its row is gone: the nonce and a keyed hash, 8 hex digits each."""
	return nonce + keyed_hash("Message-ID", f"{label}.{nonce}")[:8]


class _AskedFor(QueueBuilder):
	"""A mail that is no mailing: its reader waits for it, so what he once unsubscribed from does not keep it from him."""

	def get_unsubscribed_user_emails(self):
		return []


def as_text(args: Any) -> Any:
	"""What a mail's template is given, with all texts escaped: Frappe's mails escape nothing.

	Names and titles may come from the answers of a form that anybody can fill in.
	"""
	if isinstance(args, dict):
		return {key: as_text(value) for key, value in args.items()}
	if isinstance(args, list):
		return [as_text(value) for value in args]
	return escape(args) if isinstance(args, str) else args


def wake_flush(queue_name: str) -> None:
	"""Have a worker send this row as soon as the transaction is committed."""
	work.wake("signflow.services.delivery.flush", queue_name=queue_name)


def sender(request: Any) -> dict[str, str]:
	"""The person who sent the request: name and mail address for questions."""
	user = request.sent_by or request.owner
	name, email = frappe.db.get_value("User", user, ["full_name", "email"]) or (user, "")
	return {"name": name or user, "email": email if email and "@" in email else ""}


def language_of(request: Any, signer: Any) -> str:
	"""The signer's language, else the request's."""
	return signer.language or request.language or "en"


def give_link(
	request: Any, signer: Any, *, reminder: bool = False, keep_session: bool = False, **more: Any
) -> str:
	"""Give `signer` a new link, which ends the older one, and return its address below the site's."""
	token, token_hash = new_token(signer.name)
	values = {"token_hash": token_hash, **more}
	if not keep_session:
		values.update(
			session_hash=None, session_identified=0, code_tries=0, codes_sent=0, code_hash=None, locked=0
		)
	now = now_datetime()
	if signer.status == "Waiting":
		values.update(status="Invited", invited_on=now)
	if reminder:
		values.update(last_reminded_on=now, reminders_sent=(signer.reminders_sent or 0) + 1)
	frappe.db.set_value("Signature Request Signer", signer.name, values)
	return f"/sign?lang={language_of(request, signer)}#{token}"


def invite(
	request: Any, signer: Any, *, reminder: bool = False, keep_session: bool = False, asked_for: bool = False
) -> None:
	"""Give `signer` a new link and queue the mail that carries it; an older link ends with that. `asked_for`: by himself.

	A reminder that is stopped leaves him the link that he has.
	"""
	held = {field: signer.get(field) for field in _OF_THE_LINK}
	said = {"delivery_status": "Queued", "delivery_note": None}
	link = give_link(request, signer, reminder=reminder, keep_session=keep_session, **said)
	language, person = language_of(request, signer), sender(request)
	with print_language(language):
		name, title = _name_and_title(request, signer)
		subject = _("Reminder: {0} waits for your signature") if reminder else _("Please sign: {0}")
		queued = queue_mail(
			"invitation",
			signer,
			subject=subject.format(title),
			template="signflow_invitation",
			args={
				"name": name,
				"house": house(request.company),
				"sender": person,
				"title": title,
				"message": request.message,
				"expires_on": written(request.expires_on, language) if request.expires_on else "",
				"link": f"{get_url()}{link}",
				"reminder": reminder,
				"reference": request.name,
			},
			reply_to=person["email"] or None,
			is_his=asked_for or _is_answered_for(request, signer),
		)
	if not queued and reminder:
		frappe.db.set_value(SIGNER, signer.name, held)
	if queued:
		evidence.record(
			request.name,
			"reminded" if reminder else "invitation_queued",
			signer=signer.name,
			private={"email": signer.email},
		)


def _is_answered_for(request: Any, signer: Any) -> bool:
	"""Whether who has sent a request may write to a signer whose data is restricted."""
	# They mail themselves.
	from signflow.services.subject_requests import carrying_out, restricted_mail

	stopped = restrictions.stopped([signer.email], (SIGNER, signer.name))
	requests = carrying_out.requests_of(set().union(*stopped.values()))
	return bool(stopped) and restricted_mail.may_answer(requests, request.sent_by or request.owner)


def mail_code(request: Any, signer: Any, code: str, minutes: int) -> None:
	"""Queue the mail that carries a one-time code."""
	with print_language(language_of(request, signer)):
		name, title = _name_and_title(request, signer)
		queue_mail(
			"code",
			signer,
			subject=_("Your code for signing: {0}").format(title),
			template="signflow_code",
			args={"name": name, "code": code, "minutes": minutes, "house": house(request.company)},
		)


def _name_and_title(request: Any, signer: Any) -> tuple[str, str]:
	"""What a mail calls the signer and the request.

	To a mailbox that was typed into a form and that nobody has proven yet goes nothing else that was typed there: the
	house would carry any text to anybody.
	"""
	if not signer.in_page or signer.identified_on:
		return signer.signer_name, request.title
	form = frappe.db.get_value("Form Submission", {"request": request.name}, "form")
	return "", _(form) if form else request.title


def mail_copies(request: Any, signer: Any, files: list[dict[str, str]], *, asked_for: bool = False) -> None:
	"""Queue the mail that brings a signer his copies: attached, or behind a link and a new code. `asked_for`: he wants a new link.

	A session that is open goes on: the last signer's page waits for exactly this moment.
	"""
	token, token_hash = new_token(signer.name)
	values = {"code_tries": 0, "codes_sent": 0}
	if not files:
		# Only a mail that carries the new link ends the older one: attached copies leave the invitation's alive.
		values["token_hash"] = token_hash
	frappe.db.set_value("Signature Request Signer", signer.name, values)
	language = language_of(request, signer)
	withdraw = withdrawal_link(request) if signer.in_page else None
	with print_language(language):
		queue_mail(
			"link" if asked_for else "copy",
			signer,
			subject=_("Signed: {0}").format(request.title),
			template="signflow_copies",
			args={
				"name": signer.signer_name,
				"house": house(request.company),
				"title": request.title,
				"attached": bool(files),
				"withdraw_link": get_url(withdraw) if withdraw else "",
				"link": f"{get_url()}/sign?lang={language}#{token}",
				"verify_link": f"{get_url()}/verify?lang={language}",
				"reference": request.name,
			},
			attachments=files,
			reply_to=sender(request)["email"] or None,
		)


def mail_delivery(request: Any, address: str, files: list[dict[str, str]]) -> None:
	"""Queue the mail that brings the signed documents to a delivery address; without `files` it only says so.

	The sender is told when the address has unsubscribed from everything, and later when the mail cannot be delivered.
	"""
	if has_unsubscribed(address):
		_tell_not_delivered(request, address, "Unsubscribed")
		return
	with print_language(request.language):
		reference = _("Reference: {0}").format(request.name)
		# A confidential agreement's title stays among its signers.
		title = reference if request.confidential else request.title
		queued = queue_about(
			DELIVERY,
			(REQUEST, request.name),
			address,
			subject=_("Signed: {0}").format(title),
			template="signflow_delivery",
			args={
				"house": house(request.company),
				"title": "" if request.confidential else request.title,
				"attached": bool(files),
				"confidential": bool(request.confidential),
				"sender": sender(request),
				"verify_link": f"{get_url()}/verify?lang={request.language}",
				"reference": request.name,
			},
			reply_to=sender(request)["email"] or None,
			attachments=files,
		)
	if not queued:
		_tell_not_delivered(request, address, "Failed")


def _tell_not_delivered(request: Any, address: str, status: str) -> None:
	texts = {
		"Unsubscribed": lambda: _("{0} has unsubscribed from all mail of this site: not delivered."),
		"Bounced": lambda: _("The signed documents did not reach {0}: the mail came back."),
		"Failed": lambda: _("The mail with the signed documents could not be sent to {0}."),
	}
	tell_sender(request, lambda: texts[status]().format(address))


def mail_closed(request: Any, signer: Any, status: str) -> None:
	"""Queue the mail that says that nothing is left to sign."""
	with print_language(language_of(request, signer)):
		queue_mail(
			"closed",
			signer,
			subject=_("Nothing to sign any more: {0}").format(request.title),
			template="signflow_closed",
			args={
				"name": signer.signer_name,
				"house": house(request.company),
				"title": request.title,
				"status": status,
				"reference": request.name,
			},
			reply_to=sender(request)["email"] or None,
		)


def mail_resume(submission: Any, form: Any, address: str, link: str) -> None:
	"""Queue the mail that brings a person back to unfinished answers. It says nothing that was typed into the form."""
	if has_unsubscribed(address):
		return
	with print_language(submission.language or "en"):
		queue_about(
			"resume",
			(SUBMISSION, submission.name),
			address,
			subject=_("Go on with: {0}").format(_(form.title)),
			template="signflow_resume",
			args={"house": house(form.company), "title": _(form.title), "link": link},
		)


def tell_sender(request: Any, subject: Callable[[], str]) -> None:
	"""Put a notice into the sender's notifications (and mail, by his own settings).

	`subject` is called in the sender's language: who acts may well read another one.
	"""
	user = request.sent_by or request.owner
	notices.notify(user, (REQUEST, request.name), subject, otherwise=request.language or "en")


def sender_language(request: Any) -> str:
	"""The language of the person who sent the request."""
	return notices.language_of(request.sent_by or request.owner, request.language or "en")


def mark(signer: str, status: str, note: Callable[[], str]) -> None:
	"""Say on the signer what became of his mail and tell the sender, once per change, in the sender's language."""
	row = frappe.db.get_value(
		"Signature Request Signer",
		signer,
		["request", "signer_name", "email", "delivery_status"],
		as_dict=True,
	)
	if not row or row.delivery_status == status:
		return
	request = frappe.get_doc("Signature Request", row.request)
	with print_language(sender_language(request)):
		text = note()[:500]
	frappe.db.set_value(
		"Signature Request Signer", signer, {"delivery_status": status, "delivery_note": text}
	)
	evidence.record(
		row.request,
		"bounced" if status == "Bounced" else "invitation_failed",
		signer=signer,
		public={"delivery": status},
		private={"email": row.email},
	)
	tell_sender(request, lambda: _told(status).format(row.signer_name))


def _told(status: str) -> str:
	return {
		"Bounced": _("{0}'s mail address does not work: the mail came back."),
		"Delayed": _("The mail to {0} could not be sent yet. It is tried again by itself."),
		"Unsubscribed": _("{0} has unsubscribed from all mail of this site and was not invited."),
	}.get(status) or _("The mail to {0} could not be sent.")


def flush(queue_name: str) -> None:
	"""Send one queued mail now and settle what became of it (RQ job; safe to run twice)."""
	from frappe.utils.synchronization import filelock

	with filelock(f"signflow-mail-{queue_name}", timeout=30):
		for attempt in range(1, TRIES + 1):
			if _send(queue_name):
				break
			time.sleep(random.uniform(0.05, 0.2) * attempt)
		settle(queue_name)


def _send(queue_name: str) -> bool:
	"""Hand the mail to the mail server if it still waits; False when the database was busy and nothing was sent."""
	frappe.db.commit()  # what another job has just settled must be seen
	try:
		mail = frappe.get_doc("Email Queue", queue_name, for_update=True)
		if mail.message == BLANK or mail.status not in ("Not Sent", "Partially Sent"):
			return True
		if _is_outdated(mail):
			if kind_and_signer(mail.message_id)[0] in _ASKED_FOR:
				leave_nothing([queue_name])
			else:
				_give_up(queue_name)
			frappe.db.commit()
			return True
		mail.send()
	except frappe.DoesNotExistError:
		frappe.clear_last_message()
	except Exception as error:
		# The row itself keeps the error and its retries; settle() reads them.
		frappe.logger("signflow").warning("mail %s not sent yet", queue_name)
		frappe.db.rollback()
		return not is_conflict(error)
	return True


def _is_outdated(mail: Any) -> bool:
	"""Whether what the mail carries does not work any more: it waited too long, or a newer one took its place."""
	kind, signer = kind_and_signer(mail.message_id)
	if kind == "code" and mail.creation < add_to_date(now_datetime(), seconds=-CODE_LIFETIME_SECONDS):
		return True
	if kind not in ("invitation", *_ASKED_FOR):
		return False
	if kind == "invitation":
		request = frappe.db.get_value("Signature Request Signer", signer, "request")
		if frappe.db.get_value("Signature Request", request, "status") not in OPEN:
			return True
	newer = {
		"reference_doctype": "Signature Request Signer",
		"reference_name": signer,
		"message_id": ["like", f"%signflow.{kind}.{signer}.%"],
		"creation": [">", mail.creation],
	}
	return bool(frappe.db.exists("Email Queue", newer))


@one_transaction
def settle(queue_name: str) -> None:
	"""Read what became of a mail, write it on the signer and into the chain, and blank what must not stay."""
	mail = frappe.db.get_value(
		"Email Queue",
		queue_name,
		["name", "status", "message_id", "error", "creation", "message", "reference_name"],
		as_dict=True,
		for_update=True,
	)
	if not mail or mail.message == BLANK:
		return
	kind, signer = kind_and_signer(mail.message_id)
	if kind in TO_OTHERS:
		if _fate(mail) in ("Bounced", "Failed"):
			_letter_returned(mail.reference_name)
	elif kind == DELIVERY:
		_settle_delivery(mail, signer)
	elif kind and frappe.db.exists(SIGNER, signer):
		fate = _settle_signers(mail, kind, signer)
		if kind in _ASKED_FOR and fate in _ENDS:
			leave_nothing([mail.name, *_waiting_before(kind, signer, mail.creation)])


def _fate(mail: Any) -> str:
	"""What became of a mail, settled on its row: Sent, Bounced, Failed, Delayed (it is tried again), "" while it is open."""
	if mail.status == "Sent":
		_blank(mail.name)
		return "Sent"
	if mail.status == "Sending":
		return ""
	is_refused = bool(_REFUSED.search(mail.error or ""))
	if is_refused or _is_old(mail):
		_give_up(mail.name)
		return "Bounced" if is_refused else "Failed"
	if mail.error:
		_try_in_an_hour(mail.name)
		return "Delayed"
	return ""


def _waiting_before(kind: str, signer: str, until: Any) -> list[str]:
	"""A signer's mails of one kind that were queued up to a time and are not sent: what they carry does not work any more."""
	mails = {
		"reference_doctype": SIGNER,
		"reference_name": signer,
		"message_id": ["like", f"%signflow.{kind}.{signer}.%"],
		"creation": ["<=", until],
		"status": ["in", ("Not Sent", "Partially Sent", "Error")],
	}
	return frappe.get_all("Email Queue", mails, pluck="name", order_by="name asc")


def _settle_signers(mail: Any, kind: str, signer: str) -> str:
	fate = _fate(mail)
	if fate == "Sent":
		_sent(kind, signer)
	elif fate == "Bounced":
		mark(signer, fate, lambda: _("The receiving mail server refused the address."))
	elif fate == "Failed":
		mark(
			signer,
			fate,
			lambda: _("The mail server could not be reached for {0} days.").format(GIVE_UP_DAYS),
		)
	elif fate == "Delayed" and kind != "code":
		mark(signer, fate, lambda: _("The mail server did not take the mail yet; it is tried again."))
	return fate


def _letter_returned(name: str | None) -> None:
	"""A mail about the record `name`, to somebody who signs nothing, will not arrive (hook signflow_letter_returned)."""
	if not name:
		return
	for path in frappe.get_hooks("signflow_letter_returned"):
		frappe.get_attr(path)(name)


def _settle_delivery(mail: Any, name: str) -> None:
	if not frappe.db.exists(REQUEST, name):
		return
	address = frappe.db.get_value("Email Queue Recipient", {"parent": mail.name}, "recipient")
	fate = _fate(mail)
	if fate == "Sent":
		evidence.record(name, "copies_sent", private={"email": address})
	elif fate in ("Bounced", "Failed"):
		_tell_not_delivered(frappe.get_doc(REQUEST, name), address, fate)


def _try_in_an_hour(queue_name: str) -> None:
	# Frappe parks a mail for good after three tries; a mail server may be down for longer. Ours is the only retry:
	# two at once would send twice.
	values = {"status": "Not Sent", "retry": 0, "send_after": add_to_date(now_datetime(), hours=1)}
	frappe.db.set_value("Email Queue", queue_name, values)


def _is_old(mail: Any) -> bool:
	return mail.creation < add_to_date(now_datetime(), days=-GIVE_UP_DAYS)


def _sent(kind: str, signer: str) -> None:
	request = frappe.db.get_value("Signature Request Signer", signer, "request")
	if kind == "invitation":
		frappe.db.set_value(
			"Signature Request Signer", signer, {"delivery_status": "Sent", "delivery_note": None}
		)
		evidence.record(request, "invitation_sent", signer=signer)
	elif kind == "code":
		evidence.record(request, "code_sent", signer=signer)
	elif kind in ("copy", "link"):
		evidence.record(request, "copies_sent", signer=signer)


def _blank(queue_name: str) -> None:
	frappe.db.set_value("Email Queue", queue_name, {"message": BLANK, "attachments": "[]"})


def _give_up(queue_name: str) -> None:
	frappe.db.set_value(
		"Email Queue", queue_name, {"message": BLANK, "attachments": "[]", "status": "Error", "retry": 10}
	)


def kind_and_signer(message_id: str | None) -> tuple[str | None, str]:
	"""What mail this was and whose, from a Message-ID that we made; (None, "") for any other.

	A mail of the kind "delivery" is nobody's who signs: it bears its request.
	"""
	parts = (message_id or "").strip("<> ").split("@")[0].split(".")
	if len(parts) == 4 and parts[0] == "signflow" and parts[1] in KINDS:
		return parts[1], parts[2]
	return None, ""


def leave_nothing(queue_names: list[str]) -> None:
	"""Delete mails and whom they went to, in the caller's transaction, whether they were sent or not."""
	if queue_names:
		frappe.db.delete("Email Queue Recipient", {"parent": ["in", queue_names]})
		frappe.db.delete("Email Queue", {"name": ["in", queue_names]})


def _sweep_secrets() -> None:
	"""What a killed worker left of mails whose codes have ended."""
	ended = {
		"message_id": ["like", f"signflow.{SECRET}.%"],
		"creation": ["<", add_to_date(now_datetime(), seconds=-CODE_LIFETIME_SECONDS)],
	}
	leave_nothing(frappe.get_all("Email Queue", ended, pluck="name", order_by="name asc"))


def _waiting() -> list[Any]:
	"""Our mails that are not blanked yet, oldest first."""
	ours = (
		{
			# Of a request's own mails only ours: people write others from its form.
			"reference_doctype": ["in", [SIGNER, REQUEST, SUBMISSION, *CONSENTS, DATA_REQUEST]],
			"message_id": ["like", "%signflow.%"],
		},
		# Letters are about any kind of record.
		{"message_id": ["like", f"signflow.{LETTER}.%"]},
	)
	rows = {
		row.name: row
		for which in ours
		for row in frappe.get_all(
			"Email Queue",
			filters={
				**which,
				"message": ["!=", BLANK],
				"creation": [">", add_to_date(now_datetime(), days=-GIVE_UP_DAYS - 1)],
			},
			fields=["name", "status", "modified", "creation", "message_id"],
			order_by="creation asc",
			limit=500,
		)
	}
	return sorted(rows.values(), key=lambda row: row.creation)


def sweep() -> None:
	"""Once a minute: send what waits, settle what Frappe's own flush sent, free what a killed worker holds."""
	_sweep_secrets()
	rows = _waiting()
	now = now_datetime()
	for row in rows:
		if not kind_and_signer(row.message_id)[0]:
			continue
		if row.status == "Sending" and row.modified < add_to_date(now, minutes=-10):
			frappe.db.set_value("Email Queue", row.name, "status", "Not Sent")
			row.status = "Not Sent"
		age, idle = (now - row.creation).total_seconds(), (now - row.modified).total_seconds()
		# Tried again after a time that grows with the mail's age, at most every half hour.
		if row.status in ("Not Sent", "Partially Sent") and idle < min(age / 4, 1800):
			continue
		if row.status in ("Not Sent", "Partially Sent", "Sent", "Error"):
			wake_flush(row.name)
	frappe.db.commit()


def on_communication(doc, method: str | None = None) -> None:
	"""A mail that came in: when it says that one of ours could not be delivered, mark its signer (after_insert)."""
	if doc.sent_or_received != "Received":
		return
	if (doc.sender or "").split("@")[0].lower() not in ("mailer-daemon", "postmaster"):
		return
	doctype, name = _returned_to(doc)
	if doctype == SIGNER:
		mark(name, "Bounced", lambda: _("The receiving mail server returned the mail."))
	elif doctype == REQUEST:
		_delivery_returned(frappe.get_doc(REQUEST, name), _text_of(doc))


def _text_of(doc: Any) -> str:
	return f"{doc.text_content or ''} {frappe.utils.strip_html(doc.content or '')} {doc.content or ''}"


def _returned_to(doc: Any) -> tuple[str, str]:
	"""Whose mail a bounce is about, ("", "") if none of ours: by our Message-ID, else by address and title.

	Frappe files a bounce under the record of the mail that its In-Reply-To names; a bounce without that header
	(Postfix) arrives with the addresses and the subject of the returned mail in its text, without its Message-ID.
	"""
	text = _text_of(doc)
	for message_id in _MESSAGE_ID.findall(text):
		kind, name = kind_and_signer(message_id)
		if kind and (queued := frappe.db.exists("Email Queue", {"message_id": message_id})):
			if kind in TO_OTHERS:
				_letter_returned(frappe.db.get_value("Email Queue", queued, "reference_name"))
				return "", ""
			return (REQUEST if kind == DELIVERY else SIGNER), name
		if kind in _ASKED_FOR and _is_ours(message_id) and frappe.db.exists(SIGNER, name):
			return SIGNER, name
	if doc.reference_doctype in (SIGNER, REQUEST):
		return doc.reference_doctype, doc.reference_name
	addresses = sorted({address.lower() for address in _ADDRESS.findall(text)})[:50]
	for row in frappe.get_all(
		SIGNER,
		filters={"email": ["in", addresses], "delivery_status": "Sent"},
		fields=["name", "request"],
		order_by="invited_on desc",
		limit=50,
	):
		title = frappe.db.get_value(REQUEST, row.request, "title")
		if title and title in text:
			return SIGNER, row.name
	for name in _delivered_to(addresses):
		if name in text or frappe.db.get_value(REQUEST, name, "title") in text:
			return REQUEST, name
	return "", ""


def _is_ours(message_id: str) -> bool:
	label, _dot, mark = message_id.split("@")[0].removeprefix("signflow.").rpartition(".")
	return hmac.compare_digest(mark, _mark_of(label, mark[:8]))


def _delivered_to(addresses: list[str]) -> list[str]:
	"""The requests whose documents went to one of these delivery addresses, newest first."""
	mail, recipient = frappe.qb.DocType("Email Queue"), frappe.qb.DocType("Email Queue Recipient")
	rows = (
		frappe.qb.from_(mail)
		.join(recipient)
		.on(recipient.parent == mail.name)
		.select(mail.reference_name)
		.where(mail.reference_doctype == REQUEST)
		.where(mail.message_id.like(f"%signflow.{DELIVERY}.%"))
		.where(recipient.recipient.isin(addresses or [""]))
		.orderby(mail.creation, order=frappe.qb.desc)
		.limit(50)
	).run()
	return [row[0] for row in rows]


def _delivery_returned(request: Any, text: str) -> None:
	lower = text.lower()
	for address in addresses_in(request.delivery_addresses):
		if address.lower() in lower:
			_tell_not_delivered(request, address, "Bounced")
