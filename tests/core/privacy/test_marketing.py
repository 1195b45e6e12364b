"""May marketing reach a person? The rules of act 917/2014, 200 and 202 §, and of GDPR 21, one by one."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.privacy.marketing import Action, Facts, Rule, Said, State, marketing_state, text_state

TODAY = date(2026, 11, 22)
CONSUMER, COMPANY = Facts(is_company_contact=False), Facts(is_company_contact=True)


def said(action: str, days_ago: int, **more) -> Said:
	on = datetime(2026, 11, 22, 12) - timedelta(days=days_ago)
	text = "" if action in ("Objected", "Objection Lifted") else "newsletter"
	return Said(
		Action(action),
		on,
		**{"text": text, "channel": "Email" if text else None, "row": f"r{days_ago}", **more},
	)


def state(facts: Facts, *rows: Said, channel: str = "Email") -> tuple[bool, Rule]:
	found = marketing_state(channel, replace(facts, said=rows), TODAY)
	return found.allowed, found.rule


@pytest.mark.parametrize(
	("facts", "channel", "expected"),
	[
		(CONSUMER, "Email", (False, Rule.NO_CONSENT)),
		(CONSUMER, "SMS", (False, Rule.NO_CONSENT)),
		(CONSUMER, "Phone", (True, Rule.OPT_OUT_CHANNEL)),
		(CONSUMER, "Post", (True, Rule.OPT_OUT_CHANNEL)),
		(COMPANY, "Email", (True, Rule.COMPANY_CONTACT)),
		(COMPANY, "Phone", (True, Rule.COMPANY_CONTACT)),
	],
)
def test_where_nothing_was_said(facts: Facts, channel: str, expected: tuple[bool, Rule]) -> None:
	assert state(facts, channel=channel) == expected


@pytest.mark.parametrize("channel", ["Email", "SMS", "Phone", "Post"])
def test_who_has_left_is_left_alone_unless_he_consents_afterwards(channel: str) -> None:
	facts = replace(COMPANY, left_on=TODAY - timedelta(days=10))
	assert state(facts, channel=channel) == (False, Rule.LEFT)
	assert state(facts, said("Given", 11, channel=channel), channel=channel) == (False, Rule.LEFT)
	assert state(facts, said("Given", 9, channel=channel), channel=channel) == (True, Rule.CONSENT)
	assert state(facts, said("Objected", 5), channel=channel) == (False, Rule.OBJECTION)


@pytest.mark.parametrize("facts", [CONSUMER, COMPANY])
@pytest.mark.parametrize(
	("words", "expected"),
	[
		(["Given"], (True, Rule.CONSENT)),
		(["Given", "Withdrawn"], (False, Rule.WITHDRAWN)),
		(["Refused"], (False, Rule.REFUSED)),
		(["Refused", "Given"], (True, Rule.CONSENT)),
		(["Given", "Objected"], (False, Rule.OBJECTION)),
		(["Objected", "Given"], (True, Rule.CONSENT)),
		(["Given", "Pending"], (True, Rule.CONSENT)),
		(["Objected", "Pending"], (False, Rule.OBJECTION)),
		(["Withdrawn", "Given", "Withdrawn", "Given"], (True, Rule.CONSENT)),
	],
)
def test_the_last_word_counts(facts: Facts, words: list[str], expected: tuple[bool, Rule]) -> None:
	rows = [said(word, 10 - place) for place, word in enumerate(words)]
	assert state(facts, *rows) == expected
	assert state(facts, *reversed(rows)) == expected, "by time, not by order"


def test_a_lifted_objection_brings_back_the_rule_and_no_consent() -> None:
	rows = [said("Objected", 5), said("Objection Lifted", 3)]
	assert state(COMPANY, *rows) == (True, Rule.COMPANY_CONTACT)
	assert state(CONSUMER, *rows) == (False, Rule.NO_CONSENT)


def test_an_expired_consent_is_none_and_falls_back_to_the_rule() -> None:
	old = said("Given", 400, expires_on=TODAY - timedelta(days=1))
	assert state(CONSUMER, old) == (False, Rule.NO_CONSENT)
	assert state(COMPANY, old) == (True, Rule.COMPANY_CONTACT)
	assert state(CONSUMER, replace(old, expires_on=TODAY)) == (True, Rule.CONSENT), "its last day counts"
	assert text_state([old], "newsletter", TODAY) is None


def test_a_shared_mailbox_can_forbid_and_never_allow() -> None:
	assert state(CONSUMER, said("Given", 3, own=False)) == (False, Rule.NO_CONSENT)
	assert state(COMPANY, said("Objected", 3, own=False)) == (False, Rule.OBJECTION)
	assert state(COMPANY, said("Objected", 3), said("Objection Lifted", 2, own=False))[0] is False


def test_other_channels_and_other_purposes_say_nothing() -> None:
	assert state(CONSUMER, said("Given", 3, channel="SMS")) == (False, Rule.NO_CONSENT)
	assert state(CONSUMER, said("Given", 3, channel="")) == (False, Rule.NO_CONSENT)
	assert state(COMPANY, said("Objected", 3, channel="SMS")) == (True, Rule.COMPANY_CONTACT)
	assert state(COMPANY, said("Objected", 3)) == (False, Rule.OBJECTION), (
		"an objection without a channel is to all"
	)


def test_one_of_two_newsletters_withdrawn_leaves_the_other() -> None:
	rows = [said("Given", 9), said("Given", 8, text="news"), said("Withdrawn", 2)]
	assert state(CONSUMER, *rows) == (True, Rule.CONSENT)


def test_the_existing_customer() -> None:
	buyer = replace(
		CONSUMER, existing_customers=True, existing_customer_months=24, last_purchase=date(2024, 11, 22)
	)
	assert state(buyer) == (True, Rule.EXISTING_CUSTOMER)
	assert state(replace(buyer, last_purchase=date(2024, 11, 21))) == (False, Rule.NO_CONSENT)
	assert state(replace(buyer, last_purchase=date(2000, 1, 1), existing_customer_months=0))[0]
	assert not state(replace(buyer, existing_customers=False))[0], "whose conditions nobody has stated"
	assert state(buyer, said("Withdrawn", 3)) == (False, Rule.WITHDRAWN)
	assert state(buyer, said("Objected", 3)) == (False, Rule.OBJECTION)


def test_the_frameworks_own_unsubscribes_are_objections_to_mail() -> None:
	flagged = replace(COMPANY, flags=("Contact.unsubscribed",))
	assert marketing_state("Email", flagged, TODAY) == State(
		False, Rule.OBJECTION, flag="Contact.unsubscribed"
	)
	assert marketing_state("SMS", flagged, TODAY).allowed
	assert not marketing_state("Phone", replace(COMPANY, refuses_all=("Lead.status",)), TODAY).allowed


WORDS = st.lists(st.sampled_from([action.value for action in Action]), max_size=8)


@given(words=WORDS, company=st.booleans(), channel=st.sampled_from(["Email", "SMS", "Phone", "Post"]))
def test_nobody_is_reached_after_an_objection(words: list[str], company: bool, channel: str) -> None:
	rows = [said(word, 20 - place, channel=channel) for place, word in enumerate(words)]
	rows.append(said("Objected", 1))
	facts = replace(COMPANY if company else CONSUMER, said=rows, existing_customers=True, last_purchase=TODAY)
	found = marketing_state(channel, facts, TODAY)
	assert (found.allowed, found.rule) == (False, Rule.OBJECTION)
