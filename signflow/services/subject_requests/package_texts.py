"""What stands in a copy of a person's data: the page to read and the data for programs."""

import json
from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.utils import md_to_html, now_datetime
from frappe.utils.html_utils import clean_email_html

from signflow.core.privacy.persons import Subject
from signflow.services.privacy import accesses, kinds_of_records, notices
from signflow.services.privacy.record_names import name_of
from signflow.services.subject_requests.giving import Given, as_data, written_time
from signflow.services.subject_requests.letters import complaint_route
from signflow.signflow.stored_words import said

_PAGE = "signflow/templates/privacy/export.html"


def page(
	doc: Any,
	subject: Subject,
	packed: list[tuple[Any, Given, str]],
	withheld: list[tuple[str, str]],
	without: Callable[[str], str] = str,
) -> str:
	"""The HTML of index.html: what is given (`packed`: item, what is given of it, path of its file), and what is not.

	`without` blackens what is withheld in all that is written here; what is given was read without it.
	"""
	labels = kinds_of_records.labels()
	about = _about(doc.company, doc.language, without) if doc.scope == "Access" else ""
	groups: dict[str, list[dict[str, Any]]] = {}
	for row, given, path in packed:
		groups.setdefault(row.kind, []).append(
			{
				"label": without(name_of(given.doctype)),
				"given": given,
				"path": path,
				"reason": without(row.reason or ""),
				"partly": not row.whole,
			}
		)
	return (
		frappe.get_jenv()
		.get_template(_PAGE)
		.render(
			title=without(_("Your data at {0}").format(doc.company)),
			language=doc.language,
			company=doc.company,
			number=doc.request,
			made_on=written_time(now_datetime()),
			groups=[(kind, labels[kind], groups[kind]) for kind in labels if kind in groups],
			withheld=[(without(label), without(reason)) for label, reason in withheld],
			accesses=[(when, kind, without(why)) for when, kind, why in _accesses(subject)],
			answer=without(doc.answer or ""),
			about=about,
			rights=[without(one) for one in _rights(doc.company, bool(doc.answer))]
			if doc.scope == "Access" and not about
			else [],
		)
	)


def _accesses(subject: Subject) -> list[tuple[str, str, str]]:
	"""When and what for she was looked up: not by whom (CJEU C-579/21)."""
	return [
		(written_time(row.accessed_on), _(row.kind), said(row.purpose))
		for row in accesses.accesses_to(subject)[:500]
	]


def _about(company: str, language: str, without: Callable[[str], str]) -> str:
	"""Purposes, recipients, retention, source and rights (GDPR 15(1)) as the notice in force says them; "" without one.

	Nothing is written for the house here: what nobody has published nobody has stated.
	"""
	text = _notice(company, language)
	return clean_email_html(md_to_html(without(text)) or "") if text else ""


def _notice(company: str, language: str) -> str:
	notice = notices.published(company)
	return (notices.text_in(notice, language).body or "").strip() if notice else ""


def has_notice(doc: Any) -> bool:
	"""Whether a copy tells what a notice in force says."""
	return bool(_notice(doc.company, doc.language))


def _rights(company: str, is_told: bool) -> list[str]:
	"""What holds without a notice: her rights (GDPR 15-22), whom she asks about the rest, unless the officer's answer told it
	(`is_told`), and where she complains (GDPR 77)."""
	rest = _(
		"This copy does not say what your data is used for, where it comes from, who receives it and how long it is kept. {0} has to tell you that: if you have not been told, answer the mail that brought you here (GDPR 15(1))."
	).format(company)
	return [
		_(
			"You have the right to see your data, to have it corrected or erased, to have its use restricted, to object to its use, to get it in a form that machines read, to take back a consent, and not to be subject to decisions made by machines alone (GDPR 7(3) and 15–22)."
		),
		*([] if is_told else [rest]),
		*complaint_route(company),
	]


def data(doc: Any, packed: list[tuple[Any, Given, str]], without: Callable[[str], str] = str) -> bytes:
	"""The JSON of data.json; `without` as for `page`."""
	found = {
		"controller": without(doc.company),
		"request": doc.request,
		"right": {"Access": "GDPR 15", "Portability": "GDPR 20"}[doc.scope],
		"made_on": now_datetime().isoformat(timespec="seconds"),
		"records": [
			{**as_data(given), **({"file": path, "file_name": given.file_name} if path else {})}
			for _row, given, path in packed
		],
	}
	return json.dumps(found, ensure_ascii=False, indent=1).encode()
