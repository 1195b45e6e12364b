"""Ready forms: made in the site to be edited, once, and each ready to be opened."""

import json
from typing import Any

import frappe
import pytest
import requests
from house import TIMEOUT, House, as_program, for_writing
from test_templates import words_of

from signflow.services import ready_forms
from signflow.services.templates import render_document

pytestmark = pytest.mark.timeout(300)
SIGNED = ("become-a-customer", "power-of-attorney")


def made(key: str) -> dict[str, Any]:
	for_writing()
	names = ready_forms.add(key)
	frappe.db.commit()
	return names


@pytest.mark.parametrize("key", [one.key for one in ready_forms.READY])
def test_a_ready_form_is_made_once_and_stays_as_it_was_edited(house: House, key: str) -> None:
	names = made(key)
	web_form = frappe.get_doc("Web Form", names["web_form"])
	assert not web_form.published and web_form.web_form_fields
	for_writing()
	web_form.introduction_text = "Edited here."
	web_form.save()
	frappe.db.commit()
	before = [frappe.db.count(name) for name in ("Web Form", "Signature Template", "Signable Form")]
	assert made(key) == names
	assert before == [frappe.db.count(name) for name in ("Web Form", "Signature Template", "Signable Form")]
	assert frappe.db.get_value("Web Form", names["web_form"], "introduction_text") == "Edited here."
	if key in SIGNED:
		form = frappe.get_doc("Signable Form", names["form"])
		assert (form.status, form.template, form.web_form) == ("Closed", names["template"], names["web_form"])
	else:
		assert names["form"] is None and names["template"] is None


def test_the_customer_agreement_says_who_agrees_to_what(house: House) -> None:
	template = frappe.get_doc("Signature Template", made("become-a-customer")["template"])
	lead = frappe.get_doc(
		{
			"doctype": "Lead",
			"first_name": "Maija",
			"last_name": "Meri",
			"company_name": "Meri & Mäki <Oy>",
			"email_id": "maija@posti.example",
		}
	)
	for language in ("en", "fi", "sv"):
		title, pdf = render_document(template, lead, language=language, company=house.company)
		words = words_of(pdf)
		assert title.endswith("Meri & Mäki <Oy>") and "Meri & Mäki <Oy>" in words
		assert house.company in words and "Maija Meri" in words and "{" not in words


def test_a_power_of_attorney_says_for_how_long(house: House) -> None:
	template = frappe.get_doc("Signature Template", made("power-of-attorney")["template"])
	doc = frappe.get_doc(
		{
			"doctype": "Power of Attorney",
			"grantor_name": "Maija Meri",
			"grantor_email": "maija@posti.example",
			"attorney_name": "Matti Mäki",
			"scope": "Sell my boat.\nSign the deed.",
		}
	)
	words = words_of(render_document(template, doc, language="en", company=house.company)[1])
	assert "I, Maija Meri, authorise Matti Mäki" in words and "Sell my boat. Sign the deed." in words
	assert "until further notice" in words
	doc.update({"valid_from": "2026-12-01", "valid_until": "2026-11-01"})
	with pytest.raises(frappe.ValidationError, match="ends before it begins"):
		doc.insert()
	doc.valid_until = "2027-01-31"
	words = words_of(render_document(template, doc, language="en", company=house.company)[1])
	assert f"until {frappe.utils.formatdate('2027-01-31')}" in words


def test_feedback_becomes_a_ticket_without_a_signature(house: House) -> None:
	doctype = "HD Ticket" if "helpdesk" in frappe.get_installed_apps() else "Issue"
	for_writing()
	frappe.delete_doc_if_exists("Web Form", "feedback")
	name = made("feedback")["web_form"]
	for_writing()
	frappe.db.set_value("Web Form", name, "published", 1)
	frappe.db.commit()
	frappe.clear_document_cache("Web Form", name)
	subject = f"Palaute {house.key}"
	answer = requests.post(
		f"{house.web}/api/method/frappe.website.doctype.web_form.web_form.accept",
		data={
			"web_form": name,
			"data": json.dumps(
				{"subject": subject, "description": "<p>Good.</p>", "raised_by": house.maija.mail}
			),
		},
		timeout=TIMEOUT,
	)
	assert answer.status_code == 200, answer.text[:2000]
	frappe.db.rollback()
	assert frappe.db.get_value(doctype, {"subject": subject}, "raised_by") == house.maija.mail


def test_who_may_add_ready_forms(house: House) -> None:
	call = f"{house.web}/api/method/signflow.api.ready_forms.add"
	for role in ("owner", "outsider"):
		answer = as_program(house.web, house.users[role]).post(
			call, json={"key": "feedback"}, timeout=TIMEOUT
		)
		assert answer.status_code == 403
	assert requests.post(call, json={"key": "feedback"}, timeout=TIMEOUT).status_code == 403
	for key in ("nothing", "../x"):
		with pytest.raises(frappe.DoesNotExistError):
			ready_forms.add(key)
	assert {one["key"] for one in ready_forms.available()} == {one.key for one in ready_forms.READY}
