"""A puzzle in place of a foreign captcha: a page has to spend a second's work before its answers are taken.

The puzzle is not stored: it carries its time and what it is for, under a keyed hash (RFC 2104). It is solved by a number
that makes the SHA-256 of `<puzzle>.<number>` begin with so many zero bits (hashcash, Back 2002).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

__all__ = ["BITS", "LIFETIME_SECONDS", "Puzzle", "check", "new_puzzle"]

BITS = 15
LIFETIME_SECONDS = 24 * 3600
MAX_LENGTH = 400


@dataclass(frozen=True)
class Puzzle:
	"""A puzzle as it came back: `id` is random and its own, by which a second use of it is found."""

	id: str
	made: int


def new_puzzle(key: bytes, purpose: str, now: float, id: str | None = None) -> str:
	"""Make a puzzle for `purpose` (a form's name) at `now` (seconds since 1970): `<id>.<time>.<keyed hash>`.

	`id` is a new random one, or that of an earlier puzzle, whose holder goes on with what he began.
	"""
	body = f"{id or secrets.token_hex(16)}.{int(now)}"
	return f"{body}.{_keyed(key, purpose, body)}"


def check(key: bytes, purpose: str, puzzle: str, answer: str, now: float) -> Puzzle | None:
	"""The puzzle, if it is ours, made for `purpose`, not too old, and `answer` (a number as text) solves it; else None.

	Never raises.
	"""
	if len(puzzle) > MAX_LENGTH or not answer.isascii() or not answer.isdigit() or len(answer) > 12:
		return None
	body, dot, keyed = puzzle.rpartition(".")
	if not dot or not hmac.compare_digest(_keyed(key, purpose, body).encode(), keyed.encode()):
		return None
	name, _dot, made = body.partition(".")
	if not 0 <= now - int(made) <= LIFETIME_SECONDS:
		return None
	digest = hashlib.sha256(f"{puzzle}.{answer}".encode()).digest()
	if int.from_bytes(digest[:4], "big") >> (32 - BITS):
		return None
	return Puzzle(id=name, made=int(made))


def _keyed(key: bytes, purpose: str, body: str) -> str:
	return hmac.new(key, f"puzzle\0{purpose}\0{body}".encode(), hashlib.sha256).hexdigest()
