"""Made-up values in place of people's: the same original gives the same made-up value everywhere, and nothing leads back.

Everything rests on words. A keyed hash chooses a made-up word for each word, so that "Maija", "Maija Virtanen" and
"maija.virtanen@…" stay in step without anybody saying that they belong together; different words get different ones,
so that keys stay unique. The key lives as long as the object.

Nothing made up can reach a person: mail addresses end in .example (RFC 2606), telephone numbers begin with 00 after the
country code, personal identity codes have an individual number of 900 to 999, which is given to nobody for good, business
IDs begin with 9 and IBANs with a bank code of 9, neither of which is in use. Their check digits are right.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from html import escape
from html.parser import HTMLParser

WORD = re.compile(r"[^\W_]+")
# A mail address inside text; what stands around it is left to other patterns.
MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@(?:[\w-]+\.)+[\w-]{2,}")
IDENTITY_CODE = re.compile(
	r"(?<![\w])(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(\d\d)([-+A-FU-Ya-fu-y])(\d{3})([\dA-FHJ-NPR-Ya-fhj-npr-y])(?![\w])"
)
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d\d(?: ?[\dA-Z]){11,30}(?!\w)")
_CODES = re.compile(f"{MAIL.pattern}|{IDENTITY_CODE.pattern}|{IBAN.pattern}")
_TAGS = frozenset(
	(
		"a abbr b blockquote body br caption center code col colgroup dd div dl dt em figure font footer h1 h2 h3 h4 h5 h6"
		" head header hr html i img li main ol p pre q s section small span strong sub sup table tbody td tfoot th thead"
		" tr u ul"
	).split()
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:\w+|#\d+);")
_TRUNK_PHONE = re.compile(r"(?=[+0])(?<![\w.,/-])(?:\+|00)?\d(?:[\s()-]?\d){6,14}(?!\w)")
_DIGITS = re.compile(r"\b\d+\b")
_GROUPED = re.compile(r"\d+(?:[\s()./-]{1,3}\d+)*")
_MOST_GROUPS = 8
KEPT_WORDS = frozenset(
	"oy ab oyj ky ry rf rp tmi ltd limited inc corp llc gmbh ag kg sa srl bv as aps plc".split()
)
_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CONSONANTS, _VOWELS = "hjklmnprstv", "aeiou"


class MadeUp:
	"""The made-up counterparts of original values, by one key that is thrown away with the object."""

	def __init__(self, key: bytes | None = None):
		self._key = key or secrets.token_bytes(32)
		self._words: dict[str, str] = {}
		self._taken: set[str] = set()
		self._numbers: dict[str, str] = {}
		self._numbers_taken: set[str] = set()

	def _draw(self, purpose: str, value: str, turn: int = 0) -> int:
		text = f"{purpose}\0{value}\0{turn}".encode()
		return int.from_bytes(hmac.digest(self._key, text, "sha256")[:16], "big")

	# Words

	def word(self, original: str) -> str:
		"""A made-up word, written as the original is (ABC, Abc, abc); no two words share one."""
		folded = original.casefold()
		made = self._words.get(folded)
		if made is None:
			made = self._words[folded] = self._new_word(folded)
		if original.isupper() and len(original) > 1:
			return made.upper()
		return made.capitalize() if original[:1].isupper() else made

	def _new_word(self, folded: str) -> str:
		syllables = min(max((len(folded) + 1) // 2, 2), 5)
		turn = 0
		while True:
			drawn = self._draw("word", folded, turn)
			letters = []
			for _place in range(syllables + turn // 20):
				drawn, which = divmod(drawn, len(_CONSONANTS))
				letters.append(_CONSONANTS[which])
				drawn, which = divmod(drawn, len(_VOWELS))
				letters.append(_VOWELS[which])
			made = "".join(letters)
			if made not in self._taken and made != folded and made not in KEPT_WORDS:
				self._taken.add(made)
				return made
			turn += 1

	def name(self, original: str) -> str:
		"""A made-up name, word by word; forms of companies and short numbers stay ("Rantakodit Oy 2")."""
		return WORD.sub(lambda found: self._name_word(found[0]), original)

	def _name_word(self, word: str) -> str:
		if word.casefold() in KEPT_WORDS or (word.isdigit() and len(word) < 5):
			return word
		return self.word(word)

	def fitting(self, made: str, original: str, most: int = 140) -> str:
		"""`made`, or if it is longer than `most` as much of it as fits and something that keeps it apart from others."""
		if len(made) <= most:
			return made
		return f"{made[: most - 11]} {self._draw('long', original) % 16**10:010x}"

	# Addresses, numbers and codes

	def mail(self, original: str) -> str:
		"""A made-up mail address under .example; the same for all ways of writing capitals."""
		local, _at, domain = original.lower().rpartition("@")
		return f"{WORD.sub(lambda found: self.word(found[0]), local)}@{self.word(domain)}.example"

	def phone(self, original: str) -> str:
		"""A telephone number that nobody can have, the same for all ways of grouping its digits."""
		return f"+358 00 {self._number('phone', _significant(original), 9)}"

	def _number(self, purpose: str, value: str, length: int) -> str:
		place = f"{purpose}\0{value}"
		turn = 0
		while place not in self._numbers:
			made = f"{self._draw(purpose, value, turn) % 10**length:0{length}d}"
			if f"{purpose}\0{made}" not in self._numbers_taken:
				self._numbers_taken.add(f"{purpose}\0{made}")
				self._numbers[place] = made
			turn += 1
		return self._numbers[place]

	def identity_code(self, original: str) -> str:
		"""A Finnish personal identity code of a person who is not (individual number 900 to 999), its check right."""
		drawn = self._draw("identity", original.upper())
		born = self._day(drawn)
		number = 900 + drawn // 7**13 % 100
		digits = f"{born:%d%m%y}{number}"
		sign = "-" if born.year < 2000 else "A"
		return f"{digits[:6]}{sign}{number}{_CHECK[int(digits) % 31]}"

	def birth_date(self, original: date) -> date:
		"""A made-up date of birth of a grown-up."""
		return self._day(self._draw("born", original.isoformat()))

	@staticmethod
	def _day(drawn: int) -> date:
		return date(1945, 1, 1) + timedelta(days=drawn % 21000)

	def business_id(self, original: str) -> str:
		"""A Finnish business ID that is not in use; with FI before it where a VAT number had it."""
		bare = re.sub(r"\W", "", original).upper()
		is_vat = bare.startswith("FI")
		key = bare.removeprefix("FI")
		for turn in range(1000):
			digits = f"9{self._draw('business', key, turn) % 10**6:06d}"
			rest = sum(int(d) * weight for d, weight in zip(digits, (7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
			if rest != 1:
				check = 0 if rest == 0 else 11 - rest
				return f"FI{digits}{check}" if is_vat else f"{digits}-{check}"
		raise AssertionError("unreachable")

	def iban(self, original: str) -> str:
		"""A Finnish IBAN of a bank that is not, its check right."""
		key = re.sub(r"\W", "", original).upper()
		account = f"9{self._number('iban', key, 13)}"
		return f"FI{98 - int(account + '151800') % 97:02d}{account}"

	def digits(self, original: str) -> str:
		"""The same text with other digits, as for addresses and numbers of no known kind."""
		return re.sub(r"\d", lambda found: str(self._draw("digits", original, found.start()) % 10), original)

	def choice(self, original: str, options: Iterable[str]) -> str:
		"""One of `options`, by the original."""
		wanted = [option for option in options if option]
		return wanted[self._draw("choice", original) % len(wanted)] if wanted else ""

	def hexadecimal(self, purpose: str, original: str) -> str:
		"""32 hexadecimal digits, as for names of files."""
		return f"{self._draw(purpose, original):032x}"

	# Texts

	def text(self, original: str) -> str:
		"""Every word, number and code of a text replaced, so that nothing said in it is left; tags of HTML stay."""
		return _by_parts(original, self._plain_text)

	def addresses(self, original: str) -> str:
		"""Mail addresses of a list of recipients replaced, and the names beside them ("Maija Meri <maija@posti.fi>")."""
		return self._patterns(original, self.name)

	def _plain_text(self, original: str) -> str:
		def rest(text: str) -> str:
			made, end = [], 0
			# Other digits in place of a telephone number's might be somebody's.
			for found in _TRUNK_PHONE.finditer(text):
				made += [self._words_of(text[end : found.start()]), self.phone(found[0])]
				end = found.end()
			return "".join([*made, self._words_of(text[end:])])

		return self._patterns(original, rest)

	def _words_of(self, text: str) -> str:
		return WORD.sub(lambda found: self._any_word(found[0]), text)

	def _any_word(self, word: str) -> str:
		if word.isdigit():
			return self.digits(word)
		return word if word.casefold() in KEPT_WORDS else self.word(word)

	def _patterns(self, text: str, rest: Callable[[str], str]) -> str:
		"""Mail addresses, identity codes and IBANs replaced by their like; what is between them by `rest`."""
		made, end = [], 0
		for found in _CODES.finditer(text):
			made.append(rest(text[end : found.start()]))
			piece = found[0]
			if "@" in piece:
				made.append(self.mail(piece))
			elif IDENTITY_CODE.fullmatch(piece):
				made.append(self.identity_code(piece))
			else:
				made.append(self.iban(piece))
			end = found.end()
		made.append(rest(text[end:]))
		return "".join(made)

	def scrubbed(self, original: str, known: "Known") -> str:
		"""A text of which only what speaks of people is replaced: addresses, codes, and the names and numbers `known`."""

		def rest(text: str) -> str:
			return self._known_names(self._known_phones(text, known), known)

		return self._patterns(original, rest)

	def _known_phones(self, text: str, known: "Known") -> str:
		groups = list(_DIGITS.finditer(text))
		made, end, place = [], 0, 0
		while place < len(groups):
			for length in range(min(_MOST_GROUPS, len(groups) - place), 0, -1):
				run = groups[place : place + length]
				piece = text[run[0].start() : run[-1].end()]
				if _GROUPED.fullmatch(piece) and _significant(piece) in known.phones:
					made += [text[end : run[0].start()].removesuffix("+"), self.phone(piece)]
					end = run[-1].end()
					place += length - 1
					break
			place += 1
		return "".join([*made, text[end:]])

	def _known_names(self, text: str, known: "Known") -> str:
		words = list(WORD.finditer(text))
		made, end, place = [], 0, 0
		while place < len(words):
			for length in range(min(known.longest, len(words) - place), 0, -1):
				run = words[place : place + length]
				if tuple(word[0].casefold() for word in run) in known.names:
					made.append(text[end : run[0].start()])
					made.append(self.name(text[run[0].start() : run[-1].end()]))
					end = run[-1].end()
					place += length - 1
					break
			place += 1
		return "".join([*made, text[end:]])


class Known:
	"""Names and telephone numbers of people that stand in their own fields, to be found in other texts."""

	def __init__(self) -> None:
		self.names: set[tuple[str, ...]] = set()
		self.phones: set[str] = set()
		self.longest = 0

	def add_name(self, name: str) -> None:
		"""A full name, in either order; a single word is none, since it would be found everywhere."""
		words = tuple(word.casefold() for word in WORD.findall(name))
		if 2 <= len(words) <= 6 and not all(word.isdigit() for word in words):
			self.names |= {words, tuple(reversed(words))}
			self.longest = max(self.longest, len(words))

	def add_phone(self, phone: str) -> None:
		"""A telephone number of at least seven digits."""
		if len(digits := _significant(phone)) >= 6:
			self.phones.add(digits)


def _significant(phone: str) -> str:
	"""A number's digits without country code and trunk prefix: 0501234567, +358 50 1234567 and 00358… are one."""
	digits = re.sub(r"\D", "", phone)
	return re.sub(r"^(00358|358|0)+", "", digits) if len(digits) > 6 else digits


class _Parts(HTMLParser):
	"""HTML taken apart: what is said, and the tags without their attributes, which may say something too."""

	def __init__(self, replace: Callable[[str], str]):
		super().__init__(convert_charrefs=True)
		self._replace, self.made, self._silent = replace, list[str](), 0

	def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
		if tag in ("script", "style"):
			self._silent += 1
		else:
			self._tag(tag, f"<{tag}>")

	def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
		self._tag(tag, f"<{tag}>")

	def handle_endtag(self, tag: str) -> None:
		if tag in ("script", "style"):
			self._silent = max(0, self._silent - 1)
		else:
			self._tag(tag, f"</{tag}>")

	def _tag(self, tag: str, written: str) -> None:
		if self._silent:
			return
		# "<maija@posti.fi>" is no tag.
		self.made.append(written if tag in _TAGS else escape(self._replace(written), quote=False))

	def handle_data(self, data: str) -> None:
		if not self._silent:
			self.made.append(escape(self._replace(data), quote=False))


def _by_parts(text: str, replace: Callable[[str], str]) -> str:
	if not _TAG.search(text):
		return replace(text)
	parts = _Parts(replace)
	parts.feed(text)
	parts.close()
	return "".join(parts.made)
