"""Notice that ends a customer's agreements, however it came: signed on the page, signed on request, written, or said.

What comes of it is in `endings`; a Contract Termination is written by these two alone.
"""

from datetime import date, datetime
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import (
	add_to_date,
	formatdate,
	get_datetime,
	getdate,
	now_datetime,
)

from signflow.services import agreements, drafts, endings, letters, sending, visits
from signflow.services.acting import acting_as
from signflow.services.agreements import Agreement
from signflow.services.company import write_to
from signflow.services.guests import LANGUAGES, Refused
from signflow.services.requests import signers_of
from signflow.services.times import written_day
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address

IN_FORCE = ("Notice Given", "Ended")
OPEN = ("Draft", "Waiting for Signature", "Notice Given")
PAGE_HOURS = 24
REQUEST_DAYS = 7
MAX_REASON = 1000
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
		write_to(
			_(
				"Agreements cannot be terminated on this page. Write to us: a message in your own words is enough."
			)
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
	if not one_address(email):
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
	if email and not one_address(email):
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
	endings.give(doc.name, values["given"])
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
	frappe.db.set_value(doc.doctype, doc.name, {"status": "Waiting for Signature", "request": request.name})
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
		frappe.db.set_value(
			"Contract Termination",
			request.reference_name,
			"person_name",
			signer.signed_name or signer.signer_name,
		)
		endings.give(request.reference_name, signer.signed_on)


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
