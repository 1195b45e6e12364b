"""What becomes of a request is said in its ticket: a comment of the house's, which agents see and no customer gets.

Written with the event itself, in its transaction: once for each change, and never for one that was rolled back. The
ticket's own row is not touched, so neither its state nor its service level moves.
"""

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import escape_html, get_url_to_form

from signflow.integrations.helpdesk import TICKET, current, is_here
from signflow.services import work
from signflow.services.acting import acting_as
from signflow.services.files import attach_copy
from signflow.services.revisions import copy_name, final_revisions
from signflow.services.subject_requests import records
from signflow.services.transaction import is_conflict, one_transaction

HOUSE = "Administrator"
DOWNLOAD = "/api/method/signflow.integrations.helpdesk.api.signed_file"


def on_event(event: Any, method: str | None = None) -> None:
	"""Something happened to a request (Signature Event, after_insert): say it in its ticket."""
	if event.kind not in SAID or not is_here():
		return
	fields = ["name", "title", "reference_doctype", "reference_name", "confidential", "closed_reason"]
	request = frappe.db.get_value("Signature Request", event.request, fields, as_dict=True)
	if not request or request.reference_doctype != "HD Ticket" or _is_told(event):
		return
	say(request.reference_name, request.name, lambda: SAID[event.kind](request, event))


def _is_told(event: Any) -> bool:
	"""A link is opened as often as its owner likes; the first time is news."""
	earlier = {"request": event.request, "signer": event.signer, "kind": "opened", "name": ["!=", event.name]}
	return event.kind == "opened" and bool(frappe.db.exists("Signature Event", earlier))


def say(ticket: Any, about: str, html: Callable[[], str]) -> None:
	"""Write a comment into a ticket, in the site's language, in the caller's transaction; `about` is for the log.

	A Helpdesk that does not take it holds up nothing: the log says so.
	"""
	ticket = current(ticket)
	if not ticket:
		return

	frappe.db.savepoint("signflow_said")
	try:
		with acting_as(HOUSE), print_language(frappe.get_system_settings("language") or "en"):
			frappe.get_doc(
				{
					"doctype": "HD Ticket Comment",
					"reference_ticket": ticket,
					"commented_by": HOUSE,
					"content": f"<p>{html()}</p>",
				}
			).insert(ignore_permissions=True)
	except Exception as error:
		if is_conflict(error):
			raise
		frappe.db.rollback(save_point="signflow_said")
		frappe.clear_messages()
		frappe.log_error(title=f"signflow: no comment on {about}", message=work.place_of(error))


def on_step(step: Any, method: str | None = None) -> None:
	"""A data request went on (Data Subject Request Step, after_insert): say it in its ticket; with the answer the ticket
	becomes what the settings say. What is answered together is told in each of its tickets."""
	if step.kind not in STEPS or not is_here():
		return
	answered = step.kind in ANSWERED
	for name in [step.request, *(records.joined(step.request) if answered else [])]:
		about = frappe.db.get_value(
			records.REQUEST, name, ["reference_doctype", "reference_name"], as_dict=True
		)
		if not about or about.reference_doctype != "HD Ticket":
			continue
		link = f'<a href="{get_url_to_form(records.REQUEST, name)}">{name}</a>'
		say(about.reference_name, name, lambda link=link: STEPS[step.kind](link))
		if answered and frappe.get_cached_doc("Signflow Settings").done_ticket_status:
			# By a worker: with a state Helpdesk may send mail at once, and commits with it what is half done here.
			work.wake(
				"signflow.integrations.helpdesk.ticket_state.answer",
				ticket=str(about.reference_name),
				request=name,
			)


def answer(ticket: str, request: str) -> None:
	"""Give a ticket the state that the settings name for an answered data request (RQ job), by Helpdesk's own rules of what
	goes with it. A ticket that is closed, or whose Helpdesk has no such state, stays as it is."""
	status = frappe.get_cached_doc("Signflow Settings").done_ticket_status
	at = current(ticket)
	if not status or not at or status not in _statuses():
		return
	try:
		with acting_as(HOUSE):
			_change(at, status)
	except Exception as error:
		frappe.db.rollback()
		frappe.clear_messages()
		frappe.log_error(
			title=f"signflow: the ticket of {request} stays as it is", message=work.place_of(error)
		)


@one_transaction
def _change(ticket: Any, status: str) -> None:
	doc = frappe.get_doc("HD Ticket", ticket)
	if doc.status not in (status, "Closed"):
		doc.status = status
		doc.save(ignore_permissions=True)


def _statuses() -> list[str]:
	"""The states that a ticket may have: options in 1.14, records in 1.28."""
	field = frappe.get_meta("HD Ticket").get_field("status")
	if field.fieldtype == "Link":
		return frappe.get_all(field.options, pluck="name", order_by="name asc")
	return (field.options or "").split("\n")


def copies_follow(request: Any) -> None:
	"""The signed files of a merged ticket are shown in the ticket that it was merged into (hook
	signflow_request_completed); in its own they are already."""
	if request.reference_doctype != "HD Ticket" or request.confidential or not is_here():
		return
	ticket = current(request.reference_name)
	if not ticket or str(ticket) == str(request.reference_name):
		return
	for revision in final_revisions(request.name):
		attach_copy(
			revision.file_url, f"{copy_name(request, revision)}.pdf", doctype=TICKET, name=str(ticket)
		)


def _what(request: Any) -> str:
	"""The request as a link; of a confidential one no more than that there is one."""
	title = _("a confidential agreement") if request.confidential else request.title
	link = get_url_to_form("Signature Request", request.name)
	return f'<a href="{link}">{escape_html(title)}</a>'


def _who(request: Any, event: Any) -> str:
	name = event.signer and frappe.db.get_value("Signature Request Signer", event.signer, "signer_name")
	return _("A signer") if request.confidential or not name else escape_html(name)


def _sent(request: Any, event: Any) -> str:
	signers = frappe.get_all(
		"Signature Request Signer",
		{"request": request.name},
		pluck="signer_name",
		order_by="signing_order asc, idx_in_request asc, creation asc",
	)
	if request.confidential:
		return _("Sent for signing: {0}").format(_what(request))
	return _("Sent for signing: {0} ({1})").format(_what(request), escape_html(", ".join(signers)))


def _opened(request: Any, event: Any) -> str:
	return _("{0} has opened the link: {1}").format(_who(request, event), _what(request))


def _signed(request: Any, event: Any) -> str:
	states = frappe.get_all(
		"Signature Request Signer",
		{"request": request.name, "replaced_by": ["is", "not set"]},
		["name", "status"],
		order_by="creation asc",
	)
	done = sum(1 for row in states if row.status in ("Signing", "Signed") or row.name == event.signer)
	return _("{0} has signed: {1} ({2} of {3})").format(
		_who(request, event), _what(request), done, len(states)
	)


def _declined(request: Any, event: Any) -> str:
	reason = event.signer and frappe.db.get_value("Signature Request Signer", event.signer, "decline_reason")
	text = _("{0} declined to sign: {1}").format(_who(request, event), _what(request))
	return text if request.confidential or not reason else f"{text}<br>{escape_html(reason)}"


def _expired(request: Any, event: Any) -> str:
	return _("The time to sign ran out: {0}").format(_what(request))


def _cancelled(request: Any, event: Any) -> str:
	return _("The request for signature was cancelled: {0}").format(_what(request))


def _completed(request: Any, event: Any) -> str:
	text = _("Signed by everybody: {0}").format(_what(request))
	if request.confidential:
		return text
	rows = frappe.get_all(
		"Signature Request Document", {"parent": request.name}, ["name", "title"], order_by="idx asc"
	)
	links = "".join(
		f'<br><a href="{DOWNLOAD}?request={request.name}&document={row.name}">{escape_html(row.title)}</a>'
		for row in rows
	)
	return text + links


SAID: dict[str, Callable[[Any, Any], str]] = {
	"sent": _sent,
	"opened": _opened,
	"signed": _signed,
	"declined": _declined,
	"expired": _expired,
	"cancelled": _cancelled,
	"completed": _completed,
}

# None of it tells more of the person than the ticket does.
STEPS: dict[str, Callable[[str], str]] = {
	"Received": lambda link: _("The data request {0} was opened.").format(link),
	"Proven": lambda link: _("The data request {0}: the person has shown that it is his.").format(link),
	"Disowned": lambda link: _("The data request {0}: the person says that it is not his.").format(link),
	"Question": lambda link: _("The data request {0}: the person was asked something.").format(link),
	"Extended": lambda link: _(
		"The data request {0}: the answer takes longer, and the person was told."
	).format(link),
	"Refused": lambda link: _("The data request {0} was refused, and the person was told why.").format(link),
	"Withdrawn": lambda link: _("The data request {0} was taken back by the person.").format(link),
	"Done": lambda link: _("The data request {0} is answered.").format(link),
}
ANSWERED = records.CLOSED
