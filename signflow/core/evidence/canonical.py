"""One value, one sequence of bytes: canonical JSON as in RFC 8785 (JCS), and a reader that refuses what is ambiguous.

Floats are refused although RFC 8785 allows them, and so are integers beyond 2^53: both are read differently by
different programs, and evidence must be read the same by everybody. Money and coordinates travel as text.
"""

import json
from collections.abc import Mapping
from typing import TypeAlias

import rfc8785

from signflow.core.errors import SignflowError, _

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64

JSON: TypeAlias = "bool | int | str | list[JSON] | dict[str, JSON] | None"

_NOT_CANONICAL = "not_canonical"


def canonical_json(value: object) -> bytes:
	"""Return the RFC 8785 form of `value` (None, bool, int, str, list, tuple and mappings with text keys) in UTF-8.

	Raises SignflowError `not_canonical` for floats, integers beyond ±(2^53 - 1), text that is not Unicode (lone
	surrogates), keys that are not text, other types, and nesting deeper than 64.
	"""
	return rfc8785.dumps(plain(value))


def plain(value: object, *, where: str = "$", depth: int = 0) -> JSON:
	"""Return `value` as a copy made of JSON's own types only; `where` is the path that an error names.

	Raises SignflowError `not_canonical` like `canonical_json`.
	"""
	if depth > MAX_DEPTH:
		raise SignflowError(
			_NOT_CANONICAL, _("Evidence cannot be nested deeper than {limit} levels."), limit=MAX_DEPTH
		)
	if value is None or value is True or value is False:
		return value
	if isinstance(value, str):
		return _text(str.__str__(value), where)
	if isinstance(value, int):
		if abs(value) > MAX_INTEGER:
			raise SignflowError(
				_NOT_CANONICAL,
				_("The number at {where} is too large for evidence; write it as text."),
				where=where,
			)
		return int(value)
	if isinstance(value, float):
		raise SignflowError(
			_NOT_CANONICAL,
			_(
				"The number at {where} has a decimal point; evidence holds whole numbers, so write it as text."
			),
			where=where,
		)
	if isinstance(value, (list, tuple)):
		return [plain(item, where=f"{where}[{at}]", depth=depth + 1) for at, item in enumerate(value)]
	if isinstance(value, Mapping):
		made: dict[str, JSON] = {}
		for key, item in value.items():
			if not isinstance(key, str):
				raise SignflowError(
					_NOT_CANONICAL,
					_("A name at {where} is not text; names in evidence are text."),
					where=where,
				)
			name = _text(str.__str__(key), where)
			made[name] = plain(item, where=f"{where}.{name}", depth=depth + 1)
		return made
	raise SignflowError(
		_NOT_CANONICAL,
		_("The value at {where} is of a kind ({kind}) that evidence cannot hold; write it as text."),
		where=where,
		kind=type(value).__name__,
	)


def load(data: str | bytes) -> JSON:
	"""Read JSON strictly (RFC 8259 in the I-JSON profile, RFC 7493): UTF-8, no repeated names, no floats, no NaN.

	Raises SignflowError `not_json` when it is not JSON at all and `not_canonical` when it is ambiguous JSON.
	"""
	try:
		text = data.decode("utf-8") if isinstance(data, bytes) else data
		value = json.loads(
			text,
			object_pairs_hook=_unique,
			parse_float=_refuse_number,
			parse_constant=_refuse_number,
			parse_int=_whole,
		)
	except UnicodeDecodeError as error:
		raise SignflowError("not_json", _("This is not text in UTF-8.")) from error
	except (ValueError, RecursionError) as error:
		raise SignflowError("not_json", _("This is not JSON: {reason}"), reason=str(error)) from error
	return plain(value)


def _text(value: str, where: str) -> str:
	try:
		value.encode("utf-8")
	except UnicodeEncodeError as error:
		raise SignflowError(
			_NOT_CANONICAL,
			_("The text at {where} holds half a character (a lone surrogate)."),
			where=ascii(where),
		) from error
	return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
	made = dict(pairs)
	if len(made) != len(pairs):
		names = [name for name, _value in pairs]
		twice = next(name for name in names if names.count(name) > 1)
		raise SignflowError(
			_NOT_CANONICAL, _("The name {name} stands twice in one object."), name=ascii(twice)
		)
	return made


def _refuse_number(digits: str) -> object:
	raise SignflowError(
		_NOT_CANONICAL, _("The number {digits} is not a whole number; evidence has none."), digits=digits[:40]
	)


def _whole(digits: str) -> int:
	if len(digits) > 17 or digits == "-0":
		raise SignflowError(
			_NOT_CANONICAL,
			_("The number {digits} is too large or not in its plain form."),
			digits=digits[:40],
		)
	return int(digits)
