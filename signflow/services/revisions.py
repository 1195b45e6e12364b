"""The immutable states of documents: the one writer of Sealed Revision, and who sees their files."""

import hashlib
from typing import Any

import frappe
from frappe.utils import now_datetime

from signflow.services import evidence
from signflow.services.files import attach_copy, move_copies, store_sealed
from signflow.services.requests import lock_request
from signflow.services.transaction import one_transaction

REPORT = "report"
EVENTS = {"Signed": "sealed", "Closed": "closed", "Archived": "archived"}


def add_revision(
	request: Any,
	*,
	document: str,
	title: str,
	seq: int,
	kind: str,
	data: bytes,
	parent: str | None,
	key_name: str,
	signer: str | None = None,
	**more: Any,
) -> Any:
	"""Write one immutable revision; its name `{document}-{seq}` makes a second one on the same base impossible."""
	name = f"{request.name}-{document}-{seq}"
	revision = frappe.get_doc(
		{
			"doctype": "Sealed Revision",
			"name": name,
			"request": request.name,
			"document": document,
			"document_title": title,
			"seq": seq,
			"kind": kind,
			"signer": signer,
			"sha256": hashlib.sha256(data).hexdigest(),
			"parent_sha256": parent,
			"size": len(data),
			"sealing_key": key_name,
			"sealed_on": now_datetime(),
			"file_url": store_sealed(data, attached_to_doctype="Sealed Revision", attached_to_name=name),
			**more,
		}
	)
	revision.flags.signflow = True
	return revision.insert(ignore_permissions=True)


def record_revision(kind: str, revision: Any, *, signer: str | None = None) -> None:
	evidence.record(
		revision.request,
		kind,
		signer=signer,
		document=revision.document,
		public={
			"document": revision.document,
			"revision": revision.seq,
			"sha256": revision.sha256,
			"parent": revision.parent_sha256 or None,
		},
	)


def head_of(document: str, request: str, *, lock: bool = False) -> Any:
	"""The last revision of a document; with `lock` as it is now and stays until the transaction ends."""
	rows = frappe.db.get_values(
		"Sealed Revision",
		{"document": document, "request": request},
		["name", "document_title", "seq", "sha256", "file_url", "kind"],
		as_dict=True,
		order_by="seq desc",
		for_update=lock,
	)
	return rows[0]


@one_transaction
def append(
	name: str, document: str, head: Any, data: bytes, *, kind: str, signer: str | None = None, **more: Any
) -> None:
	"""Keep an increment that was made on `head`: the revision and its event appear together or not at all.

	Increments are made before, since nothing is to wait for a lock while a seal is made or a time-stamp is fetched.
	If another got there first, this one is dropped, and what is left to do is looked at anew.
	"""
	request = lock_request(name)
	if head_of(document, name, lock=True).name != head.name:
		return
	revision = add_revision(
		request,
		document=document,
		title=head.document_title,
		seq=head.seq + 1,
		kind=kind,
		data=data,
		parent=head.sha256,
		key_name=request.sealing_key,
		signer=signer,
		**more,
	)
	if document == REPORT:
		public = {"report": True, "sha256": revision.sha256, "parent": head.sha256}
		evidence.record(name, EVENTS[kind], public=public)
	else:
		record_revision(EVENTS[kind], revision, signer=signer)
	if request.status == "Completed":
		move_copies(head.file_url, revision.file_url)


def final_revisions(request: str) -> list[Any]:
	"""The last revision of each document, in the documents' order, and the report."""
	rows = frappe.get_all(
		"Sealed Revision",
		filters={"request": request},
		fields=[
			"name",
			"document",
			"document_title",
			"seq",
			"sha256",
			"file_url",
			"kind",
			"size",
			"level",
			"archive_due",
		],
		order_by="seq desc",
	)
	last: dict[str, Any] = {}
	for row in rows:
		last.setdefault(row.document, row)
	order = frappe.get_all(
		"Signature Request Document", filters={"parent": request}, pluck="name", order_by="idx asc"
	)
	return [last[name] for name in [*order, REPORT] if name in last]


def file_copies(request: Any) -> list[dict[str, str]]:
	"""Show the signed files and the report under the request and, unless confidential, its customer and record."""
	targets = [("Signature Request", request.name)]
	if not request.confidential:
		if request.customer:
			targets.append(("Customer", request.customer))
		if request.reference_doctype and (request.reference_doctype, request.reference_name) not in targets:
			targets.append((request.reference_doctype, request.reference_name))
	attachments = []
	for revision in final_revisions(request.name):
		file_name = f"{copy_name(request, revision)}.pdf"
		files = [
			attach_copy(revision.file_url, file_name, doctype=doctype, name=name) for doctype, name in targets
		]
		attachments.append({"fid": files[0]})
	return attachments


@one_transaction
def file_copies_later(
	name: str,
	customer: str | None = None,
	reference_doctype: str | None = None,
	reference_name: str | None = None,
) -> None:
	"""Hang a completed request under a customer and a record that were made only after it was signed.

	The copies are filed there as at completion, unless the request is confidential, and the hook
	`signflow_request_filed` is told. What is set already stays; a second call changes nothing. A transaction of its
	own: what the caller has pending is committed.
	"""
	request = lock_request(name)
	values = {}
	if customer and not request.customer:
		values["customer"] = customer
	if reference_doctype and reference_name and not request.reference_name:
		values.update(reference_doctype=reference_doctype, reference_name=reference_name)
	if values:
		request.db_set(values, update_modified=False)
	if request.status != "Completed":
		return
	file_copies(request)
	for method in frappe.get_hooks("signflow_request_filed"):
		frappe.get_attr(method)(request)


def copy_name(request: Any, revision: Any) -> str:
	"""A file name that people and every file system can read."""
	title = "".join(c if c.isalnum() or c in " -_.()" else "-" for c in revision.document_title or "")
	return f"{title.strip()[:80] or request.name} - {request.name}"
