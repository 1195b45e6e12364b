"""A made-up person planted all over a site, with a namesake, a shared mailbox and a switchboard beside her."""

import email.message
import random
from dataclasses import dataclass, field
from typing import Any

import frappe
from house import House, for_writing

from signflow.services.privacy import data_map


@dataclass
class Planted:
	"""Where she stands: `certain` is hers, `shared` may be, `possible` names her, `others` is not hers at all."""

	house: House
	certain: set[tuple[str, str]] = field(default_factory=set)
	shared: set[tuple[str, str]] = field(default_factory=set)
	possible: set[tuple[str, str]] = field(default_factory=set)
	others: set[tuple[str, str]] = field(default_factory=set)

	def __post_init__(self) -> None:
		key = self.house.key
		self.name, self.mail = f"Maija Meri{key}", f"m.meri.{key}@posti.example"
		self.user, self.mailbox = f"user.{key}@posti.example", f"info.{key}@yritys.example"
		self.digits = f"40{random.randrange(10**6, 10**7)}"
		self.member = f"Club Member {key}"

	def row(self, where: str, doctype: str, **values: Any) -> str:
		"""Put a row into a table as it is, and note whose it is."""
		doc = frappe.get_doc({"doctype": doctype, **values})
		number = len(self.certain | self.shared | self.possible | self.others)
		doc.name = f"{self.house.key}-{where}-{number}"
		if doctype == "HD Ticket":  # numbered by the database, in ways of its own
			doc.name = random.randrange(10**8, 10**9)
		doc.db_insert()
		if owner := values.get("owner"):
			doc.db_set("owner", owner, update_modified=False)
		return self.note(where, doctype, doc.name)

	def note(self, where: str, doctype: str, name: Any) -> str:
		getattr(self, where).add((doctype, str(name)))
		return name

	def contact(self, where: str, first: str, mails: list[str], phones: list[str], **links: str) -> str:
		doc = self.house._insert(
			"Contact",
			first_name=first,
			last_name=f"Meri{self.house.key}",
			email_ids=[{"email_id": one, "is_primary": not place} for place, one in enumerate(mails)],
			phone_nos=[{"phone": one} for one in phones],
			links=[{"link_doctype": doctype, "link_name": name} for doctype, name in links.items()],
		)
		return self.note(where, "Contact", doc.name)

	def plant(self) -> None:
		for_writing()
		self._make_custom_doctypes()
		for_writing()
		self._people()
		self._records()
		self._texts()
		frappe.db.commit()

	def _make_custom_doctypes(self) -> None:
		guest = f"{self.member} Guest"
		frappe.get_doc(
			{
				"doctype": "DocType",
				"name": guest,
				"module": "Custom",
				"custom": 1,
				"istable": 1,
				"fields": [
					{
						"fieldname": "guest_mail",
						"label": "Guest Mail",
						"fieldtype": "Data",
						"options": "Email",
					}
				],
			}
		).insert()
		frappe.get_doc(
			{
				"doctype": "DocType",
				"name": self.member,
				"module": "Selling" if frappe.db.exists("Module Def", "Selling") else "Custom",
				"custom": 1,
				"autoname": "hash",
				"fields": [
					{"fieldname": "full_name", "label": "Full Name", "fieldtype": "Data"},
					{"fieldname": "email", "label": "Email", "fieldtype": "Data", "options": "Email"},
					{"fieldname": "guests", "label": "Guests", "fieldtype": "Table", "options": guest},
				],
				"permissions": [{"role": "System Manager", "read": 1}],
			}
		).insert()
		frappe.db.commit()
		data_map.scan()

	def _people(self) -> None:
		spaced = f"0{self.digits[:2]} {self.digits[2:5]} {self.digits[5:]}"
		switchboard = f"+358 9 {self.digits[2:]}"
		self.hers = self.contact(
			"certain", "Maija", [self.mail, self.mailbox], [spaced, switchboard], Customer=self.house.customer
		)
		self.matti = self.contact(
			"shared", "Matti", [self.mailbox], [switchboard], Customer=self.house.customer
		)
		self.namesake = self.contact(
			"possible", "Maija", [f"toinen.{self.house.key}@muu.example"], ["+358 50 000 1111"]
		)
		self.lead = self.row("certain", "Lead", lead_name=self.name, email_id=self.mail.upper())
		self.row("shared", "Lead", lead_name="Maija", email_id=self.mailbox)
		user = self.house._insert(
			"User",
			email=self.user,
			first_name="Maija",
			last_name=f"Meri{self.house.key}",
			send_welcome_email=0,
		)
		self.note("certain", "User", user.name)
		frappe.db.set_value("Contact", self.hers, "user", user.name)
		self.customer = self.row(
			"certain",
			"Customer",
			customer_name=self.name,
			customer_type="Individual",
			customer_primary_contact=self.hers,
		)

	def _records(self) -> None:
		company = self.house.customer
		self.invoice = self.row("certain", "Sales Invoice", customer=self.customer, customer_name=self.name)
		named = self.row("certain", "Sales Invoice", customer=company, contact_person=self.hers)
		self.row(
			"certain", "Sales Invoice", customer=company, contact_email=f"A@b.example, {self.mail.title()}"
		)
		self.row("shared", "Sales Invoice", customer=company, contact_email=self.mailbox)
		self.row("others", "Sales Invoice", customer=company, contact_person=self.matti)
		self.row("others", "Sales Invoice", customer=company, contact_email=f"anna-{self.mail}")
		self.row("certain", "Issue", subject="Broken", customer=company, raised_by=self.mail)
		if frappe.db.table_exists("HD Ticket"):
			self.row("certain", "HD Ticket", subject="Help", raised_by=self.mail)
		self.row("certain", self.member, full_name=self.name, email=self.mail)
		self.row("shared", self.member, full_name="Matti Muu", email=self.mail)
		self.row("possible", self.member, full_name=f"Meri{self.house.key}, Maija", email="other@muu.example")
		host = self.row("certain", self.member, full_name="Pekka Puu", email="pekka@muu.example")
		guest = frappe.get_doc(
			{
				"doctype": f"{self.member} Guest",
				"parent": host,
				"parenttype": self.member,
				"parentfield": "guests",
				"guest_mail": self.mail,
			}
		)
		guest.name = f"{self.house.key}-guest"
		guest.db_insert()
		address = self.house._insert(
			"Address",
			address_title="Home",
			address_line1="Rantatie 1",
			city="Turku",
			country="Finland",
			links=[{"link_doctype": "Customer", "link_name": self.customer}],
		)
		self.note("certain", "Address", address.name)
		for where, doctype, name in (
			("certain", "Sales Invoice", self.invoice),
			("others", "Sales Invoice", named),
			("certain", "Lead", self.lead),
			("others", "Contact", self.namesake),
		):
			about = {"attached_to_doctype": doctype, "attached_to_name": name}
			self.row(where, "File", file_name="scan.pdf", is_private=1, **about)
			self.row(where, "Comment", comment_type="Info", reference_doctype=doctype, reference_name=name)
			self.row(where, "ToDo", description="Ring", reference_type=doctype, reference_name=name)
			self.row(where, "Version", ref_doctype=doctype, docname=name, data="{}")
		self.row("certain", "File", file_name="own.pdf", is_private=1, owner=self.user)

	def _texts(self) -> None:
		other = {"reference_doctype": "Company", "reference_name": self.house.company}
		self.row("certain", "Comment", comment_type="Comment", content=f"Ask <b>{self.mail}</b>.", **other)
		self.row("possible", "Comment", comment_type="Comment", content=f"<p>{self.name} rang</p>", **other)
		self.row("others", "Comment", comment_type="Comment", content=f"x{self.mail}", **other)
		self.row(
			"certain", "Communication", subject="Hi", recipients=f"a@b.example, M <{self.mail}>", content="x"
		)
		self.row("certain", "Communication", subject="Hi", sender="a@b.example", content=f"For {self.mail}")
		self.row("shared", "Communication", subject="Hi", sender=self.mailbox, content="x")
		self.row(
			"certain",
			"Note",
			title="Ring",
			content=f"+358{self.digits} or 0{self.digits[:2]}-{self.digits[2:]}",
		)
		frappe.db.set_single_value("Contact Us Settings", "forward_to_email", self.mail)
		self.note("certain", "Contact Us Settings", "Contact Us Settings")
		queued = self.row("certain", "Email Queue", sender="a@b.example", message="x", status="Sent")
		recipient = frappe.get_doc(
			{
				"doctype": "Email Queue Recipient",
				"parent": queued,
				"parenttype": "Email Queue",
				"parentfield": "recipients",
				"recipient": self.mail,
			}
		)
		recipient.name = f"{self.house.key}-recipient"
		recipient.db_insert()
		self._encoded()
		self._beside()

	def _encoded(self) -> None:
		"""Bodies of mails as they wait to be sent, and names that tags part."""
		filler = "Hyvää päivää " * 6

		def queued(where: str, text: str, cte: str) -> None:
			message = email.message.EmailMessage()
			message.set_content(f"<p>{filler}{text}</p>", subtype="html", cte=cte)
			self.row(where, "Email Queue", sender="a@b.example", message=message.as_string(), status="Sent")

		for cte in ("quoted-printable", "base64"):
			for length in range(3):
				queued("certain", f"{'x' * length} write to {self.mail.title()}", cte)
			queued("possible", f"ask {self.name}", cte)
			queued("shared", self.mailbox, cte)
			queued("others", f"x{self.mail}", cte)
		queued("possible", f"ask <b>{self.name.replace(' ', '</b> <i>')}</i>", "quoted-printable")
		queued("certain", f"ring 0{self.digits}", "base64")
		other = {"reference_doctype": "Company", "reference_name": self.house.company}
		parted = self.name.replace(" ", "</b>&nbsp;<b>")
		self.row("possible", "Comment", comment_type="Comment", content=f"<b>{parted}</b> rang", **other)

	def _beside(self) -> None:
		"""What the framework keeps beside records: tags, assignments, the search index."""
		tagged = self.row("certain", "Note", title="Tagged", content="x")
		frappe.db.set_value("Note", tagged, "_user_tags", f",urgent,{self.mail}", update_modified=False)
		# A DocType of which no field is personal.
		unit = self.row("certain", "UOM", uom_name=f"Unit {self.house.key}")
		frappe.db.set_value("UOM", unit, "_user_tags", f",{self.mail}", update_modified=False)
		gone = f"{self.house.key}-gone"
		index = frappe.qb.Table("__global_search")
		for name, words in (
			(gone, f"Title : x ||| Content : {self.mail}"),
			(f"{self.house.key}-other", f"Title : x{self.mail}"),
		):
			frappe.qb.into(index).columns("doctype", "name", "content").insert("Note", name, words).run()
		self.note("certain", "Note", gone)
		self.note("others", "Note", f"{self.house.key}-other")
