"""A consumer's withdrawal from a contract: stated without a log-in, receipted at once, handled by staff.

Directive 2011/83/EU, article 11a (as amended by 2023/2673, applied from 19 June 2026): two steps, a receipt on a durable
medium with the statement's content, date and time. What is stated counts whether or not we find the contract: so every
statement is kept and receipted, and matching is for staff alone. Nobody learns here whether a contract exists.
"""

import re
from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import (
	add_to_date,
	escape_html,
	get_link_to_form,
	getdate,
	now_datetime,
)

from signflow.services import agreements, letters, notices, submissions, work
from signflow.services.company import own_name, write_to
from signflow.services.guests import Refused, plain
from signflow.services.times import utc_time, written
from signflow.services.transaction import one_transaction
from signflow.services.withdrawal_rights import match
from signflow.signflow.addresses import one_address, what_is_missing

REFUND_DAYS = 14
MAX_RECEIPTS_A_DAY = 5
MAX_MAILS_A_DAY_ALTOGETHER = 500
LIMITS = {"person_name": 140, "contract_reference": 500, "message": 2000}
OPEN = ("New", "Matched")
_KEY = re.compile(r"[A-Za-z0-9-]{16,64}")


def read_statement(
	*, person_name: str, contract_reference: str, email: str, message: str, trap: str = ""
) -> dict[str, str]:
	"""What a person states, checked and tidied, for the page to show before it is confirmed. Raises Refused.

	`trap` is a field that people do not see. Nothing is dropped silently: whoever fills it in is told.
	"""
	if (trap or "").strip():
		raise Refused(
			"invalid_input",
			write_to(_("This looked as if a program had filled in the page. Load it again, or write to us.")),
			422,
		)
	values = {
		"person_name": " ".join(plain(person_name).split()),
		"contract_reference": plain(contract_reference).strip(),
		"message": plain(message).strip(),
	}
	if len(values["person_name"]) < 2:
		raise Refused("invalid_input", _("Write your name."), 422, field="person_name")
	if len(values["contract_reference"]) < 2:
		raise Refused(
			"invalid_input",
			_("Say which contract it is: a reference number, or what you ordered and when."),
			422,
			field="contract_reference",
		)
	for field, limit in LIMITS.items():
		if len(values[field]) > limit:
			raise Refused(
				"invalid_input",
				_("This is too long: {0} characters at most.").format(limit),
				422,
				field=field,
			)
	address = one_address(email)
	if not address:
		text = what_is_missing(email) or _("Write the mail address for your receipt.")
		raise Refused("invalid_input", text, 422, field="email")
	return {**values, "email": address}


def state_withdrawal(*, page_key: str, language: str, **fields: str) -> dict[str, Any]:
	"""Keep a confirmed statement and mail its receipt; the same `page_key` again answers the same receipt.

	Returns {reference, stated_on (ISO 8601, UTC), statement, mailed}. Raises Refused for what is not complete.
	"""
	values = read_statement(**fields)
	if not _KEY.fullmatch(page_key or ""):
		raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
	name = _keep(page_key, language, values)
	doc = frappe.get_doc("Contract Withdrawal", name)
	return {
		"reference": doc.name,
		"stated_on": utc_time(doc.stated_on).isoformat(),
		"statement": statement_of(doc),
		"mailed": bool(doc.receipt_queued_on),
	}


@one_transaction
def _keep(page_key: str, language: str, values: dict[str, str]) -> str:
	earlier = frappe.db.get_value("Contract Withdrawal", {"page_key": page_key})
	if earlier:
		return earlier
	doc = frappe.new_doc("Contract Withdrawal")
	doc.update({**values, "page_key": page_key, "language": language, "stated_on": now_datetime()})
	doc.match_due = 1
	doc.flags.signflow = True
	doc.insert(ignore_permissions=True)
	_receipt(doc)
	_save(doc)
	_wake(doc.name)
	return doc.name


def _wake(name: str) -> None:
	work.wake("signflow.services.withdrawals.find_contract", name=name)


def sweep() -> None:
	"""Every few minutes: match what a killed worker left."""
	for name in frappe.get_all(
		"Contract Withdrawal", filters={"match_due": 1}, pluck="name", order_by="creation asc", limit=200
	):
		_wake(name)
	frappe.db.commit()


def find_contract(name: str) -> None:
	"""Match a statement and tell staff (RQ job: whoever stated it must not learn by the time whether there is a contract)."""
	frappe.set_user("Administrator")
	_find_contract(name)


@one_transaction
def _find_contract(name: str) -> None:
	doc = frappe.get_doc("Contract Withdrawal", name, for_update=True)
	if not doc.match_due:
		return
	if doc.status == "New":
		doc.update(match(doc.contract_reference, doc.email, getdate(doc.stated_on)))
	doc.match_due = 0
	_save(doc)
	_tell_staff(doc)


def statement_of(doc: Any) -> str:
	"""The statement in the words of the receipt, in the language in which it was made."""
	return "\n".join(_lines(doc, str))


def _lines(doc: Any, typed: Callable[[str], str]) -> list[str]:
	"""The statement line by line; what anybody may have typed goes through `typed`. The address is the mailed one."""
	with print_language(doc.language):
		lines = [
			_("I withdraw from the contract named below."),
			_("Name: {0}").format(typed(doc.person_name)),
			_("Contract: {0}").format(typed(doc.contract_reference)),
			_("Mail address: {0}").format(doc.email),
		]
		if doc.message:
			lines.append(_("Message: {0}").format(typed(doc.message)))
		lines.append(_("Stated on {0}").format(written(doc.stated_on, doc.language, seconds=True)))
	return lines


def _receipt(doc: Any) -> None:
	"""Queue the receipt, unless the address has got many today: a stranger's mailbox is not ours to fill."""
	if (
		letters.counted(f"withdrawal {doc.email.lower()}") > MAX_RECEIPTS_A_DAY
		or letters.counted("withdrawals") > MAX_MAILS_A_DAY_ALTOGETHER
	):
		doc.receipt_note = _("Not mailed: too many statements in one day. The page showed the receipt.")
		return
	with print_language(doc.language):
		queued = letters.send_letter(
			doc.email,
			subject=_("Receipt: your withdrawal {0}").format(doc.name),
			template="signflow_withdrawal",
			args={
				"name": _no_links(doc.person_name),
				"stated_on": written(doc.stated_on, doc.language, seconds=True),
				"reference": doc.name,
				"house": own_name(),
				# The address stays as it is: its reader copies it, and it leads to nobody but himself.
				"statement": "\n".join(_lines(doc, _no_links)),
			},
			reference=(doc.doctype, doc.name),
			# Whoever says such a thing is told that it came in, whatever mail he has unsubscribed from.
			asked_for=True,
		)
	if queued:
		doc.receipt_queued_on = now_datetime()
	else:
		doc.receipt_note = _("The mail system does not send to this address. The page showed the receipt.")


def _no_links(text: str) -> str:
	"""`text` whose addresses no mail program makes into links: a stranger may have typed it."""
	return re.sub(r"(?<=\w)(\.(?=[^\W\d])|:(?=//))", "\\1\u2060", text)


def _responsible(doc: Any) -> str:
	form = doc.submission and frappe.db.get_value("Form Submission", doc.submission, "form")
	return (
		(form and frappe.db.get_value("Signable Form", form, "responsible"))
		or (doc.request and frappe.db.get_value("Signature Request", doc.request, "sent_by"))
		or frappe.get_cached_doc("Signflow Settings").termination_responsible
		or "Administrator"
	)


def _tell_staff(doc: Any) -> None:
	def told() -> str:
		text = _("{0} withdraws from a contract: handle {1} and return what was paid.")
		return f"<p>{escape_html(text.format(doc.person_name, doc.name))}</p>"

	due = getdate(add_to_date(doc.stated_on, days=REFUND_DAYS))
	notices.give_todo(_responsible(doc), (doc.doctype, doc.name), told, due, priority="High")


def match_by_hand(name: str, request: str) -> None:
	"""Say which signed request a statement is about, with the caller's permission to read both."""
	frappe.get_doc("Signature Request", request).check_permission("read")
	_match_by_hand(name, request)


@one_transaction
def _match_by_hand(name: str, request: str) -> None:
	doc = _open(name)
	signer = frappe.db.get_value(
		"Signature Request Signer",
		{"request": request, "status": "Signed"},
		["email", "signed_on"],
		as_dict=True,
	)
	if not signer:
		frappe.throw(_("Nobody has signed {0}.").format(request))
	found = match(request, signer.email, getdate(doc.stated_on))
	doc.update({**found, "match_note": _("By {0}").format(frappe.utils.get_fullname())})
	_save(doc)


@one_transaction
def accept(name: str, note: str = "") -> None:
	"""The withdrawal is accepted: the submission is cancelled and its contract ended from the start.

	With the caller's permission to read the statement. What was paid is returned by people: the ToDo stands.
	"""
	doc = _open(name)
	if not doc.request:
		frappe.throw(_("Say first which contract it is about."))
	if doc.submission:
		row = frappe.get_doc("Form Submission", doc.submission, for_update=True)
		row.update({"status": "Cancelled", "work_due": 0})
		submissions.write(row)
	for doctype, agreement in _agreements_of(doc):
		kind = agreements.kinds().get(doctype)
		if kind:
			kind.undo(agreement)
	if doc.customer and frappe.db.exists("Customer", doc.customer):
		frappe.get_doc("Customer", doc.customer).add_comment(
			"Info",
			_("The customer has withdrawn from a contract: {0}").format(
				get_link_to_form(doc.doctype, doc.name)
			),
		)
	doc.update({"status": "Accepted", "note": _noted(doc, note)})
	_handled(doc)


def _agreements_of(doc: Any) -> list[tuple[str, str]]:
	"""The Contract, and what the request or the form made that is an agreement itself (a Subscription)."""
	found = [("Contract", doc.contract)] if doc.contract else []
	about = frappe.db.get_value("Signature Request", doc.request, ["reference_doctype", "reference_name"])
	made = doc.submission and frappe.db.get_value(
		"Form Submission", doc.submission, ["record_doctype", "record_name"]
	)
	for one in (about, made):
		if one and one[0] in agreements.kinds() and one[1] and tuple(one) not in found:
			found.append(tuple(one))
	return [one for one in found if frappe.db.exists(*one)]


@one_transaction
def close(name: str, status: str, note: str) -> None:
	"""Close a statement as "Too Late" or, where there is nothing to end, as "Handled"; says why."""
	if status not in ("Too Late", "Handled"):
		frappe.throw(_("Say how the statement was handled."))
	if not (note or "").strip():
		frappe.throw(_("Say in a few words what was decided and what the person was told."))
	doc = _open(name)
	doc.update({"status": status, "note": _noted(doc, note)})
	_handled(doc)


def _open(name: str) -> Any:
	doc = frappe.get_doc("Contract Withdrawal", name, for_update=True)
	doc.check_permission("read")
	if "Signflow Manager" not in frappe.get_roles() and frappe.session.user not in (
		"Administrator",
		_responsible(doc),
	):
		frappe.throw(
			_("Only the responsible person or a Signflow Manager handles a withdrawal."),
			frappe.PermissionError,
		)
	if doc.status not in OPEN:
		frappe.throw(_("This statement was handled already."))
	return doc


def _noted(doc: Any, note: str) -> str:
	return "\n".join(part for part in (doc.note, (note or "").strip()[:1000]) if part)


def _handled(doc: Any) -> None:
	doc.update({"handled_by": frappe.session.user, "handled_on": now_datetime()})
	_save(doc)


def _save(doc: Any) -> None:
	doc.flags.signflow = True
	doc.save(ignore_permissions=True)
