"""What is wrong is put right in every copy, what happened keeps what it said, and recipients are told (GDPR 16, 19)."""

import frappe
import pytest
from asking import an_officer
from house import House, another_company, for_writing, text_of
from planted import Planted
from test_register import an_activity
from test_subject_access import a_request

from signflow.services.subject_requests import recipients, records, rectifying

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def she(kept_house: House) -> Planted:
	frappe.set_user("Administrator")
	made = Planted(kept_house)
	made.plant()
	return made


@pytest.fixture
def request_(she: Planted) -> str:
	frappe.db.rollback()
	frappe.set_user("Administrator")
	return a_request(she, request_type="Rectification")


def test_a_new_address_reaches_every_copy_and_nobody_else(she: Planted, request_: str) -> None:
	for_writing()
	frappe.db.set_value("Sales Invoice", she.invoice, {"docstatus": 1, "contact_email": she.mail})
	issue = next(name for doctype, name in she.certain if doctype == "Issue")
	frappe.db.commit()
	new = f"uusi.{she.house.key}@posti.example"
	wrong = [{"kind": "Email", "old": she.mail.upper(), "new": new}]
	places = rectifying.propose(request_, wrong)
	shown = {(one.doctype, one.name): one for one in places}
	assert ("Contact", she.hers) in shown and ("Lead", she.lead) in shown and ("Issue", issue) in shown
	assert shown["Lead", she.lead].proposed == new
	assert shown["Sales Invoice", she.invoice].advice == rectifying.KEEP
	assert {one.advice for one in places if one.doctype == "Communication"} == {rectifying.KEEP}
	# Somebody else's longer address that ends like hers, and a namesake's, are not among them.
	assert not [one for one in places if f"anna-{she.mail}" in one.present or one.name == she.namesake]

	chosen = [one.id for one in places if one.advice == rectifying.CHANGE]
	with pytest.raises(frappe.ValidationError, match="keeps what it said"):
		rectifying.apply(request_, wrong, [shown["Sales Invoice", she.invoice].id])
	answer = rectifying.apply(request_, wrong, [*chosen, "0" * 32])
	# What ERPNext itself does not save (a planted draft lacks most of an invoice) is told, and nothing else.
	assert {one["doctype"] for one in answer["refused"]} <= {"Sales Invoice"}, answer
	assert answer["done"] + len(answer["refused"]) == len(chosen) and answer["changed"] == 1
	contact = frappe.get_doc("Contact", she.hers)
	assert new in {row.email_id for row in contact.email_ids} and contact.email_id == new
	assert frappe.db.get_value("Lead", she.lead, "email_id") == new
	assert frappe.db.get_value("Issue", issue, "raised_by") == new
	assert frappe.db.get_value("Sales Invoice", she.invoice, "contact_email") == she.mail
	# Again: what is done is done, and nothing is left to change.
	left = [one for one in rectifying.propose(request_, wrong) if one.advice == rectifying.CHANGE]
	assert len(left) == len(answer["refused"])
	log = frappe.get_all(
		"Personal Data Access", {"kind": "Change"}, ["counts"], order_by="creation desc", limit=1
	)
	assert "Contact" in log[0].counts and she.mail not in log[0].counts


def test_what_changed_meanwhile_is_not_overwritten(she: Planted, request_: str) -> None:
	wrong = [{"kind": "Name", "old": she.name, "new": f"Maija Salo{she.house.key}"}]
	place = next(one for one in rectifying.propose(request_, wrong) if one.doctype == "Lead")
	for_writing()
	frappe.db.set_value("Lead", she.lead, "lead_name", f"Maija K Meri{she.house.key}")
	frappe.db.commit()
	answer = rectifying.apply(request_, wrong, [place.id])
	assert (answer["done"], answer["changed"]) == (0, 1)
	assert frappe.db.get_value("Lead", she.lead, "lead_name") == f"Maija K Meri{she.house.key}"


@pytest.mark.parametrize(
	"wrong", [[], [{"kind": "Name", "old": "M"}], [{"kind": "Anything", "old": "Meri"}], [{}]]
)
def test_too_little_is_refused(request_: str, wrong: list[dict[str, str]]) -> None:
	with pytest.raises(frappe.ValidationError):
		rectifying.propose(request_, wrong)


def test_recipients_are_told_and_answer_or_are_waived(she: Planted, request_: str) -> None:
	house = she.house
	for_writing()
	mail = f"privacy.{house.key}@processor.example"
	processor = house._insert(
		"Data Processor",
		processor_name=f"Mailer {house.key}",
		company=house.company,
		contact_email=mail,
		services="Mails",
	)
	an_activity(house.company, processors=[{"processor": processor.name}])
	(notice, *_others) = recipients.list_up(request_)
	assert recipients.list_up(request_) == []
	extra = recipients.add(request_, "The debt collector")
	assert len(recipients.unsettled(request_)) >= 2
	with pytest.raises(frappe.ValidationError, match="no mail address"):
		recipients.tell(extra, "Delete all of Maija Meri, please.")
	notice = frappe.get_all(
		recipients.NOTICE, {"request": request_, "processor": processor.name}, pluck="name"
	)[0]
	recipients.tell(notice, f"The mail address of {she.name} is now another one: correct it.")
	message = house.mailbox.wait_for(mail, subject="Personal data that you have from us")
	assert she.name in text_of(message) and request_ in text_of(message)
	with pytest.raises(frappe.ValidationError, match="not answered"):
		records.finish(request_, "Corrected.")
	frappe.db.rollback()
	recipients.answered(notice, "Done on Monday.")
	recipients.waive(extra, "It has deleted everything in 2024.")
	for row in recipients.of_request(request_):
		if row.status == "To Tell":
			recipients.waive(row.name, "It never had her data.")
	assert recipients.unsettled(request_) == []
	assert records.finish(request_, "Corrected.").status == "Done"
	frappe.db.commit()
	with pytest.raises(frappe.ValidationError, match="settled"):
		recipients.waive(notice, "Again")
	frappe.db.delete("Processing Activity Processor", {"processor": processor.name})
	frappe.db.commit()


def test_nobody_is_reminded_of_another_companys_recipients(she: Planted, request_: str) -> None:
	here, elsewhere = f"here.{she.house.key}@testi.example", f"elsewhere.{she.house.key}@testi.example"
	notice = recipients.add(request_, "The debt collector")
	recipients.told(notice)
	for_writing()
	frappe.db.set_value(recipients.NOTICE, notice, "told_on", "2026-01-01 12:00:00")
	other = another_company()
	for mail, company in ((here, she.house.company), (elsewhere, other)):
		an_officer(mail)
		limit = {"doctype": "User Permission", "user": mail, "allow": "Company", "for_value": company}
		frappe.get_doc(limit).insert()
	frappe.db.commit()
	recipients.remind()
	told = frappe.get_all("Notification Log", {"document_name": request_}, pluck="for_user")
	for_writing()
	frappe.db.delete("User Permission", {"user": ["in", (here, elsewhere)]})
	frappe.db.commit()
	assert here in told and elsewhere not in told


def test_officers_alone_tell_and_correct(she: Planted, request_: str) -> None:
	frappe.set_user(she.house.users["owner"])
	try:
		for verb in (
			lambda: recipients.list_up(request_),
			lambda: recipients.add(request_, "Somebody"),
			lambda: rectifying.propose(request_, [{"kind": "Name", "old": she.name}]),
			lambda: rectifying.apply(request_, [{"kind": "Name", "old": she.name}], []),
		):
			with pytest.raises(frappe.PermissionError):
				verb()
	finally:
		frappe.set_user("Administrator")
