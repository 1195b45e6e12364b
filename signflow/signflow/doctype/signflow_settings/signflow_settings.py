"""Settings of signing."""

from frappe.model.document import Document


class SignflowSettings(Document):
	pass
