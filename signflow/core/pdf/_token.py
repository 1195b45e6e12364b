"""A private key that stays in a PKCS#11 token (OASIS PKCS#11 3.0), reached by python-pkcs11."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TokenError(Exception):
	"""A token that cannot be used; `code` is one of `keys.REASONS`. Never holds the PIN."""

	def __init__(self, code: str, **params: object):
		super().__init__(code)
		self.code = code
		self.params = params


class TokenKey:
	"""The key labelled `label` in the token labelled `token` of the PKCS#11 library `module`; never printed.

	One session per process, opened at the first use and again after a fork, since sessions do not survive one (5.6
	there). Raises TokenError.
	"""

	__slots__ = ("_key", "_label", "_lock", "_module", "_pid", "_pin", "_session", "_token")

	def __init__(self, module: str, token: str, label: str, pin: str):
		self._module, self._token, self._label, self._pin = module, token, label, pin
		self._lock = threading.Lock()
		self._pid = 0
		self._session: Any = None
		self._key: Any = None

	def certificates(self) -> list[bytes]:
		"""The key's certificate in DER, found by the key's id or label, or nothing."""
		with self._lock, _token_errors():
			pkcs11 = self._open()
			wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE}
			for attribute, value in (
				(pkcs11.Attribute.ID, self._key[pkcs11.Attribute.ID]),
				(pkcs11.Attribute.LABEL, self._label),
			):
				if value:
					for found in self._session.get_objects({**wanted, attribute: value}):
						return [bytes(found[pkcs11.Attribute.VALUE])]
		return []

	def sign(self, data: bytes, digest: str, *, rsa: bool) -> bytes:
		"""Sign `data`, hashed with `digest`: RSA PKCS#1 v1.5 or ECDSA-Sig-Value in DER."""
		with self._lock, _token_errors():
			pkcs11 = self._open()
			if rsa:
				mechanism = getattr(pkcs11.Mechanism, f"{digest.upper()}_RSA_PKCS")
				return bytes(self._key.sign(data, mechanism=mechanism))
			# Many tokens, SoftHSM among them, know ECDSA of a hash only.
			hashed = hashlib.new(digest, data).digest()
			pair = self._key.sign(hashed, mechanism=pkcs11.Mechanism.ECDSA)
			return bytes(pkcs11.util.ec.encode_ecdsa_signature(pair))

	def _open(self) -> Any:
		try:
			import pkcs11
			import pkcs11.util.ec
		except ImportError:
			raise TokenError("no_token_support") from None
		if self._pid != os.getpid():
			library = pkcs11.lib(self._module)
			if self._pid:
				library.reinitialize()
			self._session = library.get_token(token_label=self._token).open(user_pin=self._pin)
			self._key = self._session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self._label)
			self._pid = os.getpid()
		return pkcs11

	def __repr__(self) -> str:
		return f"<TokenKey {self._label!r} in {self._token!r}>"

	def __reduce__(self) -> str:
		raise TypeError("a TokenKey is never pickled")


@contextmanager
def _token_errors() -> Iterator[None]:
	"""Turn what the token's library raises into TokenError, without its traceback: that would hold the PIN."""
	try:
		yield
	except TokenError:
		raise
	except Exception as error:  # its own kinds, and RuntimeError for a library that is not there
		raise TokenError("token_unavailable", detail=str(error) or type(error).__name__) from None
