from frappe.model.document import Document


class Subscription(Document):
	pass
