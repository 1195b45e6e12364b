"""Identity codes, mail addresses, telephones and bank accounts are found in texts, and little else is taken for them."""

import time

import pytest
from stdnum.fi import hetu

from signflow.core.privacy.datamap import Holds
from signflow.core.privacy.scanning import LONGEST_TEXT, kinds_in

CODE, MAIL, PHONE, BANK = Holds.IDENTITY_CODE, Holds.EMAIL, Holds.PHONE, Holds.BANK_ACCOUNT


def a_hetu(separator: str, day: str = "010594", number: str = "902") -> str:
	check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(day + number) % 31]
	return f"{day}{separator}{number}{check}"


@pytest.mark.parametrize("separator", "-+ABCDEFYXWVU")
def test_every_separator_of_a_finnish_code_is_known(separator):
	day = "010504" if separator in "ABCDEF" else "010594"
	code = a_hetu(separator, day)
	assert hetu.is_valid(code, allow_temporary=True)
	for text in (code, code.lower(), f"Hetu:{code}.", f"<p>{code}</p>", f"Asiakas Meri ({code})"):
		assert kinds_in(text) == {CODE}, text


@pytest.mark.parametrize(
	("text", "kinds"),
	[
		("131052-308T", {CODE}),
		("Personnummer 880320-0016", {CODE}),
		("198803200016", {CODE}),
		("Soita 040 123 4567", {PHONE}),
		("puh. +358 40 1234567.", {PHONE}),
		("tel 0401234567, kiitos", {PHONE}),
		("växel 00358 9 4245 0456", {PHONE}),
		("+46 70 123 45 67", {PHONE}),
		("maija.meri@posti.fi", {MAIL}),
		("<a href='mailto:maija+uutiset@posti.example.fi'>", {MAIL}),
		("Tili FI21 1234 5600 0007 85, viite 1232", {BANK}),
		("FI2112345600000785", {BANK}),
		("maija@posti.fi 131052-308T 040 123 4567", {MAIL, CODE, PHONE}),
	],
)
def test_what_is_there_is_found(text, kinds):
	assert kinds_in(text) == kinds


@pytest.mark.parametrize(
	"text",
	[
		"",
		"Sopimus",
		"131052-308U",  # wrong check
		"310252-308Y",  # no such day
		"A131052-308T5",  # within another code
		"880320-0018",
		"8803200016",  # ten digits may be anything
		"Tilaus 20240131-0001, 12.05.2024 klo 10:30",
		"SAL-ORD-2024-00123 / 123456789012",
		"EAN 6411401015090, LOT 0401-22",
		"1 234,50 EUR, 24 %, 0.0401234567",
		"2024-01-31 09:15:00.123456",
		"192.168.100.101 10.0.0.1:8000",
		"https://example.com/0401234567/",
		"FI21 1234 5600 0007 86",
		"Y-tunnus 2617416-4, FI26174164",
		"550e8400-e29b-41d4-a716-446655440000",
		"no-reply@kauppa.fi, user@localhost, name@example.com",
		"@maija kirjoitti: 3 @ 4,50",
		"rgb(0, 102, 204); width:0100px",
	],
)
def test_what_only_looks_like_it_is_not(text):
	assert kinds_in(text) == set()


def test_a_long_text_is_read_to_its_limit_and_no_text_takes_long():
	assert kinds_in("x" * (LONGEST_TEXT - 20) + " 131052-308T") == {CODE}
	assert kinds_in("x" * LONGEST_TEXT + " 131052-308T") == set()
	began = time.perf_counter()
	for text in (
		"0" * 10**6,
		"a@" * 10**6,
		"a." * 10**6 + "@",
		"0 4 " * 10**6,
		"FI21 1234 " * 10**5,
		"1-" * 10**6,
	):
		kinds_in(text)
	assert time.perf_counter() - began < 5
