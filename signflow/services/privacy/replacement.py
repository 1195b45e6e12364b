"""What speaks of people in the database replaced by made-up values, table by table, names and links with them."""

import ipaddress
import json
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import frappe

from signflow.core.privacy.datamap import LISTS_OF_USERS, Holds, PersonalField
from signflow.core.privacy.kinds import LETTERS, STRUCTURE, Field, Table
from signflow.core.privacy.madeup import IBAN, IDENTITY_CODE, Known, MadeUp
from signflow.services.privacy import data_map
from signflow.services.privacy.keeping import REFERENCES

CHUNK = 500
NOT_PEOPLE = ("Administrator", "Guest")
SHORT = ("Data", "Link", "Dynamic Link", "Select", "Read Only", "Phone", "Autocomplete", "Barcode")
FILE_URL = re.compile(r"/(?:private/)?files/[^\s\"'<>()\\]+")


Change = Callable[[Any, dict[str, Any]], Any]


class Replacement:
	"""One run: the map, the made-up values, and what stands in which column of which table."""

	def __init__(self) -> None:
		self.map = data_map.load()
		self.tables: dict[str, Table] = data_map.site_tables()
		self.made = MadeUp()
		self.known = Known()
		self.urls: dict[str, str] = {}
		self._scrubbed_names = lru_cache(maxsize=200_000)(self._scrubbed)
		self.rename = lru_cache(maxsize=500_000)(self._rename)
		self._lengths = {
			(row.parent, row.fieldname): row.length
			for kind, parent in (("DocField", "parent"), ("Custom Field", "dt as parent"))
			for row in frappe.get_all(
				kind,
				filters={"length": [">", 0]},
				fields=[parent, "fieldname", "length"],
				order_by="name asc",
			)
		}
		self._learn()

	def _learn(self) -> None:
		"""Names and numbers of people from their own fields, to find them in other texts."""
		for mapped in self.map:
			if mapped.is_single or not frappe.db.table_exists(mapped.doctype):
				continue
			columns = frappe.db.get_table_columns(mapped.doctype)
			for one in mapped.holding(Holds.NAME, Holds.PHONE):
				if one.fieldname not in columns or one.fieldtype not in LETTERS:
					continue
				table = frappe.qb.DocType(mapped.doctype)
				for (value,) in frappe.qb.from_(table).select(table[one.fieldname]).distinct().run():
					if value and one.holds is Holds.NAME:
						self.known.add_name(str(value))
					elif value:
						self.known.add_phone(str(value))

	# Names and addresses

	def named_after_people(self, doctype: str) -> bool:
		"""Whether the names of its records are made of what a personal field holds."""
		return doctype in self.map and self.map[doctype].named_by in self.map[doctype].fields

	def _rename(self, doctype: str, name: str) -> str:
		if name in NOT_PEOPLE or doctype not in self.map or doctype in STRUCTURE:
			return name
		if doctype == "User" and "@" in name:
			return self.made.mail(name)
		made = self.made.addresses(name) if self.named_after_people(doctype) else self.scrubbed(name)
		return self.made.fitting(made, name)

	def url(self, original: str) -> str:
		"""The new address of a local file."""
		bare = original.split("?", 1)[0]
		if bare not in self.urls:
			folder, _slash, name = bare.rpartition("/")
			self.urls[bare] = (
				f"{folder}/{self.made.hexadecimal('file', bare)}{Path(name).suffix.lower()[:10]}"
			)
		return self.urls[bare]

	def scrubbed(self, text: str) -> str:
		"""A text of which only what speaks of people is replaced."""
		return self._scrubbed_names(text) if len(text) <= 140 else self._scrubbed(text)

	def _scrubbed(self, text: str) -> str:
		text = FILE_URL.sub(lambda found: self.url(found[0]), text)
		return self.made.scrubbed(text, self.known)

	# Tables

	def replace_table(self, table: Table) -> int:
		"""Replace what a table's rows say of people; how many rows were changed."""
		if not frappe.db.table_exists(table.doctype):
			return 0
		present = set(frappe.db.get_table_columns(table.doctype))
		changes = {name: change for name, change in self._changes_of(table).items() if name in present}
		if not changes:
			return 0
		needed = {
			"name",
			*changes,
			*(present & {"parenttype", "is_folder"}),
			*(present & self._types_of(table)),
		}
		queried = frappe.qb.DocType(table.doctype)
		names = [row[0] for row in frappe.qb.from_(queried).select(queried.name).orderby(queried.name).run()]
		count = 0
		for start in range(0, len(names), CHUNK):
			chunk = names[start : start + CHUNK]
			rows = (
				frappe.qb.from_(queried)
				.select(*(queried[column] for column in sorted(needed)))
				.where(queried.name.isin(chunk))
				.run(as_dict=True)
			)
			for row in rows:
				count += self._replace_row(queried, row, changes)
			# Frappe refuses very long transactions, since they lock others out: on a copy there are none.
			frappe.db.transaction_writes = 0
		return count

	def _replace_row(self, queried: Any, row: dict[str, Any], changes: dict[str, Change]) -> int:
		found = {}
		for column, change in changes.items():
			value = row[column]
			if value in (None, ""):
				continue
			made = change(value, row)
			if made != value:
				found[column] = made
		if not found:
			return 0
		query = frappe.qb.update(queried)
		for column, value in found.items():
			query = query.set(queried[column], value)
		query.where(queried.name == row["name"]).run()
		return 1

	def _types_of(self, table: Table) -> set[str]:
		fields = {one.options for one in table.fields if one.fieldtype == "Dynamic Link"}
		fields |= {kind for kind, _name in REFERENCES}
		if table.doctype in self.map:
			fields |= {one.type_field for one in self.map[table.doctype].fields.values() if one.type_field}
		return fields

	def _changes_of(self, table: Table) -> dict[str, Change]:
		"""For each column that may speak of people, what becomes of its values."""
		name = table.doctype
		found: dict[str, Change] = {
			"owner": self._link("User"),
			"modified_by": self._link("User"),
			"_comments": lambda _value, _row: None,
			"_user_tags": lambda value, _row: self.scrubbed(str(value)),
			**dict.fromkeys(LISTS_OF_USERS, self._list_of_users),
		}
		if name in STRUCTURE:
			users = [
				one.fieldname for one in table.fields if (one.fieldtype, one.options) == ("Link", "User")
			]
			return found | dict.fromkeys(users, self._link("User"))
		personal = self.map[name].fields if name in self.map else {}
		for one in table.fields:
			change = self._change_of(one, personal.get(one.fieldname))
			if change:
				found[one.fieldname] = self._cut(name, one, change)
		for kind, reference in REFERENCES:
			by_name = {one.fieldname for one in table.fields}
			if kind in by_name and reference in by_name:
				found[reference] = self._dynamic(kind)
		if table.is_child:
			found["parent"] = self._dynamic("parenttype")
		if name in self.map:
			found["name"] = self._link(name)
		if name == "File":
			found |= {
				"file_url": lambda value, _row: self.url(value) if value.startswith("/") else "",
				"file_name": self._file_name,
				"content_hash": lambda _value, _row: None,
			}
		if name == "DefaultValue":
			found |= {"parent": self._link("User"), "defvalue": lambda value, _row: self.scrubbed(str(value))}
		return found

	def _file_name(self, value: str, row: dict[str, Any]) -> str:
		if row.get("is_folder"):
			return str(self.scrubbed(value))
		url = row.get("file_url") or ""
		return self.url(url).rpartition("/")[2] if url.startswith("/") else str(self.made.text(value))

	def _cut(self, doctype: str, one: Field, change: Change) -> Change:
		most = self._lengths.get((doctype, one.fieldname)) or (140 if one.fieldtype in SHORT else 0)
		if not most or one.fieldtype not in (*LETTERS, "Select"):
			return change

		def cut(value: Any, row: dict[str, Any]) -> Any:
			made = change(value, row)
			return self.made.fitting(made, str(value), most) if isinstance(made, str) else made

		return cut

	def _change_of(self, one: Field, personal: PersonalField | None) -> Change | None:
		if one.fieldtype == "Link":
			return self._link(one.options) if one.options in self.map else None
		if one.fieldtype == "Dynamic Link":
			return self._dynamic(one.options)
		if not personal:
			return (lambda value, _row: self.scrubbed(str(value))) if one.fieldtype in LETTERS else None
		if personal.type_field:
			return self._dynamic(personal.type_field)
		if one.fieldtype in ("Date", "Datetime"):
			dates = (Holds.BIRTH_DATE, Holds.IDENTITY_CODE)
			return self._birth_date if personal.holds in dates else None
		if one.fieldtype == "Select":
			options = one.options.split("\n")
			kinds = (Holds.SPECIAL, Holds.OTHER)
			return (lambda value, _row: self.made.choice(value, options)) if personal.holds in kinds else None
		if one.fieldtype not in LETTERS:
			return None
		by_kind = self._by_kind(personal.holds)
		if one.fieldtype in ("Code", "JSON"):
			return lambda value, _row: self._structured(str(value), by_kind)
		return lambda value, _row: by_kind(str(value))

	def _by_kind(self, holds: Holds) -> Callable[[str], str]:
		made = self.made
		return {
			Holds.NAME: made.addresses,
			Holds.EMAIL: made.addresses,
			Holds.PERSON: made.addresses,
			Holds.PHONE: made.phone,
			Holds.IDENTITY_CODE: lambda v: (
				made.identity_code(v) if IDENTITY_CODE.fullmatch(v.strip()) else made.text(v)
			),
			Holds.IDENTITY_HASH: lambda v: made.hexadecimal("hash", v)[: len(v)],
			Holds.BANK_ACCOUNT: lambda v: made.iban(v) if IBAN.fullmatch(v.strip().upper()) else made.text(v),
			Holds.BUSINESS_ID: lambda v: (
				made.business_id(v) if len(re.sub(r"\D", "", v)) > 6 else made.text(v)
			),
			Holds.ONLINE_ID: self._online,
			Holds.IMAGE: self._attached,
			Holds.FILE: self._attached,
			Holds.SIGNATURE: lambda v: "",
		}.get(holds, made.text)

	def _link(self, doctype: str) -> Change:
		return lambda value, _row: self.rename(doctype, str(value)) if isinstance(value, str) else value

	def _dynamic(self, type_field: str) -> Change:
		def change(value: Any, row: dict[str, Any]) -> Any:
			return self.rename(row.get(type_field) or "", value) if isinstance(value, str) else value

		return change

	def _list_of_users(self, value: Any, _row: dict[str, Any]) -> Any:
		return self.made.addresses(value) if "@" in value else value

	def _birth_date(self, value: Any, _row: dict[str, Any]) -> Any:
		if not isinstance(value, date):
			return value
		made = self.made.birth_date(value.date() if isinstance(value, datetime) else value)
		return datetime(made.year, made.month, made.day) if isinstance(value, datetime) else made

	def _online(self, value: str) -> str:
		try:
			ipaddress.ip_address(value.strip())
		except ValueError:
			if re.match(r"https?://|www\.", value):
				return f"https://{self.made.word(value)}.example/"
			return self.made.addresses(value) if "@" in value else self.made.text(value)
		# TEST-NET-1 (RFC 5737).
		return f"192.0.2.{int(self.made.hexadecimal('ip', value)[:2], 16)}"

	def _attached(self, value: str) -> str:
		return self.url(value) if FILE_URL.fullmatch(value.split("?", 1)[0]) else ""

	def _structured(self, value: str, plain: Callable[[str], str]) -> str:
		try:
			content = json.loads(value)
		except ValueError:
			return plain(value)
		return json.dumps(self._walked(content), ensure_ascii=False)

	def _walked(self, value: Any) -> Any:
		if isinstance(value, dict):
			return {key: self._walked(one) for key, one in value.items()}
		if isinstance(value, list):
			return [self._walked(one) for one in value]
		return self.made.text(value) if isinstance(value, str) else value

	def replace_singles(self) -> None:
		"""The values of singles, which stand in one table of the framework's."""
		singles = frappe.qb.Table("tabSingles")
		by_name = {table.doctype: table for table in self.tables.values() if table.is_single}
		rows = (
			frappe.qb.from_(singles).select(singles.doctype, singles.field, singles.value).run(as_dict=True)
		)
		values: dict[str, dict[str, Any]] = defaultdict(dict)
		for row in rows:
			values[row.doctype][row.field] = row.value
		for doctype, fields in values.items():
			table = by_name.get(doctype)
			if not table:
				continue
			changes = self._changes_of(table)
			for fieldname, value in fields.items():
				if fieldname not in changes or value in (None, ""):
					continue
				made = changes[fieldname](value, fields)
				if made != value:
					frappe.qb.update(singles).set(singles.value, made).where(
						(singles.doctype == doctype) & (singles.field == fieldname)
					).run()
