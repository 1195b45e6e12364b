"""Signatures that stay provable: time-stamps and archives, authorities that fail, and what is said meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frappe
import pytest
from house import House, a_pdf, attachments_of, for_writing, kinds, notices
from stage import eventually

from signflow.core.pdf.validate import validate
from signflow.services import evidence, sealing
from signflow.services.files import read_sealed
from signflow.services.revisions import final_revisions

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def sealed_by_ca(house: House, pki: Any) -> Iterator[str]:
	"""A house seal from a CA that answers for it; the CA's root is trusted, no authority is set."""
	for_writing()
	name = frappe.db.get_value("Sealing Key", {"fingerprint": pki.key("seal").fingerprint})
	if name:
		frappe.db.set_value("Sealing Key", name, "enabled", 1)
	else:
		key = frappe.get_doc({"doctype": "Sealing Key", "company": house.company, "enabled": 1})
		key.flags.pkcs12, key.passphrase = pki.pkcs12("seal"), "secret"
		name = key.insert(ignore_permissions=True).name
	frappe.db.commit()
	yield name
	for_writing()
	frappe.db.set_value("Sealing Key", name, "enabled", 0)
	settings(signature_level="B-B", trusted_certificates=None, timestamp_authorities=[])


def settings(**values: Any) -> None:
	for_writing()
	doc = frappe.get_doc("Signflow Settings")
	doc.update(values)
	doc.save(ignore_permissions=True)
	frappe.db.commit()


def authorities(*urls: str) -> list[dict[str, Any]]:
	return [{"url": url, "enabled": 1} for url in urls]


def completed(house: House, **options: Any) -> Any:
	request = house.sends(house.maija, **options)
	house.maija.goes_all_the_way()
	return is_completed(request)


def is_completed(request: Any) -> Any:
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"the request is completed",
	)
	return frappe.get_doc("Signature Request", request.name)


def levels_in(request: Any, trust: list[str]) -> set[str]:
	"""The levels that the finished files themselves show; every one of them is valid."""
	found = set()
	for revision in final_revisions(request.name):
		verdict = validate(read_sealed(revision.file_url, revision.sha256), trust=trust)
		assert verdict.ok, verdict.problems
		found |= {one.level for one in verdict.signatures if one.kind != "timestamp"}
	return found


def test_an_archive_is_made_before_copies_leave(house: House, sealed_by_ca: str, pki: Any) -> None:
	settings(
		signature_level="B-LTA",
		trusted_certificates="".join(pki.trust),
		timestamp_authorities=authorities(pki.tsa()),
	)
	request = completed(house)
	assert (request.reached_level, request.level_note) == ("B-LTA", None)
	assert levels_in(request, pki.trust) == {"B-LTA"}
	finals = final_revisions(request.name)
	assert [row.level for row in finals] == ["B-LTA", "B-LTA"] and all(row.archive_due for row in finals)
	assert kinds(request.name).count("archived") == 2
	assert evidence.verify(request.name).ok
	copy = house.mailbox.wait_for(house.maija.mail, subject="Signed:")
	sent = {len(data) for data in attachments_of(copy).values()}
	assert sent == {row.size for row in finals}, "what is mailed is the archive"


def test_nobody_waits_for_an_authority_that_is_down(house: House, sealed_by_ca: str, pki: Any) -> None:
	trust = "".join(pki.trust)
	settings(
		signature_level="B-LTA",
		trusted_certificates=trust,
		timestamp_authorities=authorities(pki.tsa("error"), pki.tsa("nonsense")),
	)
	request = completed(house)
	assert request.reached_level == "B-B" and "No time-stamp could be had" in request.level_note
	assert "500" in request.level_note, "what each authority did is told"
	house.mailbox.wait_for(house.maija.mail, subject="Signed:")
	before = {row.file_url for row in final_revisions(request.name)}
	shown = {"attached_to_doctype": "Customer", "attached_to_name": house.customer}
	assert set(frappe.get_all("File", shown, pluck="file_url")) == before

	settings(timestamp_authorities=authorities(pki.tsa("error"), pki.tsa()))
	for_writing()
	sealing.look_after_levels()
	assert frappe.db.get_value("Signature Request", request.name, "reached_level") == "B-B", (
		"not before its time"
	)
	for_writing()
	frappe.db.set_value("Signature Request", request.name, "level_due", "2026-01-01 00:00:00")
	frappe.db.commit()
	sealing.look_after_levels()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "reached_level") == "B-LTA",
		"the level is reached once the authority answers",
	)
	request.reload()
	assert request.level_note is None and request.level_due is None
	assert levels_in(request, pki.trust) == {"B-LTA"}
	after = {row.file_url for row in final_revisions(request.name)}
	assert not before & after and set(frappe.get_all("File", shown, pluck="file_url")) == after
	assert evidence.verify(request.name).ok


def test_a_test_seal_is_never_claimed_to_be_more_than_it_is(house: House, pki: Any) -> None:
	settings(
		signature_level="B-LTA",
		trusted_certificates="".join(pki.trust),
		timestamp_authorities=authorities(pki.tsa()),
	)
	try:
		request = completed(house)
	finally:
		settings(signature_level="B-B", trusted_certificates=None, timestamp_authorities=[])
	assert request.reached_level == "B-T" and request.level_note and not request.level_due
	seal = frappe.db.get_value("Sealing Key", request.sealing_key, "certificate_pem")
	assert levels_in(request, [seal, *pki.trust]) == {"B-T"}


def test_archives_are_renewed_before_their_time_stamp_ends(house: House, sealed_by_ca: str, pki: Any) -> None:
	settings(
		signature_level="B-LTA",
		trusted_certificates="".join(pki.trust),
		timestamp_authorities=authorities(pki.tsa("tsa2")),  # its certificate ends in nine days
	)
	request = completed(house)
	assert request.reached_level == "B-LTA"
	before = {row.document: row for row in final_revisions(request.name)}
	settings(timestamp_authorities=authorities(pki.tsa()))
	sealing.look_after_levels()
	eventually(
		lambda: all(row.seq > before[row.document].seq for row in final_revisions(request.name)),
		"both files carry a new time-stamp",
	)
	request = is_completed(request)
	for row in final_revisions(request.name):
		assert row.level == "B-LTA" and row.archive_due > before[row.document].archive_due
	eventually(lambda: not frappe.db.get_value("Signature Request", request.name, "work_due"), "all is done")
	assert levels_in(request, pki.trust) == {"B-LTA"}
	request.reload()
	assert request.level_note is None and request.level_due is None
	for_writing()
	sealing.look_after_levels()
	assert not frappe.db.get_value("Signature Request", request.name, "work_due"), "once is enough"
	assert evidence.verify(request.name).ok


def test_one_request_may_ask_for_more_than_the_settings(house: House, sealed_by_ca: str, pki: Any) -> None:
	settings(trusted_certificates="".join(pki.trust), timestamp_authorities=authorities(pki.tsa()))
	assert completed(house).reached_level in (None, "")
	request = completed(house, title=f"Takaus {house.key}", signature_level="B-LT")
	assert request.reached_level == "B-LT" and levels_in(request, pki.trust) == {"B-LT"}


def test_a_form_without_a_level_takes_the_settings(house: House) -> None:
	settings(signature_level="B-LT")
	try:
		made = frappe.new_doc("Signature Request")  # as Desk makes it, with the fields' own defaults
		made.update({"title": "Form", "company": house.company, "language": "en"})
		made.append("documents", {"title": "A", "file": house.uploads(a_pdf("A"), "a.pdf")})
		assert made.insert().signature_level == "B-LT"
		frappe.db.rollback()
	finally:
		settings(signature_level="B-B")


def test_requests_without_a_level_are_left_alone(house: House) -> None:
	request = completed(house)
	eventually(lambda: not frappe.db.get_value("Signature Request", request.name, "work_due"), "all is done")
	for_writing()
	sealing.look_after_levels()
	left = frappe.db.get_value("Signature Request", request.name, ["work_due", "level_due"])
	assert left == (0, None)


def test_settings_refuse_what_cannot_work(site: str, tmp_path: Path) -> None:
	for values, words in (
		({"timestamp_authorities": authorities("ftp://tsa.example/")}, "not the address"),
		({"trusted_certificates": "not a certificate"}, "no certificate in PEM"),
	):
		with pytest.raises(frappe.ValidationError, match=words):
			settings(**values)
		frappe.db.rollback()
	upload = frappe.get_doc(
		{"doctype": "File", "file_name": "list.xml", "is_private": 1, "content": b"<TrustServiceStatusList/>"}
	).insert()
	with pytest.raises(frappe.ValidationError, match="not a trusted list"):
		settings(trust_list=upload.file_url)
	frappe.db.rollback()


def test_the_sender_is_told_when_a_level_stays_out_of_reach(
	house: House, sealed_by_ca: str, pki: Any
) -> None:
	settings(
		signature_level="B-T",
		trusted_certificates="".join(pki.trust),
		timestamp_authorities=authorities(pki.tsa("refusal")),
	)
	request = completed(house)
	for number in (2, 3, 4):
		for_writing()
		frappe.db.set_value("Signature Request", request.name, "level_due", "2026-01-01 00:00:00")
		frappe.db.commit()
		sealing.look_after_levels()
		eventually(
			lambda number=number: (
				frappe.db.get_value("Signature Request", request.name, "level_attempts") == number
			),
			"it is tried again",
		)
	eventually(
		lambda: any("could not be reached yet" in text for text in notices(request.name)),
		"the sender is told",
	)
	assert "quota used up" in frappe.db.get_value("Signature Request", request.name, "level_note")
