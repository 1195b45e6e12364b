import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
from signflow.core.evidence import canonical_json, check, commit, load, new_salt

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
	st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
	lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
	max_leaves=12,
)


def test_keys_are_sorted_by_utf16_as_rfc_8785_3_2_3_says():
	assert canonical_json({"\ufb33": 1, "\U0001f600": 2, "é": [True, None]}) == (
		'{"é":[true,null],"\U0001f600":2,"\ufb33":1}'.encode()
	)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value):
	assert load(canonical_json(value)) == value
	assert load(json.dumps(value)) == value


@pytest.mark.parametrize(
	"value", [1.0, float("nan"), 2**53, -(2**53), b"x", {1: 2}, {"a": object()}, "\ud800"]
)
def test_ambiguous_values_are_refused(value):
	with pytest.raises(SignflowError) as caught:
		canonical_json({"outer": [value]})
	assert caught.value.code == "not_canonical"
	str(caught.value).encode()


@pytest.mark.parametrize(
	("text", "code"),
	[
		('{"a":1,"a":1}', "not_canonical"),
		('{"a":1,"\\u0061":2}', "not_canonical"),
		("[1.0]", "not_canonical"),
		("[1e3]", "not_canonical"),
		("[-0]", "not_canonical"),
		("[NaN]", "not_canonical"),
		("[9007199254740992]", "not_canonical"),
		("[" + "9" * 9999 + "]", "not_canonical"),
		('["\\ud800"]', "not_canonical"),
		("[" * 100 + "]" * 100, "not_canonical"),
		("[" * 100_000, "not_json"),
		("{", "not_json"),
		("", "not_json"),
		(b"\xff", "not_json"),
		("\ufeff{}", "not_json"),
	],
)
def test_strict_reading_refuses(text, code):
	with pytest.raises(SignflowError) as caught:
		load(text)
	assert caught.value.code == code


@given(VALUES, VALUES)
def test_a_commitment_opens_to_its_own_value_only(value, other):
	salt = new_salt()
	made = commit(value, salt)
	assert check(made, value, salt)
	assert check(made, other, salt) == (canonical_json(other) == canonical_json(value))
	assert not check(made, value, new_salt())


def test_a_salt_of_another_length_is_refused():
	with pytest.raises(SignflowError) as caught:
		commit("x", b"\0" * 31)
	assert caught.value.code == "bad_salt"
	assert not check(commit("x", b"\0" * 32), "x", b"\0" * 31)
	assert not check("ä", "x", b"\0" * 32)
