"""What a person gets of one record: its fields in words and as data, without what is withheld for others' sake.

Passwords, keys and tokens are never given, whatever the record: they are no information about her, and open doors.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from html import unescape
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import frappe
from frappe import _
from frappe.model import no_value_fields, table_fields
from frappe.utils import cstr, format_datetime, formatdate, strip_html
from frappe.utils.data import get_url

from signflow.core.privacy import persons
from signflow.core.privacy.blackening import BLACK, Blackening
from signflow.services.delivery import BLANK
from signflow.services.privacy import mail_titles
from signflow.services.privacy.person_records import region
from signflow.services.subject_requests import signed
from signflow.services.subject_requests.protecting import stands_in
from signflow.signflow.stored_words import said

_SECRET = re.compile(
	r"passw|passphrase|secret|token|api_key|page_key|otp|salt|hmac|_hash$|reset_.*key|session", re.IGNORECASE
)
# Frappe's own columns that say something of a person's record.
_KINDS = {"name": "Data", "creation": "Datetime", "modified": "Datetime"}
MARKUP = ("Text Editor", "HTML Editor", "Markdown Editor", "HTML")
PROSE = (*MARKUP, "Small Text", "Text", "Long Text", "Phone")
FILES = ("Attach", "Attach Image")
_TO_STAFF = ("Notification Log", "HD Notification", "ToDo")
# Records that a request proposed and nobody confirmed are a namesake's, whose employer their names tell.
_PROPOSED = "Data Subject Request Person"
_MODULES = ("Signflow", "Signflow Privacy")
# How a mail is sent and threaded: of the mail system, and not of her.
_TECHNICAL = {
	"Email Queue": (
		*(
			"priority",
			"unsubscribe_method",
			"unsubscribe_params",
			"add_unsubscribe_link",
			"expose_recipients",
		),
		*("attachments", "retry", "raw_html", "email_account", "error", "message_id"),
	),
	"Communication": (
		*("message_id", "in_reply_to", "uid", "imap_folder", "email_account", "email_status"),
		*("unread_notification_sent", "seen", "read_receipt"),
	),
}


@dataclass(frozen=True)
class Line:
	"""One field of a record, or of a row within it: `path` is "field", or "table.1.field" for the first row."""

	path: str
	label: str
	text: str
	value: Any
	withheld: bool = False
	others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
	"""What is given of one record. `lost` names a file whose bytes are not there any more."""

	doctype: str
	name: str
	title: str
	lines: tuple[Line, ...]
	file: Path | None = None
	file_name: str = ""
	lost: str = ""


@dataclass
class Reader:
	"""Reads records for one person, whose `mails` and `phones` are no third party's."""

	mails: frozenset[str] = frozenset()
	phones: frozenset[str] = frozenset()
	where: str = field(default_factory=region)
	# Protected addresses of others: withheld wherever they stand, whatever is decided.
	guarded: frozenset[str] = frozenset()
	# Words that are withheld for others' sake, in every field, name and title (GDPR 15(4)).
	without: Blackening = field(default_factory=Blackening)

	def read(
		self,
		doctype: str,
		name: str,
		*,
		only: Iterable[str] | None = None,
		withheld: frozenset[str] = frozenset(),
	) -> Given | None:
		"""What is given of a record, None if it is gone. `only` names fields ("field" or "Row DocType.field"): no others.

		`withheld` are paths of fields that are left out for others' sake (GDPR 15(4)).
		"""
		if not frappe.get_meta(doctype).issingle and not frappe.db.exists(doctype, name):
			return None
		doc = frappe.get_doc(doctype, name)
		lines = self._lines(doc, None if only is None else set(only), withheld)
		path, file_name, lost = None, "", ""
		if doctype == "File" and not doc.is_folder:
			path, file_name, lost = _bytes_of(doc)
		elif doctype == signed.REVISION:
			path, file_name, lost = signed.file_of(doc)
			lines.append(self._signers(doc, withheld))
		# What is withheld of a record is not told by what the record is called after it.
		hidden = Blackening(cstr(_value_at(doc, path)) for path in withheld)
		lines = [
			replace(line, text=hidden(line.text), value=hidden(cstr(line.value)))
			if line.path == "name" and not line.withheld
			else line
			for line in lines
		]
		if column := mail_titles.MAILS.get(doctype):
			given = column not in withheld and (only is None or column in only)
			subject = mail_titles.subject_of(doctype, doc.get(column)) if given else ""
			# Whole first: a word that is cut in two is not known again.
			title = mail_titles.titled(self._called(subject, hidden), doc.creation)
		else:
			title = self._called(cstr(doc.get(doc.meta.get_title_field())) or cstr(doc.name), hidden)
		names = self._called(cstr(doc.name), hidden), title
		told = (_with_ending(one, partial(self._called, hidden=hidden)) for one in (file_name, lost))
		return Given(doctype, *names, tuple(lines), path, *told)

	def _called(self, name: str, hidden: Blackening) -> str:
		"""What a record or a file is called, without what is withheld."""
		return BLACK if stands_in(name, self.guarded) else hidden(self.without(name))

	def _lines(self, doc: Any, only: set[str] | None, withheld: frozenset[str]) -> list[Line]:
		found = [
			self._line(name, _label(name), doc.get(name), _KINDS[name], withheld)
			for name in _KINDS
			if only is None and doc.get(name) and not doc.meta.issingle
		]
		found += self._fields(doc, "", "", only, withheld)
		for table in doc.meta.get_table_fields():
			for number, row in enumerate(doc.get(table.fieldname) or [], 1):
				if row.doctype == _PROPOSED and not row.confirmed:
					continue
				prefix, label = (
					f"{table.fieldname}.{number}.",
					f"{_(table.label or table.options)} {number}: ",
				)
				mine = None if only is None else {one for one in only if one.startswith(f"{row.doctype}.")}
				found += self._fields(row, prefix, label, mine, withheld, f"{row.doctype}.")
		return found

	def _fields(
		self,
		doc: Any,
		prefix: str,
		label: str,
		only: set[str] | None,
		withheld: frozenset[str],
		named: str = "",
	) -> list[Line]:
		lines = []
		for df in doc.meta.fields:
			value = doc.get(df.fieldname)
			if df.fieldtype in no_value_fields or df.fieldtype in table_fields or value in (None, "", 0, 0.0):
				continue
			if df.fieldtype == "Password" or _SECRET.search(df.fieldname):
				continue
			if df.fieldname in _TECHNICAL.get(doc.doctype, ()) or value == BLANK:
				continue
			if self._is_staff(doc.meta, df, value):
				continue
			if only is not None and f"{named}{df.fieldname}" not in only:
				continue
			# Elsewhere it is what somebody typed.
			if isinstance(value, str) and doc.meta.module in _MODULES:
				value = said(value)
			shown = label + _(df.label or df.fieldname)
			lines.append(self._line(prefix + df.fieldname, shown, value, df, withheld))
		return lines

	def _is_staff(self, meta: Any, df: Any, value: Any) -> bool:
		"""Whether a field names who of the house was told or did the work: no information about her (CJEU C-579/21)."""
		if meta.module not in _MODULES and meta.name not in _TO_STAFF:
			return False
		if df.fetch_from and (of := meta.get_field(df.fetch_from.partition(".")[0])) and of.options == "User":
			return True
		return df.fieldtype == "Link" and df.options == "User" and value.lower() not in self.mails

	def _line(self, path: str, label: str, value: Any, df: Any, withheld: frozenset[str]) -> Line:
		written = _words(value, df)
		if path in withheld or (isinstance(value, str) and stands_in(written, self.guarded)):
			return Line(
				path, self.without(label), _("Withheld: it concerns somebody else."), None, withheld=True
			)
		text = self.without(written)
		raw = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else cstr(value)
		kept = self.without(raw)
		if kept == raw:
			kept = value
		# Marks of layout may stand between the letters of a word; a number is read in other forms too.
		if text != written and (kept is value or getattr(df, "fieldtype", df) in MARKUP):
			kept = text
		others = persons.mails_in(persons.without_ids(text)) - self.mails if isinstance(value, str) else set()
		if getattr(df, "fieldtype", df) in PROSE or getattr(df, "options", "") == "Phone":
			others |= persons.phones_in(persons.without_ids(text), self.where) - self.phones
		return Line(path, self.without(label), text, kept, others=tuple(sorted(others)))

	def _signers(self, revision: Any, withheld: frozenset[str]) -> Line:
		names, others = signed.signed_by(revision, self.mails)
		return replace(self._line("signed_by", _("Signed By"), names, "Data", withheld), others=others)


def _value_at(doc: Any, path: str) -> Any:
	"""The value of a field by the path of its line."""
	table, _dot, rest = path.partition(".")
	if not rest:
		return doc.get(path)
	number, _dot, name = rest.partition(".")
	rows = doc.get(table) or []
	return rows[int(number) - 1].get(name) if number.isdigit() and 0 < int(number) <= len(rows) else None


def _with_ending(file_name: str, called: Callable[[str], str]) -> str:
	"""A file's name as `called` says it; its ending says what opens it."""
	ending = Path(file_name).suffix
	return (
		called(file_name.removesuffix(ending)) + ending if guess_type(f"x{ending}")[0] else called(file_name)
	)


def _label(name: str) -> str:
	return {"name": _("Number or Name"), "creation": _("Made on"), "modified": _("Changed on")}[name]


def _words(value: Any, df: Any) -> str:
	"""A value as a person reads it."""
	kind = df if isinstance(df, str) else df.fieldtype
	if kind == "Check":
		return _("Yes") if value else _("No")
	if kind in MARKUP:
		return unescape(strip_html(cstr(value).replace("</p>", "\n").replace("<br>", "\n"))).strip()
	if kind == "Select":
		return _(cstr(value))
	if kind == "Datetime":
		return written_time(value)
	if kind == "Date":
		return formatdate(value, "d.M.yyyy")
	if kind in ("Currency", "Float", "Percent", "Duration") and not isinstance(df, str):
		return strip_html(cstr(frappe.format(value, df)))
	if kind in FILES and cstr(value).startswith("/"):
		return get_url(cstr(value))
	return cstr(value)


def written_time(value: Any) -> str:
	"""A time as it is written in Finland, in each of our languages: "22.11.2026 15:37"."""
	return format_datetime(value, "d.M.yyyy HH:mm")


def _bytes_of(file: Any) -> tuple[Path | None, str, str]:
	"""Where the bytes of a File lie, what it is called, and its name once more if they are nowhere."""
	name = file.file_name or file.name
	if (file.file_url or "").startswith(("http://", "https://")):
		return None, name, ""
	try:
		path = Path(file.get_full_path())
	except frappe.ValidationError:
		frappe.clear_messages()
		return None, name, name
	return (path, name, "") if path.is_file() else (None, name, name)


def as_data(given: Given) -> dict[str, Any]:
	"""A record for programs: {"doctype", "name", "fields": {field: value}, "tables": {table: [{field: value}]}}."""
	fields: dict[str, Any] = {}
	tables: dict[str, dict[int, dict[str, Any]]] = {}
	for line in given.lines:
		table, _dot, rest = line.path.partition(".")
		if not rest:
			fields[line.path] = line.value
			continue
		number, _dot, name = rest.partition(".")
		tables.setdefault(table, {}).setdefault(int(number), {})[name] = line.value
	found: dict[str, Any] = {"doctype": given.doctype, "name": given.name, "fields": fields}
	if tables:
		found["tables"] = {name: list(rows.values()) for name, rows in tables.items()}
	return json.loads(json.dumps(found, default=_iso))


def _iso(value: Any) -> str:
	return value.isoformat() if hasattr(value, "isoformat") else str(value)
