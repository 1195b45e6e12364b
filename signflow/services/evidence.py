"""The only writer of Signature Event and Signature Event Payload, and the maker of the evidence bundle."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import frappe

from signflow.core.evidence.bundle import build_bundle, render_bundle
from signflow.core.evidence.chain import ChainVerdict, StoredEvent, build_event, verify_chain
from signflow.services.keys import current_key, load_key
from signflow.services.times import site_time, utc_now, utc_time


def caller() -> dict[str, str]:
	"""Address and browser of whoever called, for an event's private part; empty outside a web request."""
	if not getattr(frappe.local, "request", None):
		return {}
	return {
		"ip": str(frappe.local.request_ip or ""),
		"user_agent": str(frappe.get_request_header("User-Agent", ""))[:300],
	}


def record(
	request: str,
	kind: str,
	*,
	signer: str | None = None,
	document: str | None = None,
	public: Mapping[str, Any] | None = None,
	private: Mapping[str, Any] | None = None,
) -> str:
	"""Append one event to the request's chain, in the caller's transaction, and return its SHA-256.

	`public` is hashed and readable for good, so it holds no personal value; `private` is hashed as salted commitments
	and kept in a payload row. Raises DuplicateEntryError when another event took the number: the verb runs again.
	"""
	head = frappe.db.get_value(
		"Signature Request", request, ["event_count", "event_head"], as_dict=True, for_update=True
	)
	open_part: dict[str, Any] = dict(public or {})
	if signer:
		open_part["signer"] = signer
	if document:
		open_part["document"] = document
	seq = (head.event_count or 0) + 1
	moment = max(utc_now(), _time_of(f"{request}-{seq - 1:05d}") or utc_now())
	event = build_event(
		request=request,
		seq=seq,
		time=moment,
		kind=kind,
		previous=head.event_head or None,
		public=open_part,
		private={name: value for name, value in (private or {}).items() if value not in (None, "")},
	)
	name = f"{request}-{seq:05d}"
	_insert(
		{
			"doctype": "Signature Event",
			"name": name,
			"request": request,
			"seq": seq,
			"kind": kind,
			"time": site_time(moment),
			"signer": signer,
			"document": document,
			"hash": event.hash,
			"canonical": event.canonical,
		}
	)
	if event.payload:
		_insert(
			{
				"doctype": "Signature Event Payload",
				"name": name,
				"request": request,
				"event": name,
				"values_json": json.dumps(event.payload, ensure_ascii=False),
			}
		)
	frappe.db.set_value(
		"Signature Request",
		request,
		{"event_count": seq, "event_head": event.hash},
		update_modified=False,
	)
	return event.hash


def _insert(values: dict[str, Any]) -> None:
	row = frappe.get_doc(values)
	# By this its controller knows that it comes from here: no API can set a flag.
	row.flags.signflow = True
	row.insert(ignore_permissions=True, ignore_links=True)


def _time_of(event: str) -> datetime | None:
	# A clock that was set back must not break the order of the chain.
	canonical = frappe.db.get_value("Signature Event", event, "canonical", for_update=True)
	return datetime.fromisoformat(json.loads(canonical)["time"].replace("Z", "+00:00")) if canonical else None


def erase_payloads(request: str, seqs: Iterable[int], *, reason: str = "") -> list[int]:
	"""Erase the personal values behind the events `seqs` of a request, for good (GDPR 17 and 5(1)(e)).

	The only path that deletes payload rows. An event `payload_erased` that names the numbers is chained first, in the
	caller's transaction, so that the chain still verifies and says since when they are gone. Returns the numbers that
	were erased now: those that had no personal values, or none any more, are left out. Who may ask for it and when a
	retention period is over is for the caller to know.
	"""
	rows = {
		row.event: row.name
		for row in frappe.get_all(
			"Signature Event Payload",
			filters={"request": request},
			fields=["name", "event"],
			order_by="name asc",
		)
	}
	wanted = {seq: rows.get(f"{request}-{seq:05d}") for seq in sorted(set(seqs))}
	erased = [seq for seq, row in wanted.items() if row]
	if not erased:
		return []
	record(request, "payload_erased", public={"seqs": erased, "reason": reason})
	for seq in erased:
		doc = frappe.get_doc("Signature Event Payload", wanted[seq])
		doc.flags.signflow_retention = True
		# Not into Deleted Document: that would keep what is to be forgotten.
		doc.delete(ignore_permissions=True, force=True, delete_permanently=True)
	return erased


def _chain(request: str) -> tuple[list[StoredEvent], dict[int, dict[str, Any]]]:
	rows = frappe.get_all(
		"Signature Event",
		filters={"request": request},
		fields=["name", "seq", "canonical", "hash"],
		order_by="seq asc",
	)
	payloads = {
		row.name: json.loads(row.values_json)
		for row in frappe.get_all(
			"Signature Event Payload",
			filters={"request": request},
			fields=["name", "values_json"],
			order_by="name asc",
		)
	}
	events = [StoredEvent(row.canonical, row.hash) for row in rows]
	return events, {row.seq: payloads[row.name] for row in rows if row.name in payloads}


def verify(request: str) -> ChainVerdict:
	"""Recompute the request's chain and hold it against the head and count kept on the request."""
	events, payloads = _chain(request)
	head, count = frappe.db.get_value("Signature Request", request, ["event_head", "event_count"])
	return verify_chain(events, payloads, expected_head=head or None, expected_count=count)


def bundle(request: str) -> str:
	"""The text of evidence.json, sealed with the request's key; `python -m signflow.core.evidence verify` reads it.

	It holds the personal values behind the commitments, so only a Signflow Manager gets it (the API checks).
	"""
	doc = frappe.get_doc("Signature Request", request)
	events, payloads = _chain(request)
	key = load_key(current_key(request))
	made = build_bundle(
		request={
			"name": doc.name,
			"title": doc.title,
			"state": doc.status,
			"customer": doc.customer or "",
		},
		house={"name": doc.company, "seal": key.subject, "test_seal": key.self_signed},
		documents=document_revisions(request),
		signers=[
			{
				"name": row.name,
				"signer_name": row.signer_name,
				"state": row.status,
				"identified_by": row.identified_level or "",
				"signed_on": utc_time(row.signed_on).isoformat() if row.signed_on else "",
			}
			for row in frappe.get_all(
				"Signature Request Signer",
				filters={"request": request},
				fields=["name", "signer_name", "status", "identified_level", "signed_on"],
				order_by="idx_in_request asc",
			)
		],
		events=events,
		payloads=payloads,
		key=key,
		made_on=utc_now(),
	)
	return render_bundle(made)


def document_revisions(request: str) -> list[dict[str, Any]]:
	"""Each document of the request with its sealed revisions, first to last."""
	rows = frappe.get_all(
		"Sealed Revision",
		filters={"request": request, "kind": ["!=", "Report"]},
		fields=["document", "document_title", "seq", "kind", "signer", "sha256", "parent_sha256"],
		order_by="document asc, seq asc",
	)
	order = frappe.get_all(
		"Signature Request Document", filters={"parent": request}, pluck="name", order_by="idx asc"
	)
	documents = []
	for name in order:
		revisions = [row for row in rows if row.document == name]
		if revisions:
			documents.append(
				{
					"name": name,
					"title": revisions[0].document_title,
					"revisions": [
						{
							"revision": row.seq,
							"kind": row.kind,
							"signer": row.signer or "",
							"sha256": row.sha256,
							"parent": row.parent_sha256 or None,
						}
						for row in revisions
					],
				}
			)
	return documents
