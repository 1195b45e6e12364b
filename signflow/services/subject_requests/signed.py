"""The agreements that a person has signed or is a party of, in a copy of her data: the sealed files themselves, and the
evidence of what she did there (GDPR 15(3)).

A sealed file belongs to its request and names all who signed. Whoever signed it got the same file then, so it is given
to her; where she is the party alone, others' part in it is an officer's to weigh.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frappe
from frappe.utils import cstr

from signflow.core.privacy.findings import Strength
from signflow.services.files import SealedFileLost, read_sealed
from signflow.services.privacy.lookup import LookUp
from signflow.services.privacy.matching import chunks
from signflow.services.revisions import copy_name, final_revisions

REVISION, SIGNER, REQUEST = "Sealed Revision", "Signature Request Signer", "Signature Request"
EVENT, PAYLOAD = "Signature Event", "Signature Event Payload"
_PARTY = ("customer", "reference_name")


@dataclass(frozen=True)
class Paper:
	"""One record of an agreement: a sealed file (at `file_url`) or a piece of evidence. `signed`: she signed, or it tells what
	she did."""

	doctype: str
	name: str
	title: str
	signed: bool
	file_url: str = ""


def papers(found: LookUp, company: str) -> list[Paper]:
	"""The sealed files of her agreements with a company, reports included, and what the evidence says of her."""
	signers = _signers(found)
	parties = {
		name
		for name, hit in found.hits.get(REQUEST, {}).items()
		if hit.strength == Strength.CERTAIN and any(path in _PARTY for path, _reason in hit.reasons)
	}
	mine = set(signers.values())
	told = []
	for request in _of_company(mine | parties, company):
		for row in final_revisions(request):
			if row.file_url:
				title = row.document_title or row.name
				told.append(Paper(REVISION, row.name, title, request in mine, row.file_url))
	return told + _evidence(list(signers), company)


def copies_of_unsigned(told: list[Paper]) -> set[str]:
	"""The Files under which sealed files that she has not signed hang elsewhere, such as on her customer's record."""
	names: list[str] = []
	for chunk in chunks({paper.file_url for paper in told if paper.file_url and not paper.signed}):
		names += frappe.get_all("File", {"file_url": ["in", chunk]}, pluck="name", order_by="name asc")
	return set(names)


def _signers(found: LookUp) -> dict[str, str]:
	"""Her signer's rows, each with its request."""
	hers = [name for name, hit in found.hits.get(SIGNER, {}).items() if hit.strength == Strength.CERTAIN]
	rows: dict[str, str] = {}
	for chunk in chunks(hers):
		rows |= dict(
			frappe.get_all(
				SIGNER, {"name": ["in", chunk]}, ["name", "request"], order_by="name asc", as_list=True
			)
		)
	return rows


def _of_company(requests: set[str], company: str) -> list[str]:
	names: list[str] = []
	for chunk in chunks(requests):
		filters = {"name": ["in", chunk], "company": company}
		names += frappe.get_all(REQUEST, filters, pluck="name", order_by="name asc")
	return sorted(names)


def _evidence(signers: list[str], company: str) -> list[Paper]:
	told = []
	for chunk in chunks(signers):
		events = frappe.get_all(
			EVENT,
			{"signer": ["in", chunk]},
			["name", "kind", "request"],
			order_by="request asc, seq asc",
		)
		ours = set(_of_company({row.request for row in events}, company))
		events = [row for row in events if row.request in ours]
		kept = set(
			frappe.get_all(
				PAYLOAD,
				{"event": ["in", [row.name for row in events] or [""]]},
				pluck="name",
				order_by="name asc",
			)
		)
		for row in events:
			told.append(Paper(EVENT, row.name, f"{row.name}: {row.kind}", True))
			if row.name in kept:
				told.append(Paper(PAYLOAD, row.name, f"{row.name}: {row.kind}", True))
	return told


def file_of(revision: Any) -> tuple[Path | None, str, str]:
	"""Where a sealed file lies, what it is called, and its name once more if it is gone or is not what was sealed."""
	name = f"{copy_name(frappe._dict(name=revision.request), revision)}.pdf"
	try:
		read_sealed(revision.file_url or "-", revision.sha256)
	except SealedFileLost:
		frappe.clear_messages()
		return None, name, name
	return Path(frappe.get_site_path("private", "files", Path(revision.file_url).name)), name, ""


def signed_by(revision: Any, hers: frozenset[str]) -> tuple[str, tuple[str, ...]]:
	"""Who stands in a sealed file as its signer, by name; and those who are others than the mailboxes `hers` belong to."""
	rows = frappe.get_all(
		SIGNER,
		{"request": revision.request},
		["signer_name", "email"],
		order_by="idx_in_request asc, name asc",
	)
	others = [cstr(row.signer_name) for row in rows if cstr(row.email).lower() not in hers]
	return ", ".join(cstr(row.signer_name) for row in rows), tuple(others)
