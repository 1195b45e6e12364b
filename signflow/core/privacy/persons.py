"""Telling persons apart: names, mailboxes and telephones as people write them, and whose record is whose.

Two persons may share a name or a mailbox; then nothing that rests on that alone is anybody's. Pure functions.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import phonenumbers

Record = tuple[str, str]

# Letters of any alphabet may stand in a mailbox name (RFC 6531); what follows the address must not belong to it.
_MAIL = re.compile(r"[^\s@<>()\[\],;:\"'`|=&?/\\]+@[\w-]+(?:\.[\w-]+)+", re.UNICODE)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*", re.UNICODE)
_FORMS_OF_COMPANY = frozenset(
	"oy oyj ab abp ltd ry rf ky kb tmi fma osk gmbh llc inc plc aps asa ag bv sarl company co".split()
)
# Those that may stand before a name: "Oy Rantakodit Ab".
_FORMS_BEFORE = frozenset("oy oyj ab abp ry ky kb tmi osk".split())
# A Message-ID (RFC 5322, 3.6.4): what is left of "@" holds a long run of code, or numbers of a clock and of a process.
_MESSAGE_ID = re.compile(
	r"<?[^\s@<>()\[\],;:\"'`|]*(?:[0-9a-f]{16}|\d{9,}\.\d+\.\d+|(?:\d+\.){2}\d{9,})[^\s@<>()\[\],;:\"'`|]*@[\w.\-]+>?",
	re.IGNORECASE,
)
# A record's or a thing's number: letters and digits joined by hyphens ("DSR-2026-00001"). "Puh-040 1234567" is a telephone.
_REFERENCE = re.compile(r"(?<![\w+])(?=[\w\-]*[^\W\d_])(?=[\w\-]*\d)(?![^\W\d_]+-0\d)[^\W_][\w\-]*")
MOST_RECORDS = 200
# A field that holds a part of a name is no longer.
LONGEST_PART = 140


def mails_in(text: object) -> set[str]:
	"""The mail addresses in `text` (a field, a list "a@x, b@y", prose), in small letters."""
	if not text or "@" not in str(text):
		return set()
	found = (match.strip(".-_*").casefold() for match in _MAIL.findall(str(text)))
	return {address for address in found if "@" in address}


@lru_cache(maxsize=20000)
def phone_of(text: str, region: str = "FI") -> str:
	"""A telephone number in E.164 ("+358401234567"), "" if `text` is none. Without country code it is `region`'s.

	Letters make no number: the library would read a name with digits in it as one.
	"""
	if any(sign.isalpha() for sign in text):
		return ""
	try:
		number = phonenumbers.parse(text.strip(), region)
	except phonenumbers.NumberParseException:
		return ""
	if not phonenumbers.is_possible_number(number):
		return ""
	return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phones_in(text: object, region: str = "FI") -> set[str]:
	"""The telephone numbers in `text`, in E.164."""
	if not text:
		return set()
	said = str(text)
	whole = phone_of(said, region) if len(said) < 30 else ""
	found = {number for _start, _end, number in phones_at(said, region)}
	return found | ({whole} if whole else set())


def without_ids(text: str) -> str:
	"""`text` without Message-IDs and the numbers of records, in which nobody's mail address or telephone stands."""
	plain = _MESSAGE_ID.sub(" ", text)
	# A mailbox may be called like a number: "maija-75@posti.example".
	return "".join(
		part if "@" in part else _REFERENCE.sub(" ", part) for part in re.split(r"(\S*@\S*)", plain)
	)


def phones_at(text: str, region: str = "FI") -> list[tuple[int, int, str]]:
	"""Where telephone numbers stand in `text`: [(start, end, number in E.164)], first to last."""
	return [
		(
			match.start,
			match.end,
			phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164),
		)
		for match in phonenumbers.PhoneNumberMatcher(
			text, region, leniency=phonenumbers.Leniency.POSSIBLE, max_tries=200
		)
		# Digits within a word are part of a code or a name.
		if not text[: match.start][-1:].isalpha() and not text[match.end :][:1].isalpha()
	]


@lru_cache(maxsize=20000)
def subscriber_digits(phone: str) -> str:
	"""The digits of an E.164 number that every way of writing it ends with: "+358401234567" → "401234567"."""
	return str(phonenumbers.parse(phone).national_number)


@lru_cache(maxsize=20000)
def words_of(name: str) -> tuple[str, ...]:
	"""A name's words as they are compared: no accents, small letters, in the order written."""
	plain = unicodedata.normalize("NFKD", name)
	letters = "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
	return tuple(_WORD.findall(letters))


def is_organisation(name: str) -> bool:
	"""Whether a name carries a company's form (Oy, Ab, Ltd …).

	A form is written without accents, and most stand after the name: Åsa is a first name, ASA a Norwegian form.
	"""
	words = _WORD.findall(unicodedata.normalize("NFC", name).casefold())
	return bool(_FORMS_BEFORE & set(words[:1]) or _FORMS_OF_COMPANY & set(words[1:]))


def same_name(one: str, other: str) -> bool:
	"""The same words, whatever their order, accents and size: "Meri, Maija" is "Maija Meri"."""
	return bool(words_of(one)) and sorted(words_of(one)) == sorted(words_of(other))


def parts_of(names: Iterable[str]) -> set[tuple[str, str]]:
	"""Full names parted in two, as records have them in two fields: "Maija Liisa Meri" → ("Maija", "Liisa Meri"), ("Maija Liisa", "Meri")."""
	found = set()
	for name in names:
		words = name.split()
		found |= {(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))}
	return found


def stand_parted(values: Mapping[str, str], names: Iterable[str]) -> dict[str, set[str]]:
	"""Which of full `names` stand in two of `values` (by field), each with nothing else in it: {field: names}."""
	whole = defaultdict(set)
	for key, value in values.items():
		if len(value) <= LONGEST_PART and (words := words_of(value)):
			whole[words].add(key)
	found: dict[str, set[str]] = defaultdict(set)
	for name in names:
		for first, last in parts_of((name,)):
			keys = whole.get(words_of(first), set()), whole.get(words_of(last), set())
			if all(keys) and len(keys[0] | keys[1]) > 1:
				for key in keys[0] | keys[1]:
					found[key].add(name)
	return found


def could_be(one: str, other: str) -> bool:
	"""Whether two names can be one person's: one is part of the other, or has initials for its words."""
	short, long = sorted((words_of(one), words_of(other)), key=len)
	left = list(long)
	for word in sorted(short, key=len, reverse=True):
		match = next(
			(w for w in left if w == word or (min(len(w), len(word)) == 1 and w[0] == word[0])), None
		)
		if match is None:
			return False
		left.remove(match)
	return bool(short)


def name_stands_in(name: str, text: object) -> bool:
	"""Whether `text` holds the full name, its words next to each other in either order ("Meri, Maija")."""
	words, held = words_of(name), words_of.__wrapped__(str(text or ""))
	length, wanted = len(words), sorted(words)
	return length > 1 and any(
		sorted(held[place : place + length]) == wanted for place in range(len(held) - length + 1)
	)


@dataclass(frozen=True)
class PersonRecord:
	"""A record of its own that a person may have: what it calls her and how it reaches her.

	`links` are the records that it says are the same person's (a Contact's User, an Employee's User, a Contact's
	individual Customer). `organisation`: it is a company's, not a person's.
	"""

	doctype: str
	name: str
	names: frozenset[str] = frozenset()
	mails: frozenset[str] = frozenset()
	phones: frozenset[str] = frozenset()
	links: frozenset[Record] = frozenset()
	identity: str = ""
	organisation: bool = False

	@property
	def key(self) -> Record:
		"""DocType and name."""
		return self.doctype, self.name


@dataclass(frozen=True)
class Start:
	"""What a look-up starts from: at least one of these. Mails in small letters, phones in E.164."""

	mails: frozenset[str] = frozenset()
	phones: frozenset[str] = frozenset()
	names: frozenset[str] = frozenset()
	identities: frozenset[str] = frozenset()
	records: frozenset[Record] = frozenset()


@dataclass(frozen=True)
class Subject:
	"""The data subject, as far as the site knows her.

	`shared` are those of her mails and phones that somebody of another name holds as well: they prove nothing.
	"""

	names: frozenset[str] = frozenset()
	mails: frozenset[str] = frozenset()
	phones: frozenset[str] = frozenset()
	identities: frozenset[str] = frozenset()
	records: frozenset[Record] = frozenset()
	shared: frozenset[str] = frozenset()

	def of(self, doctype: str) -> frozenset[str]:
		"""The names of her own records of one DocType."""
		return self._by_type.get(doctype, frozenset())

	@cached_property
	def _by_type(self) -> dict[str, frozenset[str]]:
		kinds = {kind for kind, _name in self.records}
		return {kind: frozenset(name for one, name in self.records if one == kind) for kind in kinds}

	@cached_property
	def full_names(self) -> frozenset[str]:
		"""Her names of at least two words: a first name alone finds everybody."""
		return frozenset(name for name in self.names if len(words_of(name)) > 1)


@dataclass
class _Person:
	"""A subject while she is being put together."""

	names: set[str] = field(default_factory=set)
	mails: set[str] = field(default_factory=set)
	phones: set[str] = field(default_factory=set)
	identities: set[str] = field(default_factory=set)
	records: set[Record] = field(default_factory=set)
	links: set[Record] = field(default_factory=set)

	def take(self, record: PersonRecord) -> None:
		self.records.add(record.key)
		self.names |= record.names
		self.mails |= record.mails
		self.phones |= record.phones
		self.links |= record.links
		if record.identity:
			self.identities.add(record.identity)

	def may_have(self, names: Iterable[str]) -> bool:
		"""Whether one of `names` can be hers; nobody's name contradicts the nameless."""
		fullest = {name for name in self.names if len(words_of(name)) > 1} or self.names
		names = list(names)
		return not names or not fullest or any(could_be(name, mine) for name in names for mine in fullest)

	def is_called(self, names: Iterable[str]) -> bool:
		return any(same_name(name, mine) and len(words_of(name)) > 1 for name in names for mine in self.names)


def settle(
	start: Start, records: Mapping[Record, PersonRecord], shared: frozenset[str] = frozenset()
) -> Subject:
	"""Whose `start` is: her own records among `records`, what they hold of her, and what she shares with others.

	A record is hers when it is the one started from, carries her identity, is linked with one of hers and its name
	does not contradict, or holds a mail or phone of hers that no other name holds. A mail or phone that others hold too
	counts only together with her full name. A name alone never makes a record hers.
	"""
	person = _Person(
		set(start.names), set(start.mails), set(start.phones), set(start.identities), set(start.records)
	)
	for key in sorted(start.records & records.keys()):
		person.take(records[key])
	people = [one for _, one in sorted(records.items()) if not one.organisation]
	if not person.names:
		_name_by_holders(person, people)

	def contested_now() -> set[str]:
		return _contested(person, people) | (shared & (person.mails | person.phones))

	grown = True
	while grown and len(person.records) < MOST_RECORDS:
		grown = False
		contested = contested_now()
		for one in people:
			if one.key not in person.records and _is_hers(person, one, contested):
				person.take(one)
				grown = True
				# What she brings along may be others' as well.
				contested = contested_now()
	return Subject(
		frozenset(person.names),
		frozenset(person.mails),
		frozenset(person.phones),
		frozenset(person.identities),
		frozenset(person.records),
		frozenset(contested_now()),
	)


def _name_by_holders(person: _Person, people: list[PersonRecord]) -> None:
	"""Who is started from a bare address is called as its holders are, if these can be one person."""
	holders = [
		one
		for one in people
		if one.identity in person.identities or (one.mails | one.phones) & (person.mails | person.phones)
	]
	names = {name for one in holders for name in one.names}
	if len(persons_among(holders)) == 1:
		person.names |= names


def _contested(person: _Person, people: list[PersonRecord]) -> set[str]:
	"""Her mails and phones that a person of another name holds too; without a name of hers, those of many persons."""
	addresses = person.mails | person.phones
	if person.names:
		return {
			address
			for one in people
			if one.key not in person.records and not person.may_have(one.names)
			for address in (one.mails | one.phones) & addresses
		}
	return {
		address
		for address in addresses
		if len(persons_among([one for one in people if address in one.mails | one.phones])) > 1
	}


def _is_hers(person: _Person, one: PersonRecord, contested: set[str]) -> bool:
	if one.identity and one.identity in person.identities:
		return True
	if (one.key in person.links or one.links & person.records) and person.may_have(one.names):
		return True
	held = (one.mails | one.phones) & (person.mails | person.phones)
	if held - contested and person.may_have(one.names):
		return True
	return bool(held) and person.is_called(one.names)


def persons_among(records: Iterable[PersonRecord]) -> list[list[PersonRecord]]:
	"""`records` sorted by person: together stand those that share an address, a link or an identity under one name."""
	groups: list[tuple[_Person, list[PersonRecord]]] = []
	# The fullest names first: a bare first name then joins whom it can be, instead of joining two persons.
	for one in sorted(
		records, key=lambda one: (-max(map(len, map(words_of, one.names)), default=0), one.key)
	):
		for person, group in groups:
			tied = (
				(one.mails | one.phones) & (person.mails | person.phones)
				or one.key in person.links
				or one.links & person.records
			)
			if (one.identity and one.identity in person.identities) or (tied and person.may_have(one.names)):
				person.take(one)
				group.append(one)
				break
		else:
			person = _Person()
			person.take(one)
			groups.append((person, [one]))
	return [group for _, group in groups]
