"""Word files become fields and clean HTML; hostile ones are refused, and their words stay words."""

from __future__ import annotations

import io
import time
import zipfile

import docx
import pytest
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup
from word_files import (
	changed_parts,
	control,
	legacy,
	merge_field,
	run,
	saved,
	with_paragraphs,
	with_xml,
)

from signflow.core.paper.word import WordForm, WordRefused, read_word


class Doc(dict):
	__getattr__ = dict.get

	def get_formatted(self, name):
		return Markup("<br>").join(self[name].splitlines())


def rendered(form: WordForm, **values: str) -> str:
	"""The body as a reader sees it, each field filled from `values` by a fieldname made of its place."""
	names = {field.name: f"f{number}" for number, field in enumerate(form.fields)}
	named = {names[field.name]: values.get(field.label, "") for field in form.fields}
	environment = SandboxedEnvironment(autoescape=True)  # as templates are rendered
	return environment.from_string(form.body(names)).render(doc=Doc(named))


def found(form: WordForm) -> list[tuple[str, str]]:
	return [(field.label, field.kind) for field in form.fields]


def test_content_controls_become_fields():
	form = read_word(
		with_xml(
			run("Nimi: ") + control('<w:alias w:val="Koko nimi"/><w:tag w:val="full_name"/><w:text/>'),
			run("Syntynyt ") + control('<w:tag w:val="birthDate"/><w:date/>'),
			run("Maa ")
			+ control(
				'<w:alias w:val="Maa"/><w:dropDownList><w:listItem w:displayText="Valitse" w:value=""/>'
				'<w:listItem w:displayText="Suomi" w:value="FI"/><w:listItem w:displayText="Ruotsi" w:value="SE"/>'
				"</w:dropDownList>",
				"Valitse kohde.",
			),
			control('<w:tag w:val="terms"/><w14:checkbox><w14:checked w14:val="0"/></w14:checkbox>', "☐")
			+ run(" Hyväksyn ehdot"),
			run("Lisätiedot ") + control('<w:alias w:val="Lisätiedot"/><w:text w:multiLine="1"/>'),
		)
	)
	assert found(form) == [
		("Koko nimi", "name"),
		("Birth date", "date"),
		("Maa", "choice"),
		("Terms", "check"),
		("Lisätiedot", "long_text"),
	]
	assert form.fields[2].options == ("Suomi", "Ruotsi")
	body = rendered(form, **{"Koko nimi": "Maija <Meri>", "Maa": "Suomi", "Terms": "1", "Lisätiedot": "a\nb"})
	assert "<p>Nimi: Maija &lt;Meri&gt;</p>" in body
	assert "<p>[x] Hyväksyn ehdot</p>" in body
	assert "a<br>b" in body


def test_legacy_form_fields():
	form = read_word(
		with_xml(
			run("Nimi: ")
			+ legacy(
				'<w:name w:val="Text1"/><w:textInput><w:maxLength w:val="30"/></w:textInput>', "FORMTEXT"
			),
			run("Päivämäärä ")
			+ legacy('<w:name w:val="Text2"/><w:textInput><w:type w:val="date"/></w:textInput>', "FORMTEXT"),
			legacy(
				'<w:name w:val="Check1"/><w:checkBox><w:default w:val="0"/></w:checkBox>', "FORMCHECKBOX", ""
			)
			+ run(" Saa julkaista"),
			run("Luokka: ")
			+ legacy(
				'<w:name w:val="Dropdown1"/><w:ddList><w:listEntry w:val="A"/><w:listEntry w:val="B"/></w:ddList>',
				"FORMDROPDOWN",
				"A",
			),
		)
	)
	assert found(form) == [
		("Nimi", "name"),
		("Päivämäärä", "date"),
		("Saa julkaista", "check"),
		("Luokka", "choice"),
	]
	assert form.fields[0].max_length == 30
	assert form.fields[3].options == ("A", "B")
	assert "<p>Nimi: Maija</p>" in rendered(form, Nimi="Maija")


def test_placeholders_also_where_word_split_them_and_where_they_repeat():
	form = read_word(
		with_xml(
			run("Vuokralainen {{tenant") + run("_name}} ja [Vuokran") + run("antaja]"),
			run("Merkki: ") + merge_field("ContactEmail"),
			run("Uudelleen {{ tenant_name }}, «ContactEmail», viite [1]"),
		)
	)
	assert found(form) == [("Tenant name", "name"), ("Vuokranantaja", "text"), ("Contact email", "email")]
	body = rendered(form, **{"Tenant name": "Meri", "Vuokranantaja": "Oy", "Contact email": "a@b.fi"})
	assert "<p>Vuokralainen Meri ja Oy</p>" in body
	assert "<p>Uudelleen Meri, a@b.fi, viite [1]</p>" in body


def test_underscores_and_boxes_are_labelled_by_the_words_beside_them():
	form = read_word(
		with_paragraphs(
			"Nimi: ____________   Puhelin: __________",
			"Minä, ______________, valtuutan seuraavan henkilön: __________",
			"☐ Yksityinen   ☐ Yritys",
			"_______________________",
			"Allekirjoitus",
		)
	)
	assert found(form) == [
		("Nimi", "name"),
		("Puhelin", "phone"),
		("Minä", "text"),
		("valtuutan seuraavan henkilön", "text"),
		("Yksityinen", "check"),
		("Yritys", "check"),
		("Allekirjoitus", "signature"),
	]


def test_empty_cells_beside_their_labels():
	document = docx.Document()
	table = document.add_table(rows=2, cols=2)
	table.cell(0, 0).text, table.cell(1, 0).text = "Henkilötunnus *", "Osoite"
	form = read_word(saved(document))
	assert found(form) == [("Henkilötunnus", "identity_code"), ("Osoite", "text")]
	assert form.fields[0].required
	assert not form.fields[1].required
	assert "<td><p>Katu 1</p></td>" in rendered(form, Osoite="Katu 1")


def test_the_text_keeps_its_structure():
	document = docx.Document()
	document.add_heading("Sopimus", 1)
	paragraph = document.add_paragraph("Tämä on ")
	paragraph.add_run("tärkeää").bold = True
	paragraph.add_run(" ja ")
	paragraph.add_run("vinoa").italic = True
	document.add_paragraph("yksi", style="List Bullet")
	document.add_paragraph("kaksi", style="List Bullet")
	document.add_table(rows=1, cols=3).cell(0, 0).text = "solu"
	body = read_word(saved(document)).body({})
	assert "<h1>Sopimus</h1>" in body
	assert "<p>Tämä on <strong>tärkeää</strong> ja <em>vinoa</em></p>" in body
	assert "<ul><li>yksi</li><li>kaksi</li></ul>" in body
	assert "<td><p>solu</p></td>" in body


def test_left_out_fields_keep_their_text():
	form = read_word(with_paragraphs("Nimi: ________", "Hinta {{ price }} €"))
	body = form.body({form.fields[0].name: "nimi"})
	assert "{{ doc.nimi }}" in body
	assert "Hinta &#123;&#123; price &#125;&#125; €" in body
	with pytest.raises(ValueError):
		form.body({form.fields[0].name: "x }} {{ evil"})


HOSTILE = [
	"{{ frappe.db.sql('select 1') }}",
	"{% for a in range(10) %}x{% endfor %}",
	"{# hidden #}",
	"{{ 7|int * 7 }} {{ [].__class__ }}",
	"<script>alert(1)</script>",
	"<img src=x onerror=alert(1)>",
	"{{ a }} {% raw %} {{ b",
	"\ue0000\ue001 \ue00099999\ue001",
	"{" * 400 + "}" * 400,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_words_never_become_jinja_or_html(text: str):
	form = read_word(with_paragraphs(text))
	body = form.body({})
	assert "{" not in body
	assert "}" not in body
	assert "<script" not in body
	assert "<img" not in body
	shown = SandboxedEnvironment().from_string(body).render()
	assert shown == body


def test_hostile_names_of_controls_stay_text():
	evil = "&lt;script&gt;{{ 7*7 }}&quot;"
	form = read_word(
		with_xml(control(f'<w:alias w:val="{evil}"/><w:tag w:val="{evil}"/><w:text/>', "{{ 1 }}"))
	)
	assert len(form.fields) == 1
	assert "{" not in form.body({})
	assert form.body({form.fields[0].name: "x"}) == "<p>{{ doc.x }}</p>"


def test_links_only_to_the_web_and_mail():
	relations = (
		b'<Relationship Id="evil" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"'
		b' Target="javascript:alert(1)" TargetMode="External"/>'
		b'<Relationship Id="good" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"'
		b' Target="https://example.fi/a" TargetMode="External"/></Relationships>'
	)
	r = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
	data = with_xml(
		f'<w:hyperlink {r} r:id="evil">{run("paha")}</w:hyperlink><w:hyperlink {r} r:id="good">{run("hyvä")}</w:hyperlink>'
	)
	with zipfile.ZipFile(io.BytesIO(data)) as package:
		old = package.read("word/_rels/document.xml.rels")
	data = changed_parts(data, {"word/_rels/document.xml.rels": old.replace(b"</Relationships>", relations)})
	body = read_word(data).body({})
	assert "javascript" not in body
	assert 'paha<a href="https://example.fi/a">hyvä</a>' in body


DOCUMENT = "word/document.xml"
TYPES = "[Content_Types].xml"
PLAIN = with_paragraphs("Nimi: ______")


def document_xml(doctype: str, text: str) -> bytes:
	return (
		f'<?xml version="1.0"?>{doctype}<w:document '
		'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
		f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
	).encode()


def bomb() -> bytes:
	return changed_parts(PLAIN, {DOCUMENT: b"<a>" + b"x" * (150 << 20) + b"</a>"})


REFUSED = {
	"old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_word"),
	"encrypted": (
		b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64) + "EncryptedPackage".encode("utf-16-le"),
		"password",
	),
	"text": (b"hello", "not_word"),
	"rtf": (b"{\\rtf1 hello}", "not_word"),
	"broken_zip": (PLAIN[:900], "not_word"),
	"no_document": (changed_parts(PLAIN, {DOCUMENT: None}), "not_word"),
	"macros": (changed_parts(PLAIN, {}, add={"word/vbaProject.bin": b"x"}), "macros"),
	"macro_type": (
		changed_parts(
			PLAIN,
			{
				TYPES: b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
				b'<Override PartName="/word/document.xml" ContentType="application/vnd.ms-word.document.'
				b'macroEnabled.main+xml"/></Types>'
			},
		),
		"macros",
	),
	"entity": (
		changed_parts(
			PLAIN,
			{DOCUMENT: document_xml('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;")},
		),
		"unreadable",
	),
	"laughs": (
		changed_parts(
			PLAIN,
			{
				DOCUMENT: document_xml(
					"<!DOCTYPE a ["
					'<!ENTITY a0 "ha">'
					+ "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
					+ "]>",
					"&a11;",
				)
			},
		),
		"unreadable",
	),
	"broken_xml": (changed_parts(PLAIN, {DOCUMENT: b"<w:document"}), "unreadable"),
	"too_many": (with_paragraphs("Nimi ____ " * 6000), "too_many_fields"),
	"deep": (
		changed_parts(
			PLAIN,
			{
				DOCUMENT: document_xml("", "x")
				.replace(b"<w:p>", b"<w:ins>" * 20000 + b"<w:p>")
				.replace(b"</w:p>", b"</w:p>" + b"</w:ins>" * 20000)
			},
		),
		"unreadable",
	),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_honest_word_file_is_refused_with_its_reason(name: str):
	data, code = REFUSED[name]
	with pytest.raises(WordRefused) as refused:
		read_word(data)
	assert refused.value.code == code
	assert "root:" not in str(refused.value)


def test_a_zip_bomb_is_stopped():
	data = bomb()
	assert len(data) < 1 << 20
	began = time.monotonic()
	with pytest.raises(WordRefused) as refused:
		read_word(data)
	assert refused.value.code == "unreadable"
	assert time.monotonic() - began < 15


def test_too_large_is_said():
	with pytest.raises(WordRefused) as refused:
		read_word(PLAIN, max_bytes=1000)
	assert refused.value.code == "too_large"
