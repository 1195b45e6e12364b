"""Somebody leaves a customer or supplier: a colleague takes over what is open there, and the own view of who left ends.

Only what is open moves; what was given out keeps whom it named. What was sent for signature is told, and sent to the
substitute one by one as somebody asks for it (`requests.replace_signer`). All of it is one transaction: a kill leaves everything as it was.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import frappe
from frappe import _
from frappe.desk.form import assign_to
from frappe.model import no_value_fields
from frappe.query_builder.functions import Lower
from frappe.utils import getdate

from signflow.core.flow import OPEN
from signflow.services.leavers import LEFT, PARTIES, SUBSTITUTE
from signflow.services.requests import NOT_SIGNED
from signflow.services.transaction import one_transaction

# States in which nothing is left to be done, of tickets and documents alike.
CLOSED = (
	"Closed",
	"Resolved",
	"Cancelled",
	"Completed",
	"Lost",
	"Expired",
	"Converted",
	"Ordered",
	"Paid",
	"Inactive",
)
# What a document says of its contact beside the link, and where the Contact says it.
_BESIDE = {
	"contact_display": "full_name",
	"contact_email": "email_id",
	"contact_mobile": "mobile_no",
	"contact_phone": "phone",
	"raised_by": "email_id",
	"contact_name": "full_name",
}
# Whose contacts another app keeps by rules of its own (hook signflow_substituted), and those that say who it was.
NOT_MOVED = ("HD Customer", "Signature Request Signer", "Form Submission")


@dataclass
class Leaving:
	"""What one person's leaving touches: `moves` are (DocType, name, field) that are open, `told` what stays and why."""

	contact: str
	party_type: str
	party: str
	user: str = ""
	mails: tuple[str, ...] = ()
	moves: list[tuple[str, str, str]] = field(default_factory=list)
	tasks: list[tuple[str, str, str]] = field(default_factory=list)  # DocType, name, ToDo
	told: list[tuple[str, str]] = field(default_factory=list)
	signers: list[Any] = field(default_factory=list)


def leaving(contact: str, party_type: str, party: str) -> Leaving:
	"""What is open of a Contact of a Customer or Supplier, with the user's permission to change both.

	Raises ValidationError for a Contact who does not belong there.
	"""
	doc = frappe.get_doc("Contact", contact)
	doc.check_permission("write")
	if party_type not in PARTIES:
		frappe.throw(_("A substitute is named at a customer or supplier."))
	frappe.get_doc(party_type, party).check_permission("write")
	if not _belongs(contact, party_type, party):
		frappe.throw(_("{0} is no contact of {1}.").format(contact, party))
	mails = tuple(
		sorted({row.email_id.lower() for row in doc.email_ids} | {(doc.email_id or "").lower()} - {""})
	)
	found = Leaving(contact, party_type, party, doc.user or "", mails)
	for doctype, fieldname in _contact_fields():
		found.moves += [(doctype, name, fieldname) for name in _open_records(doctype, fieldname, found)]
	if found.user:
		for row in frappe.get_all(
			"ToDo",
			filters={"allocated_to": found.user, "status": "Open"},
			fields=["name", "reference_type", "reference_name"],
			order_by="creation asc",
		):
			if row.reference_type and row.reference_name:
				found.tasks.append((row.reference_type, row.reference_name, row.name))
			else:
				found.told.append(("ToDo", row.name))
	if found.user and frappe.db.table_exists("Contract"):
		found.moves += [("Contract", name, "party_user") for name in _contracts(found)]
	found.signers = _out_for_signature(found)
	found.told += [("Signature Request", row.request) for row in found.signers]
	return found


def _contracts(found: Leaving) -> list[str]:
	return frappe.get_all(
		"Contract",
		filters={
			"party_user": found.user,
			"party_type": found.party_type,
			"party_name": found.party,
			"docstatus": ["<", 2],
			"status": ["not in", CLOSED],
		},
		pluck="name",
		order_by="creation asc",
	)


def _out_for_signature(found: Leaving) -> list[Any]:
	"""Where he is to sign and has not: {signer, request, title} of each, drafts too."""
	signer, request = frappe.qb.DocType("Signature Request Signer"), frappe.qb.DocType("Signature Request")
	his = signer.contact == found.contact
	if found.mails:
		his |= Lower(signer.email).isin(found.mails)
	return (
		frappe.qb.from_(signer)
		.join(request)
		.on(request.name == signer.request)
		.select(signer.name.as_("signer"), signer.request, request.title)
		.where(his & signer.status.isin(NOT_SIGNED) & request.status.isin(["Draft", *OPEN]))
		.orderby(request.name)
		.run(as_dict=True)
	)


def _belongs(contact: str, party_type: str, party: str) -> bool:
	row = {"parenttype": "Contact", "parent": contact, "link_doctype": party_type, "link_name": party}
	return bool(frappe.db.exists("Dynamic Link", row))


def _contact_fields() -> list[tuple[str, str]]:
	"""Every link to a Contact in a record that has a party too: [(DocType, field)]."""
	rows = frappe.get_all(
		"DocField",
		{"fieldtype": "Link", "options": "Contact"},
		["parent", "fieldname"],
		order_by="parent asc",
	)
	rows += frappe.get_all(
		"Custom Field",
		{"fieldtype": "Link", "options": "Contact"},
		["dt as parent", "fieldname"],
		order_by="dt asc",
	)
	return [
		(row.parent, row.fieldname)
		for row in rows
		if row.fieldname not in PARTIES.values()
		and row.parent not in NOT_MOVED
		and frappe.db.table_exists(row.parent)
	]


def _open_records(doctype: str, fieldname: str, found: Leaving) -> list[str]:
	meta = frappe.get_meta(doctype)
	if meta.istable or meta.issingle or meta.get_field(fieldname).set_only_once:
		return []
	parties = _party_fields(meta, found.party_type)
	filters: dict[str, Any] = {fieldname: found.contact, "docstatus": ["<", 2]}
	if meta.is_submittable and not (meta.get_field(fieldname).allow_on_submit):
		filters["docstatus"] = 0
	rows = frappe.get_all(
		doctype, filters=filters, fields=["name", *parties, *_status_of(meta)], order_by="creation asc"
	)
	return [
		str(row.name)
		for row in rows
		if not {row.get("status"), row.get("status_category")} & set(CLOSED)
		and _is_theirs(row, parties, found)
	]


def _status_of(meta: Any) -> list[str]:
	# In Helpdesk 1.28 a site names the states of tickets itself, each of a category.
	return [name for name in ("status", "status_category") if meta.has_field(name)]


def _party_fields(meta: Any, party_type: str) -> list[str]:
	fields = [df.fieldname for df in meta.get("fields", {"fieldtype": "Link", "options": party_type})]
	for df in meta.get("fields", {"fieldtype": "Dynamic Link"}):
		if meta.get_field(df.options):
			fields += [df.fieldname, df.options]
	return list(dict.fromkeys(fields))


def _is_theirs(row: Any, parties: list[str], found: Leaving) -> bool:
	"""Whether a record is that party's; one that names none at all is its contact's wherever he works."""
	named = [row.get(one) for one in parties if row.get(one)]
	return found.party in named or not named


@one_transaction
def substitute(
	contact: str, party_type: str, party: str, by: str, left_on: str | None = None
) -> dict[str, Any]:
	"""Let `by`, another Contact of the same party, take over; {moved, tasks, told, signers, ended}.

	With the user's own permissions on each record: what he may not change is told. `signers` are those whom he may have
	replaced, with `requests.replace_signer`. `ended` says whether the log-in of who
	left was closed, which it is when it leads to nobody else's records.
	"""
	found = leaving(contact, party_type, party)
	if by == contact or not _belongs(by, party_type, party):
		frappe.throw(_("The substitute has to be another contact of {0}.").format(party))
	frappe.get_doc("Contact", by).check_permission("read")
	moved, left = 0, list(found.told)
	for doctype, name, fieldname in found.moves:
		if _move(doctype, name, fieldname, contact, by, found.mails):
			moved += 1
		else:
			left.append((doctype, name))
	tasks = _hand_over(found, by)
	_leave(found, by, left_on)
	elsewhere = [
		frappe.get_attr(hook)(contact, party_type, party, by)
		for hook in frappe.get_hooks("signflow_substituted")
	]
	ended = _end_view(found, elsewhere=any(elsewhere))
	frappe.get_doc(party_type, party).add_comment(
		"Info", _("{0} left, {1} takes over: {2} records moved.").format(contact, by, moved + tasks)
	)
	if not tasks:
		left += [("ToDo", todo) for _doctype, _name, todo in found.tasks]
	mine = [row for row in found.signers if frappe.has_permission("Signature Request", "write", row.request)]
	return {"moved": moved, "tasks": tasks, "told": sorted(set(left)), "signers": mine, "ended": ended}


def _move(doctype: str, name: str, fieldname: str, contact: str, by: str, mails: Iterable[str]) -> bool:
	doc = frappe.get_doc(doctype, name, for_update=True)
	if not doc.has_permission("write"):
		return False
	if fieldname == "party_user":
		# Who may see a contract in the portal is no part of what was agreed.
		user = frappe.db.get_value("Contact", by, "user")
		frappe.db.set_value(doctype, name, fieldname, user)
		return bool(user)
	substitute_ = frappe.get_cached_doc("Contact", by)
	doc.set(fieldname, by)
	for beside, said in _BESIDE.items():
		df = doc.meta.get_field(beside)
		if not df or df.fieldtype in no_value_fields:
			continue
		# Who raised a ticket for somebody else stays named.
		if beside == "raised_by" and (doc.get(beside) or "").lower() not in mails:
			continue
		if fieldname in ("contact_person", "contact") or doc.get(beside):
			doc.set(beside, substitute_.get(said) or "")
	doc.flags.ignore_mandatory = True
	doc.save(ignore_permissions=True)
	return True


def _hand_over(found: Leaving, by: str) -> int:
	user = frappe.db.get_value("Contact", by, "user")
	if not (found.user and user):
		return 0
	for doctype, name, _todo in found.tasks:
		assign_to.add({"doctype": doctype, "name": name, "assign_to": [user]}, ignore_permissions=True)
		assign_to.remove(doctype, name, found.user, ignore_permissions=True)
	return len(found.tasks)


def _leave(found: Leaving, by: str, left_on: str | None) -> None:
	primary = PARTIES[found.party_type]
	party = frappe.get_doc(found.party_type, found.party, for_update=True)
	if party.get(primary) == found.contact:
		party.set(primary, by)
		party.flags.ignore_mandatory = True
		party.save(ignore_permissions=True)
	# The app's own jobs may have changed it since: read it as it is now.
	doc = frappe.get_doc("Contact", found.contact, for_update=True)
	doc.links = [
		row for row in doc.links if (row.link_doctype, row.link_name) != (found.party_type, found.party)
	]
	doc.update({LEFT: getdate(left_on), SUBSTITUTE: by})
	doc.flags.ignore_mandatory = True
	doc.save(ignore_permissions=True)


def _end_view(found: Leaving, *, elsewhere: bool) -> bool:
	"""End the portal of who left: the party's, and the log-in itself where nothing else hangs on it."""
	if not found.user:
		return False
	frappe.db.delete(
		"Portal User", {"user": found.user, "parenttype": found.party_type, "parent": found.party}
	)
	user = frappe.get_doc("User", found.user, for_update=True)
	elsewhere = (
		elsewhere
		or frappe.db.exists("Portal User", {"user": found.user})
		or frappe.db.exists(
			"Dynamic Link",
			{"parenttype": "Contact", "parent": found.contact, "link_doctype": ["in", list(PARTIES)]},
		)
	)
	if user.user_type == "System User" or elsewhere or not user.enabled:
		return False
	user.enabled = 0
	user.flags.ignore_mandatory = True
	user.save(ignore_permissions=True)
	frappe.sessions.clear_sessions(user=found.user, force=True)
	return True
