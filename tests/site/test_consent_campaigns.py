"""Asking for consents by mail: each once, nobody who said no, throttled, and a killed worker loses nothing."""

import json
import re
from typing import Any

import frappe
import pytest
from consenting import Reader, a_text, card
from house import House, as_program, for_writing, long_ago, text_of
from stage import Process, eventually
from test_marketing import a_consumer, insert

from signflow.services import work
from signflow.services.privacy import consent_campaigns, consent_letters, consents
from signflow.services.privacy.consents import Given, Person


def people(campaign: str) -> dict[str, str]:
	frappe.db.rollback()
	rows = frappe.get_all(
		"Consent Campaign Person", {"campaign": campaign}, ["email", "status", "note"], order_by="email asc"
	)
	return {row.email: row.note or row.status for row in rows}


def figures(campaign: str) -> Any:
	frappe.db.rollback()
	return frappe.get_doc("Consent Campaign", campaign)


def questions(house: House, mail: str) -> list[Any]:
	return [
		message for message in house.mailbox.all(mail) if "asks for your consent" in str(message["Subject"])
	]


def a_campaign(house: House, text: str, **values: Any) -> str:
	everybody = json.dumps([["email_id", "like", f"%{house.key}@%"]])
	values = {"ask_doctype": "Contact", "filters_json": everybody, **values}
	return insert("Consent Campaign", title=f"Kevät {house.key}", consent_text=text, **values).name


def test_one_person_is_asked_and_answers(house: House) -> None:
	text, maija = a_text(house), house.maija.mail
	contact = consents.person_with(maija).party
	for_writing()
	frappe.db.set_value("Customer", house.customer, "language", "sv")
	frappe.db.commit()
	answer = as_program(house.web, house.users["owner"]).post(
		f"{house.web}/api/method/signflow.api.consent_campaigns.ask",
		json={
			"doctype": "Contact",
			"name": contact,
			"text": text,
			"language": "sv",
			"message": "<b>Hej!</b>",
		},
		timeout=30,
	)
	assert answer.status_code == 200, answer.text[:500]
	campaign = answer.json()["message"]["campaign"]
	assert answer.json()["message"] == {"campaign": campaign, "asked": 1, "left_out": []}
	mail = house.mailbox.wait_for(maija, subject="Nyhetsbrev")
	assert "får skicka mig" in text_of(mail) and "<b>Hej" not in mail.get_body(("html",)).get_content()
	reader = Reader(house, language="sv")
	token = re.search(r"/privacy/consents\?lang=sv#([\w.-]+)", text_of(mail)).group(1)
	view = reader.follows(token)
	assert people(campaign) == {maija: "Opened"} and view["first"] == text
	assert card(view, text)["language"] == "sv"
	reader.answers("give", text, view)
	assert people(campaign) == {maija: "Given"}
	doc = figures(campaign)
	assert (doc.status, doc.sent_count, doc.given_count, doc.return_rate) == ("Sent", 1, 1, 100.0)
	row = frappe.get_last_doc("Consent", {"email": maija})
	assert (row.how, row.language) == ("Mail Link", "sv")

	again = consent_campaigns.ask("Contact", contact, text, language="sv")
	assert again["asked"] == 0 and "Has consented already" in again["left_out"][0]


def test_many_are_asked_but_nobody_who_said_no(house: House) -> None:
	text = a_text(house)
	shown = consents.current_wording(text, "fi")
	consumer, asked = a_consumer(house), house.maija.mail
	objecting, refusing, given = (a_consumer(house, name) for name in ("Olli", "Raija", "Antti"))
	consents.object_to(consents.person_with(objecting), house.company, Given("Said to Staff"))
	consents.refuse(consents.person_with(refusing), shown, Given("Page"))
	consents.give(consents.person_with(given), shown, Given("Page"))
	# Two contacts of one mailbox get one mail.
	insert(
		"Contact", first_name="Maija", last_name="Toinen", email_ids=[{"email_id": asked, "is_primary": 1}]
	)
	campaign = a_campaign(house, text, per_hour=500)
	consent_campaigns.start(campaign)
	eventually(lambda: figures(campaign).status == "Sent", "all are asked")
	assert people(campaign) == {
		asked: "Asked",
		house.matti.mail: "Asked",
		consumer: "Asking by mail would be marketing, which may not reach this person",
		objecting: "Has objected to marketing",
		refusing: "Has said no to this",
		given: "Has consented already",
	}
	house.mailbox.wait_for(asked, subject="asks for your consent")
	house.mailbox.wait_for(house.matti.mail, subject="asks for your consent")
	assert len(questions(house, asked)) == 1
	assert not questions(house, objecting) and not questions(house, consumer)
	second = a_campaign(house, text, asked_for=1, filters_json=json.dumps([["email_id", "=", consumer]]))
	consent_campaigns.start(second)
	house.mailbox.wait_for(consumer, subject="asks for your consent")


def test_a_returned_mail_is_told(house: House) -> None:
	text, maija = a_text(house), house.maija.mail
	campaign = consent_campaigns.ask("Contact", consents.person_with(maija).party, text, language="en")[
		"campaign"
	]
	mail = house.mailbox.wait_for(maija, subject="asks for your consent")
	eventually(lambda: people(campaign) == {maija: "Asked"}, "she is asked")
	insert(
		"Communication",
		communication_type="Communication",
		communication_medium="Email",
		sent_or_received="Received",
		sender="MAILER-DAEMON@posti.example",
		subject="Undelivered Mail Returned to Sender",
		content=f"<p>No such mailbox.</p><pre>Message-Id: {mail['Message-Id'].strip('<> ')} </pre>",
	)
	assert people(campaign) == {maija: "The mail was returned"}
	assert figures(campaign).sent_count == 0


def test_the_hour_has_its_limit_and_a_campaign_can_pause(house: House) -> None:
	text = a_text(house)
	campaign = a_campaign(house, text, per_hour=1)
	consent_campaigns.start(campaign)

	def waits() -> bool:
		return sorted(people(campaign).values()) == ["Asked", "Waiting"] and not figures(campaign).lease_until

	eventually(waits, "one mail, then the hour is full")
	consent_campaigns.sweep()
	consent_campaigns.pause(campaign)
	first = frappe.db.get_value("Consent Campaign Person", {"campaign": campaign, "status": "Asked"})
	long_ago("Consent Campaign Person", first, "asked_on", hours=2)
	consent_campaigns.advance(campaign)
	assert sorted(people(campaign).values()) == ["Asked", "Waiting"], "paused"
	# Whoever speaks up while he waits is not asked.
	waiting = frappe.db.get_value(
		"Consent Campaign Person", {"campaign": campaign, "status": "Waiting"}, "email"
	)
	consents.object_to(consents.person_with(waiting), house.company, Given("Said to Staff"))
	consent_campaigns.start(campaign)
	eventually(lambda: figures(campaign).status == "Sent", "it goes on")
	assert people(campaign)[waiting] == "Has objected to marketing"


def test_a_killed_worker_loses_nobody_and_asks_nobody_twice(house: House, worker: Process) -> None:
	text = a_text(house)
	for number in range(12):
		insert(
			"Contact",
			first_name=f"Monta {number}",
			company_name="Monta Oy",
			email_ids=[{"email_id": f"monta{number}.{house.key}@posti.example", "is_primary": 1}],
		)
	campaign = a_campaign(
		house, text, filters_json=json.dumps([["email_id", "like", f"monta%{house.key}@%"]])
	)
	consent_campaigns.start(campaign)
	eventually(lambda: "Asked" in people(campaign).values(), "the first are asked")
	worker.restart()
	for_writing()
	frappe.db.set_value("Consent Campaign", campaign, "lease_until", None)
	frappe.db.commit()
	consent_campaigns.sweep()
	eventually(lambda: figures(campaign).status == "Sent", "all are asked")
	assert set(people(campaign).values()) == {"Asked"} and len(people(campaign)) == 12
	from signflow.services import delivery

	delivery.sweep()
	for number in range(12):
		mail = f"monta{number}.{house.key}@posti.example"
		queued = frappe.get_all(
			"Email Queue",
			filters=[["Email Queue Recipient", "recipient", "=", mail]],
			pluck="name",
			order_by="`tabEmail Queue`.creation asc",
		)
		assert len(queued) == 1, "one mail a person"


def test_a_campaign_is_its_makers_and_its_fields_are_kept(house: House) -> None:
	text = a_text(house)
	owner = as_program(house.web, house.users["owner"])
	made = owner.post(
		f"{house.web}/api/resource/Consent Campaign",
		json={"title": "Mine", "consent_text": text, "status": "Sent", "sent_count": 7, "work_due": 1},
		timeout=30,
	).json()["data"]
	stored = figures(made["name"])
	assert (stored.status, stored.sent_count, stored.work_due) == ("Draft", 0, 0)
	assert stored.company == house.company
	colleague = as_program(house.web, house.users["colleague"])
	for verb in ("start", "pause"):
		refused = colleague.post(
			f"{house.web}/api/method/signflow.api.consent_campaigns.{verb}",
			json={"name": made["name"]},
			timeout=30,
		)
		assert refused.status_code == 403
	assert consents.state_of(Person((house.maija.mail,)), text) is None


def test_what_fails_is_tried_again_and_does_not_keep_the_others(
	house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""Frappe would log what a job raises with people's addresses; and one person must not stop a campaign for ever."""
	text, maija, matti = a_text(house), house.maija.mail, house.matti.mail
	monkeypatch.setattr(
		consent_campaigns, "wake", lambda _name: None
	)  # the worker has the same code unchanged
	ask = consent_letters.ask

	def fails(mail: str, *args: Any, **more: Any) -> bool:
		if mail == maija:
			raise ValueError(mail)
		return ask(mail, *args, **more)

	monkeypatch.setattr(consent_letters, "ask", fails)
	campaign = a_campaign(house, text)
	consent_campaigns.start(campaign)
	for _run in range(6):
		consent_campaigns.advance(campaign)
		doc = figures(campaign)
		assert doc.status == "Sent" or not doc.lease_until or work.is_held(doc), "it waits a while"
		for_writing()
		frappe.db.set_value("Consent Campaign", campaign, "lease_until", None)
		frappe.db.commit()
	assert people(campaign) == {maija: "Could not be asked for a fault of this site", matti: "Asked"}
	assert figures(campaign).status == "Sent"

	# Where nobody can be asked, it stops and says where it failed.
	monkeypatch.setattr(consent_campaigns, "_waiting", lambda name: fails(maija))
	stopped = a_campaign(house, a_text(house))
	consent_campaigns.start(stopped)
	for _run in range(consent_campaigns.CAMPAIGN_TRIES):
		consent_campaigns.advance(stopped)
		for_writing()
		frappe.db.set_value("Consent Campaign", stopped, "lease_until", None)
		frappe.db.commit()
	doc = figures(stopped)
	assert (doc.status, doc.work_due) == ("Paused", 0) and "ValueError" in doc.failure
	assert set(people(stopped).values()) == {"Waiting"} and not errors_with(maija)
	monkeypatch.undo()
	consent_campaigns.start(stopped)
	eventually(lambda: figures(stopped).status == "Sent", "started anew it goes on")
	assert not figures(stopped).failure and set(people(stopped).values()) == {"Asked"}


def errors_with(text: str) -> list[str]:
	"""The entries of Frappe's Error Log that hold a text."""
	frappe.db.rollback()
	return frappe.get_all("Error Log", {"error": ["like", f"%{text}%"]}, pluck="name", order_by="name asc")
