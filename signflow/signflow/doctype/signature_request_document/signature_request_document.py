"""One document of a signature request."""

from frappe.model.document import Document


class SignatureRequestDocument(Document):
	pass
