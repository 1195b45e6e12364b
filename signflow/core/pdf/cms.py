"""Builds the CMS object of a PAdES signature in DER by hand: most of it never changes for a key and is held.

A detached SignedData (RFC 5652) with one signer and the signed attributes of a CAdES-BES signature as PAdES wants them
(ETSI EN 319 142-1, 6.3): content-type, message-digest, signing-certificate-v2 (RFC 5035). There is no signing-time:
PAdES keeps it in the dictionary's /M. Byte for byte what pyHanko builds from the same input, which the tests hold it to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.serialization import Encoding

if TYPE_CHECKING:
	from .keys import SealKey

__all__ = ["TIMESTAMP_SIZE", "Timestamper", "content_info", "size_limit"]

# Given the bytes to be stamped (not hashed yet), the DER of a TimeStampToken (a CMS ContentInfo).
Timestamper = Callable[[bytes], bytes]
# Room for an RFC 3161 token with its certificates, in bytes.
TIMESTAMP_SIZE = 16384

SEQUENCE, SET, OCTETS = b"\x30", b"\x31", b"\x04"
NULL = b"\x05\x00"
VERSION_1 = b"\x02\x01\x01"


def _oid(dotted: str) -> bytes:
	"""An OBJECT IDENTIFIER in DER (X.690, 8.19)."""
	first, second, *rest = (int(arc) for arc in dotted.split("."))
	body = bytearray()
	for arc in (first * 40 + second, *rest):
		septets = [arc & 0x7F]
		while arc := arc >> 7:
			septets.append(arc & 0x7F | 0x80)
		body += bytes(reversed(septets))
	return _der(b"\x06", bytes(body))


def _der(tag: bytes, *parts: bytes) -> bytes:
	"""One value with its tag and definite length (X.690, 10.1)."""
	body = b"".join(parts)
	size = len(body)
	if size < 128:
		return tag + bytes((size,)) + body
	length = size.to_bytes((size.bit_length() + 7) // 8, "big")
	return tag + bytes((0x80 | len(length),)) + length + body


DATA = _oid("1.2.840.113549.1.7.1")
SIGNED_DATA = _oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = _oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE_V2 = _oid("1.2.840.113549.1.9.16.2.47")
TIMESTAMP_TOKEN = _oid("1.2.840.113549.1.9.16.2.14")

# RFC 5754: digest, RSA PKCS#1 v1.5 and ECDSA with it. ECDSA's identifiers have no parameters.
DIGESTS = {
	name: _oid(f"2.16.840.1.101.3.4.2.{arc}") for name, arc in (("sha256", 1), ("sha384", 2), ("sha512", 3))
}
RSA = {
	name: _oid(f"1.2.840.113549.1.1.{arc}") for name, arc in (("sha256", 11), ("sha384", 12), ("sha512", 13))
}
ECDSA = {
	name: _oid(f"1.2.840.10045.4.3.{arc}") for name, arc in (("sha256", 2), ("sha384", 3), ("sha512", 4))
}


def _attribute(kind: bytes, value: bytes) -> bytes:
	return _der(SEQUENCE, kind, _der(SET, value))


class _Frame:
	"""What is the same in every signature of a key with one digest algorithm."""

	def __init__(self, key: SealKey):
		name = key.digest
		own = key.certificate.public_bytes(Encoding.DER)
		above = (other.public_bytes(Encoding.DER) for other in key.chain)
		issuer = key.certificate.issuer.public_bytes()
		number = key.certificate.serial_number
		serial = _der(b"\x02", number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))
		digest = _der(SEQUENCE, DIGESTS[name], NULL)
		# GeneralNames with the one choice directoryName; SHA-256 is ESSCertIDv2's default and left out.
		names = _der(SEQUENCE, _der(SEQUENCE, _der(b"\xa4", issuer)), serial)
		certificate_id = _der(SEQUENCE, _der(OCTETS, hashlib.sha256(own).digest()), names)
		self.attributes = (
			_attribute(CONTENT_TYPE, DATA),
			_attribute(SIGNING_CERTIFICATE_V2, _der(SEQUENCE, _der(SEQUENCE, certificate_id))),
		)
		self.head = (
			VERSION_1 + _der(SET, digest) + _der(SEQUENCE, DATA) + _der(b"\xa0", *sorted({own, *above}))
		)
		self.signer = VERSION_1 + _der(SEQUENCE, issuer, serial) + digest
		self.mechanism = _der(SEQUENCE, RSA[name], NULL) if key.is_rsa else _der(SEQUENCE, ECDSA[name])

	def signed_attributes(self, digest: bytes) -> bytes:
		"""The body of the SET that is signed, in DER order (X.690, 11.6)."""
		return b"".join(sorted((*self.attributes, _attribute(MESSAGE_DIGEST, _der(OCTETS, digest)))))

	def content_info(self, attributes: bytes, signature: bytes, unsigned: bytes = b"") -> bytes:
		signer = _der(
			SEQUENCE,
			self.signer,
			_der(b"\xa0", attributes),
			self.mechanism,
			_der(OCTETS, signature),
			unsigned,
		)
		signed_data = _der(SEQUENCE, self.head, _der(SET, signer))
		return _der(SEQUENCE, SIGNED_DATA, _der(b"\xa0", signed_data))


_frames: WeakKeyDictionary[SealKey, _Frame] = WeakKeyDictionary()


def _frame(key: SealKey) -> _Frame:
	frame = _frames.get(key)
	if frame is None:
		frame = _frames[key] = _Frame(key)
	return frame


def content_info(key: SealKey, digest: bytes, timestamp: Callable[[bytes], bytes] | None = None) -> bytes:
	"""Sign the document's `digest` (of `key.digest`) and return the ContentInfo in DER.

	`timestamp` gets the signature value and returns an RFC 3161 TimeStampToken in DER, which becomes the unsigned
	attribute signature-time-stamp (EN 319 122-1, 5.3); what it raises passes through.
	"""
	frame = _frame(key)
	attributes = frame.signed_attributes(digest)
	signature = key.sign_raw(_der(SET, attributes), key.digest)
	unsigned = b""
	if timestamp is not None:
		unsigned = _der(b"\xa1", _attribute(TIMESTAMP_TOKEN, timestamp(signature)))
	return frame.content_info(attributes, signature, unsigned)


def size_limit(key: SealKey, *, timestamped: bool = False) -> int:
	"""The size in bytes that `content_info` reaches at most; exact for RSA without a timestamp."""
	frame = _frame(key)
	attributes = frame.signed_attributes(bytes(hashlib.new(key.digest).digest_size))
	size = len(frame.content_info(attributes, bytes(key.signature_size)))
	return size + TIMESTAMP_SIZE if timestamped else size
