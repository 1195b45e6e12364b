"""Form fields are found, typed and filled so that the flattened page shows them."""

from __future__ import annotations

import io

import pikepdf
import pytest
from paper_house import (
	Paper,
	application,
	flattened_text,
	ink_in,
	only,
	refusal,
	saved,
	text_field,
	with_fields,
)
from pikepdf import Array, Dictionary, Name, String
from sealing_house import plain_pdf

from signflow.core.paper.kinds import guess_kind, readable
from signflow.core.pdf.fields import fill, find_fields
from signflow.core.pdf.normalise import PdfRefused, normalise

pytestmark = pytest.mark.usefixtures("same_process")


def test_fields_are_found_in_reading_order_with_labels_kinds_and_options():
	found = find_fields(application())
	assert [(field.label, field.kind) for field in found] == [
		("Nimi", "name"),
		("Henkilötunnus", "identity_code"),
		("Sähköposti", "email"),
		("Puhelin", "phone"),
		("Lisätiedot", "long_text"),
		("Hyväksyn säännöt", "check"),
		("Jäsenlaji", "choice"),
		("Maa", "choice"),
	]
	assert [field.required for field in found[:4]] == [True, False, True, False]
	assert found[1].max_length == 11
	assert found[6].options == ("Yksityinen", "Yritys")
	assert found[7].options == ("Suomi", "Ruotsi")
	assert {field.source for field in found} == {"form"}


def test_filled_values_stand_on_the_flattened_page():
	filled = fill(
		application(),
		{
			"t1": "Žofia Šåäö €Иванова",
			"t2": "010190-123X",
			"t5": "Ensimmäinen rivi\n" + "sanoja " * 60,
			"c1": "1",
			"r": "Yritys",
			"maa": "Ruotsi",
		},
	)
	text = flattened_text(filled)
	assert "Žofia Šåäö €Иванова" in text
	assert "010190-123X" in text
	assert "Ensimmäinen rivi\nsanoja sanoja" in text
	assert " ".join(text.split()).count("sanoja") == 60
	assert "Ruotsi" in text
	assert ink_in(filled, 52, 562, 64, 574) > 0.05
	assert ink_in(filled, 235, 531, 241, 537) > 0.3
	assert ink_in(filled, 135, 531, 141, 537) < 0.1
	# Other viewers read the values, too.
	with pikepdf.open(io.BytesIO(filled)) as pdf:
		values = {str(field.T): field.get("/V") for field in pdf.Root.AcroForm.Fields}
	assert str(values["t1"]) == "Žofia Šåäö €Иванова"
	assert str(values["maa"]) == "SE"


def test_a_cleared_box_is_clear():
	filled = fill(fill(application(), {"c1": "yes", "r": "1"}), {"c1": "0", "r": ""})
	assert ink_in(filled, 52, 562, 64, 574) < 0.01
	assert ink_in(filled, 135, 531, 141, 537) < 0.1


def test_a_field_without_any_appearance_shows_its_value_and_its_own_default():
	data = with_fields(text_field("a"), text_field("b", V=String("oletus Ж")), NeedAppearances=True)
	text = flattened_text(fill(data, {"a": "Ääkköset"}))
	assert "Ääkköset" in text
	assert "oletus Ж" in text


def test_long_text_is_made_smaller_and_too_long_is_refused():
	data = with_fields(text_field("name", TU=String("Nimi")))
	text = "Anna-Maria Kristiina von Pitkäsukuinen-Vielä Pitempi"
	assert text in flattened_text(fill(data, {"name": text}))
	error = refusal(fill, data, {"name": "pitkä " * 60})
	assert (error.code, error.params["label"]) == ("does_not_fit", "Nimi")
	lines = with_fields(text_field("x", Ff=1 << 12))
	assert refusal(fill, lines, {"x": "rivi\n" * 60}).code == "does_not_fit"
	assert refusal(fill, lines, {"x": "x" * 30_000}).code == "too_long"


def test_max_length_comb_and_alignment():
	data = with_fields(
		text_field("code", MaxLen=5, Ff=1 << 24, TU=String("Postinumero")),
		text_field("right", Q=2),
	)
	filled = fill(data, {"code": "00120", "right": "950,00"})
	assert "0 0 1 2 0" in flattened_text(filled)
	assert ink_in(filled, 205, 740, 250, 760) > 0.02
	assert ink_in(filled, 50, 740, 200, 760) == 0
	error = refusal(fill, data, {"code": "001200"})
	assert (error.code, error.params) == ("too_long", {"label": "Postinumero", "length": 6, "limit": 5})


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_fields_are_filled_along_their_own_direction(turn: int):
	rect = [50, 600, 70, 800] if turn != 180 else [50, 780, 250, 800]
	data = with_fields(text_field("a", Rect=rect, MK=Dictionary(R=turn)))
	assert "Käännetty teksti" in flattened_text(fill(data, {"a": "Käännetty teksti"}))


def test_characters_without_a_glyph_are_refused_by_name():
	error = refusal(fill, with_fields(text_field("a", TU=String("Nimi"))), {"a": "Li 李 😀"})
	assert error.code == "characters"
	assert "李" in str(error)


def test_unknown_fields_options_and_what_cannot_be_filled():
	data = application()
	assert refusal(fill, data, {"nothing": "x"}).code == "unknown_field"
	error = refusal(fill, data, {"maa": "Norja"})
	assert error.code == "unknown_option"
	assert "Suomi, Ruotsi" in str(error)
	assert refusal(fill, data, {"c1": "perhaps"}).code == "unknown_option"
	button = with_fields({"FT": Name.Btn, "Ff": 1 << 16, "T": String("push")}, text_field("a"))
	assert refusal(fill, button, {"push": "1"}).code == "not_fillable"
	assert [field.name for field in find_fields(button)] == ["a"]


def test_types_come_from_the_scripts_which_are_never_run():
	def scripted(name: str, script: str):
		action = Dictionary(S=Name.JavaScript, JS=String(script))
		return text_field(name, AA=Dictionary(F=action, K=action))

	data = with_fields(
		scripted("a", 'AFDate_FormatEx("dd.mm.yyyy");'),
		scripted("b", 'AFNumber_Format(2, 2, 0, 0, "€", false);'),
		scripted("c", "AFTime_Format(0);"),
		scripted("d", "AFSpecial_Format(2);"),
		scripted("e", "while (true) {}"),
	)
	found = find_fields(data)
	assert [field.kind for field in found] == ["date", "number", "time", "phone", "text"]
	assert found[0].date_format == "dd.mm.yyyy"
	text = flattened_text(fill(data, {"a": "2026-03-14"}))
	assert "14.03.2026" in text


def test_names_are_dotted_and_hidden_and_locked_fields_are_left_out():
	pdf = pikepdf.new()
	page = pdf.add_blank_page(page_size=(595, 842))

	def widget(**entries):
		one = Dictionary(
			Type=Name.Annot, Subtype=Name.Widget, Rect=[50, 700, 250, 720], P=page.obj, **entries
		)
		return pdf.make_indirect(one)

	parent = pdf.make_indirect(Dictionary(T=String("person"), FT=Name.Tx))
	kid = widget(T=String("birthDate"), Parent=parent)
	parent["/Kids"] = Array([kid])
	hidden = widget(T=String("hidden"), FT=Name.Tx, F=2)
	locked = widget(T=String("locked"), FT=Name.Tx, Ff=1)
	page.obj["/Annots"] = Array([kid, hidden, locked])
	pdf.Root["/AcroForm"] = Dictionary(Fields=Array([parent, hidden, locked]))
	data = saved(pdf)
	field = only(data)
	assert (field.name, field.label, field.kind) == ("person.birthDate", "Birth date", "date")
	assert "1.2.1990" in flattened_text(fill(data, {"person.birthDate": "1.2.1990"}))


def test_one_field_with_several_places_is_filled_in_all():
	pdf = pikepdf.open(io.BytesIO(with_fields(text_field("name"), text_field("name"))))
	data = saved(pdf)
	assert only(data).name == "name"
	assert flattened_text(fill(data, {"name": "Kahdesti"})).count("Kahdesti") == 2


def test_scripts_and_xfa_are_gone_after_filling():
	def change(pdf):
		pdf.Root["/Names"] = Dictionary(
			JavaScript=Dictionary(Names=["a", Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))])
		)
		pdf.Root["/AA"] = Dictionary(WC=Dictionary(S=Name.JavaScript, JS=String("x")))
		pdf.Root.AcroForm["/XFA"] = pdf.make_stream(b"<xdp/>")

	with pikepdf.open(io.BytesIO(with_fields(text_field("name")))) as pdf:
		change(pdf)
		data = saved(pdf)
	with pytest.raises(PdfRefused):
		normalise(data)
	assert "Maija" in flattened_text(fill(data, {"name": "Maija"}))


def printed_form(rotate: int = 0) -> bytes:
	paper = Paper(rotate)
	paper.text(50, 740, "Nimi: ______________________   Puhelin: ____________")
	paper.text(50, 710, "Sähköposti * ..............................")
	paper.text(50, 680, "Lisätietoja: ________________________________")
	paper.text(112, 660, "________________________________")
	paper.text(50, 620, "[ ] Annan luvan   ( ) En anna")
	paper.text(50, 540, "_________________________")
	paper.text(50, 527, "Allekirjoitus")
	paper.text(50, 480, "1 Johdanto ........................ 12")
	paper.text(50, 460, "2 Muuta ............................ MS-2")
	return paper.pdf()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_printed_blanks_of_a_flat_pdf_are_found_and_drawn_on(rotate: int):
	data = printed_form(rotate)
	found = find_fields(data)
	assert [(field.name, field.label, field.kind) for field in found] == [
		("p1.1", "Nimi", "name"),
		("p1.2", "Puhelin", "phone"),
		("p1.3", "Sähköposti", "email"),
		("p1.4", "Lisätietoja", "long_text"),
		("p1.5", "Annan luvan", "check"),
		("p1.6", "En anna", "check"),
		("p1.7", "Allekirjoitus", "signature"),
	]
	assert {field.source for field in found} == {"text"}
	assert found[2].required
	filled = fill(data, {"p1.1": "Žofia Mäki", "p1.4": "pitkä teksti " * 5, "p1.6": "1"})
	text = flattened_text(filled)
	assert "Žofia Mäki" in text
	assert text.count("pitkä") == 5
	assert refusal(fill, data, {"p1.1": "liian pitkä " * 20}).code == "does_not_fit"
	assert refusal(fill, data, {"p9.9": "x"}).code == "unknown_field"
	if not rotate:
		assert ink_in(filled, 128, 616, 146, 636) > ink_in(data, 128, 616, 146, 636) + 0.02


def test_prose_has_no_blanks():
	assert find_fields(plain_pdf(2, "Odota... 1.2.3 ja a_b sekä foo() [1]")) == []


def test_words_in_three_languages_and_their_traps():
	cases = {
		"Henkilötunnus": "identity_code",
		"Personbeteckning": "identity_code",
		"Personal identity code": "identity_code",
		"E-postadress": "email",
		"sahkoposti": "email",
		"Matkapuhelin": "phone",
		"Telefonnummer": "phone",
		"Päivämäärä (pp.kk.vvvv)": "date",
		"Födelsedatum": "date",
		"Date of birth": "date",
		"Allekirjoituspäivä": "date",
		"Paikka ja päivämäärä": "text",
		"Ort och datum": "text",
		"Underskrift": "signature",
		"Nimenselvennys": "name",
		"Namnförtydligande": "name",
		"Y-tunnus": "business_id",
		"FO-nummer": "business_id",
		"Tilinumero (IBAN)": "iban",
		"Postinumero": "text",
		"Etunimet": "first_name",
		"Efternamn": "last_name",
		"Yrityksen nimi": "company",
		"Tuotteen nimi": None,
		"Updated": None,
		"Candidate": None,
		"Määrä": "number",
		"Lisätietoja": "long_text",
	}
	assert {text: guess_kind(text) for text in cases} == cases


@pytest.mark.parametrize(
	("name", "text"),
	[
		("form1[0].#subform[0].txtBirthDate[0]", "Birth date"),
		("first_name", "First name"),
		("VAT_number", "VAT number"),
		("Text12", "Text 12"),
	],
)
def test_technical_names_are_made_readable(name: str, text: str):
	assert readable(name) == text
