import frappe
from frappe.model.document import Document


class HDAgent(Document):
	def autoname(self):
		self.name = self.user

	def validate(self):
		self.agent_name = self.agent_name or frappe.db.get_value("User", self.user, "full_name")
