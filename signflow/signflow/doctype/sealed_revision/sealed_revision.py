"""One immutable state of a document: each signature adds one."""

import frappe
from frappe import _
from frappe.model.document import Document


class SealedRevision(Document):
	def validate(self):
		if not self.is_new() or not self.flags.signflow:
			frappe.throw(_("Evidence is written once and never changed."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("Evidence is written once and never changed."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("Evidence is never deleted."), frappe.PermissionError)
