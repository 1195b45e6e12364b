from frappe.model.document import Document


class HDTicketActivity(Document):
	pass
