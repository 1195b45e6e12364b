"""What stands in a person's place once she is erased: neutral names, and her words taken out of other words. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from html import escape, unescape
from urllib.parse import quote, quote_plus

from signflow.core.privacy.datamap import Holds, PersonalField
from signflow.core.privacy.kinds import LETTERS
from signflow.core.privacy.needles import Needles
from signflow.core.privacy.persons import subscriber_digits

# RFC 2606: no mail ever arrives there.
DOMAIN = "erased.invalid"
# Of a name in parts only the first part is filled in: "Erased person 4F" once, not thrice.
_LATER_PARTS = frozenset(("last_name", "middle_name", "nick_name", "salutation"))
_NEVER = frozenset((Holds.MONEY, Holds.PERSON))
_BLANK = "–"
# Between the words of one name: spaces, marks of HTML, and what stands for a space in file names and addresses.
_BETWEEN = r"(?:\s|&nbsp;|&#160;|\\[nrtu]|00a0|%20|%C2%A0|=20|\+|<[^<>]{0,200}>|[.,_\-]){1,12}"
# Letters and digits that escape a sign of an address ("%3D") are no part of the word after it.
_ESCAPE_ENDS = r"(?<=%[0-9A-Fa-f][0-9A-Fa-f])"
_BETWEEN_DIGITS = r"(?:[\s\-()./\u00a0]|&nbsp;|%20){0,3}"


@dataclass(frozen=True)
class Neutral:
	"""What stands in her place: made of random letters, so it says nothing of her. The same wherever she was.

	`name` is a name ("Erased person 7f3a91"), `mail` a mail address at which nothing arrives.
	"""

	name: str
	mail: str

	@classmethod
	def of(cls, word: str, letters: str) -> "Neutral":
		"""From the word for an erased person in the house's language, and random letters."""
		return cls(f"{word} {letters}", f"erased-{letters}@{DOMAIN}")


@dataclass(frozen=True)
class Words:
	"""What is hers in words: mail addresses (small letters), telephones (E.164), full names, names of her records.

	Only what is hers alone: a mailbox that others share is no word of hers.
	"""

	mails: frozenset[str] = frozenset()
	phones: frozenset[str] = frozenset()
	names: frozenset[str] = frozenset()

	def __bool__(self) -> bool:
		return bool(self.mails or self.phones or self.names)

	def needles(self, *, names: bool = True) -> Needles:
		"""The same words in any form they may be written in; a name last to first as well."""
		turned = {" ".join(reversed(name.split())) for name in self.names}
		sought = self.mails | self.phones | (self.names | turned if names else set())
		return Needles(one for one in sought if len(one.strip()) > 2)

	@cached_property
	def _by_mail(self) -> re.Pattern[str] | None:
		ways = {form for mail in self.mails for form in _forms(mail)}
		if not ways:
			return None
		# Another's address may hold hers as a part: "anna-maija@x.example" is not "maija@x.example".
		return re.compile(
			rf"(?:(?<![\w.+\-])|{_ESCAPE_ENDS})(?:"
			+ "|".join(map(re.escape, sorted(ways, key=len, reverse=True)))
			+ r")(?![\w\-]|\.\w)",
			re.IGNORECASE,
		)

	@cached_property
	def _by_phone(self) -> re.Pattern[str] | None:
		if not self.phones:
			return None
		ways = []
		for phone in sorted(self.phones):
			digits = subscriber_digits(phone)
			code = phone.lstrip("+").removesuffix(digits)
			spaced = _BETWEEN_DIGITS.join(digits)
			prefix = rf"(?:(?:\+|00)?{_BETWEEN_DIGITS.join(code)}{_BETWEEN_DIGITS}(?:\(?0\)?{_BETWEEN_DIGITS})?|\(?0?\)?{_BETWEEN_DIGITS})"
			ways.append(f"{prefix}{spaced}")
		return re.compile(rf"(?:(?<!\w)|{_ESCAPE_ENDS})(?:" + "|".join(ways) + r")(?!\w)")

	@cached_property
	def _by_name(self) -> re.Pattern[str] | None:
		ways = []
		for name in sorted(self.names):
			words = _plain(name)[0].split()
			if len(words) > 1:
				for order in (words, words[::-1]):
					ways.append(_BETWEEN.join(map(re.escape, order)))
		if not ways:
			return None
		return re.compile(
			rf"(?:(?<![^\W_])|{_ESCAPE_ENDS})(?:" + "|".join(dict.fromkeys(ways)) + r")(?![^\W_])"
		)

	def stand_in(self, text: str, *, names: bool = True) -> bool:
		"""Whether one of them stands in `text`; of her name, first to last or last to first, whatever its accents."""
		return self.replaced(text, Neutral("", ""), names=names) != text

	def replaced(self, text: str, neutral: Neutral, *, names: bool = True) -> str:
		"""`text` with the neutral in place of each of them; the same text if none stands in it.

		`names=False` leaves names, which others may have. Whoever does it twice changes nothing the second time.
		"""
		if self._by_mail and ("@" in text or "%40" in text or "&#" in text or "u0040" in text):
			text = self._by_mail.sub(lambda _found: neutral.mail, text)
		if self._by_phone:
			text = self._by_phone.sub(_BLANK, text)
		if names and self._by_name:
			text = _replaced_folded(text, self._by_name, neutral.name)
		return text


def _forms(mail: str) -> set[str]:
	"""A mail address as it is written in text, HTML, JSON and addresses of pages."""
	ascii_only = mail.encode("ascii", "backslashreplace").decode()
	return {
		mail,
		ascii_only,
		quote(mail),
		quote_plus(mail),
		escape(mail),
		mail.replace("@", "&#64;"),
		mail.replace("@", "&#x40;"),
		mail.replace("@", "\\u0040"),
	}


def _plain(text: str) -> tuple[str, list[int]]:
	"""Small letters without accents, and for each the place in `text` that it comes from.

	Escaped letters of JSON and HTML are read as what they stand for.
	"""
	letters: list[str] = []
	places: list[int] = []
	place = 0
	while place < len(text):
		sign, length = text[place], 1
		if sign == "\\" and (found := _JSON.match(text, place)):
			sign, length = chr(int(found[1], 16)), 6
		elif sign == "&" and (found := _ENTITY.match(text, place)):
			sign, length = _letter(found[1], sign), len(found[0])
			if sign == "&":
				length = 1
		elif sign == "%" and (found := _ESCAPED.match(text, place)):
			# Only letters: what is escaped otherwise stands between words.
			try:
				read = bytes.fromhex(found[0].replace("%", "")).decode()
			except ValueError:
				read = ""
			if len(read) == 1 and read.isalpha():
				sign, length = read, len(found[0])
		for letter in unicodedata.normalize("NFKD", sign):
			if not unicodedata.combining(letter):
				for one in letter.casefold():
					letters.append(one)
					places.append(place)
		place += length
	places.append(len(text))
	return "".join(letters), places


_JSON = re.compile(r"\\u(00[c-fC-F][0-9a-fA-F]|01[0-9a-fA-F]{2})")
_ENTITY = re.compile(r"&(#\d{2,4}|#x[0-9a-fA-F]{2,3}|[A-Za-z]{3,8});")
_ESCAPED = re.compile(r"%[C-Fc-f][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]")


def _letter(entity: str, otherwise: str) -> str:
	read = unescape(f"&{entity};")
	return read if len(read) == 1 and read.isalpha() else otherwise


def _replaced_folded(text: str, pattern: re.Pattern[str], by: str) -> str:
	folded, places = _plain(text)
	parts, last = [], 0
	for found in pattern.finditer(folded):
		start, end = places[found.start()], places[found.end()]
		if start >= last:
			parts += [text[last:start], by]
			last = end
	return "".join([*parts, text[last:]]) if parts else text


def becomes(
	field: PersonalField, neutral: Neutral, *, required: bool = False, unique: bool = False
) -> str | bool | None:
	"""What a field of a record that is hers becomes: a neutral value, None for nothing, False if it stays as it is.

	Numbers, choices and links stay: amounts, dates of business and accounts are never touched. A date of birth goes.
	"""
	if field.holds in _NEVER:
		return False
	if field.fieldtype in ("Date", "Datetime"):
		return None if field.holds is Holds.BIRTH_DATE else False
	if field.fieldtype == "Signature":
		return None
	if field.fieldtype == "Select":
		return None if field.holds in (Holds.SPECIAL, Holds.OTHER) and not required else False
	if field.fieldtype and field.fieldtype not in LETTERS:
		return False
	if field.holds is Holds.NAME and field.fieldname not in _LATER_PARTS:
		return neutral.name
	if field.holds is Holds.EMAIL and (required or unique):
		return neutral.mail
	if required:
		return "000" if field.holds is Holds.PHONE else neutral.name if unique else _BLANK
	return None
