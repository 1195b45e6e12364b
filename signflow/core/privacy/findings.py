"""What a row has to do with a data subject, judged by the map: how strongly, and by which of its fields. Pure."""

import html
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from signflow.core.privacy import persons
from signflow.core.privacy.datamap import (
	LISTS_OF_USERS,
	MAKERS,
	PERSON_DOCTYPES,
	SAID_OF_IT,
	DocTypeMap,
	Holds,
	PersonalField,
)
from signflow.core.privacy.kinds import WORDS
from signflow.core.privacy.persons import Subject

# Values of these kinds may stand in any words: they are read as prose is.
READ_AS_TEXT = frozenset((Holds.TEXT, Holds.ADDRESS, Holds.JOB, Holds.OTHER, Holds.FILE, Holds.ONLINE_ID))
FRAMEWORK_MODULES = frozenset(
	(
		"Automation",
		"Contacts",
		"Core",
		"Custom",
		"Desk",
		"Email",
		"Geo",
		"Integrations",
		"Printing",
		"Social",
		"Website",
		"Workflow",
	)
)
_PARTIES = frozenset(("Customer", "Supplier", "Prospect", "HD Customer"))
_USERS_OWN = frozenset(("user", "user_id", "for_user", "portal_user"))
_TAG = re.compile(r"<[^<>]*>")


class Strength(IntEnum):
	"""How surely a row is about the person; the lower, the surer.

	CERTAIN: a link to her record, or her own mail or phone. SHARED: only a mail or phone that others hold too, or that
	stands under another name. TRACE: she made, changed or handled a row that is about somebody else. POSSIBLE: her
	name alone, which others may have.
	"""

	CERTAIN = 0
	SHARED = 1
	TRACE = 2
	POSSIBLE = 3


class How(IntEnum):
	"""By what a row was found."""

	RECORD = 0
	LINK = 1
	REFERENCE = 2
	IDENTITY = 3
	MAIL = 4
	PHONE = 5
	MAIL_IN_TEXT = 6
	PHONE_IN_TEXT = 7
	NAME = 8
	NAME_IN_TEXT = 9
	MAKER = 10


@dataclass(frozen=True, order=True)
class Reason:
	"""One field of a row that has to do with her."""

	strength: Strength
	how: How
	fieldname: str


@dataclass(frozen=True)
class Finding:
	"""A row that has to do with her. `leads_on`: what hangs under it (files, comments, versions) is hers too."""

	strength: Strength
	reasons: tuple[Reason, ...]
	leads_on: bool = False


@dataclass(frozen=True)
class Row:
	"""A row as the search read it. `organisation`: a party's record that is no person's; `submittable`: a business
	document, which is its party's even where it names somebody."""

	name: str
	values: Mapping[str, Any]
	organisation: bool = False
	submittable: bool = False


def judge(
	entry: DocTypeMap, row: Row, subject: Subject, about: Mapping[str, Collection[str]], region: str = "FI"
) -> Finding | None:
	"""What `row` of `entry`'s DocType has to do with `subject`; None if nothing.

	`about` are records found before whose files, comments and the like are hers, by DocType. Telephones without
	country code are `region`'s.
	"""
	own = (entry.doctype, row.name) in subject.records
	reasons = [Reason(Strength.CERTAIN, How.RECORD, "name")] if own else []
	for field in entry.fields.values():
		if value := row.values.get(field.fieldname):
			reasons += _of_field(entry, row, field, value, subject, about, region)
	reasons += _of_parted_name(entry, row, subject)
	reasons += _of_standard(entry, row, subject, region)
	if not reasons:
		return None
	if entry.doctype in PERSON_DOCTYPES and not own and not row.organisation:
		# Another person's record: that it points to hers makes it no record of hers.
		reasons = _weaker(reasons, Strength.TRACE, (How.LINK, How.REFERENCE))
	if _stands_under_another_name(entry, row, reasons, subject):
		reasons = _weaker(reasons, Strength.SHARED, tuple(How))
	strength = min(one.strength for one in reasons)
	return Finding(
		strength,
		tuple(sorted(set(reasons))),
		own or (strength == Strength.CERTAIN and _leads_on(entry, row, reasons, subject)),
	)


def _weaker(reasons: list[Reason], strength: Strength, kinds: tuple[How, ...]) -> list[Reason]:
	"""Reasons of these kinds are at most of this strength."""
	return [
		Reason(max(one.strength, strength), one.how, one.fieldname) if one.how in kinds else one
		for one in reasons
	]


def _of_field(
	entry: DocTypeMap,
	row: Row,
	field: PersonalField,
	value: Any,
	subject: Subject,
	about: Mapping[str, Collection[str]],
	region: str,
) -> list[Reason]:
	name, text = field.fieldname, str(value)
	if field.holds is Holds.PERSON and (field.target or field.type_field):
		target = str(row.values.get(field.type_field) or "") if field.type_field else field.target
		if text in subject.of(target):
			handled = target == "User" and not _is_the_users_own(entry, row, name, subject)
			return [Reason(Strength.TRACE if handled else Strength.CERTAIN, How.LINK, name)]
		if text in about.get(target, ()):
			return [Reason(Strength.CERTAIN, How.REFERENCE, name)]
		return []
	if field.holds is Holds.IDENTITY_HASH:
		return [Reason(Strength.CERTAIN, How.IDENTITY, name)] if text in subject.identities else []
	if field.holds is Holds.NAME:
		hers = any(persons.name_stands_in(mine, text) for mine in subject.full_names)
		return [Reason(Strength.POSSIBLE, How.NAME, name)] if hers else []
	if field.holds in (Holds.EMAIL, Holds.PERSON):
		return _by_address(persons.mails_in(text) & subject.mails, How.MAIL, name, subject)
	if field.holds is Holds.PHONE:
		return _by_address(persons.phones_in(text, region) & subject.phones, How.PHONE, name, subject)
	if is_read_as_text(field):
		return in_text(name, text, subject, region)
	return []


def _of_parted_name(entry: DocTypeMap, row: Row, subject: Subject) -> list[Reason]:
	"""Her name, first and last in a field each."""
	values = {
		field.fieldname: str(row.values.get(field.fieldname) or "") for field in entry.holding(Holds.NAME)
	}
	found = persons.stand_parted(values, subject.full_names)
	return [Reason(Strength.POSSIBLE, How.NAME, fieldname) for fieldname in sorted(found)]


def is_read_as_text(field: PersonalField) -> bool:
	"""Whether mails, phones and names are looked for inside a field's words."""
	return field.holds in READ_AS_TEXT and (not field.fieldtype or field.fieldtype in WORDS)


def _by_address(found: set[str], how: How, name: str, subject: Subject) -> list[Reason]:
	return [
		Reason(Strength.SHARED if one in subject.shared else Strength.CERTAIN, how, name)
		for one in sorted(found)
	]


def in_text(name: str, text: str, subject: Subject, region: str) -> list[Reason]:
	"""What the words of one field, `name`, say of her."""
	if "<" in text or "&" in text:
		# Tags may part a name, and entities stand for its letters.
		text += "\n" + html.unescape(_TAG.sub(" ", text))
	reasons = _by_address(persons.mails_in(text) & subject.mails, How.MAIL_IN_TEXT, name, subject)
	if subject.phones:
		reasons += _by_address(
			persons.phones_in(text, region) & subject.phones, How.PHONE_IN_TEXT, name, subject
		)
	if any(persons.name_stands_in(mine, text) for mine in subject.full_names):
		reasons.append(Reason(Strength.POSSIBLE, How.NAME_IN_TEXT, name))
	return reasons


def _of_standard(entry: DocTypeMap, row: Row, subject: Subject, region: str) -> list[Reason]:
	"""What the columns say that every table has: who made the row, to whom it is assigned, what was said of it."""
	users, reasons = subject.of("User"), []
	for name in MAKERS:
		if row.values.get(name) in users:
			hers = name == "owner" and entry.doctype == "File"
			reasons.append(Reason(Strength.CERTAIN if hers else Strength.TRACE, How.MAKER, name))
	for name in LISTS_OF_USERS:
		if users & _listed(row.values.get(name)):
			reasons.append(Reason(Strength.TRACE, How.LINK, name))
	for name in SAID_OF_IT:
		if said := row.values.get(name):
			reasons += in_text(name, str(said), subject, region)
	return reasons


def _listed(value: Any) -> set[str]:
	try:
		listed = json.loads(value or "[]")
	except ValueError:
		return set()
	return {str(one) for one in listed} if isinstance(listed, list) else set()


def _is_the_users_own(entry: DocTypeMap, row: Row, fieldname: str, subject: Subject) -> bool:
	"""Whether a row that points to her User is about her, and not one that she handles for others."""
	if entry.module in FRAMEWORK_MODULES or fieldname in _USERS_OWN:
		return True
	return not (_parties_of(entry, row, subject, PERSON_DOCTYPES) or _names_of(entry, row, subject))


def _parties_of(
	entry: DocTypeMap, row: Row, subject: Subject, kinds: tuple[str, ...] | frozenset[str]
) -> bool:
	"""Whether the row belongs to another party than her: it links to a record of `kinds` (no User) that is not hers."""
	for field in entry.holding(Holds.PERSON):
		value = str(row.values.get(field.fieldname) or "")
		target = str(row.values.get(field.type_field) or "") if field.type_field else field.target
		if value and target in kinds and target != "User" and (target, value) not in subject.records:
			return True
	return False


def _names_of(entry: DocTypeMap, row: Row, subject: Subject) -> bool:
	"""Whether the row carries persons' names and none of them can be hers."""
	names = [str(row.values.get(field.fieldname) or "") for field in entry.holding(Holds.NAME)]
	names = [
		one for one in names if "@" not in one and persons.words_of(one) and not persons.is_organisation(one)
	]
	mine = subject.full_names or subject.names
	return bool(names and mine) and not any(persons.could_be(one, name) for one in names for name in mine)


def _stands_under_another_name(entry: DocTypeMap, row: Row, reasons: list[Reason], subject: Subject) -> bool:
	"""A row that has only her mail or phone, and somebody else's name. Mails have many people's names: not they."""
	if entry.module in FRAMEWORK_MODULES or row.organisation:
		return False
	sure = {one.how for one in reasons if one.strength == Strength.CERTAIN}
	return (
		bool(sure)
		and sure <= {How.MAIL, How.PHONE}
		and not _parties_of(entry, row, subject, _PARTIES)
		and _names_of(entry, row, subject)
	)


def _leads_on(entry: DocTypeMap, row: Row, reasons: list[Reason], subject: Subject) -> bool:
	"""Not a party's record that is no person's, not a company's business document that names her, not mere words."""
	if entry.doctype in PERSON_DOCTYPES:
		return False
	sure = {one.how for one in reasons if one.strength == Strength.CERTAIN}
	if sure <= {How.MAIL_IN_TEXT, How.PHONE_IN_TEXT}:
		return False
	return not (row.submittable and _parties_of(entry, row, subject, _PARTIES))
