"""The record of processing activities and the agreements with processors."""

from typing import Any

import frappe
import pytest
import requests
from frappe.utils import add_days, nowdate
from house import TIMEOUT, House, another_company, as_program, for_writing
from stage import eventually
from test_templates import words_of

from signflow.services.privacy import activities, processors
from signflow.services.privacy.usual_activities import USUAL
from signflow.services.templates import render_document

pytestmark = pytest.mark.timeout(300)


def an_activity(company: str, **values: Any) -> Any:
	"""An active processing activity of a company."""
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Processing Activity",
			"company": company,
			"title": "Boat rental",
			"status": "Active",
			"purpose": "To rent out boats & oars.",
			"ground": "Contract",
			"persons": "Renters",
			"retention": "Two summers.",
			"data": [{"holds": "Name"}, {"holds": "Email"}],
			"doctypes": [{"document_type": "Customer"}],
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return doc


def test_the_usual_activities_are_added_once_for_each_controller(house: House) -> None:
	first, second = another_company(f"Toinen {house.key}a Oy"), another_company(f"Toinen {house.key}b Oy")
	for_writing()
	made = activities.add_usual(first)
	frappe.db.commit()
	assert len(made) == len(USUAL) == 10
	docs = [frappe.get_doc("Processing Activity", name) for name in made]
	assert {doc.status for doc in docs} == {"Draft"} and {doc.company for doc in docs} == {first}
	assert all(doc.ground and doc.purpose and doc.retention and doc.data and doc.measures for doc in docs)
	for_writing()
	docs[0].update({"title": "Renamed", "status": "Ended"})
	docs[0].save()
	assert activities.add_usual(first) == []
	assert len(activities.add_usual(second)) == 10
	frappe.db.commit()
	assert frappe.db.count("Processing Activity", {"company": first}) == 10
	for doc in docs[1:]:
		doc.reload()
		doc.update({"status": "Active"})
		doc.save()  # complete enough to be made active as it is
	frappe.db.rollback()


@pytest.mark.parametrize(
	("lacks", "said"),
	[
		({"ground": None}, "on which ground"),
		({"ground": "Legitimate Interests"}, "balancing test"),
		({"data": []}, "which data"),
		({"data": [{"holds": "Special Category"}]}, "GDPR 9"),
	],
)
def test_an_activity_without_its_ground_is_not_made_active(house: House, lacks: dict, said: str) -> None:
	with pytest.raises(frappe.ValidationError, match=said):
		an_activity(house.company, **lacks)
	frappe.db.rollback()


def test_the_record_is_printed_for_one_controller_in_each_language(house: House) -> None:
	first, second = another_company(f"Toinen {house.key}a Oy"), another_company(f"Toinen {house.key}b Oy")
	an_activity(first)
	an_activity(second, title="Secret plans")
	for language in ("en", "fi", "sv"):
		title, pdf = activities.print_register(first, language)
		words = words_of(pdf)
		assert title in words and "Boat rental" in words and "boats & oars" in words and first in words
		assert "Secret plans" not in words and "{" not in words and "None" not in words
	url = f"{house.web}/api/method/signflow.api.register.print_register"
	manager = as_program(house.web, house.users["manager"])
	answer = manager.get(url, params={"company": first}, timeout=TIMEOUT)
	assert answer.status_code == 200 and answer.content.startswith(b"%PDF")
	for user in ("owner", "outsider"):
		refused = as_program(house.web, house.users[user]).get(
			url, params={"company": first}, timeout=TIMEOUT
		)
		assert refused.status_code == 403
	assert requests.get(url, params={"company": first}, timeout=TIMEOUT).status_code == 403


def a_processor(house: House, **values: Any) -> Any:
	"""A processor of the house's company, with its signatories."""
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Data Processor",
			"processor_name": f"Pilvi {house.key} Oy",
			"company": house.company,
			"services": "Keeps the site on its servers",
			"location": "Helsinki",
			"responsible": house.users["manager"],
			"signatory_name": house.maija.name,
			"signatory_email": house.maija.mail,
			"contact_name": house.matti.name,
			"contact_email": house.matti.mail,
			"further": [{"processor_name": "Konesali & Pojat", "task": "Power", "location": "Oulu"}],
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return doc


def told(doc: Any) -> list[str]:
	return frappe.get_all(
		"Notification Log",
		{"document_type": doc.doctype, "document_name": doc.name},
		pluck="subject",
		order_by="creation asc, name asc",
	)


def test_the_agreement_with_a_processor_says_all_that_the_law_demands(house: House) -> None:
	doc = a_processor(house)
	for_writing()
	template = frappe.get_doc("Signature Template", processors.ready_template())
	frappe.db.commit()
	cited = {
		"en": ("28(3)({})", "28(2)", "33(2)"),
		"fi": ("28artiklan3kohdan{}alakoh", "28artiklan2", "33artiklan2"),
		"sv": ("28.3{}", "28.2", "33.2"),
	}
	for language, (letters, *others) in cited.items():
		words = words_of(render_document(template, doc, language=language, company=house.company)[1])
		for letter in "abcdefgh":
			assert letters.format(letter) in words.replace(" ", ""), (language, letter)
		for clause in others:
			assert clause in words.replace(" ", ""), (language, clause)
		for said in (doc.processor_name, "Keeps the site", "Konesali & Pojat", "Oulu"):
			assert said in words, (language, said)
		assert "{" not in words and "None" not in words


def test_an_agreement_is_signed_from_here_and_is_in_force(house: House) -> None:
	doc = a_processor(house)
	manager = as_program(house.web, house.users["manager"])
	url = f"{house.web}/api/method/signflow.api.register.send_agreement"
	outsider = as_program(house.web, house.users["outsider"])
	assert outsider.post(url, json={"name": doc.name}, timeout=TIMEOUT).status_code == 403
	answer = manager.post(url, json={"name": doc.name, "language": "en"}, timeout=TIMEOUT)
	assert answer.status_code == 200, answer.text[:2000]
	request = answer.json()["message"]
	frappe.db.rollback()
	doc.reload()
	assert (doc.agreement_state, doc.agreement_request) == ("Sent", request)
	again = manager.post(url, json={"name": doc.name}, timeout=TIMEOUT)
	assert again.status_code == 417
	house.subject = doc.processor_name
	house.maija.goes_all_the_way()
	house.matti.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Data Processor", doc.name, "agreement_state") == "Signed",
		"the agreement is in force",
	)
	doc.reload()
	assert str(doc.agreement_signed_on) == nowdate() and doc.agreement_request == request


def test_the_end_of_an_agreement_is_told_once(house: House) -> None:
	signed = {"agreement_state": "Signed", "agreement_signed_on": add_days(nowdate(), -300)}
	soon = a_processor(house, **signed, agreement_expires_on=add_days(nowdate(), 20))
	late = a_processor(house, **signed, agreement_expires_on=add_days(nowdate(), 200))
	over = a_processor(house, **signed, agreement_expires_on=add_days(nowdate(), -1))
	lost = a_processor(house, agreement_state="Sent")
	for _again in range(2):
		processors.watch()
	assert len(told(soon)) == 1 and "(20 days)" in told(soon)[0]
	assert told(late) == []
	assert len(told(over)) == 1 and "has ended" in told(over)[0]
	assert len(told(lost)) == 1 and "not signed" in told(lost)[0]
	states = [
		frappe.db.get_value("Data Processor", one.name, "agreement_state") for one in (soon, over, lost)
	]
	assert states == ["Signed", "Expired", "None"]
