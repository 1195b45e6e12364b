"""What a verdict tells besides yes or no: level, trust at the proven moment, and what came after each signature."""

from __future__ import annotations

import pytest
from sealing_house import House, flipped, plain_pdf
from test_pdf_levels import DAY, PAST, REVOCATION, stamped_at, stamper

from signflow.core.pdf._judge import judge
from signflow.core.pdf.extend import extend
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.validate import Verdict, validate
from signflow.core.pdf.validate import _verdict as as_verdict


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


def test_revoked_before_and_after_the_proven_moment(pki):
	assert verdict_on(stamped_at(pki, "revoked", REVOCATION - DAY), pki.trust).signatures
	before = verdict_on(stamped_at(pki, "revoked", REVOCATION - DAY), pki.trust)
	held = extend(stamped_at(pki, "revoked", REVOCATION - DAY), "B-LT", timestamp=stamper(pki), trust=pki.trust)
	verdict = verdict_on(held.data, pki.trust)
	assert verdict.signatures[0].trusted and verdict.signatures[0].level == "B-LT", verdict.problems
	assert before.signatures[0].level == "B-T"


def test_expired_certificate_is_judged_at_the_proven_moment(pki):
	verdict = verdict_on(stamped_at(pki, "expired", PAST, "B-LT"), pki.trust)
	assert verdict.signatures[0].intact
