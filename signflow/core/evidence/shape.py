"""The shape of evidence.json: which names must be there and of what type, before anything is believed."""

import re
from typing import Any

_HEX = re.compile(r"[0-9a-f]{64}")
_NAMES = frozenset(
	{
		"format",
		"made_on",
		"request",
		"house",
		"documents",
		"signers",
		"events",
		"payloads",
		"count",
		"head",
		"seal",
	}
)
_SEAL_NAMES = frozenset({"certificate", "fingerprint", "algorithm", "value"})
FORMAT = "signflow-evidence-1"


def shape_problems(data: Any) -> list[str]:
	"""Return what keeps `data` from being read as a bundle, in plain sentences; empty if nothing does."""
	if not isinstance(data, dict):
		return ["this is not a bundle of evidence"]
	if set(data) != _NAMES:
		names = ", ".join(sorted(ascii(name) for name in set(data) ^ _NAMES)[:5])
		return [f"this is not a bundle of evidence: names missing or unknown: {names}"]
	found: list[str] = []
	if data["format"] != FORMAT:
		found.append("this is evidence in a format that this program does not know")
	if not isinstance(data["made_on"], str):
		found.append("made_on is not text")
	found += _texts("request", data["request"], ("name", "title", "state"))
	found += _texts("house", data["house"], ("name",))
	found += _texts("seal", data["seal"], tuple(sorted(_SEAL_NAMES)))
	if isinstance(data["seal"], dict) and set(data["seal"]) != _SEAL_NAMES:
		found.append("the seal has names that it should not have or lacks some")
	found += _rows("signers", data["signers"], ("name", "state"))
	found += _rows("events", data["events"], ("canonical", "hash"))
	found += _rows("documents", data["documents"], ("name", "title"))
	if type(data["count"]) is not int:
		found.append("count is not a number")
	if data["head"] is not None and not _is_hash(data["head"]):
		found.append("head is not a SHA-256")
	payloads = data["payloads"]
	if not isinstance(payloads, dict) or not all(
		re.fullmatch(r"[1-9][0-9]{0,8}", seq) and isinstance(payload, dict)
		for seq, payload in payloads.items()
	):
		found.append("payloads are not objects by number of event")
	return found or _document_problems(data["documents"])


def _document_problems(documents: list[dict[str, Any]]) -> list[str]:
	found: list[str] = []
	names = [document["name"] for document in documents]
	if len(set(names)) != len(names):
		found.append("the same document is listed twice")
	for document in documents:
		revisions = document.get("revisions")
		if not isinstance(revisions, list):
			found.append("a document has no list of revisions")
			continue
		for revision in revisions:
			if (
				not isinstance(revision, dict)
				or type(revision.get("revision")) is not int
				or not _is_hash(revision.get("sha256"))
				or "parent" not in revision
				or not (revision["parent"] is None or _is_hash(revision["parent"]))
			):
				found.append("a revision lacks its number, its SHA-256 or its parent")
	return found


def _is_hash(value: Any) -> bool:
	return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _texts(name: str, value: Any, wanted: tuple[str, ...]) -> list[str]:
	if not isinstance(value, dict):
		return [f"{name} is not an object"]
	return [f"{name} has no {text}" for text in wanted if not isinstance(value.get(text), str)]


def _rows(name: str, value: Any, wanted: tuple[str, ...]) -> list[str]:
	if not isinstance(value, list):
		return [f"{name} is not a list"]
	return [problem for at, row in enumerate(value) for problem in _texts(f"{name}[{at}]", row, wanted)]
