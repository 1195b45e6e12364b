"""Made-up values: the same everywhere, different for different originals, valid in shape and nobody's."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban as ibans
from stdnum.fi import hetu, ytunnus

from signflow.core.privacy.madeup import Known, MadeUp

MADE = MadeUp(b"k" * 32)
words = st.text("abcdefghijklmnopqrstuvwxyzåäö", min_size=1, max_size=14)


def test_a_person_stays_the_same_person_everywhere() -> None:
	first, last = MADE.name("Maija"), MADE.name("Virtanen")
	assert MADE.name("Maija Virtanen") == f"{first} {last}"
	assert MADE.name("VIRTANEN, maija") == f"{last.upper()}, {first.lower()}"
	assert MADE.mail("Maija.Virtanen@Posti.fi").startswith(f"{first}.{last}@".lower())
	assert MADE.mail("maija.virtanen@posti.fi") == MADE.mail("MAIJA.VIRTANEN@POSTI.FI")
	assert f"{first} {last}" in MADE.text("<p>Hei <b>Maija Virtanen</b>!</p>")
	assert "Maija" not in first and first != last
	assert MADE.name("Rantakodit Oy 2").endswith(" Oy 2")


def test_another_key_makes_another_person() -> None:
	assert MadeUp().name("Maija Virtanen") != MadeUp().name("Maija Virtanen")


def test_numbers_and_codes_are_valid_and_nobodys() -> None:
	code = MADE.identity_code("131052-308T")
	assert hetu.is_valid(code, allow_temporary=True) and code[7] == "9"
	assert MADE.identity_code("131052-308t") == code
	business = MADE.business_id("FI01098628")
	assert business.startswith("FI9") and ytunnus.is_valid(business[2:])
	assert MADE.business_id("0109862-8").replace("-", "") == business[2:]
	account = MADE.iban("FI21 1234 5600 0007 85")
	assert ibans.is_valid(account) and account[4] == "9"
	assert MADE.phone("+358 50 123 4567") == MADE.phone("0501234567") == MADE.phone("00358501234567")
	assert MADE.phone("0501234567").startswith("+358 00 ")
	assert date(1945, 1, 1) <= MADE.birth_date(date(1952, 10, 13)) < date(2003, 1, 1)
	assert re.fullmatch(r"\d{5}-\d\d", MADE.digits("00100-12"))


def test_nothing_that_a_text_says_is_left() -> None:
	text = (
		'<div data-mention="maija@posti.fi"><style>.maija{}</style>Maija &amp; Matti, 131052-308T, '
		'<a href="mailto:maija@posti.fi">maija@posti.fi</a> 050 123 4567, FI21 1234 5600 0007 85, '
		"Maija <maija@posti.fi> </maija></div>"
	)
	made = MADE.text(text)
	for planted in ("aija", "Matti", "131052", "posti", "123", "href", "style"):
		assert planted not in made, (planted, made)
	assert made.startswith("<div>") and made.endswith("</div>") and "&amp;" in made
	assert MADE.phone("050 123 4567") in made
	assert MADE.addresses('"Maija" <maija@posti.fi>').startswith(f'"{MADE.name("Maija")}" <')
	assert MADE.identity_code("131052-308T") in made and MADE.mail("maija@posti.fi") in made


def test_of_other_texts_only_what_speaks_of_people_goes() -> None:
	known = Known()
	known.add_name("Maija Virtanen")
	known.add_name("Maija")
	known.add_phone("+358 50 123 4567")
	text = "Maija on kevään nimi. VIRTANEN MAIJA soitti 050-1234567 ja kirjoitti: maija@posti.fi, lasku 20260001."
	made = MADE.scrubbed(text, known)
	assert made.startswith("Maija on kevään nimi. ") and made.endswith(", lasku 20260001.")
	for planted in ("VIRTANEN", "1234567", "posti"):
		assert planted not in made
	assert MADE.name("VIRTANEN MAIJA") in made and MADE.phone("050 1234567") in made


@pytest.mark.parametrize(
	"text",
	[
		"Soita 050 123 4567 tänään",
		"Soita +358 50 123 4567 12.3.2026",
		"(050) 1234567 / 1",
		"1.2. 050-1234567",
		"0501234567!",
	],
)
def test_a_known_telephone_goes_whatever_stands_beside_it(text: str) -> None:
	known = Known()
	known.add_phone("+358 50 123 4567")
	made = MADE.scrubbed(text, known)
	assert MADE.phone("050 1234567") in made and "1234567" not in re.sub(
		r"\D", "", made.replace(MADE.phone("0501234567"), "")
	)
	assert made.split()[0] == text.split()[0] or not text.startswith(("Soita", "1.2."))
	assert "++" not in made


@given(st.lists(words, min_size=2, max_size=40, unique_by=str.casefold))
def test_different_words_get_different_ones(originals: list[str]) -> None:
	made = MadeUp(b"x" * 32)
	assert len({made.word(one).casefold() for one in originals}) == len(originals)


@given(st.text(max_size=300))
def test_a_long_name_fits_its_column_and_no_text_breaks_it(text: str) -> None:
	assert len(MADE.fitting(MADE.name(text), text)) <= 140
	assert isinstance(MADE.text(text), str) and isinstance(MADE.scrubbed(text, Known()), str)


@pytest.mark.parametrize("address", ["a@b.fi", "maija+x@posti.co.uk", "o'neil_1@x-y.example"])
def test_a_mail_address_stays_one(address: str) -> None:
	assert re.fullmatch(r"[^@\s]+@[a-z]+\.example", MADE.mail(address))
