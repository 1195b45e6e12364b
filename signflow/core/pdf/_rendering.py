"""The child's side of `rendering`: WeasyPrint with a fetcher that reaches public files and nothing else."""

from __future__ import annotations

import base64
import io
import logging
import mimetypes
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from PIL import Image
from weasyprint import HTML

FONTS = Path(__file__).parent / "fonts"
MAX_PIXELS = 8_000_000


def render(data: bytes, *, base: str, public: dict[str, str]) -> bytes:
	"""The HTML `data` as PDF bytes."""
	logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
	folders = {name: os.path.realpath(folder) for name, folder in public.items()}

	def fetch(url: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
		# A print takes nothing from the network, and of this site only what everybody may read, from the disk: a print
		# must not wait for a web server, nor carry a private file or an address inside the house.
		if url.startswith("data:"):
			return _inline(url)
		if url.startswith("signflow:"):
			return _file(FONTS, url.removeprefix("signflow:"))
		path = unquote(url.removeprefix(base).partition("?")[0]) if url.startswith(f"{base}/") else ""
		folder, _slash, rest = path.lstrip("/").partition("/")
		if folder not in folders:
			raise ValueError(f"not used in a print: {url}")
		return _file(Path(folders[folder]), rest)

	html = HTML(string=data.decode(), base_url=f"{base}/", url_fetcher=fetch)
	pdf: bytes = html.write_pdf()
	return pdf


def _file(folder: Path, name: str) -> dict[str, Any]:
	path = Path(os.path.normpath(folder / name))
	if folder not in path.parents:
		raise ValueError(f"not used in a print: {name}")
	content = path.read_bytes()
	_check_size(content)
	return {"string": content, "mime_type": mimetypes.guess_type(path.name)[0] or "application/octet-stream"}


def _inline(url: str) -> dict[str, Any]:
	head, _comma, body = url.removeprefix("data:").partition(",")
	content = base64.b64decode(unquote(body)) if head.endswith(";base64") else unquote_to_bytes(body)
	_check_size(content)
	return {"string": content, "mime_type": head.partition(";")[0] or "text/plain"}


def _check_size(content: bytes) -> None:
	"""Raise ValueError for a picture that would fill the memory when it is unpacked; anything else passes."""
	try:
		with Image.open(io.BytesIO(content)) as picture:
			width, height = picture.size
	except OSError:
		return
	if width * height > MAX_PIXELS:
		raise ValueError("too many pixels")
