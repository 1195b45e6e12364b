"""The chain of evidence: it holds, it names the first row that was touched, and it survives lawful erasure."""

import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import frappe
import pytest
from house import House, as_program, for_writing

from signflow.core.errors import SignflowError
from signflow.services import evidence
from signflow.services.transaction import one_transaction

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def request_with_story(kept_house: House) -> Any:
	frappe.db.rollback()
	frappe.set_user("Administrator")
	request = kept_house.sends(kept_house.maija)
	for kind in ("opened", "question_asked", "opened"):
		one_transaction(evidence.record)(request.name, kind, private={"ip": "192.0.2.1", "note": kind})
	assert evidence.verify(request.name).ok
	yield request
	frappe.db.rollback()


def events(request: Any) -> list[Any]:
	for_writing()  # the worker still mails meanwhile
	return frappe.get_all(
		"Signature Event", {"request": request.name}, ["name", "seq", "kind"], order_by="seq asc"
	)


def with_payload(request: Any) -> list[int]:
	rows = frappe.get_all("Signature Event Payload", {"request": request.name}, pluck="event")
	return sorted(int(row.rsplit("-", 1)[1]) for row in rows)


def test_every_step_is_in_the_chain(request_with_story: Any) -> None:
	verdict = evidence.verify(request_with_story.name)
	kept = frappe.get_doc("Signature Request", request_with_story.name)
	assert verdict.ok and verdict.count == kept.event_count == len(events(request_with_story))
	assert [row.seq for row in events(request_with_story)] == list(range(1, verdict.count + 1))


@pytest.mark.parametrize("column", ["canonical", "hash"])
def test_an_edited_row_is_named(request_with_story: Any, column: str) -> None:
	row = events(request_with_story)[2]
	text = frappe.db.get_value("Signature Event", row.name, column)
	changed = text.replace('"seq":3', '"seq": 3') if column == "canonical" else "0" * 64
	assert changed != text
	frappe.db.set_value("Signature Event", row.name, column, changed)
	verdict = evidence.verify(request_with_story.name)
	assert not verdict.ok and verdict.first_broken == 3


def test_a_row_whose_hash_was_made_anew_is_named(request_with_story: Any) -> None:
	from signflow.core.evidence.chain import event_hash

	row = events(request_with_story)[1]
	text = frappe.db.get_value("Signature Event", row.name, "canonical").replace('"kind":"', '"kind":"x', 1)
	frappe.db.set_value("Signature Event", row.name, {"canonical": text, "hash": event_hash(text)})
	verdict = evidence.verify(request_with_story.name)
	assert not verdict.ok and verdict.first_broken in (2, 3)


def test_a_missing_row_is_named(request_with_story: Any) -> None:
	row = events(request_with_story)[2]
	frappe.db.delete("Signature Event", {"name": row.name})
	verdict = evidence.verify(request_with_story.name)
	assert not verdict.ok and verdict.first_broken == 3


def test_a_missing_end_is_named(request_with_story: Any) -> None:
	last = events(request_with_story)[-1]
	frappe.db.delete("Signature Event", {"name": last.name})
	frappe.db.delete("Signature Event Payload", {"name": last.name})
	verdict = evidence.verify(request_with_story.name)
	assert not verdict.ok and verdict.first_broken == last.seq


def test_an_event_that_came_in_from_outside_is_named(request_with_story: Any) -> None:
	last = events(request_with_story)[-1]
	row = frappe.get_doc("Signature Event", last.name)
	row.name, row.seq = f"{request_with_story.name}-{last.seq + 1:05d}", last.seq + 1
	row.flags.signflow = True
	row.set("__islocal", True)
	row.db_insert()
	assert not evidence.verify(request_with_story.name).ok


def test_swapped_personal_values_are_named(request_with_story: Any) -> None:
	events(request_with_story)
	first, second = with_payload(request_with_story)[-2:]
	names = [f"{request_with_story.name}-{seq:05d}" for seq in (first, second)]
	texts = [frappe.db.get_value("Signature Event Payload", name, "values_json") for name in names]
	assert texts[0] != texts[1]
	for name, text in zip(names, reversed(texts), strict=True):
		frappe.db.set_value("Signature Event Payload", name, "values_json", text)
	verdict = evidence.verify(request_with_story.name)
	assert not verdict.ok and verdict.first_broken == first


def test_a_changed_personal_value_is_named(request_with_story: Any) -> None:
	events(request_with_story)
	seq = with_payload(request_with_story)[-1]
	name = f"{request_with_story.name}-{seq:05d}"
	values = json.loads(frappe.db.get_value("Signature Event Payload", name, "values_json"))
	values["ip"]["value"] = "198.51.100.9"
	frappe.db.set_value("Signature Event Payload", name, "values_json", json.dumps(values))
	verdict = evidence.verify(request_with_story.name)
	assert not verdict.ok and verdict.first_broken == seq


def test_personal_values_that_vanished_are_named(request_with_story: Any) -> None:
	events(request_with_story)
	seq = with_payload(request_with_story)[-1]
	frappe.db.delete("Signature Event Payload", {"name": f"{request_with_story.name}-{seq:05d}"})
	verdict = evidence.verify(request_with_story.name)
	assert not verdict.ok and verdict.first_broken == seq


def test_lawful_erasure_leaves_a_chain_that_holds(request_with_story: Any) -> None:
	events(request_with_story)
	name, seqs = request_with_story.name, with_payload(request_with_story)
	before = frappe.db.count("Deleted Document", {"deleted_doctype": "Signature Event Payload"})
	erased = one_transaction(evidence.erase_payloads)(name, [*seqs[:2], 4711], reason="retention")
	assert erased == seqs[:2]
	verdict = evidence.verify(name)
	today = datetime.now(timezone.utc).date().isoformat()
	assert verdict.ok, verdict.problems
	assert dict(verdict.erased) == dict.fromkeys(seqs[:2], today)
	assert set(with_payload(request_with_story)) == set(seqs[2:])
	assert frappe.db.count("Deleted Document", {"deleted_doctype": "Signature Event Payload"}) == before
	assert one_transaction(evidence.erase_payloads)(name, seqs[:2]) == []
	assert evidence.verify(name).count == verdict.count


def test_erasure_is_all_or_nothing(request_with_story: Any) -> None:
	events(request_with_story)
	seqs = with_payload(request_with_story)

	def erase_and_stumble() -> None:
		evidence.erase_payloads(request_with_story.name, seqs)
		raise SignflowError("stumbled", "stumbled")

	with pytest.raises(frappe.ValidationError):
		one_transaction(erase_and_stumble)()
	assert with_payload(request_with_story) == seqs
	assert evidence.verify(request_with_story.name).ok


def test_a_payload_is_deleted_by_nobody_else(request_with_story: Any) -> None:
	events(request_with_story)
	name = f"{request_with_story.name}-{with_payload(request_with_story)[0]:05d}"
	with pytest.raises(frappe.PermissionError):
		frappe.delete_doc("Signature Event Payload", name, ignore_permissions=True, force=True)


def judge(path: Path) -> subprocess.CompletedProcess:
	return subprocess.run(
		[sys.executable, "-m", "signflow.core.evidence", "verify", str(path)],
		capture_output=True,
		text=True,
		timeout=60,
		cwd=REPOSITORY,
	)


def test_the_bundle_is_judged_without_the_site(
	kept_house: House, request_with_story: Any, tmp_path: Path
) -> None:
	answer = as_program(kept_house.web, kept_house.users["manager"]).get(
		f"{kept_house.web}/api/method/signflow.api.requests.evidence_bundle",
		params={"name": request_with_story.name},
		timeout=30,
	)
	path = tmp_path / "evidence.json"
	path.write_bytes(answer.content)
	good = judge(path)
	assert good.returncode == 0 and "VALID" in good.stdout, good.stdout + good.stderr
	text = answer.content.decode()
	place = text.index("192.0.2.1")
	for changed in (
		text[:place] + "8" + text[place + 1 :],
		text.replace(kept_house.maija.name, "Maija Mero"),
		text.replace('"seq": 2', '"seq": 7', 1)
		if '"seq": 2' in text
		else text.replace("opened", "opines", 1),
	):
		assert changed != text
		path.write_text(changed)
		bad = judge(path)
		assert bad.returncode == 1 and "NOT VALID" in bad.stdout, bad.stdout + bad.stderr


def test_the_bundle_after_erasure_says_so(kept_house: House, request_with_story: Any, tmp_path: Path) -> None:
	events(request_with_story)
	one_transaction(evidence.erase_payloads)(request_with_story.name, with_payload(request_with_story))
	path = tmp_path / "evidence.json"
	path.write_text(evidence.bundle(request_with_story.name))
	good = judge(path)
	assert good.returncode == 0 and "payload erased on" in good.stdout, good.stdout + good.stderr
	assert "192.0.2.1" not in path.read_text()
