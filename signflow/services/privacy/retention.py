"""Runs of the retention rules: what is past its time is counted, marked or deleted, one record per transaction.

The run's row is the queue: a run that was killed goes on where it stood. What a rule may do it does only once an officer
approved it; before, and in a dry run, it is counted. A record that another rule or a legal hold keeps stays, as does one
that is submitted or that others point to. Of what was deleted stays a keyed hash of its name, nothing of its content.
"""

import secrets
import time
from collections import defaultdict
from typing import Any

import frappe
from frappe import _
from frappe.desk.doctype.tag.tag import DocTags
from frappe.utils import getdate, now_datetime

from signflow.core.privacy.retention import ERASE
from signflow.services import notices, work
from signflow.services.privacy import deleting
from signflow.services.privacy.keeping import Keeping
from signflow.services.privacy.overdue import count_due, due, due_names
from signflow.services.site_keys import keyed_hash
from signflow.services.transaction import is_conflict, one_transaction

PAST = "Past Its Time"
# Records that are kept are looked at again in each run; a run that has looked at so many leaves the rest to the next.
LOOKS_AT_MOST = 20_000
LEASE_SECONDS = 60
# A worker's job on the queue "short" has five minutes: the next one goes on.
JOB_SECONDS = 200
COUNTS = ("deleted", "marked", "protected", "refused", "submitted", "linked")


def is_stopped() -> bool:
	"""Whether the switch in the settings stops all runs, as the database says now."""
	return bool(int(frappe.db.get_single_value("Signflow Settings", "retention_stopped", cache=False) or 0))


def daily() -> None:
	"""Once a day: begin a run, unless runs are stopped, one is at work, or there is nothing to run."""
	if is_stopped() or frappe.db.exists("Retention Run", {"status": "Running", "dry_run": 0}):
		return
	if frappe.db.exists("Retention Rule", {"enabled": 1, "kind": ERASE}):
		start(dry_run=False)


def sweep() -> None:
	"""Every few minutes: wake runs that nobody holds, a killed worker's among them."""
	work.wake_unheld("Retention Run", wake)


def wake(run: str) -> None:
	"""Have a worker go on with the run as soon as the transaction is committed."""
	work.wake("signflow.services.privacy.retention.carry_on", run=run)


@one_transaction
def start(dry_run: bool = True, rule: str | None = None) -> str:
	"""Begin a run of all enabled rules that erase (or of one, enabled or not, which is then a dry run); its name.

	Raises ValidationError when there is nothing to run, or the switch in the settings stops all runs.
	"""
	if not dry_run and is_stopped():
		frappe.throw(_("Retention runs are stopped in the settings."))
	filters = {"kind": ERASE, **({"name": rule} if rule else {"enabled": 1})}
	rules = frappe.get_all("Retention Rule", filters=filters, fields=["*"], order_by="title asc, name asc")
	if not rules:
		frappe.throw(_("There is no enabled rule that erases."))
	dry_run = bool(dry_run or rule)
	run = frappe.get_doc(
		{
			"doctype": "Retention Run",
			"status": "Running",
			"dry_run": int(dry_run),
			"day": getdate(),
			"started_by": frappe.session.user,
			"started_on": now_datetime(),
			"work_due": 1,
			"rules": [
				{
					"rule": row.name,
					"document_type": row.document_type,
					"acts": int(not dry_run and bool(row.approved)),
					"due": count_due(row),
					"done": int(row.action == "Report Only"),
					"last_row": None if dry_run else _left_at(row),
					"rule_version": str(row.modified),
				}
				for row in rules
			],
		}
	)
	run.flags.signflow = True
	run.insert(ignore_permissions=True)
	wake(run.name)
	return run.name


def _left_at(rule: Any) -> str | None:
	"""Where the last run that acted by this rule, as it is now, had to leave records to the next one."""
	rows = frappe.get_all(
		"Retention Run Rule",
		filters={"rule": rule.name, "acts": 1, "rule_version": str(rule.modified)},
		fields=["last_row", "more_left"],
		order_by="creation desc",
		limit=1,
	)
	return rows[0].last_row if rows and rows[0].more_left else None


@one_transaction
def stop(run: str) -> None:
	"""Have a run stop before its next record."""
	frappe.db.set_value("Retention Run", run, "stop_requested", 1)
	wake(run)


def carry_on(run: str) -> None:
	"""Do what a run has left (RQ job; may be killed anywhere). Does nothing while another worker holds it."""
	frappe.set_user("Administrator")
	token = secrets.token_hex(16)
	if not work.take_lease("Retention Run", run, LEASE_SECONDS, lease_token=token):
		return
	deadline = time.monotonic() + JOB_SECONDS
	try:
		while work.hold_lease("Retention Run", run, token, LEASE_SECONDS):
			row = _next_rule(run)
			if not row:
				_end(run, token, "Finished")
				return
			if not _batch(run, token, row, deadline):
				_end(run, token, "Stopped")
				return
			if time.monotonic() > deadline:
				_release(run, token)
				return
	except Exception as error:
		frappe.db.rollback()
		# Not raised: Frappe would log it with all values at hand, the record's among them.
		_failed(run, token, work.place_of(error))


@one_transaction
def _release(run: str, token: str) -> None:
	if work.is_ours("Retention Run", run, token):
		_set(run, lease_token=None, lease_until=None)
		wake(run)


@one_transaction
def _end(run: str, token: str, status: str) -> None:
	row = frappe.db.get_value("Retention Run", run, ["lease_token", "dry_run"], as_dict=True, for_update=True)
	if row.lease_token != token:
		return
	_set(run, status=status, finished_on=now_datetime(), work_due=0, lease_token=None, lease_until=None)
	for user, rows in ({} if row.dry_run else _told_of(run)).items():
		_tell(run, user, rows)


@one_transaction
def _failed(run: str, token: str, place: str) -> None:
	row = frappe.db.get_value(
		"Retention Run", run, ["lease_token", "work_attempts"], as_dict=True, for_update=True
	)
	if row.lease_token != token:
		return
	attempts = (row.work_attempts or 0) + 1
	log = frappe.log_error(
		title=f"signflow: retention run {run}",
		message=place,
		reference_doctype="Retention Run",
		reference_name=run,
	)
	_set(
		run,
		work_attempts=attempts,
		failure=_("The run is tried again. See Error Log {0}.").format(log.name),
		lease_token=None,
		lease_until=work.lease(work.pause(attempts)),
		**({"status": "Failed", "work_due": 0} if attempts >= 5 else {}),
	)
	if attempts == 5:
		for user in _told_of(run):
			notices.notify(
				user, ("Retention Run", run), lambda: _("The retention run {0} failed.").format(run)
			)


def _told_of(run: str) -> dict[str, list[Any]]:
	"""Who is told of a run, and of which of its rules: of one company's rule whoever answers for the company."""
	filters = {"parent": run, "parenttype": "Retention Run"}
	rows = frappe.get_all("Retention Run Rule", filters, ["rule", "marked", "refused"], order_by="idx asc")
	of_one = {"name": ["in", [row.rule for row in rows]]}
	companies = dict(
		frappe.get_all("Retention Rule", of_one, ["name", "only_company"], as_list=True, order_by="name asc")
	)
	told: dict[str, list[Any]] = defaultdict(list)
	for row in rows:
		for user in notices.officers("Retention Rule", companies.get(row.rule)):
			told[user].append(row)
	return told


def _tell(run: str, user: str, rows: list[Any]) -> None:
	marked, refused = sum(one.marked for one in rows), sum(one.refused for one in rows)
	if marked or refused:
		notices.notify(
			user,
			("Retention Run", run),
			lambda: _("Retention: {0} records were marked for review, {1} refused.").format(marked, refused),
		)


def _set(run: str, **values: Any) -> None:
	frappe.db.set_value("Retention Run", run, values, update_modified=False)


def _set_row(row: str, **values: Any) -> None:
	frappe.db.set_value("Retention Run Rule", row, values, update_modified=False)


def _next_rule(run: str) -> str | None:
	rows = frappe.get_all(
		"Retention Run Rule",
		filters={"parent": run, "parenttype": "Retention Run", "done": 0},
		pluck="name",
		order_by="idx asc",
		limit=1,
	)
	return rows[0] if rows else None


def _batch(run: str, token: str, row: str, deadline: float) -> bool:
	"""Look at the next records of one rule; False if the run was asked to stop."""
	state = frappe.get_doc("Retention Run Rule", row)
	rule = frappe.get_all("Retention Rule", filters={"name": state.rule}, fields=["*"], order_by="name asc")
	if not rule or str(rule[0].modified) != state.rule_version:
		_done(run, token, row, note=_("The rule was changed or deleted meanwhile."))
		return not _must_stop(run)
	over, last = due_names(rule[0], state.last_row, Keeping())
	for name in over:
		if time.monotonic() > deadline:
			return True
		going = _one(run, token, row, rule[0], name)
		if going is None:
			return False
		if not going:
			return True
	if last is None:
		_done(run, token, row)
	else:
		_move_on(run, token, row, last)
	return not _must_stop(run)


def _must_stop(run: str) -> bool:
	state = frappe.db.get_value("Retention Run", run, ["stop_requested", "dry_run"], as_dict=True)
	return bool(state.stop_requested) or (not state.dry_run and is_stopped())


@one_transaction
def _done(run: str, token: str, row: str, **values: Any) -> None:
	if work.is_ours("Retention Run", run, token):
		_set_row(row, done=1, **values)


@one_transaction
def _move_on(run: str, token: str, row: str, last: str) -> None:
	if work.is_ours("Retention Run", run, token):
		_set_row(row, last_row=last)


@one_transaction
def _one(run: str, token: str, row: str, rule: Any, name: Any) -> bool | None:
	"""Do to one record what its rule says; None if the run must stop, False if this rule has done its share."""
	if not work.is_ours("Retention Run", run, token) or _must_stop(run):
		return None
	state = frappe.get_doc("Retention Run Rule", row)
	if str(frappe.db.get_value("Retention Rule", rule.name, "modified")) != state.rule_version:
		_set_row(row, done=1, note=_("The rule was changed or deleted meanwhile."))
		return False
	done = state.deleted + state.marked
	if (rule.most_rows and done >= rule.most_rows) or done + state.protected + state.refused >= LOOKS_AT_MOST:
		_set_row(row, more_left=1, done=1)
		return False
	outcome = _outcome(rule, name, act=bool(state.acts))
	counts = {key: state.get(key) + 1 for key in COUNTS if key in outcome}
	_set_row(row, last_row=str(name), **counts)
	if "deleted" in outcome and state.acts:
		_note_deletion(run, rule, name)
	return True


def _outcome(rule: Any, name: Any, *, act: bool) -> tuple[str, ...]:
	"""What becomes of one record, as the counts it adds to; without `act` what would, and nothing is done."""
	keeping = Keeping()
	if name not in due(rule, [name], keeping):
		return ()
	if keeping.of(rule.document_type, name):
		return ("protected",)
	if rule.action != "Delete":
		tags = DocTags(rule.document_type)
		if PAST in tags.get_tags(name).split(","):
			return ()
		if act:
			tags.add(name, PAST)
		return ("marked",)
	if frappe.db.get_value(rule.document_type, name, "docstatus") == 1:
		return ("refused", "submitted")
	if not act:
		return deleting.would_delete(rule.document_type, name, keeping)
	frappe.db.savepoint("signflow_retention")
	try:
		deleting.delete_with_trail(rule.document_type, name, keeping)
	except Exception as refusal:
		if is_conflict(refusal):
			raise
		frappe.db.rollback(save_point="signflow_retention")
		frappe.clear_messages()
		if not isinstance(refusal, deleting.Kept | frappe.ValidationError | frappe.PermissionError):
			# Some app's fault with one record: it must not keep the others for ever.
			frappe.log_error(title=f"signflow: retention rule {rule.name}", message=work.place_of(refusal))
		return deleting.refused(refusal)
	return ("deleted",)


def _note_deletion(run: str, rule: Any, name: Any) -> None:
	row = frappe.get_doc(
		{
			"doctype": "Retention Deletion",
			"run": run,
			"rule": rule.name,
			"document_type": rule.document_type,
			"deleted_on": now_datetime(),
			"row_hash": row_hash(rule.document_type, name),
		}
	)
	row.flags.signflow = True
	row.insert(ignore_permissions=True)


def row_hash(doctype: str, name: Any) -> str:
	"""The keyed hash by which a deleted record is known again, as after a backup was restored."""
	return keyed_hash("retention", f"{doctype}\0{name}")
