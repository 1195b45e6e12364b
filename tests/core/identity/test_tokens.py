import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
from signflow.core.identity import matches, new_session, new_token, parse, parse_session


@given(st.from_regex(r"[A-Za-z0-9_.\-]{1,140}", fullmatch=True))
def test_a_token_comes_back_as_its_signer_and_hash(signer):
	text, kept = new_token(signer)
	assert parse(text) == (signer, kept)
	assert kept == hashlib.sha256(text[-43:].encode()).hexdigest()
	assert matches(parse(text).secret_hash, kept)
	assert not matches(new_token(signer).secret_hash, kept)


@pytest.mark.parametrize(
	"text",
	[
		"",
		".",
		"S1",
		"S1.",
		".",
		"." + "a" * 43,
		"S1." + "a" * 42,
		"S1." + "a" * 44,
		"S 1." + "a" * 43,
		"S1." + "ä" * 43,
		"S1." + "a" * 42 + "\n",
		"S1." + "a" * 43 + "\n",
		"x" * 10_000_000,
	],
)
def test_malformed_tokens_are_none(text):
	assert parse(text) is None


@given(st.text(max_size=200))
def test_parsing_never_raises(text):
	parse(text)
	parse_session(text)


@pytest.mark.parametrize("signer", ["", "a b", "a/b", "ä", "a" * 141, "a\n"])
def test_an_id_that_a_link_would_not_carry_is_refused(signer):
	with pytest.raises(SignflowError) as caught:
		new_token(signer)
	assert caught.value.code == "bad_signer_id"


def test_sessions():
	text, kept = new_session()
	assert len(text) == 43 and parse_session(text) == kept
	assert parse_session(text + "a") is None and parse_session(text[:-1] + "ä") is None
	assert new_session().text != text


def test_nothing_kept_matches_nothing():
	assert not matches("", "") and not matches("", None) and not matches("a", None) and not matches("ä", "a")
