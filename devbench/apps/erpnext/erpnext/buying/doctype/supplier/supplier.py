from frappe.contacts.address_and_contact import delete_contact_and_address, load_address_and_contact
from frappe.model.document import Document

from erpnext.party import free_name


class Supplier(Document):
	def onload(self):
		load_address_and_contact(self)

	def autoname(self):
		self.name = free_name("Supplier", self.supplier_name)

	def on_trash(self):
		delete_contact_and_address("Supplier", self.name)
