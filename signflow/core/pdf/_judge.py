"""The part of `validate` that touches the foreign file. Runs in the limited child process only."""

from __future__ import annotations

import asyncio
import hashlib
import io
from typing import Any

from asn1crypto import pem, x509
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils import generic
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

# RFC 5280, 4.2.1.3: either bit makes a certificate fit to sign; seal certificates in use have one or both.
SIGNING_USAGE = KeyUsageConstraints(
	key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)


def judge(data: bytes, trust: list[str], expected: dict[str, Any] | None) -> dict[str, Any]:
	"""Answer for `validate`: {"sha256", "signatures": [...], "problems": [...]}; never raises."""
	digest = hashlib.sha256(data).hexdigest()
	problems: list[str] = []
	signatures: list[dict[str, Any]] = []
	try:
		reader = PdfFileReader(io.BytesIO(data), strict=False)
		fields = [(str(name), ref.get_object()) for name, _value, ref in enumerate_sig_fields(reader, True)]
	except Exception as error:  # whatever the parser raises means: not a file that can be judged
		return {"sha256": digest, "signatures": [], "problems": [f"unreadable: {_detail(error)}"]}
	try:
		roots = _certificates(trust)
	except ValueError as error:
		return {"sha256": digest, "signatures": [], "problems": [f"bad_trust: {_detail(error)}"]}
	if reader.xrefs.hybrid_xrefs_present:
		problems.append("hybrid_file")
	certified = _certified_object(reader)
	contents: list[bytes] = []
	for name, field in fields:
		verdict, content = _judge_field(reader, data, name, field, roots, certified)
		signatures.append(verdict)
		contents.append(content)
	signatures.sort(key=lambda one: int(one.pop("end")))
	if len(set(contents)) != len(contents) or len({name for name, _ in fields}) != len(fields):
		problems.append("shared_signature_value")
	if not signatures:
		problems.append("no_signatures")
	elif not signatures[-1]["covers_whole_file"]:
		problems.append("changed_after_signing")
	problems += _compare(digest, [name for name, _ in fields], expected)
	return {"sha256": digest, "signatures": signatures, "problems": problems}


def _detail(error: Exception) -> str:
	return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def _certificates(trust: list[str]) -> list[x509.Certificate]:
	found = []
	for text in trust:
		for _type, _headers, der in pem.unarmor(text.encode(), multiple=True):
			certificate = x509.Certificate.load(der)
			certificate.subject.native  # noqa: B018  parsed lazily: a broken anchor must show here
			found.append(certificate)
	return found


def subject_of(certificate: bytes) -> str:
	"""The subject of a DER certificate as an RFC 4514 string."""
	return load_der_x509_certificate(certificate).subject.rfc4514_string()


def _certified_object(reader: PdfFileReader) -> Any:
	try:
		return reader.root["/Perms"].raw_get("/DocMDP").reference
	except (KeyError, AttributeError, TypeError):
		return None


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


def _judge_field(
	reader: PdfFileReader,
	data: bytes,
	name: str,
	field: Any,
	roots: list[x509.Certificate],
	certified: Any,
) -> tuple[dict[str, Any], bytes]:
	verdict: dict[str, Any] = {
		"field": name,
		"signer_subject": "",
		"time": None,
		"intact": False,
		"trusted": False,
		"covers_whole_file": False,
		"reason_text": "",
		"problems": [],
		"kind": "closing" if name == "Closing" else "signature",
		"end": 0,
	}
	content = b""
	try:
		signature = EmbeddedPdfSignature(reader, field, name)
		content = bytes(signature.pkcs7_content)
		value = field.raw_get("/V")
		if certified is not None and getattr(value, "reference", None) == certified:
			verdict["kind"] = "certification"
		if signature.sig_object_type == "/DocTimeStamp":
			verdict["kind"] = "timestamp"
		verdict["reason_text"] = str(signature.sig_object.get("/Reason", ""))
		verdict["signer_subject"] = subject_of(signature.signer_cert.dump())
		_range(verdict, [int(part) for part in signature.byte_range], content, data)
		_status(verdict, signature, roots)
		if _repainted(reader, signature, field):
			verdict["intact"] = False
			verdict["problems"].append("appearance_changed")
	except Exception as error:  # any exception means: not valid, with the reason
		verdict["intact"] = verdict["trusted"] = False
		verdict["problems"].append(f"broken_signature: {_detail(error)}")
	return verdict, content


def _range(verdict: dict[str, Any], byte_range: list[int], content: bytes, data: bytes) -> None:
	"""The two ranges must leave out exactly the signature's own hex string (ISO 32000-2, 12.8.1)."""
	if len(byte_range) != 4 or byte_range[0] != 0 or min(byte_range) < 0:
		verdict["problems"].append("odd_byte_range")
		return
	_, first, start, length = byte_range
	verdict["end"] = start + length
	gap = data[first:start]
	try:
		exact = gap[:1] == b"<" and gap[-1:] == b">" and bytes.fromhex(gap[1:-1].decode("ascii")) == content
	except ValueError:
		exact = False
	if not exact or start + length > len(data):
		verdict["problems"].append("odd_byte_range")
		return
	verdict["covers_whole_file"] = start + length == len(data)


def _repainted(reader: PdfFileReader, signature: EmbeddedPdfSignature, field: Any) -> bool:
	"""Whether a signed field, above all its appearance, changed since: pyHanko takes that for filling in a form."""
	current: Any = reader
	past: Any = reader.get_historical_resolver(signature.signed_revision)
	seen: set[Any] = set()

	def differs(now: Any, then: Any) -> bool:
		if isinstance(now, generic.IndirectObject):
			if not isinstance(then, generic.IndirectObject) or now.reference != then.reference:
				return True
			if now.reference in seen:
				return False
			seen.add(now.reference)
			return differs(current.get_object(now.reference), past.get_object(then.reference))
		if isinstance(now, generic.DictionaryObject) and isinstance(then, generic.DictionaryObject):
			if getattr(now, "encoded_data", None) != getattr(then, "encoded_data", None):
				return True
			keys = (set(now) | set(then)) - {"/P", "/Parent", "/Kids"}
			return any(
				key not in now or key not in then or differs(now.raw_get(key), then.raw_get(key))
				for key in keys
			)
		if isinstance(now, generic.ArrayObject) and isinstance(then, generic.ArrayObject):
			count = len(now)
			return count != len(then) or any(differs(now.raw_get(i), then.raw_get(i)) for i in range(count))
		return bool(now != then)

	reference = field.container_ref
	return differs(field, past.get_object(reference)) if reference is not None else False


def _status(verdict: dict[str, Any], signature: EmbeddedPdfSignature, roots: list[x509.Certificate]) -> None:
	context = ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")
	if verdict["kind"] == "timestamp":
		status: Any = asyncio.run(async_validate_pdf_timestamp(signature, context))
		time = status.timestamp
	else:
		checks = async_validate_pdf_signature(
			signature, signer_validation_context=context, key_usage_settings=SIGNING_USAGE
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
	verdict["trusted"] = bool(status.trusted)
	if not status.intact:
		verdict["problems"].append("content_changed")
	elif not status.valid:
		verdict["problems"].append("signature_invalid")
	if status.coverage is None or status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
		verdict["problems"].append("odd_byte_range")
	elif not status.docmdp_ok:
		verdict["problems"].append("forbidden_change")
	verdict["intact"] = not verdict["problems"]
	if not status.trusted:
		verdict["problems"].append("untrusted")
