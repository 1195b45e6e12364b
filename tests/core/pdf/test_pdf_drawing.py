"""The fonts that we cut ourselves hold the same outlines and widths as the whole fonts; text is found as it was drawn."""

from __future__ import annotations

import io
import subprocess
import unicodedata

import pytest
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as some
from sealing_house import open_pdf

from signflow.core.pdf.drawing import FONTS, Sheet, _typeface, clean, width_of


def outline(font: TTFont, glyph: str) -> list:
	pen = DecomposingRecordingPen(font.getGlyphSet())
	font.getGlyphSet()[glyph].draw(pen)
	return pen.value


@pytest.mark.parametrize("bold", [False, True])
def test_every_glyph_and_advance_as_fonttools_reads_them(bold):
	face = _typeface(bold)
	whole = TTFont(FONTS / f"{face.name}.ttf")
	names = whole.getBestCmap()
	assert face.advances == {code: whole["hmtx"][name][0] for code, name in names.items()}
	text = [chr(code) for code in names]
	cut = TTFont(io.BytesIO(face.subset(text)), checkChecksums=2)
	order = cut.getGlyphOrder()
	for number, character in enumerate(text, 1):
		assert outline(cut, order[number]) == outline(whole, names[ord(character)])
		assert cut["hmtx"][order[number]][0] == face.advances[ord(character)]


def test_latin_greek_and_cyrillic_are_complete():
	assigned = [
		chr(code)
		for first, end in ((0x20, 0x17F), (0x386, 0x3CF), (0x400, 0x460))
		for code in range(first, end)
	]
	drawable = [one for one in assigned if unicodedata.category(one)[0] in "LNPS"]
	for bold in (False, True):
		assert [one for one in drawable if ord(one) not in _typeface(bold).advances] == []


letters = [chr(code) for code in _typeface(False).advances if code < 0x530 and chr(code).isalnum()]


@settings(max_examples=15, deadline=None)
@given(
	words=some.lists(some.text(some.sampled_from(letters), min_size=1, max_size=12), min_size=1, max_size=6)
)
def test_text_is_found_as_drawn(words):
	sheet = Sheet(2000, 40)
	sheet.add_page()
	sheet.put(10, 20, clean(" ".join(words)), 9)
	found = subprocess.run(
		["pdftotext", "-raw", "-", "-"], input=sheet.finish(), capture_output=True, timeout=20, check=True
	).stdout.decode()
	# pdftotext writes ligatures and the like as their letters.
	assert (
		unicodedata.normalize("NFKC", found).split() == unicodedata.normalize("NFKC", " ".join(words)).split()
	)


def test_letters_stand_where_their_widths_say(tmp_path):
	sheet = Sheet(400, 40)
	sheet.add_page()
	text = "Maija Meri, Äänekoski, Αθήνα, Київ"
	sheet.put(10, 20, text, 12)
	boxes = subprocess.run(
		["pdftotext", "-bbox", "-", "-"], input=sheet.finish(), capture_output=True, timeout=20, check=True
	).stdout.decode()
	right = max(float(part.split('"')[0]) for part in boxes.split('xMax="')[1:])
	assert right == pytest.approx(10 + width_of(text, 12), abs=0.1)


def test_both_weights_and_many_characters_in_one_small_file():
	sheet = Sheet(2000, 400)
	sheet.add_page()
	every = [chr(code) for code in _typeface(False).advances]
	for row in range(0, 300, 50):
		sheet.put(10, 10 + row, "".join(every[row : row + 50]), 9, bold=row % 100 == 0)
	data = sheet.finish()
	with open_pdf(data) as pdf:
		fonts = pdf.pages[0].Resources.Font
		assert set(fonts.keys()) == {"/R", "/B"}
		assert b"beginbfchar" in fonts["/R"].ToUnicode.read_bytes()
		assert pdf.check_pdf_syntax() == [] if hasattr(pdf, "check_pdf_syntax") else pdf.check() == []
	assert len(data) < 60_000
