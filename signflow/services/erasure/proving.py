"""Proof of an erasure: a person's strings sought in everything that the site keeps, in every form that they may have.

All columns of all tables, the words inside files, logs, and backups. What must be kept, and what an officer decided is
somebody else's, is counted apart. Reads only; nothing of what was found is printed but where it is.
"""

import contextlib
import gzip
import io
import json
import sqlite3
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import frappe

from signflow.core.erasure import dumps
from signflow.core.erasure.masking import Words
from signflow.core.erasure.planner import Decision
from signflow.core.privacy.persons import Record, mails_in, parts_of, phones_in, stand_parted
from signflow.core.privacy.texts_in_files import Outcome, read_together
from signflow.services.erasure import bytes_of_files, evidence_of
from signflow.services.erasure.ledger import record_hash
from signflow.services.erasure.planning import LINE, PLAN, left_by
from signflow.services.erasure.reach import COMMENTS, NOT_SEARCHED, comments_of
from signflow.services.privacy.keeping import REFERENCES, Keeping
from signflow.services.privacy.person_records import KINDS, region
from signflow.services.subject_requests import access, records

ROWS = 1000
UNREAD = (Outcome.LOCKED, Outcome.BROKEN)
LARGEST = 50_000_000
PIECE, OVERLAP = 4_000_000, 4_000
_SQLITE = b"SQLite format 3\0"
# The site's own: keys and locks, and the ledger, which has hashes alone.
NOT_READ = ("site_config.json", "erasure-ledger.jsonl")


@dataclass(frozen=True)
class Place:
	"""Where something of her stands: a table with record and columns, or a file. `what`: "mail or telephone" or "name"."""

	where: str
	record: str
	columns: tuple[str, ...]
	strong: bool


@dataclass
class Proof:
	"""`left`: places that nothing explains. `kept` by rule or hold, `others`: decided or seen to be somebody else's.

	`requests`: the request and plan themselves. `backups`: files that hold more of her than what explains itself here: a row that
	is no more, or is another now.
	"""

	left: list[Place] = field(default_factory=list)
	kept: list[Place] = field(default_factory=list)
	others: list[Place] = field(default_factory=list)
	requests: list[Place] = field(default_factory=list)
	backups: list[str] = field(default_factory=list)
	unread: list[str] = field(default_factory=list)
	tables: int = 0
	files: int = 0

	@property
	def holds(self) -> bool:
		"""Whether nothing of her is left outside what is kept."""
		return not (self.left or self.backups)


def prove(words: Words, *, backups: bool = True) -> Proof:
	"""Seek `words` in the whole site."""
	return _Search(words).run(backups)


class _Search:
	def __init__(self, words: Words):
		self.strong = words.mails | words.phones
		self.words = words
		self.needles = words.needles()
		self.proof = Proof()
		self.keeping = Keeping(reads={})
		# What of her stands in rows that explain themselves, by table and row.
		self.explained: dict[tuple[str, str], set[str]] = defaultdict(set)
		self.parts = parts_of(name.casefold() for name in words.names)
		self.decided = _decided()
		self.waiting_lines, self.erased = _kept_by_plans(), _erased_by_plans()
		self.namesakes: set[tuple[str, str]] = set()
		self.waiting: list[tuple[str, Any, Place, set[str]]] = []
		self.site, self.copies = Path(frappe.get_site_path()), access.folder()

	def run(self, backups: bool) -> Proof:
		for table in sorted(frappe.db.get_tables(cached=False)):
			# The tables behind SQLite's search index are its own; what it holds is read by its name.
			if table.startswith(("tab", "__")) and not table.startswith("__global_search_"):
				self.proof.tables += 1
				self._table(table)
		for doctype, row, place, strings in self.waiting:
			if self._is_others(doctype, row):
				self._explain(self.proof.others, place, row, strings)
			else:
				self.proof.left.append(place)
		self._files()
		if backups:
			self._backups()
		return self.proof

	# Tables

	def _table(self, table: str) -> None:
		doctype = table.removeprefix("tab") if table.startswith("tab") else ""
		queried = frappe.qb.Table(table)
		columns = [name.lower() for name in frappe.db.get_table_columns(doctype)] if doctype else []
		last = None
		while True:
			query = frappe.qb.from_(queried).select("*").limit(ROWS)
			if "name" in columns:
				query = query.orderby(queried.name)
				if last is not None:
					query = query.where(queried.name > last)
				rows = query.run(as_dict=True)
			else:
				rows = frappe.qb.from_(queried).select("*").run(as_dict=True)
			for row in rows:
				self._row(table, doctype, row)
			if "name" not in columns or len(rows) < ROWS:
				return
			last = rows[-1].name

	def _row(self, table: str, doctype: str, row: Any) -> None:
		held = self._held(row)
		if not held:
			return
		if COMMENTS in held and (explained := self._of_comments(row)) is not None:
			hits = held.pop(COMMENTS)
			told = Place(table, str(row.get("name") or ""), (COMMENTS,), bool(hits & self.strong))
			self._explain(explained, told, row, hits)
			if not held:
				return
		strings = {one for hits in held.values() for one in hits}
		place = Place(
			table,
			str(row.get("parent") or row.get("name") or ""),
			tuple(sorted(held)),
			bool(strings & self.strong),
		)
		self._sort(doctype, row, place, strings)

	def _held(self, row: Any) -> dict[str, set[str]]:
		"""What of her stands in a row, by column; of her name also what stands in two columns, first and last."""
		texts = {key: str(value) for key, value in row.items() if value not in (None, "", 0, 1)}
		whole = "\n\n".join(texts.values())
		held: dict[str, set[str]] = {}
		if self.needles.found_in(whole):
			held = {key: hits for key, text in texts.items() if (hits := self.needles.found_in(text))}
		if self._may_be_parted_in(whole):
			for key, names in stand_parted(texts, self.words.names).items():
				held[key] = held.get(key, set()) | names
		return held

	def _may_be_parted_in(self, text: str) -> bool:
		small = text.casefold() if self.parts else ""
		return any(first in small and last in small for first, last in self.parts)

	def _explain(self, told: list[Place], place: Place, row: Any, strings: set[str]) -> None:
		told.append(place)
		self.explained[place.where, _key(row)] |= strings

	def _of_comments(self, row: Any) -> list[Place] | None:
		"""Where a record's copy of its comments belongs: with the comments, if these are somebody else's or kept."""
		names = [
			str(one.get("name"))
			for one in comments_of(row[COMMENTS])
			if self.needles.found_in(json.dumps(one, ensure_ascii=False))
		]
		decided = [record_hash("Comment", name) in self.decided for name in names]
		if not names:
			return None
		if all(decided):
			return self.proof.others
		kept = [self._is_kept("Comment", name) for name in names]
		explained = [one or other for one, other in zip(decided, kept, strict=True)]
		return self.proof.kept if all(explained) else None

	def _sort(self, doctype: str, row: Any, place: Place, strings: set[str]) -> None:
		if doctype in NOT_SEARCHED or _is_mail_of_request(doctype, row):
			self._explain(self.proof.requests, place, row, strings)
			return
		record = _record_of(doctype, row)
		if record[0] and record[1] and frappe.db.exists("DocType", record[0]):
			records = [record]
			# What becomes of an agreement becomes of its parts.
			if doctype in evidence_of.PARTS and row.get("request"):
				records.append((evidence_of.EVIDENCE, str(row.request)))
			if any(record_hash(*one) in self.decided for one in records):
				self._explain(self.proof.others, place, row, strings)
				return
			if any(self._is_kept(*one) for one in records):
				self._explain(self.proof.kept, place, row, strings)
				return
		if place.strong:
			self.proof.left.append(place)
			return
		if record[0] in KINDS and self._is_namesake(record):
			self.namesakes.add(record)
		# Whose name it is can be told once all persons' records are read.
		self.waiting.append((doctype, row, place, strings))

	def _is_kept(self, doctype: str, name: str) -> bool:
		return record_hash(doctype, name) in self.waiting_lines or bool(self.keeping.of(doctype, name))

	def _is_namesake(self, record: tuple[str, str]) -> bool:
		"""Whether a person's record with her name has an address of its own."""
		doc = frappe.get_doc(*record)
		text = json.dumps([value for value in _values(doc) if isinstance(value, str)], ensure_ascii=False)
		return bool(mails_in(text) | phones_in(text, region()))

	def _is_others(self, doctype: str, row: Any) -> bool:
		if (doctype, str(row.get("name"))) in self.namesakes:
			return True
		if row.get("parenttype") and (row.parenttype, str(row.parent)) in self.namesakes:
			return True
		names = {name for _doctype, name in self.namesakes}
		for kind, name in REFERENCES:
			if (row.get(kind), str(row.get(name))) in self.namesakes:
				return True
		if row.get("doctype") and (row.doctype, str(row.get("name"))) in self.namesakes:
			return True
		# A link to somebody else's record, whose name is hers as well.
		meta = frappe.get_meta(doctype) if doctype and frappe.db.exists("DocType", doctype) else None
		for one in meta.fields if meta else ():
			value = str(row.get(one.fieldname) or "")
			if not value or one.fieldtype not in ("Link", "Dynamic Link"):
				continue
			target = one.options if one.fieldtype == "Link" else row.get(one.options)
			if value in names or record_hash(str(target), value) in self.decided:
				return True
		return False

	# Files

	def _files(self) -> None:
		for path, read in read_together(self._to_be_read()):
			self.proof.files += 1
			relative = str(path.relative_to(self.site))
			if self._is_copy(path) and (_is_package(path) or read.outcome in UNREAD):
				self._copy(path, relative)
				continue
			if read.outcome in UNREAD:
				self.proof.unread.append(relative)
			title = bytes_of_files.title_of(relative)
			if found := self.needles.found_in(read.text) | self.needles.found_in(title):
				self._note_file(relative, found)

	def _to_be_read(self) -> Iterator[tuple[Path, str, bytes]]:
		"""The site's files, but large ones: these are sought through as they stream by."""
		for path in _walk(self.site):
			relative = path.relative_to(self.site)
			if "backups" in relative.parts:
				continue
			if path.stat().st_size <= LARGEST:
				yield path, path.name, path.read_bytes()
				continue
			self.proof.files += 1
			if self._is_copy(path):
				self._copy(path, str(relative))
			elif found := self._found_in(path.open("rb")):
				self._note_file(str(relative), found)

	def _is_copy(self, path: Path) -> bool:
		return path.is_relative_to(self.copies)

	def _copy(self, path: Path, relative: str) -> None:
		"""A copy of somebody's data, opened with the passphrase of its row: one that does not open may be hers, so it is left."""
		found: set[str] = set()

		def small() -> Iterator[tuple[str, str, bytes]]:
			for name, data in access.parts_of(path):
				if len(data) > LARGEST:
					found.update(self._found_in(io.BytesIO(data)))
				else:
					yield relative, name, data

		try:
			for _relative, read in read_together(small()):
				if read.outcome in UNREAD:
					self.proof.unread.append(relative)
				found |= self.needles.found_in(read.text)
		except (frappe.ValidationError, RuntimeError, zipfile.BadZipFile):
			self.proof.left.append(Place(relative, "", ("not read",), True))
			return
		if found:
			self.proof.left.append(Place(relative, "", (), bool(found & self.strong)))

	def _note_file(self, relative: str, found: set[str]) -> None:
		place = Place(relative, "", (), bool(found & self.strong))
		names = self._names_of(relative)
		if self._file_is_kept(names):
			self.proof.kept.append(place)
		elif self._file_is_decided(names):
			self.proof.others.append(place)
		elif not place.strong and names != [relative]:
			self.waiting_file(names, place)
		else:
			self.proof.left.append(place)

	def _names_of(self, relative: str) -> list[str]:
		"""The File rows of a file; its path where no row names it."""
		urls = bytes_of_files.urls_of(relative)
		return frappe.get_all("File", {"file_url": ["in", urls]}, pluck="name", order_by="name asc") or [
			relative
		]

	def _file_is_kept(self, names: list[str]) -> bool:
		return any(self._is_kept("File", name) for name in names)

	def _file_is_decided(self, names: list[str]) -> bool:
		return all(record_hash("File", name) in self.decided for name in names)

	def waiting_file(self, names: list[str], place: Place) -> None:
		"""A file that holds a name alone is its record's, which may be a namesake's."""
		rows = frappe.get_all("File", {"name": ["in", names]}, ["*"], order_by="name asc")
		told = self.proof.others if all(self._is_others("File", row) for row in rows) else self.proof.left
		told.append(place)

	def _found_in(self, source: Any) -> set[str]:
		found: set[str] = set()
		rest = b""
		with source:
			while piece := source.read(PIECE):
				found |= self.needles.found_in(rest + piece)
				rest = piece[-OVERLAP:]
		return found

	def _backups(self) -> None:
		folder = Path(frappe.get_site_path("private", "backups"))
		for path in sorted(folder.rglob("*")) if folder.exists() else []:
			if not path.is_file():
				continue
			self.proof.files += 1
			try:
				holds = self._tells_more(path)
			except (OSError, EOFError, tarfile.TarError):
				self.proof.unread.append(f"backups/{path.name}")
				continue
			if holds:
				self.proof.backups.append(path.name)

	def _tells_more(self, path: Path) -> bool:
		"""Whether a backup holds more of her than what explains itself here: rows of a dump, files of an archive."""
		if path.suffix in (".tar", ".tgz") or path.name.endswith(".tar.gz"):
			return self._archive_tells_more(path)
		with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
			if stream.read(len(_SQLITE)) == _SQLITE:
				stream.seek(0)
				return any(self._is_more(table, row) for table, row in _rows_of_sqlite(stream.read()))
			stream.seek(0)
			lines = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="\n")
			return any(self._is_more(table, row) for table, row in dumps.rows(lines, self._may_hold))

	def _may_hold(self, line: str) -> bool:
		return bool(self.needles.found_in(line)) or self._may_be_parted_in(line)

	def _is_more(self, table: str, row: dict[str, Any]) -> bool:
		"""Whether a row of a dump holds what the same row here does not explain. Her name alone counts where the row was erased:
		of others' rows that are no more nobody knows."""
		strings = {one for hits in self._held(row).values() for one in hits}
		left = strings - self.explained.get((table, _key(row)), set())
		if left & self.strong:
			return True
		return bool(left) and record_hash(*_record_of(table.removeprefix("tab"), row)) in self.erased

	def _archive_tells_more(self, path: Path) -> bool:
		"""Its members are read as files are, many by one child process; a large one as it streams by."""
		left = []

		def small(archive: tarfile.TarFile) -> Iterator[tuple[str, str, bytes]]:
			for member in archive:
				source = archive.extractfile(member) if member.isfile() else None
				if source is None:
					continue
				if member.size > LARGEST:
					left.append(self._is_left(member.name, self._found_in(source)))
				else:
					yield member.name, member.name, source.read()

		with tarfile.open(path) as archive:
			for name, read in read_together(small(archive)):
				if read.outcome in UNREAD:
					self.proof.unread.append(f"backups/{path.name}")
				left.append(self._is_left(name, self.needles.found_in(read.text)))
		return any(left)

	def _is_left(self, name: str, found: set[str]) -> bool:
		"""Whether a member of an archive of files holds her words and is no file that is kept or somebody else's."""
		if not (found | self.needles.found_in(bytes_of_files.title_of(name))) & self.strong:
			return False
		# An archive names its files by site and folder.
		_site, _slash, inner = name.removeprefix("./").partition("/")
		names = self._names_of(inner)
		return not (self._file_is_kept(names) or self._file_is_decided(names))


def _is_package(path: Path) -> bool:
	return ".zip" in path.suffixes


def _walk(site: Path) -> Iterator[Path]:
	for name in ("public/files", "private", "logs", "error-snapshots", "indexes"):
		for path in sorted((site / name).rglob("*")):
			if path.is_file() and not path.is_symlink() and path.name not in NOT_READ:
				yield path


def _values(doc: Any) -> Iterator[Any]:
	for row in [doc, *doc.get_all_children()]:
		yield from row.get_valid_dict().values()


def _is_mail_of_request(doctype: str, row: Any) -> bool:
	"""Whether it is a mail about a request, or whom it went to: the answer itself goes with the request."""
	if doctype == "Email Queue":
		return row.get("reference_doctype") == records.REQUEST
	if doctype != "Email Queue Recipient" or not row.get("parent"):
		return False
	return frappe.db.get_value("Email Queue", row.parent, "reference_doctype") == records.REQUEST


def _decided() -> set[str]:
	"""The hashes of records of which an officer decided in any plan that they are not hers; what one keeps is a line of its plan."""
	found: set[str] = set()
	for stored in frappe.get_all(PLAN, pluck="decisions", order_by="creation asc"):
		found |= {hashed for hashed, left in left_by(stored).items() if left == Decision.NOT_HERS.value}
	return found


def _kept_by_plans() -> set[str]:
	"""The hashes of records that plans which were carried out keep until a date, or as long as others need them."""
	line, plan = frappe.qb.DocType(LINE), frappe.qb.DocType(PLAN)
	query = frappe.qb.from_(line).join(plan).on(plan.name == line.plan).select(line.record_hash)
	query = query.where((plan.status == "Done") & (line.action == "Keep") & (line.status == "Waiting"))
	return {row[0] for row in query.orderby(line.name).run()}


def _erased_by_plans() -> set[str]:
	"""The hashes of records that plans have erased or masked."""
	done = {"status": "Done", "record_hash": ["is", "set"]}
	return set(frappe.get_all(LINE, done, pluck="record_hash", order_by="name asc"))


def _record_of(doctype: str, row: Any) -> Record:
	"""The record that a row of a table is, or belongs to."""
	if row.get("parenttype") and row.get("parent"):
		return row["parenttype"], str(row["parent"])
	if not doctype and row.get("doctype"):
		return row["doctype"], str(row.get("name") or "")
	return doctype, str(row.get("name") or "")


def _key(row: Any) -> str:
	"""By which a row of a table is the same in a dump: its name, or what tables without one have."""
	if row.get("name") and not row.get("doctype"):
		return str(row["name"])
	return "\0".join(str(row.get(one) or "") for one in ("doctype", "name", "field", "fieldname", "user"))


def _rows_of_sqlite(data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
	"""The rows of a database that is one file. It is read in memory: nothing of it lies about after a kill."""
	with contextlib.closing(sqlite3.connect(":memory:")) as base:
		# In memory there is no log beside it (SQLite, file format, 1.3.3: read and write version).
		base.deserialize(data[:18] + b"\1\1" + data[20:])
		base.text_factory = lambda text: text.decode(errors="replace")
		tables = base.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
		base.row_factory = sqlite3.Row
		for (table,) in tables:
			if table.startswith(("tab", "__")) and not table.startswith("__global_search_"):
				for row in base.execute(f'select * from "{table}"'):
					yield table, dict(row)


def words_from(mails: tuple[str, ...], phones: tuple[str, ...], names: tuple[str, ...]) -> Words:
	"""What somebody typed, as it is sought. Raises ValueError for what is no address or number."""
	found_mails = {mail for one in mails for mail in mails_in(one)}
	found_phones = {phone for one in phones for phone in phones_in(one, region())}
	if len(found_mails) < len(mails) or len(found_phones) < len(phones):
		raise ValueError("not an address or a number")
	return Words(frozenset(found_mails), frozenset(found_phones), frozenset(names))
