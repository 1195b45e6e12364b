"""The seal on a text: a plain signature with the organisation's key, and its check against a certificate."""

import hashlib
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signflow.core.errors import SignflowError, _

RSA = "RSASSA-PKCS1-v1_5 with SHA-256"
ECDSA = "ECDSA with SHA-256"


class Sealer(Protocol):
	"""What evidence needs of a seal key: its certificate (PEM text) and a signature over bytes.

	`sign_bytes` signs with RSASSA-PKCS1-v1_5 (RFC 8017, 8.2) or ECDSA (FIPS 186-5, DER), over SHA-256.
	"""

	@property
	def certificate_pem(self) -> str:
		"""The certificate of the key in PEM (RFC 7468)."""

	def sign_bytes(self, data: bytes, /) -> bytes:
		"""Return the signature over `data`."""


def load_certificate(pem: str) -> x509.Certificate:
	"""Read the first certificate of a PEM text; raises SignflowError `bad_certificate`."""
	try:
		certificate = x509.load_pem_x509_certificate(pem.encode("ascii"))
		# These are parsed only when asked for, so ask here, where the errors are expected.
		for part in ("issuer", "subject", "not_valid_before_utc", "not_valid_after_utc"):
			getattr(certificate, part)
		certificate.public_key()
		certificate.subject.rfc4514_string()
		return certificate
	except Exception as error:  # a damaged certificate makes the library raise nearly anything, KeyError too
		raise SignflowError("bad_certificate", _("This is not a certificate in PEM form.")) from error


def certificate_pem(certificate: x509.Certificate) -> str:
	"""Return `certificate` in the one PEM form that is used here (64 columns, LF; RFC 7468)."""
	return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def certificate_fingerprint(certificate: x509.Certificate) -> str:
	"""Return the SHA-256 over the certificate's DER as 64 lower-case hex digits."""
	return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def seal_algorithm(certificate: x509.Certificate) -> str:
	"""Return the name of the signature algorithm that the certificate's key is used with.

	Raises SignflowError `bad_certificate` for keys other than RSA from 2048 bits and elliptic curves.
	"""
	key = certificate.public_key()
	if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
		return RSA
	if isinstance(key, ec.EllipticCurvePublicKey):
		return ECDSA
	raise SignflowError(
		"bad_certificate", _("The certificate's key is neither RSA of 2048 bits or more nor ECDSA.")
	)


def seal_holds(certificate: x509.Certificate, signature: bytes, data: bytes) -> bool:
	"""Tell whether `signature` over `data` was made with the key of `certificate`; never raises."""
	try:
		key = certificate.public_key()
		if isinstance(key, rsa.RSAPublicKey):
			key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
			return True
		if isinstance(key, ec.EllipticCurvePublicKey):
			key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
			return True
	except (InvalidSignature, ValueError, UnsupportedAlgorithm):
		return False
	return False
