"""A person sought inside the site's files: a worker reads them, as far as who asked may read them. The only writer of
Person File Search.

The row is the queue (`work_due`, a lease, the file where it is), as elsewhere. What is sought lies encrypted in it until
the search has ended; what was found, names of files and no words of theirs, is swept with the row soon after.
"""

import json
import time
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from typing import Any

import frappe
from frappe.query_builder.functions import Count
from frappe.utils import add_to_date, get_datetime, now_datetime
from frappe.utils.password import decrypt, encrypt

from signflow.core.privacy import texts_in_files
from signflow.core.privacy.findings import How, Strength
from signflow.core.privacy.needles import Needles
from signflow.core.privacy.persons import Subject
from signflow.core.privacy.texts_in_files import Outcome
from signflow.services import work
from signflow.services.acting import acting_as
from signflow.services.erasure import bytes_of_files
from signflow.services.privacy import lookup
from signflow.services.transaction import one_transaction

DOCTYPE = "Person File Search"
BATCH = texts_in_files.TOGETHER
JOB_SECONDS = 120
# Longer than the worst batch takes: each of its files all the time that a child gets.
LEASE_SECONDS = 480
# A search ends after so long, wherever it is; its row is swept so long after it was asked for.
MOST_MINUTES = 60
KEPT_MINUTES = 120
MOST_FOUND = 5000
# After a text that took longer to search the lease is held anew.
SLOW_SECONDS = 5


@one_transaction
def start(look_up: str, subject: Subject, company: str = "") -> str:
	"""Have a worker search all files for `subject`, whom the access `look_up` was about; the search's name."""
	files = frappe.qb.DocType("File")
	count = frappe.qb.from_(files).select(Count("*")).where(files.is_folder == 0).run()[0][0]
	search = frappe.new_doc(DOCTYPE)
	search.update(
		{
			"status": "Queued",
			"look_up": look_up,
			"user": frappe.session.user,
			"company": company or None,
			"files_total": count,
			"started_on": now_datetime(),
			"sought": encrypt(json.dumps(_sought(subject))),
			"found": "{}",
			"work_due": 1,
		}
	)
	search.flags.signflow = True
	search.insert(ignore_permissions=True)
	wake(search.name)
	return search.name


def _sought(subject: Subject) -> dict[str, Any]:
	names = subject.full_names
	# "Meri, Maija" stands in lists.
	turned = {" ".join(reversed(name.split())) for name in names}
	return {
		"MAIL_IN_TEXT": sorted(subject.mails),
		"PHONE_IN_TEXT": sorted(subject.phones),
		"NAME_IN_TEXT": sorted(names | turned),
		"shared": sorted(subject.shared),
	}


def wake(name: str) -> None:
	"""Have a worker go on with the search."""
	work.wake("signflow.services.privacy.file_search.run", queue="long", name=name)


def sweep() -> None:
	"""Every few minutes: wake searches that nobody goes on with, and delete those that are over."""
	old = add_to_date(now_datetime(), minutes=-KEPT_MINUTES)
	frappe.db.delete(DOCTYPE, {"started_on": ["<", old]})
	frappe.db.commit()
	work.wake_unheld(DOCTYPE, wake)


def run(name: str) -> None:
	"""Search on for two minutes, then leave the rest to the next job (RQ job; safe to run beside itself)."""
	if not work.take_lease(DOCTYPE, name, LEASE_SECONDS, status="Running"):
		return
	work.go_on(DOCTYPE, name, _steps(name), seconds=JOB_SECONDS, wake_row=wake, failed=partial(_fail, name))


def _steps(name: str) -> Generator[None, None, None]:
	with acting_as(frappe.db.get_value(DOCTYPE, name, "user")):
		while _step(name):
			yield


@one_transaction
def _fail(name: str, error: Exception) -> None:
	frappe.log_error(
		title="signflow: search inside files",
		message=work.place_of(error),
		reference_doctype=DOCTYPE,
		reference_name=name,
	)
	_set(name, **_ended("Failed"), failure=type(error).__name__)


def _ended(status: str) -> dict[str, Any]:
	return {
		"status": status,
		"work_due": 0,
		"ended_on": now_datetime(),
		"lease_until": None,
		"sought": None,
		"at_file": None,
	}


def _set(name: str, **values: Any) -> None:
	frappe.db.set_value(DOCTYPE, name, values, update_modified=False)


# One step


def _step(name: str) -> bool:
	"""Read the next files and keep what they say of her; whether there is more to do."""
	search = frappe.get_doc(DOCTYPE, name)
	if search.status != "Running":
		return False
	lookup.require_role()
	rows = _next(search.at_file)
	late = get_datetime(search.started_on) < add_to_date(now_datetime(), minutes=-MOST_MINUTES)
	if not rows or late:
		return _end(name, is_all=not rows)
	sought = json.loads(decrypt(search.sought))
	hits, read, unread, hidden = _search(name, rows, sought)
	return _keep(search, rows[-1].name, hits, read, unread, hidden)


def _next(after: str | None) -> list[Any]:
	files = frappe.qb.DocType("File")
	query = frappe.qb.from_(files).select(files.name, files.file_name, files.file_url)
	query = query.where(files.is_folder == 0)
	if after:
		query = query.where(files.name > after)
	return query.orderby(files.name).limit(BATCH).run(as_dict=True)


def _search(
	name: str, rows: list[Any], sought: dict[str, list[str]]
) -> tuple[dict[str, tuple[str, list[str]]], int, int, int]:
	"""What the files say: ({File: (strength, how)}, how many were read, could not be read, may not be read)."""
	allowed = {row.name for row in rows} if lookup.may_see_all() else _readable(row.name for row in rows)
	mine = [row for row in rows if row.name in allowed]
	needles = Needles(
		one
		for how in ("MAIL_IN_TEXT", "PHONE_IN_TEXT", "NAME_IN_TEXT")
		for one in sought[how]
		if len(one) > 2
	)
	said: dict[str, set[str]] = {}
	good = set()
	titles = {row.file_url: row.file_name or "" for row in mine}
	there = ((url, title, data) for url, title in titles.items() if (data := _bytes_of(url)) is not None)
	for url, read in texts_in_files.read_together(there):
		began = time.monotonic()
		said[url] = needles.found_in(read.text)
		if time.monotonic() - began > SLOW_SECONDS:
			_hold(name)
		if read.outcome is Outcome.READ:
			good.add(url)
	hits = {
		row.name: judged
		for row in mine
		if (judged := _judge(said.get(row.file_url, set()), sought)) is not None
	}
	searched = sum(row.file_url in good for row in mine)
	return hits, searched, len(mine) - searched, len(rows) - len(mine)


def _readable(names: Iterable[str]) -> set[str]:
	return {
		name
		for name in lookup.readable_names("File", names)
		if frappe.has_permission("File", "read", doc=name)
	}


def _bytes_of(url: str | None) -> bytes | None:
	"""The bytes of a file of this site; None for one elsewhere, or gone. No address is fetched."""
	path = bytes_of_files.path_of(url)
	if not path or not path.is_file():
		return None
	return texts_in_files.bytes_to_read(path)


def _judge(said: set[str], sought: dict[str, list[str]]) -> tuple[str, list[str]] | None:
	"""As the look-up judges a text: her own address is certain, one that others share is not, a name alone is possible."""
	reasons = []
	for how in (How.MAIL_IN_TEXT, How.PHONE_IN_TEXT, How.NAME_IN_TEXT):
		for one in said.intersection(sought[how.name]):
			strength = Strength.POSSIBLE if how is How.NAME_IN_TEXT else Strength.CERTAIN
			reasons.append((Strength.SHARED if one in sought["shared"] else strength, how))
	if not reasons:
		return None
	return min(reasons)[0].name, sorted({how.name for _strength, how in reasons})


@one_transaction
def _keep(search: Any, at: str, hits: dict[str, Any], read: int, unread: int, hidden: int) -> bool:
	if frappe.db.get_value(DOCTYPE, search.name, "status") != "Running":
		return False
	found = {**json.loads(search.found or "{}"), **hits}
	goes_on = len(found) < MOST_FOUND
	values = {
		"at_file": at,
		"found": json.dumps(found),
		"files_found": len(found),
		"files_read": search.files_read + read,
		"files_unread": search.files_unread + unread,
		"files_hidden": search.files_hidden + hidden,
		"lease_until": work.lease(LEASE_SECONDS),
	}
	_set(search.name, **(values if goes_on else values | _ended("Done")))
	return goes_on


@one_transaction
def _hold(name: str) -> None:
	_set(name, lease_until=work.lease(LEASE_SECONDS))


@one_transaction
def _end(name: str, *, is_all: bool) -> bool:
	_set(name, **_ended("Done"), is_all=int(is_all))
	return False


# What it found


def state_of(look_up: str) -> Any:
	"""The search that belongs to an access, if the current user asked for it and it is still kept; else None."""
	rows = frappe.get_all(
		DOCTYPE,
		filters={"look_up": look_up, "user": frappe.session.user},
		fields=[
			"name",
			"status",
			"files_total",
			"files_read",
			"files_unread",
			"files_hidden",
			"is_all",
			"found",
		],
		order_by="creation desc",
		limit=1,
	)
	return rows[0] if rows else None


def hits_of(search: Any) -> Iterator[tuple[str, str, list[str]]]:
	"""(File, strength, how) of what was found, surest first."""
	found = json.loads(search.found or "{}")
	for name, (strength, how) in sorted(found.items(), key=lambda one: (Strength[one[1][0]], one[0])):
		yield name, strength, how
