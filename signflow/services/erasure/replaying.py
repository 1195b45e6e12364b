"""What the ledger knows erased once more, after a backup from before was restored.

Persons are found again by the keyed hashes of their records' names and of their addresses; then all is planned anew from
what the backup brought back, with the decisions and the neutral names of then, and carried out at once: it was approved.
What was made since the erasure was never decided about: who became a customer again stays one.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, get_datetime, now_datetime

from signflow.core.erasure.masking import Neutral
from signflow.core.privacy import persons
from signflow.core.privacy.datamap import Holds
from signflow.core.privacy.persons import Record, Start
from signflow.services import notices
from signflow.services.erasure import execution, ledger, planning
from signflow.services.privacy import data_map
from signflow.services.privacy.person_records import region
from signflow.services.transaction import one_transaction


@dataclass
class Replayed:
	"""What a replay did: plans carried out, by their names; `waiting`: lines that somebody has to decide first;
	`foreign`: lines of the ledger's file that another key than the site's has written, which name nobody."""

	plans: list[str] = field(default_factory=list)
	failed: list[str] = field(default_factory=list)
	waiting: int = 0
	persons: int = 0
	foreign: int = 0


def replay_erasures() -> Replayed:
	"""Erase again what the ledger says was erased and the database holds. Run by the command; done twice is done once."""
	replayed = Replayed()
	if ledger.path().exists():
		replayed.foreign = ledger.read(ledger.path())[1]
	groups, missing = _by_person(ledger.entries()), _by_person(ledger.only_in_file())
	replayed.persons = len(groups)
	for person, entries in groups.items():
		times = _Times(entries)
		start = _start_of(entries, times)
		plan = _replay(start, entries, times) if start else None
		status, undecided = (
			frappe.db.get_value("Erasure Plan", plan, ["status", "undecided"]) if plan else ("Done", 0)
		)
		if plan:
			(replayed.plans if status == "Done" else replayed.failed).append(plan)
		replayed.waiting += undecided or 0
		if status == "Done":
			# Not before: until then it is what only the file knows that says that she is there again.
			_bring_back(missing[person])
	return replayed


def _by_person(entries: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
	groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
	for one in entries:
		groups[ledger.person_of(one)].append(one)
	return groups


@one_transaction
def _bring_back(missing: list[dict[str, Any]]) -> None:
	ledger.bring_back(missing)


def came_back() -> int:
	"""How many erasures only the ledger's file knows: a backup was restored, and nobody has replayed them yet.

	An entry stands in the file a moment before its transaction is committed: what is younger than an hour tells nothing yet.
	"""
	hour_ago = str(add_to_date(None, hours=-1))
	return len(_by_person([one for one in ledger.only_in_file() if one["erased_on"] < hour_ago]))


@one_transaction
def watch() -> None:
	"""Tell the officers of erasures that came undone by a restore (daily; commits)."""
	if not (number := came_back()):
		return
	for user in notices.officers("Erasure Plan"):
		notices.notify(
			user,
			("Report", "Privacy Set-up Check"),
			lambda: _("A backup was restored: {0} erasures have to be carried out again.").format(number),
			link="/app/query-report/Privacy Set-up Check",
		)


class _Times:
	"""When what was erased, of one person's `entries`, oldest first."""

	def __init__(self, entries: list[dict[str, Any]]):
		begun = next((one for one in entries if one["action"] == "Person"), entries[0])
		self.first = get_datetime(begun["erased_on"])
		self.by_hash = {
			one["record_hash"]: get_datetime(one["erased_on"]) for one in entries if one["record_hash"]
		}

	def since(self, record: Record, made: datetime) -> bool:
		"""Whether a record that was made at `made` is younger than its erasure, or than the person's where it had none."""
		return made > self.by_hash.get(ledger.record_hash(*record), self.first)


def _start_of(entries: list[dict[str, Any]], times: _Times) -> Start | None:
	wanted = {(one["document_type"], one["record_hash"]) for one in entries if _is_own(one)}
	neutral = entries[0]["neutral"]
	records = {record for record in _records_of(wanted, times) if not _is_masked(record, neutral)}
	hashes = {
		hashed
		for one in entries
		if one["action"] == "Person"
		for hashed in (one["string_hashes"] or "").splitlines()
	}
	mails, phones = _addresses_of(hashes, times.first)
	if not (records or mails or phones):
		return None
	return Start(records=frozenset(records), mails=frozenset(mails), phones=frozenset(phones))


def _is_masked(record: Record, neutral: str) -> bool:
	"""Whether a record that kept its name has neutral values by now: nothing came back."""
	row = frappe.db.get_value(*record, "*", as_dict=True) or {}
	return any(isinstance(value, str) and neutral in value for value in row.values())


def _is_own(one: dict[str, Any]) -> bool:
	return str(one["is_own"]) == "1"


def _records_of(wanted: set[tuple[str, str]], times: _Times) -> set[Record]:
	"""The person's own records that are there again, by the hashes of their names."""
	by_type: dict[str, set[str]] = defaultdict(set)
	for doctype, hashed in wanted:
		by_type[doctype].add(hashed)
	found = set()
	for doctype, hashes in by_type.items():
		if not frappe.db.table_exists(doctype):
			continue
		for row in frappe.get_all(doctype, fields=["name", "creation"], order_by="name asc"):
			record = doctype, str(row.name)
			if ledger.record_hash(*record) in hashes and not times.since(record, row.creation):
				found.add(record)
	return found


def _addresses_of(hashes: set[str], before: datetime) -> tuple[set[str], set[str]]:
	"""The mail addresses and telephones of these hashes that stand in any field marked as such, of rows made `before`."""
	mails: set[str] = set()
	phones: set[str] = set()
	where = region()
	for entry in data_map.load():
		fields = entry.holding(Holds.EMAIL, Holds.PHONE)
		if entry.is_single or not fields or not frappe.db.table_exists(entry.doctype):
			continue
		columns = set(frappe.db.get_table_columns(entry.doctype))
		table = frappe.qb.DocType(entry.doctype)
		for one in fields:
			if one.fieldname not in columns:
				continue
			column = table[one.fieldname]
			query = frappe.qb.from_(table).select(column).distinct().where(column.isnotnull())
			query = query.where(table.creation.isnull() | (table.creation <= before))
			for (value,) in query.orderby(column).run():
				if one.holds is Holds.EMAIL:
					mails |= {mail for mail in persons.mails_in(value) if ledger.string_hash(mail) in hashes}
				else:
					said = persons.phones_in(value, where)
					phones |= {phone for phone in said if ledger.string_hash(phone) in hashes}
	return mails, phones


def _replay(start: Start, entries: list[dict[str, Any]], times: _Times) -> str | None:
	neutral = entries[0]["neutral"]
	decisions = {}
	for one in entries:
		if one["record_hash"] and one["action"] == "Left":
			decisions[one["record_hash"]] = planning.as_decided(one["string_hashes"] or "")
		elif one["record_hash"]:
			decisions.setdefault(one["record_hash"], ["Hers", None])
	plan = planning.make_replay(
		start,
		entries[0]["company"],
		decisions,
		Neutral.of(*neutral.rsplit(" ", 1)),
		since=times.since,
		before=times.first,
	)
	if plan is None:
		return None
	_approve(plan)
	execution.carry_on(plan)
	return plan


@one_transaction
def _approve(plan: str) -> None:
	frappe.db.set_value(
		"Erasure Plan",
		plan,
		{
			"status": "Running",
			"work_due": 1,
			"approved_on": now_datetime(),
			"digest": planning.digest(plan),
		},
		update_modified=False,
	)
