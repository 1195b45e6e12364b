"""The house's seal key: from PKCS#12 or in a PKCS#11 token, checked once, held; and a self-signed key for tests."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from ..errors import Refused, _
from ._token import TokenError, TokenKey

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

HASHES: dict[str, hashes.HashAlgorithm] = {
	"sha256": hashes.SHA256(),
	"sha384": hashes.SHA384(),
	"sha512": hashes.SHA512(),
}
# A digest as strong as the curve (FIPS 186-5, 6.1.1).
CURVE_DIGESTS = {"secp256r1": "sha256", "secp384r1": "sha384", "secp521r1": "sha512"}
MOST_HELD = 32

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
	"no_token_support": _("Keys in a token need the Python package python-pkcs11 on the server."),
	"token_unavailable": _(
		"The key in the token cannot be used ({detail}). Check the token, its label and its PIN."
	),
	"no_certificate": _("The token holds no certificate for the key. Give the certificate as a PEM file."),
}


class KeyRefused(Refused):
	"""A key that cannot seal; `code` is one of the keys of REASONS."""

	reasons = REASONS


class SealKey:
	"""A private key with its certificate and chain, parsed and checked once; never printed or pickled."""

	__slots__ = ("__weakref__", "_key", "_public", "certificate", "chain")

	def __init__(
		self, key: PrivateKey | TokenKey, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...]
	):
		public = certificate.public_key()
		assert isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)), "checked before"
		self._key = key
		self._public: PublicKey = public
		self.certificate = certificate
		self.chain = chain

	@classmethod
	def from_pkcs12(cls, data: bytes, passphrase: str | None, *, now: datetime | None = None) -> SealKey:
		"""Read and check a PKCS#12 file (RFC 7292); `now` (aware, default the clock) judges its validity.

		The same file and pass-phrase are parsed once per process, for the last 32 keys; their validity is judged each
		time. Raises KeyRefused: wrong_passphrase, unreadable_key, no_private_key, expired, not_yet_valid,
		key_does_not_match, weak_key, no_signing_usage.
		"""
		known = hashlib.sha256(b"%d:%b" % (len(data), data))
		known.update(b"-" if passphrase is None else b"+" + passphrase.encode())
		held = _held.get(known.digest())
		if held is None:
			held = cls(*_read_pkcs12(data, passphrase))
			_check_usage(held.certificate)
			_held[known.digest()] = held
			while len(_held) > MOST_HELD:
				_held.popitem(last=False)
		else:
			_held.move_to_end(known.digest())
		_check_validity(held.certificate, now or datetime.now(timezone.utc))
		return held

	@classmethod
	def from_token(
		cls,
		module: str,
		token: str,
		label: str,
		pin: str,
		*,
		certificates_pem: str | None = None,
		now: datetime | None = None,
	) -> SealKey:
		"""Use the key labelled `label` in the PKCS#11 token labelled `token`; it never leaves the token.

		`module` is the path of the token's PKCS#11 library. The certificate is the one in the token with the key's id
		or label, unless given in `certificates_pem`: the key's own first, then those above it. Raises KeyRefused:
		no_token_support, token_unavailable, no_certificate and those of `from_pkcs12` about certificate and key.
		"""
		try:
			key = TokenKey(module, token, label, pin)
			encoded = key.certificates() if certificates_pem is None else []
		except TokenError as error:
			raise KeyRefused(error.code, **error.params) from None
		try:
			if certificates_pem is not None:
				found = x509.load_pem_x509_certificates(certificates_pem.encode())
			else:
				found = [x509.load_der_x509_certificate(one) for one in encoded]
		except ValueError:
			raise KeyRefused("no_certificate") from None
		if not found:
			raise KeyRefused("no_certificate")
		public = found[0].public_key()
		if not isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
			raise KeyRefused("weak_key", kind=type(public).__name__)
		_check_strength(public)
		_check_usage(found[0])
		_check_validity(found[0], now or datetime.now(timezone.utc))
		sealing = cls(key, found[0], tuple(found[1:]))
		sealing._check_signs()
		return sealing

	def _check_signs(self) -> None:
		"""A token's key is known to fit its certificate once a signature by it verifies."""
		signature = self.sign_raw(b"signflow", self.digest)
		try:
			if isinstance(self._public, rsa.RSAPublicKey):
				self._public.verify(signature, b"signflow", padding.PKCS1v15(), HASHES[self.digest])
			else:
				self._public.verify(signature, b"signflow", ec.ECDSA(HASHES[self.digest]))
		except InvalidSignature:
			raise KeyRefused("key_does_not_match") from None

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
	def is_rsa(self) -> bool:
		"""True for RSA, False for ECDSA."""
		return isinstance(self._public, rsa.RSAPublicKey)

	@property
	def algorithm(self) -> str:
		"""What `sign_bytes` makes: "RSASSA-PKCS1-v1_5 with SHA-256" or "ECDSA with SHA-256" (RFC 8017, FIPS
		186-5).
		"""
		return f"{'RSASSA-PKCS1-v1_5' if self.is_rsa else 'ECDSA'} with SHA-256"

	@property
	def digest(self) -> str:
		"""Digest algorithm of its PDF signatures: "sha256", or one as strong as the curve."""
		return (
			"sha256" if isinstance(self._public, rsa.RSAPublicKey) else CURVE_DIGESTS[self._public.curve.name]
		)

	@property
	def signature_size(self) -> int:
		"""Upper bound of a signature's size in bytes."""
		size = (self._public.key_size + 7) // 8
		# ECDSA-Sig-Value (RFC 3279, 2.2.3): two integers, each perhaps with a zero before it, and three headers.
		return size if self.is_rsa else 2 * (size + 3) + (2 if 2 * (size + 3) < 128 else 3)

	def sign_bytes(self, data: bytes) -> bytes:
		"""Sign `data` (hashed here) for evidence: RSA PKCS#1 v1.5 or ECDSA (DER), both with SHA-256."""
		return self.sign_raw(data, "sha256")

	def sign_raw(self, data: bytes, digest: str) -> bytes:
		"""Sign `data`, hashed here with "sha256", "sha384" or "sha512": RSA PKCS#1 v1.5 or ECDSA (DER).

		Raises KeyRefused: token_unavailable.
		"""
		if isinstance(self._key, TokenKey):
			try:
				return self._key.sign(data, digest, rsa=self.is_rsa)
			except TokenError as error:
				raise KeyRefused(error.code, **error.params) from None
		if isinstance(self._key, rsa.RSAPrivateKey):
			return self._key.sign(data, padding.PKCS1v15(), HASHES[digest])
		return self._key.sign(data, ec.ECDSA(HASHES[digest]))

	def __repr__(self) -> str:
		return f"<SealKey {self.subject!r} {self.fingerprint[:16]}>"

	def __reduce__(self) -> str:
		raise TypeError("a SealKey is never pickled")


# Parsed keys by the hash of file and pass-phrase, the least recently used first.
_held: OrderedDict[bytes, SealKey] = OrderedDict()


def _read_pkcs12(
	data: bytes, passphrase: str | None
) -> tuple[PrivateKey, x509.Certificate, tuple[x509.Certificate, ...]]:
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
	public = key.public_key()
	_check_strength(public)
	_check_match(public, certificate)
	return key, certificate, tuple(others)


def _check_strength(key: PublicKey) -> None:
	if isinstance(key, rsa.RSAPublicKey):
		if key.key_size < 2048:
			raise KeyRefused("weak_key", kind=f"RSA-{key.key_size}")
	elif key.curve.name not in CURVE_DIGESTS:
		raise KeyRefused("weak_key", kind=f"ECDSA {key.curve.name}")


def _check_match(key: PublicKey, certificate: x509.Certificate) -> None:
	spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
	if key.public_bytes(*spki) != certificate.public_key().public_bytes(*spki):
		raise KeyRefused("key_does_not_match")


def _check_validity(certificate: x509.Certificate, now: datetime) -> None:
	if certificate.not_valid_after_utc < now:
		raise KeyRefused("expired", date=f"{certificate.not_valid_after_utc:%Y-%m-%d}")
	if certificate.not_valid_before_utc > now:
		raise KeyRefused("not_yet_valid", date=f"{certificate.not_valid_before_utc:%Y-%m-%d}")


def _check_usage(certificate: x509.Certificate) -> None:
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
