"""Word files as people make them, written with python-docx and, where it cannot, with WordprocessingML itself."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import docx
from docx.oxml import parse_xml

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'


def saved(document) -> bytes:
	stream = io.BytesIO()
	document.save(stream)
	return stream.getvalue()


def with_paragraphs(*texts: str) -> bytes:
	document = docx.Document()
	for text in texts:
		document.add_paragraph(text)
	return saved(document)


def with_xml(*paragraphs: str) -> bytes:
	"""A document of paragraphs given as the XML of their contents."""
	document = docx.Document()
	for inner in paragraphs:
		document.element.body.insert(-1, parse_xml(f"<w:p {W} {W14}>{inner}</w:p>"))
	return saved(document)


def run(text: str) -> str:
	return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def control(about: str, shown: str = "Click or tap here to enter text.") -> str:
	return f"<w:sdt><w:sdtPr>{about}</w:sdtPr><w:sdtContent>{run(shown)}</w:sdtContent></w:sdt>"


def legacy(about: str, instruction: str, result: str = "     ") -> str:
	"""A form field of Word's old kind, in runs as Word writes them."""
	parts = [
		f'<w:fldChar w:fldCharType="begin"><w:ffData>{about}</w:ffData></w:fldChar>',
		f'<w:instrText xml:space="preserve"> {instruction} </w:instrText>',
		'<w:fldChar w:fldCharType="separate"/>',
		f'<w:t xml:space="preserve">{result}</w:t>',
		'<w:fldChar w:fldCharType="end"/>',
	]
	return "".join(f"<w:r>{part}</w:r>" for part in parts)


def merge_field(name: str) -> str:
	parts = [
		'<w:fldChar w:fldCharType="begin"/>',
		f'<w:instrText xml:space="preserve"> MERGEFIELD  {name}  \\* MERGEFORMAT </w:instrText>',
		'<w:fldChar w:fldCharType="separate"/>',
		f"<w:t>«{name}»</w:t>",
		'<w:fldChar w:fldCharType="end"/>',
	]
	return "".join(f"<w:r>{part}</w:r>" for part in parts)


def changed_parts(
	data: bytes, parts: Mapping[str, bytes | None], *, add: Mapping[str, bytes] | None = None
) -> bytes:
	"""The file with parts replaced, or left out where the new one is None."""
	stream = io.BytesIO()
	with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
		for name in old.namelist():
			content = parts.get(name, old.read(name))
			if content is not None:
				new.writestr(name, content)
		for name, content in (add or {}).items():
			new.writestr(name, content)
	return stream.getvalue()
