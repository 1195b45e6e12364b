"""Where on a document's own pages the signers' boxes go: at a text that stands there, or at coordinates.

Places are given as a reader sees the page: in points from its top left corner, whatever its rotation and crop box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import Refused, _, described
from . import sandbox

if TYPE_CHECKING:
	import pikepdf

BOX_WIDTH, BOX_HEIGHT = 200.0, 56.0
GAP = 2.0

REASONS: dict[str, str] = {
	"unreadable": _("The document could not be searched for the places of the signatures ({detail})."),
	"no_such_page": _("The document has no page {page}."),
	"outside_page": _("The place at {x} × {y} points lies outside page {page}."),
}


class PlaceRefused(Refused):
	"""A place that does not exist; `code` is one of the keys of REASONS."""

	reasons = REASONS


@dataclass(frozen=True)
class Place:
	"""A box on page `page` (from 1), `x` and `y` the points from the seen page's left and top to its corner."""

	page: int
	x: float
	y: float
	width: float = BOX_WIDTH
	height: float = BOX_HEIGHT


def find_anchors(
	data: bytes, texts: Sequence[str], *, seconds: float = 20, memory_bytes: int = 1 << 30
) -> dict[str, Place]:
	"""The first place of each of `texts` in a normalised PDF; texts that do not stand in it are left out.

	A box stands right above the text, which it does not cover, from its left end on. Case counts; white space is as
	PDFium extracts it. The search runs in a limited child process. Raises PlaceRefused unreadable.
	"""
	wanted = sorted({text for text in texts if text})
	if not wanted:
		return {}
	try:
		answer, _payload = sandbox.run(
			"anchors", {"texts": wanted}, data, seconds=seconds, memory_bytes=memory_bytes
		)
	except (sandbox.ChildTimedOut, sandbox.ChildFailed) as error:
		raise PlaceRefused("unreadable", detail=str(error)) from error
	if "failed" in answer:
		raise PlaceRefused("unreadable", detail=answer["failed"])
	return {
		text: Place(page=found["page"], x=found["x"], y=max(0.0, found["top"] - GAP - BOX_HEIGHT))
		for text, found in answer["found"].items()
	}


def search(data: bytes, texts: list[str]) -> dict[str, object]:
	"""Answer for `find_anchors`; runs in the child: {"found": {text: {"page", "x", "top"}}} or {"failed"}."""
	import pypdfium2

	found: dict[str, object] = {}
	try:
		pdf = pypdfium2.PdfDocument(data)
		for number, page in enumerate(pdf, 1):
			missing = [text for text in texts if text not in found]
			if not missing:
				break
			shown = page.get_textpage()
			crop, rotation = page.get_cropbox(), page.get_rotation()
			for text in missing:
				hit = shown.search(text, match_case=True).get_next()
				if hit is None:
					continue
				letters = [shown.get_charbox(hit[0] + number) for number in range(min(hit[1], 200))]
				corners = [
					as_seen(box[i], box[j], crop, rotation) for box in letters for i in (0, 2) for j in (1, 3)
				]
				found[text] = {
					"page": number,
					"x": min(x for x, _y in corners),
					"top": min(y for _x, y in corners),
				}
	except Exception as error:  # PDFium's own errors and ctypes' on odd files
		return {"failed": described(error)}
	return {"found": found}


def as_seen(x: float, y: float, crop: Sequence[float], rotation: int) -> tuple[float, float]:
	"""A point of a page's own space as its reader sees it, from the top left (ISO 32000-2, 7.7.3.3 and 8.3.2.3)."""
	x0, y0, x1, y1 = crop
	return {0: (x - x0, y1 - y), 90: (y - y0, x - x0), 180: (x1 - x, y - y0), 270: (y1 - y, x1 - x)}[
		rotation % 360
	]


def make_upright(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
	"""Turn the content of a rotated page itself, so that its own space is what a reader sees (/Rotate 0)."""
	from pikepdf import Array, Name

	rotation = int(page.obj.get("/Rotate", _inherited(page, "/Rotate", 0))) % 360
	boxes = {
		key: _corners(box)
		for key in ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox")
		if (box := page.obj.get(key, _inherited(page, key, None))) is not None
	}
	page.obj["/Rotate"] = 0
	if not rotation:
		return
	crop = boxes.get("/CropBox", boxes["/MediaBox"])
	height = (crop[2] - crop[0]) if rotation in (90, 270) else (crop[3] - crop[1])

	def turned(x: float, y: float) -> tuple[float, float]:
		seen = as_seen(x, y, crop, rotation)
		return seen[0], height - seen[1]

	def box_of(box: Sequence[float]) -> list[float]:
		(ax, ay), (bx, by) = turned(box[0], box[1]), turned(box[2], box[3])
		return [min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)]

	(e, f), (ax, ay), (bx, by) = turned(0, 0), turned(1, 0), turned(0, 1)
	matrix = [ax - e, ay - f, bx - e, by - f, e, f]
	before = "q {:g} {:g} {:g} {:g} {:.4f} {:.4f} cm\n".format(*matrix)
	page.contents_add(before.encode("ascii"), prepend=True)
	page.contents_add(b"\nQ")
	for key, box in boxes.items():
		page.obj[key] = Array([round(edge, 4) for edge in box_of(box)])
	for annotation in page.obj.get("/Annots", []):
		annotation["/Rect"] = Array([round(edge, 4) for edge in box_of(_corners(annotation["/Rect"]))])
		if "/QuadPoints" in annotation:
			points = [float(part) for part in annotation["/QuadPoints"]]
			moved = [turned(points[i], points[i + 1]) for i in range(0, len(points) - 1, 2)]
			annotation["/QuadPoints"] = Array([round(part, 4) for point in moved for part in point])
		appearances: Any = annotation.get("/AP", {})
		for key in list(appearances.keys()):
			if appearances[key].get("/Subtype") == Name.Form:
				appearances[key] = _turned_form(pdf, appearances[key], matrix)


def _inherited(page: pikepdf.Page, key: str, default: Any) -> Any:
	node: Any = page.obj
	for _level in range(60):
		if key in node:
			return node[key]
		if "/Parent" not in node:
			break
		node = node["/Parent"]
	return default


def _corners(box: Any) -> tuple[float, float, float, float]:
	x0, y0, x1, y1 = (float(edge) for edge in box)
	return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _turned_form(pdf: pikepdf.Pdf, form: pikepdf.Object, matrix: list[float]) -> pikepdf.Object:
	"""A copy of an appearance that is turned as its page was; where it goes its annotation's Rect says."""
	from pikepdf import Array

	before: Any = form.get("/Matrix", [1, 0, 0, 1, 0, 0])
	a, b, c, d = (float(part) for part in list(before)[:4])
	e, f, g, h = matrix[:4]
	turned = pdf.make_stream(form.read_raw_bytes())
	for key in form.keys():
		if key != "/Length":  # /Filter and /DecodeParms say how the raw bytes are to be read
			turned[key] = form[key]
	turned["/Matrix"] = Array([a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h, 0, 0])
	return turned
