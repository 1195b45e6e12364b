"""Certificate chains and time-stamp tokens, checked at a given moment against given anchors; nothing is fetched."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, crl, ocsp, pem, tsp, x509
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError

# ETSI TS 119 312: what a time-stamp may be made with; anything older proves nothing to us.
DIGESTS = {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}


class Untrusted(Exception):
	"""A chain that does not hold; `revoked` if it is known to have been revoked by then."""

	def __init__(self, reason: str, *, revoked: bool = False):
		super().__init__(reason)
		self.revoked = revoked


class BadToken(Exception):
	"""A time-stamp token that proves nothing, with the reason."""


@dataclass(frozen=True)
class Material:
	"""Validation data (ETSI EN 319 142-1, 5.4): certificates, OCSP responses and CRLs, all unchecked."""

	certificates: tuple[x509.Certificate, ...] = ()
	ocsps: tuple[ocsp.OCSPResponse, ...] = ()
	crls: tuple[crl.CertificateList, ...] = ()

	def __add__(self, other: Material) -> Material:
		return Material(
			self.certificates + other.certificates, self.ocsps + other.ocsps, self.crls + other.crls
		)

	def until(self, moment: datetime) -> Material:
		"""Without what was issued after `moment`: an authority may forget about a certificate once it expired."""
		return Material(
			self.certificates,
			tuple(one for one in self.ocsps if (when := issued(one)) and when <= moment),
			tuple(one for one in self.crls if (when := issued(one)) and when <= moment),
		)

	def latest(self) -> datetime | None:
		"""When the latest revocation information was issued."""
		return max((when for one in (*self.ocsps, *self.crls) if (when := issued(one))), default=None)


def issued(data: ocsp.OCSPResponse | crl.CertificateList) -> datetime | None:
	"""When an OCSP response or CRL was issued, aware; None for one that says nothing or is nonsense."""
	try:
		if isinstance(data, ocsp.OCSPResponse):
			answers = data.basic_ocsp_response["tbs_response_data"]["responses"]
			times = [one["this_update"].native for one in answers]
		else:
			times = [data["tbs_cert_list"]["this_update"].native]
		return max((time for time in times if time.tzinfo is not None), default=None)
	except Exception:  # foreign DER: asn1crypto raises ValueError, KeyError, TypeError and more
		return None


def anchors(trust: Iterable[str]) -> list[x509.Certificate]:
	"""The certificates in PEM texts, parsed to the end. Raises ValueError for what is none."""
	found = []
	for text in filter(str.strip, trust):
		for _type, _headers, der in pem.unarmor(text.encode(), multiple=True):
			certificate = x509.Certificate.load(der)
			certificate.native  # noqa: B018  parsed lazily: a broken anchor must show here
			found.append(certificate)
	return found


@dataclass(frozen=True)
class Chain:
	"""A certificate with those that came with it; with `stamping` it must be fit for time-stamps (RFC 3161, 2.3)."""

	certificate: x509.Certificate
	others: tuple[x509.Certificate, ...]
	stamping: bool = False

	def path(
		self, roots: Sequence[x509.Certificate], *, at: datetime, material: Material
	) -> tuple[x509.Certificate, ...]:
		"""The path from the anchor down to the certificate, valid at `at` (aware); RFC 5280, 6.

		Only what `material` shows to have been revoked by then is refused; missing or old revocation data is
		not. Raises Untrusted.
		"""
		material = material.until(self.certificate.not_valid_after)
		try:
			return self._built(roots, at, material, "soft-fail")
		except (
			Untrusted
		) as error:  # the library takes data that has grown old for a failure, in this mode too
			if error.revoked:
				raise
		path = self._built(roots, at, Material(material.certificates), "soft-fail")
		latest = material.latest()
		if latest is not None and latest < at:
			try:
				self._built(roots, latest, material, "require")
			except Untrusted as error:
				if error.revoked:
					raise
		return path

	def proven_path(
		self, roots: Sequence[x509.Certificate], *, at: datetime, material: Material
	) -> tuple[x509.Certificate, ...]:
		"""The path, of which `material` shows that no certificate below the anchor was revoked at `at`.

		By OCSP or CRL, issued before the certificate expired. Where that fails since a responder's certificate
		is younger than `at`: a path valid and not revoked when the latest data was issued was so at `at`.
		Raises Untrusted.
		"""
		material = material.until(self.certificate.not_valid_after)
		try:
			return self._built(roots, at, material, "require")
		except Untrusted as error:
			latest = material.latest()
			if error.revoked or latest is None or latest <= at:
				raise
			try:
				path = self._built(roots, latest, material, "require")
			except Untrusted:
				raise error from None
			if any(one.not_valid_before > at for one in path):
				raise
			return path

	def _built(
		self, roots: Sequence[x509.Certificate], at: datetime, material: Material, revocation: str
	) -> tuple[x509.Certificate, ...]:
		try:
			context = ValidationContext(
				trust_roots=list(roots),
				other_certs=[*self.others, *material.certificates],
				moment=at,
				ocsps=list(material.ocsps),
				crls=list(material.crls),
				revocation_mode=revocation,
				retroactive_revinfo=True,
			)
			checker: Any = CertificateValidator(
				self.certificate, list(self.others), validation_context=context
			)
			usage = {"time_stamping"} if self.stamping else None
			path: Any = asyncio.run(
				checker.async_validate_usage(set(), usage, extended_optional=not self.stamping)
			)
		except RevokedError as error:
			raise Untrusted(_said(error), revoked=True) from error
		except Exception as error:  # the library's own errors and, for odd certificates, many others
			raise Untrusted(_said(error)) from error
		if self.stamping and not _stamps_only(self.certificate):
			raise Untrusted("the certificate is not reserved for time-stamping")
		return tuple(path)


def _said(error: Exception) -> str:
	return (" ".join(str(error).split()) or type(error).__name__)[:300]


def _stamps_only(certificate: x509.Certificate) -> bool:
	for extension in certificate["tbs_certificate"]["extensions"]:
		if extension["extn_id"].native == "extended_key_usage":
			return bool(extension["critical"].native) and extension["extn_value"].native == ["time_stamping"]
	return False


@dataclass(frozen=True)
class Token:
	"""A time-stamp token (RFC 3161, 2.4.2) whose own signature holds; its chain is not checked yet."""

	time: datetime
	digest: str
	nonce: int | None
	chain: Chain

	@property
	def ends(self) -> datetime:
		"""When the TSA's certificate expires, aware."""
		end: datetime = self.chain.certificate.not_valid_after
		return end


def check_token(signed_data: cms.SignedData, imprint: Callable[[str], bytes]) -> Token:
	"""Check a token against the data that it must be over; `imprint` hashes these with the digest it is given.

	The signature over the token, its signing-certificate attribute (RFC 5816) and its message imprint are
	checked. Raises BadToken.
	"""
	try:
		content = signed_data["encap_content_info"]
		if content["content_type"].native != "tst_info":
			raise BadToken("not a time-stamp token")
		info: tsp.TSTInfo = content["content"].parsed
		signer = extract_signer_info(signed_data)
		found = extract_certs_for_validation(signed_data)
		within: str = signer["digest_algorithm"]["algorithm"].native
		over: str = info["message_imprint"]["hash_algorithm"]["algorithm"].native
		if not {within, over} <= DIGESTS:
			raise BadToken(f"made with a digest that has aged ({within}, {over})")
		digest = hashlib.new(within, bytes(content["content"])).digest()
		intact, valid = validate_sig_integrity(signer, found.signer_cert, "tst_info", digest)
		same = info["message_imprint"]["hashed_message"].native == imprint(over)
		time = info["gen_time"].native
		chain = Chain(found.signer_cert, tuple(found.other_certs), stamping=True)
		token = Token(time, over, info["nonce"].native, chain)
	except BadToken:
		raise
	except Exception as error:  # foreign DER
		raise BadToken(_said(error)) from error
	if not (intact and valid):
		raise BadToken("its signature is not valid")
	if not same:
		raise BadToken("it is over other data")
	return token
