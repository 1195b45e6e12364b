"""Judges a signed PDF: every signature in it, what was changed since, and whether it is what our records say.

`validate` never raises on bad input: whatever goes wrong is a problem with a code. The verdict is AND over
all signatures. Stripped signatures and a cut-off last revision cannot be seen in a file alone, hence
`Expected`. Algorithms: ETSI EN 319 102-1 without long-term data; changes: ISO 32000-2, 12.8.2 by pyHanko's
difference policy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from ..errors import _
from . import sandbox

Kind = Literal["certification", "signature", "closing", "timestamp"]

MEMORY_BYTES = 1 << 30

PROBLEMS: dict[str, str] = {
	"unreadable": _("The file could not be read as a PDF."),
	"timed_out": _("Checking the file took too long."),
	"bad_trust": _("A trusted certificate could not be read."),
	"no_signatures": _("The file carries no signature."),
	"changed_after_signing": _("Something was added to the file after its last signature."),
	"shared_signature_value": _("Two signature fields share one signature."),
	"hybrid_file": _("The file can be read in two different ways."),
	"hash_differs": _("This is not the file in our records: its SHA-256 differs."),
	"signature_missing": _("A signature that our records name is missing."),
	"signature_unexpected": _("The file carries a signature that our records do not name."),
	"signature_count": _("The number of signatures differs from our records."),
	"broken_signature": _("The signature cannot be read."),
	"odd_byte_range": _("The signature does not cover what it should."),
	"content_changed": _("The signed content was changed."),
	"signature_invalid": _("The signature does not match its certificate."),
	"forbidden_change": _("The document was changed after this signature in a way that it forbids."),
	"appearance_changed": _("What the signature shows on the page was changed after it was made."),
	"timestamp_broken": _("The timestamp of the signature is not valid."),
	"seed_value": _("The signature does not keep to what its field demands."),
	"untrusted": _("The certificate is not known as trusted."),
}


@dataclass(frozen=True)
class SignatureVerdict:
	"""One signature. `problems` are "code" or "code: detail" (codes: PROBLEMS); `reason_text` is its /Reason.

	`time` is what the timestamp says or, without one, what the sealing house claims. `intact` means that
	neither the signed bytes nor, by forbidden changes, what came after them were altered; `trusted` that the
	certificate leads to one of the given anchors, `trusted_by` its name. `level` is "B-B", "B-T", "B-LT" or "B-LTA",
	"" for a document timestamp and for what does not hold; `level_reason` why it is not more (_levels.REASONS).
	`changes` are what came after this signature, allowed or not, as "code" or "code: field or place"
	(_changes.Change).
	"""

	field: str
	signer_subject: str
	time: datetime | None
	intact: bool
	trusted: bool
	covers_whole_file: bool
	reason_text: str
	problems: tuple[str, ...]
	kind: Kind
	level: str = ""
	level_reason: str = ""
	trusted_by: str = ""
	changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expected:
	"""What our records say: every signed field of ours, and the SHA-256 (hex) if it must be that very file.

	`foreign` are the fields that others had signed before; they must be there and intact, but need not be
	trusted.
	"""

	fields: tuple[str, ...]
	sha256: str | None = None
	foreign: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
	"""The judgment over the whole file; `problems` are those of the file, then each signature's with its
	field.
	"""

	ok: bool
	sha256: str
	signatures: tuple[SignatureVerdict, ...]
	problems: tuple[str, ...]

	@property
	def readable(self) -> bool:
		"""False if the file could not be judged at all."""
		return not any(problem.startswith(("unreadable", "timed_out")) for problem in self.problems)

	def problems_besides(self, foreign: Collection[str]) -> tuple[str, ...]:
		"""The problems, but that the signers of the fields `foreign` are not known as trusted."""
		ignored = {f"{field}: untrusted" for field in foreign}
		return tuple(problem for problem in self.problems if problem not in ignored)

	def to_dict(self) -> dict[str, Any]:
		"""Plain data for JSON; times in ISO 8601."""
		plain = asdict(self)
		for one in plain["signatures"]:
			one["time"] = one["time"].isoformat() if one["time"] else None
			one["problems"], one["changes"] = list(one["problems"]), list(one["changes"])
		return {**plain, "signatures": list(plain["signatures"]), "problems": list(self.problems)}


def validate(
	data: bytes, *, trust: Sequence[str], expected: Expected | None = None, seconds: float = 30
) -> Verdict:
	"""Judge the signed PDF `data` in a limited child process (1 GiB, `seconds` of wall clock). Never raises
	on bad input.

	`trust` holds PEM texts (one or more certificates each) that are trusted as they are. `ok` demands at
	least one signature, every one intact and trusted, the last covering the file to its end, and agreement
	with `expected`.
	"""
	header = {"trust": list(trust), "expected": asdict(expected) if expected else None}
	try:
		answer, _payload = sandbox.run("validate", header, data, seconds=seconds, memory_bytes=MEMORY_BYTES)
	except sandbox.ChildTimedOut:
		return _unjudged(data, "timed_out")
	except sandbox.ChildFailed as error:
		return _unjudged(data, f"unreadable: {error}")
	return _verdict(answer, foreign=expected.foreign if expected else ())


def _unjudged(data: bytes, problem: str) -> Verdict:
	return Verdict(False, hashlib.sha256(data).hexdigest(), (), (problem,))


def _verdict(answer: dict[str, Any], foreign: tuple[str, ...]) -> Verdict:
	signatures = []
	problems = list(answer["problems"])
	for one in answer["signatures"]:
		time = datetime.fromisoformat(one["time"]) if one["time"] else None
		lists = {"problems": tuple(one["problems"]), "changes": tuple(one["changes"])}
		signature = SignatureVerdict(**{**one, "time": time, **lists})
		signatures.append(signature)
		problems += [f"{signature.field}: {text}" for text in signature.problems]
	verdict = Verdict(not problems, answer["sha256"], tuple(signatures), tuple(problems))
	left = verdict.problems_besides(foreign)
	return replace(verdict, ok=not left, problems=left)
