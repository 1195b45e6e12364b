from frappe import _


def get_data():
	return {
		"fieldname": "customer",
		"non_standard_fieldnames": {
			"Quotation": "party_name",
			"Payment Entry": "party",
			"Subscription": "party",
		},
		"dynamic_links": {"party_name": ["Customer", "quotation_to"], "party": ["Customer", "party_type"]},
		"transactions": [
			{"label": _("Sales"), "items": ["Quotation", "Sales Order", "Sales Invoice"]},
			{"label": _("Payments"), "items": ["Payment Entry", "Subscription"]},
			{"label": _("Work"), "items": ["Project", "Issue"]},
		],
	}
