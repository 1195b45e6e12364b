"""What a signature shows in its box: the name as signed, lines on when and how, the drawn signature."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .drawing import GREY, INK, Sheet, wrap

if TYPE_CHECKING:
	from PIL.Image import Image

LARGEST_DRAWING = 1 << 20
LARGEST_SIDE = 4000


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
	inner = width - 2 * pad
	room = height - 2 * pad
	top = pad
	if stamp.drawn is not None:
		picture = _read_drawing(stamp.drawn)
		share = room * 0.5
		scale = min(inner / picture.width, share / picture.height)
		sheet.image(picture, pad, top, picture.width * scale, picture.height * scale)
		top += share + pad * 0.3
		room -= share + pad * 0.3
	largest = 13.0 if stamp.drawn is None else 9.0
	name_size, small = _fitting_sizes(stamp, inner, room, largest)
	names = wrap(stamp.name, inner, name_size, bold=True)
	lines = [line for text in stamp.lines for line in wrap(text, inner, small)]
	tall = len(names) * name_size * 1.25 + len(lines) * small * 1.4
	y = top + max(0.0, (room - tall) / 2) + name_size
	for line in names:
		sheet.put(pad, y, line, name_size, bold=True, colour=INK)
		y += name_size * 1.25
	y += small * 1.4 - name_size
	for line in lines:
		sheet.put(pad, y, line, small, colour=GREY)
		y += small * 1.4
	return sheet


def _fitting_sizes(stamp: Stamp, width: float, height: float, largest: float) -> tuple[float, float]:
	size = largest
	while True:
		small = min(7.5, size * 0.8)
		names = wrap(stamp.name, width, size, bold=True)
		lines = sum(len(wrap(text, width, small)) for text in stamp.lines)
		tall = len(names) * size * 1.25 + lines * small * 1.4
		if (tall <= height and (len(names) <= 2 or size <= 8)) or size <= 1:
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
