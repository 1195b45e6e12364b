import frappe
from frappe.model.document import Document


class Opportunity(Document):
	def validate(self):
		field = {"Customer": "customer_name", "Lead": "title"}.get(self.opportunity_from)
		if field:
			self.customer_name = frappe.db.get_value(self.opportunity_from, self.party_name, field)
		self.title = self.title or self.customer_name or self.party_name
