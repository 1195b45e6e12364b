"""The Python side of `make bench-pdf`: one contestant per process, told by JSON lines on stdin what to do.

Runs in the venv that the benchmark builds. Every signing is file to file, with all that the contestant can keep between
calls kept, timed inside the process.
"""

import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from pathlib import Path
from types import ModuleType

PASSPHRASE = "bench"
REASON = "Benchmark"
Sign = Callable[[Path, Path, Path], None]


def signflow() -> Sign:
	from signflow.core.pdf.keys import SealKey
	from signflow.core.pdf.seal import seal_file

	@cache
	def key(path: Path) -> SealKey:
		return SealKey.from_pkcs12(path.read_bytes(), PASSPHRASE)

	return lambda source, target, p12: seal_file(source, target, key(p12), reason=REASON, field="Signature1")


def signflow_visible() -> Sign:
	from signflow.core.pdf.keys import SealKey
	from signflow.core.pdf.seal import Stamp, seal_file

	stamp = Stamp("Maija Meri", ("3.3.2026 klo 14.05 (UTC+2)", "Tunnistettu sähköpostikoodilla"))

	def sign(source: Path, target: Path, p12: Path) -> None:
		key = SealKey.from_pkcs12(p12.read_bytes(), PASSPHRASE)
		seal_file(source, target, key, reason=REASON, field="Signature1", stamp=stamp)

	return sign


def floor() -> Sign:
	"""Read, hash, sign the hash, write: what no signer can be faster than without splitting the work."""
	from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
	from cryptography.hazmat.primitives.hashes import SHA256
	from cryptography.hazmat.primitives.serialization import pkcs12

	@cache
	def key(path: Path):
		return pkcs12.load_key_and_certificates(path.read_bytes(), PASSPHRASE.encode())[0]

	def sign(source: Path, target: Path, p12: Path) -> None:
		data = source.read_bytes()
		digest, hashed = hashlib.sha256(data).digest(), utils.Prehashed(SHA256())
		if isinstance(key(p12), rsa.RSAPrivateKey):
			key(p12).sign(digest, padding.PKCS1v15(), hashed)
		else:
			key(p12).sign(digest, ec.ECDSA(hashed))
		target.write_bytes(data)

	return sign


def pyhanko() -> Sign:
	from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
	from pyhanko.sign.fields import SigSeedSubFilter
	from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf

	@cache
	def signer(path: Path) -> SimpleSigner:
		return SimpleSigner.load_pkcs12(path, passphrase=PASSPHRASE.encode())

	def sign(source: Path, target: Path, p12: Path) -> None:
		meta = PdfSignatureMetadata("Signature1", reason=REASON, subfilter=SigSeedSubFilter.PADES)
		with open(source, "rb") as read, open(target, "wb") as written:
			sign_pdf(IncrementalPdfFileWriter(read), meta, signer(p12), output=written)

	return sign


def endesive() -> Sign:
	from cryptography.hazmat.primitives.serialization import pkcs12

	# Its verifier, which signing does not need, cannot be imported beside OpenSSL 3.0.10 and later (oscrypto 1.3.0).
	sys.modules["endesive.verifier"] = type("Absent", (ModuleType,), {"__getattr__": lambda *_: object})(
		"absent"
	)
	from endesive.pdf import cms

	@cache
	def key(path: Path):
		return pkcs12.load_key_and_certificates(path.read_bytes(), PASSPHRASE.encode())

	def sign(source: Path, target: Path, p12: Path) -> None:
		data = source.read_bytes()
		details = {
			"sigflags": 3,
			"sigpage": 0,
			"reason": REASON,
			"aligned": 16384,
			"contact": "",
			"location": "",
		}
		details |= {"signingdate": f"D:{datetime.now(timezone.utc):%Y%m%d%H%M%S}+00'00'"}
		with open(target, "wb") as written:
			written.write(data)
			written.write(cms.sign(data, details, *key(p12), "sha256"))

	return sign


def pdfsignerpy() -> Sign:
	import pdfsigner

	def sign(source: Path, target: Path, p12: Path) -> None:
		pdfsigner.sign_pdf(str(source), str(target), str(p12), PASSPHRASE, reason=REASON)

	return sign


CONTESTANTS = {
	"signflow": signflow,
	"signflow, visible": signflow_visible,
	"floor": floor,
	"pyHanko": pyhanko,
	"endesive": endesive,
	"pdfsignerpy": pdfsignerpy,
}


def rss_peak() -> float:
	"""Peak resident MiB since `forget_peak`."""
	return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def forget_peak() -> None:
	Path("/proc/self/clear_refs").write_text("5")


def contest(who: str) -> None:
	sign = CONTESTANTS[who]()
	for line in sys.stdin:
		order = json.loads(line)
		files = [Path(order[name]) for name in ("source", "target", "key")]
		forget_peak()
		try:
			began = time.perf_counter()
			sign(*files)
			took = (time.perf_counter() - began) * 1000
			answer = {"ms": took, "rss_mb": rss_peak()}
		except Exception as error:  # a peer's refusal is a row of the table
			answer = {"error": f"{type(error).__name__}: {error}"[:100]}
		print(json.dumps(answer), flush=True)


def jobs(who: str) -> None:
	"""One fork per order, as a worker does: imports, key load and one signature; wall and CPU milliseconds."""
	import requests  # noqa: F401 - Frappe's worker has it, and pyHanko would import it anew in each fork

	for line in sys.stdin:
		order = json.loads(line)
		files = [Path(order[name]) for name in ("source", "target", "key")]
		reading, writing = os.pipe()
		child = os.fork()
		if not child:
			code = 1
			try:
				began = time.perf_counter()
				CONTESTANTS[who]()(*files)
				wall = (time.perf_counter() - began) * 1000
				used = resource.getrusage(resource.RUSAGE_SELF)
				cpu = (used.ru_utime + used.ru_stime) * 1000
				os.write(writing, json.dumps({"ms": wall, "cpu_ms": cpu, "rss_mb": rss_peak()}).encode())
				code = 0
			finally:
				os._exit(code)
		os.close(writing)
		with open(reading, "rb") as answer:
			said = answer.read().decode()
		os.waitpid(child, 0)
		print(said or json.dumps({"error": "the job failed"}), flush=True)


def batch(folder: Path, workers: int, count: int) -> None:
	"""Seal one file `count` times with `seal_many`; seconds by the clock, and of CPU by all processes with imports."""
	from signflow.core.pdf.batch import Job, seal_many
	from signflow.core.pdf.keys import SealKey

	open_key = partial(SealKey.from_pkcs12, (folder / "RSA-2048.p12").read_bytes(), PASSPHRASE)
	orders = [
		Job(folder / "20.pdf", folder / f"batch-{number % 64}.pdf", REASON, field="Signature1")
		for number in range(count)
	]
	began = time.perf_counter()
	problems = [done.problem for done in seal_many(orders, open_key, workers=workers) if done.problem]
	seconds = time.perf_counter() - began
	used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
	cpu = sum(one.ru_utime + one.ru_stime for one in used)
	print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "problems": problems}))


def judge(trust: Path) -> None:
	"""Our own verdict on each file named on stdin."""
	from signflow.core.pdf.validate import validate

	for line in sys.stdin:
		verdict = validate(Path(line.strip()).read_bytes(), trust=[trust.read_text()])
		print(json.dumps({"ok": verdict.ok, "problems": verdict.problems}), flush=True)


def make(folder: Path) -> None:
	"""The files of all cases and the keys, under one CA.

	The key files are of the kind that costs least to open (one round of key derivation), since some contestants open
	them at every signature.
	"""
	import random

	import pikepdf
	from cryptography import x509
	from cryptography.hazmat.primitives import hashes
	from cryptography.hazmat.primitives.asymmetric import ec, rsa
	from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12
	from cryptography.x509.oid import NameOID
	from pikepdf import Dictionary, Name

	def certificate(subject: str, public, ca: bool) -> x509.Certificate:
		names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("Bench CA", subject)]
		now = datetime.now(timezone.utc)
		usage = x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False)
		number = x509.random_serial_number()
		start = now - timedelta(days=1)
		builder = x509.CertificateBuilder(*names, public, number, start, now + timedelta(days=9))
		builder = builder.add_extension(x509.BasicConstraints(ca, None), True).add_extension(usage, True)
		return builder.sign(issuer, hashes.SHA256())

	issuer = rsa.generate_private_key(65537, 2048)
	root = certificate("Bench CA", issuer.public_key(), True)
	(folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
	makers = {
		"RSA-2048": partial(rsa.generate_private_key, 65537, 2048),
		"P-256": partial(ec.generate_private_key, ec.SECP256R1()),
	}
	for name, maker in makers.items():
		key = maker()
		cheap = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).hmac_hash(hashes.SHA1())
		cheap = cheap.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).build(PASSPHRASE.encode())
		own = certificate("Bench", key.public_key(), False)
		packed = pkcs12.serialize_key_and_certificates(b"bench", key, own, [root], cheap)
		(folder / f"{name}.p12").write_bytes(packed)

	def document(pages: int, size: int) -> None:
		noise = random.Random(pages)
		pdf = pikepdf.new()
		each = size // pages
		side = int((each / 3) ** 0.5)
		for number in range(pages):
			page = pdf.add_blank_page(page_size=(595, 842))
			text = b"BT /F1 14 Tf 60 780 Td (Rent 950 euros a month, page %d) Tj ET q 400 0 0 400 60 300 cm /I1 Do Q"
			page.obj.Contents = pdf.make_stream(text % (number + 1))
			image = pdf.make_stream(
				noise.randbytes(3 * side * side),
				Type=Name.XObject,
				Subtype=Name.Image,
				Width=side,
				Height=side,
				ColorSpace=Name.DeviceRGB,
				BitsPerComponent=8,
			)
			font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
			page.obj.Resources = Dictionary(Font=Dictionary(F1=font), XObject=Dictionary(I1=image))
		pdf.save(folder / f"{pages}.pdf", object_stream_mode=pikepdf.ObjectStreamMode.disable)

	for pages, size in ((1, 43_000), (20, 845_000), (100, 17_000_000), (150, 157_000_000)):
		document(pages, size)


if __name__ == "__main__":
	task, *words = sys.argv[1:]
	if task == "contest":
		contest(*words)
	elif task == "jobs":
		jobs(*words)
	elif task == "batch":
		batch(Path(words[0]), int(words[1]), int(words[2]))
	elif task == "judge":
		judge(Path(words[0]))
	else:
		make(Path(words[0]))
