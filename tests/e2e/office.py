"""Builders over HTTP: an office with a customer that sends requests, and the mailboxes of its signers."""

import email
import email.policy
import html
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devbench.main_job import Sender

LIMIT = 30


def until(check: Callable[[], Any], what: str, seconds: float = LIMIT) -> Any:
	"""Wait until `check()` answers something true and return it; fails with `what` after `seconds`."""
	deadline = time.monotonic() + seconds
	while True:
		found = check()
		if found:
			return found
		if time.monotonic() > deadline:
			raise AssertionError(f"not within {seconds} s: {what}")
		time.sleep(0.1)


def contract(tenant: str, pages: int = 2) -> bytes:
	"""A small rental contract with text to find."""
	from fpdf import FPDF

	pdf = FPDF()
	pdf.set_title("Rental contract")
	for page in range(1, pages + 1):
		pdf.add_page()
		pdf.set_font("helvetica", "B", 18)
		pdf.cell(text=f"Rental contract, page {page}", new_x="LMARGIN", new_y="NEXT", h=14)
		pdf.set_font("helvetica", size=11)
		for clause in range(1, 8):
			pdf.multi_cell(w=0, h=7, text=f"{clause}. The tenant {tenant} pays 1 480 euros a month.\n\n")
	return bytes(pdf.output())


@dataclass
class Person:
	"""A signer and her mailbox."""

	name: str
	address: str
	mail: Path

	def mails(self, subject: str = "") -> list[email.message.EmailMessage]:
		found = []
		for path in sorted(self.mail.glob("*.eml")):
			message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
			if self.address in str(message["X-Envelope-To"]) and subject in str(message["Subject"]):
				found.append(message)
		return found

	def _found(self, pattern: str) -> list[str]:
		texts = (html.unescape(mail.get_body(("html", "plain")).get_content()) for mail in self.mails())
		return [match for text in texts for match in re.findall(pattern, text)]

	def links(self) -> list[str]:
		return self._found(r'href="([^"]+/sign[^"#]*#[^"]+)"')

	def codes(self) -> list[str]:
		return self._found(r">\s*(\d{6})\s*<")

	def link(self, number: int = 0) -> str:
		"""The link of the invitation number `number`, as mailed."""
		return until(lambda: self.links()[number:], f"invitation {number} to {self.address}")[0]

	def code(self, number: int = 0) -> str:
		"""The code number `number`, as mailed."""
		return until(lambda: self.codes()[number:], f"code {number} to {self.address}")[0]


@dataclass
class Office:
	"""The organisation with one new customer, whose two contacts sign."""

	url: str
	mail: Path
	key: str
	customer: str = ""
	people: list[Person] = field(default_factory=list)
	sender: Sender | None = None

	def move_in(self) -> None:
		self.sender = Sender(self.url, "Administrator", "admin")
		self.customer = self.makes(
			"Customer",
			customer_name=f"Asiakas {self.key} Oy",
			customer_type="Company",
			customer_group=self._leaf("Customer Group"),
			territory=self._leaf("Territory"),
		)
		if not self.lists("Company"):
			company = {
				"company_name": "Testi Oy",
				"abbr": "T",
				"default_currency": "EUR",
				"country": "Finland",
			}
			self.makes("Company", **company)
		for first, last in (("Maija", "Meri"), ("Matti", "Mäki")):
			self.people.append(self._contact(first, last))

	@property
	def maija(self) -> Person:
		return self.people[0]

	@property
	def matti(self) -> Person:
		return self.people[1]

	def makes(self, doctype: str, **values: Any) -> str:
		answer = self.sender.http.post(f"{self.url}/api/resource/{doctype}", json=values, timeout=LIMIT)
		assert answer.status_code == 200, answer.text[:800]
		return answer.json()["data"]["name"]

	def changes(self, doctype: str, name: str, **values: Any) -> None:
		answer = self.sender.http.put(f"{self.url}/api/resource/{doctype}/{name}", json=values, timeout=LIMIT)
		assert answer.status_code == 200, answer.text[:800]

	def lists(self, doctype: str, **filters: Any) -> list[str]:
		answer = self.sender.http.get(
			f"{self.url}/api/resource/{doctype}",
			params={"filters": json.dumps(filters), "limit_page_length": 20},
			timeout=LIMIT,
		)
		assert answer.status_code == 200, answer.text[:800]
		return [row["name"] for row in answer.json()["data"]]

	def _leaf(self, doctype: str) -> str:
		return self.lists(doctype, is_group=0)[0]

	def _contact(self, first: str, last: str) -> Person:
		address = f"{first.lower()}.{self.key}@posti.example"
		self.makes(
			"Contact",
			first_name=first,
			last_name=last,
			email_ids=[{"email_id": address, "is_primary": 1}],
			links=[{"link_doctype": "Customer", "link_name": self.customer}],
		)
		return Person(f"{first} {last}", address, self.mail)

	def attaches(self, name: str = "Rental contract.pdf", data: bytes | None = None) -> str:
		"""A private PDF on the customer; returns its address."""
		answer = self.sender.http.post(
			f"{self.url}/api/method/upload_file",
			data={"doctype": "Customer", "docname": self.customer, "is_private": 1},
			files={"file": (name, data or contract(self.customer), "application/pdf")},
			timeout=LIMIT,
		)
		assert answer.status_code == 200, answer.text[:800]
		return answer.json()["message"]["file_url"]

	def sends(self, *people: Person, documents: int = 1, **options: Any) -> str:
		"""A request to `people` (both by default) by the API; returns its name."""
		titles = ["Rental contract", "House rules", "Price list"][:documents]
		values = {
			"title": f"Rental contract {self.key}",
			"documents": [{"title": title, "file": self.attaches(f"{title}.pdf")} for title in titles],
			"signers": [{"signer_name": one.name, "email": one.address} for one in people or self.people],
			"customer": self.customer,
			"reference_doctype": "Customer",
			"reference_name": self.customer,
			"message": "Hello! Here is the contract that we talked about.\nIt starts on the first of January.",
			"language": "en",
			"send": 1,
			**options,
		}
		return self.sender.call("signflow.api.requests.create_request", **values)["name"]

	def status(self, request: str) -> str:
		return self.sender.read("Signature Request", request)["status"]

	def signed_file(self, request: str) -> bytes:
		return self.sender.get("signflow.api.requests.download", name=request)
