"""What the site holds of persons, by the map of personal data: which kinds lie in which DocType, and which are in use."""

import frappe

from signflow.core.privacy.datamap import DataMap, Holds
from signflow.services.privacy import data_map

# A link to a person's record says nothing by itself that the record does not say.
UNTOLD = {Holds.PERSON}


def held_kinds(found: DataMap | None = None) -> dict[str, set[Holds]]:
	"""The kinds of data by DocType, those of child tables under each of their parents; `found` is by default the site's map."""
	kinds: dict[str, set[Holds]] = {}
	for one in data_map.load() if found is None else found:
		own = {field.holds for field in one.fields.values()} - UNTOLD
		for name in one.parents if one.is_child else (one.doctype,):
			if own:
				kinds.setdefault(name, set()).update(own)
	return kinds


def in_use(doctype: str, company: str) -> bool:
	"""Whether the site has a record of `doctype` that `company` may hold: one of its own where records name a company."""
	if not frappe.db.exists("DocType", doctype):
		return False
	meta = frappe.get_meta(doctype)
	# Settings are the house's own; virtual records lie elsewhere.
	if meta.issingle or meta.istable or meta.get("is_virtual") or not frappe.db.table_exists(doctype):
		return False
	field = meta.get_field("company")
	own = (
		bool(field)
		and field.fieldtype == "Link"
		and field.options == "Company"
		and not field.get("is_virtual")
	)
	filters = {"company": company} if own else {}
	return bool(frappe.get_all(doctype, filters, limit=1, pluck="name", order_by="name asc"))
