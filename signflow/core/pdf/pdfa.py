"""PDF/A-3 (ISO 19005-3) for what we render ourselves: metadata, colours, and the data of the page as an associated file.

`srgb.icc` is LittleCMS' own sRGB profile, which its authors let anyone use. The evidence report and prints were judged
by veraPDF; see `tests/core/pdf/test_pdf_pdfa.py` for what was judged and by which version.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, Stream, String

from .drawing import clean

PROFILE = Path(__file__).parent / "srgb.icc"
PRODUCER = "Signflow"
DEEPEST = 60

# ISO 19005-3, 6.3.1 and 6.5.1: what a page may carry and a click may do.
ANNOTATIONS = (
	"/Text /Link /FreeText /Line /Square /Circle /Polygon /PolyLine /Highlight /Underline /Squiggly /StrikeOut "
	"/Stamp /Caret /Ink /Popup /FileAttachment /Widget /PrinterMark /TrapNet /Watermark /Redact"
).split()
ACTIONS = "/GoTo /GoToR /GoToE /Thread /URI /Named /SubmitForm".split()
NAMED = "/NextPage /PrevPage /FirstPage /LastPage".split()
BLENDS = (
	"/Normal /Compatible /Multiply /Screen /Overlay /Darken /Lighten /ColorDodge /ColorBurn /HardLight /SoftLight "
	"/Difference /Exclusion /Hue /Saturation /Color /Luminosity"
).split()
PRINT, INVISIBLE, HIDDEN, NO_VIEW, TOGGLE_NO_VIEW = 4, 1, 2, 32, 256


@dataclass(frozen=True)
class Attached:
	"""Data that goes along with the pages: the file's name in ASCII, its bytes, its media type, what it holds."""

	name: str
	data: bytes
	media_type: str = "application/json"
	description: str = ""


def archive(
	data: bytes,
	attached: Attached,
	*,
	title: str,
	language: str,
	level: str,
	now: datetime | None = None,
) -> bytes:
	"""`data` with what PDF/A-3 wants of a file (ISO 19005-3: 6.2.3 output intent, 6.6 metadata, 6.8 embedded files).

	`level` is the conformance that the metadata claims, "U" (every text has Unicode) or "B"; where `broken_clauses`
	finds anything in the pages, PDF/A is not claimed at all. `language` is a BCP 47 tag or "". `now` is aware, default
	the clock. The metadata of `data` is replaced. Raises pikepdf.PdfError if `data` is no PDF.
	"""
	now = (now or datetime.now(timezone.utc)).astimezone(timezone.utc).replace(microsecond=0)
	stamp = now.strftime("D:%Y%m%d%H%M%S+00'00'")
	title = clean(title)
	with pikepdf.open(io.BytesIO(data)) as pdf:
		root = pdf.Root
		for key in ("/Metadata", "/OutputIntents", "/AF", "/Lang"):
			if key in root:
				del root[key]
		pdf.trailer["/Info"] = pdf.make_indirect(
			Dictionary(
				Title=String(title),
				Producer=String(PRODUCER),
				CreationDate=String(stamp),
				ModDate=String(stamp),
			)
		)
		if language:
			root["/Lang"] = String(language)
		root["/ViewerPreferences"] = Dictionary(DisplayDocTitle=True)
		_mend(pdf)
		_describe(pdf, title, "" if _broken_clauses(pdf) else level, now)
		add_output_intent(pdf)
		file = AttachedFileSpec(
			pdf,
			attached.data,
			filename=attached.name,
			mime_type=attached.media_type,
			description=attached.description,
			creation_date=stamp,
			mod_date=stamp,
		)
		file.obj["/AFRelationship"] = Name.Data
		pdf.attachments[attached.name] = file
		root["/AF"] = Array([file.obj])
		new = io.BytesIO()
		pdf.save(
			new, deterministic_id=True, min_version="1.7", object_stream_mode=pikepdf.ObjectStreamMode.disable
		)
	return new.getvalue()


def add_output_intent(pdf: pikepdf.Pdf) -> None:
	"""Say that colours without a profile of their own are sRGB (ISO 19005-3, 6.2.3 and 6.2.4.3)."""
	profile = pdf.make_stream(PROFILE.read_bytes(), N=3)
	intent = Dictionary(
		Type=Name.OutputIntent,
		S=Name.GTS_PDFA1,
		OutputConditionIdentifier=String("sRGB IEC61966-2.1"),
		Info=String("sRGB IEC61966-2.1"),
		DestOutputProfile=profile,
	)
	pdf.Root["/OutputIntents"] = Array([pdf.make_indirect(intent)])


def keep_claim(pdf: pikepdf.Pdf) -> None:
	"""Let a document that says it is PDF/A say only what stays true when signature pages and stamps are added to it.

	Ours are not tagged (level A becomes U), use sRGB (an output intent is added to a document that has none) and
	transparency (so no PDF/A-1). With another output intent, or as PDF/A-4, the claim is taken back.
	"""
	metadata = pdf.Root.get("/Metadata")
	if metadata is None or b"pdfaid" not in metadata.read_bytes():
		return
	with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as described:
		if described.get("pdfaid:part") in ("2", "3") and _covers_rgb(pdf):
			if described.get("pdfaid:conformance") == "A":
				described["pdfaid:conformance"] = "U"
			return
		for key in ("pdfaid:part", "pdfaid:conformance", "pdfaid:rev", "pdfaid:amd", "pdfaid:corr"):
			if key in described:
				del described[key]


def _covers_rgb(pdf: pikepdf.Pdf) -> bool:
	intents: Any = pdf.Root.get("/OutputIntents")
	if intents is None:
		add_output_intent(pdf)
		return True
	profiles = [one.get("/DestOutputProfile", {}) for one in intents if one.get("/S") == Name.GTS_PDFA1]
	return any(profile.get("/N") == 3 for profile in profiles)


def _mend(pdf: pikepdf.Pdf) -> None:
	"""Put right what WeasyPrint writes though PDF/A forbids it, and what nobody sees (ISO 19005-3: 6.2.8.1, 6.3.2)."""
	for item in pdf.objects:
		for dictionary in _dictionaries(item):
			if dictionary.get("/Subtype") == Name.Image and "/Interpolate" in dictionary:
				del dictionary["/Interpolate"]
			if dictionary.get("/Subtype") == Name.Link and "/Rect" in dictionary:
				dictionary["/F"] = PRINT


def _describe(pdf: pikepdf.Pdf, title: str, level: str, now: datetime) -> None:
	with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
		if title:
			metadata["dc:title"] = title
		metadata["dc:format"] = "application/pdf"
		metadata["pdf:Producer"] = PRODUCER
		for key in ("xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate"):
			metadata[key] = now.isoformat()
		if level:
			metadata["pdfaid:part"] = "3"
			metadata["pdfaid:conformance"] = level


def broken_clauses(data: bytes) -> tuple[str, ...]:
	"""What in the pages of `data` breaks PDF/A-3b, each as "clause what" (ISO 19005-3); empty if nothing was found.

	Looks for what a renderer's input can bring in (fonts, pictures, colours, annotations, actions); what `archive` sees
	to itself and how well a font program is made are not looked at. A file that passes may still break a clause.
	"""
	with pikepdf.open(io.BytesIO(data)) as pdf:
		return tuple(sorted(_broken_clauses(pdf)))


def _broken_clauses(pdf: pikepdf.Pdf) -> set[str]:
	found: set[str] = set()
	if pdf.is_encrypted:
		found.add("6.1.3 encryption")
	if "/AA" in pdf.Root:
		found.add("6.5.2 an action that starts by itself")
	for item in pdf.objects:
		for dictionary in _dictionaries(item):
			found.update(_broken(dictionary))
			if dictionary.get("/Type") == Name.Page or dictionary.get("/Subtype") == Name.Form:
				found.update(_broken_content(dictionary))
	return found


def _dictionaries(top: pikepdf.Object) -> Iterator[Any]:
	"""The dictionaries and streams in an object, not those that it refers to."""
	waiting: list[tuple[Any, int]] = [(top, 0)]
	while waiting:
		item, depth = waiting.pop()
		if isinstance(item, (Dictionary, Stream)):
			yield item
			children = [child for _key, child in item.items()]
		elif isinstance(item, Array):
			children = list(item)
		else:
			continue
		if depth < DEEPEST:
			waiting += [(child, depth + 1) for child in children if not getattr(child, "is_indirect", False)]


def _names(value: Any) -> list[str]:
	"""The names in a name or an array: a filter, a colour space."""
	return [str(one) for one in (value if isinstance(value, Array) else [value]) if isinstance(one, Name)]


def _broken(item: Any) -> Iterator[str]:
	kind, subtype = str(item.get("/Type", "")), str(item.get("/Subtype", ""))
	if {"/LZWDecode", "/Crypt"} & set(_names(item.get("/Filter"))):
		yield "6.1.7.2 a filter that is not allowed"
	for key in ("/ColorSpace", "/CS", "/Alternate"):
		value = item.get(key)
		spaces = value.values() if isinstance(value, Dictionary) else [value]
		if any("/DeviceCMYK" in _names(space) for space in spaces):
			yield "6.2.4.3 colours for a press (DeviceCMYK)"
	if kind == "/Font" and subtype in ("/Type1", "/MMType1", "/TrueType", "/CIDFontType0", "/CIDFontType2"):
		descriptor = item.get("/FontDescriptor", {})
		if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
			yield f"6.2.11.4.1 the font {str(item.get('/BaseFont', '/?'))[1:]} is not embedded"
	if subtype == "/Image":
		if item.get("/Interpolate", False):
			yield "6.2.8.1 an interpolated picture"
		if "/JPXDecode" in _names(item.get("/Filter")):
			yield "6.2.8.3 a JPEG 2000 picture"
	if subtype == "/PS" or {"/Alternates", "/OPI", "/PS", "/Ref"} & set(item.keys()):
		yield "6.2.8, 6.2.9 a picture that stands for another"
	if {"/TR", "/HTP"} & set(item.keys()) or item.get("/TR2", Name.Default) != Name.Default:
		yield "6.2.5 a transfer function or halftone phase"
	if "/BM" in item and not set(_names(item["/BM"])) <= set(BLENDS):
		yield "6.2.10 an unknown blend mode"
	if "/Rect" in item and subtype:
		yield from _broken_annotation(item, subtype)
	if isinstance(action := item.get("/S"), Name) and (kind == "/Action" or "/N" in item or "/JS" in item):
		if str(action) not in ACTIONS or (action == Name.Named and str(item.get("/N", "")) not in NAMED):
			yield f"6.5.1 the action {str(action)[1:]}"
	if item.get("/NeedAppearances", False) or "/XFA" in item:
		yield "6.4 a form that is drawn by its reader"


def _broken_annotation(item: Any, subtype: str) -> Iterator[str]:
	if subtype not in ANNOTATIONS:
		yield f"6.3.1 an annotation of the kind {subtype[1:]}"
	flags = int(item.get("/F", 0))
	if subtype != "/Popup" and (flags & (PRINT | INVISIBLE | HIDDEN | NO_VIEW | TOGGLE_NO_VIEW)) != PRINT:
		yield "6.3.2 an annotation that is not printed or not shown"
	left, bottom, right, top = (float(edge) for edge in item["/Rect"])
	if (
		subtype not in ("/Popup", "/Link")
		and (left, bottom) != (right, top)
		and "/N" not in item.get("/AP", {})
	):
		yield "6.3.3 an annotation that is drawn by its reader"
	if subtype == "/Widget" and {"/A", "/AA"} & set(item.keys()):
		yield "6.4.1 a field with an action"


def _broken_content(page: Any) -> Iterator[str]:
	for instruction in pikepdf.parse_content_stream(page):
		if isinstance(instruction, pikepdf.ContentStreamInlineImage):
			names = {str(value) for value in instruction.iimage.obj.values() if isinstance(value, Name)}
			if names & {"/CMYK", "/DeviceCMYK"}:
				yield "6.2.4.3 colours for a press (DeviceCMYK)"
			if names & {"/LZW", "/LZWDecode"}:
				yield "6.1.10 a filter that is not allowed"
			continue
		operator = str(instruction.operator)
		if operator in ("k", "K") or (
			operator in ("cs", "CS") and "/DeviceCMYK" in map(str, instruction.operands)
		):
			yield "6.2.4.3 colours for a press (DeviceCMYK)"
