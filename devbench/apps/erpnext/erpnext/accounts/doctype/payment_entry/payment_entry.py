from frappe.model.document import Document


class PaymentEntry(Document):
	def validate(self):
		self.base_paid_amount = self.paid_amount
		self.title = self.party_name or self.party
		self.status = "Draft"

	def on_submit(self):
		self.db_set("status", "Submitted")

	def on_cancel(self):
		self.db_set("status", "Cancelled")
