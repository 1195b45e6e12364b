"""Data requests under attack: what a stranger learns, what he can make of another's mailbox, and what he can plant."""

import io
import re
from pathlib import Path
from typing import Any

import frappe
import pytest
import requests
from asking import REQUEST, Asker, a_wish, an_officer, as_officer, kinds, of, the
from house import House, a_pdf, another_company, as_program, for_writing, text_of
from leaving import Visitor
from personas import Asking
from PIL import Image

from signflow.services.subject_requests import decisions, intake, letters, matching, papers
from signflow.services.subject_requests.proofs import BY_CODE


@pytest.fixture(autouse=True)
def officer(site: str) -> str:
	return an_officer()


def test_nobody_learns_whether_an_address_is_known(house: House) -> None:
	known, unknown = Asker(house, house.maija.mail), Asker(house, f"nobody.{house.key}@posti.example")
	answers = []
	for asker in (known, unknown):
		begun = asker.begins(a_wish("Erasure"))
		begun["sent_to"] = re.sub(r"[^@*]", "x", begun["sent_to"].partition("@")[2])
		view = asker.does("check_code", code=asker.code())
		(shown,) = view["requests"]
		answers.append((begun, shown | {"reference": "", "received_on": ""}, set(view)))
	assert answers[0] == answers[1]
	receipts = [
		text_of(house.mailbox.wait_for(asker.mail, subject="We have received your data request"))
		for asker in (known, unknown)
	]
	assert re.sub(r"DSR-[\d-]+", "", receipts[0]) == re.sub(r"DSR-[\d-]+", "", receipts[1])


def test_a_code_works_once_and_for_its_own_visit(house: House) -> None:
	maija, matti = Asker(house, house.maija.mail), Asker(house, house.matti.mail)
	maija.begins(a_wish())
	matti.begins(a_wish())
	code = maija.code()
	assert matti.refused("check_code", code=code)["code"] == "code_wrong"
	maija.does("check_code", code=code)
	assert maija.refused("check_code", code=code)["code"] == "code_wrong"
	for _ in range(4):
		last = matti.refused("check_code", code="000000" if code != "000000" else "111111")
	assert last["code"] == "locked"
	assert matti.refused("check_code", code=matti.code())["code"] == "locked"
	assert the(of(matti.mail)[0]).status == "Unverified"


def test_a_second_browser_shares_the_code_and_nothing_else(house: House) -> None:
	mail = house.maija.mail
	stranger, maija, other = Asker(house, mail), Asker(house, mail), Asker(house, mail)
	stranger.begins(a_wish("Erasure"))
	shown = maija.begins()
	assert shown["was_sent"] and 0 < shown["resend_after_seconds"] <= 60
	code = maija.code()
	wrong = f"{(int(code) + 1) % 10**6:06d}"
	# Whoever types an address can neither use up the tries of who asked for the code, nor have more than five by coming again.
	other.begins(a_wish("Access"))
	assert [stranger.refused("check_code", code=wrong)["tries_left"] for _try in range(4)] == [4, 3, 2, 1]
	assert other.refused("check_code", code=wrong)["tries_left"] == 4
	other.begins(a_wish("Access"))
	assert other.refused("check_code", code=wrong)["tries_left"] == 3
	# Her code opens her own visit: what the stranger asked in her name stays unproven, and he stays outside.
	view = maija.does("check_code", code=code)
	assert (view["made"], view["requests"]) == ("", [])
	assert stranger.refused("check_code", code=code)["code"] == "locked"
	assert stranger.refused("view")["code"] == other.refused("view")["code"] == "not_identified"
	assert {the(name).status for name in of(mail)} == {"Unverified"}


def test_what_was_asked_while_a_code_was_on_its_way_is_asked(house: House) -> None:
	# She goes back and asks for something else, or for the same again.
	mail = house.maija.mail
	maija, other = Asker(house, mail), Asker(house, mail)
	maija.begins(a_wish("Access"))
	assert maija.begins(a_wish("Access"))["was_sent"]
	other.begins(a_wish("Erasure"))
	made = other.does("check_code", code=maija.code())["made"]
	assert [(the(name).request_type, the(name).status) for name in of(mail) if name == made] == [
		("Erasure", "Open")
	]
	assert [the(name).status for name in of(mail) if name != made] == ["Unverified"]
	matti = Asker(house, house.matti.mail)
	for _time in range(2):
		matti.begins(a_wish("Access"))
	view = matti.does("check_code", code=matti.code())
	assert of(matti.mail) == [view["made"]] and the(view["made"]).status == "Open"


def test_a_visit_that_proved_nothing_shows_and_makes_nothing(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	asker.begins(a_wish())
	for verb, values in (
		("view", {}),
		("state", {"wish": a_wish(), "key": asker.key}),
		("answer", {"reference": "x", "words": "Hello there"}),
		("is_mine", {"reference": "x", "mine": True}),
		("take_back", {"reference": "x"}),
	):
		assert asker.refused(verb, **values)["code"] == "not_identified"
	assert len(of(asker.mail)) == 1
	# A visit of another page opens nothing here, whatever it has proven.
	other = Visitor(house)
	other.session = asker.session
	assert other.refused("consents.view")["code"] == "session_expired"


def test_only_her_own_visit_takes_a_request_back_and_only_before_an_erasure_is_approved(house: House) -> None:
	maija, matti = Asker(house, house.maija.mail), Asker(house, house.matti.mail)
	name = maija.asks("Erasure")
	matti.asks("Access")
	assert matti.refused("take_back", reference=name)["code"] == "invalid_input"
	unproven = Asker(house, house.maija.mail)
	frappe.cache.delete_keys("signflow:count:")
	unproven.begins()
	assert unproven.refused("take_back", reference=name)["code"] == "not_identified"
	for status in ("Approved", "Running", "Done", "Refused"):
		for_writing()
		frappe.db.set_value(REQUEST, name, "status", status)
		frappe.db.commit()
		assert maija.refused("take_back", reference=name)["code"] == "invalid_input"
		with as_officer(), pytest.raises(frappe.ValidationError, match="cannot be taken back"):
			decisions.withdraw(name, "She rang.", by_person=False)
	# An erasure that has begun and left something is planned again.
	for_writing()
	frappe.db.set_value(REQUEST, name, "status", "Planned")
	begun = frappe.get_doc(
		{"doctype": "Erasure Plan", "request": name, "status": "Done", "started_on": "2026-01-01"}
	)
	begun.flags.signflow = True
	begun.insert(ignore_permissions=True)
	frappe.db.commit()
	assert maija.refused("take_back", reference=name)["code"] == "too_late"
	assert the(name).status == "Planned" and "Withdrawn" not in kinds(name)


def test_what_a_stranger_types_under_my_address_is_never_mine(house: House) -> None:
	stranger = Asker(house, house.maija.mail)
	stranger.begins(a_wish("Erasure", person_name="Maija Meri"))
	(planted,) = of(house.maija.mail)
	frappe.cache.delete_keys("signflow:count:")  # the minute between two codes has passed
	maija = Asker(house, house.maija.mail)
	maija.begins(a_wish("Access"))
	view = maija.does("check_code", code=maija.code(1))
	assert [one["type"] for one in view["requests"]] == ["Access"]
	assert the(planted).status == "Unverified"
	for verb, values in (("is_mine", {"mine": True}), ("answer", {"words": "Yes, do it"})):
		assert maija.refused(verb, reference=planted, **values)["code"] == "invalid_input"
	# Nor is it his: the code went to her.
	assert stranger.refused("view")["code"] == "not_identified"
	# Her own page's key cannot be taken over under another address.
	thief = Asker(house, house.matti.mail, key=maija.key)
	thief.begins(a_wish("Objection"))
	assert {the(name).request_type for name in of(maija.mail)} == {"Access", "Erasure"}
	assert [the(name).request_type for name in of(house.matti.mail)] == ["Objection"]


def test_anothers_request_is_answered_as_if_there_were_none(house: House) -> None:
	maija, matti = Asker(house, house.maija.mail), Asker(house, house.matti.mail)
	hers = maija.asks("Access")
	matti.asks("Access")
	for_writing()
	frappe.db.set_value(REQUEST, hers, {"status": "Waiting for Person", "question": "Who?"})
	frappe.db.commit()
	for verb, values in (("answer", {"words": "I am she"}), ("is_mine", {"mine": True})):
		there = matti.refused(verb, reference=hers, **values)
		none = matti.refused(verb, reference="DSR-2026-99999", **values)
		assert there == none
	assert "Answer" not in kinds(hers)
	assert hers not in str(matti.does("view"))


def test_a_third_persons_mailbox_is_not_flooded(house: House) -> None:
	victim = f"victim.{house.key}@posti.example"
	asker = Asker(house, victim)
	asker.begins(a_wish())
	for _ in range(3):
		again = asker.does("begin", mail=victim, wish=a_wish(), key=frappe.generate_hash(length=32))
		assert again["was_sent"]
	asker.code()
	assert len(house.mailbox.all(victim)) == 1 and len(of(victim)) == 1
	# And carries nothing that was typed.
	(message,) = house.mailbox.all(victim)
	assert "Maija" not in text_of(message) and "Meri" not in str(message["Subject"])


def test_a_flood_of_unproven_requests_keeps_nobody_from_asking(house: House) -> None:
	from signflow.services.letters import counted
	from signflow.services.subject_requests import request_page

	before = frappe.db.count(REQUEST)
	while counted("data requests unproven") <= request_page.MAX_UNPROVEN_A_DAY:
		pass
	try:
		stranger = Asker(house, f"stranger.{house.key}@posti.example")
		stranger.begins(a_wish("Erasure"))
		assert not of(stranger.mail)
		frappe.db.rollback()
		assert frappe.db.count(REQUEST) == before
		maija = Asker(house, house.maija.mail)
		assert the(maija.asks("Access", details="In spite of it")).status == "Open"
	finally:
		frappe.cache.delete_keys("signflow:count:")


def test_a_proven_mailbox_makes_no_more_than_ten_requests_a_day(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	asker.asks("Access")
	for _ in range(9):
		asker.asks_more("Access")
	asker.key = frappe.generate_hash(length=32)
	assert asker.refused("state", wish=a_wish(), key=asker.key)["code"] == "too_many"
	again = asker.does("view")
	assert len(again["requests"]) == 10


def test_markup_and_links_come_out_as_text(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	script = '<img src=x onerror=alert(1)><a href="https://evil.example">click</a>\u202e\x00'
	name = asker.asks("Rectification", details=script, person_name='Maija "<b>" Meri')
	doc = the(name)
	assert "<" not in doc.details + doc.person_name and "\x00" not in doc.details
	receipt = text_of(house.mailbox.wait_for(asker.mail, subject="We have received your data request"))
	raw = house.mailbox.all(asker.mail)[-1].get_body(("html",)).get_content()
	assert "<img src=x" not in raw and 'href="https://evil.example' not in raw
	assert "onerror" in receipt  # the person sees what he wrote


@pytest.mark.parametrize(
	"wish",
	[
		"[]",
		"{",
		'"text"',
		{"request_type": ["Access"]},
		{"request_type": "Access", "person_name": {"a": 1}},
		{"request_type": "Access", "person_name": "x" * 100_000},
		{"request_type": "Access", "person_name": "Maija Meri", "trap": "http://spam.example"},
		{"request_type": "Access", "person_name": "\x00\x01"},
	],
)
def test_what_no_page_sends_is_refused_and_kept_nowhere(house: House, wish: object) -> None:
	asker = Asker(house, house.maija.mail)
	assert asker.refused("begin", mail=asker.mail, wish=wish, key=asker.key)["code"] == "invalid_input"
	assert not of(asker.mail)
	assert asker.refused("begin", mail=asker.mail, wish=a_wish(), key="short")["code"] == "invalid_input"
	for mail in ("", "no address", f"{asker.mail}, other@posti.example", f"Maija <{asker.mail}>"):
		assert asker.refused("begin", mail=mail, wish=a_wish(), key=asker.key)["code"] == "invalid_input"


def test_a_guessed_company_tells_nothing(house: House) -> None:
	for_writing()
	companies = {house.company, "No Such Company", "%", "' or 1=1 --"}
	kept = {intake.read_wish(a_wish(company=name)).company for name in companies}
	assert kept == {house.company} or len(kept) == 1


def test_a_link_proves_nothing_by_being_opened_and_cannot_be_guessed(house: House) -> None:
	for_writing()
	wish = intake.read_wish(a_wish("Erasure", company=house.company))
	name = intake.receive(wish, house.maija.mail, "en", "Mail")
	other = intake.receive(wish, house.matti.mail, "en", "Mail")
	assert intake.ask_for_proof(name)
	message = text_of(house.mailbox.wait_for(house.maija.mail, subject="Is this data request yours?"))
	secret = re.search(r"#DSR-[\d-]+\.([\w-]+)", message).group(1)
	asker = Asker(house, house.maija.mail)
	for token in (f"{other}.{secret}", f"{name}.{'A' * len(secret)}", f"{name}.", secret, "x" * 5000):
		assert asker.refused("open_link", token=token)["code"] == "old_link"
	for_writing()
	letters_before = the(name).secret_hash
	assert letters_before and secret not in str(the(name).as_dict())
	queued = frappe.get_all("Email Queue", {"reference_name": name}, ["message"], order_by="creation asc")
	assert queued and all(secret not in (row.message or "") for row in queued)


def test_a_bounce_is_no_answer(house: House) -> None:
	for_writing()
	wish = intake.read_wish(a_wish(company=house.company))
	name = intake.receive(wish, house.maija.mail, "en", "Web Page", proof=BY_CODE)
	for_writing()
	frappe.db.set_value(REQUEST, name, "status", "Waiting for Person")
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"sender": "MAILER-DAEMON@posti.example",
			"subject": "Undelivered",
			"content": "550",
			"reference_doctype": REQUEST,
			"reference_name": name,
		}
	).insert(ignore_permissions=True)
	letters.on_returned(name)
	frappe.db.commit()
	assert the(name).status == "Waiting for Person"
	assert "Answer" not in kinds(name) and kinds(name)[-1] == "Note"


def test_the_page_is_strict_and_writes_only_by_post(house: House) -> None:
	page = requests.get(f"{house.web}/privacy/request?lang=en&right=Erasure", timeout=30)
	assert page.status_code == 200 and "script-src 'self'" in page.headers["Content-Security-Policy"]
	assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
	assert not re.search(r"<script(?![^>]*(src=|application/json))|\son\w+=|style=", page.text)
	method = f"{house.web}/api/method/signflow.api.subject_requests"
	for verb in ("begin", "check_code", "state", "answer", "is_mine", "view", "open_link"):
		assert requests.get(
			f"{method}.{verb}", params={"mail": house.maija.mail}, timeout=30
		).status_code in (403, 405)
	crossed = requests.get(f"{method}.open_as_user", headers={"Origin": "https://evil.example"}, timeout=30)
	assert "Access-Control-Allow-Origin" not in crossed.headers


def test_another_companys_officer_reads_no_row_of_persons(house: House) -> None:
	"""Not by its own address, and not by printing it: of a row Frappe asks only whether such requests may be read."""
	name = Asker(house, house.maija.mail).asks("Access")
	for_writing()
	matching.choose(name, "Contact", house._insert("Contact", first_name="Maija").name, "I know her.")
	row = the(name).persons[0].name
	asking = Asking(house)
	mail = an_officer(f"elsewhere.{house.key}@testi.example")
	asking.people = {"officer": as_program(house.web, an_officer()), "elsewhere": as_program(house.web, mail)}
	other = another_company(f"Toinen {house.key} Oy")
	limit = {"doctype": "User Permission", "user": mail, "allow": "Company", "for_value": other}
	limit = frappe.get_doc(limit).insert()
	frappe.db.commit()
	try:
		for doctype, record in ((REQUEST, name), ("Data Subject Request Person", row)):
			answers = [
				asking.people["elsewhere"].get(asking.url(doctype, record), timeout=30),
				asking.call("elsewhere", "frappe.client.get", doctype=doctype, name=record, parent=REQUEST),
				*asking.prints("elsewhere", doctype, record),
			]
			for answer in answers:
				assert answer.status_code in (403, 404), (answer.url, answer.text[:300])
		printed = asking.call("officer", asking.PRINT, doc="Data Subject Request Person", name=row)
		assert printed.status_code == 200
	finally:
		for_writing()
		limit.delete()
		frappe.db.commit()


# Papers: a stranger's bytes.
FOR_HER_SON = {"is_representative": True, "represents": "My son, as his guardian"}


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 40)) -> bytes:
	made = io.BytesIO()
	Image.new("RGB", size, "white").save(made, kind)
	return made.getvalue()


def papers_of(name: str) -> list[Any]:
	frappe.db.rollback()
	filters = {"attached_to_doctype": REQUEST, "attached_to_name": name}
	return frappe.get_all("File", filters, ["*"], order_by="creation asc")


def test_a_representative_shows_his_mandate_to_the_officer_alone(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	name = asker.asks("Access", **FOR_HER_SON)
	shown = asker.does("view")["requests"][0]
	assert shown["represents"] == FOR_HER_SON["represents"]
	assert shown["mandate"] and shown["takes_papers"] and shown["papers"] == []
	data = a_pdf("A mandate")
	(shown,) = asker.adds(name, "../../valta\u202ekirja <b>.PDF", data).json()["message"]["requests"]
	(told,) = shown["papers"]
	assert "/" not in told["name"] and told["name"].endswith(".pdf") and "<" not in told["name"]
	(file,) = papers_of(name)
	assert file.is_private and file.owner == "Administrator" and "valta" not in file.file_url
	path = Path(frappe.get_site_path(file.file_url.lstrip("/")))
	assert path.read_bytes() == data
	assert "Paper Added" in kinds(name)
	assert frappe.db.exists("Notification Log", {"document_name": name, "subject": ["like", "%paper%"]})
	# Found by its address: by the officer, and by nobody else.
	officer = as_program(house.web, an_officer())
	assert officer.get(f"{house.web}{file.file_url}", timeout=30).content == data
	assert requests.get(f"{house.web}{file.file_url}", timeout=30).status_code in (401, 403)
	user = as_program(house.web, house.users["owner"])
	assert user.get(f"{house.web}{file.file_url}", timeout=30).status_code == 403
	# A later paper of the request that this one is answered under lies where it is answered.
	joined = asker.asks_more("Access", **FOR_HER_SON)
	assert the(joined).joined_to == name
	asker.adds(joined, "photo.jpeg", picture("JPEG"))
	assert [one.file_name.rpartition(".")[2] for one in papers_of(name)] == ["pdf", "jpg"]
	# What an officer attaches in Desk is the house's own: its name is not told.
	for_writing()
	note = frappe.get_doc({"doctype": "File", "file_name": "own-notes.txt", "content": "x", "is_private": 1})
	note.update({"attached_to_doctype": REQUEST, "attached_to_name": name}).insert()
	frappe.db.commit()
	assert "own-notes" not in str(asker.does("view"))
	for_writing()
	papers.erase([name])
	frappe.db.commit()
	assert not papers_of(name) and not path.exists()


@pytest.mark.parametrize(
	("file_name", "data"),
	[
		("page.html", b"<html><script>alert(1)</script>"),
		("page.pdf", b"<!DOCTYPE html><script>alert(1)</script>"),
		("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
		("picture.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
		("mandate.pdf.html", a_pdf()),
		("mandate.png", a_pdf()),
		("mandate.pdf", picture()),
		("mandate.jpg", b"\xff\xd8\xff<script>alert(1)</script>"),
		("mandate.png", picture()[:60]),
		("mandate.pdf", b"MZ" + a_pdf()),
		("mandate.pdf", b""),
		("mandate", a_pdf()),
		(".pdf", a_pdf()),
		("mandate.pdf\x00.exe", a_pdf()),
		("mandate.pdf", b"%PDF-" + bytes(papers.MOST_BYTES)),
	],
)
def test_what_is_no_paper_is_refused_and_kept_nowhere(
	asking_house: tuple[Asker, str], file_name: str, data: bytes
) -> None:
	asker, name = asking_house
	answer = asker.adds(name, file_name, data)
	assert answer.status_code in (413, 422), answer.text[:300]
	assert answer.json()["message"]["error"]["text"]
	assert not papers_of(name)


@pytest.fixture(scope="module")
def asking_house(kept_house: House) -> tuple[Asker, str]:
	an_officer()
	asker = Asker(kept_house, kept_house.maija.mail)
	return asker, asker.asks("Access", **FOR_HER_SON)


def test_papers_are_taken_where_they_are_of_use(house: House) -> None:
	maija = Asker(house, house.maija.mail)
	name = maija.asks("Access")
	(shown,) = maija.does("view")["requests"]
	assert not shown["takes_papers"] and not shown["represents"]
	assert maija.adds(name, "passport.pdf", a_pdf()).status_code == 422 and not papers_of(name)
	with as_officer():
		decisions.ask(name, "When did you move?")
	assert maija.does("view")["requests"][0]["takes_papers"]
	# Who answers in words first may add his paper all the same.
	maija.does("answer", reference=name, words="In May, see my paper.")
	(shown,) = maija.adds(name, "lease.pdf", a_pdf()).json()["message"]["requests"]
	assert [paper["name"] for paper in shown["papers"]] == ["lease.pdf"]


def test_papers_come_from_the_requests_own_visit_alone(house: House) -> None:
	maija, matti = Asker(house, house.maija.mail), Asker(house, house.matti.mail)
	name = maija.asks("Access", **FOR_HER_SON)
	unproven = Asker(house, house.maija.mail, session="")
	assert unproven.adds(name, "mandate.pdf", a_pdf()).status_code == 401
	matti.begins(a_wish())
	assert matti.adds(name, "mandate.pdf", a_pdf()).json()["message"]["error"]["code"] == "not_identified"
	matti.does("check_code", code=matti.code())
	other = matti.adds(name, "mandate.pdf", a_pdf())
	none = matti.adds("DSR-2020-00001", "mandate.pdf", a_pdf())
	assert (other.status_code, other.json()) == (none.status_code, none.json()) == (422, none.json())
	assert not papers_of(name)
	for _time in range(papers.MOST_PAPERS):
		assert maija.adds(name, "mandate.png", picture()).status_code == 200
	assert maija.adds(name, "mandate.png", picture()).json()["message"]["error"]["code"] == "too_many"
	for_writing()
	frappe.db.set_value(REQUEST, name, "status", "Done")
	frappe.db.commit()
	assert maija.adds(name, "mandate.pdf", a_pdf()).status_code == 422
	assert len(papers_of(name)) == papers.MOST_PAPERS


def test_staff_add_what_came_with_a_later_mail(house: House) -> None:
	name = Asker(house, house.maija.mail).asks("Access", is_representative=True, represents="My son")
	for_writing()
	mail = house._insert(
		"Communication",
		communication_type="Communication",
		sent_or_received="Received",
		subject="The mandate",
		sender=f"Maija <{house.maija.mail.upper()}>",
		content="See attached.",
	)
	for file_name, data in (("mandate.pdf", a_pdf(f"Mandate {house.key}")), ("notes.txt", b"Greetings")):
		file = {"doctype": "File", "file_name": file_name, "content": data, "is_private": 1}
		file |= {"attached_to_doctype": "Communication", "attached_to_name": mail.name}
		frappe.get_doc(file).insert()
	frappe.db.commit()
	reader, officer = as_program(house.web, "Administrator"), as_program(house.web, an_officer())
	user = as_program(house.web, house.users["owner"])
	web = f"{house.web}/api/method/signflow.api.subject_requests"
	values = {"name": name, "mail": mail.name}
	# Neither who may not take requests in, nor an officer who may not read the mail.
	for one in (user, officer):
		assert one.post(f"{web}.add_mail", json=values, timeout=30).status_code == 403
	assert officer.post(f"{web}.open_requests_of", json={"mail": mail.name}, timeout=30).status_code == 403
	known = reader.post(f"{web}.open_requests_of", json={"mail": mail.name}, timeout=30)
	assert known.json()["message"] == [name]
	done = reader.post(f"{web}.add_mail", json=values, timeout=30)
	assert done.status_code == 200, done.text[:500]
	told = done.json()["message"]
	assert told["added"] == 1 and len(told["refused"]) == 1 and told["refused"][0].startswith("notes.txt: ")
	# Twice is once.
	assert reader.post(f"{web}.add_mail", json=values, timeout=30).json()["message"]["added"] == 0
	(paper,) = papers_of(name)
	assert paper.file_name == "mandate.pdf" and "Paper Added" in kinds(name)
	assert frappe.db.get_value("Communication", mail.name, "reference_name") == name
	# The mail keeps its own file when the request's papers go.
	for_writing()
	papers.erase([name])
	frappe.db.commit()
	assert frappe.db.count("File", {"attached_to_name": mail.name}) == 2
