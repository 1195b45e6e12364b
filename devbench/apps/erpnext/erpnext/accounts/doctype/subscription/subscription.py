import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate


class Subscription(Document):
	def cancel_subscription(self):
		"""Stop billing from today on."""
		if self.status == "Cancelled":
			frappe.throw(_("This subscription has been cancelled before"))
		self.update({"status": "Cancelled", "cancelation_date": getdate()})
		self.save()
