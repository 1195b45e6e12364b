"""Direct marketing: the state of a person by its rule, and the framework's own mailings that keep to it."""

import hashlib
import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from consenting import Reader, a_text, rows
from frappe.core.doctype.communication import email as framework
from frappe.utils import add_months, getdate, nowdate
from house import House, another_company, as_program, for_writing, statements_asked
from stage import eventually

from signflow.integrations.erpnext import mailing_lists
from signflow.services.privacy import consents, kept_elsewhere, marketing
from signflow.services.privacy.consents import Given, Person


@pytest.fixture
def other(house: House) -> str:
	"""A second company of the site."""
	return another_company()


def insert(doctype: str, **values: Any) -> Any:
	for_writing()
	doc = frappe.get_doc({"doctype": doctype, **values}).insert(ignore_permissions=True)
	frappe.db.commit()
	return doc


def change(doctype: str, name: str, **values: Any) -> Any:
	for_writing()
	doc = frappe.get_doc(doctype, name)
	doc.update(values)
	doc.save(ignore_permissions=True)
	frappe.db.commit()
	return doc


def a_consumer(house: House, name: str = "Kaisa") -> str:
	"""A Contact of a customer who is a person; returns his mail address."""
	group, territory = frappe.db.get_value("Customer", house.customer, ["customer_group", "territory"])
	customer = insert(
		"Customer",
		customer_name=f"{name} {house.key}",
		customer_type="Individual",
		customer_group=group,
		territory=territory,
	)
	mail = f"{name.lower()}.{house.key}@posti.example"
	insert(
		"Contact",
		first_name=name,
		email_ids=[{"email_id": mail, "is_primary": 1}],
		links=[{"link_doctype": "Customer", "link_name": customer.name}],
	)
	return mail


def state(mail: str, company: str, channel: str = "Email") -> tuple[bool, str]:
	frappe.db.rollback()
	person = consents.person_with(mail)
	found = marketing.Known([person]).state(person, company, channel)
	return found.allowed, found.rule.value


def a_group(house: House, *mails: str, **values: Any) -> str:
	group = insert("Email Group", title=f"Uutiskirje {frappe.generate_hash(length=6)}", **values).name
	for mail in mails:
		insert("Email Group Member", email_group=group, email=mail)
	eventually_checked(group)
	return group


def eventually_checked(group: str) -> None:
	mailing_lists.check_group(group)
	frappe.db.rollback()


def receivers(group: str) -> set[str]:
	"""To whom Frappe's Newsletter writes."""
	frappe.db.rollback()
	filters = {"email_group": group, "unsubscribed": 0}
	return set(frappe.get_all("Email Group Member", filters, pluck="email", order_by="email asc"))


def campaign_reaches(group: str) -> set[str]:
	"""To whom ERPNext's Email Campaign writes: it asks for all members and makes one message, as here."""
	name = f"Syksy {frappe.generate_hash(length=6)}"
	template = insert("Email Template", name=name, subject="Autumn", response="Buy!")
	schedule = [{"email_template": template.name, "send_after_days": 0}]
	# ERPNext's own Campaign; the stand-in has no schedule.
	schedules = (
		{"campaign_schedules": schedule}
		if frappe.get_meta("Campaign").has_field("campaign_schedules")
		else {}
	)
	campaign = insert("Campaign", campaign_name=name, **schedules)
	doc = insert(
		"Email Campaign",
		campaign_name=campaign.name,
		email_campaign_for="Email Group",
		recipient=group,
		sender="Administrator",
		start_date=nowdate(),
		status="In Progress",
	)
	members = frappe.get_list("Email Group Member", filters={"email_group": group}, pluck="email")
	for_writing()
	message = framework.make(
		doctype="Email Campaign",
		name=doc.name,
		subject="Autumn",
		content="Buy!",
		sender="Administrator",
		recipients=members,
		communication_medium="Email",
		sent_or_received="Sent",
		send_email=True,
	)
	frappe.db.commit()
	written = frappe.db.get_value("Communication", message["name"], "recipients") or ""
	queued = frappe.get_all("Email Queue", {"communication": message["name"]}, pluck="name")
	sent = frappe.get_all("Email Queue Recipient", {"parent": ["in", queued]}, pluck="recipient")
	headers = "".join(frappe.get_all("Email Queue", {"name": ["in", queued]}, pluck="message"))
	for mail in members:
		assert (mail in headers) == (mail in sent), "who is left out stands in no header"
	assert set(sent) == {part.strip() for part in written.split(",") if part.strip()}
	return set(sent)


def test_the_rule_follows_what_is_known(house: House, other: str) -> None:
	text = a_text(house)
	consumer, contact = a_consumer(house), house.maija.mail
	assert state(contact, house.company) == (True, "Contact of a Company")
	assert state(consumer, house.company) == (False, "No Consent")
	assert state(consumer, house.company, "Post") == (True, "Allowed until Refused")
	assert state(f"nobody.{house.key}@posti.example", house.company) == (False, "No Consent")
	reader = Reader(house)
	view = reader.comes(consumer)
	reader.answers("give", text, view)
	assert state(consumer, house.company) == (True, "Consent")
	assert state(consumer, other) == (False, "No Consent"), "companies stay apart"
	reader.answers("withdraw", text, view)
	assert state(consumer, house.company) == (False, "Consent Withdrawn")
	lead = insert(
		"Lead",
		lead_name="Liisa",
		first_name="Liisa",
		email_id=f"liisa.{house.key}@posti.example",
		status="Lead",
	)
	assert state(lead.email_id, house.company) == (False, "No Consent")
	change("Lead", lead.name, company_name="Liisan Kukka Oy")
	assert state(lead.email_id, house.company) == (True, "Contact of a Company")
	change("Lead", lead.name, status="Do Not Contact")
	assert state(lead.email_id, house.company, "Phone") == (False, "Objection")


def test_who_bought_is_an_existing_customer_where_the_house_says_so(house: House) -> None:
	mail = a_consumer(house)
	customer = frappe.db.get_value("Customer", {"customer_name": f"Kaisa {house.key}"})
	for_writing()
	invoice = frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"customer": customer,
			"company": house.company,
			"posting_date": add_months(nowdate(), -3),
			"docstatus": 1,
		}
	)
	invoice.name = f"SINV-{house.key}"
	invoice.db_insert()
	frappe.db.commit()
	assert state(mail, house.company) == (False, "No Consent"), "nobody stated the conditions"
	text = a_text(house, existing_customers=1, existing_customer_months=6)
	try:
		assert state(mail, house.company) == (True, "Existing Customer")
		assert state(mail, house.company, "SMS") == (False, "No Consent")
		change("Consent Text", text, existing_customer_months=2)
		assert state(mail, house.company) == (False, "No Consent")
	finally:
		change("Consent Text", text, disabled=1)


def test_mailings_reach_only_whom_they_may(house: House) -> None:
	text = a_text(house)
	consumer, contact, objecting = a_consumer(house), house.maija.mail, house.matti.mail
	consents.object_to(consents.person_with(objecting), house.company, Given("Said to Staff"))
	group = a_group(house, consumer, contact, objecting, signflow_company=house.company)
	assert receivers(group) == campaign_reaches(group) == {contact}
	reader = Reader(house)
	view = reader.comes(consumer)
	reader.answers("give", text, view)
	assert receivers(group) == campaign_reaches(group) == {consumer, contact}
	reader.answers("withdraw", text, view)
	assert receivers(group) == campaign_reaches(group) == {contact}
	# A list of one newsletter: who said no to that one is left out, though other marketing may reach him.
	consents.refuse(consents.person_with(contact), consents.current_wording(text, "en"), Given("Page"))
	assert receivers(group) == campaign_reaches(group) == set()


def test_a_house_without_texts_goes_on_but_leaves_alone_who_said_no(house: House) -> None:
	third = another_company("Kolmas Oy")
	subscriber, objecting = (f"{name}.{house.key}@posti.example" for name in ("tilaaja", "kieltaja"))
	consents.object_to(Person((objecting,)), third, Given("Said to Staff"))
	group = a_group(house, subscriber, objecting, signflow_company=third)
	assert receivers(group) == campaign_reaches(group) == {subscriber}


def test_members_from_before_are_recorded_by_who_answers_for_it(house: House) -> None:
	text = a_text(house)
	before, refusing = (f"{name}.{house.key}@posti.example" for name in ("vanha", "kieltaja"))
	consents.refuse(Person((refusing,)), consents.current_wording(text, "fi"), Given("Page"))
	group = a_group(house, before, refusing, signflow_company=house.company)
	assert receivers(group) == set()
	said = {"group": group, "text": text, "said_on": "2024-05-01", "note": "Order form of 2024, folder 7"}
	url = f"{house.web}/api/method/signflow.api.consents.record_members"
	refused = as_program(house.web, house.users["owner"]).post(url, json=said, timeout=30)
	assert refused.status_code == 403
	empty = as_program(house.web, "Administrator").post(url, json={**said, "note": " "}, timeout=30)
	assert empty.status_code == 417 and "on record" in empty.text
	assert as_program(house.web, "Administrator").post(url, json=said, timeout=30).status_code == 200
	eventually(lambda: receivers(group) == {before}, "who had consented is written to again")
	row = rows(before)[0]
	assert (row.how, str(getdate(row.said_on)), row.recorded_by) == ("Import", "2024-05-01", "Administrator")
	assert json.loads(row.proof)["note"] == "Order form of 2024, folder 7"
	assert [row.action for row in rows(refusing)] == ["Refused"]


def test_a_new_member_waits_until_he_was_looked_at(house: House) -> None:
	a_text(house)
	group = insert("Email Group", title=f"Lista {house.key}", signflow_company=house.company).name
	contact, consumer = house.maija.mail, a_consumer(house)
	for mail in (contact, consumer):
		member = insert("Email Group Member", email_group=group, email=mail)
		assert member.unsubscribed and member.signflow_held_back
	eventually(lambda: receivers(group) == {contact}, "the worker lets go of whom it may")
	# Staff cannot put back whom nothing allows.
	held = frappe.db.get_value("Email Group Member", {"email_group": group, "email": consumer})
	with pytest.raises(frappe.ValidationError, match="has not consented"):
		change("Email Group Member", held, unsubscribed=0)
	frappe.db.rollback()


def test_an_unsubscribe_there_is_an_objection_here(house: House, other: str) -> None:
	contact, colleague = house.maija.mail, house.matti.mail
	group = a_group(house, contact, colleague, signflow_company=house.company)
	member = frappe.db.get_value("Email Group Member", {"email_group": group, "email": contact})
	change("Email Group Member", member, unsubscribed=1)
	assert [(row.action, row.how, row.company) for row in rows(contact)] == [
		("Objected", "Unsubscribed", house.company)
	]
	assert state(contact, house.company) == (False, "Objection")
	assert state(contact, other) == (True, "Contact of a Company")
	assert campaign_reaches(group) == {colleague}
	# He changes his mind on our page: the list has him again.
	text = a_text(house)
	reader = Reader(house)
	reader.answers("give", text, reader.comes(contact))
	assert state(contact, house.company) == (True, "Consent")
	assert receivers(group) == {contact, colleague}


def test_unsubscribing_from_everything_is_an_objection_to_each_company(house: House, other: str) -> None:
	mail = house.maija.mail
	insert("Email Unsubscribe", email=mail.upper(), global_unsubscribe=1)
	contact = consents.person_with(mail).party
	assert {row.company for row in rows(mail)} == set(marketing.companies())
	assert frappe.db.get_value("Contact", contact, "unsubscribed") == 1
	assert state(mail, house.company) == state(mail, other) == (False, "Objection")
	# Consent to one of them lets that one write, and its mails leave again; the others stay out.
	consents.give(consents.person_with(mail), consents.current_wording(a_text(house), "en"), Given("Page"))
	assert state(mail, house.company) == (True, "Consent")
	assert state(mail, other) == (False, "Objection")
	assert not frappe.db.get_value("Contact", contact, "unsubscribed")
	assert not frappe.db.exists("Email Unsubscribe", {"email": mail.upper(), "global_unsubscribe": 1})


def test_a_mark_from_before_signflow_counts_and_is_not_lost(house: House, other: str) -> None:
	mail = house.matti.mail
	contact = consents.person_with(mail).party
	for_writing()
	frappe.db.set_value("Contact", contact, "unsubscribed", 1)
	frappe.db.commit()
	assert state(mail, house.company) == (False, "Objection") and not rows(mail)
	consents.give(consents.person_with(mail), consents.current_wording(a_text(house), "en"), Given("Page"))
	assert state(mail, house.company) == (True, "Consent")
	assert state(mail, other) == (False, "Objection"), "the mark is gone, what it said to others is kept"


def test_all_addresses_of_a_person_are_meant(house: House) -> None:
	first, second = house.maija.mail, f"maija.koti.{house.key}@posti.example"
	contact = consents.person_with(first).party
	for_writing()
	doc = frappe.get_doc("Contact", contact)
	doc.append("email_ids", {"email_id": second})
	doc.save(ignore_permissions=True)
	frappe.db.commit()
	group = a_group(house, first, second, signflow_company=house.company)
	assert receivers(group) == {first, second}
	consents.object_to(Person((second,), "Contact", contact), house.company, Given("Said to Staff"))
	assert receivers(group) == campaign_reaches(group) == set()


def test_marking_a_contact_is_an_objection(house: House) -> None:
	contact = consents.person_with(house.maija.mail).party
	change("Contact", contact, unsubscribed=1)
	assert state(house.maija.mail, house.company) == (False, "Objection")
	assert {row.source_name for row in rows(house.maija.mail)} == {contact}


def test_segments_are_list_filters(house: House) -> None:
	text, mail = a_text(house, purpose=f"Kevät {house.key}"), a_consumer(house)
	contact = consents.person_with(mail).party
	for_writing()
	mailing_lists.write_segments("Contact", [contact, consents.person_with(house.maija.mail).party])
	frappe.db.commit()
	assert frappe.db.get_value("Contact", contact, "signflow_email_marketing") == "Not Allowed"
	consents.give(Person((mail,), "Contact", contact), consents.current_wording(text, "fi"), Given("Page"))
	browser = as_program(house.web, "Administrator")
	found = browser.get(
		f"{house.web}/api/resource/Contact",
		params={
			"filters": f'[["signflow_consents", "like", "%Kevät {house.key}%"]]',
			"fields": '["name", "signflow_email_marketing"]',
		},
		timeout=30,
	).json()["data"]
	wanted = "Allowed" if len(marketing.companies()) == 1 else "Differs by Company"
	assert found == [{"name": contact, "signflow_email_marketing": wanted}]
	# A customer has what its people said.
	maija = consents.person_with(house.maija.mail)
	consents.give(maija, consents.current_wording(text, "fi"), Given("Page"))
	consents.object_to(consents.person_with(house.matti.mail), house.company, Given("Page"))
	found = browser.get(
		f"{house.web}/api/resource/Customer",
		params={
			"filters": f'[["signflow_consents", "like", "%Kevät {house.key}%"]]',
			"fields": '["name", "signflow_email_marketing"]',
			"order_by": "name asc",
		},
		timeout=30,
	).json()["data"]
	marks = {row["name"]: row["signflow_email_marketing"] for row in found}
	assert marks.pop(house.customer) == "Differs by Person" and list(marks.values()) == [wanted]


def test_desk_sees_state_rule_and_row(house: House) -> None:
	text, mail = a_text(house), house.maija.mail
	name = consents.give(consents.person_with(mail), consents.current_wording(text, "en"), Given("Page"))
	answer = as_program(house.web, house.users["owner"]).post(
		f"{house.web}/api/method/signflow.api.consents.of_record",
		json={"doctype": "Customer", "name": house.customer},
		timeout=30,
	)
	people = {one["email"]: one for one in answer.json()["message"]}
	assert set(people) == {mail, house.matti.mail}
	shown = next(one for one in people[mail]["companies"] if one["company"] == house.company)
	by_mail = next(one for one in shown["channels"] if one["channel"] == "Email")
	assert by_mail["allowed"] and by_mail["rule"] == "Consent" and by_mail["row"] == name
	assert by_mail["since"] == str(getdate())
	assert [one["row"] for one in shown["consents"] if one["text"] == text] == [name]
	refused = as_program(house.web, house.users["outsider"]).post(
		f"{house.web}/api/method/signflow.api.consents.of_record",
		json={"doctype": "Customer", "name": house.customer},
		timeout=30,
	)
	assert refused.status_code == 403


def test_many_addresses_cost_few_queries(house: House) -> None:
	mails = [f"many{number}.{house.key}@posti.example" for number in range(200)]
	counts = []
	marketing.willing(mails[:10], [house.company])
	for some in (mails[:10], mails):
		with statements_asked() as statements:
			marketing.willing(some, [house.company])
		counts.append(len(statements))
	assert counts[0] == counts[1] <= 15


def test_many_members_and_records_cost_few_queries(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
	"""A list of 5,000 is recorded and the segments of 5,000 are written within minutes, not days."""
	text = a_text(house)
	names = [f"moni{number}.{house.key}" for number in range(120)]
	for_writing()
	now = frappe.utils.now()
	frappe.db.bulk_insert(
		"Contact",
		["name", "first_name", "email_id", "creation", "modified"],
		[(name, name, f"{name}@posti.example", now, now) for name in names],
	)
	frappe.db.commit()
	with statements_asked() as statements:
		mailing_lists.refresh_segments()
	seen = frappe.get_all("Contact", {"name": ["in", names]}, pluck="signflow_email_marketing")
	assert set(seen) == {"Not Allowed"} and len(statements) < len(names)

	counts = []
	for some in (names[:5], names[5:25], names[25:]):
		for_writing()
		group = frappe.get_doc({"doctype": "Email Group", "title": f"Lista {some[0]}"}).insert().name
		frappe.db.bulk_insert(
			"Email Group Member",
			["name", "email_group", "email", "unsubscribed", "signflow_held_back"],
			[(name, group, f"{name}@posti.example", 1, 1) for name in some],
		)
		frappe.db.set_value("Email Group", group, "signflow_company", house.company)
		frappe.db.commit()
		monkeypatch.setattr(kept_elsewhere, "AT_ONCE", len(some))
		with statements_asked() as statements:
			kept_elsewhere.record_members_now(group, text, "2024-05-01", "Folder 7", "fi", "Administrator")
		counts.append(len(statements))
		assert receivers(group) == {f"{name}@posti.example" for name in some}
	assert counts[1] == counts[2] < 60, "whatever their number; the first fills caches"
	row = rows(f"{names[0]}@posti.example")[0]
	assert hashlib.sha256(row.proof.encode()).hexdigest() == row.proof_sha256 and row.party == names[0]
	seen = frappe.get_all("Contact", {"name": ["in", names]}, pluck="signflow_consents")
	assert all(house.company in consents_of for consents_of in seen)


def test_a_consent_of_before_takes_back_no_unsubscribe(house: House) -> None:
	"""What the house has on record is older than what the person said since, here or to the framework."""
	text = a_text(house)
	marked, objecting = house.maija.mail, house.matti.mail
	for_writing()
	# Unsubscribed before signflow came: nothing here tells when.
	frappe.get_doc({"doctype": "Email Unsubscribe", "email": marked, "global_unsubscribe": 1}).db_insert()
	frappe.db.commit()
	insert("Email Unsubscribe", email=objecting, global_unsubscribe=1)
	group = a_group(house, marked, objecting, signflow_company=house.company)
	kept_elsewhere.record_members_now(group, text, "2024-05-01", "Folder 7", "fi", "Administrator")
	consents.give(
		consents.person_with(objecting),
		consents.current_wording(text, "fi"),
		Given("Paper", said_on="2024-05-01"),
	)
	for mail in (marked, objecting):
		assert state(mail, house.company) == (False, "Objection")
		assert frappe.db.exists("Email Unsubscribe", {"email": mail, "global_unsubscribe": 1})
	assert receivers(group) == campaign_reaches(group) == set()


@pytest.fixture
def gateway(house: House) -> Iterator[list[str]]:
	"""A gateway for text messages: the numbers that it was given."""
	sent: list[str] = []

	class Handler(http.server.BaseHTTPRequestHandler):
		def do_GET(self) -> None:
			sent.extend(urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)["to"])
			self.send_response(200)
			self.end_headers()

		def log_message(self, *_parts: Any) -> None:
			pass

	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	threading.Thread(target=server.serve_forever, daemon=True).start()
	change(
		"SMS Settings",
		"SMS Settings",
		sms_gateway_url=f"http://127.0.0.1:{server.server_port}/send",
		message_parameter="text",
		receiver_parameter="to",
		use_post=0,
	)
	yield sent
	frappe.db.rollback()
	for_writing()
	frappe.db.set_single_value("SMS Settings", "sms_gateway_url", "")
	frappe.db.commit()
	server.shutdown()


def sms_center(house: House, persona: str, method: str, **values: Any) -> Any:
	"""What Desk does when somebody presses a button of SMS Center."""
	single = frappe.qb.Table("tabSingles")
	query = frappe.qb.from_(single).select(single.value)
	found = query.where((single.doctype == "SMS Center") & (single.field == "modified")).run(pluck=True)
	modified = found[0] if found else None
	docs = {"doctype": "SMS Center", "name": "SMS Center", "message": "Sale!", "modified": modified, **values}
	return as_program(house.web, house.users[persona]).post(
		f"{house.web}/api/method/run_doc_method",
		data={"method": method, "docs": json.dumps(docs)},
		timeout=30,
	)


def a_number(house: House, place: int) -> str:
	return f"+358 40 {int(house.key, 16) % 10**5:05d} {place:02d}"


def test_a_text_message_campaign_leaves_out_who_objected(house: House, gateway: list[str]) -> None:
	numbers = [a_number(house, place) for place in range(4)]
	for place, name in enumerate(("Sallii", "Kieltää", "Kuluttaja")):
		insert(
			"Contact",
			first_name=f"{name} {house.key}",
			company_name="" if name == "Kuluttaja" else "Firma Oy",
			email_ids=[{"email_id": f"{place}.{house.key}@posti.example", "is_primary": 1}],
			phone_nos=[{"phone": numbers[place], "is_primary_mobile_no": 1}],
			# ERPNext lists contacts that belong to something.
			links=[{"link_doctype": "Company", "link_name": house.company}],
		)
	allowed, objecting = (f"{place}.{house.key}@posti.example" for place in range(2))
	consents.object_to(consents.person_with(objecting), house.company, Given("Said to Staff"), "SMS")
	assert state(objecting, house.company) == (True, "Contact of a Company"), "by text message alone"

	made = sms_center(house, "operator", "create_receiver_list", send_to="All Contact")
	assert made.status_code == 200, made.text[:500]
	listed = made.json()["docs"][0]["receiver_list"]
	assert numbers[0] in listed and numbers[1] not in listed
	assert numbers[2] in listed, "the house has asked nobody by text message yet"
	assert "left out" in made.text and "has objected" in made.text and house.key not in told(made)

	# The list was typed, in another spelling, or is older than the objection.
	typed = "\n".join(
		(numbers[0], f"Kieltää - {numbers[1].replace(' ', '').replace('+358', '0')}", numbers[3])
	)
	sent = sms_center(house, "operator", "send_sms", receiver_list=typed)
	assert sent.status_code == 200, sent.text[:500]
	bare = [number.replace(" ", "") for number in numbers]
	assert gateway == [bare[0], bare[3]] and "may not reach: 1" in told(sent)

	# From the first published text on, a consumer needs a consent.
	text = a_text(house, channel="SMS")
	try:
		consents.give(consents.person_with(allowed), consents.current_wording(text, "fi"), Given("Page"))
		gateway.clear()
		sms_center(house, "operator", "send_sms", receiver_list="\n".join(numbers))
		assert gateway == [bare[0]]
		# Employees are written to as ever.
		gateway.clear()
		sms_center(house, "operator", "send_sms", receiver_list=numbers[1], send_to="All Employee (Active)")
		assert gateway == [bare[1]]
	finally:
		change("Consent Text", text, disabled=1)
	# Who may not use SMS Center does not learn here what anybody said.
	refused = sms_center(house, "outsider", "send_sms", receiver_list=numbers[1])
	assert refused.status_code == 403 and "left out" not in refused.text


def told(answer: Any) -> str:
	return answer.json().get("_server_messages") or ""
