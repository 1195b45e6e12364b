"""Seals: appends PAdES B-B signatures (ETSI EN 319 142-1, 6.3) to a PDF, never rewriting a byte of it.

All functions take and return whole files; what they return always starts with what they were given. Every
signature is made with the house's key. /Name, mail address, commitment type and location stay out of the
dictionary unless the caller names the certificate's subject. Raise SealRefused; nothing else.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime, timezone
from typing import Any

from pyhanko.pdf_utils.content import AppearanceContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
	InvisSigSettings,
	MDPPerm,
	SigFieldSpec,
	SigSeedSubFilter,
	enumerate_sig_fields,
)
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import BaseStampStyle
from pyhanko.stamp.noop import NoOpStampStyle

from ..errors import SignflowError, _
from ._held_key import held_signer
from .keys import SealKey
from .prepare import CLOSING_FIELD, SEAL_FIELD
from .stamps import BadDrawing, Stamp, draw_stamp

__all__ = ["SealRefused", "Stamp", "append_signature", "certify", "close", "seal_report"]

CHUNK = 1 << 20

REASONS: dict[str, str] = {
	"locked_document": _("The document is closed: nothing more can be signed in it."),
	"already_certified": _("The document already carries a signature, so it cannot be certified any more."),
	"field_filled": _("The place {field} is already signed."),
	"no_such_field": _("The document has no place named {field} for a signature."),
	"bad_drawing": _("The drawn signature is not a usable PNG picture."),
	"unreadable": _("The document could not be signed because it could not be read ({detail})."),
}


class SealRefused(SignflowError):
	"""A signature that cannot be made; `code` is one of the keys of REASONS."""

	def __init__(self, code: str, **params: object):
		super().__init__(code, REASONS[code], **params)


def certify(
	data: bytes, key: SealKey, *, reason: str, name: str | None = None, now: datetime | None = None
) -> bytes:
	"""Certify a prepared PDF in its "Seal" field: DocMDP P=2, filling in and signing allowed (ISO 32000-2,
	12.8.2.2).

	`now` is aware, default the clock. Raises SealRefused: already_certified, unreadable.
	"""
	return _certify(data, key, reason=reason, name=name, now=now, permission=MDPPerm.FILL_FORMS)


def seal_report(data: bytes, key: SealKey, *, reason: str, now: datetime | None = None) -> bytes:
	"""Certify a PDF that we rendered ourselves: DocMDP P=1, no change allowed (ISO 32000-2, 12.8.2.2)."""
	return _certify(data, key, reason=reason, name=None, now=now, permission=MDPPerm.NO_CHANGES)


def append_signature(
	data: bytes,
	key: SealKey,
	*,
	field: str,
	reason: str,
	stamp: Stamp | None,
	now: datetime | None = None,
) -> bytes:
	"""Fill the prepared `field` in one increment and draw `stamp` in its box.

	In a file that was never prepared (one with foreign signatures) an invisible field of that name is added
	and `stamp` is not shown. Raises SealRefused: locked_document, field_filled, no_such_field, bad_drawing,
	unreadable.
	"""
	return _fill(data, key, field=field, reason=reason, stamp=stamp, now=now)


def close(data: bytes, key: SealKey, *, reason: str, now: datetime | None = None) -> bytes:
	"""Sign the "Closing" field; the lock prepared in it (FieldMDP All, P=1) ends the document.

	In a file with foreign signatures, which has no such field, an invisible one without a lock is added: a
	lock set then would break them. Raises SealRefused: locked_document, field_filled, unreadable.
	"""
	return _fill(data, key, field=CLOSING_FIELD, reason=reason, stamp=None, now=now)


def _certify(
	data: bytes, key: SealKey, *, reason: str, name: str | None, now: datetime | None, permission: MDPPerm
) -> bytes:
	with _readable_errors():
		writer = _open(data)
		fields = _fields(writer.prev)
		if any(signed for signed in fields.values()) or "/Perms" in writer.prev.root:
			raise SealRefused("already_certified")
		meta = _meta(SEAL_FIELD, key, reason, name=name, certify=True, docmdp_permissions=permission)
		return _sign(data, writer, meta, key, NoOpStampStyle(), new=SEAL_FIELD not in fields, now=now)


def _fill(
	data: bytes, key: SealKey, *, field: str, reason: str, stamp: Stamp | None, now: datetime | None
) -> bytes:
	with _readable_errors():
		writer = _open(data)
		_refuse_locked(writer.prev)
		fields = _fields(writer.prev)
		if fields.get(field):
			raise SealRefused("field_filled", field=field)
		new = field not in fields
		if new and CLOSING_FIELD in fields and not fields[CLOSING_FIELD]:
			raise SealRefused("no_such_field", field=field)
		style = StampStyle(border_width=0, stamp=stamp) if stamp else NoOpStampStyle()
		return _sign(data, writer, _meta(field, key, reason), key, style, new=new, now=now)


@contextmanager
def _readable_errors() -> Iterator[None]:
	"""Turn whatever the PDF library raises into SealRefused; it lets built-in exceptions out too."""
	try:
		yield
	except SignflowError:
		raise
	except BadDrawing as error:
		raise SealRefused("bad_drawing") from error
	except Exception as error:  # KeyError, ValueError, AssertionError, zlib.error and more
		raise SealRefused("unreadable", detail=f"{type(error).__name__}: {error}"[:160]) from error


@dataclass(frozen=True)
class StampStyle(BaseStampStyle):
	"""Draws the stamp as a page of its own in the size of the box and takes it over as the appearance."""

	stamp: Stamp = dataclass_field(default_factory=lambda: Stamp("", ()))

	def create_stamp(self, writer: Any, box: BoxConstraints, text_params: dict[str, Any]) -> Any:
		"""Called by pyHanko with the box of the field, in points."""
		return _DrawnStamp(writer, box, draw_stamp(self.stamp, float(box.width), float(box.height)))


class _DrawnStamp(AppearanceContent):
	def __init__(self, writer: Any, box: BoxConstraints, page: bytes):
		super().__init__(writer=writer, box=box)
		self._page = page

	def register(self) -> Any:
		if self._content_xobj_ref is None:
			reader = PdfFileReader(io.BytesIO(self._page))
			self._content_xobj_ref = self._ensure_writer.import_page_as_xobject(reader)
		return self._content_xobj_ref


def _open(data: bytes) -> IncrementalPdfFileWriter:
	return IncrementalPdfFileWriter(io.BytesIO(data), strict=False)


def _fields(reader: PdfFileReader) -> dict[str, bool]:
	"""Every signature field's name and whether it is signed."""
	return {str(name): value is not None for name, value, _ref in enumerate_sig_fields(reader)}


def _locks(reader: PdfFileReader) -> Iterator[int]:
	for _name, value, _ref in enumerate_sig_fields(reader, filled_status=True):
		for reference in value.get_object().get("/Reference", ()):
			params = reference.get_object().get("/TransformParams", {})
			if "/P" in params:
				yield int(params["/P"])


def _refuse_locked(reader: PdfFileReader) -> None:
	if MDPPerm.NO_CHANGES.value in _locks(reader):
		raise SealRefused("locked_document")


def _meta(field: str, key: SealKey, reason: str, **more: Any) -> PdfSignatureMetadata:
	return PdfSignatureMetadata(
		field_name=field,
		md_algorithm=held_signer(key).digest,
		reason=reason,
		subfilter=SigSeedSubFilter.PADES,
		**{"docmdp_permissions": MDPPerm.NO_CHANGES, **more},
	)


def _sign(
	data: bytes,
	writer: IncrementalPdfFileWriter,
	meta: PdfSignatureMetadata,
	key: SealKey,
	style: BaseStampStyle,
	*,
	new: bool,
	now: datetime | None,
) -> bytes:
	signer = held_signer(key)
	spec = None
	if new:
		hidden = InvisSigSettings(set_hidden_flag=False)
		spec = SigFieldSpec(meta.field_name or "", invis_sig_settings=hidden)
	sealer = PdfSigner(meta, signer=signer, stamp_style=style, new_field_spec=spec)
	session = sealer.init_signing_session(writer, existing_fields_only=not new)
	session.system_time = now or datetime.now(timezone.utc)
	document = session.prepare_tbs_document(validation_info=None, bytes_reserved=signer.reserved)
	output: Any
	digest, output = document.digest_tbs_document(in_place=True, chunk_size=CHUNK)
	attributes = PdfCMSSignedAttributes(signing_time=session.system_time)
	asyncio.run(document.perform_signature(digest.document_digest, attributes))
	sealed: bytes = output.getvalue()
	assert len(sealed) > len(data) and sealed.startswith(data), "sealing must only append"
	return sealed
