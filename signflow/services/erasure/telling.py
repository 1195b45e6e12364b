"""What a person is told of an erasure: what goes, what stays, why and until when (GDPR 12(1), 17(3))."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language

from signflow.core.erasure.planner import Action, Line
from signflow.core.privacy.persons import Record
from signflow.services.erasure.evidence_of import EVIDENCE, files_of, requests_of
from signflow.services.privacy.record_names import name_of
from signflow.services.times import written_day

# Lists that the house keeps of records which are told of themselves.
_LISTS = ("Legal Hold Record", "Personal Data Export Item")


def what_is_told(lines: Iterable[Line], language: str) -> str:
	"""A text in `language` ("fi", "sv", "en"), one line for each kind of record; names nobody, and of what is kept only agreements, by their numbers."""
	lines = [line for line in lines if line.doctype not in _LISTS]
	with print_language(language):
		said = []
		for action, head in (
			(Action.ERASE, _("Erased")),
			(Action.MASK, _("Kept without your data")),
		):
			counted = Counter(name_of(line.doctype) for line in lines if line.action is action)
			if counted:
				said += [f"{head}:", *(_row(kind, number) for kind, number in sorted(counted.items()))]
		kept = [line for line in lines if line.action is Action.KEEP]
		if kept:
			said.append(_("Kept for the reasons named, and used for nothing else:"))
			said += _kept(kept, language)
		return "\n".join(said) or _("Nothing about you was found.")


def _kept(lines: list[Line], language: str) -> Iterable[str]:
	"""What is kept, one row for each kind and reason; an agreement by its number, with what of it is kept for the same reason."""
	of = _agreements(lines)
	whole = {(line.name, _reason(line)) for line in lines if line.doctype == EVIDENCE}
	told: Counter[tuple[str, tuple[Any, ...]]] = Counter()
	for line in lines:
		agreement = (of.get(line.key, ""), _reason(line))
		if agreement in whole:
			told[_("Agreement {0} with its files and events").format(agreement[0]), _reason(line)] = 0
		else:
			told[name_of(line.doctype), _reason(line)] += 1
	for (what, (until, ground, statute)), number in sorted(told.items(), key=str):
		why = ", ".join(part.rstrip(". ") for part in (_(ground) if ground else "", statute) if part)
		end = (
			_("until {0}").format(written_day(until, language)) if until else _("as long as the ground lasts")
		)
		yield f"- {what}{f' ({number})' if number else ''}: {why}{', ' if why else ''}{end}"


def _reason(line: Line) -> tuple[Any, ...]:
	return line.until, line.ground, line.statute


def _agreements(lines: list[Line]) -> dict[Record, str]:
	"""The Signature Request that a kept record is, or belongs to, of those that are kept themselves."""
	kept = {line.name for line in lines if line.doctype == EVIDENCE and line.name}
	if not kept:
		return {}
	of = {record: request for record, (_kind, request) in requests_of(line.key for line in lines).items()}
	of |= {("File", row.name): row.request for row in files_of(kept)}
	return of | {(EVIDENCE, name): name for name in kept}


def what_was_done(plans: Iterable[Any], language: str) -> str:
	"""As `what_is_told`, of plans that were carried out one after the other (rows with `name`): a record is told of once."""
	lines: dict[Any, Line] = {}
	for plan in plans:
		rows = frappe.get_all(
			"Erasure Plan Line",
			{"plan": plan.name, "action": ["in", ("Erase", "Mask", "Keep")]},
			[
				"record_doctype",
				"record_name",
				"record_hash",
				"action",
				"status",
				"later",
				"keep_until",
				"ground",
				"statute",
				"place",
			],
			order_by="place asc",
		)
		for row in rows:
			is_over = row.action == "Keep" and row.status == "Done" and row.later
			lines[row.record_hash or (plan.name, row.place)] = Line(
				row.record_doctype,
				row.record_name or "",
				Action(row.later if is_over else row.action),
				until=row.keep_until,
				ground=row.ground or "",
				statute=row.statute or "",
			)
	return what_is_told(lines.values(), language)


def keeps(plans: list[str]) -> bool:
	"""Whether plans that were carried out (by name) keep anything still."""
	within = {"plan": ["in", plans], "action": "Keep", "status": "Waiting"}
	return bool(frappe.db.exists("Erasure Plan Line", within))


def _row(kind: str, number: int) -> str:
	return f"- {kind}: {number}"
