"""Sealing: one increment at a time, killed and taken up again, failed and repaired, foreign signatures kept."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import frappe
import pytest
from house import House, Signer, a_pdf, for_writing, kinds, long_ago, notices, row_of
from judges import assert_all_sealed, assert_sealed, bytes_of, seal_of, tampered
from stage import Process, eventually

from signflow.core.pdf.keys import SealKey, make_test_key
from signflow.core.pdf.seal import append_signature
from signflow.services import evidence, files, requests, sealing, sending
from signflow.services.keys import keys_used
from signflow.services.revisions import final_revisions
from signflow.services.verification import verify_document

pytestmark = pytest.mark.timeout(300)


def status_of(request: str) -> str:
	return frappe.db.get_value("Signature Request", request, "status")


def completed(request: str) -> None:
	eventually(lambda: status_of(request) == "Completed", f"{request} is completed", 60)


def has_signed(request: str, person: Signer) -> None:
	eventually(lambda: row_of(request, person).status == "Signed", f"{person.name}'s signature is sealed", 60)


def revisions(request: str, **filters) -> list:
	return frappe.get_all(
		"Sealed Revision",
		filters={"request": request, **filters},
		fields=["document", "seq", "kind", "signer", "sha256", "parent_sha256", "file_url"],
		order_by="document asc, seq asc",
	)


def sealed_files() -> set[str]:
	return {
		name for name in os.listdir(frappe.get_site_path("private", "files")) if name.startswith(files.PREFIX)
	}


def lease_is_over(request: str) -> None:
	long_ago("Signature Request", request, "lease_until", minutes=1)


def hold_the_commit(request: str) -> None:
	"""Where rows are locked, take the place of the sealing's event, so that the worker waits with its file written.

	SQLite knows but one lock: there the worker has to be caught in the moment before its commit.
	"""
	frappe.db.commit()
	if frappe.db.db_type != "sqlite":
		count = frappe.db.get_value("Signature Request", request, "event_count")
		event = frappe.qb.DocType("Signature Event")
		frappe.qb.into(event).columns(event.name).insert(f"{request}-{count + 2:05d}").run()


def test_a_worker_killed_with_its_child_while_sealing(house: House, worker: Process, tmp_path: Path) -> None:
	for attempt in range(8):
		request = house.sends(house.maija, title=f"Kaatuva {attempt} {house.key}")
		house.maija.opens()
		house.maija.identifies()
		before = sealed_files()
		hold_the_commit(request.name)
		with ThreadPoolExecutor(1) as thread:
			signing = thread.submit(house.maija.signs)
			deadline = time.monotonic() + 30
			while not (orphans := sealed_files() - before):
				assert time.monotonic() < deadline, "the worker seals"
			worker.send(signal.SIGSTOP)
			signing.result()
		worker.kill()
		# Its database connection may still be ending, or committing what it had sent: the row's lock tells.
		frappe.db.rollback()
		frappe.get_doc("Signature Request", request.name, for_update=True)
		committed = revisions(request.name, kind="Signed")
		frappe.db.rollback()
		if not committed:
			break
		# It was quicker than we: once more.
		worker.start()
	assert not committed, "never was a worker caught between its file and its commit"
	lost = frappe.get_doc("Signature Request", request.name)
	assert lost.work_due and lost.lease_until and row_of(request.name, house.maija).status == "Signing"
	worker.start()
	lease_is_over(request.name)
	sealing.sweep()
	completed(request.name)
	document = request.documents[0].name
	signer = row_of(request.name, house.maija).name
	assert [row.kind for row in revisions(request.name, document=document)] == [
		"Certified",
		"Signed",
		"Closed",
	]
	events = frappe.get_all(
		"Signature Event",
		filters={"request": request.name, "signer": signer, "kind": "sealed", "document": document},
		order_by="seq asc",
	)
	assert len(events) == 1 and kinds(request.name, signer).count("signed") == 1
	assert evidence.verify(request.name).ok
	assert_all_sealed(request.name, tmp_path, ("Seal", "Signer1", "Closing"))
	assert orphans <= sealed_files()
	files.sweep_orphans(older_than_seconds=0)
	assert not orphans & sealed_files(), "the killed worker's file is swept"
	for row in revisions(request.name):
		assert os.path.basename(row.file_url) in sealed_files()


def test_two_sign_in_the_same_second_and_the_next_group_after_them(
	house: House, worker: Process, second_worker: Process, tmp_path: Path
) -> None:
	liisa = Signer(house, "Liisa Laine", f"liisa.{house.key}@posti.example")
	request = house.sends(
		house.maija,
		house.matti,
		liisa,
		orders=[1, 1, 2],
		documents=[a_pdf(f"Sopimus {house.key}"), a_pdf(f"Liite {house.key}", pages=2)],
	)
	for person in (house.maija, house.matti):
		person.opens()
		person.identifies()
	assert row_of(request.name, liisa).status == "Waiting" and not house.mailbox.all(liisa.mail)
	with ThreadPoolExecutor(2) as both:
		signing = [both.submit(person.signs) for person in (house.maija, house.matti)]
	assert {one.result()["state"] for one in signing} <= {"sealing", "signed"}
	for person in (house.maija, house.matti):
		has_signed(request.name, person)
	assert status_of(request.name) == "In Progress"
	liisa.goes_all_the_way()
	completed(request.name)
	for document in request.documents:
		chain = revisions(request.name, document=document.name)
		assert [row.seq for row in chain] == [0, 1, 2, 3, 4]
		assert [row.kind for row in chain] == ["Certified", "Signed", "Signed", "Signed", "Closed"]
		assert [row.parent_sha256 for row in chain[1:]] == [row.sha256 for row in chain[:-1]]
		assert len({row.signer for row in chain[1:4]}) == 3
		assert chain[3].signer == row_of(request.name, liisa).name
	for person in (house.maija, house.matti, liisa):
		own = kinds(request.name, row_of(request.name, person).name)
		assert own.count("signed") == 1 and own.count("sealed") == 2, own
	assert evidence.verify(request.name).ok
	assert_all_sealed(request.name, tmp_path, ("Seal", "Signer1", "Signer2", "Signer3", "Closing"))


def test_who_signs_while_the_worker_is_down_is_sealed_when_it_is_back(house: House, worker: Process) -> None:
	request = house.sends(house.maija)
	house.maija.opens()
	house.maija.identifies()
	worker.kill()
	assert house.maija.signs()["state"] == "sealing"
	assert house.maija.signs()["state"] == "sealing", "pressing Sign again changes nothing"
	assert house.maija.browser.answer("view")["state"] == "sealing"
	with pytest.raises(frappe.ValidationError, match="being sealed"):
		requests.cancel_request(request.name, "Too late")
	assert not revisions(request.name, kind="Signed")
	worker.start()
	completed(request.name)
	assert kinds(request.name).count("signed") == 1
	assert len(revisions(request.name, kind="Signed")) == 1


def test_a_seal_that_fails_is_told_and_goes_on_when_its_cause_is_gone(house: House) -> None:
	request = house.sends(house.maija)
	house.maija.opens()
	house.maija.identifies()
	path = frappe.get_site_path("private", "files", os.path.basename(revisions(request.name)[0].file_url))
	os.rename(path, f"{path}.away")
	house.maija.signs()
	for attempt in (1, 2, 3):
		eventually(
			lambda attempt=attempt: (
				frappe.db.get_value("Signature Request", request.name, "work_attempts") == attempt
			),
			f"attempt {attempt} failed",
		)
		row = frappe.get_doc("Signature Request", request.name)
		assert "Error Log" in row.work_error and row.work_due and row.status == "Sent"
		assert bool(notices(request.name)) == (attempt == 3), notices(request.name)
		if attempt < 3:
			lease_is_over(request.name)
			sealing.sweep()
	assert "could not be sealed yet" in notices(request.name)[-1]
	assert "seal_unavailable" in kinds(request.name)
	assert house.maija.browser.answer("view")["state"] == "sealing"
	os.rename(f"{path}.away", path)
	lease_is_over(request.name)
	sealing.sweep()
	completed(request.name)
	eventually(
		lambda: not frappe.db.get_value("Signature Request", request.name, "work_due"),
		"nothing is left to do",
	)
	row = frappe.get_doc("Signature Request", request.name)
	assert not row.work_attempts and not row.work_error
	assert evidence.verify(request.name).ok


def test_an_upload_that_others_have_signed_is_kept_as_it_is(house: House, tmp_path: Path) -> None:
	theirs = SealKey.from_pkcs12(*make_test_key("Toinen Oy"))
	upload = append_signature(
		a_pdf(f"Signed before {house.key}"), theirs, field="Theirs", reason="Signed by Toinen Oy", stamp=None
	)
	request = house.sends(documents=[upload])
	first = revisions(request.name)[0]
	assert first.kind == "Received" and bytes_of(first) == upload
	row = frappe.get_doc("Signature Request", request.name).documents[0]
	assert "Toinen Oy" in row.foreign_signatures and row.source_sha256 == row.certified_sha256
	for person in (house.maija, house.matti):
		person.goes_all_the_way()
	completed(request.name)
	last = final_revisions(request.name)[0]
	data = bytes_of(last)
	assert last.kind == "Signed" and data.startswith(upload)
	trust = [seal_of(request.name), theirs.certificate_pem]
	assert_sealed(data, ("Signer1", "Signer2"), trust, tmp_path, foreign=("Theirs",))
	assert (
		verify_document(data)["verdict"] == "genuine"
		and verify_document(tampered(data))["verdict"] != "genuine"
	)


def test_an_upload_whose_earlier_signature_is_broken_is_refused(house: House) -> None:
	theirs = SealKey.from_pkcs12(*make_test_key("Toinen Oy"))
	upload = append_signature(
		a_pdf(f"Altered before {house.key}"), theirs, field="Theirs", reason="Signed by Toinen Oy", stamp=None
	)
	draft = house.drafts(documents=[tampered(upload)])
	with pytest.raises(frappe.ValidationError, match="already carries is not valid: Theirs"):
		sending.send_request(draft.name)
	assert status_of(draft.name) == "Draft"


def test_a_seal_whose_time_is_over_is_followed_by_the_next(house: House) -> None:
	request = house.sends(house.maija, house.matti)
	first = request.sealing_key
	house.maija.goes_all_the_way()
	has_signed(request.name, house.maija)
	for_writing()
	frappe.db.set_value("Sealing Key", first, "not_after", "2026-01-01 00:00:00")
	frappe.db.commit()
	house.matti.goes_all_the_way()
	completed(request.name)
	second = frappe.db.get_value("Signature Request", request.name, "sealing_key")
	assert second != first and keys_used(request.name) == [first, second]
	contract = final_revisions(request.name)[0]
	data = files.read_sealed(contract.file_url, contract.sha256)
	told = verify_document(data)
	assert told["verdict"] == "genuine" and not told["problems"], told
	assert verify_document(data[:-200] + b"0" * 200)["verdict"] != "genuine"
	assert evidence.verify(request.name).ok and evidence.bundle(request.name)
