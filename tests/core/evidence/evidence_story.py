"""A made-up request, its chain and its sealed bundle, with a key of the test's own."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from signflow.core.evidence import BuiltEvent, StoredEvent, build_bundle, build_event

START = datetime(2026, 11, 21, 22, 33, 3, 123456, tzinfo=timezone.utc)


class Key:
	"""A seal key as evidence needs it."""

	def __init__(
		self, private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "Testi Oy"
	) -> None:
		self._private = private
		subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
		certificate = (
			x509.CertificateBuilder()
			.subject_name(subject)
			.issuer_name(subject)
			.public_key(private.public_key())
			.serial_number(x509.random_serial_number())
			.not_valid_before(START - timedelta(days=1))
			.not_valid_after(START + timedelta(days=365))
			.sign(private, hashes.SHA256())
		)
		self.certificate_pem = certificate.public_bytes(serialization.Encoding.PEM).decode()

	def sign_bytes(self, data: bytes) -> bytes:
		if isinstance(self._private, rsa.RSAPrivateKey):
			return self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())
		return self._private.sign(data, ec.ECDSA(hashes.SHA256()))


class Story:
	"""Builds a chain event by event, one second apart."""

	def __init__(self, request: str = "SR-1") -> None:
		self.request = request
		self.built: list[BuiltEvent] = []

	def add(self, kind: str, public: dict[str, Any] | None = None, **private: Any) -> "Story":
		seq = len(self.built) + 1
		self.built.append(
			build_event(
				request=self.request,
				seq=seq,
				time=START + timedelta(seconds=seq),
				kind=kind,
				previous=self.built[-1].hash if self.built else None,
				public=public or {},
				private=private,
			)
		)
		return self

	@property
	def events(self) -> list[StoredEvent]:
		return [StoredEvent(event.canonical, event.hash) for event in self.built]

	@property
	def payloads(self) -> dict[int, Any]:
		return {seq: event.payload for seq, event in enumerate(self.built, start=1) if event.payload}


SHA = ["a" * 64, "b" * 64, "c" * 64]


@dataclass
class Parts:
	"""What `build_bundle` takes, for a test to spoil before it is sealed."""

	request: dict[str, Any]
	house: dict[str, Any]
	documents: list[dict[str, Any]]
	signers: list[dict[str, Any]]
	story: Story

	def seal(self, key: Key, **changes: Any) -> dict[str, Any]:
		given: dict[str, Any] = {
			"request": self.request,
			"house": self.house,
			"documents": self.documents,
			"signers": self.signers,
			"events": self.story.events,
			"payloads": self.story.payloads,
			"made_on": START + timedelta(hours=1),
		}
		return build_bundle(key=key, **{**given, **changes})


def small_story() -> Story:
	story = Story()
	story.add("sent")
	story.add("sealed", {"document": "D1", "revision": 1, "sha256": SHA[0], "parent": None})
	story.add("identified", {"signer": "S1", "level": "mail_code"}, mail="maija.meri@testi.example")
	story.add("signed", {"signer": "S1"}, name="Maija Märi\x01")
	story.add("sealed", {"document": "D1", "revision": 2, "sha256": SHA[1], "parent": SHA[0], "signer": "S1"})
	story.add("closed", {"document": "D1", "revision": 3, "sha256": SHA[2], "parent": SHA[1]})
	return story.add("completed")
