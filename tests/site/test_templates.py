"""Signature Templates: texts, print formats and PDFs over a record, roles in place of persons, and what may not be."""

import base64
import hashlib
import io
import json
from typing import Any

import frappe
import pikepdf
import pypdfium2
import pytest
from house import House, a_pdf, for_writing
from test_prints import data_of
from test_records import a_sales_order

from signflow.core.pdf.pdfa import broken_clauses
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
	for name in ("Standard", *_custom_format("Sales Order")):
		template.print_format = name
		title, pdf = render_document(template, made, language="en")
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
