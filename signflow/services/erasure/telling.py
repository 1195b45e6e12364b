"""What a person is told of an erasure: what goes, what stays, why and until when (GDPR 12(1), 17(3))."""

from collections import Counter
from collections.abc import Iterable

from frappe import _
from frappe.translate import print_language
from frappe.utils import formatdate

from signflow.core.erasure.planner import Action, Line


def what_is_told(lines: Iterable[Line], language: str) -> str:
	"""A text in `language` ("fi", "sv", "en"), one line for each kind of record; names nobody."""
	lines = list(lines)
	with print_language(language):
		said = []
		for action, head in (
			(Action.ERASE, _("Erased")),
			(Action.MASK, _("Kept without your data")),
		):
			counted = Counter(line.doctype for line in lines if line.action is action)
			if counted:
				said += [f"{head}:", *(_row(doctype, number) for doctype, number in sorted(counted.items()))]
		kept = Counter(
			(line.doctype, line.until, line.ground, line.statute)
			for line in lines
			if line.action is Action.KEEP
		)
		if kept:
			said.append(_("Kept because we must, and used for nothing else:"))
			for (doctype, until, ground, statute), number in sorted(kept.items(), key=str):
				why = ", ".join(part for part in (_(ground) if ground else "", statute) if part)
				end = _("until {0}").format(formatdate(until)) if until else _("as long as the ground lasts")
				said.append(f"{_row(doctype, number)}: {why}{', ' if why else ''}{end}")
		return "\n".join(said) or _("Nothing about you was found.")


def _row(doctype: str, number: int) -> str:
	return f"- {_(doctype)}: {number}"
