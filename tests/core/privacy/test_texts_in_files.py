"""What files say is read wherever they say it; a broken, locked or endless one is an answer."""

import email.message
import gzip
import io
import zipfile
from typing import Any

import openpyxl
import pikepdf
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from signflow.core.privacy import texts_in_files
from signflow.core.privacy.needles import Needles
from signflow.core.privacy.texts_in_files import Outcome, read_many, text_of

NAME, MAIL = "Märta Åkerblom", "marta@posti.example"
SHE = Needles([NAME, MAIL])
BOTH = {NAME, MAIL}
CONTENT_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ODF = (
	'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
	' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
	' xmlns:xlink="http://www.w3.org/1999/xlink"'
)


def zipped(**files: Any) -> bytes:
	out = io.BytesIO()
	with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
		for name, content in files.items():
			archive.writestr(name, content)
	return out.getvalue()


def pdf(words: str = "") -> bytes:
	page = FPDF()
	page.add_page()
	page.set_font("helvetica", size=12)
	page.multi_cell(0, text=words or " ")
	return bytes(page.output())


def changed(data: bytes, change: Any, **how: Any) -> bytes:
	out = io.BytesIO()
	with pikepdf.open(io.BytesIO(data)) as document:
		change(document)
		document.save(out, **how)
	return out.getvalue()


def with_field(document: pikepdf.Pdf) -> None:
	field = document.make_indirect(
		pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=pikepdf.String("who"), V=pikepdf.String(NAME))
	)
	note = pikepdf.Dictionary(
		Type=pikepdf.Name.Annot,
		Subtype=pikepdf.Name.Text,
		Rect=[0, 0, 1, 1],
		Contents=pikepdf.String(f"ask {MAIL}"),
	)
	document.Root.AcroForm = pikepdf.Dictionary(Fields=[field])
	document.pages[0].Annots = pikepdf.Array([note])


def with_properties(document: pikepdf.Pdf) -> None:
	with document.open_metadata() as metadata:
		metadata["dc:description"] = f"For {MAIL}"
	document.docinfo["/Author"] = NAME


def with_attachment(document: pikepdf.Pdf) -> None:
	document.attachments["list.csv"] = pikepdf.AttachedFileSpec(
		document, f"{NAME};{MAIL}".encode(), filename="list.csv"
	)


def word() -> bytes:
	body = (
		f"<w:document {W}><w:body><w:p><w:r><w:t>Mär</w:t></w:r><w:r><w:t>ta </w:t></w:r><w:r><w:t>Åkerblom</w:t></w:r></w:p>"
		"<w:p><w:r><w:t>End</w:t></w:r></w:p></w:body></w:document>"
	)
	links = f'<Relationships><Relationship Target="mailto:{MAIL}" TargetMode="External"/></Relationships>'
	return zipped(
		**{
			"[Content_Types].xml": CONTENT_TYPES,
			"word/document.xml": body,
			"word/_rels/document.xml.rels": links,
		}
	)


def sheet() -> bytes:
	book = openpyxl.Workbook()
	book.active.append(["Åkerblom", "x"])
	book.active.append(["Märta", "Åkerblom", MAIL])
	out = io.BytesIO()
	book.save(out)
	return out.getvalue()


def slides() -> bytes:
	a = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
	return zipped(
		**{
			"[Content_Types].xml": CONTENT_TYPES,
			"ppt/slides/slide1.xml": f"<s {a}><a:p><a:r><a:t>{NAME}</a:t></a:r></a:p></s>",
			"ppt/comments/comment1.xml": f'<c><cm author="Somebody"><text>{MAIL}</text></cm></c>',
		}
	)


def open_document() -> bytes:
	body = (
		f"<office:document-content {ODF}><text:p><text:span>Mär</text:span>ta<text:s/>Åkerblom</text:p>"
		f'<text:p><text:a xlink:href="mailto:{MAIL}">write</text:a></text:p></office:document-content>'
	)
	return zipped(mimetype="application/vnd.oasis.opendocument.text", **{"content.xml": body})


def mail() -> bytes:
	message = email.message.EmailMessage()
	message["Subject"], message["To"] = f"For {NAME}", "office@house.example"
	message.set_content("Ä" * 50, cte="base64")
	message.add_attachment(f"<p>{MAIL}</p>".encode(), maintype="text", subtype="html", filename="a.html")
	return message.as_bytes()


CARD = f"BEGIN:VCARD\r\nFN;ENCODING=QUOTED-PRINTABLE:M=C3=A4rta =C3=85kerblom\r\nEMAIL:{MAIL[:6]}\r\n {MAIL[6:]}\r\nEND:VCARD"
FILES: dict[str, bytes] = {
	"words.pdf": pdf(f"Dear {NAME}, your address is {MAIL}."),
	"form.pdf": changed(pdf(), with_field),
	"properties.pdf": changed(pdf(), with_properties),
	"attachment.pdf": changed(pdf(), with_attachment),
	"a letter.docx": word(),
	"people.xlsx": sheet(),
	"slides.pptx": slides(),
	"letter.odt": open_document(),
	"mail.eml": mail(),
	"card.vcf": CARD.encode(),
	"notes.txt": f"{NAME}\n{MAIL}".encode("cp1252"),
	"wide.txt": f"{NAME}\n{MAIL}".encode("utf-16"),
	"page.html": f"<p>M&auml;rta <b>&Aring;kerblom</b> <a href='mailto:{MAIL}'>x</a>".encode(),
	"data.json": f'["M\\u00e4rta \\u00c5kerblom", "{MAIL}"]'.encode(),
	"rich.rtf": rf"{{\rtf1\ansi M\'e4rta \'c5kerblom\par {MAIL}}}".encode(),
	"old.doc": b"\xd0\xcf\x11\xe0"
	+ bytes(200)
	+ f"{NAME} ".encode("utf-16-le")
	+ b"\x01\x02"
	+ MAIL.encode()
	+ bytes(9),
	"log.gz": gzip.compress(f"{NAME} {MAIL}".encode()),
	"all.zip": zipped(**{"a.docx": word()}),
	f"{MAIL}.zip": zipped(**{"a.zip": zipped(**{"b.txt": f"{NAME} {MAIL}"})}),
	"without-ending": pdf(f"{NAME} {MAIL}"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_says_is_read(name: str) -> None:
	read = text_of(FILES[name], name)
	assert SHE.found_in(read.text) == BOTH, read.text[:500]
	assert read.outcome is Outcome.READ


def test_a_file_that_cannot_be_read_is_said_to_be_broken() -> None:
	locked = changed(pdf(NAME), lambda one: None, encryption=pikepdf.Encryption(owner="x", user="y"))
	assert text_of(locked, "a.pdf").outcome is Outcome.LOCKED
	assert text_of(FILES["words.pdf"][:300], "a.pdf").outcome is Outcome.BROKEN
	assert text_of(FILES["a letter.docx"][:300], "a.docx").outcome is Outcome.BROKEN
	assert text_of(b"not at all", "a.xlsx").outcome is Outcome.BROKEN
	broken = zipped(**{"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": f"<w:p {W}><w:t>{NAME}"})
	assert SHE.found_in(text_of(broken, "a.docx").text) == {NAME}


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(texts_in_files, "MOST_UNPACKED", 100_000)
	monkeypatch.setattr(texts_in_files, "MOST_SIGNS", 50_000)
	bomb = zipped(**{f"{number}.txt": "0" * 90_000 for number in range(20)})
	read = text_of(bomb, "bomb.zip")
	assert read.outcome is Outcome.PART and len(read.text) < 60_000
	deep = zipped(**{"a.zip": zipped(**{"b.zip": zipped(**{"c.txt": NAME})})})
	assert text_of(deep, "deep.zip").outcome is Outcome.PART
	monkeypatch.setattr(texts_in_files, "MOST_BYTES", 10)
	assert text_of(bytes(11)).outcome is Outcome.TOO_LARGE


def test_no_entity_is_followed() -> None:
	evil = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "bbbb">]><x><p>&a;&b;</p></x>'
	read = text_of(zipped(**{"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": evil}), "a.docx")
	assert "root:" not in read.text


def test_many_are_read_in_a_child_that_may_die(monkeypatch: pytest.MonkeyPatch) -> None:
	names = ["words.pdf", "a letter.docx", "notes.txt"]
	read = read_many([(name, FILES[name]) for name in names])
	assert [SHE.found_in(one.text) for one in read] == [BOTH] * 3
	monkeypatch.setattr(texts_in_files, "SECONDS", 0.01)
	assert [one.outcome for one in read_many([(name, FILES[name]) for name in names])] == [Outcome.BROKEN] * 3


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.integers(0, 5000), st.binary(min_size=1, max_size=20))
def test_no_damage_raises(name: str, place: int, damage: bytes) -> None:
	data = bytearray(FILES[name])
	place %= len(data)
	data[place : place + len(damage)] = damage
	assert isinstance(text_of(bytes(data), name).outcome, Outcome)
