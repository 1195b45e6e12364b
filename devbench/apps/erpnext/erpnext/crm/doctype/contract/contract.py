import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from erpnext.party import free_name


class Contract(Document):
	def autoname(self):
		self.name = free_name("Contract", self.party_name)

	def validate(self):
		if self.start_date and self.end_date and getdate(self.end_date) < getdate(self.start_date):
			frappe.throw(_("A contract cannot end before it starts"))
