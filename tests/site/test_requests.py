"""A request from the sender's side: what is refused and told, how it ends, who is reminded."""

import json
from typing import Any

import frappe
import pytest
from house import TIMEOUT, Browser, House, a_pdf, for_writing, kinds, long_ago, notices, row_of, text_of
from stage import eventually

from signflow.services import drafts, evidence, sending
from signflow.services import requests as service

pytestmark = pytest.mark.timeout(300)


def status_of(request: str) -> str:
	frappe.db.rollback()
	return frappe.db.get_value("Signature Request", request, "status")


def told(response: Any) -> str:
	"""All messages of an answer, as Desk shows them."""
	messages = json.loads(response.json().get("_server_messages") or "[]")
	return "\n".join(str(json.loads(message)["message"]) for message in messages)


def refused(verb: Any, *values: Any, match: str) -> None:
	with pytest.raises(frappe.ValidationError, match=match):
		verb(*values)
	frappe.db.rollback()


def test_all_that_is_missing_is_told_at_once_and_nothing_is_lost(house: House) -> None:
	desk = house.as_user("manager")
	for_writing()
	empty = drafts.create_request(
		title="Tyhjä", company=house.company, documents=[], signers=[], expires_on="2020-01-01 12:00:00"
	)
	draft = house.drafts(expires_on="2020-01-01 12:00:00")
	for_writing()
	twin = row_of(draft.name, house.matti)
	frappe.db.set_value("Signature Request Signer", twin.name, "email", house.maija.mail.upper())
	frappe.db.commit()
	for name, problems in (
		(empty.name, ("lies in the past", "at least one document", "at least one signer")),
		(draft.name, ("lies in the past", f"{house.maija.mail.upper()} is there twice")),
	):
		answer = desk.post(
			f"{house.web}/api/method/signflow.api.requests.send_request", json={"name": name}, timeout=TIMEOUT
		)
		assert answer.status_code == 417, answer.text[:500]
		assert all(problem in told(answer) for problem in problems), told(answer)
		assert status_of(name) == "Draft" and not kinds(name)
	for_writing()
	kept = frappe.get_doc("Signature Request", draft.name)
	assert len(kept.documents) == 1 and frappe.db.exists("File", {"file_url": kept.documents[0].file})
	frappe.db.set_value("Signature Request Signer", twin.name, "email", house.matti.mail)
	kept.expires_on = frappe.utils.add_days(frappe.utils.now_datetime(), 3)
	kept.save()
	frappe.db.commit()
	assert sending.send_request(draft.name).status == "Sent"


def test_the_same_address_twice_is_refused_at_once(house: House) -> None:
	house.matti.mail = house.maija.mail
	before = frappe.db.count("Signature Request")
	refused(house.drafts, match="already signs this request")
	assert frappe.db.count("Signature Request") == before, "nothing is stored"


def test_what_was_sent_does_not_change(house: House) -> None:
	request = house.sends(house.maija)
	row = row_of(request.name, house.maija)

	def changed(**values: Any) -> None:
		frappe.get_doc("Signature Request", request.name).update(values).save()

	def without_documents() -> None:
		doc = frappe.get_doc("Signature Request", request.name)
		doc.documents = []
		doc.save()

	def other_file() -> None:
		doc = frappe.get_doc("Signature Request", request.name)
		doc.documents[0].file = house.uploads(a_pdf("Other"))
		doc.save()

	def other_mail() -> None:
		frappe.get_doc("Signature Request Signer", row.name).update({"email": "x@posti.example"}).save()

	for values in ({"title": "Other"}, {"message": "Other"}, {"confidential": 1}, {"customer": None}):
		refused(lambda values=values: changed(**values), match="sent and cannot be changed")
	refused(without_documents, match="sent and cannot be changed")
	refused(other_file, match="sent and cannot be changed")
	changed(status="Completed", sent_by="Guest", event_count=0)
	assert status_of(request.name) == "Sent", "what signflow writes nobody else does"
	refused(other_mail, match="signers cannot be changed")
	refused(
		lambda: drafts.add_signer(request.name, signer_name="Uusi", email="uusi@posti.example"),
		match="signers cannot be changed",
	)
	refused(frappe.delete_doc, "Signature Request Signer", row.name, match="signers cannot be changed")
	refused(frappe.delete_doc, "Signature Request", request.name, match="is evidence and is kept")
	refused(frappe.rename_doc, "Signature Request", request.name, "SIGN-X", match="not allowed to be renamed")
	refused(sending.send_request, request.name, match="has been sent")
	document = request.documents[0]
	upload = frappe.get_doc("File", {"file_url": document.file})
	upload.update({"attached_to_doctype": "Signature Request", "attached_to_name": request.name}).db_update()
	with pytest.raises(frappe.PermissionError):
		upload.delete()
	frappe.db.rollback()
	assert status_of(request.name) == "Sent" and evidence.verify(request.name).ok


def test_a_draft_may_be_thrown_away_but_not_jump_ahead(house: House) -> None:
	draft = house.drafts()

	for_writing()
	frappe.get_doc("Signature Request", draft.name).update({"status": "Completed"}).save()
	frappe.db.commit()
	assert status_of(draft.name) == "Draft"
	refused(service.remind_signer, row_of(draft.name, house.maija).name, match="not been sent yet")
	for_writing()
	frappe.delete_doc("Signature Request", draft.name)
	frappe.db.commit()
	assert not frappe.db.exists("Signature Request", draft.name)
	assert not frappe.db.exists("Signature Request Signer", {"request": draft.name})


def test_cancelled_by_the_sender(house: House) -> None:
	request = house.sends()
	house.maija.opens()
	service.cancel_request(request.name, "Wrong price")
	assert status_of(request.name) == "Cancelled"
	assert house.maija.browser.refused("send_code")["code"] == "session_expired", "an open page ends"
	assert house.maija.opens()["state"] == "cancelled"
	assert house.maija.browser.refused("send_code")["code"] == "request_closed"
	for person in (house.maija, house.matti):
		mail = house.mailbox.wait_for(person.mail, subject="Nothing to sign")
		assert "has cancelled this request" in text_of(mail) and "Wrong price" not in text_of(mail)
		assert row_of(request.name, person).status == "Cancelled"
	refused(service.cancel_request, request.name, "Again", match="was cancelled")
	refused(service.remind_signer, row_of(request.name, house.maija).name, match="was cancelled")
	assert kinds(request.name)[-1] != "completed" and "cancelled" in kinds(request.name)
	assert evidence.verify(request.name).ok


def test_declined_by_one_ends_for_all(house: House) -> None:
	request = house.sends()
	house.matti.opens()
	house.maija.opens()
	assert house.maija.browser.refused("decline", reason="Too dear")["code"] == "not_identified"
	house.maija.identifies()
	assert house.maija.browser.answer("decline", reason="Too dear")["state"] == "declined"
	assert status_of(request.name) == "Declined"
	row = row_of(request.name, house.maija)
	assert (row.status, row.decline_reason) == ("Declined", "Too dear")
	assert row_of(request.name, house.matti).status == "Cancelled"
	assert any("Maija Meri declined" in text for text in notices(request.name))
	mail = house.mailbox.wait_for(house.matti.mail, subject="Nothing to sign")
	assert "declined" in text_of(mail) and "Too dear" not in text_of(mail)
	assert house.matti.opens()["state"] == "declined"
	assert not [m for m in house.mailbox.all(house.maija.mail) if "Nothing to sign" in str(m["Subject"])]
	assert house.maija.opens()["state"] == "declined"


def test_the_time_to_sign_runs_out(house: House) -> None:
	request, other, sealing = house.sends(house.maija), house.sends(house.matti), house.sends(house.matti)
	for late in (request, sealing):
		long_ago("Signature Request", late.name, "expires_on", hours=1)
	for_writing()
	frappe.db.set_value("Signature Request", sealing.name, "work_due", 1)
	frappe.db.commit()
	house.subject = request.title
	assert house.maija.opens()["state"] == "expired", "even before the hour's job has seen it"
	service.expire_due()
	assert status_of(request.name) == "Expired"
	assert status_of(other.name) == "Sent"
	assert status_of(sealing.name) == "Sent", "never while a signature is being sealed"
	assert any("expired before everybody had signed" in text for text in notices(request.name))
	assert "The time to sign is over" in text_of(
		house.mailbox.wait_for(house.maija.mail, subject="Nothing to sign")
	)
	service.expire_due()
	assert kinds(request.name).count("expired") == 1
	for_writing()
	frappe.db.set_value("Signature Request", sealing.name, "work_due", 0)
	frappe.db.commit()


def test_reminders_come_in_the_requests_rhythm_and_end(house: House) -> None:
	request = house.sends(remind_every_days=3)
	maija, matti = (row_of(request.name, person).name for person in (house.maija, house.matti))
	eventually(lambda: row_of(request.name, house.matti).delivery_status == "Sent", "the invitation left")
	for_writing()
	frappe.db.set_value("Signature Request Signer", matti, "delivery_status", "Bounced")
	long_ago("Signature Request Signer", maija, "invited_on", days=2)
	long_ago("Signature Request Signer", matti, "invited_on", days=9)

	def reminded(signer: str) -> int:
		frappe.db.rollback()
		return kinds(request.name, signer).count("reminded")

	service.remind_due()
	assert reminded(maija) == 0, "not before its time"
	for number in range(1, service.MAX_REMINDERS + 2):
		long_ago("Signature Request Signer", maija, "invited_on", "last_reminded_on", days=4)
		service.remind_due()
		service.remind_due()
		assert reminded(maija) == min(number, service.MAX_REMINDERS), "once a rhythm, and not for ever"
	assert reminded(matti) == 0, "not where mails come back"
	mail = house.mailbox.wait_for(house.maija.mail, subject="Reminder:")
	assert "your signature is still missing" in text_of(mail)


def test_a_reminder_unlocks_and_ends_the_older_link(house: House) -> None:
	request = house.sends(house.maija)
	house.maija.opens()
	old = house.maija.browser
	old.answer("send_code")
	house.mailbox.wait_for(house.maija.mail, subject="code")
	right = house.maija.codes()[-1]
	wrong = "000000" if right != "000000" else "111111"
	answers = [old.refused("check_code", code=wrong) for _try in range(5)]
	assert [one.get("tries_left") for one in answers[:4]] == [4, 3, 2, 1]
	assert answers[-1]["code"] == "locked"
	assert old.refused("check_code", code=right)["code"] == "locked", "the right code comes too late"
	assert row_of(request.name, house.maija).locked
	assert any("is locked" in text for text in notices(request.name))
	service.remind_signer(row_of(request.name, house.maija).name)
	assert not row_of(request.name, house.maija).locked
	house.mailbox.wait_for(house.maija.mail, subject="Reminder:")
	assert Browser(house.web, token=old.token).refused("open", token=old.token)["code"] == "link_invalid"
	assert house.maija.opens(number=_number(house, "Reminder:"))["state"] == "open"
	assert house.maija.identifies()["signer"]["identified"]


def _number(house: House, subject: str) -> int:
	mails = [m for m in house.mailbox.all(house.maija.mail) if house.subject in str(m["Subject"])]
	return next(place for place, mail in enumerate(mails) if subject in str(mail["Subject"]))


def test_a_program_makes_and_sends_a_request(house: House) -> None:
	desk = house.as_user("owner")

	def uploaded(text: str) -> str:
		"""The documents of a request with one new private file."""
		answer = desk.post(
			f"{house.web}/api/method/upload_file",
			files={"file": (f"{house.key}.pdf", a_pdf(text), "application/pdf")},
			data={"is_private": 1},
			timeout=TIMEOUT,
		)
		assert answer.status_code == 200, answer.text[:500]
		return json.dumps([{"title": "Sopimus", "file": answer.json()["message"]["file_url"]}])

	house.subject = f"API {house.key}"
	values = {
		"title": house.subject,
		"company": house.company,
		"customer": house.customer,
		"documents": uploaded(f"API {house.key}"),
		"signers": json.dumps(
			[{"signer_name": house.maija.name, "email": house.maija.mail, "language": "en"}]
		),
		"send": 1,
	}
	address = f"{house.web}/api/method/signflow.api.requests.create_request"
	answer = desk.post(address, data=values, timeout=TIMEOUT)
	assert answer.status_code == 200, answer.text[:2000]
	made = answer.json()["message"]
	assert made["status"] == "Sent"
	row = frappe.get_doc("Signature Request", made["name"])
	assert (row.owner, row.sent_by, row.customer) == (
		house.users["owner"],
		house.users["owner"],
		house.customer,
	)
	assert house.maija.opens()["sender"]["email"] == house.users["owner"]
	eventually(lambda: row_of(made["name"], house.maija).delivery_status == "Sent", "it is delivered")
	values["documents"] = uploaded(f"Only the owner's {house.key}")
	for role, wants in (("outsider", 403), ("colleague", 417)):
		other = house.as_user(role).post(address, data=values, timeout=TIMEOUT)
		assert other.status_code == wants, f"{role} may not send another's private file: {other.text[:500]}"
	refusal = told(other)
	assert "may not read it" in refusal and "{0}" not in refusal
	missing = desk.post(address, data={**values, "signers": "[]"}, timeout=TIMEOUT)
	assert missing.status_code == 417 and "at least one signer" in told(missing)


def test_a_signer_of_a_request_has_one_mailbox(house: House) -> None:
	"""A code that goes to two mailboxes shows control of neither."""
	request = house.drafts(house.maija)
	for mail in ("toinen@posti.example, kolmas@posti.example", "Toinen <toinen@posti.example>"):
		with pytest.raises(frappe.ValidationError):
			drafts.add_signer(request.name, signer_name="Toinen", email=mail)
		frappe.db.rollback()
