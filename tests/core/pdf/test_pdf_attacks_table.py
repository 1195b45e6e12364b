"""The tamper table: what we and three other judges say of the same altered file, each built here.

The others' columns are facts about them (poppler 22.12, MuPDF 1.21, pdfsignerpy 0.3), kept to show that "valid" from
a judge of bytes says nothing of what was added. Ours is what is tested: refused, alone and under an honest signature.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pdfsigner
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import (
	FieldMDPAction,
	FieldMDPSpec,
	SigFieldSpec,
	SigSeedSubFilter,
	append_signature_field,
)
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata
from sealing_house import altered, flipped, open_pdf, plain_pdf, saved
from test_pdf_attacks import (
	add_note,
	add_script,
	attach_file,
	copy_value,
	empty_fields,
	field_named,
	first_page,
	remove_value,
	replace_text,
	share_value,
	swap_pages,
)
from test_pdf_attacks_structure import font_name, info_title, rich_pdf

from signflow.core.pdf.keys import make_test_key
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.seal import SealRefused, append_signature
from signflow.core.pdf.validate import Expected


def pdfsig(path: Path, roots: Path) -> str:
	shown = subprocess.run(
		["pdfsig", "-nocert", str(path)], capture_output=True, text=True, timeout=20, check=False
	).stdout
	if "Signature Validation:" not in shown:
		return "silent"
	return "valid" if shown.count("Signature is Valid.") == shown.count("Signature Validation:") else "bad"


def mutool(path: Path, roots: Path) -> str:
	done = subprocess.run(
		["mutool", "sign", "-v", str(path)], capture_output=True, text=True, timeout=20, check=False
	)
	shown = done.stdout + done.stderr
	if "Digest error" in shown or "invalid" in shown:
		return "bad"
	if "edits since signing" not in shown and "unchanged since signing" not in shown:
		return "error" if "error" in shown else "silent"
	return "whole" if "unchanged since signing" in shown else "edits"


def rust(path: Path, roots: Path) -> str:
	try:
		report = pdfsigner.verify_pdf_report(str(path), roots=str(roots))
	except Exception:  # it raises its own kinds for files that it cannot read
		return "error"
	if not report["signatures"]:
		return "silent"
	return "good" if report["document_intact"] and report["all_valid"] and report["all_trusted"] else "bad"


OTHERS = {"pdfsig": pdfsig, "mutool": mutool, "pdfsignerpy": rust}


def fill(name: str, value: str) -> Callable[[IncrementalPdfFileWriter], None]:
	def change(writer):
		field = field_named(writer, name)
		field[pdf_name("/V")] = generic.TextStringObject(value)
		writer.update_container(field)

	return change


def strange_signature(data: bytes, box: tuple[int, int, int, int] | None = None) -> bytes:
	"""A stranger signs with his own tool, which heeds neither certification nor lock."""
	p12, passphrase = make_test_key("Vieras Oy")
	signer = signers.SimpleSigner.load_pkcs12_data(p12, (), passphrase.encode())
	writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
	append_signature_field(writer, SigFieldSpec("Stranger", on_page=0, box=box))
	meta = PdfSignatureMetadata("Stranger", subfilter=SigSeedSubFilter.PADES)
	return signers.sign_pdf(writer, meta, signer, existing_fields_only=True).getvalue()


def rewritten(data: bytes) -> bytes:
	with open_pdf(data) as pdf:
		return saved(pdf)


def zeroed(data: bytes) -> bytes:
	place = data.rindex(b"/Contents <") + 11
	return data[:place] + b"0" * 200 + data[place + 200 :]


def wrapped(data: bytes) -> bytes:
	"""The old signatures still read as they did, but the file now begins with other content."""
	return plain_pdf(text="Rent 150 euros") + data


def on(change: Callable[[IncrementalPdfFileWriter], None]) -> Callable[[bytes], bytes]:
	return lambda data: altered(data, change)


@dataclass(frozen=True)
class Row:
	"""A file ("finished", "half", "form"), how it is altered, what the three say, what records are needed to see it."""

	base: str
	attack: Callable[[bytes], bytes]
	others: tuple[str, str, str]
	only_records_tell: bool = False
	honest: bool = False


TABLE = {
	"nothing": Row("finished", lambda data: data, ("valid", "whole", "good"), honest=True),
	"byte_flip": Row("finished", flipped, ("bad", "bad", "bad")),
	"page_text": Row("finished", on(replace_text), ("valid", "edits", "bad")),
	"annotation": Row("finished", on(add_note), ("valid", "edits", "bad")),
	"javascript": Row("finished", on(add_script), ("valid", "edits", "bad")),
	"attachment": Row("finished", on(attach_file), ("valid", "edits", "bad")),
	"font": Row("finished", on(font_name), ("valid", "edits", "bad")),
	"page_tree": Row("finished", on(swap_pages), ("valid", "edits", "bad")),
	"locked_field": Row("form", on(fill("Locked", "150")), ("valid", "edits", "bad")),
	"free_field": Row("form", on(fill("Free", "150")), ("valid", "edits", "bad")),
	"info": Row("finished", on(info_title), ("valid", "edits", "bad")),
	"trailing_junk": Row("finished", lambda data: data + b"junk\n", ("valid", "edits", "bad")),
	"visible_signature_when_certified": Row(
		"half", lambda data: strange_signature(data, (50, 700, 300, 740)), ("valid", "whole", "bad")
	),
	"signature_when_locked": Row("finished", strange_signature, ("valid", "whole", "bad")),
	"replayed": Row("half", on(share_value), ("valid", "edits", "bad")),
	"replayed_copy": Row("half", on(copy_value), ("valid", "edits", "bad")),
	"value_deleted": Row("finished", on(remove_value), ("valid", "edits", "bad")),
	"fields_emptied": Row("finished", on(empty_fields), ("valid", "silent", "bad")),
	"last_revision_cut_off": Row(
		"half", lambda data: data, ("valid", "whole", "good"), only_records_tell=True
	),
	"rewritten": Row("finished", rewritten, ("bad", "bad", "bad")),
	"byte_range_renamed": Row(
		"finished", lambda data: data.replace(b"/ByteRange", b"/ByteRangf"), ("bad", "bad", "silent")
	),
	"contents_zeroed": Row("finished", zeroed, ("bad", "bad", "bad")),
	"wrapped": Row("finished", wrapped, ("bad", "bad", "bad")),
}


@pytest.fixture(scope="module")
def files(house):
	"""The sealed file at two stages and, never certified, one with a free form field and one that its signer locked."""
	half = house.signed(house.certified(normalise(rich_pdf()).data), "Signer1")
	return {"half": half, "finished": house.closed(house.signed(half, "Signer2")), "form": form(house)}


def form(house) -> bytes:
	def add(writer):
		fields = generic.ArrayObject()
		for number, name in enumerate(("Locked", "Free")):
			one = generic.DictionaryObject(
				{
					pdf_name("/FT"): pdf_name("/Tx"),
					pdf_name("/T"): generic.TextStringObject(name),
					pdf_name("/V"): generic.TextStringObject("950"),
					pdf_name("/Type"): pdf_name("/Annot"),
					pdf_name("/Subtype"): pdf_name("/Widget"),
					pdf_name("/Rect"): generic.ArrayObject(
						map(generic.NumberObject, (50, 100 + 50 * number, 200, 120 + 50 * number))
					),
				}
			)
			fields.append(writer.add_object(one))
		page = first_page(writer)
		page[pdf_name("/Annots")] = generic.ArrayObject(fields)
		writer.update_container(page)
		writer.root[pdf_name("/AcroForm")] = writer.add_object(
			generic.DictionaryObject({pdf_name("/Fields"): fields})
		)
		writer.update_root()
		lock = FieldMDPSpec(FieldMDPAction.INCLUDE, ["Locked"])
		append_signature_field(writer, SigFieldSpec("Board", field_mdp_spec=lock))

	return append_signature(altered(plain_pdf(), add), house.key, field="Board", reason="", stamp=None)


RECORDS = {
	"finished": Expected(("Seal", "Signer1", "Signer2", "Closing")),
	"half": Expected(("Seal", "Signer1", "Signer2", "Closing")),
	"form": Expected(("Board",)),
}


def test_the_files_are_valid_before_they_are_altered(house, files):
	for data in files.values():
		assert house.verdict(data).ok


@pytest.mark.parametrize("name", TABLE)
def test_ours(name, house, files):
	row = TABLE[name]
	data = row.attack(files[row.base])
	verdict = house.verdict(data)
	assert verdict.ok == (row.honest or row.only_records_tell), verdict.problems
	assert house.verdict(data, RECORDS[row.base]).ok == row.honest
	assert row.honest or row.only_records_tell or verdict.problems


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.base != "finished"])
def test_ours_under_an_honest_signature(name, house, files):
	row = TABLE[name]
	if row.only_records_tell:
		return
	data = row.attack(files[row.base])
	field = "Signer2" if row.base == "half" else "Second"
	try:
		signed = append_signature(data, house.key, field=field, reason="", stamp=None)
	except SealRefused:
		return
	verdict = house.verdict(signed)
	# Filling in a free field is what a signature without certification allows (ISO 32000-2, 12.8.2.4).
	assert verdict.ok == (name == "free_field"), verdict.problems
	if name == "free_field":
		assert "form_fill: Free" in verdict.signatures[0].changes


def test_the_same_stranger_on_an_uncertified_file(house, files):
	"""Nobody forbade it: the first signature holds, the stranger's is shown as what it is, untrusted."""
	verdict = house.verdict(strange_signature(files["form"], (50, 700, 300, 740)))
	assert verdict.problems == ("Stranger: untrusted",)
	assert [one.intact for one in verdict.signatures] == [True, True]
	assert "new_visible_field: Stranger" in verdict.signatures[0].changes
	assert not house.verdict(flipped(files["form"])).ok


@pytest.mark.parametrize("judge", OTHERS)
@pytest.mark.parametrize("name", TABLE)
def test_others(name, judge, house, files, tmp_path):
	if judge == "mutool" and not shutil.which("mutool"):
		pytest.skip("mutool (package mupdf-tools) is not installed")
	row = TABLE[name]
	path, roots = tmp_path / "judged.pdf", tmp_path / "roots.pem"
	path.write_bytes(row.attack(files[row.base]))
	roots.write_text(house.trust[0])
	assert OTHERS[judge](path, roots) == row.others[list(OTHERS).index(judge)]
