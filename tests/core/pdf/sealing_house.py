"""The sealing house of the tests: uploads, its key, its steps, and two judges besides our own."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import pdfsigner
import pikepdf
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signflow.core.pdf._judge import judge
from signflow.core.pdf.keys import SealKey, make_test_key
from signflow.core.pdf.prepare import SignaturePage, SignerBox, prepare
from signflow.core.pdf.seal import Stamp, append_signature, certify, close
from signflow.core.pdf.validate import Expected, Verdict
from signflow.core.pdf.validate import _verdict as as_verdict

NAMES = ("Maija Meri", "Κωνσταντίνος Παπαδόπουλος", "Дмитрий Иванов")
FIELDS = ("Signer1", "Signer2", "Signer3")
NOW = datetime(2026, 3, 3, 12, 5, tzinfo=timezone.utc)


def plain_pdf(pages: int = 1, text: str = "Rent 950 euros a month") -> bytes:
	"""An honest upload with one line of text on each page, uncompressed so that tests can find it."""
	pdf = FPDF()
	pdf.set_compression(False)
	pdf.set_font("helvetica", size=14)
	for number in range(pages):
		pdf.add_page()
		pdf.text(30, 40, f"{text} ({number + 1})")
	return bytes(pdf.output())


def signature_page(names: tuple[str, ...] = NAMES) -> SignaturePage:
	boxes = tuple(SignerBox(f"Signer{number}", name) for number, name in enumerate(names, 1))
	return SignaturePage(
		title="Allekirjoitussivu",
		document="Vuokrasopimus, Mannerheimintie 12 A 4",
		reference="SIG-2026-00042",
		explanation="Tämä asiakirja allekirjoitetaan sähköisesti.",
		sealed_by="Sinetöinyt Testi Oy",
		boxes=boxes,
		box_caption="allekirjoittaja",
	)


def stamp_of(name: str) -> Stamp:
	return Stamp(name, ("3.3.2026 klo 14.05 (UTC+2)", "Tunnistettu sähköpostikoodilla"))


def altered(data: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
	"""`data` with one more, unsigned increment that `change` makes."""
	stream = io.BytesIO(data)
	writer = IncrementalPdfFileWriter(stream)
	change(writer)
	writer.write_in_place()
	return stream.getvalue()


def flipped(data: bytes) -> bytes:
	"""The tampered twin: one bit of the first content stream changed in place."""
	place = data.index(b"stream") + 30
	return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


class House:
	"""The sealing house of the tests: its key and the steps of the main job."""

	def __init__(self) -> None:
		self.key = SealKey.from_pkcs12(*make_test_key("Testi Oy"))
		self.trust = [self.key.certificate_pem]

	def certified(self, upload: bytes, page: SignaturePage | None = None) -> bytes:
		return certify(prepare(upload, page or signature_page()), self.key, reason="Sealed by Testi Oy")

	def signed(self, data: bytes, field: str) -> bytes:
		stamp = stamp_of(NAMES[FIELDS.index(field)])
		reason = "Sealed by Testi Oy on behalf of the signer"
		return append_signature(data, self.key, field=field, reason=reason, stamp=stamp)

	def closed(self, data: bytes) -> bytes:
		return close(data, self.key, reason="Closed by Testi Oy")

	def verdict(self, data: bytes, expected: Expected | None = None) -> Verdict:
		"""What `validate` says, without its child process, which `test_pdf_limits` covers."""
		answer = judge(data, self.trust, asdict(expected) if expected else None)
		return as_verdict(answer, expected.foreign if expected else ())


class OtherJudges:
	"""pdfsig (poppler, NSS) and pdfsignerpy (Rust): True if every signature in the file holds."""

	def __init__(self, folder: Path, trust: str):
		self.file = folder / "judged.pdf"
		self.roots = folder / "roots.pem"
		self.roots.write_text(trust)

	def pdfsig(self, data: bytes, signatures: int) -> bool:
		self.file.write_bytes(data)
		command = ["pdfsig", "-nocert", str(self.file)]
		shown = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
		return shown.count("Signature is Valid.") == signatures == shown.count("Signature Validation:")

	def pdfsignerpy(self, data: bytes, signatures: int) -> bool:
		self.file.write_bytes(data)
		try:
			report = pdfsigner.verify_pdf_report(str(self.file), roots=str(self.roots))
		except Exception:  # it raises its own kinds for files that it cannot read
			return False
		whole = report["document_intact"] and report["all_valid"] and report["all_trusted"]
		return bool(whole) and len(report["signatures"]) == signatures


def open_pdf(data: bytes) -> pikepdf.Pdf:
	return pikepdf.open(io.BytesIO(data))


def saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
	stream = io.BytesIO()
	pdf.save(stream, **options)  # type: ignore[arg-type]
	return stream.getvalue()
