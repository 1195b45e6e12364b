"""Levels are reached by what the file shows, judged by three; whoever takes a proof away takes the level with it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import time
from datetime import datetime, timedelta, timezone

import pytest
import requests
from asn1crypto import tsp
from pki import NEAR, PAST, REVOCATION, dead_address
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps.api import TimeStamper
from sealing_house import FIELDS, House, OtherJudges, altered, flipped, plain_pdf, signature_page
from test_pdf_attacks import replace_text
from test_pdf_attacks_structure import info_title

from signflow.core.pdf._chains import anchors
from signflow.core.pdf._levels import REASONS, levels_of, signed_fields
from signflow.core.pdf.extend import (
	ExtendRefused,
	LevelNotReached,
	Limits,
	add_timestamp,
	archive_due,
	extend,
	renew,
)
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.prepare import prepare
from signflow.core.pdf.seal import append_signature, certify, close, seal_report
from signflow.core.pdf.timestamps import TimestampAuthorities, TimestampUnavailable

DAY = timedelta(days=1)


def now() -> datetime:
	return datetime.now(timezone.utc)


def stamper(pki, *labels, **options):
	urls = [label if "/" in label else pki.tsa(label) for label in labels or ("tsa1",)]
	return TimestampAuthorities(urls, pki.trust, **options)


def levels(data, trust, at=None):
	reader = PdfFileReader(io.BytesIO(data), strict=False)
	standings = levels_of(reader, signed_fields(reader), anchors(trust), now=at)
	for standing in standings.values():
		assert not standing["reason"] or standing["reason"].split(": ")[0] in REASONS
	return standings


def short(data, trust, at=None):
	"""What the level of each signature is, the document time-stamps left out."""
	return {
		field: standing["level"]
		for field, standing in levels(data, trust, at).items()
		if not field.startswith("Timestamp")
	}


def report(key, at=None):
	"""A document of one signature."""
	return seal_report(plain_pdf(), key, reason="Sealed", now=at)


@pytest.fixture(scope="session")
def pki_house(pki):
	house = House()
	house.key = pki.key("seal")
	house.trust = pki.trust
	return house


@pytest.fixture(scope="session")
def closed(pki_house):
	"""Certified, signed by three and locked."""
	data = pki_house.certified(normalise(plain_pdf(2)).data)
	for field in FIELDS:
		data = pki_house.signed(data, field)
	return pki_house.closed(data)


@pytest.fixture(scope="session")
def sealed(pki_house):
	"""One signature, B-B."""
	return report(pki_house.key)


@pytest.fixture(scope="session")
def archived(pki, sealed):
	"""One signature, B-LTA; its TSA's certificate ends in nine days."""
	return extend(sealed, "B-LTA", timestamp=stamper(pki, "tsa2"), trust=pki.trust)


class Judges:
	"""Ours and two others over a file with document time-stamps."""

	def __init__(self, house, folder):
		self.house = house
		self.file = folder / "judged.pdf"

	def ours(self, data):
		return self.house.verdict(data).ok

	def pdfsig(self, data, signatures):
		"""Poppler does not judge document time-stamps: it says so, and of them it must not say more."""
		self.file.write_bytes(data)
		command = ["pdfsig", "-nocert", str(self.file)]
		shown = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
		stamps = len(levels(data, [])) - signatures
		return (
			shown.count("Signature is Valid.") == signatures
			and shown.count("not yet been verified") == stamps
		)


@pytest.fixture
def judges(pki_house, tmp_path):
	return Judges(pki_house, tmp_path)


@pytest.fixture
def third(pki, tmp_path):
	return OtherJudges(tmp_path, pki.trust[0])


def test_every_level_of_a_locked_document(pki, closed, judges, third):
	data = closed
	for level, stamps, proven in (("B-B", 0, 0), ("B-T", 1, 0), ("B-LT", 1, 1), ("B-LTA", 2, 1)):
		done = extend(data, level, timestamp=stamper(pki), trust=pki.trust)
		assert done.data.startswith(data) and b"/ModDate" not in done.data[len(closed) :]
		data = done.data
		assert done.level == level and set(short(data, pki.trust).values()) == {level}
		assert done.timestamps == tuple(f"Timestamp{number + 1}" for number in range(stamps))
		# The seal by OCSP, the intermediate and the TSA by the root's CRL.
		assert (done.ocsps, done.crls) == (proven, proven)
		assert judges.ours(data) and judges.pdfsig(data, 5) and third.pdfsignerpy(data, 5 + stamps)
		twin = flipped(data)
		assert not judges.ours(twin) and not judges.pdfsig(twin, 5)
		assert not third.pdfsignerpy(twin, 5 + stamps)
		assert set(short(twin, pki.trust).values()) == {""}
		with pytest.raises(ExtendRefused) as refused:
			extend(twin, "B-LTA", timestamp=stamper(pki), trust=pki.trust)
		assert refused.value.code == "not_intact"
	assert extend(data, "B-LTA", timestamp=stamper(pki, dead_address()), trust=pki.trust) == done


def test_a_change_that_the_library_lets_through_is_not_extended(pki, closed):
	with pytest.raises(ExtendRefused) as refused:
		extend(altered(closed, info_title), "B-LTA", timestamp=stamper(pki), trust=pki.trust)
	assert refused.value.code == "not_intact"


def test_at_once_and_without_trust(pki, archived):
	assert short(archived.data, pki.trust) == {"Seal": "B-LTA"}
	assert short(archived.data, []) == {"Seal": "B-B"}


class Wire(TimeStamper):
	"""pyHanko's client over our own server."""

	def __init__(self, url):
		super().__init__(include_nonce=True)
		self.url = url

	async def async_request_tsa_response(self, req):
		answer = requests.post(
			self.url, req.dump(), headers={"Content-Type": "application/timestamp-query"}, timeout=10
		)
		return tsp.TimeStampResp.load(answer.content)


def stamped_signature(pki, label="tsa1", field="Signed", *, rogue=False):
	"""A signature with a signature-time-stamp of its own, made by pyHanko."""
	meta = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
	key = SimpleSigner.load_pkcs12_data(pki.pkcs12("seal", rogue=rogue), [], b"secret")
	signer = PdfSigner(meta, key, timestamper=Wire(pki.tsa(label)), new_field_spec=SigFieldSpec(field))
	output = io.BytesIO()
	signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(plain_pdf())), output=output)
	return output.getvalue()


def test_signature_timestamp(pki, judges, third):
	data = stamped_signature(pki)
	standing = levels(data, pki.trust)["Signed"]
	assert standing["level"] == "B-T" and abs(standing["proved"] - now()) < timedelta(minutes=5)
	done = extend(data, "B-LT", timestamp=stamper(pki, dead_address()), trust=pki.trust)
	assert done.level == "B-LT" and done.timestamps == ()
	assert judges.ours(done.data) and third.pdfsignerpy(done.data, 1)
	done = extend(done.data, "B-LTA", timestamp=stamper(pki), trust=pki.trust)
	assert done.level == "B-LTA" and done.timestamps == ("Timestamp1",)
	assert judges.ours(done.data) and judges.pdfsig(done.data, 1) and third.pdfsignerpy(done.data, 2)
	twin = flipped(done.data)
	assert not judges.ours(twin) and not judges.pdfsig(twin, 1) and not third.pdfsignerpy(twin, 2)


def test_signature_timestamp_of_an_unknown_authority(pki):
	data = stamped_signature(pki, "rogue")
	standing = levels(data, pki.trust)["Signed"]
	assert standing["level"] == "B-B" and standing["reason"].startswith("timestamp_untrusted")
	assert standing["proved"] is None and standing["trusted"]


def test_document_timestamp_of_an_unknown_authority(pki, sealed):
	root = pki.pem("root", rogue=True)
	data = add_timestamp(sealed, TimestampAuthorities([pki.tsa("rogue")], [root]))
	assert short(data, pki.trust) == {"Seal": "B-B"}
	assert not levels(data, pki.trust)["Timestamp1"]["trusted"]
	assert short(data, [*pki.trust, root]) == {"Seal": "B-T"}


@pytest.mark.parametrize(
	"label, ocsps, crls",
	[("seal", 1, 1), ("seal-ec", 1, 1), ("crl-only", 0, 2)],
	ids=lambda value: str(value),
)
def test_where_the_revocation_data_comes_from(label, ocsps, crls, pki):
	done = extend(report(pki.key(label)), "B-LT", timestamp=stamper(pki), trust=pki.trust)
	assert (done.level, done.ocsps, done.crls) == ("B-LT", ocsps, crls) and done.certificates >= 4


@pytest.mark.parametrize(
	"label, reason",
	[("mute", "no_validation_data"), ("unknown", "no_validation_data"), ("revoked", "revoked")],
)
def test_what_cannot_be_proven_is_not_claimed(label, reason, pki):
	key = pki.key(label, now=PAST)
	with pytest.raises(LevelNotReached) as failed:
		extend(report(key), "B-LTA", timestamp=stamper(pki), trust=pki.trust)
	reached = failed.value.extended
	assert reached.level == "B-T" and failed.value.params["wanted"] == "B-LTA"
	assert failed.value.params["reached"] == "B-T"
	standing = levels(reached.data, pki.trust)["Seal"]
	assert standing["level"] == "B-T" and standing["reason"].split(": ")[0] == reason
	assert standing["trusted"] == (label != "revoked")


def test_a_self_signed_seal_stays_at_t(pki, house):
	trust = [*pki.trust, *house.trust]
	data = report(house.key)
	assert extend(data, "B-T", timestamp=stamper(pki), trust=trust).level == "B-T"
	for level in ("B-LT", "B-LTA"):
		with pytest.raises(LevelNotReached) as failed:
			extend(data, level, timestamp=stamper(pki), trust=trust)
		assert failed.value.extended.level == "B-T" and "self_signed" in str(failed.value)
		assert failed.value.extended.ocsps == failed.value.extended.crls == 0


def test_a_stranger_is_not_lifted(pki):
	data = stamped_signature(pki, field="Theirs", rogue=True)
	data = append_signature(data, pki.key("seal"), field="Ours", reason="", stamp=None)
	with pytest.raises(LevelNotReached) as failed:
		extend(data, "B-LT", timestamp=stamper(pki), trust=pki.trust)
	assert "Theirs" in str(failed.value)
	done = extend(data, "B-LTA", timestamp=stamper(pki), trust=pki.trust, foreign=["Theirs"])
	assert done.level == "B-LTA"
	assert short(done.data, pki.trust) == {"Theirs": "B-T", "Ours": "B-LTA"}
	assert not levels(done.data, pki.trust)["Theirs"]["trusted"]


def stamped_at(pki, label, moment, level="B-T"):
	with pki.at(moment):
		data = report(pki.key(label, now=PAST), moment)
		return extend(data, level, timestamp=stamper(pki), trust=pki.trust, now=moment).data


def test_revoked_after_signing(pki):
	data = stamped_at(pki, "revoked", REVOCATION - DAY)
	done = extend(data, "B-LTA", timestamp=stamper(pki), trust=pki.trust)
	standing = levels(done.data, pki.trust)["Seal"]
	assert standing["level"] == "B-LTA" and standing["trusted"]
	assert REVOCATION - 2 * DAY < standing["proved"] < REVOCATION


def test_revoked_before_signing(pki):
	data = stamped_at(pki, "revoked", REVOCATION + DAY)
	with pytest.raises(LevelNotReached) as failed:
		extend(data, "B-LTA", timestamp=stamper(pki), trust=pki.trust)
	assert failed.value.extended.level == "B-T" and "revoked" in str(failed.value)
	standing = levels(failed.value.extended.data, pki.trust)["Seal"]
	assert not standing["trusted"] and standing["reason"].startswith("revoked")
	known = failed.value.extended.data  # says so itself from now on
	with pytest.raises(LevelNotReached) as failed:
		extend(known, "B-LTA", timestamp=stamper(pki), trust=pki.trust)
	assert failed.value.extended.data == known


@pytest.mark.parametrize("level, trusted", [("B-T", False), ("B-LT", True), ("B-LTA", True)])
def test_expired_since(level, trusted, pki):
	data = stamped_at(pki, "expired", PAST, level)
	standing = levels(data, pki.trust)["Seal"]
	assert standing["trusted"] == trusted and standing["level"] == level, standing
	if level == "B-T":  # its issuer need not know about it any more
		with pytest.raises(LevelNotReached) as failed:
			extend(data, "B-LT", timestamp=stamper(pki), trust=pki.trust)
		assert failed.value.extended.level == "B-T"


def test_expired_without_any_proof(pki):
	data = report(pki.key("expired", now=PAST), PAST)
	standing = levels(data, pki.trust)["Seal"]
	assert standing["level"] == "B-B" and not standing["trusted"]
	assert levels(data, pki.trust, PAST)["Seal"]["trusted"]
	late = extend(data, "B-T", timestamp=stamper(pki), trust=pki.trust).data
	assert not levels(late, pki.trust)["Seal"]["trusted"]


def test_an_archive_ends_with_its_authority_unless_renewed(pki, archived, judges, third):
	later = now() + 20 * DAY
	assert archived.archive_expires == archive_due(archived.data)
	assert NEAR - DAY < archive_due(archived.data) - now() <= NEAR
	assert short(archived.data, pki.trust) == {"Seal": "B-LTA"}
	assert short(archived.data, pki.trust, later) == {"Seal": "B-B"}
	done = renew(archived.data, timestamp=stamper(pki), trust=pki.trust)
	assert done.data.startswith(archived.data) and done.level == "B-LTA"
	assert done.archive_expires > later and len(done.timestamps) == 3
	assert short(done.data, pki.trust, later) == {"Seal": "B-LTA"}
	assert levels(done.data, pki.trust, later)["Timestamp1"]["trusted"]
	assert judges.ours(done.data) and judges.pdfsig(done.data, 1) and third.pdfsignerpy(done.data, 4)
	twin = flipped(done.data)
	assert not judges.ours(twin) and not judges.pdfsig(twin, 1) and not third.pdfsignerpy(twin, 4)
	with pytest.raises(ExtendRefused) as refused:
		renew(archived.data, timestamp=stamper(pki), trust=pki.trust, now=later)
	assert refused.value.code == "no_archive"


def test_an_aged_digest_is_due_at_once(pki, sealed):
	def stamped(data):
		imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(data).digest()}
		request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True})
		answer = requests.post(pki.tsa("aged"), request.dump(), timeout=10)
		return tsp.TimeStampResp.load(answer.content)["time_stamp_token"].dump()

	data = add_timestamp(sealed, stamped)
	assert archive_due(data) < now() < archive_due(add_timestamp(sealed, stamper(pki)))
	assert short(data, pki.trust) == {"Seal": "B-B"}


def test_nothing_to_renew(pki, sealed):
	assert archive_due(sealed) is None
	for data in (sealed, extend(sealed, "B-LT", timestamp=stamper(pki), trust=pki.trust).data):
		with pytest.raises(ExtendRefused) as refused:
			renew(data, timestamp=stamper(pki), trust=pki.trust)
		assert refused.value.code == "no_archive"


def test_a_proof_taken_away_takes_its_level(pki, archived):
	data = archived.data
	last = data.rindex(b"/DocTimeStamp")
	without_archive = data[: data.rindex(b"%%EOF", 0, last) + 6]
	assert short(without_archive, pki.trust) == {"Seal": "B-LT"}
	store = without_archive.rindex(b"/DSS")
	for found in (without_archive, data):
		place = found.index(b"stream", found.index(b"endobj", store)) + 200
		changed = found[:place] + bytes([found[place] ^ 1]) + found[place + 1 :]
		assert short(changed, pki.trust)["Seal"] in {"B-LT", "B-T"} if found is without_archive else {"B-T"}
		if found is data:
			assert not levels(changed, pki.trust)["Timestamp2"]["trusted"]


def test_any_changed_byte_that_counts_costs_the_level(pki, archived):
	"""One bit at many places, those of the last token's padding left out: no proof survives, nothing is raised."""
	data = archived.data
	end = data.rindex(b"/Contents <")
	for place in range(97, end, end // 60):
		changed = data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]
		try:
			found = levels(changed, pki.trust)
		except (PdfError, ValueError, KeyError, IndexError):  # the reader's: not a file any more
			continue
		assert found.get("Seal", {"level": ""})["level"] != "B-LTA", place


def test_revocation_data_of_others_proves_nothing(pki):
	"""A store full of honest answers about another certificate is none for this one."""
	data = extend(stamped_signature(pki), "B-LT", timestamp=stamper(pki), trust=pki.trust).data
	data = append_signature(data, pki.key("mute"), field="Mute", reason="", stamp=None)
	with pytest.raises(LevelNotReached) as failed:
		extend(data, "B-LT", timestamp=stamper(pki), trust=pki.trust)
	assert short(failed.value.extended.data, pki.trust) == {"Signed": "B-LTA", "Mute": "B-T"}
	assert failed.value.extended.level == "B-T"


def test_what_gains_nothing_is_not_kept(pki, sealed):
	strange = TimestampAuthorities([pki.tsa("rogue")], [pki.pem("root", rogue=True)])
	with pytest.raises(LevelNotReached) as failed:
		extend(sealed, "B-T", timestamp=strange, trust=pki.trust)
	assert failed.value.extended.level == "B-B" and failed.value.extended.data == sealed
	assert "timestamp_untrusted" in str(failed.value)


def test_a_hung_authority_costs_its_limit_only(pki, sealed):
	began = time.monotonic()
	done = extend(sealed, "B-T", timestamp=stamper(pki, "hang", "tsa1", seconds=0.5), trust=pki.trust)
	assert done.level == "B-T" and time.monotonic() - began < 4


def test_all_authorities_dead(pki, sealed, archived):
	dead = stamper(pki, dead_address(), "error", seconds=0.5)
	with pytest.raises(TimestampUnavailable):
		extend(sealed, "B-LTA", timestamp=dead, trust=pki.trust)
	with pytest.raises(TimestampUnavailable):
		renew(
			extend(archived.data, "B-LTA", timestamp=dead, trust=pki.trust).data,
			timestamp=broken,
			trust=pki.trust,
		)
	once = iter([stamper(pki), dead])
	with pytest.raises(LevelNotReached) as failed:
		extend(sealed, "B-LTA", timestamp=lambda data: next(once)(data), trust=pki.trust)
	assert failed.value.extended.level == "B-LT" and "HTTP 500" in str(failed.value)
	assert short(failed.value.extended.data, pki.trust) == {"Seal": "B-LT"}


def broken(data):
	raise TimestampUnavailable("none at all")


def test_a_hung_responder_costs_its_limit_only(pki, sealed):
	limits = Limits(seconds=0.5, total_seconds=3)
	with pki.hushed("/good/ocsp"):
		began = time.monotonic()
		done = extend(sealed, "B-LT", timestamp=stamper(pki), trust=pki.trust, limits=limits)
		assert (done.level, done.ocsps, done.crls) == ("B-LT", 0, 2)
		with pytest.raises(LevelNotReached) as failed:
			extend(report(pki.key("seal-ec")), "B-LT", timestamp=stamper(pki), trust=pki.trust, limits=limits)
		assert time.monotonic() - began < 6
	assert failed.value.extended.level == "B-T"
	assert "no answer within" in str(failed.value)


def test_bytes_and_time_altogether_are_bounded(pki, sealed):
	for limits in (Limits(total_bytes=300), Limits(total_seconds=0)):
		with pytest.raises(LevelNotReached) as failed:
			extend(sealed, "B-LT", timestamp=stamper(pki), trust=pki.trust, limits=limits)
		assert failed.value.extended.level == "B-T"


def test_refusals(pki, sealed):
	for data in (b"%PDF-1.7 nothing", plain_pdf(), b""):
		with pytest.raises((ExtendRefused, LevelNotReached)):
			extend(data, "B-T", timestamp=stamper(pki), trust=pki.trust)
	with pytest.raises(ExtendRefused):
		archive_due(b"%PDF-1.7 nothing")
	with pytest.raises(ValueError):
		extend(sealed, "B-X", timestamp=stamper(pki), trust=pki.trust)
	with pytest.raises(ValueError):
		extend(sealed, "B-T", timestamp=stamper(pki), trust=["no certificate"])


def test_a_token_larger_than_usual(pki, sealed, monkeypatch):
	monkeypatch.setattr("signflow.core.pdf.extend.RESERVED", (512, 16384))
	data = add_timestamp(sealed, stamper(pki))
	assert short(data, pki.trust) == {"Seal": "B-T"}


def test_what_was_changed_is_not_stamped(pki, pki_house):
	"""A change that the certification forbids, under a further honest signature."""
	data = certify(prepare(normalise(plain_pdf()).data, signature_page()), pki_house.key, reason="Sealed")
	changed = close(altered(data, replace_text), pki_house.key, reason="Closed")
	with pytest.raises(ExtendRefused) as refused:
		extend(changed, "B-T", timestamp=stamper(pki), trust=pki.trust)
	assert "Seal" in str(refused.value)
