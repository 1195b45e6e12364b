"""Agreements with those who process data for a company (GDPR 28): sent for signature, kept, and watched until they end."""

from pathlib import Path
from typing import Any

import frappe
from frappe.utils import add_days, date_diff, formatdate, getdate, nowdate

import signflow
from signflow.core.errors import _  # marks: what is stored is English, Frappe translates it where it is shown
from signflow.services import drafts, notices, sending, work
from signflow.services.transaction import one_transaction

PROCESSOR = "Data Processor"
TEMPLATE = _("Data Processing Agreement")
TEXT = Path(signflow.__file__).parent / "templates" / "agreements" / "data_processing_agreement.html"
CONTROLLER_ROLE, PROCESSOR_ROLE = _("Controller"), _("Processor")
ENDED_UNSIGNED = ("Declined", "Expired", "Cancelled")
NEEDS_AGREEMENT = ("None", "Draft", "Expired")


def ready_template() -> str:
	"""The site's Signature Template for processors, made from ours when there is none; what was edited stays."""
	if not frappe.db.exists("Signature Template", TEMPLATE):
		frappe.get_doc(
			{
				"doctype": "Signature Template",
				"template_name": TEMPLATE,
				"reference_doctype": PROCESSOR,
				"source": "Text",
				"document_title": "{{ _('Data Processing Agreement') }} – {{ doc.processor_name }}",
				"body": TEXT.read_text(encoding="utf-8"),
				"roles": [
					{
						"role": CONTROLLER_ROLE,
						"signer_name": "{{ doc.signatory_name or '' }}",
						"email": "{{ doc.signatory_email or '' }}",
						"represents": "{{ doc.company }}",
					},
					{
						"role": PROCESSOR_ROLE,
						"signer_name": "{{ doc.contact_name or '' }}",
						"email": "{{ doc.contact_email or '' }}",
						"represents": "{{ doc.processor_name }}",
					},
				],
			}
		).insert(ignore_permissions=True)  # our own text: who may send may use it
	return TEMPLATE


def send_agreement(doc: Any, *, language: str) -> Any:
	"""Make the agreement with a Data Processor and send it to both signatories, with the user's permissions.

	Returns the Signature Request. Raises ValidationError while another one is out, and for a signatory without a name or
	an address.
	"""
	if doc.agreement_state == "Sent":
		frappe.throw(frappe._("The agreement is out for signature already."))
	signatories = {
		CONTROLLER_ROLE: (doc.signatory_name, doc.signatory_email),
		PROCESSOR_ROLE: (doc.contact_name, doc.contact_email),
	}
	for role, person in signatories.items():
		if not all(person):
			frappe.throw(
				frappe._("Who signs as {0}? Fill in the name and the mail address.").format(frappe._(role))
			)
	request = drafts.create_request(
		template=ready_template(),
		company=doc.company,
		reference_doctype=PROCESSOR,
		reference_name=doc.name,
		language=language,
	)
	_note_sent(doc.name, request.name)
	return sending.send_request(request.name)


@one_transaction
def _note_sent(name: str, request: str) -> None:
	# Before it is sent: a fast signer's completion must find it.
	frappe.db.set_value(PROCESSOR, name, {"agreement_state": "Sent", "agreement_request": request})


def on_completed(request: Any) -> None:
	"""A signed agreement is in force (hook signflow_request_completed, in the transaction that completes the request)."""
	if request.reference_doctype != PROCESSOR:
		return
	doc = frappe.get_doc(PROCESSOR, request.reference_name, for_update=True)
	if doc.agreement_request != request.name:
		return  # not the agreement: another paper was signed on this record
	frappe.db.set_value(
		PROCESSOR,
		doc.name,
		{"agreement_state": "Signed", "agreement_signed_on": nowdate(), "warned_on": None},
	)


def watch() -> None:
	"""Tell of agreements that end, and note those that ended or were not signed (daily; a second run tells nothing new)."""
	for name in frappe.get_all(
		PROCESSOR,
		{"agreement_state": "Signed", "disabled": 0, "agreement_expires_on": ["is", "set"]},
		pluck="name",
		order_by="agreement_expires_on asc",
	):
		with work.edge("agreement with a processor"):
			_watch_end(name)
	for row in frappe.get_all(
		PROCESSOR,
		{"agreement_state": "Sent"},
		["name", "agreement_request"],
		order_by="modified asc",
	):
		with work.edge("agreement with a processor"):
			_watch_request(row.name, row.agreement_request)


@one_transaction
def _watch_end(name: str) -> None:
	doc = frappe.get_doc(PROCESSOR, name, for_update=True)
	last, today = getdate(doc.agreement_expires_on), getdate()
	if doc.agreement_state != "Signed":
		return
	if last < today:
		frappe.db.set_value(PROCESSOR, name, "agreement_state", "Expired")
		_tell(
			doc,
			lambda: frappe._("The data processing agreement with {0} has ended.").format(doc.processor_name),
		)
	elif not doc.warned_on and add_days(today, doc.warn_days or 0) >= last:
		frappe.db.set_value(PROCESSOR, name, "warned_on", today)
		_tell(
			doc,
			lambda: frappe._("The data processing agreement with {0} ends on {1} ({2} days).").format(
				doc.processor_name, formatdate(last), date_diff(last, today)
			),
		)


@one_transaction
def _watch_request(name: str, request: str | None) -> None:
	doc = frappe.get_doc(PROCESSOR, name, for_update=True)
	status = request and frappe.db.get_value("Signature Request", request, "status")
	if doc.agreement_state != "Sent" or (status and status not in ENDED_UNSIGNED):
		return
	frappe.db.set_value(PROCESSOR, name, {"agreement_state": "None", "agreement_request": None})
	_tell(
		doc,
		lambda: frappe._("The data processing agreement with {0} was not signed.").format(doc.processor_name),
	)


def _tell(doc: Any, subject: Any) -> None:
	for user in [doc.responsible] if doc.responsible else notices.officers(PROCESSOR, doc.company):
		notices.notify(user, (PROCESSOR, doc.name), subject)
