"""The DocTypes there are: upstream's from recorded facts, signflow's and the stand-ins' from their files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = Path(__file__).parent / "upstream"
RELEASES = ("frappe-15", "erpnext-15.90", "helpdesk-1.14", "helpdesk-1.28")
STAND_INS = {"erpnext": "erpnext-15.90", "helpdesk": "helpdesk-1.14"}

# Fields of the recorded ERPNext tree that no released ERPNext has (upstream/README.md).
NOT_UPSTREAM = {
	"Payment Entry": {"is_customer_deposit"},
	"POS Invoice": {"use_deposit", "deposit_used"},
	"Item": {"is_offer"},
}

# Frappe gives these to every DocType.
STANDARD_FIELDS = frozenset(
	"name owner creation modified modified_by docstatus idx doctype parent parentfield parenttype"
	" _user_tags _comments _assign _liked_by _seen".split()
)
LAYOUT = frozenset(
	("Section Break", "Column Break", "Tab Break", "HTML", "Button", "Heading", "Fold", "Image")
)
TABLES = ("Table", "Table MultiSelect")


@dataclass
class Doctype:
	"""One DocType: its properties as recorded and its data fields by name."""

	name: str
	properties: dict
	fields: dict[str, dict]

	def has(self, fieldname: str) -> bool:
		return fieldname in STANDARD_FIELDS or fieldname in self.fields

	def target(self, fieldname: str) -> str | None:
		"""The DocType that a Link or Table field points to."""
		row = self.fields.get(fieldname, {})
		return row.get("options") if row.get("fieldtype") in ("Link", *TABLES) else None


# Tables of Frappe's that no DocType describes.
PLAIN_TABLES = {"Singles": {"doctype", "field", "value"}}


@dataclass
class Catalogue:
	"""Every DocType that code may name: `own` ones, and for each foreign one the releases that know it."""

	own: dict[str, Doctype] = field(default_factory=dict)
	foreign: dict[str, dict[str, Doctype]] = field(default_factory=dict)
	# What signflow's custom_fields.py adds to foreign DocTypes.
	added: dict[str, set[str]] = field(default_factory=dict)

	def knows(self, doctype: str) -> bool:
		return doctype in self.own or doctype in self.foreign or doctype in PLAIN_TABLES

	def is_foreign(self, doctype: str) -> bool:
		return doctype in self.foreign and doctype not in self.own

	def has_field(self, doctype: str, fieldname: str) -> bool:
		if doctype in self.own:
			return self.own[doctype].has(fieldname)
		known = self.added.get(doctype, set()) | PLAIN_TABLES.get(doctype, set())
		return fieldname in known or any(
			record.has(fieldname) for record in self.foreign.get(doctype, {}).values()
		)

	def target(self, doctype: str, fieldname: str) -> str | None:
		records = [self.own[doctype]] if doctype in self.own else self.foreign.get(doctype, {}).values()
		return next((hit for record in records if (hit := record.target(fieldname))), None)


def from_json(name: str, data: dict) -> Doctype:
	rows = [row for row in data.get("fields", ()) if row["fieldtype"] not in LAYOUT]
	absent = NOT_UPSTREAM.get(name, ())
	return Doctype(name, data, {row["fieldname"]: row for row in rows if row["fieldname"] not in absent})


@cache
def release(name: str) -> dict[str, Doctype]:
	"""The DocTypes of one recorded release."""
	data = json.loads((UPSTREAM / f"{name}.json").read_text(encoding="utf-8"))
	return {doctype: from_json(doctype, record) for doctype, record in data.items()}


def doctype_files(app: Path) -> Iterable[tuple[Path, dict]]:
	"""Every DocType JSON under an app's package, with its path."""
	for path in sorted(app.glob("*/doctype/*/*.json")):
		data = json.loads(path.read_text(encoding="utf-8"))
		if data.get("doctype") == "DocType":
			yield path, data


def catalogue(package: Path, added: dict[str, set[str]] | None = None) -> Catalogue:
	"""What the app in `package` may name."""
	own = {data["name"]: from_json(data["name"], data) for _, data in doctype_files(package)}
	foreign: dict[str, dict[str, Doctype]] = {}
	for name in RELEASES:
		for doctype, record in release(name).items():
			foreign.setdefault(doctype, {})[name] = record
	return Catalogue(own, foreign, added or {})
