"""Conditions of the query builder that find a mail, a telephone or a name however a column writes it.

Each finds too much rather than too little and alike on every database; `core.privacy.persons` judges what came. Wildcards
in what people type are neutralised: "%", "_", "\\" and letters that databases fold differently match any one sign.
"""

import base64
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from string import ascii_lowercase, ascii_uppercase
from typing import Any, TypeVar

import frappe
from pypika.functions import Lower
from pypika.terms import CustomFunction, ExistsCriterion, Term

from signflow.core.privacy import persons

# What stands between a telephone number's digits.
SEPARATORS = (" ", "-", "(", ")", "\u00a0", ".", "/")
# So many values stand in one list; databases bound the parameters of a statement.
CHUNK = 500
# So many tables one statement looks into at most; SQLite bounds its parameters, of which each word takes some hundred a table.
TOGETHER = 20
_WORDS_TOGETHER = 75

Key = TypeVar("Key")

# Tags and entities may part a name's words; quoted-printable writes a letter as "=C3=A4".
_BETWEEN_WORDS = "(?:[^0-9a-z]|<[^<>]{0,80}>|&[a-z]{2,6};){1,9}"
_BETWEEN_ESCAPED = "(?:[^0-9a-z]|<[^<>]{0,80}>|&[a-z]{2,6};|[%=]20|.u00a0|.[nrt]){1,9}"
_ENCODED_LETTER = "(?:(?:=..){1,4}|.)"

_replace = CustomFunction("REPLACE", ["text", "what", "by"])


def any_of(conditions: Iterable[Any]) -> Any:
	"""All conditions joined by OR; None of none."""
	found = [condition for condition in conditions if condition is not None]
	return reduce(or_, found) if found else None


def chunks(values: Collection[str]) -> list[list[str]]:
	"""`values` in lists that one statement bears."""
	ordered = sorted(values)
	return [ordered[place : place + CHUNK] for place in range(0, len(ordered), CHUNK)]


def together(tables: Sequence[Key], words: int) -> Iterator[Sequence[Key]]:
	"""`tables` in parts of which one statement asks for so many words at once."""
	step = max(1, min(TOGETHER, _WORDS_TOGETHER // max(1, words)))
	for place in range(0, len(tables), step):
		yield tables[place : place + step]


def answered(queries: Iterable[tuple[Key, Any]]) -> set[Key]:
	"""The keys of those queries that give a row at all, by one statement: most tables hold nothing of a person."""
	asked = list(queries)
	if not asked:
		return set()
	columns = [ExistsCriterion(query).as_(f"has_{place}") for place, (_key, query) in enumerate(asked)]
	(answers,) = frappe.qb.select(*columns).run()
	return {key for (key, _query), has in zip(asked, answers, strict=True) if has}


# SQLite makes English letters small, and leaves others as they are.
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


def equals(column: Term, values: Collection[str]) -> Any:
	"""The column is one of `values`, capitals or not. On MariaDB an index of the column serves; None of no values."""
	if not values:
		return None
	if frappe.db.db_type == "mariadb":
		return column.isin(sorted(values))
	return Lower(column).isin(
		sorted({value.lower() for value in values} | {value.translate(_SMALL) for value in values})
	)


def holds(
	column: Term,
	*,
	texts: Collection[str] = (),
	phones: Collection[str] = (),
	names: Collection[str] = (),
) -> Any:
	"""The column holds one of `texts`, one of `phones` (E.164, however written) or the words of one of `names`.

	Capitals or not, anywhere in it; a name's words stand next to each other, first to last or last to first. None of
	nothing. MariaDB looks for all at once by one expression, several times quicker than by one LIKE after the other.
	"""
	if not (texts or phones or names):
		return None
	if frappe.db.db_type == "mariadb":
		return column.regexp(_expression(texts, phones, names))
	return any_of(
		[
			*(_like(column, f"%{_plain(text)}%") for text in sorted(texts)),
			*(_like(column, pattern) for name in sorted(names) for pattern in _orders(name, "%")),
			*(_holds_phone(column, phone) for phone in sorted(phones)),
		]
	)


def holds_escaped(
	column: Term, *, texts: Collection[str] = (), phones: Collection[str] = (), names: Collection[str] = ()
) -> Any:
	"""As `holds`, and where an "@" or a letter of another alphabet's is escaped, as in JSON, HTML and addresses of pages, or
	a mail address stands in base64.
	"""
	if not (texts or phones or names):
		return None
	coded = [one for text in sorted(texts) for one in _in_base64(text)]
	if frappe.db.db_type == "mariadb":
		ways = [_escaped(text) for text in sorted(texts)]
		ways += [_expression((), (phone,), ()) for phone in sorted(phones)]
		ways += [
			_BETWEEN_ESCAPED.join(re.sub("[aeiouy]", ".", _escaped(word)) for word in words)
			for name in sorted(names)
			for words in (name.lower().split(), name.lower().split()[::-1])
		]
		return column.regexp("|".join([*ways, *(one.replace("+", "[+]").replace("_", ".") for one in coded)]))
	likes = [f"%{_wide(text)}%" for text in sorted(texts)] + [f"%{one}%" for one in coded]
	for name in sorted(names):
		words = [_wide(word) for word in name.split()]
		likes += [f"%{'%'.join(order)}%" for order in (words, words[::-1])]
	return any_of(
		[
			*(_like(column, re.sub("%+", "%", one)) for one in likes),
			*(_holds_phone(column, one) for one in sorted(phones)),
		]
	)


def _escaped(text: str) -> str:
	"""As `_wide`, for REGEXP."""
	enough = sum(sign.isascii() and sign.isalnum() for sign in text) > 2
	return _bare(text, "(?:@|.{3,9})", ".{1,9}" if enough else ".")


def _wide(text: str) -> str:
	"""For LIKE: what may be escaped may be any signs, as long as enough letters are left that may not."""
	plain = "".join(sign if sign.isascii() and sign not in "%_\\@" else "%" for sign in text)
	return plain if len(plain.replace("%", "")) > 2 else _plain(text)


def holds_in_mail(
	column: Term, *, texts: Collection[str] = (), phones: Collection[str] = (), names: Collection[str] = ()
) -> Any:
	"""As `holds`, of a column that holds mails as they are sent: quoted-printable, base64 at any offset, lines broken.

	In base64 a telephone is found in the two commonest ways of writing: "+358401234567" and "0401234567".
	"""
	if not (texts or phones or names):
		return None
	bare = column
	for sign in ("\r", "=\n", "\n"):
		bare = _replace(bare, sign, "")
	written = set(phones) | {f"0{persons.subscriber_digits(phone)}" for phone in phones}
	coded = [one for text in sorted({*texts, *names, *written}) for one in _in_base64(text)]
	if frappe.db.db_type == "mariadb":
		ways = [_expression(texts, phones, ())] if texts or phones else []
		ways += [
			"(?:[^0-9a-z]|=..|<[^<>]{0,80}>|&[a-z]{2,6};){0,9}".join(
				re.sub("[aeiouy.]", lambda _sign: _ENCODED_LETTER, word) for word in words
			)
			for name in sorted(names)
			for words in _both(name)
		]
		ways += [one.replace("+", "[+]").replace("_", ".") for one in coded]
		return bare.regexp("|".join(ways))
	likes = [_like(bare, f"%{_plain(text)}%") for text in sorted(texts)]
	likes += [_like(bare, order.replace("_", "%")) for name in sorted(names) for order in _orders(name, "%")]
	likes += [_like(bare, f"%{one}%") for one in coded]
	return any_of([*likes, *(_holds_phone(bare, phone) for phone in sorted(phones))])


def _in_base64(text: str) -> list[str]:
	"""What base64 makes of `text`, beginning at each of three offsets; "_" where capitals and small letters differ."""
	small, large = text.lower().encode(), text.upper().encode()
	if len(small) != len(large):
		small = large = text.encode()
	found = []
	for offset, first in enumerate((0, 2, 3)):
		last = (offset + len(small)) * 8 // 6
		pair = [base64.b64encode(bytes(offset) + one).decode()[first:last] for one in (small, large)]
		found.append("".join(one if one == other else "_" for one, other in zip(*pair, strict=True)))
	return found


def _expression(texts: Collection[str], phones: Collection[str], names: Collection[str]) -> str:
	"""One regular expression for all: what is neither letter nor digit stands for any one sign."""
	ways = [_bare(text) for text in sorted(texts)]
	for phone in sorted(phones):
		ways.append("[^0-9a-z]{0,3}".join(persons.subscriber_digits(phone)))
	for name in sorted(names):
		# "Mäki" and "Maki" are judged to be one name, so vowels may be any.
		ways += [
			_BETWEEN_WORDS.join(re.sub("[aeiouy]", ".", word) for word in words) for words in _both(name)
		]
	return "|".join(ways)


def _bare(text: str, at: str = "@", letter: str = ".") -> str:
	return "".join(
		(at if sign == "@" else sign if sign.isalnum() else ".") if sign.isascii() else letter
		for sign in text
	)


def _both(name: str) -> list[list[str]]:
	words = [_bare(word) for word in name.lower().split()]
	return [words, words[::-1]]


def _orders(name: str, between: str) -> list[str]:
	words = [_plain(word) for word in name.split()]
	return [between.join(["", *order, ""]) for order in (words, words[::-1])]


def _holds_phone(column: Term, phone: str) -> Any:
	bare = column
	for sign in SEPARATORS:
		bare = _replace(bare, sign, "")
	digits = persons.subscriber_digits(phone)
	# The last two digits stand together in every way of writing: most rows end there.
	return column.like(f"%{digits[-2:]}%") & bare.like(f"%{digits}%")


def _plain(text: str) -> str:
	return "".join(sign if sign.isascii() and sign not in "%_\\" else "_" for sign in text)


def _like(column: Term, pattern: str) -> Any:
	return column.ilike(pattern) if frappe.db.db_type == "postgres" else column.like(pattern)
