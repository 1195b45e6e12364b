"""What one person said to one wording. `services.privacy.consents` alone writes rows, and none is ever changed."""

import frappe
from frappe import _
from frappe.model.document import Document


class Consent(Document):
	def validate(self):
		if not self.flags.signflow or not self.is_new():
			frappe.throw(
				_("What a person said about a consent is kept as it was; a change of mind is a new row."),
				frappe.PermissionError,
			)

	def on_trash(self):
		# Erasure (GDPR 17) is the one path that may delete, and says so.
		if not self.flags.signflow_retention:
			frappe.throw(_("What a person said about a consent is kept as it was."), frappe.PermissionError)
