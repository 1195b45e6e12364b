# ruff: noqa: F821
"""For frappe/database/sqlite/database.py: bind parameters instead of pasting them into the text."""


def execute_query(self, query, values=None):
	def execute(*statement):
		try:
			return self._cursor.execute(*statement)
		except sqlite3.OperationalError as error:
			if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
				raise
		# A first write after a read, while another writes or since another has written: SQLite refuses it at once.
		# Elsewhere it waits and works on what is committed then; so it does here, in the same transaction begun anew,
		# which has written nothing yet.
		for again in ("ROLLBACK", "BEGIN IMMEDIATE", *getattr(self, "_savepoints", ())):
			self._cursor.execute(again)
		return self._cursor.execute(*statement)

	if query.endswith("/* for update */"):
		# A statement that changes nothing, yet takes the database's only write lock: SQLite has no row locks.
		execute('UPDATE "tabSingles" SET value = value WHERE 0')
	if not values:
		result = execute(query)
		if query.upper().startswith("BEGIN"):
			self._savepoints = []
		elif query.upper().startswith("SAVEPOINT"):
			self._savepoints = [*getattr(self, "_savepoints", ()), query]
		return result
	bound = []
	positional = iter(values if isinstance(values, list | tuple) else ())

	def bind(match):
		if match.group() == "%%":
			return "%"
		value = values[match.group(1)] if match.group(1) else next(positional)
		if isinstance(value, list | tuple | set | frozenset):
			bound.extend(value)
			return "(" + ", ".join("?" * len(value)) + ")" if value else "(NULL)"
		bound.append(value)
		return "?"

	return execute(re.sub(r"%\((\w+)\)s|%s|%%", bind, query), bound)


def modify_query(query):
	query = str(query).replace("`", '"')
	query = replace_locate_with_instr(query)
	query = re.sub(r"^(\s*)insert\s+ignore\b", r"\1INSERT OR IGNORE", query, flags=re.IGNORECASE)
	query = re.sub(
		r"\s+for update(\s+(nowait|skip locked))?\s*$", " /* for update */", query, flags=re.IGNORECASE
	)
	return re.sub(r"\bfrom tab([a-zA-Z]+)", r'from "tab\1"', query, flags=re.IGNORECASE)
