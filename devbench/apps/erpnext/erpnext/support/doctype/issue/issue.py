from frappe.model.document import Document


class Issue(Document):
	pass
