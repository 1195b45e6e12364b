"""Fetches what can be had about the revocation of certificates: OCSP (RFC 6960) and CRLs (RFC 5280), by HTTP."""

from __future__ import annotations

import time
from dataclasses import dataclass

from asn1crypto import crl, ocsp, x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.ocsp import OCSPRequestBuilder

from ._chains import Material, issued
from ._fetch import FetchFailed, fetch, shown


@dataclass(frozen=True)
class Limits:
	"""Bounds for all that is fetched for one file: seconds for one answer and altogether, bytes altogether."""

	seconds: float = 10
	total_seconds: float = 60
	total_bytes: int = 20 << 20


class RevocationData:
	"""OCSP responses and CRLs by HTTP within `limits`, each fetched once; failures are kept for the message."""

	def __init__(self, limits: Limits):
		self._limits = limits
		self._end = time.monotonic() + limits.total_seconds
		self._left = limits.total_bytes
		self._answers: dict[tuple[str, bytes | None], bytes | None] = {}
		self.failures: list[str] = []

	def about(self, subject: x509.Certificate, issuer: x509.Certificate, *, use_crl: bool) -> Material:
		"""What can be had about the revocation of `subject`: OCSP, or its CRLs without that or if told so.

		Nothing of it is checked yet.
		"""
		found = () if use_crl else tuple(self._ocsps(subject, issuer))
		if not found:
			return Material(crls=tuple(self._crls(subject)))
		responders = [
			one
			for response in found
			for one in response.basic_ocsp_response["certs"] or ()
			if one.issuer == issuer.subject and one.ocsp_no_check_value is None
		]
		return Material(ocsps=found, crls=tuple(one for each in responders for one in self._crls(each)))

	def _ocsps(self, subject: x509.Certificate, issuer: x509.Certificate) -> list[ocsp.OCSPResponse]:
		urls = [url for url in subject.ocsp_urls if url.startswith(("http://", "https://"))]
		if not urls:
			return []
		builder = OCSPRequestBuilder().add_certificate(
			load_der_x509_certificate(subject.dump()),
			load_der_x509_certificate(issuer.dump()),
			SHA1(),
		)
		body = builder.build().public_bytes(Encoding.DER)
		for url in urls:
			answer = self._get(url, body, {"Content-Type": "application/ocsp-request"})
			if answer is None:
				continue
			try:
				response = ocsp.OCSPResponse.load(answer, strict=True)
				status = response["response_status"].native
				if status == "successful" and issued(response):
					return [response]
				self.failures.append(f"{shown(url)}: {status}")
			except Exception as error:  # foreign DER
				self.failures.append(f"{shown(url)}: not what it should be ({type(error).__name__})")
		return []

	def _crls(self, subject: x509.Certificate) -> list[crl.CertificateList]:
		found = []
		for point in subject.crl_distribution_points:
			url = point.url
			answer = self._get(url, None, {}) if url else None
			if answer is None:
				continue
			try:
				one = crl.CertificateList.load(answer, strict=True)
				if not issued(one):
					raise ValueError("not a CRL")
				found.append(one)
			except Exception as error:  # foreign DER
				self.failures.append(f"{shown(url)}: not what it should be ({type(error).__name__})")
		return found

	def _get(self, url: str, body: bytes | None, headers: dict[str, str]) -> bytes | None:
		asked = (url, body)
		if asked in self._answers:
			return self._answers[asked]
		seconds = min(self._limits.seconds, self._end - time.monotonic())
		answer = None
		try:
			if seconds <= 0 or self._left <= 0:
				raise FetchFailed("the limits for this document are used up")
			answer = fetch(url, body=body, headers=headers, seconds=seconds, most_bytes=self._left)
			self._left -= len(answer)
		except FetchFailed as error:
			self.failures.append(f"{shown(url)}: {error}")
		self._answers[asked] = answer
		return answer
