"""Keys of this site for one purpose each, made from the one that encrypts its passwords."""

import hashlib
import hmac

from frappe.utils.password import get_encryption_key


def secret(purpose: str) -> bytes:
	"""A key of this site for one purpose (32 bytes)."""
	return hashlib.sha256(f"signflow\0{purpose}\0{get_encryption_key()}".encode()).digest()


def keyed_hash(purpose: str, text: str) -> str:
	"""By which a text is found again that is kept nowhere: HMAC-SHA256 as 64 hex digits."""
	return hmac.new(secret(purpose), text.encode(), hashlib.sha256).hexdigest()
