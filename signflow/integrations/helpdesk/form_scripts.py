"""HD Form Scripts of ours in HD Ticket, brought up to date as long as nobody edits them.

Helpdesk's pages run no client scripts of Desk. They run the enabled HD Form Scripts of HD Ticket by turns, as
`new Function(script + "return setupForm")()`, and show the actions that each returns; one that raises ends the others.
"""

import hashlib
import re

import frappe

from signflow.integrations.helpdesk import is_here

_MARK = "// Kept up to date by Signflow while nobody edits it; to take it off, disable it. {0}\n"


def keep(name: str, body: str, *, portal: bool = False) -> None:
	"""Make the script `name`, for agents or for the customer portal, or bring it up to date; what people have edited stays.

	Nothing where Helpdesk is not installed, or has no form scripts.
	"""
	if not is_here() or not frappe.db.exists("DocType", "HD Form Script"):
		return
	text = marked(body)
	if not frappe.db.exists("HD Form Script", name):
		frappe.get_doc(
			{
				"doctype": "HD Form Script",
				"dt": "HD Ticket",
				"apply_to": "Form",
				"enabled": 1,
				"apply_to_customer_portal": int(portal),
				"script": text,
			}
		).insert(ignore_permissions=True, set_name=name)
		return
	doc = frappe.get_doc("HD Form Script", name)
	if doc.script != text and not _is_edited(doc.script or ""):
		doc.script = text
		doc.save(ignore_permissions=True)


def take_away(name: str) -> None:
	"""Remove a script (before uninstall)."""
	if is_there(name):
		frappe.delete_doc("HD Form Script", name, force=True, ignore_permissions=True)


def is_there(name: str) -> bool:
	"""Whether the script stands on this site."""
	return bool(frappe.db.exists("DocType", "HD Form Script") and frappe.db.exists("HD Form Script", name))


def marked(body: str) -> str:
	"""A script's text as it is stored: its first line says whose it is, and what the rest was."""
	return _MARK.format(_digest(body)) + body


def _digest(body: str) -> str:
	# Frappe may strip what it stores.
	return hashlib.sha256(body.strip().encode()).hexdigest()[:16]


def _is_edited(text: str) -> bool:
	"""Whether a script is no longer what was stored: its first line names the digest of the rest."""
	first, _end, body = text.partition("\n")
	mark = re.fullmatch(re.escape(_MARK.strip()).replace(r"\{0\}", r"([0-9a-f]{16})"), first.strip())
	return not mark or mark.group(1) != _digest(body)
