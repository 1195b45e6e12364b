"""Install: refuse what cannot work, make the roles, leave the rest to the DocTypes."""

import frappe
from frappe import _
from frappe.permissions import setup_custom_perms
from frappe.utils.scheduler import is_scheduler_disabled

from signflow import custom_fields
from signflow.signflow.roles import OFFICER

ROLES = ("Signflow Manager", "Signflow User", OFFICER)
MODULES = ("Signflow", "Signflow Privacy")


def own_doctypes() -> list[str]:
	"""All of our DocTypes; those with rows of their own stand in hooks.py, where Frappe reads them."""
	return [*frappe.get_hooks("company_data_to_be_ignored", app_name="signflow"), "Signflow Settings"]


def before_install() -> None:
	"""Refuse a site where another app owns one of our DocType names: the last app would win and lose data."""
	taken = frappe.get_all(
		"DocType",
		filters={"name": ["in", own_doctypes()], "module": ["not in", MODULES]},
		fields=["name", "module"],
		order_by="name asc",
	)
	if taken:
		listed = ", ".join(f"{row.name} ({row.module})" for row in taken)
		frappe.throw(
			_("Signflow cannot be installed: another app already has these DocTypes: {0}.").format(listed)
		)


def after_install() -> None:
	"""Make the roles and our fields, fill in the settings, and say what the site still needs."""
	make_roles()
	let_officers_choose_companies()
	custom_fields.make()
	frappe.get_single("Signflow Settings").save(ignore_permissions=True)
	for problem in check_site():
		print(f"signflow: {problem}")


def make_roles() -> None:
	"""Make the roles that are not there."""
	for role in ROLES:
		if not frappe.db.exists("Role", role):
			frappe.get_doc({"doctype": "Role", "role_name": role, "desk_access": 1}).insert(
				ignore_permissions=True
			)


def let_officers_choose_companies() -> None:
	"""Let officers choose a company by its name wherever a field asks for one, and read no company (Frappe's right "select").

	Frappe lets an app add a right of another app's DocType only among custom ones, which begin as a copy of the standard.
	"""
	if frappe.db.exists("Custom DocPerm", {"parent": "Company", "role": OFFICER}):
		return
	setup_custom_perms("Company")
	right = {"doctype": "Custom DocPerm", "parent": "Company", "role": OFFICER, "permlevel": 0, "select": 1}
	# Both are given unless somebody says no.
	frappe.get_doc({**right, "read": 0, "export": 0}).insert(ignore_permissions=True)
	frappe.clear_cache(doctype="Company")


def after_migrate() -> None:
	"""Make roles and rights that a new version brings, and bring our fields of other apps' DocTypes up to date."""
	make_roles()
	let_officers_choose_companies()
	custom_fields.make()


def blocked_endpoints() -> str:
	"""That Helpdesk keeps signers and other guests from our endpoints, with the cure; "" if it does not.

	With `block_endpoints` in site_config.json Helpdesk (from 1.22 on) lets guests and users of the portal call its own
	endpoints, a list of the framework's, and those whose path has one of `allowed_custom_endpoints` (a list, or a text) in it.
	"""
	if not frappe.conf.block_endpoints:
		return ""
	allowed = frappe.conf.allowed_custom_endpoints or []
	if isinstance(allowed, str):
		allowed = frappe.parse_json(allowed) if allowed.lstrip().startswith("[") else [allowed]
	if any(one and str(one) in "/api/method/signflow." for one in allowed):
		return ""
	return _(
		'Helpdesk blocks endpoints here: add "signflow." to allowed_custom_endpoints in site_config.json.'
	)


def check_site() -> list[str]:
	"""What keeps signflow from working on this site, each with its cure."""
	blocked = blocked_endpoints()
	return [*([blocked] if blocked else []), *(text for text, _link in site_problems())]


def site_problems() -> list[tuple[str, str]]:
	"""What keeps signflow from working on this site and is cured in Desk: (text with its cure, where)."""
	problems = []
	if not frappe.db.exists("Email Account", {"enable_outgoing": 1, "default_outgoing": 1}):
		text = _("No default outgoing Email Account: invitations cannot leave.")
		problems.append((text, "/app/email-account"))
	if is_scheduler_disabled(verbose=False):
		text = _("The scheduler is off: reminders, expiry and what a killed worker left would wait for ever.")
		problems.append((text, "/app/system-settings"))
	return problems
