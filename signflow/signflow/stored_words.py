"""What the site writes down in words is kept as an English text with its values, and said in each reader's language.

A step or a reason is written once, by whoever is at work, and read by others. What people typed is kept as they typed it.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from frappe import _

_MARK = '{"text":'
_PLACE = re.compile(r"\{(\d)\}")


def N_(text: str) -> str:
	"""Mark `text` for translation; it comes back in English."""
	return text


class Kept(str):
	"""A text of the site's as it is stored."""


def kept(text: str, *values: Any) -> Kept:
	"""What is stored of an English `text` (`N_("…")` where it stands) with `values` for its {0}, {1} …"""
	told = {"text": text, "values": [str(one) for one in values]}
	return Kept(json.dumps(told, ensure_ascii=False))


def as_stored(text: str, length: int) -> str:
	"""`text` cut to `length`; what somebody typed is never taken for a text of the site's."""
	if isinstance(text, Kept):
		return text
	text = (text or "").strip()[:length]
	return f" {text}"[:length] if text.startswith(_MARK) else text


def said(stored: str | None, value: Callable[[str], str] = str) -> str:
	"""What was stored, in the language spoken, its values as `value` says them. What was typed, or written before texts were kept
	like this, is as it was."""
	stored = stored or ""
	if not stored.startswith(_MARK):
		return stored
	try:
		told = json.loads(stored)
		text, values = str(told["text"]), [value(str(one)) for one in told["values"]]
	except (ValueError, TypeError, KeyError):
		return stored
	return _PLACE.sub(lambda at: values[int(at[1])] if int(at[1]) < len(values) else at[0], _(text))
