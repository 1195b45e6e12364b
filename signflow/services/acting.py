"""Doing something in another user's name: what a guest's answer sets off is the house's work, with its permissions."""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe

_KEPT = ("cache", "form_dict", "jenv", "role_permissions", "new_doc_templates", "user_perms")


@contextmanager
def acting_as(user: str) -> Iterator[None]:
	"""Run the block as `user`; the caller's session, arguments and language are back afterwards, whatever happens."""
	session = dict(frappe.local.session)
	kept = {name: getattr(frappe.local, name, None) for name in _KEPT}
	lang = frappe.local.lang
	frappe.set_user(user)
	frappe.local.form_dict = kept["form_dict"]
	try:
		yield
	finally:
		frappe.local.session.update(session)
		for name, value in kept.items():
			setattr(frappe.local, name, value)
		frappe.local.lang = lang
