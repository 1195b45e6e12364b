"""Desk: from a PDF form on the desk of a clerk to a web form that its public can fill in."""

import io
import uuid

import pytest
from playwright.sync_api import expect
from reportlab.pdfgen import canvas
from test_desk import logs_in, opens, shown

pytestmark = pytest.mark.timeout(300)


def application() -> bytes:
	stream = io.BytesIO()
	paper = canvas.Canvas(stream)
	for number, label in enumerate(("Nimi", "Sähköposti", "Henkilötunnus", "Syntymäaika", "Allekirjoitus")):
		y = 740 - 40 * number
		paper.drawString(50, y + 6, label)
		paper.acroForm.textfield(name=f"f{number}", x=200, y=y, width=250, height=20, maxlen=100)
	paper.save()
	return stream.getvalue()


def test_a_pdf_form_becomes_a_web_form(visit) -> None:
	key = uuid.uuid4().hex[:8]
	window = visit()
	page = logs_in(window)
	opens(page, window, "signature-template")
	shown(page).get_by_role("button", name="From Paper").click()
	dialog = page.locator(".modal-dialog:visible", has_text="PDF or Word File")
	dialog.get_by_role("button", name="Attach").click()
	uploader = page.locator(".modal-dialog:visible", has_text="Drag and drop")
	with page.expect_file_chooser() as chooser:
		uploader.get_by_text("My Device").click()
	chooser.value.set_files(
		{"name": f"hakemus-{key}.pdf", "mimeType": "application/pdf", "buffer": application()}
	)
	page.locator(".modal-dialog:visible").get_by_role("button", name="Upload").click()
	expect(dialog.locator("[data-fieldname=file] .attached-file-link")).to_be_visible()
	window.keep("paper-upload")
	dialog.get_by_role("button", name="Read", exact=True).click()

	review = page.locator(".modal-dialog:visible", has_text="What the Paper Asks For")
	expect(review).to_contain_text("29 §")
	expect(review.locator("[data-fieldname=title] input")).to_have_value(f"Hakemus {key}")
	rows = review.locator(".grid-body .rows .grid-row")
	expect(rows).to_have_count(5)
	expect(rows.nth(1)).to_contain_text("sahkoposti")
	window.keep("paper-review")
	# A personal identity code is not needed here.
	rows.nth(2).locator("[data-fieldname=keep]").click()
	rows.nth(2).get_by_placeholder("Keep").uncheck()
	review.get_by_role("button", name="Make Drafts").click()

	page.wait_for_function("() => window.cur_frm?.doctype === 'Web Form'", timeout=90_000)
	fields = page.evaluate("() => cur_frm.doc.web_form_fields.map((row) => row.fieldname)")
	assert fields == ["nimi", "sahkoposti", "syntymaaika"]
	assert page.evaluate("() => cur_frm.doc.published") == 0
	window.keep("paper-web-form")
