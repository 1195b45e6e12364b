"""A person is found inside files, by a worker, for who may read them; and nothing of it stays."""

import json
from typing import Any

import frappe
import pytest
from fpdf import FPDF
from house import House, as_program, for_writing
from stage import eventually

from signflow.core.privacy.findings import Strength
from signflow.core.privacy.persons import Subject
from signflow.services.privacy import accesses, file_search


def pdf(words: str) -> bytes:
	page = FPDF()
	page.add_page()
	page.set_font("helvetica", size=12)
	page.multi_cell(0, text=words)
	return bytes(page.output())


class Folders:
	"""Files with her in them, by what they are to her."""

	def __init__(self, house: House):
		self.house = house
		self.key = house.key
		self.name, self.mail = f"Maija Metsä{house.key}", f"maija.metsa.{house.key}@posti.example"
		self.shared = f"info.metsa.{house.key}@posti.example"
		subject = Subject(
			names=frozenset({self.name}),
			mails=frozenset({self.mail, self.shared}),
			phones=frozenset({"+358407654321"}),
			shared=frozenset({self.shared}),
		)
		self.subject = subject
		self.sure = {
			self.file("letter.pdf", pdf(f"Dear {self.mail}, thank you.")),
			self.file("card.vcf", b"BEGIN:VCARD\nTEL:040 765 4321\nEND:VCARD"),
		}
		self.possible = {self.file("list.csv", f"Metsä{house.key};Maija\n".encode("cp1252"))}
		self.may_be = {self.file("a.txt", f"from {self.shared}".encode())}
		self.others = {self.file("b.txt", f"x{self.mail} Maija".encode())}
		self.broken = self.file("broken.pdf", b"%PDF-1.7 nothing more")
		self.private = self.file("c.txt", self.mail.encode(), house.users["colleague"])
		frappe.db.commit()

	def file(self, name: str, content: bytes, owner: str = "") -> str:
		doc = frappe.get_doc(
			{"doctype": "File", "file_name": f"{self.key}-{name}", "is_private": 1, "content": content}
		).insert(ignore_permissions=True)
		if owner:
			doc.db_set("owner", owner, update_modified=False)
		return doc.name


@pytest.fixture(scope="module")
def folders(kept_house: House) -> Folders:
	frappe.set_user("Administrator")
	for_writing()
	return Folders(kept_house)


def ended(name: str) -> Any:
	def is_over() -> Any:
		doc = frappe.get_doc("Person File Search", name)
		return doc.status not in ("Queued", "Running") and doc

	return eventually(is_over, "the search inside files ends")


def found(doc: Any, strength: Strength) -> set[str]:
	return {name for name, judged, _how in file_search.hits_of(doc) if judged == strength.name}


def searched(folders: Folders, user: str = "Administrator") -> Any:
	frappe.set_user(user)
	try:
		log = accesses.record_access("Look-up", folders.subject, purpose="Test")
		return ended(file_search.start(log.name, folders.subject))
	finally:
		frappe.set_user("Administrator")


def test_a_worker_finds_her_inside_files(folders: Folders) -> None:
	doc = searched(folders)
	assert (doc.status, doc.failure) == ("Done", None)
	mine = folders.sure | folders.possible | folders.may_be | folders.others | {folders.private}
	assert found(doc, Strength.CERTAIN) & mine == folders.sure | {folders.private}
	assert found(doc, Strength.SHARED) & mine == folders.may_be
	assert found(doc, Strength.POSSIBLE) & mine == folders.possible
	assert doc.is_all and doc.files_unread >= 1 and not doc.files_hidden
	# What was sought is gone, and what is left holds nothing of her.
	kept = json.dumps(doc.as_dict(), default=str)
	assert not doc.sought and folders.mail not in kept and folders.name not in kept


def test_only_files_that_who_asks_may_read_are_searched(folders: Folders) -> None:
	doc = searched(folders, folders.house.users["owner"])
	assert doc.status == "Done" and doc.files_hidden
	assert folders.private not in {name for name, *_rest in file_search.hits_of(doc)}


def test_what_is_sought_lies_encrypted_and_a_killed_worker_is_followed(folders: Folders) -> None:
	log = accesses.record_access("Look-up", folders.subject, purpose="Test")
	doc = frappe.get_doc("Person File Search", file_search.start(log.name, folders.subject))
	stored = json.dumps(doc.as_dict(), default=str)
	assert folders.mail not in stored
	ended(doc.name)
	# As a worker leaves it that was killed in the middle.
	for_writing()
	half = frappe.utils.add_to_date(None, minutes=-1)
	fresh = frappe.get_doc("Person File Search", file_search.start(log.name, folders.subject))
	frappe.db.set_value("Person File Search", fresh.name, {"lease_until": half}, update_modified=False)
	frappe.db.commit()
	file_search.sweep()
	assert ended(fresh.name).status == "Done"


def test_it_is_swept(folders: Folders) -> None:
	doc = searched(folders)
	for_writing()
	old = frappe.utils.add_to_date(None, minutes=-file_search.KEPT_MINUTES - 1)
	frappe.db.set_value("Person File Search", doc.name, "started_on", old)
	frappe.db.commit()
	file_search.sweep()
	assert not frappe.db.exists("Person File Search", doc.name)


def ask(folders: Folders, persona: str, verb: str, **values: Any) -> Any:
	browser = as_program(folders.house.web, folders.house.users[persona])
	answer = browser.post(
		f"{folders.house.web}/api/method/signflow.api.lookup.{verb}", json=values, timeout=60
	)
	return answer.json().get("message") if answer.status_code == 200 else answer.status_code


def test_in_desk_it_is_asked_for_with_the_look_up_and_each_page_is_logged(folders: Folders) -> None:
	shown = ask(folders, "operator", "look_up", query=folders.mail, purpose="Test", files=1)
	assert shown["files"]
	state = eventually(
		lambda: (now := ask(folders, "operator", "files_found", id=shown["id"]))["status"] == "Done" and now,
		"the search inside files ends",
	)
	assert state["counts"]["CERTAIN"] >= 2 and state["is_all"]
	page = ask(folders, "operator", "file_details", id=shown["id"], strength="CERTAIN")
	rows = {row["name"]: row for row in page["rows"]}
	assert rows.keys() & folders.sure
	frappe.db.rollback()
	log = accesses.accesses_to(folders.subject)
	assert log[0]["kind"] == "View" and log[0]["total"] == len(rows)
	# Nobody else's business.
	assert ask(folders, "manager", "files_found", id=shown["id"]) == 417
	assert ask(folders, "operator", "look_up", query=folders.mail, purpose="Test")["files"] is False


def test_an_address_out_of_the_files_is_not_followed(folders: Folders) -> None:
	for url in (
		"/private/files/../../site_config.json",
		"/files/../../../apps.txt",
		"https://a.example/x.pdf",
		None,
	):
		assert file_search._bytes_of(url) is None
