"""What becomes of a notice of termination once it is given: agreements end on their day, people are told.

The row is the queue: `next_work_on` says when a Contract Termination is looked at again, and `settle` does in one
transaction all that is due, so that a killed worker leaves nothing half done and doing it again does nothing twice. A
notice counts from its arrival, whatever becomes of the work after it.
"""

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

from signflow.services import agreements, letters, notices, work
from signflow.services.times import written, written_day
from signflow.services.transaction import is_conflict, one_transaction


def give(name: str, received_on: Any) -> None:
	"""Notice was given and arrived on `received_on`, in the caller's transaction."""
	_set(name, status="Notice Given", received_on=received_on, next_work_on=now_datetime())
	wake(name)


def _set(name: str, **values: Any) -> None:
	frappe.db.set_value("Contract Termination", name, values)


def wake(name: str) -> None:
	"""Have a worker look at the termination as soon as the transaction is committed."""
	work.wake("signflow.services.endings.settle", name=name)


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
			later = kind.end(row.agreement_name, getdate(row.ends_on))
			row.act_on, row.state = (later, "Notice Given") if later else (row.act_on, "Ended")
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
	def told() -> str:
		lines = "".join(f"<li>{escape_html(line)}</li>" for line in left_to_do(doc))
		head = _("{0} has terminated: {1}").format(
			escape_html(doc.person_name or doc.customer),
			escape_html(", ".join(row.title for row in doc.agreements)),
		)
		return f"<p>{head}</p><ul>{lines}</ul>"

	due = max(getdate(), min(getdate(row.ends_on) for row in doc.agreements))
	notices.give_todo(responsible_for(doc), (doc.doctype, doc.name), told, due)


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
			# Whoever says such a thing is told that it came in, whatever mail he has unsubscribed from.
			asked_for=True,
			attachments=[{"fid": copy} for copy in copies],
		)
	if queued:
		doc.confirmed_on = now_datetime()
	else:
		doc.confirmation_note = _("The mail system does not send to this address: tell the person yourself.")


def _notify(doc: Any, subject: Callable[[], str]) -> None:
	notices.notify(responsible_for(doc), (doc.doctype, doc.name), subject)
