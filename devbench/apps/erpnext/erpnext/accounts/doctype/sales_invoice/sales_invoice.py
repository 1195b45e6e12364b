import frappe
from frappe.model.document import Document

from erpnext.selling import totals


class SalesInvoice(Document):
	def validate(self):
		self.customer_name = frappe.db.get_value("Customer", self.customer, "customer_name")
		totals.fill(self)
		self.outstanding_amount = self.grand_total

	def on_submit(self):
		self.db_set("status", "Unpaid")

	def on_cancel(self):
		self.db_set("status", "Cancelled")
