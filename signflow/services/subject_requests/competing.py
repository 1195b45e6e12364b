"""What a person has asked besides an erasure, and would lose by it: an officer answers that first, or says expressly to go on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import frappe
from frappe import _

from signflow.services.subject_requests import access, matching, records
from signflow.services.subject_requests.records import REQUEST


class Waiting(NamedTuple):
	"""The numbers of open requests, and of answered ones whose copy nobody has fetched yet."""

	requests: list[str]
	copies: list[str]


def with_erasure(doc: Any, told: Mapping[str, Any] | None = None) -> Waiting:
	"""What waits beside a request for erasure: of the records confirmed or the mailbox proven, and of what its plan knows (`told`).

	What nobody has proven to be his holds up nothing, and neither does another erasure.
	"""
	told = told or {}
	hers = {*matching.confirmed(doc), *((doctype, name) for doctype, name in told.get("records", ()))}
	# A representative's mailbox is not the person's.
	mails = {*told.get("mails", ()), *([doc.email] if doc.email and not doc.is_representative else ())}
	found = sorted(access.requests_of(hers, sorted(mails)) - {doc.name})
	if not found:
		return Waiting([], [])
	still_open = {
		"name": ["in", found],
		"status": ["in", records.OPEN],
		"joined_to": ["is", "not set"],
		"request_type": ["!=", "Erasure"],
	}
	requests = frappe.get_all(REQUEST, still_open, pluck="name", order_by="name asc")
	made = {
		"request": ["in", found],
		"company": doc.company,
		"status": ["in", ("Collecting", "To Review", "Packing", "Ready")],
		"downloads": 0,
	}
	copies = set(frappe.get_all(access.EXPORT, made, pluck="request", order_by="name asc"))
	return Waiting(requests, sorted(copies - set(requests)))


def said(waiting: Waiting) -> str:
	"""That in words of the language spoken; "" for nothing."""
	parts = []
	if waiting.requests:
		text = _(
			"Other requests of this person or mailbox wait for an answer: {0}. Answer them first: the erasure takes away what they are about."
		)
		parts.append(text.format(", ".join(_named(waiting.requests))))
	if waiting.copies:
		text = _("A copy of the data was made and not fetched yet: {0}. The erasure ends it.")
		parts.append(text.format(", ".join(_named(waiting.copies))))
	return " ".join(parts)


def _named(names: list[str]) -> list[str]:
	rows = frappe.get_all(REQUEST, {"name": ["in", names]}, ["name", "request_type"], order_by="name asc")
	return [f"{row.name} ({_(row.request_type)})" for row in rows]
