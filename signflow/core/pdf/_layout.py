"""What is printed on a page and where: the words beside a box, and blanks to write on. Runs in the child process only.

Boxes are (left, top, right, bottom) in points as a reader sees the page, from its top left corner.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..paper.kinds import clean_label
from .placement import as_seen

Box = tuple[float, float, float, float]

MOST_GLYPHS = 30_000  # a densely printed A4 has some 6,000
BLANK = re.compile(r"_(?: ?_){2,}|\.(?: ?\.){4,}|…(?: ?…)+|[☐□❏❑◻]|\[ \]|\( \)")
TICK_BOXES = "☐□❏❑◻[("
LEFT_REACH, RIGHT_REACH, ABOVE_REACH, BELOW_REACH = 220.0, 40.0, 18.0, 12.0


@dataclass
class Run:
	"""Words that stand together on one line, with each character's box."""

	text: str
	boxes: list[Box]

	@property
	def box(self) -> Box:
		return _around(self.boxes)


@dataclass
class Blank:
	"""A place to write on by hand: lines (one below the other) or a box to tick."""

	label: str
	lines: list[Box]
	tick: bool = False
	starred: bool = False


@dataclass
class PrintedPage:
	"""The runs of a page in reading order and its blanks; `crop` and `rotation` as in `as_seen`."""

	crop: tuple[float, float, float, float]
	rotation: int
	runs: list[Run] = field(default_factory=list)
	blanks: list[Blank] = field(default_factory=list)

	def seen(self, rect: Sequence[float]) -> Box:
		"""A rectangle of the page's own space as its reader sees it."""
		corners = [as_seen(rect[i], rect[j], self.crop, self.rotation) for i in (0, 2) for j in (1, 3)]
		xs, ys = [x for x, _y in corners], [y for _x, y in corners]
		return min(xs), min(ys), max(xs), max(ys)


def read_page(document: Any, number: int) -> PrintedPage:
	"""The page `number` (from 0) of a pypdfium2 document."""
	page = document[number]
	printed = PrintedPage(tuple(page.get_cropbox()), page.get_rotation())
	lines = _lines(_glyphs(page, printed))
	for line in lines:
		for run, _blank in line:
			if run is not None:
				printed.runs.append(run)
	printed.blanks = _blanks(lines, printed.runs)
	return printed


def _glyphs(page: Any, printed: PrintedPage) -> list[tuple[str, Box]]:
	import pypdfium2.raw as pdfium

	textpage = page.get_textpage()
	count = min(textpage.count_chars(), MOST_GLYPHS)
	rect = pdfium.FS_RECTF()
	glyphs: list[tuple[str, Box]] = []
	for index in range(count):
		code = pdfium.FPDFText_GetUnicode(textpage.raw, index)
		if code <= 32 or code in (0xA0, 0xAD, 0xFFFE, 0xFFFF) or 0xD800 <= code < 0xE000:
			continue
		if not pdfium.FPDFText_GetLooseCharBox(textpage.raw, index, ctypes.byref(rect)):
			continue
		box = printed.seen((rect.left, rect.bottom, rect.right, rect.top))
		if box[3] - box[1] > 0.5:
			glyphs.append((chr(code), box))
	return glyphs


def _lines(glyphs: list[tuple[str, Box]]) -> list[list[tuple[Run | None, tuple[str, Box] | None]]]:
	"""Lines from top to bottom; each has runs and blanks ("_", "." or "☐", and its box) from left to right."""
	rows: list[list[tuple[str, Box]]] = []
	middle = height = 0.0
	for glyph in sorted(glyphs, key=lambda one: one[1][1] + one[1][3]):
		box = glyph[1]
		centre, own = (box[1] + box[3]) / 2, box[3] - box[1]
		if rows and abs(centre - middle) <= 0.4 * min(own, height):
			rows[-1].append(glyph)
		else:
			rows.append([glyph])
			middle, height = centre, own
	return [_split(sorted(row, key=lambda one: one[1][0])) for row in rows]


def _split(row: list[tuple[str, Box]]) -> list[tuple[Run | None, tuple[str, Box] | None]]:
	parts: list[tuple[Run | None, tuple[str, Box] | None]] = []
	text, boxes = "", list[Box]()

	def end() -> None:
		nonlocal text, boxes
		place = 0
		for found in BLANK.finditer(text):
			_add_run(parts, text[place : found.start()], boxes[place : found.start()])
			mark = "." if found[0][0] == "…" else found[0][0]
			parts.append((None, (mark, _around(boxes[found.start() : found.end()]))))
			place = found.end()
		_add_run(parts, text[place:], boxes[place:])
		text, boxes = "", []

	for character, box in row:
		if boxes:
			before = boxes[-1]
			gap, size = box[0] - before[2], box[3] - box[1]
			if text[-1] == character and abs(box[0] - before[0]) < 0.4:
				continue  # printed twice to look bold
			if gap > 1.3 * size:
				end()
			elif gap > 0.18 * size and not (character == text[-1] and character in "_."):
				text += " "
				boxes.append((before[2], before[1], box[0], before[3]))
		text += character
		boxes.append(box)
	end()
	return parts


def _add_run(parts: list[tuple[Run | None, Any]], text: str, boxes: list[Box]) -> None:
	if text.strip():
		start = len(text) - len(text.lstrip())
		stop = len(text.rstrip())
		parts.append((Run(text[start:stop], boxes[start:stop]), None))


def _blanks(lines: list[list[tuple[Run | None, tuple[str, Box] | None]]], runs: list[Run]) -> list[Blank]:
	found: list[Blank] = []
	for line in lines:
		before: Run | None = None
		for place, (run, blank) in enumerate(line):
			if blank is None:
				before = run
				continue
			mark, box = blank
			if mark == "." and _is_page_number(line, place + 1):
				pass  # a line of a table of contents
			elif mark in TICK_BOXES:
				after = line[place + 1][0] if place + 1 < len(line) else None
				text = after.text if after else before.text if before else ""
				found.append(Blank(clean_label(text), [box], tick=True))
			elif before is None and (last := _continued(found, box, runs)) is not None:
				last.lines.append(box)
			else:
				near = before.text if before else label_beside(box, runs, [])
				found.append(Blank(clean_label(near), [box], starred=near.rstrip(" :").endswith("*")))
			before = None
	return [blank for blank in found if blank.label]


def _is_page_number(line: list[tuple[Run | None, tuple[str, Box] | None]], place: int) -> bool:
	after = line[place][0] if place < len(line) else None
	return (
		after is not None
		and re.fullmatch(r"([A-Z]{1,3}[-.])?\d{1,4}|[ivxlc]{1,7}", after.text.strip()) is not None
	)


def _continued(found: list[Blank], box: Box, runs: Iterable[Run]) -> Blank | None:
	"""The blank of which `box` is one more line: right above it, as far to the right, with no words between."""
	last = found[-1] if found else None
	if last is None or last.tick:
		return None
	above = last.lines[-1]
	height = box[3] - box[1]
	if not 0 < box[1] - above[1] < 3 * height or abs(box[2] - above[2]) > 40:
		return None
	for run in runs:
		middle = (run.box[1] + run.box[3]) / 2
		if above[3] < middle < box[3] + 1.5 * height and run.box[0] < box[2] and run.box[2] > box[0]:
			return None
	return last


def label_beside(box: Box, runs: Iterable[Run], others: Iterable[Box], *, tick: bool = False) -> str:
	"""The words that stand nearest to `box` where forms put them, or "".

	Left of it, above or in its upper edge, else below; of a box to tick, to the right first. Words on the other side of
	one of the boxes `others` belong to that one.
	"""
	left, top, right, bottom = box
	height = bottom - top
	best, text = 1e9, ""
	near = [one for one in others if one != box]
	for run in runs:
		x0, y0, x1, y1 = run.box
		if sum(character.isalpha() for character in run.text) < 2:
			continue
		level = min(y1, bottom) - max(y0, top) > 0.4 * min(y1 - y0, height)
		over = x0 < right - 1 and x1 > left + 1
		if level and x1 <= left + 4 and left - x1 <= LEFT_REACH:
			score = 0.25 * max(0.0, left - x1) + (15 if tick else 0)
			between = (x1 - 2, max(y0, top), left, min(y1, bottom))
		elif tick and level and x0 >= right - 2 and x0 - right <= RIGHT_REACH:
			score = 0.3 * (x0 - right)
			between = (right, max(y0, top), x0, min(y1, bottom))
		elif over and y1 <= top + 0.5 * (y1 - y0) and top - y1 <= ABOVE_REACH:
			score = 1.5 * max(0.0, top - y1) + 0.3 * abs(x0 - left) + (30 if tick else 3)
			between = (max(x0, left), y1, min(x1, right), top)
		elif over and not tick and y0 >= top - 3 and y1 <= bottom + 3 and x0 - left < 30:
			score = 6 + 0.3 * (y0 - top)
			between = (0, 0, 0, 0)
		elif over and not tick and y0 >= bottom - 3 and y0 - bottom <= BELOW_REACH:
			score = 25 + (y0 - bottom) + 0.3 * abs(x0 - left)
			between = (max(x0, left), bottom, min(x1, right), y0)
		else:
			continue
		if score < best and not any(_overlap(between, one) for one in near):
			best, text = score, run.text
	return text


def _overlap(a: Box, b: Box) -> bool:
	return min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1


def _around(boxes: Sequence[Box]) -> Box:
	return (
		min(box[0] for box in boxes),
		min(box[1] for box in boxes),
		max(box[2] for box in boxes),
		max(box[3] for box in boxes),
	)
