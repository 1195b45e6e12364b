"""Sealed files: random names, private, written once; and the guard that keeps other hands off them.

A person who may write any record could otherwise insert a File row that names a sealed file's address, read it, make
it public or delete the customer's copy.
"""

import base64
import contextlib
import hashlib
import os
import re
import secrets
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import frappe
from frappe import _

from signflow.signflow.uploads import bytes_of

PREFIX = "sealed-"
# Of what persons add to their data requests (subject_requests.papers).
PAPER = "paper-"
_SEALED = re.compile(rf"{PREFIX}[0-9a-f]{{32}}\.pdf", re.IGNORECASE)
_WRITTEN = re.compile(rf"{_SEALED.pattern}|{PAPER}[0-9a-f]{{32}}\.(pdf|png|jpg)", re.IGNORECASE)


class SealedFileLost(frappe.ValidationError):
	"""A sealed file is not on the disk any more, or is not what was sealed: for the operator to mend."""


def write_once(path: Path, data: bytes, mode: int = 0o600) -> None:
	"""Write a new file, which goes again if the caller's transaction is rolled back. Raises FileExistsError."""
	with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
		frappe.db.after_rollback.add(partial(path.unlink, missing_ok=True))
		stream.write(data)


def sha256_of(path: Path) -> str:
	"""The SHA-256 of a file, read in pieces."""
	with path.open("rb") as stream:
		return hashlib.file_digest(stream, "sha256").hexdigest()


def store_sealed(data: bytes, *, attached_to_doctype: str, attached_to_name: str) -> str:
	"""Write `data` as a new private file under a random name and return its address."""
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"{PREFIX}{secrets.token_hex(16)}.pdf",
			"is_private": 1,
			"attached_to_doctype": attached_to_doctype,
			"attached_to_name": attached_to_name,
			"content": data,
		}
	)
	file.flags.signflow = True
	file.flags.ignore_duplicate_entry_error = True
	file.insert(ignore_permissions=True)
	_forget_hash(file.name)
	return file.file_url


def attach_copy(file_url: str, file_name: str, *, doctype: str, name: str) -> str:
	"""Show a sealed file under another record, without a second copy of its bytes; returns the File's name."""
	existing = frappe.db.get_value(
		"File", {"file_url": file_url, "attached_to_doctype": doctype, "attached_to_name": name}
	)
	if existing:
		return existing
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": file_name,
			"file_url": file_url,
			"is_private": 1,
			"attached_to_doctype": doctype,
			"attached_to_name": name,
		}
	)
	# Not insert(): that would write the bytes a second time, under a name that can be guessed.
	file.set_folder_name()
	file.file_size = os.path.getsize(frappe.get_site_path("private", "files", os.path.basename(file_url)))
	file.set_new_name(set_name=frappe.generate_hash(length=10))
	file.db_insert()
	return file.name


def move_copies(before: str, after: str) -> None:
	"""Show a later revision of a finished document wherever the one before was shown."""
	size = os.path.getsize(frappe.get_site_path("private", "files", os.path.basename(after)))
	for name in frappe.get_all(
		"File",
		{"file_url": before, "attached_to_doctype": ["!=", "Sealed Revision"]},
		pluck="name",
		order_by="creation asc",
	):
		frappe.db.set_value("File", name, {"file_url": after, "file_size": size}, update_modified=False)


def _forget_hash(name: str) -> None:
	# Frappe joins uploads of equal bytes by this hash: somebody who uploads the signed PDF that they got by mail
	# must get a file of their own, not a share in ours.
	frappe.db.set_value("File", name, "content_hash", None, update_modified=False)


def read_sealed(file_url: str, sha256: str) -> bytes:
	"""The bytes of a sealed file. Raises SealedFileLost when they are gone or changed."""
	path = frappe.get_site_path("private", "files", os.path.basename(file_url))
	try:
		with open(path, "rb") as stream:
			data = stream.read()
	except FileNotFoundError:
		frappe.throw(
			_("The sealed file is missing from this server. Restore it from a backup."), SealedFileLost
		)
	if hashlib.sha256(data).hexdigest() != sha256:
		frappe.throw(
			_("The sealed file on this server was changed after it was sealed. It is not used."),
			SealedFileLost,
		)
	return data


def read_upload(file_url: str, *, attached_to: str | None = None) -> bytes:
	"""The bytes of an upload that the user may read, or that belongs to the Signature Request `attached_to`."""
	rows = frappe.get_all(
		"File",
		filters={"file_url": file_url},
		fields=["name", "attached_to_doctype", "attached_to_name"],
		order_by="creation desc",
	)
	own = [
		row
		for row in rows
		if attached_to
		and (row.attached_to_doctype, row.attached_to_name) == ("Signature Request", attached_to)
	]
	for row in own + rows:
		file = frappe.get_doc("File", row.name)
		if row in own or file.has_permission("read"):
			return bytes_of(file)
	frappe.throw(_("The file {0} is not there any more, or you may not read it.").format(file_url))


def guard_change(doc, method: str | None = None) -> None:
	"""Refuse that anybody but signflow makes or changes a File row that names a sealed file (File.before_validate).

	A sealed file is known by its random name, wherever in the address that stands and however it is written.
	"""
	if doc.flags.signflow or doc.is_folder:
		return
	before = doc.get_doc_before_save()
	texts = [doc.file_url, doc.file_name, before.file_url if before else ""]
	names = {name.lower() for name in _SEALED.findall(" ".join(_plain(text) for text in texts))}
	for name in names:
		if frappe.db.exists("Sealed Revision", {"file_url": f"/private/files/{name}"}):
			frappe.throw(
				_("This is a sealed file. It cannot be changed or attached elsewhere."),
				frappe.PermissionError,
			)
	if not doc.is_new() and _is_kept_upload(doc) and doc.has_value_changed("is_private"):
		frappe.throw(_("The request was sent: its files are kept."), frappe.PermissionError)


def guard_copy(doc, method: str | None = None) -> None:
	"""Refuse a File that took its bytes from a sealed file which its maker may not read (File.before_insert).

	For a new File with an address Frappe reads what lies there and asks nobody; any Attach field is enough. Whoever
	brings the bytes along has them already, and gets a file of his own.
	"""
	data = getattr(doc, "_content", None)
	if doc.flags.signflow or doc.is_folder or not data:
		return
	found = next(
		(
			(name, data)
			for data in _readings(data)
			if data.startswith(b"%PDF")
			and (name := frappe.db.get_value("Sealed Revision", {"sha256": hashlib.sha256(data).hexdigest()}))
		),
		None,
	)
	if not found or _brought_along(found[1]):
		return
	revision = found[0]
	if not _may_read(frappe.get_doc("Sealed Revision", revision)):
		frappe.throw(
			_("This is a sealed file. It cannot be changed or attached elsewhere."), frappe.PermissionError
		)


def _may_read(revision: Any) -> bool:
	"""Whether the user may read a revision, or a record under which its file is shown: so Frappe gives it to him anyway
	(Helpdesk copies the files of tickets that are merged)."""
	if revision.has_permission("read"):
		return True
	shown = frappe.get_all(
		"File",
		{"file_url": revision.file_url, "attached_to_doctype": ["not in", ("Sealed Revision", "")]},
		["attached_to_doctype", "attached_to_name"],
		order_by="creation asc",
	)
	return any(
		frappe.db.exists(row.attached_to_doctype, row.attached_to_name)
		and frappe.has_permission(row.attached_to_doctype, "read", doc=row.attached_to_name)
		for row in shown
	)


def _readings(content: bytes | str) -> list[bytes]:
	# What Frappe took for a text it decoded by the first of its encodings that fitted.
	if isinstance(content, bytes):
		return [content]
	readings = []
	for encoding in ("utf-8", "utf-8-sig", "cp1250", "cp1252"):
		with contextlib.suppress(UnicodeEncodeError):
			readings.append(content.encode(encoding))
	return readings


def _brought_along(data: bytes) -> bool:
	request = getattr(frappe.local, "request", None)
	if request is None:
		return False
	for upload in request.files.values():
		upload.stream.seek(0)
		if upload.stream.read() == data:
			return True
	given = (frappe.form_dict or {}).get("content") or (frappe.form_dict or {}).get("filedata")
	if not isinstance(given, str):
		return False
	try:
		return base64.b64decode(given.rpartition(",")[2]) == data
	except ValueError:
		return False


def _plain(address: str | None) -> str:
	# Percent signs may themselves be written with percent signs.
	text = address or ""
	for _round in range(5):
		text, before = unquote(text), text
		if text == before:
			break
	return text


def guard_delete(doc, method: str | None = None) -> None:
	"""Refuse to delete sealed files and the uploads of a request that was sent (File.on_trash)."""
	if doc.flags.signflow or doc.is_folder:
		return
	guard_change(doc)
	if _is_kept_upload(doc):
		frappe.throw(_("The request was sent: its files are kept."), frappe.PermissionError)


def _is_kept_upload(doc: Any) -> bool:
	if doc.attached_to_doctype != "Signature Request":
		return False
	status = frappe.db.get_value("Signature Request", doc.attached_to_name, "status")
	return bool(status) and status != "Draft"


def attach_upload(file_url: str, request: str) -> None:
	"""Let an upload that hangs under nothing yet belong to the request that sends it, and keep its bytes.

	Frappe deletes the bytes before any hook may refuse, but only of a File whose hash it knows.
	"""
	for row in frappe.get_all(
		"File",
		filters={"file_url": file_url},
		fields=["name", "attached_to_doctype"],
		order_by="creation asc",
	):
		values = {"content_hash": None}
		if not row.attached_to_doctype:
			values.update(attached_to_doctype="Signature Request", attached_to_name=request)
		frappe.db.set_value("File", row.name, values, update_modified=False)


def erase_files(request: str) -> None:
	"""Delete the files of a request that nobody signed, bytes included, once the caller's transaction is committed."""
	revisions = frappe.get_all(
		"Sealed Revision", filters={"request": request}, pluck="name", order_by="name asc"
	)
	for row in frappe.get_all(
		"File",
		filters=[
			["attached_to_doctype", "in", ("Signature Request", "Sealed Revision")],
			["attached_to_name", "in", [request, *revisions]],
		],
		fields=["name", "file_url"],
		order_by="creation asc",
	):
		file = frappe.get_doc("File", row.name)
		path = file.get_full_path()
		# Not by Frappe's deletion: that keeps what it deletes, and asks the guard that keeps sealed files.
		frappe.db.delete("File", {"name": row.name})
		if not frappe.db.exists("File", {"file_url": row.file_url}):
			frappe.db.after_commit.add(partial(_unlink, path))


def _unlink(path: str) -> None:
	with contextlib.suppress(FileNotFoundError):
		os.unlink(path)


def sweep_orphans(older_than_seconds: int = 3600) -> int:
	"""Delete sealed files and papers that no record names: a kill between writing and committing leaves one. Returns how many."""
	folder = frappe.get_site_path("private", "files")
	swept = 0
	for entry in os.scandir(folder):
		if not _WRITTEN.fullmatch(entry.name) or time.time() - entry.stat().st_mtime < older_than_seconds:
			continue
		named = {"file_url": f"/private/files/{entry.name}"}
		if not frappe.db.exists("File", named) and not frappe.db.exists("Sealed Revision", named):
			os.unlink(entry.path)
			swept += 1
	return swept
