"""Attacks from outside the document's structure: byte ranges, foreign timestamps and signers, shadows, bombs."""

from __future__ import annotations

import datetime
import io
import re
import time
import zlib

import pikepdf
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pikepdf import Array, Dictionary, Name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import DummyTimeStamper
from sealing_house import flipped, open_pdf, plain_pdf, saved
from test_pdf_attacks_structure import appended, stream
from test_pdf_attacks_table import strange_signature

from signflow.core.pdf._judge import judge
from signflow.core.pdf.normalise import PdfRefused, normalise
from signflow.core.pdf.validate import Expected, validate

FINISHED = Expected(("Seal", "Signer1", "Signer2", "Closing"))


def ranges(data: bytes) -> list[int]:
	return [int(part) for part in re.findall(rb"/ByteRange \[([^\]]*)\]", data)[-1].split()]


def with_range(data: bytes, numbers: list[int]) -> bytes:
	start = data.rindex(b"/ByteRange [") + 12
	end = data.index(b"]", start)
	text = b" ".join(b"%d" % number for number in numbers).ljust(end - start)
	spare = len(text) - (end - start)
	assert data[end + 1 : end + 1 + spare].strip() == b"", "no room for longer numbers"
	return data[:start] + text + b"]" + data[end + 1 + spare :]


RANGES = {
	"negative": lambda a, b, c, d: [a, -1, c, d],
	"negative_start": lambda a, b, c, d: [-5, b, c, d],
	"overlapping": lambda a, b, c, d: [a, c + 10, c, d],
	"beyond_the_end": lambda a, b, c, d: [a, b, c, d + 1000],
	"short": lambda a, b, c, d: [a, b, c, d - 20],
	"gap_too_wide": lambda a, b, c, d: [a, b - 60, c, d],
	"gap_too_narrow": lambda a, b, c, d: [a, b + 20, c, d],
	"not_from_the_start": lambda a, b, c, d: [9, b - 9, c, d],
	"swapped": lambda a, b, c, d: [c, d, a, b],
	"two_numbers": lambda a, b, c, d: [a, b],
	"three_numbers": lambda a, b, c, d: [a, b, c],
	"six_numbers": lambda a, b, c, d: [a, b, c, d, 0, 0],
	"none": lambda a, b, c, d: [],
	"huge": lambda a, b, c, d: [a, b, c, 10**18],
}


@pytest.mark.parametrize("name", RANGES)
def test_bent_byte_range(name, house, half_signed):
	data = with_range(half_signed, RANGES[name](*ranges(half_signed)))
	verdict = house.verdict(data)
	assert not verdict.ok
	assert any(problem.startswith("Signer1: ") for problem in verdict.problems)


def test_byte_ranges_are_told_apart(house, half_signed):
	assert house.verdict(with_range(half_signed, ranges(half_signed))).ok


class Clock:
	"""A time-stamping authority of its own, trusted by nobody yet."""

	def __init__(self) -> None:
		key = rsa.generate_private_key(65537, 2048)
		name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Clock")])
		now = datetime.datetime.now(datetime.timezone.utc)
		certificate = (
			x509.CertificateBuilder()
			.subject_name(name)
			.issuer_name(name)
			.public_key(key.public_key())
			.serial_number(x509.random_serial_number())
			.not_valid_before(now - datetime.timedelta(days=1))
			.not_valid_after(now + datetime.timedelta(days=9))
			.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
			.sign(key, hashes.SHA256())
		)
		self.pem = certificate.public_bytes(Encoding.PEM).decode()
		private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
		self.stamper = DummyTimeStamper(
			asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
			asn1_keys.PrivateKeyInfo.load(private),
		)

	def stamp(self, data: bytes) -> bytes:
		out = PdfTimeStamper(self.stamper).timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), "sha256")
		return bytes(out.getvalue())


def judged(data, trust):
	answer = judge(data, trust, None)
	problems = [f"{one['field']}: {text}" for one in answer["signatures"] for text in one["problems"]]
	return answer["problems"] + problems, answer["signatures"]


def test_archive_timestamp_of_a_stranger(house, finished):
	"""It may follow a locked file, but counts only if its authority is trusted."""
	clock = Clock()
	data = clock.stamp(finished)
	problems, signatures = judged(data, house.trust)
	assert signatures[-1]["kind"] == "timestamp" and signatures[-1]["problems"] == ["untrusted"]
	assert len(problems) == 1
	problems, signatures = judged(data, [*house.trust, clock.pem])
	assert not problems and signatures[-1]["trusted_by"] == "CN=Clock"
	assert signatures[0]["changes"] and all(one["intact"] for one in signatures)
	assert judged(flipped(data), [*house.trust, clock.pem])[0]
	problems, _ = judged(Clock().stamp(data), [*house.trust, clock.pem])
	assert len(problems) == 1 and problems[0].endswith("untrusted")


def test_stranger_signs_a_locked_file(house, finished, half_signed):
	for data, box in ((finished, None), (finished, (50, 700, 300, 740)), (half_signed, (50, 700, 300, 740))):
		verdict = house.verdict(strange_signature(data, box))
		assert any(problem.endswith("forbidden_change") for problem in verdict.problems), verdict.problems
		assert "Stranger: untrusted" in verdict.problems
	invisible = house.verdict(strange_signature(half_signed))
	assert invisible.problems == ("Stranger: untrusted",)
	expected = Expected(("Seal", "Signer1"))
	assert (
		"signature_unexpected: Stranger" in house.verdict(strange_signature(half_signed), expected).problems
	)


def hidden_under_a_picture() -> bytes:
	"""Hide: an overlay covers the true text, to be switched off after signing."""
	with open_pdf(plain_pdf(text="Rent 150 euros")) as pdf:
		cover = pdf.make_stream(
			b"1 g 0 700 595 142 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 595, 842]
		)
		page = pdf.pages[0].obj
		page.Resources["/XObject"] = Dictionary(Cover=cover)
		page["/Contents"] = Array([page.Contents, pdf.make_stream(b"/Cover Do")])
		return saved(pdf)


def spare_content() -> bytes:
	"""Replace, or hide and replace: the other content lies in the file already, under no name yet."""
	spare = stream(b"BT /F1 14 Tf 30 40 Td (Rent 150 euros) Tj ET")
	return appended(plain_pdf(), {(90, 0): spare, (91, 0): b"<< /Type /Catalog /Pages 92 0 R >>"})


def older_revision() -> bytes:
	with open_pdf(plain_pdf()) as pdf:
		number = pdf.pages[0].Contents.objgen[0]
	return appended(plain_pdf(text="Rent 150 euros"), {(number, 0): stream(b"BT (Rent 950) Tj ET")})


@pytest.mark.parametrize("make", [spare_content, older_revision])
def test_shadow_content_is_dropped_at_intake(make):
	with open_pdf(normalise(make()).data) as pdf:
		streams = [one.read_bytes() for one in pdf.objects if isinstance(one, pikepdf.Stream)]
		assert not any(b"Rent 150" in content for content in streams)
		assert any(b"Rent 950" in content for content in streams)


def test_overlay_cannot_be_lifted_after_sealing(house):
	data = house.certified(normalise(hidden_under_a_picture()).data)
	with open_pdf(data) as pdf:
		number = pdf.pages[0].Resources.XObject.Cover.objgen[0]
	empty = b"<< /Type /XObject /Subtype /Form /BBox [0 0 1 1] /Length 0 >>\nstream\n\nendstream"
	for lifted in (
		appended(data, {}, lambda out: [(number, b"0000000000 00001 f \n")]),
		appended(data, {(number, 0): empty}),
	):
		assert not house.verdict(lifted).ok
		assert "Seal: forbidden_change" in house.verdict(house.signed(lifted, "Signer1")).problems


def bomb(filters: bytes, packed: bytes) -> bytes:
	"""A cross-reference to an object in an object stream that unpacks to more than a gibibyte."""
	head = b"<< /Type /ObjStm /N 1 /First 4 /Filter %s /Length %d >>\nstream\n" % (filters, len(packed))
	return appended(plain_pdf(), {(80, 0): head + packed + b"\nendstream"})


def run_length_bomb() -> bytes:
	return bomb(b"[/FlateDecode /RunLengthDecode]", zlib.compress(b"\x81\x00" * 9_000_000, 9))


def flate_bomb() -> bytes:
	inner = zlib.compressobj(9)
	chunk = bytes(1 << 20)
	packed = b"".join([*(inner.compress(chunk) for _ in range(1200)), inner.flush()])
	return bomb(b"[/FlateDecode /FlateDecode]", zlib.compress(packed, 9))


def page_bomb() -> bytes:
	packed = zlib.compress(b"\x81\x00" * 9_000_000, 9)
	with open_pdf(plain_pdf()) as pdf:
		contents = pikepdf.Stream(pdf, packed)
		contents["/Filter"] = Array([Name.FlateDecode, Name.RunLengthDecode])
		pdf.pages[0].obj["/Contents"] = pdf.make_indirect(contents)
		return saved(pdf, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def deep_arrays() -> bytes:
	return appended(plain_pdf(), {(80, 0): b"[" * 50_000 + b"]" * 50_000})


def deep_pages() -> bytes:
	"""A page tree nested five thousand deep."""
	with open_pdf(plain_pdf()) as pdf:
		node = pdf.Root.Pages
		for _ in range(5000):
			node = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=[node], Count=1))
		pdf.Root["/Pages"] = node
		return saved(pdf)


def circular_structure() -> bytes:
	with open_pdf(plain_pdf()) as pdf:
		first = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P))
		second = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P, K=first, P=first))
		first["/K"], first["/P"] = second, second
		pdf.Root["/StructTreeRoot"] = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot, K=first))
		return saved(pdf)


def long_outline() -> bytes:
	with open_pdf(plain_pdf()) as pdf:
		with pdf.open_outline() as outline:
			outline.root.extend(pikepdf.OutlineItem(f"Chapter {number}", 0) for number in range(3000))
		return saved(pdf)


def web_of_objects() -> bytes:
	"""Sixty layers of ten objects, each referring to all of the next: more paths than could ever be walked."""
	with open_pdf(plain_pdf()) as pdf:
		layer = [pdf.make_indirect(Dictionary(N=number)) for number in range(10)]
		for _ in range(60):
			layer = [pdf.make_indirect(Dictionary(Next=Array(layer))) for _ in range(10)]
		pdf.Root["/PieceInfo"] = Dictionary(Web=Array(layer))
		return saved(pdf)


@pytest.mark.parametrize("make", [run_length_bomb, flate_bomb, page_bomb, deep_arrays, deep_pages])
def test_bombs_end_in_time(make):
	data = make()
	begun = time.monotonic()
	try:
		taken = normalise(data, seconds=10)
	except PdfRefused as refusal:
		assert refusal.code in {"unreadable", "timed_out", "too_large"}
	else:
		assert len(taken.data) < 3 * len(data) + 200_000
	verdict = validate(data, trust=[], seconds=10)
	assert not verdict.ok
	assert time.monotonic() - begun < 40


@pytest.mark.parametrize("make", [circular_structure, long_outline, web_of_objects, page_bomb])
def test_odd_but_honest_files_are_sealed_and_judged(make, house):
	data = house.signed(house.certified(normalise(make()).data), "Signer1")
	begun = time.monotonic()
	verdict = house.verdict(data)
	assert verdict.ok, verdict.problems
	assert not house.verdict(flipped(data)).ok
	assert time.monotonic() - begun < 20
