"""A request that was answered long ago becomes nobody's: that it was, what of and when stays, whose it was goes (GDPR 5(1)(e)).

What is written down to prove that a person was answered must not outlast its use. Kind, days, proof and outcome's state stay
to be counted, the person as a keyed hash, so that several requests of one person are told from those of several; texts,
addresses, names of records, mails, comments, versions and files about it go. The certificate's checksum and the ledger
stay: a certificate is known by `/verify`, and a restored backup is erased again, without knowing who asked.

Rows are written as rows: no Version, Comment or Deleted Document tells what was there.
"""

from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_days, cint, get_datetime, now_datetime
from pypika import Criterion

from signflow.core.erasure.masking import Neutral, Words
from signflow.core.privacy.persons import Record
from signflow.services import work
from signflow.services.erasure import rows
from signflow.services.erasure.ledger import record_hash
from signflow.services.erasure.planning import LINE, PLAN
from signflow.services.erasure.rows import Erasing
from signflow.services.privacy.approvals import require_officer, require_words
from signflow.services.privacy.keeping import Keeping
from signflow.services.site_keys import keyed_hash
from signflow.services.subject_requests import access, records
from signflow.services.subject_requests.recipients import NOTICE
from signflow.services.subject_requests.records import PERSON, REQUEST, STEP
from signflow.services.transaction import one_transaction

DEFAULT_DAYS = 365
# As many as one day's job takes.
MOST = 500
# What lies beside a record: (DocType, the field that names its DocType, the field that names it).
BESIDE = (
	("Email Queue", "reference_doctype", "reference_name"),
	("Comment", "reference_doctype", "reference_name"),
	("Version", "ref_doctype", "docname"),
	("ToDo", "reference_type", "reference_name"),
	("Notification Log", "document_type", "document_name"),
	("View Log", "reference_doctype", "reference_name"),
	("Activity Log", "reference_doctype", "reference_name"),
	("Error Log", "reference_doctype", "reference_name"),
	("DocShare", "share_doctype", "share_name"),
	("Document Follow", "ref_doctype", "ref_docname"),
	("Document Share Key", "reference_doctype", "reference_docname"),
	("Tag Link", "document_type", "document_name"),
	("Email Unsubscribe", "reference_doctype", "reference_name"),
	("File", "attached_to_doctype", "attached_to_name"),
)
MAIL = "Communication"
# What the framework keeps in the row itself.
IN_THE_ROW = ("_comments", "_user_tags", "_assign", "_liked_by", "_seen")
TEXTS = (
	*(
		"email",
		"phone",
		"details",
		"represents",
		"proof_note",
		"extension_reason",
		"question",
		"refusal_reason",
	),
	*("outcome", "reference_name", "page_key", "secret_hash"),
)


def days() -> int:
	"""After how many days an answered request is pseudonymised."""
	return cint(frappe.get_cached_doc("Signflow Settings").pseudonymise_after_days) or DEFAULT_DAYS


def daily() -> None:
	"""Once a day: pseudonymise what was answered long enough ago; each request by itself, so that one holds up no other."""
	keeping = Keeping()
	for name in due():
		with work.edge("pseudonymising"):
			pseudonymise(name, keeping)


def due() -> list[str]:
	"""The requests whose time is over, the oldest first; what stops them is asked for each."""
	request = frappe.qb.DocType(REQUEST)
	before = add_days(now_datetime(), -days())
	return (
		frappe.qb.from_(request)
		.select(request.name)
		.where(request.status.isin(records.CLOSED) & request.pseudonymised_on.isnull())
		.where(request.complaint_pending == 0)
		.where(
			Criterion.any(
				(request.status == status) & (request[closed_on] < before)
				for status, closed_on in records.CLOSED_ON.items()
			)
		)
		.orderby(request.received_on)
		.orderby(request.name)
		.limit(MOST)
		.run(pluck=True)
	)


@one_transaction
def pseudonymise(name: str, keeping: Keeping | None = None) -> bool:
	"""Take out of a request, and of all that is about it, whose it was; False where something stops it. Done twice is done once."""
	doc = records.for_change(name)
	keeping = keeping or Keeping()
	if not _is_due(doc) or stopped_by(doc, keeping):
		return False
	own = _own_records(name)
	_delete_beside(doc, own, keeping)
	access.forget(name)
	_blank_plans(name)
	_blank_recipients(name)
	strangers = _strangers(doc)
	_blank_steps(doc, strangers)
	_blank_request(doc, strangers)
	records.step(doc, "Pseudonymised", by_itself=True)
	for doctype, one in own:
		frappe.clear_document_cache(doctype, one)
	return True


def _is_due(doc: Any) -> bool:
	"""As `due`, of a request that is locked by now."""
	closed = records.closed_on(doc)
	return (
		not doc.pseudonymised_on and bool(closed) and get_datetime(closed) < add_days(now_datetime(), -days())
	)


def stopped_by(doc: Any, keeping: Keeping) -> str:
	"""What a request that was answered is still needed for; "" for nothing."""
	if doc.complaint_pending:
		return _("A complaint is pending.")
	lifted = get_datetime(doc.restriction_lifted_on) if doc.restriction_lifted_on else None
	if doc.restricted_on and (lifted is None or lifted > now_datetime()):
		return _("Its restriction is in force.")
	# A rule speaks of requests, or of what hangs under them; that a record of hers must be kept is no ground to keep this.
	if any(keep.hold or keep.through[0] == REQUEST for keep in keeping.of(REQUEST, doc.name)):
		return _("It is kept by a legal hold or a rule.")
	if frappe.db.exists(PLAN, {"request": doc.name, "status": "Running"}):
		return _("Its erasure is under way.")
	return ""


@one_transaction
def set_complaint(name: str, is_pending: bool, words: str) -> None:
	"""A complaint of the answer was made, or is over: while it is pending the request stays as it is (GDPR 77, 79).

	Raises ValidationError for a request that was pseudonymised already.
	"""
	require_officer()
	doc = records.for_change(name)
	if doc.pseudonymised_on:
		frappe.throw(_("This request was pseudonymised: nobody can tell any more whose it was."))
	words = require_words(words, _("Say where the complaint was made, or how it ended."), 2000)
	if bool(doc.complaint_pending) == bool(is_pending):
		return
	doc.complaint_pending = int(is_pending)
	records.save(doc)
	records.step(doc, "Complaint Pending" if is_pending else "Complaint Over", words)


def _own_records(name: str) -> list[Record]:
	"""The request and the records that are made for it alone."""
	found: list[Record] = [(REQUEST, name)]
	for doctype in (access.EXPORT, NOTICE, PLAN, STEP):
		found += [
			(doctype, one)
			for one in frappe.get_all(doctype, {"request": name}, pluck="name", order_by="name asc")
		]
	return found


# What lies beside it


def _delete_beside(doc: Any, own: list[Record], keeping: Keeping) -> None:
	mails = [one for one in _mails_of(doc, own) if not keeping.of(MAIL, one)]
	about = [*own, *((MAIL, one) for one in mails)]
	erasing = Erasing("", "", Neutral("", ""), Words(), doc.company, {})
	for doctype, kind, name in BESIDE:
		if not frappe.db.table_exists(doctype):
			continue
		found = _pointing(doctype, kind, name, about)
		if doctype == "Email Queue":
			found += _queued(doc.name, mails)
		rows.erase(erasing, doctype, rows.read(doctype, _free(doctype, found, keeping)))
	rows.erase(erasing, MAIL, rows.read(MAIL, mails))


def _free(doctype: str, names: Iterable[str], keeping: Keeping) -> list[str]:
	"""Those that neither hold nor rule keeps; our own records' holds were asked for before."""
	spoken_of = keeping.speaks_of(doctype)
	return [name for name in dict.fromkeys(names) if not (spoken_of and keeping.of(doctype, name))]


def _pointing(doctype: str, kind: str, name: str, about: list[Record]) -> list[str]:
	by_type: dict[str, list[str]] = {}
	for target, one in about:
		by_type.setdefault(target, []).append(one)
	found: list[str] = []
	for target, names in sorted(by_type.items()):
		filters = {kind: target, name: ["in", names]}
		found += frappe.get_all(doctype, filters, pluck="name", order_by="name asc")
	return found


def _mails_of(doc: Any, own: list[Record]) -> list[str]:
	"""The mails that went out and came in about it, and the mail that it came by."""
	found = _pointing(MAIL, "reference_doctype", "reference_name", own)
	linked = {"parenttype": MAIL, "link_doctype": REQUEST, "link_name": doc.name}
	found += frappe.get_all("Communication Link", linked, pluck="parent", order_by="parent asc")
	if doc.reference_doctype == MAIL and doc.reference_name:
		found.append(doc.reference_name)
	return list(dict.fromkeys(found))


def _queued(name: str, mails: list[str]) -> list[str]:
	"""Rows of the mail queue that carry one of the mails, or bear the request in their Message-ID."""
	by_id = {"message_id": ["like", f"signflow.datarequest.{name}.%"]}
	found = frappe.get_all("Email Queue", by_id, pluck="name", order_by="name asc")
	if mails:
		carried = {"communication": ["in", mails]}
		found += frappe.get_all("Email Queue", carried, pluck="name", order_by="name asc")
	return found


# What stays, without whose it was


def _blank_plans(name: str) -> None:
	plans = frappe.get_all(PLAN, {"request": name}, pluck="name", order_by="name asc")
	if not plans:
		return
	frappe.db.set_value(
		PLAN, {"name": ["in", plans]}, {"subject": None, "failure": None}, update_modified=False
	)
	line = frappe.qb.DocType(LINE)
	waits = line.plan.isin(_carried_out(plans)) & (line.action == "Keep") & (line.status == "Waiting")
	# What is kept is named as long as it is there: on its day it goes by its name.
	query = frappe.qb.update(line).set(line.record_name, None).set(line.renamed, None)
	query.where(line.plan.isin(plans) & ~waits).run()


def _carried_out(plans: list[str]) -> list[str]:
	done = {"name": ["in", plans], "status": "Done"}
	return frappe.get_all(PLAN, done, pluck="name", order_by="name asc") or [""]


def _blank_recipients(name: str) -> None:
	"""Processors are the house's own affair; whoever else is named, and what was written and answered, goes."""
	for row in frappe.get_all(NOTICE, {"request": name}, ["name", "processor"], order_by="name asc"):
		values = {"email": None, "answer": None, "waived_reason": None}
		if not row.processor:
			values["recipient"] = "–"
		frappe.db.set_value(NOTICE, row.name, values, update_modified=False)


def _blank_steps(doc: Any, strangers: list[str]) -> None:
	step = frappe.qb.DocType(STEP)
	frappe.qb.update(step).set(step.note, None).where(step.request == doc.name).run()
	for column, instead in ((step.by_user, None), (step.owner, "Guest"), (step.modified_by, "Guest")):
		if strangers:
			query = frappe.qb.update(step).set(column, instead)
			query.where((step.request == doc.name) & column.isin(strangers)).run()


def _strangers(doc: Any) -> list[str]:
	"""The users on the request and its steps who are none of the house's: herself, logged in."""
	fields = ["by_user", "owner", "modified_by"]
	named = {doc.owner, doc.modified_by}
	for row in frappe.get_all(STEP, {"request": doc.name}, fields, order_by="name asc"):
		named |= set(row.values())
	named -= {None, "", "Administrator", "Guest"}
	staff = frappe.get_all(
		"User", {"name": ["in", sorted(named)], "user_type": "System User"}, pluck="name", order_by="name asc"
	)
	return sorted(one for one in named if one not in staff or one.casefold() == (doc.email or "").casefold())


def pseudonym_of(doc: Any) -> str:
	"""By which several requests of one person are told from those of several: a keyed hash, of her address if there is one."""
	told = doc.email or doc.phone or doc.person_name or doc.name
	return f"#{keyed_hash('data request person', told.casefold())[:16]}"


def _blank_request(doc: Any, strangers: list[str]) -> None:
	columns = set(frappe.db.get_table_columns(REQUEST))
	values = {
		**dict.fromkeys((*TEXTS, *(one for one in IN_THE_ROW if one in columns)), None),
		"person_name": pseudonym_of(doc),
		"pseudonymised_on": now_datetime(),
		**{one: "Guest" for one in ("owner", "modified_by") if doc.get(one) in strangers},
	}
	for row in doc.persons:
		hashed = f"#{record_hash(row.record_doctype or '', row.record_name)[:16]}"
		frappe.db.set_value(
			PERSON,
			row.name,
			{"record_name": hashed, "because": None, **_makers(row, strangers)},
			update_modified=False,
		)
	frappe.db.set_value(REQUEST, doc.name, values, update_modified=False)


def _makers(row: Any, strangers: list[str]) -> dict[str, str]:
	return {one: "Guest" for one in ("owner", "modified_by") if row.get(one) in strangers}
