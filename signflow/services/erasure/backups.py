"""The backups from before an erasure: listed when it ends, each with the day by which it rolls off, watched until they are gone.

The only writer of Erasure Backup. What lies in the site's own folder is seen; what lies elsewhere is as the settings and
Frappe's own say, and where nobody says until when, no day is told (GDPR 5(1)(e), 12(1)).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_days, cint, get_datetime, getdate, now_datetime
from frappe.utils.backups import get_backup_path

from signflow.core.erasure import backups as arithmetic
from signflow.core.erasure.backups import How, RollOff
from signflow.services import notices, work
from signflow.services.privacy.approvals import require_officer, require_words
from signflow.services.subject_requests import records
from signflow.services.times import site_time, written_day
from signflow.services.transaction import insert_rows, one_transaction
from signflow.signflow.stored_words import N_, kept

BACKUP, PLAN = "Erasure Backup", "Erasure Plan"
FOLDER = "Folder of the Site"
# Frappe deletes what is older with each new backup, unless the site's configuration says otherwise.
KEEP_HOURS = 24
# The site's configuration beside a backup holds keys and nobody's data.
NOT_HERS = "site_config_backup.json"
# Frappe's own ways to other places: (DocType, its field that turns it on, what a place of this kind is called).
ELSEWHERE = (
	("S3 Backup Settings", "enabled", "Amazon S3"),
	("Dropbox Settings", "enabled", "Dropbox"),
	("Google Drive", "enable", "Google Drive"),
)
DAYS = {"Daily": 1, "Weekly": 7}
REMIND_DAYS, REMIND_UNKNOWN_DAYS = 7, 30


@dataclass(frozen=True)
class Standing:
	"""A backup, or all copies in a place elsewhere: `file_name`, `made_on` and `size` (bytes) of a file that was seen."""

	kind: str
	place: str
	roll_off: RollOff
	file_name: str | None = None
	made_on: datetime | None = None
	size: int = 0


def standing(until: datetime) -> list[Standing]:
	"""What is there of backups made until a moment, as of now."""
	return [*_in_folder(until), *_elsewhere(until.date())]


def _in_folder(until: datetime) -> Iterator[Standing]:
	folder = Path(get_backup_path())
	files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
	files = [path for path in files if not path.name.endswith(NOT_HERS)]
	moments = {path: _made_on(path) for path in files}
	hours = cint(frappe.get_cached_doc("Signflow Settings").backup_every_hours)
	pause = timedelta(hours=hours) if hours else arithmetic.pause_of(moments.values(), now_datetime())
	keep = cint(frappe.conf.keep_backups_for_hours) or KEEP_HOURS
	for path, made_on in moments.items():
		if made_on > until:
			continue
		# Frappe looks into no folder in it.
		is_cleared = path.parent == folder
		yield Standing(
			FOLDER,
			"",
			arithmetic.by_age(made_on, keep, pause) if is_cleared else RollOff(None, How.UNKNOWN),
			str(path.relative_to(folder)),
			made_on,
			path.stat().st_size,
		)


def _made_on(path: Path) -> datetime:
	"""When a file was made, in the site's time, as Frappe reckons its age."""
	return site_time(datetime.fromtimestamp(path.stat().st_ctime, timezone.utc)).replace(microsecond=0)


def _elsewhere(day: date) -> Iterator[Standing]:
	declared = frappe.get_cached_doc("Signflow Settings").backup_places
	for row in declared:
		yield Standing(row.kind or "Other", row.place, arithmetic.by_days(day, cint(row.keeping_days)))
	named = {row.kind for row in declared}
	for doctype, kind in turned_on():
		if kind not in named:
			yield Standing(kind, kind, _by_its_own_settings(doctype, day))


def turned_on() -> list[tuple[str, str]]:
	"""Where Frappe itself sends backups: (DocType of the settings, kind of place)."""
	return [
		(doctype, kind)
		for doctype, field, kind in ELSEWHERE
		if frappe.db.exists("DocType", doctype) and cint(frappe.db.get_single_value(doctype, field))
	]


def _by_its_own_settings(doctype: str, day: date) -> RollOff:
	"""Of Frappe's ways only Dropbox deletes, and there the database alone."""
	if doctype != "Dropbox Settings":
		return RollOff(None, How.UNKNOWN)
	said = frappe.get_cached_doc(doctype)
	number = cint(said.no_of_backups) if said.limit_no_of_backups and not said.file_backup else 0
	return arithmetic.by_number(day, number, DAYS.get(said.backup_frequency, 0))


def note_down(plan: str) -> None:
	"""Write down which backups from before an erasure are there, as it ends, in the caller's transaction.

	(Hook signflow_erasure_done.) Of a replay nobody is told, so nothing is listed.
	"""
	row = frappe.db.get_value(PLAN, plan, ["request", "company", "finished_on"], as_dict=True)
	if not row.request:
		return
	frappe.db.delete(BACKUP, {"plan": plan})
	rows = [
		{
			"plan": plan,
			"request": row.request,
			"company": row.company,
			"status": "There",
			"kind": one.kind,
			"place": one.place,
			"file_name": one.file_name,
			"made_on": one.made_on,
			"size": one.size,
			"goes_by": one.roll_off.by,
			"how": one.roll_off.how.value,
		}
		for one in standing(get_datetime(row.finished_on))
	]
	insert_rows(BACKUP, rows)


def of_request(request: str) -> list[Any]:
	"""The backups from before a request's erasure, what goes first first."""
	return _listed({"request": request})


def of_plan(plan: str) -> list[Any]:
	"""As `of_request`, of one plan."""
	return _listed({"plan": plan})


def _listed(filters: dict[str, Any]) -> list[Any]:
	fields = [
		"name",
		"plan",
		"request",
		"status",
		"kind",
		"place",
		"file_name",
		"made_on",
		"size",
		"goes_by",
		"how",
	]
	fields += ["gone_on", "noted_by", "note"]
	return frappe.get_all(BACKUP, filters, fields, order_by="goes_by asc, made_on asc, name asc")


def what_is_told(request: str, language: str) -> list[str]:
	"""What the person is told of the backups that hold her still: one sentence for each place; [] where there are none."""
	left = [row for row in of_request(request) if row.status == "There"]
	places: dict[tuple[str, str], list[Any]] = defaultdict(list)
	for row in left:
		places[row.kind, row.place or ""].append(row)
	with print_language(language):
		said = []
		for (kind, place), rows in sorted(places.items(), key=lambda one: (one[0][0] != FOLDER, one[0])):
			where = _("Backups on our server") if kind == FOLDER else place or _(kind)
			days = [getdate(row.goes_by) for row in rows if row.goes_by]
			until = written_day(max(days), language) if days and len(days) == len(rows) else ""
			said.append(
				_("{0}: gone by {1}.").format(where, until)
				if until
				else _("{0}: by when they are gone is not known.").format(where)
			)
		if said and not cint(frappe.get_cached_doc("Signflow Settings").backup_places_complete):
			said.append(_("These are the places that we know of."))
		return said


def daily() -> None:
	"""Once a day: note which backups are gone, tell requests when their last one is, and officers what stays past its day."""
	with work.edge("backups from before erasures"):
		_look()
		_remind()


@one_transaction
def _look() -> None:
	today = getdate()
	folder = Path(get_backup_path())
	ended: dict[str, str] = {}
	for row in _there():
		if row.kind == FOLDER:
			status = "There" if (folder / row.file_name).is_file() else "Gone"
		else:
			# What cannot be seen is over by what was declared.
			status = "Time Over" if row.goes_by and getdate(row.goes_by) < today else "There"
		if status != "There":
			_set(row.name, status=status, gone_on=today)
			ended[row.request] = row.name
	for request in sorted(ended):
		_say_if_last(request)


def _there() -> list[Any]:
	fields = ["name", "request", "company", "kind", "file_name", "goes_by", "creation", "reminded_on"]
	return frappe.get_all(BACKUP, {"status": "There"}, fields, order_by="request asc, name asc")


def _say_if_last(request: str) -> None:
	"""Once none is left that holds her: it is a step of the request."""
	if frappe.db.exists(BACKUP, {"request": request, "status": "There"}):
		return
	doc = frappe.db.get_value(records.REQUEST, request, ["name", "company"], as_dict=True)
	if doc:
		seen = not frappe.db.exists(BACKUP, {"request": request, "status": "Time Over"})
		note = (
			N_("None of the backups that were listed is left.")
			if seen
			else N_("By what was declared, none is left.")
		)
		records.step(doc, "Backups Gone", kept(note), by_itself=True)


@one_transaction
def _remind() -> None:
	"""Officers hear of backups that are there past their day, weekly; of those without a day monthly."""
	today = getdate()
	late: dict[tuple[str, str | None], list[Any]] = defaultdict(list)
	for row in _there():
		every = REMIND_DAYS if row.goes_by else REMIND_UNKNOWN_DAYS
		due = (
			getdate(row.goes_by) if row.goes_by else add_days(getdate(row.creation), REMIND_UNKNOWN_DAYS - 1)
		)
		told = getdate(row.reminded_on) if row.reminded_on else None
		if due < today and (told is None or add_days(told, every) <= today):
			late[row.request, row.company].append(row)
	for (request, company), rows in sorted(late.items(), key=str):
		_tell_officers(request, company, len(rows))
		for row in rows:
			_set(row.name, reminded_on=today)


def _tell_officers(request: str, company: str | None, number: int) -> None:
	for user in notices.officers(records.REQUEST, company):
		notices.notify(
			user,
			(records.REQUEST, request),
			lambda: _("{0}: {1} backups from before the erasure are not gone yet.").format(request, number),
		)


@one_transaction
def note_gone(name: str, words: str) -> None:
	"""An officer has seen that a backup elsewhere is gone. Raises ValidationError for a file that is there."""
	require_officer()
	row = frappe.get_doc(BACKUP, name, for_update=True)
	row.check_permission("read")
	if row.status == "Gone":
		frappe.throw(_("It is noted as gone already."))
	if row.kind == FOLDER and (Path(get_backup_path()) / row.file_name).is_file():
		frappe.throw(_("The file is there: delete it first."))
	note = require_words(words, _("Say how you know."), 500)
	_set(name, status="Gone", gone_on=getdate(), noted_by=frappe.session.user, note=note)
	if row.status == "There":
		_say_if_last(row.request)


def _set(name: str, **values: Any) -> None:
	frappe.db.set_value(BACKUP, name, values, update_modified=False)
