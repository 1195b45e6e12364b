"""Whose ticket it is in ERPNext: HD Customer ↔ Customer, by the link that 1.28 keeps, else by name; else by its contact."""

from dataclasses import dataclass, field
from typing import Any

import frappe
from frappe import _

from signflow.integrations.helpdesk import is_here


@dataclass(frozen=True)
class Match:
	"""The Customer of a ticket, or those it may be (`candidates`, the likeliest first) and why it is not settled."""

	customer: str | None = None
	candidates: list[str] = field(default_factory=list)
	note: str = ""


def customer_of(ticket: Any) -> Match:
	"""The ERPNext Customer of a ticket. What is ambiguous or missing is for a person to choose."""
	of_contact = _of_contact(ticket.contact)
	if not ticket.customer:
		return _one_of(
			of_contact,
			missing=_("The ticket names no customer."),
			many=_("The ticket's contact belongs to several customers. Choose one."),
		)
	linked = _linked(ticket.customer)
	if linked:
		return Match(linked, [linked])
	named = _named(ticket.customer)
	if len(named) > 1 and len(set(named) & set(of_contact)) == 1:
		return Match(next(iter(set(named) & set(of_contact))), named)
	if named:
		return _one_of(
			named, missing="", many=_("Several customers are called {0}. Choose one.").format(ticket.customer)
		)
	return Match(
		None,
		of_contact,
		_("ERPNext has no customer called {0}. Choose one, or none.").format(ticket.customer),
	)


def settled(ticket: Any) -> str | None:
	"""The ERPNext Customer of a ticket where there is no doubt (hook signflow_customer_of)."""
	return customer_of(ticket).customer


def _one_of(names: list[str], *, missing: str, many: str) -> Match:
	if len(names) == 1:
		return Match(names[0], names)
	return Match(None, names, many if names else missing)


def _linked(hd_customer: str) -> str | None:
	"""The Customer that Helpdesk itself links (from 1.28 on)."""
	if not frappe.get_meta("HD Customer").has_field("erpnext_customer"):
		return None
	name = frappe.db.get_value("HD Customer", hd_customer, "erpnext_customer")
	return name if name and frappe.db.exists("Customer", name) else None


def _named(hd_customer: str) -> list[str]:
	"""The Customers of that name; a Customer may be kept under another name than it is called by."""
	rows = frappe.get_all(
		"Customer", {"customer_name": hd_customer}, pluck="name", order_by="disabled asc, creation asc"
	)
	if frappe.db.exists("Customer", hd_customer) and hd_customer not in rows:
		rows.append(hd_customer)
	return rows


def _of_contact(contact: str | None) -> list[str]:
	if not contact:
		return []
	links = {"parenttype": "Contact", "parent": contact, "link_doctype": "Customer"}
	names = frappe.get_all("Dynamic Link", links, pluck="link_name", order_by="idx asc")
	names += [name for hd_customer in _memberships(contact) if (name := _linked(hd_customer))]
	return [name for name in dict.fromkeys(names) if frappe.db.exists("Customer", name)]


def _memberships(contact: str) -> list[str]:
	"""The HD Customers that a Contact is a member of (1.28; before, a Contact links to them)."""
	if not frappe.db.exists("DocType", "HD Customer Member"):
		return []
	return frappe.get_all(
		"HD Customer Member",
		{"contact_name": contact, "parenttype": "HD Customer"},
		pluck="parent",
		order_by="creation asc",
	)


def members_follow(contact: str, party_type: str, party: str, by: str) -> bool:
	"""Somebody left a Customer: in its HD Customers the substitute is a member in his stead (1.28), as what he was (hook
	signflow_substituted). True if he is a member of others, into whose tickets his log-in still leads."""
	if not is_here() or not frappe.get_meta("HD Customer").has_field("contacts"):
		return False
	if party_type == "Customer":
		title = frappe.db.get_value("Customer", party, "customer_name")
		for name in _memberships(contact):
			if (_linked(name) or name) in (party, title):
				_replace_member(name, contact, by)
	return bool(_memberships(contact))


def _replace_member(hd_customer: str, contact: str, by: str) -> None:
	doc = frappe.get_doc("HD Customer", hd_customer, for_update=True)
	was = next(row for row in doc.contacts if row.contact_name == contact)
	doc.remove(was)
	there = next((row for row in doc.contacts if row.contact_name == by), None)
	there = there or doc.append("contacts", {"contact_name": by})
	there.is_manager = there.is_manager or was.is_manager
	if doc.primary_contact == contact:
		doc.primary_contact = by
	doc.save(ignore_permissions=True)
