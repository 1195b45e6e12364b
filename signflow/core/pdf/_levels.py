"""Which PAdES level every signature of a file has reached (ETSI EN 319 142-1, 6), from the file and the anchors alone.

Works from the outermost document time-stamp inwards: each is judged at the moment that the next valid one
around it proves, the outermost at `now` (ETSI EN 319 102-1, 5.6.2.4, without content time-stamps). Nothing
is fetched, no difference between revisions is judged: that is `_judge`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypedDict

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation import EmbeddedPdfSignature, SignatureCoverageLevel
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity

from ..errors import _
from . import LEVELS
from ._chains import BadToken, Chain, Material, Token, Untrusted, check_token

REASONS: dict[str, str] = {
	"broken": _("The signature does not hold."),
	"not_pades": _("The signature is not made as PAdES demands."),
	"no_timestamp": _("No time-stamp proves when it was made."),
	"timestamp_broken": _("Its time-stamp does not hold."),
	"timestamp_untrusted": _("The authority of its time-stamp is not trusted, or not any more."),
	"self_signed": _(
		"The certificate is vouched for by nobody else, so that its revocation cannot be checked."
	),
	"revoked": _("The certificate was revoked before the signature was proven to exist."),
	"untrusted": _("The certificate does not lead to a trusted one."),
	"no_validation_data": _("The file lacks proof that the certificates were not revoked."),
	"no_archive_timestamp": _("No time-stamp protects the proofs in the file."),
}


class Standing(TypedDict):
	"""What one signature (or document time-stamp) has reached.

	`level` is one of LEVELS, "" for what is broken or no PAdES signature and for a document time-stamp;
	`reason` "code" or "code: detail" (REASONS), why it is not more. `proved` is the earliest moment at which it
	is proven to have existed: there `trusted` is judged, at `now` without one. `ends` is the end of the
	certificate of the TSA for a document time-stamp that holds.
	"""

	level: str
	reason: str
	trusted: bool
	proved: datetime | None
	ends: datetime | None


@dataclass(frozen=True)
class Proof:
	"""A time-stamp that holds; `end` is where the bytes end that it covers, for a document time-stamp."""

	token: Token
	end: int | None


@dataclass(frozen=True)
class Signed:
	"""A signature with its PDF frame: `end` is the first byte after what it covers."""

	field: str
	embedded: EmbeddedPdfSignature
	end: int
	contents: bytes

	@property
	def stamp(self) -> bool:
		"""Whether it is a document time-stamp."""
		return bool(self.embedded.sig_object_type == "/DocTimeStamp")


def signed_fields(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
	"""Every signature and document time-stamp of a file, in the order of its fields."""
	found = enumerate_sig_fields(reader, True)
	return [EmbeddedPdfSignature(reader, ref.get_object(), str(name)) for name, _value, ref in found]


def levels_of(
	reader: PdfFileReader,
	signatures: Sequence[EmbeddedPdfSignature],
	trust: Sequence[x509.Certificate],
	*,
	now: datetime | None = None,
) -> dict[str, Standing]:
	"""The Standing of every one of `signatures`, by its field's name; `now` is aware, default the clock.

	An expired or later revoked certificate is judged at the moment for which a time-stamp vouches; one that
	was revoked before it is not trusted, and no time-stamp that does not hold counts. Never raises for what
	the file holds: that is "broken".
	"""
	return Judgement(reader, signatures, trust, now=now).standings


class Judgement:
	"""The work of `levels_of`, with what `extend` needs to go on: proofs and material."""

	def __init__(
		self,
		reader: PdfFileReader,
		signatures: Sequence[EmbeddedPdfSignature],
		trust: Sequence[x509.Certificate],
		*,
		now: datetime | None = None,
	):
		self.reader = reader
		self.trust = trust
		self.now = now or datetime.now(timezone.utc)
		reader.stream.seek(0)
		self.data: bytes = reader.stream.read()
		self.material = material_of(reader)
		self.standings: dict[str, Standing] = {}
		self.signed: list[Signed] = []
		self.proofs: dict[str, Proof] = {}
		self.proven: set[str] = set()
		for embedded in signatures:
			try:
				self.signed.append(self._framed(embedded))
			except Exception as error:  # any exception means: it does not hold
				self.standings[embedded.field_name] = _standing(reason=f"broken: {error}"[:200])
		self.signed.sort(key=lambda one: one.end)
		self._stamps: list[tuple[Signed, Proof]] = []
		self._covered: dict[int, Material] = {}
		self._lengths: dict[tuple[bytes, datetime, int, bool], int] = {}
		for one in reversed(self.signed):
			if one.stamp:
				self.standings[one.field] = self._stamp(one)
		for one in self.signed:
			if not one.stamp:
				self.standings[one.field] = self._signature(one)

	def lowest(self, foreign: Sequence[str] = ()) -> tuple[str, str]:
		"""The lowest level among the signatures that are not `foreign`, and why that one has no higher."""
		stamps = {one.field for one in self.signed if one.stamp}
		ours = {field: one for field, one in self.standings.items() if field not in {*stamps, *foreign}}
		worst = min(ours, key=lambda field: rank(ours[field]["level"]), default="")
		if not worst:
			return "", "no signature that should reach a level"
		return ours[worst]["level"], told(worst, ours[worst])

	@property
	def outermost(self) -> Proof | None:
		"""The outermost document time-stamp, if it holds."""
		stamps = [one for one in self.signed if one.stamp]
		return self.proofs.get(stamps[-1].field) if stamps else None

	def _framed(self, embedded: EmbeddedPdfSignature) -> Signed:
		start, first, second, length = (int(part) for part in embedded.byte_range)
		contents = self.data[first + 1 : second - 1]
		exact = bytes.fromhex(contents.decode("ascii")) == bytes(embedded.pkcs7_content)
		if start != 0 or length < 0 or second + length > len(self.data) or not exact:
			raise ValueError("odd byte range")
		embedded.compute_digest()
		if embedded.evaluate_signature_coverage() < SignatureCoverageLevel.ENTIRE_REVISION:
			raise ValueError("does not cover its revision")
		return Signed(embedded.field_name, embedded, second + length, contents)

	def _digest(self, one: Signed) -> Callable[[str], bytes]:
		def digest(algorithm: str) -> bytes:
			if algorithm == one.embedded.external_md_algorithm:
				known: bytes = (
					one.embedded.compute_digest()
				)  # the judge has hashed the file for all signatures
				return known
			hasher = hashlib.new(algorithm)
			_start, first, second, _length = (int(part) for part in one.embedded.byte_range)
			view = memoryview(self.data)
			hasher.update(view[:first])
			hasher.update(view[second : one.end])
			return hasher.digest()

		return digest

	def _around(self, end: int) -> datetime:
		"""The moment that the innermost valid document time-stamp past `end` proves; without one, now."""
		times = [proof.token.time for one, proof in self._stamps if one.end > end]
		return times[-1] if times else self.now

	def _stamp(self, one: Signed) -> Standing:
		try:
			token = check_token(one.embedded.signed_data, self._digest(one))
			self._hold(token, one.end)
		except (BadToken, Untrusted) as error:
			return _standing(reason=_bad(error))
		proof = Proof(token, one.end)
		self._stamps.append((one, proof))
		self.proofs[one.field] = proof
		reason = "" if self._is_proven(token, self.material) else "no_validation_data"
		if not reason:
			self.proven.add(one.field)
		return _standing(reason=reason, trusted=True, proved=token.time, ends=token.ends)

	def _hold(self, token: Token, end: int) -> None:
		token.chain.path(self.trust, at=self._around(end), material=self.material)

	def _is_proven(self, token: Token, material: Material) -> bool:
		try:
			return self._length(token.chain, token.time, material, proven=True) > 1
		except Untrusted:
			return False

	def _length(self, chain: Chain, at: datetime, material: Material, *, proven: bool) -> int:
		"""How many certificates the path has: found once for all signatures of one seal under one time-stamp."""
		key = (chain.certificate.dump(), at, id(material), proven)
		if key not in self._lengths:
			path = (chain.proven_path if proven else chain.path)(self.trust, at=at, material=material)
			self._lengths[key] = len(path)
		return self._lengths[key]

	def _signature(self, one: Signed) -> Standing:
		try:
			signer = extract_signer_info(one.embedded.signed_data)
			found = extract_certs_for_validation(one.embedded.signed_data)
			digest = self._digest(one)(signer["digest_algorithm"]["algorithm"].native)
			kind = signed_kind(one.embedded.signed_data)
			intact, valid = validate_sig_integrity(signer, found.signer_cert, kind, digest)
			if not (intact and valid):
				return _standing(reason="broken: the signature is not valid")
			proof, problem = self._proof(one, signer)
		except Exception as error:  # foreign DER
			return _standing(reason=f"broken: {error}"[:200])
		if proof is not None:
			self.proofs[one.field] = proof
		chain = Chain(found.signer_cert, tuple(found.other_certs))
		standing = self._weighed(one, chain, proof, problem)
		attributes = {attribute["type"].native for attribute in signer["signed_attrs"]}
		pades = one.embedded.sig_object.get("/SubFilter") == "/ETSI.CAdES.detached"
		if not pades or not attributes & {"signing_certificate_v2", "signing_certificate"}:
			standing["level"], standing["reason"] = "", "not_pades"
		return standing

	def _proof(self, one: Signed, signer: cms.SignerInfo) -> tuple[Proof | None, str]:
		"""The earliest time-stamp that vouches for a signature, and what is wrong with another."""
		proofs = [proof for stamp, proof in self._stamps if stamp.end > one.end]
		problem = next(
			(
				self.standings[stamp.field]["reason"]
				for stamp in self.signed
				if stamp.stamp and stamp.end > one.end and stamp.field not in self.proofs
			),
			"",
		)
		signature = signer["signature"].native
		for token_data in attached_tokens(signer):
			try:
				token = check_token(token_data, lambda name: hashlib.new(name, signature).digest())
				self._hold(token, one.end)
			except (BadToken, Untrusted) as error:
				problem = _bad(error)
			else:
				proofs.append(Proof(token, None))
		# Within one second, of what TSAs state, the innermost.
		return min(proofs, key=lambda proof: (proof.token.time, proof.end or 0), default=None), problem

	def _weighed(self, one: Signed, chain: Chain, proof: Proof | None, problem: str) -> Standing:
		proved = proof.token.time if proof else None
		level = "B-T" if proof else "B-B"

		def standing(reason: str, trusted: bool, level: str = level) -> Standing:
			return _standing(level=level, reason=reason, trusted=trusted, proved=proved)

		try:
			length = self._length(chain, self.now, self.material, proven=False)
			trusted, untrusted = True, ""
		except Untrusted as error:
			length, trusted = 0, False
			untrusted = f"{'revoked' if error.revoked else 'untrusted'}: {error}"[:200]
		if proof is None:
			return standing(problem or "no_timestamp" if trusted else untrusted, trusted)
		if length == 1:  # an anchor itself: nothing needs to be proven of it and nothing is
			return standing("self_signed", True)
		try:
			length = self._length(chain, proof.token.time, self.material, proven=True)
		except Untrusted as error:
			if error.revoked:
				return standing(f"revoked: {error}"[:200], False)
			return standing(f"no_validation_data: {error}"[:200] if trusted else untrusted, trusted)
		if length == 1:  # expired since, so that only the proof saw it
			return standing("self_signed", True)
		if not self._is_proven(proof.token, self.material):
			return standing("no_validation_data: of the time-stamp", True)
		if not self._archived(one, proof, chain):
			return standing("no_archive_timestamp", True, "B-LT")
		return standing("", True, "B-LTA")

	def _archived(self, one: Signed, proof: Proof, chain: Chain) -> bool:
		"""Whether a document time-stamp that holds covers the proofs for signature and time-stamp."""
		inner = max(one.end, proof.end or 0)
		for stamp, _proof in self._stamps:
			if stamp.end <= inner:
				continue
			revision = stamp.embedded.signed_revision
			if revision not in self._covered:
				self._covered[revision] = material_of(self.reader.get_historical_resolver(revision))
			covered = self._covered[revision]
			try:
				self._length(chain, proof.token.time, covered, proven=True)
			except Untrusted:
				continue
			if self._is_proven(proof.token, covered):
				return True
		return False


def told(field: str, standing: Standing) -> str:
	"""Why a signature has reached no more, for people and with its code."""
	reason = standing["reason"]
	return f"{field}: {REASONS[reason.split(': ')[0]]} ({reason})" if reason else field


def rank(level: str) -> int:
	"""A level's place in LEVELS, -1 for ""."""
	return LEVELS.index(level) if level else -1


def _bad(error: BadToken | Untrusted) -> str:
	code = "timestamp_broken" if isinstance(error, BadToken) else "timestamp_untrusted"
	return f"{code}: {error}"[:200]


def _standing(
	*,
	level: str = "",
	reason: str = "",
	trusted: bool = False,
	proved: datetime | None = None,
	ends: datetime | None = None,
) -> Standing:
	return {"level": level, "reason": reason, "trusted": trusted, "proved": proved, "ends": ends}


def signed_kind(signed_data: cms.SignedData) -> str:
	"""The content type that the signed attributes must name."""
	kind: str = signed_data["encap_content_info"]["content_type"].native
	return kind


def attached_tokens(signer: cms.SignerInfo) -> list[cms.SignedData]:
	"""The signature-time-stamps among the unsigned attributes (RFC 3161, appendix A)."""
	attributes = signer["unsigned_attrs"]
	if not attributes:
		return []
	return [
		token["content"]
		for attribute in attributes
		if attribute["type"].native == "signature_time_stamp_token"
		for token in attribute["values"]
	]


def material_of(handler: Any) -> Material:
	"""What the document security store of a file or of one of its revisions holds (EN 319 142-1, 5.4.2)."""

	def parsed(key: str, kind: Any) -> tuple[Any, ...]:
		found = []
		try:
			entries = list(handler.root["/DSS"][key])
		except Exception:  # no such store, or no list in it
			return ()
		for entry in entries:
			try:
				one = kind.load(entry.get_object().data, strict=True)
				one.native  # noqa: B018  parsed lazily: what is broken must show here
			except Exception:  # nonsense proves nothing
				continue
			found.append(one)
		return tuple(found)

	return Material(
		parsed("/Certs", x509.Certificate),
		parsed("/OCSPs", ocsp.OCSPResponse),
		parsed("/CRLs", crl.CertificateList),
	)
