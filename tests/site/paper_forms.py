"""Paper as offices have it: PDF forms made with reportlab, Word files made with python-docx."""

import io

import docx
from reportlab.pdfgen import canvas


def membership_pdf() -> bytes:
	"""An application form in Finnish on two pages."""
	stream = io.BytesIO()
	paper = canvas.Canvas(stream)
	form = paper.acroForm

	def line(y: float, label: str, name: str, **options) -> None:
		paper.drawString(50, y + 6, label)
		form.textfield(name=name, x=200, y=y, width=250, height=20, **{"maxlen": 100, **options})

	paper.drawString(50, 790, "JÄSENHAKEMUS")
	line(740, "Etunimi:", "f1", fieldFlags="required")
	line(710, "Sukunimi:", "f2", fieldFlags="required")
	line(680, "Sähköposti:", "f3", fieldFlags="required")
	line(650, "Henkilötunnus", "f4", maxlen=11)
	line(620, "Syntymäaika", "f5")
	paper.drawString(50, 586, "Jäsenlaji")
	form.radio(name="laji", value="1", x=200, y=582, size=16)
	paper.drawString(220, 586, "Yksityinen")
	form.radio(name="laji", value="2", x=300, y=582, size=16)
	paper.drawString(320, 586, "Yritys")
	paper.showPage()
	form.checkbox(name="ok", x=50, y=740, size=16, fieldFlags="")
	paper.drawString(72, 743, "Saa lähettää uutiskirjeen")
	line(650, "Lisätiedot", "muuta", maxlen=500, fieldFlags="multiline")
	line(600, "Allekirjoitus", "allek")
	paper.save()
	return stream.getvalue()


def proxy_docx() -> bytes:
	"""A power of attorney with placeholders and blanks, and words that would be Jinja or HTML."""
	document = docx.Document()
	document.add_heading("Valtakirja", 1)
	document.add_paragraph(
		"Valtuutan henkilön [Valtuutettu] hoitamaan asiani {% if x %}<script>alert(1)</script>."
	)
	document.add_paragraph("Nimi: ______________________")
	document.add_paragraph("Sähköposti: ______________________")
	document.add_paragraph("☐ Saa ottaa vastaan rahaa")
	stream = io.BytesIO()
	document.save(stream)
	return stream.getvalue()
