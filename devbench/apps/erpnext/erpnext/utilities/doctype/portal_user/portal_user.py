from frappe.model.document import Document


class PortalUser(Document):
	pass
