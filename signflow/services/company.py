"""Which company acts, and how it shows itself."""

import frappe
from frappe import _
from frappe.permissions import get_allowed_docs_for_doctype


def default_company() -> str | None:
	"""The user's default company, or the only one there is."""
	company = frappe.defaults.get_user_default("Company")
	if company:
		return company
	companies = frappe.get_all("Company", pluck="name", limit=2, order_by="creation asc")
	return companies[0] if len(companies) == 1 else None


def companies_of(doctype: str) -> list[str]:
	"""The companies whose records of `doctype` the user may see: all, unless User Permissions limit him to some.

	Not a question of reading Company, which a data protection officer may have no role for.
	"""
	names = frappe.get_all("Company", pluck="name", order_by="name asc")
	allowed = _limits(doctype, frappe.session.user)
	return [name for name in names if not allowed or name in allowed]


def may_see(user: str, doctype: str, company: str | None) -> bool:
	"""Whether a user's own permissions (User Permission) let him see a company's records of `doctype`."""
	allowed = _limits(doctype, user)
	return not company or not allowed or company in allowed


def _limits(doctype: str, user: str) -> list[str]:
	limits = frappe.permissions.get_user_permissions(user).get("Company")
	return get_allowed_docs_for_doctype(limits, doctype) if limits else []


def require_company(company: str, doctype: str) -> None:
	"""Raise PermissionError for a company that there is not, or whose records of `doctype` the user may not see."""
	if company not in companies_of(doctype):
		frappe.throw(_("No such company, or not one of yours."), frappe.PermissionError)


def own_name() -> str:
	"""How we call ourselves where no record says which company speaks: the default company, else the site's address."""
	return default_company() or frappe.utils.get_url().partition("://")[2]


def contact(company: str | None = None, *, about_data: bool = False) -> dict[str, str]:
	"""Where persons reach us in another way than by a page: {mail, phone}, "" where the site does not say.

	`about_data`: the settings' contact for data matters goes before the company's own address; else it stands in for it.
	"""
	company = company or default_company()
	ours = frappe.get_cached_doc("Company", company) if company else frappe._dict()
	for_data, own = frappe.get_cached_doc("Signflow Settings").privacy_contact, ours.get("email")
	mail = (for_data or own) if about_data else (own or for_data)
	return {"mail": mail or "", "phone": ours.get("phone_no") or ""}


def write_to(text: str, *, about_data: bool = False) -> str:
	"""`text`, which asks its reader to write to us, with the address and telephone behind it."""
	known = contact(about_data=about_data)
	return " ".join([text, ", ".join(filter(None, (known["mail"], known["phone"])))]).strip()


def house(company: str | None) -> dict[str, str]:
	"""What mails, pages and documents show of a company: {name, logo}; the settings' logo before its own."""
	logo = frappe.get_cached_doc("Signflow Settings").logo
	if not logo and company:
		logo = frappe.get_cached_value("Company", company, "company_logo")
	return {"name": company or "", "logo": public_file(logo)}


def public_file(address: str | None) -> str:
	"""`address` if everybody may read what lies there, else ""."""
	return address if (address or "").startswith(("/files/", "/assets/")) else ""
