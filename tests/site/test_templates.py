"""Signature Templates: texts, print formats and PDFs over a record, roles in place of persons, and what may not be."""

import base64
import hashlib
import io
import json
import time
from typing import Any

import frappe
import pikepdf
import pypdfium2
import pytest
from house import (
	TIMEOUT,
	House,
	Signer,
	a_pdf,
	as_program,
	attachments_of,
	for_writing,
	kinds,
	notices,
	queued,
	text_of,
)
from pikepdf import Array, Dictionary, Name, String
from PIL import Image
from stage import eventually
from test_prints import data_of
from test_records import a_sales_order

from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.pdfa import broken_clauses
from signflow.services import delivery, drafts, sending
from signflow.services.templates import people_of, render_answers, render_document

pytestmark = pytest.mark.timeout(300)
RENTAL = "Signflow Rental"
EVIL = '<img src="http://10.0.0.1/x.png"><script>alert(1)</script> Oy & Kumppanit'


def words_of(pdf: bytes) -> str:
	text = " ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))
	return " ".join(text.split())


def a_template(house: House, **values: Any) -> Any:
	"""A text template over Lead with one role, unless said otherwise."""
	for_writing()
	template = frappe.get_doc(
		{
			"doctype": "Signature Template",
			"template_name": f"Vuokrasopimus {frappe.generate_hash(length=8)}",
			"reference_doctype": "Lead",
			"source": "Text",
			"document_title": "Agreement with {{ doc.first_name }}",
			"body": "<p>{{ doc.first_name }} agrees.</p>",
			"roles": [
				{"role": "Tenant", "signer_name": "{{ doc.first_name }}", "email": "{{ doc.email_id }}"}
			],
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return template


def a_lead(**values: Any) -> Any:
	"""A Lead that is not stored."""
	return frappe.get_doc({"doctype": "Lead", "first_name": "Maija", **values})


def refusal(call: Any, *args: Any, **kwargs: Any) -> str:
	with pytest.raises(frappe.ValidationError) as refused:
		call(*args, **kwargs)
	frappe.clear_messages()
	return str(refused.value)


@pytest.fixture(scope="module")
def rental(site: str) -> str:
	"""A DocType of the site's own with fields of every kind that a web form has."""
	frappe.set_user("Administrator")
	for_writing()
	if not frappe.db.exists("DocType", "Signflow Rental Item"):
		_doctype(
			"Signflow Rental Item",
			[("thing", "Data"), ("pieces", "Int"), ("price", "Currency")],
			istable=1,
			in_list_view=1,
		)
		_doctype(
			RENTAL,
			[
				("tenant", "Data"),
				("email", "Data"),
				("birthday", "Date"),
				("starts_at", "Datetime"),
				("rent", "Currency"),
				("size", "Float"),
				("pets", "Check"),
				("smokes", "Check"),
				("kind", "Select", "Flat\nHouse"),
				("wishes", "Small Text"),
				("story", "Text Editor"),
				("pin", "Password"),
				("paper", "Attach"),
				("drawn", "Signature"),
				("stars", "Rating"),
				("country", "Link", "Country"),
				("items", "Table", "Signflow Rental Item"),
				("hidden_one", "Data"),
			],
		)
	frappe.db.commit()
	return RENTAL


def _doctype(name: str, fields: list[tuple], in_list_view: int = 0, **values: Any) -> None:
	frappe.get_doc(
		{
			"doctype": "DocType",
			"name": name,
			"module": "Signflow",
			"custom": 1,
			"fields": [
				{
					"fieldname": field,
					"fieldtype": kind,
					"label": field.replace("_", " ").capitalize(),
					"options": options[0] if options else None,
					"in_list_view": in_list_view,
				}
				for field, kind, *options in fields
			],
			"permissions": [{"role": "System Manager", "read": 1, "write": 1, "create": 1}],
			**values,
		}
	).insert(ignore_permissions=True)


PIXEL = (
	"data:image/png;base64,"
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PAPER = a_pdf("Salary")


def answers(rental: str, **values: Any) -> Any:
	return frappe.get_doc(
		{
			"doctype": rental,
			"tenant": "Maija Meri",
			"email": "maija@posti.example",
			"birthday": "1990-02-28",
			"starts_at": "2026-12-01 12:00:00",
			"rent": 950.5,
			"size": 54.5,
			"pets": 1,
			"smokes": 0,
			"kind": "Flat",
			"wishes": "A quiet house.\nNo <b>carpets</b>.",
			"story": "<p>I work at the <strong>harbour</strong>.</p><script>alert(1)</script>"
			'<p style="position:fixed;top:0">moved</p><img src="http://10.0.0.1/">',
			"pin": "Salaisuus-1",
			"paper": f"palkka.pdf,data:application/pdf;base64,{base64.b64encode(PAPER).decode()}",
			"drawn": PIXEL,
			"stars": 0.8,
			"country": "Finland",
			"items": [
				{"thing": "Sofa", "pieces": 2, "price": 20},
				{"thing": "Lamp", "pieces": 1, "price": 5},
			],
			"hidden_one": "nobody sees this",
			**values,
		}
	)


def a_web_form(rental: str) -> Any:
	fields = [
		("Section Break", None, "The Tenant"),
		*((None, name, None) for name in ("tenant", "email", "birthday")),
		("Page Break", None, "The Home"),
		*(
			(None, name, None)
			for name in (
				"starts_at",
				"rent",
				"size",
				"pets",
				"smokes",
				"kind",
				"wishes",
				"story",
				"pin",
				"paper",
			)
		),
		("Section Break", None, "Things"),
		*((None, name, None) for name in ("drawn", "stars", "country", "items", "hidden_one")),
	]
	meta = frappe.get_meta(rental)
	rows = []
	for kind, name, label in fields:
		field = meta.get_field(name) if name else None
		rows.append(
			{
				"fieldtype": kind or field.fieldtype,
				"fieldname": name,
				"label": label or field.label,
				"options": field.options if field else None,
				"hidden": int(name == "hidden_one"),
			}
		)
	return frappe.get_doc(
		{"doctype": "Web Form", "title": "Rent a home", "doc_type": rental, "web_form_fields": rows}
	)


def test_a_text_is_written_out_over_a_record_that_is_not_stored(house: House) -> None:
	template = a_template(
		house, body="<h2>1. Rent</h2><p>{{ doc.first_name }} rents from {{ company.name }}.</p>"
	)
	title, pdf = render_document(template, a_lead(company=house.company), language="fi")
	assert title == "Agreement with Maija"
	assert f"Maija rents from {house.company}." in words_of(pdf)
	data = data_of(pdf)
	assert data["name"] is None and data["fields"]["first_name"] == "Maija"
	assert broken_clauses(pdf) == ()
	with pikepdf.open(io.BytesIO(pdf)) as opened:
		assert str(opened.Root.Lang) == "fi" and str(opened.docinfo.Title) == title
		assert opened.open_metadata().pdfa_status == "3B"


def test_a_value_is_text_whatever_it_holds(house: House) -> None:
	template = a_template(house, document_title="{{ doc.first_name }}")
	title, pdf = render_document(template, a_lead(first_name=EVIL), language="en")
	assert EVIL in words_of(pdf) and title == EVIL
	assert b"/XObject" not in pdf or b"/Image" not in pdf


@pytest.mark.parametrize(
	("body", "line", "why"),
	[
		("<p>\n{{ doc.first_nmae }}</p>", "line 2", "no field first_nmae"),
		("<p>\n\n{% if doc.typo %}x{% endif %}</p>", "line 3", "no field typo"),
		("<p>{% if %}</p>", "line 1", "Expected an expression"),
		("<p>{{ frappe.get_all('User') }}</p>", "line 1", "get_all"),
		("<p>{{ frappe.db.sql('select 1') }}</p>", "line 1", "db"),
		("<p>{{ doc.delete() }}</p>", "line 1", "delete"),
		("<p>{{ doc|attr('db_set')('first_name', 'x') }}</p>", "line 1", "db_set"),
		("<p>{{ doc['save']() }}</p>", "line 1", "save"),
		("<p>{{ doc.__class__ }}</p>", "line 1", "__class__"),
		("<p>{{ doc.meta.delete() }}</p>", "line 1", "delete"),
		("<p>{{ frappe.utils.pdf_to_base64('x.pdf') }}</p>", "line 1", "pdf_to_base64"),
		("<p>{{ 1 / 0 }}</p>", "line 1", "ZeroDivisionError"),
	],
)
def test_a_wrong_text_is_refused_by_template_line_and_reason(
	kept_house: House, body: str, line: str, why: str
) -> None:
	template = frappe.get_doc(
		{
			"doctype": "Signature Template",
			"name": "Wrong one",
			"source": "Text",
			"document_title": "x",
			"body": body,
			"reference_doctype": "Lead",
		}
	)
	text = refusal(render_document, template, a_lead(), language="en")
	assert "Wrong one" in text and line in text and why in text, text


def test_another_record_is_read_with_the_users_permissions_only(house: House) -> None:
	template = a_template(house, body="{{ frappe.get_doc('User', 'Administrator').email }}")
	frappe.set_user(house.users["outsider"])
	with pytest.raises(frappe.PermissionError):
		render_document(template, a_lead(), language="en")


def test_an_unset_field_prints_nothing(house: House) -> None:
	template = a_template(house, body="<p>[{{ doc.company_name }}]</p>")
	assert "[]" in words_of(render_document(template, a_lead(), language="en")[1])


def test_a_formatted_value_is_formatted_and_harmless(rental: str) -> None:
	template = frappe.get_doc(
		{
			"doctype": "Signature Template",
			"name": "t",
			"source": "Text",
			"document_title": "t",
			"reference_doctype": rental,
			"body": "<p>{{ doc.get_formatted('wishes') }} {{ doc.get_formatted('pets') }}"
			" {{ doc.get_formatted('birthday') }} {{ doc.get_formatted('pin') }}{{ doc.pin }}</p>"
			"{% for row in doc.items %}<p>{{ row.thing }}: {{ row.get_formatted('price') }}</p>{% endfor %}",
		}
	)
	words = words_of(render_document(template, answers(rental), language="en")[1])
	assert "A quiet house. No <b>carpets</b>." in words and "Sofa" in words and "Salaisuus" not in words
	assert frappe.utils.formatdate("1990-02-28") in words and "Yes" in words


def test_the_answers_themselves_are_an_agreement(house: House, rental: str) -> None:
	pdf = render_answers(
		"Rent a home", a_web_form(rental), answers(rental), language="fi", company=house.company
	)
	words = words_of(pdf)
	for text in ("Rent a home", house.company, "The Tenant", "Maija Meri", "The Home", "Things", "Sofa"):
		assert text in words
	assert "No <b>carpets</b>." in words and "harbour" in words
	assert frappe._("Yes", lang="fi") in words and frappe._("No", lang="fi") in words
	assert "palkka.pdf" in words and hashlib.sha256(PAPER).hexdigest() in words.replace(" ", "").replace(
		"\u200b", ""
	)
	assert words.index("Maija Meri") < words.index("harbour") < words.index("Sofa")
	assert "4/5" in words
	for text in ("Salaisuus", "nobody sees this", "alert(1)", "Pin"):
		assert text not in words
	assert broken_clauses(pdf) == ()
	fields = data_of(pdf)["fields"]
	assert fields["tenant"] == "Maija Meri" and "pin" not in fields and "hidden_one" not in fields


def test_what_was_left_empty_is_left_out(house: House, rental: str) -> None:
	doc = answers(rental, wishes="", story=None, items=[], paper="", drawn=None, stars=0)
	words = words_of(
		render_answers("Rent a home", a_web_form(rental), doc, language="en", company=house.company)
	)
	assert "Wishes" not in words and "Paper" not in words and "Things" in words


def test_a_print_format_prints_what_is_not_stored(house: House) -> None:
	template = a_template(
		house, source="Print Format", reference_doctype="Sales Order", document_title="Order", roles=[]
	)
	order = a_sales_order(house)
	made = frappe.copy_doc(order)
	made.customer_name = "Vielä tallentamatta Oy"
	before = frappe.db.count("Access Log")
	for name in (None, *_custom_format("Sales Order")):
		template.print_format = name
		_title, pdf = render_document(template, made, language="en")
		assert "Vielä tallentamatta Oy" in words_of(pdf) and "None" not in words_of(pdf)
		assert data_of(pdf)["name"] is None
	assert frappe.db.count("Access Log") == before


def _custom_format(doctype: str) -> list[str]:
	name = f"Signflow template {doctype}"
	if not frappe.db.exists("Print Format", name):
		frappe.get_doc(
			{
				"doctype": "Print Format",
				"name": name,
				"doc_type": doctype,
				"custom_format": 1,
				"print_format_type": "Jinja",
				"standard": "No",
				"html": "<h1>{{ doc.name }}</h1><p>{{ doc.customer_name }}</p>",
			}
		).insert(ignore_permissions=True)
	return [name]


def test_a_missing_print_format_is_named(kept_house: House) -> None:
	template = frappe.get_doc(
		{
			"doctype": "Signature Template",
			"name": "Printed",
			"source": "Print Format",
			"document_title": "x",
			"print_format": "Gone",
			"reference_doctype": "Lead",
		}
	)
	text = refusal(render_document, template, a_lead(), language="en")
	assert "Printed" in text and "Gone" in text


def test_a_pdf_is_taken_as_it_is(house: House) -> None:
	data = a_pdf("House rules")
	template = a_template(
		house, source="PDF", reference_doctype=None, pdf=house.uploads(data), document_title="Rules"
	)
	template.roles = []
	title, pdf = render_document(template, None, language="en")
	assert (title, pdf) == ("Rules", data)


def a_form(*names: str) -> bytes:
	"""A PDF with text fields of these names."""
	pdf = pikepdf.new()
	page = pdf.add_blank_page(page_size=(595, 842))
	fields = [
		pdf.make_indirect(
			Dictionary(
				Type=Name.Annot,
				Subtype=Name.Widget,
				FT=Name.Tx,
				T=String(name),
				DA=String("/Helv 0 Tf 0 g"),
				Rect=Array([50, 700 - 40 * number, 350, 720 - 40 * number]),
				P=page.obj,
			)
		)
		for number, name in enumerate(names)
	]
	page.obj["/Annots"] = Array(fields)
	pdf.Root["/AcroForm"] = Dictionary(Fields=Array(fields))
	stream = io.BytesIO()
	pdf.save(stream)
	return stream.getvalue()


def test_the_fields_of_a_pdf_are_filled(house: House) -> None:
	template = a_template(
		house,
		source="PDF",
		pdf=house.uploads(a_form("tenant", "mail")),
		document_title="Rules",
		pdf_fields=[
			{"pdf_field": "tenant", "value": "{{ doc.first_name }} & Co"},
			{"pdf_field": "mail", "value": "{{ doc.email_id }}"},
		],
	)
	_title, pdf = render_document(template, a_lead(email_id="maija@posti.example"), language="en")
	words = words_of(normalise(pdf).data)
	assert "Maija & Co" in words and "maija@posti.example" in words
	template.pdf_fields[0].pdf_field = "nobody"
	text = refusal(render_document, template, a_lead(), language="en")
	assert template.name in text and "nobody" in text


def test_roles_become_people(house: House) -> None:
	template = a_template(
		house,
		roles=[
			{
				"role": "Tenant",
				"signer_name": "{{ doc.first_name }}",
				"email": "{{ doc.email_id }}",
				"box_anchor": "Tenant:",
			},
			{"role": "Landlord", "signing_order": 2, "represents": "{{ company.name }}"},
		],
	)
	lead = a_lead(email_id="maija@posti.example", company=house.company)
	text = refusal(people_of, template, lead, {})
	assert "Landlord" in text and template.name in text
	assert "Nobody" in refusal(people_of, template, lead, {"Nobody": {"email": "x@y.example"}})
	tenant, landlord = people_of(
		template, lead, {"Landlord": {"signer_name": "Matti Mäki", "email": "matti@posti.example"}}
	)
	assert (tenant["signer_name"], tenant["email"], tenant["box_anchor"]) == (
		"Maija",
		"maija@posti.example",
		"Tenant:",
	)
	assert (landlord["signing_order"], landlord["represents"]) == (2, house.company)
	assert json.dumps([tenant, landlord])


def lead_of(house: House, **values: Any) -> Any:
	for_writing()
	lead = frappe.get_doc(
		{
			"doctype": "Lead",
			"first_name": "Maija",
			"email_id": house.maija.mail,
			"company": house.company,
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return lead


LANDLORD = {"role": "Landlord", "signing_order": 2}


def test_a_request_is_made_from_a_template(house: House) -> None:
	archive = f"arkisto.{house.key}@posti.example"
	template = a_template(
		house,
		message="Hello {{ doc.first_name }}, please read.",
		delivery_addresses=archive,
		expire_after_days=9,
		remind_every_days=4,
		confidential=0,
		roles=[
			{"role": "Tenant", "signer_name": "{{ doc.first_name }}", "email": "{{ doc.email_id }}"},
			LANDLORD,
		],
	)
	lead = lead_of(house)
	browser = as_program(house.web, house.users["owner"])
	answer = browser.post(
		f"{house.web}/api/method/signflow.api.requests.create_request",
		json={
			"template": template.name,
			"reference_doctype": "Lead",
			"reference_name": lead.name,
			"people": {"Landlord": {"signer_name": "Matti Mäki", "email": house.matti.mail}},
			"language": "en",
			"send": 1,
		},
		timeout=TIMEOUT,
	)
	assert answer.status_code == 200, answer.text[:2000]
	frappe.db.rollback()
	request = frappe.get_doc("Signature Request", answer.json()["message"]["name"])
	assert (request.template, request.title) == (template.name, "Agreement with Maija")
	assert (request.message, request.delivery_addresses) == ("Hello Maija, please read.", archive)
	assert (request.remind_every_days, request.status) == (4, "Sent")
	assert 8 <= (request.expires_on - frappe.utils.now_datetime()).days <= 9
	house.subject = "Agreement with Maija"
	for person in (house.maija, house.matti):
		person.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed", "completed"
	)
	mail = house.mailbox.wait_for(archive, subject="Signed")
	pdfs = attachments_of(mail)
	assert len(pdfs) == 2 and all(data.startswith(b"%PDF") for data in pdfs.values())
	assert "Agreement with Maija" in text_of(mail) and "/sign?" not in text_of(mail)
	(row,) = eventually(
		lambda: [row for row in queued(request.name, "delivery") if row.message == delivery.BLANK],
		"the delivered mail is blank",
	)
	assert row.status == "Sent"
	assert kinds(request.name).count("copies_sent") == 3


def test_a_template_without_its_people_makes_nothing(house: House) -> None:
	template = a_template(house, roles=[LANDLORD])
	lead = lead_of(house)
	before = frappe.db.count("Signature Request"), frappe.db.count("File")
	text = refusal(
		drafts.create_request, template=template.name, reference_doctype="Lead", reference_name=lead.name
	)
	assert "Landlord" in text
	assert (frappe.db.count("Signature Request"), frappe.db.count("File")) == before


def test_who_may_use_a_template(house: House) -> None:
	template = a_template(house)
	lead = lead_of(house)
	args = {
		"template": template.name,
		"reference_doctype": "Lead",
		"reference_name": lead.name,
		"language": "en",
	}
	outsider = as_program(house.web, house.users["outsider"])
	for method, values in (
		("signflow.api.requests.create_request", args),
		("signflow.api.templates.filled", {"template": template.name, "doctype": "Lead", "name": lead.name}),
	):
		assert (
			outsider.post(f"{house.web}/api/method/{method}", json=values, timeout=TIMEOUT).status_code == 403
		)
	owner = as_program(house.web, house.users["owner"])
	seen = owner.get(
		f"{house.web}/api/method/signflow.api.templates.for_record",
		params={"doctype": "Lead", "name": lead.name},
		timeout=TIMEOUT,
	).json()["message"]
	assert template.name in [row["name"] for row in seen]
	said = owner.get(
		f"{house.web}/api/method/signflow.api.templates.filled",
		params={"template": template.name, "doctype": "Lead", "name": lead.name},
		timeout=TIMEOUT,
	).json()["message"]
	assert said["title"] == "Agreement with Maija" and said["people"][0]["email"] == house.maija.mail
	shown = owner.get(
		f"{house.web}/api/method/signflow.api.templates.preview",
		params={"template": template.name, "doctype": "Lead", "name": lead.name},
		timeout=TIMEOUT,
	)
	assert shown.headers["Content-Type"] == "application/pdf" and "Maija agrees." in words_of(shown.content)
	for doctype, name in (
		("Signature Template", template.name),
		("Signature Template Role", template.roles[0].name),
	):
		url = f"{house.web}/api/resource/{doctype}/{name}"
		assert owner.put(url, json={"role": "x", "message": "x"}, timeout=TIMEOUT).status_code == 403
		assert owner.delete(url, timeout=TIMEOUT).status_code == 403
		assert outsider.get(url, timeout=TIMEOUT).status_code == 403
	for_writing()
	frappe.db.set_value("Signature Template", template.name, "enabled", 0)
	frappe.db.commit()
	frappe.clear_document_cache("Signature Template", template.name)
	answer = owner.post(
		f"{house.web}/api/method/signflow.api.requests.create_request", json=args, timeout=TIMEOUT
	)
	assert answer.status_code == 417 and "not in use" in answer.text


def test_a_template_for_another_kind_of_record_is_refused(house: House) -> None:
	template = a_template(house)
	text = refusal(
		drafts.create_request,
		template=template.name,
		reference_doctype="Customer",
		reference_name=house.customer,
	)
	assert "Lead" in text and "Customer" in text


@pytest.mark.parametrize(
	("values", "why"),
	[
		({"body": "{% if %}"}, "Text, line 1"),
		({"document_title": "{{ doc."}, "Title, line 1"),
		({"body": " "}, "Write the text"),
		({"reference_doctype": None}, "Say from which"),
		({"reference_doctype": "Signflow Settings"}, "no records"),
		({"source": "PDF"}, "Attach the PDF"),
		({"delivery_addresses": "arkisto@posti.example\nno address"}, "no address"),
		({"roles": [{"role": "Tenant"}, {"role": "tenant "}]}, "two roles"),
		({"roles": [{"role": "Tenant", "email": "nobody"}]}, "nobody"),
		({"roles": [{"role": "Tenant", "signer_name": "{{"}]}, "Tenant, Name"),
	],
)
def test_what_no_template_can_be(kept_house: House, values: dict[str, Any], why: str) -> None:
	assert why in refusal(a_template, kept_house, **values)
	frappe.db.rollback()


def test_a_template_takes_only_a_pdf_that_can_be_read(house: House) -> None:
	assert "PDF" in refusal(a_template, house, source="PDF", pdf=house.uploads(b"%PDF-1.7 nothing"))
	text = refusal(a_template, house, source="Print Format", print_format=_custom_format("Sales Order")[0])
	assert "Sales Order" in text and "Lead" in text


def test_delivery_addresses_are_addresses_and_fixed_once_sent(house: House) -> None:
	assert "no address" in refusal(house.drafts, delivery_addresses="no address")
	request = house.drafts(
		house.maija, delivery_addresses="a@posti.example, A@posti.example; b@posti.example"
	)
	assert request.delivery_addresses == "a@posti.example\nb@posti.example"
	sending.send_request(request.name)
	request.reload()
	request.delivery_addresses = "evil@posti.example"
	assert "was sent" in refusal(request.save)


def test_a_confidential_request_is_delivered_without_its_content(house: House) -> None:
	archive = f"arkisto.{house.key}@posti.example"
	request = house.sends(house.maija, confidential=1, delivery_addresses=f"{archive}\n{house.maija.mail}")
	house.maija.goes_all_the_way()
	mail = house.mailbox.wait_for(archive, subject="Signed")
	assert attachments_of(mail) == {} and request.title not in text_of(mail)
	assert request.title not in str(mail["Subject"]) and request.name in text_of(mail)
	assert "/sign?" not in text_of(mail)
	house.mailbox.wait_for(house.maija.mail, subject="Signed")
	assert len([one for one in house.mailbox.all(house.maija.mail) if "Signed" in str(one["Subject"])]) == 1


def test_a_delivery_that_cannot_be_made_is_told(house: House) -> None:
	refused, gone = f"no-such-{house.key}@posti.example", f"ei.{house.key}@posti.example"
	for_writing()
	frappe.get_doc({"doctype": "Email Unsubscribe", "email": gone, "global_unsubscribe": 1}).insert(
		ignore_permissions=True
	)
	request = house.sends(house.maija, delivery_addresses=f"{refused}\n{gone}")
	house.maija.goes_all_the_way()
	eventually(
		lambda: any(refused in text for text in notices(request.name)), "the sender is told of a bounce"
	)
	assert any(gone in text and "unsubscribed" in text for text in notices(request.name))
	assert house.mailbox.all(gone) == []
	assert [row.message for row in queued(request.name, "delivery")] == [delivery.BLANK]


def test_a_delivery_that_comes_back_is_told(house: House) -> None:
	from frappe.email.receive import InboundMail
	from test_delivery import bounce

	archive = f"arkisto.{house.key}@posti.example"
	request = house.sends(house.maija, delivery_addresses=archive)
	house.maija.goes_all_the_way()
	house.mailbox.wait_for(archive, subject="Signed")
	message_id = frappe.db.get_value(
		"Email Queue", {"message_id": ["like", f"%signflow.delivery.{request.name}.%"]}, "message_id"
	)
	account = frappe.get_doc("Email Account", {"default_outgoing": 1})
	for number, dialect in enumerate(("quotes the Message-ID", "answers it", "returns the mail"), 1):
		for_writing()
		person = Signer(house, "Arkisto", archive)
		InboundMail(bounce(house, person, message_id, dialect), account).process()
		frappe.db.commit()
		assert len([text for text in notices(request.name) if archive in text]) == number, dialect


def test_names_of_strangers_are_text_in_mails(house: House) -> None:
	evil = Signer(house, '<a href="http://evil.example">Maija</a>', house.maija.mail)
	house.sends(evil)
	raw = house.maija.invitation().get_body(("html",)).get_content()
	assert "http://evil.example" in raw and 'href="http://evil.example"' not in raw


def test_a_text_that_would_take_minutes_is_refused_in_time(kept_house: House) -> None:
	template = frappe.get_doc(
		{
			"doctype": "Signature Template",
			"name": "Endless",
			"source": "Text",
			"document_title": "x",
			"body": f"<p>{'a<br>' * 20000}</p>",
			"reference_doctype": "Lead",
		}
	)
	start = time.monotonic()
	assert "too long" in refusal(render_document, template, a_lead(), language="en")
	assert time.monotonic() - start < 40


def test_many_lines_of_answers_are_printed(house: House, rental: str) -> None:
	doc = answers(rental, wishes="\n".join(f"Wish {number}" for number in range(300)))
	words = words_of(
		render_answers("Rent a home", a_web_form(rental), doc, language="en", company=house.company)
	)
	assert all(f"Wish {number}" in words for number in range(300))


def a_huge_picture() -> str:
	stream = io.BytesIO()
	Image.new("1", (20000, 20000)).save(stream, "PNG")
	return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize(
	"drawn",
	[
		a_huge_picture(),
		"data:image/svg+xml;base64,"
		+ base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode(),
		"file:///etc/passwd",
		"http://127.0.0.1:1/",
	],
)
def test_a_drawing_that_is_none_is_left_out(house: House, rental: str, drawn: str) -> None:
	doc = answers(rental, drawn=drawn)
	pdf = render_answers("Rent a home", a_web_form(rental), doc, language="en", company=house.company)
	assert pictures_in(pdf) == set()
	template = frappe.get_doc(
		{
			"doctype": "Signature Template",
			"name": "Printed",
			"source": "Print Format",
			"document_title": "x",
			"reference_doctype": rental,
		}
	)
	# Frappe's standard print has a picture of its own for what was not signed.
	without = render_document(template, answers(rental, drawn=None), language="en")[1]
	assert pictures_in(render_document(template, doc, language="en")[1]) <= pictures_in(without)


def test_a_drawing_is_shown(house: House, rental: str) -> None:
	pdf = render_answers(
		"Rent a home", a_web_form(rental), answers(rental), language="en", company=house.company
	)
	assert pictures_in(pdf) == {(1, 1)}


def pictures_in(pdf: bytes) -> set[tuple[int, int]]:
	with pikepdf.open(io.BytesIO(pdf)) as opened:
		return {(int(one.Width), int(one.Height)) for page in opened.pages for one in page.images.values()}
