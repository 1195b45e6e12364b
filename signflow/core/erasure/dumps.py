"""The rows of a database's dump, as `mariadb-dump` and `mysqldump` write it, read as it streams by. Pure.

Statements in which nothing is sought are not taken apart; what is no row of a table (a comment, a trigger, another program's
dump) is told as it stands.
"""

import re
from collections.abc import Callable, Iterable, Iterator

_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?[`\"]([^`\"]+)[`\"]")
_COLUMN = re.compile(r"\s+[`\"]([^`\"]+)[`\"]\s")
_INSERT = re.compile(
	r"(?:INSERT|REPLACE)(?: IGNORE)? INTO [`\"]?([^`\"\s(]+(?: [^`\"(]+)?)[`\"]?\s*(\([^()]*\))?\s*VALUES\s*"
)
_TOKEN = re.compile(r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|[(),;]|[^'(),;]+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_SIGNS = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


def rows(lines: Iterable[str], sought: Callable[[str], object]) -> Iterator[tuple[str, dict[str, str]]]:
	"""(table, {column: value as text}) of each row in a line of which `sought` says yes.

	Within a string a dump has no line breaks. A line that is of no row, or whose table was not described before, comes with
	"" for its table, or numbers for its columns.
	"""
	columns: dict[str, list[str]] = {}
	described = table = ""
	named: list[str] | None = None
	for line in lines:
		if found := _TABLE.match(line):
			described = found[1]
			columns[described] = []
		elif described and (found := _COLUMN.match(line)):
			columns[described].append(found[1])
		elif line.startswith(")"):
			described = ""
		values = line
		if found := _INSERT.match(line):
			table, values = found[1], line[found.end() :]
			named = [one.strip(' `"') for one in found[2].strip("()").split(",")] if found[2] else None
		elif not line.startswith("(") or described:
			table = ""
		if not sought(line):
			continue
		if not table:
			yield "", {"": line}
			continue
		known = named or columns.get(table) or []
		for row in _rows(values):
			keys = known if len(known) == len(row) else map(str, range(len(row)))
			yield table, dict(zip(keys, row, strict=True))


def _rows(values: str) -> Iterator[list[str]]:
	row: list[str] | None = None
	for token in _TOKEN.finditer(values):
		sign = token[0]
		if row is None:
			row = [""] if sign == "(" else None
		elif sign == ")":
			yield row
			row = None
		elif sign == ",":
			row.append("")
		else:
			row[-1] += _value(sign)


def _value(written: str) -> str:
	if written.startswith("'"):
		return _ESCAPED.sub(lambda found: _SIGNS.get(found[1], found[1]) if found[1] else "'", written[1:-1])
	return "" if written.strip() in ("NULL", "_binary") else written.strip()
