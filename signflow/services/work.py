"""Work that survives: the row is the queue, a worker is only woken up.

A row says by itself what is due (a flag, or a time); a job that is lost is woken again by a sweep, and every step can be
done twice. Jobs have fresh ids: after a kill Frappe's `deduplicate` enqueues nothing for minutes.
"""

import secrets
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

import frappe
from frappe.utils import add_to_date, get_datetime, now_datetime

from signflow.services.transaction import one_transaction

LONGEST_PAUSE_SECONDS = 1800


def wake(job: str, *, queue: str = "short", **what: Any) -> None:
	"""Have a worker call the function `job` (a dotted path) with `what` as soon as the transaction is committed.

	Its id says nothing of `what`: records are named by people.
	"""
	frappe.enqueue(
		job,
		queue=queue,
		enqueue_after_commit=True,
		job_id=f"signflow-{job.rpartition('services.')[2]}-{secrets.token_hex(8)}",
		**what,
	)


def wake_unheld(doctype: str, wake_row: Callable[[str], None]) -> None:
	"""Wake the rows of `doctype` with work due whose lease nobody holds, a killed worker's among them; commits."""
	for row in frappe.get_all(
		doctype,
		filters={"work_due": 1},
		fields=["name", "lease_until"],
		order_by="modified asc",
		limit=500,
	):
		if not is_held(row):
			wake_row(row.name)
	frappe.db.commit()


def is_held(row: Any) -> bool:
	"""Whether a worker holds the row's lease."""
	return bool(row.lease_until) and get_datetime(row.lease_until) > now_datetime()


def lease(seconds: int) -> datetime:
	"""Until when a lease taken or held now lasts."""
	return add_to_date(now_datetime(), seconds=seconds)


@one_transaction
def take_lease(doctype: str, name: str, seconds: int, **values: Any) -> bool:
	"""Take the lease of a row with work due, and write `values` with it; False if there is none or somebody holds it."""
	row = frappe.db.get_value(doctype, name, ["work_due", "lease_until"], as_dict=True, for_update=True)
	if not row or not row.work_due or is_held(row):
		return False
	_write(doctype, name, lease_until=lease(seconds), **values)
	return True


@one_transaction
def hold_lease(doctype: str, name: str, token: str, seconds: int) -> bool:
	"""Hold a lease for longer; False if it is another's by now."""
	if not is_ours(doctype, name, token):
		return False
	_write(doctype, name, lease_until=lease(seconds))
	return True


def is_ours(doctype: str, name: str, token: str) -> bool:
	"""Whether the row's lease was taken with this token; locks the row."""
	return frappe.db.get_value(doctype, name, "lease_token", for_update=True) == token


def _write(doctype: str, name: str, **values: Any) -> None:
	frappe.db.set_value(doctype, name, values, update_modified=False)


def go_on(
	doctype: str,
	name: str,
	steps: Generator[None, None, None],
	*,
	seconds: int,
	wake_row: Callable[[str], None],
	failed: Callable[[Exception], None],
) -> None:
	"""Take the steps of a row whose lease was taken until there are no more; after `seconds` leave the rest to a job that
	`wake_row` wakes.

	An error goes to `failed` and no further: Frappe would log it with all values at hand, which are what was read.
	"""
	until = time.monotonic() + seconds
	try:
		with closing(steps):
			for _step in steps:
				if time.monotonic() > until:
					_leave(doctype, name, wake_row)
					return
	except Exception as error:
		frappe.db.rollback()
		failed(error)


@one_transaction
def _leave(doctype: str, name: str, wake_row: Callable[[str], None]) -> None:
	_write(doctype, name, lease_until=None)
	wake_row(name)


def pause(attempts: int) -> int:
	"""Seconds until what has failed `attempts` times is tried again: ever longer, half an hour at most."""
	return min(5 * 2**attempts, LONGEST_PAUSE_SECONDS)


@contextmanager
def edge(title: str) -> Iterator[None]:
	"""The edge of a worker's job: what goes wrong is rolled back and told to the Error Log by its place alone; commits.

	Frappe logs what a job raises with all values at hand, which may be somebody's address.
	"""
	try:
		yield
	except Exception as error:
		frappe.db.rollback()
		tell(title, error)


def tell(title: str, error: BaseException) -> None:
	"""Write kind and place of an error into the Error Log; commits."""
	frappe.log_error(title=f"signflow: {title}", message=place_of(error))
	frappe.db.commit()


def place_of(error: BaseException) -> str:
	"""Kind and place of an error for the Error Log, without its message and the values at hand, which may be somebody's."""
	return f"{type(error).__name__}\n" + "".join(traceback.format_tb(error.__traceback__))
