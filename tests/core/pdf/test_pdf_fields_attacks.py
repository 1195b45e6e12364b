"""Hostile forms: loops, masses and nonsense end in time, in the child process, with a reason."""

from __future__ import annotations

import io
import time

import pikepdf
import pytest
from paper_house import application, flattened_text, only, refusal, saved, text_field, with_fields
from pikepdf import Array, Dictionary, Name, String
from sealing_house import plain_pdf

from signflow.core.pdf.fields import MOST_FIELDS, FormRefused, fill, find_fields


def looping_kids() -> bytes:
	pdf = pikepdf.new()
	page = pdf.add_blank_page()
	one = pdf.make_indirect(Dictionary(T=String("a"), FT=Name.Tx))
	other = pdf.make_indirect(Dictionary(T=String("b"), Parent=one, Kids=Array([one])))
	one["/Kids"] = Array([other, one])
	one["/Parent"] = other
	page.obj["/Annots"] = Array([one])
	pdf.Root["/AcroForm"] = Dictionary(Fields=Array([one, other]))
	return saved(pdf)


def nested_kids(depth: int) -> bytes:
	pdf = pikepdf.new()
	page = pdf.add_blank_page()
	inner = pdf.make_indirect(
		Dictionary(
			Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("x"), Rect=[0, 0, 99, 20], P=page.obj
		)
	)
	page.obj["/Annots"] = Array([inner])
	for _level in range(depth):
		inner = pdf.make_indirect(Dictionary(T=String("n"), Kids=Array([inner])))
	pdf.Root["/AcroForm"] = Dictionary(Fields=Array([inner]))
	return saved(pdf)


def many_fields(count: int) -> bytes:
	return with_fields(*(text_field(f"f{number}", Rect=[10, 10, 99, 30]) for number in range(count)))


def many_shared(count: int) -> bytes:
	"""One array with the same kid a hundred thousand times."""
	pdf = pikepdf.open(io.BytesIO(with_fields(text_field("a"))))
	field = pdf.Root.AcroForm.Fields[0]
	pdf.Root.AcroForm["/Fields"] = Array([field] * count)
	return saved(pdf)


def stop_watch(call, *arguments):
	began = time.monotonic()
	result = call(*arguments)
	assert time.monotonic() - began < 20
	return result


def test_loops_and_depths_end():
	stop_watch(find_fields, looping_kids())
	assert only(nested_kids(20)).name.count("n.") == 20
	assert [field.name for field in stop_watch(find_fields, nested_kids(3000))] == ["x"]


def test_too_many_fields_are_refused():
	assert len(stop_watch(find_fields, many_fields(300))) == 300
	assert stop_watch(refusal, find_fields, many_fields(MOST_FIELDS + 1)).code == "too_many_fields"
	assert stop_watch(refusal, find_fields, many_shared(100_000)).code == "too_many_fields"
	assert stop_watch(refusal, fill, many_shared(100_000), {"a": "x"}).code == "too_many_fields"


def test_huge_names_labels_and_options_are_cut_or_left_out():
	many = Array([String(f"o{number}") for number in range(5000)])
	data = with_fields(
		text_field("x" * 100_000),
		text_field("a", TU=String("y" * 100_000)),
		{"FT": Name.Ch, "T": String("c"), "Opt": many},
	)
	found = find_fields(data)
	assert [field.name for field in found] == ["a", "c"]
	assert len(found[0].label) == 140
	assert len(found[1].options) == 1000


STRANGE = [
	text_field("a", Rect=String("no")),
	text_field("a", Rect=[0, 0, 1e38, 1e38]),
	text_field("a", MaxLen=-5, Ff=String("x"), Q=String("y"), DA=Dictionary()),
	text_field("a", MaxLen=2**31 - 1, Ff=1 << 24),
	text_field("a", MK=Dictionary(R=45, BC=String("z"), BG=[1, 2, 3, 4, 5])),
	text_field("a", AA=Dictionary(F=Dictionary(JS=Dictionary()))),
	text_field("a", DA=String("/F " + "9" * 400 + " Tf 7 7 7 rg")),
	text_field("a", AP=String("no"), BS=Dictionary(W=String("w"))),
	{"FT": Name.Btn, "T": String("a"), "AP": Dictionary(N=Dictionary())},
	{"FT": Name.Ch, "T": String("a"), "Opt": Array([Array([]), Dictionary(), 5, String("ok")])},
	{"FT": Name.Tx, "T": Dictionary()},
	{"FT": String("Tx"), "T": String("a")},
	{"T": String("\x00\ud800".encode("utf-16-be", "surrogatepass").decode("latin-1")), "FT": Name.Tx},
]


@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_strange_entries_never_break_through(number: int):
	data = with_fields(STRANGE[number])
	for field in find_fields(data):
		try:
			flattened_text(fill(data, {field.name: field.options[0] if field.options else "1"}))
		except FormRefused as refused:
			assert refused.code in ("does_not_fit", "unknown_option", "too_long"), refused


def test_what_cannot_be_read_is_refused_with_its_reason():
	assert refusal(find_fields, b"hello").code == "not_a_pdf"
	assert refusal(find_fields, b"%PDF-1.7 nothing").code == "unreadable"
	with pikepdf.open(io.BytesIO(with_fields(text_field("a")))) as pdf:
		locked = saved(pdf, encryption=pikepdf.Encryption(user="x", owner="y"))
		owned = saved(pdf, encryption=pikepdf.Encryption(user="", owner="y"))
		pdf.Root.AcroForm["/XFA"] = pdf.make_stream(b"<xdp/>")
		pdf.Root["/NeedsRendering"] = True
		dynamic = saved(pdf)
	assert refusal(find_fields, locked).code == "password"
	assert only(owned).name == "a"
	assert "Maija" in flattened_text(fill(owned, {"a": "Maija"}))
	assert refusal(find_fields, dynamic).code == "xfa"
	assert refusal(lambda: find_fields(plain_pdf(), max_bytes=100)).code == "too_large"


def test_a_signed_pdf_is_not_filled(half_signed: bytes):
	assert refusal(fill, half_signed, {"a": "x"}).code == "signed"


def test_the_limits_of_the_child_hold():
	with pikepdf.open(io.BytesIO(with_fields(text_field("a")))) as pdf:
		bomb = b"(" + b"x" * (1 << 20) + b") Tj\n"
		pdf.pages[0].obj["/Contents"] = pdf.make_stream(b"BT /F1 1 Tf " + bomb * 60 + b"ET")
		data = saved(pdf)
	began = time.monotonic()
	try:
		find_fields(data, seconds=3, memory_bytes=300 << 20)
	except FormRefused as refused:
		assert refused.code in ("timed_out", "unreadable")
	assert time.monotonic() - began < 6
	assert refusal(lambda: find_fields(application(), memory_bytes=40 << 20)).code == "unreadable"
	assert refusal(lambda: find_fields(application(), seconds=0.01)).code == "timed_out"
