"""Builders for tests of Helpdesk: a ticket with its customer, an agent who works on it, what its page calls."""

from dataclasses import dataclass
from typing import Any

import frappe
import requests
from house import TIMEOUT, House, as_program, for_writing

API = "signflow.integrations.helpdesk.api"
AGENT_ROLES = ["Agent", "Signflow User", "Sales User"]


def an_agent(name: str = "agent", roles: list[str] | None = None) -> str:
	"""A user of Helpdesk."""
	mail = f"signflow-{name}@testi.example"
	if not frappe.db.exists("User", mail):
		for_writing()
		user = frappe.get_doc(
			{
				"doctype": "User",
				"email": mail,
				"first_name": name.capitalize(),
				"send_welcome_email": 0,
				"language": "en",
				"roles": [{"role": role} for role in (roles or AGENT_ROLES)],
			}
		)
		user.flags.no_welcome_mail = True
		user.insert(ignore_permissions=True)
		frappe.db.commit()
	return mail


@dataclass
class Ticket:
	"""A ticket of Helpdesk and the agent at its page."""

	house: House
	name: str
	agent: requests.Session

	def call(self, verb: str, **values: Any) -> requests.Response:
		return self.agent.post(
			f"{self.house.web}/api/method/{API}.{verb}", json={"ticket": self.name, **values}, timeout=TIMEOUT
		)

	def answer(self, verb: str, **values: Any) -> Any:
		response = self.call(verb, **values)
		assert response.status_code == 200, (verb, response.status_code, response.text[:2000])
		frappe.db.rollback()  # the test sees what the answer has left
		return response.json()["message"]

	def asks(self, action: str) -> dict[str, Any]:
		return self.answer("begin", action=action)

	def does(self, action: str, **values: Any) -> dict[str, str]:
		return self.answer("perform", action=action, values=values)

	def comments(self) -> list[str]:
		frappe.db.rollback()
		return frappe.get_all(
			"HD Ticket Comment",
			{"reference_ticket": self.name},
			pluck="content",
			order_by="creation asc, name asc",
		)

	def row(self) -> dict[str, Any]:
		"""The whole stored row, the time of its last change with it."""
		frappe.db.rollback()
		return frappe.db.get_value("HD Ticket", self.name, "*", as_dict=True)


def an_hd_customer(name: str, **values: Any) -> str:
	for_writing()
	if not frappe.db.exists("HD Customer", name):
		frappe.get_doc({"doctype": "HD Customer", "customer_name": name, **values}).insert()
	frappe.db.commit()
	return name


def a_ticket(
	house: House, *, agent: str | None = None, files: list[str] | None = None, **values: Any
) -> Ticket:
	"""A ticket that Maija raised, of the house's customer; `files` are addresses of uploads that hang under it."""
	for_writing()
	contact = frappe.db.get_value("Contact", {"email_id": house.maija.mail})
	doc = frappe.get_doc(
		{
			"doctype": "HD Ticket",
			"subject": values.pop("subject", f"Sopimuksesta {house.key}"),
			"raised_by": values.pop("raised_by", house.maija.mail),
			"contact": values.pop("contact", contact),
			**values,
		}
	).insert(ignore_permissions=True)
	for address in files or []:
		name = frappe.db.get_value("File", {"file_url": address})
		frappe.db.set_value(
			"File", name, {"attached_to_doctype": "HD Ticket", "attached_to_name": str(doc.name)}
		)
	frappe.db.commit()
	return Ticket(house, str(doc.name), as_program(house.web, agent or an_agent()))
