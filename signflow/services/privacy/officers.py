"""Who answers for personal data in the house."""

import frappe

OFFICER = "Data Protection Officer"


def officers() -> list[str]:
	"""The enabled users with the role Data Protection Officer, Administrator excepted."""
	holders = frappe.get_all(
		"Has Role",
		{"role": OFFICER, "parenttype": "User", "parent": ["not in", ("Administrator", "Guest")]},
		pluck="parent",
		distinct=True,
		order_by="parent asc",
	)
	return frappe.get_all("User", {"name": ["in", holders], "enabled": 1}, pluck="name", order_by="name asc")
