"""A signable form as the person before it handles it, and a foreign web site that shows it in a frame."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from office import Office, Person
from playwright.sync_api import FrameLocator, Page, expect

FIELDS = (
	{"fieldname": "first_name", "fieldtype": "Data", "label": "First Name", "reqd": 1},
	{"fieldname": "last_name", "fieldtype": "Data", "label": "Last Name", "reqd": 1},
	{"fieldname": "email_id", "fieldtype": "Data", "options": "Email", "label": "Email", "reqd": 1},
	{"fieldtype": "Page Break", "label": ""},
	{"fieldname": "company_name", "fieldtype": "Data", "label": "Organization Name"},
	{"fieldname": "city", "fieldtype": "Data", "label": "City"},
)


def opens_form(office: Office, **values: Any) -> tuple[str, str]:
	"""A signable form with two pages over Lead, open to everybody: its name and its route."""
	route = f"jasen-{office.key}"
	web_form = office.makes(
		"Web Form",
		title=f"Become a member {office.key}",
		route=route,
		doc_type="Lead",
		module="CRM",
		published=1,
		allow_multiple=1,
		introduction_text="Fill this in and sign it in one sitting.",
		web_form_fields=[dict(row) for row in FIELDS],
	)
	company = office.lists("Company")[0]
	name = office.makes(
		"Signable Form",
		title=f"Membership {office.key}",
		web_form=web_form,
		status="Open",
		company=company,
		responsible="Administrator",
		signer_name_field="first_name, last_name",
		signer_email_field="email_id",
		**values,
	)
	return name, route


def person_of(office: Office, first: str = "Liisa") -> Person:
	return Person(f"{first} Lahti", f"{first.lower()}.{office.key}@posti.example", office.mail)


class FormFilling:
	"""The form's page, by itself or in a frame."""

	def __init__(self, page: Page | FrameLocator, person: Person):
		self.page, self.person = page, person

	def field(self, name: str) -> Any:
		return self.page.locator(f'input[data-fieldname="{name}"]')

	def is_ready(self) -> None:
		expect(self.page.locator(".signflow-later")).to_be_visible()

	def fills_first_page(self) -> None:
		first, _space, last = self.person.name.partition(" ")
		self.field("first_name").fill(first)
		self.field("last_name").fill(last)
		self.field("email_id").fill(self.person.address)

	def goes_to_next_page(self) -> None:
		self.page.locator(".btn-next").click()

	def fills_second_page(self, organisation: str = "Lahti Oy") -> None:
		self.field("company_name").fill(organisation)
		self.field("city").fill("Lahti")

	def goes_to_sign(self) -> None:
		self.page.locator(".web-form .submit-btn").click()


@contextmanager
def foreign_site(html: str) -> Iterator[str]:
	"""A static page on another origin (localhost is another site than 127.0.0.1): its address."""

	class Handler(BaseHTTPRequestHandler):
		def do_GET(self) -> None:
			body = html.replace("{origin}", f"http://localhost:{self.server.server_port}").encode()
			self.send_response(200)
			self.send_header("Content-Type", "text/html; charset=utf-8")
			self.end_headers()
			self.wfile.write(body)

		def log_message(self, *_args: Any) -> None:
			pass

	server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	threading.Thread(target=server.serve_forever, daemon=True).start()
	try:
		yield f"http://localhost:{server.server_port}"
	finally:
		server.shutdown()
