"""Raises the level of a finished file, B-T to B-LTA, and keeps archives alive (ETSI EN 319 142-1, 5.4 to 6.3).

Only appends: a document time-stamp (B-T), the validation data of every chain in a document security store
(B-LT), a further document time-stamp over all of it (B-LTA). ISO 32000-2, 12.8.2.2 allows both after any
certification, and after our lock. A level is reached when the new file shows it, never because it was added.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, enumerate_sig_fields
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation

from ..errors import Refused, SignflowError, _, described
from . import LEVELS
from ._chains import DIGESTS, Chain, Material, Untrusted, anchors
from ._judge import judge
from ._levels import Judgement, Signed, rank, signed_fields, told
from ._revocation import Limits, RevocationData
from .timestamps import Timestamper, TimestampUnavailable

__all__ = [
	"ExtendRefused",
	"Extended",
	"LevelNotReached",
	"Limits",
	"archive_due",
	"extend",
	"renew",
]

CHUNK = 1 << 20
# Room for a token in hex digits; asked again with the second if the first is too small.
RESERVED = (16384, 131072)

REFUSALS: dict[str, str] = {
	"not_intact": _("The document was changed after it was signed, or cannot be read: {detail}"),
	"no_archive": _("The document carries no archive time-stamp that holds, so there is none to renew."),
	"unreadable": _("The document could not be extended because it could not be read ({detail})."),
}


class ExtendRefused(Refused):
	"""A file that is not extended at all; `code` is one of the keys of REFUSALS."""

	reasons = REFUSALS


@dataclass(frozen=True)
class Extended:
	"""A file and what it has reached.

	`level` is the lowest among its signatures, without `foreign` ones; `certificates`, `ocsps` and `crls` count
	what its document security store holds; `archive_expires` is what `archive_due` says; `timestamps` are the
	fields of its document time-stamps, in order.
	"""

	data: bytes = field(repr=False)
	level: str
	certificates: int
	ocsps: int
	crls: int
	archive_expires: datetime | None
	timestamps: tuple[str, ...]


class LevelNotReached(SignflowError):
	"""The level that was asked for could not be reached; `extended` is the file at the level that it has.

	`extended.data` is what was given if nothing could be added, and may be kept if it is longer: it is
	valid as it is.
	"""

	def __init__(self, wanted: str, extended: Extended, reason: str):
		self.extended = extended
		super().__init__(
			"level_not_reached",
			_("The level {wanted} could not be reached; the document is at {reached}. {reason}"),
			wanted=wanted,
			reached=extended.level or "-",
			reason=reason,
		)


def extend(
	data: bytes,
	level: str,
	*,
	timestamp: Timestamper,
	trust: Sequence[str],
	foreign: Sequence[str] = (),
	limits: Limits | None = None,
	now: datetime | None = None,
) -> Extended:
	"""Raise every signature of `data` to `level` (one of LEVELS), appending only what is missing.

	`trust` are PEM texts of the anchors for seals and TSAs; `foreign` the fields that others signed and that
	may stay behind. A self-signed seal stays at B-T: nobody can say that it was not revoked. `now` is aware,
	default the clock. Raises ExtendRefused, TimestampUnavailable if nothing could be added for want of a
	time-stamp, LevelNotReached with what was reached; ValueError for an unknown level or anchor.
	"""
	work = _Work(data, level, timestamp, trust, foreign, limits or Limits(), now)
	work.check_intact()
	reached = work.level
	if rank(reached) < 0:
		raise work.failed(work.lowest_reason)
	if rank(reached) < rank(level) and reached == "B-B":
		work.stamp()
		if work.level == "B-B":
			raise work.failed(work.lowest_reason)
	if rank(work.level) < rank(level) and work.level == "B-T":
		if hopeless := work.hopeless():
			raise work.failed(hopeless)
		work.prove()
		if work.level == "B-T":
			raise work.failed(work.lowest_reason)
	if rank(work.level) < rank(level):
		work.stamp()
	if rank(work.level) < rank(level):
		raise work.failed(work.lowest_reason)
	return work.extended


def renew(
	data: bytes,
	*,
	timestamp: Timestamper,
	trust: Sequence[str],
	foreign: Sequence[str] = (),
	limits: Limits | None = None,
	now: datetime | None = None,
) -> Extended:
	"""Put a new archive time-stamp around an archive before the last one's certificate or algorithms age.

	Adds the last time-stamp's validation data first, while it can still be had (EN 319 142-1, 5.5). Parameters
	and errors as for `extend`; ExtendRefused no_archive if the last time-stamp does not hold any more.
	"""
	work = _Work(data, "B-LTA", timestamp, trust, foreign, limits or Limits(), now)
	work.check_intact()
	if work.judgement.outermost is None or work.level != "B-LTA":
		raise ExtendRefused("no_archive")
	work.prove()
	if work.unproven_stamps():
		raise work.failed("The last time-stamp's certificate is not proven")
	work.stamp()
	if work.level != "B-LTA":
		raise work.failed(work.lowest_reason)
	return work.extended


def archive_due(data: bytes) -> datetime | None:
	"""Until when the outermost document time-stamp holds: when its TSA's certificate expires (aware UTC).

	If it is made with a digest that ages (ETSI TS 119 312) that is the time it was made: it is due. None if
	there is none. Nothing is validated. Raises ExtendRefused unreadable.
	"""
	try:
		stamps = [one for one in signed_fields(_reader(data)) if one.sig_object_type == "/DocTimeStamp"]
		if not stamps:
			return None
		return _due(max(stamps, key=lambda one: int(one.byte_range[2]) + int(one.byte_range[3])))
	except Exception as error:  # whatever the parsers raise
		raise ExtendRefused("unreadable", detail=described(error)) from error


def _due(stamp: EmbeddedPdfSignature) -> datetime:
	info = stamp.signed_data["encap_content_info"]["content"].parsed
	digests = {
		info["message_imprint"]["hash_algorithm"]["algorithm"].native,
		extract_signer_info(stamp.signed_data)["digest_algorithm"]["algorithm"].native,
	}
	end: datetime = extract_certs_for_validation(stamp.signed_data).signer_cert.not_valid_after
	made: datetime = info["gen_time"].native
	return (end if digests <= DIGESTS else made).astimezone(timezone.utc)


class _Writer(IncrementalPdfFileWriter):
	"""Leaves /Info and XMP as they are: validators refuse other changes than proofs after the last signature."""

	def _update_meta(self) -> None:
		pass


def _reader(data: bytes) -> PdfFileReader:
	return PdfFileReader(io.BytesIO(data), strict=False)


class _Work:
	"""One file on its way up: `data` grows, `judgement` is what it shows now."""

	def __init__(
		self,
		data: bytes,
		wanted: str,
		timestamp: Timestamper,
		trust: Sequence[str],
		foreign: Sequence[str],
		limits: Limits,
		now: datetime | None,
	):
		if wanted not in LEVELS:
			raise ValueError(f"unknown level {wanted}")
		self.given = self.data = data
		self.wanted = wanted
		self.timestamp = timestamp
		self.trust = trust
		self.roots = anchors(trust)
		self.foreign = foreign
		self.now = now
		self.fetched = RevocationData(limits)
		self._judge()
		self.given_level = self.level

	def _judge(self) -> None:
		try:
			reader = _reader(self.data)
			self.judgement = Judgement(reader, signed_fields(reader), self.roots, now=self.now)
		except Exception as error:  # whatever the parsers raise
			raise ExtendRefused("unreadable", detail=described(error)) from error
		self.level, self.lowest_reason = self.judgement.lowest(self.foreign)

	def check_intact(self) -> None:
		"""Refuse what was changed: no time-stamp may make an altered file look better."""
		verdict = judge(self.data, list(self.trust), None)
		broken = [one["field"] for one in verdict["signatures"] if not one["intact"]]
		broken = broken or [problem for problem in verdict["problems"] if problem != "no_signatures"]
		if broken:
			raise ExtendRefused("not_intact", detail=", ".join(broken)[:300])

	@property
	def extended(self) -> Extended:
		material = self.judgement.material
		stamps = [one for one in self.judgement.signed if one.stamp]
		return Extended(
			data=self.data,
			level=self.level,
			certificates=len(material.certificates),
			ocsps=len(material.ocsps),
			crls=len(material.crls),
			archive_expires=_due(stamps[-1].embedded) if stamps else None,
			timestamps=tuple(one.field for one in stamps),
		)

	def hopeless(self) -> str:
		"""Why no validation data could lift a signature, "" if it might."""
		for name, standing in self.judgement.standings.items():
			if name not in self.foreign and standing["reason"].startswith(("self_signed", "untrusted")):
				return told(name, standing)
		return ""

	def failed(self, reason: str) -> LevelNotReached:
		told_more = any(one["reason"].startswith("revoked") for one in self.judgement.standings.values())
		# What gained nothing is not kept: further tries would only make the file grow.
		if self.data is not self.given and self.level == self.given_level and not told_more:
			self.data = self.given
			self._judge()
		reason = "; ".join([reason, *self.fetched.failures])[:600]
		return LevelNotReached(self.wanted, self.extended, reason)

	def unproven_stamps(self) -> list[str]:
		known = self.judgement.proven
		return [one.field for one in self.judgement.signed if one.stamp and one.field not in known]

	def stamp(self) -> None:
		"""Append a document time-stamp (EN 319 142-1, 5.4.3)."""
		try:
			self.data = add_timestamp(self.data, self.timestamp)
		except TimestampUnavailable as error:
			if self.data is self.given:
				raise
			raise self.failed(str(error)) from error
		self._judge()

	def prove(self) -> None:
		"""Append the validation data of all chains that lack it, in one increment."""
		missing: list[tuple[bytes, Material]] = []
		for one in self.judgement.signed:
			if one.field in self.foreign and one.field not in self.judgement.proofs:
				continue
			material = Material()
			for chain, at in self._chains_of(one):
				material += self._proof_for(chain, at)
			if material != Material():
				missing.append((one.contents, material))
		if missing:
			self.data = _with_material(self.data, missing)
			self._judge()

	def _chains_of(self, one: Signed) -> list[tuple[Chain, datetime]]:
		"""The chains of a signature and of its own time-stamp, with the moment for which they must be proven."""
		proof = self.judgement.proofs.get(one.field)
		if proof is None:
			return []
		chains = [(proof.token.chain, proof.token.time)] if one.stamp or proof.end is None else []
		if not one.stamp:
			found = extract_certs_for_validation(one.embedded.signed_data)
			chains.append((Chain(found.signer_cert, tuple(found.other_certs)), proof.token.time))
		return chains

	def _proof_for(self, chain: Chain, at: datetime) -> Material:
		"""What has to be added for a chain to be proven not revoked; nothing if it is proven already."""
		known, new = self.judgement.material, Material()
		try:
			path = chain.path(self.roots, at=at, material=known)
		except Untrusted:
			return new  # the judgement says why
		for use_crl in (False, True):
			try:
				chain.proven_path(self.roots, at=at, material=known + new)
			except Untrusted as error:
				if error.revoked:
					break
				for issuer, subject in itertools.pairwise(path):
					new += self.fetched.about(subject, issuer, use_crl=use_crl)
		return new + Material(certificates=path) if new != Material() else new


def add_timestamp(data: bytes, timestamp: Timestamper) -> bytes:
	"""Append a document time-stamp in an invisible field "TimestampN" (ISO 32000-2, 12.8.5).

	The Timestamper is given the bytes of the ByteRange. Raises what it raises; ExtendRefused unreadable.
	"""
	for reserved in RESERVED:
		try:
			writer = _Writer(io.BytesIO(data), strict=False)
			names = {str(name) for name, _value, _ref in enumerate_sig_fields(writer.prev)}
			number = next(n for n in range(1, len(names) + 2) if f"Timestamp{n}" not in names)
			hidden = InvisSigSettings(set_hidden_flag=False)
			spec = SigFieldSpec(f"Timestamp{number}", invis_sig_settings=hidden)
			steps: Any = PdfCMSEmbedder(new_field_spec=spec).write_cms(spec.sig_field_name, writer)
			next(steps)
			placeholder: Any = DocumentTimestamp(bytes_reserved=reserved)  # type: ignore[no-untyped-call]
			steps.send(SigObjSetup(sig_placeholder=placeholder))
			place, output = steps.send(SigIOSetup(md_algorithm="sha256", in_place=True, chunk_size=CHUNK))
			whole = output.getbuffer()
			covered = bytes(whole[: place.reserved_region_start]) + bytes(whole[place.reserved_region_end :])
			del whole
		except Exception as error:  # whatever the library raises for odd files
			raise ExtendRefused("unreadable", detail=described(error)) from error
		token = timestamp(covered)
		if 2 * len(token) > reserved:
			continue
		steps.send(token)
		stamped: bytes = output.getvalue()
		assert stamped.startswith(data), "extending must only append"
		return stamped
	raise ExtendRefused("unreadable", detail="the time-stamp is larger than any reserved place")


def _with_material(data: bytes, missing: Sequence[tuple[bytes, Material]]) -> bytes:
	"""Append `missing` to the document security store, each part also in the VRI of its signature's contents."""
	try:
		stream = io.BytesIO(data)
		writer: Any = _Writer(stream, strict=False)
		for contents, material in missing:
			DocumentSecurityStore.supply_dss_in_writer(
				writer, contents, certs=material.certificates, ocsps=material.ocsps, crls=material.crls
			)
		writer.write_in_place()
	except Exception as error:  # whatever the library raises for odd files
		raise ExtendRefused("unreadable", detail=described(error)) from error
	extended = stream.getvalue()
	assert extended.startswith(data), "extending must only append"
	return extended
