"""What each revision of a signed PDF changed in the one before it, and whether an earlier signature allows that.

Instead of pyHanko's difference policy, which lets `/Info`, XMP metadata and what an undefined object number comes to
mean pass, walks every path to an object (slow, and deep enough to fail on honest files), and answers only yes or no.
The rule here: an object of the earlier revision stays as it is, unless its role and the change are listed below; a
role is worth nothing to an object that has a second one. Sources: ISO 32000-2, 7.5.6, 12.7, 12.8.2.2, 12.8.4.3, and
EN 319 142-1, 5.4. Runs in the limited child process only; what it raises means "not valid".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic

from ._revisions import (
	MISSING,
	Field,
	History,
	Ref,
	entry,
	identical,
	indirect,
	items,
	raw,
	ref_of,
	same,
	targets,
)

# What may follow a signature whatever it says: validation data, archive timestamps, dates of saving.
ALWAYS_ALLOWED = {"dss", "timestamp", "saved", "extensions"}
FORM_CHANGES = {"new_signature", "form_fill"}

VALUE_KEYS = {"/V", "/AP", "/AS", "/F", "/Ff", "/DA", "/Q", "/Type"}
CHOICE_KEYS = {"/I", "/RV"}
IDLE_KEYS = {"/Ff", "/Type"}
FIELD_ROLES = {"/Fields", "/Kids", "/Annots", "/Parent", "/Obj", "/CO", "/Data"}
DSS_ARRAYS = {"/Certs", "/CRLs", "/OCSPs"}
VRI_ARRAYS = {"/Cert", "/CRL", "/OCSP"}
FIRST_XMP = {"CreateDate", "DocumentID"}
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
VRI_NAME = re.compile(r"/[0-9A-Fa-f]{40}")
SAVING_INFO = {"/ModDate", "/Producer"}
SAVING_XMP = {"ModifyDate", "MetadataDate", "InstanceID", "Producer", "xmptk", "about", "lang", "parseType"}


@dataclass(frozen=True, order=True)
class Change:
	"""One thing that a revision changed: a code, the form field it concerns, and where (a key or an object number).

	Allowed in their place: new_signature, timestamp, new_field, new_visible_field, form_fill, dss, extensions, saved.
	Never: page, annotation, catalog, form, signed_field, metadata, content, cross_references.
	"""

	code: str
	field: str = ""
	detail: str = ""

	def __str__(self) -> str:
		return ": ".join(filter(None, (self.code, self.field or self.detail)))


def permitted(change: Change, permission: int | None, locks: Any) -> bool:
	"""Whether a signature with DocMDP `permission` (1-3 or None) and FieldMDP `locks` bears `change` after it."""
	if change.code in ALWAYS_ALLOWED:
		return True
	if change.code in FORM_CHANGES:
		return permission != 1 and not (locks is not None and locks.is_locked(change.field))
	if change.code == "new_field":
		return permission != 1
	return change.code == "new_visible_field" and permission is None


class Changes:
	"""What every revision changed: `found[n]` is what revision n changed in revision n - 1."""

	def __init__(self, reader: Any, since: int):
		"""Compare every revision after `since`, the first that was signed."""
		self.history = History(reader, since)
		count = len(self.history.views)
		self.found: list[frozenset[Change]] = [frozenset()] * count
		# Whether a revision holds validation data and nothing else but the date of its saving.
		self.dss_only = [False] * count
		for number in range(since + 1, count):
			comparison = _Comparison(self.history, number)
			self.found[number] = frozenset(comparison.run())
			self.dss_only[number] = comparison.dss_only
			self.history.learn(number)


class _Comparison:
	"""One revision against the one before."""

	def __init__(self, history: History, number: int):
		self.history = history
		self.number = number
		self.found: set[Change] = set()
		self.old = self.history.views[self.number - 1]
		self.new = self.history.views[self.number]
		self.signing: set[str] = set()
		self.widgets: set[Ref] = set()
		self.dss: set[Ref] = set()
		self.dss_only = False

	def run(self) -> set[Change]:
		touched = self.history.touched(self.number)
		self._cross_references(touched)
		self._trailer()
		self._form()
		self._security_store(touched)
		for ref in sorted(touched):
			self._object(ref)
		self.add_unreadable()
		saving = {
			ref_of(item)
			for item in (self.new.trailer("/Info"), raw(self.new.root, "/Metadata"))
			if indirect(item)
		}
		spare = {ref for ref in touched if self._spare_entry(ref)}
		known = self.dss | spare | self._containers() | {self._root()} | saving
		codes = {change.code for change in self.found}
		self.dss_only = "dss" in codes <= {"dss", "extensions", "saved"} and touched <= known
		return self.found

	def add_unreadable(self) -> None:
		for num, _generation in self.history.unreadable:
			self.add("content", detail=f"object {num} unreadable")

	def _root(self) -> Ref:
		return ref_of(self.new.trailer("/Root"))

	def _containers(self) -> set[Ref]:
		"""Object streams and the cross-reference stream of this revision: they hold, and are, no content."""
		xrefs = self.history.reader.xrefs
		held = {(int(num), 0) for num in xrefs.get_xref_data(self.number).obj_streams_used}
		own = xrefs.get_xref_container_info(self.number).stream_ref
		return held | ({ref_of(own)} if own is not None else set())

	def add(self, code: str, field: str = "", detail: str = "") -> None:
		self.found.add(Change(code, field, detail))

	def _cross_references(self, touched: set[Ref]) -> None:
		data = self.history.reader.xrefs.get_xref_data(self.number)
		for num in data.freed:
			generation = self.history.generation(int(num))
			if generation is not None and self.history.referrers((int(num), generation)):
				self.add("content", detail=f"object {num} freed")
		for num, generation in touched:
			known = self.history.generation(num)
			if known is not None and known != generation:
				self.add("cross_references", detail=f"object {num}")
		named = [*data.standard_xrefs, *data.xrefs_in_objstm, *data.freed]
		listed = self._listed(len(named))
		if sorted(set(named)) != sorted(named) or sorted({*named, 0}) != sorted({*listed, 0}):
			self.add("cross_references", detail="an object named twice")
		elif len(set(listed)) != len(listed):
			self.add("cross_references", detail="an object named twice")

	def _listed(self, most: int) -> list[int]:
		"""Object numbers as the section lists them: readers differ in which of two entries they take."""
		xrefs = self.history.reader.xrefs
		meta = xrefs.get_xref_container_info(self.number)
		if meta.stream_ref is not None:
			stream = self.new.get(ref_of(meta.stream_ref))
			index = [int(part) for part in stream.get("/Index", (0, int(stream["/Size"])))]
			ranges = list(zip(index[::2], index[1::2], strict=True))
		else:
			source = self.history.reader.stream
			source.seek(meta.start_location)
			text = source.read(meta.end_location - meta.start_location)
			ranges = [(int(a), int(b)) for a, b in re.findall(rb"(?m)^\s*(\d+)[ \t]+(\d+)\s*$", text)]
		if sum(count for _start, count in ranges) > most + 1:
			return [0, 0]
		return [number for start, count in ranges for number in range(start, start + count)]

	def _trailer(self) -> None:
		root = self.new.trailer("/Root")
		if not indirect(root) or ref_of(root) != ref_of(self.old.trailer("/Root")):
			self.add("catalog", detail="/Root")
		if not self.same(self.old.trailer("/Encrypt"), self.new.trailer("/Encrypt")):
			self.add("catalog", detail="/Encrypt")
		before, now = self.old.trailer("/Info"), self.new.trailer("/Info")
		if now is not MISSING:
			self._info(self.old.value(before), self.new.value(now))

	def _info(self, before: Any, now: Any) -> None:
		"""Dates of saving may change; a file that had no /Info may get one with its date of creation."""
		first = not isinstance(before, generic.DictionaryObject)
		if not isinstance(now, generic.DictionaryObject):
			return
		changed = self.differing({} if first else before, now)
		for key in changed - SAVING_INFO - ({"/CreationDate"} if first else set()):
			self.add("metadata", detail=f"/Info {key}")
		if changed & SAVING_INFO:
			self.add("saved")

	def _form(self) -> None:
		"""Fields that appeared, fields that were signed; the order of the old ones stays."""
		before = [
			ref_of(item) for item in items(self.old.value(raw(self.old.form, "/Fields"))) if indirect(item)
		]
		now = [
			ref_of(item) for item in items(self.new.value(raw(self.new.form, "/Fields"))) if indirect(item)
		]
		if now[: len(before)] != before or len(set(now)) != len(now):
			self.add("form", detail="/Fields")
		for ref, one in self.new.fields.items():
			known = self.old.fields.get(ref)
			if known is not None:
				self._known_field(ref, known, one)
			elif one.top:
				self._new_field(ref, one)
		fresh = {one.name for ref, one in self.new.fields.items() if one.top and ref not in self.old.fields}
		for ref, one in self.new.fields.items():
			if ref not in self.old.fields and not one.top and one.name not in fresh:
				self.add("form", field=one.name)
		for ref, known in self.old.fields.items():
			if ref not in self.new.fields:
				self.add("form", field=known.name)

	def _known_field(self, ref: Ref, known: Field, one: Field) -> None:
		if known != one:
			self.add("form", field=known.name)
		elif one.kind == "/Sig" and raw(self.old.get(ref), "/V") is MISSING:
			if raw(self.new.get(ref), "/V") is not MISSING:
				self.widgets |= self._widgets(one.name)
				self._signed(ref, one.name)

	def _new_field(self, ref: Ref, one: Field) -> None:
		new = self.new.get(ref)
		known = one.name in {other.name for other in self.old.fields.values()}
		active = any(set(self.new.get(other)) & {"/A", "/AA"} for other in self._widgets(one.name))
		if one.kind != "/Sig" or known or active or self.old.place(ref) is not None:
			self.add("form", field=one.name)
			return
		self.widgets |= self._widgets(one.name)
		stamp = raw(new, "/V") is not MISSING and self._signed(ref, one.name)
		if self._visible(one.name):
			self.add("new_visible_field", field=one.name)
		elif not stamp:
			self.add("new_field", field=one.name)

	def _widgets(self, name: str) -> set[Ref]:
		return {ref for ref, one in self.new.fields.items() if one.name == name}

	def _signed(self, ref: Ref, name: str) -> bool:
		"""A signature was put into a field; True if it is an archive timestamp, which shows nothing (12.8.5)."""
		self.signing.add(name)
		value = raw(self.new.get(ref), "/V")
		signature = self.new.value(value)
		sound = isinstance(signature, generic.DictionaryObject) and "/ByteRange" in signature
		if not sound or not indirect(value) or self.old.place(ref_of(value)) is not None:
			self.add("form", field=name)
			return False
		stamp = str(signature.get("/Type", "")) == "/DocTimeStamp" and not self._visible(name)
		self.add("timestamp" if stamp else "new_signature", field=name)
		return stamp

	def _visible(self, name: str) -> bool:
		for ref in self._widgets(name):
			rect = [self.new.value(part) for part in items(self.new.value(raw(self.new.get(ref), "/Rect")))]
			if len(rect) == 4 and rect[0] != rect[2] and rect[1] != rect[3]:
				return True
		return False

	def _security_store(self, touched: set[Ref]) -> None:
		"""The DSS as it is now may hold new validation data; nothing else hangs in it (EN 319 142-1, 5.4.2)."""
		now = raw(self.new.root, "/DSS")
		if now is MISSING:
			if raw(self.old.root, "/DSS") is not MISSING:
				self.add("catalog", detail="/DSS")
			return
		sound = self._store(now, DSS_ARRAYS, {"/DSS"})
		entries = self.new.value(raw(self.new.value(now), "/VRI")) if sound else MISSING
		if isinstance(entries, generic.DictionaryObject):
			for key in entries:
				if not VRI_NAME.fullmatch(str(key)):
					sound = False
				elif not self._store(entries.raw_get(key), VRI_ARRAYS, {str(key)}):
					sound = False
		elif entries is not MISSING:
			sound = False
		if not sound:
			self.add("catalog", detail="/DSS")
		if self.dss & touched or not self.same(raw(self.old.root, "/DSS"), now):
			self.add("dss")

	def _store(self, item: Any, arrays: set[str], role: set[str]) -> bool:
		store = self.new.value(item)
		if type(store) is not generic.DictionaryObject:
			return False
		extra = {"/VRI"} if arrays is DSS_ARRAYS else {"/TU", "/TS"}
		if not set(map(str, store)) <= arrays | extra | {"/Type"}:
			return False
		sound = self._belongs(item, role)
		if "/VRI" in store:
			sound &= self._belongs(store.raw_get("/VRI"), {"/VRI"})
		streams = [store.raw_get("/TS")] if "/TS" in store else []
		for key in arrays & set(map(str, store)):
			array = self.new.value(store.raw_get(key))
			sound &= isinstance(array, generic.ArrayObject) and self._belongs(store.raw_get(key), {key})
			streams += items(array)
		for stream in streams:
			if not indirect(stream) or type(self.new.value(stream)) is not generic.StreamObject:
				return False
			if self.old.place(ref_of(stream)) is None:
				self.dss.add(ref_of(stream))
				inside = targets(self.new.get(ref_of(stream)))
				sound &= {key for key, _ in inside} <= {"/Length"}
				self.dss |= {length for _, length in inside}
		return sound

	def _spare_entry(self, ref: Ref) -> bool:
		"""A VRI entry that nothing refers to: pyHanko writes one where the store has it already."""
		one = self.new.get(ref)
		keys = set(map(str, one)) if type(one) is generic.DictionaryObject else set()
		shaped = bool(keys & VRI_ARRAYS) and keys <= VRI_ARRAYS | {"/Type", "/TU", "/TS"}
		return (
			shaped
			and self.old.place(ref) is None
			and {key for key, _ in targets(one)} <= VRI_ARRAYS | {"/TS"}
		)

	def _belongs(self, item: Any, role: set[str]) -> bool:
		"""An object of the store is new, or served only as such before."""
		if not indirect(item):
			return True
		self.dss.add(ref_of(item))
		return self.history.roles(ref_of(item)) <= role

	def _object(self, ref: Ref) -> None:
		"""One object that the revision wrote."""
		if self.old.place(ref) is None:
			# A number that the signed revision refers to but leaves undefined would change what was signed.
			if self.history.referrers(ref):
				self.add("content", detail=f"object {ref[0]} was undefined")
			return
		before, now = self.old.get(ref), self.new.get(ref)
		if ref in self.dss and not isinstance(before, generic.StreamObject):
			return
		if identical(before, now):
			return
		roles = self.history.roles(ref)
		if ref == self._root():
			self._catalog(before, now)
		elif ref in self.old.fields and ref in self.new.fields:
			self._field(ref, before, now, roles)
		elif isinstance(before, generic.DictionaryObject) and before.get("/Type") == "/Page":
			self._page(ref, before, now)
		elif roles == {"/AcroForm"}:
			self._acroform(before, now)
		elif roles == {"/Annots"} and isinstance(before, generic.ArrayObject):
			self._annotations(before, now)
		elif roles == {"/Fields"} and isinstance(before, generic.ArrayObject):
			pass  # compared in _form
		elif roles == {"/Info"} and {None} == {container for container, _ in self.history.referrers(ref)}:
			pass  # compared in _trailer
		elif roles == {"/Metadata"} and self._hangs_at_root(ref):
			self._metadata(before, now)
		elif roles <= {"/N", "/R", "/D"} and roles and isinstance(before, generic.StreamObject):
			self._appearance(ref)
		elif roles == {"/AP"}:
			self._appearance(ref)
		elif roles == {"/DR"}:
			self.add("form_fill", detail="/DR")
		elif roles == {"/Extensions"} and self._hangs_at_root(ref):
			self.add("extensions")
		elif not roles and {str(entry(one, "/Type")) for one in (before, now)} == {"/XRef"}:
			pass
		else:
			self.add("content", detail=" ".join(sorted(roles)) or f"object {ref[0]}")

	def _hangs_at_root(self, ref: Ref) -> bool:
		return {container for container, _ in self.history.referrers(ref)} == {self._root()}

	def _catalog(self, before: Any, now: Any) -> None:
		for key in self.differing(before, now):
			gone = raw(now, key) is MISSING
			if key == "/AcroForm" and not gone:
				self._acroform(self.old.form, self.new.form)
			elif key == "/Metadata" and not gone:
				self._metadata(self.old.value(raw(before, key)), self.new.value(now.raw_get(key)))
			elif key == "/DSS" and not gone:
				continue  # looked at in _security_store
			elif key == "/Extensions" or (key == "/Version" and not gone):
				self.add("extensions")
			elif key == "/MarkInfo" and not gone:
				self.add("saved")
			else:
				self.add("catalog", detail=key)

	def _acroform(self, before: Any, now: Any) -> None:
		for key in self.differing(before, now) - {"/Fields"}:
			if key == "/SigFlags":
				flags = self.new.value(raw(now, key))
				least = self.old.value(raw(before, key))
				if not isinstance(flags, int) or (isinstance(least, int) and least & ~flags):
					self.add("form", detail=key)
			elif key in {"/DR", "/DA", "/Q", "/NeedAppearances"}:
				self.add("form_fill", detail=key)
			else:
				self.add("form", detail=key)

	def _field(self, ref: Ref, before: Any, now: Any, roles: set[str]) -> None:
		one = self.old.fields[ref]
		if not roles <= FIELD_ROLES or not isinstance(now, generic.DictionaryObject):
			self.add("content", detail=" ".join(sorted(roles)))
			return
		changed = self.differing(before, now)
		if one.kind == "/Sig" and one.name in self.signing:
			odd = changed - VALUE_KEYS
		elif one.kind == "/Sig":
			odd = changed - IDLE_KEYS
			if odd and self._is_signed(one.name):
				self.add("signed_field", field=one.name)
				return
		else:
			odd = changed - VALUE_KEYS - CHOICE_KEYS
			self.add("form_fill", field=one.name)
		if "/Type" in changed and raw(now, "/Type") != "/Annot":
			odd.add("/Type")
		if odd:
			self.add("form", field=one.name, detail=" ".join(sorted(odd)))

	def _is_signed(self, name: str) -> bool:
		return any(
			one.name == name and raw(self.old.get(ref), "/V") is not MISSING
			for ref, one in self.old.fields.items()
		)

	def _appearance(self, ref: Ref) -> None:
		"""An appearance overwritten in place: fine where its only owner may be filled in now."""
		owners: set[Ref | None] = set()
		for container, key in self.history.referrers(ref):
			if key == "/AP" or container in self.old.fields or container is None:
				owners.add(container)
			else:
				above = self.history.referrers(container)
				if {name for _, name in above} != {"/AP"}:
					owners.add(None)
				owners |= {over for over, _ in above}
		names = {self.old.fields[owner].name if owner in self.old.fields else None for owner in owners}
		kinds = {self.old.fields[owner].kind for owner in owners if owner in self.old.fields}
		name = next(iter(names))
		if len(names) != 1 or name is None:
			self.add("content", detail="/AP")
		elif "/Sig" not in kinds:
			self.add("form_fill", field=name)
		elif name not in self.signing:
			self.add("signed_field" if self._is_signed(name) else "form", field=name, detail="/AP")

	def _page(self, ref: Ref, before: Any, now: Any) -> None:
		if not isinstance(now, generic.DictionaryObject):
			self.add("page", detail="/Type")
			return
		for key in self.differing(before, now):
			if key == "/Annots":
				self._annotations(self.old.value(raw(before, key)), self.new.value(raw(now, key)))
			else:
				self.add("page", detail=key)

	def _annotations(self, before: Any, now: Any) -> None:
		"""Only the widgets of fields that are new or signed now may be added."""
		had, has = items(before), items(now)
		kept = len(has) >= len(had) and all(
			self.same(one, other) for one, other in zip(had, has, strict=False)
		)
		added = has[len(had) :]
		if not kept or not all(indirect(item) and ref_of(item) in self.widgets for item in added):
			self.add("annotation")
		elif len(set(map(ref_of, added))) != len(added):
			self.add("annotation")

	def _metadata(self, before: Any, now: Any) -> None:
		"""XMP may be rewritten; where it said nothing it may get dates and what /Info says, as some writers do."""
		if not isinstance(now, generic.StreamObject):
			self.add("metadata", detail="XMP")
			return
		said = _statements(before.data) if isinstance(before, generic.StreamObject) else []
		says = _statements(now.data)
		if not said:
			info = self.old.value(self.old.trailer("/Info"))
			known = (
				{str(value) for value in info.values()}
				if isinstance(info, generic.DictionaryObject)
				else set()
			)
			known.add("application/pdf")
			says = [one for one in says if one[1] not in known and one[0].rpartition("}")[2] not in FIRST_XMP]
		if says != said:
			self.add("metadata", detail="XMP")
		else:
			self.add("saved")

	def differing(self, before: Any, now: Any) -> set[str]:
		return {str(key) for key in set(before) | set(now) if not self.same(raw(before, key), raw(now, key))}

	def same(self, before: Any, now: Any) -> bool:
		return same(self.old, self.new, before, now)


def _statements(xmp: bytes) -> list[tuple[str, str]]:
	"""What XMP says, whichever way it is written down (ISO 16684-1, 7), without what every saving changes."""
	from lxml import etree  # type: ignore[import-untyped]

	parser = etree.XMLParser(resolve_entities=False, no_network=True)
	found = []
	for element in etree.fromstring(xmp, parser=parser).iter():
		if not isinstance(element.tag, str):
			if element.tag is not etree.Comment and element.tag is not etree.PI:
				raise ValueError("an entity in XMP metadata")
			continue
		# A value in a list belongs to the property that holds the list.
		owner = element
		while owner.tag.startswith(RDF) and owner.getparent() is not None:
			owner = owner.getparent()
		pairs = [
			(owner.tag if key == f"{RDF}resource" else key, value) for key, value in element.attrib.items()
		]
		if element.text and element.text.strip():
			pairs.append((owner.tag, element.text.strip()))
		for key, value in pairs:
			if key.rpartition("}")[2] not in SAVING_XMP and "/sType/ResourceEvent#" not in key:
				found.append((key, value))
	return sorted(found)
