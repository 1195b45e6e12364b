"""evidence.json: the whole story of one request in one sealed file that can be checked without the site.

The file holds the request, its signers, the hashes of every revision of every document, the chain of events with the
payloads that are not erased, the chain's head and count, and a seal: a signature over the canonical JSON (RFC 8785)
of everything but the signature's own value. The certificate and its fingerprint lie inside what is signed.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from cryptography import x509

from signflow.core.errors import SignflowError, _
from signflow.core.evidence.agreement import revision_problems, state_problems
from signflow.core.evidence.canonical import canonical_json, load, plain
from signflow.core.evidence.chain import (
	ChainVerdict,
	RowVerdict,
	StoredEvent,
	event_time,
	is_event_time,
	verify_chain,
)
from signflow.core.evidence.sealer import (
	Sealer,
	certificate_fingerprint,
	certificate_pem,
	load_certificate,
	seal_algorithm,
	seal_holds,
)
from signflow.core.evidence.shape import FORMAT, shape_problems


@dataclass(frozen=True)
class Summary:
	"""What a bundle says, for people and programs; only to be believed if the verdict is ok.

	`final` is (document, title, SHA-256 of its last revision); `rows` one verdict per event of the chain.
	"""

	request: str
	title: str
	state: str
	house: str
	made_on: str
	events: int
	head: str | None
	first_broken: int | None
	erased: tuple[tuple[int, str], ...]
	seal: str
	fingerprint: str
	final: tuple[tuple[str, str, str], ...]
	rows: tuple[RowVerdict, ...]


@dataclass(frozen=True)
class BundleVerdict:
	"""What `verify_bundle` found: `ok` only if `problems` is empty; `notes` limit what ok means.

	`summary` is None when the file is too broken to tell.
	"""

	ok: bool
	problems: tuple[str, ...]
	notes: tuple[str, ...]
	summary: Summary | None


def build_bundle(
	*,
	request: Mapping[str, object],
	house: Mapping[str, object],
	documents: Sequence[Mapping[str, object]],
	signers: Sequence[Mapping[str, object]],
	events: Iterable[StoredEvent | tuple[str, str]],
	payloads: Mapping[int, Mapping[str, object]],
	key: Sealer,
	made_on: datetime,
) -> dict[str, Any]:
	"""Make and seal the evidence of one request as a JSON-able dict; `render_bundle` turns it into the file.

	`request` has at least `name`, `title`, `state`; `house` at least `name`; each document `name`, `title` and
	`revisions`, each with `revision` (number), `sha256`, `parent` (or None); each signer `name` and `state`. `events`
	and `payloads` are as in `verify_chain`. `made_on` is aware. Raises SignflowError `not_canonical`, `bad_bundle`
	when a required value is missing, or `bad_seal` when the key does not fit its certificate. It does not refuse a
	broken chain: evidence of a break is evidence, and `verify_bundle` tells.
	"""
	certificate = load_certificate(key.certificate_pem)
	stored = [StoredEvent(*row) for row in events]
	seal = {
		"certificate": certificate_pem(certificate),
		"fingerprint": certificate_fingerprint(certificate),
		"algorithm": seal_algorithm(certificate),
	}
	made = plain(
		{
			"format": FORMAT,
			"made_on": event_time(made_on),
			"request": request,
			"house": house,
			"documents": documents,
			"signers": signers,
			"events": [row._asdict() for row in stored],
			"payloads": {str(seq): payload for seq, payload in payloads.items()},
			"count": len(stored),
			"head": stored[-1].hash if stored else None,
			"seal": seal,
		}
	)
	assert isinstance(made, dict)
	signed = canonical_json(made)
	signature = key.sign_bytes(signed)
	if not seal_holds(certificate, signature, signed):
		raise SignflowError(
			"bad_seal", _("The seal key does not fit its certificate; upload the pair again.")
		)
	bundle: dict[str, Any] = {**made, "seal": {**seal, "value": base64.b64encode(signature).decode("ascii")}}
	missing = shape_problems(bundle)
	if missing:
		raise SignflowError("bad_bundle", _("The evidence is not complete: {problem}"), problem=missing[0])
	return bundle


def render_bundle(bundle: Mapping[str, object]) -> str:
	"""Return the text of evidence.json: sorted names, indented with tabs, UTF-8, one form only.

	Write it as bytes (or with newline="\\n"); `verify_bundle` refuses a file that was reformatted, as two spellings
	of one value would let letters change unseen.
	"""
	return json.dumps(plain(bundle), ensure_ascii=False, indent="\t", sort_keys=True) + "\n"


def verify_bundle(
	bundle: str | bytes | Mapping[str, object], *, trusted_certificate_pem: str | None = None
) -> BundleVerdict:
	"""Check evidence.json, as text or already read, with nothing but itself and, if given, a trusted certificate.

	Checks the form, the seal, the chain with its payloads and sealed head, and that documents and states agree with
	the chain. Without `trusted_certificate_pem` (the house's own, got in another way) a note says that the file only
	vouches for itself. Never raises for bad content; raises SignflowError `bad_certificate` for a trusted certificate
	that cannot be read.
	"""
	trusted = load_certificate(trusted_certificate_pem) if trusted_certificate_pem is not None else None
	problems: list[str] = []
	try:
		if isinstance(bundle, Mapping):
			data = plain(bundle)
		else:
			data = load(bundle)
			text = bundle.decode("utf-8") if isinstance(bundle, bytes) else bundle
			if isinstance(data, dict) and text.replace("\r\n", "\n").rstrip("\n") + "\n" != render_bundle(
				data
			):
				problems.append("the file is not in the form in which it was written; ask for the original")
	except SignflowError as error:
		return BundleVerdict(False, (str(error),), (), None)
	shape = shape_problems(data)
	if shape:
		return BundleVerdict(False, tuple(problems + shape), (), None)
	assert isinstance(data, dict)
	return _judge(data, trusted, problems)


def _judge(data: dict[str, Any], trusted: x509.Certificate | None, problems: list[str]) -> BundleVerdict:
	notes: list[str] = []
	found, notes_on_seal = _seal_problems(data, trusted)
	problems += found
	notes += notes_on_seal
	chain = verify_chain(
		[StoredEvent(row["canonical"], row["hash"]) for row in data["events"]],
		{int(seq): payload for seq, payload in data["payloads"].items()},
		expected_head=data["head"],
		expected_count=data["count"],
	)
	problems += chain.problems
	notes += chain.notes
	if not chain.events:
		problems.append("there is not one event")
	if all(event is not None for event in chain.events):
		events: list[dict[str, Any]] = [event for event in chain.events if event is not None]
		problems += revision_problems(data["documents"], events)
		problems += state_problems(data["request"], data["signers"], events)
		if events and str(events[-1]["time"]) > data["made_on"]:
			problems.append("the file says to be older than its last event")
	return BundleVerdict(not problems, tuple(problems), tuple(notes), _summary(data, chain))


def _summary(data: dict[str, Any], chain: ChainVerdict) -> Summary:
	try:
		subject = load_certificate(data["seal"]["certificate"]).subject.rfc4514_string()
	except (SignflowError, ValueError):
		subject = ""
	return Summary(
		request=data["request"]["name"],
		title=data["request"]["title"],
		state=data["request"]["state"],
		house=data["house"]["name"],
		made_on=data["made_on"],
		events=chain.count,
		head=chain.head,
		first_broken=chain.first_broken,
		erased=chain.erased,
		seal=subject,
		fingerprint=data["seal"]["fingerprint"],
		final=tuple(
			(document["name"], document["title"], document["revisions"][-1]["sha256"])
			for document in data["documents"]
			if document["revisions"]
		),
		rows=chain.rows,
	)


def _seal_problems(data: dict[str, Any], trusted: x509.Certificate | None) -> tuple[list[str], list[str]]:
	seal = data["seal"]
	try:
		certificate = load_certificate(seal["certificate"])
		if certificate_pem(certificate) != seal["certificate"]:
			return ["the seal's certificate is not written in its plain form"], []
		algorithm = seal_algorithm(certificate)
		fingerprint = certificate_fingerprint(certificate)
		starts, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
		own = certificate.issuer == certificate.subject
	except (SignflowError, ValueError) as error:
		return [f"the seal's certificate cannot be used: {error}"], []
	problems: list[str] = []
	notes: list[str] = []
	if fingerprint != seal["fingerprint"]:
		problems.append("the seal's fingerprint is not that of its certificate")
	if algorithm != seal["algorithm"]:
		problems.append("the seal names another algorithm than its certificate's key uses")
	if not is_event_time(data["made_on"]):
		problems.append("the time of making is not a time in UTC with milliseconds")
	elif not starts <= _moment(data["made_on"]).replace(microsecond=0) <= ends:
		problems.append("the seal's certificate was not valid when the file was made")
	signature = _base64(seal["value"])
	unsigned = {**data, "seal": {name: value for name, value in seal.items() if name != "value"}}
	if signature is None or not seal_holds(certificate, signature, canonical_json(unsigned)):
		problems.append("the seal does not fit the file: something in it was changed after sealing")
	if trusted is not None:
		if certificate_fingerprint(trusted) != fingerprint:
			problems.append("the seal is not the one that you trust: another key sealed this file")
	else:
		notes.append(
			"the seal's certificate was not compared with one that you got from the organisation itself"
			+ ("; it is self-signed, so anybody could have made one in that name" if own else "")
		)
	return problems, notes


def _moment(text: str) -> datetime:
	return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def _base64(text: str) -> bytes | None:
	"""Decode standard base64 (RFC 4648, 4) in its only spelling; None for any other (3.5: bits beyond the end)."""
	try:
		made = base64.b64decode(text, validate=True)
	except ValueError:
		return None
	return made if base64.b64encode(made).decode("ascii") == text else None


def pdf_problems(pdf: bytes, bundle: Mapping[str, Any]) -> tuple[str, ...]:
	"""Return what is wrong with calling `pdf` the final revision of a document in a bundle that was verified.

	Empty means: its SHA-256 is that of a document's last revision. Where revisions state their `size` in bytes, each
	earlier one must also be the beginning of the file, as increments only append (ISO 32000-2, 7.5.6).
	"""
	digest = hashlib.sha256(pdf).hexdigest()
	for document in bundle["documents"]:
		for revision in document["revisions"]:
			if revision["sha256"] != digest:
				continue
			last = document["revisions"][-1]
			if revision is not last:
				return (f"it is revision {revision['revision']} of {document['title']}, not its last",)
			return tuple(
				f"revision {earlier['revision']} of {document['title']} is not its beginning"
				for earlier in document["revisions"]
				if type(earlier.get("size")) is int
				and hashlib.sha256(pdf[: earlier["size"]]).hexdigest() != earlier["sha256"]
			)
	return ("its SHA-256 is not that of any document here",)
