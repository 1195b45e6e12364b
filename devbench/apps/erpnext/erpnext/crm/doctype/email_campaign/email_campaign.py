from frappe.model.document import Document


class EmailCampaign(Document):
	pass
