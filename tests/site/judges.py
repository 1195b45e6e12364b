"""Three judges of a signed file: our own, poppler's pdfsig, and pdfsignerpy. Each must also refuse a tampered twin."""

import shutil
import subprocess
from pathlib import Path

import frappe

from signflow.core.pdf.validate import Expected, validate
from signflow.services import revisions
from signflow.services.files import read_sealed


def bytes_of(revision) -> bytes:
	return read_sealed(revision.file_url, revision.sha256)


def tampered(data: bytes) -> bytes:
	"""The twin with one bit of its first content stream changed."""
	place = data.index(b"stream") + 30
	return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def seal_of(request: str) -> str:
	"""The certificate of the key that seals this request (PEM)."""
	key = frappe.db.get_value("Signature Request", request, "sealing_key")
	return frappe.db.get_value("Sealing Key", key, "certificate_pem")


def ours(data: bytes, fields: tuple[str, ...], trust: list[str], foreign: tuple[str, ...] = ()) -> bool:
	return validate(data, trust=trust, expected=Expected(fields=fields, foreign=foreign)).ok


def pdfsig(data: bytes, count: int, folder: Path) -> bool:
	file = folder / "judged.pdf"
	file.write_bytes(data)
	shown = subprocess.run(
		["pdfsig", "-nocert", str(file)], capture_output=True, text=True, timeout=30, check=False
	).stdout
	return shown.count("Signature is Valid.") == count == shown.count("Signature Validation:")


def pdfsignerpy(data: bytes, count: int, trust: list[str], folder: Path) -> bool:
	import pdfsigner

	file, roots = folder / "judged.pdf", folder / "roots.pem"
	file.write_bytes(data)
	roots.write_text("\n".join(trust))
	try:
		report = pdfsigner.verify_pdf_report(str(file), roots=str(roots))
	except Exception:  # it raises its own kinds for files that it cannot read
		return False
	whole = report["document_intact"] and report["all_valid"] and report["all_trusted"]
	return bool(whole) and len(report["signatures"]) == count


def assert_sealed(
	data: bytes, fields: tuple[str, ...], trust: list[str], folder: Path, *, foreign: tuple[str, ...] = ()
) -> None:
	"""All judges accept exactly these signatures, and none of them accepts the tampered twin."""
	count, twin = len(fields) + len(foreign), tampered(data)
	assert ours(data, fields, trust, foreign) and not ours(twin, fields, trust, foreign), fields
	if shutil.which("pdfsig"):
		assert pdfsig(data, count, folder) and not pdfsig(twin, count, folder), fields
	assert pdfsignerpy(data, count, trust, folder) and not pdfsignerpy(twin, count, trust, folder), fields


def assert_all_sealed(request: str, folder: Path, fields: tuple[str, ...]) -> None:
	"""Every final file of a completed request holds: the documents with `fields`, the report with its seal."""
	trust = [seal_of(request)]
	for revision in revisions.final_revisions(request):
		data = bytes_of(revision)
		if revision.document == revisions.REPORT:
			signed = tuple(one.field for one in validate(data, trust=trust).signatures)
			assert len(signed) == 1
			assert_sealed(data, signed, trust, folder)
		else:
			assert_sealed(data, fields, trust, folder)
