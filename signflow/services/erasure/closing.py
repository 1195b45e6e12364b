"""What stands in no DocType's table: sessions, passwords, settings of lists, the search index, caches; and the last look."""

import json

import frappe

from signflow.core.privacy.persons import Record, Subject
from signflow.services.erasure import reach as reaching
from signflow.services.erasure.planning import LINE, record_hash
from signflow.services.erasure.rows import Erasing
from signflow.services.privacy.accesses import hashes_of
from signflow.services.privacy.keeping import Keeping
from signflow.services.privacy.matching import any_of, holds
from signflow.services.transaction import one_transaction

# Where Frappe keeps in Redis what it writes to the database later.
INDEX_QUEUE = "global_search_queue"
LIST_SETTINGS = "_user_settings"


def shut_out(erasing: Erasing) -> None:
	"""Before anything else: she is logged out everywhere and cannot log in, so that nothing new is written in her name."""
	_shut_out(erasing.users)
	_forget_what_waits(erasing)


def _forget_what_waits(erasing: Erasing) -> None:
	"""What Redis holds to be written into the search index and the settings of lists would come back after the rows went."""
	key = frappe.cache.make_key(INDEX_QUEUE)
	for item in frappe.cache.lrange(INDEX_QUEUE, 0, -1):
		text = frappe.safe_decode(item)
		told = json.loads(text)
		hers = told.get("name") in erasing.targets.get(told.get("doctype"), {})
		if hers or erasing.words.stand_in(text, names=False):
			frappe.cache.lrem(key, 0, item)
	for field, data in frappe.cache.hgetall(LIST_SETTINGS).items():
		whose = frappe.safe_decode(field)
		if whose.rpartition("::")[2] in erasing.users:
			frappe.cache.hdel(LIST_SETTINGS, whose)
		elif (made := erasing.words.replaced(data, erasing.neutral, names=False)) != data:
			frappe.cache.hset(LIST_SETTINGS, whose, made)


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
	if users := erasing.users:
		auth, settings = frappe.qb.Table("__Auth"), frappe.qb.Table("__UserSettings")
		frappe.qb.from_(auth).delete().where((auth.doctype == "User") & auth.name.isin(users)).run()
		frappe.qb.from_(settings).delete().where(settings.user.isin(users)).run()
		# Defaults are rows within a user that name another kind of parent.
		frappe.db.delete("DefaultValue", {"parent": ["in", users]})
		for name in users:
			for key in ("user_recent", "bootinfo", "home_page", "user_info"):
				frappe.cache.hdel(key, name)
	_mask_table(erasing, "__UserSettings", ("user", "doctype"), ("data",))
	_mask_table(erasing, "__global_search", ("doctype", "name"), ("content", "title"))


def _mask_table(erasing: Erasing, name: str, keys: tuple[str, ...], columns: tuple[str, ...]) -> None:
	"""Take her mails and telephones out of what a table of the framework's says in others' rows."""
	table = frappe.qb.Table(name)
	found = any_of(
		holds(table[column], texts=erasing.words.mails, phones=erasing.words.phones) for column in columns
	)
	if found is None:
		return
	query = frappe.qb.from_(table).select(*(table[one] for one in (*keys, *columns))).where(found)
	for row in query.run(as_dict=True):
		change = frappe.qb.update(table)
		for column in columns:
			if isinstance(row[column], str):
				made = erasing.words.replaced(row[column], erasing.neutral, names=False)
				change = change.set(table[column], made)
		for key in keys:
			change = change.where(table[key] == row[key])
		change.run()


def close(erasing: Erasing) -> None:
	"""Do what is left outside the DocTypes' tables, and drop caches."""
	_close_tables(erasing)
	frappe.clear_cache()


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
	known = {(line.record_doctype, line.record_name) for line in lines}
	decided = _left_by_decision(erasing)
	keeping = Keeping(reads={})
	return [
		record
		for record, tables in sorted(cells.items())
		if any(cell.strong for cell in tables.values())
		and record not in known
		and record_hash(*record) not in decided
		and not keeping.of(*record)
	]


def _left_by_decision(erasing: Erasing) -> set[str]:
	stored = frappe.db.get_value("Erasure Plan", erasing.plan, "decisions")
	return {hashed for hashed, taken in json.loads(stored or "{}").items() if taken[0] != "Hers"}


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
