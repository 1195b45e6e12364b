"""Consents in forms: the box shows the published words, is a free choice, and counts once it is proven."""

import json
from typing import Any

import frappe
import pytest
import requests
from consenting import TITLES, WORDS, Reader, a_text, actions, rows
from forms import FIELDS, FormPage, a_signable_form, a_web_form
from house import House, for_writing
from stage import eventually

from signflow.services.privacy import consents

BOX = {"fieldname": "blog_subscriber", "fieldtype": "Check", "label": "x"}


def a_form_with(house: House, text: str, language: str = "en", **box: Any) -> Any:
	"""A Web Form over Lead whose check box is the answer to `text`."""
	return a_web_form(
		house,
		web_form_fields=[*(dict(row) for row in FIELDS), {**BOX, **box}],
		signflow_consents=[{"fieldname": BOX["fieldname"], "consent_text": text, "language": language}],
	)


def box_of(web_form: str) -> Any:
	frappe.db.rollback()
	fields = frappe.get_doc("Web Form", web_form).web_form_fields
	return next(field for field in fields if field.fieldname == BOX["fieldname"])


def test_the_box_shows_the_published_words(house: House) -> None:
	text = a_text(house)
	form = a_form_with(house, text, "sv")
	box = box_of(form.name)
	assert (box.label, box.description) == (TITLES["sv"], WORDS["sv"].format(house.company))
	for_writing()
	version = frappe.get_doc("Consent Text Version", consents.new_version(text))
	version.text_sv = 'Nya "ord" & mera.'
	version.save()
	frappe.db.commit()
	consents.publish(version.name)
	assert box_of(form.name).description == "Nya &quot;ord&quot; &amp; mera."
	page = requests.get(f"{house.web}/{form.route}/new", timeout=60)
	assert page.status_code == 200 and "&amp; mera" in page.text


@pytest.mark.parametrize(
	("box", "reason"),
	[
		({"default": "1"}, "never ticked beforehand"),
		({"reqd": 1}, "free choice"),
		({"fieldtype": "Data"}, "no check box"),
	],
)
def test_no_box_that_is_no_free_choice(house: House, box: dict[str, Any], reason: str) -> None:
	text = a_text(house)
	with pytest.raises(frappe.ValidationError, match=reason):
		a_form_with(house, text, **box)
	frappe.db.rollback()


def test_a_plain_form_is_confirmed_by_mail(house: House) -> None:
	text = a_text(house)
	form = a_form_with(house, text)
	for name, ticked in (("liisa", 1), ("lauri", 0)):
		answer = requests.post(
			f"{house.web}/api/method/frappe.website.doctype.web_form.web_form.accept",
			json={
				"web_form": form.name,
				"data": json.dumps(
					{
						"first_name": name,
						"last_name": house.key,
						"email_id": f"{name}.{house.key}@posti.example",
						BOX["fieldname"]: ticked,
					}
				),
			},
			timeout=60,
		)
		assert answer.status_code == 200, answer.text[:500]
	liisa, lauri = (f"{name}.{house.key}@posti.example" for name in ("liisa", "lauri"))
	frappe.db.rollback()
	assert actions(lauri) == [] and actions(liisa) == ["Pending"]
	row = rows(liisa)[0]
	assert (row.how, row.source_doctype) == ("Form Checkbox", "Lead")
	reader = Reader(house)
	view = reader.follows(reader.link(liisa, "Please confirm"))
	assert reader.answers("give", text, view)["state"] == "given"
	assert actions(liisa) == ["Pending", "Given"]


def test_a_signed_form_proves_the_consent(house: House) -> None:
	text = a_text(house)
	web_form = a_form_with(house, text)
	form = a_signable_form(house, web_form)
	page = FormPage(house, form)
	person = page.submits(**{BOX["fieldname"]: 1})
	assert actions(person.mail) == [], "nothing before the signature"
	person.identifies()
	person.signs()
	eventually(lambda: actions(person.mail) == ["Given"], "the signed form is a consent")
	row = rows(person.mail)[0]
	assert (row.how, row.source_doctype, row.language) == ("Signing Ceremony", "Signature Request", "en")
	proof = json.loads(row.proof)
	assert proof["shown"]["words"] == WORDS["en"].format(house.company)
	assert frappe.db.get_value("Form Submission", proof["submission"], "request") == row.source_name
