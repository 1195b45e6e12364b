"""Builders for tests of endings: agreements of a house's customer, and a visitor of the pages /terminate and /withdraw."""

import re
from dataclasses import dataclass, field
from typing import Any

import frappe
import requests
from frappe.utils import add_days, getdate
from house import TIMEOUT, House, Signer, for_writing, text_of


def an_item() -> str:
	"""A service that is billed."""
	name = "Signflow Service"
	if not frappe.db.exists("Item", name):
		frappe.get_doc(
			{
				"doctype": "Item",
				"item_code": name,
				"item_group": frappe.get_all(
					"Item Group", filters={"is_group": 0}, pluck="name", limit=1, order_by="name asc"
				)[0],
				"stock_uom": frappe.get_all("UOM", pluck="name", limit=1, order_by="name asc")[0],
				"is_stock_item": 0,
			}
		).insert(ignore_permissions=True)
	return name


def a_plan(name: str = "Laajakaista 100M", interval: str = "Month") -> str:
	"""A plan that is billed every month."""
	if not frappe.db.exists("Subscription Plan", name):
		frappe.get_doc(
			{
				"doctype": "Subscription Plan",
				"plan_name": name,
				"currency": "EUR",
				"item": an_item(),
				"price_determination": "Fixed Rate",
				"cost": 29.9,
				"billing_interval": interval,
				"billing_interval_count": 1,
			}
		).insert(ignore_permissions=True)
	return name


def a_subscription(house: House, **values: Any) -> Any:
	"""A subscription of the house's customer that began a hundred days ago."""
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Subscription",
			"party_type": "Customer",
			"party": house.customer,
			"company": house.company,
			"start_date": add_days(getdate(), -100),
			"current_invoice_start": add_days(getdate(), -10),
			"current_invoice_end": add_days(getdate(), 19),
			"generate_invoice_at": "Beginning of the current subscription period",
			"status": "Active",
			"plans": [{"plan": a_plan(), "qty": 1}],
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return doc


def a_contract(house: House, **values: Any) -> Any:
	"""A submitted, signed contract of the house's customer."""
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Contract",
			"party_type": "Customer",
			"party_name": house.customer,
			"is_signed": 1,
			"start_date": add_days(getdate(), -100),
			"contract_terms": "Rental of a router.",
			**values,
		}
	).insert(ignore_permissions=True)
	doc.submit()
	frappe.db.commit()
	return doc


def settings(**values: Any) -> None:
	"""Set the house's settings."""
	for_writing()
	doc = frappe.get_doc("Signflow Settings")
	doc.update(values)
	doc.save(ignore_permissions=True)
	frappe.db.commit()


@dataclass
class Visitor:
	"""What the pages /terminate and /withdraw do, over HTTP."""

	house: House
	session: str = ""
	language: str = "en"
	headers: dict[str, str] = field(default_factory=dict)

	def call(self, verb: str, **values: Any) -> requests.Response:
		return requests.post(
			f"{self.house.web}/api/method/signflow.api.{verb}",
			json={"language": self.language, **values},
			headers={"X-Signflow-Session": self.session, "Accept": "application/json", **self.headers},
			timeout=TIMEOUT,
		)

	def answer(self, verb: str, **values: Any) -> Any:
		response = self.call(verb, **values)
		assert response.status_code == 200, (verb, response.status_code, response.text[:2000])
		return response.json()["message"]

	def refused(self, verb: str, **values: Any) -> dict[str, Any]:
		response = self.call(verb, **values)
		assert 400 <= response.status_code < 500, (verb, response.status_code, response.text[:2000])
		return response.json()["message"]["error"]

	def begins(self, mail: str) -> dict[str, Any]:
		shown = self.answer("terminations.begin", mail=mail)
		self.session = shown.pop("session")
		return shown

	def code(self, mail: str, *, number: int = 0) -> str:
		message = self.house.mailbox.wait_for(mail, subject="Your code for terminating", after=number)
		return re.search(r">\s*(\d{6})\s*<", text_of(message)).group(1)

	def identifies(self, person: Signer) -> list[dict[str, Any]]:
		"""From the address through the code to the list of agreements."""
		self.begins(person.mail)
		return self.answer("terminations.check_code", code=self.code(person.mail))["agreements"]

	def states(self, **values: Any) -> dict[str, Any]:
		"""A confirmed withdrawal."""
		return self.answer(
			"withdrawals.confirm",
			**{
				"page_key": frappe.generate_hash(length=32),
				"person_name": "Maija Meri",
				"contract_reference": "my router",
				"email": f"somebody.{self.house.key}@posti.example",
				**values,
			},
		)
