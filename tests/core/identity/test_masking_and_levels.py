from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
from signflow.core.identity import (
	Identification,
	Level,
	level_named,
	level_of_acr,
	mask_mail,
	mask_phone,
	statement,
)


@pytest.mark.parametrize(
	("address", "shown"),
	[
		("maija.meri@testi.example", "m••••••i@testi.example"),
		("abcd@testi.example", "a••••••@testi.example"),
		("a@testi.example", "••••••@testi.example"),
		('"odd@name"@testi.example', '"••••••"@testi.example'),
		("no address", "••••••"),
		("@testi.example", "••••••"),
		("", "••••••"),
	],
)
def test_masked_mail(address, shown):
	assert mask_mail(address) == shown


@given(st.from_regex(r"[a-z0-9.+]{1,40}", fullmatch=True))
def test_at_most_two_letters_of_a_name_are_shown_and_not_its_length(name):
	shown = mask_mail(f"{name}@x.example").partition("@")[0]
	assert len(shown.replace("•", "")) <= min(2, len(name) - 1)
	assert shown.count("•") == 6


@pytest.mark.parametrize(
	("number", "shown"),
	[("+358 40 123 4567", "+358••••••67"), ("040 1234567", "••••••67"), ("12345", "••••••"), ("", "••••••")],
)
def test_masked_phone(number, shown):
	assert mask_phone(number) == shown


def test_levels_are_ordered_and_named():
	assert list(Level) == sorted(Level, key=lambda level: level.rank)
	assert Level.NONE < Level.MAIL_CODE < Level.SMS_CODE < Level.SUBSTANTIAL < Level.HIGH
	assert Level.HIGH.meets(Level.SUBSTANTIAL) and Level.HIGH >= Level.HIGH and Level.NONE <= Level.NONE
	assert not Level.SMS_CODE.meets(Level.SUBSTANTIAL) and Level.HIGH > Level.NONE
	for level in Level:
		assert level_named(level.value) is level and level.title and statement(level)
	with pytest.raises(SignflowError):
		level_named("qualified")


def test_a_mail_code_claims_no_more_than_a_mailbox():
	assert "control of that mailbox, no more" in statement(Level.MAIL_CODE)
	assert "does not show who" in statement(Level.SMS_CODE)


def test_test_identities_show_nothing():
	assert level_of_acr("http://ftn.ficora.fi/2017/loa3") is Level.HIGH
	assert level_of_acr("http://ftn.ficora.fi/2017/loatest3") is Level.NONE


def test_an_identification_has_a_time_with_its_zone():
	now = datetime(2026, 11, 21, tzinfo=timezone.utc)
	made = Identification(Level.MAIL_CODE, "mail", now, "m••••••i@x.example", statement(Level.MAIL_CODE))
	assert made.level.meets(Level.MAIL_CODE)
	with pytest.raises(SignflowError):
		Identification(Level.MAIL_CODE, "mail", now.replace(tzinfo=None), "", "")
