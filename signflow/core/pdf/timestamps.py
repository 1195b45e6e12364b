"""Time-stamps from time-stamping authorities over HTTP (RFC 3161), several in order, every answer checked.

A hung, dead or lying authority costs its time limit and no more: the next one is asked.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from asn1crypto import algos, cms, core, tsp
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation

from ..errors import SignflowError, _
from ._chains import DIGESTS, BadToken, Material, Untrusted, anchors, check_token
from ._fetch import FetchFailed, fetch, shown
from .cms import Timestamper

__all__ = ["Authority", "TimestampAuthorities", "TimestampUnavailable", "Timestamper", "certificate_ends"]

MOST_BYTES = 1 << 16
HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


class _Response(core.Sequence):  # type: ignore[misc]
	"""RFC 3161, 2.4.2: a refusal carries no token, which asn1crypto's own class demands."""

	_fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


class TimestampUnavailable(SignflowError):
	"""No authority gave a usable time-stamp; `detail` says what each of them did."""

	def __init__(self, detail: str):
		super().__init__("timestamp_unavailable", _("No time-stamp could be had: {detail}"), detail=detail)


@dataclass(frozen=True)
class Authority:
	"""A TSA's address and, where it asks for them, user and password (HTTP basic authentication, RFC 7617)."""

	url: str
	user: str = ""
	password: str = field(default="", repr=False)


class TimestampAuthorities:
	"""Asks the TSAs in order; to be called with the bytes to be stamped, returns the token's DER.

	`trust` are PEM texts: a TSA's chain must lead to one of them at the time that it states (revocation is
	checked when the level is raised to B-LT). `seconds` bounds each try, so that one stamp takes at most
	len(authorities) × tries × seconds. Who failed is asked last for `rest` seconds. `digest` is sha256, sha384
	or sha512 (ETSI TS 119 312). May be shared by threads.
	"""

	def __init__(
		self,
		authorities: Sequence[Authority | str],
		trust: Sequence[str],
		*,
		seconds: float = 5,
		tries: int = 2,
		rest: float = 60,
		digest: str = "sha256",
	):
		if digest not in DIGESTS:
			raise ValueError(f"{digest} is not fit for a time-stamp")
		self._authorities = [Authority(one) if isinstance(one, str) else one for one in authorities]
		self._roots = anchors(trust)
		self._seconds = seconds
		self._tries = tries
		self._rest = rest
		self._digest = digest
		self._failed: dict[Authority, float] = {}

	def __call__(self, data: bytes) -> bytes:
		"""The DER of a checked TimeStampToken over `data`. Raises TimestampUnavailable."""
		imprint = hashlib.new(self._digest, data).digest()
		said: dict[Authority, str] = {}
		asked = self._in_order()
		for _try in range(self._tries):
			for authority in list(asked):
				try:
					token = self._ask(authority, imprint, data)
				except FetchFailed as error:
					said[authority] = str(error)
					self._failed[authority] = time.monotonic()
					if not error.again:
						asked.remove(authority)
				else:
					self._failed.pop(authority, None)
					return token
		each = "; ".join(f"{shown(authority.url)}: {reason}" for authority, reason in said.items())
		raise TimestampUnavailable(each or "no time-stamping authority is set")

	def _in_order(self) -> list[Authority]:
		resting = time.monotonic() - self._rest
		return sorted(self._authorities, key=lambda one: self._failed.get(one, resting) > resting)

	def _ask(self, authority: Authority, imprint: bytes, data: bytes) -> bytes:
		nonce = secrets.randbits(63) | 1 << 62
		algorithm = algos.DigestAlgorithm({"algorithm": self._digest})
		request = tsp.TimeStampReq(
			{
				"version": 1,
				"message_imprint": {"hash_algorithm": algorithm, "hashed_message": imprint},
				"nonce": nonce,
				"cert_req": True,
			}
		)
		login = (authority.user, authority.password) if authority.user else None
		answer = fetch(
			authority.url,
			body=request.dump(),
			headers=HEADERS,
			login=login,
			seconds=self._seconds,
			most_bytes=MOST_BYTES,
		)
		try:
			return self._checked(answer, nonce, data)
		except (BadToken, Untrusted) as error:
			raise FetchFailed(str(error), again=False) from error

	def _checked(self, answer: bytes, nonce: int, data: bytes) -> bytes:
		try:
			response = _Response.load(answer, strict=True)
			status = response["status"]["status"].native
			texts = response["status"]["status_string"].native or []
			granted = status in {"granted", "granted_with_mods"}
			token = response["time_stamp_token"]
			der: bytes = token.dump() if granted else b""
			signed_data = token["content"] if granted else None
		except Exception as error:  # asn1crypto raises ValueError, TypeError and others on foreign DER
			raise BadToken("the answer is not a time-stamp response") from error
		if not granted:
			raise BadToken(f"refused ({status})" + (f": {' '.join(texts)}"[:200] if texts else ""))
		found = check_token(signed_data, lambda name: hashlib.new(name, data).digest())
		if found.digest != self._digest:
			raise BadToken(f"it is made with {found.digest} instead of {self._digest}")
		if found.nonce != nonce:
			raise BadToken("it answers another request (nonce)")
		found.chain.path(self._roots, at=found.time, material=Material())
		return der


def certificate_ends(token: bytes) -> datetime:
	"""When the certificate of the TSA that made `token` (DER) expires, aware UTC. Raises ValueError."""
	try:
		found = extract_certs_for_validation(cms.ContentInfo.load(token)["content"])
		end: datetime = found.signer_cert.not_valid_after
	except Exception as error:  # foreign DER
		raise ValueError("not a time-stamp token with its certificate") from error
	return end.astimezone(timezone.utc)
