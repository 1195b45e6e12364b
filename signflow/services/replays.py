"""What a signed form becomes: its record, made by Frappe's own web form, and whom it belongs to.

The row is the queue, as with sealing: `work_due` and a lease; a worker that is killed leaves both to the next sweep.
Each step is one transaction, and is found done when it is looked at again.
"""

import json
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_to_date, cint, getdate, now_datetime
from frappe.website.doctype.web_form import web_form as framework

from signflow.services import delivery, feedback, forms, submissions, work
from signflow.services.acting import acting_as
from signflow.services.revisions import file_copies_later
from signflow.services.transaction import one_transaction
from signflow.services.withdrawal_rights import last_day

LEASE_SECONDS = 120
MAX_ATTEMPTS = 6


def on_request_completed(request: Any) -> None:
	"""A request is signed by all: if it came from a form, the form's record is due (hook signflow_request_completed)."""
	name = frappe.db.get_value("Form Submission", {"request": request.name, "status": "Signing"})
	if not name:
		return
	row = frappe.get_doc("Form Submission", name, for_update=True)
	row.update({"status": "Signed", "signed_on": now_datetime(), "work_due": 1, "token_hash": None})
	submissions.write(row)
	wake(name)


def wake(name: str) -> None:
	"""Have a worker look at the submission as soon as the transaction is committed."""
	work.wake("signflow.services.replays.advance", name=name)


def sweep() -> None:
	"""Once a minute: wake the signed submissions that nobody holds."""
	work.wake_unheld("Form Submission", wake)


@one_transaction
def retry(name: str) -> None:
	"""Have a submission that failed tried again."""
	row = frappe.get_doc("Form Submission", name, for_update=True)
	if row.status == "Failed":
		row.update(
			{"status": "Signed", "work_due": 1, "work_attempts": 0, "lease_until": None, "failure": None}
		)
		submissions.write(row)
		wake(name)


def advance(name: str) -> None:
	"""Make the record, settle whose it is, file the copies, tell (RQ job). Does nothing while another holds the lease."""
	frappe.set_user("Administrator")
	if not work.take_lease("Form Submission", name, LEASE_SECONDS):
		return
	try:
		_make_record(name)
		_settle(name)
		_file_copies(name)
		_finish(name)
	except Exception as error:
		frappe.db.rollback()
		_failed(name, error)
		if not isinstance(error, frappe.ValidationError | frappe.PermissionError):
			raise


@one_transaction
def _make_record(name: str) -> None:
	"""Run Frappe's `accept` as the person who sent the form; the record and its name on the submission appear together."""
	row = frappe.get_doc("Form Submission", name, for_update=True)
	if row.record_name:
		return
	form = frappe.get_cached_doc("Signable Form", row.form)
	answers = submissions.answers_of(row)
	files = _keep_files(form, answers)
	frappe.flags.signflow_replay = True
	try:
		guest = row.user in (None, "", "Guest")
		user = row.user
		if guest:  # not to change a record: that a guest may not
			user = None if answers.get("name") else feedback.keeper(form.web_form, form.responsible)
		with acting_as(user or "Guest"), print_language(row.language or "en"):
			record = framework.accept(web_form=form.web_form, data=json.dumps(answers))
		if guest and user:
			feedback.set_sender(record)
	finally:
		frappe.flags.signflow_replay = frappe.flags.in_web_form = None
	for field, file in files.items():
		under = {"attached_to_doctype": record.doctype, "attached_to_name": record.name}
		frappe.db.set_value("File", file, {**under, "attached_to_field": field})
	row.update({"record_doctype": record.doctype, "record_name": record.name})
	submissions.write(row)


def _keep_files(form: Any, answers: dict[str, Any]) -> dict[str, str]:
	"""Put the addresses of private files in place of their bytes into `answers`; the files by their fields.

	A guest may not make files, which Frappe would find out only now, and it would make them public.
	"""
	files = {}
	for field in forms.file_fields(form):
		if not answers.get(field.fieldname):
			continue
		name, data = forms.attachment(answers[field.fieldname])
		if data is not None:
			values = {"doctype": "File", "file_name": name, "is_private": 1, "content": data}
			file = frappe.get_doc(values).insert(ignore_permissions=True)
			answers[field.fieldname], files[field.fieldname] = file.file_url, file.name
	return files


@one_transaction
def _settle(name: str) -> None:
	"""Find or make Lead, Customer, Contact, Address and Contract (hook signflow_settle_parties), once."""
	row = frappe.get_doc("Form Submission", name, for_update=True)
	form = frappe.get_cached_doc("Signable Form", row.form)
	if not form.creates or row.lead or row.customer:
		return
	_find_parties(form, row)
	submissions.write(row)


def _find_parties(form: Any, row: Any) -> None:
	"""Set the row's parties and what is to be looked at, as the hooks find them."""
	record = frappe.get_doc(row.record_doctype, row.record_name)
	signer = submissions.person_of(row.request)
	row.duplicates = None
	for method in frappe.get_hooks("signflow_settle_parties"):
		found = frappe.get_attr(method)(form, row, record, signer)
		duplicates = found.pop("duplicates", None)
		row.update({key: value for key, value in found.items() if value and row.meta.has_field(key)})
		if duplicates:
			row.duplicates = "\n".join(filter(None, [row.duplicates, *duplicates]))


def settle_again(name: str) -> str | None:
	"""Settle a completed submission whose Customer was not known, once somebody has linked its Contact to one.

	Finds the Customer, makes the Contract if the form makes one, and files the copies there. A second call changes
	nothing. Returns the Customer, or None while there is still none.
	"""
	with acting_as("Administrator"):
		customer = _settle_again(name)
		if customer:
			_file_copies(name)
	return customer


@one_transaction
def _settle_again(name: str) -> str | None:
	row = frappe.get_doc("Form Submission", name, for_update=True)
	form = frappe.get_cached_doc("Signable Form", row.form)
	if row.status != "Completed" or not form.creates:
		frappe.throw(
			_("Only completed submissions of a form that creates Leads or Customers are settled again.")
		)
	if not frappe.db.exists(row.record_doctype, row.record_name):
		frappe.throw(_("{0} {1} is not there any more.").format(_(row.record_doctype), row.record_name))
	wants_contract = form.creates == "Customer" and form.creates_contract
	if not row.customer or (wants_contract and not row.contract):
		_find_parties(form, row)
		submissions.write(row)
	return row.customer


def _file_copies(name: str) -> None:
	row = frappe.get_doc("Form Submission", name)
	file_copies_later(row.request, row.customer, row.record_doctype, row.record_name)


@one_transaction
def _finish(name: str) -> None:
	row = frappe.get_doc("Form Submission", name, for_update=True)
	if row.status == "Completed":
		return
	form = frappe.get_cached_doc("Signable Form", row.form)
	now = now_datetime()
	row.update(
		{
			"status": "Completed",
			"completed_on": now,
			"work_due": 0,
			"lease_until": None,
			"failure": None,
			"expires_on": add_to_date(now, days=cint(form.keep_answers_days)),
		}
	)
	request = frappe.get_doc("Signature Request", row.request)
	if form.consumer_contract:
		days = cint(form.withdrawal_days) or 14
		row.withdraw_until = last_day(getdate(request.completed_on), days, form.company)
	submissions.write(row)
	delivery.tell_sender(
		request,
		lambda: _("{0} was signed and is now {1} {2}.").format(
			_(form.title), _(row.record_doctype), row.record_name
		),
	)


@one_transaction
def _failed(name: str, error: Exception) -> None:
	row = frappe.get_doc("Form Submission", name, for_update=True)
	attempts = cint(row.work_attempts) + 1
	# What is wrong with the answers does not mend itself; anything else may.
	final = attempts >= MAX_ATTEMPTS or isinstance(error, frappe.ValidationError | frappe.PermissionError)
	text = frappe.utils.strip_html(str(error))[:300] if isinstance(error, frappe.ValidationError) else ""
	frappe.clear_messages()
	row.update(
		{
			"work_attempts": attempts,
			"lease_until": add_to_date(now_datetime(), seconds=work.pause(attempts)),
			"failure": _("The record could not be made: {0}").format(text or type(error).__name__),
		}
	)
	if final:
		row.update({"status": "Failed", "work_due": 0, "lease_until": None})
		request = frappe.get_doc("Signature Request", row.request)
		delivery.tell_sender(
			request, lambda: _("{0} was signed, but its record could not be made.").format(request.title)
		)
	submissions.write(row)
