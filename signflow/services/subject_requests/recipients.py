"""Those who got a person's data from us are told of its correction, erasure or restriction, and what they answer (GDPR 19).

The only writer of Recipient Notice. A request that has recipients is done when each has answered or was waived with a
reason: telling them may be impossible or out of all proportion, and that is a decision.
"""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_days, getdate, now_datetime

from signflow.services import delivery, notices
from signflow.services.company import house
from signflow.services.privacy.activities import in_force
from signflow.services.privacy.approvals import require_officer, require_words
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address

NOTICE = "Recipient Notice"
REQUEST = "Data Subject Request"
RIGHTS = ("Rectification", "Erasure", "Restriction")
SETTLED = ("Answered", "Waived")
REMIND_DAYS = 14


@one_transaction
def list_up(request: str) -> list[str]:
	"""Note every processor of the company's activities as one to be told; the new notices. For an officer.

	Whom else the data went to the officer adds: the register names kinds of recipients, not addresses.
	"""
	require_officer()
	doc = frappe.get_doc(REQUEST, request, for_update=True)
	_require_right(doc)
	return [
		_insert(doc, processor.processor_name, processor.contact_email, processor.name)
		for processor in _processors_to_list(doc)
	]


def _processors_to_list(doc: Any) -> list[Any]:
	"""The processors of the company's activities that no notice of the request names."""
	known = set(frappe.get_all(NOTICE, {"request": doc.name}, pluck="processor", order_by="name asc"))
	wanted = {row.processor for activity in in_force(doc.company) for row in activity.processors}
	found = [frappe.get_cached_doc("Data Processor", name) for name in sorted(wanted - known)]
	return [processor for processor in found if not processor.disabled]


def unlisted(doc: Any) -> list[str]:
	"""The processors that the request has no notice for yet, by name."""
	return [processor.processor_name for processor in _processors_to_list(doc)]


@one_transaction
def add(request: str, recipient: str, email: str = "") -> str:
	"""Note somebody else whom the data went to; the notice. For an officer."""
	require_officer()
	doc = frappe.get_doc(REQUEST, request, for_update=True)
	_require_right(doc)
	if not recipient.strip():
		frappe.throw(_("Say who has to be told."))
	address = one_address(email) if email.strip() else ""
	if address is None:
		frappe.throw(_("This is no mail address."))
	return _insert(doc, recipient.strip()[:140], address or "", None)


def _require_right(doc: Any) -> None:
	if doc.request_type not in RIGHTS:
		frappe.throw(_("Recipients are told of corrections, erasures and restrictions."))


def _insert(doc: Any, recipient: str, email: str | None, processor: str | None) -> str:
	row = frappe.get_doc(
		{
			"doctype": NOTICE,
			"request": doc.name,
			"company": doc.company,
			"processor": processor,
			"recipient": recipient,
			"email": email,
			"status": "To Tell",
		}
	)
	row.flags.signflow = True
	row.flags.ignore_links = True
	return row.insert(ignore_permissions=True).name


@one_transaction
def tell(notice: str, words: str) -> None:
	"""Mail a recipient `words`: who it is about and what is to be done. Its body is blanked once it is sent.

	For an officer, before the person's data is erased here. A reply comes back to the request.
	"""
	row = _open(notice)
	if not row.email:
		frappe.throw(_("There is no mail address: tell the recipient another way and note the answer."))
	if len(words.strip()) < 10:
		frappe.throw(_("Write what the recipient has to do, and about whom."))
	doc = frappe.get_doc(REQUEST, row.request)
	with print_language(doc.language or "en"):
		queued = delivery.queue(
			f"datarequest.{doc.name}",
			row.email,
			subject=_("Personal data that you have from us ({0})").format(doc.name),
			template="signflow_recipient",
			args={"words": words.strip()[:4000], "house": house(doc.company), "number": doc.name},
			reference=(REQUEST, doc.name),
		)
	if not queued:
		frappe.throw(_("The mail system does not take this address."))
	delivery.wake_flush(queued)
	_set(notice, status="Told", told_on=now_datetime(), told_by=frappe.session.user, reminded_on=None)


@one_transaction
def told(notice: str) -> None:
	"""Note that a recipient was told by telephone, letter or in his own system. For an officer."""
	_open(notice)
	_set(notice, status="Told", told_on=now_datetime(), told_by=frappe.session.user)


@one_transaction
def answered(notice: str, words: str) -> None:
	"""Note what a recipient answered. For an officer."""
	_open(notice)
	_settle(notice, words, _("Write what the recipient answered."), status="Answered", field="answer")


@one_transaction
def waive(notice: str, reason: str) -> None:
	"""Decide that a recipient is not told, or not waited for. For an officer."""
	_open(notice)
	_settle(notice, reason, _("Say why the recipient is not told."), status="Waived", field="waived_reason")


def _settle(notice: str, words: str, asked: str, *, status: str, field: str) -> None:
	values = {field: require_words(words, asked), "status": status, "settled_by": frappe.session.user}
	if status == "Answered":
		values["answered_on"] = now_datetime()
	_set(notice, **values)


def _open(notice: str) -> Any:
	require_officer()
	row = frappe.get_doc(NOTICE, notice, for_update=True)
	if row.status in SETTLED:
		frappe.throw(_("This recipient is settled already."))
	return row


def _set(notice: str, **values: Any) -> None:
	frappe.db.set_value(NOTICE, notice, values)


def unsettled(request: str) -> list[str]:
	"""Recipients who neither answered nor were waived, by name: the request is not done before."""
	return frappe.get_all(
		NOTICE,
		{"request": request, "status": ["not in", SETTLED]},
		pluck="recipient",
		order_by="creation asc",
	)


def of_request(request: str) -> list[Any]:
	"""The recipients of a request, first to last: {name, recipient, email, status, told_on, answer, waived_reason}."""
	fields = ["name", "recipient", "email", "status", "told_on", "answered_on", "answer", "waived_reason"]
	return frappe.get_all(NOTICE, {"request": request}, fields, order_by="creation asc, name asc")


def remind() -> None:
	"""Once a day: tell officers of recipients who were told two weeks ago and have not answered."""
	due = frappe.get_all(
		NOTICE,
		filters={"status": "Told", "told_on": ["<", add_days(now_datetime(), -REMIND_DAYS)]},
		or_filters=[
			["reminded_on", "is", "not set"],
			["reminded_on", "<", add_days(getdate(), -REMIND_DAYS)],
		],
		fields=["name", "request"],
		order_by="request asc, name asc",
	)
	by_request: dict[str, list[str]] = {}
	for row in due:
		by_request.setdefault(row.request, []).append(row.name)
	for request, names in by_request.items():
		if frappe.db.get_value(REQUEST, request, "status") in ("Refused", "Withdrawn"):
			continue
		_remind(request, names)


@one_transaction
def _remind(request: str, names: list[str]) -> None:
	company = frappe.db.get_value(REQUEST, request, "company")
	for user in notices.officers(NOTICE, company):
		notices.notify(
			user,
			(REQUEST, request),
			lambda: _("{0}: {1} recipients have not answered.").format(request, len(names)),
		)
	for name in names:
		_set(name, reminded_on=getdate())
