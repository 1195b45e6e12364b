"""A restored copy of a site turned into test data: nobody in it is a person any more, and everything still holds together.

The map says which fields speak of people; records that are named after people are renamed, and every link to them with
them. One transaction changes the database, so a run that is killed has changed nothing; the key by which the made-up
values were chosen is thrown away with the process. Numbers and dates of business stay, so that totals do.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import frappe
from frappe import _
from frappe.installer import update_site_config
from frappe.utils import add_days, now_datetime
from frappe.utils.scheduler import is_scheduler_disabled

from signflow.services.privacy import data_map
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
	"""What was touched: rows changed and emptied by DocType, files, and what was switched off."""

	changed: dict[str, int] = field(default_factory=dict)
	emptied: dict[str, int] = field(default_factory=dict)
	switched_off: list[str] = field(default_factory=list)
	files_made: int = 0
	files_deleted: int = 0


def make_test_data() -> Report:
	"""Turn the connected site into test data: database, files, configuration. Asks nothing and cannot be undone.

	The caller has made sure that this is a copy. Commits once, after which the files follow; a run that ends before
	has changed nothing.
	"""
	report = Report()
	# The copy may hold DocTypes that the map has not seen yet.
	data_map.scan()
	urls = replace_data(report)
	frappe.db.commit()
	replace_files(Path(frappe.get_site_path()), urls, report)
	for key in ("mute_emails", "pause_scheduler"):
		update_site_config(key, 1)
	frappe.clear_cache()
	data_map.forget()
	return report


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
	for name in FRAMEWORK_TABLES:
		table = name if name.startswith("__") else f"tab{name}"
		if table in frappe.db.get_tables(cached=False):
			frappe.qb.from_(frappe.qb.Table(table)).delete().run()


# Files


def replace_files(site: Path, urls: dict[str, str], report: Report) -> None:
	"""Put made-up files at the new addresses, and delete every other file, backups of the database among them."""
	wanted = set()
	for old, new in urls.items():
		source, target = _path(site, old), _path(site, new)
		if source.is_file():
			target.parent.mkdir(parents=True, exist_ok=True)
			target.write_bytes(a_file_like(target.suffix))
			wanted.add(target)
			report.files_made += 1
	for folder in ("public/files", "private/files", "private/backups"):
		for path in _files_in(site / folder):
			if path not in wanted:
				path.unlink()
				report.files_deleted += 1
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
