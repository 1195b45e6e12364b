"""Builders for signable forms: a Web Form over Lead that is signed, and the page of somebody who fills it in."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import frappe
import requests
from house import TIMEOUT, Browser, House, Signer, for_writing

FIELDS = (
	{"fieldname": "first_name", "fieldtype": "Data", "label": "First Name", "reqd": 1},
	{"fieldname": "last_name", "fieldtype": "Data", "label": "Last Name"},
	{"fieldname": "email_id", "fieldtype": "Data", "options": "Email", "label": "Email", "reqd": 1},
	{"fieldname": "mobile_no", "fieldtype": "Data", "label": "Mobile No"},
	{"fieldname": "company_name", "fieldtype": "Data", "label": "Organization Name"},
	{"fieldname": "image", "fieldtype": "Attach", "label": "Attachment"},
)


def a_web_form(house: House, **values: Any) -> Any:
	"""A published Web Form over Lead, open to guests."""
	for_writing()
	key = frappe.generate_hash(length=8)
	form = frappe.get_doc(
		{
			"doctype": "Web Form",
			"title": f"Jäseneksi {key}",
			"route": f"jaseneksi-{key}",
			"doc_type": "Lead",
			"module": "CRM",
			"published": 1,
			"login_required": 0,
			"allow_multiple": 1,
			"web_form_fields": [dict(row) for row in FIELDS],
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return form


def a_signable_form(house: House, web_form: Any = None, **values: Any) -> Any:
	"""An open Signable Form on `web_form` (a new one over Lead by default), of the house's owner."""
	web_form = web_form or a_web_form(house)
	for_writing()
	form = frappe.get_doc(
		{
			"doctype": "Signable Form",
			"title": f"Jäsensopimus {web_form.name}",
			"web_form": web_form.name,
			"status": "Open",
			"company": house.company,
			"responsible": house.users["owner"],
			"signer_name_field": "first_name, last_name",
			"signer_email_field": "email_id",
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return form


def solve(puzzle: str, bits: int) -> str:
	"""What the page's script works out."""
	number = 0
	while int.from_bytes(hashlib.sha256(f"{puzzle}.{number}".encode()).digest()[:4], "big") >> (32 - bits):
		number += 1
	return str(number)


@dataclass
class FormPage:
	"""One person before the page of a bound Web Form, over HTTP."""

	house: House
	form: Any
	language: str = "en"
	said: dict[str, Any] = field(default_factory=dict)
	person: Signer = None

	def post(self, verb: str, **values: Any) -> requests.Response:
		return requests.post(
			f"{self.house.web}/api/method/{verb}",
			json=values,
			headers={"Accept": "application/json"},
			timeout=TIMEOUT,
		)

	def begins(self, **said: Any) -> dict[str, Any]:
		values = {"web_form": self.form.web_form, "language": self.language, **said}
		answer = self.post("signflow.api.forms.begin", **values)
		assert answer.status_code == 200, answer.text[:2000]
		return self.takes_puzzle(answer.json()["message"])

	def takes_puzzle(self, begun: dict[str, Any]) -> dict[str, Any]:
		self.said = {
			"puzzle": begun["puzzle"],
			"answer": solve(begun["puzzle"], begun["bits"]),
			"language": self.language,
			"people": [],
		}
		return begun

	def answers(self, **changes: Any) -> dict[str, Any]:
		key = self.house.key
		return {
			"first_name": "Liisa",
			"last_name": f"Lahti {key}",
			"email_id": f"liisa.{key}@posti.example",
			**changes,
		}

	def sends(self, said: dict[str, Any] | None = None, **changes: Any) -> requests.Response:
		"""Submit as the page does; `said` replaces what the page says of itself."""
		data = {**self.answers(**changes), "__signflow": self.said if said is None else said}
		return self.post(
			"frappe.website.doctype.web_form.web_form.accept",
			web_form=self.form.web_form,
			data=json.dumps(data),
		)

	def submits(self, **changes: Any) -> Signer:
		"""Submit and open the documents; the person with her browser."""
		if not self.said:
			self.begins()
		answer = self.sends(**changes)
		assert answer.status_code == 200, answer.text[:3000]
		found = answer.json()["message"]["signflow"]
		self.back = found["back"]
		self.next = found["next"]
		values = self.answers(**changes)
		token = self.next.partition("#")[2]
		self.person = Signer(
			self.house,
			f"{values['first_name']} {values['last_name']}",
			values["email_id"],
			Browser(self.house.web, token=token, language=self.language),
		)
		self.view = self.person.browser.open()
		return self.person

	def query(self) -> dict[str, list[str]]:
		return parse_qs(urlsplit(self.next).query)


def message_in(answer: requests.Response) -> str:
	"""What Frappe shows of a refusal."""
	body = answer.json()
	texts = [json.loads(one)["message"] for one in json.loads(body.get("_server_messages") or "[]")]
	return re.sub(r"<[^>]+>", "", " ".join(texts) or body.get("exception", ""))


def submissions_of(form: Any) -> list[Any]:
	"""The form's submissions as they are now, first to last."""
	frappe.db.rollback()
	return [
		frappe.get_doc("Form Submission", name)
		for name in frappe.get_all(
			"Form Submission", filters={"form": form.name}, pluck="name", order_by="creation asc"
		)
	]
