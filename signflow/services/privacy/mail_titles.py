"""What a mail is called where records are listed: by its subject and its day, for its name says nothing to anybody."""

from collections.abc import Iterable
from email.parser import HeaderParser
from email.policy import default
from typing import Any

import frappe
from frappe import _
from frappe.utils import format_datetime

from signflow.services.privacy.matching import chunks

# Mails, and the column in which their subject stands.
MAILS = {"Email Queue": "message", "Communication": "subject"}


def of(doctype: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
	"""{name: {title, date}} of mails that are there, of one of MAILS; of those that were blanked the subject is gone too."""
	table = frappe.qb.DocType(doctype)
	said = table[MAILS[doctype]]
	found = {}
	for some in chunks(names):
		query = frappe.qb.from_(table).select(table.name, said.as_("said"), table.creation)
		for row in query.where(table.name.isin(some)).orderby(table.name).run(as_dict=True):
			title = titled(subject_of(doctype, row.said), row.creation)
			found[str(row.name)] = {"title": title, "date": row.creation}
	return found


def subject_of(doctype: str, said: str | None) -> str:
	"""The subject of a mail, from its column `MAILS[doctype]`: of one as it waits to be sent, the whole message."""
	if not said or doctype != "Email Queue":
		return " ".join((said or "").split())
	return " ".join(str(HeaderParser(policy=default).parsestr(said)["Subject"] or "").split())


def titled(subject: str, made: Any) -> str:
	"""What a mail of this subject is called; without one, by its day alone."""
	when = format_datetime(made, "d.M.yyyy HH:mm")
	if not subject:
		return _("Mail of {0}").format(when)
	return f"{subject if len(subject) <= 90 else f'{subject[:90]}…'}, {when}"
