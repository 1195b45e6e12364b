"""Builders in the product's language: a house that sends requests, signers who sign, mailboxes that get mail."""

import contextlib
import email
import email.policy
import html
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import frappe
import requests
from frappe.utils import add_to_date, now_datetime

TIMEOUT = 90
PERSONAS = {
	"manager": ["Signflow Manager", "Sales User"],
	"owner": ["Signflow User", "Sales User"],
	"colleague": ["Signflow User", "Sales User"],
	"outsider": ["Sales User"],
	"operator": ["System Manager"],
}


def a_pdf(text: str = "Rental agreement", pages: int = 1) -> bytes:
	"""A small real PDF."""
	from fpdf import FPDF

	pdf = FPDF()
	pdf.set_font("helvetica", size=14)
	for page in range(pages):
		pdf.add_page()
		pdf.cell(text=f"{text}, page {page + 1}")
	return bytes(pdf.output())


def for_writing() -> None:
	"""Begin a transaction that writes. SQLite refuses a write after a read that others' writes have overtaken."""
	for attempt in range(3):
		frappe.db.commit()
		try:
			frappe.db.sql("select name from `tabRole` where name = 'Guest' for update")
			return
		except frappe.QueryDeadlockError:
			# Another process has written for as long as SQLite waits: that is no fault of the test's.
			frappe.db.rollback()
			if attempt == 2:
				raise


@dataclass
class Mailbox:
	"""All mail that the SMTP server took."""

	folder: Path
	seen: set[str] = field(default_factory=set)

	def all(self, to: str) -> list[email.message.EmailMessage]:
		found = []
		for path in sorted(self.folder.glob("*.eml")):
			message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
			if to.lower() in str(message["X-Envelope-To"]).lower():
				found.append(message)
		return found

	def wait_for(self, to: str, *, subject: str = "", after: int = 0, seconds: float = 90):
		"""The mail number `after` (from 0) to `to` whose subject holds `subject`."""
		deadline = time.monotonic() + seconds
		while True:
			found = [message for message in self.all(to) if subject in str(message["Subject"])]
			if len(found) > after:
				return found[after]
			if time.monotonic() > deadline:
				raise AssertionError(
					f"no mail {after} to {to} with {subject!r} within {seconds} s; there are "
					f"{[str(m['Subject']) for m in self.all(to)]}"
				)
			time.sleep(0.05)


def text_of(message: email.message.EmailMessage) -> str:
	"""The HTML (else plain) text of a mail."""
	body = message.get_body(("html", "plain"))
	return html.unescape(body.get_content())


def attachments_of(message: email.message.EmailMessage) -> dict[str, bytes]:
	"""File name and bytes of a mail's attachments."""
	return {part.get_filename(): part.get_content() for part in message.iter_attachments()}


@dataclass
class Browser:
	"""What the signing page does, over HTTP: its token, its session, its calls."""

	web: str
	token: str = ""
	session: str = ""
	language: str | None = "en"

	def call(self, verb: str, **values: Any) -> requests.Response:
		if self.language:
			values.setdefault("language", self.language)
		return requests.post(
			f"{self.web}/api/method/signflow.api.signing.{verb}",
			json=values,
			headers={"X-Signflow-Session": self.session, "Accept": "application/json"},
			timeout=TIMEOUT,
		)

	def answer(self, verb: str, **values: Any) -> Any:
		response = self.call(verb, **values)
		assert response.status_code == 200, (verb, response.status_code, response.text[:2000])
		return response.json()["message"]

	def refused(self, verb: str, **values: Any) -> dict[str, Any]:
		response = self.call(verb, **values)
		assert response.status_code >= 400, (verb, response.text[:2000])
		return response.json()["message"]["error"]

	def open(self) -> dict[str, Any]:
		opened = self.answer("open", token=self.token)
		self.session = opened["session"]
		return opened["view"]


@dataclass
class Signer:
	"""A person who signs: her mail address, her invitation, her browser."""

	house: "House"
	name: str
	mail: str
	browser: Browser = None

	def invitation(self, *, number: int = 0):
		return self.house.mailbox.wait_for(self.mail, subject=self.house.subject, after=number)

	def opens(self, *, number: int = 0) -> dict[str, Any]:
		link = re.search(r'href="([^"]+/sign[^"]*#[^"]+)"', text_of(self.invitation(number=number))).group(1)
		self.browser = Browser(self.house.web, token=link.split("#", 1)[1])
		return self.browser.open()

	def identifies(self) -> dict[str, Any]:
		before = len(self.codes())
		self.browser.answer("send_code")
		self.house.mailbox.wait_for(self.mail, subject="ode", after=before)
		return self.browser.answer("check_code", code=self.codes()[-1])

	def codes(self) -> list[str]:
		return [
			re.search(r">\s*(\d{6})\s*<", text_of(message)).group(1)
			for message in self.house.mailbox.all(self.mail)
			if re.search(r">\s*(\d{6})\s*<", text_of(message))
		]

	def signs(self, **changes: Any) -> dict[str, Any]:
		view = self.browser.answer("view")
		values = {
			"name": self.name,
			"drawn": None,
			"accepted": True,
			"documents": [{"id": row["id"], "sha256": row["sha256"]} for row in view["documents"]],
		}
		return self.browser.answer("sign", **{**values, **changes})

	def goes_all_the_way(self) -> dict[str, Any]:
		self.opens()
		self.identifies()
		return self.signs()


@dataclass
class House:
	"""The organisation on this site and its customer, made anew for each test."""

	web: str
	mailbox: Mailbox
	key: str
	subject: str = ""

	def move_in(self) -> None:
		for_writing()
		self.company = a_company()
		self.users = {role: self._user(role) for role in PERSONAS}
		self.customer = self._insert(
			"Customer", customer_name=f"Asiakas {self.key} Oy", customer_type="Company", **_groups()
		).name
		self.maija = self._contact("Maija", "Meri")
		self.matti = self._contact("Matti", "Mäki")
		frappe.db.commit()

	def _insert(self, doctype: str, **values: Any):
		return frappe.get_doc({"doctype": doctype, **values}).insert(ignore_permissions=True)

	def _user(self, role: str) -> str:
		mail = f"signflow-{role}@testi.example"
		if not frappe.db.exists("User", mail):
			user = frappe.get_doc(
				{
					"doctype": "User",
					"email": mail,
					"first_name": role.capitalize(),
					"send_welcome_email": 0,
					"language": "en",
					"roles": [{"role": name} for name in PERSONAS[role]],
				}
			)
			user.flags.no_welcome_mail = True
			user.insert(ignore_permissions=True)
			from frappe.utils.password import update_password

			update_password(mail, f"{role}-Secret-1")
		return mail

	def _contact(self, first: str, last: str) -> Signer:
		mail = f"{first.lower()}.{self.key}@posti.example"
		a_contact(first, last, mail, ("Customer", self.customer))
		return Signer(self, f"{first} {last}", mail)

	def uploads(self, data: bytes | None = None, name: str = "sopimus.pdf") -> str:
		"""A private file of the current user; returns its address."""
		for_writing()
		file = frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"{self.key}-{name}",
				"is_private": 1,
				"content": data if data is not None else a_pdf(f"Agreement {self.key}"),
			}
		)
		file.insert(ignore_permissions=True)
		frappe.db.commit()
		return file.file_url

	def drafts(self, *signers: Signer, documents: list[bytes] | None = None, **options: Any) -> Any:
		"""A draft request to `signers` (Maija and Matti by default)."""
		from signflow.services import drafts

		self.subject = options.pop("title", f"Vuokrasopimus {self.key}")
		files = [
			{"title": f"Sopimus {place}", "file": self.uploads(data, f"{place}.pdf")}
			for place, data in enumerate(
				documents if documents is not None else [a_pdf(f"Agreement {self.key}")], 1
			)
		]
		for_writing()
		request = drafts.create_request(
			title=self.subject,
			company=self.company,
			customer=options.pop("customer", self.customer),
			documents=files,
			signers=[
				{
					"signer_name": signer.name,
					"email": signer.mail,
					"language": "en",
					"signing_order": order,
				}
				for signer, order in zip(
					signers or (self.maija, self.matti),
					options.pop("orders", None) or [1] * 80,
					strict=False,
				)
			],
			language=options.pop("language", "en"),
			**options,
		)
		frappe.db.commit()
		return request

	def sends(self, *signers: Signer, **options: Any) -> Any:
		"""A request that was sent."""
		from signflow.services import sending

		return sending.send_request(self.drafts(*signers, **options).name)

	def as_user(self, role: str) -> requests.Session:
		"""A logged-in HTTP session of a persona, with its CSRF token."""
		browser = requests.Session()
		answer = browser.post(
			f"{self.web}/api/method/login",
			data={"usr": self.users[role], "pwd": f"{role}-Secret-1"},
			timeout=TIMEOUT,
		)
		assert answer.status_code == 200, answer.text[:500]
		page = browser.get(f"{self.web}/app", timeout=TIMEOUT)
		token = re.search(r'csrf_token\s*=\s*"([0-9a-f]+)"', page.text)
		if token:
			browser.headers["X-Frappe-CSRF-Token"] = token.group(1)
		return browser


def notices(request: str) -> list[str]:
	"""What the sender of a request was told, first to last."""
	return frappe.get_all(
		"Notification Log",
		filters={"document_type": "Signature Request", "document_name": request},
		pluck="subject",
		order_by="creation asc, name asc",
	)


def kinds(request: str, signer: str | None = None) -> list[str]:
	"""The kinds of a request's events (or of one signer's in it), first to last."""
	filters = {"request": request, **({"signer": signer} if signer else {})}
	return frappe.get_all("Signature Event", filters=filters, pluck="kind", order_by="seq asc")


def row_of(request: str, person: Signer) -> Any:
	"""The signer's record as it is now."""
	name = frappe.db.get_value("Signature Request Signer", {"request": request, "signer_name": person.name})
	return frappe.get_doc("Signature Request Signer", name)


def queued(signer: str, kind: str) -> list[Any]:
	"""The Email Queue rows of one kind of mail to a signer, first to last."""
	return frappe.get_all(
		"Email Queue",
		filters={"message_id": ["like", f"%signflow.{kind}.{signer}.%"]},
		fields=["name", "status", "message", "error"],
		order_by="creation asc",
	)


def long_ago(doctype: str, name: str, *fields: str, **ago: int) -> None:
	"""Move times of a stored row into the past: `long_ago("Email Queue", name, "modified", minutes=11)`."""
	then = add_to_date(now_datetime(), **{unit: -number for unit, number in ago.items()})
	for_writing()
	frappe.db.set_value(doctype, name, dict.fromkeys(fields, then), update_modified=False)
	frappe.db.commit()


def as_program(web: str, user: str | None) -> requests.Session:
	"""An HTTP session of `user` by API key, as programs call; of nobody when `user` is None."""
	browser = requests.Session()
	browser.headers["Accept"] = "application/json"
	if user:
		secret = frappe.generate_hash(length=15)
		doc = frappe.get_doc("User", user)
		key = doc.api_key or frappe.generate_hash(length=15)
		frappe.db.set_value("User", user, "api_key", key)
		from frappe.utils.password import set_encrypted_password

		set_encrypted_password("User", user, secret, "api_secret")
		frappe.db.commit()
		frappe.clear_cache(user=user)
		browser.headers["Authorization"] = f"token {key}:{secret}"
	return browser


def a_company() -> str:
	"""The site's company; a bare site gets one."""
	companies = frappe.get_all("Company", pluck="name", limit=1, order_by="creation asc")
	if companies:
		return companies[0]
	company = frappe.get_doc(
		{
			"doctype": "Company",
			"company_name": "Testi Oy",
			"abbr": "T",
			"default_currency": "EUR",
			"country": "Finland",
		}
	)
	return company.insert(ignore_permissions=True).name


# Statements by which a process learns how the site is built, once; they are not asked of a person.
BUILD = re.compile(
	"tab(DocType|DocField|DocPerm|Custom Field|Custom DocPerm|Property Setter|DefaultValue|Singles|Country)"
	"|tabTranslation|information_schema|sqlite_|pragma|select count",
	re.IGNORECASE,
)


@contextlib.contextmanager
def statements_asked() -> Iterator[list[tuple[str, float]]]:
	"""The statements of a block and the moments (seconds of the monotonic clock) at which they were asked, in a list that fills up."""
	asked: list[tuple[str, float]] = []
	plain = frappe.db.sql

	def noted(query: Any, *args: Any, **kwargs: Any) -> Any:
		asked.append((str(query), time.monotonic()))
		return plain(query, *args, **kwargs)

	frappe.db.sql = noted
	try:
		yield asked
	finally:
		del frappe.db.sql


def longest_transaction(asked: list[tuple[str, float]]) -> float:
	"""The longest time from the first row that a transaction locks to its end, in seconds, of what `statements_asked` noted."""
	longest, begun = 0.0, 0.0
	for query, moment in asked:
		verb = query.lower().lstrip()
		if verb.startswith(("begin", "start transaction", "commit", "rollback")):
			longest, begun = max(longest, moment - begun if begun else 0), 0.0
		elif not begun and ("for update" in verb or verb.startswith(("update", "delete", "insert"))):
			begun = moment
	return longest


def a_contact(first: str, last: str, mail: str, *links: tuple[str, str], **values: Any) -> str:
	"""A contact with one mail address, under records (DocType, name); its name. `values`: what only signflow writes there."""
	for_writing()
	contact = frappe.get_doc(
		{
			"doctype": "Contact",
			"first_name": first,
			"last_name": last,
			"email_ids": [{"email_id": mail, "is_primary": 1}],
			"links": [{"link_doctype": doctype, "link_name": name} for doctype, name in links],
		}
	)
	contact.flags.signflow = bool(values)
	contact.update(values)
	contact.insert(ignore_permissions=True)
	frappe.db.commit()
	return contact.name


def another_company(name: str = "Toinen Oy") -> str:
	"""One more company, nothing but a row (ERPNext would make its chart of accounts); it goes with the test, see stage.py."""
	if not frappe.db.exists("Company", name):
		for_writing()
		company = {"name": name, "company_name": name, "abbr": frappe.generate_hash(length=6)}
		frappe.get_doc(
			{"doctype": "Company", **company, "default_currency": "EUR", "country": "Finland"}
		).db_insert()
		frappe.db.commit()
	return name


def _groups() -> dict[str, str]:
	return {
		"customer_group": frappe.get_all(
			"Customer Group", filters={"is_group": 0}, pluck="name", limit=1, order_by="name asc"
		)[0],
		"territory": frappe.get_all(
			"Territory", filters={"is_group": 0}, pluck="name", limit=1, order_by="name asc"
		)[0],
	}
