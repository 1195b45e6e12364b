"""The bytes behind File rows: gone with the last row that names them, thumbnails and printed copies with them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import frappe

from signflow.services.files import sha256_of
from signflow.services.site_keys import keyed_hash

OF_AGREEMENTS = ("Signature Request", "Sealed Revision")
FOLDERS = ("private/files/", "public/files/")


def site() -> Path:
	"""The site's folder."""
	return Path(frappe.get_site_path())


def walk() -> Iterator[Path]:
	"""The files in the folders of uploads, named by a File row or not."""
	for folder in FOLDERS:
		for path in (site() / folder).rglob("*"):
			if path.is_file() and not path.is_symlink():
				yield path


def urls_of(path: str) -> tuple[str, str]:
	"""How File rows may name the file at a path ("private/files/a b.pdf"): as it is, and escaped."""
	bare = "/" + path.removeprefix("public/")
	return bare, quote(bare)


def title_of(path: str) -> str:
	"""What a file's name says: as it is, and without its ending, which is no part of an address or a name."""
	return f"{Path(path).name}\n\n{Path(path).stem}"


def unnamed(names: Iterable[Any]) -> dict[str, Any]:
	"""Files that no File row names, as rows by their paths; those that are gone, or have a row by now, are missing."""
	paths = [name for name in names if str(name).startswith(FOLDERS)]
	if not paths:
		return {}
	urls = [url for path in paths for url in urls_of(path)]
	named = set(frappe.get_all("File", {"file_url": ["in", urls]}, pluck="file_url", order_by="name asc"))
	return {
		path: frappe._dict(
			name=path,
			file_url=urls_of(path)[1],
			# What tells that a file was changed; a backup that is put back brings the same.
			modified=keyed_hash("erasure file", sha256_of(site() / path)),
			docstatus=0,
		)
		for path in paths
		if not named.intersection(urls_of(path)) and (site() / path).is_file()
	}


def _let_go_of(urls: Iterable[str]) -> None:
	"""Sealed revisions and documents of agreements name no bytes that are gone; their digests stay."""
	for doctype, column in (("Sealed Revision", "file_url"), ("Signature Request Document", "file")):
		# The columns have no index: a plain read locks no row that is not changed.
		names = frappe.get_all(doctype, {column: ["in", sorted(urls)]}, pluck="name", order_by="name asc")
		if names:
			frappe.db.set_value(doctype, {"name": ["in", names]}, column, None, update_modified=False)


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
	gone = urls - shared
	if gone and any(row.get("attached_to_doctype") in OF_AGREEMENTS for row in rows):
		_let_go_of(gone)
	for row in rows:
		if row.get("file_url") in gone:
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
