"""Fixtures of the evidence tests: seal keys of the test's own and a request's parts."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from evidence_story import SHA, Key, Parts, small_story


@pytest.fixture(scope="session")
def key() -> Key:
	return Key(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="session")
def other_key() -> Key:
	return Key(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="session")
def rsa_key() -> Key:
	return Key(rsa.generate_private_key(65537, 2048))


@pytest.fixture
def parts() -> Parts:
	revisions = [
		{"revision": number, "sha256": SHA[number - 1], "parent": SHA[number - 2] if number > 1 else None}
		for number in (1, 2, 3)
	]
	return Parts(
		request={"name": "SR-1", "title": "Sopimus", "state": "Completed"},
		house={"name": "Testi Oy"},
		documents=[{"name": "D1", "title": "Sopimus.pdf", "revisions": revisions}],
		signers=[{"name": "S1", "state": "Signed"}],
		story=small_story(),
	)
