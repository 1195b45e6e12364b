"""A private key that stays in a PKCS#11 token (OASIS PKCS#11 3.0), reached by python-pkcs11."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


class TokenError(Exception):
	"""A token that cannot be used; `code` is one of `keys.REASONS`. Never holds the PIN."""

	def __init__(self, code: str, **params: object):
		super().__init__(code)
		self.code = code
		self.params = params


class TokenKey:
	"""The key labelled `label` in the token labelled `token` of the PKCS#11 library `module`; never printed.

	Raises TokenError.
	"""

	__slots__ = ("_label", "_module", "_pin", "_token")

	def __init__(self, module: str, token: str, label: str, pin: str):
		self._module, self._token, self._label, self._pin = module, token, label, pin

	def certificates(self) -> list[bytes]:
		"""The key's certificate in DER, found by the key's id or label, or nothing."""
		with _lock, self._opened() as (pkcs11, session, key):
			wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE}
			for attribute, value in (
				(pkcs11.Attribute.ID, key[pkcs11.Attribute.ID]),
				(pkcs11.Attribute.LABEL, self._label),
			):
				found = list(session.get_objects({**wanted, attribute: value})) if value else []
				if found:
					return [bytes(found[0][pkcs11.Attribute.VALUE])]
		return []

	def sign(self, data: bytes, digest: str, *, rsa: bool) -> bytes:
		"""Sign `data`, hashed with `digest`: RSA PKCS#1 v1.5 or ECDSA-Sig-Value in DER."""
		with _lock, self._opened() as (pkcs11, _session, key):
			if rsa != (key.key_type == pkcs11.KeyType.RSA):
				raise TokenError("key_does_not_match")
			if rsa:
				mechanism = getattr(pkcs11.Mechanism, f"{digest.upper()}_RSA_PKCS")
				return bytes(key.sign(data, mechanism=mechanism))
			# Many tokens, SoftHSM among them, know ECDSA of a hash only.
			hashed = hashlib.new(digest, data).digest()
			pair = key.sign(hashed, mechanism=pkcs11.Mechanism.ECDSA)
			return bytes(pkcs11.util.ec.encode_ecdsa_signature(pair))

	@contextmanager
	def _opened(self) -> Iterator[tuple[Any, Any, Any]]:
		"""The library, this process's session with the token, and the key.

		A login counts for the whole process (PKCS#11 5.6), hence one session per token for all its keys; it does not
		survive a fork. What fails is opened anew the next time. Errors come without their traceback, which would hold
		the PIN.
		"""
		place = self._module, self._token
		try:
			import pkcs11
			import pkcs11.util.ec
		except ImportError:
			raise TokenError("no_token_support") from None
		try:
			opened = _sessions.get(place)
			if opened is None or opened.process != os.getpid():
				library = pkcs11.lib(self._module)
				if _initialised.setdefault(self._module, os.getpid()) != os.getpid():
					library.reinitialize()
					_initialised[self._module] = os.getpid()
				session = library.get_token(token_label=self._token).open(user_pin=self._pin)
				opened = _sessions[place] = _Session(os.getpid(), session, self._pin)
			elif not hmac.compare_digest(opened.pin.encode(), self._pin.encode()):
				raise TokenError("token_unavailable", detail="PinIncorrect")
			wanted = {"object_class": pkcs11.ObjectClass.PRIVATE_KEY, "label": self._label}
			yield pkcs11, opened.session, opened.session.get_key(**wanted)
		except TokenError:
			raise
		except pkcs11.NoSuchKey:
			raise TokenError("token_unavailable", detail="NoSuchKey") from None
		except Exception as error:  # its own kinds, and RuntimeError for a library that is not there
			broken = _sessions.pop(place, None)
			if broken is not None:
				with suppress(Exception):  # it is broken, and a new one is opened anyway
					broken.session.close()
			raise TokenError("token_unavailable", detail=str(error) or type(error).__name__) from None

	def __repr__(self) -> str:
		return f"<TokenKey {self._label!r} in {self._token!r}>"

	def __reduce__(self) -> str:
		raise TypeError("a TokenKey is never pickled")


@dataclass(frozen=True)
class _Session:
	process: int
	session: Any = field(repr=False)
	pin: str = field(repr=False)


_lock = threading.Lock()
_sessions: dict[tuple[str, str], _Session] = {}
# Each library's path to the process in which it was initialised.
_initialised: dict[str, int] = {}
