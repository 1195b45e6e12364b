"""The part of `validate` that touches the foreign file. Runs in the limited child process only."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
from typing import Any

from asn1crypto import pem, x509
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import (
	EmbeddedPdfSignature,
	SignatureCoverageLevel,
	async_validate_pdf_signature,
	async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from ..errors import described
from ._changes import Change, Changes, permitted
from ._levels import Standing, levels_of
from ._revisions import scattered_headers

# RFC 5280, 4.2.1.3: either bit makes a certificate fit to sign; seal certificates in use have one or both.
SIGNING_USAGE = KeyUsageConstraints(
	key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)


BEGIN = "-----BEGIN "
HASHES = {"sha1", "sha224", "sha256", "sha384", "sha512"}


def judge(data: bytes, trust: list[str], expected: dict[str, Any] | None) -> dict[str, Any]:
	"""Answer for `validate`: {"sha256", "signatures": [...], "problems": [...]}; never raises."""
	digest = hashlib.sha256(data).hexdigest()
	try:
		return _judge(data, digest, trust, expected)
	except Exception as error:  # what no verdict on a signature holds is one on the file
		return {"sha256": digest, "signatures": [], "problems": [f"unreadable: {described(error)}"]}


def _judge(data: bytes, digest: str, trust: list[str], expected: dict[str, Any] | None) -> dict[str, Any]:
	signatures: list[dict[str, Any]] = []
	problems: list[str] = []
	reader = _open(data)
	fields = [(str(name), ref.get_object()) for name, _value, ref in enumerate_sig_fields(reader, True)]
	try:
		anchors = _anchors(trust)
	except ValueError as error:
		return {"sha256": digest, "signatures": [], "problems": [f"bad_trust: {described(error)}"]}
	if reader.xrefs.hybrid_xrefs_present:
		problems.append("hybrid_file")
	opened = [_open_field(reader, data, name, field) for name, field in fields]
	opened.sort(key=lambda one: one.end)
	_hash_once(data, opened)
	changes = _compare_revisions(reader, opened)
	standings = levels_of(
		reader,
		[one.embedded for one in opened if one.embedded is not None],
		[certificate for certificate, _name in anchors.values()],
	)
	for one in opened:
		one.judge(anchors, changes, standings.get(one.name))
		signatures.append(one.verdict)
	contents = [one.content for one in opened]
	if len(set(contents)) != len(contents) or len({name for name, _ in fields}) != len(fields):
		problems.append("shared_signature_value")
	if not signatures:
		problems.append("no_signatures")
	elif not signatures[-1]["covers_whole_file"] and not _only_validation_data(data, opened[-1], changes):
		problems.append("changed_after_signing")
	problems += _compare(digest, [name for name, _ in fields], expected)
	return {"sha256": digest, "signatures": signatures, "problems": problems}


def _open(data: bytes) -> PdfFileReader:
	reader = PdfFileReader(io.BytesIO(data), strict=False)
	if reader.encrypted and reader.decrypt("").status == AuthStatus.FAILED:
		raise ValueError("protected by a password")
	return reader


def _anchors(trust: list[str]) -> dict[bytes, tuple[x509.Certificate, str]]:
	"""Every trusted certificate by its DER, with the name of its service (the line above it) or its subject."""
	found = {}
	for text in trust:
		before = ""
		for part in re.split(f"(?={BEGIN})", text):
			if not part.startswith(BEGIN):
				before = part
				continue
			_type, _headers, der = pem.unarmor(part.encode())
			certificate = x509.Certificate.load(der)
			certificate.subject.native  # noqa: B018  parsed lazily: a broken anchor must show here
			named = before.strip().rpartition("\n")[2].strip()
			found[der] = (certificate, named or subject_of(der))
			before = part.partition("-----END ")[2].partition("-----")[2]
	if any(text.strip() for text in trust) and not found:
		raise ValueError("no certificate in PEM")
	return found


def subject_of(certificate: bytes) -> str:
	"""The subject of a DER certificate as an RFC 4514 string."""
	return load_der_x509_certificate(certificate).subject.rfc4514_string()


def _compare(digest: str, names: list[str], expected: dict[str, Any] | None) -> list[str]:
	if expected is None:
		return []
	problems = []
	if expected["sha256"] is not None and expected["sha256"].lower() != digest:
		problems.append("hash_differs")
	wanted = [*expected["fields"], *expected["foreign"]]
	missing = sorted(set(wanted) - set(names))
	extra = sorted(set(names) - set(wanted))
	if missing:
		problems.append("signature_missing: " + ", ".join(missing)[:200])
	if extra:
		problems.append("signature_unexpected: " + ", ".join(extra)[:200])
	if not missing and not extra and len(wanted) != len(names):
		problems.append(f"signature_count: {len(names)} of {len(wanted)}")
	return problems


def _open_field(reader: PdfFileReader, data: bytes, name: str, field: Any) -> _Signature:
	one = _Signature(name, field)
	try:
		one.open(reader, data)
	except Exception as error:  # any exception means: not valid, with the reason
		one.fail(error)
	return one


def _hash_once(data: bytes, opened: list[_Signature]) -> None:
	"""Hash the file once for all signatures: their first ranges are beginnings of one another."""
	view = memoryview(data)
	running: dict[str, tuple[Any, int]] = {}
	for one in sorted(opened, key=lambda one: one.gap[0]):
		first, start = one.gap
		if one.embedded is None or not one.exact:
			continue
		name = one.embedded.external_md_algorithm
		if name not in HASHES:  # left to pyHanko
			continue
		state, done = running.get(name) or (hashlib.new(name), 0)
		state.update(view[done:first])
		running[name] = (state, first)
		own = state.copy()
		own.update(view[start : one.end])
		one.embedded.external_digest = own.digest()
		one.embedded.total_len = one.end - (start - first)


def _compare_revisions(reader: PdfFileReader, opened: list[_Signature]) -> Changes | str:
	"""What every revision since the first signed one changed, or why that cannot be told."""
	signed = [one.revision for one in opened if one.embedded is not None]
	try:
		return Changes(reader, min(signed, default=0))
	except Exception as error:  # whatever the parser raises means: changes that cannot be judged
		return described(error)


def _only_validation_data(data: bytes, last: _Signature, changes: Changes | str) -> bool:
	"""Whether what follows the last signature is a document security store alone (ISO 32000-2, 12.8.4.3)."""
	if isinstance(changes, str) or last.verdict["problems"] not in ([], ["untrusted"]):
		return False
	later = range(last.revision + 1, len(changes.found))
	written = {num for number in later for num, _ in changes.history.touched(number)}
	ended = re.search(rb"startxref\s+\d+\s+%%EOF[\r\n]{0,2}\Z", data[-64:]) is not None
	headers = set(scattered_headers(data, last.end))
	return bool(later) and ended and all(changes.dss_only[n] for n in later) and headers <= written


class _Signature:
	"""One filled signature field on its way to a verdict."""

	def __init__(self, name: str, field: Any):
		self.name = name
		self.field = field
		self.embedded: EmbeddedPdfSignature | None = None
		self.content = b""
		self.gap = (0, 0)
		self.end = 0
		self.exact = False
		self.revision = 0
		self.verdict: dict[str, Any] = {
			"field": name,
			"signer_subject": "",
			"time": None,
			"intact": False,
			"trusted": False,
			"trusted_by": "",
			"covers_whole_file": False,
			"reason_text": "",
			"problems": [],
			"kind": "closing" if name == "Closing" else "signature",
			"level": "",
			"level_reason": "",
			"changes": [],
		}

	def fail(self, error: Exception) -> None:
		self.verdict["intact"] = self.verdict["trusted"] = False
		self.verdict["trusted_by"] = ""
		self.verdict["problems"].append(f"broken_signature: {described(error)}")

	def open(self, reader: PdfFileReader, data: bytes) -> None:
		signature = EmbeddedPdfSignature(reader, self.field, self.name)
		self.content = bytes(signature.pkcs7_content)
		self.revision = signature.signed_revision
		if _certifies(reader, self.field.raw_get("/V")):
			self.verdict["kind"] = "certification"
		if signature.sig_object_type == "/DocTimeStamp":
			self.verdict["kind"] = "timestamp"
		self.verdict["reason_text"] = str(signature.sig_object.get("/Reason", ""))
		self.verdict["signer_subject"] = subject_of(signature.signer_cert.dump())
		self._range([int(part) for part in signature.byte_range], data)
		self.embedded = signature

	def _range(self, byte_range: list[int], data: bytes) -> None:
		"""The two ranges must leave out exactly the signature's own hex string (ISO 32000-2, 12.8.1)."""
		if len(byte_range) != 4 or byte_range[0] != 0 or min(byte_range) < 0:
			self.verdict["problems"].append("odd_byte_range")
			return
		_, first, start, length = byte_range
		self.end = start + length
		self.gap = (first, start)
		gap = data[first:start]
		try:
			hexed = gap[1:-1].decode("ascii")
			self.exact = gap[:1] == b"<" and gap[-1:] == b">" and bytes.fromhex(hexed) == self.content
		except ValueError:
			self.exact = False
		if not self.exact or self.end > len(data):
			self.exact = False
			self.verdict["problems"].append("odd_byte_range")
			return
		self.verdict["covers_whole_file"] = self.end == len(data)

	def judge(
		self,
		anchors: dict[bytes, tuple[x509.Certificate, str]],
		changes: Changes | str,
		standing: Standing | None,
	) -> None:
		"""Fill in the verdict; whatever is raised on the way is its reason."""
		if self.embedded is None or standing is None:
			return
		try:
			covered = self._status(self.embedded, anchors, standing)
			if covered:
				self._later_changes(self.embedded, changes)
		except Exception as error:  # any exception means: not valid, with the reason
			self.fail(error)
		self.verdict["intact"] = not set(self.verdict["problems"]) - {"untrusted"}
		if self.verdict["intact"]:
			self.verdict["level"] = standing["level"]
		self.verdict["level_reason"] = standing["reason"]

	def _status(
		self,
		signature: EmbeddedPdfSignature,
		anchors: dict[bytes, tuple[x509.Certificate, str]],
		standing: Standing,
	) -> bool:
		"""Signature and certificate; True if the signature covers its own revision, so that later ones count.

		The certificate is judged at the moment that a time-stamp proves, and twice: its path and usage by pyHanko,
		its revocation with what the file holds by `_levels`.
		"""
		verdict = self.verdict
		context = ValidationContext(
			trust_roots=[certificate for certificate, _ in anchors.values()],
			allow_fetching=False,
			revocation_mode="soft-fail",
			moment=standing["proved"],
		)
		if verdict["kind"] == "timestamp":
			status: Any = asyncio.run(async_validate_pdf_timestamp(signature, context, skip_diff=True))
			time = status.timestamp
		else:
			checks = async_validate_pdf_signature(
				signature,
				signer_validation_context=context,
				key_usage_settings=SIGNING_USAGE,
				skip_diff=True,
			)
			status = asyncio.run(checks)
			stamped = status.timestamp_validity
			time = stamped.timestamp if stamped is not None else status.signer_reported_dt
			if stamped is not None and not (stamped.intact and stamped.valid):
				verdict["problems"].append("timestamp_broken")
			if not status.seed_value_ok:
				verdict["problems"].append("seed_value")
		# A time without its zone says nothing certain.
		verdict["time"] = time.isoformat() if time is not None and time.tzinfo is not None else None
		if not status.intact:
			verdict["problems"].append("content_changed")
		elif not status.valid:
			verdict["problems"].append("signature_invalid")
		verdict["trusted"] = bool(status.trusted and standing["trusted"])
		if verdict["trusted"]:
			root = status.validation_path.trust_anchor.authority.certificate.dump()
			verdict["trusted_by"] = anchors[root][1]
		else:
			verdict["problems"].append("untrusted")
		covered = status.coverage is not None and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
		if not covered and "odd_byte_range" not in verdict["problems"]:
			verdict["problems"].append("odd_byte_range")
		return covered

	def _later_changes(self, signature: EmbeddedPdfSignature, changes: Changes | str) -> None:
		if isinstance(changes, str):
			raise ValueError(changes)
		permission = signature.docmdp_level.value if signature.docmdp_level is not None else None
		if changes.history.reaches_beyond(self.revision, self.end):
			self.verdict["problems"].append("odd_byte_range")
		later: set[Change] = set().union(*changes.found[self.revision + 1 :])
		self.verdict["changes"] = sorted({str(change) for change in later})
		if not all(permitted(change, permission, signature.fieldmdp) for change in later):
			self.verdict["problems"].append("forbidden_change")
		if any(change.code == "signed_field" and change.field == self.name for change in later):
			self.verdict["problems"].append("appearance_changed")


def _certifies(reader: PdfFileReader, value: Any) -> bool:
	try:
		return bool(reader.root["/Perms"].raw_get("/DocMDP").reference == value.reference)
	except (KeyError, AttributeError, TypeError):
		return False
