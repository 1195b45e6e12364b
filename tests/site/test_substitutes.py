"""Somebody leaves a customer: a colleague takes over what is open, and the one who left sees nothing any more."""

from typing import Any

import frappe
import pytest
from desk_of_agents import a_ticket, an_hd_customer
from house import House, for_writing

from signflow.services import sending, substitutes

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def team(house: House) -> dict[str, str]:
	for_writing()
	frappe.set_user("Administrator")
	made = {"key": house.key}
	for who in ("leaver", "stayer", "stranger"):
		mail = f"{who}.{house.key}@asiakas.example"
		user = house._insert(
			"User", email=mail, first_name=who, send_welcome_email=0, user_type="Website User"
		)
		links = [] if who == "stranger" else [{"link_doctype": "Customer", "link_name": house.customer}]
		contact = house._insert(
			"Contact",
			first_name=who,
			last_name=house.key,
			user=user.name,
			email_ids=[{"email_id": mail, "is_primary": 1}],
			links=links,
		)
		made[who], made[f"{who} mail"] = contact.name, mail
	customer = frappe.get_doc("Customer", house.customer)
	customer.append("portal_users", {"user": made["leaver mail"]})
	customer.customer_primary_contact = made["leaver"]
	customer.flags.ignore_mandatory = True
	customer.save(ignore_permissions=True)
	frappe.db.commit()
	return made


def an_issue(house: House, team: dict[str, str], **values: Any) -> str:
	for_writing()
	about = {"subject": "Help", "customer": house.customer, "contact": team["leaver"]}
	issue = house._insert("Issue", **{**about, "raised_by": team["leaver mail"], **values})
	frappe.db.commit()
	return issue.name


def take_over(house: House, team: dict[str, str], by: str = "stayer") -> dict[str, Any]:
	return substitutes.substitute(team["leaver"], "Customer", house.customer, team[by])


def test_what_is_open_moves_and_what_is_closed_stays(house: House, team: dict[str, str]) -> None:
	mine, closed = an_issue(house, team), an_issue(house, team, status="Closed")
	raised_by_other = an_issue(house, team, raised_by="somebody@else.example")
	for_writing()
	frappe.set_user("Administrator")
	sent = sending.send_request(house.drafts(house.maija).name)
	frappe.db.set_value(
		"Signature Request Signer", {"request": sent.name}, "email", team["leaver mail"].upper()
	)
	frappe.db.commit()

	found = substitutes.leaving(team["leaver"], "Customer", house.customer)
	assert {(doctype, name) for doctype, name, _field in found.moves} >= {("Issue", mine)}
	assert ("Issue", closed) not in {(doctype, name) for doctype, name, _field in found.moves}
	answer = take_over(house, team)
	assert frappe.db.get_value("Issue", mine, ["contact", "raised_by"]) == (
		team["stayer"],
		team["stayer mail"],
	)
	assert frappe.db.get_value("Issue", closed, "contact") == team["leaver"]
	assert frappe.db.get_value("Issue", raised_by_other, "raised_by") == "somebody@else.example"
	assert ("Signature Request", sent.name) in answer["told"] and answer["moved"] >= 2
	assert frappe.db.get_value("Customer", house.customer, "customer_primary_contact") == team["stayer"]


def test_the_view_of_who_left_ends(house: House, team: dict[str, str]) -> None:
	answer = take_over(house, team)
	assert answer["ended"]
	contact = frappe.get_doc("Contact", team["leaver"])
	assert not contact.links and contact.signflow_left_on
	assert not frappe.db.get_value("User", team["leaver mail"], "enabled")
	assert not frappe.db.exists("Portal User", {"user": team["leaver mail"], "parent": house.customer})
	assert frappe.db.get_value("User", team["stayer mail"], "enabled")


def test_a_log_in_that_leads_elsewhere_stays_open(house: House, team: dict[str, str]) -> None:
	for_writing()
	contact = frappe.get_doc("Contact", team["leaver"])
	other = house._insert("Customer", customer_name=f"Other {house.key}", customer_type="Company")
	contact.append("links", {"link_doctype": "Customer", "link_name": other.name})
	contact.save(ignore_permissions=True)
	frappe.db.commit()
	assert not take_over(house, team)["ended"]
	assert frappe.db.get_value("User", team["leaver mail"], "enabled")
	assert [row.link_name for row in frappe.get_doc("Contact", team["leaver"]).links] == [other.name]


def test_only_a_colleague_takes_over(house: House, team: dict[str, str]) -> None:
	issue = an_issue(house, team)
	for by in ("stranger", "leaver"):
		with pytest.raises(frappe.ValidationError, match="another contact"):
			take_over(house, team, by)
	with pytest.raises(frappe.ValidationError, match="no contact of"):
		substitutes.leaving(team["stranger"], "Customer", house.customer)
	assert frappe.db.get_value("Issue", issue, "contact") == team["leaver"]


def test_whoever_may_not_write_the_customer_moves_nothing(house: House, team: dict[str, str]) -> None:
	issue = an_issue(house, team)
	frappe.set_user(team["stayer mail"])
	try:
		with pytest.raises(frappe.PermissionError):
			take_over(house, team)
	finally:
		frappe.set_user("Administrator")
	assert frappe.db.get_value("Issue", issue, "contact") == team["leaver"]


def test_helpdesk_has_the_substitute_in_his_stead(house: House, team: dict[str, str]) -> None:
	"""His open tickets, and from 1.28 on his membership of the customer, by which the portal shows tickets of others."""
	mine, other = f"Tuki {house.key}", f"Muu tuki {house.key}"
	ticket = a_ticket(
		house, customer=an_hd_customer(mine), contact=team["leaver"], raised_by=team["leaver mail"]
	)
	an_hd_customer(other)
	members = frappe.get_meta("HD Customer").has_field("contacts")
	for_writing()
	if members:
		for name in (mine, other):
			doc = frappe.get_doc("HD Customer", name)
			doc.append("contacts", {"contact_name": team["leaver"], "is_manager": 1})
			doc.primary_contact = team["leaver"]
			doc.save()
		frappe.db.set_value("HD Customer", mine, "erpnext_customer", house.customer)
	frappe.db.commit()
	answer = take_over(house, team)
	row = ticket.row()
	assert (row["contact"], row["raised_by"]) == (team["stayer"], team["stayer mail"])
	if not members:
		assert answer["ended"]
		return
	assert not answer["ended"]  # his log-in still leads into the other one's tickets
	for name, who in ((mine, "stayer"), (other, "leaver")):
		doc = frappe.get_doc("HD Customer", name)
		assert [(row.contact_name, row.is_manager) for row in doc.contacts] == [(team[who], 1)]
		assert doc.primary_contact == team[who]
