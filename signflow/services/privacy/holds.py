"""Legal holds remember what they hold: what fits when a hold is placed and whatever comes to fit later, until it is lifted.

So a record cannot be edited out of a hold. Whatever fits a hold by filters is remembered when the hold is placed, before
and after each save, and once a day, which finds what code wrote past Frappe's events. A record that is renamed stays held;
one that is held is not merged into another, which would delete it.

Frappe's Log Settings, ERPNext's Transaction Deletion Record and code that deletes by SQL ask nobody. The first is warned
of, the second is refused, of the third the documentation speaks.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, get_link_to_form, getdate, now

from signflow.services import work
from signflow.services.transaction import is_being_built, is_missing_table
from signflow.signflow_privacy.record_filters import company_field, fits, sound_filters

HELD = "Legal Hold Record"
# Log Settings adds DocTypes that were taken out of it again, so that only very many days keep it from deleting.
NEVER_CLEARED = 36500
# Both before and after a record is saved: on the way it may have stopped fitting, or begun to.
_FLAG = "signflow_holds"


def guard_deletion(doc: Any, method: str | None = None) -> None:
	"""Before anybody deletes any record: refuse one that a legal hold in force names, remembers or fits.

	One indexed look-up where nothing of its kind is held. What only points to a held record is guarded where we delete.
	"""
	if is_being_built() or doc.doctype == "DocType":
		return
	if holds_it(doc.doctype, str(doc.name)):
		frappe.throw(_("A legal hold keeps {0} {1}.").format(_(doc.doctype), doc.name))


def watch(doc: Any, method: str | None = None) -> None:
	"""Before and after anybody saves any record: remember it for the holds that it fits.

	One indexed look-up for both where nothing of its kind is held.
	"""
	if is_being_built() or doc.flags.in_delete or not doc.name or doc.meta.issingle or doc.doctype == HELD:
		return
	is_after = method == "on_change"
	if not is_after and doc.is_new():
		return
	holds = doc.flags.pop(_FLAG, None) if is_after else None
	if holds is None:
		holds = _holds_on(doc.doctype)
	if not is_after:
		doc.flags[_FLAG] = holds
	for hold in holds:
		if not hold.document_name:
			remember(hold, [str(doc.name)])


def follow_rename(doc: Any, method: str | None, old: Any, new: Any, merge: bool = False) -> None:
	"""After anybody renamed any record: a held one stays held. Raises ValidationError where it was merged into another."""
	if is_being_built() or doc.doctype == "DocType" or not _holds_on(doc.doctype):
		return
	if merge:
		if holds_it(doc.doctype, str(old)):
			frappe.throw(_("A legal hold keeps {0} {1}.").format(_(doc.doctype), old))
		return
	record = {"document_type": doc.doctype, "document_name": str(old)}
	kept_by = frappe.get_all(HELD, filters=record, pluck="hold", order_by="hold asc")
	frappe.db.delete(HELD, record)
	for hold in kept_by:
		_insert(hold, doc.doctype, [str(new)])


def on_placed(doc: Any, method: str | None = None) -> None:
	"""A hold is placed: remember all that it holds, and tell who placed it of what will delete past it."""
	remember(doc)
	days = days_in_log_settings().get(doc.document_type)
	if days:
		frappe.msgprint(
			f"{_log_text(doc.document_type, days)} {_log_cure()}",
			title=_("Deleted Past This Hold"),
			indicator="red",
		)


def daily() -> None:
	"""Once a day: remember what came to fit by ways that no event tells of."""
	for hold in _unlifted():
		with work.edge(f"legal hold {hold.name}"):
			remember(hold)
			frappe.db.commit()


def guard_emptying(doc: Any, method: str | None = None) -> None:
	"""Before ERPNext empties a company's tables by SQL, which asks nobody: refuse while a hold is in force there."""
	for hold in _unlifted():
		if hold.only_company in (None, "", doc.company):
			frappe.throw(
				_("The legal hold {0} is in force: the records of {1} are not deleted.").format(
					get_link_to_form("Legal Hold", hold.name), doc.company
				)
			)


def forget(hold: str) -> None:
	"""A hold is lifted: what it held is remembered no more."""
	frappe.db.delete(HELD, {"hold": hold})


def remember(hold: Any, names: Iterable[str] | None = None) -> None:
	"""Remember those of `names` (all records of its DocType by default) that a hold holds, in the caller's transaction.

	A hold on all there is remembers nothing: nothing can be edited out of it.
	"""
	if hold.document_name:
		found = [str(hold.document_name)] if names is None else []
	elif hold.only_company or conditions(hold):
		found = fitting(hold, names)
	else:
		return
	_insert(hold.name, hold.document_type, found)


def fitting(hold: Any, names: Iterable[str] | None = None) -> list[str]:
	"""The records that fit a hold by filters now; of all, or of `names`.

	A condition that can be asked no more, as on a field that is gone, leaves nothing out.
	"""
	whose = company_field(hold.document_type) if hold.only_company else None
	return fits(hold.document_type, conditions(hold), names, (whose, hold.only_company) if whose else None)


def remembered(holds: Iterable[str], names: Iterable[str]) -> set[tuple[str, str]]:
	"""(hold, name) of those of `names` that the holds remember. One query."""
	rows = frappe.get_all(
		HELD,
		filters={"hold": ["in", list(holds)], "document_name": ["in", list(names)]},
		fields=["hold", "document_name"],
		order_by="name asc",
	)
	return {(row.hold, row.document_name) for row in rows}


def holds_it(doctype: str, name: str) -> bool:
	"""Whether a hold in force names the record, remembers it, or fits it now."""
	holds = [hold for hold in _holds_on(doctype) if getdate(hold.from_date) <= getdate()]
	if not holds:
		return False
	if any(hold.document_name == name for hold in holds) or remembered((hold.name for hold in holds), [name]):
		return True
	return any(fitting(hold, [name]) for hold in holds if not hold.document_name)


def _holds_on(doctype: str) -> list[Any]:
	hold = frappe.qb.DocType("Legal Hold")
	query = (
		frappe.qb.from_(hold)
		.select(
			*(hold.name, hold.document_type, hold.document_name, hold.filters_json),
			*(hold.only_company, hold.from_date),
		)
		.where((hold.document_type == doctype) & (hold.lifted == 0))
		.orderby(hold.name)
	)
	try:
		return query.run(as_dict=True)
	except Exception as error:
		# Between an update of the code and its migration nothing is held, and all apps go on.
		if not is_missing_table(error):
			raise
		return []


def _unlifted() -> list[Any]:
	return frappe.get_all("Legal Hold", filters={"lifted": 0}, fields=["*"], order_by="name asc")


def conditions(hold: Any) -> list[list[Any]]:
	"""The filters of a hold that its DocType still has fields for."""
	return sound_filters(hold.document_type, hold.filters_json)


def _insert(hold: str, doctype: str, names: list[str]) -> None:
	known = {name for _hold, name in remembered([hold], names)} if len(names) == 1 else set()
	stamp = now()
	rows = [
		# By its name the row is there once, whoever else remembers the record meanwhile.
		(
			f"{hold}-{hashlib.sha256(name.encode()).hexdigest()[:32]}",
			*(hold, doctype, name, stamp, stamp, frappe.session.user, frappe.session.user),
		)
		for name in names
		if name not in known
	]
	if rows:
		fields = [
			"name",
			"hold",
			"document_type",
			"document_name",
			"creation",
			"modified",
			"owner",
			"modified_by",
		]
		frappe.db.bulk_insert(HELD, fields, rows, ignore_duplicates=True)


# What deletes past all holds


def days_in_log_settings() -> dict[str, int]:
	"""DocType → days after which Frappe's Log Settings delete its rows by SQL; those that it leaves alone are left out."""
	rows = frappe.get_all(
		"Logs To Clear",
		{"parent": "Log Settings"},
		["ref_doctype", "days"],
		order_by="ref_doctype asc",
	)
	return {row.ref_doctype: cint(row.days) for row in rows if cint(row.days) < NEVER_CLEARED}


def weaknesses() -> Iterator[tuple[str, Any, str, str]]:
	"""What holds cannot do on this site: (code, hold, what, cure)."""
	days = days_in_log_settings()
	for hold in _unlifted():
		if hold.document_type in days:
			yield "hold_on_log", hold, _log_text(hold.document_type, days[hold.document_type]), _log_cure()
		if len(sound_filters(hold.document_type, hold.filters_json)) < len(
			frappe.parse_json(hold.filters_json or "[]")
		):
			text = _("Conditions of the legal hold on {0} name fields that are gone: it holds all of them.")
			cure = _("Place another hold, then lift this one.")
			yield "hold_filters", hold, text.format(_(hold.document_type)), cure


def _log_text(doctype: str, days: int) -> str:
	text = _("Frappe's Log Settings delete {0} after {1} days, past any legal hold.")
	return text.format(_(doctype), days)


def _log_cure() -> str:
	return _("Set the days to {0} in Log Settings while the hold lasts.").format(NEVER_CLEARED)
