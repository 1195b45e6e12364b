"""The part of `normalise` that touches the foreign file. Runs in the limited child process only."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Stream

ACTIVE_ACTIONS = {
	"/JavaScript": "JavaScript",
	"/Launch": "an action that starts a program",
	"/ImportData": "an action that imports data",
	"/Rendition": "embedded media",
	"/Movie": "embedded media",
	"/Sound": "embedded sound",
	"/RichMediaExecute": "embedded media",
	"/GoTo3DView": "embedded media",
}
ACTIVE_ANNOTATIONS = {"/RichMedia", "/Movie", "/Screen", "/Sound", "/3D"}
HARMLESS_STARTS = {"/GoTo", "/Named"}
PROGRAM_ENDINGS = (
	".bat .cmd .com .cpl .dll .exe .hta .jar .js .jse .lnk .msi .msp .ps1 .scr .sh .vb .vbe .vbs .wsf"
).split()
DEEPEST = 60


class Refused(Exception):
	"""A refusal on its way to the parent: a code of `normalise.REASONS` and its parameters."""

	def __init__(self, code: str, **params: str):
		super().__init__(code)
		self.code = code
		self.params = params


def take_in(data: bytes, max_bytes: int) -> tuple[dict[str, Any], bytes]:
	"""Answer for `normalise`: {"pages", "foreign_signatures", "foreign_fields"} and the new bytes, or
	{"refused", "params"}.
	"""
	try:
		return _take_in(data, max_bytes)
	except Refused as refusal:
		return {"refused": refusal.code, "params": refusal.params}, b""
	except pikepdf.PasswordError:
		return {"refused": "password", "params": {}}, b""
	except Exception as error:  # any other failure of the parsers is the file's
		if "unsupported encryption filter" in str(error):  # encrypted for certain certificates
			return {"refused": "password", "params": {}}, b""
		return {"refused": "unreadable", "params": {"detail": _detail(error)}}, b""


def _detail(error: Exception) -> str:
	text = re.sub(r"(stream )?<_io\.BytesIO [^>]*>( \([^)]*\))?:? ?", "", " ".join(str(error).split()))
	return (text or type(error).__name__)[:160]


def _take_in(data: bytes, max_bytes: int) -> tuple[dict[str, Any], bytes]:
	with pikepdf.open(io.BytesIO(data)) as pdf:
		pages = len(pdf.pages)
		if pages == 0:
			raise Refused("no_pages")
		_refuse_xfa(pdf)
		signed = _signed_fields(pdf)
		if signed:
			_refuse_active(pdf)
			_refuse_locked(pdf, signed)
			if pdf.is_encrypted:
				raise Refused("password")
			_probe(data, pages)
			names = [_subject(field.get("/V")) for _, field in signed]
			fields = [name for name, _ in signed]
			return {"pages": pages, "foreign_signatures": names, "foreign_fields": fields}, b""
		_flatten(pdf)
		_drop_broken_metadata(pdf)
		for key in ("/Perms", "/NeedsRendering", "/DSS"):
			if key in pdf.Root:
				del pdf.Root[key]
		if "/Size" not in pdf.trailer:  # a recovered trailer may lack it, and qpdf then writes none
			pdf.trailer["/Size"] = len(pdf.objects) + 1
		new = io.BytesIO()
		pdf.save(new, deterministic_id=not pdf.is_encrypted, encryption=False)
		damaged = bool(pdf.get_warnings())
	result = new.getvalue()
	if len(result) > 2 * max_bytes:
		raise Refused("too_large", size=f"{len(result) / 2**20:.1f}", limit=f"{max_bytes / 2**20:g}")
	# Only now, since saving drops what nothing refers to any more.
	with pikepdf.open(io.BytesIO(result)) as pdf:
		_refuse_active(pdf)
	if damaged:
		_probe(result, pages)
	return {"pages": pages, "foreign_signatures": [], "foreign_fields": []}, result


def _form(pdf: pikepdf.Pdf) -> pikepdf.Object | None:
	form = pdf.Root.get("/AcroForm")
	return form if isinstance(form, Dictionary) else None


def _fields(pdf: pikepdf.Pdf) -> Iterator[tuple[str, pikepdf.Object]]:
	"""Every terminal or signature field with its full name (ISO 32000-2, 12.7.4.2)."""
	form = _form(pdf)
	top = form.get("/Fields") if form is not None else None
	if not isinstance(top, pikepdf.Array):
		return
	seen: set[tuple[int, int]] = set()
	waiting = [("", field, 0) for field in top]
	while waiting:
		prefix, field, depth = waiting.pop()
		if not isinstance(field, Dictionary) or depth > DEEPEST:
			continue
		if field.is_indirect:
			if field.objgen in seen:
				continue
			seen.add(field.objgen)
		part = str(field.get("/T", ""))
		name = f"{prefix}.{part}" if prefix and part else prefix or part
		yield name, field
		kids = field.get("/Kids")
		if isinstance(kids, pikepdf.Array):
			waiting.extend((name, kid, depth + 1) for kid in kids)


def _signed_fields(pdf: pikepdf.Pdf) -> list[tuple[str, pikepdf.Object]]:
	found = []
	for name, field in _fields(pdf):
		value = field.get("/V")
		if isinstance(value, Dictionary) and "/ByteRange" in value and "/Contents" in value:
			found.append((name, field))
	return sorted(found, key=lambda item: int(item[1]["/V"]["/ByteRange"][2]))


def _refuse_xfa(pdf: pikepdf.Pdf) -> None:
	form = _form(pdf)
	if form is not None and "/XFA" in form:
		raise Refused("xfa")


def _refuse_locked(pdf: pikepdf.Pdf, signed: list[tuple[str, pikepdf.Object]]) -> None:
	values = [field["/V"] for _, field in signed]
	numbers = [value.objgen for value in values if value.is_indirect]
	contents = [bytes(value["/Contents"]) for value in values]
	if len(set(numbers)) != len(numbers) or len(set(contents)) != len(contents):
		raise Refused("shared_signature_value")
	for (_, field), value in zip(signed, values, strict=True):
		for reference in value.get("/Reference", []):
			params = reference.get("/TransformParams", Dictionary())
			method = reference.get("/TransformMethod")
			if method == Name.DocMDP and int(params.get("/P", 2)) == 1:
				raise Refused("certified_no_changes")
			if method == Name.FieldMDP and params.get("/P") == 1:
				raise Refused("locked_document")
		lock = field.get("/Lock")
		if isinstance(lock, Dictionary) and lock.get("/P") == 1:
			raise Refused("locked_document")


def _subject(value: Any) -> str:
	"""The subject of the certificate that a signature names as its signer's; the /Name or "?" if it cannot be
	read.
	"""
	# Needed for few files, and slow to import for all.
	from asn1crypto import cms
	from cryptography.x509 import load_der_x509_certificate

	try:
		content = cms.ContentInfo.load(bytes(value["/Contents"]))["content"]
		signer = content["signer_infos"][0]["sid"].chosen
		for choice in content["certificates"]:
			certificate = choice.chosen
			by_number = "serial_number" in signer.native and signer["serial_number"].native
			if certificate.serial_number == by_number:
				return load_der_x509_certificate(certificate.dump()).subject.rfc4514_string()
	except Exception:  # foreign DER: the name is for show, the signature is judged by `validate`
		pass
	return str(value.get("/Name", "?"))


def _refuse_active(pdf: pikepdf.Pdf) -> None:
	for top in pdf.objects:
		waiting: list[tuple[pikepdf.Object, int]] = [(top, 0)]
		while waiting:
			item, depth = waiting.pop()
			if depth > DEEPEST:
				raise Refused("unreadable", detail="nested too deep")
			if isinstance(item, (Dictionary, Stream)):
				_refuse_active_dictionary(item)
				children = [child for _, child in item.items()]
			elif isinstance(item, pikepdf.Array):
				children = list(item)
			else:
				continue
			for child in children:
				if isinstance(child, (Dictionary, pikepdf.Array)) and not child.is_indirect:
					waiting.append((child, depth + 1))


def _refuse_active_dictionary(item: pikepdf.Object) -> None:
	action = item.get("/S")
	if (
		isinstance(action, Name)
		and str(action) in ACTIVE_ACTIONS
		and item.get("/Type", Name.Action) == Name.Action
	):
		raise Refused("active_content", detail=ACTIVE_ACTIONS[str(action)])
	for started in _automatic(item):
		kind = str(started.get("/S", "")) if isinstance(started, Dictionary) else "/GoTo"
		if kind in ACTIVE_ACTIONS:
			raise Refused("active_content", detail=ACTIVE_ACTIONS[kind])
		if kind not in HARMLESS_STARTS:
			raise Refused("active_content", detail="an action that starts by itself")
	if "/JS" in item:
		raise Refused("active_content", detail="JavaScript")
	if isinstance(item.get("/JavaScript"), Dictionary):
		raise Refused("active_content", detail="JavaScript")
	subtype = item.get("/Subtype")
	if isinstance(subtype, Name) and str(subtype) in ACTIVE_ANNOTATIONS and "/Rect" in item:
		raise Refused("active_content", detail="embedded media")
	if isinstance(item.get("/EF"), Dictionary):
		for key in ("/UF", "/F"):
			name = str(item.get(key, "")).lower().strip()
			if name.endswith(tuple(PROGRAM_ENDINGS)):
				raise Refused("active_content", detail=f"an attached program, {name[-60:]}")


def _drop_broken_metadata(pdf: pikepdf.Pdf) -> None:
	"""XMP that is no XML says nothing, and signing would stumble over it."""
	from lxml import etree  # type: ignore[import-untyped]

	metadata = pdf.Root.get("/Metadata")
	if metadata is None:
		return
	try:
		etree.fromstring(
			metadata.read_bytes(), parser=etree.XMLParser(resolve_entities=False, no_network=True)
		)
	except Exception:  # no stream, no filter, no XML: all the same here
		del pdf.Root["/Metadata"]


def _automatic(item: pikepdf.Object) -> list[pikepdf.Object]:
	"""Actions that a viewer runs unasked (ISO 32000-2, 12.6.3), whatever kind they are."""
	triggers = item.get("/AA")
	started = list(triggers.values()) if isinstance(triggers, Dictionary) else []
	return [*started, item["/OpenAction"]] if "/OpenAction" in item else started


def _flatten(pdf: pikepdf.Pdf) -> None:
	"""Draw every form field into its page and drop the form; other annotations stay as they are."""
	if "/AcroForm" not in pdf.Root:
		return
	kept: dict[int, list[pikepdf.Object]] = {}
	for number, page in enumerate(pdf.pages):
		annotations = page.obj.get("/Annots")
		if not isinstance(annotations, pikepdf.Array):
			continue
		widgets: list[pikepdf.Object] = []
		others: list[pikepdf.Object] = []
		for annotation in annotations:
			is_widget = isinstance(annotation, Dictionary) and annotation.get("/Subtype") == Name.Widget
			(widgets if is_widget else others).append(annotation)
		if widgets and others:
			page.obj["/Annots"] = pikepdf.Array(widgets)
			kept[number] = others
	if any(True for _ in _fields(pdf)):
		pdf.generate_appearance_streams()
	pdf.flatten_annotations("all")
	for number, page in enumerate(pdf.pages):
		left = page.obj.get("/Annots")
		rest = [
			item
			for item in (left if isinstance(left, pikepdf.Array) else [])
			if not (isinstance(item, Dictionary) and item.get("/Subtype") == Name.Widget)
		]
		rest += kept.get(number, [])
		if rest:
			page.obj["/Annots"] = pikepdf.Array(rest)
		elif "/Annots" in page.obj:
			del page.obj["/Annots"]
	if "/AcroForm" in pdf.Root:
		del pdf.Root["/AcroForm"]


def _probe(data: bytes, pages: int) -> None:
	"""Open a file the way `seal` will, so that what its parser cannot take is found here.

	What qpdf read without a warning and wrote anew needs no such look, which costs more than all the rest: every
	one of some 2,100 such files from other projects' tests could be read.
	"""
	from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
	from pyhanko.sign.fields import enumerate_sig_fields

	writer: Any = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
	if writer.prev.xrefs.hybrid_xrefs_present:
		raise Refused("unreadable", detail="hybrid cross-reference table")
	writer.find_page_for_modification(0)
	for number in {0, pages - 1}:
		writer.prev.find_page_container(number)
	list(writer.root.items())
	for _name, value, _field in enumerate_sig_fields(writer.prev, filled_status=True):
		value.get_object()
