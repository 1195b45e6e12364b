"""What becomes of each record in which a person stands: erased, masked, unlinked, kept, or for a person to decide.

Pure: from what was found to lines in the order in which they are carried out. A record that law or a hold keeps stays as
it is (GDPR 17(3)), restricted until its date (18); all else that is hers goes; nobody else is touched.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum

from signflow.core.errors import _
from signflow.core.privacy.findings import Strength
from signflow.core.privacy.persons import Record


class Action(str, Enum):
	"""What becomes of a record. Values are stored and shown."""

	ERASE = "Erase"
	MASK = "Mask"
	UNLINK = "Unlink"
	KEEP = "Keep"
	DECIDE = "Decide"


class Decision(str, Enum):
	"""What an officer decided of a record that was his to decide. Values are stored and shown."""

	HERS = "Hers"
	NOT_HERS = "Not Hers"
	KEEP = "Keep"


class Nature(Enum):
	"""What kind of record it is; the order in which records go, those that hold the others together last."""

	TRAIL = 0
	MAIL = 1
	FILE = 2
	RECORD = 3
	EVIDENCE = 4
	ADDRESS = 5
	PERSON = 6
	PARTY = 7
	USER = 8


@dataclass(frozen=True)
class Kept:
	"""Why a record stays, until a day; None if no end is known."""

	until: date | None
	ground: str
	statute: str = ""


@dataclass(frozen=True)
class Found:
	"""A record in which she stands.

	`own`: it is her own record as a person (Contact, Lead, Customer, User …). `alone`: nobody else is in it. `direct`: it
	says something of her itself (a name, a mail), instead of only pointing to a record of hers. `namesake`: it is, or
	hangs under, the record of somebody else with her name. `shared`: another controller on this site holds records of her too.
	`under`: what it hangs under. `masks`: what its fields become where it stays; `words`: her words stand in its texts.
	`takes`: what it is called where it stays, "" if its name says nothing of her. `part_of`, `copy_of`: the signed agreement
	whose own file it is, or which it shows or copies elsewhere; `others_signed`: an agreement of others too. `chosen`: until
	when and why an officer keeps it, who decided so (`decided`). `since`: made after she was erased, by what is erased again now.
	"""

	doctype: str
	name: str
	nature: Nature = Nature.RECORD
	strength: Strength = Strength.CERTAIN
	own: bool = False
	alone: bool = True
	direct: bool = True
	docstatus: int = 0
	namesake: bool = False
	under: Record | None = None
	keeps: tuple[Kept, ...] = ()
	masks: Mapping[str, str | None] = field(default_factory=dict)
	words: bool = False
	takes: str = ""
	decided: Decision | None = None
	chosen: Kept | None = None
	shared: bool = False
	part_of: Record | None = None
	copy_of: Record | None = None
	others_signed: bool = False
	unfinished: bool = False
	since: bool = False

	@property
	def certain(self) -> bool:
		"""Whether it is hers, or has something of her, beyond doubt."""
		return self.strength is Strength.CERTAIN or self.decided is Decision.HERS

	@property
	def key(self) -> Record:
		"""DocType and name."""
		return self.doctype, self.name


@dataclass(frozen=True)
class Pointer:
	"""Rows of one table that point to one record by one column.

	`table` is their DocType, `sources` the records that they stand in, `rows` how many they are. `required`: the column
	may not be empty. `standing`: who made or changed a row, which is nobody's to lose.
	"""

	table: str
	column: str
	target: Record
	sources: frozenset[Record] = frozenset()
	rows: int = 1
	required: bool = False
	standing: bool = False


@dataclass(frozen=True)
class Line:
	"""One line of a plan. `name` is "" where it is all rows of a table that point to what goes (Unlink).

	`fields`: what they become, None for nothing. `words`: her words are taken out of its texts. `renamed`: what it is called
	afterwards. `later`: what becomes of it when its date has come (Keep): then its fields, words and name go; or if it is hers
	(Decide). `because` is English, marked for translation.
	"""

	doctype: str
	name: str
	action: Action
	because: str = ""
	fields: Mapping[str, str | None] = field(default_factory=dict)
	words: bool = False
	renamed: str = ""
	until: date | None = None
	ground: str = ""
	statute: str = ""
	later: Action | None = None
	rows: int = 1

	@property
	def key(self) -> Record:
		"""DocType and name."""
		return self.doctype, self.name


OWN_RECORD = _("It is a record of the person herself.")
HERS_ALONE = _("It is about nobody else.")
HANGS_UNDER = _("It hangs under a record that is erased.")
POINTED_TO = _("Records that stay point to it, so it stays without what tells whose it was.")
BUSINESS_DOCUMENT = _("A document of business that stays, without what tells whose it was.")
OTHERS_TOO = _("Others are in it too: only what is hers is taken out.")
BY_LAW = _("It must be kept, and is restricted until then.")
BY_OFFICER = _("An officer decided that it is kept.")
POINTS_TO_ERASED = _("It points to a record that is erased or renamed.")
WITH_AGREEMENT = _("It belongs to a signed agreement that is kept, and goes with it.")
OTHERS_SIGNED = _(
	"Others have signed it too, and its seals would break: kept sealed until none of them is left."
)
FOR_OTHERS = _("Evidence of an agreement that others have signed too")
EVIDENCE_ARTICLE = "GDPR 17(3)(e)"
COPY_OF_AGREEMENT = _(
	"A copy of a signed agreement, which has no ground of its own: at most the sealed original is kept."
)
ASK_COPY = _("A copy, with others, of an agreement that they have signed too: is it erased there?")
ASK_NAME = _("Only the name is the same, which others may have. Is it about this person?")
ASK_SHARED = _("Only an address or number is the same, which others have too. Is it about this person?")
ASK_FILE = _("The file is others' as well: is it erased as a whole?")
ASK_COMPANY = _("Another company on this site has records of this person too: is it erased for all of them?")
ASK_UNFINISHED = _(
	"It is not handled yet, and something may still be owed: handle it first and plan again, or say here what becomes of it."
)
WITH_UNFINISHED = _("It belongs to something that is not handled yet and is kept, and goes with it.")
ASK_SINCE = _(
	"It was made since this person was erased, and is not erased again by itself: open a request for it."
)
ASK_EVIDENCE = _("A signed agreement that no rule keeps: is there a ground to keep it?")


def plan(found: Iterable[Found], pointers: Iterable[Pointer] = ()) -> list[Line]:
	"""The lines of a plan, in the order in which they are carried out: what points to a record before the record.

	The same input gives the same lines, whatever its order. What somebody has to decide gives a Decide line and nothing
	else; a namesake's record gives none.
	"""
	records = {one.key: one for one in sorted(found, key=lambda one: one.key) if not one.namesake}
	pointers = sorted(set(pointers), key=lambda one: (one.table, one.column, one.target))
	lines = {key: line for key, one in records.items() if (line := _first(one))}
	_with_agreements(records, lines)
	_with_unfinished(records, lines)
	_settle(records, lines, pointers)
	ordered = _ordered(records, lines, pointers)
	unlinks = _unlinks(records, lines, pointers)
	asked = [line for line in ordered if line.action is Action.DECIDE]
	kept = [line for line in ordered if line.action is Action.KEEP]
	done = [line for line in ordered if line.action not in (Action.DECIDE, Action.KEEP)]
	# First what points to others, then the records themselves: nothing ever points to what is gone.
	return [*unlinks, *done, *kept, *asked]


def _first(one: Found) -> Line | None:
	"""What becomes of a record as far as it says itself; None if nothing does."""
	if one.decided is Decision.NOT_HERS:
		return None
	if one.since:
		# What was decided then cannot have been about it.
		return None if one.strength is Strength.TRACE else _line(one, Action.DECIDE, ASK_SINCE)
	if one.keeps:
		# Whose it is need not be asked of what stays as it is anyhow.
		return _kept(one) if one.certain else None
	if one.decided is Decision.KEEP:
		chosen = one.chosen or Kept(None, "")
		line = _line(one, Action.KEEP, BY_OFFICER)
		return replace(line, until=chosen.until, ground=chosen.ground, later=_later(one))
	if one.strength is Strength.TRACE and one.decided is None:
		# She made or handled it, and it is others': who made it is changed with all rows of its table.
		return _line(one, Action.MASK, OTHERS_TOO) if one.words else None
	if not one.certain:
		return _line(one, Action.DECIDE, ASK_NAME if one.strength is Strength.POSSIBLE else ASK_SHARED)
	if one.nature is Nature.EVIDENCE and one.decided is None:
		return _line(one, Action.DECIDE, ASK_EVIDENCE)
	if one.unfinished and one.decided is None:
		return _line(one, Action.DECIDE, ASK_UNFINISHED)
	if one.shared and one.own and one.decided is None:
		return _line(one, Action.DECIDE, ASK_COMPANY)
	return _certain(one)


def _certain(one: Found) -> Line:
	if one.own:
		return _line(one, Action.ERASE, OWN_RECORD)
	if one.docstatus:
		return _line(one, Action.MASK, BUSINESS_DOCUMENT)
	if one.nature is Nature.EVIDENCE:
		# The chain of what was signed goes on to verify, and says since when her part is gone.
		return _line(one, Action.MASK, OTHERS_TOO)
	if one.nature is Nature.FILE and not one.alone and one.decided is None:
		return _line(one, Action.DECIDE, ASK_FILE)
	if one.nature is Nature.FILE or (one.alone and one.direct):
		return _line(one, Action.ERASE, HERS_ALONE)
	return _line(one, Action.MASK, OTHERS_TOO if not one.alone else BUSINESS_DOCUMENT)


def _line(one: Found, action: Action, because: str) -> Line:
	# What is kept is masked once its time is over.
	stays = action in (Action.MASK, Action.KEEP)
	return Line(
		one.doctype,
		one.name,
		action,
		because,
		dict(one.masks) if stays else {},
		stays,
		one.takes if stays else "",
		later=_later(one) if action is Action.DECIDE else None,
	)


def _kept(one: Found) -> Line:
	longest = max(one.keeps, key=lambda keep: keep.until or date.max)
	return replace(
		_line(one, Action.KEEP, BY_LAW),
		until=longest.until,
		ground=longest.ground,
		statute=longest.statute,
		later=_later(one),
	)


def _later(one: Found) -> Action:
	return _certain(replace(one, keeps=(), decided=Decision.HERS, strength=Strength.CERTAIN)).action


def _with_agreements(records: Mapping[Record, Found], lines: dict[Record, Line]) -> None:
	"""What becomes of a signed agreement becomes of its files, and no copy beside it stays; first it is decided of itself."""
	for key, one in records.items():
		agreement = records.get(one.part_of or one.copy_of or ("", ""))
		if agreement is None or one.since or not (agreement.certain or agreement.decided):
			continue
		above = lines.get(agreement.key)
		if above is None or above.action is Action.DECIDE:
			lines.pop(key, None)
		elif one.part_of:
			lines[key] = _part(one, agreement, above)
		elif one.decided is None and not one.keeps:
			lines[key] = _copy(one, agreement, records, lines)


def _part(one: Found, agreement: Found, above: Line) -> Line:
	kept = replace(_line(one, Action.KEEP, WITH_AGREEMENT), later=Action.ERASE)
	if above.action is Action.KEEP:
		return replace(kept, until=above.until, ground=above.ground, statute=above.statute)
	if one.keeps:
		# A hold or a rule may be about the file itself.
		return replace(_kept(one), later=Action.ERASE)
	if agreement.others_signed:
		return replace(kept, because=OTHERS_SIGNED, ground=FOR_OTHERS, statute=EVIDENCE_ARTICLE)
	return _line(one, Action.ERASE, HERS_ALONE)


def _copy(
	one: Found, agreement: Found, records: Mapping[Record, Found], lines: Mapping[Record, Line]
) -> Line:
	of_others = one.under is not None and not (
		(one.under in records and records[one.under].own) or _goes(one.under, lines)
	)
	if of_others and agreement.others_signed:
		return _line(one, Action.DECIDE, ASK_COPY)
	return _line(one, Action.ERASE, COPY_OF_AGREEMENT)


def _with_unfinished(records: Mapping[Record, Found], lines: dict[Record, Line]) -> None:
	"""The task, the mails and the trail of what is not handled yet wait, stay and go with it."""
	for key, one in records.items():
		top = _unfinished_above(one, records)
		if top is None or top.keeps or one.decided or one.keeps or one.since or key not in lines:
			continue
		above = lines.get(top.key)
		if above is None or above.action is Action.DECIDE:
			del lines[key]
		elif above.action is Action.KEEP:
			lines[key] = replace(
				_line(one, Action.KEEP, WITH_UNFINISHED),
				until=above.until,
				ground=above.ground,
				later=_later(one),
			)


def _unfinished_above(one: Found, records: Mapping[Record, Found]) -> Found | None:
	seen = {one.key}
	while one.under is not None and one.under in records and one.under not in seen:
		one = records[one.under]
		seen.add(one.key)
		if one.unfinished:
			return one
	return None


def _settle(records: Mapping[Record, Found], lines: dict[Record, Line], pointers: list[Pointer]) -> None:
	"""Until nothing changes: what stays holds what it needs, and what hangs under what goes, goes with it.

	It ends: what was held once is not let go of again.
	"""
	held: set[Record] = set()
	changed = True
	while changed:
		changed = False
		for pointer in pointers:
			target = lines.get(pointer.target)
			if target is None or target.action is not Action.ERASE:
				continue
			if _is_held(pointer, records, lines):
				lines[pointer.target] = _line(records[pointer.target], Action.MASK, POINTED_TO)
				held.add(pointer.target)
				changed = True
		for key, one in records.items():
			line = lines.get(key)
			if line is None or one.under is None or one.since or key in held:
				continue
			if line.action not in (Action.MASK, Action.DECIDE):
				continue
			above = lines.get(one.under)
			if above and above.action is Action.ERASE and not one.docstatus and one.nature in _HANGING:
				lines[key] = _line(one, Action.ERASE, HANGS_UNDER)
				changed = True


_HANGING = (Nature.TRAIL, Nature.MAIL, Nature.FILE)


def _is_held(pointer: Pointer, records: Mapping[Record, Found], lines: Mapping[Record, Line]) -> bool:
	"""Whether something that stays needs the record that it points to."""
	if pointer.standing:
		return pointer.rows > len(pointer.sources) or any(not _goes(key, lines) for key in pointer.sources)
	for source in pointer.sources:
		if source == pointer.target or _goes(source, lines):
			continue
		line = lines.get(source)
		if pointer.required or (line and line.action is Action.KEEP):
			return True
		# A document of business says whose it is, even if nobody can tell any more who that was.
		is_party = records[pointer.target].nature is Nature.PARTY
		if is_party and (source not in records or records[source].docstatus):
			return True
	return pointer.required and pointer.rows > len(pointer.sources)


def _goes(record: Record, lines: Mapping[Record, Line]) -> bool:
	line = lines.get(record)
	return line is not None and line.action is Action.ERASE


def _ordered(
	records: Mapping[Record, Found], lines: Mapping[Record, Line], pointers: list[Pointer]
) -> list[Line]:
	"""By nature, and within the plan what points to a record before the record; circles are cut at the lowest."""
	after: dict[Record, set[Record]] = defaultdict(set)
	for pointer in pointers:
		for source in pointer.sources:
			if (
				source in lines
				and pointer.target in lines
				and source != pointer.target
				and not pointer.standing
			):
				after[source].add(pointer.target)
	for key, one in records.items():
		if one.under is not None and one.under in lines and key in lines and one.under != key:
			after[key].add(one.under)
	waits = Counter(target for targets in after.values() for target in targets)
	rank = {key: (records[key].nature.value, key) for key in lines}
	ready = [rank[key] for key in lines if not waits[key]]
	heapq.heapify(ready)
	left, ordered = set(lines), []
	while left:
		if not ready:
			heapq.heappush(ready, min(rank[key] for key in left))
		key = heapq.heappop(ready)[1]
		if key not in left:
			continue
		left.discard(key)
		ordered.append(lines[key])
		for target in after.get(key, ()):
			waits[target] -= 1
			if not waits[target] and target in left:
				heapq.heappush(ready, rank[target])
	return ordered


def _unlinks(
	records: Mapping[Record, Found], lines: Mapping[Record, Line], pointers: list[Pointer]
) -> list[Line]:
	"""One line for each table whose rows point to a record that goes or gets another name."""
	columns: dict[str, dict[str, str | None]] = defaultdict(dict)
	rows: Counter[str] = Counter()
	for pointer in pointers:
		target = lines.get(pointer.target)
		if target is None or not (
			target.action is Action.ERASE or (target.action is Action.MASK and target.renamed)
		):
			continue
		stays = pointer.rows > len(pointer.sources) or any(
			not _goes(key, lines) for key in pointer.sources if key != pointer.target
		)
		if stays:
			columns[pointer.table][pointer.column] = pointer.target[0]
			rows[pointer.table] += pointer.rows
	return [
		Line(table, "", Action.UNLINK, POINTS_TO_ERASED, columns[table], rows=rows[table])
		for table in sorted(columns)
	]


def totals(lines: Iterable[Line]) -> dict[str, dict[str, int]]:
	"""How many records (rows, for Unlink) of each DocType each action touches: {action: {DocType: number}}."""
	counted: dict[str, Counter[str]] = defaultdict(Counter)
	for line in lines:
		counted[line.action.value][line.doctype] += line.rows
	return {action: dict(sorted(of.items())) for action, of in sorted(counted.items())}
