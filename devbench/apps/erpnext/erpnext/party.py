"""How a party of the trade gets its name here: the given one, numbered when it is taken."""

import frappe


def free_name(doctype: str, wanted: str) -> str:
	"""`wanted`, or "wanted - 1", "wanted - 2" ... : the first that no record of `doctype` bears."""
	name, number = wanted, 0
	while frappe.db.exists(doctype, name):
		number += 1
		name = f"{wanted} - {number}"
	return name
