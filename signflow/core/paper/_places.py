"""Places to fill in, found in WordprocessingML itself (ISO/IEC 29500-1, 17.5.2 and 17.16) and replaced by marks.

Runs in the limited child process only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from ..pdf.fields import MOST_OPTIONS, FormField
from .kinds import clean_label, folded, guess_kind, is_starred, readable
from .word import MARK, MARK_END, MARK_START, MOST_FIELDS

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
W = f"{{{MAIN}}}"
# Content controls that hold other things than one value.
NO_VALUE = (
	"picture docPartObj docPartList group citation bibliography equation repeatingSection repeatingSectionItem"
).split()
PLACEHOLDERS = re.compile(
	r"\{\{\s*(?:doc\.)?(?P<braces>[^{}]{1,80}?)\s*\}\}|«(?P<guillemets>[^«»]{1,80})»|<<(?P<angles>[^<>]{1,80})>>"
	r"|\[(?P<brackets>[^\W\d_][^\[\]]{1,60})\]|(?P<line>_{3,}|\.{5,}|…{2,})|(?P<tick>[☐□❏❑◻]|\[ {0,3}\])"
)
PROMPT = re.compile(
	r"click|tap here|enter text|choose an item|napsauta|kirjoita teksti|valitse|klicka|ange text|valj ett"
)


@dataclass
class Place:
	"""A mark: which field it is, what stood there, and what is known of the field before its label is looked for."""

	name: str
	text: str
	label: str = ""
	kind: str = ""
	options: tuple[str, ...] = ()
	max_length: int = 0
	repeats: bool = False
	starred: bool = False


class Refusal(Exception):
	"""A refusal on its way to the parent: a code of `word.REASONS` and its parameters."""

	def __init__(self, code: str, **params: object):
		super().__init__(code)
		self.code = code
		self.params = params


def mark_places(root: Any) -> Marks:
	"""Replace every place to fill in of a document by its mark, and return the places."""
	marks = Marks()
	_settle_alternatives(root)
	_mark_controls(root, marks)
	_mark_word_fields(root, marks)
	for paragraph in root.iter(f"{W}p"):
		_mark_placeholders(paragraph, marks)
	_mark_empty_cells(root, marks)
	_find_labels(root, marks)
	return marks


class Marks:
	"""The places found so far; a mark's number is its index."""

	def __init__(self) -> None:
		self.places: list[Place] = []
		self.order: dict[int, int] = {}

	def add(self, place: Place) -> str:
		"""The mark that stands for `place`."""
		if len(self.places) >= 5 * MOST_FIELDS:
			raise Refusal("too_many_fields", limit=MOST_FIELDS)
		place.name, place.text = _printable(place.name)[:140], _printable(place.text)[:300]
		place.label = clean_label(place.label)
		self.places.append(place)
		return f"{MARK_START}{len(self.places) - 1}{MARK_END}"


def _settle_alternatives(root: Any) -> None:
	"""Leave of each alternative the one that mammoth reads, and no private characters in the text."""
	for alternative in list(root.iter(f"{{{COMPATIBILITY}}}AlternateContent")):
		if alternative.find(f"{{{COMPATIBILITY}}}Fallback") is not None:
			for choice in alternative.findall(f"{{{COMPATIBILITY}}}Choice"):
				alternative.remove(choice)
	for text in root.iter(f"{W}t"):
		if text.text and (MARK_START in text.text or MARK_END in text.text):
			text.text = text.text.replace(MARK_START, "").replace(MARK_END, "")


def _mark_controls(root: Any, marks: Marks) -> None:
	"""Content controls (17.5.2): each that holds one value becomes a mark, the others are unwrapped."""
	for control in list(root.iter(f"{W}sdt")):
		about, content = control.find(f"{W}sdtPr"), control.find(f"{W}sdtContent")
		if content is None or control.getparent() is None:
			continue
		place = _control(about, content) if about is not None else None
		if place is not None:
			_replace_content(content, marks.add(place))
		parent, at = control.getparent(), control.getparent().index(control)
		parent[at : at + 1] = list(content)


def _control(about: Any, content: Any) -> Place | None:
	local = {etree.QName(one).localname for one in about if isinstance(one.tag, str)}
	if local & set(NO_VALUE) or content.find(f".//{W}sdt") is not None:
		return None
	tag, alias = _value(about.find(f"{W}tag")), _value(about.find(f"{W}alias"))
	typed = {"date", "dropDownList", "comboBox", "checkbox", "text"} & local
	if not typed and not tag and not alias:
		return None
	text = "".join(content.itertext(f"{W}t"))
	place = Place(name=tag or alias, text=text, label=alias or readable(tag), repeats=bool(tag or alias))
	if "checkbox" in local:
		place.kind = "check"
	elif "date" in local:
		place.kind = "date"
	elif typed & {"dropDownList", "comboBox"}:
		listed = about.find(f"{W}dropDownList")
		listed = listed if listed is not None else about.find(f"{W}comboBox")
		texts = [
			one.get(f"{W}displayText") or one.get(f"{W}value") or "" for one in listed.iter(f"{W}listItem")
		]
		values = [one.get(f"{W}value") or "" for one in listed.iter(f"{W}listItem")]
		place.kind, place.options = "choice", _options(t for t, v in zip(texts, values, strict=True) if v)
	elif _value(about.find(f"{W}text"), "multiLine") in ("1", "true", "on"):
		place.kind = "long_text"
	return place


def _options(texts: Any) -> tuple[str, ...]:
	kept = dict.fromkeys(" ".join(_printable(text).split())[:200] for text in texts)
	return tuple(text for text in kept if text)[:MOST_OPTIONS]


def _replace_content(content: Any, mark: str) -> None:
	look = content.find(f".//{W}rPr")
	cell, paragraph = content.find(f"{W}tc"), content.find(f".//{W}p")
	run = _run(mark, look)
	if paragraph is None:
		content[:] = [run]
		return
	own = paragraph.find(f"{W}pPr")
	paragraph[:] = [*([own] if own is not None else []), run]
	if cell is not None:
		cell[:] = [*cell.findall(f"{W}tcPr"), paragraph]
		content[:] = [cell]
	else:
		content[:] = [paragraph]


def _run(text: str, look: Any = None) -> Any:
	run = etree.Element(f"{W}r")
	if look is not None:
		run.append(deepcopy(look))
	etree.SubElement(run, f"{W}t").text = text
	return run


def _mark_word_fields(root: Any, marks: Marks) -> None:
	"""Legacy form fields and merge fields (17.16): from their beginning to their end one mark."""
	for simple in list(root.iter(f"{W}fldSimple")):
		place = _merge_field(simple.get(f"{W}instr") or "", "".join(simple.itertext(f"{W}t")))
		if place is not None and simple.getparent() is not None:
			simple.getparent().replace(simple, _run(marks.add(place), simple.find(f".//{W}rPr")))
	open_fields: list[_Open] = []
	for run in list(root.iter(f"{W}r")):
		for part in list(run):
			kind = part.get(f"{W}fldCharType") if part.tag == f"{W}fldChar" else None
			if kind == "begin":
				open_fields.append(_Open(part.find(f"{W}ffData"), []))
				if len(open_fields) > 50:
					raise Refusal("unreadable", detail="nested too deep")
			if not open_fields:
				continue
			current = open_fields[-1]
			if run not in current.runs:
				current.runs.append(run)
			if part.tag == f"{W}instrText":
				current.instruction += part.text or ""
			elif kind == "separate":
				current.separated = True
			elif part.tag == f"{W}t" and current.separated:
				current.result += part.text or ""
			elif kind == "end":
				open_fields.pop()
				_end_field(current, marks)
				if open_fields:
					outer = open_fields[-1]
					outer.runs += [one for one in current.runs if one not in outer.runs]


class _Open:
	"""A field of Word whose end is not reached yet."""

	def __init__(self, legacy: Any, runs: list[Any]):
		self.legacy, self.runs = legacy, runs
		self.instruction = self.result = ""
		self.separated = False


def _end_field(field: _Open, marks: Marks) -> None:
	place = (
		_legacy_field(field.legacy, field.result)
		if field.legacy is not None
		else _merge_field(field.instruction, field.result)
	)
	if place is None or any(run.getparent() is None for run in field.runs):
		return
	looks = [look for run in field.runs if (look := run.find(f"{W}rPr")) is not None]
	first = field.runs[0]
	first.getparent().insert(
		first.getparent().index(first), _run(marks.add(place), looks[0] if looks else None)
	)
	for run in field.runs:
		run.getparent().remove(run)


def _legacy_field(about: Any, result: str) -> Place:
	name = _value(about.find(f"{W}name"))
	help_text = _value(about.find(f"{W}helpText")) or _value(about.find(f"{W}statusText"))
	place = Place(name=name, text=result, label=help_text)
	text, listed = about.find(f"{W}textInput"), about.find(f"{W}ddList")
	if about.find(f"{W}checkBox") is not None:
		place.kind = "check"
	elif listed is not None:
		place.kind = "choice"
		place.options = _options(_value(one) for one in listed.findall(f"{W}listEntry"))
	elif text is not None:
		place.kind = {"number": "number", "date": "date"}.get(_value(text.find(f"{W}type")), "")
		length = _value(text.find(f"{W}maxLength"))
		place.max_length = int(length) if re.fullmatch(r"\d{1,5}", length) else 0
	return place


def _merge_field(instruction: str, result: str) -> Place | None:
	found = re.match(r'\s*MERGEFIELD\s+(?:"([^"]+)"|(\S+))', instruction, re.IGNORECASE)
	if found is None:
		return None
	name = found[1] or found[2]
	return Place(name=name, text=result or f"«{name}»", label=readable(name), repeats=True)


def _mark_placeholders(paragraph: Any, marks: Marks) -> None:
	"""Placeholders in the text; Word may have split each over several runs."""
	texts = [one for one in paragraph.iter(f"{W}t") if one.text and _paragraph_of(one) is paragraph]
	joined = "".join(one.text for one in texts)
	for found in reversed(list(PLACEHOLDERS.finditer(joined))):
		place = _placeholder(found)
		if place is None:
			continue
		at, mark = 0, marks.add(place)
		for one in texts:
			start, end = at, at + len(one.text)
			at = end
			if end <= found.start() or start >= found.end():
				continue
			keep_before = one.text[: max(0, found.start() - start)]
			keep_after = one.text[max(0, found.end() - start) :] if end > found.end() else ""
			one.text = keep_before + mark + keep_after
			mark = ""


def _paragraph_of(text: Any) -> Any:
	node = text.getparent()
	while node is not None and node.tag != f"{W}p":
		node = node.getparent()
	return node


def _placeholder(found: re.Match[str]) -> Place | None:
	kind = found.lastgroup or ""
	if kind == "tick":
		return Place(name="", text=found[0], kind="check")
	if kind == "line":
		return Place(name="", text=found[0])
	name = " ".join(found[kind].split())
	if sum(character.isalpha() for character in name) < 2 or (kind == "braces" and re.search(r"[%|(]", name)):
		return None
	return Place(name=name, text=found[0], label=readable(name), repeats=True)


def _mark_empty_cells(root: Any, marks: Marks) -> None:
	"""In a table of one or two pairs of label and empty cell, the empty cells."""
	for row in root.iter(f"{W}tr"):
		cells = row.findall(f"{W}tc")
		if len(cells) not in (2, 4):
			continue
		for label, cell in zip(cells[::2], cells[1::2], strict=True):
			text = "".join(label.itertext(f"{W}t")).strip()
			empty = not "".join(cell.itertext(f"{W}t")).strip() and cell.find(f".//{W}drawing") is None
			if empty and text and len(text.split()) <= 6 and "\ue000" not in text:
				paragraph = cell.find(f"{W}p")
				if paragraph is not None and cell.find(f".//{W}tbl") is None:
					paragraph.append(
						_run(marks.add(Place(name="", text="", label=text, starred=is_starred(text))))
					)


def _find_labels(root: Any, marks: Marks) -> None:
	"""Label what has none by the words before it, in the cell to the left, or below; boxes by the words after."""
	paragraphs = [(one, "".join(_own_texts(one))) for one in root.iter(f"{W}p")]
	for index, (paragraph, text) in enumerate(paragraphs):
		pieces = MARK.split(text)
		for place_index in range(1, len(pieces), 2):
			number = int(pieces[place_index])
			place = marks.places[number]
			marks.order.setdefault(number, len(marks.order))
			before, after = pieces[place_index - 1].strip(), pieces[place_index + 1].strip()
			place.starred = place.starred or is_starred(before)
			if place.label and not (place.kind != "check" and _is_nameless(place.label)):
				continue
			words = ""
			if place.kind == "check":
				words = " ".join(after.split()[:20]) or before
			elif before:
				words = " ".join(re.split(r"(?<=[.!?])\s", before)[-1].split()[-6:])
			if len(clean_label(words)) < 2:
				words = _nearby(paragraph, paragraphs, index) or words
			place.label = clean_label(words) or place.label


def _is_nameless(label: str) -> bool:
	return bool(re.fullmatch(r"(text|teksti|check|valinta|dropdown|field|kentta)? ?\d*", folded(label)))


def _own_texts(paragraph: Any) -> Iterator[str]:
	for one in paragraph.iter(f"{W}t", f"{W}tab", f"{W}br"):
		if _paragraph_of(one) is paragraph:
			yield (one.text or "") if one.tag == f"{W}t" else " "


def _nearby(paragraph: Any, paragraphs: list[tuple[Any, str]], index: int) -> str:
	cell = paragraph.getparent()
	if cell is not None and cell.tag == f"{W}tc":
		left = cell.getprevious()
		while left is not None and left.tag != f"{W}tc":
			left = left.getprevious()
		if left is not None and (text := MARK.sub("", "".join(left.itertext(f"{W}t"))).strip()):
			return text
	for step in (-1, 1):
		if 0 <= index + step < len(paragraphs):
			text = paragraphs[index + step][1].strip()
			if (
				text
				and not MARK.search(text)
				and len(text.split()) <= 8
				and (step == 1 or text.endswith(":"))
			):
				return text
	return ""


def fields_of(marks: Marks) -> list[FormField]:
	"""One field for each place, or for all places of one name where the file repeats it; in the text's order."""
	fields: dict[str, FormField] = {}
	repeated: dict[tuple[str, str], str] = {}
	for number in marks.order:
		place = marks.places[number]
		if place.text and PROMPT.search(folded(place.label)):
			place.label = ""
		key = (folded(place.name), place.kind)
		if place.repeats and key in repeated:
			place.name = repeated[key]
			continue
		label = place.label or (readable(place.name) if place.name else "") or f"{len(fields) + 1}"
		name = place.name or label
		count, unique = 1, name
		while unique in fields:
			count += 1
			unique = f"{name} {count}"
		if place.repeats:
			repeated[key] = unique
		place.name = unique
		fields[unique] = FormField(
			name=unique,
			label=label,
			kind=place.kind or guess_kind(label) or guess_kind(readable(unique)) or "text",
			options=place.options,
			required=place.starred,
			max_length=place.max_length,
			source="text",
		)
	if len(fields) > MOST_FIELDS:
		raise Refusal("too_many_fields", limit=MOST_FIELDS)
	return list(fields.values())


def _value(element: Any, attribute: str = "val") -> str:
	return (element.get(f"{W}{attribute}") or "").strip() if element is not None else ""


def _printable(text: str) -> str:
	kept = "".join(one for one in text if one.isprintable() and one not in (MARK_START, MARK_END))
	return kept.replace("<", "‹").replace(">", "›")
