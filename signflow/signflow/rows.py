"""Rows of a table that live and change with their parent, never by themselves."""

import frappe
from frappe import _
from frappe.model.document import Document


class ParentsRow(Document):
	"""A child row whose own REST address opens nothing that its parent keeps closed."""

	def has_permission(self, permtype: str = "read", **options) -> bool:
		"""Ask the parent: of a row by itself Frappe asks only whether its reader may read such parents at all."""
		return frappe.get_doc(self.parenttype, self.parent).has_permission(permtype, **options)

	def before_print(self, *_settings):
		"""Frappe asks this of a row that is printed by itself, and of the row itself nothing but the above."""
		self.check_permission("read")

	# Frappe runs these only when the row is written or deleted by itself, past all rules of its parent.
	def validate(self):
		message = _("Such rows are changed in their {0}.").format(_(self.parenttype))
		frappe.throw(message, frappe.PermissionError)

	def on_trash(self):
		self.validate()
