"""The answer to an erasure brings a sealed certificate of what went and what stays; here stays its hash alone (GDPR 12(3))."""

import base64
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

import frappe
import pytest
from asking import Asker, kinds, unsubscribed
from house import House, as_program, attachments_of, for_writing, text_of
from pypdf import PdfReader
from stage import eventually
from test_subject_requests import an_officer, by_letter, taken_in

from signflow.core.erasure.masking import Words
from signflow.services import verification
from signflow.services.delivery import BLANK
from signflow.services.erasure import certificate, planning, proving
from signflow.services.subject_requests import access, answering_again, decisions, letters, records

pytestmark = pytest.mark.timeout(240)


def a_plan(request: str, company: str, **values: object) -> str:
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Erasure Plan",
			"request": request,
			"company": company,
			"status": "Done",
			"finished_on": frappe.utils.now_datetime(),
			"digest": "ab" * 32,
			**values,
		}
	)
	doc.name = frappe.generate_hash(length=10)
	doc.db_insert()
	frappe.db.commit()
	return doc.name


def test_the_answer_brings_a_sealed_certificate(house: House) -> None:
	an_officer()
	mail = f"erased.{house.key}@posti.example"
	request = taken_in(house, "Erasure", mail)
	plan = a_plan(request, house.company)
	decisions.complete(request, "Your data is erased.")
	message = house.mailbox.wait_for(mail, subject="Your data request is done")
	((name, data),) = attachments_of(message).items()
	assert name == f"Certificate of erasure {request}.pdf"
	frappe.db.rollback()
	verdict = verification.verify_document(data)
	assert (verdict["verdict"], verdict["problems"]) == ("genuine", []), verdict
	assert verdict["document"]["seal_is_test"] is True, "a test seal is named as such"
	changed = bytearray(data)
	changed[data.index(b"stream") + 40] ^= 1
	assert verification.verify_document(bytes(changed))["verdict"] == "altered"
	kept = frappe.db.get_value("Erasure Plan", plan, "certificate_sha256")
	assert kept == hashlib.sha256(data).hexdigest()
	assert not frappe.get_all("File", {"file_name": ["like", f"%{request}%"]})
	pages = PdfReader(io.BytesIO(data)).pages
	written, told = " ".join(" ".join(page.extract_text() for page in pages).split()), text_of(message)
	# Where to complain is named, and a test seal says what it is, as on the evidence of an agreement.
	assert "tietosuoja@om.fi" in written and "bring the matter before a court" in written
	assert "This is a test seal" in written
	assert "The certificate of erasure is attached" in told

	# The mail arrives a moment before its row is settled.
	def settled() -> bool:
		queued = frappe.get_all("Email Queue", {"reference_name": request}, ["status", "message"])
		return bool(queued) and all((row.status, row.message) == ("Sent", BLANK) for row in queued)

	eventually(settled, "no mail holds what it said")
	# Whom the answer went to is the request's own, and goes with it: nothing is left of her for that.
	proof = proving.prove(Words(frozenset({mail})), backups=False)
	assert not proof.left, proof.left
	assert "tabEmail Queue Recipient" in {place.where for place in proof.requests}
	she = Asker(house, mail)
	she.begins()
	(shown,) = she.does("check_code", code=she.code())["requests"]
	assert shown["answered_on"] and shown["certificate_on"] >= shown["answered_on"]


def test_who_has_unsubscribed_from_all_mail_gets_the_certificate(house: House) -> None:
	an_officer()
	mail = unsubscribed(f"quiet.{house.key}@posti.example")
	request = taken_in(house, "Erasure", mail)
	plan = a_plan(request, house.company)
	decisions.complete(request, "Your data is erased.")
	((_name, data),) = attachments_of(
		house.mailbox.wait_for(mail, subject="Your data request is done")
	).items()
	frappe.db.rollback()
	assert frappe.db.get_value("Erasure Plan", plan, "certificate_sha256") == hashlib.sha256(data).hexdigest()
	assert kinds(request)[-1] == "Mailed"


def test_an_answer_that_came_back_is_given_again_with_a_certificate_of_its_own(house: House) -> None:
	an_officer()
	mail, right = f"vanha.{house.key}@posti.example", f"uusi.{house.key}@posti.example"
	request = taken_in(house, "Erasure", mail)
	plan = a_plan(request, house.company)
	decisions.complete(request, "Your data is erased.")
	((_name, first),) = attachments_of(
		house.mailbox.wait_for(mail, subject="Your data request is done")
	).items()
	for_writing()
	with pytest.raises(frappe.ValidationError, match="No mail came back"):
		answering_again.again(request, "She rang.", right)
	letters.on_returned(request)
	frappe.db.commit()
	for wrong in ({"because": " ", "email": right}, {"because": "She rang.", "email": "no address"}):
		with pytest.raises(frappe.ValidationError):
			answering_again.again(request, **wrong)
	assert answering_again.again(request, "She rang.", right) is None
	message = house.mailbox.wait_for(right, subject="Your data request is done")
	((_name, second),) = attachments_of(message).items()
	assert "Your data is erased." in text_of(message)
	frappe.db.rollback()
	digest = hashlib.sha256(second).hexdigest()
	assert second != first and frappe.db.get_value("Erasure Plan", plan, "certificate_sha256") == digest
	for data in (first, second):
		assert verification.verify_document(data)["verdict"] == "genuine"
	notes = [row.note for row in records.steps(request)]
	assert f"The answer once more, to {right}: She rang." in notes and any(digest in note for note in notes)
	# The address is for this mail alone: whose request it is was proven by another.
	assert frappe.db.get_value("Data Subject Request", request, "email") == mail
	# It is not asked for twice; if it comes back again, it is handed over.
	for_writing()
	with pytest.raises(frappe.ValidationError, match="No mail came back"):
		answering_again.again(request, "She rang.", right)
	letters.on_returned(request)
	frappe.db.commit()
	officer = as_program(house.web, an_officer())
	url = f"{house.web}/api/method/signflow.api.subject_requests."
	shown = officer.post(f"{url}next_step", json={"name": request}, timeout=60).json()["message"]
	assert shown["came_back"] is True
	given = officer.post(f"{url}answer_again", json={"name": request, "because": "By post"}, timeout=120)
	third = base64.b64decode(given.json()["message"]["content"])
	frappe.db.rollback()
	assert {verification.verify_document(one)["verdict"] for one in (first, second, third)} == {"genuine"}
	assert kinds(request)[-1] == "Handed to the Person"


def test_a_refusal_that_came_back_is_given_again_and_of_a_copy_the_link_ends(house: House) -> None:
	an_officer()
	mail, right = f"vanha2.{house.key}@posti.example", f"uusi2.{house.key}@posti.example"
	refused = taken_in(house, "Erasure", mail)
	decisions.refuse(refused, "The accounting act.", "Law Forbids or Exempts")
	letters.on_returned(refused)
	frappe.db.commit()
	assert answering_again.again(refused, "She rang.", right) is None
	house.mailbox.wait_for(right, subject="Your data request is refused")
	for_writing()
	asked = taken_in(house, "Access", mail)
	for_writing()
	copy = frappe.get_doc(
		{
			"doctype": "Personal Data Export",
			"request": asked,
			"company": house.company,
			"status": "Ready",
			"email": mail,
			"link_hash": "ab" * 32,
		}
	)
	copy.name = frappe.generate_hash(length=10)
	copy.db_insert()
	frappe.db.commit()
	decisions.complete(asked, "Your copy is ready.", otherwise=True)
	letters.on_returned(asked)
	frappe.db.commit()
	with pytest.raises(frappe.ValidationError, match="handed over"):
		answering_again.again(asked, "She rang.", right)
	frappe.db.rollback()
	answering_again.again(asked, "She comes to the office.")
	assert access.is_by_hand(frappe.get_doc("Personal Data Export", copy.name))


def test_without_a_mail_address_the_officer_gets_the_certificate_once(house: House) -> None:
	request = by_letter(house, "Erasure")
	plan = a_plan(request, house.company)
	officer = as_program(house.web, an_officer())
	url = f"{house.web}/api/method/signflow.api.subject_requests.complete"
	values = {"name": request, "outcome": "Your data is erased."}
	given = officer.post(url, json=values, timeout=120).json()["message"]
	data = base64.b64decode(given["content"])
	frappe.db.rollback()
	assert given["file_name"] == f"Certificate of erasure {request}.pdf"
	assert frappe.db.get_value("Erasure Plan", plan, "certificate_sha256") == hashlib.sha256(data).hexdigest()
	assert verification.verify_document(data)["verdict"] == "genuine"
	assert "Mailed" not in kinds(request) and kinds(request)[-1] == "Handed to the Person"
	assert records.steps(request)[-1].by_user == an_officer()
	# It is kept nowhere, and given to nobody who comes later.
	assert not frappe.get_all("File", {"file_name": ["like", f"%{request}%"]})
	assert officer.post(url, json=values, timeout=120).status_code == 417


def test_the_answer_is_proposed_in_her_language(house: House) -> None:
	an_officer()
	request = taken_in(house, "Erasure", f"proposed.{house.key}@posti.example")
	frappe.db.set_value("Data Subject Request", request, "language", "fi")
	assert proposed(request) == {"words": "", "language": "Finnish", "certificate": False}
	plan = a_plan(request, house.company)
	answer = proposed(request)
	assert answer["certificate"] and answer["words"].startswith("Olemme poistaneet tietosi.")
	# The list says that it is erased as the form does, until it is planned again.
	records.note_erased(plan)
	assert frappe.db.get_value("Data Subject Request", request, "erased_on")
	records.advance(request, "Planned")
	assert not frappe.db.get_value("Data Subject Request", request, "erased_on")
	frappe.db.rollback()


def proposed(request: str) -> dict[str, object]:
	return decisions.proposed_answer(frappe.get_doc("Data Subject Request", request))


def test_two_clicks_on_complete_answer_once(house: House) -> None:
	"""A second answer would bring a second certificate, by which the first is no longer known."""
	officer = as_program(house.web, an_officer())
	mail = f"twice.{house.key}@posti.example"
	request = taken_in(house, "Erasure", mail)
	plan = a_plan(request, house.company)
	frappe.db.commit()

	def click(_number: int) -> int:
		url = f"{house.web}/api/method/signflow.api.subject_requests.complete"
		values = {"name": request, "outcome": "Your data is erased."}
		return officer.post(url, json=values, timeout=120).status_code

	with ThreadPoolExecutor(3) as clicks:
		assert sorted(clicks.map(click, range(3))) == [200, 417, 417]
	frappe.db.rollback()
	for kind in ("Done", "Mailed"):
		assert frappe.db.count("Data Subject Request Step", {"request": request, "kind": kind}) == 1
	((_name, data),) = attachments_of(
		house.mailbox.wait_for(mail, subject="Your data request is done")
	).items()
	assert frappe.db.get_value("Erasure Plan", plan, "certificate_sha256") == hashlib.sha256(data).hexdigest()


def test_a_sentence_is_no_item_of_a_list() -> None:
	told = ["Erased:", "- Contact: 1", "", "Nothing else was found."]
	assert certificate._parts(told) == [("Erased:", ["Contact: 1"]), ("Nothing else was found.", [])]


def test_without_an_erasure_there_is_no_certificate(house: House) -> None:
	an_officer()
	mail = f"kept.{house.key}@posti.example"
	request = taken_in(house, "Erasure", mail)
	a_plan(request, house.company, status="Superseded")
	decisions.complete(request, "Nothing is held on you.", nothing_held="Looked for by the address")
	message = house.mailbox.wait_for(mail, subject="Your data request is done")
	assert attachments_of(message) == {} and "attached" not in text_of(message)


def test_an_erasure_that_left_something_is_not_answered(house: House) -> None:
	an_officer()
	request = taken_in(house, "Erasure", f"left.{house.key}@posti.example")
	a_plan(request, house.company, left_over=3)
	with pytest.raises(frappe.ValidationError, match="left 3 places"):
		decisions.complete(request, "Your data is erased.")
	assert frappe.db.get_value("Data Subject Request", request, "status") == "Open"


def test_a_site_without_keeping_rules_plans_all_the_same(house: House) -> None:
	an_officer()
	request = taken_in(house, "Erasure", house.maija.mail)
	for_writing()
	contact = frappe.db.get_value("Contact", {"email_id": house.maija.mail})
	doc = records.for_change(request)
	doc.set("persons", [])
	doc.append(
		"persons",
		{"record_doctype": "Contact", "record_name": contact, "strength": "Certain", "confirmed": 1},
	)
	records.save(doc)
	enabled = frappe.get_all("Retention Rule", {"enabled": 1}, pluck="name", order_by="name asc")
	frappe.db.set_value("Retention Rule", {"name": ["in", enabled or [""]]}, "enabled", 0)
	frappe.db.commit()
	try:
		plan = planning.plan_erasure(request)
	finally:
		for_writing()
		frappe.db.set_value("Retention Rule", {"name": ["in", enabled or [""]]}, "enabled", 1)
		frappe.db.commit()
	lines = frappe.get_all(
		"Erasure Plan Line", {"plan": plan, "record_doctype": "Contact"}, pluck="record_name"
	)
	assert contact in lines


def test_desk_decides_as_it_sends(house: House) -> None:
	asking = as_program(house.web, "Administrator")
	answer = asking.post(
		f"{house.web}/api/method/signflow.api.erasure.decide",
		data={"plan": "EP-none", "decisions": '{"a": "Hers"}'},
		timeout=30,
	)
	assert answer.status_code == 404, answer.text[:500]
