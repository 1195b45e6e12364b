"""A pyHanko signer around an already parsed key: no key is parsed or checked again at a signature."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from .keys import SealKey

HASHES: dict[str, type[hashes.HashAlgorithm]] = {"sha256": hashes.SHA256, "sha384": hashes.SHA384}
# Signed attributes, algorithm identifiers and DER framing around certificates and signature, in bytes.
CMS_FRAME = 1024


class HeldSigner(Signer):
	"""Signs with a SealKey. `reserved` is the room for the CMS object in hex digits, so that no dry run is
	needed.
	"""

	def __init__(self, key: SealKey):
		own = x509.Certificate.load(key.certificate.public_bytes(Encoding.DER))
		above = [x509.Certificate.load(other.public_bytes(Encoding.DER)) for other in key.chain]
		store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
		store.register_multiple(above)
		super().__init__(signing_cert=own, cert_registry=store)
		self._sealing = key
		certificates = sum(len(certificate.dump()) for certificate in (own, *above))
		self.digest = "sha384" if 48 <= key.signature_size // 2 <= 64 else "sha256"
		size = certificates + key.signature_size + len(own.issuer.dump()) + CMS_FRAME
		self.reserved = -(-2 * size // 512) * 512

	async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
		"""Called by pyHanko with the DER of the signed attributes."""
		if dry_run:
			return bytes(self._sealing.signature_size)
		return self._sealing.sign_raw(data, HASHES[digest_algorithm.lower()]())


_held: WeakKeyDictionary[Any, HeldSigner] = WeakKeyDictionary()


def held_signer(key: SealKey) -> HeldSigner:
	"""The one signer of `key` in this process."""
	if key not in _held:
		_held[key] = HeldSigner(key)
	return _held[key]
