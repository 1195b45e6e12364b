"""Mails to a person whose data is restricted are stopped, since writing to her is more than storing it (GDPR 18(2)).

What somebody writes by hand is refused before it is kept, and says what may be done; an officer answers for his own by
sending it once more. What machines send leaves her out, and others get theirs. What she asks for herself, and letters of
data requests, always go (`restrictions.hers`). Each is a step of her request, without what was written.
"""

import email
import re
from collections.abc import Iterable
from email.policy import SMTP
from email.utils import formataddr, getaddresses
from typing import Any

import frappe
from frappe import _
from frappe.utils import escape_html, nowdate
from frappe.utils.data import sha256_hash

from signflow.core.privacy.persons import Record
from signflow.services import letters
from signflow.services.erasure import restricting
from signflow.services.privacy import restrictions
from signflow.services.privacy.restrictions import mails_of
from signflow.services.subject_requests import carrying_out, records
from signflow.signflow.stored_words import N_, kept

# How long after he was told an officer may send what he was told of.
MINUTES_TO_ANSWER_FOR = 15
BLANK = "(Not sent: the data of whom it was for is restricted.)"


def guard_by_hand(doc: Any, method: str | None = None) -> None:
	"""Somebody writes a mail in Desk or through the API: refuse it if it goes to a restricted person (Communication
	before_insert)."""
	by_hand = getattr(frappe.local, "request", None) and doc.sent_or_received == "Sent"
	if not by_hand or (doc.communication_type or "Communication") != "Communication":
		return
	if doc.communication_medium == "Email":
		about = (doc.reference_doctype, doc.reference_name)
		guard((doc.recipients, doc.cc, doc.bcc), about, doc.subject)


def guard(texts: Iterable[str | None], about: tuple[Any, Any], subject: str | None = None) -> None:
	"""Raise ValidationError if one of the addresses (in texts as people type them) is a restricted person's.

	An officer is told, and may do the same within a quarter of an hour; whoever by law needs what an erasure keeps may write.
	"""
	if _is_a_letter(about):
		return
	stopped = restrictions.stopped([text for text in texts if text], about)
	if not stopped:
		return
	requests = carrying_out.requests_of(_records_in(stopped))
	user = frappe.session.user
	if _needs_it(requests, user):
		return
	if frappe.get_cached_value("User", user, "user_type") != "System User":
		# Whoever has an account in the portal is not told whose data is restricted, not by a traceback's names either.
		frappe.local.flags.disable_traceback = True
		frappe.throw(_("This mail cannot be sent."), title=_("Not sent"))
	names = ", ".join(sorted({row.name for row in requests if row.name and _may_read(row, user)})) or "—"
	told = _(
		"The data of {0} is restricted ({1}): it is kept, and used for nothing else without the person's consent, save for legal claims or to protect others (GDPR 18(2)). Nothing was sent."
	).format(escape_html(", ".join(sorted(stopped))), names)
	if not may_answer(requests, user):
		ask = _("Ask a data protection officer, who can send it where the law allows it.")
		frappe.throw(f"{told} {ask}", title=_("Restricted"))
	# What he is told of is this mail: another one to her is told of anew.
	answered_for = frappe.as_json(["restricted", user, sorted(stopped), about, subject])
	if letters.counted(answered_for, MINUTES_TO_ANSWER_FOR * 60) == 1:
		again = _(
			"If the law allows it, send it once more within {0} minutes: that is put on record with the request."
		).format(MINUTES_TO_ANSWER_FOR)
		frappe.throw(f"{told} {again}", title=_("Restricted"))
	_note(requests, kept(N_("An officer wrote to the person all the same.")), by_itself=False)


def _is_a_letter(about: tuple[Any, Any]) -> bool:
	"""Whether a mail is about a data request that there is: Frappe asks for no right to one that is not named."""
	doctype, name = about
	return doctype == records.REQUEST and bool(name) and bool(frappe.db.exists(doctype, name))


def may_answer(requests: list[Any], user: str) -> bool:
	"""Whether a user may answer for a mail to whom `requests` (`carrying_out.requests_of`) restrict: an officer who may read
	them, or whoever by law needs what an erasure keeps where that is all."""
	if _needs_it(requests, user):
		return True
	return restrictions.is_officer(user) and all(_may_read(row, user) for row in requests if row.name)


def _needs_it(requests: list[Any], user: str) -> bool:
	# Administrator is nobody, and machines mail in his name.
	if user == "Administrator" or not requests or not all(row.is_kept for row in requests):
		return False
	return restricting.may_use(user)


def _may_read(row: Any, user: str) -> bool:
	return bool(frappe.has_permission(records.REQUEST, "read", doc=row.name, user=user))


def leave_out(doc: Any, method: str | None = None) -> None:
	"""Take restricted persons out of a mail that is about to be queued (Email Queue before_insert)."""
	about = (doc.reference_doctype, doc.reference_name)
	if frappe.flags.signflow_mail_is_hers or _is_a_letter(about):
		return
	stopped = restrictions.stopped([row.recipient for row in doc.recipients], about)
	if not about[0]:
		stopped = {
			mail: found
			for mail, found in stopped.items()
			if not (_asks_herself(mail) or _brings_password(doc, mail))
		}
	if not stopped:
		return
	requests = carrying_out.requests_of(_records_in(stopped))
	if _is_by_hand(doc) and may_answer(requests, frappe.session.user):
		return
	doc.set("recipients", [row for row in doc.recipients if not mails_of(row.recipient) & set(stopped)])
	if doc.recipients:
		_hide(doc, stopped)
	else:
		doc.update({"status": "Error", "error": BLANK, "message": BLANK, "attachments": "[]"})
	note = kept(N_("Mails of the site were left out ({0})."), about[0] or "—")
	_note(requests, note, by_itself=True)


def _asks_herself(mail: str) -> bool:
	"""Whether a mail about no record answers what its reader has just done: a code, a link to log in, a new password."""
	# While somebody logs in Frappe 15 knows no user.
	return frappe.session.user in (None, "", "Guest") or mail in mails_of(frappe.session.user)


def _brings_password(doc: Any, mail: str) -> bool:
	"""Whether a mail brings its reader the link to choose the password of her own account, which staff send on her word, or
	with a new account."""
	body = email.message_from_string(doc.message, policy=SMTP).get_body(("html", "plain"))
	keys = (
		{sha256_hash(key) for key in re.findall(r"/update-password\?key=(\w+)", body.get_content())}
		if body
		else ()
	)
	return bool(
		keys and frappe.db.exists("User", {"email": mail, "reset_password_key": ["in", sorted(keys)]})
	)


def _is_by_hand(doc: Any) -> bool:
	"""Whether somebody has just written it by hand: `guard` has let it through."""
	if not (doc.communication and getattr(frappe.local, "request", None)):
		return False
	return frappe.db.get_value("Communication", doc.communication, "communication_type") == "Communication"


def _hide(doc: Any, stopped: Iterable[str]) -> None:
	"""Whoever gets the mail does not read there that she was to get it."""
	hidden = set(stopped)
	doc.show_as_cc = ",".join(one for one in (doc.show_as_cc or "").split(",") if not mails_of(one) & hidden)
	message = email.message_from_string(doc.message, policy=SMTP)
	for header in ("To", "CC"):
		people = getaddresses([str(one) for one in message.get_all(header, [])])
		left = [person for person in people if not mails_of(person[1]) & hidden]
		if len(left) < len(people):
			del message[header]
			if left:
				message[header] = ", ".join(formataddr(person) for person in left)
			doc.message = message.as_string()


def _records_in(stopped: dict[str, set[Record]]) -> set[Record]:
	return set().union(*stopped.values())


def _note(requests: Iterable[Any], note: str, *, by_itself: bool) -> None:
	"""A step of each request; what the site does by itself once a day and kind of mail."""
	for row in requests:
		today = {"request": row.name, "note": note, "at": [">=", nowdate()]}
		if row.name and not (by_itself and frappe.db.exists(records.STEP, today)):
			records.step(row, "Note", note, by_itself=by_itself)
