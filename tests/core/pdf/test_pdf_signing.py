"""Signing in any order keeps every signature valid, judged by three; each judge also refuses a tampered twin."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from itertools import permutations

import pytest
from PIL import Image, ImageDraw
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from sealing_house import (
	FIELDS,
	NAMES,
	NOW,
	OtherJudges,
	flipped,
	open_pdf,
	plain_pdf,
	saved,
	signature_page,
	stamp_of,
)

from signflow.core.errors import SignflowError
from signflow.core.pdf.cms import TIMESTAMP_SIZE
from signflow.core.pdf.keys import make_test_key
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.seal import (
	SealRefused,
	Stamp,
	append_signature,
	certify,
	close,
	seal_file,
	seal_report,
)
from signflow.core.pdf.stamps import draw_stamp
from signflow.core.pdf.timestamps import TimestampAuthorities
from signflow.core.pdf.validate import Expected, validate


@pytest.mark.parametrize("order", list(permutations(FIELDS)), ids="".join)
def test_any_order_of_signers(order, house, certified, other_judges):
	data = certified
	for field in order:
		before = data
		data = house.signed(before, field)
		assert data.startswith(before)
	data = house.closed(data)
	expected = Expected(("Seal", *FIELDS, "Closing"))
	verdict = house.verdict(data, expected=expected)
	assert verdict.ok, verdict.problems
	kinds = [one.kind for one in verdict.signatures]
	assert kinds == ["certification", "signature", "signature", "signature", "closing"]
	assert [one.field for one in verdict.signatures] == ["Seal", *order, "Closing"]
	assert [one.covers_whole_file for one in verdict.signatures] == [False] * 4 + [True]
	assert other_judges.pdfsig(data, 5)
	assert other_judges.pdfsignerpy(data, 5)
	twin = flipped(data)
	assert not house.verdict(twin, expected=expected).ok
	assert not other_judges.pdfsig(twin, 5)
	assert not other_judges.pdfsignerpy(twin, 5)


def test_dictionary_says_no_more_than_asked(house, certified):
	data = append_signature(
		certified, house.key, field="Signer1", reason="Sealed", stamp=stamp_of("Maija"), now=NOW
	)
	with open_pdf(data) as pdf:
		field = next(field for field in pdf.Root.AcroForm.Fields if field.T == "Signer1")
		keys = set(field.V.keys())
		assert keys == {"/Type", "/Filter", "/SubFilter", "/M", "/Contents", "/ByteRange", "/Reason"}
		assert field.V.SubFilter == "/ETSI.CAdES.detached"
		assert str(field.V.M).startswith("D:20260303120500")
		contents = bytes(field.V.Contents)
	# 1.2.840.113549.1.9.16.2.16 (commitment type) and 1.2.840.113549.1.9.5 (signing time) stay out of a PAdES CMS.
	assert bytes.fromhex("060b2a864886f70d0109100210") not in contents
	assert bytes.fromhex("06092a864886f70d010905") not in contents
	# signing-certificate-v2 is demanded by EN 319 142-1, 6.3.
	assert bytes.fromhex("060b2a864886f70d010910022f") in contents


def test_nothing_after_closing(house, finished):
	for attempt in (
		lambda: house.signed(finished, "Signer3"),
		lambda: append_signature(finished, house.key, field="More", reason="", stamp=None),
		lambda: house.closed(finished),
	):
		with pytest.raises(SealRefused) as refused:
			attempt()
		assert refused.value.code == "locked_document"


def test_refusals_before_closing(house, half_signed):
	for code, attempt in {
		"field_filled": lambda: house.signed(half_signed, "Signer1"),
		"no_such_field": lambda: append_signature(
			half_signed, house.key, field="Nobody", reason="", stamp=None
		),
		"already_certified": lambda: certify(half_signed, house.key, reason=""),
		"bad_drawing": lambda: append_signature(
			half_signed, house.key, field="Signer2", reason="", stamp=Stamp("M", (), b"\x89PNG\r\n\x1a\nno")
		),
		"unreadable": lambda: close(b"%PDF-1.7 nothing", house.key, reason=""),
	}.items():
		with pytest.raises(SealRefused) as refused:
			attempt()
		assert refused.value.code == code


def test_report_is_sealed_without_any_change_allowed(house, other_judges):
	data = seal_report(plain_pdf(), house.key, reason="Evidence report")
	verdict = house.verdict(data, expected=Expected(("Seal",)))
	assert verdict.ok and verdict.signatures[0].kind == "certification"
	assert other_judges.pdfsignerpy(data, 1)
	assert not house.verdict(flipped(data)).ok
	with pytest.raises(SealRefused) as refused:
		append_signature(data, house.key, field="Signer1", reason="", stamp=None)
	assert refused.value.code == "locked_document"


def test_stamp_text_is_searchable_and_its_font_embedded(house, certified, tmp_path):
	name = "Ŵładysław Œuvré-Δημήτρης Żółć 中文 \u202eevil\x07"
	data = append_signature(certified, house.key, field="Signer1", reason="", stamp=stamp_of(name))
	assert house.verdict(data).ok
	file = tmp_path / "stamped.pdf"
	file.write_bytes(data)
	text = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, text=True, timeout=20).stdout
	assert "Ŵładysław" in text and "Δημήτρης" in text and "\u202e" not in text
	with open_pdf(data) as pdf:
		field = next(field for field in pdf.Root.AcroForm.Fields if field.T == "Signer1")
		for font in field.AP.N.Resources.Font.values():
			assert "/FontFile2" in font.DescendantFonts[0].FontDescriptor


@pytest.mark.parametrize("size", [(216, 84), (10, 10), (3, 2), (600, 12), (40, 300)])
@pytest.mark.parametrize(
	"name", ["Maija Meri", "Maximilian-" * 30, "\U0001f469\u200d\U0001f469", "", "W" * 3000]
)
def test_any_stamp_fits_its_box(name, size):
	with open_pdf(draw_stamp(Stamp(name, ("3.3.2026", "x" * 400)), *size)) as pdf:
		assert len(pdf.pages) == 1
		streams = pdf.pages[0].Contents.read_bytes()
	heights = [float(y) for y in re.findall(rb"BT [\d.]+ (-?[\d.]+) Td", streams)]
	assert all(0 <= y <= size[1] for y in heights) or size[1] < 12


def drawing(width: int = 600, height: int = 200) -> bytes:
	picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
	ImageDraw.Draw(picture).line([(20, 150), (width // 2, 30), (width - 20, 160)], (20, 30, 90, 255), 9)
	stream = io.BytesIO()
	picture.save(stream, "PNG")
	return stream.getvalue()


def test_drawn_signature(house, certified, other_judges):
	stamp = Stamp("Maija Meri", ("3.3.2026 klo 14.05",), drawing())
	data = append_signature(certified, house.key, field="Signer1", reason="", stamp=stamp)
	assert house.verdict(data).ok
	assert other_judges.pdfsignerpy(data, 2)


def test_no_dry_run_and_the_reserve_is_large_enough(house, certified, monkeypatch):
	"""Stock pyHanko signs twice to learn the size; the reserve must fit the widest CMS with little to spare."""

	def refuse(*_args: object, **_more: object) -> None:
		raise AssertionError("a dry run")

	monkeypatch.setattr(PdfSigningSession, "estimate_signature_container_size", refuse)
	data = append_signature(certified, house.key, field="Signer1", reason="", stamp=None)
	assert len(data) - len(certified) < 9068


def test_page_for_forty_signers_with_long_names(house):
	names = tuple(f"{NAMES[number % 3]} {'pitkänimi' * (number % 5)}" for number in range(40))
	data = house.certified(plain_pdf(), signature_page(names))
	with open_pdf(data) as pdf:
		assert len(pdf.pages) == 7
		rects = [
			(field.P.objgen, *(float(part) for part in field.Rect))
			for field in pdf.Root.AcroForm.Fields
			if str(field.T).startswith("Signer")
		]
	assert len(rects) == 40
	for page, left, bottom, right, top in rects:
		assert left >= 0 and bottom > 70 and right <= 596 and top <= 842
		for other, x1, y1, x2, y2 in rects:
			apart = page != other or x2 <= left or right <= x1 or y2 <= bottom or top <= y1
			assert apart or (x1, y1) == (left, bottom)


@pytest.mark.parametrize(
	"change",
	[
		{"/Rotate": 90},
		{"/MediaBox": [100, 100, 300, 200]},
		{"/MediaBox": [0, 0, 0, 0]},
		{"/MediaBox": [0, 0, 14400, 14400]},
		{"/MediaBox": [600, 800, 0, 0], "/CropBox": [10, 10, 20, 20]},
		{"/UserUnit": 4},
	],
	ids=str,
)
def test_odd_page_boxes(change, in_process, house, other_judges):
	with open_pdf(plain_pdf()) as pdf:
		for key, value in change.items():
			pdf.pages[0].obj[key] = value
			pdf.Root.Pages[key] = value
		odd = saved(pdf)
	data = house.signed(house.certified(normalise(odd).data), "Signer1")
	with open_pdf(data) as pdf:
		last = pdf.pages[-1]
		assert [round(float(part)) for part in last.mediabox] == [0, 0, 595, 842]
		assert [round(float(part)) for part in last.cropbox] == [0, 0, 595, 842]
		assert int(last.obj.get("/Rotate", 0)) == 0 and "/UserUnit" not in last.obj
	assert house.verdict(data).ok
	assert other_judges.pdfsignerpy(data, 2)


def test_file_to_file_does_what_bytes_do(house, certified, tmp_path):
	source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
	source.write_bytes(certified)
	stamp = stamp_of("Maija Meri")
	seal_file(source, target, house.key, reason="Sealed", field="Signer1", stamp=stamp, now=NOW)
	data = target.read_bytes()
	assert data.startswith(certified) and source.read_bytes() == certified
	asked = {"field": "Signer1", "reason": "Sealed", "stamp": stamp, "now": NOW}
	same = append_signature(certified, house.key, **asked)
	assert len(same) == len(data)
	assert house.verdict(data, Expected(("Seal", "Signer1"))).ok
	seal_file(target, target, house.key, reason="Closed", field="Closing")
	assert target.read_bytes().startswith(data)
	assert house.verdict(target.read_bytes(), Expected(("Seal", "Signer1", "Closing"))).ok
	fresh = tmp_path / "fresh.pdf"
	fresh.write_bytes(plain_pdf())
	seal_file(fresh, fresh, house.key, reason="Sealed")
	assert house.verdict(fresh.read_bytes(), Expected(("Seal",))).signatures[0].kind == "certification"


def test_file_to_file_leaves_nothing_behind_when_refused(house, finished, tmp_path):
	source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
	source.write_bytes(finished)
	target.write_bytes(b"before")

	def no_timestamp(_signed: bytes) -> bytes:
		raise SignflowError("timestamp_unavailable", "No timestamp.")

	for more, code in (({"field": "Signer3"}, "locked_document"), ({}, "already_certified")):
		with pytest.raises(SealRefused) as refused:
			seal_file(source, target, house.key, reason="", **more)
		assert refused.value.code == code
	source.write_bytes(plain_pdf())
	with pytest.raises(SignflowError) as failed:
		seal_file(source, target, house.key, reason="", timestamp=no_timestamp)
	assert failed.value.code == "timestamp_unavailable"
	assert target.read_bytes() == b"before" and sorted(tmp_path.iterdir()) == [source, target]


SEAL_AND_TELL_MEMORY = """
import sys
from pathlib import Path
from signflow.core.pdf.keys import SealKey
from signflow.core.pdf.seal import seal_file
key = SealKey.from_pkcs12(Path(sys.argv[1]).read_bytes(), sys.argv[2])
seal_file(Path(sys.argv[3]), Path(sys.argv[4]), key, reason="Sealed")
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


def test_a_large_file_takes_little_memory(tmp_path):
	with open_pdf(plain_pdf()) as pdf:
		pdf.pages[0].obj["/Large"] = pdf.make_stream(bytes(150 << 20))
		pdf.save(tmp_path / "in.pdf", compress_streams=False)
	packed, passphrase = make_test_key("Suuri Oy")
	(tmp_path / "key.p12").write_bytes(packed)
	files = [str(tmp_path / name) for name in ("in.pdf", "out.pdf")]
	command = [sys.executable, "-c", SEAL_AND_TELL_MEMORY, str(tmp_path / "key.p12"), passphrase, *files]
	done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
	assert (tmp_path / "out.pdf").stat().st_size > 150 << 20
	assert int(done.stdout) < 100 << 10, "KiB"


def test_metadata_is_left_alone(certified, half_signed):
	"""A signature says nothing about the document's metadata, and a changed /Info is one more thing to explain."""
	increment = half_signed[len(certified) :]
	assert b"/Producer" not in increment and b"/ModDate" not in increment


def test_timestamp_from_an_authority_goes_into_the_signature(pki, tmp_path):
	key = pki.key("seal")
	timestamp = TimestampAuthorities([pki.tsa("tsa1")], pki.trust)
	plain = append_signature(plain_pdf(), key, field="Signed", reason="Sealed", stamp=None)
	data = append_signature(
		plain_pdf(), key, field="Signed", reason="Sealed", stamp=None, timestamp=timestamp
	)
	assert 0 <= len(data) - len(plain) - 2 * TIMESTAMP_SIZE < 10  # offsets have more digits
	with open_pdf(data) as pdf:
		contents = bytes(pdf.Root.AcroForm.Fields[0].V.Contents)
	assert bytes.fromhex("060b2a864886f70d010910020e") in contents  # id-aa-signatureTimeStampToken
	assert validate(data, trust=pki.trust).ok
	assert not validate(flipped(data), trust=pki.trust).ok
	judges = OtherJudges(tmp_path, pki.trust[0])
	assert judges.pdfsig(data, 1) and not judges.pdfsig(flipped(data), 1)
