import frappe
from frappe import _
from frappe.contacts.address_and_contact import delete_contact_and_address, load_address_and_contact
from frappe.model.document import Document


class Lead(Document):
	"""As upstream with its settings untouched: one Lead for a mail address, and a Contact made for each."""

	def onload(self):
		load_address_and_contact(self)

	def before_insert(self):
		self.contact_doc = self.create_contact()

	def after_insert(self):
		self.contact_doc.append("links", {"link_doctype": "Lead", "link_name": self.name})
		self.contact_doc.save(ignore_permissions=True)

	def validate(self):
		person = " ".join(filter(None, (self.first_name, self.middle_name, self.last_name)))
		self.lead_name = person or self.lead_name or self.company_name or self.email_id
		self.title = self.company_name or self.lead_name
		if self.email_id and frappe.db.exists(
			"Lead", {"email_id": self.email_id, "name": ["!=", self.name or ""]}
		):
			frappe.throw(_("Another lead has this mail address"), frappe.DuplicateEntryError)
		if self.email_id and self.email_id == self.lead_owner:
			frappe.throw(_("A lead cannot own itself"))

	def create_contact(self):
		contact = frappe.new_doc("Contact")
		contact.first_name = self.first_name or self.company_name or self.email_id
		contact.last_name = self.last_name
		if self.email_id:
			contact.append("email_ids", {"email_id": self.email_id, "is_primary": 1})
		return contact.insert(ignore_permissions=True)

	def on_trash(self):
		delete_contact_and_address("Lead", self.name)
