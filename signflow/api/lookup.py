"""Endpoints of the page "Person Look-up": everything on a person, counts first. All that is shown is logged first."""

import hashlib
from typing import Any

import frappe
from frappe import _

from signflow.core.privacy.findings import Strength
from signflow.core.privacy.persons import PersonRecord
from signflow.services.company import default_company
from signflow.services.privacy import accesses, file_search, kinds_of_records, lookup
from signflow.services.privacy.lookup import LookUp
from signflow.services.transaction import one_transaction

PAGE = 20
# What was found is remembered so long for the details, by name alone.
SECONDS = 1800

_record = one_transaction(accesses.record_access)


@frappe.whitelist(methods=["POST"])
def look_up(
	purpose: str,
	query: str = "",
	record_doctype: str = "",
	record_name: str = "",
	company: str = "",
	files: bool = False,
) -> dict[str, Any]:
	"""What the site holds on a person: {id, person, choices, is_company, groups, hidden, more, unsearched, files}.

	`query` is a mail address, a telephone, a name or an identity hash; or a record is named. `purpose` goes into the log.
	`files`: a worker searches inside files too; `files_found` tells how far it is.
	"""
	lookup.require_role()
	if not purpose.strip():
		frappe.throw(_("Say what you look the person up for."))
	if company and not frappe.db.exists("Company", company):
		frappe.throw(_("There is no company {0}.").format(company), frappe.DoesNotExistError)
	start = lookup.start_of(query, record_doctype, record_name)
	found = lookup.look_up(start, company=company)
	hashes = accesses.hashes_of(start) + accesses.hashes_of(found.subject)
	counts = {doctype: len(hits) for doctype, hits in found.hits.items()}
	log = _record(
		"Look-up",
		sorted(set(hashes)),
		purpose=purpose,
		record=(record_doctype, record_name) if record_name else None,
		counts=counts,
		company=company or default_company(),
	)
	_remember(log.name, found, hashes, purpose, company)
	in_files = files and not found.is_company and not (found.choices and not found.hits)
	if in_files:
		file_search.start(log.name, found.subject, company)
	return {
		"id": log.name,
		"person": _person(found),
		"is_company": found.is_company,
		"choices": [_choice(one) for one in found.choices],
		"groups": _groups(found),
		"hidden": found.hidden,
		"more": sorted(_(doctype) for doctype in found.more),
		"unsearched": sorted(_(doctype) for doctype in found.unsearched),
		"files": in_files,
	}


@frappe.whitelist(methods=["POST"])
def details(id: str, doctype: str, strength: str = "CERTAIN", start: int = 0) -> dict[str, Any]:
	"""A page of the records of one DocType: {rows: [{name, title, date, fields, route}], total, hidden}.

	`id` is the look-up's; it holds for half an hour and for who made it. Each record is asked for its own permission.
	"""
	remembered = _remembered(id)
	hits = remembered["hits"].get(doctype, {}).get(strength, [])
	shown = hits[max(0, int(start)) : max(0, int(start)) + PAGE]
	return _page(remembered, doctype, shown, len(hits), start)


@frappe.whitelist(methods=["POST"])
def files_found(id: str) -> dict[str, Any]:
	"""How far the search inside files is: {status, total, read, unread, hidden, is_all, counts: {strength: files}}."""
	search = _search(id)
	counts = {strength.name: 0 for strength in Strength}
	for _name, strength, _how in file_search.hits_of(search):
		counts[strength] += 1
	return {
		"status": search.status,
		"total": search.files_total,
		"read": search.files_read,
		"unread": search.files_unread,
		"hidden": search.files_hidden,
		"is_all": bool(search.is_all),
		"counts": counts,
	}


@frappe.whitelist(methods=["POST"])
def file_details(id: str, strength: str = "CERTAIN", start: int = 0) -> dict[str, Any]:
	"""A page of the files in which she was found, shaped and logged as `details`."""
	remembered = _remembered(id)
	hits = [
		(name, [("", one) for one in how])
		for name, judged, how in file_search.hits_of(_search(id))
		if judged == strength
	]
	shown = hits[max(0, int(start)) : max(0, int(start)) + PAGE]
	return _page(remembered, "File", shown, len(hits), start)


def _remembered(id: str) -> dict[str, Any]:
	lookup.require_role()
	remembered = frappe.cache.get_value(_key(id))
	if not remembered:
		frappe.throw(_("This look-up is too old. Look the person up again."))
	return remembered


def _search(id: str) -> Any:
	lookup.require_role()
	search = file_search.state_of(id)
	if not search:
		frappe.throw(_("This look-up is too old. Look the person up again."))
	return search


def _page(
	remembered: dict[str, Any], doctype: str, shown: list[Any], total: int, start: int
) -> dict[str, Any]:
	"""The records `shown` as rows, which are logged first; without those that the user may not read."""
	if not lookup.may_see_all():
		shown = [hit for hit in shown if frappe.has_permission(doctype, "read", doc=hit[0])]
	_record(
		"View",
		remembered["hashes"],
		purpose=remembered["purpose"],
		counts={doctype: len(shown)},
		company=remembered["company"] or default_company(),
	)
	facts = lookup.describe(doctype, [name for name, _reasons in shown]) if shown else {}
	return {
		"rows": [
			{
				"name": name,
				"title": facts[name]["title"],
				"date": facts[name]["date"],
				"reasons": [_reason(doctype, *one) for one in reasons],
				"route": [] if frappe.get_meta(doctype).istable else ["Form", doctype, name],
			}
			for name, reasons in shown
			if name in facts
		],
		"total": total,
		"start": int(start),
		"page": PAGE,
	}


def _key(id: str) -> str:
	return "signflow_lookup:" + hashlib.sha256(f"{frappe.session.user}\0{id}".encode()).hexdigest()


def _remember(id: str, found: LookUp, hashes: list[str], purpose: str, company: str) -> None:
	hits: dict[str, dict[str, list[Any]]] = {}
	for doctype, by_name in found.hits.items():
		for name, hit in by_name.items():
			reasons = [(path, reason.how.name) for path, reason in hit.reasons]
			hits.setdefault(doctype, {}).setdefault(hit.strength.name, []).append((name, reasons[:8]))
	kept = {"hits": hits, "hashes": sorted(set(hashes)), "purpose": purpose, "company": company}
	frappe.cache.set_value(_key(id), kept, expires_in_sec=SECONDS)


def _person(found: LookUp) -> dict[str, Any]:
	subject = found.subject
	return {
		"names": sorted(subject.names),
		"mails": sorted(subject.mails),
		"phones": sorted(subject.phones),
		"shared": sorted(subject.shared),
		"records": [
			{
				"doctype": one.doctype,
				"label": _(one.doctype),
				"name": one.name,
				"organisation": one.organisation,
			}
			for one in found.own
		],
	}


def _choice(person: list[PersonRecord]) -> dict[str, Any]:
	first = person[0]
	return {
		"doctype": first.doctype,
		"name": first.name,
		"title": max((name for one in person for name in one.names), key=len, default=first.name),
		"mails": sorted({mail for one in person for mail in one.mails}),
		"phones": sorted({phone for one in person for phone in one.phones}),
		"records": [f"{_(one.doctype)} {one.name}" for one in person],
	}


def _groups(found: LookUp) -> list[dict[str, Any]]:
	"""[{kind, label, strengths: {…}, doctypes: [{doctype, label, CERTAIN, SHARED, TRACE, POSSIBLE, more}]}], as shown."""
	by_kind: dict[str, list[dict[str, Any]]] = {}
	for doctype, counts in sorted(found.counts().items()):
		row = {"doctype": doctype, "label": _(doctype), "more": doctype in found.more}
		row |= {strength.name: counts.get(strength, 0) for strength in Strength}
		by_kind.setdefault(kinds_of_records.kind_of(doctype), []).append(row)
	labels = kinds_of_records.labels()
	return [
		{"kind": kind, "label": label, "doctypes": by_kind[kind]}
		for kind, label in labels.items()
		if kind in by_kind
	]


def _reason(doctype: str, path: str, how: str) -> str:
	"""One reason in words: the field's label and by what it matched."""
	parent, _dot, fieldname = path.rpartition(".")
	label = frappe.get_meta(parent or doctype).get_label(fieldname) if fieldname else ""
	if how == "RECORD":
		return _("the person's own record")
	words = {
		"LINK": _("points to the person's record"),
		"REFERENCE": _("belongs to a record of the person's"),
		"IDENTITY": _("same identity"),
		"MAIL": _("mail address"),
		"PHONE": _("telephone number"),
		"MAIL_IN_TEXT": _("mail address in the text"),
		"PHONE_IN_TEXT": _("telephone number in the text"),
		"NAME": _("name"),
		"NAME_IN_TEXT": _("name in the text"),
		"MAKER": _("made or changed it"),
	}
	return f"{_(label)}: {words[how]}" if fieldname else words[how]
