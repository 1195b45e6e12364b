"""The part of `find_fields` that touches the foreign file. Runs in the limited child process only."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

from ..errors import described
from ..paper.kinds import clean_label, folded, guess_kind, is_starred, readable
from ._intake import DEEPEST, _detail, _signed_fields
from ._layout import Box, PrintedPage, label_beside, read_page
from .fields import MOST_FIELDS, MOST_NAME, MOST_OPTIONS, FormField

# Field flags (ISO 32000-2, tables 227, 229, 231 and 233).
READ_ONLY, REQUIRED, MULTILINE, PUSH, COMBO, EDIT, FILE, MULTISELECT, COMB = (
	1 << bit - 1 for bit in (1, 2, 13, 17, 18, 19, 21, 22, 25)
)
HIDDEN = 1 << 1 | 1 << 5  # Hidden, NoView (table 167)
MOST_NODES = 10 * MOST_FIELDS
MOST_PAGES_READ = 100
LONG_TOOLTIP = 80
SHORTEST_DATE = 6
INHERITED = ("/FT", "/Ff", "/MaxLen", "/Opt", "/DA", "/Q", "/AA")
NAMES = ("name", "first_name", "last_name")
NAMELESS_STATE = re.compile(r"(choice|valinta|val|option|button|radio|yes|on|kylla|ja|x)?[ _]?\d*")


class Refusal(Exception):
	"""A refusal on its way to the parent: a code of `fields.REASONS` and its parameters."""

	def __init__(self, code: str, **params: object):
		super().__init__(code)
		self.code = code
		self.params = params


@dataclass
class Widget:
	"""Where a field is drawn: its annotation, its page (from 0) and its rectangle in the page's own space."""

	annotation: Any
	page: int
	rect: tuple[float, float, float, float]

	@property
	def state(self) -> str:
		"""The name of the state of a box that is ticked; "" if its appearance names none."""
		appearance = self.annotation.get("/AP")
		for key in ("/N", "/D"):
			states = appearance.get(key) if isinstance(appearance, Dictionary) else None
			if isinstance(states, Dictionary):
				for name in states.keys():
					if name != "/Off":
						return str(name)[1:]
		return ""


@dataclass
class Node:
	"""A terminal field with what it inherits (ISO 32000-2, 12.7.4)."""

	name: str
	entries: dict[str, Any]
	obj: Any
	tooltip: str = ""
	widgets: list[Widget] = field(default_factory=list)

	@property
	def type(self) -> str:
		return str(self.entries.get("/FT", ""))

	@property
	def flags(self) -> int:
		return _integer(self.entries.get("/Ff"))

	@property
	def max_length(self) -> int:
		return max(0, min(_integer(self.entries.get("/MaxLen")), 1_000_000)) if self.type == "/Tx" else 0

	@property
	def is_choice_of_boxes(self) -> bool:
		"""Radio buttons, or boxes of one name that stand for different things."""
		if self.type != "/Btn" or self.flags & PUSH:
			return False
		return len({widget.state for widget in self.widgets} - {""}) > 1


def answer(
	work: Callable[..., tuple[dict[str, Any], bytes]], *arguments: Any
) -> tuple[dict[str, Any], bytes]:
	"""What `work` answers, or {"refused", "params"} for whatever is wrong with the file."""
	try:
		return work(*arguments)
	except Refusal as refusal:
		return {"refused": refusal.code, "params": refusal.params}, b""
	except pikepdf.PasswordError:
		return {"refused": "password", "params": {}}, b""
	except MemoryError:
		return {"refused": "unreadable", "params": {"detail": "out of memory"}}, b""
	except Exception as error:  # any other failure of the parsers is the file's
		if "unsupported encryption filter" in str(error):
			return {"refused": "password", "params": {}}, b""
		return {"refused": "unreadable", "params": {"detail": _detail(error)}}, b""


def find(data: bytes) -> tuple[dict[str, Any], bytes]:
	"""Answer for `find_fields`: {"fields": [FormField as a dict]} or {"refused", "params"}."""
	return answer(_find, data)


def _find(data: bytes) -> tuple[dict[str, Any], bytes]:
	with opened(data) as pdf:
		printed = PrintedPages(data)
		nodes = [node for node in read_nodes(pdf) if _is_asked(node)]
		fields = _described(nodes, printed) if nodes else blanks_of(printed, len(pdf.pages))
	return {"fields": [asdict(one) for one in fields]}, b""


def opened(data: bytes) -> pikepdf.Pdf:
	"""The PDF, if its form can be read: not an XFA form that is drawn while it is read."""
	pdf = pikepdf.open(io.BytesIO(data))
	if not len(pdf.pages):
		raise Refusal("no_pages")
	form = pdf.Root.get("/AcroForm")
	# With AcroForm fields beside it (a static XFA form) the XFA only repeats them.
	if isinstance(form, Dictionary) and "/XFA" in form:
		if is_true(pdf.Root.get("/NeedsRendering")) or not _list(form.get("/Fields")):
			raise Refusal("xfa")
	return pdf


class PrintedPages:
	"""The printed pages of a file, read when they are asked for. A page that PDFium cannot read is empty."""

	def __init__(self, data: bytes):
		self._data = data
		self._document: Any = None
		self.page = lru_cache(maxsize=None)(self._read)

	def _read(self, number: int) -> PrintedPage:
		import pypdfium2

		if number < MOST_PAGES_READ:
			try:
				if self._document is None:
					self._document = pypdfium2.PdfDocument(self._data)
				return read_page(self._document, number)
			except Exception as error:  # PDFium's own errors and ctypes' on odd files
				described(error)
		return PrintedPage((0, 0, 612, 792), 0)


def read_nodes(pdf: pikepdf.Pdf) -> list[Node]:
	"""Every terminal field with a place on a page; loops, nameless and ever deeper ones are left out."""
	pages: dict[tuple[int, int], int] = {}
	loose: list[Any] = []
	for number, page in enumerate(pdf.pages):
		pages[page.obj.objgen] = number
		for annotation in _list(page.obj.get("/Annots")):
			if isinstance(annotation, Dictionary) and annotation.get("/Subtype") == Name.Widget:
				if annotation.is_indirect:
					pages.setdefault(annotation.objgen, number)
				loose.append(annotation)
				if len(loose) > MOST_NODES:
					raise Refusal("too_many_fields", limit=MOST_FIELDS)
	found: dict[str, Node] = {}
	seen: set[tuple[int, int]] = set()
	form = pdf.Root.get("/AcroForm")
	if isinstance(form, Dictionary):
		common = {key: form[key] for key in ("/DA", "/Q") if key in form}
		_walk(_list(form.get("/Fields")), common, pages, found, seen)
		# Some producers list a page's fields nowhere but there.
		_walk([one for one in loose if "/T" in one and "/Parent" not in one], common, pages, found, seen)
	if len(found) > MOST_FIELDS:
		raise Refusal("too_many_fields", limit=MOST_FIELDS)
	return [node for node in found.values() if node.widgets]


def _walk(
	top: Iterable[Any],
	common: dict[str, Any],
	pages: dict[tuple[int, int], int],
	found: dict[str, Node],
	seen: set[tuple[int, int]],
) -> None:
	waiting = [("", "", item, common, 0) for item in top]
	waiting.reverse()
	if len(waiting) > MOST_NODES:
		raise Refusal("too_many_fields", limit=MOST_FIELDS)
	while waiting:
		prefix, tooltip, item, inherited, depth = waiting.pop()
		if not isinstance(item, Dictionary) or depth > DEEPEST:
			continue
		if item.is_indirect:
			if item.objgen in seen:
				continue
			seen.add(item.objgen)
			if len(seen) > MOST_NODES:
				raise Refusal("too_many_fields", limit=MOST_FIELDS)
		part = _text(item.get("/T"))
		name = f"{prefix}.{part}" if prefix and part else prefix or part
		if len(name) > MOST_NAME:
			continue
		entries = {**inherited, **{key: item[key] for key in INHERITED if key in item}}
		tooltip = _text(item.get("/TU")) or ("" if part else tooltip)
		kids = [kid for kid in _list(item.get("/Kids")) if isinstance(kid, Dictionary)]
		if kids and any("/T" in kid for kid in kids):
			waiting.extend((name, "", kid, entries, depth + 1) for kid in reversed(kids))
			if len(waiting) > MOST_NODES:
				raise Refusal("too_many_fields", limit=MOST_FIELDS)
			continue
		if not name or "/FT" not in entries:
			continue
		node = found.setdefault(name, Node(name, entries, item, tooltip))
		if len(found) > MOST_FIELDS or len(kids) > MOST_NODES:
			raise Refusal("too_many_fields", limit=MOST_FIELDS)
		for one in kids or [item]:
			if one.is_indirect and one is not item:
				if one.objgen in seen:
					continue
				seen.add(one.objgen)
			widget = _widget(one, pages)
			if widget is not None:
				node.widgets.append(widget)


def _widget(one: Any, pages: dict[tuple[int, int], int]) -> Widget | None:
	page = pages.get(one.objgen) if one.is_indirect else None
	if page is None:
		parent = one.get("/P")
		page = pages.get(parent.objgen) if isinstance(parent, Dictionary) and parent.is_indirect else None
	try:
		x0, y0, x1, y1 = (float(edge) for edge in one["/Rect"])
	except (KeyError, TypeError, ValueError):
		return None
	if page is None:
		return None
	return Widget(one, page, (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))


def _is_asked(node: Node) -> bool:
	"""Whether a person is to fill the field in: not a push button, and neither locked nor hidden."""
	if node.type not in ("/Tx", "/Btn", "/Ch", "/Sig") or (node.type == "/Btn" and node.flags & PUSH):
		return False
	if node.flags & READ_ONLY and node.type != "/Sig":
		return False
	return any(
		not _integer(one.annotation.get("/F")) & HIDDEN
		and one.rect[2] - one.rect[0] > 1
		and one.rect[3] - one.rect[1] > 1
		for one in node.widgets
	)


def _described(nodes: list[Node], printed: PrintedPages) -> list[FormField]:
	boxes: dict[int, list[Box]] = {}
	for node in nodes:
		for widget in node.widgets:
			boxes.setdefault(widget.page, []).append(printed.page(widget.page).seen(widget.rect))
	placed = []
	for node in nodes:
		first = min(node.widgets, key=lambda one: (one.page, *printed.page(one.page).seen(one.rect)[1::-1]))
		page = printed.page(first.page)
		box = page.seen(first.rect)
		placed.append((first.page, box, _field(node, first, box, page, boxes[first.page], printed)))
	return [one for _page, _box, one in in_reading_order(placed)]


def in_reading_order(placed: list[tuple[int, Box, Any]]) -> list[tuple[int, Box, Any]]:
	"""By page, then by rows from the top, then from the left."""
	ordered: list[tuple[int, Box, Any]] = []
	row: list[tuple[int, Box, Any]] = []
	for one in sorted(placed, key=lambda item: (item[0], item[1][1])):
		if row and (one[0] != row[0][0] or one[1][1] > row[0][1][1] + 0.6 * (row[0][1][3] - row[0][1][1])):
			ordered += sorted(row, key=lambda item: item[1][0])
			row = []
		row.append(one)
	return ordered + sorted(row, key=lambda item: item[1][0])


def _field(
	node: Node, first: Widget, box: Box, page: PrintedPage, others: list[Box], printed: PrintedPages
) -> FormField:
	tick = node.type == "/Btn" and not node.is_choice_of_boxes
	tooltip = _worded(node)
	beside = "" if tooltip else label_beside(box, page.runs, others, tick=tick)
	label = clean_label(tooltip) or clean_label(beside) or readable(node.name)
	kind, date_format = _kind(node, label)
	options = [shown for shown, _export in options_of(node, printed)] if kind == "choice" else []
	return FormField(
		name=node.name,
		label=label or node.name[-140:],
		kind=kind,
		options=tuple(options),
		required=bool(node.flags & REQUIRED) or is_starred(tooltip or beside),
		max_length=node.max_length,
		page=first.page + 1,
		date_format=date_format,
	)


def _worded(node: Node) -> str:
	"""The tooltip as a label: its last sentence if it tells much; "" if it only repeats the field's name."""
	name = re.sub(r"\[\d+\]", "", node.name.rsplit(".", 1)[-1])
	if folded(node.tooltip) == folded(name) and " " not in node.tooltip.strip():
		return ""
	if len(node.tooltip) <= LONG_TOOLTIP:
		return node.tooltip
	last = re.split(r"(?<=[.:!?])\s+", node.tooltip.strip())[-1]
	return last if 3 <= len(last) <= LONG_TOOLTIP else node.tooltip


def _kind(node: Node, label: str) -> tuple[str, str]:
	if node.type == "/Sig":
		return "signature", ""
	if node.type == "/Ch" or node.is_choice_of_boxes:
		return "choice", ""
	if node.type == "/Btn":
		return "check", ""
	script = script_of(node)
	date = re.search(r"AFDate_\w+\(\s*[\"']([^\"']{1,40})[\"']", script)
	part_of_date = 0 < node.max_length < SHORTEST_DATE  # a day, a month or a year alone
	if (date or "AFDate_" in script) and not part_of_date:
		return "date", date[1] if date else ""
	if "AFTime_" in script:
		return "time", ""
	if "AFNumber_" in script or "AFPercent_" in script:
		return "number", ""
	if re.search(r"AFSpecial_\w+\(\s*2\s*\)", script):
		return "phone", ""
	guessed = guess_kind(label) or guess_kind(readable(node.name)) or "text"
	if node.flags & MULTILINE and guessed in ("text", "long_text", "number", "company", *NAMES):
		return "long_text", ""
	return "text" if guessed == "long_text" or (guessed == "date" and part_of_date) else guessed, ""


def script_of(node: Node) -> str:
	"""The scripts by which a viewer formats and checks what is typed; read as text, never run."""
	actions, found = node.entries.get("/AA"), []
	for key in ("/F", "/K", "/V"):
		action = actions.get(key) if isinstance(actions, Dictionary) else None
		script = action.get("/JS") if isinstance(action, Dictionary) else None
		if isinstance(script, pikepdf.Stream):
			if _integer(script.get("/Length")) <= 20_000:
				found.append(script.read_bytes()[:20_000].decode("latin-1"))
		elif script is not None:
			found.append(_text(script)[:20_000])
	return "\n".join(found)


def options_of(node: Node, printed: PrintedPages) -> list[tuple[str, str]]:
	"""What may be chosen: as it is shown, and as the file stores it; the shown ones are distinct."""
	if node.is_choice_of_boxes:
		return _distinct(_states(node, printed))
	options = []
	for option in _list(node.entries.get("/Opt"))[:MOST_OPTIONS]:
		if isinstance(option, Array):
			pair = [_text(part) for part in list(option)[:2]]
			if pair:
				options.append((pair[-1], pair[0]))
		else:
			options.append((_text(option), _text(option)))
	return _distinct([one for one in options if one[0].strip()])


def _states(node: Node, printed: PrintedPages) -> list[tuple[str, str]]:
	named = [_text(option) for option in _list(node.entries.get("/Opt"))]
	found: list[tuple[str, str]] = []
	for number, widget in enumerate(node.widgets[:MOST_OPTIONS]):
		state = widget.state
		if not state or any(export == state for _shown, export in found):
			continue
		shown = named[number] if number < len(named) else state
		if NAMELESS_STATE.fullmatch(folded(shown)):
			page = printed.page(widget.page)
			others = [page.seen(one.rect) for one in node.widgets if one.page == widget.page]
			beside = label_beside(page.seen(widget.rect), page.runs, others, tick=True)
			shown = clean_label(_text(widget.annotation.get("/TU"))) or clean_label(beside) or shown
		found.append((shown, state))
	return found


def _distinct(options: list[tuple[str, str]]) -> list[tuple[str, str]]:
	found: dict[str, str] = {}
	for shown, export in options:
		text = " ".join(shown.split())[:200].replace("<", "‹").replace(">", "›")
		found.setdefault(text if text not in found else f"{text} ({export})", export)
	return list(found.items())


def blanks_of(printed: PrintedPages, pages: int) -> list[FormField]:
	"""The blanks that are only printed, as fields named by page and number ("p1.3")."""
	fields: list[FormField] = []
	for page in range(min(pages, MOST_PAGES_READ)):
		for number, blank in enumerate(printed.page(page).blanks, 1):
			if len(fields) == MOST_FIELDS:
				raise Refusal("too_many_fields", limit=MOST_FIELDS)
			guessed = guess_kind(blank.label) or "text"
			long = len(blank.lines) > 1 and guessed in ("text", "long_text")
			kind = "check" if blank.tick else "long_text" if long else guessed
			fields.append(
				FormField(
					name=f"p{page + 1}.{number}",
					label=blank.label,
					kind="text" if kind == "long_text" and not long else kind,
					required=blank.starred,
					page=page + 1,
					source="text",
				)
			)
	return fields


def refuse_signed(pdf: pikepdf.Pdf) -> None:
	"""Raise if the file is signed: any change would break the signature."""
	if _signed_fields(pdf):
		raise Refusal("signed")


def is_true(value: Any) -> bool:
	"""Whether an entry of the file is the boolean true."""
	return value is True


def _list(value: Any) -> list[Any]:
	if not isinstance(value, Array):
		return []
	if len(value) > MOST_NODES:
		raise Refusal("too_many_fields", limit=MOST_FIELDS)
	return list(value)


def _text(value: Any) -> str:
	"""A string or a name of the file without NULs and lone surrogates; "" for anything else."""
	if isinstance(value, pikepdf.String):
		text = str(value)
	elif isinstance(value, Name):
		text = str(value)[1:]
	else:
		return ""
	return text.replace("\0", "").encode("utf-8", "replace").decode()


def _integer(value: Any) -> int:
	try:
		return int(value)
	except (TypeError, ValueError, OverflowError):
		return 0
