"""What arrives from outside: taken, refused with its reason, or stopped in time; never a raw exception."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils import generic
from sealing_house import altered, flipped, open_pdf, plain_pdf, saved

from signflow.core.pdf.keys import SealKey, make_test_key
from signflow.core.pdf.normalise import REASONS, PdfRefused, normalise
from signflow.core.pdf.prepare import PrepareRefused, SignaturePage, SignerBox, prepare
from signflow.core.pdf.seal import append_signature, close, seal_report
from signflow.core.pdf.validate import Expected, validate


def changed(change, **options) -> bytes:
	with open_pdf(plain_pdf()) as pdf:
		change(pdf)
		return saved(pdf, **options)


def set_root(key, value):
	return lambda pdf: pdf.Root.__setitem__(key, value(pdf) if callable(value) else value)


def annotation(**entries):
	def add(pdf):
		pdf.pages[0].obj["/Annots"] = Array(
			[pdf.make_indirect(Dictionary(Type=Name.Annot, Rect=[0, 0, 9, 9], **entries))]
		)

	return add


def attachment(name):
	def add(pdf):
		pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, b"content", filename=name)

	return add


SCRIPT = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))

REFUSED = {
	"password": changed(lambda pdf: None, encryption=pikepdf.Encryption(user="x", owner="y")),
	"no_pages": changed(lambda pdf: pdf.pages.__delitem__(0)),
	"xfa": changed(set_root("/AcroForm", lambda pdf: Dictionary(Fields=[], XFA=pdf.make_stream(b"<xfa/>")))),
}

ACTIVE = {
	"open_action": set_root("/OpenAction", SCRIPT),
	"names": set_root("/Names", Dictionary(JavaScript=Dictionary(Names=["a", SCRIPT]))),
	"launch": annotation(Subtype=Name.Link, A=Dictionary(S=Name.Launch, F="cmd.exe")),
	"chained": annotation(Subtype=Name.Link, A=Dictionary(S=Name.URI, URI="https://example.fi", Next=SCRIPT)),
	"media": annotation(Subtype=Name.RichMedia),
	"screen": annotation(Subtype=Name.Screen),
	"page_action": lambda pdf: pdf.pages[0].obj.__setitem__("/AA", Dictionary(O=SCRIPT)),
	"phones_home": set_root("/OpenAction", Dictionary(S=Name.URI, URI="https://example.fi")),
	"program": attachment("invoice.pdf.EXE"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_its_reason(code):
	with pytest.raises(PdfRefused) as refused:
		normalise(REFUSED[code])
	assert refused.value.code == code and str(refused.value)


@pytest.mark.parametrize("kind", ACTIVE)
def test_active_content_is_refused(kind, in_process):
	with pytest.raises(PdfRefused) as refused:
		normalise(changed(ACTIVE[kind]))
	scripted = kind in {"open_action", "names", "chained", "page_action"}
	assert ("JavaScript" in str(refused.value)) == scripted
	assert refused.value.code == "active_content" and refused.value.params["detail"] in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04" + b"\0" * 2000])
def test_not_a_pdf(data):
	with pytest.raises(PdfRefused) as refused:
		normalise(data)
	assert refused.value.code == "not_a_pdf"


def test_too_large():
	with pytest.raises(PdfRefused) as refused:
		normalise(plain_pdf() + b"\0" * 3000, max_bytes=3000)
	assert refused.value.code == "too_large"


@pytest.mark.parametrize(
	"data", [b"%PDF-1.7", b"%PDF-1.7\n" + bytes(range(256)) * 20, b"%PDF-1.7\n1 0 obj {x}"]
)
def test_unreadable(data, in_process):
	with pytest.raises(PdfRefused) as refused:
		normalise(data)
	assert refused.value.code in {"unreadable", "no_pages"}


def test_every_reason_can_be_said():
	for code in REASONS:
		assert str(PdfRefused(code, size=1, limit=2, detail="x"))


def test_two_hundred_pages_and_a_harmless_attachment():
	with open_pdf(plain_pdf(200)) as pdf:
		attachment("terms.txt")(pdf)
		taken = normalise(saved(pdf))
	assert taken.pages == 200 and not taken.foreign_signatures
	with open_pdf(taken.data) as pdf:
		assert "terms.txt" in pdf.attachments


def test_damaged_cross_references_are_repaired(house):
	whole = plain_pdf(3)
	damaged = whole[: whole.rindex(b"xref\n0")] + b"startxref\n7\n%%EOF"
	taken = normalise(damaged)
	assert taken.pages == 3
	assert house.verdict(house.signed(house.certified(taken.data), "Signer1")).ok


def test_owner_password_is_dropped(in_process):
	limited = changed(lambda pdf: None, encryption=pikepdf.Encryption(user="", owner="y"))
	with open_pdf(normalise(limited).data) as pdf:
		assert not pdf.is_encrypted


def test_form_fields_become_page_content(in_process):
	def add_form(pdf):
		look = pdf.make_stream(
			b"BT /F 12 Tf 2 2 Td (Maija) Tj ET", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 99, 20]
		)
		widget = {
			"Type": Name.Annot,
			"Subtype": Name.Widget,
			"Rect": [50, 50, 149, 70],
			"AP": Dictionary(N=look),
		}
		field = pdf.make_indirect(Dictionary(FT=Name.Tx, T="name", V="Maija", F=4, **widget))
		note = pdf.make_indirect(
			Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=[0, 0, 9, 9], Contents="hm")
		)
		pdf.pages[0].obj["/Annots"] = Array([field, note])
		pdf.Root["/AcroForm"] = Dictionary(Fields=[field])

	with open_pdf(normalise(changed(add_form)).data) as pdf:
		assert "/AcroForm" not in pdf.Root
		assert [str(one.Subtype) for one in pdf.pages[0].Annots] == ["/Text"]
		assert any(b"(Maija) Tj" in form.read_bytes() for form in pdf.pages[0].Resources.XObject.values())


@pytest.fixture(scope="module")
def stranger():
	return SealKey.from_pkcs12(*make_test_key("Vieras Oy"))


@pytest.fixture(scope="module")
def foreign(stranger):
	return append_signature(plain_pdf(), stranger, field="Board", reason="Theirs", stamp=None)


def test_foreign_signatures_are_kept_byte_for_byte(house, stranger, foreign, other_judges):
	taken = normalise(foreign)
	assert taken.data == foreign
	assert taken.foreign_signatures == (stranger.subject,) and taken.foreign_fields == ("Board",)
	data = append_signature(taken.data, house.key, field="Signer1", reason="Ours", stamp=None)
	data = close(data, house.key, reason="Closed")
	assert data.startswith(foreign)
	expected = Expected(("Signer1", "Closing"), foreign=taken.foreign_fields)
	verdict = house.verdict(data, expected)
	assert verdict.ok, verdict.problems
	assert [one.trusted for one in verdict.signatures] == [False, True, True]
	assert not house.verdict(data).ok
	assert not house.verdict(flipped(data), expected).ok
	assert other_judges.pdfsig(data, 3)


def test_prepare_leaves_signed_files_alone(foreign):
	page = SignaturePage("t", "d", "r", "e", "s", (SignerBox("Signer1", "Maija"),))
	with pytest.raises(PrepareRefused) as refused:
		prepare(foreign, page)
	assert refused.value.code == "already_signed"


def test_foreign_locks_are_respected(in_process, stranger, house, finished):
	for code, data in {
		"certified_no_changes": seal_report(plain_pdf(), stranger, reason=""),
		"locked_document": finished,
	}.items():
		with pytest.raises(PdfRefused) as refused:
			normalise(data)
		assert refused.value.code == code


def test_shared_signature_is_refused(in_process, foreign):
	def share(writer):
		fields = writer.root["/AcroForm"]["/Fields"]
		copy = generic.DictionaryObject(fields[0])
		copy["/T"] = generic.TextStringObject("Other")
		copy[generic.pdf_name("/V")] = fields[0].raw_get("/V")
		fields.append(writer.add_object(copy))
		writer.update_container(fields)

	with pytest.raises(PdfRefused) as refused:
		normalise(altered(foreign, share))
	assert refused.value.code == "shared_signature_value"


def looping(data: bytes) -> bytes:
	"""`data` with a last cross-reference section that names itself as the one before."""
	start = len(data)
	place = data.rindex(b"/Root ")
	root = data[place : data.index(b"R", place + 6) + 1]
	size = data[data.rindex(b"/Size ") :].split(None, 2)[1]
	section = b"xref\n0 0\ntrailer\n<< /Size %s %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
	return data + section % (size, root, start, start)


def test_looping_cross_references_end_in_time(foreign, house):
	begun = time.monotonic()
	with pytest.raises(PdfRefused) as refused:
		normalise(looping(foreign), seconds=2)
	assert refused.value.code in {"timed_out", "unreadable"}
	verdict = validate(looping(foreign), trust=house.trust, seconds=2)
	assert not verdict.ok and not verdict.readable
	assert time.monotonic() - begun < 8


def test_memory_is_limited():
	with pytest.raises(PdfRefused) as refused:
		normalise(plain_pdf(), memory_bytes=30 << 20)
	assert refused.value.code == "unreadable"


def test_validate_runs_in_a_child_and_agrees(house, finished):
	expected = Expected(("Seal", "Signer1", "Signer2", "Closing"))
	assert validate(finished, trust=house.trust, expected=expected) == house.verdict(finished, expected)
	assert not validate(flipped(finished), trust=house.trust).ok


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"\0" * 100])
def test_garbage_is_a_verdict(data):
	verdict = validate(data, trust=[])
	assert not verdict.ok and not verdict.readable


def shell(*arguments):
	command = [sys.executable, "-m", "signflow.core.pdf", *map(str, arguments)]
	return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_command_line(house, finished, tmp_path):
	good, bad, roots = tmp_path / "good.pdf", tmp_path / "bad.pdf", tmp_path / "seal.pem"
	good.write_bytes(finished)
	bad.write_bytes(flipped(finished))
	roots.write_text(house.trust[0])
	valid = shell("validate", good, "--trust", roots, "--json")
	assert valid.returncode == 0 and json.loads(valid.stdout)["ok"] is True
	assert shell("validate", bad, "--trust", roots).returncode == 1
	assert shell("validate", roots, "--trust", roots).returncode == 2
	assert shell("validate", tmp_path / "none.pdf").returncode == 2
	assert "Signer1 (signature): intact" in shell("inspect", good).stdout
	assert io.BytesIO(finished).read(5) == b"%PDF-"
