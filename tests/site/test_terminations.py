"""Ending agreements: on the page, on request, by a free-form message; and attacks on the page."""

import re
import time
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
import requests
from frappe.utils import add_days, add_to_date, get_datetime, getdate, now_datetime
from house import TIMEOUT, Browser, House, attachments_of, for_writing, long_ago, text_of
from leaving import Visitor, a_contract, a_plan, a_subscription, settings
from stage import eventually

from signflow.core.identity.levels import Level
from signflow.integrations.erpnext import subscription as subscriptions
from signflow.services import agreements, endings, terminations


@pytest.fixture
def open_house(house: House) -> Iterator[House]:
	"""A house whose customers terminate by themselves: 14 days from the day."""
	frappe.cache.delete_keys("signflow:count:")
	settings(
		terminations_open=1,
		termination_responsible=house.users["owner"],
		notice_length=14,
		notice_unit="Days",
		notice_counted="From the Day",
		notice_periods=[],
	)
	yield house
	frappe.db.rollback()
	settings(terminations_open=0, termination_responsible=None, notice_periods=[])


def chosen(*docs: Any) -> list[list[str]]:
	return [[doc.doctype, doc.name] for doc in docs]


def signs_on(visitor: Visitor, prepared: dict[str, str], name: str = "Maija Meri") -> None:
	"""On the signing page, with the session that /terminate handed over."""
	browser = Browser(visitor.house.web, session=prepared["session"])
	view = browser.answer("view")
	assert view["signer"]["identified"] is True
	documents = [{"id": row["id"], "sha256": row["sha256"]} for row in view["documents"]]
	browser.answer("sign", name=name, drawn=None, accepted=True, documents=documents)


def settled(reference: str) -> Any:
	"""The termination once notice has been given and its first work is done."""
	return eventually(
		lambda: (
			(doc := frappe.get_doc("Contract Termination", reference)).status in ("Notice Given", "Ended")
			and all(row.act_on for row in doc.agreements)
			and doc
		),
		"notice is given and settled",
	)


def comes(reference: str, days: int) -> None:
	"""`days` pass for a termination: its agreements' days of work lie that much earlier."""
	for_writing()
	doc = frappe.get_doc("Contract Termination", reference)
	for row in doc.agreements:
		frappe.db.set_value(
			row.doctype,
			row.name,
			{"act_on": add_days(row.act_on, -days), "ends_on": add_days(row.ends_on, -days)},
		)
	frappe.db.set_value(doc.doctype, doc.name, "next_work_on", add_to_date(now_datetime(), minutes=-1))
	frappe.db.commit()


def test_a_customer_terminates_on_the_page(open_house: House) -> None:
	house, maija = open_house, open_house.maija
	subscription, contract = a_subscription(house), a_contract(house)
	visitor = Visitor(house)
	offered = {one["name"]: one for one in visitor.identifies(maija)}
	ends = add_days(getdate(), 14)
	assert set(offered) == {subscription.name, contract.name}
	assert offered[subscription.name]["title"] == "Laajakaista 100M"
	assert offered[subscription.name]["notice"] == "14 days"
	assert all(one["ends_on"] == ends.isoformat() and not one["under_notice"] for one in offered.values())

	prepared = visitor.answer(
		"terminations.prepare", chosen=chosen(subscription, contract), reason="Moving away."
	)
	request = frappe.get_doc(
		"Signature Request",
		{"reference_doctype": "Contract Termination", "reference_name": prepared["reference"]},
	)
	assert request.sent_by == house.users["owner"] and request.customer == house.customer
	assert not house.mailbox.all(maija.mail)[1:], "no invitation beside the code"
	signs_on(visitor, prepared)

	doc = settled(prepared["reference"])
	assert doc.channel == "On the Page" and doc.person_name == "Maija Meri" and doc.reason == "Moving away."
	assert [(row.state, getdate(row.ends_on)) for row in doc.agreements] == [("Notice Given", ends)] * 2
	assert getdate(frappe.db.get_value("Contract", contract.name, "end_date")) == ends
	assert frappe.db.get_value("Contract", contract.name, "status") == "Active"
	assert frappe.db.get_value("Subscription", subscription.name, "status") == "Active"
	mail = house.mailbox.wait_for(maija.mail, subject="Confirmation: your notice of termination")
	assert subscription.name in text_of(mail) and contract.name in text_of(mail)
	assert any(data.startswith(b"%PDF-") for data in attachments_of(mail).values())
	todos = frappe.get_all(
		"ToDo",
		filters={"reference_type": doc.doctype, "reference_name": doc.name},
		fields=["allocated_to", "description"],
		order_by="creation asc",
	)
	assert [row.allocated_to for row in todos] == [house.users["owner"]]
	assert "Check the last invoice" in todos[0].description
	notes = frappe.get_all(
		"Comment",
		filters={"reference_doctype": "Customer", "reference_name": house.customer},
		pluck="content",
		order_by="creation asc",
	)
	assert any(doc.name in note and "Notice of termination" in note for note in notes)

	if "helpdesk" in frappe.get_installed_apps():
		tickets = frappe.get_all(
			"HD Ticket", filters={"raised_by": maija.mail}, pluck="subject", order_by="creation asc"
		)
		assert len(tickets) == 1 and tickets[0].startswith("Terminated: ")

	assert all(one["under_notice"] for one in visitor.answer("terminations.view")["agreements"])
	comes(doc.name, 14)
	endings.sweep()
	eventually(
		lambda: frappe.db.get_value("Subscription", subscription.name, "status") == "Cancelled",
		"the subscription is cancelled on its last day",
	)
	assert getdate(frappe.db.get_value("Subscription", subscription.name, "cancelation_date")) == getdate()
	comes(doc.name, 1)
	endings.sweep()
	eventually(
		lambda: frappe.db.get_value("Contract Termination", doc.name, "status") == "Ended", "all has ended"
	)
	assert len(house.mailbox.all(maija.mail)) == 3, "a code, the copies, the confirmation: no mail twice"


def test_an_address_that_is_not_known_is_answered_alike(open_house: House) -> None:
	house = open_house
	a_subscription(house)
	known, stranger = Visitor(house), Visitor(house)
	nobody = f"nobody.{house.key}@posti.example"
	shown = known.begins(house.maija.mail)
	other = stranger.begins(nobody)
	assert set(shown) == set(other)
	assert {key: value for key, value in shown.items() if key != "sent_to"} == {
		key: value for key, value in other.items() if key != "sent_to"
	}
	mail = house.mailbox.wait_for(nobody, subject="No agreement under this address")
	assert not re.search(r">\s*\d{6}\s*<", text_of(mail)), "no code that could be tried"
	known.code(house.maija.mail)
	wrong = [visitor.refused("terminations.check_code", code="000000") for visitor in (known, stranger)]
	assert wrong[0] == wrong[1] == {**wrong[0], "code": "code_wrong", "tries_left": 4}


def test_the_time_of_the_answer_tells_nothing(open_house: House) -> None:
	"""However many agreements there are to look through: a worker does that, the answer does not wait for it."""
	house = open_house
	for _turn in range(40):
		a_contract(house)
	times: dict[str, list[float]] = {"known": [], "unknown": []}
	for turn in range(7):
		frappe.cache.delete_keys("signflow:count:")
		for kind, mail in (
			("unknown", f"nobody{turn}.{house.key}@posti.example"),
			("known", house.maija.mail),
		):
			started = time.perf_counter()
			Visitor(house).begins(mail)
			times[kind].append(time.perf_counter() - started)
	known, unknown = (sorted(times[kind])[3] for kind in ("known", "unknown"))
	assert known < 2 * unknown + 0.01, times


def test_codes_are_guessed_five_times_at_most_and_for_their_visit_alone(open_house: House) -> None:
	house = open_house
	a_subscription(house)
	visitor, thief = Visitor(house), Visitor(house)
	visitor.begins(house.maija.mail)
	code = visitor.code(house.maija.mail)
	thief.begins(house.matti.mail)
	assert thief.refused("terminations.check_code", code=code)["code"] == "code_wrong"
	answers = []
	for _turn in range(5):
		answers.append(
			visitor.refused("terminations.check_code", code=f"{(int(code) + 1) % 10**6:06d}")["code"]
		)
	assert answers == ["code_wrong"] * 4 + ["locked"]
	assert visitor.refused("terminations.check_code", code=code)["code"] == "locked"
	assert visitor.refused("terminations.view")["code"] == "not_identified"


def test_a_code_works_once_and_is_nowhere_in_clear(open_house: House) -> None:
	house = open_house
	a_subscription(house)
	visitor = Visitor(house)
	visitor.begins(house.maija.mail)
	code = visitor.code(house.maija.mail)
	visitor.answer("terminations.check_code", code=code)
	assert visitor.refused("terminations.check_code", code=code)["code"] == "code_wrong"
	eventually(
		lambda: not frappe.db.exists("Email Queue", {"message": ["like", f"%{code}%"]}), "the mail is blanked"
	)


def test_one_address_is_not_flooded(open_house: House) -> None:
	house = open_house
	visitor = Visitor(house)
	visitor.begins(house.maija.mail)
	house.mailbox.wait_for(house.maija.mail)
	# A second browser waits for the code that is on its way, a mail for another page has to wait.
	assert visitor.begins(house.maija.mail.upper())["was_sent"]
	refused = visitor.refused("consents.begin", mail=house.maija.mail)
	assert refused["code"] == "too_many" and refused["resend_after_seconds"] == 60
	assert len(house.mailbox.all(house.maija.mail)) == 1


@pytest.mark.parametrize(
	"mail",
	[
		"",
		"nobody",
		"a@b.fi, c@d.fi",
		"a@b.fi;c@d.fi",
		"Maija <a@b.fi>",
		"a@b.fi\nBcc: c@d.fi",
		"x" * 200 + "@b.fi",
	],
)
def test_only_one_plain_address_is_mailed(open_house: House, mail: str) -> None:
	assert Visitor(open_house).refused("terminations.begin", mail=mail)["code"] == "invalid_input"


def test_nobody_ends_what_is_not_his(open_house: House) -> None:
	house = open_house
	mine, other = a_subscription(house), House(house.web, house.mailbox, house.key + "x")
	other.move_in()
	theirs = a_contract(other)
	visitor = Visitor(house)
	visitor.identifies(house.maija)
	for pair in (
		["Contract", theirs.name],
		["Subscription", "none"],
		["User", "Administrator"],
		["Customer", house.customer],
	):
		assert visitor.refused("terminations.prepare", chosen=[pair])["code"] == "invalid_input"
	for nonsense in ([], "x", [["Contract"]], [[1, 2]], "{}", [[None, None]]):
		assert visitor.refused("terminations.prepare", chosen=nonsense)["code"] == "invalid_input"
	unknown = Visitor(house, session="x" * 43)
	assert unknown.refused("terminations.prepare", chosen=chosen(mine))["code"] == "session_expired"
	assert not frappe.db.exists("Contract Termination", {"customer": other.customer})


def test_the_page_is_closed_until_somebody_is_responsible(house: House) -> None:
	frappe.db.set_value("Company", house.company, {"email": "us@house.example", "phone_no": "+358 9 1234"})
	frappe.db.commit()
	told = Visitor(house).refused("terminations.begin", mail=house.maija.mail)
	assert told["code"] == "not_open" and told["text"].endswith("us@house.example, +358 9 1234")
	for lang, words in (("en", "cannot be terminated on this page"), ("fi", "irtisanoa")):
		page = requests.get(f"{house.web}/terminate?lang={lang}", timeout=TIMEOUT).text
		assert words in page and 'href="mailto:us@house.example"' in page
		assert 'href="tel:+35891234"' in page and 'id="mail"' not in page, "no address is asked for"


def test_the_page_opens_with_the_setting(house: House) -> None:
	assert 'id="mail"' not in requests.get(f"{house.web}/terminate?lang=en", timeout=TIMEOUT).text
	settings(terminations_open=1, termination_responsible=house.users["owner"])
	eventually(
		lambda: 'id="mail"' in requests.get(f"{house.web}/terminate?lang=en", timeout=TIMEOUT).text,
		"the page is open",
		30,
	)


def test_an_address_that_is_not_whole_is_told_from_none(open_house: House) -> None:
	def said(mail: str) -> str:
		return Visitor(open_house).refused("terminations.begin", mail=mail)["text"]

	assert "not a whole mail address" in said("maija.meri@posti") and "not a whole" not in said(" ")


def test_the_notice_ends_in_the_way_that_the_settings_say(open_house: House) -> None:
	house = open_house
	subscription = a_subscription(house)
	one = subscriptions.read(subscription.name)
	assert agreements.last_day(one, agreements.notice_of(one), getdate()) == add_days(getdate(), 14)
	settings(
		notice_periods=[
			{
				"kind": "Subscription Plan",
				"record": a_plan(),
				"notice_length": 0,
				"notice_unit": "Days",
				"notice_counted": "To the End of the Billing Period",
			}
		]
	)
	notice = agreements.notice_of(one)
	assert agreements.notice_text(notice) == "no period of notice, to the end of the billing period"
	last = agreements.last_day(one, notice, getdate())
	# ERPNext begins with the period of the subscription's first day, which may be over long since.
	assert last == one.billing.ends_on or (
		one.billing.ends_on < getdate() <= last and last.day == one.billing.ends_on.day
	)


def test_a_subscription_billed_in_advance_has_its_own_period_at_heart(open_house: House) -> None:
	"""After billing, ERPNext keeps the next period; notice still ends the present one."""
	today = getdate()
	subscription = a_subscription(open_house)
	for_writing()
	frappe.db.set_value(
		"Subscription",
		subscription.name,
		{"current_invoice_start": add_days(today, 11), "current_invoice_end": add_days(today, 40)},
	)
	frappe.db.commit()
	assert subscriptions.read(subscription.name).billing.ends_on == add_days(today, 10)
	frappe.db.set_value(
		"Subscription",
		subscription.name,
		{"generate_invoice_at": "Days before the current subscription period", "number_of_days": 5},
	)
	assert subscriptions.act_on(subscription.name, add_days(today, 10)) == add_days(today, 5)
	later = add_days(today, 20)
	assert subscriptions.end(subscription.name, later) == later, "days before its end are not billed yet"
	assert frappe.db.get_value("Subscription", subscription.name, "status") == "Active"
	assert subscriptions.end(subscription.name, add_days(today, 10)) is None, "all is billed, the next is not"
	assert frappe.db.get_value("Subscription", subscription.name, "status") == "Cancelled"


def test_staff_records_a_free_form_message_from_its_arrival(open_house: House) -> None:
	house = open_house
	contract = a_contract(house)
	for_writing()
	proof = frappe.get_doc(
		{
			"doctype": "Communication",
			"subject": "I want to end my contract",
			"content": "Please end it.",
			"communication_type": "Communication",
			"sent_or_received": "Received",
			"sender": house.maija.mail,
			"reference_doctype": "Customer",
			"reference_name": house.customer,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	arrived = add_to_date(now_datetime(), days=-5)
	office = house.as_user("manager")
	answer = office.post(
		f"{house.web}/api/method/signflow.api.terminations.record",
		json={
			"chosen": chosen(contract),
			"channel": "In Writing",
			"received_on": str(arrived),
			"person_name": "Maija Meri",
			"email": house.maija.mail,
			"communication": proof.name,
			"language": "en",
		},
		timeout=60,
	)
	# A sales user may not read ERPNext's contracts everywhere: then the manager's right is not enough.
	if answer.status_code == 403:
		assert not frappe.get_doc("Contract", contract.name).has_permission(
			"read", user=house.users["manager"]
		)
		doc = terminations.record(
			[(contract.doctype, contract.name)],
			channel="In Writing",
			received_on=arrived,
			person_name="Maija Meri",
			email=house.maija.mail,
			communication=proof.name,
			language="en",
		)
	else:
		assert answer.status_code == 200, answer.text[:1000]
		doc = frappe._dict(answer.json()["message"])
	doc = settled(doc.name)
	assert doc.communication == proof.name and doc.recorded_by and not doc.request
	assert get_datetime(doc.received_on) == arrived
	assert getdate(doc.agreements[0].ends_on) == add_days(getdate(arrived), 14)
	house.mailbox.wait_for(house.maija.mail, subject="Confirmation: your notice of termination")


def test_what_staff_says_is_checked(open_house: House) -> None:
	contract = a_contract(open_house)
	right = {
		"channel": "Said to Staff",
		"received_on": now_datetime(),
		"person_name": "Maija Meri",
		"email": open_house.maija.mail,
	}
	for wrong in (
		{"received_on": add_to_date(now_datetime(), days=1)},
		{"received_on": None},
		{"channel": "On the Page"},
		{"email": "a@b.fi, c@d.fi"},
	):
		with pytest.raises(frappe.ValidationError):
			terminations.record([("Contract", contract.name)], **{**right, **wrong})
	with pytest.raises(frappe.ValidationError):
		terminations.record([("Customer", open_house.customer)], **right)
	doc = terminations.record([("Contract", contract.name)], **right)
	settled(doc.name)
	with pytest.raises(frappe.ValidationError, match="given already"):
		terminations.record([("Contract", contract.name)], **right)


def test_staff_starts_it_for_a_caller_who_signs_by_mail(open_house: House) -> None:
	house = open_house
	contract = a_contract(house)
	doc = terminations.ask_to_sign(
		[("Contract", contract.name)], person_name="Maija Meri", email=house.maija.mail, language="en"
	)
	assert doc.status == "Waiting for Signature"
	house.subject = "Notice of Termination"
	house.maija.goes_all_the_way()
	assert settled(doc.name).channel == "Signed"


@pytest.mark.parametrize("role", ["outsider", "colleague"])
def test_who_may_not_change_an_agreement_does_not_end_it(open_house: House, role: str) -> None:
	house = open_house
	subscription = a_subscription(house)
	office = house.as_user(role)
	for verb, values in (
		("record", {"channel": "Said to Staff", "received_on": str(now_datetime()), "person_name": "M"}),
		("start", {"person_name": "M", "email": house.maija.mail}),
		("of_record", {"doctype": "Subscription", "name": subscription.name}),
	):
		values = {"chosen": chosen(subscription), **values}
		if verb == "of_record":
			values.pop("chosen")
		answer = office.post(
			f"{house.web}/api/method/signflow.api.terminations.{verb}", json=values, timeout=60
		)
		assert answer.status_code == 403, (verb, answer.status_code, answer.text[:300])
	assert not frappe.db.exists("Contract Termination", {"customer": house.customer})


def test_terminations_are_written_by_the_services_alone(open_house: House) -> None:
	doc = terminations.record(
		[("Contract", a_contract(open_house).name)],
		channel="Said to Staff",
		received_on=now_datetime(),
		person_name="Maija Meri",
		email="",
	)
	doc = settled(doc.name)
	assert "tell the person yourself" in doc.confirmation_note
	doc.status = "Cancelled"
	with pytest.raises(frappe.PermissionError):
		doc.save(ignore_permissions=True)
	with pytest.raises(frappe.PermissionError):
		frappe.delete_doc(doc.doctype, doc.name, ignore_permissions=True)
	with pytest.raises(frappe.PermissionError):
		frappe.get_doc(
			{"doctype": doc.doctype, "customer": open_house.customer, "company": open_house.company}
		).insert()


def test_what_cannot_be_ended_is_shown_and_tried_again(open_house: House) -> None:
	house = open_house
	subscription, contract = a_subscription(house), a_contract(house)
	for_writing()
	frappe.db.set_value("Subscription", subscription.name, "party_type", "No Such Kind")
	frappe.db.commit()
	doc = terminations.record(
		[("Contract", contract.name)],
		channel="Said to Staff",
		received_on=add_to_date(now_datetime(), days=-30),
		person_name="Maija Meri",
		email=house.maija.mail,
		language="en",
	)
	# The broken one joins by hand: staff could not have chosen it.
	for_writing()
	frappe.get_doc(
		{
			"doctype": "Contract Termination Agreement",
			"parent": doc.name,
			"parenttype": doc.doctype,
			"parentfield": "agreements",
			"idx": 2,
			"agreement_doctype": "Subscription",
			"agreement_name": subscription.name,
			"title": "Broken",
			"ends_on": add_days(getdate(), -16),
			"state": "Waiting",
		}
	).db_insert()
	frappe.db.set_value(doc.doctype, doc.name, {"status": "Notice Given", "next_work_on": now_datetime()})
	frappe.db.commit()
	endings.retry(doc.name)
	frappe.db.commit()
	failed = eventually(
		lambda: (one := frappe.get_doc(doc.doctype, doc.name)).failure and one, "the failure is shown"
	)
	assert {row.state for row in failed.agreements} == {"Ended", "Failed"}
	assert failed.status == "Notice Given" and get_datetime(failed.next_work_on) > now_datetime()
	assert frappe.db.exists("Notification Log", {"document_type": doc.doctype, "document_name": doc.name})
	for_writing()
	frappe.db.set_value("Subscription", subscription.name, "party_type", "Customer")
	frappe.db.commit()
	endings.retry(doc.name)
	frappe.db.commit()
	eventually(lambda: frappe.db.get_value(doc.doctype, doc.name, "status") == "Ended", "it ends after all")
	assert frappe.db.get_value("Subscription", subscription.name, "status") == "Cancelled"
	house.mailbox.wait_for(house.maija.mail, subject="Confirmation")
	assert len(house.mailbox.all(house.maija.mail)) == 1


def test_working_twice_at_once_does_nothing_twice(open_house: House) -> None:
	house = open_house
	doc = terminations.record(
		[("Contract", a_contract(house).name)],
		channel="In Writing",
		received_on=now_datetime(),
		person_name="Maija Meri",
		email=house.maija.mail,
		language="en",
	)
	for _turn in range(4):
		endings.wake(doc.name)
		frappe.db.commit()
	settled(doc.name)
	endings.settle(doc.name)
	assert frappe.db.count("ToDo", {"reference_type": doc.doctype, "reference_name": doc.name}) == 1
	house.mailbox.wait_for(house.maija.mail, subject="Confirmation")
	assert len(house.mailbox.all(house.maija.mail)) == 1


def test_what_was_prepared_and_never_signed_is_closed(open_house: House) -> None:
	house = open_house
	contract = a_contract(house)
	visitor = Visitor(house)
	visitor.identifies(house.maija)
	prepared = visitor.answer("terminations.prepare", chosen=chosen(contract))
	for_writing()
	request = frappe.db.get_value("Contract Termination", prepared["reference"], "request")
	frappe.db.set_value("Signature Request", request, "status", "Expired")
	frappe.db.commit()
	long_ago("Contract Termination", prepared["reference"], "modified", hours=2)
	endings.sweep()
	assert frappe.db.get_value("Contract Termination", prepared["reference"], "status") == "Cancelled"
	assert not frappe.db.get_value("Contract", contract.name, "end_date")


def test_leaving_asks_for_no_more_than_joining_did(open_house: House) -> None:
	house = open_house
	contract = a_contract(house)
	one = agreements.kind_of("Contract").read(contract.name)
	assert agreements.level_to_leave([one], Level.HIGH) is Level.HIGH, "nothing is known of its joining"
	request = house.sends(house.maija, reference_doctype="Contract", reference_name=contract.name)
	house.maija.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"it is signed",
	)
	assert agreements.level_to_leave([one], Level.HIGH) is Level.MAIL_CODE
	assert agreements.level_to_leave([one]) is Level.MAIL_CODE


def test_only_somebody_who_can_send_requests_is_responsible(house: House) -> None:
	for responsible in (None, house.users["outsider"]):
		with pytest.raises(frappe.ValidationError):
			settings(terminations_open=1, termination_responsible=responsible)
		frappe.db.rollback()
