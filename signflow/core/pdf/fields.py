"""Form fields of a PDF: found and typed, and filled so that every viewer and our flattening show the values.

The file comes from outside, so both are done in the limited child process. Nothing in it is ever run: the scripts of a
date or number format are read as text. Filling takes scripts and XFA away and keeps the pages as they are; flattening
is left to `normalise`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Refused, _
from . import sandbox
from .normalise import MEBIBYTE
from .normalise import REASONS as NORMALISING

MOST_FIELDS = 2000
MOST_OPTIONS = 1000
MOST_VALUE = 20_000
MOST_NAME = 1000

REASONS: dict[str, str] = {
	**{
		code: NORMALISING[code]
		for code in ("not_a_pdf", "too_large", "password", "no_pages", "unreadable", "xfa", "timed_out")
	},
	"signed": _("The PDF is signed already; filling its fields would break the signature."),
	"too_many_fields": _("The PDF has more than {limit} form fields. Split it."),
	"unknown_field": _("The PDF has no form field “{name}”."),
	"not_fillable": _("The form field “{label}” cannot be filled with a value."),
	"unknown_option": _("“{value}” is not among the options of “{label}”: {options}."),
	"too_long": _("The value of “{label}” has {length} characters; the PDF has room for {limit}."),
	"does_not_fit": _("The value of “{label}” does not fit into its place in the PDF. Shorten it."),
	"characters": _("The value of “{label}” has characters that cannot be printed: {characters}."),
}


class FormRefused(Refused):
	"""A PDF whose fields cannot be read, or values that cannot be put in; `code` is a key of REASONS."""

	reasons = REASONS


@dataclass(frozen=True)
class FormField:
	"""A place to fill in.

	`name` is the field's full dotted name; for a blank that is only printed (`source` "text"), a name of ours that
	stands for its page and number. `kind` is one of `core.paper.kinds.KINDS`. `options` are what a reader may choose;
	`fill` takes them as they are written here, or the file's own export values. `max_length` and `page` count from 1;
	`max_length` 0 is no limit. `date_format` is Acrobat's ("dd.mm.yyyy") if the file names one.
	"""

	name: str
	label: str
	kind: str
	options: tuple[str, ...] = ()
	required: bool = False
	max_length: int = 0
	page: int = 1
	date_format: str = ""
	source: str = "form"


def find_fields(
	data: bytes,
	*,
	max_bytes: int = 30 * MEBIBYTE,
	seconds: float = 20,
	memory_bytes: int = 1 << 30,
) -> list[FormField]:
	"""The fields of a PDF in reading order; of a PDF without form fields, the blanks printed in its text.

	Left out are push buttons, fields that are hidden or locked, and fields without a place on a page. Raises
	FormRefused; nothing else for whatever `data` holds.
	"""
	answer, _payload = _in_child("find_fields", {}, data, max_bytes, seconds, memory_bytes)
	return [FormField(**{**field, "options": tuple(field["options"])}) for field in answer["fields"]]


def fill(
	data: bytes,
	values: Mapping[str, str],
	*,
	max_bytes: int = 30 * MEBIBYTE,
	seconds: float = 20,
	memory_bytes: int = 1 << 30,
) -> bytes:
	"""The PDF with `values` (by field name) in its fields and drawn at their places with an embedded font.

	Text is wrapped and made smaller to fit. A box is ticked by "1", "true", "yes", "on" or its own state, and cleared by
	"" or "0"; a choice takes an option as `find_fields` names it or the file's export value, several on a line each
	where the file allows it; a date written 2026-03-14 takes the field's own format. Raises FormRefused for names and
	values that the PDF has no place for; nothing is filled by half.
	"""
	given = {str(name): str(value) for name, value in values.items()}
	for name, value in given.items():
		if len(value) > MOST_VALUE:
			raise FormRefused("too_long", label=name, length=len(value), limit=MOST_VALUE)
	_answer, payload = _in_child("fill", {"values": given}, data, max_bytes, seconds, memory_bytes)
	return payload


def _in_child(
	task: str, header: dict[str, Any], data: bytes, max_bytes: int, seconds: float, memory_bytes: int
) -> tuple[dict[str, Any], bytes]:
	if len(data) > max_bytes:
		size, limit = len(data) / MEBIBYTE, max_bytes / MEBIBYTE
		raise FormRefused("too_large", size=f"{size:.1f}", limit=f"{limit:g}")
	if b"%PDF-" not in data[:1024]:
		raise FormRefused("not_a_pdf")
	try:
		answer, payload = sandbox.run(task, header, data, seconds=seconds, memory_bytes=memory_bytes)
	except sandbox.ChildTimedOut as error:
		raise FormRefused("timed_out") from error
	except sandbox.ChildFailed as error:
		raise FormRefused("unreadable", detail=str(error)) from error
	if "refused" in answer:
		raise FormRefused(answer["refused"], **answer.get("params", {}))
	return answer, payload
