from frappe.model.document import Document


class ContractFulfilmentChecklist(Document):
	pass
