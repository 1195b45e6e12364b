"""A person's part in a signature request: erased where no ground keeps it, so that the chain still verifies."""

from typing import Any

import frappe

from signflow.services import evidence
from signflow.services.erasure import bytes_of_files
from signflow.services.privacy import data_map

SIGNER = "Signature Request Signer"


def signers(request: str) -> list[Any]:
	"""The signers' rows of a request, in the order in which they sign."""
	return frappe.get_all(SIGNER, {"request": request}, ["*"], order_by="idx_in_request asc, name asc")


def mask(erasing: Any, request: str) -> None:
	"""Erase the personal values behind her events, and what her signer's rows say of her, in the caller's transaction."""
	rows = signers(request)
	hers = [row for row in rows if _is_hers(erasing, row)]
	if not hers:
		return
	her_rows = {row.name for row in hers}
	payloads = dict(
		frappe.get_all(
			"Signature Event Payload",
			{"request": request},
			["event", "values_json"],
			order_by="name asc",
			as_list=True,
		)
	)
	events = [
		event.seq
		for event in frappe.get_all(
			"Signature Event", {"request": request}, ["name", "seq", "signer"], order_by="seq asc"
		)
		# Her values may stand in an event that is nobody's, such as that the request was sent.
		if event.signer in her_rows or erasing.words.stand_in(payloads.get(event.name) or "")
	]
	evidence.erase_payloads(request, events, reason="data subject request")
	if len(hers) == len(rows):
		_remove_documents(request)
	personal = data_map.load()[SIGNER].fields
	for row in hers:
		values = {name: None for name in personal if row.get(name) and name not in ("contact",)}
		values |= {"signer_name": erasing.neutral.name, "email": erasing.neutral.mail}
		frappe.db.set_value(SIGNER, row.name, values, update_modified=False)


def _remove_documents(request: str) -> None:
	"""The bytes of an agreement that nobody else has signed; their digests stay in the chain.

	Where others have signed, it is their agreement too, and an officer decides with them.
	"""
	revision, file = frappe.qb.DocType("Sealed Revision"), frappe.qb.DocType("File")
	query = (
		frappe.qb.from_(revision).select(revision.name, revision.file_url).where(revision.request == request)
	)
	revisions = query.orderby(revision.name).run()
	documents = frappe.get_all(
		"Signature Request Document", {"parent": request}, ["name", "file"], order_by="idx asc"
	)
	urls = {url for _name, url in revisions if url} | {row.file for row in documents if row.file}
	under = (file.attached_to_doctype == "Signature Request") & (file.attached_to_name == request)
	query = (
		frappe.qb.from_(file).select("*").where(file.file_url.isin(sorted(urls)) | under if urls else under)
	)
	rows = query.orderby(file.name).run(as_dict=True)
	bytes_of_files.remove(rows)
	if rows:
		frappe.db.delete("File", {"name": ["in", [row.name for row in rows]]})
	frappe.db.set_value("Sealed Revision", {"request": request}, "file_url", None, update_modified=False)
	frappe.db.set_value(
		"Signature Request Document", {"parent": request}, "file", None, update_modified=False
	)


def _is_hers(erasing: Any, row: Any) -> bool:
	mail = str(row.get("email") or "").lower()
	return mail in erasing.words.mails or (
		mail in erasing.told.get("all_mails", ()) and row.get("signer_name") in erasing.told["all_names"]
	)
