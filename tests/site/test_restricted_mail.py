"""A person whose data is restricted gets no mail but what she asks for and what an officer answers for (GDPR 18(2))."""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest
import requests
from asking import OFFICER, STEP, an_officer, as_officer, the
from frappe.utils import add_days, getdate
from house import House, a_contact, another_company, as_program, for_writing, statements_asked, text_of
from test_subject_requests import confirmed

from signflow.services import delivery, letters
from signflow.services import requests as signing
from signflow.services.erasure import ledger
from signflow.services.erasure.planning import LINE
from signflow.services.privacy import restrictions
from signflow.services.subject_requests import carrying_out, decisions, matching
from signflow.signflow.stored_words import said

MAKE = "frappe.core.doctype.communication.email.make"


@pytest.fixture(autouse=True)
def officer(site: str) -> str:
	return an_officer()


@pytest.fixture
def restricted(house: House) -> Iterator[str]:
	"""The request by which Maija's records are restricted."""
	name = confirmed(house, "Restriction")
	with as_officer():
		carrying_out.carry_out(name)
	yield name
	free_again(name)


def free_again(name: str) -> None:
	for_writing()
	frappe.db.set_value("Data Subject Request", name, "restriction_lifted_on", add_days(getdate(), -1))
	frappe.db.commit()
	carrying_out.daily()
	frappe.db.commit()


def contact_of(mail: str) -> str:
	return frappe.db.get_value("Contact Email", {"email_id": mail}, "parent")


def queued_to(mail: str, subject: str) -> list[str]:
	"""The states of the mails in the queue to an address, whose subject holds `subject`."""
	found = frappe.get_all(
		"Email Queue", {"name": ["in", rows_to(mail)]}, ["status", "message"], order_by="creation"
	)
	return [row.status for row in found if subject in row.message]


def written(house: House, persona: str, **mail: Any) -> requests.Response:
	"""What Desk's mail dialog sends, about the house's customer."""
	user = OFFICER if persona == "officer" else house.users.get(persona, persona)
	values = {"doctype": "Customer", "name": house.customer, "content": "Hello", "send_email": 1, **mail}
	answer = as_program(house.web, user).post(f"{house.web}/api/method/{MAKE}", json=values, timeout=60)
	frappe.db.rollback()
	return answer


def by_machine(subject: str, *to: str, about: tuple[str, str] | None = None, **mail: Any) -> Any:
	for_writing()
	doctype, name = about or (None, None)
	row = frappe.sendmail(
		recipients=list(to),
		subject=subject,
		message="Words",
		reference_doctype=doctype,
		reference_name=name,
		**mail,
	)
	frappe.db.commit()
	return row


def notes(name: str) -> list[str]:
	frappe.db.rollback()
	found = frappe.get_all(STEP, {"request": name, "kind": "Note"}, pluck="note", order_by="creation asc")
	return [said(note) for note in found]


# By hand.


@pytest.mark.parametrize("place", ["recipients", "cc", "bcc"])
def test_nobody_writes_to_a_restricted_person_from_desk(house: House, restricted: str, place: str) -> None:
	to = {"recipients": house.matti.mail, place: f"Maija Meri <{house.maija.mail.upper()}>"}
	subject = f"By hand {house.key} {place}"
	answer = written(house, "outsider", subject=subject, **to)
	assert answer.status_code == 417, answer.text[:1000]
	# The number is for those who may read the request.
	assert restricted not in answer.text and house.maija.mail in answer.text
	assert not frappe.db.exists("Communication", {"subject": subject})
	assert not queued_to(house.maija.mail, subject) and not queued_to(house.matti.mail, subject)


def test_whoever_calls_it_a_machines_mail_does_not_reach_her_either(house: House, restricted: str) -> None:
	subject = f"Automated {house.key}"
	both = f"{house.maija.mail}, {house.matti.mail}"
	answer = written(
		house, "outsider", subject=subject, recipients=both, communication_type="Automated Message"
	)
	assert answer.status_code == 200, answer.text[:1000]
	assert not queued_to(house.maija.mail, subject) and queued_to(house.matti.mail, subject)


@pytest.mark.parametrize("name", [None, "DSR-0000"])
def test_no_mail_passes_by_calling_itself_one_about_a_data_request(
	house: House, restricted: str, name: str | None
) -> None:
	subject = f"About nothing {house.key} {name}"
	about = {"doctype": "Data Subject Request", "name": name}
	written(house, "outsider", subject=subject, recipients=house.maija.mail, **about)
	assert not queued_to(house.maija.mail, subject)


def test_others_are_written_to_as_ever(house: House, restricted: str) -> None:
	namesake = f"maija.other.{house.key}@posti.example"
	a_contact("Maija", "Meri", namesake)
	frappe.db.commit()
	subject = f"To others {house.key}"
	answer = written(house, "outsider", subject=subject, recipients=f"{namesake}, {house.matti.mail}")
	assert answer.status_code == 200, answer.text[:1000]
	assert queued_to(namesake, subject) and queued_to(house.matti.mail, subject)


def test_an_officer_is_told_and_then_writes_on_record(house: House, restricted: str) -> None:
	subject = f"By an officer {house.key}"
	mail = {"subject": subject, "recipients": house.maija.mail, "doctype": None, "name": None}
	told = written(house, "officer", **mail)
	assert told.status_code == 417 and restricted in told.text
	assert not notes(restricted)
	assert written(house, "officer", **mail).status_code == 200
	assert queued_to(house.maija.mail, subject)
	assert notes(restricted) == ["An officer wrote to the person all the same."]
	assert frappe.db.get_value(STEP, {"request": restricted, "kind": "Note"}, "by_user") == OFFICER


def test_an_officer_answers_for_the_mail_that_he_was_told_of_alone(house: House, restricted: str) -> None:
	mail = {"recipients": house.maija.mail, "doctype": None, "name": None}
	assert written(house, "officer", subject=f"First {house.key}", **mail).status_code == 417
	assert written(house, "officer", subject=f"Second {house.key}", **mail).status_code == 417
	assert written(house, "officer", subject=f"First {house.key}", **mail).status_code == 200
	assert queued_to(house.maija.mail, f"First {house.key}")


def test_an_officer_of_another_company_does_not_answer(house: House, restricted: str) -> None:
	other = an_officer(f"officer.{house.key}@testi.example", "Sales User")
	for_writing()
	house._insert("User Permission", user=other, allow="Company", for_value=another_company())
	frappe.db.commit()
	for _time in range(2):
		answer = written(house, other, subject=f"Other {house.key}", recipients=house.maija.mail)
		assert answer.status_code == 417 and restricted not in answer.text
	assert not queued_to(house.maija.mail, f"Other {house.key}")


def test_who_has_an_account_in_the_portal_learns_nothing(house: House, restricted: str) -> None:
	mail = {"recipients": house.maija.mail, "doctype": None, "name": None}
	answer = written(house, a_user(house, "portal"), subject=f"Probe {house.key}", **mail)
	assert answer.status_code == 417 and "This mail cannot be sent." in answer.text
	for told in (house.maija.mail, restricted, "estricted"):
		assert told not in answer.text, told


def a_user(house: House, name: str, *roles: str) -> str:
	mail = f"{name}.{house.key}@testi.example"
	for_writing()
	house._insert(
		"User", email=mail, first_name=name, send_welcome_email=0, roles=[{"role": role} for role in roles]
	)
	frappe.db.commit()
	return mail


@pytest.fixture
def kept(house: House) -> Iterator[str]:
	"""The plan of an erasure that keeps Maija's Contact."""
	for_writing()
	record = ("Contact", contact_of(house.maija.mail))
	plan = frappe.get_doc({"doctype": "Erasure Plan", "company": house.company, "status": "Done"})
	plan.name = f"Plan {house.key}"
	plan.db_insert()
	line = {"plan": plan.name, "place": 1, "action": "Keep", "status": "Waiting"}
	line |= {"record_doctype": record[0], "record_name": record[1]}
	line |= {"record_hash": ledger.record_hash(*record)}
	frappe.get_doc({"doctype": LINE, "name": f"Line {house.key}", **line}).db_insert()
	carrying_out.on_erased(plan.name)
	frappe.db.commit()
	yield plan.name
	for_writing()
	frappe.db.delete(LINE, {"plan": plan.name})
	frappe.db.delete("Erasure Plan", {"name": plan.name})
	frappe.db.commit()
	carrying_out.daily()


def test_who_needs_what_is_kept_writes_by_hand(house: House, kept: str) -> None:
	accountant = a_user(house, "accountant", "Accounts User", "Sales User", "Signflow User")
	subject = f"The invoice {house.key}"
	answer = written(house, accountant, subject=subject, recipients=house.maija.mail)
	assert answer.status_code == 200, answer.text[:1000]
	assert queued_to(house.maija.mail, subject) == ["Not Sent"]
	frappe.set_user(accountant)
	try:
		house.sends(house.maija)
	finally:
		frappe.set_user("Administrator")
	assert house.mailbox.wait_for(house.maija.mail, subject="Please sign")
	# Machines do not.
	assert not by_machine(f"Reminder {house.key}", house.maija.mail).recipients


def test_a_mail_about_her_request_goes(house: House, restricted: str) -> None:
	mail = {"subject": f"Request {house.key}", "recipients": house.maija.mail}
	answer = written(house, "officer", doctype="Data Subject Request", name=restricted, **mail)
	assert answer.status_code == 200, answer.text[:1000]
	assert queued_to(house.maija.mail, mail["subject"])


def test_nobody_takes_the_mark_away_by_saving_the_record(house: House, restricted: str) -> None:
	url = f"{house.web}/api/resource/Contact/{contact_of(house.maija.mail)}"
	answer = as_program(house.web, house.users["outsider"]).put(
		url, json={restrictions.FIELD: "", "designation": "Director"}, timeout=60
	)
	assert answer.status_code == 200, answer.text[:1000]
	frappe.db.rollback()
	assert restrictions.stopped([house.maija.mail])


def test_a_renamed_record_is_found(house: House, restricted: str) -> None:
	for_writing()
	frappe.rename_doc("Contact", contact_of(house.maija.mail), f"Renamed {house.key}", force=True)
	frappe.db.commit()
	assert restrictions.stopped([f'"Meri, Maija" <{house.maija.mail}>'])


def test_what_an_erasure_keeps_is_found_by_its_new_name(house: House, kept: str) -> None:
	new = f"Kept {house.key}"
	for_writing()
	frappe.rename_doc("Contact", contact_of(house.maija.mail), new, force=True)
	frappe.db.commit()
	carrying_out.daily()
	assert restrictions.stopped([house.maija.mail])
	line = frappe.db.get_value(LINE, {"plan": kept}, ["record_name", "record_hash"])
	assert line == (new, ledger.record_hash("Contact", new))


def test_what_a_restricted_record_is_merged_into_is_restricted(house: House, restricted: str) -> None:
	for_writing()
	old, new = contact_of(house.maija.mail), a_contact("Maija", "Meri", f"second.{house.key}@posti.example")
	frappe.rename_doc("Contact", old, new, merge=True, force=True)
	frappe.db.commit()
	assert restrictions.stopped([f"second.{house.key}@posti.example"])


# By machines.


def test_machines_leave_her_out_and_say_so_once_a_day(house: House, restricted: str) -> None:
	about = ("Customer", house.customer)
	for number in (1, 2):
		subject = f"Reminder {number} {house.key}"
		row = by_machine(
			subject,
			house.maija.mail,
			house.matti.mail,
			about=about,
			expose_recipients="header",
			cc=[house.maija.mail],
		)
		assert [one.recipient for one in row.recipients] == [house.matti.mail]
		assert house.maija.mail not in row.message and house.maija.mail not in (row.show_as_cc or "")
		delivery.flush(row.name)
		assert house.maija.mail not in str(house.mailbox.wait_for(house.matti.mail, subject=subject)["To"])
	assert notes(restricted) == ["Mails of the site were left out (Customer)."]
	alone = by_machine(f"Alone {house.key}", house.maija.mail, about=about)
	assert not alone.recipients and alone.status == "Error" and "Words" not in alone.message


def test_a_notification_does_not_reach_her(house: House, restricted: str) -> None:
	for_writing()
	notification = frappe.get_doc(
		{
			"doctype": "Notification",
			"name": f"Notify {house.key}",
			"subject": f"Notified {house.key}",
			"document_type": "Contact",
			"event": "Save",
			"channel": "Email",
			"message": "Your record was changed",
			"recipients": [{"receiver_by_document_field": "email_id"}],
		}
	).insert()
	frappe.db.commit()
	try:
		for mail in (house.maija.mail, house.matti.mail):
			for_writing()
			contact = frappe.get_doc("Contact", contact_of(mail))
			contact.designation = "Director"
			contact.save()
			frappe.db.commit()
		assert queued_to(house.matti.mail, f"Notified {house.key}")
		assert not queued_to(house.maija.mail, f"Notified {house.key}")
	finally:
		for_writing()
		notification.delete()
		frappe.db.commit()


def test_what_she_asks_for_herself_goes(house: House, restricted: str) -> None:
	for_writing()
	code = letters.queue_secret(
		house.maija.mail,
		subject="Code",
		template="signflow_visit_code",
		args={"code": "123456", "minutes": 10},
	)
	assert code and frappe.get_doc("Email Queue", code).recipients
	try:
		# Whose code for logging in is mailed is nobody yet.
		for user in ("Guest", None):
			frappe.set_user("Guest")
			frappe.session.user = user
			assert by_machine(f"Code {user} {house.key}", house.maija.mail).recipients
	finally:
		frappe.set_user("Administrator")
	assert not by_machine(f"Newsletter {house.key}", house.maija.mail).recipients
	frappe.db.rollback()


def test_staff_send_her_a_new_password(
	house: House, restricted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	# Frappe's own does not run on SQLite.
	monkeypatch.setattr("frappe.utils.user.get_user_fullname", lambda user: "Staff")
	for_writing()
	user = house._insert("User", email=house.maija.mail, first_name="Maija", send_welcome_email=0)
	user.send_welcome_mail_to_user()
	user.reset_password(send_email=True)
	frappe.db.commit()
	assert len(queued_to(house.maija.mail, "/update-password")) == 2
	# Another's link is no reason.
	for_writing()
	link = frappe.get_doc("User", house.users["outsider"]).reset_password()
	assert not by_machine(link, house.maija.mail).recipients


def rows_to(mail: str) -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Email Queue Recipient", {"recipient": ["like", f"%{mail}%"]}, pluck="parent")


def test_a_restriction_is_one_companys(house: House, restricted: str) -> None:
	for_writing()
	stopped = {
		company: bool(restrictions.stopped([house.maija.mail], ("Lead", a_lead(company))))
		for company in (house.company, another_company())
	}
	assert list(stopped.values()) == [True, False]
	frappe.db.rollback()


def a_lead(company: str) -> str:
	return (
		frappe.get_doc({"doctype": "Lead", "first_name": "Liisa", "company": company})
		.insert(ignore_permissions=True)
		.name
	)


def test_a_shared_mailbox_gets_what_is_about_the_other(house: House, restricted: str) -> None:
	other = a_contact("Pekka", "Puro", house.maija.mail)
	frappe.db.commit()
	hers = contact_of(house.maija.mail)
	assert not restrictions.stopped([house.maija.mail], ("Contact", other))
	assert restrictions.stopped([house.maija.mail], ("Contact", hers if hers != other else ""))
	assert restrictions.stopped([house.maija.mail], ("Customer", house.customer))
	assert restrictions.stopped([house.maija.mail])


def test_suppliers_employees_and_users_are_marked_too(house: House) -> None:
	mail = f"tero.{house.key}@posti.example"
	for_writing()
	user = house._insert("User", email=mail, first_name="Tero", last_name="Tera", send_welcome_email=0)
	supplier = house._insert(
		"Supplier",
		supplier_name=f"Tero {house.key}",
		supplier_type="Individual",
		supplier_group=frappe.db.get_value("Supplier Group", {"is_group": 0}),
	)
	frappe.db.commit()
	name = confirmed(house, "Restriction", mail=mail, person_name="Tero Tera")
	with as_officer():
		if not matching.confirmed(the(name)):
			matching.choose(name, "User", user.name, "His log-in.")
		matching.choose(name, "Supplier", supplier.name, "He told us.")
		carrying_out.carry_out(name)
	frappe.db.rollback()
	for doctype, record in (("User", user.name), ("Supplier", supplier.name)):
		assert frappe.db.get_value(doctype, record, restrictions.FIELD) == house.company, doctype
	assert restrictions.stopped([mail.upper()])
	free_again(name)
	assert not frappe.db.get_value("User", user.name, restrictions.FIELD)


def test_a_mail_asks_nothing_more_while_nothing_is_restricted(house: House) -> None:
	restrictions.MARKED.members()
	frappe.cache.delete_value(restrictions.MARKED.key)
	restrictions.MARKED.add([""])
	with statements_asked() as asked:
		assert not restrictions.stopped([house.maija.mail], ("Customer", house.customer))
	assert not asked
	frappe.cache.delete_value(restrictions.MARKED.key)


def test_a_mail_asks_as_much_however_many_are_restricted(house: House, restricted: str) -> None:
	asked = {}
	for marked in (0, 1200):
		restrictions.MARKED.add([f"Contact\nNobody {house.key} {number}" for number in range(marked)])
		restrictions.stopped([house.maija.mail])
		with statements_asked() as statements:
			stopped = restrictions.stopped([house.maija.mail], ("Customer", house.customer))
			assert carrying_out.requests_of(set().union(*stopped.values()))
		asked[marked] = len(statements)
	frappe.cache.delete_value(restrictions.MARKED.key)
	assert asked[1200] <= asked[0] <= 20, asked


def test_a_migration_marks_what_is_restricted(house: House, restricted: str) -> None:
	contact = contact_of(house.maija.mail)
	for_writing()
	frappe.db.set_value("Contact", contact, restrictions.FIELD, None)
	frappe.db.commit()
	for hook in frappe.get_hooks("after_migrate"):
		if "carrying_out" in hook or "restrictions" in hook:
			frappe.get_attr(hook)()
	assert frappe.db.get_value("Contact", contact, restrictions.FIELD) == house.company
	assert restrictions.stopped([house.maija.mail])


# Signing.


def test_a_restricted_signer_is_not_reminded_and_keeps_the_link(house: House) -> None:
	request = house.sends(house.maija)
	house.maija.opens()
	name = confirmed(house, "Restriction")
	with as_officer():
		carrying_out.carry_out(name)
	signer = frappe.db.get_value("Signature Request Signer", {"request": request.name})
	for_writing()
	before = frappe.db.get_value("Signature Request Signer", signer, "token_hash")
	signing.remind_signer(signer)
	frappe.db.rollback()
	row = frappe.get_doc("Signature Request Signer", signer)
	assert row.token_hash == before and row.delivery_status == "Failed" and "restricted" in row.delivery_note
	assert not queued_to(house.maija.mail, "Reminder")
	assert any("Signature Request Signer" in note for note in notes(name))
	# With the link that she has she signs, by a code that she asks for.
	house.maija.identifies()
	house.maija.signs()
	with pytest.raises(frappe.ValidationError, match=name):
		house.sends(house.maija)
	frappe.db.rollback()
	free_again(name)


# Objection.


def weighed(house: House, *, restrict: bool = False) -> str:
	name = confirmed(house, "Objection", objection_scope="Other Processing", details="I mind it.")
	with as_officer():
		if restrict:
			carrying_out.carry_out(name)
		with pytest.raises(frappe.ValidationError, match="came of the objection"):
			decisions.complete(name, "We have weighed it.")
		frappe.db.rollback()
	return name


@pytest.mark.parametrize("restrict", [False, True])
def test_an_objection_that_is_upheld_stops_the_processing(house: House, restrict: bool) -> None:
	name = weighed(house, restrict=restrict)
	with as_officer():
		decisions.complete(name, "You are right.", weighed="Objection Upheld")
	doc = the(name)
	assert (doc.status, doc.weighed) == ("Done", "Objection Upheld")
	assert doc.restricted_on and not doc.restriction_lifted_on
	told = text_of(house.mailbox.wait_for(house.maija.mail, subject="Your data request is done"))
	assert "We have stopped what you objected to" in told and "You are right." in told
	carrying_out.daily()
	assert restrictions.stopped([house.maija.mail])
	free_again(name)


def test_compelling_grounds_end_the_restriction_and_the_person_is_told(house: House) -> None:
	name = weighed(house, restrict=True)
	with as_officer():
		decisions.complete(name, "Fraud is looked into.", weighed="Compelling Grounds")
	doc = the(name)
	assert doc.status == "Done" and getdate(doc.restriction_lifted_on) == add_days(getdate(), 1)
	told = text_of(house.mailbox.wait_for(house.maija.mail, subject="Your data request is done"))
	assert "compelling grounds" in told and "complain" in told and "Fraud is looked into." in told
	assert restrictions.stopped([house.maija.mail])
	free_again(name)
	assert not restrictions.stopped([house.maija.mail])
