"""One-time codes by mail or text message: six digits, ten minutes, five tries (NIST SP 800-63B, 5.1.3 and 5.2.2).

A code is bound to the session that asked for it, so that a code alone, read out of somebody's mailbox, opens nothing.
The tries are counted on the signer by the caller, whatever address they come from.
"""

import hashlib
import hmac
import secrets
import unicodedata

CODE_DIGITS = 6
CODE_LIFETIME_SECONDS = 600
MAX_TRIES = 5
_MAX_TYPED = 64


def make_code() -> str:
	"""Return six random decimal digits as text, leading zeros kept."""
	return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def typed_code(text: str) -> str | None:
	"""Return the six digits that somebody typed or pasted as ASCII, or None if it is no code.

	Spaces, dashes and invisible marks are skipped; full-width, Arabic and all other decimal digits of Unicode count.
	"""
	if len(text) > _MAX_TYPED:
		return None
	digits = []
	for letter in text:
		kind = unicodedata.category(letter)
		if kind == "Nd":
			digits.append(str(unicodedata.decimal(letter)))
		elif kind not in ("Zs", "Pd", "Cf") and letter not in "\t\r\n\u2212":
			return None
	return "".join(digits) if len(digits) == CODE_DIGITS else None


def hash_code(code: str, *, salt: bytes, session: str) -> str:
	"""Return HMAC-SHA256 keyed with `salt` over session and code, as 64 hex digits; only this is kept.

	`session` is the stored hash of the session that asked for the code. Raises ValueError for a salt under 16 bytes.
	"""
	if len(salt) < 16:
		raise ValueError("a salt for codes has at least 16 bytes")
	bound = len(session.encode()).to_bytes(4, "big") + session.encode() + code.encode()
	return hmac.new(salt, bound, hashlib.sha256).hexdigest()


def check_code(typed: str, *, code_hash: str, salt: bytes, session: str) -> bool:
	"""Tell in constant time whether what was `typed` is the code behind `code_hash` for this session.

	Knows no clock and no tries: the caller counts the try before it asks, and checks the age first.
	"""
	code = typed_code(typed)
	made = hash_code(code or "", salt=salt, session=session)
	return hmac.compare_digest(made.encode(), code_hash.encode("utf-8", "replace")) and code is not None
