"""Counting rows: Frappe 15 counts for whoever is logged in, without a look at permissions, and so answers guesses."""

from typing import Any

import frappe

# The module, not the function: by a name of ours it could be called past this override.
from frappe import client


@frappe.whitelist(methods=["GET", "POST"])
def get_count(
	doctype: str, filters: dict | list | str | None = None, debug: bool = False, cache: bool = False
) -> Any:
	"""In place of `frappe.client.get_count`: of our DocTypes and of files only what the caller may list counts."""
	if doctype != "File" and frappe.get_meta(doctype).module not in frappe.get_module_list("signflow"):
		return client.get_count(doctype, filters, debug, cache)
	filters = frappe.parse_json(filters) if isinstance(filters, str) else filters
	return len(frappe.get_list(doctype, filters=filters, pluck="name", limit_page_length=0))
