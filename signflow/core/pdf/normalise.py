"""Takes an uploaded PDF in: checked, repaired and rewritten, or refused with a reason a person can act on.

An unsigned upload is opened and saved anew by qpdf (a damaged cross-reference table is repaired, an owner
password is dropped) and its form fields are flattened into the page, since a certification with DocMDP P=2
lets anyone change them (ISO 32000-2, 12.8.2.2). A file that already carries a signature comes back byte for
byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..errors import Refused, _
from . import sandbox

MEBIBYTE = 1 << 20

REASONS: dict[str, str] = {
	"not_a_pdf": _("This file is not a PDF. Save or print the document as PDF and upload it again."),
	"too_large": _("The PDF is {size} MB; the limit is {limit} MB. Split it or reduce its pictures."),
	"password": _(
		"The PDF is protected by a password. Save a copy without password protection and upload it."
	),
	"no_pages": _("The PDF has no pages."),
	"unreadable": _(
		"The PDF is damaged and could not be read ({detail}). Print it to a new PDF and upload that."
	),
	"certified_no_changes": _("The PDF was certified by its author so that nobody may add signatures to it."),
	"xfa": _(
		"The PDF is an XFA form, which changes while it is read. Print it to a new PDF and upload that."
	),
	"active_content": _("The PDF holds active content ({detail}). Print it to a new PDF and upload that."),
	"shared_signature_value": _(
		"Two signature fields in the PDF share one signature: the file was tampered with."
	),
	"locked_document": _("A signature in the PDF locks it, so that no further signature may be added."),
	"timed_out": _("Reading the PDF took too long. Print it to a new PDF and upload that."),
}


class PdfRefused(Refused):
	"""An upload that cannot be signed; `code` is one of the keys of REASONS."""

	reasons = REASONS


@dataclass(frozen=True)
class Normalised:
	"""A PDF fit for `prepare`, or for `append_signature` alone if it carries foreign signatures."""

	data: bytes
	sha256: str
	pages: int
	foreign_signatures: tuple[str, ...] = ()
	foreign_fields: tuple[str, ...] = ()


def normalise(
	data: bytes,
	*,
	max_bytes: int = 30 * MEBIBYTE,
	seconds: float = 20,
	memory_bytes: int = 1 << 30,
) -> Normalised:
	"""Check and rewrite an uploaded PDF; all of its parsing happens in a limited child process.

	`max_bytes` bounds the input, `seconds` the child's wall-clock and processor time, `memory_bytes` its
	address space. If `foreign_signatures` (subject names) is not empty, `data` is the input byte for byte and
	`foreign_fields` are the signed fields' names in the same order. Raises PdfRefused; nothing else.
	"""
	if len(data) > max_bytes:
		size, limit = len(data) / MEBIBYTE, max_bytes / MEBIBYTE
		raise PdfRefused("too_large", size=f"{size:.1f}", limit=f"{limit:g}")
	if b"%PDF-" not in data[:1024]:
		raise PdfRefused("not_a_pdf")
	try:
		answer, payload = sandbox.run(
			"normalise", {"max_bytes": max_bytes}, data, seconds=seconds, memory_bytes=memory_bytes
		)
	except sandbox.ChildTimedOut as error:
		raise PdfRefused("timed_out") from error
	except sandbox.ChildFailed as error:
		raise PdfRefused("unreadable", detail=str(error)) from error
	if "refused" in answer:
		raise PdfRefused(answer["refused"], **answer.get("params", {}))
	foreign = tuple(answer["foreign_signatures"])
	result = data if foreign else payload
	return Normalised(
		data=result,
		sha256=hashlib.sha256(result).hexdigest(),
		pages=answer["pages"],
		foreign_signatures=foreign,
		foreign_fields=tuple(answer["foreign_fields"]),
	)
