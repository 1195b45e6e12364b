"""A restored copy of a site turned into test data: nobody in it is a person any more, and everything still holds together.

The map says which fields speak of people; records that are named after people are renamed, and every link to them with
them. One transaction changes the database, and says in it that the files have still to follow: a run that is killed
before has changed nothing, and after one that is killed later the next goes on with the files. Until these are done
nothing calls the copy test data. The key by which the made-up values were chosen is thrown away with the process. Numbers
and dates of business stay, so that totals do.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import frappe
from frappe import _
from frappe.installer import update_site_config
from frappe.utils import add_days, now_datetime
from frappe.utils.scheduler import is_scheduler_disabled

from signflow.services.privacy import data_map
from signflow.services.privacy.deleting import HANGS_UNDER
from signflow.services.privacy.replacement import Replacement

# Logs, queues and copies: nothing in a test needs them, and each of their rows may hold anything.
EMPTIED = (
	*(
		"Access Log",
		"Activity Log",
		"Console Log",
		"Deleted Document",
		"Email Queue",
		"Email Queue Recipient",
	),
	*("Error Log", "Error Snapshot", "Integration Request", "Notification Log", "OAuth Authorization Code"),
	*(
		"OAuth Bearer Token",
		"Personal Data Deletion Request",
		"Personal Data Download Request",
		"Prepared Report",
	),
	*("Route History", "Scheduled Job Log", "Signature Event Payload", "Submission Queue", "Token Cache"),
	*(
		"Unhandled Email",
		"Version",
		"View Log",
		"Web Page View",
		"Webhook Request Log",
		"User Session Display",
	),
	*("Personal Data Export", "Personal Data Export Item"),
	*("Data Import", "Data Import Log", "SMS Log", "Energy Point Log", "Bulk Update", "Document Share Key"),
)
FRAMEWORK_TABLES = ("Sessions", "__UserSettings", "__global_search")
# DocType → the field that lets something out of the house, and the value that does not.
SWITCHED_OFF = {
	"Email Account": {
		"enable_outgoing": 0,
		"enable_incoming": 0,
		"default_outgoing": 0,
		"default_incoming": 0,
	},
	"Webhook": {"enabled": 0},
	"Social Login Key": {"enable_social_login": 0},
	"Auto Email Report": {"enabled": 0},
	"Slack Webhook URL": {"webhook_url": "https://slack.example/"},
	"Retention Rule": {"approved": 0},
}
SINGLES_OFF = {
	"LDAP Settings": "enabled",
	"Google Settings": "enable",
	"Google Drive": "enable",
	"Dropbox Settings": "enabled",
	"S3 Backup Settings": "enabled",
	"Push Notification Settings": "enable_push_notification_relay",
	"System Settings": "enable_scheduler",
}


def why_live() -> list[str]:
	"""What makes this site look like one that people work with, one line each; [] for a copy at rest."""
	reasons = []
	if not is_scheduler_disabled(verbose=False):
		reasons.append(_("The scheduler is on."))
	if not frappe.conf.mute_emails and frappe.db.exists("Email Account", {"enable_outgoing": 1}):
		reasons.append(_("Mail accounts send."))
	if frappe.db.exists("Email Account", {"enable_incoming": 1}):
		reasons.append(_("Mail accounts receive."))
	if frappe.db.exists("Webhook", {"enabled": 1}):
		reasons.append(_("Webhooks are on."))
	host = str(frappe.conf.host_name or "")
	if host and not re.search(r"//(localhost|127\.|[\w.-]+\.(localhost|test|example))", host):
		reasons.append(_("It has a public address: {0}.").format(host))
	if frappe.db.exists(
		"Activity Log", {"operation": "Login", "creation": [">", add_days(now_datetime(), -1)]}
	):
		reasons.append(_("People logged in within the last day."))
	return reasons


@dataclass
class Report:
	"""What was touched: rows changed and emptied by DocType, files, and what was switched off.

	`went_on` tells that a run was ended after it had replaced the database, and a later one did the files.
	"""

	changed: dict[str, int] = field(default_factory=dict)
	emptied: dict[str, int] = field(default_factory=dict)
	switched_off: list[str] = field(default_factory=list)
	files_made: int = 0
	files_deleted: int = 0
	went_on: bool = False


# Whether and how far this site was made into test data: one global default, committed with the data that it speaks of.
STATE = "signflow_test_data"
# The addresses of the files to be made up, which say nothing of people. Too many for a column.
WANTED = "private/signflow-made-up-files.json"


def make_test_data() -> Report:
	"""Turn the connected site into test data: database, files, configuration. Asks nothing and cannot be undone.

	The caller has made sure that this is a copy. Goes on where an earlier run was ended: see `unfinished`.
	"""
	site = Path(frappe.get_site_path())
	report = unfinished()
	if report:
		report.went_on = True
	else:
		report = Report()
		# The copy may hold DocTypes that the map has not seen yet.
		data_map.scan()
		plan_files(site, replace_data(report), report)
		_note(report, done=False)
		frappe.db.commit()
	put_files(site)
	for key in ("mute_emails", "pause_scheduler"):
		update_site_config(key, 1)
	frappe.clear_cache()
	data_map.forget()
	_note(report, done=True)
	frappe.db.commit()
	# Only now: without it a run that goes on would know no file to keep.
	(site / WANTED).unlink()
	return report


def unfinished() -> Report | None:
	"""What was touched so far, if a run replaced the database and was ended before the files were; else None."""
	# Past the cache, which a killed process leaves as it was.
	written = frappe.db.get_value("DefaultValue", {"parent": "__global", "defkey": STATE}, "defvalue")
	state = json.loads(written) if written else {"done": True}
	return None if state.pop("done") else Report(**state)


def _note(report: Report, done: bool) -> None:
	frappe.db.set_global(STATE, json.dumps({"done": done, **asdict(report)}))


def replace_data(report: Report) -> dict[str, str]:
	"""The database's part, in the caller's transaction; the addresses of local files, old → new."""
	_switch_off(report)
	_empty(report)
	replacement = Replacement()
	for table in replacement.tables.values():
		if not table.is_single:
			count = replacement.replace_table(table)
			if count:
				report.changed[table.doctype] = count
	replacement.replace_singles()
	return replacement.urls


def _switch_off(report: Report) -> None:
	for doctype, values in SWITCHED_OFF.items():
		if not frappe.db.exists("DocType", doctype):
			continue
		table = frappe.qb.DocType(doctype)
		query = frappe.qb.update(table)
		columns = frappe.db.get_table_columns(doctype)
		for column, value in values.items():
			if column in columns:
				query = query.set(table[column], value)
		query.run()
		report.switched_off.append(doctype)
	for doctype, fieldname in SINGLES_OFF.items():
		if fieldname in frappe.db.get_singles_dict(doctype):
			frappe.db.set_single_value(doctype, fieldname, 0, update_modified=False)
			report.switched_off.append(doctype)
	# Passwords and keys of people and of other systems; the Administrator still gets in.
	auth = frappe.qb.Table("__Auth")
	frappe.qb.from_(auth).delete().where(
		(auth.doctype != "User") | (auth.name != "Administrator") | (auth.fieldname != "password")
	).run()


def _empty(report: Report) -> None:
	for doctype in EMPTIED:
		if frappe.db.exists("DocType", {"name": doctype, "issingle": 0}) and frappe.db.table_exists(doctype):
			report.emptied[doctype] = frappe.db.count(doctype)
			frappe.db.delete(doctype)
	# What hung under them would point to nothing. A mail is somebody's word: it stays, under nothing.
	for kind, (its_doctype, its_name) in HANGS_UNDER.items():
		orphans = {its_doctype: ["in", EMPTIED]}
		if kind == "Communication":
			frappe.db.set_value(kind, orphans, {its_doctype: None, its_name: None}, update_modified=False)
		elif kind not in EMPTIED and (count := frappe.db.count(kind, orphans)):
			report.emptied[kind] = count
			frappe.db.delete(kind, orphans)
	for name in FRAMEWORK_TABLES:
		table = name if name.startswith("__") else f"tab{name}"
		if table in frappe.db.get_tables(cached=False):
			frappe.qb.from_(frappe.qb.Table(table)).delete().run()


# Files

FOLDERS = ("public/files", "private/files", "private/backups", "private/signflow-copies")


def plan_files(site: Path, urls: dict[str, str], report: Report) -> None:
	"""Write down which files are to be made up, before the database changes: `urls` are old → new, the old ones unknown
	to it afterwards."""
	wanted = sorted({new for old, new in urls.items() if _path(site, old).is_file()})
	report.files_made = len(wanted)
	report.files_deleted = sum(len(list(_files_in(site / folder))) for folder in FOLDERS)
	partial = site / f"{WANTED}.part"
	with partial.open("w") as out:
		json.dump(wanted, out)
		out.flush()
		os.fsync(out.fileno())
	partial.replace(site / WANTED)


def put_files(site: Path) -> None:
	"""Put made-up files where `plan_files` said, and delete every other one, backups of the database among them.

	May be ended anywhere and called again.
	"""
	wanted = {_path(site, url) for url in json.loads((site / WANTED).read_text())}
	for folder in FOLDERS:
		for path in _files_in(site / folder):
			if path not in wanted:
				path.unlink()
	for path in sorted(wanted):
		path.parent.mkdir(parents=True, exist_ok=True)
		path.write_bytes(a_file_like(path.suffix))
	for name in ("logs", "error-snapshots"):
		shutil.rmtree(site / name, ignore_errors=True)
		(site / name).mkdir(exist_ok=True)


def _files_in(folder: Path) -> Iterator[Path]:
	yield from (path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())


def _path(site: Path, url: str) -> Path:
	relative = url.lstrip("/")
	return site / (relative if relative.startswith("private/") else f"public/{relative}")


@lru_cache
def a_file_like(suffix: str) -> bytes:
	"""A small file of the kind that the suffix names: a PDF, a picture, a spreadsheet, else a line of text."""
	out = BytesIO()
	if suffix == ".pdf":
		import pikepdf

		document = pikepdf.new()
		document.add_blank_page()
		document.save(out)
	elif suffix in (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"):
		from PIL import Image

		kind = {".jpg": "JPEG", ".jpeg": "JPEG"}.get(suffix, suffix[1:].upper())
		Image.new("RGB", (64, 64), (200, 200, 200)).save(out, kind)
	elif suffix == ".xlsx":
		import openpyxl

		openpyxl.Workbook().save(out)
	elif suffix == ".json":
		out.write(b"{}")
	else:
		out.write(b"made up\n")
	return out.getvalue()
