"""Altered files are refused: as they are, and when an honest signature is later put on top of the alteration."""

from __future__ import annotations

import hashlib
import io
import json

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from sealing_house import altered, flipped, open_pdf, plain_pdf, saved

from signflow.core.pdf.validate import Expected, validate

FINISHED = Expected(("Seal", "Signer1", "Signer2", "Closing"))


def field_named(writer, name):
	return next(
		ref.get_object() for ref in writer.root["/AcroForm"]["/Fields"] if ref.get_object()["/T"] == name
	)


def first_page(writer):
	return writer.root["/Pages"]["/Kids"][0]


def replace_text(writer):
	page = first_page(writer)
	content = page["/Contents"].data.replace(b"950 euros", b"150 euros")
	page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=content))
	writer.update_container(page)


def add_note(writer):
	page = first_page(writer)
	note = generic.DictionaryObject(
		{
			pdf_name("/Type"): pdf_name("/Annot"),
			pdf_name("/Subtype"): pdf_name("/FreeText"),
			pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (50, 700, 300, 740))),
			pdf_name("/Contents"): generic.TextStringObject("Rent 150 euros"),
			pdf_name("/DA"): generic.TextStringObject("/Helv 20 Tf 0 g"),
		}
	)
	page["/Annots"] = generic.ArrayObject([writer.add_object(note)])
	writer.update_container(page)


def remove_value(writer):
	field = field_named(writer, "Signer1")
	del field["/V"]
	writer.update_container(field)


def share_value(writer):
	field = field_named(writer, "Signer3")
	field[pdf_name("/V")] = field_named(writer, "Signer1").raw_get("/V")
	writer.update_container(field)


def copy_value(writer):
	field = field_named(writer, "Signer3")
	copied = generic.DictionaryObject(field_named(writer, "Signer1")["/V"])
	field[pdf_name("/V")] = writer.add_object(copied)
	writer.update_container(field)


def empty_fields(writer):
	form = writer.root["/AcroForm"]
	form["/Fields"] = generic.ArrayObject()
	writer.update_container(form)


def drop_form(writer):
	del writer.root["/AcroForm"]
	writer.update_root()


def add_script(writer):
	script = {
		pdf_name("/S"): pdf_name("/JavaScript"),
		pdf_name("/JS"): generic.TextStringObject("app.alert(1)"),
	}
	writer.root[pdf_name("/OpenAction")] = writer.add_object(generic.DictionaryObject(script))
	writer.update_root()


def swap_pages(writer):
	pages = writer.root["/Pages"]
	kids = pages["/Kids"]
	pages["/Kids"] = generic.ArrayObject([kids.raw_get(number) for number in (1, 0, *range(2, len(kids)))])
	writer.update_container(pages)


def move_box(writer):
	page = first_page(writer)
	page[pdf_name("/CropBox")] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 400)))
	writer.update_container(page)


def change_lock(writer):
	lock = field_named(writer, "Closing")["/Lock"]
	lock["/P"] = generic.NumberObject(3)
	writer.update_container(lock)


def move_field(writer):
	field = field_named(writer, "Signer1")
	field["/Rect"] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842)))
	writer.update_container(field)


def repaint_stamp(writer):
	field = field_named(writer, "Signer1")
	stream = generic.StreamObject(
		{pdf_name("/Type"): pdf_name("/XObject"), pdf_name("/Subtype"): pdf_name("/Form")}, stream_data=b""
	)
	field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(stream)})
	writer.update_container(field)


def attach_file(writer):
	writer.root[pdf_name("/Names")] = generic.DictionaryObject(
		{pdf_name("/EmbeddedFiles"): generic.DictionaryObject({pdf_name("/Names"): generic.ArrayObject()})}
	)
	writer.update_root()


INCREMENTS = [
	replace_text,
	add_note,
	remove_value,
	share_value,
	copy_value,
	empty_fields,
	drop_form,
	add_script,
	swap_pages,
	move_box,
	change_lock,
	move_field,
	repaint_stamp,
	attach_file,
]


@pytest.fixture(scope="module", autouse=True)
def honest_file_passes(house, finished):
	"""What is attacked below is valid before the attack."""
	assert house.verdict(finished, expected=FINISHED).ok


@pytest.mark.parametrize("attack", INCREMENTS, ids=lambda attack: attack.__name__)
def test_unsigned_increment(attack, house, finished):
	verdict = house.verdict(altered(finished, attack), expected=FINISHED)
	assert not verdict.ok
	assert any(problem in verdict.problems for problem in ("changed_after_signing", "no_signatures"))


COVERABLE = [
	attack for attack in INCREMENTS if attack not in (empty_fields, drop_form, share_value, copy_value)
]


@pytest.mark.parametrize("attack", COVERABLE, ids=lambda attack: attack.__name__)
def test_increment_hidden_under_an_honest_signature(attack, house, half_signed):
	"""The file was altered at rest, then our own house signed on: the earlier signatures must tell."""
	data = house.signed(altered(half_signed, attack), "Signer2")
	verdict = house.verdict(data)
	assert not verdict.ok
	assert "changed_after_signing" not in verdict.problems
	assert {"Seal: forbidden_change", "Signer1: appearance_changed"} & set(verdict.problems)


@pytest.mark.parametrize("attack", [share_value, copy_value])
def test_replayed_signature(attack, house, half_signed):
	verdict = house.verdict(altered(half_signed, attack))
	assert "shared_signature_value" in verdict.problems


@pytest.mark.parametrize("junk", [b"\n", b"\n% a comment\n", b"\0" * 7, b"%%EOF\n", b"<html></html>"])
def test_trailing_junk(junk, house, finished):
	verdict = house.verdict(finished + junk)
	assert not verdict.ok
	assert verdict.problems == ("changed_after_signing",) or not verdict.readable


def test_last_revision_cut_off(house, half_signed, finished):
	cut = finished[: len(house.signed(half_signed, "Signer2"))]
	assert house.verdict(half_signed).ok, "the file alone cannot tell"
	verdict = house.verdict(half_signed, expected=FINISHED)
	assert verdict.problems == ("signature_missing: Closing, Signer2",)
	assert not house.verdict(cut, expected=FINISHED).ok


def test_other_file_than_recorded(house, finished):
	recorded = Expected(FINISHED.fields, hashlib.sha256(finished).hexdigest())
	assert house.verdict(finished, expected=recorded).ok
	other = Expected(FINISHED.fields, hashlib.sha256(b"other").hexdigest())
	assert house.verdict(finished, expected=other).problems == ("hash_differs",)
	fewer = Expected(("Seal", "Signer1", "Closing"))
	assert house.verdict(finished, expected=fewer).problems == ("signature_unexpected: Signer2",)


def test_whole_file_rewritten(house, finished):
	with open_pdf(finished) as pdf:
		rewritten = saved(pdf)
	assert not house.verdict(rewritten).ok


def bend_range(data: bytes) -> bytes:
	start = data.rindex(b"/ByteRange [") + 12
	end = data.index(b"]", start)
	parts = data[start:end].split()
	parts[1] = b"%d" % (int(parts[1]) - 10)
	new = b" ".join(parts)
	return data[:start] + new.ljust(end - start)[: end - start] + data[end:]


@pytest.mark.parametrize(
	"attack",
	[
		flipped,
		bend_range,
		lambda data: data.replace(b"/ByteRange", b"/ByteRangf"),
		lambda data: (
			data[: data.rindex(b"/Contents <") + 11] + b"0" * 200 + data[data.rindex(b"/Contents <") + 211 :]
		),
		lambda data: data[: len(data) // 2],
		lambda data: data[:-20],
		lambda data: b"%PDF-1.7\n" + data,
		lambda data: data.replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.detachee"),
	],
	ids=["flip", "range", "renamed", "zeroed", "half", "tail", "shifted", "subfilter"],
)
def test_altered_in_place(attack, house, finished):
	data = attack(finished)
	assert data != finished
	verdict = house.verdict(data)
	assert not verdict.ok and verdict.problems


def test_strangers_are_not_trusted(finished):
	verdict = validate(finished, trust=[])
	assert not verdict.ok
	assert all(one.intact and not one.trusted for one in verdict.signatures)
	assert not validate(finished, trust=["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]).ok


def test_unsigned_file_is_not_valid(house):
	assert house.verdict(plain_pdf()).problems == ("no_signatures",)


def test_looping_cross_references_end_in_time(house, finished):
	place = finished.index(b"startxref") + 10
	first = finished[place : finished.index(b"\n", place)]
	start = int(first)
	trailer = finished.index(b"<<", start)
	looping = finished[: trailer + 2] + b" /Prev " + first + finished[trailer + 2 :]
	verdict = validate(looping, trust=house.trust, seconds=4)
	assert not verdict.ok


def test_verdict_is_plain_data(house, finished):
	plain = json.loads(json.dumps(house.verdict(finished).to_dict()))
	assert plain["ok"] and plain["signatures"][0]["field"] == "Seal" and "T" in plain["signatures"][0]["time"]
	assert pikepdf.open(io.BytesIO(finished)).Root.Perms.DocMDP is not None
