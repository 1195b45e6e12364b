"""The ledger of erasures: keyed hashes alone, by which what was erased is found again in a restored backup.

It stands in the database and, since a restore brings back an older database, line by line in a file of the site's private
folder as well. The key is the site's own: without its configuration the hashes say nothing.
"""

import json
from pathlib import Path
from typing import Any

import frappe
from frappe.utils import now_datetime

ENTRY = "Erasure Ledger Entry"


def note(erasing: Any, lines: list[Any]) -> None:
	"""Write down, in the caller's transaction, that the records of `lines` were erased or masked."""
	now = now_datetime()
	own = {tuple(record) for record in erasing.told.get("records", ())}
	entries = [
		{
			"name": frappe.generate_hash(length=16),
			"creation": now,
			"modified": now,
			"owner": "Administrator",
			"modified_by": "Administrator",
			"docstatus": 0,
			"erased_on": now,
			"document_type": line.record_doctype,
			"action": line.action,
			"plan": erasing.plan,
			"company": erasing.company,
			"neutral": erasing.neutral.name,
			"record_hash": line.record_hash,
			"is_own": int((line.record_doctype, line.record_name) in own),
			"string_hashes": None,
		}
		for line in lines
		if line.record_hash
	]
	write(entries)


def write(entries: list[dict[str, Any]]) -> None:
	"""Insert entries, and append them to the file when they are committed."""
	if not entries:
		return
	frappe.db.bulk_insert(ENTRY, list(entries[0]), [list(one.values()) for one in entries], chunk_size=500)
	kept = ("erased_on", "document_type", "action", "plan", "company", "neutral", "record_hash", "is_own")
	told = "".join(
		json.dumps({key: str(one[key]) if one[key] is not None else None for key in (*kept, "string_hashes")})
		+ "\n"
		for one in entries
	)
	frappe.db.after_commit.add(lambda: _append(told))


def path() -> Path:
	"""The ledger's file."""
	return Path(frappe.get_site_path("private", "erasure-ledger.jsonl"))


def _append(told: str) -> None:
	with path().open("a", encoding="utf-8") as out:
		out.write(told)
