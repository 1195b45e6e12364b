"""Keys that can seal are taken once; all others are refused with their reason and never shown."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from sealing_house import OtherJudges, flipped, plain_pdf

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
	now = datetime.now(timezone.utc)
	assert key.not_before < now < key.not_after < now + timedelta(days=3 * 366)
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


def keyed(kind: str):
	"""A private key by the name that people use for its kind."""
	if kind.startswith("RSA-"):
		return rsa.generate_private_key(65537, int(kind[4:]))
	return ec.generate_private_key(
		{"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}[kind]()
	)


def judged(data: bytes, root: x509.Certificate, folder: Path) -> list[bool]:
	"""What our judge and the two others say."""
	trusted = root.public_bytes(serialization.Encoding.PEM).decode()
	others = OtherJudges(folder, trusted)
	return [validate(data, trust=[trusted]).ok, others.pdfsig(data, 1), others.pdfsignerpy(data, 1)]


@pytest.mark.parametrize("kind", ["RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384"])
def test_every_judge_takes_every_kind_of_key(kind, tmp_path):
	own = keyed(kind)
	root = certificate(P256.public_key(), subject="Root", issuer="Root", ca=True)
	key = SealKey.from_pkcs12(packed(own, certificate(own.public_key(), issuer="Root"), [root]), None)
	data = seal_report(plain_pdf(), key, reason="Sealed")
	assert judged(data, root, tmp_path) == [True, True, True]
	assert judged(flipped(data), root, tmp_path) == [False, False, False]


def test_parsed_once_per_process_and_judged_each_time(monkeypatch):
	data, passphrase = make_test_key("Kerran Oy")
	key = SealKey.from_pkcs12(data, passphrase)
	monkeypatch.setattr(keys.pkcs12, "load_key_and_certificates", None)
	assert SealKey.from_pkcs12(data, passphrase) is key
	for now, code in ((NOW + timedelta(days=9999), "expired"), (NOW - timedelta(days=2), "not_yet_valid")):
		with pytest.raises(KeyRefused) as refused:
			SealKey.from_pkcs12(data, passphrase, now=now)
		assert refused.value.code == code
	monkeypatch.undo()
	with pytest.raises(KeyRefused) as refused:
		SealKey.from_pkcs12(data, passphrase[:-1])
	assert refused.value.code == "wrong_passphrase"
	for number in range(keys.MOST_HELD + 1):
		leaf = certificate(P256.public_key(), subject=f"Leaf {number}")
		SealKey.from_pkcs12(packed(P256, leaf), None)
	assert len(keys._held) == keys.MOST_HELD
	assert SealKey.from_pkcs12(data, passphrase) is not key


SOFTHSM = next(Path("/usr").glob("lib*/**/softhsm/libsofthsm2.so"), None)
PIN = "quite-a-secret-pin"


@pytest.fixture(scope="module")
def token(tmp_path_factory):
	"""A SoftHSM token "house" with keys "RSA-2048", "RSA-3072", "P-256", "P-384" and the certificate of each."""
	if SOFTHSM is None:
		pytest.skip("SoftHSM2 is not installed (Debian: softhsm2)")
	folder = tmp_path_factory.mktemp("softhsm")
	(folder / "tokens").mkdir()
	(folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
	os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")

	def run(*words: object) -> None:
		subprocess.run(["softhsm2-util", *map(str, words)], check=True, capture_output=True, timeout=60)

	run("--init-token", "--free", "--label", "house", "--pin", PIN, "--so-pin", "so-pin-0000")
	root = certificate(P256.public_key(), subject="Root", issuer="Root", ca=True)
	leaves = {}
	for number, kind in enumerate(("RSA-2048", "RSA-3072", "P-256", "P-384"), 1):
		own = keyed(kind)
		file = folder / f"{kind}.pem"
		encoding = (
			serialization.Encoding.PEM,
			serialization.PrivateFormat.PKCS8,
			serialization.NoEncryption(),
		)
		file.write_bytes(own.private_bytes(*encoding))
		run("--import", file, "--token", "house", "--label", kind, "--id", f"0{number}", "--pin", PIN)
		leaves[kind] = certificate(own.public_key(), issuer="Root")
	# Not in this process: the keys' own way into the library is what is tested.
	store = "import sys, pkcs11\n"
	store += (
		"s = pkcs11.lib(sys.argv[1]).get_token(token_label='house').open(user_pin=sys.argv[2], rw=True)\n"
	)
	store += "A = pkcs11.Attribute\n"
	store += "for number, der in enumerate(sys.argv[3:], 1):\n"
	store += (
		" s.create_object({A.CLASS: pkcs11.ObjectClass.CERTIFICATE, A.ID: bytes([number]), A.TOKEN: True,\n"
	)
	store += (
		"  A.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509, A.SUBJECT: b'', A.VALUE: bytes.fromhex(der)})\n"
	)
	kept = [
		one.public_bytes(serialization.Encoding.DER).hex() for kind, one in leaves.items() if kind != "P-384"
	]
	subprocess.run([sys.executable, "-c", store, str(SOFTHSM), PIN, *kept], check=True, timeout=60)
	yield root, leaves
	del os.environ["SOFTHSM2_CONF"]


@pytest.mark.parametrize("kind", ["RSA-2048", "RSA-3072", "P-256", "P-384"])
def test_a_key_in_a_token_seals(kind, token, tmp_path):
	root, leaves = token
	pem = leaves[kind].public_bytes(serialization.Encoding.PEM).decode()
	pem += root.public_bytes(serialization.Encoding.PEM).decode()
	key = SealKey.from_token(str(SOFTHSM), "house", kind, PIN, certificates_pem=pem)
	assert len(key.chain) == 1 and key.is_rsa == kind.startswith("RSA")
	data = seal_report(plain_pdf(), key, reason="Sealed")
	assert judged(data, root, tmp_path) == [True, True, True]
	assert judged(flipped(data), root, tmp_path) == [False, False, False]
	if kind != "P-384":
		assert SealKey.from_token(str(SOFTHSM), "house", kind, PIN).fingerprint == key.fingerprint
	for shown in (repr(key), repr(key._key)):
		assert PIN not in shown
	with pytest.raises(TypeError):
		pickle.dumps(key._key)


def test_a_token_is_opened_anew_after_a_fork(token):
	key = SealKey.from_token(str(SOFTHSM), "house", "RSA-2048", PIN)
	child = os.fork()
	if not child:
		signed = False
		try:
			signature = key.sign_raw(b"forked", "sha256")
			key.certificate.public_key().verify(signature, b"forked", padding.PKCS1v15(), hashes.SHA256())
			signed = True
		finally:
			os._exit(0 if signed else 1)
	assert os.waitpid(child, 0)[1] == 0
	assert key.sign_raw(b"parent", "sha256")


@pytest.mark.parametrize(
	("change", "code"),
	[
		({"pin": "wrong"}, "token_unavailable"),
		({"token": "none"}, "token_unavailable"),
		({"label": "none"}, "token_unavailable"),
		({"module": "/nowhere.so"}, "token_unavailable"),
		({"label": "P-384"}, "no_certificate"),
		({"certificates_pem": "nothing"}, "no_certificate"),
		({"certificates_pem": "other"}, "key_does_not_match"),
	],
	ids=str,
)
def test_a_token_that_cannot_be_used_is_refused_with_its_reason(change, code, token):
	if change.get("certificates_pem") == "other":
		change = {"certificates_pem": token[1]["P-256"].public_bytes(serialization.Encoding.PEM).decode()}
		change["label"] = "RSA-2048"
	asked = {"module": str(SOFTHSM), "token": "house", "label": "RSA-2048", "pin": PIN, **change}
	with pytest.raises(KeyRefused) as refused:
		SealKey.from_token(**asked)
	assert refused.value.code == code
	shown = "".join(traceback.format_exception(refused.value))
	assert asked["pin"] not in str(refused.value) and (PIN not in shown)
