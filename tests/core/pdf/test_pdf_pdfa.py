"""PDF/A-3 through every step of a document's life, its data as an associated file, and what takes the claim away.

No validator can be installed by the project's own files, so these tests hold the clauses of ISO 19005-3 one by one. By
hand, on 2026-11-22, veraPDF (its library of 2025-08-29; on veraPDF's own 997 files for PDF/A-2b and 3b it gave the
expected verdict on every one) found the evidence report a PDF/A-3u as rendered, sealed at B-B and extended to B-LTA, and
a WeasyPrint 59 print a PDF/A-3b as rendered, normalised, prepared, certified, signed, closed and at B-LTA; and of its own
good PDF/A-2 and 3 files 153 of 153 that kept their claim still what they claim after two signers and the closing.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageCms, ImageDraw
from pki import PKI
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from sealing_house import (
	FIELDS,
	NAMES,
	House,
	OtherJudges,
	altered,
	open_pdf,
	plain_pdf,
	saved,
	signature_page,
	stamp_of,
)
from test_pdf_report import MODEL

from signflow.core.evidence.canonical import canonical_json
from signflow.core.pdf.drawing import Sheet
from signflow.core.pdf.extend import extend
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.pdfa import PROFILE, Attached, archive, broken_clauses
from signflow.core.pdf.placement import Place
from signflow.core.pdf.prepare import prepare
from signflow.core.pdf.report import DATA_FILE, render_report
from signflow.core.pdf.seal import Stamp, append_signature, certify, close, seal_report
from signflow.core.pdf.stamps import draw_stamp
from signflow.core.pdf.timestamps import TimestampAuthorities

NOW = datetime(2026, 3, 3, 12, 5, 7, 250, tzinfo=timezone(timedelta(hours=2)))
RECORD = Attached("record.json", b'{"doctype":"Contract"}', description="Contract 1")


def report(model: dict[str, Any] = MODEL) -> bytes:
	return render_report(model, {"Evidence report": "Todisteraportti"}, language="fi", now=NOW)


def printed() -> bytes:
	"""A page such as our own renderer makes, fonts embedded, as an archived print."""
	sheet = Sheet()
	sheet.add_page()
	sheet.put(60, 80, "Vuokrasopimus", 14)
	return archive(sheet.finish(), RECORD, title="Vuokrasopimus", language="fi", level="B", now=NOW)


def drawing() -> bytes:
	picture = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
	ImageDraw.Draw(picture).line([(5, 90), (150, 5), (295, 60)], fill=(20, 30, 120, 255), width=5)
	stream = io.BytesIO()
	picture.save(stream, "PNG")
	return stream.getvalue()


def claim(data: bytes) -> str:
	with open_pdf(data) as pdf:
		return str(pdf.open_metadata().pdfa_status)


def associated(data: bytes) -> tuple[str, bytes]:
	"""Name and content of the one associated file, all that ISO 19005-3, 6.8 and annex E ask of it held."""
	with open_pdf(data) as pdf:
		(file,) = pdf.Root.AF
		assert file.Type == Name.Filespec and file.AFRelationship == Name.Data
		assert str(file.F) == str(file.UF) and "/Desc" in file
		stream = file.EF.F
		content = stream.read_bytes()
		assert stream.Type == Name.EmbeddedFile and stream.Subtype == Name("/application/json")
		assert stream.Params.Size == len(content) and "/ModDate" in stream.Params
		assert bytes(stream.Params.CheckSum) == hashlib.md5(content).digest()
		names = pdf.Root.Names.EmbeddedFiles.Names
		assert str(names[0]) == str(file.UF) and names[1].objgen == file.objgen
		return str(file.UF), content


def check_file(data: bytes, level: str) -> None:
	"""What ISO 19005-3 asks of the file as a whole; of its pages `broken_clauses`."""
	assert re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4}", data), "6.1.2 the header"
	assert re.search(rb"%%EOF\r?\n?\Z", data), "6.1.3 nothing after the end"
	with open_pdf(data) as pdf:
		assert not pdf.is_encrypted and len(pdf.trailer.ID) == 2, "6.1.3 the trailer"
		(intent,) = pdf.Root.OutputIntents
		profile = intent.DestOutputProfile
		assert intent.S == Name.GTS_PDFA1 and profile.N == 3, "6.2.3 the output intent"
		assert profile.read_bytes() == PROFILE.read_bytes()
		assert pdf.Root.Metadata.Type == Name.Metadata and pdf.Root.Metadata.Subtype == Name.XML
		assert pdf.Root.Metadata.read_bytes().startswith(b"<?xpacket begin="), "6.6.2.1 the metadata"
		metadata = pdf.open_metadata()
		assert metadata.pdfa_status == f"3{level}", "6.6.4 the claim"
		assert str(pdf.Root.Lang) == "fi", "6.7.4 the language"
		assert "/NeedAppearances" not in pdf.Root.get("/AcroForm", {}), "6.4.1 the form"
		for page in pdf.pages:
			for _name, font in page.resources.get("/Font", {}).items():
				assert level != "U" or "/ToUnicode" in font, "6.2.11.7.2 Unicode"
	assert broken_clauses(data) == ()


def test_the_profile_is_the_one_that_littlecms_makes() -> None:
	made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
	kept = PROFILE.read_bytes()
	assert len(kept) == int.from_bytes(kept[:4], "big") == 588 and kept[36:40] == b"acsp"
	# All but the header's version and date, and its rounding in other versions of the library.
	assert kept[12:24] == made[12:24] and kept[128:256] == made[128:256]


def test_the_report_is_an_archive_file_and_carries_its_model() -> None:
	data = report()
	check_file(data, "U")
	assert associated(data) == (DATA_FILE, canonical_json(MODEL))
	with open_pdf(data) as pdf:
		metadata = pdf.open_metadata()
		title = "Todisteraportti · Allekirjoitusraportti · SIG-2026-00042"
		assert metadata["dc:title"] == str(pdf.docinfo.Title) == title
		assert metadata["xmp:CreateDate"] == metadata["xmp:ModifyDate"] == "2026-03-03T10:05:07+00:00"
		assert str(pdf.docinfo.CreationDate) == str(pdf.docinfo.ModDate) == "D:20260303100507+00'00'"
		assert str(pdf.Root.AF[0].EF.F.Params.ModDate) == "D:20260303100507+00'00'"
	assert data == report(), "equal arguments, equal bytes"


@pytest.mark.timeout(120)
def test_the_report_stays_one_under_seal_and_time_stamps(
	pki: PKI, house: House, other_judges: OtherJudges, tmp_path: Path
) -> None:
	sealed = seal_report(report(), house.key, reason="Evidence report")
	check_file(sealed, "U")
	assert house.verdict(sealed).ok and house.verdict(sealed).signatures[0].level == "B-B"
	assert other_judges.pdfsig(sealed, 1) and other_judges.pdfsignerpy(sealed, 1)
	trusted = seal_report(report(), pki.key("seal"), reason="Evidence report")
	tsa = TimestampAuthorities([pki.tsa("tsa2")], pki.trust)
	archived = extend(trusted, "B-LTA", timestamp=tsa, trust=pki.trust).data
	check_file(archived, "U")
	assert associated(archived) == (DATA_FILE, canonical_json(MODEL))
	file = tmp_path / "archived.pdf"
	file.write_bytes(archived)
	listed = subprocess.run(["pdfdetach", "-list", file], capture_output=True, timeout=20, check=True).stdout
	assert DATA_FILE.encode() in listed


def test_altered_data_is_refused(house: House, other_judges: OtherJudges) -> None:
	sealed = seal_report(report(), house.key, reason="Evidence report")

	def other_data(writer: IncrementalPdfFileWriter) -> None:
		stream = writer.root["/AF"][0]["/EF"].raw_get("/F")
		new = json.dumps({**MODEL, "house": "Toinen Oy"}).encode()
		old = stream.get_object()
		fake = generic.StreamObject({"/Type": old["/Type"], "/Subtype": old["/Subtype"]}, stream_data=new)
		writer.objects[(stream.generation, stream.idnum)] = fake

	def other_file(writer: IncrementalPdfFileWriter) -> None:
		writer.root["/AF"] = generic.ArrayObject()
		writer.update_root()

	for change in (other_data, other_file):
		changed = altered(sealed, change)
		assert not house.verdict(changed).ok
		assert not other_judges.pdfsignerpy(changed, 1)
	with open_pdf(sealed) as pdf:
		raw = pdf.Root.AF[0].EF.F.read_raw_bytes()
	place = sealed.index(raw) + len(raw) // 2
	flipped = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
	assert not house.verdict(flipped).ok
	assert not other_judges.pdfsig(flipped, 1) and not other_judges.pdfsignerpy(flipped, 1)


def test_a_print_stays_one_through_normalising_signing_and_closing(
	house: House, other_judges: OtherJudges
) -> None:
	page = signature_page()
	boxes = (replace(page.boxes[0], place=Place(1, 60, 400)), *page.boxes[1:])
	steps = [printed()]
	steps.append(normalise(steps[-1]).data)
	steps.append(prepare(steps[-1], replace(page, boxes=boxes)))
	steps.append(certify(steps[-1], house.key, reason="Sealed"))
	for field, name in zip(FIELDS, NAMES, strict=True):
		stamp = replace(stamp_of(name), drawn=drawing() if field != FIELDS[2] else None)
		steps.append(append_signature(steps[-1], house.key, field=field, reason="Sealed", stamp=stamp))
	steps.append(close(steps[-1], house.key, reason="Closed"))
	for data in steps:
		check_file(data, "B")
		assert associated(data) == (RECORD.name, RECORD.data)
	assert house.verdict(steps[-1]).ok
	assert other_judges.pdfsig(steps[-1], 5) and other_judges.pdfsignerpy(steps[-1], 5)


def with_font_outside(pdf: pikepdf.Pdf) -> None:
	page = pdf.pages[0]
	font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
	page.obj.Resources = Dictionary(Font=Dictionary(F1=pdf.make_indirect(font)))


def with_press_colours(pdf: pikepdf.Pdf) -> None:
	pdf.pages[0].contents_add(b"0 0 0 1 k 10 10 20 20 re f")


def with_press_picture(pdf: pikepdf.Pdf) -> None:
	picture = pdf.make_stream(
		bytes(4), Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8
	)
	picture["/ColorSpace"] = Name.DeviceCMYK
	pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(I=picture))


def with_inline_press_picture(pdf: pikepdf.Pdf) -> None:
	pdf.pages[0].contents_add(b"BI /W 1 /H 1 /BPC 8 /CS /CMYK ID \0\0\0\0 EI")


def with_annotation(**entries: Any) -> Any:
	def change(pdf: pikepdf.Pdf) -> None:
		note = Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=[10, 10, 30, 30], F=4, **{})
		note["/AP"] = Dictionary(
			N=pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 20, 20])
		)
		for key, value in entries.items():
			if value is None:
				del note["/" + key]
			else:
				note["/" + key] = value
		pdf.pages[0].obj.Annots = Array([pdf.make_indirect(note)])

	return change


def with_script(pdf: pikepdf.Pdf) -> None:
	pdf.Root.OpenAction = Dictionary(Type=Name.Action, S=Name.JavaScript, JS=String("1"))


def with_transfer_function(pdf: pikepdf.Pdf) -> None:
	state = Dictionary(Type=Name.ExtGState, TR=Name.Identity, BM=Name.Odd)
	pdf.pages[0].obj.Resources = Dictionary(ExtGState=Dictionary(G=state))


def with_lzw(pdf: pikepdf.Pdf) -> None:
	pdf.pages[0].obj.Contents = pikepdf.Stream(
		pdf, b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", Filter=Name.LZWDecode
	)


BREAKING = {
	"6.2.11.4.1": with_font_outside,
	"6.2.4.3": with_press_colours,
	"6.2.4.3 ": with_press_picture,
	"6.2.4.3  ": with_inline_press_picture,
	"6.3.1": with_annotation(Subtype=Name.Movie),
	"6.3.2": with_annotation(F=6),
	"6.3.3": with_annotation(AP=None),
	"6.4": lambda pdf: pdf.Root.__setitem__("/AcroForm", Dictionary(Fields=[], NeedAppearances=True)),
	"6.5.1": with_script,
	"6.2.5": with_transfer_function,
	"6.1.7.2": with_lzw,
}


@pytest.mark.parametrize("clause", BREAKING)
def test_what_breaks_a_clause_is_found_and_nothing_is_claimed(clause: str) -> None:
	with open_pdf(printed()) as pdf:
		BREAKING[clause](pdf)
		broken = saved(pdf, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
	found = broken_clauses(broken)
	assert any(one.startswith(f"{clause.strip()} ") for one in found), found
	again = archive(broken, RECORD, title="", language="", level="B", now=NOW)
	assert claim(again) == "" and associated(again) == (RECORD.name, RECORD.data)


def test_an_honest_foreign_page_is_not_claimed_but_carries_its_data() -> None:
	data = archive(plain_pdf(), RECORD, title="Helvetica is not embedded", language="en", level="B")
	assert claim(data) == "" and broken_clauses(data) == ("6.2.11.4.1 the font Helvetica is not embedded",)
	assert associated(data) == (RECORD.name, RECORD.data)


def test_pictures_and_links_that_a_renderer_writes_carelessly_are_mended() -> None:
	pdf = FPDF()
	pdf.add_page()
	pdf.image(Image.new("RGB", (4, 4), "red"), 10, 10, 20, 20)
	pdf.link(10, 10, 20, 20, "https://testi.example/")
	with open_pdf(bytes(pdf.output())) as opened:
		(picture,) = opened.pages[0].images.values()
		picture["/Interpolate"] = True
		opened.pages[0].obj.Annots[0]["/F"] = 0
		careless = saved(opened)
	assert len(broken_clauses(careless)) == 2
	data = archive(careless, RECORD, title="", language="fi", level="B")
	check_file(data, "B")


def test_no_title_makes_the_metadata_break() -> None:
	for title in ("", "\0\x0b\ufffe <&> \"'", "]]>", "Ω" * 3000):
		data = archive(printed(), RECORD, title=title, language="fi", level="B")
		check_file(data, "B")


def claiming(part: str, conformance: str, components: int | None) -> bytes:
	"""An upload that says it is PDF/A, its output intent of so many colour components (None: without any)."""
	with open_pdf(printed()) as pdf:
		if components is None:
			del pdf.Root["/OutputIntents"]
		else:
			pdf.Root.OutputIntents[0].DestOutputProfile.N = components
		with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
			metadata["pdfaid:part"], metadata["pdfaid:conformance"] = part, conformance
		return saved(pdf)


@pytest.mark.parametrize(
	("part", "conformance", "components", "kept"),
	[
		("2", "B", 3, "2B"),
		("3", "A", 3, "3U"),
		("2", "U", None, "2U"),
		("2", "B", 4, ""),
		("1", "B", 3, ""),
		("4", "F", 3, ""),
	],
)
def test_an_upload_claims_only_what_stays_true_with_our_pages(
	part: str, conformance: str, components: int | None, kept: str
) -> None:
	upload = normalise(claiming(part, conformance, components)).data
	assert claim(upload) == part + conformance, "the upload's own words until something is added"
	prepared = prepare(upload, signature_page())
	assert claim(prepared) == kept
	with open_pdf(prepared) as pdf:
		assert len(pdf.Root.OutputIntents) == 1
		assert pdf.Root.OutputIntents[0].DestOutputProfile.N == (components or 3)
		assert pdf.open_metadata()["dc:title"] == "Vuokrasopimus"


def test_an_upload_that_claims_nothing_is_left_as_it_is() -> None:
	with open_pdf(prepare(normalise(plain_pdf()).data, signature_page())) as pdf:
		assert "/OutputIntents" not in pdf.Root and not pdf.open_metadata().pdfa_status


LINES = ("3.3.2026 klo 14.05 (UTC+2)", "Tunnistettu sähköpostikoodilla")
LONG = (
	"Κωνσταντίνος Παπαδόπουλος-Αναγνωστόπουλος",
	"Александра Константиновна Рождественская",
	"Anna-Sofia Äijälä-Hämäläinen o.s. Yliveräjänmäki",
	"Zoe\u0308 Nguye\u0302\u0303n Tha\u0323\u0302t",
)


@pytest.mark.parametrize("drawn", [False, True], ids=["plain", "drawn"])
@pytest.mark.parametrize("size", [(216, 84), (200, 56), (120, 30)], ids=str)
@pytest.mark.parametrize("name", LONG)
def test_long_names_stand_whole_inside_every_box(name: str, size: tuple[int, int], drawn: bool) -> None:
	data = draw_stamp(Stamp(name, LINES, drawing() if drawn else None), *size)
	text = subprocess.run(
		["pdftotext", "-raw", "-", "-"], input=data, capture_output=True, timeout=20, check=True
	).stdout.decode()
	words = unicodedata.normalize("NFC", name).split()
	assert text.split()[: len(words)] == words, "in order, no word broken"
	boxes = subprocess.run(
		["pdftotext", "-bbox", "-", "-"], input=data, capture_output=True, timeout=20, check=True
	).stdout.decode()
	edges = [
		tuple(map(float, word))
		for word in re.findall(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">', boxes)
	]
	assert len(edges) == len(text.split())
	assert all(0 <= left and right <= size[0] for left, _top, right, _bottom in edges)
	assert all(-1 <= top and bottom <= size[1] + 1 for _left, top, _right, bottom in edges)
	assert min(bottom - top for _left, top, _right, bottom in edges) > 3.2, "readable"
