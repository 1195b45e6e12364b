"""Does a bundle agree with its own chain: revisions of documents, states of the request and of its signers.

Input is a bundle whose shape `bundle` has already checked. Problems are plain sentences.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from signflow.core.evidence.kinds import EventKind

Event = dict[str, Any]
_REVISION_KINDS = frozenset({EventKind.SEALED.value, EventKind.CLOSED.value, EventKind.ARCHIVED.value})
_REVISION_NAMES = ("document", "revision", "sha256", "parent")
_STATE_NEEDS = {
	"Sent": EventKind.SENT.value,
	"In Progress": EventKind.SENT.value,
	"Completed": EventKind.COMPLETED.value,
	"Declined": EventKind.DECLINED.value,
	"Expired": EventKind.EXPIRED.value,
	"Cancelled": EventKind.CANCELLED.value,
}
_SIGNER_NEEDS = {"Signed": EventKind.SIGNED.value, "Declined": EventKind.DECLINED.value}
_ENDS = frozenset(
	kind.value for kind in (EventKind.COMPLETED, EventKind.DECLINED, EventKind.EXPIRED, EventKind.CANCELLED)
)
# A person may be identified again after the end, to fetch his copies.
_NOT_AFTER_END = _ENDS | {EventKind.SENT.value, EventKind.SIGNED.value}


def revision_problems(documents: Sequence[dict[str, Any]], events: Sequence[Event]) -> list[str]:
	"""Compare the revisions that a bundle lists with the `sealed`, `closed` and `archived` events of its chain, both ways.

	Also each revision must follow the one before it: numbers without a gap from 0 or 1 on, `parent` the SHA-256 of
	the revision before (for the first: null, or the document's `source_sha256`).
	"""
	found: list[str] = []
	listed: dict[tuple[str, int], dict[str, Any]] = {}
	for document in documents:
		name = document["name"]
		parent: str | None = None
		number: int | None = None
		if not document["revisions"]:
			found.append(f"document {name}: no revision is listed")
		for revision in document["revisions"]:
			key = (name, revision["revision"])
			if key in listed:
				found.append(f"document {name}: revision {key[1]} is listed twice")
			listed[key] = revision
			if number is None:
				if key[1] not in (0, 1):
					found.append(f"document {name}: its first revision is missing")
				if revision["parent"] not in (None, document.get("source_sha256")):
					found.append(f"document {name}: its first revision follows from an unknown file")
			else:
				if key[1] != number + 1:
					found.append(f"document {name}: revision {key[1]} comes after revision {number}")
				if revision["parent"] != parent:
					found.append(f"document {name}: revision {key[1]} does not follow from the one before it")
			number, parent = key[1], revision["sha256"]
	return found + _sealing_problems(listed, events)


def _sealing_problems(listed: dict[tuple[str, int], dict[str, Any]], events: Sequence[Event]) -> list[str]:
	found: list[str] = []
	sealed: dict[tuple[str, int], Event] = {}
	for event in events:
		if event["kind"] not in _REVISION_KINDS:
			continue
		public = event["public"]
		if event["kind"] == EventKind.ARCHIVED.value and public.get("report") is True:
			continue  # the evidence report is no document of the bundle
		at = f"event {event['seq']} ({event['kind']})"
		if any(name not in public for name in _REVISION_NAMES):
			found.append(f"{at} does not name the revision that it made")
			continue
		key = (public["document"], public["revision"])
		if not isinstance(key[0], str) or type(key[1]) is not int:
			found.append(f"{at} does not name the revision that it made")
			continue
		if key in sealed:
			found.append(f"{at} makes revision {key[1]} of document {key[0]} a second time")
		sealed[key] = event
		revision = listed.get(key)
		if revision is None:
			found.append(f"{at} made revision {key[1]} of document {key[0]}, which is not listed")
		elif revision["sha256"] != public["sha256"] or revision["parent"] != public["parent"]:
			found.append(f"document {key[0]}: revision {key[1]} is not the file that {at} sealed")
	for document, number in listed:
		if (document, number) not in sealed:
			found.append(f"document {document}: no event sealed revision {number}")
	return found


def state_problems(
	request: dict[str, Any], signers: Sequence[dict[str, Any]], events: Sequence[Event]
) -> list[str]:
	"""Compare the states that a bundle claims for its request and signers with what the chain tells."""
	found: list[str] = []
	kinds = {event["kind"] for event in events}
	names = [signer["name"] for signer in signers]
	if len(set(names)) != len(names):
		found.append("the same signer is listed twice")
	for event in events:
		if event["request"] != request["name"]:
			found.append(f"event {event['seq']} belongs to another request")
			break
	for event in events:
		who = event["public"].get("signer")
		if who is not None and who not in names:
			found.append(f"event {event['seq']} names a signer who is not listed")
	need = _STATE_NEEDS.get(request["state"])
	if need is not None and need not in kinds:
		found.append(f"the request is said to be {request['state']}, but no event says so")
	if request["state"] != "Completed" and EventKind.COMPLETED.value in kinds:
		found.append(f"the request is said to be {request['state']}, but an event says that it was completed")
	replaced = {
		event["public"].get("signer"): event["public"].get("by")
		for event in events
		if event["kind"] == EventKind.SIGNER_REPLACED.value
	}
	if not {*replaced.values()} <= {*names}:
		found.append("a signer was replaced by one who is not listed")
	for signer in signers:
		if signer["name"] in replaced and signer["state"] == "Cancelled":
			continue
		need = _SIGNER_NEEDS.get(signer["state"])
		if need is not None and not _has(events, need, signer["name"]):
			found.append(f"signer {signer['name']} is said to be {signer['state']}, but no event says so")
		if EventKind.COMPLETED.value in kinds or request["state"] == "Completed":
			if signer["state"] != "Signed":
				found.append(f"the request was completed, but signer {signer['name']} is {signer['state']}")
			if not _has(events, EventKind.SIGNED.value, signer["name"]):
				found.append(
					f"the request was completed, but no event says that signer {signer['name']} signed"
				)
	return found + _order_problems(events)


def _has(events: Iterable[Event], kind: str, signer: str) -> bool:
	return any(event["kind"] == kind and event["public"].get("signer") == signer for event in events)


def _order_problems(events: Sequence[Event]) -> list[str]:
	found = []
	ended: Event | None = None
	signed: set[str] = set()
	for event in events:
		if ended is not None and event["kind"] in _NOT_AFTER_END:
			found.append(
				f"event {event['seq']} ({event['kind']}) comes after the request was {ended['kind']}"
			)
		if ended is None and event["kind"] in _ENDS:
			ended = event
		who = event["public"].get("signer")
		if event["kind"] == EventKind.SIGNED.value and isinstance(who, str):
			if who in signed:
				found.append(f"event {event['seq']}: signer {who} signs a second time")
			signed.add(who)
		elif event["kind"] == EventKind.SEAL_UNAVAILABLE.value and isinstance(who, str):
			signed.discard(who)  # that seal was given up, so the signer may agree anew
	return found
