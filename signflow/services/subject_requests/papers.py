"""Papers of a data request: a representative's mandate, a proof that was asked for. They lie on the request alone.

A stranger's bytes: taken only of a mailbox that is proven, for a request that is his and open; of few kinds, known by
their beginning and not by their name; kept privately under a random name; gone with the request.
"""

import io
import secrets
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import frappe
from frappe import _
from frappe.core.doctype.file.utils import get_content_hash
from frappe.utils import now_datetime
from PIL import Image

from signflow.services import notices
from signflow.services.erasure import bytes_of_files
from signflow.services.files import PAPER, write_once
from signflow.services.forms import refuse_dangerous
from signflow.services.guests import Refused, plain
from signflow.services.subject_requests import records
from signflow.services.subject_requests.records import REQUEST
from signflow.services.times import utc_time
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, kept
from signflow.signflow.uploads import bytes_of

MOST_BYTES = 10 * 2**20
MOST_PAPERS = 10
# What officers attach to a request in Desk is no paper of the person's.
_GIVEN = {"file_url": ["like", f"/private/files/{PAPER}%"]}
MAIL = "Communication"
# An ending that says something else than the bytes do is a mistake or an attack.
_BEGINNINGS = {
	"pdf": b"%PDF-",
	"png": b"\x89PNG\r\n\x1a\n",
	"jpg": b"\xff\xd8\xff",
	"jpeg": b"\xff\xd8\xff",
}
_PICTURES = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG"}


def checked(file_name: str, data: bytes, most: int = MOST_BYTES) -> tuple[str, str]:
	"""The name of a paper as it is shown, and its kind ("pdf", "png", "jpg"). Raises Refused for what is not taken."""
	name = plain(file_name).replace("\\", "/").rpartition("/")[2].strip(" .")
	stem, _dot, ending = name.rpartition(".")
	kind = ending.lower()
	if len(data) > most:
		raise Refused(
			"bad_file", _("The file is too large, {0} MB at most.").format(most // 2**20), 413, field="paper"
		)
	if kind not in _BEGINNINGS or not stem:
		raise Refused("bad_file", _("Choose a PDF, JPEG or PNG file."), 422, field="paper")
	refuse_dangerous(_("Paper"), name, data)
	if not data.startswith(_BEGINNINGS[kind]) or not _is_whole(kind, data):
		raise Refused("bad_file", _("This file is not what its name says."), 422, field="paper")
	kind = "jpg" if kind == "jpeg" else kind
	return f"{stem[:120]}.{kind}", kind


def _is_whole(kind: str, data: bytes) -> bool:
	if kind not in _PICTURES:
		return True
	try:
		with Image.open(io.BytesIO(data), formats=[_PICTURES[kind]]) as picture:
			picture.verify()
	except Exception:
		# Whatever the library makes of foreign bytes: it is no picture of this kind.
		return False
	return True


@one_transaction
def add(request: str, file_name: str, data: bytes, *, by_person: bool) -> str:
	"""Keep a paper on an open request, or on the one that it is answered under; the File's name.

	Whether the caller may add to the request is for him to know. Raises Refused for what is not taken.
	"""
	name, kind = checked(file_name, data)
	doc = _open(request)
	row = _add(doc, name, kind, data)
	records.step(doc, "Paper Added")
	if by_person:
		for user in notices.officers(REQUEST, doc.company):
			notices.notify(user, (REQUEST, doc.name), lambda: _("A paper was added to {0}.").format(doc.name))
	return row


@one_transaction
def add_mail(request: str, mail: str) -> dict[str, Any]:
	"""Keep what came with a mail on an open request: {"added": how many, "refused": ["name: why"]}.

	Whether the caller may read the mail and add to the request is for him to know. The mail belongs to the request from then
	on, unless it belongs to another record already.
	"""
	doc = _open(request)
	added, refused = 0, []
	there = {row.content_hash for row in _rows([doc.name], _GIVEN)}
	attached = {"attached_to_doctype": MAIL, "attached_to_name": mail}
	for name in frappe.get_all("File", attached, pluck="name", order_by="creation asc, name asc"):
		file = frappe.get_doc("File", name)
		data = bytes_of(file)
		if get_content_hash(data) in there:
			continue
		try:
			_add(doc, *checked(file.file_name, data), data)
			added += 1
		except Refused as reason:
			refused.append(f"{file.file_name}: {reason.text}")
	if not frappe.db.get_value(MAIL, mail, "reference_name"):
		frappe.db.set_value(MAIL, mail, {"reference_doctype": REQUEST, "reference_name": doc.name})
	records.step(doc, "Paper Added", kept(N_("From a mail: {0}"), mail))
	return {"added": added, "refused": refused}


def _open(request: str) -> Any:
	"""The locked request on which papers are kept: the one that it is answered under, where it is joined to one."""
	doc = records.for_change(request)
	if doc.joined_to:
		doc = records.for_change(doc.joined_to)
	if doc.status not in (*records.OPEN, "Unverified"):
		raise Refused("closed", _("This request was answered already."), 409)
	return doc


def _add(doc: Any, name: str, kind: str, data: bytes) -> str:
	if len(_rows([doc.name], _GIVEN)) >= MOST_PAPERS:
		raise Refused(
			"too_many", _("{0} papers at most. Send the others by mail or post.").format(MOST_PAPERS), 409
		)
	return _keep(doc.name, name, kind, data)


def _keep(request: str, name: str, kind: str, data: bytes) -> str:
	path = Path(frappe.get_site_path("private", "files", f"{PAPER}{secrets.token_hex(16)}.{kind}"))
	write_once(path, data, 0o640)
	file = frappe.new_doc("File")
	file.update(
		{
			"file_name": name,
			"file_url": f"/private/files/{path.name}",
			"file_size": len(data),
			"file_type": kind.upper(),
			"content_hash": get_content_hash(data),
			"is_private": 1,
			"folder": "Home/Attachments",
			"attached_to_doctype": REQUEST,
			"attached_to_name": request,
		}
	)
	# Not insert(): that would join equal bytes of others with these, and leave a comment that names the file. Nor is it
	# the visitor's: whoever owns a file may read and delete it.
	file.set_new_name(set_name=frappe.generate_hash(length=10))
	file.creation = file.modified = now_datetime()
	file.owner = file.modified_by = "Administrator"
	file.db_insert()
	return file.name


def of_request(request: str) -> list[dict[str, Any]]:
	"""What the person sees of his papers, first to last: {name, size, added_on}."""
	target = frappe.db.get_value(REQUEST, request, "joined_to") or request
	return [
		{"name": row.file_name, "size": row.file_size, "added_on": utc_time(row.creation).isoformat()}
		for row in _rows([target], _GIVEN)
	]


def erase(requests: Iterable[str]) -> None:
	"""Delete all papers of requests with their bytes and without a trace (in the caller's transaction)."""
	rows = _rows(list(requests))
	if rows:
		frappe.db.after_commit.add(partial(bytes_of_files.remove, rows))
		frappe.db.delete("File", {"name": ["in", [row.name for row in rows]]})


def _rows(requests: list[str], filters: dict[str, Any] | None = None) -> list[Any]:
	return frappe.get_all(
		"File",
		{"attached_to_doctype": REQUEST, "attached_to_name": ["in", requests or [""]], **(filters or {})},
		[
			"name",
			"file_name",
			"file_url",
			"file_size",
			"thumbnail_url",
			"is_folder",
			"creation",
			"content_hash",
		],
		order_by="creation asc, name asc",
	)
