"""Words that are withheld for others' sake stand nowhere in what is given, however they are written."""

import base64
import json
from html import escape
from urllib.parse import quote

import pytest

from signflow.core.privacy.blackening import BLACK, Blackening
from signflow.core.privacy.needles import Needles

WORD = "Äijälän Remontti"
black = Blackening([WORD, "Saarela", "+358 40 123 4567", "eero@muualla.example", "Oy"])


@pytest.mark.parametrize(
	"text",
	[
		f"Sari Meri-{WORD}",
		WORD.upper(),
		WORD.lower().replace(" ", "_") + ".pdf",
		json.dumps({"name": WORD}),
		json.dumps(json.dumps({"name": WORD.upper()})),
		quote(f"/files/{WORD}.pdf"),
		"&Auml;ij&auml;l&auml;n&nbsp;Remontti",
		"<b>Äijälän</b> <i>Remontti</i>",
		"A\u0308ija\u0308la\u0308n Remontti",
		"Äijä\u00adlän Remontti",
		"https://äijälänremontti.example",
		base64.b64encode(f"ask {WORD} too".encode()).decode(),
	],
)
def test_a_word_is_found_in_every_form(text: str) -> None:
	left = black(text)
	assert BLACK in left and not Needles([WORD]).found_in(left)
	assert "remontti" not in left.casefold()


def test_a_word_is_found_inside_longer_ones_and_the_rest_stays() -> None:
	assert black("Ask Saarelan family") == f"Ask {BLACK}n family"
	assert black("Call 040-123 4567 or 050 7654321") == f"Call {BLACK} or 050 7654321"
	assert black(f"<p>To {escape('<EERO@muualla.example>')}</p>") == f"<p>To &lt;{BLACK}&gt;</p>"
	assert black("Kodit Oy") == f"Kodit {BLACK}"


def test_what_holds_none_stays_as_it_is() -> None:
	for text in ("", "Maija Meri", "Rantatie 1, 00100 Helsinki", json.dumps({"a": "b\u00e4"}), "2026-11-23"):
		assert black(text) == text
	assert Blackening()(WORD) == WORD and not Blackening([" ", "x"])


def test_the_longer_of_two_words_goes_first() -> None:
	assert Blackening(["Saarela", "Saarelan Remontti"])("Saarelan Remontti") == BLACK


def test_which_words_stand_in_a_text() -> None:
	assert black.stand_in("saarelan and 0401234567") == ["+358 40 123 4567", "Saarela"]


def test_in_a_file_a_short_word_is_one_of_its_own() -> None:
	withheld = Blackening(["Aho", "Saarela"])
	assert not withheld.is_read_in("rahoitus, vahoja") and withheld.is_read_in("by Aho, 2026")
	assert withheld.is_read_in("SAARELAN REMONTTI") and not withheld.is_read_in("")
	assert Blackening(["040 123 4567"]).is_read_in("ring +358 40 1234567")
