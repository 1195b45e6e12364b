"""Sealed files: who may touch them (nobody), who may read them, and what becomes of bytes that were changed."""

import base64
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import frappe
import pytest
import requests
from frappe.core.doctype.file.utils import get_content_hash
from house import House, a_pdf, as_program, for_writing
from stage import eventually

from signflow.services import files, revisions


@dataclass
class World:
	house: House
	open: Any
	confidential: Any
	done: Any
	people: dict[str, requests.Session]

	def sealed(self, request: Any) -> Any:
		return revisions.final_revisions(request.name)[0]

	def url(self, doctype: str, name: str = "") -> str:
		return f"{self.house.web}/api/resource/{doctype}" + (f"/{name}" if name else "")

	def call(self, persona: str, method: str, **values: Any) -> requests.Response:
		return self.people[persona].post(f"{self.house.web}/api/method/{method}", json=values, timeout=30)


def path_of(file_url: str) -> Path:
	return Path(frappe.get_site_path("private", "files", os.path.basename(file_url))).resolve()


def md5_of(revision: Any) -> str:
	"""The hash by which Frappe knows bytes."""
	return get_content_hash(files.read_sealed(revision.file_url, revision.sha256))


@pytest.fixture(scope="module")
def world(kept_house: House) -> World:
	house = kept_house
	frappe.db.rollback()
	frappe.cache.delete_keys("rl:")
	made = {}
	for name, signer, options in (("done", house.matti, {}), ("secret", house.maija, {"confidential": 1})):
		frappe.set_user(house.users["owner"])
		made[name] = house.sends(signer, title=f"{name} {house.key}", **options)
		frappe.set_user("Administrator")
		signer.goes_all_the_way()
		eventually(
			lambda name=name: (
				frappe.db.get_value("Signature Request", made[name].name, "status") == "Completed"
			),
			f"{name} is completed",
			60,
		)
	frappe.set_user(house.users["owner"])
	opened = house.sends(house.maija)
	frappe.set_user("Administrator")
	people = {name: as_program(house.web, house.users[name]) for name in ("owner", "colleague", "outsider")}
	people["guest"] = as_program(house.web, None)
	people["Administrator"] = as_program(house.web, "Administrator")
	return World(house, opened, made["secret"], made["done"], people)


SPELLINGS = {
	"plain": "/private/files/{0}",
	"percent": "/private/files/%73ealed-{1}",
	"percent twice": "/private/files/%2573ealed-{1}",
	"dot": "/private/files/./{0}",
	"double slash": "/private/files//{0}",
	"round about": "/files/../private/files/{0}",
	"percent round about": "/files/%2e%2e/private/files/{0}",
	"trailing slash": "/private/files/{0}/",
	"query": "/private/files/{0}?fid=1",
	"fragment": "/private/files/{0}#x",
	"capitals": "/private/files/{2}",
	"space": "/private/files/{0} ",
	"public": "/files/{0}",
	"no slash": "private/files/{0}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("private", [1, 0])
@pytest.mark.parametrize("file_name", [None, "x.pdf"])
def test_nobody_gets_at_a_sealed_file_by_a_file_row_of_his_own(
	world: World, spelling: str, private: int, file_name: str | None
) -> None:
	revision = world.sealed(world.open)
	name = os.path.basename(revision.file_url)
	address = SPELLINGS[spelling].format(name, name.removeprefix("sealed-"), name.upper())
	answer = world.people["outsider"].post(
		world.url("File"),
		json={
			"file_url": address,
			"file_name": file_name,
			"is_private": private,
			"attached_to_doctype": "Customer",
			"attached_to_name": world.house.customer,
		},
		timeout=30,
	)
	# Frappe itself falls over some of these; that nothing came of it is what counts.
	assert answer.status_code != 200, answer.text[:300]
	frappe.db.rollback()
	assert not frappe.get_all(
		"File", {"owner": world.house.users["outsider"], "content_hash": md5_of(revision)}
	)
	for way in (revision.file_url, quote(address), address):
		got = world.people["outsider"].get(
			f"{world.house.web}{way if way[0] == '/' else '/' + way}", timeout=30
		)
		assert not got.content.startswith(b"%PDF"), way
	assert path_of(revision.file_url).exists()


def test_an_upload_cannot_bear_a_sealed_name(world: World) -> None:
	revision = world.sealed(world.open)
	name = os.path.basename(revision.file_url)
	for values in ({"content": "mine"}, {}):
		world.people["outsider"].post(
			world.url("File"), json={"file_name": name, "is_private": 1, **values}, timeout=30
		)
	world.people["outsider"].post(
		f"{world.house.web}/api/method/upload_file",
		files={"file": (name, a_pdf("mine"))},
		data={"is_private": 1},
		timeout=30,
	)
	assert files.read_sealed(revision.file_url, revision.sha256)
	assert frappe.db.count("File", {"file_url": revision.file_url}) == 1


def test_an_attach_field_opens_nothing(world: World) -> None:
	"""Frappe makes a File row of its own for whatever address stands in an Attach field."""
	revision = world.sealed(world.open)
	world.people["outsider"].put(
		world.url("Customer", world.house.customer), json={"image": revision.file_url}, timeout=30
	)
	got = world.people["outsider"].get(f"{world.house.web}{revision.file_url}", timeout=30)
	assert got.status_code == 403
	frappe.db.rollback()
	assert not frappe.get_all("File", {"content_hash": md5_of(revision), "attached_to_doctype": "Customer"})
	assert frappe.db.count("File", {"file_url": revision.file_url}) == 1


@pytest.mark.parametrize("persona", ["owner", "colleague", "outsider", "Administrator"])
def test_the_customers_copy_stays_as_it_is(world: World, persona: str) -> None:
	copies = {"attached_to_doctype": "Customer", "attached_to_name": world.house.customer}
	revision = world.sealed(world.done)
	copy = frappe.db.get_value("File", {**copies, "file_url": revision.file_url})
	before = frappe.db.get_value("File", copy, "*", as_dict=True)
	assert before.is_private
	other = frappe.db.get_value("File", {"file_url": ["like", "%1.pdf"]}, "file_url")
	answers = [
		world.people[persona].put(world.url("File", copy), json={"is_private": 0}, timeout=30),
		world.people[persona].put(world.url("File", copy), json={"file_url": other}, timeout=30),
		world.people[persona].put(world.url("File", copy), json={"file_name": "x.pdf"}, timeout=30),
		world.people[persona].put(world.url("File", copy), json={"attached_to_name": "nobody"}, timeout=30),
		world.people[persona].delete(world.url("File", copy), timeout=30),
		world.call(persona, "frappe.client.delete", doctype="File", name=copy),
		world.call(
			persona,
			"frappe.client.set_value",
			doctype="File",
			name=copy,
			fieldname="is_private",
			value=0,
		),
		world.call(
			persona, "frappe.desk.form.utils.remove_attach", fid=copy, dt="Customer", dn=world.house.customer
		),
	]
	for place, answer in enumerate(answers):
		assert 400 <= answer.status_code < 500, (place, answer.status_code, answer.text[:300])
	frappe.db.rollback()
	assert frappe.db.get_value("File", copy, "*", as_dict=True) == before
	assert files.read_sealed(revision.file_url, revision.sha256)


@pytest.mark.parametrize("persona", ["owner", "Administrator"])
def test_uploads_of_a_sent_request_are_kept(world: World, persona: str) -> None:
	address = world.open.documents[0].file
	upload = frappe.db.get_value("File", {"file_url": address})
	for answer in (
		world.people[persona].delete(world.url("File", upload), timeout=30),
		world.people[persona].put(world.url("File", upload), json={"is_private": 0}, timeout=30),
	):
		assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
	assert path_of(address).exists()


def test_the_upload_of_a_draft_may_go(world: World) -> None:
	frappe.db.rollback()
	frappe.set_user(world.house.users["owner"])
	draft = world.house.drafts(world.house.maija)
	frappe.set_user("Administrator")
	upload = frappe.db.get_value("File", {"file_url": draft.documents[0].file})
	assert world.people["owner"].delete(world.url("File", upload), timeout=30).status_code == 202


def test_who_uploads_the_signed_pdf_gets_a_file_of_his_own(world: World) -> None:
	revision = world.sealed(world.done)
	data = files.read_sealed(revision.file_url, revision.sha256)
	answer = world.people["outsider"].post(
		world.url("File"),
		json={
			"file_name": "got-by-mail.pdf",
			"is_private": 1,
			"content": base64.b64encode(data).decode(),
			"decode": 1,
		},
		timeout=30,
	)
	assert answer.status_code == 200, answer.text[:300]
	own = answer.json()["data"]
	assert own["file_url"] != revision.file_url
	assert path_of(own["file_url"]) != path_of(revision.file_url)
	world.people["outsider"].delete(world.url("File", own["name"]), timeout=30)
	assert files.read_sealed(revision.file_url, revision.sha256) == data


def test_sealed_files_are_read_by_those_who_read_the_record(world: World) -> None:
	def status(persona: str, request: Any) -> int:
		url = f"{world.house.web}{world.sealed(request).file_url}"
		return world.people[persona].get(url, timeout=30).status_code

	assert (
		status("owner", world.open)
		== status("owner", world.done)
		== status("owner", world.confidential)
		== 200
	)
	assert status("outsider", world.open) == 403
	assert status("outsider", world.done) == 200, (
		"the copy on the customer's record is for who reads the customer"
	)
	assert status("outsider", world.confidential) == 403
	assert status("colleague", world.confidential) == 403
	assert {status("guest", request) for request in (world.open, world.done, world.confidential)} == {403}


def test_a_confidential_request_leaves_no_file_on_the_customer(world: World) -> None:
	revisions = frappe.get_all(
		"Sealed Revision", {"request": world.confidential.name}, pluck="file_url", order_by="seq asc"
	)
	assert len(revisions) >= 3
	where = frappe.get_all(
		"File",
		{"file_url": ["in", revisions]},
		["attached_to_doctype", "attached_to_name"],
		order_by="creation asc",
	)
	assert {row.attached_to_doctype for row in where} == {"Sealed Revision", "Signature Request"}
	notes = frappe.get_all(
		"Comment",
		{"reference_doctype": "Customer", "reference_name": world.house.customer},
		pluck="content",
		order_by="creation asc",
	)
	assert not [note for note in notes if world.confidential.title in note]


def test_a_changed_byte_is_refused(world: World) -> None:
	frappe.db.rollback()
	frappe.set_user(world.house.users["owner"])
	request = world.house.sends(world.house.maija, title=f"Byte {world.house.key}")
	frappe.set_user("Administrator")
	revision = world.sealed(request)
	path = path_of(revision.file_url)
	whole = path.read_bytes()
	download = f"{world.house.web}/api/method/signflow.api.requests.download"
	assert world.people["owner"].get(download, params={"name": request.name}, timeout=30).content == whole
	path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
	refused = world.people["owner"].get(download, params={"name": request.name}, timeout=30)
	assert refused.status_code == 417 and "changed after it was sealed" in refused.text
	path.unlink()
	refused = world.people["owner"].get(download, params={"name": request.name}, timeout=30)
	assert refused.status_code == 417 and "missing" in refused.text


def test_the_sweeper_takes_orphans_only(world: World) -> None:
	folder = path_of("x").parent
	old = time.time() - 7200
	orphan = folder / f"sealed-{'0' * 32}.pdf"
	paper = folder / f"paper-{'0' * 32}.png"
	young = folder / f"sealed-{'1' * 32}.pdf"
	stranger = folder / "sealed-envelope.pdf"
	for path in (orphan, paper, young, stranger):
		path.write_bytes(b"%PDF-")
	held = path_of(world.sealed(world.open).file_url)
	lonely = path_of(world.sealed(world.done).file_url)
	for_writing()
	rows = frappe.get_all("File", {"file_url": ["like", f"%{lonely.name}"]}, "*", order_by="creation asc")
	frappe.db.delete("File", {"file_url": ["like", f"%{lonely.name}"]})  # evidence whose File rows are lost
	for path in (orphan, paper, stranger, held, lonely):
		os.utime(path, (old, old))
	try:
		assert files.sweep_orphans() == 2
	finally:
		frappe.db.rollback()
	assert rows and not orphan.exists() and not paper.exists()
	assert young.exists() and stranger.exists() and held.exists() and lonely.exists()
	young.unlink()
	stranger.unlink()
