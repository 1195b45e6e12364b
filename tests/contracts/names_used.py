"""A DocType or field name that signflow uses, where it stands, and whether anything bears it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from upstream_facts import Catalogue


@dataclass(frozen=True)
class Use:
	"""`doctype` alone, or one of its fields, named in `path` at `line`."""

	path: Path
	line: int
	doctype: str
	field: str | None = None

	def __str__(self) -> str:
		what = f"{self.doctype}.{self.field}" if self.field else self.doctype
		return f"{self.path}:{self.line}: {what}"


def is_missing(use: Use, names: Catalogue) -> bool:
	"""True when no recorded release, no DocType of ours and no custom field of ours bears the name."""
	if not names.knows(use.doctype):
		return True
	return use.field is not None and not names.has_field(use.doctype, use.field)


def field_parts(path: Path, line: int, doctype: str, text: str, names: Catalogue) -> list[Use]:
	"""The names in one field expression: "a", "a as b", "link.field", "`tabX`.`a`", "count(a) as n", "a desc"."""
	uses = []
	for part in text.split(","):
		part = re.split(r"\s+as\s+", part.strip(), flags=re.I)[0]
		part = re.sub(r"\s+(asc|desc)$", "", part, flags=re.I).replace("distinct ", "")
		if call := re.fullmatch(r"\w+\((.*)\)", part):
			part = call[1].strip()
		if part in ("", "*") or part.isdigit():
			continue
		if table := re.fullmatch(r"`?tab([^`.]+)`?\.`?(\w+|\*)`?", part):
			uses.append(Use(path, line, table[1], None if table[2] == "*" else table[2]))
		elif re.fullmatch(r"\w+\.\w+", part):
			link, target = part.split(".")
			uses.append(Use(path, line, doctype, link))
			if other := names.target(doctype, link):
				uses.append(Use(path, line, other, target))
		else:
			uses.append(Use(path, line, doctype, part.strip("`")))
	return uses
