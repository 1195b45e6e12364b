"""What people of the house are told inside Desk, each in his own language."""

from collections.abc import Callable
from typing import Any

import frappe
from frappe.translate import print_language
from frappe.utils.user import get_users_with_role

from signflow.services.company import may_see
from signflow.signflow.roles import OFFICER


def officers(doctype: str, company: str | None = None) -> list[str]:
	"""The users who answer for personal data, who may see the company's records of `doctype`: the officers, where there is
	none the managers."""
	for role in (OFFICER, "Signflow Manager"):
		if users := [one for one in sorted(set(get_users_with_role(role))) if may_see(one, doctype, company)]:
			return users
	return []


def language_of(user: str, otherwise: str = "en") -> str:
	"""The language that a user reads."""
	return frappe.db.get_value("User", user, "language") or otherwise


def notify(
	user: str,
	record: tuple[str, str],
	subject: Callable[[], str],
	*,
	otherwise: str = "en",
	link: str | None = None,
) -> None:
	"""Put a notice about `record` (DocType, name) into a user's notifications (and mail, by his own settings).

	`subject` is called in the user's language (`otherwise` if he has none): who acts may well read another one.
	"""
	with print_language(language_of(user, otherwise)):
		frappe.get_doc(
			{
				"doctype": "Notification Log",
				"type": "Alert",
				"for_user": user,
				"from_user": user,
				"document_type": record[0],
				"document_name": record[1],
				"link": link,
				"subject": subject(),
			}
		).insert(ignore_permissions=True)


def give_todo(user: str, record: tuple[str, str], html: Callable[[], str], due: Any, **more: Any) -> None:
	"""Leave something about `record` to a user, until the day `due`; `html` is called in the user's language."""
	with print_language(language_of(user)):
		frappe.get_doc(
			{
				"doctype": "ToDo",
				"allocated_to": user,
				"description": html(),
				"reference_type": record[0],
				"reference_name": record[1],
				"date": due,
				**more,
			}
		).insert(ignore_permissions=True)
