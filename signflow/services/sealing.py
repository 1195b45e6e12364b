"""What happens after a person signed: increments appended one at a time, the document closed, copies handed out.

The request's row is the queue: `work_due` says that something is left to do, a lease says who does it. `advance` does
one small step per transaction and each step can be repeated, so a worker may be killed anywhere. RQ only wakes it up.
"""

import base64
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_to_date, get_datetime, now_datetime

from signflow.core.flow import OPEN
from signflow.core.pdf.seal import Stamp, append_signature, close
from signflow.core.pdf.validate import Expected, validate
from signflow.services import delivery, evidence, work
from signflow.services.files import read_sealed
from signflow.services.keys import current_key, load_key, seals_of
from signflow.services.levels import (
	due_requests,
	raise_level,
	trusted_certificates,
	wanted_level,
	with_timestamp,
)
from signflow.services.reporting import make_report
from signflow.services.requests import CLOSED, fresh, invite_next, lock_request, replaced_names, signers_of
from signflow.services.revisions import REPORT, append, file_copies, head_of
from signflow.services.times import written
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import addresses_in

LEASE_SECONDS = 30
ATTACH_LIMIT_BYTES = 8 * 2**20


def wake(request: str) -> None:
	"""Have a worker look at the request as soon as the transaction is committed."""
	work.wake("signflow.services.sealing.advance", request=request)


def mark_due(request: str) -> None:
	"""Put the request into the queue, in the caller's transaction."""
	_set(request, work_due=1)
	wake(request)


def sweep() -> None:
	"""Once a minute: wake the requests with work due that nobody holds, a killed worker's among them."""
	work.wake_unheld("Signature Request", wake)


def advance(request: str) -> None:
	"""Do all that is due for a request, step by step (RQ job). Does nothing while another holds the lease."""
	# The job comes from a guest's request; what it writes is the house's work, not a guest's.
	frappe.set_user("Administrator")
	token = secrets.token_hex(16)
	if not work.take_lease("Signature Request", request, LEASE_SECONDS, lease_token=token):
		return
	try:
		while work.hold_lease("Signature Request", request, token, LEASE_SECONDS):
			step = _next_step(request)
			if step is None:
				if _finish(request, token):
					return
				continue
			step()
	except Exception:
		_failed(request, token)
		raise


@one_transaction
def _finish(name: str, token: str) -> bool:
	"""Give the lease back, unless somebody signed while we looked."""
	lock_request(name)
	if _next_step(name) is not None:
		return False
	_set(name, work_due=0, lease_until=None, lease_token=None, work_attempts=0, work_error=None)
	return True


@one_transaction
def _failed(name: str, token: str) -> None:
	request = lock_request(name)
	if request.lease_token != token:
		return
	attempts = (request.work_attempts or 0) + 1
	log = frappe.log_error(
		title=f"signflow: sealing {name}",
		message=frappe.get_traceback(),
		reference_doctype="Signature Request",
		reference_name=name,
	)
	_set(
		name,
		work_attempts=attempts,
		work_error=_("Sealing did not succeed and is tried again. See Error Log {0}.").format(log.name),
		lease_token=None,
		lease_until=add_to_date(now_datetime(), seconds=work.pause(attempts)),
	)
	if attempts == 3:
		evidence.record(name, "seal_unavailable", public={"attempts": attempts})
		delivery.tell_sender(
			request,
			lambda: _("{0} was signed but could not be sealed yet. It is tried again.").format(request.title),
		)


def _set(name: str, **values: Any) -> None:
	frappe.db.set_value("Signature Request", name, values, update_modified=False)


def _next_step(name: str) -> Callable[[], None] | None:
	"""The next thing to do for this request, read afresh; None when nothing is."""
	request = frappe.get_doc("Signature Request", name)
	if (
		request.status == "Completed"
		and request.level_due
		and get_datetime(request.level_due) <= now_datetime()
	):
		return partial(raise_level, name)
	if request.status in CLOSED:
		return None
	signers = signers_of(name)
	revisions = frappe.get_all(
		"Sealed Revision",
		filters={"request": name},
		fields=["document", "kind", "signer"],
		order_by="seq asc",
	)
	signed = {(row.document, row.signer) for row in revisions if row.kind == "Signed"}
	closed = {row.document for row in revisions if row.kind in ("Closed", "Report")}
	for signer in sorted(
		(row for row in signers if row.status == "Signing"), key=lambda row: (row.signed_on, row.name)
	):
		for document in request.documents:
			if (document.name, signer.name) not in signed:
				return partial(seal_signature, name, document.name, signer.name)
		return partial(_signed, name, signer.name)
	if not signers or any(row.status != "Signed" for row in signers) or request.status not in OPEN:
		return None
	for document in request.documents:
		if document.name not in closed and not document.foreign_signatures:
			return partial(close_document, name, document.name)
	if REPORT not in closed:
		return partial(make_report, name)
	if wanted_level(request) != "B-B" and not request.level_attempts:
		return partial(raise_level, name)
	return partial(complete, name)


def seal_signature(name: str, document: str, signer: str) -> None:
	"""Append one signer's increment to one document."""
	request = fresh(name)
	if frappe.db.exists("Sealed Revision", {"document": document, "signer": signer, "kind": "Signed"}):
		return
	person = frappe.get_doc("Signature Request Signer", signer)
	row = next(row for row in request.documents if row.name == document)
	head = head_of(document, name)
	with print_language(request.language):
		level = _("a code sent by mail")
		# Not within an f-string, where texts are not found for translation before Python 3.12.
		identified = _("identified by {0}").format(level)
		earlier = replaced_names(name).get(signer)
		stamp = Stamp(
			name=person.signed_name,
			lines=(
				*((_("in place of {0}").format(earlier),) if earlier else ()),
				*((_("for {0}").format(person.represents),) if person.represents else ()),
				f"{written(person.signed_on, request.language, seconds=True)} · {identified}",
				_("Sealed by {0}").format(request.company),
			),
			drawn=_drawn(person.drawn_signature),
		)
		reason = _("Sealed by {0} on behalf of {1}, identified by {2}").format(
			request.company, person.signed_name, level
		)
	before, key = read_sealed(head.file_url, head.sha256), load_key(current_key(name))
	shown = None if row.foreign_signatures else stamp
	data = with_timestamp(
		request,
		lambda ask: append_signature(
			before, key, field=person.field, reason=reason, stamp=shown, timestamp=ask
		),
	)
	append(name, document, head, data, kind="Signed", signer=signer)


def _drawn(data_url: str | None) -> bytes | None:
	return base64.b64decode(data_url.split(",", 1)[1]) if data_url else None


@one_transaction
def _signed(name: str, signer: str) -> None:
	"""All documents carry this signer's increment: he has signed, and the next group is invited."""
	request = lock_request(name)
	frappe.db.set_value(
		"Signature Request Signer", signer, {"status": "Signed", "drawn_signature": None, "code_hash": None}
	)
	if request.status == "Sent":
		request.db_set("status", "In Progress")
	invite_next(request, signers_of(name, lock=True))


def close_document(name: str, document: str) -> None:
	"""Fill the house's Closing field: from here on nothing may be added to the document."""
	request = fresh(name)
	head = head_of(document, name)
	if head.kind == "Closed":
		return
	key = load_key(current_key(name))
	with print_language(request.language):
		reason = _("Closed by {0}: all have signed").format(request.company)
	data = close(read_sealed(head.file_url, head.sha256), key, reason=reason)
	_judge(data, name)
	append(name, document, head, data, kind="Closed")


def _judge(data: bytes, request: str) -> None:
	"""Nothing is handed out that our own validator would refuse; raises, and the step is tried again."""
	expected = Expected(fields=("Seal", *(signer.field for signer in signers_of(request)), "Closing"))
	seals = [seal.certificate_pem for seal in seals_of(request)]
	verdict = validate(data, trust=[*seals, *trusted_certificates()], expected=expected)
	if not verdict.ok:
		raise RuntimeError(f"the closed document does not hold: {'; '.join(verdict.problems)}")


@one_transaction
def complete(name: str) -> None:
	"""The request is done: copies filed and mailed, the sender told, other apps' records set."""
	request = lock_request(name)
	if request.status not in OPEN:
		return
	evidence.record(name, "completed")
	request.db_set({"status": "Completed", "completed_on": now_datetime()})
	attachments = file_copies(request)
	total = sum(
		frappe.get_all("Sealed Revision", {"request": name, "kind": ["!=", "Certified"]}, pluck="size")
	)
	attach = not request.confidential and total <= ATTACH_LIMIT_BYTES
	signers = signers_of(name)
	for signer in signers:
		delivery.mail_copies(request, signer, attachments if attach else [])
	told = {(signer.email or "").lower() for signer in signers}
	for address in addresses_in(request.delivery_addresses):
		if address.lower() not in told:
			delivery.mail_delivery(request, address, attachments if attach else [])
	request.db_set("copies_sent_on", now_datetime())
	delivery.tell_sender(request, lambda: _("{0} has been signed by everybody.").format(request.title))
	for method in frappe.get_hooks("signflow_request_completed"):
		frappe.get_attr(method)(request)


def look_after_levels() -> None:
	"""Every few minutes: wake the completed requests whose level is to be tried again, or whose archives age."""
	for name in due_requests():
		mark_due(name)
	frappe.db.commit()
