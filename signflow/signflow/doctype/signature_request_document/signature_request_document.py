"""One document of a signature request."""

import frappe
from frappe import _
from frappe.model.document import Document


class SignatureRequestDocument(Document):
	def has_permission(self, permtype: str = "read", **options) -> bool:
		"""Ask the request: of a row by itself Frappe asks only whether its reader may read requests at all."""
		return frappe.get_doc(self.parenttype, self.parent).has_permission(permtype, **options)

	# Frappe runs these only when the row is written or deleted by itself, past all rules of its request.
	def validate(self):
		frappe.throw(_("Documents are changed in their request."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("Documents are changed in their request."), frappe.PermissionError)
