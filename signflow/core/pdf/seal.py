"""Seals: appends PAdES B-B or B-T signatures (ETSI EN 319 142-1, 6.3) to a PDF, never rewriting a byte of it.

All functions but `seal_file` take and return whole files; what they return always starts with what they were given.
Every signature is made with the house's key. /Name, mail address, commitment type and location stay out of the
dictionary unless the caller names the certificate's subject. Raise SealRefused; KeyRefused if a token fails at its
work; and whatever SignflowError the given `timestamp` raises.

`timestamp` gets the bytes to be stamped (the signature value, not hashed yet) and returns an RFC 3161
TimeStampToken in DER; `now` is aware, default the clock.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic
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
from pyhanko.sign.signers.pdf_cms import ExternalSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import BaseStampStyle
from pyhanko.stamp.noop import NoOpStampStyle

from ..errors import Refused, SignflowError, _, described
from . import CLOSING_FIELD, SEAL_FIELD, cms
from .cms import Timestamper
from .drawing import Sheet
from .keys import SealKey
from .stamps import BadDrawing, Stamp, lay_out

__all__ = ["SealRefused", "Stamp", "append_signature", "certify", "close", "seal_file", "seal_report"]

CHUNK = 1 << 20
SMALL = 4 << 20

_pdf: Any = generic  # its constructors have no types

REASONS: dict[str, str] = {
	"locked_document": _("The document is closed: nothing more can be signed in it."),
	"already_certified": _("The document already carries a signature, so it cannot be certified any more."),
	"field_filled": _("The place {field} is already signed."),
	"no_such_field": _("The document has no place named {field} for a signature."),
	"bad_drawing": _("The drawn signature is not a usable PNG picture."),
	"unreadable": _("The document could not be signed because it could not be read ({detail})."),
	"no_room": _("The timestamp is larger than the {most} bytes kept for it."),
}


class SealRefused(Refused):
	"""A signature that cannot be made; `code` is one of the keys of REASONS."""

	reasons = REASONS


def certify(
	data: bytes,
	key: SealKey,
	*,
	reason: str,
	name: str | None = None,
	now: datetime | None = None,
	timestamp: Timestamper | None = None,
) -> bytes:
	"""Certify a prepared PDF in its "Seal" field: DocMDP P=2, filling in and signing allowed (ISO 32000-2,
	12.8.2.2).

	Raises SealRefused: already_certified, unreadable.
	"""
	return _sealed(data, _Order(key, SEAL_FIELD, reason, now, timestamp, MDPPerm.FILL_FORMS, name))


def seal_report(
	data: bytes,
	key: SealKey,
	*,
	reason: str,
	now: datetime | None = None,
	timestamp: Timestamper | None = None,
) -> bytes:
	"""Certify a PDF that we rendered ourselves: DocMDP P=1, no change allowed (ISO 32000-2, 12.8.2.2)."""
	return _sealed(data, _Order(key, SEAL_FIELD, reason, now, timestamp, MDPPerm.NO_CHANGES))


def append_signature(
	data: bytes,
	key: SealKey,
	*,
	field: str,
	reason: str,
	stamp: Stamp | None,
	now: datetime | None = None,
	timestamp: Timestamper | None = None,
) -> bytes:
	"""Fill the prepared `field` in one increment and draw `stamp` in its box.

	In a file that was never prepared (one with foreign signatures) an invisible field of that name is added
	and `stamp` is not shown. Raises SealRefused: locked_document, field_filled, no_such_field, bad_drawing,
	unreadable.
	"""
	return _sealed(data, _Order(key, field, reason, now, timestamp, stamp=stamp))


def close(
	data: bytes,
	key: SealKey,
	*,
	reason: str,
	now: datetime | None = None,
	timestamp: Timestamper | None = None,
) -> bytes:
	"""Sign the "Closing" field; the lock prepared in it (FieldMDP All, P=1) ends the document.

	In a file with foreign signatures, which has no such field, an invisible one without a lock is added: a
	lock set then would break them. Raises SealRefused: locked_document, field_filled, unreadable.
	"""
	return _sealed(data, _Order(key, CLOSING_FIELD, reason, now, timestamp))


def seal_file(
	source: Path,
	target: Path,
	key: SealKey,
	*,
	reason: str,
	field: str | None = None,
	stamp: Stamp | None = None,
	now: datetime | None = None,
	timestamp: Timestamper | None = None,
) -> None:
	"""Write `source` with one more signature to `target`: as `append_signature` if `field` is given, else `certify`.

	The file is copied and hashed in one pass, never held in memory. `target`, which may be `source`, appears whole or
	not at all; one that is there before stays if the seal is refused. Raises what they raise, and OSError.
	"""
	if field is None:
		order = _Order(key, SEAL_FIELD, reason, now, timestamp, MDPPerm.FILL_FORMS)
	else:
		order = _Order(key, field, reason, now, timestamp, stamp=stamp)
	with open(source, "rb") as file:
		size = os.fstat(file.fileno()).st_size
		# pyHanko hops about in what it reads, which is quicker in memory.
		document: BinaryIO = io.BytesIO(file.read()) if size <= SMALL else file
		draft = _draft(document, order)
		handle, new = tempfile.mkstemp(dir=target.parent, prefix=".sealing-")
		try:
			with open(handle, "wb", buffering=0) as written:
				hashed = hashlib.new(key.digest)
				document.seek(0)
				chunk = memoryview(bytearray(min(size, CHUNK)))
				while count := document.readinto(chunk):  # type: ignore[attr-defined]
					hashed.update(chunk[:count])
					written.write(chunk[:count])
				written.write(draft.sign(hashed, order))
				os.fchmod(handle, os.fstat(file.fileno()).st_mode & 0o777)
			if target.exists() and not target.samefile(source):
				# Replaced by renaming, ext4 would write the whole new file to disk first, which takes longer than sealing.
				target.unlink(missing_ok=True)
			os.replace(new, target)
		except BaseException:
			os.unlink(new)
			raise


@dataclass(frozen=True)
class _Order:
	"""One signature to be made; with `permission` it certifies the document."""

	key: SealKey
	field: str
	reason: str
	now: datetime | None
	timestamp: Timestamper | None
	permission: MDPPerm | None = None
	name: str | None = None
	stamp: Stamp | None = None


def _sealed(data: bytes, order: _Order) -> bytes:
	draft = _draft(io.BytesIO(data), order)
	return data + draft.sign(hashlib.new(order.key.digest, data), order)


def _draft(document: BinaryIO, order: _Order) -> _Draft:
	"""The increment that `order` demands, if the document allows it; `document` is only read."""
	with _readable_errors():
		writer: Any = IncrementalPdfFileWriter(document, strict=False)
		fields = _fields(writer.prev)
		if order.permission is not None:
			if any(fields.values()) or "/Perms" in writer.prev.root:
				raise SealRefused("already_certified")
		else:
			_refuse_locked(writer.prev)
			if fields.get(order.field):
				raise SealRefused("field_filled", field=order.field)
			prepared = CLOSING_FIELD in fields and not fields[CLOSING_FIELD]
			if prepared and order.field not in fields:
				raise SealRefused("no_such_field", field=order.field)
		return _write(writer, document.seek(0, os.SEEK_END), order, new=order.field not in fields)


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
		raise SealRefused("unreadable", detail=described(error)) from error


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


def _write(writer: Any, size: int, order: _Order, *, new: bool) -> _Draft:
	"""Let pyHanko write the increment for a file of `size` bytes: field, dictionary, locks, appearance."""
	now = order.now or datetime.now(timezone.utc)
	meta = PdfSignatureMetadata(
		field_name=order.field,
		md_algorithm=order.key.digest,
		reason=order.reason,
		name=order.name,
		subfilter=SigSeedSubFilter.PADES,
		certify=order.permission is not None,
		docmdp_permissions=order.permission or MDPPerm.NO_CHANGES,
	)
	spec = (
		SigFieldSpec(order.field, invis_sig_settings=InvisSigSettings(set_hidden_flag=False)) if new else None
	)
	style = StampStyle(border_width=0, stamp=order.stamp) if order.stamp else NoOpStampStyle()
	signer = PdfSigner(meta, signer=_Placeholder(), stamp_style=style, new_field_spec=spec)
	session = signer.init_signing_session(writer, existing_fields_only=not new)
	session.system_time = now
	room = cms.size_limit(order.key, timestamped=order.timestamp is not None)
	session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * room)
	signature = session.sig_field["/V"]
	tail = _Tail(size)
	# Not `write_in_place`: that touches the document's metadata as well, in every increment.
	writer._write_updated_section(tail)
	start, end = signature.contents.offsets
	signature.byte_range.fill_offsets(tail, start, end, tail.tell())
	return _Draft(bytearray(tail.getbuffer()), start - size, end - size)


class _Placeholder(ExternalSigner):
	"""Stands where pyHanko wants its own signer; the CMS object is built by `cms`."""

	subject_name = None

	def __init__(self) -> None:
		super().__init__(signing_cert=None, cert_registry=None, signature_value=b"")


class _Tail(io.BytesIO):
	"""Takes what is appended to a file of `size` bytes; offsets are those in the whole file."""

	def __init__(self, size: int):
		super().__init__()
		self._size = size

	def tell(self) -> int:
		return self._size + super().tell()

	def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
		return self._size + super().seek(offset - self._size if whence == os.SEEK_SET else offset, whence)


@dataclass
class _Draft:
	"""An increment with an empty /Contents between `start` and `end`, its angle brackets included."""

	tail: bytearray
	start: int
	end: int

	def sign(self, hashed: Any, order: _Order) -> bytearray:
		"""Sign the file whose hash object `hashed` is, and this increment; return it complete."""
		hashed.update(self.tail[: self.start])
		hashed.update(self.tail[self.end :])
		contents = cms.content_info(order.key, hashed.digest(), order.timestamp).hex().encode("ascii")
		if len(contents) > self.end - self.start - 2:
			raise SealRefused("no_room", most=cms.TIMESTAMP_SIZE)
		self.tail[self.start + 1 : self.start + 1 + len(contents)] = contents
		return self.tail


@dataclass(frozen=True)
class StampStyle(BaseStampStyle):
	"""Draws the stamp in the size of the box and takes it over as the appearance."""

	stamp: Stamp = dataclass_field(default_factory=lambda: Stamp("", ()))

	def create_stamp(self, writer: Any, box: BoxConstraints, text_params: dict[str, Any]) -> Any:
		"""Called by pyHanko with the box of the field, in points."""
		return _Appearance(writer, lay_out(self.stamp, float(box.width), float(box.height)))


class _Appearance:
	"""A sheet as the appearance of a field: a form XObject (ISO 32000-2, 12.5.5)."""

	def __init__(self, writer: Any, sheet: Sheet):
		resources, (content,) = sheet.emit(lambda dictionary, stream: _emit(writer, dictionary, stream))
		form = {
			"/Type": "/XObject",
			"/Subtype": "/Form",
			"/BBox": [0, 0, sheet.width, sheet.height],
			"/Resources": resources,
		}
		self._form = _emit(writer, form, content)

	def apply_appearance(self, annotation: Any) -> None:
		"""Called by pyHanko with the field's widget."""
		annotation["/AP"] = _generic({"/N": self._form})


def _emit(writer: Any, dictionary: dict[str, Any], stream: bytes | None) -> Any:
	"""Add what `drawing` describes to pyHanko's writer."""
	if stream is None:
		return writer.add_object(_generic(dictionary))
	added = _pdf.StreamObject(_generic(dictionary), stream_data=stream)
	added.compress()
	return writer.add_object(added)


def _generic(value: Any) -> Any:
	if isinstance(value, dict):
		pairs = {_pdf.pdf_name(name): _generic(part) for name, part in value.items()}
		return _pdf.DictionaryObject(pairs)
	if isinstance(value, list):
		return _pdf.ArrayObject([_generic(part) for part in value])
	if isinstance(value, str):
		return _pdf.pdf_name(value)
	if isinstance(value, bytes):
		return _pdf.ByteStringObject(value)
	if isinstance(value, float):
		return _pdf.FloatObject(round(value, 4))
	return _pdf.NumberObject(value) if isinstance(value, int) else value
