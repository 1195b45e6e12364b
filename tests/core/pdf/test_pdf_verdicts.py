"""What a verdict tells besides yes or no: level, trust at the proven moment, and what came after each signature."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pki import PAST, REVOCATION
from sealing_house import House, flipped, plain_pdf

from signflow.core.pdf._judge import judge
from signflow.core.pdf.extend import LevelNotReached, extend
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.seal import seal_report
from signflow.core.pdf.timestamps import TimestampAuthorities
from signflow.core.pdf.validate import Verdict, validate
from signflow.core.pdf.validate import _verdict as as_verdict

DAY = timedelta(days=1)


def stamper(pki):
	return TimestampAuthorities([pki.tsa("tsa1")], pki.trust)


def stamped_at(pki, label: str, moment: datetime, level: str) -> bytes:
	"""One signature by the key `label`, made and timestamped at `moment`."""
	with pki.at(moment):
		key = pki.key(label, now=PAST)
		data = seal_report(plain_pdf(), key, reason="Sealed", now=moment)
		return extend(data, level, timestamp=stamper(pki), trust=pki.trust, now=moment).data


def verdict_on(data: bytes, trust: list[str]) -> Verdict:
	return as_verdict(judge(data, trust, None), ())


@pytest.fixture(scope="module")
def closed(pki):
	house = House()
	house.key = pki.key("seal")
	data = house.certified(normalise(plain_pdf(2)).data)
	for field in ("Signer1", "Signer2"):
		data = house.signed(data, field)
	return house.closed(data)


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_level_of_a_closed_document(level, pki, closed):
	"""Validation data and archive timestamps after the closing lock are no changes."""
	data = extend(closed, level, timestamp=stamper(pki), trust=pki.trust).data
	verdict = validate(data, trust=pki.trust)
	assert verdict.ok, verdict.problems
	signatures = [one for one in verdict.signatures if one.kind != "timestamp"]
	assert {one.level for one in signatures} == {level} and len(signatures) == 4
	assert all(bool(one.level_reason) == (level != "B-LTA") for one in signatures)
	assert {one.level for one in verdict.signatures if one.kind == "timestamp"} <= {""}
	later = {change.partition(":")[0] for change in signatures[-1].changes}
	assert later <= {"dss", "timestamp", "extensions", "saved"}
	assert bool(later) == (level != "B-B")
	assert not verdict_on(flipped(data), pki.trust).ok
	untrusted = verdict_on(data, [])
	assert not untrusted.ok and {one.level for one in untrusted.signatures} <= {"B-B", ""}


def test_changes_are_told_per_signature(pki, closed):
	changes = {one.field: one.changes for one in verdict_on(closed, pki.trust).signatures}
	assert changes["Seal"] == tuple(f"new_signature: {name}" for name in ("Closing", "Signer1", "Signer2"))
	assert changes["Signer2"] == ("new_signature: Closing",) and changes["Closing"] == ()


def test_revoked_after_the_proven_moment(pki):
	"""The timestamp is older than the revocation, so that the signature keeps its worth once that is proven."""
	data = stamped_at(pki, "revoked", REVOCATION - DAY, "B-T")
	data = extend(data, "B-LT", timestamp=stamper(pki), trust=pki.trust).data
	verdict = verdict_on(data, pki.trust)
	assert verdict.ok, verdict.problems
	assert verdict.signatures[0].level == "B-LT"
	assert not verdict_on(flipped(data), pki.trust).ok


def test_revoked_before_the_proven_moment(pki):
	data = stamped_at(pki, "revoked", REVOCATION + DAY, "B-T")
	with pytest.raises(LevelNotReached) as failed:
		extend(data, "B-LTA", timestamp=stamper(pki), trust=pki.trust)
	verdict = verdict_on(failed.value.extended.data, pki.trust)
	assert not verdict.ok and not verdict.signatures[0].trusted and verdict.signatures[0].level != "B-LTA"


def test_expired_since_the_proven_moment(pki):
	"""Validation data saves what an expired certificate signed; a timestamp alone does not."""
	saved = verdict_on(stamped_at(pki, "expired", PAST, "B-LT"), pki.trust)
	assert saved.ok and saved.signatures[0].level == "B-LT", saved.problems
	bare = verdict_on(stamped_at(pki, "expired", PAST, "B-T"), pki.trust)
	assert bare.problems == ("Seal: untrusted",)
