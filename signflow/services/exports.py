"""Data out: the answers to a form for a period, as a file; who may have them, and that it was written down.

A small export is answered at once. A large one is made by a worker, which leaves a private file that only the asker
reads, tells him, and is swept after a few days: exports are personal data too.
"""

import hashlib
import os
import re
import secrets
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import frappe
from cryptography.fernet import InvalidToken
from frappe import _
from frappe.query_builder.functions import Count
from frappe.utils.background_jobs import is_job_enqueued

from signflow.services import evidence, forms, notices, revisions
from signflow.services.export_formats import (
	FILES,
	Entry,
	Export,
	as_text,
	fields_of,
	not_asked_any_more,
	write_csv,
	write_json,
	write_xlsx,
	written_for_people,
)
from signflow.services.files import SealedFileLost, read_sealed
from signflow.services.submissions import answers_of

WRITERS = {"JSON": write_json, "CSV": write_csv, "XLSX": write_xlsx}
MIME_TYPES = {
	"JSON": "application/json",
	"CSV": "text/csv",
	"XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"ZIP": "application/zip",
}
AT_ONCE = {"JSON": 2_000, "CSV": 2_000, "XLSX": 2_000, "ZIP": 20}
MOST = 100_000
MOST_BYTES = 2**30
KEEP_DAYS = 3
STEP = 200
PREFIX = "signflow-export-"
_OURS = re.compile(rf"{PREFIX}[0-9a-f]{{32}}\.(json|csv|xlsx|zip|part)")
ROW = (
	"name",
	"status",
	"submitted_on",
	"signed_on",
	"completed_on",
	"language",
	"origin",
	"request",
	"record_doctype",
	"record_name",
	"customer",
)


def may_export(form: Any) -> bool:
	"""Whether the user sees the answers to `form`: a Signflow Manager, or whoever is responsible for it."""
	user = frappe.session.user
	return (
		user == "Administrator" or "Signflow Manager" in frappe.get_roles() or form.responsible == user
	) and bool(frappe.has_permission("Form Submission", "read"))


def require_may_export(form: Any) -> None:
	"""Raise PermissionError unless the user sees the answers to `form`."""
	form.check_permission("read")
	if not may_export(form):
		frappe.throw(
			_("Only Signflow Managers and the form's responsible user see the answers."),
			frappe.PermissionError,
		)


def note_access(form: str, *, method: str, file_type: str | None = None, **details: Any) -> None:
	"""Write down that answers were seen, in the caller's transaction: no bytes leave without their line.

	Not by `make_access_log`: newer Frappe keeps its lines in Redis for a while and may lose them.
	"""
	frappe.get_doc(
		{
			"doctype": "Access Log",
			"user": frappe.session.user,
			"export_from": "Signable Form",
			"reference_document": form,
			"file_type": file_type,
			"method": method,
			"filters": frappe.as_json(details),
		}
	).insert(ignore_permissions=True)


def day_of(text: Any) -> date | None:
	"""A day as it was asked for, "2026-11-22"; None for none. Raises ValidationError for what is no day."""
	if not text:
		return None
	if isinstance(text, date):
		return text
	try:
		return date.fromisoformat(str(text))
	except ValueError:
		frappe.throw(_("{0} is not a date. Write it as 2026-11-22.").format(str(text)[:40]))


def submissions_between(form: str, since: date | None, until: date | None) -> list[str]:
	"""Names of what was submitted on those days (both included, in the site's time zone), oldest first."""
	filters: list[list[Any]] = [["form", "=", form], ["submitted_on", "is", "set"]]
	if since:
		filters.append(["submitted_on", ">=", datetime.combine(since, datetime.min.time())])
	if until:
		filters.append(
			["submitted_on", "<", datetime.combine(until + timedelta(days=1), datetime.min.time())]
		)
	return frappe.get_all(
		"Form Submission",
		filters=filters,
		pluck="name",
		order_by="submitted_on asc, name asc",
		limit=MOST + 1,
	)


def entries_of(names: list[str]) -> Iterator[Entry]:
	"""The submissions with their answers, in that order, a few at a time."""
	for start in range(0, len(names), STEP):
		some = names[start : start + STEP]
		rows = {
			row.name: row
			for row in frappe.get_all(
				"Form Submission", filters={"name": ["in", some]}, fields=list(ROW), order_by="name asc"
			)
		}
		for name in some:
			if name in rows:
				yield _entry(rows[name])


def _entry(row: Any) -> Entry:
	try:
		# One at a time: uploads lie among the answers.
		kept = frappe.db.get_value("Form Submission", row.name, "answers")
		answers = answers_of(frappe._dict(answers=kept))
	except (InvalidToken, ValueError, zlib.error):
		# Kept with another encryption key, after a restore: one of them does not stop the others.
		return Entry(row, {}, "Unreadable")
	return Entry(row, answers, "Kept" if answers else "Erased")


def ask(form: Any, *, file_type: str, since: date | None, until: date | None, language: str) -> Path | int:
	"""Export: a temporary file for few submissions; for many a worker begins, and how many they are is answered.

	The caller has checked who asks, and deletes the temporary file.
	"""
	if file_type not in MIME_TYPES:
		frappe.throw(_("There is no export as {0}.").format(str(file_type)[:20]))
	if since and until and since > until:
		frappe.throw(_("The period ends before it begins."))
	names = submissions_between(form.name, since, until)
	if not names:
		frappe.throw(_("Nothing was submitted to this form in that period."))
	if len(names) > MOST:
		frappe.throw(
			_("There are more than {0} submissions in that period: choose a shorter one.").format(MOST)
		)
	note_access(
		form.name,
		method="Export",
		file_type=file_type,
		since=str(since or ""),
		until=str(until or ""),
		submissions=len(names),
	)
	export = Export(form.name, form.title, fields_of(form.web_form), since, until, language)
	if len(names) <= AT_ONCE[file_type]:
		target = _temporary()
		try:
			_write(export, file_type, names, target)
			return target
		except BaseException:
			target.unlink()
			raise
	wanted = frappe.as_json([frappe.session.user, form.name, file_type, since, until])
	job = f"{PREFIX}{hashlib.sha256(wanted.encode()).hexdigest()}"
	if is_job_enqueued(job):
		frappe.throw(_("This export is being made already; you get a notification when it is ready."))
	frappe.enqueue(
		"signflow.services.exports.make_for_asker",
		queue="long",
		timeout=3600,
		job_id=job,
		deduplicate=True,
		enqueue_after_commit=True,
		form=form.name,
		file_type=file_type,
		since=str(since or ""),
		until=str(until or ""),
		language=language,
	)
	return len(names)


def _temporary() -> Path:
	handle, path = tempfile.mkstemp(prefix=PREFIX)
	os.close(handle)
	return Path(path)


def make_for_asker(form: str, file_type: str, since: str, until: str, language: str) -> None:
	"""A worker's part, run as the user who asked: the private file, and a notification of it or of its failure."""
	frappe.local.lang = language
	doc = frappe.get_doc("Signable Form", form)
	require_may_export(doc)
	folder = Path(frappe.get_site_path("private", "files"))
	part = folder / f"{PREFIX}{secrets.token_hex(16)}.part"
	try:
		days = day_of(since), day_of(until)
		export = Export(form, doc.title, fields_of(doc.web_form), *days, language)
		_write(export, file_type, submissions_between(form, *days), part)
		made = part.rename(part.with_suffix(f".{file_type.lower()}"))
		url = _own_file(made, file_name_of(doc, *days, file_type))
		_tell(doc, lambda: _("The export of {0} is ready.").format(doc.title), url)
	except frappe.ValidationError as error:
		frappe.db.rollback()
		reason = str(error)
		_tell(doc, lambda: _("The export of {0} was not made: {1}").format(doc.title, reason))
	except Exception:
		frappe.db.rollback()
		_tell(doc, lambda: _("The export of {0} was not made. Ask for it again.").format(doc.title))
		frappe.db.commit()
		raise
	finally:
		part.unlink(missing_ok=True)


def file_name_of(form: Any, since: date | None, until: date | None, file_type: str) -> str:
	"""Such as "Asiakkaaksi 2026-11-01 2026-11-30.xlsx"."""
	days = " ".join(str(day) for day in (since, until) if day)
	return f"{_plain_name(f'{form.title} {days}'.strip())}.{file_type.lower()}"


def _own_file(path: Path, file_name: str) -> str:
	"""A private File that hangs under nothing: its owner reads it and nobody else (Frappe's File permissions)."""
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": file_name,
			"file_url": f"/private/files/{path.name}",
			"is_private": 1,
			"file_size": path.stat().st_size,
		}
	)
	# Not insert(): that would read the whole file into memory, to make a digest that joins equal files.
	file.set_folder_name()
	file.set_new_name(set_name=frappe.generate_hash(length=10))
	file.owner = file.modified_by = frappe.session.user
	file.creation = file.modified = frappe.utils.now_datetime()
	file.db_insert()
	return file.file_url


def _tell(form: Any, subject: Any, link: str | None = None) -> None:
	record = ("Signable Form", form.name)
	notices.notify(frappe.session.user, record, subject, otherwise=frappe.local.lang, link=link)


def sweep(older_than_days: float = KEEP_DAYS) -> int:
	"""Daily: delete exports whose time is over, and what a killed worker left. Returns how many files."""
	swept = 0
	for entry in os.scandir(frappe.get_site_path("private", "files")):
		if not _OURS.fullmatch(entry.name) or time.time() - entry.stat().st_mtime < older_than_days * 86_400:
			continue
		frappe.db.delete("File", {"file_url": f"/private/files/{entry.name}"})
		# The row first: what is killed here leaves a file that the next sweep finds.
		frappe.db.commit()
		os.remove(entry.path)
		swept += 1
	return swept


def _write(export: Export, file_type: str, names: list[str], target: Path) -> None:
	if file_type == "ZIP":
		_write_zip(export, names, target)
	else:
		WRITERS[file_type](export, entries_of(names), target)


def _write_zip(export: Export, names: list[str], target: Path) -> None:
	"""A folder for each submission (signed files, report, evidence, answers, uploads), and index.csv."""
	problems = []
	with_evidence = "Signflow Manager" in frappe.get_roles()
	with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
		for entry in entries_of(names):
			folder = f"{entry.row.submitted_on:%Y-%m-%d}_{entry.row.name}"
			try:
				for name, data in _papers(export, entry, with_evidence):
					archive.writestr(
						f"{folder}/{name}",
						data,
						# A PDF is compressed already.
						zipfile.ZIP_STORED if name.endswith(".pdf") else None,
					)
			except SealedFileLost as lost:
				problems.append(f"{entry.row.name}: {lost}")
			if target.stat().st_size > MOST_BYTES:
				frappe.throw(
					_("The files are larger than {0} MB together: choose a shorter period.").format(
						MOST_BYTES // 2**20
					)
				)
		index = target.with_name(f"{target.name}.csv")
		try:
			write_csv(export, entries_of(names), index)
			archive.write(index, "index.csv")
		finally:
			index.unlink(missing_ok=True)
		if problems:
			archive.writestr("problems.txt", "\n".join(problems) + "\n")


def _papers(export: Export, entry: Entry, with_evidence: bool) -> Iterator[tuple[str, bytes | str]]:
	yield "answers.json", as_text(export, entry)
	for one in export.fields:
		value = entry.answers.get(one.fieldname)
		if one.fieldtype in FILES and value:
			name, data = forms.attachment(value)
			if data is not None:
				yield f"attachments/{one.fieldname}-{_plain_name(name)}", data
	if not entry.row.request:
		return
	request = frappe.get_doc("Signature Request", entry.row.request)
	for revision in revisions.final_revisions(request.name):
		yield (
			f"{revisions.copy_name(request, revision)}.pdf",
			read_sealed(revision.file_url, revision.sha256),
		)
	if with_evidence and request.event_count:
		yield "evidence.json", evidence.bundle(request.name)


def _plain_name(text: str) -> str:
	name = "".join(one if one.isalnum() or one in " -_.()" else "-" for one in text).strip(" .")
	return name[-120:] or "-"


def show(submission: str) -> dict[str, Any]:
	"""The answers of one submission for the Desk: {state, answers: [{fieldname, label, text}]}; written down."""
	row = frappe.db.get_value("Form Submission", submission, ["form", *ROW], as_dict=True)
	form = frappe.get_doc("Signable Form", row.form)
	require_may_export(form)
	note_access(form.name, method="Show Answers", submission=submission)
	entry = _entry(row)
	fields = fields_of(form.web_form)
	fields = (*fields, *not_asked_any_more(fields, entry.answers))
	return {
		"state": entry.state,
		"answers": [
			{
				"fieldname": one.fieldname,
				"label": one.label,
				"text": written_for_people(one, entry.answers.get(one.fieldname)),
			}
			for one in fields
			if entry.answers.get(one.fieldname) not in (None, "", [])
		],
	}


def counts(form: str) -> dict[str, int]:
	"""How many submissions of a form are in which status."""
	table = frappe.qb.DocType("Form Submission")
	rows = (
		frappe.qb.from_(table)
		.select(table.status, Count(table.name))
		.where(table.form == form)
		.groupby(table.status)
		.orderby(table.status)
		.run()
	)
	return dict(rows)
