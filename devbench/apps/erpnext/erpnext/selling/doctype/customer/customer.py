import frappe
from frappe.contacts.address_and_contact import delete_contact_and_address, load_address_and_contact
from frappe.model.document import Document

from erpnext.party import free_name


class Customer(Document):
	def onload(self):
		load_address_and_contact(self)

	def autoname(self):
		self.name = free_name("Customer", self.customer_name)

	def after_insert(self):
		if self.lead_name:
			frappe.db.set_value("Lead", self.lead_name, "status", "Converted")

	def on_trash(self):
		delete_contact_and_address("Customer", self.name)
