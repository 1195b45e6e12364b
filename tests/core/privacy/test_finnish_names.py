"""A name with ä and ö and a mail address are found in real files and in what programs make of letters, whatever its case."""

import base64
import email.message
import gzip
import html
import io
import json
import quopri
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable
from html.entities import codepoint2name
from urllib.parse import quote

import openpyxl
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from signflow.core.erasure.masking import Words
from signflow.core.privacy.texts_in_files import Outcome, read_many, text_of

NAME, MAIL = "Päivi Äyräväinen", "paivi.ayravainen@posti.example"
SHE = Words(frozenset({MAIL}), frozenset({"+358401234567"}), frozenset({NAME}))
NEEDLES = SHE.needles()
SAID = f"Hei {NAME}, <{MAIL}> tai 040-123 4567!"
ALL = {MAIL, NAME, "+358401234567"}


def escaped(form: str) -> Callable[[str], str]:
	return lambda text: "".join(form.format(ord(sign)) if ord(sign) > 127 else sign for sign in text)


LETTERS: dict[str, Callable[[str], str]] = {
	"composed": str,
	"decomposed": lambda text: unicodedata.normalize("NFD", text),
	"capitals": str.upper,
	"small": str.lower,
	"without accents": lambda text: (
		text.encode("ascii", "ignore").decode()
		if text.isascii()
		else "".join(one for one in unicodedata.normalize("NFD", text) if one.isascii())
	),
}
FORMS: dict[str, Callable[[str], str]] = {
	"plain": str,
	"quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
	"quoted-printable, small": lambda text: "".join(
		f"={one:02x}" if one > 127 else chr(one) for one in text.encode()
	),
	"quoted-printable of Latin-1": lambda text: quopri.encodestring(
		text.encode("latin-1", "replace")
	).decode(),
	"json": json.dumps,
	"json in json": lambda text: json.dumps(json.dumps(text)),
	"json in json in json": lambda text: json.dumps(json.dumps(json.dumps(text))),
	"entities": lambda text: "".join(
		f"&{codepoint2name[ord(one)]};" if ord(one) > 127 and ord(one) in codepoint2name else one
		for one in text
	),
	"numbers": escaped("&#{};"),
	"hexadecimal numbers": escaped("&#x{:X};"),
	"entities, escaped again": lambda text: html.escape(escaped("&#{};")(text)),
	"address": quote,
	"address, small": lambda text: quote(text).lower(),
	"address, twice": lambda text: quote(quote(text)),
	"address of Latin-1": lambda text: quote(text, encoding="latin-1", errors="replace"),
	"escape()": escaped("%u{:04X}"),
	"octal": lambda text: "".join(f"\\{one:03o}" if one > 127 else chr(one) for one in text.encode()),
	"long escapes": escaped("\\U{:08x}"),
	"base64": lambda text: base64.b64encode(text.encode()).decode(),
	"base64 of Latin-1": lambda text: base64.b64encode(text.encode("latin-1", "replace")).decode(),
	"base64, twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
	"hexadecimal": lambda text: text.encode().hex().upper(),
	"UTF-7": lambda text: text.encode("utf-7").decode(),
	"misread": lambda text: text.encode().decode("cp1252", "replace"),
}
# A letter in two signs has no place in these, as capitals that are written in other letters have none.
NOT_BOTH = {("decomposed", form) for form in FORMS if "Latin-1" in form} | {
	("decomposed", "misread"),
	("capitals", "misread"),
}


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("letters", sorted(LETTERS))
def test_a_name_is_found_whatever_programs_made_of_its_letters(letters: str, form: str) -> None:
	if (letters, form) not in NOT_BOTH:
		assert NEEDLES.found_in(FORMS[form](LETTERS[letters](SAID))) >= ALL, FORMS[form](
			LETTERS[letters](SAID)
		)


@pytest.mark.parametrize(
	"charset", ["utf-8", "utf-16", "utf-16-be", "cp1252", "iso-8859-15", "cp850", "utf-7"]
)
def test_and_in_bytes_of_any_charset(charset: str) -> None:
	assert NEEDLES.found_in(f"x {SAID} y".encode(charset)) >= ALL


@pytest.mark.parametrize(
	"text",
	[
		'{"first_name": "Päivi", "last_name": "Äyräväinen"}',
		json.dumps({"first_name": "Päivi", "last_name": "Äyräväinen"}, indent=1),
		"('CONT-1','Päivi',NULL,'Äyräväinen',0)",
		'"Äyräväinen";"Päivi";"Turku"',
		"<td>Päivi</td>\n<td>Äyräväinen</td>",
		"Sopimus_Päivi_Äyräväinen_2024",
		"paivi-ayravainen",
		"P&auml;ivi&nbsp;<b>&Auml;yr&auml;v&auml;inen</b>",
	],
)
def test_a_name_in_parts_is_found(text: str) -> None:
	assert NEEDLES.found_in(text) == {NAME} or NEEDLES.found_in(text) == {"Äyräväinen Päivi"}


@pytest.mark.parametrize(
	"text",
	["Päivin Äyräväinen", "Päivi Äyräväisen", "paivi.ayravainen@muu.example", "Päivi. Äyräväinen tuli myös."],
)
def test_what_is_another_is_not_found(text: str) -> None:
	assert not NEEDLES.found_in(text)


def a_pdf() -> bytes:
	page = FPDF()
	page.add_page()
	page.set_font("helvetica", size=10)
	page.multi_cell(0, text=SAID)
	return bytes(page.output())


def a_sheet() -> bytes:
	book, out = openpyxl.Workbook(), io.BytesIO()
	book.active.append(["Päivi", "Äyräväinen", MAIL, "040-1234567"])
	book.active.append([NAME])
	book.save(out)
	return out.getvalue()


def a_letter() -> bytes:
	out = io.BytesIO()
	w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
	# Words are cut into runs wherever somebody corrected a letter.
	cut = "".join(
		f"<w:r><w:t xml:space='preserve'>{html.escape(one)}</w:t></w:r>" for one in (SAID[:7], SAID[7:])
	)
	with zipfile.ZipFile(out, "w") as archive:
		archive.writestr(
			"[Content_Types].xml",
			'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
		)
		archive.writestr(
			"word/document.xml", f"<w:document {w}><w:body><w:p>{cut}</w:p></w:body></w:document>"
		)
	return out.getvalue()


def a_mail(*files: tuple[str, bytes], charset: str = "utf-8", cte: str = "base64") -> bytes:
	message = email.message.EmailMessage()
	message["Subject"] = f"Terveisin {NAME}"
	message.set_content(SAID, charset=charset, cte=cte)
	for name, data in files:
		message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
	return message.as_bytes()


def a_zip(name: str, data: bytes) -> bytes:
	out = io.BytesIO()
	with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
		archive.writestr(name, data)
	return out.getvalue()


def a_tar(name: str, data: bytes, mode: str = "w") -> bytes:
	out = io.BytesIO()
	with tarfile.open(fileobj=out, mode=mode) as archive:
		member = tarfile.TarInfo(name)
		member.size = len(data)
		archive.addfile(member, io.BytesIO(data))
	return out.getvalue()


DUMP = f"INSERT INTO `tabContact` VALUES ('{NAME}','{MAIL}','+358 40 1234567');\n".encode()
FILES: dict[str, tuple[str, bytes]] = {
	"pdf": ("a.pdf", a_pdf()),
	"letter": ("a.docx", a_letter()),
	"sheet": ("a.xlsx", a_sheet()),
	"mail": ("a.eml", a_mail(cte="quoted-printable")),
	"mail of Latin-1": ("a.eml", a_mail(charset="iso-8859-1", cte="quoted-printable")),
	"pdf in a mail": ("a.eml", a_mail(("b.pdf", a_pdf()))),
	"letter in a zip": ("a.zip", a_zip("b.docx", a_letter())),
	"mail in a zip": ("a.zip", a_zip("b.eml", a_mail())),
	"sheet in a zip in a mail": ("a.eml", a_mail(("b.zip", a_zip("c.xlsx", a_sheet())))),
	"gz in a tar": ("files.tar", a_tar("dump.sql.gz", gzip.compress(DUMP))),
	"pdf in a tgz": ("files.tgz", a_tar("./private/files/a.pdf", a_pdf(), "w:gz")),
	"tar.gz": ("files.tar.gz", a_tar("dump.sql", DUMP, "w:gz")),
	"dump": ("dump.sql.gz", gzip.compress(DUMP)),
	"old program's": ("lista.csv", f"Päivi;Äyräväinen;{MAIL};0401234567".encode("cp850")),
}


def test_real_files_say_it() -> None:
	read = read_many(list(FILES.values()))
	missed = {
		kind: ALL - NEEDLES.found_in(one.text)
		for kind, one in zip(FILES, read, strict=True)
		if one.outcome is not Outcome.READ or not NEEDLES.found_in(one.text) >= ALL
	}
	assert not missed


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.sampled_from([a_mail(), a_mail(cte="quoted-printable"), DUMP]))
def test_wherever_in_base64_a_file_begins(offset: int, data: bytes) -> None:
	coded = base64.b64encode(b"x" * offset + data).decode()
	assert NEEDLES.found_in(f'{{"file": "{coded}"}}') >= {MAIL}


def test_a_broken_tar_is_an_answer() -> None:
	data = a_tar("dump.sql", DUMP)
	assert NEEDLES.found_in(text_of(data[: 512 + len(DUMP)], "a.tar").text) >= ALL
