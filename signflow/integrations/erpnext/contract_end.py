"""ERPNext's Contract as an agreement that can be ended (hook signflow_terminable_agreements)."""

from datetime import date, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from signflow.services.agreements import Agreement


def of_customers(customers: list[str]) -> list[str]:
	"""Names of these customers' signed contracts that have not ended, drafts and submitted ones."""
	rows = frappe.get_all(
		"Contract",
		filters={
			"party_type": "Customer",
			"party_name": ["in", customers],
			"is_signed": 1,
			"docstatus": ["<", 2],
		},
		fields=["name", "end_date"],
		order_by="creation asc",
	)
	return [row.name for row in rows if not row.end_date or getdate(row.end_date) >= getdate()]


def read(name: str) -> Agreement:
	"""The contract `name`."""
	doc = frappe.get_doc("Contract", name)
	return Agreement(
		doctype="Contract",
		name=name,
		title=doc.contract_template or name,
		customer=doc.party_name if doc.party_type == "Customer" else "",
		starts_on=getdate(doc.start_date) if doc.start_date else None,
		fixed_end=getdate(doc.end_date) if doc.end_date else None,
		made_from=(("Contract Template", doc.contract_template),) if doc.contract_template else (),
	)


def act_on(name: str, ends_on: date) -> date:
	"""The day after the last one: ERPNext calls a contract active until its end date is over."""
	return ends_on + timedelta(days=1)


def announce(name: str, ends_on: date) -> None:
	"""Set the end date; the contract reckons its status by it."""
	_set_end(frappe.get_doc("Contract", name, for_update=True), ends_on)


def end(name: str, ends_on: date) -> date | None:
	"""Reckon the status once more: ERPNext's daily job leaves out what was never submitted."""
	announce(name, ends_on)
	return None


def undo(name: str) -> None:
	"""End the contract on the day on which it began, or today where that is still to come."""
	doc = frappe.get_doc("Contract", name, for_update=True)
	start = getdate(doc.start_date) if doc.start_date else getdate()
	_set_end(doc, min(start, getdate()), status="Inactive")


def _set_end(doc: Any, end_date: date, status: str | None = None) -> None:
	doc.end_date = end_date
	# The field is closed after submission, yet the fact is new: set it and let the contract reckon its status.
	doc.run_method("before_update_after_submit")
	doc.db_set({"end_date": end_date, "status": status or doc.status}, notify=True)


def left_to_do(name: str, ends_on: date) -> list[str]:
	"""What the contract obliges to when it ends."""
	return [
		_("Look through what {0} says about its end: devices, keys, deposits, last invoice.").format(name)
	]
