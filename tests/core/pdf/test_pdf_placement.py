"""Signers' boxes on the document's own pages: at a text, at coordinates, on pages turned and cut every way."""

from __future__ import annotations

import io
from dataclasses import replace

import pikepdf
import pypdfium2
import pytest
from fpdf import FPDF
from sealing_house import FIELDS, NAMES, House, OtherJudges, flipped, open_pdf, saved, signature_page

from signflow.core.errors import SignflowError
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.placement import Place, find_anchors
from signflow.core.pdf.prepare import SignerBox, prepare
from signflow.core.pdf.validate import Expected


def contract(
	rotation: int = 0, crop: tuple[int, int, int, int] | None = None, anchor: str = "/tenant/"
) -> bytes:
	"""Two pages; on the second an anchor text at 100 × 600 points from its own upper left, and a link."""
	pdf = FPDF(unit="pt", format="A4")
	pdf.set_font("helvetica", size=14)
	pdf.add_page()
	pdf.text(60, 80, "Vuokrasopimus")
	pdf.add_page()
	pdf.text(60, 80, "Rent 950 euros a month")
	pdf.text(100, 600, anchor)
	pdf.link(60, 60, 80, 30, "https://testi.example/")
	with open_pdf(bytes(pdf.output())) as opened:
		page = opened.pages[1]
		if rotation:
			page.obj["/Rotate"] = rotation
		if crop:
			page.obj["/CropBox"] = pikepdf.Array(crop)
		return saved(opened)


def shown(data: bytes, page: int, *, forms: bool = False):
	"""The page as PDFium draws it at one pixel a point."""
	pdf = pypdfium2.PdfDocument(data)
	if forms:
		pdf.init_forms()
	return pdf[page].render(scale=1, may_draw_forms=forms).to_pil().convert("RGB")


def page_of(*places: Place | None):
	boxes = tuple(
		SignerBox(field, name, place) for field, name, place in zip(FIELDS, NAMES, places, strict=False)
	)
	return replace(signature_page(), boxes=boxes)


def at_anchor(data: bytes, anchor: str = "/tenant/") -> Place:
	return find_anchors(data, [anchor])[anchor]


def rect_of(data: bytes, name: str) -> tuple[int, list[float]]:
	"""The number of the page (from 1) that a field stands on, and its rectangle."""
	with open_pdf(data) as pdf:
		for number, page in enumerate(pdf.pages, 1):
			for annotation in page.obj.get("/Annots", []):
				if str(annotation.get("/T", "")) == name:
					return number, [float(edge) for edge in annotation["/Rect"]]
	raise AssertionError(f"no field {name}")


def test_a_box_stands_at_its_text_and_the_three_judges_accept_it(
	house: House, other_judges: OtherJudges
) -> None:
	upload = normalise(contract()).data
	found = find_anchors(upload, ["/tenant/", "/landlord/"])
	assert set(found) == {"/tenant/"}, "what does not stand there is left out"
	certified = house.certified(upload, page_of(found["/tenant/"], None))
	number, (left, bottom, right, top) = rect_of(certified, "Signer1")
	assert number == 2 and left == pytest.approx(100, abs=2) and 841.89 - bottom == pytest.approx(587, abs=3)
	assert rect_of(certified, "Signer2")[0] == 3, "who has no place stands on the signature page"
	finished = house.closed(house.signed(house.signed(certified, "Signer2"), "Signer1"))
	expected = Expected(("Seal", "Signer2", "Signer1", "Closing"))
	assert house.verdict(finished, expected).ok, house.verdict(finished, expected).problems
	assert not house.verdict(flipped(finished), expected).ok
	assert other_judges.pdfsig(finished, 4) and not other_judges.pdfsig(flipped(finished), 4)
	assert other_judges.pdfsignerpy(finished, 4) and not other_judges.pdfsignerpy(flipped(finished), 4)
	assert (right - left, top - bottom) == (pytest.approx(200), pytest.approx(56))


def test_without_anybody_on_it_there_is_no_signature_page(house: House) -> None:
	upload = normalise(contract()).data
	certified = house.certified(upload, page_of(at_anchor(upload), Place(1, 60, 400)))
	with open_pdf(certified) as pdf:
		assert len(pdf.pages) == 2
	finished = house.closed(house.signed(house.signed(certified, "Signer1"), "Signer2"))
	assert house.verdict(finished, Expected(("Seal", "Signer1", "Signer2", "Closing"))).ok


@pytest.mark.parametrize("crop", [None, (30, 40, 560, 800)], ids=["whole", "cut"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_page_looks_as_before_and_its_box_stands_where_it_is_seen(
	rotation: int, crop: tuple[int, int, int, int] | None
) -> None:
	upload = normalise(contract(rotation, crop)).data
	before = shown(upload, 1)
	prepared = prepare(upload, page_of(Place(2, 300, 300, 120, 40)))
	after = shown(prepared, 1)
	assert after.size == before.size
	different = sum(
		1
		for a, b in zip(before.getdata(), after.getdata(), strict=True)
		if max(abs(x - y) for x, y in zip(a, b, strict=True)) > 96
	)
	assert different < 60, "but for the edges of letters"
	boxed = shown(prepared, 1, forms=True)
	for x, y in ((300, 310), (419, 310), (350, 300), (350, 339)):
		edge = [(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
		assert min(max(boxed.getpixel(at)) for at in edge) < 250
		assert {after.getpixel(at) for at in edge} == {(255, 255, 255)}
	for x, y in ((297, 303), (423, 303), (303, 296), (303, 344)):
		assert boxed.getpixel((x, y)) == (255, 255, 255)
	place = at_anchor(upload)
	assert 0 <= place.x <= before.width and 0 <= place.y + place.height <= before.height


def test_a_link_on_a_turned_page_stays_where_it_was_seen() -> None:
	upload = normalise(contract(90)).data
	prepared = prepare(upload, page_of(Place(2, 100, 100)))
	with open_pdf(prepared) as pdf:
		link = next(one for one in pdf.pages[1].obj["/Annots"] if one.get("/Subtype") == "/Link")
		left, bottom, right, top = (float(edge) for edge in link["/Rect"])
	assert (right - left, top - bottom) == (pytest.approx(30, abs=1), pytest.approx(80, abs=1))


def test_a_box_beyond_the_edge_is_moved_in_and_one_beyond_the_page_is_refused() -> None:
	upload = normalise(contract()).data
	prepared = prepare(upload, page_of(Place(1, 590, 838)))
	_page, (left, bottom, right, top) = rect_of(prepared, "Signer1")
	assert left >= 0 and bottom >= 0 and right <= 595.3 and top <= 841.9
	for place, code in (
		(Place(9, 10, 10), "no_such_page"),
		(Place(1, 700, 10), "outside_page"),
		(Place(0, 1, 1), "no_such_page"),
	):
		with pytest.raises(SignflowError) as refused:
			prepare(upload, page_of(place))
		assert refused.value.code == code


def test_a_file_that_cannot_be_searched_says_so() -> None:
	with pytest.raises(SignflowError) as refused:
		find_anchors(b"%PDF-1.7\nnot really", ["/tenant/"])
	assert refused.value.code == "unreadable"


def test_nothing_is_searched_for_nothing() -> None:
	assert find_anchors(io.BytesIO(b"").getvalue(), ["", ""]) == {}
