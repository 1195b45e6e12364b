"""What a mail is called where records are listed: by its subject and its day, for its name says nothing to anybody."""

from collections.abc import Iterable
from email.parser import HeaderParser
from email.policy import default
from typing import Any

import frappe
from frappe import _
from frappe.utils import format_datetime

from signflow.services.privacy.matching import chunks

MAILS = ("Email Queue", "Communication")


def of(doctype: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
	"""{name: {title, date}} of mails that are there, of one of MAILS; of those that were blanked the subject is gone too."""
	is_queued, table = doctype == "Email Queue", frappe.qb.DocType(doctype)
	said = table.message if is_queued else table.subject
	found = {}
	for some in chunks(names):
		query = frappe.qb.from_(table).select(table.name, said.as_("said"), table.creation)
		for row in query.where(table.name.isin(some)).orderby(table.name).run(as_dict=True):
			subject = _subject(row.said) if is_queued else " ".join((row.said or "").split())
			found[str(row.name)] = {"title": _title(subject, row.creation), "date": row.creation}
	return found


def _subject(message: str | None) -> str:
	"""The subject of a mail as it waits to be sent."""
	if not message:
		return ""
	said = HeaderParser(policy=default).parsestr(message)["Subject"]
	return " ".join(str(said or "").split())


def _title(subject: str, made: Any) -> str:
	when = format_datetime(made, "d.M.yyyy HH:mm")
	if not subject:
		return _("Mail of {0}").format(when)
	return f"{subject if len(subject) <= 90 else f'{subject[:90]}…'}, {when}"
