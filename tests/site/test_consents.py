"""Consent: given on a page or by mail, withdrawn as easily, provable, and apart for each company (GDPR 7)."""

import email
import email.policy
import hashlib
import json
import os
from typing import Any

import frappe
import pytest
import requests
from consenting import TITLES, WORDS, Reader, a_text, actions, card, company_of, rows
from frappe.utils import add_days, add_months, getdate, nowdate
from house import House, another_company, as_program, for_writing, long_ago, text_of
from leaving import Visitor, settings
from stage import eventually

from signflow.services import delivery
from signflow.services.privacy import consent_letters, consents
from signflow.services.privacy.consents import Given, Person


@pytest.fixture
def other(house: House) -> str:
	"""A second company of the site."""
	return another_company()


def stranger(house: House, name: str = "stranger") -> str:
	return f"{name}.{house.key}@posti.example"


def blanked(mail: str, kind: str = "signflow.consent.") -> bool:
	queued = frappe.get_all(
		"Email Queue",
		filters=[
			["Email Queue Recipient", "recipient", "=", mail],
			["message_id", "like", f"%{kind}%"],
		],
		fields=["message", "status"],
		order_by="`tabEmail Queue`.creation asc",
	)
	return bool(queued) and all(row.message == delivery.BLANK for row in queued)


def test_given_on_the_page_and_withdrawn_there(house: House) -> None:
	text, maija = a_text(house), house.maija.mail
	reader = Reader(house)
	view = reader.comes(maija.upper())
	shown = card(view, text)
	assert (shown["state"], shown["words"]) == ("none", WORDS["en"].format(house.company))
	given = reader.answers("give", text, view)
	assert given["state"] == "given" and given["since"]
	person = consents.person_with(maija)
	assert person.party_type == "Contact"
	assert consents.state_of(person, text).action == "Given"

	row = rows(maija)[0]
	assert (row.action, row.how, row.language, row.party) == ("Given", "Page", "en", person.party)
	assert row.company == house.company and row.channel == "Email" and not row.expires_on
	proof = json.loads(row.proof)
	assert hashlib.sha256(row.proof.encode()).hexdigest() == row.proof_sha256
	assert proof["shown"]["words"] == WORDS["en"].format(house.company)
	assert proof["shown"]["title"] == TITLES["en"] and proof["shown"]["sha256"] == row.text_sha256
	assert row.text_sha256 == consents.wording(row.version, "en").sha256
	assert row.text_sha256 != consents.wording(row.version, "fi").sha256
	receipt = text_of(house.mailbox.wait_for(maija, subject="Receipt: you have given"))
	assert proof["shown"]["words"] in receipt and row.name in receipt
	eventually(lambda: blanked(maija), "the receipt's link is no longer in the mail queue")

	assert reader.answers("give", text, view)["state"] == "given", "the same again changes nothing"
	assert actions(maija) == ["Given"]
	assert reader.answers("withdraw", text, view)["state"] == "withdrawn"
	assert actions(maija) == ["Given", "Withdrawn"]
	assert rows(maija)[1].previous == row.name
	assert consents.state_of(person, text).action == "Withdrawn"
	house.mailbox.wait_for(maija, subject="Receipt: you have withdrawn")

	# A link of the receipt opens the same page, without a code.
	again = Reader(house)
	view = again.follows(again.link(maija, "Receipt: you have withdrawn"))
	assert again.answers("give", text, view)["state"] == "given"
	assert actions(maija) == ["Given", "Withdrawn", "Given"]


def test_rows_are_kept_as_they_were(house: House) -> None:
	text = a_text(house)
	name = consents.give(
		consents.person_with(house.maija.mail), consents.current_wording(text, "en"), Given("Page")
	)
	stored = frappe.db.get_value("Consent", name, "*")
	browser = as_program(house.web, "Administrator")
	url = f"{house.web}/api/resource/Consent/{name}"
	assert browser.put(url, json={"action": "Withdrawn"}, timeout=30).status_code == 403
	assert browser.delete(url, timeout=30).status_code == 403
	made = browser.post(f"{house.web}/api/resource/Consent", json={"action": "Given"}, timeout=30)
	assert made.status_code == 403, made.text[:300]
	frappe.db.rollback()
	assert frappe.db.get_value("Consent", name, "*") == stored


def test_a_published_wording_is_frozen(house: House) -> None:
	text, maija = a_text(house), house.maija.mail
	first = frappe.db.get_value("Consent Text", text, "current_version")
	consents.give(consents.person_with(maija), consents.wording(first, "fi"), Given("Page"))
	for_writing()
	for change in ({"text_fi": "Something else"}, {"title_en": "Else"}, {"consent_text": a_text(house)}):
		doc = frappe.get_doc("Consent Text Version", first)
		doc.update(change)
		with pytest.raises((frappe.PermissionError, frappe.CannotChangeConstantError)):
			doc.save()
		frappe.db.rollback()
	with pytest.raises(frappe.PermissionError):
		frappe.get_doc("Consent Text Version", first).delete()
	frappe.db.rollback()

	reader = Reader(house)
	view = reader.comes(maija)
	second = frappe.get_doc("Consent Text Version", consents.new_version(text))
	second.text_en = "New words."
	second.save()
	frappe.db.commit()
	consents.publish(second.name)
	# Whoever has the old words before him cannot answer the new ones unread.
	other = reader.refused("answer", text=text, version=first, verb="give")
	assert other["code"] == "changed"
	shown = card(reader.does("view"), text)
	assert shown["words"] == "New words." and shown["state"] == "given"
	assert shown["said_words"] == WORDS["fi"].format(house.company), "what he did consent to"
	assert reader.answers("withdraw", text, view)["state"] == "withdrawn"
	assert rows(maija)[-1].version == first, "he takes back what he gave"
	assert frappe.db.get_value("Consent Text Version", first, "status") == "Replaced"


def test_nobody_learns_whether_an_address_is_known(house: House) -> None:
	text = a_text(house)
	answers = []
	for mail in (house.maija.mail, stranger(house)):
		reader = Reader(house)
		begun = reader.does("begin", mail=mail)
		answers.append({key: value for key, value in begun.items() if key not in ("session", "sent_to")})
		house.mailbox.wait_for(mail, subject="Your code for seeing")
	assert answers[0] == answers[1]
	# A stranger may consent as well: all that is kept is his address.
	newcomer = Reader(house)
	view = newcomer.comes(stranger(house, "newcomer"))
	assert newcomer.answers("give", text, view)["state"] == "given"
	assert not rows(stranger(house, "newcomer"))[0].party


def test_who_has_unsubscribed_from_all_mail_still_gets_the_code_he_asks_for(house: House) -> None:
	"""Without it he could neither see nor withdraw anything (GDPR 7(3)); a receipt or a question he is not sent."""
	text, mail = a_text(house), house.maija.mail
	for_writing()
	for owner in (house.maija, house.matti):
		frappe.get_doc(
			{"doctype": "Email Unsubscribe", "email": owner.mail, "global_unsubscribe": 1}
		).insert()
	frappe.db.commit()
	reader = Reader(house)
	view = reader.comes(mail)
	assert company_of(view, house.company)["objected"]
	assert not reader.does("object_to_all", company=house.company)["mailed"]
	assert card(view, text)["state"] == "none"
	assert [str(message["Subject"]) for message in house.mailbox.all(mail)] == [
		"Your code for seeing your consents"
	]
	settings(terminations_open=1, termination_responsible=house.users["owner"])
	try:
		Visitor(house).begins(house.matti.mail)
	finally:
		settings(terminations_open=0, termination_responsible=None)
	house.mailbox.wait_for(house.matti.mail, subject="No agreement under this address")
	for owner in (house.maija, house.matti):
		assert frappe.db.exists("Email Unsubscribe", {"email": owner.mail, "global_unsubscribe": 1}), (
			"it stays"
		)


def test_a_visit_opens_its_own_page_only(house: House) -> None:
	text = a_text(house)
	reader = Reader(house)
	reader.comes(house.maija.mail)
	assert Visitor(house, session=reader.session).refused("terminations.view")["code"] == "session_expired"
	nobody = Reader(house, session="x" * 43)
	assert nobody.refused("view")["code"] == "session_expired"
	unproven = Reader(house)
	unproven.session = unproven.does("begin", mail=house.matti.mail)["session"]
	for verb, values in (
		("view", {}),
		("answer", {"text": text, "version": "x", "verb": "give"}),
		("object_to_all", {"company": house.company}),
	):
		assert unproven.refused(verb, **values)["code"] == "not_identified"
	assert not rows(house.matti.mail)


def test_links_work_for_those_who_got_them(house: House) -> None:
	reader = Reader(house)
	assert reader.refused("open_link", token="nobody." + "x" * 43)["code"] == "old_link"
	assert reader.refused("open_link", token="x" * 500)["code"] == "old_link"
	text = a_text(house)
	view = reader.comes(house.maija.mail)
	reader.answers("give", text, view)
	token = reader.link(house.maija.mail, "Receipt: you have given")
	link = token.split(".")[0]
	assert reader.refused("open_link", token=f"{link}.{'y' * 43}")["code"] == "old_link"
	answer = as_program(house.web, "Administrator").get(
		f"{house.web}/api/resource/Consent Link/{link}", timeout=30
	)
	assert answer.status_code == 200 and not answer.json()["data"].get("secret_hash")
	long_ago("Consent Link", link, "expires_on", days=1)
	assert reader.refused("open_link", token=token)["code"] == "old_link"


def test_a_mailed_link_confirms_and_only_by_a_button(house: House) -> None:
	text, mail = a_text(house), stranger(house, "form")
	consents.give(Person((mail,)), consents.current_wording(text, "en"), Given("Form Checkbox"))
	assert actions(mail) == ["Pending"]
	assert consents.state_of(Person((mail,)), text) is None, "pending counts as nothing"
	reader = Reader(house)
	token = reader.link(mail, "Please confirm")
	page = requests.get(f"{house.web}/privacy/consents", params={"lang": "en"}, timeout=30)
	assert page.status_code == 200 and "script-src 'self'" in page.headers["Content-Security-Policy"]
	asked = requests.get(
		f"{house.web}/api/method/signflow.api.consents.open_link", params={"token": token}, timeout=30
	)
	assert asked.status_code == 403
	view = reader.follows(token)
	assert card(view, text)["state"] == "pending" and view["first"] == text
	assert actions(mail) == ["Pending"], "looking is not consenting"
	assert reader.answers("give", text, view)["state"] == "given"
	last = rows(mail)[-1]
	assert (last.action, last.how) == ("Given", "Mail Link")
	assert last.previous == rows(mail)[0].name
	assert consents.state_of(Person((mail,)), text).action == "Given"
	eventually(lambda: blanked(mail), "the link is no longer in the mail queue")


def test_two_companies_stay_apart(house: House, other: str) -> None:
	ours, theirs = a_text(house), a_text(house, company=other)
	reader = Reader(house)
	view = reader.comes(house.maija.mail)
	reader.answers("give", ours, view)
	reader.answers("give", theirs, view)
	after = reader.does("object_to_all", company=house.company)["view"]
	assert company_of(after, house.company)["objected"] and not company_of(after, other)["objected"]
	assert reader.answers("withdraw", ours, view)["state"] == "withdrawn"
	person = consents.person_with(house.maija.mail)
	assert consents.state_of(person, theirs).action == "Given"
	assert {row.company for row in consents.rows_of(person, other)} == {other}

	# Whoever sees one company's records only (Frappe's own User Permission) sees one company's consents.
	for_writing()
	permission = frappe.get_doc(
		{"doctype": "User Permission", "user": house.users["manager"], "allow": "Company", "for_value": other}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	try:
		listed = as_program(house.web, house.users["manager"]).get(
			f"{house.web}/api/resource/Consent",
			params={"filters": json.dumps({"email": house.maija.mail}), "fields": '["company"]'},
			timeout=30,
		)
		assert {row["company"] for row in listed.json()["data"]} == {other}
	finally:
		for_writing()
		permission.delete(ignore_permissions=True)
		frappe.db.commit()


def test_objection_and_second_thoughts(house: House) -> None:
	text = a_text(house)
	reader = Reader(house)
	view = reader.comes(house.maija.mail)
	reader.answers("refuse", text, view)
	assert reader.does("object_to_all", company=house.company)["view"]
	assert not reader.does("object_to_all", company=house.company)["mailed"], "once is enough"
	assert reader.does("object_to_all", company=house.company, lift=True)["view"]
	assert actions(house.maija.mail) == ["Refused", "Objected", "Objection Lifted"]
	house.mailbox.wait_for(house.maija.mail, subject="Receipt: no more marketing")
	assert reader.refused("object_to_all", company="Nobody Oy")["code"] == "invalid_input"
	assert reader.refused("answer", text="CT-99999", version="x", verb="give")["code"] == "invalid_input"


def test_paper_and_mail_replies_are_proof(house: House) -> None:
	text = a_text(house)
	contact = consents.person_with(house.maija.mail).party
	address = house.uploads(b"%PDF-1.4 signed on paper", "scan.pdf")
	scan = frappe.get_value("File", {"file_url": address})
	paper = consents.record_paper("Contact", contact, text, address, add_days(nowdate(), -3), "fi")
	row = frappe.get_doc("Consent", paper)
	assert (row.action, row.how, row.source_name) == ("Given", "Paper", scan)
	assert getdate(row.said_on) == getdate(add_days(nowdate(), -3))
	assert json.loads(row.proof)["file_sha256"] == hashlib.sha256(b"%PDF-1.4 signed on paper").hexdigest()
	with pytest.raises(frappe.ValidationError, match="still to come"):
		consents.record_paper("Contact", contact, text, address, add_days(nowdate(), 3), "fi")

	for_writing()
	mail = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"sender": f"Maija Meri <{house.maija.mail}>",
			"subject": "Re: newsletter",
			"content": "No more, thank you.",
		}
	).insert(ignore_permissions=True)
	form = {
		"doctype": "File",
		"file_name": f"{house.key}.pdf",
		"is_private": 1,
		"content": b"%PDF-1.4 a form",
	}
	frappe.get_doc({**form, "attached_to_doctype": "Communication", "attached_to_name": mail.name}).insert()
	frappe.db.commit()
	reply = frappe.get_doc("Consent", consents.record_reply(mail.name, text, "Withdrawn"))
	assert (reply.action, reply.how, reply.party) == ("Withdrawn", "Mail Reply", contact)
	assert (reply.source_doctype, reply.source_name) == ("Communication", mail.name)
	_stays_with_its_proof(house, reply, mail.name)
	mail = frappe.copy_doc(mail).insert(ignore_permissions=True)
	for_writing()
	frappe.db.set_value("Communication", mail.name, "sent_or_received", "Sent")
	frappe.db.commit()
	with pytest.raises(frappe.ValidationError, match="Only a mail that a person sent"):
		consents.record_reply(mail.name, text, "Given")
	# What was only said is to be confirmed by the person.
	assert (
		frappe.db.get_value(
			"Consent", consents.record_said("Contact", contact, text, "Given", "en"), "action"
		)
		== "Pending"
	)


def _stays_with_its_proof(house: House, reply: Any, mail: str) -> None:
	"""The mail that came in is kept with the Consent: readable, private, not to be changed, whatever becomes of the mail."""
	(name,) = frappe.get_all(
		"File", {"attached_to_doctype": "Consent", "attached_to_name": reply.name}, pluck="name"
	)
	file = frappe.get_doc("File", name)
	for_writing()
	frappe.delete_doc("Communication", mail, force=True, ignore_permissions=True)
	frappe.db.commit()
	assert not frappe.db.exists("Communication", mail)
	url = f"{house.web}{file.file_url}?fid={name}"
	assert as_program(house.web, house.users["outsider"]).get(url).status_code == 403
	kept = as_program(house.web, house.users["manager"]).get(url).content
	assert hashlib.sha256(kept).hexdigest() == json.loads(reply.proof)["file_sha256"]
	read = email.message_from_bytes(kept, policy=email.policy.default)
	assert house.maija.mail in read["From"] and read["Subject"] == "Re: newsletter"
	assert "No more, thank you." in text_of(read)
	assert [part.get_content() for part in read.iter_attachments()] == [b"%PDF-1.4 a form"]
	frappe.set_user(file.owner)
	for change in ({"is_private": 0}, {"attached_to_name": None}):
		with pytest.raises((frappe.PermissionError, frappe.ValidationError)):
			frappe.get_doc("File", name).update(change).save(ignore_permissions=True)
		frappe.db.rollback()
	with pytest.raises(frappe.PermissionError, match="proof of a consent"):
		frappe.delete_doc("File", name, ignore_permissions=True)
	frappe.db.rollback()
	frappe.set_user("Administrator")
	assert os.path.exists(file.get_full_path())
	# With the Consent, which only erasure deletes, its proof goes from the disk too.
	for_writing()
	doc = frappe.get_doc("Consent", reply.name)
	doc.flags.signflow_retention = True
	doc.delete(ignore_permissions=True, force=True)
	frappe.db.commit()
	assert not frappe.db.exists("File", name) and not os.path.exists(file.get_full_path())


def test_what_ends_is_asked_for_once(house: House) -> None:
	text, mail = a_text(house, valid_months=12, ask_again_days=30), house.maija.mail
	person = consents.person_with(mail)
	shown = consents.current_wording(text, "en")
	name = consents.give(person, shown, Given("Page", said_on=add_days(add_months(nowdate(), -12), 10)))
	assert frappe.db.get_value("Consent", name, "expires_on") <= getdate(add_days(nowdate(), 11))
	consent_letters.daily()
	consent_letters.daily()
	asked: list[Any] = []

	def twice() -> bool:
		asked[:] = [
			mail for mail in house.mailbox.all(mail) if "asks for your consent" in str(mail["Subject"])
		]
		return bool(asked)

	eventually(twice, "asked again")
	assert len(asked) == 1 and "ends soon" in text_of(asked[0])
	reader = Reader(house)
	view = reader.follows(reader.link(mail, "asks for your consent"))
	assert reader.answers("give", text, view)["state"] == "given"
	last = rows(mail)[-1]
	assert getdate(last.expires_on) == getdate(add_months(nowdate(), 12))
	# One that ended counts no more, and the page says so.
	old = Person((stranger(house, "old"),))
	consents.give(old, shown, Given("Page", said_on=add_months(nowdate(), -13)))
	assert consents.state_of(old, text) is None
	assert card(Reader(house).comes(old.email), text)["state"] == "ended"
