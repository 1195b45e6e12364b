"""A customer's agreements that can be ended, whichever app they belong to: what they are and how much notice they need.

Each kind of agreement is a module named in the hook `signflow_terminable_agreements` as {DocType: dotted path}, with
the functions of `Kind`. ERPNext's Subscription and Contract are ours; other apps add theirs in the same way.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import frappe
from frappe import _
from frappe.query_builder.functions import Lower
from frappe.utils import getdate

from signflow.core.flow.notice import Billing, Counted, Notice, Unit, ends_on
from signflow.core.identity.levels import Level, level_named
from signflow.services.company import default_company


@dataclass(frozen=True)
class Agreement:
	"""One agreement as it is now. `made_from` names the (DocType, record)s that Notice Period rows may name."""

	doctype: str
	name: str
	title: str
	customer: str
	company: str | None = None
	starts_on: date | None = None
	fixed_end: date | None = None
	billing: Billing | None = None
	made_from: tuple[tuple[str, str], ...] = ()


class Kind(Protocol):
	"""What signflow must know about one kind of agreement. None of it asks for permissions: the callers do."""

	def of_customers(self, customers: list[str]) -> list[str]:
		"""Names of these customers' agreements that are in force or will be."""

	def read(self, name: str) -> Agreement:
		"""The agreement `name`."""

	def act_on(self, name: str, ends_on: date) -> date:
		"""The day on which `end` is to be called so that the agreement ends with `ends_on`."""

	def announce(self, name: str, ends_on: date) -> None:
		"""Notice was given: say so on the record. May run twice."""

	def end(self, name: str, ends_on: date) -> date | None:
		"""End the agreement, whose last day is or was `ends_on`; or answer the day on which to call again. May run twice."""

	def undo(self, name: str) -> None:
		"""End the agreement as if it had never begun: a consumer has withdrawn. May run twice."""

	def left_to_do(self, name: str, ends_on: date) -> list[str]:
		"""What people must look at, one line each, in the present language."""


def kinds() -> dict[str, Kind]:
	"""The kinds of agreement on this site by their DocTypes."""
	return {
		doctype: frappe.get_module(paths[-1])
		for doctype, paths in (frappe.get_hooks("signflow_terminable_agreements") or {}).items()
		if frappe.db.exists("DocType", doctype)
	}


def kind_of(doctype: str) -> Kind:
	"""The kind of agreement that `doctype` is; raises ValidationError when it is none."""
	kind = kinds().get(doctype)
	if not kind:
		frappe.throw(_("{0} is no agreement that can be terminated.").format(_(doctype)))
	return kind


def contacts_of(mail: str) -> list[Any]:
	"""The Contacts that bear a mail address, oldest first: {name, full_name, customers}."""
	contact, address = frappe.qb.DocType("Contact"), frappe.qb.DocType("Contact Email")
	rows = (
		frappe.qb.from_(contact)
		.left_join(address)
		.on(address.parent == contact.name)
		.select(contact.name, contact.first_name, contact.last_name)
		.where((Lower(address.email_id) == mail.lower()) | (Lower(contact.email_id) == mail.lower()))
		.orderby(contact.creation)
		.run(as_dict=True)
	)
	found = {row.name: row for row in rows}
	for row in found.values():
		row.full_name = " ".join(part for part in (row.first_name, row.last_name) if part)
		row.customers = frappe.get_all(
			"Dynamic Link",
			filters={"parenttype": "Contact", "parent": row.name, "link_doctype": "Customer"},
			pluck="link_name",
			order_by="idx asc",
		)
	return list(found.values())


def agreements_of(customers: list[str]) -> list[Agreement]:
	"""All agreements of these customers that are in force, by kind and name."""
	if not customers:
		return []
	return [
		kind.read(name) for _doctype, kind in sorted(kinds().items()) for name in kind.of_customers(customers)
	]


def notice_of(agreement: Agreement) -> Notice:
	"""The period of notice: what an app says (hook `signflow_notice_period`), the settings' rows, the settings.

	A method of the hook takes the Agreement and returns a Notice, or None. Of several rows the one that ends first counts.
	"""
	for method in frappe.get_hooks("signflow_notice_period"):
		said = frappe.get_attr(method)(agreement)
		if said:
			return said
	settings = frappe.get_cached_doc("Signflow Settings")
	fitting = [row for row in settings.notice_periods if (row.kind, row.record) in agreement.made_from]
	found = [_notice(row) for row in fitting] or [_notice(settings)]
	return min(found, key=lambda notice: last_day(agreement, notice, getdate()))


def _notice(row: Any) -> Notice:
	return Notice(
		row.notice_length or 0,
		Unit(row.notice_unit or "Days"),
		Counted(row.notice_counted or "From the Day"),
	)


def last_day(agreement: Agreement, notice: Notice, given: date) -> date:
	"""The last day of an agreement of which notice arrived on `given`."""
	return ends_on(given, notice, billing=agreement.billing, fixed_end=agreement.fixed_end)


def notice_text(notice: Notice) -> str:
	"""A period of notice in the present language: "14 days, to the end of the month"."""
	if not notice.length:
		length = _("no period of notice")
	elif notice.unit is Unit.DAYS:
		length = _("1 day") if notice.length == 1 else _("{0} days").format(notice.length)
	else:
		length = _("1 month") if notice.length == 1 else _("{0} months").format(notice.length)
	counted = {
		Counted.FROM_DAY: "",
		Counted.FROM_MONTH_END: _("counted from the end of the month"),
		Counted.TO_MONTH_END: _("to the end of the month"),
		Counted.TO_PERIOD_END: _("to the end of the billing period"),
	}[notice.counted]
	return ", ".join(part for part in (length, counted) if part)


def company_of(agreement: Agreement) -> str:
	"""The organisation that an agreement was made with: its own, its signing's, else the house's only one."""
	joined = _joined_by(agreement)
	company = agreement.company or (joined and joined.company) or default_company()
	return company or frappe.get_all("Company", pluck="name", limit=1, order_by="creation asc")[0]


def level_to_leave(agreements: list[Agreement], wanted: Level = Level.MAIL_CODE) -> Level:
	"""The identification that a termination asks for: `wanted`, but never more than joining any of these took."""
	joined = []
	for agreement in agreements:
		request = _joined_by(agreement)
		levels = request and frappe.get_all(
			"Signature Request Signer",
			filters={"request": request.name, "identified_level": ["is", "set"]},
			pluck="identified_level",
			order_by="creation asc",
		)
		if levels:
			joined.append(min(level_named(level) for level in levels))
	return min([wanted, *joined])


def _joined_by(agreement: Agreement) -> Any:
	"""The completed Signature Request by which an agreement was made: {name, company}, or None."""
	request = frappe.db.get_value(
		"Signature Request",
		{
			"reference_doctype": agreement.doctype,
			"reference_name": agreement.name,
			"status": "Completed",
		},
		["name", "company"],
		as_dict=True,
		order_by="creation asc",
	)
	if request or agreement.doctype != "Contract":
		return request
	by_form = frappe.db.get_value("Form Submission", {"contract": agreement.name}, "request")
	return by_form and frappe.db.get_value("Signature Request", by_form, ["name", "company"], as_dict=True)
