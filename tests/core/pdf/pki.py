"""A public key infrastructure on 127.0.0.1 by certomancer: CA, OCSP, CRL and TSA over real HTTP, some of them bad.

Two architectures: "good" (root, intermediate, seals, time-stamping) and "rogue", whose root nobody trusts.
Beside certomancer's own addresses there are those of `MISBEHAVIOUR`, each a way in which a TSA goes wrong.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

from asn1crypto import tsp
from certomancer.integrations.animator import FAKE_TIME_HEADER, Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder

from signflow.core.pdf.keys import SealKey

BEGINNING = datetime(2024, 1, 1, tzinfo=timezone.utc)
EXPIRY = datetime(2025, 7, 1, tzinfo=timezone.utc)
REVOCATION = datetime(2025, 3, 1, tzinfo=timezone.utc)
# The moment at which the expired and the revoked seal were still good.
PAST = datetime(2025, 2, 1, 12, tzinfo=timezone.utc)
NEAR = timedelta(days=9)

KEYS = ("root", "interm", "ocsp", "tsa1", "tsa2", "seal", "seal-ec", "rogue")
SIGNS = ["digital_signature", "non_repudiation"]


def _time(moment: datetime) -> str:
	return moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _certificate(subject: str, issuer: str, *, key: str = "", until: datetime, **more: Any) -> dict[str, Any]:
	return {
		"subject": subject,
		"subject-key": key or subject,
		"issuer": issuer,
		"authority-key": issuer,
		"validity": {"valid-from": _time(BEGINNING), "valid-to": _time(until)},
		**more,
	}


def _usage(bits: list[str]) -> dict[str, Any]:
	return {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": bits}}


def _authority(subject: str, issuer: str, until: datetime, **more: Any) -> dict[str, Any]:
	basic = {"id": "basic_constraints", "critical": True, "value": {"ca": True}}
	extensions = [basic, _usage(["key_cert_sign", "crl_sign"]), *more.pop("extensions", [])]
	return _certificate(subject, issuer, until=until, extensions=extensions, **more)


def _crl(repository: str) -> dict[str, Any]:
	smart = {"schema": "crl-dist-url", "params": {"crl-repo-names": [repository]}}
	return {"id": "crl_distribution_points", "smart-value": smart}


OCSP = {
	"id": "authority_information_access",
	"smart-value": {"schema": "aia-urls", "params": {"ocsp-responder-names": ["interm"]}},
}
STAMPS = [
	_usage(["digital_signature"]),
	{"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]},
]
ANSWERS_FOR = [
	_usage(["digital_signature"]),
	{"id": "extended_key_usage", "critical": True, "value": ["ocsp_signing"]},
	{"id": "ocsp_no_check", "value": None},
]


def _config(now: datetime) -> dict[str, Any]:
	late = now + timedelta(days=3650)

	def seal(subject: str, *where: dict[str, Any], until: datetime = late, **more: Any) -> dict[str, Any]:
		extensions = [_usage(SIGNS), *where]
		return _certificate(
			subject, "interm", key=more.pop("key", "seal"), until=until, extensions=extensions, **more
		)

	good = {
		"root": _authority("root", "root", late),
		"interm": _authority("interm", "root", late, extensions=[_crl("root")]),
		"ocsp": _certificate("ocsp", "interm", until=late, extensions=ANSWERS_FOR),
		"tsa1": _certificate("tsa1", "root", until=late, extensions=[*STAMPS, _crl("root")]),
		"tsa2": _certificate("tsa2", "root", until=now + NEAR, extensions=[*STAMPS, _crl("root")]),
		"seal": seal("seal", OCSP, _crl("interm")),
		"seal-ec": seal("seal-ec", OCSP, key="seal-ec"),
		"crl-only": seal("crl-only", _crl("interm")),
		"mute": seal("mute"),
		"expired": seal("expired", OCSP, _crl("interm"), until=EXPIRY),
		"revoked": seal(
			"revoked",
			OCSP,
			_crl("interm"),
			revocation={"revoked-since": _time(REVOCATION), "reason": "key_compromise"},
		),
	}
	repositories = {
		name: {"for-issuer": name, "signing-key": name, "simulated-update-schedule": "P30D"}
		for name in ("root", "interm")
	}
	stamping = {
		"tsa1": {"signing-key": "tsa1", "signing-cert": "tsa1"},
		"tsa2": {"signing-key": "tsa2", "signing-cert": "tsa2"},
		"wrong-key": {"signing-key": "seal", "signing-cert": "tsa1"},
		"aged": {"signing-key": "tsa1", "signing-cert": "tsa1", "digest-algo": "sha1"},
		"not-a-tsa": {"signing-key": "seal", "signing-cert": "seal", "certs-to-embed": ["interm"]},
	}
	rogue = {
		"root": _authority("root", "root", late, **{"subject-key": "rogue", "authority-key": "rogue"}),
		"tsa": _certificate("tsa1", "root", until=late, extensions=STAMPS, **{"authority-key": "rogue"}),
		"seal": _certificate(
			"seal", "root", until=late, extensions=[_usage(SIGNS)], **{"authority-key": "rogue"}
		),
	}

	def architecture(name: str, certificates: dict[str, Any], services: dict[str, Any]) -> dict[str, Any]:
		subjects = {one["subject"] for one in certificates.values()}
		return {
			"keyset": "all",
			"entity-defaults": {"country-name": "FI", "organization-name": f"Testi {name}"},
			"entities": {subject: {"common-name": f"{name} {subject}"} for subject in subjects},
			"certs": certificates,
			"services": services,
		}

	ocsp = {"interm": {"for-issuer": "interm", "responder-cert": "ocsp", "signing-key": "ocsp"}}
	return {
		"keysets": {"all": {"keys": {name: {"path": f"{name}.pem"} for name in KEYS}}},
		"pki-architectures": {
			"good": architecture(
				"good", good, {"ocsp": ocsp, "crl-repo": repositories, "time-stamping": stamping}
			),
			"rogue": architecture(
				"rogue",
				rogue,
				{"time-stamping": {"tsa": {"signing-key": "tsa1", "signing-cert": "tsa"}}},
			),
		},
	}


class _Quiet(WSGIRequestHandler):
	def log_message(self, *_: object) -> None:
		pass


class PKI:
	"""The running infrastructure; `moment` (default the clock) is the time that its services believe in."""

	def __init__(self, folder: Path):
		self.folder = folder
		self.moment: datetime | None = None
		self.asked: list[str] = []
		self.silent: tuple[str, ...] = ()
		self.ending = threading.Event()
		self._keys = {}
		for name in KEYS:
			rsa_key = name in {"root", "tsa1", "seal"}
			key = (
				rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
			)
			self._keys[name] = key
			plain = serialization.NoEncryption()
			encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
			(folder / f"{name}.pem").write_bytes(key.private_bytes(encoding, form, plain))
		self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
		self._server.RequestHandlerClass.log = lambda *_: None  # type: ignore[method-assign,attr-defined]
		self.address = f"http://127.0.0.1:{self._server.server_port}"
		config = CertomancerConfig(
			_config(datetime.now(timezone.utc)), str(folder), external_url_prefix=self.address
		)
		self._good = config.get_pki_arch(ArchLabel("good"))
		self._rogue = config.get_pki_arch(ArchLabel("rogue"))
		self._animator = Animator(AnimatorArchStore(config.pki_archs), with_web_ui=False)
		self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
		self._thread.start()

	def stop(self) -> None:
		self.ending.set()
		self._server.shutdown()
		self._server.server_close()
		self._thread.join(10)

	@contextmanager
	def hushed(self, *paths: str) -> Iterator[None]:
		"""Let everything whose path begins with one of `paths` hang."""
		self.silent = paths
		try:
			yield
		finally:
			self.silent = ()

	@contextmanager
	def at(self, moment: datetime) -> Iterator[datetime]:
		"""Let all services believe that it is `moment`."""
		self.moment = moment
		try:
			yield moment
		finally:
			self.moment = None

	def tsa(self, label: str = "tsa1") -> str:
		"""The address of a TSA: tsa1, tsa2 (certificate ends in nine days), wrong-key, aged, not-a-tsa, rogue, or one
		of MISBEHAVIOUR.
		"""
		if label == "rogue":
			return f"{self.address}/rogue/tsa/tsa"
		return f"{self.address}/{label}" if label in MISBEHAVIOUR else f"{self.address}/good/tsa/{label}"

	def certificate(self, label: str, *, rogue: bool = False) -> x509.Certificate:
		arch = self._rogue if rogue else self._good
		return x509.load_der_x509_certificate(arch.get_cert(CertLabel(label)).dump())

	@property
	def trust(self) -> list[str]:
		"""The root of the good architecture, PEM."""
		return [self.pem("root")]

	def pem(self, label: str, *, rogue: bool = False) -> str:
		return self.certificate(label, rogue=rogue).public_bytes(serialization.Encoding.PEM).decode()

	def pkcs12(self, label: str, passphrase: bytes = b"secret", *, rogue: bool = False) -> bytes:
		"""A key file of the seal `label` with its intermediate."""
		key = self._keys["seal-ec" if label in {"seal-ec", "unknown"} else "seal"]
		own = self._unknown() if label == "unknown" else self.certificate(label, rogue=rogue)
		above = [] if rogue else [self.certificate("interm")]
		encryption = serialization.BestAvailableEncryption(passphrase)
		return pkcs12.serialize_key_and_certificates(label.encode(), key, own, above, encryption)

	def key(self, label: str = "seal", *, now: datetime | None = None, rogue: bool = False) -> SealKey:
		"""A seal: seal (RSA), seal-ec, crl-only, mute (neither OCSP nor CRL), expired, revoked, unknown (to OCSP)."""
		return SealKey.from_pkcs12(self.pkcs12(label, rogue=rogue), "secret", now=now)

	def _unknown(self) -> x509.Certificate:
		issuer = self.certificate("interm")
		name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "unknown to its issuer")])
		usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
		place = x509.UniformResourceIdentifier(f"{self.address}/good/ocsp/interm")
		access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
		builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer.subject)
		builder = builder.public_key(self._keys["seal-ec"].public_key()).serial_number(987654321)
		builder = builder.not_valid_before(BEGINNING).not_valid_after(issuer.not_valid_after_utc)
		builder = builder.add_extension(usage, critical=True)
		builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
		identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
			issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
		)
		builder = builder.add_extension(identifier, critical=False)
		return builder.sign(self._keys["interm"], hashes.SHA256())

	def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
		path = environ["PATH_INFO"]
		self.asked.append(path)
		if self.moment is not None:
			environ["HTTP_" + FAKE_TIME_HEADER.upper().replace("-", "_")] = self.moment.isoformat()
		if self.silent and path.startswith(self.silent):
			return _hang(self, environ, start)
		misbehave = MISBEHAVIOUR.get(path.strip("/"))
		if misbehave:
			return misbehave(self, environ, start)
		return self._animator(environ, start)

	def stamped(self, request: bytes, start: Callable[..., Any]) -> Iterable[bytes]:
		"""What the TSA tsa1 answers to another request than the one that came."""
		environ = EnvironBuilder("/good/tsa/tsa1", method="POST", data=request).get_environ()
		return self._animator(environ, start)


REPLY = [("Content-Type", "application/timestamp-reply")]


def _request(environ: dict[str, Any]) -> tsp.TimeStampReq:
	body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
	return tsp.TimeStampReq.load(body)


def _hang(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	pki.ending.wait(30)
	start("503 Service Unavailable", [])
	return []


def _drip(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	"""A byte now and then: no single read ever times out."""
	start("200 OK", REPLY)

	def bytes_() -> Iterator[bytes]:
		while not pki.ending.wait(0.1):
			yield b"0"

	return bytes_()


def _flood(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	start("200 OK", REPLY)
	return (b"0" * 65536 for _ in range(1000) if not pki.ending.is_set())


def _error(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	start("500 Internal Server Error", [("Content-Type", "text/html")])
	return [b"<h1>Error</h1>"]


def _nonsense(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	start("200 OK", REPLY)
	return [b"<html>captive portal</html>"]


def _refusal(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	start("200 OK", REPLY)
	status = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["quota used up"]}).dump()
	return [b"\x30" + bytes([len(status)]) + status]


def _other_digest(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	request = _request(environ)
	request["message_imprint"]["hashed_message"] = bytes(32)
	return pki.stamped(request.dump(force=True), start)


def _wrong_nonce(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	request = _request(environ)
	request["nonce"] = request["nonce"].native + 1
	return pki.stamped(request.dump(force=True), start)


def _locked(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	"""HTTP basic authentication: user "testi", password "salainen" (RFC 7617)."""
	if environ.get("HTTP_AUTHORIZATION") != "Basic dGVzdGk6c2FsYWluZW4=":
		start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="TSA"')])
		return []
	return pki.stamped(_request(environ).dump(), start)


def _elsewhere(pki: PKI, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
	start("302 Found", [("Location", pki.tsa())])
	return []


MISBEHAVIOUR: dict[str, Callable[[PKI, dict[str, Any], Callable[..., Any]], Iterable[bytes]]] = {
	"hang": _hang,
	"drip": _drip,
	"flood": _flood,
	"error": _error,
	"nonsense": _nonsense,
	"refusal": _refusal,
	"other-digest": _other_digest,
	"wrong-nonce": _wrong_nonce,
	"locked": _locked,
	"elsewhere": _elsewhere,
}


def dead_address() -> str:
	"""An address on which nobody listens."""
	with socket.socket() as free:
		free.bind(("127.0.0.1", 0))
		return f"http://127.0.0.1:{free.getsockname()[1]}/tsa"
