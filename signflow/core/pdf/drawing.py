"""Drawing with one embedded font family (Noto Sans: Latin, Greek, Cyrillic), in points, the origin at the top
left.
"""

from __future__ import annotations

import hashlib
import unicodedata
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._typeface import Typeface

if TYPE_CHECKING:
	from PIL.Image import Image

FONTS = Path(__file__).parent / "fonts"
A4 = (595.28, 841.89)
INK, GREY, RULE, TINT = (22, 26, 34), (105, 110, 118), (196, 200, 206), (248, 248, 246)
REPLACEMENT = "\ufffd"

Colour = tuple[int, int, int]

# Adds an object to a PDF: its dictionary ("/Key" to bool, int, float, "/Name", text as bytes, list, dict or what an
# earlier call returned) and perhaps its stream, not compressed yet; returns the reference to it.
Emit = Callable[[dict[str, Any], bytes | None], Any]


@lru_cache(maxsize=2)
def _typeface(bold: bool) -> Typeface:
	return Typeface(FONTS / f"NotoSans-{'Bold' if bold else 'Regular'}.ttf")


def clean(text: object, *, limit: int = 4000) -> str:
	"""`text` fit to be drawn on one line: NFC, white space single, no control or direction characters.

	A character that the font lacks becomes U+FFFD, drawn as a replacement sign; more than `limit` are cut
	with "…".
	"""
	known = _typeface(False).advances
	drawn = []
	for character in unicodedata.normalize("NFC", str(text)[: limit * 2]):
		kind = unicodedata.category(character)
		if kind in {"Cc", "Zs", "Zl", "Zp"}:
			drawn.append(" ")
		elif kind != "Cf":
			drawn.append(character if ord(character) in known else REPLACEMENT)
	line = " ".join("".join(drawn).split())
	return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def width_of(text: str, size: float, *, bold: bool = False) -> float:
	"""Width of `text` in points when drawn at `size` points."""
	face = _typeface(bold)
	advances, units = face.advances, face.units
	return sum(advances.get(ord(character), units) for character in text) * size / units


def wrap(
	text: object, width: float, size: float, *, bold: bool = False, most: int | None = None
) -> list[str]:
	"""Break `text` into lines no wider than `width` points; words too long are broken; past `most` lines "…"."""
	lines: list[str] = []
	line = ""
	for word in clean(text).split(" "):
		candidate = f"{line} {word}" if line else word
		if width_of(candidate, size, bold=bold) <= width:
			line = candidate
			continue
		if line:
			lines.append(line)
		line = ""
		for character in word:
			if line and width_of(line + character, size, bold=bold) > width:
				lines.append(line)
				line = ""
			line += character
	if line or not lines:
		lines.append(line)
	if most is not None and len(lines) > most:
		last = " ".join(lines[most - 1 :])
		while last and width_of(last + "…", size, bold=bold) > width:
			last = last[:-1]
		lines = [*lines[: most - 1], last.rstrip() + "…"]
	return lines


class Sheet:
	"""Pages in points. `page` is the number of the page that is drawn on, from 1."""

	def __init__(self, width: float = A4[0], height: float = A4[1]):
		self.width, self.height = width, height
		self.page = 0
		self._pages: list[list[str]] = []
		# Every character drawn, in the order of its first use, which becomes its glyph's number.
		self._drawn: dict[bool, dict[str, int]] = {False: {}, True: {}}
		self._pictures: list[Image] = []
		self._fill = (0, 0, 0)

	def add_page(self) -> None:
		"""Begin a page and draw on it."""
		self._pages.append([])
		self.page = len(self._pages)

	def page_no(self) -> int:
		"""The number of the page that is drawn on, from 1."""
		return self.page

	def put(
		self, x: float, y: float, text: str, size: float, *, bold: bool = False, colour: Colour = INK
	) -> None:
		"""Draw one cleaned line with its baseline at `y`."""
		if not text:
			return
		drawn = self._drawn[bold]
		glyphs = "".join(f"{drawn.setdefault(character, len(drawn) + 1):04X}" for character in text)
		font = "B" if bold else "R"
		self._draw(
			f"BT {x:.2f} {self.height - y:.2f} Td /{font} {size:.2f} Tf {_rgb(colour)} rg <{glyphs}> Tj ET"
		)

	def put_lines(
		self,
		x: float,
		y: float,
		text: object,
		size: float,
		*,
		width: float,
		leading: float,
		bold: bool = False,
		colour: Colour = INK,
		most: int | None = None,
	) -> float:
		"""Draw wrapped text with the first baseline at `y`; return the baseline after the last line."""
		for line in wrap(text, width, size, bold=bold, most=most):
			self.put(x, y, line, size, bold=bold, colour=colour)
			y += leading
		return y

	def put_right(self, x: float, y: float, text: str, size: float, *, colour: Colour = INK) -> None:
		"""Draw one cleaned line that ends at `x`."""
		self.put(x - width_of(text, size), y, text, size, colour=colour)

	def rule(self, x: float, y: float, width: float, *, weight: float = 0.5, colour: Colour = RULE) -> None:
		"""Draw a horizontal line."""
		y = self.height - y
		self._draw(f"{_rgb(colour)} RG {weight:.2f} w {x:.2f} {y:.2f} m {x + width:.2f} {y:.2f} l S")

	def fill(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
		"""Fill a rectangle whose top left corner is at `x`, `y`."""
		self._draw(f"{_rgb(colour)} rg {x:.2f} {self.height - y - height:.2f} {width:.2f} {height:.2f} re f")

	def image(self, picture: Image, x: float, y: float, width: float, height: float) -> None:
		"""Draw an RGBA picture with its top left corner at `x`, `y`."""
		self._pictures.append(picture)
		place = f"{width:.2f} 0 0 {height:.2f} {x:.2f} {self.height - y - height:.2f} cm"
		self._draw(f"q {place} /I{len(self._pictures)} Do Q")

	def _draw(self, operators: str) -> None:
		self._pages[self.page - 1].append(operators)

	def emit(self, emit: Emit) -> tuple[dict[str, Any], list[bytes]]:
		"""Hand fonts and pictures to `emit`; return the resources and each page's content."""
		fonts = {
			f"/{'B' if bold else 'R'}": _emit_font(emit, _typeface(bold), "".join(drawn))
			for bold, drawn in self._drawn.items()
			if drawn
		}
		pictures = {f"/I{n}": _emit_picture(emit, one) for n, one in enumerate(self._pictures, 1)}
		resources = {"/Font": fonts, "/XObject": pictures}
		contents = ["\n".join(page).encode("ascii") for page in self._pages]
		return {key: value for key, value in resources.items() if value}, contents

	def finish(self) -> bytes:
		"""The finished PDF (1.7, no metadata)."""
		objects: list[bytes] = [b"", b""]  # catalog and page tree come last

		def add(dictionary: dict[str, Any], stream: bytes | None) -> _Reference:
			if stream is None:
				objects.append(_written(dictionary))
			else:
				packed = zlib.compress(stream)
				dictionary = {**dictionary, "/Filter": "/FlateDecode", "/Length": len(packed)}
				objects.append(_written(dictionary) + b"\nstream\n" + packed + b"\nendstream")
			return _Reference(len(objects))

		resources, contents = self.emit(add)
		shared = add(resources, None)
		box = [0, 0, self.width, self.height]
		pages = [
			add(
				{
					"/Type": "/Page",
					"/Parent": _Reference(2),
					"/MediaBox": box,
					"/Resources": shared,
					"/Contents": add({}, content),
				},
				None,
			)
			for content in contents
		]
		objects[0] = _written({"/Type": "/Catalog", "/Pages": _Reference(2)})
		objects[1] = _written({"/Type": "/Pages", "/Count": len(pages), "/Kids": pages})
		return _assembled(objects)


class _Reference(int):
	"""An object's number."""


def _rgb(colour: Colour) -> str:
	return " ".join(f"{part / 255:.3f}" for part in colour)


def _written(value: Any) -> bytes:
	"""`value` in PDF syntax (ISO 32000-2, 7.3)."""
	if isinstance(value, _Reference):
		return b"%d 0 R" % value
	if isinstance(value, str):
		return value.encode("ascii")
	if isinstance(value, bytes):
		return b"<%s>" % value.hex().encode("ascii")
	if isinstance(value, dict):
		return b"<<" + b" ".join(_written(part) for pair in value.items() for part in pair) + b">>"
	if isinstance(value, list):
		return b"[" + b" ".join(map(_written, value)) + b"]"
	return f"{round(value, 4):g}".encode("ascii") if isinstance(value, float) else b"%d" % value


def _assembled(objects: list[bytes]) -> bytes:
	"""A file of these objects, the first the catalog, with a cross-reference table (ISO 32000-2, 7.5)."""
	data = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	table = bytearray(b"0000000000 65535 f \n")
	for number, written in enumerate(objects, 1):
		table += b"%010d 00000 n \n" % len(data)
		data += b"%d 0 obj\n%b\nendobj\n" % (number, written)
	identity = hashlib.sha256(data).digest()[:16]
	trailer = {"/Size": len(objects) + 1, "/Root": _Reference(1), "/ID": [identity, identity]}
	start = len(data)
	data += b"xref\n0 %d\n%btrailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (
		len(objects) + 1,
		bytes(table),
		_written(trailer),
		start,
	)
	return bytes(data)


def _emit_font(emit: Emit, face: Typeface, characters: str) -> Any:
	"""A Type0 font of these characters (ISO 32000-2, 9.7): character i has glyph and code i + 1."""
	scale = 1000 / face.units
	tag = hashlib.sha256(characters.encode()).digest()
	name = "/" + "".join(chr(65 + byte % 26) for byte in tag[:6]) + "+" + face.name
	font = face.subset(characters)
	descriptor = {
		"/Type": "/FontDescriptor",
		"/FontName": name,
		"/Flags": 4,
		"/FontBBox": [round(edge * scale) for edge in face.box],
		"/ItalicAngle": 0,
		"/Ascent": round(face.ascent * scale),
		"/Descent": round(face.descent * scale),
		"/CapHeight": round(face.cap_height * scale),
		"/StemV": 80,
		"/FontFile2": emit({"/Length1": len(font)}, font),
	}
	widths = [round(face.advances.get(ord(character), face.units) * scale) for character in characters]
	descendant = {
		"/Type": "/Font",
		"/Subtype": "/CIDFontType2",
		"/BaseFont": name,
		"/CIDSystemInfo": {"/Registry": b"Adobe", "/Ordering": b"Identity", "/Supplement": 0},
		"/FontDescriptor": emit(descriptor, None),
		"/CIDToGIDMap": "/Identity",
		"/W": [1, widths],
	}
	return emit(
		{
			"/Type": "/Font",
			"/Subtype": "/Type0",
			"/BaseFont": name,
			"/Encoding": "/Identity-H",
			"/DescendantFonts": [emit(descendant, None)],
			"/ToUnicode": emit({}, _to_unicode(characters)),
		},
		None,
	)


def _to_unicode(characters: str) -> bytes:
	"""The CMap by which text is found and copied (ISO 32000-2, 9.10.3)."""
	lines = [
		"/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
		"/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def",
		"/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
		"1 begincodespacerange <0000> <FFFF> endcodespacerange",
	]
	for start in range(0, len(characters), 100):
		part = characters[start : start + 100]
		lines.append(f"{len(part)} beginbfchar")
		lines += [f"<{code:04X}> <{ord(one):04X}>" for code, one in enumerate(part, start + 1)]
		lines.append("endbfchar")
	lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
	return "\n".join(lines).encode("ascii")


def _emit_picture(emit: Emit, picture: Image) -> Any:
	"""An RGBA picture as an image with a soft mask (ISO 32000-2, 11.6.5.2)."""
	shape = {
		"/Type": "/XObject",
		"/Subtype": "/Image",
		"/Width": picture.width,
		"/Height": picture.height,
		"/BitsPerComponent": 8,
	}
	mask = emit({**shape, "/ColorSpace": "/DeviceGray"}, picture.getchannel("A").tobytes())
	return emit({**shape, "/ColorSpace": "/DeviceRGB", "/SMask": mask}, picture.convert("RGB").tobytes())
