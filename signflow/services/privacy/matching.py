"""Conditions of the query builder that find a mail, a telephone or a name however a column writes it.

Each finds too much rather than too little and alike on every database; `core.privacy.persons` judges what came. Wildcards
in what people type are neutralised: "%", "_", "\\" and letters that databases fold differently match any one sign.
"""

from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_
from typing import Any

import frappe
from pypika.functions import Lower
from pypika.terms import CustomFunction, Term

from signflow.core.privacy import persons

# What stands between a telephone number's digits.
SEPARATORS = (" ", "-", "(", ")", "\u00a0", ".", "/")
# So many values stand in one list; databases bound the parameters of a statement.
CHUNK = 500

_replace = CustomFunction("REPLACE", ["text", "what", "by"])


def any_of(conditions: Iterable[Any]) -> Any:
	"""All conditions joined by OR; None of none."""
	found = [condition for condition in conditions if condition is not None]
	return reduce(or_, found) if found else None


def chunks(values: Collection[str]) -> list[list[str]]:
	"""`values` in lists that one statement bears."""
	ordered = sorted(values)
	return [ordered[place : place + CHUNK] for place in range(0, len(ordered), CHUNK)]


def equals(column: Term, values: Collection[str]) -> Any:
	"""The column is one of `values`, capitals or not. On MariaDB an index of the column serves; None of no values."""
	if not values:
		return None
	if frappe.db.db_type == "mariadb":
		return column.isin(sorted(values))
	return Lower(column).isin(sorted(value.lower() for value in values))


def holds_text(column: Term, texts: Collection[str]) -> Any:
	"""The column holds one of `texts` anywhere, capitals or not."""
	return any_of(_like(column, f"%{_plain(text)}%") for text in sorted(texts))


def holds_name(column: Term, names: Collection[str]) -> Any:
	"""The column holds the words of one of `names`, first to last or last to first."""
	patterns = set()
	for name in names:
		words = [_plain(word) for word in name.split()]
		patterns |= {"%".join(["", *words, ""]), "%".join(["", *reversed(words), ""])}
	return any_of(_like(column, pattern) for pattern in sorted(patterns))


def holds_phone(column: Term, phones: Collection[str]) -> Any:
	"""The column holds one of `phones` (E.164), with or without country code, however its digits are set apart."""
	if not phones:
		return None
	bare = column
	for sign in SEPARATORS:
		bare = _replace(bare, sign, "")
	found = []
	for phone in sorted(phones):
		digits = persons.subscriber_digits(phone)
		# The last two digits stand together in every way of writing: most rows end there.
		found.append(column.like(f"%{digits[-2:]}%") & bare.like(f"%{digits}%"))
	return any_of(found)


def _plain(text: str) -> str:
	return "".join(sign if sign.isascii() and sign not in "%_\\" else "_" for sign in text)


def _like(column: Term, pattern: str) -> Any:
	return column.ilike(pattern) if frappe.db.db_type == "postgres" else column.like(pattern)
