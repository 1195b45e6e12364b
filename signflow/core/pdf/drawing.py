"""Drawing with one embedded font family (Noto Sans: Latin, Greek, Cyrillic), in points, the origin at the top
left.
"""

from __future__ import annotations

import logging
import unicodedata
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF

FONTS = Path(__file__).parent / "fonts"
A4 = (595.28, 841.89)
INK, GREY, RULE, TINT = (22, 26, 34), (105, 110, 118), (196, 200, 206), (248, 248, 246)
REPLACEMENT = "\ufffd"

logging.getLogger("fontTools").setLevel(logging.WARNING)
logging.getLogger("fpdf").setLevel(logging.ERROR)

Colour = tuple[int, int, int]


@lru_cache(maxsize=2)
def _advances(bold: bool) -> tuple[dict[int, int], int]:
	with TTFont(FONTS / f"NotoSans-{'Bold' if bold else 'Regular'}.ttf") as font:
		metrics = font["hmtx"].metrics
		return {code: metrics[name][0] for code, name in font.getBestCmap().items()}, font["head"].unitsPerEm


def clean(text: object, *, limit: int = 4000) -> str:
	"""`text` fit to be drawn on one line: NFC, white space single, no control or direction characters.

	A character that the font lacks becomes U+FFFD, drawn as a replacement sign; more than `limit` are cut
	with "…".
	"""
	known = _advances(False)[0]
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
	advances, units = _advances(bold)
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
		last = lines[most - 1]
		while last and width_of(last + "…", size, bold=bold) > width:
			last = last[:-1]
		lines = [*lines[: most - 1], last.rstrip() + "…"]
	return lines


class Sheet(FPDF):
	"""An fpdf2 document in points without margins or automatic page breaks."""

	def __init__(self, width: float = A4[0], height: float = A4[1]):
		super().__init__(unit="pt", format=(width, height))
		self.set_auto_page_break(False)
		self.set_margins(0, 0, 0)
		self.c_margin = 0
		self._font_page = 0
		self.add_font("Noto Sans", "", str(FONTS / "NotoSans-Regular.ttf"))
		self.add_font("Noto Sans", "B", str(FONTS / "NotoSans-Bold.ttf"))

	def put(
		self, x: float, y: float, text: str, size: float, *, bold: bool = False, colour: Colour = INK
	) -> None:
		"""Draw one cleaned line with its baseline at `y`."""
		if not text:
			return
		if self._font_page != self.page:
			self.font_family = (
				""  # set_font skips what it believes to be set, though another page is drawn on
			)
			self._font_page = self.page
		self.set_font("Noto Sans", "B" if bold else "", size)
		self.set_text_color(*colour)
		self.text(x, y, text)

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
		self.set_draw_color(*colour)
		self.set_line_width(weight)
		self.line(x, y, x + width, y)

	def finish(self) -> bytes:
		"""The finished PDF."""
		return bytes(self.output())
