"""The evidence report: a PDF/A-3u that names the documents, signers, events and the chain's head.

Programs find the same as canonical JSON (RFC 8785) in the associated file `evidence-report.json`. It is rendered here
and certified by `seal.seal_report`. Long or odd texts are wrapped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..errors import _
from ..evidence.canonical import canonical_json
from . import pdfa
from .drawing import A4, GREY, INK, Colour, Sheet, clean, wrap

MARGIN = 64.0
WIDTH = A4[0] - 2 * MARGIN
BOTTOM = A4[1] - 84.0
DATA_FILE = "evidence-report.json"
HEADING = "Evidence report"
LABEL_WIDTH = 118.0

LABELS: tuple[str, ...] = (
	_("Reference"),
	_("Sealed by"),
	_("Seal"),
	_("This is a test seal: its certificate is self-signed and proves nothing to outsiders."),
	_("Documents"),
	_("Revision"),
	_("Signers"),
	_("Identified by"),
	_("Signed on"),
	_("Statement"),
	_("Events"),
	_("Head of the event chain (SHA-256)"),
	_("Evidence report"),
)


def render_report(
	model: Mapping[str, Any],
	labels: Mapping[str, str],
	*,
	language: str = "",
	now: datetime | None = None,
) -> bytes:
	"""Render the report (A4, PDF/A-3u) as PDF bytes, not yet sealed; equal arguments give equal bytes.

	`model`: {"title", "reference", "house", "seal", "test_seal": bool, "documents": [{"title", "revisions":
	[{"seq", "sha256", "what"}]}], "signers": [{"name", "identified_by", "signed_on", "statement"}], "events":
	[{"seq", "time", "kind", "who"}], "head": hex}; what is missing is left out. `labels` maps each of LABELS
	to its translation and falls back to the English. `language` (BCP 47) is that of the texts; `now` is aware, default
	the clock. Raises SignflowError not_canonical for what canonical JSON cannot hold (fractions, half characters), and
	nothing for odd texts.
	"""
	data = pdfa.Attached(DATA_FILE, canonical_json(model), description="What this report says, for programs")
	parts = (labels.get(HEADING) or HEADING, model.get("title"), model.get("reference"))
	title = " · ".join(_shown(part) for part in parts if part)
	return pdfa.archive(
		_Report(model, labels).render(), data, title=title, language=language, level="U", now=now
	)


class _Report:
	def __init__(self, model: Mapping[str, Any], labels: Mapping[str, str]):
		self.model = model
		self.labels = labels
		self.sheet = Sheet()
		self.y = 0.0

	def render(self) -> bytes:
		self._page()
		self._head()
		self._documents()
		self._signers()
		self._events()
		self._chain()
		self._footers()
		return self.sheet.finish()

	def _label(self, english: str) -> str:
		return self.labels.get(english) or english

	def _page(self) -> None:
		self.sheet.add_page()
		self.y = 92.0 if self.sheet.page_no() == 1 else 72.0

	def _room(self, height: float) -> None:
		if self.y + height > BOTTOM:
			self._page()

	def _text(
		self,
		text: object,
		size: float = 9.0,
		*,
		x: float = MARGIN,
		bold: bool = False,
		colour: Colour = INK,
		leading: float | None = None,
	) -> None:
		step = leading or size * 1.5
		for line in wrap(text, A4[0] - MARGIN - x, size, bold=bold):
			self._room(step)
			self.sheet.put(x, self.y, line, size, bold=bold, colour=colour)
			self.y += step

	def _row(self, label: str, text: object) -> None:
		if text in (None, ""):
			return
		labels = wrap(label, LABEL_WIDTH - 10, 8.5)
		lines = wrap(text, WIDTH - LABEL_WIDTH, 9)
		for number in range(max(len(labels), len(lines))):
			self._room(14)
			if number < len(labels):
				self.sheet.put(MARGIN, self.y, labels[number], 8.5, colour=GREY)
			if number < len(lines):
				self.sheet.put(MARGIN + LABEL_WIDTH, self.y, lines[number], 9)
			self.y += 14

	def _section(self, english: str) -> None:
		self.y += 22
		self._room(70)
		self.sheet.put(MARGIN, self.y, clean(self._label(english)), 12, bold=True)
		self.y += 9
		self.sheet.rule(MARGIN, self.y, WIDTH)
		self.y += 18

	def _head(self) -> None:
		model = self.model
		self.sheet.put(MARGIN, 66, clean(self._label(HEADING)), 9.5, colour=GREY)
		self._text(model.get("title", ""), 22, leading=28)
		self.y += 8
		for english, key in (("Reference", "reference"), ("Sealed by", "house"), ("Seal", "seal")):
			self._row(self._label(english), model.get(key))
		if model.get("test_seal"):
			self.y += 4
			self._text(self._label(LABELS[3]), 9, bold=True)

	def _documents(self) -> None:
		documents = _list(self.model, "documents")
		if not documents:
			return
		self._section("Documents")
		for document in documents:
			self._room(44)
			self._text(document.get("title", ""), 10, bold=True)
			for revision in _list(document, "revisions"):
				self._room(26)
				number, what = revision.get("seq", ""), revision.get("what", "")
				self._text(f"{self._label('Revision')} {number} · {what}", 8.5, colour=GREY, leading=12)
				self._text(revision.get("sha256", ""), 8.5, leading=15)
			self.y += 6

	def _signers(self) -> None:
		signers = _list(self.model, "signers")
		if not signers:
			return
		self._section("Signers")
		for signer in signers:
			self._room(60)
			self._text(signer.get("name", ""), 10, bold=True)
			for english in ("Identified by", "Signed on", "Statement"):
				self._row(self._label(english), signer.get(english.lower().replace(" ", "_")))
			self.y += 8

	def _events(self) -> None:
		events = _list(self.model, "events")
		if not events:
			return
		self._section("Events")
		columns = (
			("seq", 0.0, 28.0),
			("time", 30.0, 122.0),
			("kind", 156.0, 130.0),
			("who", 290.0, WIDTH - 290),
		)
		for event in events:
			cells = [wrap(_shown(event.get(key)), width, 8) for key, _x, width in columns]
			for number in range(max(map(len, cells))):
				self._room(12)
				for (key, x, _width), lines in zip(columns, cells, strict=True):
					if number < len(lines):
						colour = GREY if key in ("seq", "time") else INK
						self.sheet.put(MARGIN + x, self.y, lines[number], 8, colour=colour)
				self.y += 12
			self.y += 2

	def _chain(self) -> None:
		if not self.model.get("head"):
			return
		self.y += 20
		self._room(44)
		self._text(self._label("Head of the event chain (SHA-256)"), 8.5, colour=GREY)
		self._text(self.model["head"], 9)

	def _footers(self) -> None:
		sheet = self.sheet
		total = sheet.page_no()
		left = clean(
			" · ".join(filter(None, (_shown(self.model.get(key)) for key in ("house", "reference"))))
		)
		line = wrap(left, WIDTH - 60, 7.5, most=1)[0]
		for number in range(1, total + 1):
			sheet.page = number
			sheet.put(MARGIN, A4[1] - 48, line, 7.5, colour=GREY)
			sheet.put_right(A4[0] - MARGIN, A4[1] - 48, f"{number} / {total}", 7.5, colour=GREY)
		sheet.page = total


def _shown(value: object) -> str:
	return "" if value is None else str(value)


def _list(model: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
	return list(model.get(key) or ())
