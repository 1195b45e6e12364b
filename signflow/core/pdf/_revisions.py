"""The revisions of a PDF file: the document as each left it, its objects and who refers to them (ISO 32000-2, 7.5.6).

For `_changes`, in the limited child process only; whatever is raised here means that the file cannot be judged.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.xref import ObjStreamRef

Ref = tuple[int, int]

DEEPEST = 100
MISSING = object()


@dataclass
class Field:
	name: str
	kind: str
	top: bool


@dataclass
class View:
	"""The document as one revision left it."""

	reader: Any
	revision: int
	cache: dict[Any, Any]
	_trailer: Any = None
	_fields: dict[Ref, Field] | None = None

	def place(self, ref: Ref) -> Any:
		return self.reader.xrefs.get_historical_ref(generic.Reference(*ref, pdf=self.reader), self.revision)

	def get(self, ref: Ref) -> Any:
		place = self.place(ref)
		if place is None:
			return generic.NullObject()
		known = (ref, place)
		if known not in self.cache:
			self.cache[known] = self._read(ref, place)
		return self.cache[known]

	def _read(self, ref: Ref, place: Any) -> Any:
		one = generic.Reference(*ref, pdf=self.reader)
		if isinstance(place, ObjStreamRef):
			return self._unpack(one, place)
		# The reader keeps only what is current; long signatures are slow to parse twice.
		current = self.reader.xrefs[one] == place
		return self.reader.get_object(one, revision=None if current else self.revision)

	def _unpack(self, one: Any, place: ObjStreamRef) -> Any:
		"""From an object stream whose table is read once: pyHanko reads it anew for each of its objects."""
		holder = (place.obj_stream_id, 0)
		known = ("table", holder, self.place(holder))
		if known not in self.cache:
			packed = self.get(holder)
			data = packed.data
			first, count = int(self.value(packed.raw_get("/First"))), int(self.value(packed.raw_get("/N")))
			numbers = [int(part) for part in data[:first].split()[: 2 * count]]
			table = [(number, first + at) for number, at in zip(numbers[::2], numbers[1::2], strict=True)]
			self.cache[known] = (io.BytesIO(data), table)
		source, table = self.cache[known]
		number, at = table[place.ix_in_stream]
		if number != one.idnum:
			raise ValueError(f"object stream {holder[0]} holds another object than its table says")
		source.seek(at)
		return generic.read_object(source, one)

	def value(self, item: Any) -> Any:
		"""`item` itself or what it refers to in this revision."""
		for _ in range(DEEPEST):
			if not isinstance(item, generic.IndirectObject):
				return item
			item = self.get(ref_of(item))
		raise ValueError("references in a circle")

	def trailer(self, key: str) -> Any:
		if self._trailer is None:
			self._trailer = self.reader.trailer.flatten(self.revision)
		return raw(self._trailer, key)

	@property
	def root(self) -> Any:
		root = self.value(self.trailer("/Root"))
		if not isinstance(root, generic.DictionaryObject):
			raise ValueError("no catalog")
		return root

	@property
	def form(self) -> Any:
		form = self.value(raw(self.root, "/AcroForm"))
		return form if isinstance(form, generic.DictionaryObject) else {}

	@property
	def fields(self) -> dict[Ref, Field]:
		"""Every field and widget of the form by its object number, with its full name and inherited type."""
		if self._fields is None:
			found: dict[Ref, Field] = {}
			waiting = [(item, "", "", True) for item in items(self.value(raw(self.form, "/Fields")))]
			while waiting:
				item, prefix, kind, top = waiting.pop()
				if not isinstance(item, generic.IndirectObject):
					raise ValueError("a form field that is no object of its own")
				ref = ref_of(item)
				if ref in found:
					continue
				one = self.value(item)
				if not isinstance(one, generic.DictionaryObject):
					continue
				part = self.value(raw(one, "/T"))
				name = prefix if part is MISSING else f"{prefix}.{part}" if prefix else str(part)
				own = self.value(raw(one, "/FT"))
				kind = kind if own is MISSING else str(own)
				found[ref] = Field(name, kind, top)
				kids = self.value(raw(one, "/Kids"))
				waiting += [(kid, name, kind, False) for kid in items(kids)]
			self._fields = found
		return self._fields


def ref_of(item: Any) -> Ref:
	return int(item.idnum), int(item.generation)


def raw(dictionary: Any, key: str) -> Any:
	"""The value under `key` as it stands, reference or not; MISSING if there is none."""
	if not isinstance(dictionary, generic.DictionaryObject) or key not in dictionary:
		return MISSING
	return dictionary.raw_get(key)


def items(array: Any) -> list[Any]:
	return [array.raw_get(n) for n in range(len(array))] if isinstance(array, generic.ArrayObject) else []


def targets(item: Any) -> set[tuple[str, Ref]]:
	"""Every reference in an object, with the key of the dictionary that holds it ("" in a bare array)."""
	found = set()
	waiting = [("", item)]
	while waiting:
		key, one = waiting.pop()
		if isinstance(one, generic.IndirectObject):
			found.add((key, ref_of(one)))
		elif isinstance(one, generic.DictionaryObject):
			waiting += [(str(name), one.raw_get(name)) for name in one]
		elif isinstance(one, generic.ArrayObject):
			waiting += [(key, part) for part in items(one)]
	return found


class History:
	"""The revisions of an opened file, and who refers to what in the last one learned."""

	def __init__(self, reader: Any, since: int):
		"""Learn the revisions up to `since`."""
		self.reader = reader
		cache: dict[Any, Any] = {}
		self.views = [View(reader, number, cache) for number in range(reader.xrefs.total_revisions)]
		self._out: dict[Ref, set[tuple[str, Ref]]] = {}
		self._in: dict[Ref, set[tuple[Ref | None, str]]] = {}
		self._generations: dict[int, int] = {}
		self._unread: set[Ref] = set()
		for number in range(since + 1 if since + 1 < len(self.views) else 0):
			self.learn(number)

	def touched(self, number: int) -> set[Ref]:
		"""Objects that the revision's cross-reference section names as in use."""
		data = self.reader.xrefs.get_xref_data(number)
		found = {(int(num), int(entry[0])) for num, entry in data.standard_xrefs.items()}
		return found | {(int(num), 0) for num in data.xrefs_in_objstm}

	def reaches_beyond(self, number: int, end: int) -> bool:
		"""Whether a revision up to `number` counts bytes after `end` among its objects: they were not there yet."""
		sections = (self.reader.xrefs.get_xref_data(earlier) for earlier in range(number + 1))
		return any(place >= end for data in sections for _, place in data.standard_xrefs.values())

	def referrers(self, ref: Ref) -> set[tuple[Ref | None, str]]:
		return self._in.get(ref, set())

	def roles(self, ref: Ref) -> set[str]:
		"""The keys under which anything refers to `ref`, seen through arrays that are objects of their own."""
		keys: set[str] = set()
		seen = {ref}
		waiting = [ref]
		while waiting:
			for container, key in self.referrers(waiting.pop()):
				if key or container is None:
					keys.add(key)
				elif container not in seen:
					seen.add(container)
					waiting.append(container)
		return keys

	@property
	def unreadable(self) -> set[Ref]:
		"""Objects that cannot be read although something refers to them."""
		return {ref for ref in self._unread if self._in.get(ref)}

	def generation(self, number: int) -> int | None:
		return self._generations.get(number)

	def learn(self, number: int) -> None:
		"""Take over what the next revision wrote."""
		view = self.views[number]
		trailer = self.reader.trailer.flatten(number)
		for key, target in targets(trailer):
			self._in.setdefault(target, set()).add((None, key))
		for num in self.reader.xrefs.get_xref_data(number).freed:
			self._generations.pop(int(num), None)
		for ref in self.touched(number):
			self._generations[ref[0]] = ref[1]
			for key, target in self._out.pop(ref, ()):
				self._in[target].discard((ref, key))
			self._unread.discard(ref)
			try:
				item = view.get(ref)
				# A cross-reference stream is a trailer, which is looked at above.
				self._out[ref] = out = set() if entry(item, "/Type") == "/XRef" else targets(item)
			except (
				Exception
			):  # of any kind: a broken object may lie about where nobody refers to it, and only there
				self._unread.add(ref)
				continue
			for key, target in out:
				self._in.setdefault(target, set()).add((ref, key))


def same(old: View, new: View, before: Any, now: Any) -> bool:
	"""Equal in meaning: references to one number are equal here, since what they lead to is looked at by itself."""
	seen: set[tuple[Ref, Ref]] = set()

	def equal(one: Any, other: Any, depth: int) -> bool:
		if depth > DEEPEST:
			return False
		if indirect(one) and indirect(other):
			if ref_of(one) == ref_of(other):
				return True
			pair = ref_of(one), ref_of(other)
			if pair in seen:
				return True
			seen.add(pair)
		if one is MISSING or other is MISSING:
			return one is other
		one, other = old.value(one), new.value(other)
		if isinstance(one, generic.StreamObject) or isinstance(other, generic.StreamObject):
			if getattr(one, "encoded_data", None) != getattr(other, "encoded_data", None):
				return False
		if isinstance(one, generic.DictionaryObject) and isinstance(other, generic.DictionaryObject):
			return set(one) == set(other) and all(
				equal(one.raw_get(key), other.raw_get(key), depth + 1) for key in one
			)
		if isinstance(one, generic.ArrayObject) and isinstance(other, generic.ArrayObject):
			pairs = zip(items(one), items(other), strict=False)
			return len(one) == len(other) and all(equal(a, b, depth + 1) for a, b in pairs)
		return plain(one, other)

	return equal(before, now, 0)


def entry(item: Any, key: str) -> Any:
	return item.get(key) if isinstance(item, generic.DictionaryObject) else None


def indirect(item: Any) -> bool:
	return isinstance(item, generic.IndirectObject)


def plain(one: Any, other: Any) -> bool:
	texts = (generic.TextStringObject, generic.ByteStringObject)
	if isinstance(one, texts) and isinstance(other, texts):
		return bool(one.original_bytes == other.original_bytes or (type(one) is type(other) and one == other))
	numbers = (generic.NumberObject, generic.FloatObject)
	if isinstance(one, numbers) and isinstance(other, numbers):
		return one == other
	return type(one) is type(other) and bool(one == other)


def identical(one: Any, other: Any) -> bool:
	"""Written alike, references included; does not follow them."""
	waiting = [(one, other)]
	while waiting:
		one, other = waiting.pop()
		if indirect(one) or indirect(other):
			if not (indirect(one) and indirect(other) and ref_of(one) == ref_of(other)):
				return False
		elif isinstance(one, generic.DictionaryObject) and isinstance(other, generic.DictionaryObject):
			if set(one) != set(other):
				return False
			if getattr(one, "encoded_data", None) != getattr(other, "encoded_data", None):
				return False
			waiting += [(one.raw_get(key), other.raw_get(key)) for key in one]
		elif isinstance(one, generic.ArrayObject) and isinstance(other, generic.ArrayObject):
			if len(one) != len(other):
				return False
			waiting += zip(items(one), items(other), strict=True)
		elif not plain(one, other):
			return False
	return True


def scattered_headers(data: bytes, start: int) -> Iterator[int]:
	"""Numbers of everything after `start` that a reader which repairs files would take for an object."""
	for match in re.finditer(rb"(?<![0-9])(\d{1,10})\s+\d{1,5}\s+obj\b", data[start:]):
		yield int(match.group(1))
