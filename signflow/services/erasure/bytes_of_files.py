"""The bytes behind File rows: gone with the last row that names them, thumbnails and printed copies with them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import frappe


def remove(rows: Iterable[Any]) -> None:
	"""Remove the bytes of File rows that are about to go, unless another row names the same file.

	Before the rows: a worker killed in between leaves rows without bytes, which the next one deletes, and never bytes of
	which nobody knows any more.
	"""
	rows = [row for row in rows if not row.get("is_folder")]
	urls = {row.file_url for row in rows if row.get("file_url")}
	if not urls:
		return
	file, names = frappe.qb.DocType("File"), [row.name for row in rows]
	query = frappe.qb.from_(file).select(file.file_url).distinct()
	shared = {url for (url,) in query.where(file.file_url.isin(sorted(urls)) & file.name.notin(names)).run()}
	for row in rows:
		if row.get("file_url") and row.file_url not in shared:
			for url in {row.file_url, row.get("thumbnail_url")}:
				if path := path_of(url):
					path.unlink(missing_ok=True)


def path_of(url: str | None) -> Path | None:
	"""Where the bytes of a local file lie; None for what is not the site's."""
	bare = unquote((url or "").split("?", 1)[0])
	if not bare.startswith(("/files/", "/private/files/")):
		return None
	site = Path(frappe.get_site_path()).resolve()
	folder = site / ("private/files" if bare.startswith("/private/") else "public/files")
	path = (site / (bare.lstrip("/") if bare.startswith("/private/") else f"public{bare}")).resolve()
	return path if path.is_relative_to(folder) else None
