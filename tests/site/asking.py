"""Builders for tests of data requests: what the page /privacy/request does, an officer, and what the house keeps of it."""

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import frappe
import requests
from house import TIMEOUT, House, for_writing, text_of

REQUEST, STEP = "Data Subject Request", "Data Subject Request Step"
OFFICER = "signflow-officer@testi.example"


def an_officer(mail: str = OFFICER, *more: str) -> str:
	"""An enabled user with the role Data Protection Officer, and `more` roles: another mail for whoever has others."""
	for_writing()
	if not frappe.db.exists("User", mail):
		user = frappe.get_doc(
			{
				"doctype": "User",
				"email": mail,
				"first_name": "Tuija",
				"last_name": "Tietosuoja",
				"send_welcome_email": 0,
				"language": "en",
				"roles": [{"role": role} for role in ("Data Protection Officer", *more)],
			}
		)
		user.flags.no_welcome_mail = True
		user.insert(ignore_permissions=True)
	frappe.db.set_value("User", mail, "enabled", 1)
	frappe.db.commit()
	return mail


def unsubscribed(mail: str) -> str:
	"""`mail`, whose owner wants no mail of the site."""
	for_writing()
	frappe.get_doc({"doctype": "Email Unsubscribe", "email": mail, "global_unsubscribe": 1}).insert()
	frappe.db.commit()
	return mail


def a_wish(kind: str = "Access", **values: Any) -> dict[str, Any]:
	"""What the page sends."""
	return {"request_type": kind, "person_name": "Maija Meri", "details": "", **values}


def the(name: str) -> Any:
	"""A request as it is stored now."""
	frappe.db.rollback()
	return frappe.get_doc(REQUEST, name)


def kinds(name: str) -> list[str]:
	"""The kinds of a request's steps, first to last."""
	frappe.db.rollback()
	return frappe.get_all(STEP, {"request": name}, pluck="kind", order_by="at asc, creation asc, name asc")


def of(mail: str, **more: Any) -> list[str]:
	"""The requests of a mail address, first to last."""
	frappe.db.rollback()
	filters = {"email": mail.lower(), **more}
	return frappe.get_all(REQUEST, filters, pluck="name", order_by="received_on asc, name asc")


@contextmanager
def as_officer(mail: str = OFFICER):
	"""What is done within is the officer's."""
	for_writing()
	frappe.set_user(mail)
	try:
		yield
	finally:
		frappe.set_user("Administrator")


@dataclass
class Asker:
	"""What the page /privacy/request does, over HTTP."""

	house: House
	mail: str
	session: str = ""
	language: str = "en"
	key: str = field(default_factory=lambda: frappe.generate_hash(length=32))

	def call(self, verb: str, /, **values: Any) -> requests.Response:
		return requests.post(
			f"{self.house.web}/api/method/signflow.api.subject_requests.{verb}",
			json={"language": self.language, **values},
			headers={"X-Signflow-Session": self.session, "Accept": "application/json"},
			timeout=TIMEOUT,
		)

	def does(self, verb: str, /, **values: Any) -> Any:
		response = self.call(verb, **values)
		assert response.status_code == 200, (verb, response.status_code, response.text[:2000])
		frappe.db.rollback()  # what it wrote is seen from now on
		return response.json()["message"]

	def refused(self, verb: str, /, **values: Any) -> dict[str, Any]:
		response = self.call(verb, **values)
		assert 400 <= response.status_code < 500, (verb, response.status_code, response.text[:2000])
		return response.json()["message"]["error"]

	def adds(self, reference: str, file_name: str, data: bytes) -> requests.Response:
		"""Add a paper to a request."""
		return requests.post(
			f"{self.house.web}/api/method/signflow.api.subject_requests.add_paper",
			data={"language": self.language, "reference": reference},
			files={"file": (file_name, data)},
			headers={"X-Signflow-Session": self.session, "Accept": "application/json"},
			timeout=TIMEOUT,
		)

	def begins(self, wish: dict[str, Any] | None = None) -> dict[str, Any]:
		values = {"wish": wish, "key": self.key} if wish else {}
		begun = self.does("begin", mail=self.mail, **values)
		self.session = begun.pop("session")
		return begun

	def code(self, number: int = 0) -> str:
		message = self.house.mailbox.wait_for(
			self.mail, subject="Your code for your data request", after=number
		)
		return re.search(r">\s*(\d{6})\s*<", text_of(message)).group(1)

	def asks(self, kind: str = "Access", **values: Any) -> str:
		"""From the wish through the code to the open request; its name."""
		self.begins(a_wish(kind, **values))
		return self.does("check_code", code=self.code())["made"]

	def asks_more(self, kind: str, **values: Any) -> str:
		"""Another request of the same visit."""
		self.key = frappe.generate_hash(length=32)
		return self.does("state", wish=a_wish(kind, **values), key=self.key)["made"]
