"""The part of `read_word` that touches the foreign file. Runs in the limited child process only.

Its places to fill in are replaced by marks; mammoth then turns what is left into HTML, of which only known tags are
kept.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import asdict
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]

from ..errors import described
from ._places import MAIN, Refusal, fields_of, mark_places
from .word import MOST_PARTS, MOST_UNPACKED

STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
PARTS = re.compile(
	r"\[Content_Types\]\.xml|_rels/\.rels|word/(document|styles|numbering|footnotes|endnotes)\.xml"
	r"|word/_rels/(document|footnotes|endnotes)\.xml\.rels"
)
TAGS = {
	*"h1 h2 h3 h4 h5 h6 p strong em u s sup sub ul ol li table thead tbody tr td th br a".split(),
}
ATTRIBUTES = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "a": {"href"}}
SAFE_LINK = re.compile(r"(https?://|mailto:)[^\s]+", re.IGNORECASE)


def read(data: bytes) -> dict[str, Any]:
	"""Answer for `read_word`: {"fields", "marked", "places", "pictures"} or {"refused", "params"}."""
	try:
		return _read(data)
	except Refusal as refusal:
		return {"refused": refusal.code, "params": refusal.params}
	except (MemoryError, RecursionError) as error:
		return {"refused": "unreadable", "params": {"detail": type(error).__name__}}
	except Exception as error:  # any other failure of the parsers is the file's
		return {"refused": "unreadable", "params": {"detail": described(error)}}


def _read(data: bytes) -> dict[str, Any]:
	parts = _unpacked(data)
	if "word/document.xml" not in parts:
		raise Refusal("not_word")
	root = parts["word/document.xml"]
	pictures = sum(1 for _one in root.iter("{*}blip", "{*}imagedata"))
	marks = mark_places(root)
	fields = fields_of(marks)
	return {
		"fields": [asdict(field) for field in fields],
		"marked": _as_html(parts),
		"places": [(place.name, place.text) for place in marks.places],
		"pictures": pictures,
	}


def _unpacked(data: bytes) -> dict[str, Any]:
	"""The parts that are read, as trees without any entity; media and macros stay in the zip, unread."""
	try:
		package = zipfile.ZipFile(io.BytesIO(data))
		entries = package.infolist()
	except (zipfile.BadZipFile, OSError, ValueError) as error:
		raise Refusal("not_word") from error
	if len(entries) > MOST_PARTS:
		raise Refusal("unreadable", detail="too many parts")
	names = {entry.filename for entry in entries}
	if any(name.lower().endswith("vbaproject.bin") for name in names):
		raise Refusal("macros")
	parser = etree.XMLParser(
		resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
	)
	trees: dict[str, Any] = {}
	left = MOST_UNPACKED
	for entry in entries:
		if not PARTS.fullmatch(entry.filename):
			continue
		if entry.flag_bits & 1:
			raise Refusal("password")
		with package.open(entry) as stream:
			content = stream.read(left + 1)
		left -= len(content)
		if left < 0:
			raise Refusal("unreadable", detail="it unpacks to far too much")
		if entry.filename == "[Content_Types].xml" and b"macroEnabled" in content:
			raise Refusal("macros")
		tree = etree.fromstring(content.replace(STRICT, MAIN.encode()), parser=parser)
		if tree.getroottree().docinfo.doctype or tree.getroottree().docinfo.internalDTD is not None:
			raise Refusal("unreadable", detail="it declares entities")
		trees[entry.filename] = tree
	return trees


def _as_html(parts: dict[str, Any]) -> str:
	"""The marked document through mammoth, and of its HTML what agreements need."""
	import mammoth

	package = io.BytesIO()
	with zipfile.ZipFile(package, "w") as writer:
		for name, tree in parts.items():
			writer.writestr(name, etree.tostring(tree, encoding="UTF-8", xml_declaration=True))
	package.seek(0)
	made = mammoth.convert_to_html(
		package,
		convert_image=lambda image: [],
		include_embedded_style_map=False,
		style_map="u => u\nstrike => s",
	)
	return _clean(made.value)


def _clean(markup: str) -> str:
	"""Only TAGS with ATTRIBUTES; what else there is leaves its text."""
	if not markup.strip():
		return ""
	body = html.fragment_fromstring(markup, create_parent="div")
	for element in list(body.iter()):
		if element is body:
			continue
		if not isinstance(element.tag, str):
			element.drop_tree()
		elif element.tag not in TAGS:
			element.drop_tag()
		else:
			for name in list(element.attrib):
				if name not in ATTRIBUTES.get(element.tag, ()):
					del element.attrib[name]
			if "href" in element.attrib and not SAFE_LINK.fullmatch(element.attrib["href"].strip()):
				element.drop_tag()
	inner = str(html.tostring(body, encoding="unicode"))
	return inner.removeprefix("<div>").removesuffix("</div>")
