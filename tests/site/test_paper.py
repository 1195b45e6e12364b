"""From paper: an uploaded PDF or Word file becomes drafts in Desk, whose web form makes a record that fills the PDF."""

import io
import json
import re

import docx
import frappe
import pikepdf
import pypdfium2
import pytest
import requests
from house import TIMEOUT, House, for_writing
from paper_forms import membership_pdf, proxy_docx
from reportlab.pdfgen import canvas

from signflow.core.pdf.normalise import normalise
from signflow.services import paper, paper_drafts
from signflow.services.templates import render_document

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def maker(house: House):
	"""The session of a manager who may make DocTypes and web forms."""
	for_writing()
	mail = "signflow-maker@testi.example"
	if not frappe.db.exists("User", mail):
		frappe.get_doc(
			{
				"doctype": "User",
				"email": mail,
				"first_name": "Maker",
				"send_welcome_email": 0,
				"language": "en",
				"roles": [
					{"role": role}
					for role in ("Signflow Manager", "System Manager", "Website Manager", "Sales User")
				],
			}
		).insert(ignore_permissions=True)
	frappe.db.commit()
	frappe.set_user(mail)
	frappe.defaults.set_user_default("Company", house.company)
	yield mail
	frappe.set_user("Administrator")


def kept(found: dict, **changes: dict) -> list[dict]:
	"""The rows of `inspect` as the user sends them back, some changed by label."""
	return [{**row, **changes.get(row["label"], {})} for row in found["fields"]]


def text_of(pdf: bytes) -> str:
	document = pypdfium2.PdfDocument(pdf)
	return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_a_pdf_form_becomes_a_web_form_whose_record_fills_the_pdf(house: House, maker: str) -> None:
	file = house.uploads(membership_pdf(), "jasenhakemus.pdf")
	found = paper.inspect(file)
	assert [(row["fieldname"], row["fieldtype"], row["keep"]) for row in found["fields"]] == [
		("etunimi", "Data", 1),
		("sukunimi", "Data", 1),
		("sahkoposti", "Data", 1),
		("henkilotunnus", "Data", 1),
		("syntymaaika", "Date", 1),
		("jasenlaji", "Select", 1),
		("saa_lahettaa_uutiskirjeen", "Check", 1),
		("lisatiedot", "Small Text", 1),
		("allekirjoitus", "Data", 0),
	]
	assert found["fields"][0]["reqd"] and found["fields"][2]["options"] == "Email"
	assert found["fields"][5]["options"] == "Yksityinen\nYritys"
	assert any("29 §" in warning for warning in found["warnings"])

	title = f"Jäsenhakemus {house.key}"
	doctype = f"Member {house.key}"
	made = paper_drafts.make_drafts(
		file=file, fields=kept(found, Henkilötunnus={"keep": 0}), title=title, doctype_name=doctype
	)
	assert made["doctype"] == doctype
	record = frappe.get_doc("DocType", doctype)
	assert record.custom and frappe.db.get_value("Module Def", record.module, "app_name") != "signflow"
	web_form = frappe.get_doc("Web Form", made["web_form"])
	assert not web_form.published
	assert [row.fieldtype for row in web_form.web_form_fields].count("Section Break") == 2
	form = frappe.get_doc("Signable Form", made["form"])
	assert (form.status, form.signer_name_field, form.signer_email_field) == (
		"Closed",
		"etunimi, sukunimi",
		"sahkoposti",
	)
	template = frappe.get_doc("Signature Template", made["template"])
	assert (template.source, template.pdf, template.reference_doctype) == ("PDF", file, doctype)
	assert template.roles[0].box_anchor == "Allekirjoitus"

	frappe.delete_doc("Signable Form", form.name)  # the plain web form is tried here, without signing
	web_form.published = 1
	web_form.save()
	frappe.db.commit()
	page = requests.get(f"{house.web}/{web_form.route}/new", timeout=TIMEOUT)
	assert page.status_code == 200 and '"saa_lahettaa_uutiskirjeen"' in page.text
	answers = {
		"doctype": doctype,
		"etunimi": "Žofia",
		"sukunimi": "Mäki & Šå",
		"sahkoposti": "zofia@posti.example",
		"syntymaaika": "1990-03-14",
		"jasenlaji": "Yritys",
		"saa_lahettaa_uutiskirjeen": 1,
	}
	answer = requests.post(
		f"{house.web}/api/method/frappe.website.doctype.web_form.web_form.accept",
		data={"web_form": web_form.name, "data": json.dumps(answers)},
		timeout=TIMEOUT,
	)
	assert answer.status_code == 200, answer.text[:2000]
	frappe.db.rollback()
	doc = frappe.get_doc(doctype, {"sahkoposti": "zofia@posti.example"})
	printed = text_of(normalise(render_document(template, doc, language="fi")[1]).data)
	assert "Žofia" in printed and "Mäki & Šå" in printed and "zofia@posti.example" in printed
	assert re.search(r"14.03.1990|1990.03.14|03.14.1990", printed)
	assert "None" not in printed


def test_a_word_file_becomes_a_text_template(house: House, maker: str) -> None:
	file = house.uploads(proxy_docx(), "valtakirja.docx")
	found = paper.inspect(file)
	assert [(row["label"], row["fieldtype"]) for row in found["fields"]] == [
		("Valtuutettu", "Data"),
		("Nimi", "Data"),
		("Sähköposti", "Data"),
		("Saa ottaa vastaan rahaa", "Check"),
	]
	made = paper_drafts.make_drafts(
		file=file, fields=kept(found), title=f"Valtakirja {house.key}", doctype_name=f"Proxy {house.key}"
	)
	template = frappe.get_doc("Signature Template", made["template"])
	assert template.source == "Text" and "{%" not in template.body and "<script" not in template.body
	doc = frappe.get_doc({"doctype": made["doctype"], "nimi": "Maija <Meri>", "saa_ottaa_vastaan_rahaa": 1})
	printed = text_of(render_document(template, doc, language="fi")[1])
	assert "Nimi: Maija <Meri>" in printed and "[x] Saa ottaa vastaan rahaa" in printed
	assert "{% if x %}<script>alert(1)</script>" in printed and "None" not in printed
	assert made["form"]


def test_fields_are_matched_to_a_kind_of_record_that_exists(house: House, maker: str) -> None:
	file = house.uploads(membership_pdf(), "tarjouspyynto.pdf")
	found = paper.inspect(file, "Contact")
	by_label = {row["label"]: row for row in found["fields"]}
	assert by_label["Etunimi"]["fieldname"] == "first_name" and by_label["Etunimi"]["keep"]
	assert by_label["Sukunimi"]["fieldname"] == "last_name"
	assert not by_label["Jäsenlaji"]["keep"]
	made = paper_drafts.make_drafts(
		file=file, fields=kept(found), title=f"Contact from paper {house.key}", doctype="Contact"
	)
	assert made["doctype"] == "Contact"
	fields = frappe.get_doc("Web Form", made["web_form"]).web_form_fields
	assert {"first_name", "last_name"} <= {row.fieldname for row in fields}


@pytest.mark.parametrize(
	("change", "words"),
	[
		({"fieldname": "name"}, "fieldname"),
		({"fieldname": "save"}, "fieldname"),
		({"fieldname": "a b"}, "fieldname"),
		({"fieldname": "sukunimi"}, "Two fields"),
		({"fieldtype": "Table"}, "type"),
		({"fieldtype": "Select", "options": ""}, "options"),
		({"paper_field": "nothing"}, "no field"),
	],
)
def test_bad_corrections_are_refused_and_nothing_is_made(
	house: House, maker: str, change: dict, words: str
) -> None:
	file = house.uploads(membership_pdf(), "virhe.pdf")
	found = paper.inspect(file)
	title, doctype = f"Bad {house.key}", f"Bad {house.key}"
	with pytest.raises(frappe.ValidationError) as refused:
		paper_drafts.make_drafts(
			file=file, fields=kept(found, Etunimi=change), title=title, doctype_name=doctype
		)
	assert words in str(refused.value)
	for made in ("DocType", "Web Form", "Signature Template", "Signable Form"):
		assert not frappe.db.exists(made, {"name": ["like", f"%{house.key}%"]})


def test_taken_names_are_refused(house: House, maker: str) -> None:
	file = house.uploads(proxy_docx(), "varattu.docx")
	found = paper.inspect(file)
	with pytest.raises(frappe.ValidationError, match="already a kind of record"):
		paper_drafts.make_drafts(
			file=file, fields=kept(found), title=f"Taken {house.key}", doctype_name="Signature Request"
		)
	paper_drafts.make_drafts(
		file=file, fields=kept(found), title=f"Taken {house.key}", doctype_name=f"Taken {house.key}"
	)
	with pytest.raises(frappe.ValidationError, match="already a"):
		paper_drafts.make_drafts(
			file=file, fields=kept(found), title=f"Taken {house.key}", doctype_name=f"Other {house.key}"
		)
	assert not frappe.db.exists("DocType", f"Other {house.key}")


def test_what_fails_late_takes_the_new_kind_of_record_back(
	house: House, maker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	file = house.uploads(proxy_docx(), "myohaan.docx")
	found = paper.inspect(file)
	name = f"Late {house.key}"

	def fails(*_arguments) -> None:
		frappe.throw("no")

	monkeypatch.setattr(paper_drafts, "_template", fails)
	with pytest.raises(frappe.ValidationError):
		paper_drafts.make_drafts(file=file, fields=kept(found), title=name, doctype_name=name)
	assert not frappe.db.exists("DocType", name) and not frappe.db.exists("Web Form", {"title": name})
	monkeypatch.undo()
	assert (
		paper_drafts.make_drafts(file=file, fields=kept(found), title=name, doctype_name=name)["doctype"]
		== name
	)


def test_hostile_labels_are_harmless_in_desk(house: House, maker: str) -> None:
	document = docx.Document()
	document.add_paragraph("[Nimi <img src=x onerror=alert(1)>] ja ______")
	stream = io.BytesIO()
	document.save(stream)
	file = house.uploads(stream.getvalue(), "paha.docx")
	found = paper.inspect(file)
	assert "<" not in json.dumps(found)
	made = paper_drafts.make_drafts(
		file=file,
		fields=kept(found),
		title=f"<b>Evil</b> {{{{ 7 * 7 }}}} {house.key}",
		doctype_name=f"Evil {house.key}",
	)
	web_form = frappe.get_doc("Web Form", made["web_form"])
	assert "{" not in frappe.db.get_value("Signature Template", made["template"], "document_title")
	assert "<" not in web_form.title and all("<" not in (row.label or "") for row in web_form.web_form_fields)


def test_only_managers_with_the_rights_to_make_what_is_made(house: House) -> None:
	file = house.uploads(proxy_docx(), "oikeudet.docx")
	fields = json.dumps(kept(paper.inspect(file)))
	for role, status in (("owner", 403), ("outsider", 403), ("manager", 403)):
		browser = house.as_user(role)
		answer = browser.post(
			f"{house.web}/api/method/signflow.api.paper.make_drafts",
			data={"file": file, "fields": fields, "title": f"Nobody {house.key}"},
			timeout=TIMEOUT,
		)
		assert answer.status_code == status, (role, answer.text[:500])
	assert "Website Manager" in answer.text or "System Manager" in answer.text
	assert (
		requests.post(
			f"{house.web}/api/method/signflow.api.paper.inspect_paper", data={"file": file}, timeout=TIMEOUT
		).status_code
		== 403
	)


def test_a_file_that_the_manager_may_not_read_is_refused(house: House) -> None:
	file = house.uploads(proxy_docx(), "salainen.docx")  # a private file of Administrator's
	browser = house.as_user("manager")
	answer = browser.post(
		f"{house.web}/api/method/signflow.api.paper.inspect_paper", data={"file": file}, timeout=TIMEOUT
	)
	assert answer.status_code == 417 and "may not read it" in answer.text


def test_an_official_form_with_xfa_and_scripts_is_made_fit(house: House, maker: str) -> None:
	with pikepdf.open(io.BytesIO(membership_pdf())) as pdf:
		pdf.Root.AcroForm["/XFA"] = pdf.make_stream(b"<xdp/>")
		script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
		pdf.Root["/Names"] = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["a", script]))
		stream = io.BytesIO()
		pdf.save(stream)
	file = house.uploads(stream.getvalue(), "virallinen.pdf")
	found = paper.inspect(file)
	made = paper_drafts.make_drafts(
		file=file, fields=kept(found), title=f"Official {house.key}", doctype_name=f"Official {house.key}"
	)
	template = frappe.get_doc("Signature Template", made["template"])
	assert template.pdf != file
	doc = frappe.get_doc({"doctype": made["doctype"], "etunimi": "Maija"})
	assert "Maija" in text_of(normalise(render_document(template, doc, language="fi")[1]).data)


def test_many_fields_with_long_names_fit_into_a_record(house: House, maker: str) -> None:
	stream = io.BytesIO()
	page = canvas.Canvas(stream)
	page.drawString(40, 820, "Kentät")
	names = [f"form1[0].#subform[0].{'Osio' * 40}[0].Kentta{number}[0]" for number in range(120)]
	for number, name in enumerate(names):
		place = {"x": 40 + 180 * (number % 3), "y": 790 - 19 * (number // 3), "width": 160, "height": 16}
		page.acroForm.textfield(name=name, tooltip=f"Kenttä {number}", maxlen=100, **place)
	page.save()
	file = house.uploads(stream.getvalue(), "pitka.pdf")
	found = paper.inspect(file)
	made = paper_drafts.make_drafts(
		file=file, fields=kept(found), title=f"Long {house.key}", doctype_name=f"Long {house.key}"
	)
	types = [df.fieldtype for df in frappe.get_meta(made["doctype"]).fields]
	assert (types.count("Data"), types.count("Small Text")) == (70, 50)
	rows = frappe.get_doc("Signature Template", made["template"]).pdf_fields
	assert [row.pdf_field for row in rows] == names
	values = {row["fieldname"]: "x" * 140 for row in found["fields"]}
	frappe.get_doc({"doctype": made["doctype"], **values}).insert()


@pytest.mark.parametrize(
	("name", "data", "words"),
	[
		("vanha.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Save it as .docx"),
		("kuva.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "not a Word file"),
		("rikki.pdf", b"%PDF-1.4 broken", "could not be read"),
	],
)
def test_other_files_are_refused_with_what_to_do(
	house: House, maker: str, name: str, data: bytes, words: str
) -> None:
	with pytest.raises(frappe.ValidationError, match=words):
		paper.inspect(house.uploads(data, name))
