"""A person asks for her data and gets it: all of hers, nothing of others', to nobody else, and not for ever (GDPR 15, 20)."""

import hashlib
import io
import json
import os
import re
import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import frappe
import pytest
import pyzipper
import requests
from asking import OFFICER, Asker, an_officer, kinds, unsubscribed
from frappe import _
from frappe.translate import print_language
from house import House, Signer, a_pdf, another_company, as_program, for_writing, long_ago, text_of
from personas import NOBODY
from planted import Planted
from stage import eventually

from signflow.core.identity.tokens import parse
from signflow.core.privacy.blackening import BLACK, Blackening
from signflow.core.privacy.findings import Strength
from signflow.core.privacy.needles import Needles
from signflow.services import visits
from signflow.services.delivery import BLANK
from signflow.services.privacy import notices
from signflow.services.privacy.record_names import name_of, named_by_chance
from signflow.services.subject_requests import (
	access,
	decisions,
	letters,
	next_steps,
	package_texts,
	recipients,
	records,
	redacting,
)
from signflow.services.subject_requests.giving import Reader
from signflow.signflow.stored_words import N_, kept, said

# Seen by the officer alone, whoever else manages what; managers see who has to be told.
EXPECTATIONS: dict[str, dict[str, dict[str, str]]] = {
	access.EXPORT: {"house": NOBODY},
	access.ITEM: {"house": NOBODY},
	recipients.NOTICE: {"house": {**NOBODY, "manager": "r"}},
}
pytestmark = pytest.mark.timeout(300)
TIMEOUT = 60
OTHER = "toinen.henkilo@muualla.example"


@dataclass
class Copy:
	"""A request of access of the planted person, and the copy made for it."""

	she: Planted
	mail: str
	request: str
	export: str = ""
	session: str = ""
	# What the officer has to say while no notice is published.
	ANSWER = "We hold your data to sell to you.\nWe give it to nobody."

	@property
	def row(self) -> Any:
		frappe.db.rollback()
		return frappe.get_doc(access.EXPORT, self.export)

	def collected(self) -> "Copy":
		self.export = access.prepare(self.request)
		eventually(lambda: self.row.status == "To Review", "the copy is collected")
		return self

	def item(self, doctype: str, name: str) -> Any:
		return frappe.get_doc(
			access.ITEM, {"export": self.export, "record_doctype": doctype, "record_name": name}
		)

	def packed(self) -> str:
		"""Have it packed; the token of the link that she gets."""
		frappe.db.commit()
		access.approve(self.export, self.ANSWER)
		message = self.she.house.mailbox.wait_for(self.mail, subject="Your data is ready")
		return re.search(r"/privacy/data\?lang=en#([\w.-]+)", text_of(message)).group(1)

	def call(self, verb: str, session: str | None = None, /, **values: Any) -> requests.Response:
		return requests.post(
			f"{self.she.house.web}/api/method/signflow.api.subject_access.{verb}",
			json={"language": "en", **values},
			headers={"X-Signflow-Session": self.session if session is None else session},
			timeout=TIMEOUT,
		)

	def opens(self, token: str) -> dict[str, Any]:
		"""From the link through the code to the page's view."""
		begun = self.call("begin", "", token=token)
		assert begun.status_code == 200, begun.text
		self.session = begun.json()["message"]["session"]
		message = self.she.house.mailbox.wait_for(self.mail, subject="Your code for fetching")
		code = re.search(r">\s*(\d{6})\s*<", text_of(message)).group(1)
		answer = self.call("check_code", code=code)
		assert answer.status_code == 200, answer.text
		return answer.json()["message"]


@pytest.fixture(scope="module")
def planted(kept_house: House) -> Planted:
	frappe.set_user("Administrator")
	made = Planted(kept_house)
	made.plant()
	for_writing()
	frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"maija-{kept_house.key}.txt",
			"is_private": 1,
			"content": f"A letter of {made.name}",
			"attached_to_doctype": "Contact",
			"attached_to_name": made.hers,
		}
	).insert()
	frappe.db.set_value("Issue", {"raised_by": made.mail}, "description", f"<p>Ask <b>{OTHER}</b> too.</p>")
	frappe.db.commit()
	return made


@pytest.fixture
def copy(planted: Planted) -> Copy:
	frappe.db.rollback()
	frappe.set_user("Administrator")
	mail = f"m.{frappe.generate_hash(length=8)}@posti.example"
	return Copy(planted, mail, a_request(planted, email=mail))


def a_request(she: Planted, **values: Any) -> str:
	"""A request that came in and was proven, with her records confirmed."""
	for_writing()
	records = sorted(one for one in she.certain if one[0] in ("Contact", "Lead", "User", "Customer"))
	doc = frappe.get_doc(
		{
			"doctype": "Data Subject Request",
			"request_type": "Access",
			"status": "Open",
			"source": "Desk",
			"company": she.house.company,
			"received_on": frappe.utils.now_datetime(),
			"due_on": frappe.utils.add_days(frappe.utils.nowdate(), 30),
			"person_name": she.name,
			"email": she.mail,
			"language": "en",
			"proof_method": "Code by Mail",
			"proof_level": "mail_code",
			"verified_on": frappe.utils.now_datetime(),
			"persons": [
				{"record_doctype": doctype, "record_name": name, "strength": "Certain", "confirmed": 1}
				for doctype, name in records
			],
			**values,
		}
	)
	doc.flags.signflow = True
	doc.insert(ignore_permissions=True)
	frappe.db.commit()
	return doc.name


def everything_in(data: bytes, passphrase: str) -> dict[str, bytes]:
	with pyzipper.AESZipFile(io.BytesIO(data)) as package:
		package.setpassword(passphrase.encode())
		return {one.filename: package.read(one) for one in package.infolist()}


def held_by_mails(secret: str) -> bool:
	return bool(frappe.db.exists("Email Queue", {"message": ["like", f"%{secret}%"]}))


def test_all_of_hers_and_nothing_of_others_is_proposed(copy: Copy) -> None:
	she = copy.collected().she
	rows = access.items_of(copy.export)
	told = [(row.record_doctype, row.title) for row in rows if not named_by_chance(row.record_doctype)]
	assert len(told) == len(set(told))
	given = {(row.record_doctype, row.record_name) for row in rows if row.included}
	assert not she.certain - given, sorted(she.certain - given)
	assert not given & (she.shared | she.possible | she.others)
	unsure = {(row.record_doctype, row.record_name) for row in rows if row.strength != Strength.CERTAIN.name}
	assert she.shared <= unsure and she.possible <= unsure
	whole = {(row.record_doctype, row.record_name) for row in rows if row.whole}
	assert {("Contact", she.hers), ("Customer", she.customer), ("Sales Invoice", she.invoice)} <= whole
	# A company's invoice that names her, and its customer's record, are not hers as a whole.
	partly = [row for row in rows if row.record_doctype == "Sales Invoice" and row.record_name != she.invoice]
	assert partly and not any(row.whole for row in partly)


def test_words_of_the_site_are_said_in_her_language(copy: Copy) -> None:
	for_writing()
	doc = frappe.get_doc("Data Subject Request", copy.request)
	stored = kept(N_("Holds the address {0}, and the name fits."), copy.she.mail)
	frappe.db.set_value(doc.persons[0].doctype, doc.persons[0].name, "because", stored)
	frappe.db.commit()
	with print_language("fi"):
		given = Reader(frozenset((copy.she.mail,))).read("Data Subject Request", copy.request)
		told = _("Holds the address {0}, and the name fits.").format(copy.she.mail)
	assert given and told != stored and "Holds" not in told
	(line,) = [line for line in given.lines if line.path == "persons.1.because"]
	assert line.text == line.value == told


def test_a_namesake_that_was_proposed_is_not_told_of(copy: Copy) -> None:
	for_writing()
	doc = frappe.get_doc("Data Subject Request", copy.request)
	namesake = {"record_doctype": "Contact", "record_name": "Maija Meri-Naapuri Oy", "strength": "Possible"}
	doc.append("persons", namesake).db_insert()
	frappe.db.commit()
	given = Reader(frozenset((copy.she.mail,))).read("Data Subject Request", copy.request)
	assert given and "Naapuri" not in str(given.lines)
	assert any(line.path == "persons.1.record_name" for line in given.lines)


def test_what_tells_staff_of_the_work_for_her_is_not_given(copy: Copy) -> None:
	she, officer = copy.she, an_officer()
	for_writing()
	about = {"request": ("Data Subject Request", copy.request), "lead": ("Lead", she.lead)}
	made: dict[str, list[tuple[str, str]]] = {"request": [], "lead": []}
	for key, record in about.items():
		html = f"<p>{she.mail} waits</p>"
		log = {"document_type": record[0], "document_name": record[1], "subject": html, "type": "Alert"}
		to_do = {"reference_type": record[0], "reference_name": record[1], "description": html}
		for doc in (
			{"doctype": "Notification Log", "for_user": officer, "from_user": officer, **log},
			{"doctype": "ToDo", "allocated_to": officer, "assigned_by": officer, **to_do},
		):
			made[key].append((doc["doctype"], frappe.get_doc(doc).insert(ignore_permissions=True).name))
	frappe.db.commit()
	# The list of a copy names her as well: were each copy to list those before it, each would be twice as long.
	Copy(she, she.mail, a_request(she)).collected()
	copy.collected()
	rows = {(row.record_doctype, row.record_name): row for row in access.items_of(copy.export)}
	assert not set(made["request"]) & set(rows)
	looked = ("Personal Data Access", access.EXPORT, access.ITEM)
	assert not [doctype for doctype, _name in rows if doctype in looked]
	found = set(made["lead"]) & set(rows)
	assert ("ToDo", made["lead"][1][1]) in found
	for record in (*made["lead"], about["request"]):
		given = Reader(frozenset((she.mail,))).read(*record)
		assert given and not [line for line in given.lines if officer in line.text]
		assert any(one in line.text for line in given.lines for one in (she.mail, copy.mail))


def test_she_fetches_it_by_link_and_code(copy: Copy) -> None:
	she = copy.collected().she
	issue = copy.item("Issue", next(name for doctype, name in she.certain if doctype == "Issue"))
	shown = access.preview(issue.name)
	described = next(line for line in shown["lines"] if line["path"] == "description")
	assert described["others"] == [OTHER]
	with pytest.raises(frappe.ValidationError, match="Say why"):
		access.decide(issue.name, included=True, whole=True, texts=[OTHER])
	access.decide(
		issue.name, included=True, whole=True, texts=[OTHER.upper()], reason="It names a neighbour."
	)
	address = next(name for doctype, name in she.certain if doctype == "Address")
	kept_back = copy.item("Address", address)
	access.decide(kept_back.name, included=False, whole=True, reason="It is her family's secret home.")

	token = copy.packed()
	eventually(lambda: not held_by_mails(token), "the mail that brought the link holds it no more")
	view = copy.opens(token)
	assert (
		view["company"] == she.house.company and view["files"] >= 1 and view["records"] > 20 and view["opens"]
	)
	answer = copy.call("download")
	assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/")
	assert answer.headers["Content-Disposition"].endswith(f"={copy.request}.zip")
	assert she.mail.encode() not in answer.content and b"maija" not in answer.content.lower()
	parts = everything_in(answer.content, view["passphrase"])
	assert any(data == f"A letter of {she.name}".encode() for data in parts.values())
	page, data = parts["index.html"].decode(), json.loads(parts["data.json"])
	given = {(one["doctype"], one["name"]): one for one in data["records"]}
	# Of what is gone only the search index says something still.
	there = {one for one in she.certain if one[0] == one[1] or frappe.db.exists(*one)}
	assert set(given) >= there - {("Address", address)}
	assert given["Contact", she.hers]["tables"]["email_ids"][0]["email_id"] == she.mail
	assert she.mail in page and f"maija-{she.house.key}.txt" in page
	for words in (page, parts["data.json"].decode()):
		assert OTHER not in words.lower() and "Rantatie 1" not in words
	assert "It names a neighbour." in page and "secret home" in page
	ready = text_of(she.house.mailbox.wait_for(copy.mail, subject="Your data is ready"))
	assert f"Hello {escape(she.name)}," in ready and copy.ANSWER.splitlines()[0] in ready
	user = given["User", she.user]["fields"]
	assert not [name for name in user if re.search("secret|password|key|token", name)]
	# What a company's papers say beside her name is not hers.
	papers = [one for key, one in given.items() if key[0] == "Sales Invoice" and key[1] != she.invoice]
	assert papers and all(set(one["fields"]) <= {"contact_person", "contact_email"} for one in papers)

	assert all(escape(line) in page for line in copy.ANSWER.splitlines())

	opened = copy.call("download", opened=True)
	assert opened.headers["Content-Disposition"].endswith(f"={copy.request}-unencrypted.zip")
	with zipfile.ZipFile(io.BytesIO(opened.content)) as plain:
		assert plain.read("index.html") == parts["index.html"]
	assert copy.row.downloads == 2
	done = frappe.get_doc("Data Subject Request", copy.request)
	assert done.status == "Done"
	# Stored in no language: an officer and the person read it each in their own.
	stored = "A copy of the data was made available, with this answer: {0}"
	for language in ("fi", "sv", "en"):
		with print_language(language):
			told = _(stored).format(copy.ANSWER)
			assert said(done.outcome) == told and (language == "en" or "made available" not in told)
	steps = frappe.get_all("Data Subject Request Step", {"request": copy.request}, pluck="kind")
	assert steps.count("Download") == 2 and {"Mailed", "Done"} <= set(steps)
	kinds = frappe.get_all("Personal Data Access", pluck="kind", order_by="creation desc", limit=20)
	assert {"Look-up", "View", "Export"} <= set(kinds)


def test_a_withheld_word_stands_nowhere_in_the_copy(copy: Copy) -> None:
	she, key = copy.she, copy.she.house.key
	word = f"Saarelan Äijä{key} Remontti"
	for_writing()
	customer = she.house._insert("Customer", customer_name=word, customer_type="Company").name
	contact = she.house._insert(
		"Contact",
		first_name=she.name,
		email_ids=[{"email_id": she.mail, "is_primary": 1}],
		links=[{"link_doctype": "Customer", "link_name": one} for one in (customer, she.customer)],
	)
	assert word in contact.name
	request = frappe.get_doc("Data Subject Request", copy.request)
	hers = {"record_doctype": "Contact", "record_name": contact.name, "confirmed": 1, "strength": "Certain"}
	request.append("persons", hers).db_insert()
	about = {"reference_doctype": "Contact", "reference_name": contact.name}
	written = f"<p>{word.upper()}, {escape(word)}, {json.dumps(word)} <b>{quote(word)}</b></p>"
	mail = {"sender": she.mail, "communication_type": "Communication", "subject": f"To {word.lower()}"}
	she.house._insert("Communication", **mail, **about, content=written)
	file = {"attached_to_doctype": "Contact", "attached_to_name": contact.name, "is_private": 1}
	name = f"{word.replace(' ', '_')}.txt"
	file = frappe.get_doc(
		{"doctype": "File", "file_name": name, "content": f"About {she.name}", **file}
	).insert()
	frappe.db.commit()

	copy.collected()
	title = word.split()[1]
	# Named on one record alone, with two of its Links fields besides.
	access.decide(
		copy.item("Contact", contact.name).name,
		included=True,
		whole=True,
		fields=["links.1.link_name", "links.1.link_title"],
		texts=[word.lower(), title],
		reason=f"{word} is another's business.",
	)
	given = [row for row in access.items_of(copy.export) if word in f"{row.title} {row.record_name}"]
	assert all(row.included for row in given) and given
	shown = access.preview(copy.item("File", file.name).name)
	assert Blackening([word])(str(shown)) == str(shown)
	with pytest.raises(frappe.ValidationError, match="stand in your answer"):
		access.approve(copy.export, f"All but {title.upper()}")

	view = copy.opens(copy.packed())
	answer = copy.call("download", opened=True)
	with zipfile.ZipFile(io.BytesIO(answer.content)) as plain:
		parts = {one.filename: plain.read(one) for one in plain.infolist()}
	assert view["records"] and len(parts) > 2
	records = json.loads(parts["data.json"])["records"]
	kinds = {one["doctype"] for one in records if BLACK in json.dumps(one, ensure_ascii=False)}
	assert {"Contact", "Communication", "File", "Data Subject Request"} <= kinds
	ready = she.house.mailbox.wait_for(copy.mail, subject="Your data is ready")
	texts = {**parts, "names": "\n".join(parts).encode(), "mail": text_of(ready).encode()}
	assert b"About" in parts[next(one["file"] for one in records if one["name"] == file.name)]
	for member, data in texts.items():
		folded = data.decode("utf-8", "replace").casefold()
		for one in (word, title):
			forms = {one, one.replace(" ", "_"), json.dumps(one)[1:-1], escape(one), quote(one)}
			assert not [form for form in forms if form.casefold() in folded], (member, one)
		assert not Needles([word, title]).found_in(data), member


def test_what_is_withheld_of_a_record_is_not_told_by_its_name(copy: Copy) -> None:
	for_writing()
	contact = copy.she.house._insert("Contact", first_name="Sari", last_name="Salainen")
	frappe.db.commit()
	given = Reader().read("Contact", contact.name, withheld=frozenset(("last_name",)))
	assert given and "Salainen" in contact.name
	(line,) = [line for line in given.lines if line.path == "name"]
	assert (
		"Salainen" not in f"{given.name} {given.title} {line.text} {line.value}"
		and given.title.startswith("Sari")
	)


def test_of_a_mail_only_what_is_about_her_is_shown(copy: Copy) -> None:
	for_writing()
	mail_id = "<signflow.datarequest.DSR-2026-00001.0123456789abcdef@house.example>"
	mail = copy.she.house._insert(
		"Communication",
		communication_type="Communication",
		subject="About DSR-2026-00001",
		sender=copy.she.mail,
		message_id=mail_id,
		content=f"<p>Your request DSR-2026-00001</p><pre>In-Reply-To: {escape(mail_id)}</pre>",
	)
	queued = frappe.get_doc(
		{
			"doctype": "Email Queue",
			"sender": "house@example.com",
			"message": BLANK,
			"message_id": mail_id,
			"priority": 1,
			"unsubscribe_method": "/api/method/x",
			"recipients": [{"recipient": copy.she.mail, "status": "Sent"}],
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	reader = Reader(frozenset((copy.she.mail,)))
	for doc in (mail, queued):
		given = reader.read(doc.doctype, doc.name)
		assert given and not {"message_id", "priority", "unsubscribe_method", "message"} & {
			line.path for line in given.lines
		}
		others = {one for line in given.lines for one in line.others}
		assert others <= {"house@example.com"}, others


def test_the_agreements_that_she_signed_are_in_it(copy: Copy, planted: Planted) -> None:
	she, house = planted, planted.house
	signer = Signer(house, she.name, she.mail)
	signed = house.sends(signer, house.matti, title=f"Lease {house.key}")
	for one in (signer, house.matti):
		one.goes_all_the_way()
	# She is a party of the second and has not signed it; the third is another company's.
	party = house.sends(house.matti, title=f"Insurance {house.key}", customer=she.customer)
	house.matti.opens(number=0)
	house.matti.identifies()
	house.matti.signs()
	done = {"name": ["in", (signed.name, party.name)], "status": "Completed"}
	eventually(
		lambda: frappe.db.rollback() or frappe.db.count("Signature Request", done) == 2, "both are sealed"
	)
	foreign = house.sends(signer, title=f"Elsewhere {house.key}")
	for_writing()
	frappe.db.set_value("Signature Request", foreign.name, "company", "Elsewhere Oy")
	frappe.db.commit()

	copy.collected()
	found = {
		row.record_name: row
		for row in access.items_of(copy.export)
		if row.record_doctype == "Sealed Revision"
	}
	of = frappe._dict(
		{
			request: frappe.get_all("Sealed Revision", {"request": request}, ["name", "kind", "sha256"])
			for request in (signed.name, party.name, foreign.name)
		}
	)
	last = {row.name: row for row in of[signed.name] if row.name in found}
	assert len(last) == 2 and "Report" in {row.kind for row in last.values()}
	assert all(found[name].included and found[name].group == "Signatures" for name in last)
	unsigned = [found[row.name].included for row in of[party.name] if row.name in found]
	assert unsigned == [0, 0]  # the document and its report
	on_customer = {"attached_to_doctype": "Customer", "attached_to_name": she.customer}
	sealed = {**on_customer, "file_name": ["like", f"%{party.name}%"]}
	for name in frappe.get_all("File", sealed, pluck="name"):
		assert not copy.item("File", name).included
	assert frappe.get_all("File", sealed)
	assert not {row.name for row in of[foreign.name]} & set(found)
	# The officer sees who else stands in it.
	shown = access.preview(found[next(iter(last))].name)
	assert shown["file"].endswith(".pdf")
	(line,) = [line for line in shown["lines"] if line["path"] == "signed_by"]
	assert she.name in line["text"] and line["others"] == [house.matti.name]
	events = {
		row.record_name for row in access.items_of(copy.export) if row.record_doctype == "Signature Event"
	}
	mine = frappe.get_all("Signature Event", {"signer": signer_of(signed.name, she.mail)}, pluck="name")
	theirs = frappe.get_all(
		"Signature Event", {"signer": signer_of(signed.name, house.matti.mail)}, pluck="name"
	)
	assert mine and set(mine) <= events and not set(theirs) & events

	view = copy.opens(copy.packed())
	parts = everything_in(copy.call("download").content, view["passphrase"])
	digests = [hashlib.sha256(data).hexdigest() for data in parts.values()]
	assert {row.sha256 for row in last.values()} <= set(digests)
	assert len(digests) == len(set(digests)) and not {row.sha256 for row in of[party.name]} & set(digests)


def signer_of(request: str, mail: str) -> str:
	return frappe.db.get_value("Signature Request Signer", {"request": request, "email": mail})


def test_a_blackened_file_is_given_in_place_of_the_original(copy: Copy) -> None:
	house = copy.she.house
	letter, plain = f"letter-{house.key}.pdf", a_pdf(f"Ask {OTHER} about {copy.she.name}")
	for_writing()
	for record in (("Contact", copy.she.hers), ("Lead", copy.she.lead)):
		file = frappe.get_doc({"doctype": "File", "file_name": letter, "is_private": 1, "content": plain})
		file.update({"attached_to_doctype": record[0], "attached_to_name": record[1]}).insert()
	frappe.db.commit()
	copy.collected()
	item = copy.item("File", file.name)
	assert redacting.original(item.name) == (file.file_name, plain)
	access.decide(item.name, included=True, whole=True, texts=[OTHER], reason="It names a neighbour.")
	officer = as_program(house.web, an_officer())
	address = f"{house.web}/api/method/signflow.api.subject_access"

	def gives(
		data: bytes, name: str = "black.pdf", reason: str = "It names a neighbour."
	) -> requests.Response:
		values = {"item": item.name, "reason": reason}
		return officer.post(f"{address}.redact", data=values, files={"file": (name, data)}, timeout=TIMEOUT)

	black = a_pdf(f"Ask XXX about {copy.she.name}")
	for refused in (
		gives(plain),
		gives(a_pdf(f"Still {OTHER.upper()}")),
		# What nobody can read may hold anything.
		gives(b"%PDF-1.7 half"),
		gives(b"<html>", "black.pdf"),
		gives(black, "black.svg"),
		gives(black, reason=" "),
	):
		assert refused.status_code == 417, refused.text[:300]
	assert gives(black).status_code == 200
	row = copy.item("File", file.name)
	assert row.redacted_sha256 == hashlib.sha256(black).hexdigest()
	assert row.original_sha256 == hashlib.sha256(plain).hexdigest()
	kept = access.folder() / row.redacted_file
	assert kept.stat().st_mode & 0o077 == 0
	note = {"request": copy.request, "note": ["like", f"%{row.original_sha256}%"]}
	assert row.redacted_sha256 in frappe.db.get_value("Data Subject Request Step", note, "note")
	access.expire()
	assert kept.is_file()

	view = copy.opens(copy.packed())
	parts = everything_in(copy.call("download").content, view["passphrase"])
	assert black in parts.values() and plain not in parts.values()
	assert gives(black).status_code == 417
	access.cancel(copy.export)
	frappe.db.commit()
	assert not kept.exists()


def test_a_copy_with_a_file_in_which_a_withheld_word_can_be_read_comes_back(copy: Copy) -> None:
	house, (early, late) = copy.she.house, ("early", "late")
	for_writing()
	made = {}
	for name in (early, late):
		file = frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"{name}-{house.key}.pdf",
				"is_private": 1,
				"content": a_pdf(f"Ask {OTHER} about {copy.she.name}, {name}"),
				"attached_to_doctype": "Contact",
				"attached_to_name": copy.she.hers,
			}
		).insert()
		made[name] = file.name
	frappe.db.commit()
	copy.collected()
	items = {name: copy.item("File", file).name for name, file in made.items()}
	# Blackened before the word was named: nothing could be looked for in it then.
	half = a_pdf(f"Ask {OTHER} about XXX")
	redacting.replace(items[early], "black.pdf", half, "It names a neighbour.")
	reason = "It names a neighbour."
	access.decide(items[late], included=True, whole=True, texts=[OTHER], reason=reason)
	access.approve(copy.export, "We hold your data to sell to you.")

	def given_back() -> Any:
		frappe.db.rollback()
		row = frappe.get_doc(access.EXPORT, copy.export)
		return row if row.status == "To Review" else None

	row = eventually(given_back, "the officer has it again")
	row.failure = said(row.failure)
	assert "can still be read in these files" in row.failure
	assert all(f"{name}-{house.key}.pdf" in row.failure for name in (early, late))
	assert row.answer and any(
		row.request in one.subject
		for one in frappe.get_all("Notification Log", {"document_name": row.name}, ["subject"])
	)
	assert not row.file_name and not [
		mail for mail in house.mailbox.all(copy.mail) if "Your data is ready" in mail["Subject"]
	]
	for name in items.values():
		redacting.replace(name, "black.pdf", a_pdf(f"Ask XXX about {name}"), reason)
	for one in access.items_of(copy.export):
		if one.record_doctype == "File" and "letter-" in one.title:
			access.decide(one.name, included=False, whole=True, reason=reason)
	view = copy.opens(copy.packed())
	parts = everything_in(copy.call("download").content, view["passphrase"])
	assert half not in parts.values() and not copy.row.failure


def test_a_file_that_cannot_be_read_is_an_officers_to_look_at_where_words_are_withheld(copy: Copy) -> None:
	house = copy.she.house
	for_writing()
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"half-{house.key}.pdf",
			"is_private": 1,
			"content": a_pdf(f"Ask {OTHER}")[:700],
			"attached_to_doctype": "Contact",
			"attached_to_name": copy.she.hers,
		}
	)
	file.flags.ignore_file_validate = True
	file.insert()
	frappe.db.commit()
	copy.collected()
	reason = "It names a neighbour."
	for one in access.items_of(copy.export):
		if one.record_doctype == "File" and one.title.startswith(("letter-", "early-", "late-")):
			access.decide(one.name, included=False, whole=True, reason=reason)
	issue = frappe.db.get_value(access.ITEM, {"export": copy.export, "record_doctype": "Issue"})
	access.decide(issue, included=True, whole=True, texts=[OTHER], reason=reason)
	access.approve(copy.export, copy.ANSWER)
	eventually(lambda: copy.row.status == "To Review", "the officer has it again")
	assert "Nobody knows" in copy.row.failure and f"half-{house.key}.pdf" in copy.row.failure
	item = copy.item("File", file.name)
	access.decide(item.name, included=True, whole=True)
	copy.opens(copy.packed())


def test_the_subject_of_a_mail_is_withheld_with_the_mail(planted: Planted) -> None:
	"""What a mail is called is its subject: it is given no more than the field in which it stands."""
	for_writing()
	long_one = f"{'x' * 80} about {OTHER} and the boat"
	values = {"sender": planted.mail, "recipients": OTHER, "content": "x", "sent_or_received": "Received"}
	mail = frappe.get_doc({"doctype": "Communication", "subject": long_one, **values}).insert()
	raw = f"Subject: =?utf-8?q?Secret_of_the_neighbour?=\nTo: {planted.mail}\n\nx"
	queue = frappe.get_doc(
		{"doctype": "Email Queue", "sender": "a@b.example", "message": raw, "status": "Sent"}
	)
	queue.name = frappe.generate_hash(length=10)
	queue.db_insert()
	frappe.db.commit()

	def title(doctype: str, name: str, reader: Reader | None = None, **how: Any) -> str:
		return (reader or Reader(frozenset((planted.mail,)))).read(doctype, name, **how).title

	assert title("Communication", mail.name).startswith("x" * 80)
	assert title("Email Queue", queue.name).startswith("Secret of the neighbour")
	for how in ({"withheld": frozenset(("subject", "message"))}, {"only": ("recipients",)}):
		assert title("Communication", mail.name, **how).startswith("Mail of ")
		assert title("Email Queue", queue.name, **how).startswith("Mail of ")
	without = Reader(frozenset((planted.mail,)), without=Blackening([OTHER]))
	assert OTHER[:5] not in title("Communication", mail.name, without)


def test_nobody_else_gets_it(copy: Copy) -> None:
	copy.collected()
	token = copy.packed()
	assert copy.call("begin", "", token=f"{copy.export}.{'x' * 43}").status_code == 401
	assert copy.call("begin", "", token="nonsense").status_code == 401
	begun = copy.call("begin", "", token=token).json()["message"]
	# The link alone, and any number of guesses, open nothing.
	for verb in ("view", "download"):
		assert copy.call(verb, begun["session"]).json()["message"]["error"]["code"] == "not_identified"
	for _time in range(6):
		refused = copy.call("check_code", begun["session"], code="000000")
	assert refused.json()["message"]["error"]["code"] in ("locked", "session_expired")
	# A visit of another page, even identified, is none of this.
	other = requests.post(
		f"{copy.she.house.web}/api/method/signflow.api.consents.view",
		json={"language": "en"},
		headers={"X-Signflow-Session": begun["session"]},
		timeout=TIMEOUT,
	)
	assert other.status_code == 401


def test_whoever_typed_a_code_goes_on_from_the_state_of_the_request(copy: Copy) -> None:
	she = Asker(copy.she.house, copy.mail)
	she.begins()
	she.does("check_code", code=she.code())

	def shown(asker: Asker) -> dict[str, Any]:
		return next(one for one in asker.does("view")["requests"] if one["reference"] == copy.request)

	assert shown(she)["copy"] is None and she.refused("fetch_copy", reference=copy.request)
	token = copy.collected().packed()
	eventually(lambda: copy.row.status == "Ready", "it is ready")
	told = shown(she)
	assert told["state"] == "done" and told["answered_on"] and told["copy"]["opens"] is True
	assert told["copy"]["until"][:10] == str(copy.row.expires_on)[:10]
	session = she.does("fetch_copy", reference=copy.request)["session"]
	assert copy.call("view", session).json()["message"]["number"] == copy.request
	assert copy.row.link_hash == parse(token).secret_hash, "the link of the mail goes on working"
	# Neither before the code, nor by the link of an older mail, nor for somebody else.
	before = Asker(copy.she.house, f"o.{copy.mail}")
	before.begins()
	assert before.refused("fetch_copy", reference=copy.request)["code"] == "not_identified"
	before.does("check_code", code=before.code())
	assert before.refused("fetch_copy", reference=copy.request)["code"] == "invalid_input"
	linked = Asker(
		copy.she.house, copy.mail, visits.open_by_link(copy.mail, "en", "requests", by="Link in a Mail")
	)
	assert shown(linked)["copy"]["opens"] is False
	assert linked.refused("fetch_copy", reference=copy.request)["code"] == "not_identified"
	long_ago(access.EXPORT, copy.export, "expires_on", days=1)
	assert (
		shown(she)["copy"] is None and she.refused("fetch_copy", reference=copy.request)["code"] == "old_link"
	)


def test_who_has_unsubscribed_from_all_mail_gets_the_copy_that_she_asked_for(copy: Copy) -> None:
	unsubscribed(copy.mail)
	assert copy.collected().opens(copy.packed())["passphrase"]
	assert kinds(copy.request)[-2:] == ["Mailed", "Done"]


def by_officer(copy: Copy, verb: str, user: str = "", *, method: str = "POST") -> requests.Response:
	"""What an officer calls on the copy from Desk."""
	asking = as_program(copy.she.house.web, user or an_officer())
	url = f"{copy.she.house.web}/api/method/signflow.api.subject_access.{verb}"
	return asking.request(method, url, data={"export": copy.export}, timeout=TIMEOUT)


def test_a_copy_that_no_mail_takes_to_her_is_handed_over_once(planted: Planted) -> None:
	frappe.set_user("Administrator")
	# Nobody has shown a mailbox to be hers: there is none.
	copy = Copy(planted, "", a_request(planted, email="", has_protected_address=1)).collected()
	frappe.db.commit()
	assert by_officer(copy, "hand_over").status_code == 417, "it is not packed yet"
	access.approve(copy.export, copy.ANSWER)
	eventually(lambda: copy.row.status == "Ready", "the copy is packed")
	request = frappe.get_doc("Data Subject Request", copy.request)
	assert request.status == "Open" and not {"Mailed", "Done"} & set(kinds(copy.request))
	step = next_steps.next_step(request)
	assert (step["step"], step["record"]) == ("hand_over", copy.export)
	fetched = by_officer(copy, "package")
	assert copy.row.passphrase and "PK" == fetched.content[:2].decode(), fetched.text[:300]
	passphrase = by_officer(copy, "hand_over").json()["message"]
	assert f"A letter of {planted.name}".encode() in everything_in(fetched.content, passphrase).values()
	assert kinds(copy.request)[-3:] == ["Download", "Handed to the Person", "Done"]
	assert {step.by_user for step in records.steps(copy.request)[-3:]} == {OFFICER}
	logged = {"user": OFFICER, "kind": "Export", "purpose": ["like", f"%handed over%{copy.request}%"]}
	assert frappe.db.count("Personal Data Access", logged) == 1
	# A broken medium is written anew; the passphrase is not told to whoever comes later.
	assert by_officer(copy, "package").content == fetched.content
	again = by_officer(copy, "hand_over")
	assert again.status_code == 417 and passphrase not in again.text


def test_only_an_officer_of_the_company_hands_over_what_no_mail_takes_along(copy: Copy) -> None:
	copy.collected().packed()
	eventually(lambda: copy.row.status == "Ready", "the copy is packed")
	manager = copy.she.house.users["manager"]
	elsewhere = an_officer("elsewhere-officer@testi.example")
	for_writing()
	only = {"user": elsewhere, "allow": "Company", "for_value": another_company(), "apply_to_all_doctypes": 1}
	frappe.get_doc({"doctype": "User Permission", **only}).insert(ignore_permissions=True)
	frappe.db.commit()
	frappe.clear_cache(user=elsewhere)
	for verb in ("package", "hand_over"):
		assert by_officer(copy, verb).status_code == 417, "she fetches it herself"
		# Now nobody could mail her.
		for_writing()
		link = copy.row.link_hash
		frappe.db.set_value(access.EXPORT, copy.export, "link_hash", None)
		frappe.db.commit()
		for user in (manager, elsewhere):
			assert by_officer(copy, verb, user).status_code == 403, (verb, user)
		assert by_officer(copy, verb, method="GET").status_code in (403, 405)
		frappe.db.set_value(access.EXPORT, copy.export, "link_hash", link)
		frappe.db.commit()
	assert not copy.row.handed_over_on and not copy.row.downloads


def test_it_ends_and_leaves_nothing(copy: Copy) -> None:
	copy.collected()
	token = copy.packed()
	path = access.folder() / copy.row.file_name
	assert path.is_file() and path.stat().st_mode & 0o077 == 0
	assert not str(path).startswith(str(Path(frappe.get_site_path("private", "files"))))
	copy.opens(token)
	long_ago(access.EXPORT, copy.export, "expires_on", days=1)
	orphan = access.folder() / f"{'0' * 40}.zip"
	orphan.write_bytes(b"x")
	os.utime(orphan, (0, 0))
	access.expire()
	row = copy.row
	assert row.status == "Expired" and not path.exists() and not orphan.exists()
	assert not (row.passphrase or row.link_hash or row.email or row.file_name)
	assert not frappe.get_all(access.ITEM, {"export": copy.export})
	for verb in ("view", "download"):
		assert copy.call(verb).json()["message"]["error"]["code"] == "old_link"
	assert copy.call("begin", "", token=token).status_code == 401


def test_without_a_notice_it_tells_her_rights_and_the_officer_is_warned(copy: Copy) -> None:
	copy.collected()
	web, company = copy.she.house.web, copy.she.house.company
	assert not notices.published(company)
	# What the worker has noted is said to each reader in his language.
	for_writing()
	more = "There is more of these than was read: {0}"
	frappe.db.set_value(access.EXPORT, copy.export, "note", kept(N_(more), "Contact, Sales Invoice"))
	frappe.db.commit()
	# Frappe heeds the language of a user who has logged in, and not of one who calls by key.
	asking = {"doctype": access.EXPORT, "name": copy.export, "_lang": "fi"}
	answer = as_program(web, an_officer()).get(
		f"{web}/api/method/frappe.desk.form.load.getdoc", params=asking, timeout=TIMEOUT
	)
	text = "No privacy notice is published: the copy says nothing of purposes, sources, recipients and retention. You have to tell the person these yourself, in your answer (GDPR 15(1))."
	with print_language("fi"):
		told = _(text)
		noted = _(more).format(", ".join(sorted(map(name_of, ("Contact", "Sales Invoice")))))
	shown = answer.json()["docs"][0]
	assert (shown["__onload"]["warning"], shown["note"]) == (told, noted)
	with pytest.raises(frappe.ValidationError, match="no privacy notice tells"):
		access.approve(copy.export, "  ")
	with print_language("fi"):
		copied = _("Copy of the data for {0}").format(copy.request)
		page = package_texts.page(copy.row, access._subject(copy.row), [], [])
	assert escape(copied) in page and f"Copy of the data for {copy.request}" not in page
	with print_language("fi"):
		page = package_texts.page(copy.row, access._subject(copy.row), [], [])
		complaint = letters.complaint_route(company)
	assert 'id="rights"' in page and 'id="about"' not in page
	assert all(escape(line) in page for line in complaint) and "tietosuoja@om.fi" in page


def test_a_link_whose_address_was_erased_has_ended(copy: Copy) -> None:
	copy.collected()
	token = copy.packed()
	frappe.db.set_value(access.EXPORT, copy.export, "email", None)
	frappe.db.commit()
	error = copy.call("begin", "", token=token).json()["message"]["error"]
	assert error == copy.call("begin", "", token="nonsense").json()["message"]["error"]
	assert error["code"] == "old_link"


def test_a_second_browser_waits_for_the_same_code(copy: Copy) -> None:
	copy.collected()
	token = copy.packed()
	first, second = (copy.call("begin", "", token=token) for _time in range(2))
	assert second.status_code == 200, second.text
	session, shown = second.json()["message"]["session"], second.json()["message"]
	assert shown["was_sent"] and "was_sent" not in first.json()["message"]
	assert session != first.json()["message"]["session"] and 0 < shown["resend_after_seconds"] <= 60
	message = copy.she.house.mailbox.wait_for(copy.mail, subject="Your code for fetching")
	code = re.search(r">\s*(\d{6})\s*<", text_of(message)).group(1)
	# Tries count together, and the code opens one visit alone.
	wrong = f"{(int(code) + 1) % 10**6:06}"
	sessions = [one.json()["message"]["session"] for one in (first, second)]
	refused = [copy.call("check_code", one, code=wrong).json()["message"]["error"] for one in sessions]
	assert [error["tries_left"] for error in refused] == [4, 3]
	assert copy.call("view", session).json()["message"]["error"]["code"] == "not_identified"
	assert copy.call("check_code", session, code=code).status_code == 200
	other = copy.call("view", first.json()["message"]["session"])
	assert other.json()["message"]["error"]["code"] == "not_identified"


def test_the_settings_say_for_how_long_it_can_be_fetched(copy: Copy) -> None:
	for_writing()
	settings = frappe.get_doc("Signflow Settings")
	with pytest.raises(frappe.ValidationError, match="90 days at most"):
		settings.update({"copy_keep_days": 91}).save(ignore_permissions=True)
	frappe.db.rollback()
	try:
		for_writing()
		frappe.get_doc("Signflow Settings").update({"copy_keep_days": 3}).save(ignore_permissions=True)
		frappe.db.commit()
		copy.collected().packed()
		row = copy.row
		assert frappe.utils.date_diff(row.expires_on, row.ready_on) == 3
	finally:
		for_writing()
		frappe.get_doc("Signflow Settings").update({"copy_keep_days": 0}).save(ignore_permissions=True)
		frappe.db.commit()
	assert frappe.db.get_single_value("Signflow Settings", "copy_keep_days") == 14


def test_another_copy_ends_the_one_before(copy: Copy) -> None:
	first = copy.collected().export
	copy.collected()
	assert frappe.db.get_value(access.EXPORT, first, "status") == "Cancelled"
	assert not frappe.get_all(access.ITEM, {"export": first})


def test_a_request_that_is_taken_back_leaves_no_copy(copy: Copy) -> None:
	copy.collected()
	decisions.withdraw(copy.request, "She rang.", by_person=False)
	assert copy.row.status == "Cancelled" and not frappe.get_all(access.ITEM, {"export": copy.export})
	with pytest.raises(frappe.ValidationError):
		access.prepare(copy.request)


def test_a_killed_worker_is_followed_by_another(copy: Copy) -> None:
	copy.collected()
	frappe.db.commit()
	frappe.db.set_value(
		access.EXPORT,
		copy.export,
		{
			"status": "Packing",
			"work_due": 1,
			"lease_token": "dead",
			"lease_until": frappe.utils.add_to_date(None, seconds=-5),
		},
	)
	frappe.db.commit()
	(access.folder() / f"{'1' * 40}.zip.part").write_bytes(b"half")
	access.sweep()
	eventually(lambda: copy.row.status == "Ready", "the copy is ready")


@pytest.mark.parametrize("change", ["unproven", "unconfirmed", "erasure"])
def test_no_copy_without_proof(planted: Planted, change: str) -> None:
	frappe.set_user("Administrator")
	values: dict[str, Any] = {
		"unproven": {"verified_on": None, "status": "Unverified"},
		"unconfirmed": {"persons": []},
		"erasure": {"request_type": "Erasure"},
	}[change]
	with pytest.raises(frappe.ValidationError):
		access.prepare(a_request(planted, **values))


def test_only_officers_see_and_decide(copy: Copy) -> None:
	copy.collected()
	item = access.items_of(copy.export)[0].name
	verbs = {
		"prepare": {"request": copy.request},
		"items": {"export": copy.export},
		"preview": {"item": item},
		"decide": {"item": item, "included": 1, "whole": 1},
		"original": {"item": item},
		"restore": {"item": item},
		"approve": {"export": copy.export},
		"cancel": {"export": copy.export},
	}
	for_writing()
	user = f"manager.{frappe.generate_hash(length=8)}@house.example"
	frappe.get_doc(
		{
			"doctype": "User",
			"email": user,
			"first_name": "Manager",
			"send_welcome_email": 0,
			"roles": [{"role": "Signflow Manager"}, {"role": "System Manager"}],
		}
	).insert()
	frappe.db.commit()
	asking = as_program(copy.she.house.web, user)
	web = copy.she.house.web
	for verb, values in verbs.items():
		answer = asking.post(
			f"{web}/api/method/signflow.api.subject_access.{verb}", json=values, timeout=TIMEOUT
		)
		assert answer.status_code == 403, (verb, answer.text)
	told = recipients.add(a_request(copy.she, request_type="Erasure"), "A recipient")
	for doctype, name in ((access.EXPORT, copy.export), (access.ITEM, item), (recipients.NOTICE, told)):
		may_read = "r" in EXPECTATIONS[doctype]["house"]["manager"]
		read = asking.get(f"{web}/api/resource/{doctype}/{name}", timeout=TIMEOUT)
		assert read.status_code == (200 if may_read else 403)
		written = asking.put(f"{web}/api/resource/{doctype}/{name}", json={"included": 1}, timeout=TIMEOUT)
		assert written.status_code == 403
	with pytest.raises(frappe.PermissionError):
		frappe.get_doc(access.EXPORT, copy.export).save()
	assert copy.row.status == "To Review"
