"""Salted commitments: the chain holds a promise of a personal value, the value itself can be erased (GDPR 17).

A commitment is HMAC-SHA256 (RFC 2104) keyed with a salt of 256 bits over the canonical JSON of `{"v": value}`. While
the salt exists the value cannot be exchanged for another; once it is erased, the commitment tells nothing, not even
for values that are easily guessed such as a mail address.
"""

import hashlib
import hmac
import secrets

from signflow.core.errors import SignflowError, _
from signflow.core.evidence.canonical import canonical_json

SALT_BYTES = 32


def new_salt() -> bytes:
	"""Return 32 random bytes from the operating system, to be used for one value only."""
	return secrets.token_bytes(SALT_BYTES)


def commit(value: object, salt: bytes) -> str:
	"""Return the commitment to a JSON-able `value` as 64 lower-case hex digits.

	`salt` is exactly 32 bytes (HMAC pads shorter keys with zeros, so two lengths could mean one key). Raises
	SignflowError `bad_salt`, or `not_canonical` for a value that evidence cannot hold.
	"""
	if len(salt) != SALT_BYTES:
		raise SignflowError(
			"bad_salt", _("A salt has {wanted} bytes, this one {found}."), wanted=SALT_BYTES, found=len(salt)
		)
	return hmac.new(salt, canonical_json({"v": value}), hashlib.sha256).hexdigest()


def check(commitment: str, value: object, salt: bytes) -> bool:
	"""Tell, in constant time, whether `commitment` (hex) was made from `value` and `salt`.

	A salt of another length or a value that evidence cannot hold is simply False.
	"""
	try:
		made = commit(value, salt)
	except SignflowError:
		return False
	return hmac.compare_digest(made.encode(), commitment.encode("utf-8", "replace"))
