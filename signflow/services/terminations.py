"""Notice that ends a customer's agreements, however it came: signed on the page, signed on request, written, or said.

A Contract Termination is written here alone. Once notice is given, its row is the queue: `next_work_on` says when it is
looked at again, and `settle` does in one transaction all that is due, so that a killed worker leaves nothing half done
and doing it again does nothing twice. A notice counts from its arrival, whatever becomes of the work after it.
"""

import secrets
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import (
	add_to_date,
	escape_html,
	formatdate,
	get_datetime,
	get_link_to_form,
	getdate,
	now_datetime,
	strip_html,
)

from signflow.services import agreements, drafts, letters, sending, visits
from signflow.services.acting import acting_as
from signflow.services.agreements import Agreement
from signflow.services.guests import Refused
from signflow.services.requests import signers_of
from signflow.services.times import written, written_day
from signflow.services.transaction import is_conflict, one_transaction

IN_FORCE = ("Notice Given", "Ended")
PAGE_HOURS = 24
REQUEST_DAYS = 7
MAX_REASON = 1000
LANGUAGES = ("fi", "sv", "en")
NOTICE = '{% include "signflow/templates/agreements/termination.html" %}'


def page_is_open() -> bool:
	"""Whether customers may terminate by themselves."""
	settings = frappe.get_cached_doc("Signflow Settings")
	return bool(settings.terminations_open and settings.termination_responsible)


def offers(found: list[Agreement], given: date) -> list[dict[str, Any]]:
	"""What a reader sees of agreements of which notice would arrive on `given`; those under notice say when they end."""
	shown = []
	for agreement in found:
		notice = agreements.notice_of(agreement)
		earlier = under_notice(agreement)
		shown.append(
			{
				"doctype": agreement.doctype,
				"name": agreement.name,
				"kind": _(agreement.doctype),
				"title": agreement.title,
				"starts_on": agreement.starts_on and agreement.starts_on.isoformat(),
				"notice": agreements.notice_text(notice),
				"ends_on": (
					getdate(earlier.ends_on) if earlier else agreements.last_day(agreement, notice, given)
				).isoformat(),
				"under_notice": bool(earlier),
			}
		)
	return shown


def under_notice(agreement: Agreement) -> Any:
	"""The row {parent, ends_on} by which notice of an agreement was given already, or None."""
	rows = frappe.get_all(
		"Contract Termination Agreement",
		filters={
			"agreement_doctype": agreement.doctype,
			"agreement_name": agreement.name,
			"parenttype": "Contract Termination",
		},
		fields=["parent", "ends_on"],
		order_by="creation desc",
	)
	return next(
		(
			row
			for row in rows
			if frappe.db.get_value("Contract Termination", row.parent, "status") in IN_FORCE
		),
		None,
	)


def prepare_on_page(
	mail: str, chosen: list[tuple[str, str]], *, reason: str, language: str, visit: str
) -> dict[str, str]:
	"""Make the notice that a visitor signs next, and the request for it: {link, session, reference}.

	`chosen` must be agreements of the visitor's own customers. The request is sent in the responsible person's name; its
	`session` is identified already, by the code that the visitor has typed.
	"""
	if not page_is_open():
		raise not_open()
	contacts = agreements.contacts_of(mail)
	own = {
		(one.doctype, one.name): one
		for one in agreements.agreements_of([name for contact in contacts for name in contact.customers])
	}
	if not chosen or any(one not in own for one in chosen):
		raise Refused("invalid_input", _("Choose at least one agreement."), 422)
	picked = [own[one] for one in dict.fromkeys(chosen)]
	contact = next(one for one in contacts if picked[0].customer in one.customers)
	if letters.counted(f"visit notices {visit}") > 10:
		raise Refused("too_many", _("Too many tries. Begin again tomorrow."), 429)
	responsible = frappe.get_cached_doc("Signflow Settings").termination_responsible
	with acting_as(responsible):
		doc = _new(
			picked,
			channel="On the Page",
			given=now_datetime(),
			person_name=contact.full_name or mail,
			email=mail,
			language=language,
			reason=reason,
		)
		request = _send(doc, contact=contact.name, hours=PAGE_HOURS, in_page=True)
	link = request.flags.link
	return {"link": link, "session": visits.carry_over(link.split("#", 1)[1], mail), "reference": doc.name}


def not_open() -> Refused:
	"""The answer where customers cannot terminate by themselves."""
	return Refused(
		"not_open",
		_(
			"Agreements cannot be terminated on this page. Write to us: a message in your own words is enough."
		),
		409,
	)


def ask_to_sign(
	chosen: list[tuple[str, str]], *, person_name: str, email: str, reason: str = "", language: str = ""
) -> Any:
	"""Prepare the notice for somebody who has called, and mail him the request to sign it; returns the termination.

	With the caller's permissions (see `check_may_end`).
	"""
	picked = _picked(chosen)
	if not letters.one_address(email):
		frappe.throw(_("{0} is not a mail address.").format(email))
	contact = next(
		(one.name for one in agreements.contacts_of(email) if picked[0].customer in one.customers), None
	)
	doc = _new(
		picked,
		channel="Signed",
		given=now_datetime(),
		person_name=person_name,
		email=email.strip(),
		language=language,
		reason=reason,
		recorded_by=frappe.session.user,
	)
	_send(doc, contact=contact, hours=24 * REQUEST_DAYS, in_page=False)
	return frappe.get_doc("Contract Termination", doc.name)


def record(
	chosen: list[tuple[str, str]],
	*,
	channel: str,
	received_on: Any,
	person_name: str,
	email: str,
	communication: str | None = None,
	note: str = "",
	language: str = "",
) -> Any:
	"""Record a notice that was written in free form or said to staff: it counts from its arrival and needs no signature.

	With the caller's permissions (see `check_may_end`). Raises ValidationError for a time to come. Returns the termination.
	"""
	if channel not in ("In Writing", "Said to Staff"):
		frappe.throw(_("Say how the notice was given."))
	given = get_datetime(received_on) if received_on else None
	if not given or given > add_to_date(now_datetime(), minutes=1):
		frappe.throw(_("When did the notice arrive? The time cannot be in the future."))
	if communication:
		frappe.get_doc("Communication", communication).check_permission("read")
	email = (email or "").strip()
	if email and not letters.one_address(email):
		frappe.throw(_("{0} is not a mail address.").format(email))
	return _record(
		_picked(chosen),
		channel=channel,
		given=given,
		person_name=person_name,
		email=email,
		communication=communication,
		note=note,
		language=language,
		recorded_by=frappe.session.user,
	)


@one_transaction
def _record(picked: list[Agreement], **values: Any) -> Any:
	doc = _new(picked, **values)
	_give(doc.name, values["given"])
	return doc


def check_may_end(chosen: list[tuple[str, str]]) -> None:
	"""Raise PermissionError unless the user may end these: by write permission on each, or as a Signflow Manager who
	reads it."""
	frappe.has_permission("Contract Termination", "read", throw=True)
	needed = "read" if "Signflow Manager" in frappe.get_roles() else "write"
	for doctype, name in chosen:
		agreements.kind_of(doctype)
		frappe.get_doc(doctype, name).check_permission(needed)


def _picked(chosen: list[tuple[str, str]]) -> list[Agreement]:
	check_may_end(chosen)
	picked = [agreements.kind_of(doctype).read(name) for doctype, name in dict.fromkeys(chosen)]
	if not picked:
		frappe.throw(_("Choose at least one agreement."))
	return picked


def _new(picked: list[Agreement], *, given: datetime, language: str = "", **values: Any) -> Any:
	"""A termination as a draft, in the caller's transaction."""
	for agreement in picked:
		earlier = under_notice(agreement)
		if earlier:
			frappe.throw(
				_("Notice of {0} was given already: it ends with {1} ({2}).").format(
					agreement.title, formatdate(earlier.ends_on), earlier.parent
				)
			)
	customers = {agreement.customer for agreement in picked}
	companies = {agreements.company_of(agreement) for agreement in picked}
	if len(customers) != 1 or len(companies) != 1 or not all(customers):
		frappe.throw(_("Choose agreements of one customer with one company at a time."))
	settings = frappe.get_cached_doc("Signflow Settings")
	doc = frappe.new_doc("Contract Termination")
	doc.update(
		{
			"status": "Draft",
			"customer": customers.pop(),
			"company": companies.pop(),
			"received_on": given,
			"language": language if language in LANGUAGES else settings.default_language or "fi",
			**values,
			"reason": (values.get("reason") or "").strip()[:MAX_REASON],
			"person_name": " ".join((values.get("person_name") or "").split())[:140],
		}
	)
	with print_language(doc.language):
		for agreement in picked:
			notice = agreements.notice_of(agreement)
			ends_on = agreements.last_day(agreement, notice, getdate(given))
			doc.append(
				"agreements",
				{
					"agreement_doctype": agreement.doctype,
					"agreement_name": agreement.name,
					"title": agreement.title[:140],
					"notice": agreements.notice_text(notice)[:140],
					"ends_on": ends_on,
					"state": "Waiting",
				},
			)
	doc.flags.signflow = True
	return doc.insert(ignore_permissions=True)


def _send(doc: Any, *, contact: str | None, hours: int, in_page: bool) -> Any:
	"""Render the notice and send the request for it, with the user's permissions; returns the request."""
	for row in doc.agreements:
		row.last_day = written_day(getdate(row.ends_on), doc.language)
	title, data = _notice(doc)
	level = agreements.level_to_leave(
		[agreements.kind_of(row.agreement_doctype).read(row.agreement_name) for row in doc.agreements]
	)
	request = drafts.create_request(
		title=title,
		documents=[{"title": title, "content": data}],
		signers=[
			{
				"signer_name": doc.person_name,
				"email": doc.email,
				"contact": contact,
				"language": doc.language,
				"required_level": level.value,
			}
		],
		company=doc.company,
		customer=doc.customer,
		reference_doctype=doc.doctype,
		reference_name=doc.name,
		language=doc.language,
		expires_on=add_to_date(now_datetime(), hours=hours),
		remind_every_days=0 if in_page else 2,
	)
	_set(doc.name, status="Waiting for Signature", request=request.name)
	signer = signers_of(request.name)[0].name
	return sending.send_request(request.name, **({"in_page": signer} if in_page else {}))


def _notice(doc: Any) -> tuple[str, bytes]:
	"""Title and PDF of the notice that is signed: by the settings' template, else by the text that comes with signflow."""
	from signflow.services.templates import render_document

	name = frappe.get_cached_doc("Signflow Settings").termination_template
	if name:
		return render_document(frappe.get_doc("Signature Template", name), doc, language=doc.language)
	with print_language(doc.language):
		template = frappe.get_doc(
			{
				"doctype": "Signature Template",
				"name": _("Notice of Termination"),
				"template_name": "Notice of Termination",
				"source": "Text",
				"reference_doctype": doc.doctype,
				"document_title": _("Notice of Termination"),
				"body": NOTICE,
			}
		)
		return render_document(template, doc, language=doc.language)


def on_completed(request: Any) -> None:
	"""A signed notice is given (hook signflow_request_completed, in the transaction that completes the request)."""
	if request.reference_doctype != "Contract Termination":
		return
	status = frappe.db.get_value("Contract Termination", request.reference_name, "status", for_update=True)
	if status in ("Waiting for Signature", "Draft", "Cancelled"):
		signer = signers_of(request.name)[0]
		_set(request.reference_name, person_name=signer.signed_name or signer.signer_name)
		_give(request.reference_name, signer.signed_on)


def _give(name: str, received_on: Any) -> None:
	_set(name, status="Notice Given", received_on=received_on, next_work_on=now_datetime())
	wake(name)


def _set(name: str, **values: Any) -> None:
	frappe.db.set_value("Contract Termination", name, values)


def wake(name: str) -> None:
	"""Have a worker look at the termination as soon as the transaction is committed."""
	frappe.enqueue(
		"signflow.services.terminations.settle",
		queue="short",
		name=name,
		enqueue_after_commit=True,
		job_id=f"signflow-termination-{name}-{secrets.token_hex(4)}",
	)


def sweep() -> None:
	"""Every few minutes: wake what is due, and close what was prepared and never signed."""
	due = {"status": "Notice Given", "next_work_on": ["<=", now_datetime()]}
	for name in frappe.get_all(
		"Contract Termination", filters=due, pluck="name", order_by="next_work_on asc", limit=500
	):
		wake(name)
	for row in frappe.get_all(
		"Contract Termination",
		filters={
			"status": ["in", ["Draft", "Waiting for Signature"]],
			"modified": ["<", add_to_date(now_datetime(), hours=-1)],
		},
		fields=["name", "request", "modified"],
		order_by="modified asc",
		limit=500,
	):
		state = row.request and frappe.db.get_value("Signature Request", row.request, "status")
		if state in ("Declined", "Expired", "Cancelled") or (
			state in (None, "", "Draft") and row.modified < add_to_date(now_datetime(), days=-1)
		):
			_set(row.name, status="Cancelled")
	frappe.db.commit()


def retry(name: str) -> None:
	"""Have what failed tried again at once, with the caller's permission to read the termination."""
	frappe.get_doc("Contract Termination", name).check_permission("read")
	_set(name, next_work_on=now_datetime(), work_attempts=0)
	wake(name)


def settle(name: str) -> None:
	"""Do all that is due for a termination (RQ job; safe to run twice and beside itself)."""
	# The job may come from a guest's request; what it writes is the house's work, not a guest's.
	frappe.set_user("Administrator")
	try:
		_settle(name)
	except Exception:
		_failed(name)


@one_transaction
def _settle(name: str) -> None:
	doc = frappe.get_doc("Contract Termination", name, for_update=True)
	if (
		doc.status != "Notice Given"
		or not doc.next_work_on
		or get_datetime(doc.next_work_on) > now_datetime()
	):
		return
	first = not any(row.act_on for row in doc.agreements)
	for row in doc.agreements:
		_step(doc, row)
	if first:
		_tell(doc)
	failed = [row for row in doc.agreements if row.state == "Failed"]
	doc.failure = "\n".join(f"{row.agreement_name}: {row.failure}" for row in failed)[:1000]
	if failed and not doc.work_attempts:
		_notify(doc, lambda: _("{0} could not be ended: see {1}.").format(failed[0].title, doc.name))
	doc.work_attempts = (doc.work_attempts or 0) + 1 if failed else 0
	waiting = [row.act_on for row in doc.agreements if row.state == "Notice Given"]
	times = [datetime.combine(getdate(day), time()) for day in waiting]
	if failed:
		times.append(add_to_date(now_datetime(), minutes=min(5 * 2**doc.work_attempts, 1440)))
	doc.next_work_on = min(times) if times else None
	if all(row.state == "Ended" for row in doc.agreements):
		doc.status = "Ended"
	doc.flags.signflow = True
	doc.save(ignore_permissions=True)


def _step(doc: Any, row: Any) -> None:
	"""Bring one agreement as far as the day allows; what fails is undone and said on its row."""
	if row.state == "Ended":
		return
	kind = agreements.kinds().get(row.agreement_doctype)
	frappe.db.savepoint("signflow_agreement")
	try:
		if not kind:
			frappe.throw(_("{0} is no agreement that can be terminated.").format(_(row.agreement_doctype)))
		if row.state == "Waiting" or not row.act_on:
			row.ends_on = _earliest(doc, row)
			kind.announce(row.agreement_name, getdate(row.ends_on))
			row.act_on = kind.act_on(row.agreement_name, getdate(row.ends_on))
			row.state = "Notice Given"
		if getdate(row.act_on) <= getdate():
			kind.end(row.agreement_name, getdate(row.ends_on))
			row.state = "Ended"
		row.failure = None
	except Exception as error:
		if is_conflict(error):
			raise
		frappe.db.rollback(save_point="signflow_agreement")
		frappe.clear_messages()
		row.state, row.failure = "Failed", _reason(doc, error)
		row.act_on = row.act_on or getdate(row.ends_on)


def _earliest(doc: Any, row: Any) -> date:
	"""The day that the signed notice names, unless another notice of the same agreement ends it before."""
	others = frappe.get_all(
		"Contract Termination Agreement",
		filters={
			"agreement_doctype": row.agreement_doctype,
			"agreement_name": row.agreement_name,
			"parenttype": doc.doctype,
			"parent": ["!=", doc.name],
			"state": ["in", ["Notice Given", "Ended"]],
		},
		pluck="ends_on",
		order_by="ends_on asc",
	)
	return min(getdate(day) for day in [row.ends_on, *others])


def _reason(doc: Any, error: Exception) -> str:
	if isinstance(error, frappe.ValidationError):
		return strip_html(str(error))[:300] or type(error).__name__
	return _logged(doc)


@one_transaction
def _failed(name: str) -> None:
	doc = frappe.get_doc("Contract Termination", name, for_update=True)
	attempts = (doc.work_attempts or 0) + 1
	_set(
		name,
		failure=_logged(doc),
		work_attempts=attempts,
		next_work_on=add_to_date(now_datetime(), minutes=min(5 * 2**attempts, 1440)),
	)
	if attempts == 1:
		_notify(
			doc, lambda: _("The termination {0} could not be handled yet. It is tried again.").format(name)
		)


def _logged(doc: Any) -> str:
	log = frappe.log_error(
		title=f"signflow: termination {doc.name}",
		message=frappe.get_traceback(),
		reference_doctype=doc.doctype,
		reference_name=doc.name,
	)
	return _("See Error Log {0}.").format(log.name)


def responsible_for(doc: Any) -> str:
	"""The user who handles a termination: the settings', else who recorded it, else Administrator."""
	return (
		frappe.get_cached_doc("Signflow Settings").termination_responsible
		or doc.recorded_by
		or (doc.request and frappe.db.get_value("Signature Request", doc.request, "sent_by"))
		or "Administrator"
	)


def _tell(doc: Any) -> None:
	"""Once: the customer's timeline, what is left for people, other apps, and the confirmation."""
	ends = ", ".join(f"{row.title} ({formatdate(row.ends_on)})" for row in doc.agreements)
	link = get_link_to_form(doc.doctype, doc.name)
	frappe.get_doc("Customer", doc.customer).add_comment(
		"Info", _("Notice of termination: {0}. {1}").format(escape_html(ends), link)
	)
	_todo(doc)
	for method in frappe.get_hooks("signflow_notice_given"):
		frappe.get_attr(method)(doc)
	_confirm(doc)


def left_to_do(doc: Any) -> list[str]:
	"""What people must look at, one line each, in the present language."""
	lines = []
	for row in doc.agreements:
		kind = agreements.kinds().get(row.agreement_doctype)
		lines += kind.left_to_do(row.agreement_name, getdate(row.ends_on)) if kind else []
	return list(dict.fromkeys(lines))


def _todo(doc: Any) -> None:
	user = responsible_for(doc)
	with print_language(frappe.db.get_value("User", user, "language") or "en"):
		lines = "".join(f"<li>{escape_html(line)}</li>" for line in left_to_do(doc))
		head = _("{0} has terminated: {1}").format(
			escape_html(doc.person_name or doc.customer),
			escape_html(", ".join(row.title for row in doc.agreements)),
		)
		frappe.get_doc(
			{
				"doctype": "ToDo",
				"allocated_to": user,
				"description": f"<p>{head}</p><ul>{lines}</ul>",
				"reference_type": doc.doctype,
				"reference_name": doc.name,
				"date": max(getdate(), min(getdate(row.ends_on) for row in doc.agreements)),
			}
		).insert(ignore_permissions=True)


def _confirm(doc: Any) -> None:
	if not doc.email:
		doc.confirmation_note = _("No mail address was given: tell the person yourself.")
		return
	copies = frappe.get_all(
		"File",
		filters={"attached_to_doctype": doc.doctype, "attached_to_name": doc.name},
		pluck="name",
		order_by="creation asc",
	)
	with print_language(doc.language):
		queued = letters.send_letter(
			doc.email,
			subject=_("Confirmation: your notice of termination {0}").format(doc.name),
			template="signflow_terminated",
			args={
				"name": doc.person_name,
				"house": doc.company,
				"received_on": written(doc.received_on, doc.language),
				"agreements": [
					{
						"title": row.title,
						"name": row.agreement_name,
						"notice": row.notice,
						"ends_on": written_day(getdate(row.ends_on), doc.language),
					}
					for row in doc.agreements
				],
				"attached": bool(copies),
				"reference": doc.name,
			},
			reference=(doc.doctype, doc.name),
			attachments=[{"fid": copy} for copy in copies],
		)
	if queued:
		doc.confirmed_on = now_datetime()
	else:
		doc.confirmation_note = _("The mail system does not send to this address: tell the person yourself.")


def _notify(doc: Any, subject: Callable[[], str]) -> None:
	user = responsible_for(doc)
	with print_language(frappe.db.get_value("User", user, "language") or "en"):
		frappe.get_doc(
			{
				"doctype": "Notification Log",
				"type": "Alert",
				"for_user": user,
				"from_user": user,
				"document_type": doc.doctype,
				"document_name": doc.name,
				"subject": subject(),
			}
		).insert(ignore_permissions=True)


def of_record(doctype: str, name: str) -> dict[str, Any]:
	"""What Desk's dialogs start with for a Customer or an agreement: {customer, agreements, people, earlier}."""
	if doctype == "Customer":
		found = [
			one
			for one in agreements.agreements_of([name])
			if frappe.has_permission(one.doctype, "read", doc=one.name)
		]
		customer = name
	else:
		found = [agreements.kind_of(doctype).read(name)]
		customer = found[0].customer
	names = frappe.get_all(
		"Dynamic Link",
		filters={"parenttype": "Contact", "link_doctype": "Customer", "link_name": customer},
		pluck="parent",
		order_by="creation asc",
	)
	people = frappe.get_list(
		"Contact",
		filters={"name": ["in", names or [""]], "email_id": ["is", "set"]},
		fields=["first_name", "last_name", "email_id"],
		order_by="creation asc",
	)
	return {
		"customer": customer,
		"agreements": offers(found, getdate()),
		"people": [
			{
				"person_name": " ".join(part for part in (row.first_name, row.last_name) if part),
				"email": row.email_id,
			}
			for row in people
		],
	}
