"""An approved plan carried out, a few records per transaction: the only code that erases a person's data.

The plan's row is the queue: a worker that was killed anywhere leaves lines that are done and lines that are not, and the
next goes on there; what is done twice is done once. Rows are written as rows: no doc event of any app runs, so that
nobody writes down what was there (Version, Comment, Deleted Document, Activity Log). Statements go by primary keys and
in small transactions, so that nobody waits for their locks.
"""

import json
import secrets
import time
from collections import Counter
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Coalesce
from frappe.utils import add_to_date, getdate, now_datetime

from signflow.core.erasure.masking import Neutral
from signflow.core.erasure.planner import EVIDENCE_ARTICLE, FOR_OTHERS, Decision
from signflow.core.privacy.persons import Record
from signflow.services import notices, work
from signflow.services.erasure import closing, evidence_of, ledger, planning, rows
from signflow.services.erasure.facts import version_of
from signflow.services.erasure.planning import LINE, PLAN
from signflow.services.erasure.rows import Erasing
from signflow.services.privacy.accesses import record_access
from signflow.services.privacy.approvals import require_officer
from signflow.services.privacy.keeping import Keeping
from signflow.services.subject_requests import records
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, kept

LEASE_SECONDS = 60
JOB_SECONDS = 200
# So many records go together: a transaction then takes some hundredths of a second.
BATCH = 20
MOST_ATTEMPTS = 5
# So long a transaction goes on; nobody waits longer for the rows in it.
TRANSACTION_SECONDS = 0.08
# What the end of a run reads and writes besides.
_AT_THE_END = ("Erasure Backup", "Signflow Settings")
# So soon after the approval, which read all again, only each record is looked at before it goes.
FRESH_SECONDS = 120


def run_plan(plan: str) -> None:
	"""Have an approved plan carried out by a worker. Raises PermissionError for whoever is no officer."""
	require_officer()
	doc = frappe.get_doc(PLAN, plan)
	doc.check_permission("read")
	_begin(plan)


@one_transaction
def _begin(plan: str) -> None:
	doc = frappe.get_doc(PLAN, plan, for_update=True)
	if doc.status not in ("Approved", "Failed"):
		frappe.throw(_("Only a plan that was approved is carried out."))
	_set(plan, status="Running", work_due=1, work_attempts=0, failure=None, lease_until=None)
	if doc.request and doc.status == "Approved":
		records.advance(doc.request, "Running", kept(N_("Plan {0}"), plan))
	wake(plan)


def wake(plan: str) -> None:
	"""Have a worker go on with a plan as soon as the transaction is committed."""
	work.wake("signflow.services.erasure.execution.carry_on", plan=plan)


def sweep() -> None:
	"""Every few minutes: wake plans that nobody holds, a killed worker's among them."""
	work.wake_unheld(PLAN, wake)


def carry_on(plan: str) -> None:
	"""Do what a plan has left (RQ job; may be killed anywhere). Does nothing while another worker holds it."""
	frappe.set_user("Administrator")
	token = secrets.token_hex(16)
	if not work.take_lease(PLAN, plan, LEASE_SECONDS, lease_token=token):
		return
	deadline = time.monotonic() + JOB_SECONDS
	try:
		erasing = _begun(plan, token)
		if erasing is None:
			return
		closing.shut_out(erasing)
		left = _batches(plan)
		rows.warm(erasing, {batch[0].record_doctype for batch in left})
		while left:
			if time.monotonic() > deadline:
				_release(plan, token)
				return
			done = _some(erasing, left)
			if done is None:
				return
			left = left[done:]
		closing.close(erasing)
		_finished(erasing)
		found = closing.left_over(erasing)
		rows.warm(erasing, _AT_THE_END)
		_end(erasing, found)
	except Exception as error:
		frappe.db.rollback()
		# Not raised: Frappe would log it with all values at hand, the person's among them.
		_failed(plan, token, work.place_of(error))


def _begun(plan: str, token: str) -> Erasing | None:
	"""The run, if the plan is as it was approved and, before its first line, the data are as they were planned."""
	doc = frappe.get_doc(PLAN, plan)
	if doc.status == "Draft":
		planning.look_on(doc, LEASE_SECONDS / 2)
		return None
	if doc.status != "Running":
		_stop(plan, token, doc.status, "")
		return None
	if doc.digest != planning.digest(plan):
		_stop(plan, token, "Failed", _("The lines are not those that were approved."))
		return None
	erasing = _erasing(doc, token)
	if not doc.started_on:
		fresh = doc.approved_on and doc.approved_on > add_to_date(now_datetime(), seconds=-FRESH_SECONDS)
		if not fresh and planning.is_stale(doc):
			_stop(plan, token, "Superseded", _("The data were changed since the approval: plan again."))
			return None
		_started(erasing, doc.decisions)
	return erasing


@one_transaction
def _started(erasing: Erasing, decisions: str | None) -> None:
	# Whoever held it before may have noted it already.
	if _is_ours(erasing) and not frappe.db.get_value(PLAN, erasing.plan, "started_on"):
		ledger.note_person(erasing, planning.left_by(decisions))
		_set(erasing.plan, started_on=now_datetime())


@one_transaction
def _stop(plan: str, token: str, status: str, failure: str) -> None:
	if not work.is_ours(PLAN, plan, token):
		return
	request, officer = frappe.db.get_value(PLAN, plan, ["request", "approved_by"])
	_set(plan, status=status, failure=failure or None, work_due=0, lease_until=None, lease_token=None)
	if status == "Superseded" and request:
		records.advance(request, "Open", failure)
	if officer and failure:
		notices.notify(officer, (PLAN, plan), lambda: _("The erasure {0} was not carried out.").format(plan))


def _erasing(doc: Any, token: str) -> Erasing:
	told = planning.unpacked(doc)
	erasing = Erasing(
		doc.name,
		token,
		Neutral(doc.neutral_name, doc.neutral_mail),
		planning.words_of(told),
		doc.company,
		told,
	)
	goes = set()
	for line in frappe.get_all(
		LINE,
		{"plan": doc.name, "action": ["in", ("Erase", "Mask")]},
		["record_doctype", "record_name", "record_hash", "action", "renamed"],
		order_by="place asc",
	):
		new = line.renamed if line.action == "Mask" else None
		if line.action == "Mask" and not new:
			continue
		goes.add((line.record_doctype, line.record_hash))
		if line.record_name and line.record_name != new:
			erasing.targets[line.record_doctype][line.record_name] = new
	# Of lines that are done the name is forgotten.
	erasing.users = [
		name
		for doctype, name in told["records"]
		if doctype == "User" and (doctype, ledger.record_hash(doctype, name)) in goes
	]
	return erasing


def _batches(plan: str) -> list[list[Any]]:
	"""The lines that are left, those of one kind together, few enough for one short transaction."""
	lines = frappe.get_all(
		LINE,
		{"plan": plan, "status": "Planned", "action": ["in", ("Erase", "Mask", "Unlink")]},
		[
			*("name", "record_doctype", "record_name", "record_hash", "action", "fields", "renamed"),
			"version",
		],
		order_by="place asc",
	)
	batches: list[list[Any]] = []
	for line in lines:
		named = line.record_name
		if named and ledger.record_hash(line.record_doctype, named) != line.record_hash:
			raise ValueError("A line does not name the record that was approved")
		last = batches[-1] if batches else None
		if (
			last
			and line.action != "Unlink"
			and len(last) < BATCH
			and (line.record_doctype, line.action) == (last[0].record_doctype, last[0].action)
		):
			last.append(line)
		else:
			batches.append([line])
	return batches


@one_transaction
def _some(erasing: Erasing, batches: list[list[Any]]) -> int | None:
	"""Do the next lines, as many as a short transaction bears, and note that they are done; how many batches.

	None if the lease is another's by now.
	"""
	if not _is_ours(erasing):
		return None
	ends, number = time.monotonic() + TRANSACTION_SECONDS, 0
	done: list[Any] = []
	changed: list[Any] = []
	for batch in batches:
		if batch[0].action == "Unlink":
			if rows.unlink(erasing, batch[0].record_doctype, json.loads(batch[0].fields)):
				break
			done += batch
		else:
			_do(erasing, batch, done, changed)
		number += 1
		if time.monotonic() > ends or len(done) >= 2 * BATCH:
			break
	_note(erasing, done, changed)
	return number


def _do(erasing: Erasing, batch: list[Any], done: list[Any], changed: list[Any]) -> None:
	doctype = batch[0].record_doctype
	stored = rows.read(doctype, [line.record_name for line in batch])
	there = {}
	for line in batch:
		row = stored.get(line.record_name)
		if row and _is_changed(line, row):
			changed.append(line)
			continue
		done.append(line)
		if row:
			there[line.record_name] = row
	if batch[0].action == "Erase":
		rows.erase(erasing, doctype, there)
		return
	rows.mask(erasing, batch, there)


def _is_changed(line: Any, row: Any) -> bool:
	"""Whether somebody changed a record between the plan and now: what it holds by now nobody has approved."""
	return bool(line.version) and line.version != version_of(row)


def _is_ours(erasing: Erasing) -> bool:
	"""Whether the lease is still ours; holds it for longer, once it is half over."""
	row = frappe.db.get_value(
		PLAN, erasing.plan, ["lease_token", "lease_until"], as_dict=True, for_update=True
	)
	if row.lease_token != erasing.token:
		return False
	if row.lease_until < add_to_date(now_datetime(), seconds=LEASE_SECONDS // 2):
		_set(erasing.plan, lease_until=work.lease(LEASE_SECONDS))
	return True


def _note(erasing: Erasing, done: list[Any], changed: list[Any]) -> None:
	"""Say of lines how far they are. Of what is erased the line forgets the name, as of what got another one."""
	line = frappe.qb.DocType(LINE)
	kinds = {
		("Done", False): [one.name for one in done if one.action != "Erase" and not one.renamed],
		("Done", True): [one.name for one in done if one.action == "Erase"],
		("Failed", False): [one.name for one in changed],
	}
	for (status, forgets), names in kinds.items():
		if names:
			query = frappe.qb.update(line).set(line.status, status)
			query = query.set(line.record_name, None) if forgets else query
			query.where(line.name.isin(names)).run()
	for one in done:
		if one.renamed and one.action != "Erase":
			values = {"status": "Done", "record_name": one.renamed}
			frappe.db.set_value(LINE, one.name, values, update_modified=False)
	ledger.note(erasing, done)


@one_transaction
def _release(plan: str, token: str) -> None:
	if work.is_ours(PLAN, plan, token):
		_set(plan, lease_token=None, lease_until=None)
		wake(plan)


@one_transaction
def _finished(erasing: Erasing) -> None:
	if _is_ours(erasing):
		_set(erasing.plan, finished_on=now_datetime())


@one_transaction
def _end(erasing: Erasing, left: list[Record]) -> None:
	if not _is_ours(erasing):
		return
	plan = erasing.plan
	failed = frappe.db.count(LINE, {"plan": plan, "status": "Failed"})
	if failed:
		why = kept(N_("{0} records were changed meanwhile: plan again."), failed)
	else:
		where = ", ".join(sorted({doctype for doctype, _name in left}))
		why = kept(N_("{0} places are left, in: {1}. Plan again."), len(left), where) if left else None
	_set(
		plan,
		status="Failed" if failed else "Done",
		failure=why,
		left_over=len(left),
		# A plan that is made of what is left has to know whose it is; a replay is made from the ledger.
		**({} if why and frappe.db.get_value(PLAN, plan, "request") else {"subject": None}),
		work_due=0,
		lease_token=None,
		lease_until=None,
	)
	record_access(
		"Erasure",
		closing.hashes(erasing),
		purpose=f"{PLAN} {plan}",
		counts=_counts(plan),
		company=erasing.company,
	)
	officer = frappe.db.get_value(PLAN, plan, "approved_by")
	if officer and (failed or left):
		notices.notify(
			officer,
			(PLAN, plan),
			lambda: _("The erasure {0} has ended; {1} places are left to look at.").format(
				plan, failed + len(left)
			),
		)
	if not failed:
		for hook in frappe.get_hooks("signflow_erasure_done"):
			frappe.get_attr(hook)(plan)
	# Last, since how DocTypes are built is read anew after it; before the commit, so that a worker killed here comes again.
	frappe.clear_cache()


def _counts(plan: str) -> dict[str, int]:
	rows_ = frappe.get_all(
		LINE,
		{"plan": plan, "status": "Done", "action": ["in", ("Erase", "Mask")]},
		pluck="record_doctype",
		order_by="place asc",
	)
	return dict(Counter(rows_))


@one_transaction
def _failed(plan: str, token: str, place: str) -> None:
	"""Try again later, ever later; after the fifth time an officer has to look."""
	if not work.is_ours(PLAN, plan, token):
		return
	attempts = (frappe.db.get_value(PLAN, plan, "work_attempts") or 0) + 1
	log = _note_failure(plan, place)
	gives_up = attempts >= MOST_ATTEMPTS
	_set(
		plan,
		work_attempts=attempts,
		failure=kept(N_("The run is tried again. See Error Log {0}."), log.name),
		lease_token=None,
		lease_until=work.lease(work.pause(attempts)),
		**({"status": "Failed", "work_due": 0} if gives_up else {}),
	)
	if gives_up and (officer := frappe.db.get_value(PLAN, plan, "approved_by")):
		notices.notify(officer, (PLAN, plan), lambda: _("The erasure {0} failed.").format(plan))


def _set(plan: str, **values: Any) -> None:
	frappe.db.set_value(PLAN, plan, values, update_modified=False)


# What was kept, once its time is over


def daily() -> None:
	"""Once a day: erase or mask by itself what was kept until a date that has passed (GDPR 17(1)(a), 5(1)(e))."""
	# Agreements before their files: whether others are left in them is asked once hers is gone.
	for line in sorted(due_lines(getdate()), key=lambda line: line.record_doctype != evidence_of.EVIDENCE):
		try:
			_after(line.name)
		except Exception as error:
			frappe.db.rollback()
			# Not raised: the others' time is over as well, and Frappe would log it with all values at hand.
			_note_failure(line.plan, work.place_of(error))


def due_lines(today: date) -> list[Any]:
	"""The kept lines of finished plans whose date has passed, and those without one: a hold on them may be lifted by now.

	What an officer decided to keep without a day (before days were asked for) has no end, unless it lasts as long as others do.
	"""
	line, plan = frappe.qb.DocType(LINE), frappe.qb.DocType(PLAN)
	query = frappe.qb.from_(line).join(plan).on(plan.name == line.plan).select(line.star)
	query = query.where((plan.status == "Done") & (line.action == "Keep") & (line.status == "Waiting"))
	is_open = (line.ground == FOR_OTHERS) | (Coalesce(line.decision, "") != Decision.KEEP.value)
	over = (line.keep_until < today) | (line.keep_until.isnull() & is_open)
	return query.where(over).orderby(line.place, line.name).run(as_dict=True)


@one_transaction
def _note_failure(plan: str, place: str) -> Any:
	return frappe.log_error(
		title=f"signflow: erasure plan {plan}", message=place, reference_doctype=PLAN, reference_name=plan
	)


@one_transaction
def _after(name: str) -> None:
	"""What else keeps a record by now keeps it on; else what the plan says comes afterwards is done."""
	line = frappe.db.get_value(LINE, name, "*", as_dict=True, for_update=True)
	if not line or line.status != "Waiting":
		return
	# What becomes of an agreement becomes of its files.
	agreement = evidence_of.agreement_of(line.record_doctype, line.record_name)
	keeper = (evidence_of.EVIDENCE, agreement) if agreement else (line.record_doctype, line.record_name)
	keeping = Keeping()
	keeps = keeping.of(*keeper) if line.ground != FOR_OTHERS else []
	if agreement and line.record_doctype == "File":
		# A hold or a rule may be about the file itself.
		keeps = keeps or keeping.of("File", line.record_name)
	if keeps:
		frappe.db.set_value(LINE, name, "keep_until", keeps[0].until, update_modified=False)
		return
	doctype = line.record_doctype
	if doctype == "File" and agreement and evidence_of.others_left(agreement):
		values = {"keep_until": None, "ground": FOR_OTHERS, "statute": EVIDENCE_ARTICLE}
		frappe.db.set_value(LINE, name, values, update_modified=False)
		return
	stored = rows.read(doctype, [line.record_name])
	if row := stored.get(line.record_name):
		doc = frappe.get_doc(PLAN, line.plan)
		# Whose it was stands in it alone by now.
		words = ledger.words_known(doc.name, doc.neutral_name, rows.texts_of(doctype, row))
		erasing = Erasing(doc.name, "", Neutral(doc.neutral_name, doc.neutral_mail), words, doc.company, {})
		pointers = rows.pointers_to(erasing, doctype, row["name"])
		line.action = "Mask" if rows.is_needed(doctype, pointers) else line.later
		new = line.renamed if line.action == "Mask" else None
		if line.action == "Erase" or new:
			rows.let_go(erasing, doctype, row["name"], new, pointers)
		if line.action == "Erase":
			rows.erase(erasing, doctype, stored)
		else:
			rows.mask(erasing, [line], stored)
		if agreement and not evidence_of.others_left(agreement):
			# Later revisions, and copies that were made since, among them.
			files = [file for file in evidence_of.files_of([agreement]) if not keeping.of("File", file.name)]
			rows.erase(erasing, "File", {file.name: file for file in files})
		ledger.note(erasing, [line])
	left = (line.renamed or line.record_name) if line.action == "Mask" else None
	frappe.db.set_value(LINE, name, {"status": "Done", "record_name": left}, update_modified=False)
