"""Builders for tests of consents: texts that a house asks about, and a reader of the page /privacy/consents."""

import re
from dataclasses import dataclass
from typing import Any

import frappe
import requests
from house import TIMEOUT, House, for_writing, text_of

WORDS = {
	"fi": "{0} saa lähettää minulle uutiskirjeen sähköpostitse. Voin perua suostumukseni milloin tahansa.",
	"sv": "{0} får skicka mig ett nyhetsbrev per e-post. Jag kan återkalla mitt samtycke när som helst.",
	"en": "{0} may send me a newsletter by mail. I can withdraw my consent at any time.",
}
TITLES = {"fi": "Uutiskirje", "sv": "Nyhetsbrev", "en": "Newsletter"}


def a_text(house: House, *, company: str | None = None, channel: str = "Email", **values: Any) -> str:
	"""A Consent Text with a published wording in three languages; returns its name."""
	from signflow.services.privacy import consents

	for_writing()
	company = company or house.company
	text = frappe.get_doc(
		{
			"doctype": "Consent Text",
			"purpose": values.pop("purpose", f"Newsletter {frappe.generate_hash(length=6)}"),
			"company": company,
			"channel": channel,
			**values,
		}
	).insert()
	version = frappe.get_doc("Consent Text Version", consents.new_version(text.name))
	for code in WORDS:
		version.set(f"title_{code}", TITLES[code])
		version.set(f"text_{code}", WORDS[code].format(company))
	version.save()
	frappe.db.commit()
	consents.publish(version.name)
	return text.name


def rows(mail: str, **more: Any) -> list[Any]:
	"""The rows of Consent of a mail address, first to last."""
	return frappe.get_all(
		"Consent", {"email": mail.lower(), **more}, ["*"], order_by="said_on asc, creation asc"
	)


def actions(mail: str, **more: Any) -> list[str]:
	return [row.action for row in rows(mail, **more)]


@dataclass
class Reader:
	"""What the page /privacy/consents does, over HTTP."""

	house: House
	session: str = ""
	language: str = "en"

	def call(self, endpoint: str, /, **values: Any) -> requests.Response:
		return requests.post(
			f"{self.house.web}/api/method/signflow.api.consents.{endpoint}",
			json={"language": self.language, **values},
			headers={"X-Signflow-Session": self.session, "Accept": "application/json"},
			timeout=TIMEOUT,
		)

	def does(self, endpoint: str, /, **values: Any) -> Any:
		response = self.call(endpoint, **values)
		assert response.status_code == 200, (endpoint, response.status_code, response.text[:2000])
		frappe.db.rollback()  # what it wrote is seen from now on
		return response.json()["message"]

	def refused(self, endpoint: str, /, **values: Any) -> dict[str, Any]:
		response = self.call(endpoint, **values)
		assert 400 <= response.status_code < 500, (endpoint, response.status_code, response.text[:2000])
		return response.json()["message"]["error"]

	def comes(self, mail: str) -> dict[str, Any]:
		"""From the address through the code to the list."""
		begun = self.does("begin", mail=mail)
		self.session = begun.pop("session")
		message = self.house.mailbox.wait_for(mail, subject="Your code for seeing")
		code = re.search(r">\s*(\d{6})\s*<", text_of(message)).group(1)
		return self.does("check_code", code=code)

	def link(self, mail: str, subject: str, number: int = 0) -> str:
		"""The token of the link in a mail."""
		message = self.house.mailbox.wait_for(mail, subject=subject, after=number)
		return re.search(r"/privacy/consents\?lang=\w\w#([\w.-]+)", text_of(message)).group(1)

	def follows(self, token: str) -> dict[str, Any]:
		opened = self.does("open_link", token=token)
		self.session = opened["session"]
		return opened["view"]

	def answers(self, verb: str, text: str, view: dict[str, Any]) -> dict[str, Any]:
		"""Give, withdraw or refuse what the page shows of `text`; the page's new view of it."""
		shown = card(view, text)
		after = self.does("answer", text=text, version=shown["version"], verb=verb)
		return card(after["view"], text)


def card(view: dict[str, Any], text: str) -> dict[str, Any]:
	"""What the page shows of one text."""
	return next(one for company in view["companies"] for one in company["texts"] if one["id"] == text)


def company_of(view: dict[str, Any], name: str) -> dict[str, Any]:
	return next(one for one in view["companies"] if one["company"] == name)
