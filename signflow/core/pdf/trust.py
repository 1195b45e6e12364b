"""Trust anchors for `validate`: an own CA as PEM, or the services of an EU trusted list (ETSI TS 119 612, v2.1.1 on).

A list is read by pyHanko (extra "etsi"). Of its services those count that are granted today: CA/QC for electronic
signatures or seals, and QTST, whose certificates become anchors under their service's name. What a service was
granted for in the past is not looked at, nor the qualifications that single out some of a CA's certificates: an
anchor says who vouches, not that a signature is qualified.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..errors import Refused, _, described

LIST = "http://uri.etsi.org/02231/v2#"

REASONS: dict[str, str] = {
	"not_pem": _("The file holds no certificate in PEM form."),
	"not_a_list": _("The file is not a trusted list (ETSI TS 119 612): {detail}."),
	"list_signature": _(
		"The trusted list is not signed by the given certificate, or was changed ({detail})."
	),
	"no_services": _("The trusted list names no granted service for signatures, seals or timestamps."),
}


class TrustUnreadable(Refused):
	"""A file of trust anchors that cannot be used; `code` is one of the keys of REASONS."""

	reasons = REASONS


@dataclass(frozen=True)
class Anchor:
	"""A certificate that is trusted as it is. `name` is its service's or, of an own CA, its subject."""

	name: str
	kind: Literal["own", "ca", "tsa"]
	certificate_pem: str

	@property
	def pem(self) -> str:
		"""For `validate`, which reports the line above the certificate as `trusted_by` (RFC 7468, 2)."""
		return f"{self.name}\n{self.certificate_pem}"


@dataclass(frozen=True)
class TrustList:
	"""What a trusted list says: whose it is ("FI"), how long it holds, if its signature was checked, its anchors.

	`unread` are services that could not be understood and are left out.
	"""

	territory: str
	next_update: datetime | None
	signature_checked: bool
	anchors: tuple[Anchor, ...]
	unread: tuple[str, ...] = ()

	def outdated(self, now: datetime | None = None) -> bool:
		"""Whether its time is over (TS 119 612, 5.3.15); such a list must be fetched anew. `now` is aware."""
		return self.next_update is None or self.next_update < (now or datetime.now(timezone.utc))


def read_anchors(text: str) -> tuple[Anchor, ...]:
	"""The certificates in a PEM text, each an anchor of its own. Raises TrustUnreadable: not_pem."""
	try:
		blocks = pem.unarmor(text.encode(), multiple=True)
		return tuple(_anchor(der, None, "own") for kind, _headers, der in blocks if kind == "CERTIFICATE")
	except ValueError as error:
		raise TrustUnreadable("not_pem") from error


def read_trust_list(xml: bytes, *, signers: Sequence[str] = ()) -> TrustList:
	"""The anchors of a trusted list. `signers` are PEM certificates of its operator, as the EU's list of lists names
	them: the list must then be signed by one of them (XAdES), and only what is signed is read.

	Without `signers` the signature is NOT checked: whoever hands over the file vouches for it. Raises
	TrustUnreadable: not_a_list, list_signature, no_services, not_pem.
	"""
	from pyhanko.sign.validation.qualified.eutl_parse import trust_list_to_registry_unsafe

	operators = [anchor.certificate_pem for text in signers for anchor in read_anchors(text)]
	try:
		signed = _signed_part(xml, operators) if operators else xml
		# The parser is handed text, in which a declaration of the encoding is an error.
		text = re.sub(r"^\s*<\?xml[^>]*\?>", "", signed.decode("utf-8-sig"))
		registry = _registry()
		_read, errors = trust_list_to_registry_unsafe(text, registry)
		territory, next_update = _scheme(text)
	except TrustUnreadable:
		raise
	except Exception as error:  # XML, data binding and certificates raise their own kinds
		raise TrustUnreadable("not_a_list", detail=described(error)) from error
	anchors = tuple(dict.fromkeys(registry.anchors))
	if not anchors:
		raise TrustUnreadable("no_services")
	unread = tuple(str(error)[:160] for error in errors)
	return TrustList(territory, next_update, bool(operators), anchors, unread)


def _signed_part(xml: bytes, operators: list[str]) -> bytes:
	"""The list as one of its operators signed it (TS 119 612, 5.7: XAdES, enveloped)."""
	from signxml import xades
	from signxml.exceptions import SignXMLException

	library: Any = xades
	wanted = library.XAdESSignatureConfiguration(expect_references=True)
	reason = ""
	for operator in operators:
		try:
			found = library.XAdESVerifier().verify(xml, x509_cert=operator, expect_config=wanted)
		except SignXMLException as error:
			reason = str(error)
			continue
		for part in found:
			if part.signed_xml is not None and part.signed_xml.tag == f"{{{LIST}}}TrustServiceStatusList":
				return bytes(part.signed_data)
		reason = "the signature covers something else"
	raise TrustUnreadable("list_signature", detail=reason[:160])


def _registry() -> Any:
	"""Collects what pyHanko reads: granted now (no end of validity), for signatures, seals or timestamps."""
	from pyhanko.sign.validation.qualified.tsp import QcCertType, TSPRegistry

	class Registry(TSPRegistry):
		def __init__(self) -> None:
			super().__init__()
			self.anchors: list[Anchor] = []

		def register_ca(self, ca_service_info: Any) -> None:
			if ca_service_info.base_info.additional_info_certificate_type & {
				QcCertType.QC_ESIGN,
				QcCertType.QC_ESEAL,
			}:
				self._add(ca_service_info.base_info, "ca")

		def register_tst(self, qtst_service_info: Any) -> None:
			self._add(qtst_service_info.base_info, "tsa")

		def _add(self, info: Any, kind: Literal["ca", "tsa"]) -> None:
			if info.valid_until is None:
				self.anchors += [_anchor(one.dump(), info.service_name, kind) for one in info.provider_certs]

	return Registry()


def _anchor(der: bytes, name: str | None, kind: Literal["own", "ca", "tsa"]) -> Anchor:
	certificate = x509.load_der_x509_certificate(der)
	one_line = " ".join((name or certificate.subject.rfc4514_string()).replace("-----", "").split())
	return Anchor(one_line, kind, certificate.public_bytes(Encoding.PEM).decode())


def _scheme(text: str) -> tuple[str, datetime | None]:
	from lxml import etree  # type: ignore[import-untyped]

	parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
	scheme = etree.fromstring(text.encode(), parser=parser).find(f"{{{LIST}}}SchemeInformation")
	territory = scheme.findtext(f"{{{LIST}}}SchemeTerritory") or ""
	when = scheme.findtext(f"{{{LIST}}}NextUpdate/{{{LIST}}}dateTime")
	# Python 3.10 does not know "Z".
	return territory.strip(), datetime.fromisoformat(when.strip().replace("Z", "+00:00")) if when else None
