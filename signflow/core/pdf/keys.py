"""The house's seal key: read from PKCS#12, checked once, held parsed; and a self-signed key for tests."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from ..errors import SignflowError, _

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

REASONS: dict[str, str] = {
	"wrong_passphrase": _("The pass-phrase does not open the key file."),
	"unreadable_key": _("The key file is not a readable PKCS#12 file (.p12 or .pfx)."),
	"no_private_key": _("The key file holds no private key with its certificate. Export both together."),
	"expired": _("The certificate expired on {date}. Ask the issuer for a new one."),
	"not_yet_valid": _("The certificate is valid only from {date}."),
	"key_does_not_match": _("The private key does not belong to the certificate in the file."),
	"weak_key": _(
		"The key ({kind}) is too weak or of an unknown kind. Use RSA of 2048 bits or more, or ECDSA P-256."
	),
	"no_signing_usage": _(
		"The certificate may not be used for signing (key usage). Ask the issuer for a seal certificate."
	),
}


class KeyRefused(SignflowError):
	"""A key that cannot seal; `code` is one of the keys of REASONS."""

	def __init__(self, code: str, **params: object):
		super().__init__(code, REASONS[code], **params)


class SealKey:
	"""A private key with its certificate and chain, parsed and checked once; never printed or pickled."""

	__slots__ = ("__weakref__", "_key", "certificate", "chain")

	def __init__(self, key: PrivateKey, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...]):
		self._key = key
		self.certificate = certificate
		self.chain = chain

	@classmethod
	def from_pkcs12(cls, data: bytes, passphrase: str | None, *, now: datetime | None = None) -> SealKey:
		"""Read and check a PKCS#12 file (RFC 7292); `now` (aware, default the clock) judges its validity.

		Raises KeyRefused: wrong_passphrase, unreadable_key, no_private_key, expired, not_yet_valid,
		key_does_not_match, weak_key, no_signing_usage.
		"""
		try:
			key, certificate, others = pkcs12.load_key_and_certificates(
				data, passphrase.encode() if passphrase else None
			)
		except ValueError as error:
			wrong = any(word in str(error).lower() for word in ("password", "mac"))
			raise KeyRefused("wrong_passphrase" if wrong else "unreadable_key") from None
		except Exception:  # pyca raises several kinds for odd ASN.1 and unknown algorithms
			raise KeyRefused("unreadable_key") from None
		if key is None or certificate is None:
			if key is not None and others:
				raise KeyRefused("key_does_not_match")
			raise KeyRefused("no_private_key")
		if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
			raise KeyRefused("weak_key", kind=type(key).__name__)
		_check_strength(key)
		_check_certificate(key, certificate, now or datetime.now(timezone.utc))
		return cls(key, certificate, tuple(others))

	@property
	def subject(self) -> str:
		"""The certificate's subject as an RFC 4514 string."""
		return self.certificate.subject.rfc4514_string()

	@property
	def issuer(self) -> str:
		"""The certificate's issuer as an RFC 4514 string."""
		return self.certificate.issuer.rfc4514_string()

	@property
	def self_signed(self) -> bool:
		"""True if the certificate names itself as issuer: nobody else vouches for it."""
		return self.certificate.subject == self.certificate.issuer

	@property
	def not_before(self) -> datetime:
		"""Start of validity, aware UTC."""
		return self.certificate.not_valid_before_utc

	@property
	def not_after(self) -> datetime:
		"""End of validity, aware UTC."""
		return self.certificate.not_valid_after_utc

	@property
	def fingerprint(self) -> str:
		"""SHA-256 of the certificate in DER, lower-case hex."""
		return self.certificate.fingerprint(hashes.SHA256()).hex()

	@property
	def certificate_pem(self) -> str:
		"""The certificate in PEM."""
		return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

	@property
	def chain_pem(self) -> str:
		"""The certificate and those above it that the file held, in PEM, the certificate first."""
		above = (other.public_bytes(serialization.Encoding.PEM).decode("ascii") for other in self.chain)
		return self.certificate_pem + "".join(above)

	@property
	def algorithm(self) -> str:
		"""What `sign_bytes` makes: "RSASSA-PKCS1-v1_5 with SHA-256" or "ECDSA with SHA-256" (RFC 8017, FIPS
		186-5).
		"""
		if isinstance(self._key, rsa.RSAPrivateKey):
			return "RSASSA-PKCS1-v1_5 with SHA-256"
		return "ECDSA with SHA-256"

	@property
	def signature_size(self) -> int:
		"""Upper bound of a signature's size in bytes."""
		if isinstance(self._key, rsa.RSAPrivateKey):
			return self._key.key_size // 8
		return 2 * ((self._key.key_size + 7) // 8) + 16

	def sign_bytes(self, data: bytes) -> bytes:
		"""Sign `data` (hashed here) for evidence: RSA PKCS#1 v1.5 or ECDSA (DER), both with SHA-256."""
		return self.sign_raw(data, hashes.SHA256())

	def sign_raw(self, data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
		"""Sign `data`, hashed here with `algorithm`: RSA PKCS#1 v1.5 or ECDSA (DER)."""
		if isinstance(self._key, rsa.RSAPrivateKey):
			return self._key.sign(data, padding.PKCS1v15(), algorithm)
		return self._key.sign(data, ec.ECDSA(algorithm))

	def __repr__(self) -> str:
		return f"<SealKey {self.subject!r} {self.fingerprint[:16]}>"

	def __reduce__(self) -> str:
		raise TypeError("a SealKey is never pickled")


def _check_strength(key: PrivateKey) -> None:
	if isinstance(key, rsa.RSAPrivateKey):
		if key.key_size < 2048:
			raise KeyRefused("weak_key", kind=f"RSA-{key.key_size}")
	elif key.curve.name not in {"secp256r1", "secp384r1", "secp521r1"}:
		raise KeyRefused("weak_key", kind=f"ECDSA {key.curve.name}")


def _check_certificate(key: PrivateKey, certificate: x509.Certificate, now: datetime) -> None:
	spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
	if key.public_key().public_bytes(*spki) != certificate.public_key().public_bytes(*spki):
		raise KeyRefused("key_does_not_match")
	if certificate.not_valid_after_utc < now:
		raise KeyRefused("expired", date=f"{certificate.not_valid_after_utc:%Y-%m-%d}")
	if certificate.not_valid_before_utc > now:
		raise KeyRefused("not_yet_valid", date=f"{certificate.not_valid_before_utc:%Y-%m-%d}")
	try:
		usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
	except x509.ExtensionNotFound:
		return
	if not (usage.digital_signature or usage.content_commitment):
		raise KeyRefused("no_signing_usage")


def _cut(text: str, most: int) -> str:
	"""`text` in at most `most` bytes of UTF-8, X.520's upper bound as the certificate library counts it."""
	return text.encode()[:most].decode(errors="ignore").rstrip()


def make_test_key(
	organisation: str, *, country: str = "FI", now: datetime | None = None
) -> tuple[bytes, str]:
	"""Make a self-signed RSA-3072 test seal for `organisation`; return PKCS#12 bytes and its random
	pass-phrase.

	Valid for three years from `now`; key usage digitalSignature and nonRepudiation (RFC 5280, 4.2.1.3).
	`country` is an ISO 3166-1 alpha-2 code. Names longer than X.520's 64 are cut. RSA-3072 because
	every validator tried reads it.
	"""
	now = now or datetime.now(timezone.utc)
	suffix = " (test seal)"
	organisation = " ".join(organisation.split()) or "Test"
	subject = x509.Name(
		[
			x509.NameAttribute(NameOID.COUNTRY_NAME, country.upper()),
			x509.NameAttribute(NameOID.ORGANIZATION_NAME, _cut(organisation, 64)),
			x509.NameAttribute(NameOID.COMMON_NAME, _cut(organisation, 64 - len(suffix)) + suffix),
		]
	)
	key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
	usage = x509.KeyUsage(
		digital_signature=True,
		content_commitment=True,
		key_encipherment=False,
		data_encipherment=False,
		key_agreement=False,
		key_cert_sign=False,
		crl_sign=False,
		encipher_only=False,
		decipher_only=False,
	)
	certificate = (
		x509.CertificateBuilder()
		.subject_name(subject)
		.issuer_name(subject)
		.public_key(key.public_key())
		.serial_number(x509.random_serial_number())
		.not_valid_before(now - timedelta(minutes=5))
		.not_valid_after(now + timedelta(days=3 * 365))
		.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
		.add_extension(usage, critical=True)
		.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
		.sign(key, hashes.SHA256())
	)
	passphrase = secrets.token_urlsafe(24)
	encryption = serialization.BestAvailableEncryption(passphrase.encode())
	data = pkcs12.serialize_key_and_certificates(b"signflow test seal", key, certificate, None, encryption)
	return data, passphrase
