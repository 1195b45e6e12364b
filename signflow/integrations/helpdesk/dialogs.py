"""What an action in a ticket asks before it does its work, as plain data: the ticket's page draws it, whatever it is."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import frappe
from frappe import _

from signflow.services.company import companies_of, default_company


@dataclass
class Option:
	"""One choice of a field."""

	value: str
	label: str
	checked: bool = False


@dataclass
class Field:
	"""One thing that is asked. `type` is "select" (one of `options`), "checks" (any of them) or "text".

	With `only_with` (another field's name, a choice of it) it is shown while that choice is made.
	"""

	name: str
	type: str
	label: str
	options: list[Option] = field(default_factory=list)
	value: str = ""
	only_with: tuple[str, str] | None = None


@dataclass
class Asked:
	"""A dialog: `notes` are read, `fields` filled in; `submit` is its button's text, "" if nothing can be done."""

	title: str
	submit: str
	fields: list[Field] = field(default_factory=list)
	notes: list[str] = field(default_factory=list)

	def as_dict(self) -> dict[str, Any]:
		return asdict(self)


@dataclass
class Answers:
	"""What came back, held against what was offered: nothing else is taken."""

	asked: Asked
	values: dict[str, Any]

	def one(self, name: str) -> str:
		"""A field's answer as text; raises ValidationError for a choice that was not offered."""
		given = self.values.get(name)
		text = given.strip() if isinstance(given, str) else ""
		asked = self._field(name)
		if asked and asked.type == "select" and text not in {one.value for one in asked.options}:
			frappe.throw(_("{0}: {1} is not one of the choices.").format(asked.label, text[:60]))
		return text if asked else ""

	def many(self, name: str) -> list[str]:
		"""The choices made of a field of checks, in the order in which they were offered."""
		given = self.values.get(name)
		chosen = {str(one) for one in given} if isinstance(given, list) else {str(given)} if given else set()
		asked = self._field(name)
		return [one.value for one in (asked.options if asked else []) if one.value in chosen]

	def _field(self, name: str) -> Field | None:
		return next((one for one in self.asked.fields if one.name == name), None)


def options(values: Iterable[tuple[str, str]], chosen: str = "") -> list[Option]:
	"""Choices of (value, label), the one chosen first marked."""
	return [Option(value, label, value == chosen) for value, label in values]


def company_field(doctype: str) -> list[Field]:
	"""Which company acts, where the user may choose among several for a record of `doctype`."""
	names = companies_of(doctype)
	if len(names) < 2:
		return []
	named = options([(one, one) for one in names], default_company() or "")
	return [Field("company", "select", _("Company"), named)]


def chosen_company(answers: Answers, doctype: str) -> str | None:
	"""The company that was chosen, else the only one there is to choose, else the user's own."""
	names = companies_of(doctype)
	return answers.one("company") or (names[0] if len(names) == 1 else default_company())


def language_field(chosen: str) -> Field:
	"""In which language the person is written to."""
	named = [("fi", "Suomi"), ("sv", "Svenska"), ("en", "English")]
	return Field("language", "select", _("Language"), options(named, chosen))
