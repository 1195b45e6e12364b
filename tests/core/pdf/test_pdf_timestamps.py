"""Time-stamps: asked for over real HTTP, refused unless they are over our data, by a trusted TSA, in time."""

from __future__ import annotations

import subprocess
import time
from datetime import datetime, timedelta, timezone

import pytest
from asn1crypto import cms
from pki import NEAR, dead_address

from signflow.core.pdf.timestamps import (
	Authority,
	TimestampAuthorities,
	TimestampUnavailable,
	certificate_ends,
)

DATA = b"what is to be stamped"
SECONDS = 0.6
BAD = {
	"hang": "no answer within",
	"drip": "no answer within",
	"flood": "more than",
	"error": "HTTP 500",
	"nonsense": "not a time-stamp response",
	"refusal": "quota used up",
	"elsewhere": "HTTP 302",
	"locked": "HTTP 401",
	"other-digest": "other data",
	"wrong-nonce": "nonce",
	"wrong-key": "signature is not valid",
	"aged": "has aged (sha1",
	"not-a-tsa": "",
	"rogue": "",
}


def authorities(pki, *labels, **options):
	urls = [
		label if "/" in str(label) or isinstance(label, Authority) else pki.tsa(label) for label in labels
	]
	return TimestampAuthorities(urls, pki.trust, **{"seconds": SECONDS, "tries": 1, **options})


def info_of(token):
	return cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed.native


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_good_token(pki, digest):
	token = authorities(pki, "tsa1", seconds=5, digest=digest)(DATA)
	info = info_of(token)
	assert info["message_imprint"]["hash_algorithm"]["algorithm"] == digest
	assert abs(info["gen_time"] - datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_a_second_judge_agrees(pki, tmp_path):
	(tmp_path / "token").write_bytes(authorities(pki, "tsa1", seconds=5)(DATA))
	(tmp_path / "root.pem").write_text(pki.trust[0])
	for data, holds in ((DATA, True), (DATA + b"!", False)):
		(tmp_path / "data").write_bytes(data)
		command = "openssl ts -verify -token_in -in token -data data -CAfile root.pem".split()
		judged = subprocess.run(
			command, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
		)
		assert ("Verification: OK" in judged.stdout + judged.stderr) == holds == (judged.returncode == 0)


def test_when_its_certificate_ends(pki):
	token = authorities(pki, "tsa2", seconds=5)(DATA)
	left = certificate_ends(token) - datetime.now(timezone.utc)
	assert NEAR - timedelta(hours=1) < left <= NEAR
	with pytest.raises(ValueError):
		certificate_ends(b"nothing")


@pytest.mark.parametrize("label", BAD)
def test_a_bad_authority_is_passed_over(pki, label):
	asked = authorities(pki, label, "tsa1", seconds=2 if label == "flood" else SECONDS)
	began = time.monotonic()
	assert info_of(asked(DATA))["version"] == "v1"
	assert time.monotonic() - began < 2 * SECONDS + 2
	with pytest.raises(TimestampUnavailable) as failed:
		authorities(pki, label, seconds=2 if label == "flood" else SECONDS)(DATA)
	assert BAD[label] in str(failed.value) and pki.tsa(label) in str(failed.value)


def test_all_dead(pki):
	began = time.monotonic()
	with pytest.raises(TimestampUnavailable) as failed:
		authorities(pki, dead_address(), "hang", "error", tries=2)(DATA)
	assert time.monotonic() - began < 3 * SECONDS + 2
	assert failed.value.code == "timestamp_unavailable"
	for said in ("could not be reached", "no answer within", "HTTP 500"):
		assert said in str(failed.value)
	with pytest.raises(TimestampUnavailable):
		authorities(pki)(DATA)


def test_tried_again_only_when_that_may_help(pki):
	for label, times in {"error": 3, "wrong-nonce": 1, "locked": 1}.items():
		pki.asked.clear()
		with pytest.raises(TimestampUnavailable):
			authorities(pki, label, tries=3, seconds=5)(DATA)
		assert pki.asked.count(f"/{label}") == times


def test_who_failed_is_asked_last_for_a_while(pki):
	stamps = authorities(pki, "error", "tsa1", seconds=5)
	pki.asked.clear()
	for _ in range(3):
		stamps(DATA)
	assert pki.asked == ["/error"] + ["/good/tsa/tsa1"] * 3
	impatient = authorities(pki, "error", "tsa1", seconds=5, rest=0)
	pki.asked.clear()
	for _ in range(2):
		impatient(DATA)
	assert pki.asked == ["/error", "/good/tsa/tsa1"] * 2


def test_password(pki):
	locked = Authority(pki.tsa("locked"), "testi", "salainen")
	assert info_of(authorities(pki, locked, seconds=5)(DATA))
	wrong = Authority(pki.tsa("locked"), "testi", "salaisempi")
	with pytest.raises(TimestampUnavailable) as failed:
		authorities(pki, wrong, seconds=5)(DATA)
	assert "HTTP 401" in str(failed.value)
	assert "salai" not in repr(wrong) + str(failed.value)
	with pytest.raises(TimestampUnavailable) as failed:
		authorities(pki, "http://testi:salainen@127.0.0.1:1/tsa?key=salainen")(DATA)
	assert "salainen" not in str(failed.value)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/", "nonsense/", "http:///"])
def test_odd_addresses(pki, address):
	with pytest.raises(TimestampUnavailable):
		authorities(pki, address)(DATA)


def test_weak_digests_are_not_offered(pki):
	with pytest.raises(ValueError):
		authorities(pki, "tsa1", digest="sha1")
