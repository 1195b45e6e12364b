"""One transaction per verb of the trade, tried again when somebody else got there first.

What decides is read for an update: on MariaDB its row is locked. SQLite, which locks nothing then, refuses the write of
whoever has read what another changed meanwhile. Both end in an exception that says "again", never in a second event or a
lost increment.
"""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import frappe
from frappe import _
from frappe.utils import now_datetime

from signflow.core.errors import SignflowError
from signflow.signflow.refusals import message_of

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 12
_AGAIN = (
	"database is locked",
	"database table is locked",
	"Deadlock found",
	"Lock wait timeout",
	# MariaDB with innodb_snapshot_isolation, as it is from 11.6 on: error 1020.
	"Record has changed since last read",
)


def is_conflict(error: Exception) -> bool:
	"""Whether somebody else got there first: the same again may succeed."""
	if isinstance(
		error, frappe.DuplicateEntryError | frappe.QueryDeadlockError | frappe.QueryTimeoutError
	) or (error.args and frappe.db.is_duplicate_entry(error)):
		return True
	return any(text in str(error) for text in _AGAIN)


def is_missing_table(error: Exception) -> bool:
	"""Whether a query failed for want of a table, as between an update of the code and its migration."""
	return bool(error.args) and frappe.db.is_table_missing(error)


def is_being_built() -> bool:
	"""Whether apps are being installed, removed or migrated: what is written then is nobody's doing."""
	flags = frappe.flags
	return bool(flags.in_install or flags.in_uninstall or flags.in_migrate or flags.in_patch)


def one_transaction(verb: Callable[P, R]) -> Callable[P, R]:
	"""Commit what `verb` wrote, or roll all of it back; run it again when it lost a race.

	What the caller had pending is committed first, so that the verb reads the database as it is now and a lost race
	rolls back nothing but the verb's own work. A `SignflowError` becomes a translated message for the reader.
	"""

	@wraps(verb)
	def run(*args: P.args, **kwargs: P.kwargs) -> R:
		frappe.db.commit()
		said = len(frappe.local.message_log)
		for attempt in range(1, TRIES + 1):
			try:
				result = verb(*args, **kwargs)
				frappe.db.commit()
				return result
			except SignflowError as refusal:
				frappe.db.rollback()
				throw(refusal)
			except Exception as error:
				frappe.db.rollback()
				# A value that another has taken: what looks for it first finds it the second time.
				taken = isinstance(error, frappe.UniqueValidationError) and attempt == 1
				if attempt == TRIES or not (taken or is_conflict(error)):
					raise
				del frappe.local.message_log[said:]
				# Two that collided would collide again at the same moment.
				time.sleep(random.uniform(0.02, 0.1) * attempt**1.5)
		raise AssertionError("unreachable")

	return run


def insert_rows(doctype: str, rows: list[dict[str, Any]]) -> None:
	"""Insert rows of the same columns as rows, in the caller's transaction: no doc event runs. What is not given is filled in."""
	now = now_datetime()
	made = {"creation": now, "modified": now, "owner": "Administrator", "modified_by": "Administrator"}
	whole = [{"name": frappe.generate_hash(length=16), **made, "docstatus": 0, **row} for row in rows]
	if whole:
		values = [[row[column] for column in whole[0]] for row in whole]
		frappe.db.bulk_insert(doctype, list(whole[0]), values, chunk_size=500)


def throw(refusal: SignflowError) -> None:
	"""Raise `refusal` as Frappe's ValidationError, translated, with its code on `frappe.local`."""
	frappe.local.signflow_error_code = refusal.code
	frappe.throw(message_of(refusal), title=_("Not possible"))
