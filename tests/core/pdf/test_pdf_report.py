"""The evidence report says what the model says, in any script, over as many pages as it takes."""

from __future__ import annotations

import subprocess

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sealing_house import open_pdf

from signflow.core.pdf.drawing import clean, width_of, wrap
from signflow.core.pdf.report import render_report

HASH = "ab" * 32
MODEL = {
	"title": "Allekirjoitusraportti",
	"reference": "SIG-2026-00042",
	"house": "Testi Oy",
	"seal": "CN=Testi Oy (test seal)",
	"test_seal": True,
	"documents": [{"title": "Vuokrasopimus", "revisions": [{"seq": 1, "sha256": HASH, "what": "Certified"}]}],
	"signers": [
		{
			"name": "Δημήτρης Жуков",
			"identified_by": "Mail code",
			"signed_on": "2026-03-03",
			"statement": "I agree",
		}
	],
	"events": [
		{"seq": number, "time": "2026-03-03", "kind": "opened", "who": "Maija"} for number in range(120)
	],
	"head": "cd" * 32,
}


def test_report_says_it_all(tmp_path):
	file = tmp_path / "report.pdf"
	file.write_bytes(render_report(MODEL, {"Documents": "Asiakirjat"}))
	text = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True).stdout
	for said in (
		"Allekirjoitusraportti",
		"Asiakirjat",
		"Signers",
		"Δημήτρης Жуков",
		HASH,
		"cd" * 32,
		"test seal",
		"119",
	):
		assert said in text
	with open_pdf(file.read_bytes()) as pdf:
		assert len(pdf.pages) == 4


def test_empty_model():
	assert render_report({}, {}).startswith(b"%PDF")
	assert render_report({"events": [{}], "signers": [{}], "documents": [{"revisions": [{}]}]}, {})


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(some.text(max_size=400), some.text(max_size=80))
def test_no_text_makes_it_fail(long, short):
	model = {
		"title": short,
		"house": long,
		"test_seal": True,
		"documents": [{"title": long, "revisions": [{"seq": short, "sha256": long, "what": short}]}],
		"signers": [{"name": long, "identified_by": short, "signed_on": None, "statement": long * 10}],
		"events": [{"seq": short, "time": long, "kind": long, "who": short}],
		"head": long,
	}
	assert render_report(model, {"Events": long}).startswith(b"%PDF")


@settings(max_examples=200, deadline=None)
@given(some.text(max_size=300), some.floats(20, 500), some.floats(4, 30))
def test_lines_fit_and_lose_nothing(text, width, size):
	lines = wrap(text, width, size)
	assert all(width_of(line, size) <= width or len(line) == 1 for line in lines)
	assert "".join(lines).replace(" ", "") == clean(text).replace(" ", "")
	assert len(wrap(text, width, size, most=2)) <= 2
