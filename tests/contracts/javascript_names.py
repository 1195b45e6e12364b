"""Names of DocTypes and fields in JavaScript, read by pattern: what a linter cannot know and a typo breaks silently."""

from __future__ import annotations

import re
from pathlib import Path

from names_used import Use, field_parts
from upstream_facts import Catalogue

QUOTED = r"""["'`]([^"'`$\n]+)["'`]"""
DOCTYPE_CALLS = re.compile(
	r"frappe\.(?:db\.(?:get_value|get_list|get_doc|set_value|exists|count|insert|get_single_value)"
	r"|ui\.form\.on|new_doc|get_doc|get_meta|model\.(?:with_doctype|can_create|can_read|can_write)"
	rf"|meta\.get_docfield)\(\s*{QUOTED}"
)
GET_VALUE = re.compile(
	rf"frappe\.db\.get_value\(\s*{QUOTED}\s*,\s*(?:[^,()\[\]{{}}]+|\{{[^}}]*\}}|[\w.()]+)\s*,\s*(\[[^\]]*\]|{QUOTED})"
)
SET_VALUE = re.compile(rf"frappe\.db\.set_value\(\s*{QUOTED}\s*,\s*[^,()]+,\s*{QUOTED}")
GET_LIST = re.compile(rf"frappe\.db\.get_list\(\s*{QUOTED}\s*,\s*\{{(.*?)\}}\s*\)", re.S)
FIELDS = re.compile(r"\bfields\s*:\s*\[([^\]]*)\]")
FILTERS = re.compile(r"\bfilters\s*:\s*\{([^{}]*)\}")
KEY = re.compile(r"""(?:^|[,{])\s*["']?(\w+)["']?\s*:""")
FORM_FIELD = re.compile(r"\bfrm\.doc\.(\w+)(?!\w|\s*\()")
FORM_CALL = re.compile(
	rf"\bfrm\.(?:set_value|get_field|set_query|set_df_property|toggle_display|toggle_enable|toggle_reqd|refresh_field)\(\s*{QUOTED}"
)
TICKET_FIELD = re.compile(r"(?<![\w.])doc\.(\w+)(?!\w|\s*\()")
FORM_ATTRIBUTES = frozenset(("__islocal", "__onload", "__unsaved", "__run_link_triggers", "localname"))


def names_in(path: Path, source: str, names: Catalogue, doctype: str | None = None) -> list[Use]:
	"""Every DocType and field that `source` names; `doctype` is whose form the file belongs to, if one's."""
	uses: list[Use] = []

	def line(match: re.Match) -> int:
		return source.count("\n", 0, match.start()) + 1

	def fields(match: re.Match, of: str, text: str) -> None:
		for name in re.findall(QUOTED, text):
			uses.extend(field_parts(path, line(match), of, name, names))

	for match in DOCTYPE_CALLS.finditer(source):
		uses.append(Use(path, line(match), match[1]))
	for match in GET_VALUE.finditer(source):
		fields(match, match[1], match[2])
	for match in SET_VALUE.finditer(source):
		uses.append(Use(path, line(match), match[1], match[2]))
	for match in GET_LIST.finditer(source):
		for hit in FIELDS.finditer(match[2]):
			fields(match, match[1], hit[1])
		for hit in FILTERS.finditer(match[2]):
			uses.extend(Use(path, line(match), match[1], key) for key in KEY.findall(hit[1]))
	if doctype:
		patterns = [FORM_FIELD, FORM_CALL] + ([TICKET_FIELD] if doctype.startswith("HD ") else [])
		for pattern in patterns:
			for match in pattern.finditer(source):
				if match[1] not in FORM_ATTRIBUTES:
					uses.append(Use(path, line(match), doctype, match[1]))
	return uses


def form_of(path: Path, names: Catalogue) -> str | None:
	"""The foreign DocType a file is named after: customer.js, hd_ticket.js, sales_order_list.js."""
	stem = re.sub(r"(_list|_tree|_calendar)$", "", path.stem.split(".")[0])
	by_stem = {re.sub(r"[ -]", "_", name).lower(): name for name in names.foreign}
	return by_stem.get(stem)
