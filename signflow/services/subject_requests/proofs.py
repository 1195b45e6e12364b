"""How a person proves that a request is his: the lowest sufficient level, and never a bank ID alone (GDPR 12(6)).

A code to the mailbox, a login, or what staff have seen are built in. An app adds its own step (a text message, strong
identification) by the hook `signflow_person_proofs`: {method: dotted path}, where `method` is an option of the field Proven
By; the function gets the request's name and returns {"title", "link"} for the person's page, or None where it does not
serve. When the person comes back it calls `intake.proven(name, Proof(method, level, note))`; a lower level than was shown
already changes nothing. Our own use of it is `phone_proof`, whose step is a form of the page ("form" in place of "link").
"""

from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _

from signflow.core.identity.levels import Level
from signflow.services.privacy.approvals import require_words

HOOK = "signflow_person_proofs"
# What staff vouch for, with the words of how.
BY_STAFF = ("Identity Document Shown", "Known to Staff", "Other")
IN_PERSON = "in_person"
BY_TEXT = "Code by Text Message"
_LEVELS = (
	"",
	Level.NONE.value,
	Level.MAIL_CODE.value,
	Level.SMS_CODE.value,
	IN_PERSON,
	Level.SUBSTANTIAL.value,
	Level.HIGH.value,
)


@dataclass(frozen=True)
class Proof:
	"""That a person has shown who he is: `method` as the field Proven By has it, `level` as Level's values (or
	"in_person"), `note` how, more exactly."""

	method: str
	level: str
	note: str = ""


BY_CODE = Proof("Code by Mail", Level.MAIL_CODE.value)
BY_LINK = Proof("Link in a Mail", Level.MAIL_CODE.value)
BY_LOGIN = Proof("Login", Level.MAIL_CODE.value)
BY_MAILBOX = (BY_CODE.method, BY_LINK.method, BY_LOGIN.method)


def by_staff(method: str, note: str) -> Proof:
	"""What staff have seen. Raises ValidationError for another method, or without a word of how."""
	if method not in BY_STAFF:
		frappe.throw(_("Say how the person was proven."))
	words = require_words(note, _("Say in a few words how you know that it is the person."))
	return Proof(method, IN_PERSON if method != "Other" else Level.NONE.value, words)


def is_lower(level: str | None, than: str | None) -> bool:
	"""Whether one level of proof shows less than another."""
	return _LEVELS.index(level or "") < _LEVELS.index(than or "")


def further(request: str) -> list[dict[str, Any]]:
	"""The further steps that there are for a request: [{method, title, link, form}]."""
	found = []
	for method, paths in (frappe.get_hooks(HOOK) or {}).items():
		path = paths[-1] if isinstance(paths, list) else paths
		offered = frappe.get_attr(path)(request)
		if offered:
			shown = {
				"title": offered["title"],
				"link": offered.get("link", ""),
				"form": offered.get("form", ""),
			}
			found.append({"method": method, **shown})
	return found
