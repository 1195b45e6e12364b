"""The chain of events: each event names the hash of the one before it, so that none can be changed or taken out.

An event is kept as its canonical text (RFC 8785) and the SHA-256 (FIPS 180-4) of that text. Personal values stay
outside: the text holds salted commitments, the values and salts lie in the payload, which may be erased. A bare chain
can be recomputed from its start or lose its tail, so its head and count are sealed elsewhere (see `bundle`).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import NamedTuple

from signflow.core.errors import SignflowError, _
from signflow.core.evidence.canonical import JSON, canonical_json, load, plain
from signflow.core.evidence.commitment import check, commit, new_salt
from signflow.core.evidence.kinds import EVENT_KINDS, EventKind

VERSION = 1
_FIELDS = frozenset({"v", "request", "seq", "time", "kind", "previous", "public", "commitments"})
_HEX = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")

Payload = Mapping[str, object]


class StoredEvent(NamedTuple):
	"""An event as it is kept: its canonical JSON and the SHA-256 of that as 64 hex digits."""

	canonical: str
	hash: str


@dataclass(frozen=True)
class BuiltEvent:
	"""A new event: what the chain keeps (`canonical`, `hash`) and what the payload row keeps.

	`payload` is name → `{"value": …, "salt": 64 hex digits}` and is empty when the event has no personal values.
	"""

	canonical: str
	hash: str
	payload: dict[str, dict[str, JSON]]


@dataclass(frozen=True)
class RowVerdict:
	"""What was found about one row; `seq`, `time` and `kind` are as read, `erased_on` is a UTC date or None."""

	seq: int
	time: str
	kind: str
	signer: str
	problems: tuple[str, ...]
	erased_on: str | None

	@property
	def ok(self) -> bool:
		"""Whether nothing is wrong with this row."""
		return not self.problems


@dataclass(frozen=True)
class ChainVerdict:
	"""What `verify_chain` found: `ok` only if `problems` is empty.

	`head` is the recomputed hash of the last row (None for no rows), `count` the number of rows, `first_broken` the
	seq of the first row that does not hold (or that is missing), `erased` pairs of (seq, UTC date) and `rows` one
	verdict per row. `events` are the rows as read, None where a row could not be read.
	"""

	ok: bool
	head: str | None
	count: int
	first_broken: int | None
	problems: tuple[str, ...]
	erased: tuple[tuple[int, str], ...]
	notes: tuple[str, ...] = ()
	rows: tuple[RowVerdict, ...] = ()
	events: tuple[dict[str, JSON] | None, ...] = field(default=(), repr=False)


def event_time(time: datetime) -> str:
	"""Return an aware `time` in UTC with milliseconds (cut, not rounded), as RFC 3339: `2026-11-21T22:33:03.123Z`.

	Raises SignflowError `bad_time` for a time without a zone.
	"""
	if time.tzinfo is None or time.utcoffset() is None:
		raise SignflowError("bad_time", _("A time in evidence needs its time zone."))
	moment = time.astimezone(timezone.utc)
	return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def event_hash(canonical: str) -> str:
	"""Return the SHA-256 of an event's canonical text in UTF-8 as 64 lower-case hex digits."""
	return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def build_event(
	*,
	request: str,
	seq: int,
	time: datetime,
	kind: EventKind | str,
	previous: str | None,
	public: Mapping[str, object],
	private: Mapping[str, object],
) -> BuiltEvent:
	"""Make the event that follows the one with hash `previous` (None for the first, whose `seq` is 1).

	`time` is aware and must not lie before the previous event's. `public` goes into the chain for good and must hold
	no personal value; each value of `private` gets a salt of its own and only its commitment goes into the chain. An
	event about a signer names it as `public["signer"]`; `sealed` and `closed` name `document`, `revision`, `sha256`
	and `parent`; `payload_erased` names `seqs`. Raises SignflowError `bad_event`, `bad_time` or `not_canonical`.
	"""
	try:
		named = EventKind(kind)
	except ValueError as error:
		raise SignflowError("bad_event", _("There is no kind of event called {kind}."), kind=kind) from error
	if not request:
		raise SignflowError("bad_event", _("An event belongs to a request; none was named."))
	if seq < 1 or (seq == 1) != (previous is None):
		raise SignflowError(
			"bad_event", _("Event {seq} does not fit here: only the first has no previous one."), seq=seq
		)
	if previous is not None and not _HEX.fullmatch(previous):
		raise SignflowError("bad_event", _("The previous event's hash is not 64 hex digits."))
	salts = {name: new_salt() for name in private}
	event = {
		"v": VERSION,
		"request": request,
		"seq": seq,
		"time": event_time(time),
		"kind": named.value,
		"previous": previous,
		"public": dict(public),
		"commitments": {name: commit(value, salts[name]) for name, value in private.items()},
	}
	canonical = canonical_json(event).decode("utf-8")
	payload: dict[str, dict[str, JSON]] = {
		name: {"value": plain(value), "salt": salts[name].hex()} for name, value in private.items()
	}
	return BuiltEvent(canonical=canonical, hash=event_hash(canonical), payload=payload)


def verify_chain(
	events: Iterable[StoredEvent | tuple[str, str]],
	payloads: Mapping[int, Payload],
	*,
	expected_head: str | None = None,
	expected_count: int | None = None,
) -> ChainVerdict:
	"""Recompute a chain, given in the order of its rows, and say whether it holds and where it first does not.

	`payloads` maps seq to `{name: {"value", "salt"}}`, or to `{"erased_on": date}` for an erased one, which counts
	as lawful only if a later event `payload_erased` names that seq in `public["seqs"]`. `expected_head` and
	`expected_count` come from a sealed report and show a chain that was recomputed or lost its tail. Never raises
	for bad content.
	"""
	stored = [StoredEvent(*row) for row in events]
	read = [_read(row.canonical) for row in stored]
	erasures = _erasures(read)
	rows: list[RowVerdict] = []
	notes: list[str] = []
	erased: list[tuple[int, str]] = []
	previous_hash: str | None = None
	latest = ""
	request = read[0].get("request") if read and read[0] is not None else None
	for seq, (row, event) in enumerate(zip(stored, read, strict=True), start=1):
		found: list[str] = []
		computed = event_hash(row.canonical)
		if computed != row.hash:
			found.append("its hash does not fit its text: the text or the hash was changed")
		gone: str | None = None
		time = kind = signer = ""
		if event is None:
			found.append("its text is not an event in canonical JSON")
		else:
			time, kind, signer = str(event["time"]), str(event["kind"]), _signer(event)
			found += _row_problems(event, seq=seq, previous=previous_hash, latest=latest, request=request)
			latest = max(latest, time)
			problems, gone, note = _payload_problems(event, payloads.get(seq), erasures.get(seq))
			found += problems
			if note:
				notes.append(f"event {seq}: {note}")
			if gone is not None:
				erased.append((seq, gone))
		rows.append(RowVerdict(seq, time, kind, signer, tuple(found), gone))
		previous_hash = computed
	problems = [f"event {row.seq}: {problem}" for row in rows for problem in row.problems]
	first_broken = next((row.seq for row in rows if row.problems), None)
	count = len(rows)
	for seq in sorted(set(payloads) - set(range(1, count + 1))):
		problems.append(f"there is a payload for event {seq}, which is not in the chain")
	if expected_count is not None and expected_count != count:
		problems.append(f"the chain has {count} events, {expected_count} were expected")
		first_broken = first_broken or min(count, expected_count) + 1
	if expected_head is not None and expected_head != previous_hash and expected_count in (None, count):
		problems.append("the chain ends in another hash than expected: it was made anew or lost its end")
	return ChainVerdict(
		ok=not problems,
		head=previous_hash,
		count=count,
		first_broken=first_broken,
		problems=tuple(problems),
		erased=tuple(erased),
		notes=tuple(notes),
		rows=tuple(rows),
		events=tuple(read),
	)


def _read(canonical: str) -> dict[str, JSON] | None:
	try:
		event = load(canonical)
		if canonical_json(event) != canonical.encode("utf-8"):
			return None
	except (SignflowError, UnicodeEncodeError):
		return None
	if not isinstance(event, dict) or set(event) != _FIELDS:
		return None
	if (
		not all(isinstance(event[name], str) for name in ("request", "time", "kind"))
		or type(event["seq"]) is not int
	):
		return None
	if not isinstance(event["public"], dict) or not isinstance(event["commitments"], dict):
		return None
	return event


def _signer(event: dict[str, JSON]) -> str:
	public = event["public"]
	signer = public.get("signer") if isinstance(public, dict) else None
	return signer if isinstance(signer, str) else ""


def _row_problems(
	event: dict[str, JSON], *, seq: int, previous: str | None, latest: str, request: JSON
) -> list[str]:
	found = []
	if event["v"] is True or event["v"] != VERSION:
		found.append("it is of a version that this program does not know")
	if event["seq"] != seq:
		found.append(f"it says to be event {event['seq']}: an event is missing, repeated or out of place")
	if event["previous"] != previous:
		found.append("it does not follow from the event before it")
	if not event["request"] or event["request"] != request:
		found.append("it belongs to another request")
	if event["kind"] not in {kind.value for kind in EVENT_KINDS}:
		found.append("it is of a kind that this program does not know")
	if not is_event_time(event["time"]):
		found.append("its time is not a time in UTC with milliseconds")
	elif str(event["time"]) < latest:
		found.append("its time lies before that of an earlier event")
	return found


def is_event_time(text: object) -> bool:
	"""Tell whether `text` is a real moment in the form that `event_time` writes."""
	if not isinstance(text, str) or not _TIME.fullmatch(text):
		return False
	try:
		datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
	except ValueError:
		return False
	return True


def _erasures(events: list[dict[str, JSON] | None]) -> dict[int, str]:
	"""Map each seq that a later `payload_erased` names to the UTC date of that event."""
	found: dict[int, str] = {}
	for at, event in enumerate(events, start=1):
		if (
			event is None
			or event["kind"] != EventKind.PAYLOAD_ERASED.value
			or not is_event_time(event["time"])
		):
			continue
		public = event["public"]
		named = public.get("seqs") if isinstance(public, dict) else None
		for seq in named if isinstance(named, list) else []:
			if isinstance(seq, int) and not isinstance(seq, bool) and seq < at:
				found.setdefault(seq, str(event["time"])[:10])
	return found


def _payload_problems(
	event: dict[str, JSON], payload: Payload | None, erased_on: str | None
) -> tuple[list[str], str | None, str | None]:
	"""Return problems, the date of lawful erasure or None, and a note or None."""
	commitments = event["commitments"]
	assert isinstance(commitments, dict)
	gone = payload is None or (set(payload) == {"erased_on"} and isinstance(payload["erased_on"], str))
	if gone:
		if erased_on is not None:
			return [], erased_on, f"payload erased on {erased_on}"
		if payload is None and not commitments:
			return [], None, None
		return ["its payload is missing and no event in the chain says that it was erased"], None, None
	assert payload is not None
	found = []
	if set(payload) != set(commitments):
		found.append("its payload does not hold the values that it commits to")
	for name in sorted(set(payload) & set(commitments)):
		if not _opens(commitments[name], payload[name]):
			found.append(f"the value of {name} in its payload is not the one that it commits to")
	note = (
		f"payload still here although its erasure was recorded on {erased_on}"
		if erased_on and payload
		else None
	)
	return found, None, note


def _opens(commitment: JSON, entry: object) -> bool:
	if not isinstance(commitment, str) or not _HEX.fullmatch(commitment):
		return False
	if not isinstance(entry, Mapping) or set(entry) != {"value", "salt"}:
		return False
	salt = entry["salt"]
	if not isinstance(salt, str) or not _HEX.fullmatch(salt):
		return False
	return check(commitment, entry["value"], bytes.fromhex(salt))
