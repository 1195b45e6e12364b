"""PDF forms for the tests: written by reportlab, and by hand with pikepdf where a producer would not do so."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, String
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

from signflow.core.pdf.drawing import FONTS
from signflow.core.pdf.fields import FormField, FormRefused, find_fields
from signflow.core.pdf.normalise import normalise

A4 = (595.28, 841.89)


class Paper:
	"""A page that is drawn on and its form; `pdf()` ends it."""

	def __init__(self, rotate: int = 0):
		self._stream = io.BytesIO()
		width, height = A4 if rotate % 180 == 0 else A4[::-1]
		self.canvas = canvas.Canvas(self._stream, pagesize=(width, height))
		if rotate:
			# What is drawn upright is turned in the page's own space and turned back by every viewer.
			self.canvas.setPageRotation(rotate)
			self.canvas.translate(*{90: (width, 0), 180: (width, height), 270: (0, height)}[rotate])
			self.canvas.rotate({90: 90, 180: 180, 270: -90}[rotate])
			self.canvas.setFont("Helvetica", 11)

	def text(self, x: float, y: float, text: str) -> None:
		if any(ord(character) > 255 for character in text):
			pdfmetrics.registerFont(TTFont("Noto", str(FONTS / "NotoSans-Regular.ttf")))
			self.canvas.setFont("Noto", 11)
		self.canvas.drawString(x, y, text)
		self.canvas.setFont("Helvetica", 11)

	def field(
		self, name: str, x: float, y: float, width: float = 200, height: float = 20, **options: Any
	) -> None:
		form = self.canvas.acroForm
		form.textfield(name=name, x=x, y=y, width=width, height=height, **{"maxlen": 200, **options})

	def pdf(self) -> bytes:
		self.canvas.save()
		return self._stream.getvalue()


def with_fields(*fields: dict[str, Any], **form: Any) -> bytes:
	"""A page with widgets of these entries below each other, 200 × 20 points unless they say more; no appearances."""
	pdf = pikepdf.new()
	page = pdf.add_blank_page(page_size=A4)
	made = []
	for number, entries in enumerate(fields):
		top = 800 - 40 * number
		place = {"Type": Name.Annot, "Subtype": Name.Widget, "Rect": [50, top - 20, 250, top], "P": page.obj}
		made.append(
			pdf.make_indirect(Dictionary({f"/{key}": value for key, value in {**place, **entries}.items()}))
		)
	page.obj["/Annots"] = Array(made)
	pdf.Root["/AcroForm"] = Dictionary(Fields=Array(made), **form)
	return saved(pdf)


def text_field(name: str, **entries: Any) -> dict[str, Any]:
	return {"FT": Name.Tx, "T": String(name), "DA": String("/Helv 0 Tf 0 g"), **entries}


def saved(pdf: pikepdf.Pdf, **options: Any) -> bytes:
	stream = io.BytesIO()
	pdf.save(stream, **options)
	return stream.getvalue()


def flattened_text(pdf: bytes) -> str:
	"""What a reader finds on the pages once `normalise` has flattened the form."""
	document = pypdfium2.PdfDocument(normalise(pdf).data)
	pages = [page.get_textpage().get_text_range() for page in document]
	return "\n".join(pages).replace("\r\n", "\n")


def ink_in(pdf: bytes, left: float, bottom: float, right: float, top: float) -> float:
	"""The dark part (0 to 1) of a rectangle of the first page, in points."""
	page = pypdfium2.PdfDocument(normalise(pdf).data)[0]
	picture = page.render(scale=4).to_pil().convert("L")
	height = page.get_height()
	box = picture.crop((int(left * 4), int((height - top) * 4), int(right * 4), int((height - bottom) * 4)))
	shades = list(box.getdata())
	return sum(shade < 128 for shade in shades) / len(shades)


def only(data: bytes) -> FormField:
	(field,) = find_fields(data)
	return field


def refusal(call: Callable[..., Any], *arguments: Any) -> FormRefused:
	"""The refusal that `call` ends in; its text is there."""
	with pytest.raises(FormRefused) as refused:
		call(*arguments)
	assert str(refused.value)
	return refused.value


def application() -> bytes:
	paper = Paper()
	paper.text(50, 742, "Nimi:")
	paper.field("t1", 130, 735, fieldFlags="required")
	paper.text(350, 742, "Henkilötunnus")
	paper.field("t2", 440, 735, 110, maxlen=11)
	paper.text(50, 722, "Sähköposti *")
	paper.field("t3", 50, 698)
	paper.text(300, 722, "Puhelin")
	paper.field("t4", 300, 698)
	paper.text(50, 660, "Lisätiedot")
	paper.field("t5", 130, 600, 300, 70, fieldFlags="multiline", maxlen=2000)
	form = paper.canvas.acroForm
	form.checkbox(name="c1", x=50, y=560, size=16, fieldFlags="")
	paper.text(72, 563, "Hyväksyn säännöt")
	paper.text(50, 530, "Jäsenlaji")
	form.radio(name="r", value="1", x=130, y=526, size=16)
	paper.text(150, 530, "Yksityinen")
	form.radio(name="r", value="2", x=230, y=526, size=16)
	paper.text(250, 530, "Yritys")
	paper.text(50, 500, "Maa")
	form.choice(
		name="maa",
		value="Suomi",
		options=[("Suomi", "FI"), ("Ruotsi", "SE")],
		x=130,
		y=495,
		width=100,
		height=20,
	)
	return paper.pdf()
