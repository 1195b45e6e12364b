"""A person's strings found in any text or bytes, in whatever form they were written down.

Known forms, alone and inside one another: capitals or not; composed or decomposed letters and ligatures (Unicode NFKC);
names without their accents; soft hyphens, zero-width signs and a hyphen at a line's end; words parted by line breaks,
commas, quotation marks or other blanks, by an empty column or the key of a JSON value; HTML entities and names split by
tags; URL escapes ("%40", "+"); JSON, JavaScript and octal escapes ("\\u00e4", "\\n", "\\x40", "%u00e4", "\\303\\244");
quoted-printable with its soft line breaks; encoded words of mail headers (RFC 2047); base64 and base64url at any offset,
in one line or many; hexadecimal; UTF-7, UTF-8, UTF-16, Windows-1252, DOS's 850, and UTF-8 once misread as Windows-1252.
Telephone numbers (E.164, "+358401234567") in every usual way of writing.

Not known: compressed or encrypted bytes (`texts_in_files` opens the usual ones), pictures, strings cut into parts that do
not follow each other. Pure.
"""

import base64
import codecs
import html
import quopri
import re
import unicodedata
from collections.abc import Iterable, Iterator
from email.header import decode_header
from urllib.parse import unquote

import phonenumbers

# So many layers of writing are taken off: base64 of a mail's HTML part whose links are URL-escaped has three.
LAYERS = 3
# All that is read of one text together, in signs: a text written to unfold without end ends here.
MOST_SIGNS = 40_000_000

_TAG = re.compile(r"<[!/?a-zA-Z][^<>]{0,4000}>")
_JSON = re.compile(
	r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([\"'\\/bfnrt]))"
)
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_PERCENT_U = re.compile(r"%u([0-9a-fA-F]{4})")
# UTF-7 (RFC 2152), and as mailboxes are named (RFC 3501, 5.1.3).
_UTF7 = re.compile(r"[+&]([A-Za-z0-9+/,]{2,})-?")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_QUOTED = re.compile(r"=(?:[0-9a-fA-F]{2}|[ \t]*\r?\n)")
_HEADER_WORD = re.compile(r"=\?[\w.-]+\?[bqBQ]\?[^?\s]*\?=(?:\s+(?==\?))?")
# Lines of one alphabet, one after the other; escaped line ends as in JSON too.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}(?:(?:\r?\n|\\r\\n|\\n|=\r?\n)[ \t]*[A-Za-z0-9+/_-]+)*")
_NOT_BASE64 = re.compile(r"\\r|\\n|[^A-Za-z0-9+/_-]")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){3,}")
_AS_LATIN_1 = "signflow.as_latin_1"
_MISREAD = re.compile(r"[\u00c2-\u00c5][\u0080-\u00bf\u0152-\u2122]")
# What Unicode lets stand inside a word unseen; \x02 and \ufffe are how PDF readers write a soft hyphen.
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff\ufffe\x02](?:\r?\n)?")
_HYPHENATED = re.compile(r"(?<=\w)-[ \t]*\r?\n[ \t]*(?=\w)")
# All bytes but the control signs that no text has.
_WRITTEN = bytes(one for one in range(256) if one >= 0x20 or one in b"\0\t\n\r\f\v")
# Blanks and marks, with an empty column between; a sign as in file names; the key of the next value in JSON.
_APART = r"[\s,;|\"'\x00-\x1f]{1,9}"
_NEXT_VALUE = r"[\"']\s{0,9},\s{0,99}[\"'][\w ]{1,40}[\"']\s{0,9}:\s{0,9}[\"']"
_WORDS_APART = rf"(?:{_APART}(?:null{_APART})?|[._+\-]|{_NEXT_VALUE})"
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_DIGITS_APART = r"[\s().\-/\u2010-\u2015]{0,3}"


class Needles:
	"""Strings to be looked for together. A string is found only where it stands by itself: "Meri" is not in "Merinen",
	nor "a@b.fi" in "xa@b.fi". Strings of fewer than three signs are refused: ValueError.
	"""

	def __init__(self, strings: Iterable[str]):
		wanted = frozenset(strings)
		if short := [one for one in wanted if len(one.strip()) < 3]:
			raise ValueError(f"{len(short)} strings are too short to be looked for")
		self._patterns = {one: re.compile(_pattern(one)) for one in sorted(wanted)}
		# Names are written without their accents too; an address with others is another's.
		self._names = re.compile(
			"|".join(f"(?:{self._patterns[one].pattern})" for one in self._patterns if _is_name(one))
			or "(?!)"
		)
		# A phone may stand without its country.
		self._shortest = min((len(one.encode()) * 2 // 3 for one in wanted), default=3)
		# To look for a string's first word before its pattern is quicker than for all patterns at once.
		self._heads = {one: _head(one) for one in self._patterns}

	def found_in(self, text: str | bytes) -> set[str]:
		"""Which of the strings stand in `text`, in any of the forms that this module knows."""
		found: set[str] = set()
		for view in views(text, self._shortest):
			found |= self._plainly_in(view)
			if len(found) == len(self._patterns):
				break
		return found

	def _plainly_in(self, text: str) -> set[str]:
		folded = _folded(text)
		hyphenated = _HYPHENATED.sub("", folded)
		found: set[str] = set()
		for one in {folded, hyphenated}:
			found |= {
				string
				for string, pattern in self._patterns.items()
				if self._heads[string] in one and pattern.search(one)
			}
			if (bare := _without_accents(one)) != one and self._names.search(bare):
				found |= {
					string
					for string, pattern in self._patterns.items()
					if _is_name(string) and pattern.search(bare)
				}
		return found


def views(text: str | bytes, shortest: int = 3) -> Iterator[str]:
	"""`text` as it stands, then with each layer of writing taken off, those beneath included; none twice.

	Runs of base64 and the like that are too short for `shortest` bytes are left alone; so is what is no text.
	"""
	# Python's hash alone is of the bytes in memory: a text of zeros between letters has the one of the text without.
	seen: set[tuple[int, int]] = set()
	left = MOST_SIGNS
	layer: list[str | bytes] = [text]
	for depth in range(LAYERS + 1):
		beneath: list[str | bytes] = []
		for one in layer:
			is_text = not isinstance(one, bytes) or _looks_written(one)
			for view in _decoded(one, is_text) if isinstance(one, bytes) else (one,):
				key = (len(view), hash(view))
				if key in seen or left <= 0:
					continue
				seen.add(key)
				left -= len(view)
				yield view
				if is_text and depth < LAYERS:
					beneath += _unwrapped(view, shortest)
		layer = beneath


def _pattern(string: str) -> str:
	if _PHONE.fullmatch(string):
		return phone_pattern(string)
	said = _WORDS_APART.join(re.escape(word) for word in _words(string))
	if "@" in string:
		# As `persons.mails_in` has it: no part of a longer mailbox or domain; a full stop may end a sentence.
		return rf"(?<![\w.+-]){said}(?![\w-]|\.\w)"
	# "marta.akerblom@other.example" is another's mailbox.
	return rf"(?<![^\W_]){said}(?![^\W_]|@)"


def _words(string: str) -> list[str]:
	"""The words of a string, as they stand in texts that are folded."""
	folded = _folded(string)
	return (_without_accents(folded) if _is_name(string) else folded).split()


def _head(string: str) -> str:
	"""What stands in each folded text that holds a string: its first word; of a telephone nothing that is sure."""
	return "" if _PHONE.fullmatch(string) else next(iter(_words(string)), "")


def _is_name(string: str) -> bool:
	return not any(sign in "@+" or sign.isdigit() for sign in string)


def phone_pattern(number: str) -> str:
	"""An expression for a telephone number (E.164) in every usual way of writing."""
	try:
		parsed = phonenumbers.parse(number)
	except phonenumbers.NumberParseException:
		return rf"(?<!\d){re.escape(number)}(?!\d)"
	own = _DIGITS_APART.join(str(parsed.national_number))
	country = _DIGITS_APART.join(str(parsed.country_code))
	apart = _DIGITS_APART
	return rf"(?<!\d)(?:(?:\+|00){apart}{country}{apart}(?:\(?0\)?{apart})?|{country}{apart}|0)?{own}(?!\d)"


def _folded(text: str) -> str:
	if text.isascii():
		return text.replace("\x02", "").casefold()
	return unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold()


def _without_accents(text: str) -> str:
	if text.isascii():
		return text
	plain = unicodedata.normalize("NFD", text)
	return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _looks_written(data: bytes) -> bool:
	"""Whether bytes are text of some kind; compressed ones, and base64 read from the wrong place, are not."""
	return len(data.translate(None, _WRITTEN)) * 30 < len(data)


def _decoded(data: bytes, is_text: bool) -> list[str]:
	"""Bytes as text: as UTF-8, else as Windows-1252; where there are zeros, as UTF-16 as well."""
	# Of letters up to ÿ the zeros are all that UTF-16 adds, whichever byte comes first and wherever it begins.
	without_zeros = data.replace(b"\0", b"")
	if not is_text:
		return [data.decode("utf-8", "replace"), without_zeros.decode("cp1252", "replace")]
	try:
		found = [data.decode("utf-8")]
	except UnicodeDecodeError:
		# Both: a file may be text of one kind around text of the other.
		found = [data.decode(one, "replace") for one in ("cp1252", "utf-8", "cp850")]
	if without_zeros != data:
		found.append(without_zeros.decode("latin-1"))
		even = data[: len(data) // 2 * 2]
		found += [even.decode("utf-16-le", "replace"), even.decode("utf-16-be", "replace")]
	return found


def _unwrapped(text: str, shortest: int) -> list[str | bytes]:
	"""What stands beneath one layer of writing, for each kind that the text has signs of."""
	found: list[str | bytes] = []
	if "<" in text and _TAG.search(text):
		found += [_TAG.sub("", text), _TAG.sub(" ", text)]
	if "&" in text and (plain := html.unescape(text)) != text:
		found.append(plain)
	if "%" in text and _PERCENT.search(text):
		found.append(unquote(text.replace("+", " "), errors="replace"))
		if "+" in text:
			found.append(unquote(text, errors="replace"))
		found.append(unquote(text, encoding="cp1252", errors="replace"))
	if "%u" in text and _PERCENT_U.search(text):
		found.append(_PERCENT_U.sub(lambda match: chr(int(match[1], 16)), text))
	if "\\" in text and _JSON.search(text):
		found += _without_escapes(text)
	if "\\" in text and _OCTAL.search(text):
		found.append(_OCTAL.sub(lambda match: chr(int(match[1], 8)), text).encode("latin-1", "replace"))
	if ("+" in text or "&" in text) and (plain := _UTF7.sub(_from_utf7, text)) != text:
		found.append(plain)
	if "=" in text and _QUOTED.search(text):
		found.append(quopri.decodestring(_bytes_of(text)))
	if "=?" in text and _HEADER_WORD.search(text):
		found.append(_HEADER_WORD.sub(_header_word, text))
	if _MISREAD.search(text):
		found.append(_reread(text))
	found += _from_base64(text, shortest)
	found += _from_hex(text, shortest)
	return [one for one in found if one and one != text]


def _bytes_of(text: str) -> bytes:
	return text.encode("utf-8", "surrogatepass")


def _without_escapes(text: str) -> list[str | bytes]:
	"""JSON often stands within JSON, and each time the backslashes double."""
	found: list[str | bytes] = []
	while len(found) < LAYERS and _JSON.search(text):
		text = _JSON.sub(_unescaped, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
		found.append(text)
	return found


def _unescaped(match: re.Match[str]) -> str:
	number = match[1] or match[2] or match[3] or match[4]
	if number:
		code = int(number, 16)
		return chr(code) if code < 0x110000 else ""
	return _SHORT_ESCAPES.get(match[5], match[5])


def _from_utf7(match: re.Match[str]) -> str:
	code = match[1].replace(",", "/")
	try:
		return base64.b64decode(code + "=" * (-len(code) % 4), validate=True).decode("utf-16-be")
	except ValueError:
		return match[0]


def _header_word(match: re.Match[str]) -> str:
	try:
		((data, charset),) = decode_header(match[0].strip())
		return data.decode(charset or "ascii", "replace") if isinstance(data, bytes) else str(data)
	except (ValueError, LookupError):
		return match[0]


def _reread(text: str) -> bytes:
	"""Bytes that somebody read as Windows-1252 or Latin-1 and that are UTF-8."""
	return text.encode("cp1252", _AS_LATIN_1)


def _as_latin_1(error: UnicodeError) -> tuple[bytes, int]:
	"""Signs that Windows-1252 has not, as Latin-1, else as UTF-8."""
	assert isinstance(error, UnicodeEncodeError)
	signs = error.object[error.start : error.end]
	parts = [sign.encode("latin-1" if sign < "\u0100" else "utf-8", "replace") for sign in signs]
	return b"".join(parts), error.end


def _from_base64(text: str, shortest: int) -> list[str | bytes]:
	"""The bytes of each run of base64. A run may begin before the code does, so it is read from each of four places."""
	parts: list[list[bytes]] = [[], [], [], []]
	for match in _BASE64.finditer(text):
		if len(match[0]) * 3 < shortest * 4:
			continue
		lines = [one.replace("-", "+").replace("_", "/") for one in _NOT_BASE64.split(match[0]) if one]
		# Together, and each alone where the first may be another's.
		alone = lines if len(lines) < 4 else lines[:1]
		for run in {"".join(lines), "".join(lines[1:]) if len(lines) < 4 else "", *alone}:
			for place in range(4):
				piece = run[place:]
				piece = piece[:-1] if len(piece) % 4 == 1 else piece
				if len(piece) >= 4:
					parts[place].append(base64.b64decode(piece + "=" * (-len(piece) % 4)))
	return [b"\n".join(one) for one in parts if one]


def _from_hex(text: str, shortest: int) -> list[str | bytes]:
	found = (match[0] for match in _HEX.finditer(text) if len(match[0]) >= 2 * shortest)
	parts = [bytes.fromhex(one) for one in found]
	return [b"\n".join(parts)] if parts else []


# The charset is loaded once and not in the middle of a search.
codecs.lookup("cp1252")
codecs.register_error(_AS_LATIN_1, _as_latin_1)
