"""How filled fields look: their texts laid out in their rectangles and drawn with one embedded font.

Every filled field gets an appearance of its own (ISO 32000-2, 12.7.4.3), since what viewers and qpdf would draw of
themselves knows no letters beyond WinAnsi. Runs in the limited child process only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from ._forms import COMB, COMBO, MULTILINE, Node, Refusal, Widget, _integer, _text
from ._layout import Box, PrintedPage
from .drawing import Colour, Sheet, clean, width_of, wrap

BLACK = (0, 0, 0)
LARGEST, SMALLEST = 12.0, 4.0
LEADING, CAP_HEIGHT, ASCENT = 1.2, 0.714, 1.0
MOST_PARAGRAPH = 4000


@dataclass
class Line:
	"""Text in one size with its baseline's start, in points from a form's lower left corner."""

	x: float
	y: float
	text: str
	size: float


class Ink:
	"""Draws texts of all fields with one subset of the font, made when the last is drawn."""

	def __init__(self, pdf: pikepdf.Pdf):
		self._pdf = pdf
		# One page for each text; the sheet measures from its top, a form from its bottom: so a sheet of no height.
		self._sheet = Sheet(0, 0)
		self._waiting: list[Callable[[bytes, Any], None]] = []

	def write(self, node: Node, widget: Widget, text: str, label: str) -> None:
		"""Give a field's widget the appearance that shows `text`. Raises Refusal if there is no room."""
		x0, y0, x1, y1 = widget.rect
		width, height = x1 - x0, y1 - y0
		look = widget.annotation.get("/MK")
		look = look if isinstance(look, Dictionary) else Dictionary()
		turn = _integer(look.get("/R")) % 360
		matrix = {
			90: [0, 1, -1, 0, width, 0],
			180: [-1, 0, 0, -1, width, height],
			270: [0, -1, 1, 0, 0, height],
		}.get(turn)
		if turn in (90, 270):
			width, height = height, width
		size, colour = _default_look(widget.annotation.get("/DA") or node.entries.get("/DA"))
		border = _border_width(widget.annotation) if "/BC" in look else 0.0
		many = bool(node.flags & MULTILINE) if node.type == "/Tx" else not node.flags & COMBO
		side = _integer(widget.annotation.get("/Q", node.entries.get("/Q"))) % 3
		area = (width, height, 2 + border)
		check_characters(text, label)
		if node.type == "/Tx" and node.flags & COMB and node.max_length:
			lines = _in_cells(text, area, node.max_length, size)
		elif many:
			lines = _wrapped(text, area, size, side)
		else:
			lines = _on_one_line(text, area, size, side)
		if lines is None:
			raise Refusal("does_not_fit", label=label)
		before = _background(look, width, height, border)
		self._put(lines, colour)

		def draw(content: bytes, resources: Any) -> None:
			form = self._pdf.make_stream(
				before
				+ b"/Tx BMC q %.2f %.2f %.2f %.2f re W n\n%b\nQ EMC"
				% (border, border, max(0, width - 2 * border), max(0, height - 2 * border), content),
				Type=Name.XObject,
				Subtype=Name.Form,
				BBox=Array([0, 0, round(width, 4), round(height, 4)]),
				Resources=resources,
			)
			if matrix:
				form["/Matrix"] = Array([round(part, 4) for part in matrix])
			widget.annotation["/AP"] = Dictionary(N=form)
			if "/AS" in widget.annotation:
				del widget.annotation["/AS"]

		self._waiting.append(draw)

	def draw_tick(self, widget: Widget, state: pikepdf.Name) -> None:
		"""An appearance for a box that has none: a cross."""
		x0, y0, x1, y1 = widget.rect
		content = _cross((0, 0, x1 - x0, y1 - y0))
		box = Array([0, 0, round(x1 - x0, 4), round(y1 - y0, 4)])
		form = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": box}
		states = Dictionary({str(state): self._pdf.make_stream(content, **form)})
		states["/Off"] = self._pdf.make_stream(b"", **form)
		widget.annotation["/AP"] = Dictionary(N=states)

	def write_on_page(self, number: int, printed: PrintedPage, lines: list[Line], ticks: list[Box]) -> None:
		"""Draw on the page itself; `lines` and `ticks` in points from the seen page's lower left corner."""
		x0, y0, x1, y1 = printed.crop
		matrix = {
			0: (1, 0, 0, 1, x0, y0),
			90: (0, 1, -1, 0, x1, y0),
			180: (-1, 0, 0, -1, x1, y1),
			270: (0, -1, 1, 0, x0, y1),
		}[printed.rotation % 360]
		self._put(lines, BLACK)

		def draw(content: bytes, resources: Any) -> None:
			page = self._pdf.pages[number]
			crosses = b"\n".join(map(_cross, ticks))
			form = self._pdf.make_stream(
				content + b"\n" + crosses,
				Type=Name.XObject,
				Subtype=Name.Form,
				BBox=Array([-20000, -20000, 20000, 20000]),
				Resources=resources,
			)
			name = page.add_resource(self._pdf.make_indirect(form), Name.XObject)
			page.contents_add(b"q\n", prepend=True)
			place = " ".join(f"{part:g}" for part in matrix)
			page.contents_add(f"\nQ q {place} cm {name} Do Q".encode("ascii"))

		self._waiting.append(draw)

	def finish(self) -> None:
		"""Put everything that was drawn into the file."""
		if not self._waiting:
			return
		resources, contents = self._sheet.emit(self._emit)
		shared = self._pdf.make_indirect(_as_pikepdf(resources))
		for draw, content in zip(self._waiting, contents, strict=True):
			draw(content, shared)

	def _put(self, lines: list[Line], colour: Colour) -> None:
		self._sheet.add_page()
		for line in lines:
			self._sheet.put(line.x, -line.y, line.text, line.size, colour=colour)

	def _emit(self, dictionary: dict[str, Any], stream: bytes | None) -> Any:
		entries = _as_pikepdf(dictionary)
		if stream is None:
			return self._pdf.make_indirect(entries)
		return self._pdf.make_stream(stream, entries)


def _as_pikepdf(value: Any) -> Any:
	"""What drawing.Emit hands out, as objects of pikepdf."""
	if isinstance(value, dict):
		return Dictionary({key: _as_pikepdf(one) for key, one in value.items()})
	if isinstance(value, list):
		return Array([_as_pikepdf(one) for one in value])
	if isinstance(value, bytes):
		return String(value.decode("latin-1"))
	if isinstance(value, str):
		return Name(value)
	return value


def check_characters(text: str, label: str) -> None:
	drawn = {one for one in text if unicodedata.category(one)[0] not in "CZ"}
	drawn |= {one for one in text if unicodedata.category(one) in ("Co", "Cs", "Cn")}
	strange = sorted(one for one in drawn if one not in clean(one))
	if strange:
		raise Refusal(
			"characters", label=label, characters=" ".join(strange[:10]).encode("utf-8", "replace").decode()
		)


def _on_one_line(text: str, area: tuple[float, float, float], wanted: float, side: int) -> list[Line] | None:
	width, height, padding = area
	line = clean(text, limit=MOST_PARAGRAPH + 1)
	if not line:
		return []
	size = min(wanted or LARGEST, max(SMALLEST, 0.8 * height))
	room = width - 2 * padding
	long = width_of(line, size)
	if long > room:
		size *= max(0.0, room) / long
	if size < SMALLEST or len(line) > MOST_PARAGRAPH:
		return None
	long = width_of(line, size)
	x = (padding, (width - long) / 2, width - padding - long)[side]
	return [Line(x, (height - CAP_HEIGHT * size) / 2, line, size)]


def _wrapped(text: str, area: tuple[float, float, float], wanted: float, side: int) -> list[Line] | None:
	width, height, padding = area
	room = width - 2 * padding
	paragraphs = text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
	if not text.strip():
		return []
	if max(map(len, paragraphs)) > MOST_PARAGRAPH or room < 2 * SMALLEST:
		return None
	size = wanted or LARGEST
	while size >= SMALLEST:
		lines = [line for paragraph in paragraphs for line in wrap(paragraph, room, size)]
		if ((len(lines) - 1) * LEADING + ASCENT + 0.25) * size <= height - 2:
			starts = (0.0, 0.5, 1.0)
			return [
				Line(
					padding + starts[side] * (room - width_of(line, size)),
					height - 1 - (ASCENT + number * LEADING) * size,
					line,
					size,
				)
				for number, line in enumerate(lines)
				if line
			]
		size -= 0.5 if len(lines) < 200 else 1.0
	return None


def _in_cells(text: str, area: tuple[float, float, float], cells: int, wanted: float) -> list[Line] | None:
	width, height, _padding = area
	line = clean(text, limit=MOST_PARAGRAPH)
	cell = width / cells
	size = min(wanted or LARGEST, 0.8 * height, 1.2 * cell)
	if size < SMALLEST / 2:
		return None
	y = (height - CAP_HEIGHT * size) / 2
	return [
		Line((number + 0.5) * cell - width_of(character, size) / 2, y, character, size)
		for number, character in enumerate(line)
		if character != " "
	]


def _default_look(value: Any) -> tuple[float, Colour]:
	"""Size (0: chosen to fit) and colour of a default appearance (ISO 32000-2, 12.7.4.3)."""
	size, colour = 0.0, BLACK
	numbers: list[float] = []
	for word in _text(value).split()[:100]:
		if re.fullmatch(r"[-+]?\d*\.?\d+\.?", word):
			numbers.append(float(word.rstrip(".")))
			continue
		if word == "Tf" and numbers:
			size = numbers[-1]
		elif word in ("g", "rg", "k"):
			colour = _rgb(numbers[-{"g": 1, "rg": 3, "k": 4}[word] :])
		numbers = []
	return (size if 0 < size < 100 else 0.0), colour


def _rgb(parts: list[float]) -> Colour:
	parts = [min(1.0, max(0.0, part)) for part in parts]
	if len(parts) == 4:
		parts = [(1 - part) * (1 - parts[3]) for part in parts[:3]]
	elif len(parts) == 1:
		parts = parts * 3
	if len(parts) != 3:
		return BLACK
	red, green, blue = (round(255 * part) for part in parts)
	return red, green, blue


def _background(look: Any, width: float, height: float, border: float) -> bytes:
	"""The ground and the border that the file asks for (ISO 32000-2, table 192)."""
	drawn = b""
	for key, stroke in (("/BG", False), ("/BC", True)):
		try:
			parts = [float(part) for part in look.get(key, [])]
		except (TypeError, ValueError):
			continue
		operator = {1: "g", 3: "rg", 4: "k"}.get(len(parts))
		if operator is None or (stroke and not border):
			continue
		colour = " ".join(f"{part:.3f}" for part in parts)
		if stroke:
			half = border / 2
			drawn += f"q {colour} {operator.upper()} {border:.2f} w {half:.2f} {half:.2f} {width - border:.2f} {height - border:.2f} re S Q\n".encode()
		else:
			drawn += f"q {colour} {operator} 0 0 {width:.2f} {height:.2f} re f Q\n".encode()
	return drawn


def _border_width(annotation: Any) -> float:
	style = annotation.get("/BS")
	try:
		width = float(style.get("/W", 1)) if isinstance(style, Dictionary) else 1.0
	except (TypeError, ValueError):
		width = 1.0
	return min(max(width, 0.0), 5.0)


def _cross(box: Box) -> bytes:
	x0, y0, x1, y1 = box
	inset = 0.22 * min(x1 - x0, y1 - y0)
	left, bottom, right, top = x0 + inset, y0 + inset, x1 - inset, y1 - inset
	weight = max(0.8, 0.1 * min(x1 - x0, y1 - y0))
	return (
		f"q 0 G 1 J {weight:.2f} w {left:.2f} {bottom:.2f} m {right:.2f} {top:.2f} l "
		f"{left:.2f} {top:.2f} m {right:.2f} {bottom:.2f} l S Q"
	).encode("ascii")


def on_lines(text: str, places: list[Box], height: float) -> list[Line] | None:
	"""The text on printed lines, in one size, as large as the print beside them at most."""
	size = min(LARGEST, max(6.0, 0.75 * min(bottom - top for _left, top, _right, bottom in places)))
	room = min(right - left for left, _top, right, _bottom in places) - 2
	while size >= SMALLEST + 1:
		lines = wrap(" ".join(text.split()), room, size) if text.strip() else []
		if len(lines) <= len(places):
			return [
				Line(left + 1, height - bottom + 0.27 * (bottom - top), line, size)
				for (left, top, _right, bottom), line in zip(places, lines, strict=False)
			]
		size -= 0.5
	return None
