"""Which company acts."""

import frappe


def default_company() -> str | None:
	"""The user's default company, or the only one there is."""
	company = frappe.defaults.get_user_default("Company")
	if company:
		return company
	companies = frappe.get_all("Company", pluck="name", limit=2, order_by="creation asc")
	return companies[0] if len(companies) == 1 else None
