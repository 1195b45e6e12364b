import frappe
from frappe.model.document import Document


class HDTicket(Document):
	def before_validate(self):
		self.raised_by = self.raised_by or frappe.session.user
		self.priority = self.priority or "Medium"
