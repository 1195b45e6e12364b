"""Keys that can seal are taken once; all others are refused with their reason and never shown."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from sealing_house import plain_pdf

from signflow.core.pdf import keys
from signflow.core.pdf.keys import KeyRefused, SealKey, make_test_key
from signflow.core.pdf.seal import seal_report
from signflow.core.pdf.validate import validate

NOW = datetime.now(timezone.utc)
P256 = ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
	return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def certificate(public, *, days=30, signer=P256, signs=True, subject="Testi Oy", issuer="Testi Oy", ca=False):
	usage = x509.KeyUsage(signs, False, True, False, False, ca, ca, False, False)
	builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
	builder = builder.public_key(public).serial_number(x509.random_serial_number())
	builder = builder.not_valid_before(NOW - timedelta(days=60)).not_valid_after(NOW + timedelta(days=days))
	builder = builder.add_extension(usage, critical=True)
	builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
	return builder.sign(signer, hashes.SHA256())


def packed(key, own, others=None) -> bytes:
	return pkcs12.serialize_key_and_certificates(b"k", key, own, others, serialization.NoEncryption())


WEAK = rsa.generate_private_key(65537, 1024)
ODD = ec.generate_private_key(ec.SECP256K1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
REFUSED = {
	"no_private_key": packed(None, certificate(P256.public_key())),
	"expired": packed(P256, certificate(P256.public_key(), days=-1)),
	"weak_key": packed(WEAK, certificate(WEAK.public_key())),
	"weak_key ": packed(ODD, certificate(ODD.public_key())),
	"weak_key  ": packed(EDWARDS, certificate(EDWARDS.public_key())),
	"no_signing_usage": packed(P256, certificate(P256.public_key(), signs=False)),
	"unreadable_key": b"not a key file",
	"unreadable_key ": b"",
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_its_reason(code):
	with pytest.raises(KeyRefused) as refused:
		SealKey.from_pkcs12(REFUSED[code], None)
	assert refused.value.code == code.strip() and str(refused.value)


def test_key_of_another_certificate():
	other = ec.generate_private_key(ec.SECP256R1())
	with pytest.raises(KeyRefused) as refused:
		keys._check_match(other.public_key(), certificate(P256.public_key()))
	assert refused.value.code == "key_does_not_match"


@pytest.mark.parametrize("passphrase", ["wrong", "", None])
def test_wrong_passphrase(passphrase):
	data, right = make_test_key("Testi Oy")
	assert right
	with pytest.raises(KeyRefused) as refused:
		SealKey.from_pkcs12(data, passphrase)
	assert refused.value.code == "wrong_passphrase"


def test_test_key():
	data, passphrase = make_test_key(
		"Äänekosken Höyry Oy ja pitkänimiset pojat, perustettu 1887 kommandiittiyhtiö"
	)
	key = SealKey.from_pkcs12(data, passphrase)
	assert key.self_signed and key.subject == key.issuer and "(test seal)" in key.subject
	assert key.not_before < NOW < key.not_after < NOW + timedelta(days=3 * 366)
	assert len(key.fingerprint) == 64 and key.chain_pem == key.certificate_pem
	usage = key.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
	assert usage.digital_signature and usage.content_commitment and not usage.key_cert_sign
	public = key.certificate.public_key()
	public.verify(key.sign_bytes(b"evidence"), b"evidence", padding.PKCS1v15(), hashes.SHA256())
	assert "PRIVATE" not in repr(key) and "key" not in repr(key).lower().replace("sealkey", "")
	with pytest.raises(TypeError):
		pickle.dumps(key)


@pytest.mark.parametrize(
	"curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name
)
def test_elliptic_keys_with_a_chain_seal(curve, other_judges):
	own = ec.generate_private_key(curve)
	root = certificate(P256.public_key(), subject="Root", issuer="Root", ca=True)
	leaf = certificate(own.public_key(), issuer="Root")
	key = SealKey.from_pkcs12(packed(own, leaf, [root]), None)
	assert not key.self_signed and key.chain_pem.count("BEGIN CERTIFICATE") == 2
	leaf.public_key().verify(key.sign_bytes(b"evidence"), b"evidence", ec.ECDSA(hashes.SHA256()))
	data = seal_report(plain_pdf(), key, reason="Sealed")
	trusted = root.public_bytes(serialization.Encoding.PEM).decode()
	verdict = validate(data, trust=[trusted])
	assert verdict.ok, verdict.problems
	assert not validate(data, trust=[]).ok
