"""The ledger of erasures: keyed hashes alone, by which what was erased is found again in a restored backup.

It stands in the database and, since a restore brings back an older database, line by line in a file of the site's private
folder as well, which neither Frappe's backup nor its restore touches. Where the machine is lost, so is that file: a copy of
it kept elsewhere can be named. The key is the site's own: without its configuration the hashes say nothing, and each line of
the file says which key it was written with.
"""

import json
import os
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import frappe
from frappe.utils import now_datetime

from signflow.core.erasure.masking import Words
from signflow.core.privacy.needles import views
from signflow.core.privacy.persons import mails_in, phones_in, words_of
from signflow.services.privacy.person_records import region
from signflow.services.site_keys import keyed_hash
from signflow.services.transaction import insert_rows

ENTRY = "Erasure Ledger Entry"
# So many words a name has at most that is known again.
_LONGEST_NAME = 5
# What of an entry stands in the file too.
TOLD = (
	*("erased_on", "document_type", "action", "plan", "company", "neutral", "record_hash", "is_own"),
	"string_hashes",
)


def record_hash(doctype: str, name: Any) -> str:
	"""The keyed hash by which a record that is no more is known again."""
	return keyed_hash("erasure record", f"{doctype}\0{name}")


def string_hash(value: str) -> str:
	"""The keyed hash by which a mail address or a telephone (E.164) is known again."""
	return keyed_hash("erasure string", value.casefold())


def _name_hash(words: Iterable[str]) -> str:
	# "Meri, Maija" is "Maija Meri".
	return keyed_hash("erasure name", " ".join(sorted(words)))


def note_person(erasing: Any, left: Mapping[str, str]) -> None:
	"""Write down, before the first record goes, by which hashes the person is known again, and what was decided to stay."""
	words = erasing.words
	hashes = {string_hash(one) for one in words.mails | words.phones}
	hashes |= {_name_hash(words_of(name)) for name in words.names}
	entries = [_entry(erasing, action="Person", string_hashes="\n".join(sorted(hashes)))]
	for hashed, decision in sorted(left.items()):
		entries.append(_entry(erasing, action="Left", record_hash=hashed, string_hashes=decision))
	write(entries)


def words_known(plan: str, neutral: str, texts: Iterable[str]) -> Words:
	"""Which addresses, telephones and names in `texts`, in whatever form, are hers whom `plan` erased and called `neutral`.

	For what was kept: once its time is over nothing else knows any more whose it was.
	"""
	# A restored database counts its plans on from an earlier one: a name alone may mean two.
	asked = {"plan": plan, "neutral": neutral, "action": "Person"}
	told = frappe.get_all(ENTRY, asked, pluck="string_hashes", order_by="creation asc")
	hashes = set("\n".join(told).split())
	mails: set[str] = set()
	phones: set[str] = set()
	names: set[str] = set()
	where = region()
	for view in set(chain.from_iterable(views(text) for text in texts)):
		mails |= mails_in(view)
		phones |= phones_in(view, where)
		words = words_of(view)
		names |= {
			" ".join(words[place : place + number])
			for number in range(2, _LONGEST_NAME + 1)
			for place in range(len(words) - number + 1)
		}
	return Words(
		frozenset(one for one in mails if string_hash(one) in hashes),
		frozenset(one for one in phones if string_hash(one) in hashes),
		frozenset(one for one in names if _name_hash(one.split()) in hashes),
	)


def note(erasing: Any, lines: Iterable[Any]) -> None:
	"""Write down, in the caller's transaction, that the records of `lines` were erased or masked."""
	own = {tuple(record) for record in erasing.told.get("records", ())}
	write(
		[
			_entry(
				erasing,
				document_type=line.record_doctype,
				action=line.action,
				record_hash=line.record_hash,
				is_own=int((line.record_doctype, line.record_name) in own),
			)
			for line in lines
			if line.record_hash
		]
	)


def _entry(erasing: Any, **values: Any) -> dict[str, Any]:
	return {
		"erased_on": now_datetime(),
		"document_type": None,
		"plan": erasing.plan,
		"company": erasing.company,
		"neutral": erasing.neutral.name,
		"record_hash": None,
		"is_own": 0,
		"string_hashes": None,
		**values,
	}


def write(entries: list[dict[str, Any]]) -> None:
	"""Append entries to the file and insert them, in the caller's transaction.

	The file first: a machine that stops in between leaves an entry for what is not erased yet, and is to be, rather than
	something erased of which no restored backup would know.
	"""
	if not entries:
		return
	mark = {"key": key_mark()}
	told = "".join(
		json.dumps({key: str(one[key]) if one[key] is not None else None for key in TOLD} | mark) + "\n"
		for one in entries
	)
	_append(told)
	insert_rows(ENTRY, entries)


def path() -> Path:
	"""The ledger's file."""
	return Path(frappe.get_site_path("private", "erasure-ledger.jsonl"))


def _append(told: str) -> None:
	with path().open("ab+") as out:
		if out.tell():
			out.seek(-1, os.SEEK_END)
			# A machine that stopped in the middle of a line leaves half of one: it must not spoil the next.
			told = told if out.read(1) == b"\n" else f"\n{told}"
		out.write(told.encode())
		out.flush()
		os.fsync(out.fileno())


def key_mark() -> str:
	"""By which a line says that it was written with the key that this site has."""
	return keyed_hash("erasure ledger", "key")[:16]


def read(file: Path) -> tuple[list[dict[str, Any]], int]:
	"""The entries of a ledger's file, and how many lines were written with another key than this site's."""
	known, foreign = [], 0
	for line in file.read_text(encoding="utf-8").splitlines():
		try:
			entry = json.loads(line)
		except ValueError:
			# Half a line, of a machine that stopped in the middle: nothing of it was carried out.
			continue
		if entry.pop("key", None) in (None, key_mark()):
			known.append(entry)
		else:
			foreign += 1
	return known, foreign


def take_in(copy: Path) -> int:
	"""Add to this site's file what only a copy of a ledger has; how many lines.

	Raises ValueError where lines were written with another key: the persons in them would never be found.
	"""
	told, foreign = read(copy)
	if foreign:
		raise ValueError(f"{foreign} lines were written with another encryption_key than this site has")
	have = {_identity(one) for one in _all_in_file()}
	missing = [one for one in told if _identity(one) not in have]
	_append("".join(json.dumps(one | {"key": key_mark()}) + "\n" for one in missing))
	return len(missing)


def _identity(one: dict[str, Any]) -> tuple[Any, ...]:
	return tuple(one[name] for name in ("plan", "action", "record_hash", "string_hashes"))


def entries() -> list[dict[str, Any]]:
	"""All entries, of the database and of the file, oldest first; each once."""
	unique = {_identity(one): one for one in (*reversed(_in_file()), *reversed(_in_database()))}
	return sorted(unique.values(), key=lambda one: one["erased_on"] or "")


def _in_database() -> list[dict[str, Any]]:
	found = frappe.get_all(ENTRY, fields=list(TOLD), order_by="erased_on asc, creation asc")
	return [{key: str(row[key]) if row[key] is not None else None for key in TOLD} for row in found]


def _in_file() -> list[dict[str, Any]]:
	"""The file's entries, but those of plans that this database knows to be under way or given up: what such a plan wrote to the
	file alone it has not done (`write`)."""
	unfinished = {"status": ["in", ("Running", "Failed", "Superseded")]}
	plans = {
		(row.name, row.neutral_name)
		for row in frappe.get_all(
			"Erasure Plan", unfinished, ["name", "neutral_name"], order_by="creation asc"
		)
	}
	return [one for one in _all_in_file() if (one["plan"], one["neutral"]) not in plans]


def _all_in_file() -> list[dict[str, Any]]:
	return read(path())[0] if path().exists() else []


def only_in_file() -> list[dict[str, Any]]:
	"""Entries that only the file knows: an older database was put back, and nobody has erased again since."""
	known = {_identity(one) for one in _in_database()}
	missing = {_identity(one): one for one in _in_file() if _identity(one) not in known}
	return list(missing.values())


def bring_back(missing: Iterable[dict[str, Any]]) -> None:
	"""Put entries that only the file knew back into the database, in the caller's transaction."""
	insert_rows(ENTRY, [{**one, "is_own": int(one["is_own"] or 0)} for one in missing])


def person_of(entry: dict[str, Any]) -> str:
	"""Whose entry it is: what she was called since, else her plan."""
	return entry["neutral"] or entry["plan"]
