"""Fields that no API shows may be asked about by none: a filter on them would tell them letter by letter.

Frappe takes fields of a permission level out of what a list answers, but lets anybody who may list filter and sort by
them; and to Administrator lists are raw rows. With the hash and the salt of a mailed code its six digits are found at
once, and somebody who may list signers could sign in another's name.
"""

import re
from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

KEEPERS = ("Signature Request Signer", "Form Submission", "Contract Termination", "Contract Withdrawal")
# Their links lead to the keepers, and a list may ask about fields behind a link.
LINKED = ("Signature Event", "Signature Event Payload", "Sealed Revision")
# The arguments by which Frappe's list endpoints take names of fields.
ASKING = (
	"fields",
	"fieldname",
	"field",
	"filters",
	"or_filters",
	"current_filters",
	"order_by",
	"sort_by",
	"sort_field",
	"group_by",
	"aggregate_on_field",
	"searchfield",
	"filter_fields",
	"stats",
	"field_map",
	"chart",
)
DEPTH = 8
_DOCTYPE = re.compile(rf"(?:^|tab)(?:{'|'.join((*KEEPERS, *LINKED))})(?:\s*$|[^\w\s])", re.IGNORECASE)


def guard_question() -> None:
	"""Refuse a call that asks about a hidden field, whoever calls (hook before_request)."""
	path, given = frappe.local.request.path, frappe.local.form_dict
	questions = [given.get(key) for key in ASKING]
	if "number_card" in path:
		questions.append(given.get("doc"))
	if "www.list" in path:  # there any argument is a filter
		questions.append(dict(given))
	if any(questions):
		refuse_hidden([*path.split("/"), *_texts(dict(given))], questions)


def refuse_hidden(named: list[str], questions: list[Any]) -> None:
	"""Raise PermissionError if `questions` (filters, fields, orders, in any form that Frappe takes) name a hidden field.

	`named` are texts of which some may name the DocType, or its table.
	"""
	asked = [text for question in questions for text in _texts(question)]
	if not any(_DOCTYPE.search(text) for text in (*named, *asked)):
		return
	fields = {
		row.fieldname for doctype in KEEPERS for row in frappe.get_meta(doctype).fields if row.permlevel == 9
	}
	# As a word of its own or in an expression; not as a word in a value such as a form's title.
	name = re.compile(
		rf"(?:^|[^\w\s])\s*(?:{'|'.join(sorted(fields))})(?:\s*[^\w\s]|\s+(?:asc|desc)\b|\s*$)", re.IGNORECASE
	)
	if any(name.search(text) for text in asked):
		frappe.throw(_("This field is kept from everybody."), frappe.PermissionError)


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
	"""All keys and texts in an argument, in JSON within JSON as well."""
	if depth > DEPTH:
		# Nobody asks honestly from so deep.
		frappe.throw(_("This call is not complete. Load the page again."), frappe.PermissionError)
	if isinstance(value, dict):
		for key, one in value.items():
			yield str(key)
			yield from _texts(one, depth + 1)
	elif isinstance(value, list | tuple):
		for one in value:
			yield from _texts(one, depth + 1)
	elif isinstance(value, str):
		yield value
		if value.lstrip()[:1] in ("{", "[", '"'):
			try:
				parsed = frappe.parse_json(value)
			except (ValueError, RecursionError):
				return
			if parsed != value:
				yield from _texts(parsed, depth + 1)
