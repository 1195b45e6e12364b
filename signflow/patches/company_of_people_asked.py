"""Give the people of older campaigns the company that asked them."""

import frappe

PERSON = "Consent Campaign Person"


def execute():
	for campaign in frappe.get_all("Consent Campaign", fields=["name", "company"], order_by="name asc"):
		filters = {"campaign": campaign.name, "company": ["is", "not set"]}
		frappe.db.set_value(PERSON, filters, "company", campaign.company, update_modified=False)
