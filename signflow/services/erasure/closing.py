"""What stands in no DocType's table: sessions, passwords, settings of lists, the search index, caches; and the last look."""

from collections.abc import Mapping

import frappe

from signflow.core.privacy.persons import Record, Subject
from signflow.services.erasure import evidence_of, in_redis
from signflow.services.erasure import reach as reaching
from signflow.services.erasure.ledger import record_hash
from signflow.services.erasure.planning import LINE, PLAN, left_by
from signflow.services.erasure.rows import Erasing
from signflow.services.privacy.accesses import hashes_of
from signflow.services.privacy.keeping import Keeping
from signflow.services.privacy.matching import any_of, holds
from signflow.services.subject_requests import access
from signflow.services.transaction import one_transaction


def shut_out(erasing: Erasing) -> None:
	"""Before anything else: she is logged out everywhere and cannot log in, so that nothing new is written in her name."""
	_shut_out(erasing.users)
	_end_copies(erasing)
	_drop_series(erasing)
	in_redis.forget_what_waits(erasing)


def _end_copies(erasing: Erasing) -> None:
	"""What she was given earlier holds all that is erased now."""
	request = frappe.db.get_value(PLAN, erasing.plan, "request")
	her_records = [(doctype, name) for doctype, name in erasing.told["records"]]
	before = erasing.told.get("before")
	access.end_all_of(
		her_records, erasing.words.mails, company=erasing.company, request=request, before=before
	)


@one_transaction
def _drop_series(erasing: Erasing) -> None:
	"""Counters of names that begin with what hers begin with ("Maija Meri-"), unless somebody else's begin so too."""
	series = frappe.qb.Table("tabSeries")
	found = holds(
		series.name, texts=erasing.words.mails, phones=erasing.words.phones, names=erasing.words.names
	)
	if found is None:
		return
	for (prefix,) in frappe.qb.from_(series).select(series.name).where(found).orderby(series.name).run():
		if not erasing.words.stand_in(prefix):
			continue
		counted = [
			(doctype, names)
			for doctype, names in erasing.targets.items()
			if any(name.startswith(prefix) for name in names)
		]
		if counted and not any(_others_begin(doctype, prefix, names) for doctype, names in counted):
			frappe.qb.from_(series).delete().where(series.name == prefix).run()


def _others_begin(doctype: str, prefix: str, names: Mapping[str, str | None]) -> bool:
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.from_(table).select(table.name).where(table.name.like(f"{prefix}%"))
	return any(str(name) not in names for (name,) in query.orderby(table.name).run())


@one_transaction
def _shut_out(users: list[str]) -> None:
	if not users:
		return
	user, sessions = frappe.qb.DocType("User"), frappe.qb.Table("tabSessions")
	frappe.qb.update(user).set(user.enabled, 0).where(user.name.isin(users)).run()
	rows = frappe.qb.from_(sessions).select(sessions.sid).where(sessions.user.isin(users)).run()
	frappe.qb.from_(sessions).delete().where(sessions.user.isin(users)).run()
	for (sid,) in rows:
		frappe.cache.hdel("session", sid)
	for name in users:
		frappe.clear_cache(user=name)


@one_transaction
def _close_tables(erasing: Erasing) -> None:
	# Other DocTypes' records may be named by a mail address, too.
	kept = {name.casefold() for doctype, name in erasing.since if doctype == "User"}
	if names := sorted({*erasing.users, *erasing.words.mails} - kept):
		auth = frappe.qb.Table("__Auth")
		frappe.qb.from_(auth).delete().where(auth.name.isin(names)).run()
	if users := erasing.users:
		settings = frappe.qb.Table("__UserSettings")
		frappe.qb.from_(settings).delete().where(settings.user.isin(users)).run()
		# Defaults are rows within a user that name another kind of parent.
		frappe.db.delete("DefaultValue", {"parent": ["in", users]})
		for name in users:
			for key in ("user_recent", "bootinfo", "home_page", "user_info"):
				frappe.cache.hdel(key, name)
	# What somebody last filtered by is nobody's record: her name goes too, whosever it is.
	_mask_table(erasing, "__UserSettings", ("user", "doctype"), ("data",), erasing.words.names)
	_mask_table(erasing, "__global_search", ("doctype", "name"), ("content", "title"))


def _mask_table(
	erasing: Erasing,
	name: str,
	keys: tuple[str, ...],
	columns: tuple[str, ...],
	names: frozenset[str] = frozenset(),
) -> None:
	"""Take her mails and telephones, and `names`, out of what a table of the framework's says in others' rows."""
	table = frappe.qb.Table(name)
	found = any_of(
		holds(table[column], texts=erasing.words.mails, phones=erasing.words.phones, names=names)
		for column in columns
	)
	if found is None:
		return
	query = frappe.qb.from_(table).select(*(table[one] for one in (*keys, *columns))).where(found)
	for row in query.run(as_dict=True):
		if (row.get("doctype"), row.get("name")) in erasing.since:
			continue
		change = frappe.qb.update(table)
		for column in columns:
			if isinstance(row[column], str):
				made = erasing.words.replaced(row[column], erasing.neutral, names=bool(names))
				change = change.set(table[column], made)
		for key in keys:
			change = change.where(table[key] == row[key])
		change.run()


def close(erasing: Erasing) -> None:
	"""Do what is left outside the DocTypes' tables, and in Redis."""
	_close_tables(erasing)
	# One may have been made while the erasure was under way.
	_end_copies(erasing)
	in_redis.forget_values(erasing)
	in_redis.forget_jobs(erasing)


def left_over(erasing: Erasing) -> list[Record]:
	"""The records, outside what is kept or is somebody else's, in which her mail or telephone still stands.

	One more look at all tables, for proof; the erasure itself has ended.
	"""
	cells = reaching.search(erasing.words, ()).cells
	lines = frappe.get_all(
		LINE,
		{"plan": erasing.plan, "action": ["in", ("Keep", "Decide")]},
		["record_doctype", "record_name"],
		order_by="place asc",
	)
	known = {(line.record_doctype, line.record_name) for line in lines} | erasing.since
	decided = left_by(frappe.db.get_value("Erasure Plan", erasing.plan, "decisions"))
	keeping = Keeping(reads={})
	agreements = evidence_of.requests_of(cells)

	def is_explained(record: Record) -> bool:
		return record in known or record_hash(*record) in decided or bool(keeping.of(*record))

	return [
		record
		for record, tables in sorted(cells.items())
		if any(cell.strong for cell in tables.values())
		and not is_explained(record)
		and not (record in agreements and is_explained(agreements[record]))
	]


def hashes(erasing: Erasing) -> list[str]:
	"""Under which the log of accesses finds the person again."""
	told = erasing.told
	return hashes_of(
		Subject(
			mails=frozenset(told["all_mails"]),
			phones=frozenset(told["all_phones"]),
			identities=frozenset(told["identities"]),
			records=frozenset((doctype, name) for doctype, name in told["records"]),
		)
	)
