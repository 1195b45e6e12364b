"""A Word file (.docx) as a form: the places to fill in, and its text as clean HTML with those places marked.

Everything of the file is read in the limited child process. Its words never become markup or Jinja: what looks so is
written as character references.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import Refused, _
from ..pdf import sandbox
from ..pdf.fields import FormField
from ..pdf.normalise import MEBIBYTE

MOST_FIELDS = 1000
MOST_UNPACKED = 100 * MEBIBYTE
MOST_PARTS = 3000

REASONS: dict[str, str] = {
	"too_large": _("The Word file is {size} MB; the limit is {limit} MB. Reduce its pictures."),
	"old_word": _("This is a Word file of the old kind (.doc). Save it as .docx and upload that."),
	"macros": _("The Word file holds macros. Save it as .docx without macros and upload that."),
	"password": _("The Word file is protected by a password. Save a copy without it and upload that."),
	"not_word": _("This file is not a Word file (.docx)."),
	"unreadable": _("The Word file is damaged and could not be read ({detail})."),
	"too_many_fields": _("The Word file has more than {limit} places to fill in. Split it."),
	"timed_out": _("Reading the Word file took too long. Split it or save it anew in Word."),
}
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# A field's mark in the text: its number between two private characters, which are taken out of the text before.
MARK_START, MARK_END = "\ue000", "\ue001"
MARK = re.compile(f"{MARK_START}(\\d+){MARK_END}")


class WordRefused(Refused):
	"""A file that is no Word file, or one that cannot be read; `code` is a key of REASONS."""

	reasons = REASONS


@dataclass(frozen=True)
class WordForm:
	"""What a Word file asks for and says.

	`fields` in reading order (`page` is always 1); `places` names for each mark in `marked` the field and the text that
	stood there; `pictures` counts those that were left out.
	"""

	fields: tuple[FormField, ...]
	marked: str
	places: tuple[tuple[str, str], ...]
	pictures: int = 0

	def body(self, fieldnames: Mapping[str, str]) -> str:
		"""The text as HTML with Jinja in which field `name` shows the value of `doc.<fieldnames[name]>`.

		A field that `fieldnames` leaves out keeps the text that stood in its place. The template escapes the
		values when it is rendered.
		"""
		kinds = {field.name: field.kind for field in self.fields}

		def shown(found: re.Match[str]) -> str:
			name, text = self.places[int(found[1])]
			if name not in fieldnames:
				return _inert(html.escape(text))
			value = fieldnames[name]
			if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", value):
				raise ValueError(f"{value!r} is no fieldname")
			return expression(value, kinds[name])

		return MARK.sub(shown, _inert(self.marked))


def expression(fieldname: str, kind: str) -> str:
	"""Jinja that shows the value of `fieldname` as people write a value of this kind; nothing where there is none."""
	if kind == "check":
		return f'{{{{ "[x]" if doc.{fieldname} else "[ ]" }}}}'  # the boxes of Unicode are in few fonts
	if kind in ("date", "time", "number", "long_text"):
		return f'{{{{ doc.get_formatted("{fieldname}") if doc.{fieldname} else "" }}}}'
	return f"{{{{ doc.{fieldname} }}}}"


def read_word(
	data: bytes,
	*,
	max_bytes: int = 20 * MEBIBYTE,
	seconds: float = 20,
	memory_bytes: int = 1 << 30,
) -> WordForm:
	"""The places to fill in of a .docx and its text. Raises WordRefused; nothing else for whatever `data` holds."""
	if len(data) > max_bytes:
		size, limit = len(data) / MEBIBYTE, max_bytes / MEBIBYTE
		raise WordRefused("too_large", size=f"{size:.1f}", limit=f"{limit:g}")
	if data.startswith(OLD_WORD):
		encrypted = "EncryptedPackage".encode("utf-16-le") in data
		raise WordRefused("password" if encrypted else "old_word")
	if not data.startswith(b"PK"):
		raise WordRefused("not_word")
	try:
		answer, _payload = sandbox.run("word", {}, data, seconds=seconds, memory_bytes=memory_bytes)
	except sandbox.ChildTimedOut as error:
		raise WordRefused("timed_out") from error
	except sandbox.ChildFailed as error:
		raise WordRefused("unreadable", detail=str(error)) from error
	if "refused" in answer:
		raise WordRefused(answer["refused"], **answer.get("params", {}))
	return WordForm(
		fields=tuple(
			FormField(**{**field, "options": tuple(field["options"])}) for field in answer["fields"]
		),
		marked=answer["marked"],
		places=tuple((name, text) for name, text in answer["places"]),
		pictures=answer["pictures"],
	)


def _inert(markup: str) -> str:
	"""HTML whose braces are character references, so that nothing in it is Jinja."""
	return markup.replace("{", "&#123;").replace("}", "&#125;")
