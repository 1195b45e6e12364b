"""Secrets that travel in links and cookies: 256 random bits each, of which only the SHA-256 is kept.

An invitation is `<signer id>.<secret>`, so that the row is found by its id and the secret compared in constant time.
Plain SHA-256 without a salt is enough, as 256 random bits cannot be guessed (NIST SP 800-63B, 5.1.2.2).
"""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

from signflow.core.errors import SignflowError, _

SECRET_BYTES = 32
SECRET_LENGTH = 43
MAX_ID_LENGTH = 140
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_ID = re.compile(r"[A-Za-z0-9_.\-]{1,140}")


class NewToken(NamedTuple):
	"""A token as it is sent (`text`, never stored) and as it is kept (`secret_hash`, 64 hex digits)."""

	text: str
	secret_hash: str


class Token(NamedTuple):
	"""A token that came in: whose it says to be, and the SHA-256 of its secret as 64 hex digits."""

	signer_id: str
	secret_hash: str


def new_token(signer_id: str) -> NewToken:
	"""Make an invitation for a signer; the id has 1 to 140 letters, digits, `-`, `_` or `.`.

	Raises SignflowError `bad_signer_id` for another id, as it would not survive a link.
	"""
	if not _ID.fullmatch(signer_id):
		raise SignflowError(
			"bad_signer_id", _("A signer's id in a link has only letters, digits, dots and dashes.")
		)
	secret = secrets.token_urlsafe(SECRET_BYTES)
	return NewToken(f"{signer_id}.{secret}", _digest(secret))


def parse(text: str) -> Token | None:
	"""Take an invitation apart; None for anything malformed or longer than a token can be. Never raises."""
	if len(text) > MAX_ID_LENGTH + 1 + SECRET_LENGTH:
		return None
	signer_id, dot, secret = text.rpartition(".")
	if not dot or not _ID.fullmatch(signer_id) or not _SECRET.fullmatch(secret):
		return None
	return Token(signer_id, _digest(secret))


def new_session() -> NewToken:
	"""Make a session: 43 url-safe characters for the cookie, their SHA-256 to keep."""
	secret = secrets.token_urlsafe(SECRET_BYTES)
	return NewToken(secret, _digest(secret))


def parse_session(text: str) -> str | None:
	"""Return the SHA-256 (hex) of a session secret that came in, None if malformed. Never raises."""
	return _digest(text) if len(text) == SECRET_LENGTH and _SECRET.fullmatch(text) else None


def matches(secret_hash: str, kept_hash: str | None) -> bool:
	"""Tell in constant time whether two hashes are the same; False if none (or an empty one) is kept."""
	kept = (kept_hash or "").encode("utf-8", "replace")
	return hmac.compare_digest(secret_hash.encode("utf-8", "replace"), kept) and bool(kept)


def _digest(secret: str) -> str:
	return hashlib.sha256(secret.encode("ascii")).hexdigest()
