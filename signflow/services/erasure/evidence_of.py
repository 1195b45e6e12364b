"""A person's part in a signature request: erased where no ground keeps it, so that the chain still verifies."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import frappe

from signflow.core.erasure.masking import DOMAIN, Words
from signflow.core.privacy.persons import Record, Subject
from signflow.services import evidence
from signflow.services.privacy import data_map
from signflow.services.privacy.matching import chunks
from signflow.services.privacy.person_records import pointing
from signflow.services.requests import all_signers_of

EVIDENCE = "Signature Request"
SIGNER = "Signature Request Signer"
# Rows that belong to a signature request: what becomes of it becomes of them.
PARTS = (SIGNER, "Signature Event", "Signature Event Payload", "Sealed Revision")


def mask(erasing: Any, request: str) -> None:
	"""Erase the personal values behind her events, and what her signer's rows say of her, in the caller's transaction."""
	rows = all_signers_of(request)
	hers = [row for row in rows if _is_hers(erasing.words, erasing.told, row)]
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
	personal = data_map.load()[SIGNER].fields
	for row in hers:
		values = {name: None for name in personal if row.get(name) and name not in ("contact",)}
		values |= {"signer_name": erasing.neutral.name, "email": erasing.neutral.mail}
		frappe.db.set_value(SIGNER, row.name, values, update_modified=False)


def files_of(requests: Iterable[str]) -> list[Any]:
	"""The File rows of agreements, with `request`, and `is_copy` for whatever shows a sealed document elsewhere."""
	requests = sorted(requests)
	if not requests:
		return []
	within = {"request": ["in", requests]}
	revisions = frappe.get_all(
		"Sealed Revision", within, ["name", "request", "file_url"], order_by="name asc"
	)
	owners = {(EVIDENCE, name): name for name in requests}
	owners |= {("Sealed Revision", row.name): row.request for row in revisions}
	urls = {row.file_url: row.request for row in revisions if row.file_url}
	file = frappe.qb.DocType("File")
	condition = pointing(file.attached_to_doctype, file.attached_to_name, owners)
	if urls:
		condition |= file.file_url.isin(sorted(urls))
	rows = frappe.qb.from_(file).select("*").where(condition).orderby(file.name).run(as_dict=True)
	for row in rows:
		owner = owners.get((row.attached_to_doctype, row.attached_to_name))
		row.is_copy, row.request = owner is None, owner or urls.get(row.file_url)
	# The database compares addresses without regard to capitals and accents.
	return [row for row in rows if row.request]


def others_in(request: str, words: Words, subject: Subject) -> bool:
	"""Whether an agreement has signers beside her, whose agreement it is too."""
	told = {"all_mails": subject.mails, "all_names": subject.names}
	# Where nothing was agreed, only who had signed by then has something to prove.
	ended = frappe.db.get_value(EVIDENCE, request, "status") in ("Declined", "Expired", "Cancelled")
	return any(
		not _is_hers(words, told, row) and (row.status == "Signed" or not (ended or row.replaced_by))
		for row in all_signers_of(request)
	)


def others_left(request: str) -> bool:
	"""Whether an agreement still has a signer who was not erased; not one in whose place somebody else signed."""
	return any(
		not (row.replaced_by or str(row.email or "").endswith(f"@{DOMAIN}"))
		for row in all_signers_of(request)
	)


def agreement_of(doctype: str, name: str) -> str | None:
	"""The Signature Request that a record is, or whose own file it is; None for any other record."""
	if doctype == "File":
		owner = frappe.db.get_value("File", name, ["attached_to_doctype", "attached_to_name"])
		doctype, name = owner or ("", "")
		if doctype == "Sealed Revision":
			return frappe.db.get_value(doctype, name, "request")
	return name if doctype == EVIDENCE else None


def requests_of(records: Iterable[Record]) -> dict[Record, Record]:
	"""The Signature Request of each record that is a part of one."""
	by_type: dict[str, list[str]] = defaultdict(list)
	for doctype, name in records:
		if doctype in PARTS:
			by_type[doctype].append(name)
	found = {}
	for doctype, names in by_type.items():
		table = frappe.qb.DocType(doctype)
		for some in chunks(names):
			query = frappe.qb.from_(table).select(table.name, table.request).where(table.name.isin(some))
			for name, request in query.orderby(table.name).run():
				if request:
					found[doctype, name] = (EVIDENCE, request)
	return found


def _is_hers(words: Words, told: Mapping[str, Any], row: Any) -> bool:
	mail = str(row.get("email") or "").lower()
	return mail in words.mails or (
		mail in told.get("all_mails", ()) and row.get("signer_name") in told["all_names"]
	)
