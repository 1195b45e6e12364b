"""Mail on its way: refused, returned, delayed, outdated, in the reader's language, and gone from the queue."""

import email.utils
import re
from email.message import EmailMessage

import frappe
import pytest
from house import Browser, House, Signer, for_writing, kinds, long_ago, notices, queued, row_of, text_of
from stage import Process, eventually, start_mail

from signflow.services import delivery, evidence, letters, requests, sending

pytestmark = pytest.mark.timeout(300)


def has_delivery(request: str, person: Signer, status: str) -> None:
	eventually(
		lambda: row_of(request, person).delivery_status == status, f"the mail to {person.name} is {status}"
	)


def swept(*rows) -> None:
	"""The minute's sweep, an hour later for the rows that wait for their next try."""
	for row in rows:
		long_ago("Email Queue", row.name, "modified", hours=1)
	delivery.sweep()


def test_the_mail_server_is_down_when_a_request_is_sent(house: House, mail_server: Process) -> None:
	mail_server.kill()
	request = house.sends(house.maija)
	has_delivery(request.name, house.maija, "Delayed")
	signer = row_of(request.name, house.maija)
	assert frappe.db.get_value("Signature Request", request.name, "status") == "Sent"
	assert any("Maija Meri" in text and "could not be sent yet" in text for text in notices(request.name))
	assert notices(request.name) == list(dict.fromkeys(notices(request.name))), "told once"
	start_mail(mail_server)
	swept(*queued(signer.name, "invitation"))
	has_delivery(request.name, house.maija, "Sent")
	assert house.maija.opens()["state"] == "open"
	swept()
	assert len(house.mailbox.all(house.maija.mail)) == 1
	assert kinds(request.name, signer.name)[:4] == [
		"invitation_queued",
		"invitation_failed",
		"invitation_sent",
		"opened",
	]


def test_only_the_newest_mail_leaves_after_an_outage_and_only_once(
	house: House, mail_server: Process, second_worker: Process
) -> None:
	mail_server.kill()
	request = house.sends(house.maija)
	has_delivery(request.name, house.maija, "Delayed")
	signer = row_of(request.name, house.maija)
	requests.remind_signer(signer.name)
	has_delivery(request.name, house.maija, "Delayed")
	older, newer = queued(signer.name, "invitation")
	# What a worker leaves that is killed between taking a mail and sending it.
	for_writing()
	frappe.db.set_value("Email Queue", newer.name, "status", "Sending")
	long_ago("Email Queue", newer.name, "modified", minutes=11)
	start_mail(mail_server)
	delivery.sweep()
	for _again in range(4):
		delivery.wake_flush(newer.name)
		delivery.wake_flush(older.name)
	frappe.db.commit()
	eventually(
		lambda: all(row.message == delivery.BLANK for row in queued(signer.name, "invitation")),
		"both mails are settled",
	)
	eventually(_nothing_waits, "the workers have done all they were given")
	assert [row.status for row in queued(signer.name, "invitation")] == ["Error", "Sent"]
	assert len(house.mailbox.all(house.maija.mail)) == 1
	assert house.maija.opens()["state"] == "open"


def _nothing_waits() -> bool:
	from frappe.utils.background_jobs import get_queue
	from rq.registry import StartedJobRegistry

	queue = get_queue("short")
	return not queue.count and not StartedJobRegistry(queue=queue).count


def test_an_address_that_the_mail_server_refuses(house: House) -> None:
	house.maija.mail = f"no-such-{house.maija.mail}"
	request = house.sends()
	has_delivery(request.name, house.maija, "Bounced")
	signer = row_of(request.name, house.maija)
	assert frappe.db.get_value("Signature Request", request.name, "status") == "Sent"
	assert [text for text in notices(request.name) if "Maija Meri" in text]
	assert "bounced" in kinds(request.name, signer.name)
	assert [row.message for row in queued(signer.name, "invitation")] == [delivery.BLANK]
	with pytest.raises(frappe.ValidationError, match="already a signer"):
		requests.correct_signer(signer.name, house.matti.mail.upper())
	house.maija.mail = house.maija.mail.removeprefix("no-such-")
	requests.correct_signer(signer.name, house.maija.mail)
	assert house.maija.opens()["state"] == "open"
	has_delivery(request.name, house.maija, "Sent")
	has_delivery(request.name, house.matti, "Sent")
	assert evidence.verify(request.name).ok


def test_a_grey_listing_is_not_a_bounce(house: House) -> None:
	house.maija.mail = f"greylisted-{house.maija.mail}"
	request = house.sends(house.maija)
	has_delivery(request.name, house.maija, "Delayed")


def bounce(house: House, person: Signer, message_id: str, dialect: str) -> bytes:
	"""What a mail server sends back, as real ones write it."""
	original = house.mailbox.wait_for(person.mail, subject=house.subject)
	notice = EmailMessage()
	notice["From"] = "Mail Delivery System <MAILER-DAEMON@mx.posti.example>"
	notice["To"] = "sopimukset@testi.example"
	notice["Subject"] = "Undelivered Mail Returned to Sender"
	notice["Message-ID"] = email.utils.make_msgid(domain="mx.posti.example")
	notice["Date"] = email.utils.localtime()
	text = f"<{person.mail}>: host mx.posti.example said: 550 5.1.1 User unknown (in reply to RCPT TO)\n"
	if dialect == "quotes the Message-ID":
		text += f"\nMessage-ID: <{message_id}>\n"
	if dialect == "answers it":
		notice["In-Reply-To"] = notice["References"] = f"<{message_id}>"
	notice.set_content(text)
	if dialect == "returns the mail":
		notice.add_attachment(original)
	return notice.as_bytes()


def test_mails_that_come_back(house: House) -> None:
	from frappe.email.receive import InboundMail

	dialects = ("quotes the Message-ID", "answers it", "returns the mail")
	people = [
		Signer(house, f"Nimi {letter}", f"nimi.{letter}.{house.key}@posti.example".lower())
		for letter in "ABCD"
	]
	request = house.sends(*people, remind_every_days=0)
	for person in people:
		has_delivery(request.name, person, "Sent")
	account = frappe.get_doc("Email Account", {"default_outgoing": 1})
	for person, dialect in zip(people, dialects, strict=False):
		row = row_of(request.name, person)
		message_id = frappe.db.get_value(
			"Email Queue", {"message_id": ["like", f"%signflow.invitation.{row.name}.%"]}, "message_id"
		)
		for_writing()
		InboundMail(bounce(house, person, message_id, dialect), account).process()
		frappe.db.commit()
		assert row_of(request.name, person).delivery_status == "Bounced", dialect
		assert any(person.name in text for text in notices(request.name)), dialect
	for_writing()
	last = row_of(request.name, people[-1])
	reply = EmailMessage()
	reply["From"], reply["To"], reply["Subject"] = people[-1].mail, "sopimukset@testi.example", "Re: sopimus"
	reply["Message-ID"] = email.utils.make_msgid(domain="posti.example")
	reply.set_content(f"MAILER-DAEMON? {people[-1].mail} {house.subject}")
	InboundMail(reply.as_bytes(), account).process()
	frappe.db.commit()
	assert row_of(request.name, people[-1]).delivery_status == "Sent", "a person's mail is no bounce"
	assert kinds(request.name, last.name) == ["invitation_queued", "invitation_sent"]


def test_a_code_that_comes_back_is_told_though_its_row_is_gone(house: House) -> None:
	from frappe.email.receive import InboundMail

	request = house.sends(house.maija)
	house.maija.opens()
	house.maija.browser.answer("send_code")
	code = house.mailbox.wait_for(house.maija.mail, subject="ode")
	signer = row_of(request.name, house.maija)
	eventually(lambda: not queued(signer.name, "code"), "the code's mail is gone")
	account = frappe.get_doc("Email Account", {"default_outgoing": 1})
	sent = str(code["Message-ID"]).strip("<>")
	forged = sent.replace(sent.split("@")[0][-16:], "0" * 16)
	for message_id, status in ((forged, "Sent"), (sent, "Bounced")):
		for_writing()
		notice = EmailMessage()
		notice["From"], notice["To"] = "MAILER-DAEMON@mx.posti.example", "sopimukset@testi.example"
		notice["Subject"], notice["Message-ID"] = (
			"Undelivered",
			email.utils.make_msgid(domain="mx.posti.example"),
		)
		notice.set_content(f"550 User unknown\n\nMessage-ID: <{message_id}>\n")
		InboundMail(notice.as_bytes(), account).process()
		frappe.db.commit()
		assert row_of(request.name, house.maija).delivery_status == status, message_id
	assert any(house.maija.name in text for text in notices(request.name))


def test_an_address_that_wants_no_mail_of_this_site(house: House) -> None:
	for_writing()
	frappe.get_doc(
		{"doctype": "Email Unsubscribe", "email": house.matti.mail, "global_unsubscribe": 1}
	).insert(ignore_permissions=True)
	request = house.sends()
	row = row_of(request.name, house.matti)
	assert row.delivery_status == "Unsubscribed" and row.delivery_note
	assert any("Matti Mäki" in text and "unsubscribed" in text for text in notices(request.name))
	assert "invitation_queued" not in kinds(request.name, row.name)
	assert house.maija.opens()["state"] == "open"
	assert house.mailbox.all(house.matti.mail) == []


def test_links_and_codes_do_not_stay_in_the_mail_queue(house: House, mail_server: Process) -> None:
	request = house.sends(house.maija)
	house.maija.opens()
	signer = row_of(request.name, house.maija)
	house.maija.identifies()
	eventually(
		lambda: (
			{(row.message, row.status) for row in queued(signer.name, "invitation")}
			== {(delivery.BLANK, "Sent")}
			and not queued(signer.name, "code")
		),
		"the queue is blank, and the code's mail gone",
	)
	mail_server.kill()
	house.maija.opens()
	house.maija.browser.answer("send_code")
	waiting = eventually(
		lambda: [row for row in queued(signer.name, "code") if row.status == "Not Sent" and row.error],
		"the code waits",
	)
	assert frappe.db.get_value("Signature Request Signer", signer.name, "delivery_status") == "Sent"
	long_ago("Email Queue", waiting[0].name, "creation", "modified", minutes=11)
	start_mail(mail_server)
	before = len(house.maija.codes())
	delivery.sweep()
	eventually(lambda: not queued(signer.name, "code"), "the expired code is gone")
	assert len(house.maija.codes()) == before, "an expired code is not sent any more"
	secrets = [house.maija.browser.token, house.maija.browser.session, *house.maija.codes()]
	kept = frappe.get_all(
		"Email Queue", filters={"reference_name": signer.name}, fields=["*"], order_by="creation asc"
	)
	assert kept and not any(secret in str(row) for row in kept for secret in secrets)


def test_what_a_signer_asks_for_later_leaves_no_trace(house: House) -> None:
	"""The link works as long as the agreement is kept, also when all else that is held of her is erased."""
	request = house.sends(house.maija)
	house.maija.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"the agreement is completed",
	)
	brought = house.mailbox.wait_for(house.maija.mail, subject="Signed")
	signer = row_of(request.name, house.maija)
	for_writing()
	delivery.leave_nothing([row.name for kind in delivery.KINDS for row in queued(signer.name, kind)])
	frappe.db.commit()
	before = len(house.mailbox.all(house.maija.mail))
	house.maija.browser.answer("send_new_link", token=house.maija.browser.token)
	again = house.mailbox.wait_for(house.maija.mail, subject=str(brought["Subject"]), after=1)
	house.maija.browser.token = re.search(r'/sign[^"]*#([^"]+)"', text_of(again)).group(1)
	house.maija.browser.open()
	house.maija.browser.answer("send_code")
	eventually(lambda: len(house.mailbox.all(house.maija.mail)) == before + 2, "link and code have come")
	eventually(
		lambda: not frappe.db.exists("Email Queue Recipient", {"recipient": house.maija.mail}),
		"no mail to her stays",
	)
	assert set(kinds(request.name)[-3:]) == {"new_link_sent", "copies_sent", "code_sent"}


def test_mails_speak_the_signers_language_and_watch_nobody(house: House) -> None:
	for_writing()
	settings = frappe.get_single("Signflow Settings")
	logo = settings.logo
	settings.db_set("logo", "/files/house-logo.png")
	frappe.clear_document_cache("Signflow Settings", "Signflow Settings")
	people = {
		language: Signer(house, f"Nimi {language}", f"{language}.{house.key}@posti.example")
		for language in ("fi", "sv", "en")
	}
	try:
		request = house.drafts(*people.values())
		for language, person in people.items():
			frappe.db.set_value(
				"Signature Request Signer", row_of(request.name, person).name, "language", language
			)
		sending.send_request(request.name)
		for language, person in people.items():
			mail = house.mailbox.wait_for(person.mail)
			text = text_of(mail)
			assert f"/sign?lang={language}#" in text
			assert "/files/house-logo.png" in text
			assert "{0}" not in text and "{0}" not in str(mail["Subject"])
			shown = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
			assert not re.search(r"unsubscribe|mark_email_as_seen|read_receipt", shown, re.IGNORECASE)
			assert mail["List-Unsubscribe"] is None and mail["Disposition-Notification-To"] is None
			pictures = re.findall(r'<img[^>]+src="([^"]+)"', text)
			assert all("logo" in picture for picture in pictures), pictures
			token = re.search(r'/sign\?lang=..#([^"]+)"', text).group(1)
			assert Browser(house.web, token=token, language=None).open()["language"] == language
	finally:
		for_writing()
		settings.db_set("logo", logo)
		frappe.clear_document_cache("Signflow Settings", "Signflow Settings")
		frappe.db.commit()


def test_notices_speak_the_senders_language(house: House, mail_server: Process) -> None:
	asked = []

	def subject() -> str:
		asked.append(frappe.local.lang)
		return "…"

	frappe.set_user(house.users["owner"])
	request = house.drafts(house.maija)
	frappe.set_user("Administrator")
	frappe.db.set_value("User", house.users["owner"], "language", "sv")
	frappe.local.lang = "fi"
	try:
		delivery.tell_sender(request, subject)
	finally:
		frappe.db.rollback()
		for_writing()
		frappe.db.set_value("User", house.users["owner"], "language", "en")
		frappe.db.commit()
	assert asked == ["sv"]


def test_a_letter_says_names_as_text(house: House) -> None:
	"""Names and titles of agreements may have been typed by strangers; Frappe's mails escape nothing."""
	for_writing()
	letters.send_letter(
		house.maija.mail,
		subject="Confirmation",
		template="signflow_terminated",
		args={
			"name": "<b>Maija</b>",
			"house": house.company,
			"received_on": "today",
			"agreements": [{"title": "<img src=x>", "name": "A-1", "notice": "1 day", "ends_on": "tomorrow"}],
			"attached": False,
			"reference": "TERM-1",
		},
	)
	frappe.db.commit()
	body = house.mailbox.wait_for(house.maija.mail, subject="Confirmation").get_body(("html",)).get_content()
	assert "<b>Maija" not in body and "<img src=x>" not in body
	assert "&lt;img src=" in body


def test_a_letter_is_sent_after_an_outage_and_blanked(house: House, mail_server: Process) -> None:
	mail_server.kill()
	for_writing()
	queued_as = letters.send_letter(
		house.maija.mail,
		subject="Your data is ready",
		template="signflow_data_ready",
		args={
			"house": {},
			"link": "https://testi.example/privacy/data#secret",
			"number": "DSR-1",
			"until": "then",
		},
		reference=("Contact", "Maija Meri"),
	)
	frappe.db.commit()

	def row():
		fields = ["status", "message", "error", "message_id"]
		return frappe.db.get_value("Email Queue", queued_as, fields, as_dict=True)

	eventually(lambda: row().error, "the mail waits")
	assert "Maija" not in row().message_id, "a record may be called after somebody"
	start_mail(mail_server)
	long_ago("Email Queue", queued_as, "modified", hours=1)
	delivery.sweep()
	eventually(lambda: (row().status, row().message) == ("Sent", delivery.BLANK), "it is sent and blanked")
	assert "#secret" in text_of(house.mailbox.wait_for(house.maija.mail, subject="Your data is ready"))
