"""HTML as a PDF by WeasyPrint, in a limited child process.

What is printed may be a stranger's answers, and WeasyPrint's time grows with the square of a paragraph's lines: 2000
line breaks take it more than a minute. The child fetches nothing but public files of this machine that its caller names.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Refused, _
from . import sandbox

REASONS: dict[str, str] = {
	"too_much": _("The document is too long or too intricate to be printed. Make its texts shorter."),
	"not_printed": _("The document could not be printed. Look at its text for HTML that is out of order."),
}


class RenderingRefused(Refused):
	"""HTML that no PDF could be made of; `code` is one of the keys of REASONS."""

	reasons = REASONS


def render_html(
	html: str,
	*,
	base: str,
	public: Mapping[str, str],
	seconds: float = 20,
	memory_bytes: int = 2 << 30,
) -> bytes:
	"""`html` as PDF bytes; its relative addresses count from `base` ("https://site", without a slash at the end).

	`public` names the folders of this machine that it may take files from by the first part of their path below `base`:
	{"files": "/srv/site/public/files"}. `signflow:NotoSans-Regular.ttf` and `…-Bold.ttf` are the fonts of this package.
	Pictures in `data:` addresses are taken up to 8 million pixels. Raises RenderingRefused; nothing else.
	"""
	header = {"base": base, "public": dict(public)}
	try:
		_answer, pdf = sandbox.run(
			"html", header, html.encode("utf-8", "replace"), seconds=seconds, memory_bytes=memory_bytes
		)
	except sandbox.ChildTimedOut as error:
		raise RenderingRefused("too_much") from error
	except sandbox.ChildFailed as error:
		raise RenderingRefused("not_printed") from error
	return pdf
