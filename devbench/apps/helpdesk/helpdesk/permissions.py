"""Who sees a ticket: whoever raised it, and agents."""

import frappe

AGENTS = {"Agent", "Agent Manager", "System Manager", "Administrator"}


def ticket(doc, ptype="read", user=None):
	user = user or frappe.session.user
	own = user in (doc.get("raised_by"), doc.get("contact"), doc.get("owner"))
	return own or bool(AGENTS & set(frappe.get_roles(user)))
