"""What a signature shows in its box: the name as signed, lines on when and how, the drawn signature."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .drawing import GREY, INK, Sheet, clean, width_of, wrap

if TYPE_CHECKING:
	from PIL.Image import Image

LARGEST_DRAWING = 1 << 20
LARGEST_SIDE = 4000
# The part of the box that a drawn signature gets.
DRAWN_ABOVE, DRAWN_BESIDE = 0.5, 0.38
# In points: names under a drawing are no smaller where they can stand beside it, nor are words broken to be larger.
SMALLEST_NAME = 6.0


class BadDrawing(Exception):
	"""The drawn signature is not a PNG that can be shown: broken, empty, over 1 MiB or over 4000 pixels wide
	or high.
	"""


@dataclass(frozen=True)
class Stamp:
	"""The appearance of a signature; `drawn` is a PNG (transparent or white ground), at most 1 MiB and 4000 ×
	4000.
	"""

	name: str
	lines: tuple[str, ...]
	drawn: bytes | None = None


def draw_stamp(stamp: Stamp, width: float, height: float) -> bytes:
	"""A one-page PDF of `width` × `height` points with the stamp. Raises BadDrawing."""
	return lay_out(stamp, width, height).finish()


def lay_out(stamp: Stamp, width: float, height: float) -> Sheet:
	"""The stamp on a sheet of `width` × `height` points, its text shrunk until it fits. Raises BadDrawing."""
	sheet = Sheet(width, height)
	sheet.add_page()
	pad = min(9.0, width * 0.05, height * 0.12)
	gap = pad * 0.6
	left, top = pad, pad
	inner, room = width - 2 * pad, height - 2 * pad
	if stamp.drawn is None:
		name_size, small = _fitting_sizes(stamp, inner, room, 13.0)
	else:
		picture = _read_drawing(stamp.drawn)
		above = _fitting_sizes(stamp, inner, room * (1 - DRAWN_ABOVE) - gap, 9.0)
		beside = _fitting_sizes(stamp, inner * (1 - DRAWN_BESIDE) - gap, room, 9.0)
		if (
			above < (SMALLEST_NAME,) and beside > above
		):  # a low box: the text under the drawing would be too small
			name_size, small = beside
			wide, high = inner * DRAWN_BESIDE, room
			left += wide + gap
			inner -= wide + gap
		else:
			name_size, small = above
			wide, high = inner, room * DRAWN_ABOVE
			top += high + gap
			room -= high + gap
		scale = min(wide / picture.width, high / picture.height)
		shown = picture.height * scale
		sheet.image(picture, pad, pad + (high - shown) / 2, picture.width * scale, shown)
	names = wrap(stamp.name, inner, name_size, bold=True)
	lines = [line for text in stamp.lines for line in wrap(text, inner, small)]
	tall = len(names) * name_size * 1.25 + len(lines) * small * 1.4
	y = top + max(0.0, (room - tall) / 2) + name_size
	for line in names:
		sheet.put(left, y, line, name_size, bold=True, colour=INK)
		y += name_size * 1.25
	y += small * 1.4 - name_size
	for line in lines:
		sheet.put(left, y, line, small, colour=GREY)
		y += small * 1.4
	# The line that one signs on, where the empty box had it.
	sheet.rule(0, height - 0.4, width, weight=0.8, colour=INK)
	return sheet


def _fitting_sizes(stamp: Stamp, width: float, height: float, largest: float) -> tuple[float, float]:
	size = largest
	while True:
		small = min(7.5, size * 0.8)
		names = wrap(stamp.name, width, size, bold=True)
		lines = sum(len(wrap(text, width, small)) for text in stamp.lines)
		tall = len(names) * size * 1.25 + lines * small * 1.4
		widest = max(width_of(word, size, bold=True) for word in clean(stamp.name).split(" "))
		at_ease = len(names) <= 2 and widest <= width
		if (tall <= height and (at_ease or size <= SMALLEST_NAME)) or size <= 1:
			return size, small
		size *= 0.93


def _read_drawing(data: bytes) -> Image:
	if len(data) > LARGEST_DRAWING or not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
		raise BadDrawing("not a PNG of at most 1 MiB")
	width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
	if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
		raise BadDrawing(f"{width} × {height} pixels")
	from PIL import Image as images  # only few stamps are drawn by hand

	try:
		with images.open(io.BytesIO(data), formats=["PNG"]) as opened:
			picture = opened.convert("RGBA")
	except Exception as error:  # Pillow raises several kinds for broken files
		raise BadDrawing(str(error)) from error
	box = picture.getchannel("A").getbbox()
	if box is None:
		raise BadDrawing("nothing is drawn")
	cropped: Image = picture.crop(box)
	return cropped
