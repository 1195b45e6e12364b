"""Our HD Form Script: the actions in a ticket, on the agents' side.

Helpdesk's pages run no client scripts of Desk. They run the enabled HD Form Scripts of HD Ticket by turns, as
`new Function(script + "return setupForm")()`, and show the actions that each returns; one that raises ends the others.
"""

import hashlib
import re
from pathlib import Path

import frappe

from signflow.integrations.helpdesk import is_here

SCRIPT = "Signflow Ticket Actions"
_FILE = Path(__file__).with_suffix(".js")
_MARK = "// Kept up to date by Signflow while nobody edits it; to take it off, disable it. {0}\n"


def offer(*_args: object) -> None:
	"""Make the script, or bring it up to date, where Helpdesk is installed; one that people have edited stays as it is.

	After install and migrate of ours, and after any app's installation.
	"""
	if not is_here() or not frappe.db.exists("DocType", "HD Form Script"):
		return
	text = _marked(_FILE.read_text(encoding="utf-8"))
	if not frappe.db.exists("HD Form Script", SCRIPT):
		frappe.get_doc(
			{
				"doctype": "HD Form Script",
				"dt": "HD Ticket",
				"apply_to": "Form",
				"enabled": 1,
				"script": text,
			}
		).insert(ignore_permissions=True, set_name=SCRIPT)
		return
	doc = frappe.get_doc("HD Form Script", SCRIPT)
	if doc.script != text and not _is_edited(doc.script or ""):
		doc.script = text
		doc.save(ignore_permissions=True)


def _marked(body: str) -> str:
	return _MARK.format(_digest(body)) + body


def _digest(body: str) -> str:
	# Frappe may strip what it stores.
	return hashlib.sha256(body.strip().encode()).hexdigest()[:16]


def _is_edited(text: str) -> bool:
	"""Whether a script is no longer what was stored: its first line names the digest of the rest."""
	first, _end, body = text.partition("\n")
	mark = re.fullmatch(re.escape(_MARK.strip()).replace(r"\{0\}", r"([0-9a-f]{16})"), first.strip())
	return not mark or mark.group(1) != _digest(body)


def take_away() -> None:
	"""Remove the script (before uninstall)."""
	if frappe.db.exists("DocType", "HD Form Script") and frappe.db.exists("HD Form Script", SCRIPT):
		frappe.delete_doc("HD Form Script", SCRIPT, force=True, ignore_permissions=True)
