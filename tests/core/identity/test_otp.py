import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.identity import check_code, hash_code, make_code, typed_code

SALT = b"s" * 32


def test_codes_are_six_digits_and_differ():
	codes = {make_code() for _round in range(200)}
	assert len(codes) > 150
	assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)


@pytest.mark.parametrize(
	"typed",
	[
		"012345",
		" 012 345 ",
		"012-345",
		"012–345",
		"\u200b012345\n",
		"０１２３４５",
		"٠١٢٣٤٥",
		"۰۱۲۳۴۵",
		"०१२३४५",
	],
)
def test_a_code_may_be_typed_in_many_ways(typed):
	kept = hash_code("012345", salt=SALT, session="session")
	assert check_code(typed, code_hash=kept, salt=SALT, session="session")


@pytest.mark.parametrize(
	"typed", ["", "12345", "0123456", "01234a", "²12345", "½12345", "012.345", "0" * 65, " " * 64]
)
def test_what_is_no_code_is_none(typed):
	assert typed_code(typed) is None
	empty = hash_code("", salt=SALT, session="s")
	assert not check_code(typed, code_hash=empty, salt=SALT, session="s")


@given(
	st.integers(0, 999_999),
	st.integers(0, 999_999),
	st.text(),
	st.text(),
	st.binary(min_size=16, max_size=40),
)
def test_a_code_opens_its_own_session_only(number, other, session, another, salt):
	session, another = (
		session.encode("utf-8", "replace").decode(),
		another.encode("utf-8", "replace").decode(),
	)
	kept = hash_code(f"{number:06d}", salt=salt, session=session)
	assert check_code(f"{number:06d}", code_hash=kept, salt=salt, session=session)
	assert check_code(f"{other:06d}", code_hash=kept, salt=salt, session=session) == (other == number)
	assert check_code(f"{number:06d}", code_hash=kept, salt=salt, session=another) == (another == session)
	assert not check_code(f"{number:06d}", code_hash=kept, salt=SALT, session=session)


@given(st.text(max_size=80))
def test_nothing_typed_makes_it_raise(text):
	check_code(text, code_hash="ä", salt=SALT, session="s")


def test_a_short_salt_is_refused():
	with pytest.raises(ValueError):
		hash_code("012345", salt=b"short", session="s")
