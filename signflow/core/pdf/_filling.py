"""The part of `fill` that touches the foreign file. Runs in the limited child process only.

Every filled field gets an appearance of its own with an embedded font (ISO 32000-2, 12.7.4.3), since what viewers and
qpdf would draw of themselves knows no letters beyond WinAnsi.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from ..paper.kinds import readable
from ._forms import (
	COMB,
	COMBO,
	EDIT,
	FILE,
	MULTILINE,
	MULTISELECT,
	PUSH,
	Node,
	PrintedPages,
	Refusal,
	Widget,
	_integer,
	_text,
	answer,
	blanks_of,
	is_true,
	opened,
	options_of,
	read_nodes,
	refuse_signed,
	script_of,
)
from ._layout import Box, PrintedPage
from .drawing import Colour, Sheet, clean, width_of, wrap

ON, OFF = {"1", "true", "yes", "on", "x", "kyllä", "ja"}, {"", "0", "false", "no", "off", "ei", "nej"}
BLACK = (0, 0, 0)
LARGEST, SMALLEST = 12.0, 4.0
LEADING, CAP_HEIGHT, ASCENT = 1.2, 0.714, 1.0
MOST_PARAGRAPH = 4000
ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass
class _Line:
	"""Text in one size with its baseline's start, in points from a form's lower left corner."""

	x: float
	y: float
	text: str
	size: float


def fill(data: bytes, values: dict[str, str]) -> tuple[dict[str, Any], bytes]:
	"""Answer for `fields.fill`: {} and the filled PDF, or {"refused", "params"}."""
	return answer(_fill, data, values)


def _fill(data: bytes, values: dict[str, str]) -> tuple[dict[str, Any], bytes]:
	with opened(data) as pdf:
		refuse_signed(pdf)
		printed = PrintedPages(data)
		nodes = {node.name: node for node in read_nodes(pdf)}
		ink = _Ink(pdf)
		blanks: dict[str, str] = {}
		for name, value in values.items():
			if name in nodes:
				_fill_node(nodes[name], unicodedata.normalize("NFC", value), ink, printed)
			else:
				blanks[name] = unicodedata.normalize("NFC", value)
		if blanks:
			_fill_blanks(pdf, blanks, ink, printed, any(_is_fillable(node) for node in nodes.values()))
		for node in nodes.values():
			if node.name not in values:
				_show_given(pdf, node, ink)
		ink.finish()
		_drop_what_runs(pdf)
		new = io.BytesIO()
		pdf.save(new, encryption=False)
	return {}, new.getvalue()


def _is_fillable(node: Node) -> bool:
	return node.type in ("/Tx", "/Ch") or (node.type == "/Btn" and not node.flags & PUSH)


def _fill_node(node: Node, value: str, ink: _Ink, printed: PrintedPages) -> None:
	label = node.tooltip or readable(node.name)
	if not _is_fillable(node) or (node.flags & FILE and node.type == "/Tx"):
		raise Refusal("not_fillable", label=label)
	if node.type == "/Btn":
		_fill_button(node, value, label, ink, printed)
		return
	shown = value
	if node.type == "/Ch":
		shown = _fill_choice(node, value, label, printed)
	else:
		shown = _as_the_field_writes(node, value)
		limit = node.max_length
		if limit and len(shown) > limit:
			raise Refusal("too_long", label=label, length=len(shown), limit=limit)
		_holder(node)["/V"] = String(shown)
	for widget in node.widgets:
		ink.write(node, widget, shown, label)


def _show_given(pdf: pikepdf.Pdf, node: Node, ink: _Ink) -> None:
	"""Draw what the file itself put into a field and left to the viewer to draw."""
	form = pdf.Root.get("/AcroForm")
	asked = isinstance(form, Dictionary) and is_true(form.get("/NeedAppearances"))
	text = _text(node.obj.get("/V"))
	if node.type not in ("/Tx", "/Ch") or not text.strip():
		return
	for widget in node.widgets:
		if asked or "/AP" not in widget.annotation:
			try:
				ink.write(node, widget, text[:MOST_PARAGRAPH], node.name)
			except Refusal:  # nobody who fills the form in can change it: then as the file draws it
				continue


def _holder(node: Node) -> Any:
	if "/RV" in node.obj:
		del node.obj["/RV"]
	return node.obj


def _as_the_field_writes(node: Node, value: str) -> str:
	"""A date as 2026-03-14 in the format that the field's own script names ("dd.mm.yyyy"); other values as they are."""
	iso = ISO_DATE.fullmatch(value.strip())
	found = re.search(r"AFDate_\w+\(\s*[\"']([^\"']{1,40})[\"']", script_of(node)) if iso else None
	if not iso or not found:
		return value
	try:
		day = date(*(int(part) for part in iso.groups()))
	except ValueError:
		return value
	if not re.fullmatch(r"(yyyy|yy|mm|m|dd|d|[-./ ])+", found[1]):
		return value
	parts = {
		"yyyy": f"{day.year:04}",
		"yy": f"{day.year % 100:02}",
		"mm": f"{day.month:02}",
		"m": str(day.month),
		"dd": f"{day.day:02}",
		"d": str(day.day),
	}
	return re.sub(r"yyyy|yy|mm|m|dd|d", lambda part: parts[part[0]], found[1])


def _fill_button(node: Node, value: str, label: str, ink: _Ink, printed: PrintedPages) -> None:
	wanted = value.strip()
	state = ""
	if node.is_choice_of_boxes:
		options = options_of(node, printed)
		state = _export_of(options, wanted, label) if wanted else ""
	elif wanted.casefold() in ON or (wanted and wanted in {widget.state for widget in node.widgets}):
		state = next((widget.state for widget in node.widgets if widget.state), "Yes")
	elif wanted.casefold() not in OFF:
		raise Refusal("unknown_option", label=label, value=wanted[:100], options="1, 0")
	name = Name("/" + (state or "Off"))
	node.obj["/V"] = name
	for widget in node.widgets:
		own = widget.state
		if state and (own == state or (not own and not node.is_choice_of_boxes)):
			if not own:
				ink.draw_tick(widget, name)
			widget.annotation["/AS"] = name
		else:
			widget.annotation["/AS"] = Name.Off


def _fill_choice(node: Node, value: str, label: str, printed: PrintedPages) -> str:
	"""Set the value of a list and return what is to be drawn."""
	options = options_of(node, printed)
	many = bool(node.flags & MULTISELECT) and not node.flags & COMBO
	chosen = [line.strip() for line in value.split("\n") if line.strip()] if many else [value.strip()]
	exports, drawn = [], []
	for one in chosen:
		known = {shown: export for shown, export in options}
		if not one:
			continue
		if node.flags & COMBO and node.flags & EDIT and one not in known and one not in known.values():
			exports.append(one)
			drawn.append(one)
			continue
		export = _export_of(options, one, label)
		exports.append(export)
		drawn.append(next(shown for shown, own in options if own == export))
	holder = _holder(node)
	holder["/V"] = Array([String(one) for one in exports]) if len(exports) > 1 else String("".join(exports))
	if "/I" in holder:
		del holder["/I"]
	return "\n".join(drawn)


def _export_of(options: list[tuple[str, str]], wanted: str, label: str) -> str:
	for shown, export in options:
		if " ".join(wanted.split()).replace("<", "‹").replace(">", "›") == shown:
			return export
	for _shown, export in options:
		if wanted == export:
			return export
	names = ", ".join(shown for shown, _export in options[:20])
	raise Refusal("unknown_option", label=label, value=wanted[:100], options=names[:500])


class _Ink:
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
		_check_characters(text, label)
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

	def write_on_page(self, number: int, printed: PrintedPage, lines: list[_Line], ticks: list[Box]) -> None:
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

	def _put(self, lines: list[_Line], colour: Colour) -> None:
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


def _check_characters(text: str, label: str) -> None:
	drawn = {one for one in text if unicodedata.category(one)[0] not in "CZ"}
	drawn |= {one for one in text if unicodedata.category(one) in ("Co", "Cs", "Cn")}
	strange = sorted(one for one in drawn if one not in _known(one))
	if strange:
		raise Refusal(
			"characters", label=label, characters=" ".join(strange[:10]).encode("utf-8", "replace").decode()
		)


def _known(character: str) -> str:
	return clean(character)


def _on_one_line(text: str, area: tuple[float, float, float], wanted: float, side: int) -> list[_Line] | None:
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
	return [_Line(x, (height - CAP_HEIGHT * size) / 2, line, size)]


def _wrapped(text: str, area: tuple[float, float, float], wanted: float, side: int) -> list[_Line] | None:
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
				_Line(
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


def _in_cells(text: str, area: tuple[float, float, float], cells: int, wanted: float) -> list[_Line] | None:
	width, height, _padding = area
	line = clean(text, limit=MOST_PARAGRAPH)
	cell = width / cells
	size = min(wanted or LARGEST, 0.8 * height, 1.2 * cell)
	if size < SMALLEST / 2:
		return None
	y = (height - CAP_HEIGHT * size) / 2
	return [
		_Line((number + 0.5) * cell - width_of(character, size) / 2, y, character, size)
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


def _fill_blanks(
	pdf: pikepdf.Pdf, values: dict[str, str], ink: _Ink, printed: PrintedPages, has_form: bool
) -> None:
	known = {} if has_form else {one.name: one for one in blanks_of(printed, len(pdf.pages))}
	drawn: dict[int, tuple[list[_Line], list[Box]]] = {}
	for name, value in values.items():
		if name not in known:
			raise Refusal("unknown_field", name=name[:140])
		page, place = (int(part) for part in name[1:].split("."))
		sheet = printed.page(page - 1)
		blank = sheet.blanks[place - 1]
		height = _seen_height(sheet)
		lines, ticks = drawn.setdefault(page - 1, ([], []))
		if blank.tick:
			if value.strip().casefold() in ON:
				left, top, right, bottom = blank.lines[0]
				middle, half = (top + bottom) / 2, min(right - left, bottom - top) / 2
				centre = (left + right) / 2
				ticks.append((centre - half, height - middle - half, centre + half, height - middle + half))
			elif value.strip().casefold() not in OFF:
				raise Refusal("unknown_option", label=blank.label, value=value[:100], options="1, 0")
			continue
		_check_characters(value, blank.label)
		found = _on_lines(value, blank.lines, height)
		if found is None:
			raise Refusal("does_not_fit", label=blank.label)
		lines += found
	for number, (lines, ticks) in drawn.items():
		ink.write_on_page(number, printed.page(number), lines, ticks)


def _on_lines(text: str, places: list[Box], height: float) -> list[_Line] | None:
	"""The text on printed lines, in one size, as large as the print beside them at most."""
	size = min(LARGEST, max(6.0, 0.75 * min(bottom - top for _left, top, _right, bottom in places)))
	room = min(right - left for left, _top, right, _bottom in places) - 2
	while size >= SMALLEST + 1:
		lines = wrap(" ".join(text.split()), room, size) if text.strip() else []
		if len(lines) <= len(places):
			return [
				_Line(left + 1, height - bottom + 0.27 * (bottom - top), line, size)
				for (left, top, _right, bottom), line in zip(places, lines, strict=False)
			]
		size -= 0.5
	return None


def _seen_height(page: PrintedPage) -> float:
	x0, y0, x1, y1 = page.crop
	return x1 - x0 if page.rotation in (90, 270) else y1 - y0


def _drop_what_runs(pdf: pikepdf.Pdf) -> None:
	"""Take away what would draw or reckon the fields anew: XFA, scripts, the order of calculation."""
	form = pdf.Root.get("/AcroForm")
	if isinstance(form, Dictionary):
		for key in ("/XFA", "/CO", "/NeedAppearances"):
			if key in form:
				del form[key]
	for key in ("/AA", "/NeedsRendering"):
		if key in pdf.Root:
			del pdf.Root[key]
	started = pdf.Root.get("/OpenAction")
	if isinstance(started, Dictionary) and started.get("/S") == Name.JavaScript:
		del pdf.Root["/OpenAction"]
	names = pdf.Root.get("/Names")
	if isinstance(names, Dictionary) and "/JavaScript" in names:
		del names["/JavaScript"]
	for page in pdf.pages:
		if "/AA" in page.obj:
			del page.obj["/AA"]
