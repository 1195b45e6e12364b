"""The map of personal data and the content scan, for Desk: for those who answer for personal data."""

from typing import Any

import frappe

from signflow.services.privacy import content_scan, data_map
from signflow.signflow.roles import OFFICER

KEEPERS = (OFFICER, "Signflow Manager")


@frappe.whitelist(methods=["POST"])
def scan_now() -> dict[str, int]:
	"""Bring the map up to date at once: {"to_decide": how many fields are new and to be decided}."""
	frappe.only_for(KEEPERS)
	return {"to_decide": len(data_map.scan())}


@frappe.whitelist(methods=["POST"])
def decide(fields: list[str] | str, mark: str) -> None:
	"""Mark several fields at once; those that are to hold something must say what already."""
	frappe.only_for(OFFICER)
	for name in frappe.parse_json(fields):
		field = frappe.get_doc("Personal Data Field", name)
		field.mark = mark
		field.save()


@frappe.whitelist(methods=["POST"])
def scan_contents(document_type: str | None = None, rows_per_doctype: int = content_scan.BATCH) -> str:
	"""Have the texts of the site searched: the newest so many rows (0: all) of each DocType or of one; the scan's name."""
	frappe.only_for(OFFICER)
	if document_type:
		frappe.get_doc("DocType", document_type)  # there is such a one
	return content_scan.start(document_type or None, rows_per_doctype)


@frappe.whitelist(methods=["POST"])
def stop_scan(scan: str) -> None:
	"""Stop a content scan."""
	frappe.only_for(OFFICER)
	frappe.get_doc("Content Scan", scan).check_permission("read")
	content_scan.stop(scan)


@frappe.whitelist(methods=["POST"])
def rows_with_finds(field: str) -> dict[str, Any]:
	"""The records that a field's finds stand in, of those that the caller may read."""
	frappe.only_for(OFFICER)
	frappe.get_doc("Personal Data Field", field).check_permission("read")
	return content_scan.rows_with_finds(field)
