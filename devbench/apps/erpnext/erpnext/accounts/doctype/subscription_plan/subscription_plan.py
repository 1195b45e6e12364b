from frappe.model.document import Document


class SubscriptionPlan(Document):
	pass
