import frappe
from frappe.model.document import Document

from erpnext.selling import totals


class SalesOrder(Document):
	def validate(self):
		self.customer_name = frappe.db.get_value("Customer", self.customer, "customer_name")
		totals.fill(self)

	def on_submit(self):
		self.db_set("status", "To Deliver and Bill")

	def on_cancel(self):
		self.db_set("status", "Cancelled")
