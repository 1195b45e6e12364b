"""A request from the sender's side: made, sent, reminded, cancelled, expired."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, get_datetime, now_datetime

from signflow.core import flow
from signflow.core.flow import OPEN
from signflow.services import delivery, evidence
from signflow.services.files import erase_files
from signflow.services.times import utc_now, utc_time
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address

CLOSED = ("Completed", "Declined", "Expired", "Cancelled")
# What a signer has because of his place in the request, whoever he is.
OF_THE_PLACE = ("request", "represents", "signing_order", "language", "required_level")
OF_THE_PLACE += ("box_anchor", "boxes", "field", "idx_in_request")
NOT_SIGNED = ("Waiting", "Invited", "Opened", "Identified")
MAX_REMINDERS = 5


def lock_request(name: str) -> Any:
	"""The request as it is now, locked until the transaction ends."""
	return frappe.get_doc("Signature Request", name, for_update=True)


def fresh(name: str) -> Any:
	"""The request as it is now, without a lock."""
	frappe.db.commit()
	return frappe.get_doc("Signature Request", name)


def signers_of(request: str, *, lock: bool = False) -> list[Any]:
	"""All who sign or signed a request, in their order; a locking read sees what others have just committed.

	Without those in whose place somebody else signs.
	"""
	return frappe.db.get_values(
		"Signature Request Signer",
		{"request": request, "replaced_by": ["is", "not set"]},
		"*",
		as_dict=True,
		order_by="signing_order asc, idx_in_request asc, creation asc",
		for_update=lock,
	)


def flow_of(request: Any) -> flow.Request:
	"""A request as `core.flow` sees it."""
	ended = request.completed_on if request.status == "Completed" else None
	return flow.Request(
		name=request.name,
		title=request.title or "",
		state=flow.RequestState(request.status),
		expires_on=utc_time(request.expires_on) if request.expires_on else None,
		ended_on=utc_time(ended) if ended else None,
		documents=tuple(flow.Document(row.name, row.title or "") for row in request.documents),
	)


def flow_signer(row: Any) -> flow.Signer:
	"""A signer as `core.flow` sees him."""
	return flow.Signer(
		name=row.name,
		mail=row.email or "",
		full_name=row.signer_name or "",
		order=row.signing_order or 1,
		state=flow.SignerState(row.status),
		locked=bool(row.locked),
		bounced=row.delivery_status == "Bounced",
	)


def require(action: flow.Action, request: Any, signers: list[Any], signer: Any = None) -> None:
	"""Raise SignflowError with the reason in plain words unless `action` is possible now."""
	flow.require(
		action,
		flow_of(request),
		[flow_signer(row) for row in signers],
		flow_signer(signer) if signer else None,
		utc_now(),
	)


def allowed(action: flow.Action, request: Any, signers: list[Any], signer: Any = None) -> bool:
	"""Whether `action` is possible now."""
	return flow.can(
		action,
		flow_of(request),
		[flow_signer(row) for row in signers],
		flow_signer(signer) if signer else None,
		utc_now(),
	)


def invite_next(request: Any, signers: list[Any], *, in_page: str | None = None) -> str | None:
	"""Invite everybody of the lowest order in which somebody has not signed yet.

	The one `in_page` is not mailed: his link is returned.
	"""
	next_ones = {one.name for one in flow.who_is_next([flow_signer(row) for row in signers])}
	link = None
	for signer in signers:
		if signer.name in next_ones and signer.name == in_page:
			link = delivery.give_link(request, signer, in_page=1)
			evidence.record(request.name, "link_given", signer=signer.name, private=evidence.caller())
		elif signer.name in next_ones:
			delivery.invite(request, signer)
	return link


@one_transaction
def remind_signer(signer: str) -> None:
	"""Send a new link to a signer who was invited; also the way out for one who is locked or whose mail bounced."""
	row = frappe.get_doc("Signature Request Signer", signer)
	request = lock_request(row.request)
	request.check_permission("write")
	row = frappe.get_doc("Signature Request Signer", signer, for_update=True)
	require(flow.Action.REMIND, request, signers_of(request.name, lock=True), row)
	delivery.invite(request, row, reminder=True)


@one_transaction
def correct_signer(signer: str, email: str) -> None:
	"""Give a signer whose mail does not work another address, and invite again."""
	row = frappe.get_doc("Signature Request Signer", signer)
	request = lock_request(row.request)
	request.check_permission("write")
	row = frappe.get_doc("Signature Request Signer", signer, for_update=True)
	require(flow.Action.REMIND, request, signers_of(request.name, lock=True), row)
	email = (email or "").strip()
	_check_address(request.name, signer, email)
	evidence.record(
		request.name,
		"reminded",
		signer=signer,
		public={"address_changed": True},
		private={"old_email": row.email, "new_email": email, "by": frappe.session.user},
	)
	frappe.db.set_value("Signature Request Signer", signer, {"email": email, "delivery_status": None})
	row.email, row.delivery_status = email, None
	delivery.invite(request, row)


def _check_address(request: str, signer: str, email: str) -> None:
	if not one_address(email):
		frappe.throw(_("{0} is not a mail address.").format(email))
	if any(
		other.name != signer and (other.email or "").lower() == email.lower() for other in signers_of(request)
	):
		frappe.throw(_("{0} is already a signer of this request.").format(email))


@one_transaction
def replace_signer(signer: str, contact: str) -> str:
	"""Have a Contact sign in the place of a signer who has not signed; returns the new signer's name.

	What the earlier signer did stays on record as his; his link ends without a mail. The document goes on bearing the name
	that it was sent with: the signature says in whose place it stands. A draft's signer is simply another.
	"""
	row = frappe.get_doc("Signature Request Signer", signer)
	request = lock_request(row.request)
	request.check_permission("write")
	row = frappe.get_doc("Signature Request Signer", signer, for_update=True)
	person = frappe.get_doc("Contact", contact)
	person.check_permission("read")
	name, email = person.full_name or person.get_title(), (person.email_id or "").strip()
	can = request.status in OPEN and row.status in NOT_SIGNED and not (row.replaced_by or row.in_page)
	if not can and request.status != "Draft":
		frappe.throw(
			_(
				"{0} cannot be replaced in {1}: who has signed, or filled in a form, did so in person. Cancel the request and send a new one."
			).format(row.signer_name, request.name)
		)
	_check_address(request.name, signer, email)
	if request.status == "Draft":
		row.update({"signer_name": name, "email": email, "contact": contact})
		row.save()
		return row.name
	other = frappe.new_doc("Signature Request Signer")
	other.update({field: row.get(field) for field in OF_THE_PLACE})
	other.update({"signer_name": name, "email": email, "contact": contact, "status": "Waiting"})
	other.set_new_name()
	# Past the controller, which lets nobody change the signers of what was sent.
	other.db_insert()
	ended = {"status": "Cancelled", "replaced_by": other.name}
	ended.update(token_hash=None, session_hash=None, session_identified=0, code_hash=None)
	frappe.db.set_value("Signature Request Signer", signer, ended)
	evidence.record(
		request.name,
		"signer_replaced",
		signer=signer,
		public={"by": other.name},
		private={"new_name": name, "new_email": email, "sender": frappe.session.user},
	)
	if row.status != "Waiting":
		delivery.invite(request, other)
	return other.name


@one_transaction
def cancel_request(name: str, reason: str) -> None:
	"""End a request that was sent; the links stop working and those who were invited are told."""
	request = lock_request(name)
	request.check_permission("write")
	require(flow.Action.CANCEL, request, signers_of(name, lock=True))
	if request.work_due:
		frappe.throw(_("A signature is being sealed right now. Try again in a minute."))
	close_request(request, "Cancelled", "cancelled", reason)


@one_transaction
def link_in_page(signer: str) -> str | None:
	"""A new link, below the site's address, for a signer before a page of ours; None when it is not his turn any more."""
	row = frappe.get_doc("Signature Request Signer", signer)
	request = lock_request(row.request)
	row = frappe.get_doc("Signature Request Signer", signer, for_update=True)
	if request.status not in OPEN or row.status not in ("Invited", "Opened", "Identified"):
		return None
	link = delivery.give_link(request, row)
	evidence.record(request.name, "link_given", signer=signer, private=evidence.caller())
	return link


def replace_request(name: str) -> bool:
	"""End an unsigned request because its person changed the answers; False when somebody has signed it.

	In the caller's transaction. Those who were invited by mail are told, the person before the page is not.
	"""
	request = lock_request(name)
	if any(row.signed_on for row in signers_of(name, lock=True)) or request.work_due:
		return False
	if request.status in OPEN:
		close_request(request, "Cancelled", "cancelled", _("The answers were changed."))
		forget_unsigned(name)
	return True


def forget_unsigned(name: str) -> None:
	"""Erase what a request that ended without any signature says of a person, in the caller's transaction.

	The chain stays and says so. For requests made of a form, where nobody but the person himself knows of it.
	"""
	signers = all_signers_of(name)
	if any(row.signed_on for row in signers):
		return
	evidence.erase_payloads(
		name,
		frappe.get_all("Signature Event", filters={"request": name}, pluck="seq", order_by="seq asc"),
		reason="never_signed",
	)
	erased = _("(erased)")
	for place, row in enumerate(signers, 1):
		values = {
			"signer_name": erased,
			"email": f"erased-{place}@invalid",
			"represents": None,
			"token_hash": None,
		}
		values.update(session_hash=None, decline_reason=None, contact=None)
		frappe.db.set_value("Signature Request Signer", row.name, values)
	frappe.db.set_value("Signature Request", name, {"message": None})
	erase_files(name)


def close_request(request: Any, status: str, kind: str, reason: str, *, by: str | None = None) -> None:
	"""Set an end state other than Completed, in the caller's transaction, and tell those concerned."""
	for signer in signers_of(request.name, lock=True):
		values: dict[str, Any] = {"session_hash": None, "code_hash": None, "drawn_signature": None}
		if signer.status in ("Waiting", "Invited", "Opened", "Identified", "Signing") and signer.name != by:
			values["status"] = "Cancelled"
		frappe.db.set_value("Signature Request Signer", signer.name, values)
		if signer.name != by and signer.status not in ("Waiting", "Declined") and not signer.in_page:
			delivery.mail_closed(request, signer, status)
	request.db_set({"status": status, "closed_reason": (reason or "")[:500], "work_due": 0})
	evidence.record(
		request.name,
		kind,
		signer=by,
		private={"reason": reason, "by": None if by else frappe.session.user, **evidence.caller()},
	)


def expire_due() -> None:
	"""Hourly: end the requests whose time is over, unless a signature is being sealed."""
	for name in frappe.get_all(
		"Signature Request",
		filters={"status": ["in", OPEN], "expires_on": ["<", now_datetime()], "work_due": 0},
		pluck="name",
		order_by="expires_on asc",
		limit=500,
	):
		_expire(name)


@one_transaction
def _expire(name: str) -> None:
	request = lock_request(name)
	if not request.work_due and allowed(flow.Action.EXPIRE, request, signers_of(name, lock=True)):
		close_request(request, "Expired", "expired", _("The time to sign was over."))
		delivery.tell_sender(
			request, lambda: _("{0} expired before everybody had signed.").format(request.title)
		)


def remind_due() -> None:
	"""Hourly: remind signers who were invited and have not signed, by the request's rhythm, a few times at most."""
	now = now_datetime()
	for request in frappe.get_all(
		"Signature Request",
		filters={"status": ["in", OPEN], "remind_every_days": [">", 0]},
		fields=["name", "remind_every_days"],
		order_by="creation asc",
	):
		since = add_to_date(now, days=-request.remind_every_days)
		for signer in signers_of(request.name):
			last = signer.last_reminded_on or signer.invited_on
			if (
				signer.status in ("Invited", "Opened", "Identified")
				and last
				and get_datetime(last) < since
				# Nobody has proved yet that he reads what goes to an address typed into a form.
				and (signer.reminders_sent or 0) < (1 if signer.in_page else MAX_REMINDERS)
				and signer.delivery_status not in ("Bounced", "Unsubscribed", "Failed")
			):
				_remind(request.name, signer.name, since)


@one_transaction
def _remind(request_name: str, signer: str, since: Any) -> None:
	request = lock_request(request_name)
	row = frappe.get_doc("Signature Request Signer", signer, for_update=True)
	last = row.last_reminded_on or row.invited_on
	may = allowed(flow.Action.REMIND, request, signers_of(request_name, lock=True), row)
	if may and get_datetime(last) < since:
		delivery.invite(request, row, reminder=True)


def replaced_names(request: str) -> dict[str, str]:
	"""The names that the request was sent with of those in whose place others sign, by the signer who does."""
	earlier = {row.replaced_by: row for row in all_signers_of(request) if row.replaced_by}
	names = {}
	for signer, row in earlier.items():
		while row.name in earlier:
			row = earlier[row.name]
		names[signer] = row.signer_name
	return names


def all_signers_of(request: str) -> list[Any]:
	"""The signers' rows of a request in their order, with those in whose place others sign."""
	return frappe.get_all(
		"Signature Request Signer",
		filters={"request": request},
		fields=["*"],
		order_by="signing_order asc, idx_in_request asc, creation asc",
	)


def timeline(name: str) -> dict[str, Any]:
	"""Signers with their steps, and the documents with their revisions, for the request's form."""
	events = frappe.get_all(
		"Signature Event",
		filters={"request": name},
		fields=["seq", "kind", "time", "signer", "document"],
		order_by="seq asc",
	)
	public = (
		"name",
		"signer_name",
		"email",
		"represents",
		"replaced_by",
		"status",
		"signing_order",
		"language",
		"delivery_status",
		"delivery_note",
		"invited_on",
		"opened_on",
		"identified_on",
		"signed_on",
		"locked",
		"decline_reason",
	)
	return {
		"signers": [
			{
				**{field: row.get(field) for field in public},
				"events": [event for event in events if event.signer == row.name],
			}
			for row in all_signers_of(name)
		],
		"documents": evidence.document_revisions(name),
		"events": len(events),
		"test_seal": bool(
			frappe.db.get_value(
				"Sealing Key", frappe.db.get_value("Signature Request", name, "sealing_key") or "", "is_test"
			)
		),
	}
