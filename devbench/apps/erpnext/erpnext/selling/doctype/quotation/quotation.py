import frappe
from frappe.model.document import Document

from erpnext.selling import totals


class Quotation(Document):
	def validate(self):
		field = {"Customer": "customer_name", "Lead": "title"}.get(self.quotation_to)
		if field and self.party_name:
			self.customer_name = frappe.db.get_value(self.quotation_to, self.party_name, field)
		totals.fill(self)

	def on_submit(self):
		self.db_set("status", "Open")

	def on_cancel(self):
		self.db_set("status", "Cancelled")
