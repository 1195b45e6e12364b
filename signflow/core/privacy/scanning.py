"""Personal data inside texts: identity codes, mail addresses, telephone numbers and bank accounts, by their own checks.

A candidate counts only if its date, check digit or numbering plan holds, so that order numbers and serial numbers do not.
Nothing here keeps or returns what was found: an answer says which kinds a text holds. Pure.
"""

import re
from collections.abc import Callable

import phonenumbers
from stdnum import iban
from stdnum.fi import hetu
from stdnum.se import personnummer

from signflow.core.privacy.datamap import Holds

# Of longer texts only the beginning is read: mails with pictures inside are megabytes of letters that mean nothing.
LONGEST_TEXT = 50_000
KINDS = (Holds.IDENTITY_CODE, Holds.EMAIL, Holds.PHONE, Holds.BANK_ACCOUNT)

# What may not stand before a candidate is asked after its first letter: a pattern that begins with a set of letters is
# looked for several times as fast as one that begins with looking back.
# Both the old separators (-, +, A) and those of 2023 (B-F, Y-U); python-stdnum knows the rest.
_HETU = re.compile(r"[0-3](?<![\w-].)[0-9]{5}[-+A-FU-Ya-fu-y][0-9]{3}[0-9A-Ya-y](?!\w)")
# With its separator, or with the century: ten digits in a row are too often something else.
_PERSONNUMMER = re.compile(
	r"[0-9](?<![\w-].)[0-9]{5}(?:[0-9]{2})?[-+][0-9]{4}(?![\w-])|[12](?<![\w-].)[0-9]{11}(?![\w-])"
)
# Of a mail address what stands before and after the @, which is looked for first: it is rare, and words are not.
_BEFORE_AT = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}\Z")
_AFTER_AT = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)+[a-z]{2,24}(?![\w@])", re.IGNORECASE)
_PHONE = re.compile(
	r"[+0](?<![\w.,:/#=-].)(?:(?<=\+)\d|(?<=0)0?[1-9])(?:[ \u00a0()-]{0,2}\d){5,13}(?![\w/]|[.,:]\d|-\d)"
)
_IBAN = re.compile(r"[A-Z](?<!\w.)[A-Z]\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
# Addresses of programs and examples, which are no person's.
_NOBODYS_MAIL = re.compile(
	r"^(?:no-?reply|do-?not-?reply|mailer-daemon|postmaster)@|@(?:localhost|example\.(?:com|org|net))$",
	re.IGNORECASE,
)


def kinds_in(text: str, region: str = "FI") -> frozenset[Holds]:
	"""Which of `KINDS` stand in `text`; telephone numbers without a country are read as those of `region` (ISO 3166)."""
	text = text[:LONGEST_TEXT]
	found = set()
	if _has_mail(text):
		found.add(Holds.EMAIL)
	if not _DIGIT.search(text):
		return frozenset(found)
	if _any(_HETU, text, _is_hetu) or _any(_PERSONNUMMER, text, personnummer.is_valid):
		found.add(Holds.IDENTITY_CODE)
	if _any(_IBAN, text, iban.is_valid):
		found.add(Holds.BANK_ACCOUNT)
		text = _IBAN.sub(" ", text)
	if _any(_PHONE, text, lambda number: _is_phone(number, region)):
		found.add(Holds.PHONE)
	return frozenset(found)


def _has_mail(text: str) -> bool:
	place = text.find("@")
	while place >= 0:
		before = _BEFORE_AT.search(text, max(0, place - 65), place)
		after = before and _AFTER_AT.match(text, place + 1)
		if before and after and not _NOBODYS_MAIL.search(f"{before[0]}@{after[0]}"):
			return True
		place = text.find("@", place + 1)
	return False


def _any(pattern: re.Pattern[str], text: str, is_one: Callable[[str], bool]) -> bool:
	return any(is_one(hit[0]) for hit in pattern.finditer(text))


def _is_hetu(code: str) -> bool:
	# Temporary codes (900-999) are given to persons as well.
	return bool(hetu.is_valid(code, allow_temporary=True))


def _is_phone(number: str, region: str) -> bool:
	if _HETU.fullmatch(number.strip()) or personnummer.is_valid(number):
		return False
	try:
		return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
	except phonenumbers.NumberParseException:
		return False
