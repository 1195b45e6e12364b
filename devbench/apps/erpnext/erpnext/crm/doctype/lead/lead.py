from frappe.contacts.address_and_contact import delete_contact_and_address, load_address_and_contact
from frappe.model.document import Document


class Lead(Document):
	def onload(self):
		load_address_and_contact(self)

	def validate(self):
		person = " ".join(filter(None, (self.first_name, self.middle_name, self.last_name)))
		self.lead_name = person or self.lead_name or self.company_name or self.email_id
		self.title = self.company_name or self.lead_name

	def on_trash(self):
		delete_contact_and_address("Lead", self.name)
