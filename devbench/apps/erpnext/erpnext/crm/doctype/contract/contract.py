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
		self.reckon_status()

	def before_update_after_submit(self):
		self.reckon_status()

	def reckon_status(self):
		"""A signed contract is active from its first day until its last day is over; without a last day for good."""
		if not self.is_signed:
			self.status = "Unsigned"
		elif not self.end_date:
			self.status = "Active"
		else:
			begun = getdate(self.start_date) <= getdate()
			self.status = "Active" if begun and getdate() <= getdate(self.end_date) else "Inactive"
