"""What the answers of a signable form say about a party: mapped, cleaned, and fit for ERPNext's fields."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import frappe
from babel import Locale
from frappe import _
from frappe.utils import cint, cstr, flt, get_datetime, getdate, sbool

from signflow.services.suggestions import suggest_mapping
from signflow.signflow.addresses import one_address
from signflow.signflow.mapping import value_of

DATA_LENGTH = 140
_PHONE = re.compile(r"[0-9 +_\-,.*#()]{1,20}")


@dataclass
class Answers:
	"""The values for each target DocType, and which of them replace what is there."""

	values: dict[str, dict[str, Any]] = field(default_factory=dict)
	replacing: set[tuple[str, str]] = field(default_factory=set)

	def of(self, target: str, *without: str) -> dict[str, Any]:
		"""The values for one DocType, by field name."""
		return {name: value for name, value in self.values.get(target, {}).items() if name not in without}

	def first(self, *places: tuple[str, str]) -> Any:
		"""The first of several places that has a value, else None."""
		return next((self.values[at][name] for at, name in places if name in self.values.get(at, {})), None)

	def replaces(self, target: str, name: str) -> bool:
		return (target, name) in self.replacing


def answers_of(form: Any, doc: Any) -> Answers:
	"""Read the record `doc` as the rows of `form.mapping` say, or as `suggest_mapping` guesses when there are none.

	Where two rows name one field, the first that gives a value counts. Raises frappe.ValidationError that names the
	field whose value ERPNext would refuse.
	"""
	answers = Answers()
	for row in form.mapping or [frappe._dict(row) for row in suggest_mapping(form)]:
		taken = answers.values.setdefault(row.target, {})
		value = fitting(row.target, row.target_field, value_of(row, doc))
		if value not in (None, "") and row.target_field not in taken:
			taken[row.target_field] = value
			if row.merge == "Replace":
				answers.replacing.add((row.target, row.target_field))
	return answers


def fitting(target: str, name: str, value: Any) -> Any:
	"""`value` as the field `name` of `target` takes it; raises frappe.ValidationError that names the field."""
	if value is None or (isinstance(value, str) and not value.strip()):
		return None
	docfield = frappe.get_meta(target).get_field(name)
	if not docfield:
		refuse(target, name, _("there is no such field"))
	kind = docfield.fieldtype
	if kind in ("Date", "Datetime"):
		try:
			return getdate(value) if kind == "Date" else get_datetime(value)
		except (ValueError, TypeError, OverflowError, frappe.ValidationError):
			refuse(target, name, _("{0} is no date").format(plain(value)))
	if kind in ("Int", "Float", "Currency", "Percent", "Duration"):
		try:
			float(cstr(value).replace(",", ".").replace(" ", ""))
		except ValueError:
			refuse(target, name, _("{0} is no number").format(plain(value)))
		number = cstr(value).replace(",", ".").replace(" ", "")
		return cint(number) if kind == "Int" else flt(number)
	if kind == "Check":
		return int(sbool(cstr(value)) in (True, 1))
	if kind in ("Small Text", "Text", "Long Text", "Text Editor"):
		return cstr(value)
	return _line_of_text(target, docfield, plain(value))


def _line_of_text(target: str, docfield: Any, text: str) -> str:
	name, kind = docfield.fieldname, docfield.fieldtype
	if kind == "Select" and text not in (docfield.options or "").split("\n"):
		refuse(target, name, _("{0} is not one of its options").format(text))
	if kind == "Link":
		text = country_named(text) if docfield.options == "Country" else text
		if not frappe.db.exists(docfield.options, text):
			refuse(target, name, _("there is no {0} {1}").format(_(docfield.options), text))
	if docfield.options == "Phone" or kind == "Phone":
		text = telephone(text)
		if not _PHONE.fullmatch(text):
			refuse(
				target,
				name,
				_("{0} is no telephone number: digits, spaces and +-() only, 20 at most").format(text),
			)
	if docfield.options == "Email" and not one_address(text):
		refuse(target, name, _("{0} is no mail address").format(text))
	if len(text) > (longest := docfield.length or DATA_LENGTH):
		refuse(target, name, _("{0} characters, at most {1} fit").format(len(text), longest))
	return text


def refuse(target: str, name: str, problem: str) -> None:
	"""Raise frappe.ValidationError that says which answer cannot be used, and why."""
	label = frappe.get_meta(target).get_label(name)
	frappe.throw(
		_("The answer for {0}, field {1} ({2}), cannot be used: {3}.").format(
			_(target), _(label), name, problem
		)
	)


def plain(value: Any) -> str:
	"""One line of text without control characters; angle brackets become typographic ones.

	Frappe refuses records whose names hold < or >, and so nothing of a name is ever read as HTML.
	"""
	text = unicodedata.normalize("NFC", cstr(value))
	text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
	# Format characters turn texts around or hide; names of people are written without.
	text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn"))
	return " ".join(text.replace("<", "‹").replace(">", "›").split())


def telephone(text: str) -> str:
	"""A telephone number with plain hyphens and, when it is long, without spaces."""
	text = re.sub(r"[‐-―−]", "-", text)
	return text if len(text) <= 20 else text.replace(" ", "")


def country_named(text: str) -> str:
	"""The Country by its name in English, Finnish or Swedish, or by its code of two letters; else `text` itself."""
	wanted = text.casefold()
	territories = [Locale(language).territories for language in ("en", "fi", "sv")]
	for row in frappe.get_all("Country", fields=["name", "code"], order_by="name asc"):
		code = cstr(row.code)
		called = [names.get(code.upper(), "") for names in territories]
		if wanted in (row.name.casefold(), code.casefold(), *(name.casefold() for name in called)):
			return row.name
	return text
