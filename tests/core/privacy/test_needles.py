"""A person's strings are found however they were written down, one form inside another too, and nobody else's are."""

import base64
import email.header
import html
import json
import quopri
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signflow.core.privacy.needles import Needles

NAME, MAIL, CODE, PHONE = "Märta Åkerblom", "marta.akerblom@posti.example", "131052-308T", "+358401234567"
SHE = Needles([NAME, MAIL, CODE, PHONE])


def in_lines(text: str, width: int = 76) -> str:
	return "\r\n".join(text[place : place + width] for place in range(0, len(text), width))


FORMS: dict[str, Callable[[str], str]] = {
	"plain": lambda text: text,
	"capitals": str.upper,
	"entities": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
	"html": html.escape,
	"url": quote,
	"form": quote_plus,
	"json": json.dumps,
	"json twice": lambda text: json.dumps(json.dumps(text)),
	"quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
	"header": lambda text: email.header.Header(text, "utf-8").encode(),
	"base64": lambda text: base64.b64encode(text.encode()).decode(),
	"base64 in lines": lambda text: in_lines(base64.b64encode(text.encode()).decode()),
	"base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
	"base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
	"hexadecimal": lambda text: text.encode().hex(),
	"misread": lambda text: text.encode().decode("cp1252", "replace"),
	"wrapped": lambda text: text.replace(" ", "\r\n\t"),
	"tags": lambda text: text.replace(" ", "</b>&nbsp;<i class='x'>"),
	"split by tags": lambda text: text.replace("er", "e<wbr/>r"),
}
# What upper case or a wrong charset does to a form of capitals and small letters cannot be undone.
OUTER = sorted(set(FORMS) - {"capitals", "misread", "split by tags", "json twice"})
words = st.text("abcdefghijkl MNOPQRÄÖ.,0123456789\n", max_size=40)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([NAME, MAIL, CODE]), st.sampled_from(sorted(FORMS)), words, words)
def test_a_string_is_found_in_each_form(string: str, form: str, before: str, after: str) -> None:
	assert string in SHE.found_in(FORMS[form](f"{before} {string} {after}")), form


@settings(max_examples=600, deadline=None)
@given(st.sampled_from([NAME, MAIL]), st.sampled_from(sorted(FORMS)), st.sampled_from(OUTER), words)
def test_and_in_one_form_inside_another(string: str, inner: str, outer: str, before: str) -> None:
	assert string in SHE.found_in(FORMS[outer](f"{before} {FORMS[inner](string)} x")), (inner, outer)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=30), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "cp1252", "utf-16"]))
def test_bytes_of_any_charset_are_read(before: bytes, charset: str) -> None:
	assert SHE.found_in(before + f" {NAME}, {MAIL} ".encode(charset) + b"\xff\xfe\0") >= {NAME, MAIL}


@pytest.mark.parametrize(
	"written",
	[
		"+358 40 123 4567",
		"00358401234567",
		"040-1234567",
		"(040) 123 4567",
		"+358 (0)40 123 4567",
		"401234567",
	],
)
def test_a_telephone_is_found_however_it_is_written(written: str) -> None:
	assert SHE.found_in(f"Ring {written}.") == {PHONE}
	assert SHE.found_in(quote(f"tel:{written}")) == {PHONE}


@pytest.mark.parametrize(
	"text",
	[
		f"x{MAIL}",
		f"{MAIL}.other.example",
		"Märta Åkerblomsson",
		"Åkerblom",
		"1131052-308T",
		"9401234567",
		"040 123 45678",
		base64.b64encode(f"x{MAIL}".encode()).decode(),
		json.dumps(f"ä{MAIL}"),
	],
)
def test_what_only_holds_it_as_a_part_is_not_it(text: str) -> None:
	assert not SHE.found_in(text)


def test_decomposed_and_hyphenated_words_are_found() -> None:
	assert NAME in SHE.found_in("Ma\u0308rta A\u030akerblom")
	assert NAME in SHE.found_in("herra Märta Åker-\nblom tuli")
	assert NAME in SHE.found_in("Mär\u00adta Åker\u00adblom")
	assert NAME in SHE.found_in('"Märta","Åkerblom",12')


def test_too_short_a_string_is_refused_and_none_finds_nothing() -> None:
	with pytest.raises(ValueError):
		Needles(["ab"])
	assert Needles([]).found_in("anything") == set()


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.binary()))
def test_nothing_that_is_read_raises(data: str | bytes) -> None:
	assert SHE.found_in(data) == set()
