"""The words inside files: what a search for a person reads of a PDF, an office document, a mail, a card, an archive.

Nothing is recognised in pictures (no OCR). What is escaped inside a text (HTML, JSON, base64 …) is left as it is written:
`needles.Needles` reads that. A file that cannot be read is an answer, never an exception, and every size is bounded; the
bytes are foreign all the same, so that a server calls `read_many`, which works in a child process with limits.
"""

import email
import email.policy
import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar
from zlib import error as ZlibError

from signflow.core.pdf import sandbox

K = TypeVar("K")
# A larger file is not read; of what is read so many signs are kept, and of an archive so much is unpacked.
MOST_BYTES = 50_000_000
MOST_SIGNS = 5_000_000
MOST_UNPACKED = 150_000_000
MOST_MEMBERS = 3000
MOST_PAGES = 2000
# So many files are read together, unless they are so large.
TOGETHER, TOGETHER_BYTES = 20, 60_000_000
# An archive in an archive is opened, one within that is not.
DEEPEST = 2
SECONDS, MEMORY_BYTES = 20.0, 2 << 30

_WORDS = (
	"docx",
	"docm",
	"dotx",
	"xlsx",
	"xlsm",
	"xltx",
	"pptx",
	"pptm",
	"ppsx",
	"odt",
	"ods",
	"odp",
	"ott",
	"ots",
)
_FOLDED_LINES = ("vcf", "vcard", "ics")
_TEXTS = frozenset(
	(
		*(
			"txt",
			"text",
			"csv",
			"tsv",
			"json",
			"jsonl",
			"xml",
			"html",
			"htm",
			"xhtml",
			"svg",
			"md",
			"log",
			"yaml",
			"yml",
		),
		*("sql", "ini", "conf", "tex", "css", "js", "py", "mbox"),
		*_FOLDED_LINES,
	)
)
# Elements after which a word ends; letters of one word stand in several of the others.
_BLOCKS = frozenset(
	(
		*(
			"p",
			"tr",
			"tc",
			"row",
			"c",
			"si",
			"h",
			"br",
			"cr",
			"tab",
			"table-cell",
			"table-row",
			"list-item",
			"s",
		),
		*(
			"line-break",
			"annotation",
			"comment",
			"title",
			"creator",
			"subject",
			"keywords",
			"description",
			"is",
		),
		*(
			"lastModifiedBy",
			"Company",
			"Manager",
			"initial-creator",
			"lpwstr",
			"lpstr",
			"author",
			"text",
			"v",
			"hyperlink",
		),
	)
)
_TELLING_ATTRIBUTES = frozenset(
	(
		"author",
		"initials",
		"name",
		"title",
		"descr",
		"href",
		"Target",
		"userId",
		"string-value",
		"tooltip",
		"alt",
	)
)
_RTF_SIGN = re.compile(
	r"\\'([0-9a-fA-F]{2})|\\u(-?\d{1,6})\??|\\(par|line|tab|cell|row)\b ?|\\[a-z]+-?\d* ?|[{}]"
)
_OF_DOS = re.compile(rb"[A-Za-z][\x84\x94\x86]|[\x84\x94\x86\x8e\x99\x8f][A-Za-z]")
_READABLE = re.compile(rb"[\x20-\x7e\x80-\xff\t]{4,}")
_READABLE_WIDE = re.compile(rb"(?:[\x20-\x7e\xa0-\xff\t]\0){4,}")


class Outcome(str, Enum):
	"""How far a file was read."""

	READ = "read"
	PART = "part"
	LOCKED = "locked"
	BROKEN = "broken"
	TOO_LARGE = "too large"


@dataclass(frozen=True)
class FileText:
	"""What stands in a file. PART: it is longer than is read, or a part of it could not be read. LOCKED: it needs a
	password. BROKEN: it could not be read; `text` is then what was readable all the same."""

	text: str
	outcome: Outcome


@dataclass
class _Reading:
	"""One file while it is read."""

	parts: list[str] = field(default_factory=list)
	signs: int = 0
	unpacked: int = 0
	is_part: bool = False

	def take(self, text: str) -> None:
		"""Keep a piece of text, as far as there is room."""
		if self.signs + len(text) > MOST_SIGNS:
			self.is_part = True
			text = text[: max(0, MOST_SIGNS - self.signs)]
		if text:
			self.parts.append(text)
			self.signs += len(text)


class _Locked(Exception):
	"""The file needs a password."""


def bytes_to_read(path: Path) -> bytes:
	"""The bytes of a file, and no more than one beyond what is read: it is then known to be too large."""
	with path.open("rb") as stream:
		return stream.read(MOST_BYTES + 1)


def text_of(data: bytes, file_name: str = "") -> FileText:
	"""The text inside a file: body, form fields, comments, properties, attachments. `file_name` helps where bytes do not tell."""
	if len(data) > MOST_BYTES:
		return FileText("", Outcome.TOO_LARGE)
	reading, outcome = _Reading(), Outcome.READ
	try:
		_read(data, file_name, reading, 0)
	except _Locked:
		outcome = Outcome.LOCKED
	except Exception:
		# Whatever a parser makes of foreign bytes: the file could not be read, and that is said.
		outcome = Outcome.BROKEN
		reading.take(_readable(data))
	if outcome is Outcome.READ and reading.is_part:
		outcome = Outcome.PART
	return FileText("\n".join(reading.parts), outcome)


def read_many(files: Sequence[tuple[str, bytes]]) -> list[FileText]:
	"""`text_of` of (file name, bytes), in a child process with limits on time and memory; one that it does not survive
	is read again by itself, and is broken then."""
	try:
		return _in_child(files)
	except (sandbox.ChildFailed, sandbox.ChildTimedOut):
		if len(files) > 1:
			return [one for file in files for one in read_many([file])]
		return [FileText("", Outcome.BROKEN)]


def read_together(files: Iterable[tuple[K, str, bytes]]) -> Iterator[tuple[K, FileText]]:
	"""`read_many` of (key, file name, bytes), some at a time as they come: not all in memory, few child processes."""
	some: list[tuple[K, str, bytes]] = []
	for file in files:
		some.append(file)
		if len(some) == TOGETHER or sum(len(data) for _key, _name, data in some) > TOGETHER_BYTES:
			yield from _keyed(some)
			some = []
	yield from _keyed(some)


def _keyed(files: list[tuple[K, str, bytes]]) -> Iterator[tuple[K, FileText]]:
	texts = read_many([(name, data) for _key, name, data in files]) if files else []
	return zip((key for key, _name, _data in files), texts, strict=True)


def _in_child(files: Sequence[tuple[str, bytes]]) -> list[FileText]:
	header = {"names": [name for name, _ in files], "sizes": [len(data) for _, data in files]}
	answer, payload = sandbox.run(
		"texts", header, b"".join(data for _, data in files), seconds=SECONDS, memory_bytes=MEMORY_BYTES
	)
	found, place = [], 0
	for size, outcome in zip(answer["sizes"], answer["outcomes"], strict=True):
		found.append(FileText(payload[place : place + size].decode("utf-8", "replace"), Outcome(outcome)))
		place += size
	return found


def answer_child(data: bytes, names: list[str], sizes: list[int]) -> tuple[dict[str, Any], bytes]:
	"""The child's side of `read_many`."""
	found, place = [], 0
	for name, size in zip(names, sizes, strict=True):
		found.append(text_of(data[place : place + size], name))
		place += size
	texts = [one.text.encode("utf-8", "replace") for one in found]
	answer = {"sizes": [len(text) for text in texts], "outcomes": [one.outcome.value for one in found]}
	return answer, b"".join(texts)


# Which kind


def _read(data: bytes, name: str, reading: _Reading, depth: int) -> None:
	ending = name.rpartition(".")[2].lower() if "." in name else ""
	if b"%PDF-" in data[:1024]:
		_read_pdf(data, reading, depth)
	elif data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
		_read_zip(data, reading, depth)
	elif data.startswith(b"\x1f\x8b"):
		_read_gzip(data, name, reading, depth)
	elif data[257:262] == b"ustar":
		_read_tar(data, reading, depth)
	elif data.startswith(b"{\\rtf"):
		reading.take(_of_rtf(data))
	elif ending == "eml" or (not ending and re.match(rb"(?:From|Return-Path|Received|Message-ID): ", data)):
		_read_mail(data, reading, depth)
	elif ending in ("pdf", "zip", "gz", *_WORDS):
		raise ValueError("it is not what its name says")
	elif ending in _TEXTS or _is_text(data):
		text = _decoded(data)
		# Cards and calendars fold long lines.
		reading.take(re.sub(r"\r?\n[ \t]", "", text) if ending in _FOLDED_LINES else text)
	else:
		# An older office document, a picture's properties: what can be read of it as it stands.
		reading.take(_readable(data))


def _is_text(data: bytes) -> bool:
	if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
		return True
	return b"\0" not in data[:8192] and not re.search(rb"[\x01-\x06\x0e-\x1a]", data[:8192])


def _decoded(data: bytes) -> str:
	if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
		return data.decode("utf-16", "replace")
	try:
		return data.decode("utf-8-sig")
	except UnicodeDecodeError:
		text = data.decode("cp1252", "replace")
		# DOS wrote ä, Ä, ö, Ö, å and Å as what are marks in Windows-1252.
		return f"{text}\n{data.decode('cp850')}" if _OF_DOS.search(data) else text


def _readable(data: bytes) -> str:
	wide = [one.decode("utf-16-le", "replace") for one in _READABLE_WIDE.findall(data)]
	return "\n".join([*map(_decoded, _READABLE.findall(data)), *wide])


# PDF


def _read_pdf(data: bytes, reading: _Reading, depth: int) -> None:
	import pikepdf

	try:
		with pikepdf.open(io.BytesIO(data)) as pdf:
			_read_objects(pdf, reading)
			for name, stream in _attached(pdf):
				reading.take(name)
				_read_within(stream, name, reading, depth)
	except pikepdf.PasswordError as error:
		raise _Locked from error
	_read_pages(data, reading)


def _read_pages(data: bytes, reading: _Reading) -> None:
	import pypdfium2

	pdf = pypdfium2.PdfDocument(data)
	try:
		for number in range(min(len(pdf), MOST_PAGES)):
			page = pdf[number]
			words = page.get_textpage()
			# How pdfium writes a hyphen at a line's end.
			reading.take(re.sub(r"[\x02\ufffe]\s*", "", words.get_text_range()))
			words.close()
			page.close()
		reading.is_part |= len(pdf) > MOST_PAGES
	finally:
		pdf.close()


def _read_objects(pdf: Any, reading: _Reading) -> None:
	"""Every string of a PDF's objects: form fields, notes, properties, bookmarks, names of files; and its XMP."""
	import pikepdf

	for one in (*pdf.objects, pdf.trailer):
		for text in _strings(one, 0):
			reading.take(text)
		if isinstance(one, pikepdf.Stream) and one.get("/Type") == "/Metadata":
			reading.take(_decoded(one.read_bytes()))


def _strings(one: Any, depth: int) -> Iterator[str]:
	import pikepdf

	if depth > 20:
		return
	if isinstance(one, pikepdf.String):
		yield str(one)
	elif isinstance(one, pikepdf.Array):
		for value in one:
			if not getattr(value, "is_indirect", False):
				yield from _strings(value, depth + 1)
	elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
		# The CMS of a signature is no text.
		is_signature = one.get("/Type") == "/Sig" or "/ByteRange" in one
		for key, value in one.items():
			if not getattr(value, "is_indirect", False) and not (is_signature and key == "/Contents"):
				yield from _strings(value, depth + 1)


def _attached(pdf: Any) -> Iterator[tuple[str, bytes]]:
	import pikepdf

	for one in pdf.objects:
		if isinstance(one, pikepdf.Dictionary) and "/EF" in one:
			name = str(one.get("/UF", one.get("/F", "")))
			for stream in list(one["/EF"].values())[:1]:
				yield name, stream.read_bytes()


# Archives and office documents


def _read_within(data: bytes, name: str, reading: _Reading, depth: int) -> None:
	"""A file inside another: what is wrong with it is no fault of the outer one."""
	reading.unpacked += len(data)
	if depth >= DEEPEST or reading.unpacked > MOST_UNPACKED:
		reading.is_part = True
		return
	try:
		_read(data, name, reading, depth + 1)
	except Exception:
		reading.is_part = True
		reading.take(_readable(data))


def _read_gzip(data: bytes, name: str, reading: _Reading, depth: int) -> None:
	with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
		plain = stream.read(MOST_BYTES + 1)
	if len(plain) > MOST_BYTES:
		reading.is_part, plain = True, plain[:MOST_BYTES]
	_read_within(plain, name.removesuffix(".gz").replace(".tgz", ".tar"), reading, depth)


def _read_tar(data: bytes, reading: _Reading, depth: int) -> None:
	with tarfile.open(fileobj=io.BytesIO(data)) as archive:
		for number, member in enumerate(archive):
			if number >= MOST_MEMBERS:
				reading.is_part = True
				return
			reading.take(member.name)
			source = archive.extractfile(member) if member.isfile() else None
			if source is not None:
				_read_within(source.read(MOST_BYTES), member.name, reading, depth)


def _read_zip(data: bytes, reading: _Reading, depth: int) -> None:
	with zipfile.ZipFile(io.BytesIO(data)) as archive:
		members = [one for one in archive.infolist() if not one.is_dir()]
		names = {one.filename for one in members}
		reading.is_part |= len(members) > MOST_MEMBERS
		is_document = "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names
		shared = _shared_strings(archive, names, reading) if "xl/workbook.xml" in names else []
		locked = 0
		for member in members[:MOST_MEMBERS]:
			if not is_document:
				reading.take(member.filename)
			if member.flag_bits & 1:
				locked += 1
				continue
			content = _unpacked(archive, member, reading)
			if content is None:
				continue
			if is_document and member.filename.endswith((".xml", ".rels", ".vml")):
				_take_markup(content, shared, reading)
			elif is_document and not _is_embedded(member.filename):
				continue
			else:
				_read_within(content, member.filename, reading, depth)
		if locked and locked == len(members):
			raise _Locked
		reading.is_part |= bool(locked)


def _is_embedded(name: str) -> bool:
	return "embed" in name.lower() or name.startswith(("Object", "attach"))


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, reading: _Reading) -> bytes | None:
	room = min(MOST_BYTES, MOST_UNPACKED - reading.unpacked)
	try:
		with archive.open(member) as stream:
			# What the directory says of the size may be a lie.
			content = stream.read(room + 1)
	except (zipfile.BadZipFile, ZlibError, EOFError, NotImplementedError, OSError):
		reading.is_part = True
		return None
	if len(content) > room:
		reading.is_part = True
		return None
	reading.unpacked += len(content)
	return content


def _shared_strings(archive: zipfile.ZipFile, names: set[str], reading: _Reading) -> list[str]:
	"""The texts that a workbook's cells name by number."""
	if "xl/sharedStrings.xml" not in names:
		return []
	content = _unpacked(archive, archive.getinfo("xl/sharedStrings.xml"), reading)
	root = _markup(content) if content else None
	if root is None:
		return []
	return ["".join(text for text in one.itertext()) for one in root if _local(one) == "si"]


def _take_markup(content: bytes, shared: list[str], reading: _Reading) -> None:
	root = _markup(content)
	if root is None:
		reading.is_part = True
		reading.take(_decoded(content))
		return
	said: list[str] = []
	_say(root, shared, said)
	reading.take("".join(said))


def _markup(content: bytes) -> Any:
	"""An XML part, read without entities, network or document types of its own; None if it is none."""
	from lxml import etree  # type: ignore[import-untyped]

	parser = etree.XMLParser(
		resolve_entities=False,
		no_network=True,
		load_dtd=False,
		huge_tree=False,
		recover=True,
		remove_pis=True,
	)
	with suppress(etree.XMLSyntaxError):
		return etree.fromstring(content, parser)
	return None


def _local(element: Any) -> str:
	return str(element.tag).rpartition("}")[2]


def _say(root: Any, shared: list[str], said: list[str]) -> None:
	"""The words of an XML part; those of one cell or paragraph together, others on lines of their own."""
	from lxml import etree

	noted: list[str] = []
	for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
		if event == "comment":
			noted.append(element.text or "")
		elif event == "start":
			noted += [
				value
				for name, value in element.attrib.items()
				if "@" in value or name.rpartition("}")[2] in _TELLING_ATTRIBUTES
			]
			said.append(_own_words(element, shared))
		else:
			local = _local(element)
			if local in _BLOCKS:
				said.append("\n")
			said.append(element.tail or "")
	said.append("\n" + "\n".join(noted) + "\n")


def _own_words(element: Any, shared: list[str]) -> str:
	text = str(element.text or "")
	if _local(element) == "v" and text.isdigit():
		cell = element.getparent()
		if cell is not None and cell.get("t") == "s":
			return shared[int(text)] if int(text) < len(shared) else ""
	return text


# Mails, RTF


def _read_mail(data: bytes, reading: _Reading, depth: int) -> None:
	message = email.message_from_bytes(data, policy=email.policy.default)
	for one in message.walk():
		for name, value in one.items():
			reading.take(f"{name}: {value}")
		if one.is_multipart():
			continue
		content = one.get_payload(decode=True)
		content = content if isinstance(content, bytes) else str(content).encode("utf-8", "replace")
		if one.get_content_maintype() == "text" and not one.get_filename():
			charset = one.get_content_charset() or ""
			reading.take(_in_charset(content, charset))
		else:
			_read_within(content, one.get_filename() or "", reading, depth)


def _in_charset(content: bytes, charset: str) -> str:
	try:
		return content.decode(charset)
	except (LookupError, UnicodeDecodeError):
		return _decoded(content)


def _of_rtf(data: bytes) -> str:
	def sign(match: re.Match[str]) -> str:
		if match[1]:
			return bytes.fromhex(match[1]).decode("cp1252", "replace")
		if match[2]:
			return chr(int(match[2]) % 65536)
		return "\n" if match[3] else ""

	return _RTF_SIGN.sub(sign, data.decode("cp1252", "replace"))
