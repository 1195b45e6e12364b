"""Where the data of a Contact, Lead or Customer came from, who answers for it, and when it was last verified.

Filled in when the record is made, as far as that tells (GDPR 14(2)(f): persons must be told the source). What it does not
tell stays empty, and a report lists it.
"""

from typing import Any

import frappe
from frappe.utils import nowdate

PARTIES = ("Contact", "Lead", "Customer")
# What is copied from the record that another is made from.
_COPIED = ("signflow_origin", "signflow_origin_note", "signflow_data_owner", "signflow_verified_on")
_NOBODY = ("Administrator", "Guest")


def note_origin(doc: Any, method: str | None = None) -> None:
	"""Say on a new Contact, Lead or Customer where it came from (hook before_insert); one look-up at most."""
	# Between an update of the code and its migration the fields are missing, and all apps go on.
	if doc.get("signflow_origin") or not doc.meta.has_field("signflow_origin"):
		return
	source = _made_from(doc)
	known = source and frappe.db.get_value(*source, _COPIED, as_dict=True)
	if known and known.signflow_origin:
		doc.update({field: doc.get(field) or known[field] for field in _COPIED})
		return
	origin, note = _origin(doc)
	doc.signflow_origin, doc.signflow_origin_note = origin, note
	if not doc.get("signflow_data_owner"):
		doc.signflow_data_owner = _owner(doc)
	if origin in ("Web Form", "Signed Form") and not doc.get("signflow_verified_on"):
		doc.signflow_verified_on = nowdate()  # the person wrote it just now


def _made_from(doc: Any) -> tuple[str, str] | None:
	"""The Lead that becomes a Customer, or the Lead or Customer whose Contact this is."""
	if doc.doctype == "Customer":
		return ("Lead", doc.lead_name) if doc.get("lead_name") else None
	for row in doc.get("links") or ():
		if row.link_doctype in ("Lead", "Customer") and row.link_name:
			return row.link_doctype, row.link_name
	return None


def _origin(doc: Any) -> tuple[str | None, str | None]:
	if frappe.flags.signflow_replay or doc.flags.signflow:
		return "Signed Form", None
	if frappe.flags.in_web_form:
		return "Web Form", str((frappe.form_dict or {}).get("web_form") or "")[:140] or None
	if frappe.flags.in_import:
		return "Import", None
	job = getattr(frappe.local, "job", None)
	if job:
		# Mail is fetched by jobs of Email Account, which make a Contact for a sender that is new.
		return ("Mail", None) if "email_account" in str(job.get("method")) else (None, None)
	if not getattr(frappe.local, "request", None) or frappe.session.user == "Guest":
		return None, None
	if frappe.get_request_header("Authorization"):
		return "Program", None
	return "Made by a User", None


def _owner(doc: Any) -> str | None:
	named = doc.get({"Lead": "lead_owner", "Customer": "account_manager"}.get(doc.doctype, ""))
	user = named or frappe.session.user
	return None if user in _NOBODY else user


def unknown(company: str | None = None) -> list[dict[str, Any]]:
	"""The Contacts, Leads and Customers of unknown origin, oldest first: {doctype, name, title, owner, creation, verified}.

	With the user's permissions; `company` leaves out Leads of others.
	"""
	found = []
	for doctype, title in (("Contact", "full_name"), ("Lead", "title"), ("Customer", "customer_name")):
		filters: dict[str, Any] = {"signflow_origin": ["is", "not set"]}
		if company and doctype == "Lead":
			filters["company"] = company
		if not frappe.has_permission(doctype, "read"):
			continue
		fields = ["name", f"{title} as title", "signflow_data_owner", "creation", "signflow_verified_on"]
		found += [
			{
				"doctype": doctype,
				"name": row.name,
				"title": row.title or row.name,
				"owner": row.signflow_data_owner,
				"creation": row.creation,
				"verified": row.signflow_verified_on,
			}
			for row in frappe.get_list(doctype, filters, fields, order_by="creation asc", limit_page_length=0)
		]
	return sorted(found, key=lambda row: (str(row["creation"]), row["doctype"], row["name"]))
