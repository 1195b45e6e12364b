"""A consumer withdraws: stated without a log-in, receipted at once, matched for staff alone; and attacks on that."""

import threading
from typing import Any

import frappe
import pytest
from frappe.utils import add_days, get_datetime, getdate, now_datetime
from house import House, Signer, for_writing, row_of, text_of
from leaving import Visitor, a_contract
from stage import eventually

from signflow.services import submissions, withdrawal_rights, withdrawals


@pytest.fixture
def shop(house: House) -> House:
	"""A house; what was counted before does not count."""
	frappe.cache.delete_keys("signflow:count:")
	return house


def a_consumer_contract(house: House, person: Signer, *, days_ago: int = 0, **values: Any) -> Any:
	"""A Form Submission of a consumer's form, signed and complete, with the Contract that it made."""
	request = house.sends(person)
	person.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"the request is complete",
	)
	contract = a_contract(house, start_date=getdate())
	for_writing()
	form = _form(house)
	signed = add_days(now_datetime(), -days_ago)
	frappe.db.set_value("Signature Request Signer", row_of(request.name, person).name, "signed_on", signed)
	frappe.db.set_value("Signature Request", request.name, "completed_on", signed)
	row = frappe.new_doc("Form Submission")
	row.update(
		{
			"form": form,
			"status": "Completed",
			"request": request.name,
			"contract": contract.name,
			"customer": house.customer,
			"signed_on": signed,
			**values,
		}
	)
	submissions.write(row)
	frappe.db.commit()
	return row


def _form(house: House) -> str:
	title = f"Order {house.key}"
	if frappe.db.exists("Signable Form", title):
		return title
	web_form = frappe.get_doc(
		{
			"doctype": "Web Form",
			"title": title,
			"doc_type": "Lead",
			"route": f"order-{house.key}",
			"module": "Signflow",
			"published": 0,
			"is_standard": 0,
			"web_form_fields": [
				{"fieldname": "first_name", "fieldtype": "Data", "label": "Name"},
				{"fieldname": "email_id", "fieldtype": "Data", "label": "Mail"},
			],
		}
	).insert(ignore_permissions=True)
	form = frappe.get_doc(
		{
			"doctype": "Signable Form",
			"title": title,
			"web_form": web_form.name,
			"company": house.company,
			"responsible": house.users["owner"],
			"signer_name_field": "first_name",
			"signer_email_field": "email_id",
			"consumer_contract": 1,
			"withdrawal_days": 14,
			"status": "Closed",
		}
	)
	return form.insert(ignore_permissions=True).name


def found(reference: str) -> Any:
	"""The statement once a worker has looked for its contract."""
	return eventually(
		lambda: not (doc := frappe.get_doc("Contract Withdrawal", reference)).match_due and doc,
		"it is matched",
	)


def test_a_consumer_withdraws_in_two_steps(shop: House) -> None:
	row = a_consumer_contract(shop, shop.maija)
	visitor = Visitor(shop)
	values = {"person_name": " Maija  Meri ", "contract_reference": row.request, "email": shop.maija.mail}
	shown = visitor.answer("withdrawals.review", **values, message="It does not work here.")
	assert shown["person_name"] == "Maija Meri"
	assert not frappe.db.exists("Contract Withdrawal", {"email": shop.maija.mail}), "nothing is kept yet"
	receipt = visitor.states(**shown)
	mail = shop.mailbox.wait_for(shop.maija.mail, subject=f"Receipt: your withdrawal {receipt['reference']}")
	for part in ("I withdraw from the contract", "Maija Meri", row.request, "It does not work here."):
		assert part in receipt["statement"] and part in text_of(mail).replace("\u2060", "")
	assert receipt["mailed"] is True and receipt["stated_on"].endswith("+00:00")

	doc = found(receipt["reference"])
	assert (doc.status, doc.timeliness, doc.request, doc.submission, doc.contract, doc.customer) == (
		"Matched",
		"In Time",
		row.request,
		row.name,
		row.contract,
		shop.customer,
	)
	todo = frappe.get_all(
		"ToDo",
		filters={"reference_type": doc.doctype, "reference_name": doc.name},
		fields=["allocated_to", "date"],
		order_by="creation asc",
	)
	assert [(one.allocated_to, getdate(one.date)) for one in todo] == [
		(shop.users["owner"], add_days(getdate(), 14))
	]
	office = shop.as_user("owner")
	answer = office.post(
		f"{shop.web}/api/method/signflow.api.withdrawals.accept", json={"name": doc.name}, timeout=60
	)
	assert answer.status_code == 200, answer.text[:1000]
	frappe.db.rollback()
	doc.reload()
	assert doc.status == "Accepted" and doc.handled_by == shop.users["owner"] and doc.handled_on
	assert frappe.db.get_value("Form Submission", row.name, "status") == "Cancelled"
	assert frappe.db.get_value("Contract", row.contract, "status") == "Inactive"
	assert getdate(frappe.db.get_value("Contract", row.contract, "end_date")) == getdate()


def test_a_statement_that_matches_nothing_is_receipted_alike(shop: House) -> None:
	row = a_consumer_contract(shop, shop.maija)
	visitor = Visitor(shop)
	stranger = f"stranger.{shop.key}@posti.example"
	mine = visitor.states(contract_reference=row.request, email=shop.maija.mail)
	other = visitor.states(contract_reference=row.request, email=stranger)
	assert set(mine) == set(other) and mine["mailed"] == other["mailed"] is True
	shop.mailbox.wait_for(stranger, subject="Receipt: your withdrawal")
	assert found(mine["reference"]).status == "Matched"
	doc = found(other["reference"])
	assert doc.status == "New" and not doc.request and not doc.customer, "a number alone matches nothing"


def test_who_wants_no_mail_of_the_site_gets_the_receipt(shop: House) -> None:
	"""Directive (EU) 2023/2673, 11a(4): it is sent without delay, and its reader has asked for it himself."""
	mail = f"unsubscribed.{shop.key}@posti.example"
	for_writing()
	frappe.get_doc({"doctype": "Email Unsubscribe", "email": mail, "global_unsubscribe": 1}).insert()
	frappe.db.commit()
	assert Visitor(shop).states(contract_reference="my router", email=mail)["mailed"] is True
	shop.mailbox.wait_for(mail, subject="Receipt: your withdrawal")


def test_the_only_contract_needs_no_number_and_a_late_statement_is_kept(shop: House) -> None:
	row = a_consumer_contract(shop, shop.matti, days_ago=30)
	doc = found(Visitor(shop).states(contract_reference="the router", email=shop.matti.mail)["reference"])
	assert (doc.request, doc.status, doc.timeliness) == (row.request, "Matched", "Too Late")
	frappe.set_user(shop.users["colleague"])
	with pytest.raises(frappe.PermissionError):
		withdrawals.close(doc.name, "Too Late", "Too late, told by mail.")
	frappe.set_user(shop.users["manager"])
	with pytest.raises(frappe.ValidationError):
		withdrawals.close(doc.name, "Too Late", " ")
	withdrawals.close(doc.name, "Too Late", "Too late, told by mail.")
	with pytest.raises(frappe.ValidationError, match="already"):
		withdrawals.accept(doc.name)
	frappe.set_user("Administrator")
	assert frappe.db.get_value("Form Submission", row.name, "status") == "Completed"


def test_staff_says_which_contract_it_is(shop: House) -> None:
	row = a_consumer_contract(shop, shop.maija)
	doc = found(
		Visitor(shop).states(contract_reference="my order", email=f"other.{shop.key}@posti.example")[
			"reference"
		]
	)
	assert doc.status == "New"
	with pytest.raises(frappe.ValidationError):
		withdrawals.accept(doc.name)
	withdrawals.match_by_hand(doc.name, row.request)
	doc.reload()
	assert doc.status == "Matched" and doc.contract == row.contract and doc.timeliness == "In Time"


def test_sending_the_same_page_twice_makes_one_statement(shop: House) -> None:
	visitor = Visitor(shop)
	values = {"page_key": frappe.generate_hash(length=32), "email": shop.maija.mail}
	answers: list[dict] = []
	threads = [
		threading.Thread(target=lambda: answers.append(visitor.states(**values))) for _turn in range(4)
	]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert len({answer["reference"] for answer in answers}) == 1 and len(answers) == 4
	assert frappe.db.count("Contract Withdrawal", {"email": shop.maija.mail}) == 1
	shop.mailbox.wait_for(shop.maija.mail, subject="Receipt")
	assert len(shop.mailbox.all(shop.maija.mail)) == 1


def test_a_strangers_mailbox_is_not_filled(shop: House) -> None:
	visitor = Visitor(shop)
	mailed = [visitor.states(email=shop.maija.mail)["mailed"] for _turn in range(7)]
	assert mailed == [True] * 5 + [False] * 2
	assert frappe.db.count("Contract Withdrawal", {"email": shop.maija.mail}) == 7, "every statement is kept"


@pytest.mark.parametrize(
	("values", "field"),
	[
		({"person_name": " "}, "person_name"),
		({"contract_reference": "x"}, "contract_reference"),
		({"email": "a@b.fi, c@d.fi"}, "email"),
		({"email": "Maija <a@b.fi>"}, "email"),
		({"email": ""}, "email"),
		({"message": "x" * 2001}, "message"),
		({"person_name": "x" * 141}, "person_name"),
		({"trap": "http://spam.example"}, None),
		({"page_key": "short"}, None),
	],
)
def test_what_is_not_complete_is_refused(shop: House, values: dict, field: str | None) -> None:
	right = {
		"page_key": "k" * 32,
		"person_name": "Maija Meri",
		"contract_reference": "my router",
		"email": shop.maija.mail,
	}
	error = Visitor(shop).refused("withdrawals.confirm", **{**right, **values})
	assert error["code"] == "invalid_input" and error.get("field") == field
	assert not frappe.db.exists("Contract Withdrawal", {"page_key": right["page_key"]})


def test_an_address_that_is_not_whole_is_told_from_none(shop: House) -> None:
	right = {"page_key": "k" * 32, "person_name": "Maija Meri", "contract_reference": "my router"}
	told = {
		mail: Visitor(shop).refused("withdrawals.confirm", email=mail, **right)["text"]
		for mail in ("", "m@posti")
	}
	assert "not a whole mail address" in told["m@posti"] and "not a whole" not in told[""]


def test_a_mail_to_a_stranger_carries_no_link_and_no_markup_of_the_asker(shop: House) -> None:
	evil = "<a href='https://evil.example/x'>Win</a> http://evil.example www.evil.example {{ 7*7 }} [x](http://evil.example)"
	receipt = Visitor(shop).states(
		email=shop.maija.mail, person_name="Win at evil.example", contract_reference=evil, message=evil
	)
	mail = shop.mailbox.wait_for(shop.maija.mail, subject="Receipt")
	for part in mail.walk():
		if part.get_content_maintype() != "text":
			continue
		text = part.get_content()
		assert "evil.example" not in text and "href='https://evil" not in text, text
		assert shop.maija.mail in text, "her own address can be copied"
		assert "{{ 7*7 }}" in text.replace("\u2060", "") or part.get_content_subtype() == "plain"
	doc = frappe.get_doc("Contract Withdrawal", receipt["reference"])
	assert "<" not in doc.contract_reference + doc.message


def test_what_was_stated_is_never_changed(shop: House) -> None:
	doc = found(Visitor(shop).states(email=shop.maija.mail)["reference"])
	doc.note = "x"
	with pytest.raises(frappe.PermissionError):
		doc.save(ignore_permissions=True)
	doc.reload()
	doc.person_name = "Somebody Else"
	doc.flags.signflow = True
	with pytest.raises(frappe.PermissionError):
		doc.save(ignore_permissions=True)
	with pytest.raises(frappe.PermissionError):
		frappe.delete_doc(doc.doctype, doc.name, ignore_permissions=True)
	with pytest.raises(frappe.PermissionError):
		frappe.get_doc({"doctype": doc.doctype, "person_name": "Nobody"}).insert()


def test_the_link_is_there_as_long_as_the_right(shop: House) -> None:
	row = a_consumer_contract(shop, shop.maija)
	request = frappe.get_doc("Signature Request", row.request)
	assert withdrawal_rights.withdrawal_link(request) == f"/withdraw?lang=en&ref={request.name}"
	request.db_set("completed_on", add_days(now_datetime(), -30))
	assert withdrawal_rights.withdrawal_link(request) is None
	plain = shop.sends(shop.matti)
	assert withdrawal_rights.withdrawal_link(plain) is None, "no consumer's form"


@pytest.mark.parametrize(
	("concluded", "until"),
	[
		("2026-06-05", "2026-06-22"),  # Midsummer Eve, a weekend
		("2026-03-20", "2026-04-07"),  # Good Friday to Easter Monday
		("2026-11-09", "2026-11-23"),
	],
)
def test_a_period_ends_on_a_finnish_working_day(shop: House, concluded: str, until: str) -> None:
	for_writing()
	country = frappe.db.get_value("Company", shop.company, "country")
	frappe.db.set_value("Company", shop.company, "country", "Finland")
	assert withdrawal_rights.last_day(getdate(concluded), 14, shop.company) == getdate(until)
	frappe.db.set_value("Company", shop.company, "country", country)
	frappe.db.commit()


def test_a_killed_worker_leaves_nothing_unmatched(shop: House) -> None:
	receipt = Visitor(shop).states(email=shop.maija.mail)
	found(receipt["reference"])
	for_writing()
	frappe.db.set_value("Contract Withdrawal", receipt["reference"], "match_due", 1)
	frappe.db.commit()
	withdrawals.sweep()
	assert get_datetime(found(receipt["reference"]).stated_on) <= now_datetime()
