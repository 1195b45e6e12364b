"""What is kept after an erasure is restricted: stored, and used for nothing but what it is kept for (GDPR 18(2), 17(3)(b), (e)).

Whoever needs it by law (roles in Signflow Settings, and data protection officers) goes on reading it, and each opening is
in Frappe's View Log. For everybody else it is in no list, search, report builder, export or link field, opens in no form,
prints nowhere, and is not mailed, shared, assigned or changed where it speaks of the person.

Every look at another app's record first asks a small cached list of the DocTypes of which anything is kept: where nothing
is, nothing is asked of the database, else one indexed look-up is.
"""

from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, formatdate

from signflow.core.privacy.datamap import DataMap
from signflow.services.growing_set import GrowingSet
from signflow.services.privacy import data_map
from signflow.services.transaction import is_being_built, is_missing_table
from signflow.signflow.roles import OFFICER

PLAN, LINE = "Erasure Plan", "Erasure Plan Line"
# From the approval on; a plan that failed on its way was approved as well.
IN_FORCE = ("Approved", "Running", "Failed", "Done")
# Who has to do with bookkeeping, audit: what they read is what it is kept for.
DEFAULT_ROLES = ("Accounts User", "Accounts Manager", "Auditor")
# Our own records have rules of their own.
OURS = ("Signflow", "Signflow Privacy")
# Mailing and sharing are refused by what watches them, with the reason.
_READING = frozenset(("read", "select", "print", "export", "report"))
# Frappe 15 asks the next app only where one has said nothing; 16 asks all, and takes nothing for a no.
_NOTHING_TO_SAY = None if frappe.__version__.startswith("15.") else True
# What lies beside a record and takes it to somebody else: the fields that name the record.
_BESIDE = {
	"DocShare": ("share_doctype", "share_name"),
	"ToDo": ("reference_type", "reference_name"),
	"Communication": ("reference_doctype", "reference_name"),
}


def kinds() -> frozenset[str]:
	"""The DocTypes of which something is, or once was, kept after an erasure; from the cache."""
	return _KINDS.members()


def _read_kinds() -> list[str]:
	line, plan = frappe.qb.DocType(LINE), frappe.qb.DocType(PLAN)
	query = frappe.qb.from_(line).join(plan).on(plan.name == line.plan).select(line.record_doctype).distinct()
	query = query.where(_in_force(line, plan)).orderby(line.record_doctype)
	try:
		return [name for (name,) in query.run()]
	except Exception as error:
		# Between an update of the code and its migration nothing is kept, and all apps go on.
		if not is_missing_table(error):
			raise
		return []


_KINDS = GrowingSet("signflow_kept_kinds", _read_kinds)


def _in_force(line: Any, plan: Any) -> Any:
	return (line.action == "Keep") & (line.status == "Waiting") & plan.status.isin(IN_FORCE)


def note_kinds(plan: str) -> None:
	"""A plan was approved, or has ended: from now on what it keeps is looked for."""
	filters = {"plan": plan, "action": "Keep"}
	found = frappe.get_all(
		LINE, filters, pluck="record_doctype", distinct=True, order_by="record_doctype asc"
	)
	_KINDS.add_after_commit(found)


def refresh() -> None:
	"""After a migration and daily: what the cache has lost is in it again, and what a restore brought back is not."""
	_KINDS.refresh()
	_end_shares()


def kept(doctype: str, name: Any) -> Any:
	"""Why a record is restricted, {plan, company, ground, statute, keep_until}; None if it is not. One indexed look-up."""
	return _kept(doctype, name) if doctype in kinds() else None


def _kept(doctype: str, name: Any) -> Any:
	"""As `kept`, of one of `kinds`."""
	line, plan = frappe.qb.DocType(LINE), frappe.qb.DocType(PLAN)
	rows = (
		frappe.qb.from_(line)
		.join(plan)
		.on(plan.name == line.plan)
		.select(line.plan, plan.company, line.ground, line.statute, line.keep_until)
		.where((line.record_name == str(name)) & (line.record_doctype == doctype) & _in_force(line, plan))
		.orderby(line.keep_until, order=frappe.qb.desc)
		.orderby(line.name)
		.limit(1)
		.run(as_dict=True)
	)
	return rows[0] if rows else None


def may_use(user: str | None = None) -> bool:
	"""Whether a user has a role that needs what is kept: one of the settings', or the officer's."""
	user = user or frappe.session.user
	if user == "Administrator":
		return True
	chosen = {row.role for row in frappe.get_cached_doc("Signflow Settings").kept_roles}
	return bool({OFFICER, *(chosen or DEFAULT_ROLES)} & set(frappe.get_roles(user)))


def _is_locked(doctype: str) -> bool:
	"""Whether what is kept of a DocType is closed to others.

	A Contact or Customer belongs to no company: on a site of several it may be another one's as well, so that it is marked
	as restricted for the company, and no more.
	"""
	if frappe.get_meta(doctype).module in OURS:
		return False
	field = frappe.get_meta(doctype).get_field("company")
	return bool(field and field.options == "Company") or frappe.db.count("Company") < 2


def _is_closed(doctype: str, user: str | None = None) -> bool:
	"""Whether what is kept of one of `kinds` is closed to a user."""
	return not (is_being_built() or may_use(user)) and _is_locked(doctype)


def _closed_to(doctype: str, name: Any, user: str | None = None) -> Any:
	"""Why a record of one of `kinds` is closed to a user; None if it is not."""
	return _kept(doctype, name) if _is_closed(doctype, user) else None


def _is_open() -> bool:
	"""Whether the house has chosen to leave what is kept in lists and forms of all."""
	return bool(cint(frappe.get_cached_doc("Signflow Settings").kept_is_open))


def _works_here(user: str) -> bool:
	"""Whether a user is one of the house's: a customer reads his own invoices in the portal."""
	return frappe.get_cached_value("User", user, "user_type") == "System User"


def told(row: Any) -> str:
	"""Why and until when it is kept, in the language spoken."""
	why = row.statute or (_(row.ground) if row.ground else _("a decision of the data protection officer"))
	if row.keep_until:
		return _("Kept until {1} ({0}), to be used for that purpose alone (GDPR 18).").format(
			why, formatdate(row.keep_until)
		)
	return _("Kept as long as its ground lasts ({0}), to be used for that purpose alone (GDPR 18).").format(
		why
	)


def _refuse(row: Any, what: str) -> None:
	frappe.throw(f"{what} {told(row)}", frappe.PermissionError, title=_("Restricted"))


# Reading


def hidden(user: str | None = None, doctype: str | None = None) -> str:
	"""The condition that leaves what is kept out of lists, searches and link fields of whoever does not need it."""
	user = user or frappe.session.user
	if not doctype or doctype not in kinds() or not _is_closed(doctype, user):
		return ""
	if not _works_here(user) or _is_open():
		return ""
	name = f"`tab{doctype}`.`name`"
	if frappe.get_meta(doctype).autoname == "autoincrement":
		name = f"cast({name} as char(140))"
	statuses = ", ".join(f"'{one}'" for one in IN_FORCE)
	return (
		f"not exists (select 1 from `tab{LINE}` kept_line inner join `tab{PLAN}` kept_plan"
		f" on kept_plan.`name` = kept_line.`plan` where kept_line.`record_name` = {name}"
		f" and kept_line.`record_doctype` = {frappe.db.escape(doctype)} and kept_line.`action` = 'Keep'"
		f" and kept_line.`status` = 'Waiting' and kept_plan.`status` in ({statuses}))"
	)


def may_be_read(doc: Any, ptype: str = "read", user: str | None = None) -> bool | None:
	"""Hook `has_permission` of all DocTypes: no to whoever does not need what is kept, with the reason; else nothing.

	For who knows the exact name of a record, as through the REST API. Who may change a record in business goes on doing so.
	"""
	if ptype not in _READING or doc.is_new() or doc.meta.issingle or doc.doctype not in kinds():
		return _NOTHING_TO_SAY
	if _is_open() or not _works_here(user or frappe.session.user):
		return _NOTHING_TO_SAY
	if not (row := _closed_to(doc.doctype, doc.name, user)):
		return _NOTHING_TO_SAY
	# Where Frappe would tell the user why; a look of its own at shares loses what is only noted for it.
	if frappe.flags.get("has_permission_check_logs") is not None:
		frappe.msgprint(f"{_('This record is restricted.')} {told(row)}", title=_("Restricted"))
	return False


def on_open(doc: Any, method: str | None = None) -> None:
	"""Somebody opens a record in a form: say why it is kept and note who looked; refuse whoever does not need it."""
	if doc.is_new() or doc.meta.issingle or not (row := kept(doc.doctype, doc.name)):
		return
	if not _is_open() and _works_here(frappe.session.user) and _is_closed(doc.doctype):
		_refuse(row, _("This record is restricted."))
	doc.set_onload(
		"signflow_kept",
		{"told": told(row), "plan": row.plan if OFFICER in frappe.get_roles() else None},
	)
	if not doc.meta.get("track_views"):
		doc.add_viewed(force=True)


def on_print(doc: Any, method: str | None = None, *args: Any, **kwargs: Any) -> None:
	"""Somebody prints a record, or makes a PDF of it: refuse whoever of the house does not need it."""
	if doc.doctype in kinds() and _works_here(frappe.session.user):
		if row := _closed_to(doc.doctype, doc.name):
			_refuse(row, _("This record is not printed."))


# Using


def guard_change(doc: Any, method: str | None = None) -> None:
	"""Somebody saves a record: what it says of the person stays as it is, save for whoever needs it."""
	if doc.is_new() or doc.meta.issingle or doc.doctype not in kinds():
		return
	row = _closed_to(doc.doctype, doc.name)
	if not row:
		return
	before = doc.get_doc_before_save()
	the_map = data_map.load()
	if before and _personal_values(doc, the_map) != _personal_values(before, the_map):
		_refuse(row, _("What this record says of a person is not changed."))


def _personal_values(doc: Any, the_map: DataMap) -> list[Any]:
	"""What a record and its rows say of persons, as text."""
	found = []
	for row in [doc, *doc.get_all_children()]:
		fields = the_map[row.doctype].fields if row.doctype in the_map else {}
		found += [(row.doctype, row.name or "", name, str(row.get(name) or "")) for name in sorted(fields)]
	return sorted(found)


def guard_beside(doc: Any, method: str | None = None) -> None:
	"""Somebody shares a record, assigns it or mails from it: refuse whoever does not need it, and who would get it."""
	kind, name = (doc.get(field) for field in _BESIDE[doc.doctype])
	if not kind or not name or kind not in kinds() or frappe.session.user == "Administrator":
		return
	if doc.doctype == "DocShare":
		gets_it = None if doc.everyone else doc.user
		row = _closed_to(kind, name) or (_closed_to(kind, name, gets_it) if gets_it else _kept(kind, name))
		if row:
			_refuse(row, _("This record is not shared."))
	elif doc.doctype == "ToDo":
		# A rule assigns by itself; who gets it opens nothing.
		row = (
			None
			if doc.assignment_rule
			else _closed_to(kind, name) or _closed_to(kind, name, doc.allocated_to)
		)
		if row and doc.status == "Open":
			_refuse(row, _("This record is not assigned."))
	elif doc.sent_or_received == "Sent" and doc.communication_type == "Communication":
		if row := _closed_to(kind, name):
			_refuse(row, _("No mail is sent from this record."))


# When an erasure ends


def on_erased(plan: str) -> None:
	"""What is kept is taken out of the search index, which asks nobody who reads it, and is shared no more with who does not
	need it (hook signflow_erasure_done)."""
	index = frappe.qb.Table("__global_search")
	lines = frappe.get_all(
		LINE,
		{"plan": plan, "action": "Keep", "status": "Waiting", "record_name": ["is", "set"]},
		["record_doctype", "record_name"],
		order_by="place asc",
	)
	names: dict[str, list[str]] = {}
	for line in lines:
		names.setdefault(line.record_doctype, []).append(line.record_name)
	for doctype, found in sorted(names.items()):
		if _is_locked(doctype):
			frappe.qb.from_(index).delete().where((index.doctype == doctype) & index.name.isin(found)).run()
	note_kinds(plan)
	_end_shares(plan)


def on_settings(doc: Any, method: str | None = None) -> None:
	"""The house has said anew who needs what is kept (Signflow Settings, on_change: the settings are read anew by then)."""
	if kinds():
		_end_shares()


def _end_shares(plan: str | None = None) -> None:
	"""End the shares of what a plan keeps, or all plans, with who does not need it: Frappe shows what is shared, whatever a
	permission says. Tells nobody: a comment on it would tell of her record."""
	if _is_open():
		return
	share = frappe.qb.DocType("DocShare")
	line, of = frappe.qb.DocType(LINE), frappe.qb.DocType(PLAN)
	query = (
		frappe.qb.from_(line)
		.join(of)
		.on(of.name == line.plan)
		.join(share)
		.on((share.share_doctype == line.record_doctype) & (share.share_name == line.record_name))
		.select(share.name, share.user, share.everyone, share.share_doctype)
		.where(_in_force(line, of))
	)
	if plan:
		query = query.where(line.plan == plan)
	rows = query.orderby(share.name).run(as_dict=True)
	# Of an app that is gone records and shares may have stayed.
	there = {one for one in {row.share_doctype for row in rows} if frappe.db.exists("DocType", one)}
	ended = [
		row.name
		for row in rows
		if row.share_doctype in there
		and _is_locked(row.share_doctype)
		and (row.everyone or (_works_here(row.user) and not may_use(row.user)))
	]
	if ended:
		frappe.db.delete("DocShare", {"name": ["in", ended]})
