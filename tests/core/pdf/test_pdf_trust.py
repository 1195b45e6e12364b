"""Trust anchors: own certificates and an EU trusted list, made and signed here, since none may be fetched in a test."""

from __future__ import annotations

import base64
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from sealing_house import House, flipped
from signxml import methods
from signxml.xades import XAdESSigner

from signflow.core.pdf.keys import SealKey, make_test_key
from signflow.core.pdf.trust import TrustUnreadable, read_anchors, read_trust_list
from signflow.core.pdf.validate import validate

LIST = "http://uri.etsi.org/02231/v2#"
EU = "http://uri.etsi.org/TrstSvc/"


def service(name, key, kind="CA/QC", status="granted", purpose="ForeSeals", since="2024-01-01T00:00:00Z"):
	certificate = base64.b64encode(key.certificate.public_bytes(Encoding.DER)).decode()
	extension = f"""<ServiceInformationExtensions><Extension Critical="true"><AdditionalServiceInformation>
	<URI xml:lang="en">{EU}TrustedList/SvcInfoExt/{purpose}</URI></AdditionalServiceInformation></Extension>
	</ServiceInformationExtensions>"""
	return f"""<TSPService><ServiceInformation><ServiceTypeIdentifier>{EU}Svctype/{kind}</ServiceTypeIdentifier>
	<ServiceName><Name xml:lang="en">{name}</Name></ServiceName><ServiceDigitalIdentity><DigitalId>
	<X509Certificate>{certificate}</X509Certificate></DigitalId></ServiceDigitalIdentity>
	<ServiceStatus>{EU}TrustedList/Svcstatus/{status}</ServiceStatus><StatusStartingTime>{since}</StatusStartingTime>
	{extension if purpose else ""}</ServiceInformation></TSPService>"""


def trusted_list(*services):
	return f"""<?xml version="1.0" encoding="UTF-8"?>
	<TrustServiceStatusList xmlns="{LIST}" Id="list"><SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier>
	<SchemeTerritory>FI</SchemeTerritory><NextUpdate><dateTime>2027-01-01T00:00:00Z</dateTime></NextUpdate>
	</SchemeInformation><TrustServiceProviderList><TrustServiceProvider><TSPInformation><TSPName>
	<Name xml:lang="en">Testi Oy</Name></TSPName></TSPInformation><TSPServices>{"".join(services)}</TSPServices>
	</TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>""".encode()


@pytest.fixture(scope="module")
def operator():
	return SealKey.from_pkcs12(*make_test_key("Traficom"))


def signed(xml: bytes, operator: SealKey) -> bytes:
	signer = XAdESSigner(method=methods.enveloped)
	chain = [operator.certificate.public_bytes(Encoding.PEM).decode()]
	done = signer.sign(etree.fromstring(xml), key=operator._key, cert=chain, reference_uri="#list")
	return etree.tostring(done)


def test_granted_services_become_anchors(house, operator):
	xml = trusted_list(
		service("Seals of Testi", house.key),
		service("Clock of Testi", operator, kind="TSA/QTST", purpose=None),
		service("Web only", operator, purpose="ForWebSiteAuthentication"),
		service("Withdrawn", operator, status="withdrawn"),
		service("Other trade", operator, kind="EDS/Q", purpose=None),
	)
	read = read_trust_list(xml)
	assert [(one.name, one.kind) for one in read.anchors] == [
		("Seals of Testi", "ca"),
		("Clock of Testi", "tsa"),
	]
	assert read.territory == "FI" and not read.signature_checked and not read.unread
	assert not read.outdated(datetime(2026, 12, 31, tzinfo=timezone.utc))
	assert read.outdated(datetime(2027, 1, 2, tzinfo=timezone.utc))


def test_verdict_names_the_service(house, finished, operator):
	anchors = read_trust_list(trusted_list(service("Seals of Testi", house.key))).anchors
	verdict = validate(finished, trust=[one.pem for one in anchors])
	assert verdict.ok and {one.trusted_by for one in verdict.signatures} == {"Seals of Testi"}
	assert not validate(flipped(finished), trust=[one.pem for one in anchors]).ok
	others = read_trust_list(trusted_list(service("Seals of others", operator))).anchors
	verdict = validate(finished, trust=[one.pem for one in others])
	assert not verdict.ok and {one.trusted_by for one in verdict.signatures} == {""}


def test_own_certificates(house, operator, finished):
	anchors = read_anchors(house.trust[0] + operator.certificate_pem)
	assert [one.kind for one in anchors] == ["own", "own"] and anchors[0].name == house.key.subject
	verdict = validate(finished, trust=[one.pem for one in anchors])
	assert verdict.ok and verdict.signatures[0].trusted_by == house.key.subject
	for text in ("", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
		with pytest.raises(TrustUnreadable) as refused:
			read_anchors(text)
		assert refused.value.code == "not_pem"


def test_signature_of_the_list(house, operator):
	xml = signed(trusted_list(service("Seals of Testi", house.key)), operator)
	pem = operator.certificate_pem
	assert read_trust_list(xml, signers=[pem]).signature_checked
	assert read_trust_list(xml, signers=[house.trust[0], pem]).anchors
	for data, signer in {
		xml.replace(b"Seals of Testi", b"Seals of Pesti"): pem,
		xml: house.trust[0],
		trusted_list(service("Seals of Testi", house.key)): pem,
	}.items():
		with pytest.raises(TrustUnreadable) as refused:
			read_trust_list(data, signers=[signer])
		assert refused.value.code == "list_signature", refused.value


@pytest.mark.parametrize(
	"xml",
	[
		b"",
		b"hello",
		b"<a/>",
		b"\xff\xfe",
		b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
		trusted_list("<TSPService/>"),
	],
)
def test_what_is_no_list(xml):
	with pytest.raises(TrustUnreadable) as refused:
		read_trust_list(xml)
	assert refused.value.code in {"not_a_list", "no_services"} and str(refused.value)


def test_list_without_services_for_us(operator):
	with pytest.raises(TrustUnreadable) as refused:
		read_trust_list(trusted_list(service("Web", operator, purpose="ForWebSiteAuthentication")))
	assert refused.value.code == "no_services"
	assert isinstance(House().trust, list)
