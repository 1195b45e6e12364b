"""Prepares a normalised PDF once: signature page, the signers' fields and the house's own two.

Everything that later revisions need is put in here, because adding pages, content or fields after a
certification breaks it (ISO 32000-2, 12.8.2.2). The `Closing` field carries the document-wide lock (12.8.2.4,
FieldMDP All, P=1), which a signer's own field never does: it would break those who sign later.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from ..errors import SignflowError, _
from . import CLOSING_FIELD, SEAL_FIELD
from .drawing import A4, GREY, INK, RULE, TINT, Sheet, wrap
from .pdfa import keep_claim
from .placement import Place, PlaceRefused, make_upright

MOST_SIGNERS = 200

MARGIN = 64.0
BOX_WIDTH, BOX_HEIGHT = 216.0, 84.0
COLUMN_GAP = A4[0] - 2 * MARGIN - 2 * BOX_WIDTH
NAME_SIZE, NAME_LEADING, NAME_LINES = 9.5, 12.5, 3
CAPTION_SIZE = 7.5
ROW_GAP = 26.0
FOOTER = A4[1] - 48.0

# ISO 32000-2, table 167: Print and Locked; Hidden is left out because PDF/A forbids it.
WIDGET_FLAGS = 4 | 128


class PrepareRefused(SignflowError):
	"""A document or a signature page that cannot be prepared; codes already_signed, signers, field_names,
	unreadable.
	"""


@dataclass(frozen=True)
class SignerBox:
	"""One signer's box: the form field's name ("Signer1") and the name of the person ("Maija Meri").

	It stands at `place` on a page of the document, or on the signature page.
	"""

	field: str
	name: str
	place: Place | None = None


@dataclass(frozen=True)
class SignaturePage:
	"""The texts of the signature page, all in the reader's language, and its boxes in order."""

	title: str
	document: str
	reference: str
	explanation: str
	sealed_by: str
	boxes: tuple[SignerBox, ...]
	box_caption: str = ""


@dataclass(frozen=True)
class _OnPage:
	page: int
	x: float
	top: float


def prepare(data: bytes, page: SignaturePage) -> bytes:
	"""Append every field to the normalised, unsigned PDF `data`, and the signature page (A4, further ones as needed)
	for the signers who have no place on the document's own pages.

	On the signature page a field is 216 × 84 pt; "Seal" and "Closing" are invisible. Raises PrepareRefused;
	PlaceRefused for a place that the document does not have.
	"""
	_check_boxes(page.boxes)
	listed = tuple(box for box in page.boxes if box.place is None)
	drawn, places = _draw(page, listed) if listed else (None, [])
	try:
		with pikepdf.open(io.BytesIO(data)) as pdf:
			if "/AcroForm" in pdf.Root:
				raise PrepareRefused(
					"already_signed", _("The PDF still holds form fields or signatures; normalise it first.")
				)
			before = len(pdf.pages)
			if drawn:
				with pikepdf.open(io.BytesIO(drawn)) as extra:
					pdf.pages.extend(extra.pages)
			fields = [_field_at(pdf, box, before, page.box_caption) for box in page.boxes if box.place]
			fields += _listed_fields(pdf, before, listed, places)
			_add_form(pdf, fields, before if drawn else before - 1)
			keep_claim(pdf)
			new = io.BytesIO()
			pdf.save(new, deterministic_id=True, min_version="1.7")
	except pikepdf.PdfError as error:
		raise PrepareRefused("unreadable", _("The PDF could not be prepared for signing.")) from error
	return new.getvalue()


def page_count(data: bytes) -> int:
	"""How many pages a PDF of ours has, signature pages included."""
	with pikepdf.open(io.BytesIO(data)) as pdf:
		return len(pdf.pages)


def _check_boxes(boxes: tuple[SignerBox, ...]) -> None:
	names = [box.field for box in boxes]
	if not 1 <= len(boxes) <= MOST_SIGNERS:
		raise PrepareRefused("signers", _("A document takes 1 to {most} signers."), most=MOST_SIGNERS)
	bad = len(set(names)) != len(names) or {SEAL_FIELD, CLOSING_FIELD} & set(names)
	if bad or not all(name.isascii() and name.isalnum() for name in names):
		raise PrepareRefused(
			"field_names", _("Signature fields need distinct names of plain letters and digits.")
		)


def _draw(page: SignaturePage, boxes: tuple[SignerBox, ...]) -> tuple[bytes, list[_OnPage]]:
	sheet = Sheet()
	width = A4[0] - 2 * MARGIN
	sheet.add_page()
	y = 92.0
	y = sheet.put_lines(MARGIN, y, page.title, 22, width=width, leading=28, most=2)
	y += 8
	y = sheet.put_lines(MARGIN, y, page.document, 11.5, width=width, leading=16, bold=True, most=4)
	y = sheet.put_lines(MARGIN, y, page.reference, 8.5, width=width, leading=13, colour=GREY, most=2)
	y += 4
	sheet.rule(MARGIN, y, width)
	y += 24
	if page.explanation:
		y = sheet.put_lines(MARGIN, y, page.explanation, 9.5, width=430, leading=14.5, colour=GREY, most=18)
	y += 20

	places: list[_OnPage] = []
	for start in range(0, len(boxes), 2):
		row = boxes[start : start + 2]
		names = [wrap(box.name, BOX_WIDTH, NAME_SIZE, bold=True, most=NAME_LINES) for box in row]
		height = BOX_HEIGHT + 16 + NAME_LEADING * max(map(len, names)) + 8
		if y + height > FOOTER - 24:
			sheet.add_page()
			y = 72.0
		for column, lines in enumerate(names):
			x = MARGIN + column * (BOX_WIDTH + COLUMN_GAP)
			_draw_box(sheet, x, y, lines, page.box_caption)
			places.append(_OnPage(sheet.page_no() - 1, x, y))
		y += height + ROW_GAP
	_draw_footers(sheet, page)
	return sheet.finish(), places


def _draw_box(sheet: Sheet, x: float, top: float, name: list[str], caption: str) -> None:
	sheet.fill(x, top, BOX_WIDTH, BOX_HEIGHT, TINT)
	sheet.rule(x, top + BOX_HEIGHT, BOX_WIDTH, weight=0.8, colour=INK)
	y = top + BOX_HEIGHT + 15
	for line in name:
		sheet.put(x, y, line, NAME_SIZE, bold=True)
		y += NAME_LEADING
	sheet.put_lines(x, y, caption, CAPTION_SIZE, width=BOX_WIDTH, leading=10, colour=GREY, most=1)


def _draw_footers(sheet: Sheet, page: SignaturePage) -> None:
	total = sheet.page_no()
	for number in range(1, total + 1):
		sheet.page = number
		sheet.put_lines(MARGIN, FOOTER, page.sealed_by, 7.5, width=400, leading=10, colour=GREY, most=2)
		if total > 1:
			sheet.put_right(A4[0] - MARGIN, FOOTER, f"{number} / {total}", 7.5, colour=GREY)
	sheet.page = total


def _listed_fields(
	pdf: pikepdf.Pdf, before: int, boxes: tuple[SignerBox, ...], places: list[_OnPage]
) -> list[pikepdf.Object]:
	"""The fields on the signature pages, which begin after page `before`."""
	for added in range(before, len(pdf.pages)):
		page = pdf.pages[added].obj
		page["/Rotate"] = 0
		page["/CropBox"] = page["/MediaBox"]
	fields = []
	for box, place in zip(boxes, places, strict=True):
		bottom = A4[1] - place.top - BOX_HEIGHT
		rect = (place.x, bottom, place.x + BOX_WIDTH, bottom + BOX_HEIGHT)
		field = _field(pdf, pdf.pages[before + place.page].obj, box.field, rect)
		field["/TU"] = String(box.name)
		fields.append(field)
	return fields


def _field_at(pdf: pikepdf.Pdf, box: SignerBox, pages: int, caption: str) -> pikepdf.Object:
	"""A field on a page of the document, moved inwards where it would stand out of it; its box is drawn until signed."""
	place = box.place
	assert place is not None
	if not 1 <= place.page <= pages:
		raise PlaceRefused("no_such_page", page=place.page)
	page = pdf.pages[place.page - 1]
	make_upright(pdf, page)
	x0, y0, x1, y1 = (float(edge) for edge in page.cropbox)
	wide, high = x1 - x0, y1 - y0
	if not (0 <= place.x <= wide and 0 <= place.y <= high):
		raise PlaceRefused("outside_page", x=f"{place.x:g}", y=f"{place.y:g}", page=place.page)
	width, height = min(place.width, wide), min(place.height, high)
	left = x0 + min(place.x, wide - width)
	bottom = max(y0, y1 - place.y - height)
	field = _field(pdf, page.obj, box.field, (left, bottom, left + width, bottom + height))
	field["/TU"] = String(box.name)
	with pikepdf.open(io.BytesIO(_draw_empty(box.name, caption, width, height))) as drawn:
		field["/AP"]["/N"] = pdf.copy_foreign(drawn.pages[0].as_form_xobject())
	return field


def _draw_empty(name: str, caption: str, width: float, height: float) -> bytes:
	sheet = Sheet(width, height)
	sheet.add_page()
	# A frame and no ground: nothing that stands on the page is hidden until its signer covers it.
	sheet.fill(0, 0, width, 0.6, RULE)
	sheet.fill(0, 0, 0.6, height, RULE)
	sheet.fill(width - 0.8, 0, 0.6, height, RULE)
	sheet.rule(0, height - 0.4, width, weight=0.8, colour=INK)
	inner, above = width - 12, height - 16
	if height >= 24:
		size = 8.0
		while size > 5 and size + (len(wrap(name, inner, size, bold=True)) - 1) * size * 1.25 > above:
			size *= 0.95
		lines = wrap(name, inner, size, bold=True, most=1 + int((above - size) / (size * 1.25)))
		y = above - (len(lines) - 1) * size * 1.25
		for line in lines:
			sheet.put(6, y, line, size, bold=True, colour=GREY)
			y += size * 1.25
	if height >= 14:
		sheet.put_lines(6, height - 6, caption, 6.5, width=inner, leading=8, colour=GREY, most=1)
	return sheet.finish()


def _add_form(pdf: pikepdf.Pdf, signers: list[pikepdf.Object], number: int) -> None:
	"""The form with the signers' fields between the house's own two, which stand unseen on page `number` (from 0)."""
	page = pdf.pages[number].obj
	closing = _field(pdf, page, CLOSING_FIELD)
	closing["/Lock"] = pdf.make_indirect(Dictionary(Type=Name.SigFieldLock, Action=Name.All, P=1))
	fields = [_field(pdf, page, SEAL_FIELD), *signers, closing]
	pdf.Root["/AcroForm"] = pdf.make_indirect(Dictionary(Fields=Array(fields), SigFlags=3))


def _field(
	pdf: pikepdf.Pdf,
	page: pikepdf.Object,
	name: str,
	rect: tuple[float, float, float, float] = (0, 0, 0, 0),
) -> pikepdf.Object:
	"""An empty signature field merged with its widget (ISO 32000-2, 12.7.5.5), put on `page`."""
	width, height = rect[2] - rect[0], rect[3] - rect[1]
	empty = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, width, height])
	field = pdf.make_indirect(
		Dictionary(
			Type=Name.Annot,
			Subtype=Name.Widget,
			FT=Name.Sig,
			T=String(name),
			Rect=[round(value, 2) for value in rect],
			F=WIDGET_FLAGS,
			P=page,
			AP=Dictionary(N=empty),
		)
	)
	annotations = page.get("/Annots")
	if not isinstance(annotations, Array):
		page["/Annots"] = annotations = Array()
	annotations.append(field)
	return field
