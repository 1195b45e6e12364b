"""A person sought inside the files of the site, those that no File row names among them.

Files are read in the order of their paths, for a limited time: a plan keeps how far it came (encrypted, with the person),
and its worker reads on. Of a look that has ended only what was changed since is read again. Sealed files are not read:
whose they are, the signers of their agreement say.
"""

import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import frappe

from signflow.core.erasure.masking import Words
from signflow.core.privacy.persons import mails_in
from signflow.core.privacy.texts_in_files import bytes_to_read, read_many
from signflow.services.erasure import bytes_of_files
from signflow.services.privacy.matching import chunks

# So long whoever plans waits; a worker reads the rest.
SECONDS = 15
BATCH, BATCH_BYTES = 40, 40_000_000


@dataclass(frozen=True)
class Sighting:
	"""What of her stands in a file: `strong` a mail or telephone of hers, not her name alone; `alone`: nobody else's mail does.

	`agreement` is the Signature Request whose sealed document it is a copy of.
	"""

	strong: bool
	alone: bool
	agreement: str = ""


@dataclass
class Look:
	"""A look through all files: begun when (seconds of the epoch), read up to which path, and what was seen by path."""

	began: float = field(default_factory=time.time)
	at: str = ""
	is_all: bool = False
	seen: dict[str, Sighting] = field(default_factory=dict)

	@classmethod
	def of(cls, packed: Mapping[str, Any] | None) -> "Look":
		"""As `packed` was; a new one for nothing."""
		if not packed:
			return cls()
		seen = packed["seen"].items()
		sightings = {path: Sighting(one["strong"], one["alone"], one["agreement"]) for path, one in seen}
		return cls(**{**packed, "seen": sightings})

	def packed(self) -> dict[str, Any]:
		"""For JSON."""
		return asdict(self)

	def go_on(
		self, words: Words, known: Collection[str], agreements: Collection[str], seconds: float = SECONDS
	) -> None:
		"""Read on for about `seconds`. `known`: mail addresses that are nobody else's, `agreements`: hers."""
		until = time.monotonic() + seconds
		paths = {str(path.relative_to(bytes_of_files.site())): path for path in bytes_of_files.walk()}
		if self.is_all:
			self.seen = {path: one for path, one in self.seen.items() if path in paths}
			left = [path for path, file in paths.items() if path in self.seen or _changed(file) >= self.began]
		else:
			left = [path for path in paths if path > self.at]
		reader = _Reader(words, frozenset(known), frozenset(agreements), _sealed(left))
		for some in _together({path: paths[path] for path in sorted(left)}):
			for path in some:
				self.seen.pop(path, None)
			self.seen |= reader.read(some)
			if not self.is_all:
				self.at = list(some)[-1]
				if time.monotonic() > until:
					return
		self.is_all = True


def _sealed(paths: Iterable[str]) -> frozenset[str]:
	"""Those of these files that are sealed documents themselves, whose agreement decides what becomes of them."""
	urls = {url: path for path in paths for url in bytes_of_files.urls_of(path)}
	found = [
		url
		for some in chunks(urls)
		for url in frappe.get_all(
			"Sealed Revision", {"file_url": ["in", some]}, pluck="file_url", order_by="name asc"
		)
	]
	# The database compares addresses without regard to capitals and accents.
	return frozenset(urls[url] for url in found if url in urls)


def _stat(path: Path) -> Any:
	try:
		return path.stat()
	except FileNotFoundError:
		# Gone meanwhile: nothing is left to read.
		return Path("/dev/null").stat()


def _changed(path: Path) -> float:
	# What copies a file may keep the time at which its words were written, and not that at which it came here.
	stat = _stat(path)
	return max(stat.st_mtime, stat.st_ctime)


def _together(paths: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
	some: dict[str, Path] = {}
	size = 0
	for name, path in paths.items():
		some[name] = path
		size += _stat(path).st_size
		if len(some) == BATCH or size > BATCH_BYTES:
			yield some
			some, size = {}, 0
	if some:
		yield some


class _Reader:
	def __init__(
		self, words: Words, known: frozenset[str], agreements: frozenset[str], sealed: frozenset[str]
	):
		self.needles, self.strong = words.needles(), words.mails | words.phones
		self.known, self.agreements, self.sealed = known | words.mails, agreements, sealed

	def read(self, paths: Mapping[str, Path]) -> dict[str, Sighting]:
		contents = {
			path: data
			for path, file in paths.items()
			if path not in self.sealed and (data := _bytes(file)) is not None
		}
		copies = self._copies(contents)
		named = [(Path(path).name, data) for path, data in contents.items()]
		texts = read_many(named) if named else []
		seen = {}
		for path, read in zip(contents, texts, strict=True):
			found = self.needles.found_in(f"{read.text}\n\n{bytes_of_files.title_of(path)}")
			if found or path in copies:
				seen[path] = Sighting(
					bool(found & self.strong),
					not mails_in(read.text) - self.known,
					copies.get(path, ""),
				)
		return seen

	def _copies(self, contents: Mapping[str, bytes]) -> dict[str, str]:
		"""The agreement of which each of these files is a copy, byte by byte."""
		hashes = {
			path: hashlib.sha256(data).hexdigest()
			for path, data in contents.items()
			if data.startswith(b"%PDF")
		}
		if not (hashes and self.agreements):
			return {}
		rows = frappe.get_all(
			"Sealed Revision",
			{"sha256": ["in", sorted(set(hashes.values()))]},
			["sha256", "request"],
			order_by="name asc",
		)
		requests = {row.sha256: row.request for row in rows if row.request in self.agreements}
		return {path: requests[hashed] for path, hashed in hashes.items() if hashed in requests}


def _bytes(path: Path) -> bytes | None:
	try:
		return bytes_to_read(path)
	except FileNotFoundError:
		return None
