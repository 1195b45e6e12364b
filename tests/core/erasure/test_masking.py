"""Her words are taken out of other words, however they are written, and nobody else's are."""

import json
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.erasure.masking import Neutral, Words, becomes
from signflow.core.privacy.datamap import Holds, PersonalField

NEUTRAL = Neutral.of("Erased person", "7f3a91")
HERS = Words(
	frozenset({"maija.meri@posti.example"}), frozenset({"+358401234567"}), frozenset({"Maija Mäkinen"})
)


@pytest.mark.parametrize(
	"text",
	[
		"maija.meri@posti.example",
		"Ask <b>Maija.Meri@Posti.Example</b>.",
		"mailto:maija.meri@posti.example?subject=x",
		quote("/find?who=maija.meri@posti.example"),
		json.dumps({"to": "maija.meri@posti.example"}),
		"maija.meri&#64;posti.example",
		"+358401234567",
		"tel. 040 123 4567.",
		"0401234567",
		"00358 (0)40-123 45 67",
		"+358&nbsp;40 1234567",
		"Maija Mäkinen",
		"MÄKINEN, MAIJA",
		"Maija Makinen rang",
		"<b>Maija</b> <i>Mäkinen</i>",
		json.dumps("Maija Mäkinen"),
		escape("Maija Mäkinen").encode("ascii", "xmlcharrefreplace").decode(),
		quote("Maija Mäkinen"),
		"maija_makinen.pdf",
		"Maija&nbsp;M&auml;kinen",
	],
)
def test_her_words_go_in_every_form(text: str) -> None:
	masked = HERS.replaced(text, NEUTRAL)
	assert masked != text
	low = masked.lower()
	assert "posti" not in low and "kinen" not in low and "maija" not in low
	assert "123" not in masked and "4567" not in masked
	assert HERS.replaced(masked, NEUTRAL) == masked
	assert not HERS.stand_in(masked)


@pytest.mark.parametrize(
	"text",
	[
		"anna-maija.meri@posti.example",
		"maija.meri@posti.example.org",
		"xmaija.meri@posti.example",
		"Maija Mäkisen",
		"Maija and Mäkinen",
		"Annamaija Mäkinen",
		"order 9401234567",
		"04012345678",
		"SO-0401234567X",
		"Maija",
		"",
	],
)
def test_nobody_elses_words_are_touched(text: str) -> None:
	assert HERS.replaced(text, NEUTRAL) == text


def test_around_her_words_all_stays() -> None:
	text = "<p>Sovittu: Maija Mäkinen &lt;maija.meri@posti.example&gt;, ennen klo 12.</p>"
	assert (
		HERS.replaced(text, NEUTRAL)
		== "<p>Sovittu: Erased person 7f3a91 &lt;erased-7f3a91@erased.invalid&gt;, ennen klo 12.</p>"
	)


def test_json_stays_json() -> None:
	said = {"changed": [["contact_display", "Maija Mäkinen", "Mäkinen, Maija"]], "phone": "040 1234567"}
	masked = json.loads(HERS.replaced(json.dumps(said), NEUTRAL))
	assert masked["changed"][0][1:] == [NEUTRAL.name, NEUTRAL.name] and masked["phone"] == "–"


@given(st.text(max_size=200))
def test_text_without_her_stays_to_the_letter(text: str) -> None:
	words = Words(frozenset({"q9z@zz.example"}), frozenset({"+358409999999"}), frozenset({"Qzq Zqz"}))
	if "q" not in text.casefold() and "9999" not in text:
		assert words.replaced(text, NEUTRAL) == text


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_stands_around_her_stays(before: str, after: str) -> None:
	text = f"{before} Maija Mäkinen {after}"
	if HERS.stand_in(before) or HERS.stand_in(after):
		return
	masked = HERS.replaced(text, NEUTRAL)
	assert NEUTRAL.name in masked
	assert HERS.replaced(masked, NEUTRAL) == masked


@pytest.mark.parametrize(
	("field", "options", "result"),
	[
		(PersonalField("first_name", Holds.NAME), {"required": True}, NEUTRAL.name),
		(PersonalField("last_name", Holds.NAME), {}, None),
		(PersonalField("email_id", Holds.EMAIL), {}, None),
		(PersonalField("email", Holds.EMAIL), {"required": True, "unique": True}, NEUTRAL.mail),
		(PersonalField("phone", Holds.PHONE), {"required": True}, "000"),
		(PersonalField("birth", Holds.BIRTH_DATE, "Date"), {}, None),
		(PersonalField("posting", Holds.OTHER, "Date"), {}, False),
		(PersonalField("salary", Holds.MONEY, "Currency"), {}, False),
		(PersonalField("children", Holds.SPECIAL, "Int"), {}, False),
		(PersonalField("gender", Holds.OTHER, "Link", "Gender"), {}, False),
		(PersonalField("customer", Holds.PERSON, "Link", "Customer"), {}, False),
		(PersonalField("line1", Holds.ADDRESS), {"required": True}, "–"),
		(PersonalField("diet", Holds.SPECIAL, "Select"), {}, None),
	],
)
def test_what_a_field_becomes(field: PersonalField, options: dict[str, bool], result: object) -> None:
	assert becomes(field, NEUTRAL, **options) == result
