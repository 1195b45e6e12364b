"""The part of `fill` that touches the foreign file. Runs in the limited child process only."""

from __future__ import annotations

import io
import re
import unicodedata
from datetime import date
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from ..paper.kinds import readable
from ._appearance import MOST_PARAGRAPH, Ink, Line, check_characters, on_lines
from ._forms import (
	COMBO,
	EDIT,
	FILE,
	MULTISELECT,
	PUSH,
	Node,
	PrintedPages,
	Refusal,
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

ON, OFF = {"1", "true", "yes", "on", "x", "kyllä", "ja"}, {"", "0", "false", "no", "off", "ei", "nej"}
ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def fill(data: bytes, values: dict[str, str]) -> tuple[dict[str, Any], bytes]:
	"""Answer for `fields.fill`: {} and the filled PDF, or {"refused", "params"}."""
	return answer(_fill, data, values)


def _fill(data: bytes, values: dict[str, str]) -> tuple[dict[str, Any], bytes]:
	with opened(data) as pdf:
		refuse_signed(pdf)
		printed = PrintedPages(data)
		nodes = {node.name: node for node in read_nodes(pdf)}
		ink = Ink(pdf)
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


def _fill_node(node: Node, value: str, ink: Ink, printed: PrintedPages) -> None:
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


def _show_given(pdf: pikepdf.Pdf, node: Node, ink: Ink) -> None:
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


def _fill_button(node: Node, value: str, label: str, ink: Ink, printed: PrintedPages) -> None:
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
	known = dict(options)
	for one in chosen:
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


def _fill_blanks(
	pdf: pikepdf.Pdf, values: dict[str, str], ink: Ink, printed: PrintedPages, has_form: bool
) -> None:
	known = {} if has_form else {one.name: one for one in blanks_of(printed, len(pdf.pages))}
	drawn: dict[int, tuple[list[Line], list[Box]]] = {}
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
		check_characters(value, blank.label)
		found = on_lines(value, blank.lines, height)
		if found is None:
			raise Refusal("does_not_fit", label=blank.label)
		lines += found
	for number, (lines, ticks) in drawn.items():
		ink.write_on_page(number, printed.page(number), lines, ticks)


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
