"""A TrueType font as a PDF embeds it: advances, and the subset of the glyphs that are drawn, made in a millisecond.

Only what PDF needs of a CIDFontType2 (ISO 32000-2, 9.7.4.2): head, hhea, hmtx, maxp, loca, glyf. Font libraries do far
more and cost a worker's job half a second of imports. For fonts without hinting programs and with a format 4 cmap, as
the house's own are.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

# Flags of a composite glyph's component (OpenType 1.9, glyf).
WORDS, SCALE, MORE, SCALE_XY, SCALE_2X2 = 0x1, 0x8, 0x20, 0x40, 0x80


class Typeface:
	"""One font file. `units` per em, `advances` by code point in units, `box`, `ascent`, `descent`, `cap_height`."""

	def __init__(self, path: Path):
		self.name = path.stem
		data = path.read_bytes()
		count = struct.unpack(">H", data[4:6])[0]
		self._tables: dict[bytes, bytes] = {}
		for place in range(12, 12 + 16 * count, 16):
			tag, _sum, start, size = struct.unpack(">4sLLL", data[place : place + 16])
			self._tables[tag] = data[start : start + size]
		head, hhea = self._tables[b"head"], self._tables[b"hhea"]
		self.units: int = struct.unpack(">H", head[18:20])[0]
		self.box: tuple[int, ...] = struct.unpack(">4h", head[36:44])
		self.ascent, self.descent = struct.unpack(">hh", hhea[4:8])
		self.cap_height: int = struct.unpack(">h", self._tables[b"OS/2"][88:90])[0]
		glyphs = struct.unpack(">H", self._tables[b"maxp"][4:6])[0]
		measured = struct.unpack(">H", hhea[34:36])[0]
		self._metrics = list(struct.iter_unpack(">Hh", self._tables[b"hmtx"][: 4 * measured]))
		self._metrics += [(self._metrics[-1][0], 0)] * (glyphs - measured)
		long = struct.unpack(">h", head[50:52])[0]
		places = struct.unpack(f">{glyphs + 1}{'L' if long else 'H'}", self._tables[b"loca"])
		self._places = places if long else tuple(place * 2 for place in places)
		self.glyph_of = _character_map(self._tables[b"cmap"])
		self.advances: dict[int, int] = {
			code: self._metrics[glyph][0] for code, glyph in self.glyph_of.items()
		}

	def subset(self, text: Sequence[str]) -> bytes:
		"""A font with the glyph of `text[i]` as glyph i + 1; glyph 0 is .notdef."""
		order = [0, *(self.glyph_of.get(ord(character), 0) for character in text)]
		outlines: list[bytes] = []
		for glyph in order:  # grows by the parts of composite glyphs
			outlines.append(self._outline(glyph, order))
		offsets = [0]
		for outline in outlines:
			offsets.append(offsets[-1] + len(outline))
		count = len(order)
		head, hhea, maxp = (bytearray(self._tables[tag]) for tag in (b"head", b"hhea", b"maxp"))
		struct.pack_into(">L", head, 8, 0)
		struct.pack_into(">h", head, 50, 1)
		struct.pack_into(">H", hhea, 34, count)
		struct.pack_into(">H", maxp, 4, count)
		return _font_file(
			{
				b"glyf": b"".join(outlines),
				b"head": bytes(head),
				b"hhea": bytes(hhea),
				b"hmtx": b"".join(struct.pack(">Hh", *self._metrics[glyph]) for glyph in order),
				b"loca": struct.pack(f">{count + 1}L", *offsets),
				b"maxp": bytes(maxp),
			}
		)

	def _outline(self, glyph: int, order: list[int]) -> bytes:
		"""The outline, its parts (OpenType 1.9, glyf) added to `order` and named by their place there."""
		data = bytearray(self._tables[b"glyf"][self._places[glyph] : self._places[glyph + 1]])
		data += bytes(-len(data) % 4)
		if not data or struct.unpack_from(">h", data)[0] >= 0:
			return bytes(data)
		place, flags = 10, MORE
		while flags & MORE:
			flags, part = struct.unpack_from(">HH", data, place)
			struct.pack_into(">H", data, place + 2, len(order))
			order.append(part)
			place += 8 if flags & WORDS else 6
			place += 2 if flags & SCALE else 4 if flags & SCALE_XY else 8 if flags & SCALE_2X2 else 0
		return bytes(data)


def _character_map(cmap: bytes) -> dict[int, int]:
	"""Code point to glyph from the format 4 subtable for Windows, Unicode BMP."""
	for place in range(4, 4 + 8 * struct.unpack(">H", cmap[2:4])[0], 8):
		platform, encoding, start = struct.unpack(">HHL", cmap[place : place + 8])
		if (platform, encoding) == (3, 1) and cmap[start : start + 2] == b"\0\4":
			break
	else:
		raise ValueError("the font has no Unicode cmap of format 4")
	size, _language, twice = struct.unpack(">HHH", cmap[start + 2 : start + 8])
	count = twice // 2
	words = struct.unpack(f">{size // 2}H", cmap[start : start + size // 2 * 2])
	ends, starts = words[7 : 7 + count], words[8 + count : 8 + 2 * count]
	deltas = words[8 + 2 * count : 8 + 3 * count]
	ranges = 8 + 3 * count
	found = {}
	for segment in range(count):
		offset = words[ranges + segment]
		for code in range(starts[segment], min(ends[segment], 0xFFFE) + 1):
			glyph = code
			if offset:
				glyph = words[ranges + segment + offset // 2 + code - starts[segment]]
				if not glyph:
					continue
			glyph = (glyph + deltas[segment]) & 0xFFFF
			if glyph:
				found[code] = glyph
	return found


def _font_file(tables: dict[bytes, bytes]) -> bytes:
	"""The table directory and the tables (OpenType 1.9, otff); the checksum adjustment in head as demanded."""
	count = len(tables)
	power = count.bit_length() - 1
	directory = struct.pack(">LHHHH", 0x10000, count, 16 << power, power, 16 * count - (16 << power))
	body = bytearray()
	first = 12 + 16 * count
	for tag, table in sorted(tables.items()):
		directory += struct.pack(">4sLLL", tag, _checksum(table), first + len(body), len(table))
		if tag == b"head":
			head = first + len(body)
		body += table + bytes(-len(table) % 4)
	font = bytearray(directory + body)
	struct.pack_into(">L", font, head + 8, (0xB1B0AFBA - _checksum(font)) & 0xFFFFFFFF)
	return bytes(font)


def _checksum(data: bytes | bytearray) -> int:
	padded = bytes(data) + bytes(-len(data) % 4)
	words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}L", padded)
	return sum(words) & 0xFFFFFFFF
