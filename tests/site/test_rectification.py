"""What is wrong is put right in every copy, what happened keeps what it said, and recipients are told (GDPR 16, 19)."""

import frappe
import pytest
from asking import an_officer
from house import House, another_company, for_writing, text_of
from planted import Planted
from test_register import an_activity
from test_subject_access import a_request

from signflow.services.subject_requests import decisions, next_steps, recipients, records, rectifying

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def she(kept_house: House) -> Planted:
	frappe.set_user("Administrator")
	made = Planted(kept_house)
	made.plant()
	for_writing()
	for name in ("Female", "Male"):
		if not frappe.db.exists("Gender", name):
			frappe.get_doc({"doctype": "Gender", "gender": name}).insert()
	frappe.db.commit()
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


def test_a_day_and_a_choice_are_put_right_as_a_whole(she: Planted, request_: str) -> None:
	for_writing()
	frappe.db.set_value("User", she.user, {"birth_date": "1980-02-01", "gender": "Female"})
	for doctype, name in (("Contact", she.hers), ("Customer", she.customer), ("Contact", she.namesake)):
		frappe.db.set_value(doctype, name, "gender", "Female")
	frappe.db.set_value("Customer", she.customer, "docstatus", 1)
	frappe.db.commit()
	wrong = [
		{"kind": "Date", "old": "1980-02-01", "new": "1981-12-24"},
		{"kind": "Choice", "old": "female", "new": "male"},
	]
	places = rectifying.propose(request_, wrong)
	told = {
		(one["doctype"], one["field"]): one for one in rectifying.shown(places) if one["name"] != she.namesake
	}
	born = told["User", "Birth Date"]
	assert (born["present"], born["proposed"]) == tuple(
		map(frappe.utils.formatdate, ("1980-02-01", "1981-12-24"))
	)
	assert born["advice"] == told["Contact", "Gender"]["advice"] == rectifying.CHANGE
	assert told["Contact", "Gender"]["proposed"] == "Male"
	assert told["Customer", "Gender"]["advice"] == rectifying.KEEP
	assert not [one for one in places if one.name == she.namesake and one.advice == rectifying.CHANGE]
	answer = rectifying.apply(request_, wrong, [one.id for one in places if one.advice == rectifying.CHANGE])
	assert answer["refused"] == [] and answer["changed"] == 0
	assert str(frappe.db.get_value("User", she.user, "birth_date")) == "1981-12-24"
	assert frappe.db.get_value("Contact", she.hers, "gender") == "Male"
	assert frappe.db.get_value("Customer", she.customer, "gender") == "Female"
	frappe.db.set_value("Customer", she.customer, "docstatus", 0)
	frappe.db.commit()
	# What is none of a field's choices is shown and not set; a day is a day.
	(none, *_others) = rectifying.propose(
		request_, [{"kind": "Choice", "old": "Male", "new": "Nobody knows"}]
	)
	assert (none.advice, none.because) == (rectifying.KEEP, "It is none of the choices that there are.")
	with pytest.raises(frappe.ValidationError, match="as a date"):
		rectifying.propose(request_, [{"kind": "Date", "old": "1.2.1980", "new": "1981-12-24"}])


def test_what_her_own_records_lack_is_completed(she: Planted, request_: str) -> None:
	for_writing()
	frappe.db.set_value("User", she.user, "birth_date", None)
	frappe.db.set_value("Contact", she.hers, {"gender": None, "middle_name": None})
	frappe.db.set_value("Contact", she.namesake, {"gender": None})
	frappe.db.commit()
	lacking = [{"kind": "Date", "new": "1980-02-01"}, {"kind": "Choice", "old": "", "new": "Female"}]
	places = rectifying.propose(request_, lacking)
	confirmed = {
		(row.record_doctype, row.record_name)
		for row in frappe.get_doc("Data Subject Request", request_).persons
	}
	assert {(one.doctype, one.name) for one in places} <= confirmed
	# An officer says which of the empty fields is meant.
	assert {one.advice for one in places} == {rectifying.DECIDE} and {one.present for one in places} == {""}
	shown = {(one.doctype, one.fieldname): one for one in places}
	meant = [shown["User", "birth_date"].id, shown["Contact", "gender"].id]
	assert rectifying.apply(request_, lacking, meant)["done"] == 2
	assert str(frappe.db.get_value("User", she.user, "birth_date")) == "1980-02-01"
	assert frappe.db.get_value("Contact", she.hers, "gender") == "Female"
	assert {one.fieldname for one in rectifying.propose(request_, [{"kind": "Name", "new": "Kaarina"}])} >= {
		"middle_name"
	}
	with pytest.raises(frappe.ValidationError):
		rectifying.propose(request_, [{"kind": "Name", "old": "", "new": ""}])


def test_a_correction_is_complete_only_when_an_officer_says_so(she: Planted, request_: str) -> None:
	for_writing()
	frappe.db.set_value("Lead", she.lead, {"email_id": she.mail, "job_title": "Kauppias"})
	frappe.db.commit()
	new = {"Email": f"oikea.{she.house.key}@posti.example", "Other": "Yrittäjä"}
	wrong = [
		{"kind": "Email", "old": she.mail, "new": new["Email"]},
		{"kind": "Other", "old": "Kauppias", "new": new["Other"]},
	]
	# What was not corrected says nothing on the request, and does not make it done.
	assert rectifying.apply(request_, wrong, ["0" * 32])["done"] == 0
	assert next_steps.next_step(frappe.get_doc("Data Subject Request", request_))["step"] == "correct"
	mine = [one.id for one in rectifying.propose(request_, wrong) if one.doctype == "Lead"]
	assert rectifying.apply(request_, wrong, mine)["done"] == len(mine) == 2
	assert rectifying.corrected_so_far(request_) == [
		"Mail address, places corrected: 1",
		"Other words, places corrected: 1",
	]
	assert not [
		row.note for row in records.steps(request_) if any(value in row.note for value in new.values())
	]
	recipients.list_up(request_)
	for row in recipients.of_request(request_):
		recipients.waive(row.name, "It never had her data.")
	with pytest.raises(frappe.ValidationError, match="everything that was asked for"):
		decisions.complete(request_, "Your address is right now.")
	frappe.db.rollback()
	decisions.complete(request_, "Your address is right now.", all_corrected=True)
	notes = [row.note for row in records.steps(request_)]
	assert "Everything that was asked for is corrected, or the answer says why not." in notes
	for_writing()
	frappe.db.set_value("Lead", she.lead, "email_id", she.mail)
	frappe.db.commit()


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
