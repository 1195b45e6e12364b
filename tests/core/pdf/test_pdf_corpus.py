"""Nasty shapes as other projects' test suites hold them, made here: sealed and valid, or refused with a reason.

`python -m benchmarks.corpus` tries the suites themselves.
"""

from __future__ import annotations

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from sealing_house import flipped, open_pdf, plain_pdf, saved

from signflow.core.pdf.normalise import REASONS, PdfRefused, normalise


def changed(change, pages=2, **options) -> bytes:
	with open_pdf(plain_pdf(pages)) as pdf:
		change(pdf)
		return saved(pdf, **options)


def root(key, value):
	return lambda: changed(lambda pdf: pdf.Root.__setitem__(key, value))


def page(key, value):
	return lambda: changed(lambda pdf: pdf.pages[0].obj.__setitem__(key, value))


def raw(old: bytes, new: bytes, count: int = 1):
	def make():
		data = plain_pdf(2)
		assert old in data
		return data.replace(old, new, count)

	return make


def field(**entries):
	def add(pdf):
		one = pdf.make_indirect(
			Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=[9, 9, 99, 99], **entries)
		)
		pdf.pages[0].obj["/Annots"] = Array([one])
		pdf.Root["/AcroForm"] = Dictionary(Fields=[one])

	return lambda: changed(add)


def looping_pages() -> bytes:
	def loop(pdf):
		pdf.Root.Pages.Kids.append(pdf.Root.Pages)

	return changed(loop)


def metadata(content: bytes):
	def add(pdf):
		pdf.Root["/Metadata"] = pdf.make_stream(content, Type=Name.Metadata, Subtype=Name.XML)

	return lambda: changed(add)


def shared_page() -> bytes:
	def add(pdf):
		pdf.pages.append(pdf.pages[0])

	return changed(add)


STREAMS = pikepdf.ObjectStreamMode.generate

SEALED = {
	"object_streams": lambda: changed(lambda pdf: None, object_stream_mode=STREAMS),
	"linearised": lambda: changed(lambda pdf: None, linearize=True),
	"version_2": lambda: changed(lambda pdf: None, force_version="2.0"),
	"version_1_0": raw(b"%PDF-1.3", b"%PDF-1.0"),
	"junk_before": lambda: b"HTTP/1.1 200 OK\r\n\r\n" + plain_pdf(2),
	"junk_after": lambda: plain_pdf(2) + b"\r\n<html>" * 9,
	"no_startxref": raw(b"startxref", b"startxxxx"),
	"wrong_offsets": raw(b"0000000", b"0000009", 4),
	"no_eof": lambda: plain_pdf(2)[:-6],
	"no_size": raw(b"/Size", b"/Zise"),
	"wrong_length": raw(b"/Length ", b"/Length 9"),
	"no_endobj": raw(b"endobj", b"      "),
	"carriage_returns": lambda: changed(lambda pdf: None, qdf=True).replace(b"endobj\n", b"endobj\r"),
	"no_page_type": raw(b"/Type /Page\n", b"\n"),
	"no_media_box": lambda: changed(lambda pdf: pdf.pages[0].obj.__delitem__("/MediaBox")),
	"tiny_media_box": page("/MediaBox", Array([0, 0, 1, 1])),
	"odd_media_box": page("/MediaBox", Array([0, 0, String("a"), Dictionary()])),
	"rotated": page("/Rotate", -450),
	"no_contents": lambda: changed(lambda pdf: pdf.pages[0].obj.__delitem__("/Contents")),
	"annotations_no_array": page("/Annots", Dictionary()),
	"null_annotations": page("/Annots", Array([None, 7, String("x")])),
	"form_no_dictionary": root("/AcroForm", Array([])),
	"form_without_fields": root("/AcroForm", Dictionary()),
	"null_fields": root("/AcroForm", Dictionary(Fields=Array([None, 7]))),
	"names_no_dictionary": root("/Names", String("x")),
	"outlines_no_dictionary": root("/Outlines", 7),
	"metadata_no_stream": raw(b"/Type /Catalog", b"/Type /Catalog /Metadata << >>"),
	"metadata_no_xml": metadata(b"<x"),
	"metadata_empty": metadata(b""),
	"metadata_without_prefix": metadata(b'<x:xmpmeta xmlns:x="adobe:ns:meta/" a:b="c"/>'),
	"empty_field": field(FT=Name.Tx, T="a"),
	"field_without_type": field(T="a"),
	"field_of_no_name": field(FT=Name.Tx),
	"empty_signature_field": field(FT=Name.Sig, T="Sig1"),
	"signature_of_nothing": field(FT=Name.Sig, T="Sig1", V=Dictionary(Type=Name.Sig)),
	"choice": field(FT=Name.Ch, T="a", Opt=Array([String("x")]), V=String("x"), DA=String("/Helv 0 Tf")),
	"permissions_of_nothing": root("/Perms", Dictionary(DocMDP=Dictionary())),
	"page_twice": shared_page,
	"dss": root("/DSS", Dictionary(Certs=Array([]))),
	"names_in_utf_8": page("/Käyttö", Name("/Ä#")),
	"big_numbers": page("/Big", Array([2**62, -(2**62)])),
	"owner_password": lambda: changed(
		lambda pdf: None, encryption=pikepdf.Encryption(user="", owner="y", R=6)
	),
	"old_encryption": lambda: changed(
		lambda pdf: None, encryption=pikepdf.Encryption(user="", owner="y", R=3, aes=False, metadata=False)
	),
}

REFUSED = {
	"cut": (lambda: plain_pdf(2)[:200], {"unreadable", "no_pages"}),
	"no_catalog": (raw(b"/Catalog", b"/Katalog"), {"unreadable", ""}),
	"no_pages_node": (raw(b"/Type /Pages", b"/Type /Sivut"), {"unreadable", "no_pages", ""}),
	"looping_pages": (looping_pages, {"unreadable", "no_pages"}),
	"user_password": (
		lambda: changed(lambda pdf: None, encryption=pikepdf.Encryption(user="x", owner="y")),
		{"password"},
	),
	"header_too_late": (lambda: b" " * 5000 + plain_pdf(), {"not_a_pdf"}),
	"stray_number_sign": (raw(b"/Type /Page\n", b"/Type /Page /Som#ething 1\n"), {"unreadable"}),
	"signature_in_pieces": (
		field(
			FT=Name.Sig, T="Sig1", V=Dictionary(Type=Name.Sig, ByteRange=Array([0, 1]), Contents=String("x"))
		),
		{"unreadable"},
	),
}


@pytest.mark.parametrize("name", SEALED)
def test_sealed_and_valid(name, house, in_process):
	data = SEALED[name]()
	taken = normalise(data)
	sealed = house.signed(house.certified(taken.data), "Signer1")
	assert len(sealed) < 3 * len(data) + 200_000
	verdict = house.verdict(sealed)
	assert verdict.ok, (verdict.problems, verdict.signatures[0].changes)
	assert not house.verdict(flipped(sealed)).ok


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason_or_mended(name, house, in_process):
	make, codes = REFUSED[name]
	try:
		taken = normalise(make())
	except PdfRefused as refusal:
		assert refusal.code in codes and refusal.code in REASONS and len(str(refusal)) > 20
	else:
		assert "" in codes, "a file that cannot be mended was taken"
		assert house.verdict(house.certified(taken.data)).ok
