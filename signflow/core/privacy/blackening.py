"""Words that are withheld for others' sake, blackened in any text in which they stand (GDPR 15(4)). Pure.

A word is found inside longer ones too ("Saarela" in "Saarelan"), in capitals, written apart otherwise ("Saarelan_Remontti"),
with letters escaped as in JSON, HTML and addresses of pages. Where it stands in another form that `needles` knows, such as
base64, the whole text is blackened.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from html.entities import codepoint2name
from urllib.parse import quote

from signflow.core.privacy.needles import Needles, phone_pattern, views
from signflow.core.privacy.persons import phone_of

BLACK = "▮▮▮"
# What stands between two words: blanks, tags, and what is written for a blank in names of files and addresses of pages.
_BETWEEN = (
	r"(?:\s|&nbsp;|&#160;|&shy;|\\[nrt]|\\u00a0|%20|%C2%A0|=20|<[^<>]{0,200}>|[.,;:_+\-'\"\u2010-\u2015])"
)
_UNSEEN = r"[\u00ad\u200b-\u200f\u2060\ufeff]*"
# A shorter word stands in code and in what is encoded by chance.
_LONG = 5
# Beneath so few letters nothing is encoded: a short value is read as it stands.
_SHORT_TEXT = 4
_SHORT = 200


class Blackening:
	"""Withheld words, at least two signs each. `region` reads telephone numbers that have no country code."""

	def __init__(self, words: Iterable[str] = (), region: str = "FI"):
		self.region = region
		self.words = tuple(sorted({" ".join(word.split()) for word in words if len(word.strip()) > 1}))
		phones = {phone for word in self.words if (phone := phone_of(word, region))}
		# The longest first: of "Saarelan Remontti" and "Saarela" no "n Remontti" is left.
		ways = [_pattern(word) for word in sorted(self.words, key=len, reverse=True)]
		ways += [phone_pattern(phone) for phone in sorted(phones)]
		self._pattern = re.compile("|".join(ways), re.IGNORECASE) if ways else None
		long = [_pattern(word) for word in self.words if len(word) >= _LONG]
		self._long = re.compile("|".join(long), re.IGNORECASE) if long else None
		alone = [rf"(?<!\w){_pattern(word)}(?!\w)" for word in self.words if len(word) < _LONG]
		alone += [phone_pattern(phone) for phone in sorted(phones)]
		self._alone = re.compile("|".join(alone), re.IGNORECASE) if alone else None
		self._needles = Needles({one for one in self.words if len(one) > 2} | phones)
		# States, dates and choices come again and again.
		self._of_short = lru_cache(20_000)(self._of)

	def __bool__(self) -> bool:
		return bool(self.words)

	def __call__(self, text: str) -> str:
		"""`text` without the words; the same text if none stands in it."""
		if not self._pattern or not text:
			return text
		return self._of_short(text) if len(text) < _SHORT else self._of(text)

	def _of(self, text: str) -> str:
		left = self._pattern.sub(BLACK, text) if self._pattern else text
		return BLACK if self._is_hidden_in(left) else left

	def _is_hidden_in(self, text: str) -> bool:
		if len(text) < _SHORT_TEXT:
			return False
		if self._needles.found_in(text):
			return True
		return bool(self._long and any(self._long.search(view) for view in views(text, _LONG)))

	def is_read_in(self, text: str) -> bool:
		"""Whether one of the words can be read in the text of a file; a short one as a word of its own ("Aho", not "rahoitus")."""
		return bool((self._long and self._long.search(text)) or (self._alone and self._alone.search(text)))

	def read_in(self, text: str) -> list[str]:
		"""Those of the words that can be read in the text of a file."""
		return [word for word in self.words if Blackening([word], self.region).is_read_in(text)]

	def stand_in(self, text: str) -> list[str]:
		"""Those of the words that stand in `text`."""
		return [word for word in self.words if Blackening([word], self.region)(text) != text]


def _pattern(word: str) -> str:
	parts = [part for part in re.split(r"[\s_\-\u2010-\u2015]+", word) if part]
	if not parts:
		return re.escape(word)
	# Two short words that nothing parts are one that has nothing to do with them.
	between = f"{_BETWEEN}{{{0 if len(''.join(parts)) > _LONG else 1},12}}"
	return between.join(_UNSEEN.join(_sign(one) for one in part) for part in parts)


def _sign(sign: str) -> str:
	"""One sign in all the ways in which it is written."""
	if sign.isascii() and sign.isalnum():
		return sign
	ways = set()
	for one in {sign, sign.lower(), sign.upper()}:
		ways |= {one, unicodedata.normalize("NFC", one), unicodedata.normalize("NFD", one), quote(one)}
		for letter in one:
			code = ord(letter)
			ways |= {f"&#{code};", f"&#x{code:x};"}
			if len(one) == 1 and code < 0x10000:
				ways |= {f"\\u{code:04x}"}
				ways |= {f"&{codepoint2name[code]};"} if code in codepoint2name else set()
				ways |= {f"%{code:02X}"} if code < 0x100 else set()
	return "(?:" + "|".join(re.escape(way) for way in sorted(ways, key=len, reverse=True)) + ")"
