"""The CMS object built by hand is, byte for byte, what pyHanko's signer builds from the same input; openssl takes it too."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore
from sealing_house import plain_pdf

from signflow.core.pdf import cms
from signflow.core.pdf.keys import SealKey
from signflow.core.pdf.seal import SealRefused, seal_report

NOW = datetime.now(timezone.utc)
ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
KEYS = {
	"RSA-2048": rsa.generate_private_key(65537, 2048),
	"RSA-3072": rsa.generate_private_key(65537, 3072),
	"RSA-4096": rsa.generate_private_key(65537, 4096),
	"P-256": ec.generate_private_key(ec.SECP256R1()),
	"P-384": ec.generate_private_key(ec.SECP384R1()),
	"P-521": ec.generate_private_key(ec.SECP521R1()),
}


def distinguished(*parts: str) -> x509.Name:
	kinds = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.LOCALITY_NAME)
	return x509.Name([x509.NameAttribute(kind, part) for kind, part in zip(kinds, parts, strict=False)])


ROOT = distinguished("Juuri")


def certificate(
	public, subject: x509.Name, issuer: x509.Name, *, serial: int, ca: bool = False
) -> x509.Certificate:
	usage = x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False)
	builder = x509.CertificateBuilder(
		issuer, subject, public, serial, NOW - timedelta(1), NOW + timedelta(99)
	)
	builder = builder.add_extension(x509.BasicConstraints(ca, None), True).add_extension(usage, True)
	return builder.sign(ROOT_KEY, hashes.SHA256())


def house_key(
	kind: str, *, subject=("Leaf",), issuer: x509.Name = ROOT, serial: int = 77, chain: int = 1
) -> SealKey:
	own = certificate(KEYS[kind].public_key(), distinguished(*subject), issuer, serial=serial)
	above = [
		certificate(ROOT_KEY.public_key(), issuer, issuer, serial=number + 1, ca=True)
		for number in range(chain)
	]
	packed = pkcs12.serialize_key_and_certificates(b"k", KEYS[kind], own, above, serialization.NoEncryption())
	return SealKey.from_pkcs12(packed, None)


class Stock(Signer):
	"""pyHanko's own signer, with the given signature in place of one that it makes."""

	def __init__(self, key: SealKey, signature: bytes | None):
		above = SimpleCertificateStore()
		above.register_multiple(
			[asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in key.chain]
		)
		own = asn1_x509.Certificate.load(key.certificate.public_bytes(Encoding.DER))
		super().__init__(signing_cert=own, cert_registry=above)
		self.key, self.given = key, signature

	async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
		return self.given or self.key.sign_raw(data, digest_algorithm)


def stock(key: SealKey, digest: bytes, signature: bytes | None = None) -> bytes:
	built = Stock(key, signature).async_sign(
		digest, key.digest, use_pades=True, signed_attr_settings=PdfCMSSignedAttributes(signing_time=NOW)
	)
	return asyncio.run(built).dump()


def signer_of(der: bytes) -> asn1_cms.SignerInfo:
	return asn1_cms.ContentInfo.load(der, strict=True)["content"]["signer_infos"][0]


# asn1crypto takes no code point that Unicode 3.2 did not have; a name has 64 bytes at most.
words = some.text(some.characters(categories=("L", "N", "P"), max_codepoint=0x17F), min_size=1, max_size=32)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
	kind=some.sampled_from(sorted(KEYS)),
	subject=some.tuples(words, words),
	issuer=some.lists(words, min_size=1, max_size=3),
	serial=some.integers(1, 2**159 - 1),
	chain=some.integers(0, 3),
	digest=some.binary(min_size=64, max_size=64),
)
def test_same_bytes_as_pyhanko(kind, subject, issuer, serial, chain, digest):
	key = house_key(kind, subject=subject, issuer=distinguished(*issuer), serial=serial, chain=chain)
	digest = digest[: hashlib.new(key.digest).digest_size]
	ours = cms.content_info(key, digest)
	# RSA PKCS#1 v1.5 is deterministic; ECDSA is not, so pyHanko is handed the signature that we made.
	given_signature = None if key.is_rsa else signer_of(ours)["signature"].native
	assert ours == stock(key, digest, given_signature)
	assert len(ours) <= cms.size_limit(key)
	assert len(ours) == cms.size_limit(key) or not key.is_rsa


@settings(max_examples=20, deadline=None)
@given(token_size=some.integers(0, 9000))
def test_timestamp_becomes_an_unsigned_attribute(token_size):
	key = house_key("P-256")
	token = asn1_cms.ContentInfo({"content_type": "data", "content": bytes(token_size)}).dump()
	seen = []

	def timestamp(data: bytes) -> bytes:
		seen.append(data)
		return token

	der = cms.content_info(key, hashlib.sha256(b"document").digest(), timestamp)
	signer = signer_of(der)
	assert seen == [signer["signature"].native]
	(attribute,) = signer["unsigned_attrs"]
	assert attribute["type"].native == "signature_time_stamp_token" and attribute["values"][0].dump() == token
	assert len(der) <= cms.size_limit(key, timestamped=True)


@pytest.mark.parametrize("kind", KEYS)
def test_openssl_verifies(kind, tmp_path):
	key = house_key(kind)
	signed = b"the signed bytes of a PDF" * 1000
	files = {name: tmp_path / name for name in ("data", "twin", "cms", "root")}
	files["data"].write_bytes(signed)
	files["twin"].write_bytes(b"T" + signed[1:])
	files["cms"].write_bytes(cms.content_info(key, hashlib.new(key.digest, signed).digest()))
	files["root"].write_bytes(key.chain[0].public_bytes(Encoding.PEM))

	def verify(content: str) -> subprocess.CompletedProcess:
		words = "openssl cms -verify -binary -inform DER -purpose any -out /dev/null -CAfile".split()
		command = [*words, files["root"], "-in", files["cms"], "-content", files[content]]
		return subprocess.run(command, capture_output=True, timeout=30, check=False)

	assert verify("data").returncode == 0, verify("data").stderr
	assert verify("twin").returncode != 0


def test_a_timestamp_larger_than_its_room_is_refused():
	key = house_key("P-256")
	data = seal_report(
		plain_pdf(), key, reason="Sealed", timestamp=lambda _signed: b"\x30\x82\x20\x00" + bytes(8192)
	)
	assert len(data) > 2 * cms.TIMESTAMP_SIZE
	with pytest.raises(SealRefused) as refused:
		seal_report(
			plain_pdf(), key, reason="Sealed", timestamp=lambda _signed: bytes(cms.TIMESTAMP_SIZE + 100)
		)
	assert refused.value.code == "no_room"
