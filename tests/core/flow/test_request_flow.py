from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
from signflow.core.flow import (
	RULES,
	SIGNER_TERMINAL,
	SIGNER_TRANSITIONS,
	TERMINAL,
	TRANSITIONS,
	Action,
	Request,
	RequestState,
	Signer,
	SignerState,
	apply,
	can,
	next_states,
	refusal,
	request_state,
	require,
	who_is_next,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
R, S, A = RequestState, SignerState, Action


def walk(*steps, request=None, signers=None, now=NOW):
	request = request or Request("SR-1")
	signers = signers or (Signer("S1"), Signer("S2"))
	for action, name in steps:
		signer = next((one for one in signers if one.name == name), None)
		request, signers = apply(action, request, signers, signer, now)
	return request, signers


def whole(name):
	return [(action, name) for action in (A.INVITE, A.OPEN, A.IDENTIFY, A.SIGN, A.RECORD_SEAL)]


def test_the_main_path():
	request, signers = walk((A.SEND, None), *whole("S1"))
	assert request.state is R.IN_PROGRESS and request.ended_on is None
	request, signers = walk(*whole("S2"), request=request, signers=signers)
	assert request.state is R.COMPLETED and request.ended_on == NOW
	assert all(one.state is S.SIGNED for one in signers)


def test_one_signer_goes_straight_to_completed():
	request, _signers = walk((A.SEND, None), *whole("S1"), signers=(Signer("S1"),))
	assert request.state is R.COMPLETED


def test_groups_sign_one_after_another():
	signers = (Signer("S1", order=2), Signer("S2", order=1), Signer("S3", order=1))
	assert [one.name for one in who_is_next(signers)] == ["S2", "S3"]
	request, signers = walk((A.SEND, None), *whole("S2"), (A.INVITE, "S3"), signers=signers)
	assert who_is_next(signers) == ()
	assert "others sign first" in str(refusal(A.INVITE, request, signers, signers[0], NOW))
	request, signers = walk(*whole("S3")[1:], request=request, signers=signers)
	assert [one.name for one in who_is_next(signers)] == ["S1"]


def test_a_decline_ends_the_request_for_all():
	request, signers = walk(
		(A.SEND, None), (A.INVITE, "S1"), (A.INVITE, "S2"), (A.OPEN, "S2"), (A.DECLINE, "S2")
	)
	assert request.state is R.DECLINED and [one.state for one in signers] == [S.CANCELLED, S.DECLINED]
	assert who_is_next(signers) == ()


def test_a_lock_stops_code_and_signature_until_a_new_link():
	request, signers = walk(
		(A.SEND, None), (A.INVITE, "S1"), (A.OPEN, "S1"), (A.IDENTIFY, "S1"), (A.LOCK, "S1")
	)
	assert signers[0].locked and signers[0].state is S.OPENED
	for action in (A.REQUEST_CODE, A.IDENTIFY):
		assert "new link" in str(refusal(action, request, signers, signers[0], NOW))
	_request, signers = walk((A.NEW_LINK, "S1"), request=request, signers=signers)
	assert not signers[0].locked and signers[0].state is S.INVITED


def test_a_bounce_is_marked_and_healed_by_a_new_link():
	request, signers = walk((A.SEND, None), (A.INVITE, "S1"), (A.MARK_BOUNCED, "S1"))
	assert signers[0].bounced and signers[0].state is S.INVITED
	_request, signers = walk((A.NEW_LINK, "S1"), request=request, signers=signers)
	assert not signers[0].bounced


def test_time_that_ran_out_stops_signers_before_the_clock_marks_it():
	request = Request("SR-1", expires_on=NOW + DAY)
	request, signers = walk((A.SEND, None), *whole("S1")[:3], request=request)
	late = NOW + DAY
	assert "2026-11-22" in str(refusal(A.SIGN, request, signers, signers[0], late))
	assert not can(A.EXPIRE, request, signers, None, NOW)
	ended, after = apply(A.EXPIRE, request, signers, None, late)
	assert ended.state is R.EXPIRED and {one.state for one in after} == {S.CANCELLED}


def test_expiry_waits_for_a_seal_under_way_and_that_seal_is_recorded():
	request = Request("SR-1", expires_on=NOW + DAY)
	request, signers = walk((A.SEND, None), *whole("S1")[:4], request=request)
	late = NOW + 2 * DAY
	assert not can(A.EXPIRE, request, signers, None, late)
	request, signers = apply(A.RECORD_SEAL, request, signers, signers[0], late)
	assert apply(A.EXPIRE, request, signers, None, late)[0].state is R.EXPIRED


def test_a_seal_that_comes_after_the_end_is_not_recorded():
	request, signers = walk((A.SEND, None), *whole("S1")[:4], (A.CANCEL, None))
	with pytest.raises(SignflowError) as caught:
		apply(A.RECORD_SEAL, request, signers, signers[0], NOW)
	assert caught.value.code == "not_possible"
	assert str(caught.value) == "This request was cancelled on 2026-11-21."


@pytest.mark.parametrize(
	("state", "words"),
	[
		(R.DRAFT, "not been sent"),
		(R.COMPLETED, "everybody has signed"),
		(R.DECLINED, "declined"),
		(R.EXPIRED, "ran out on 2026-11-21"),
		(R.CANCELLED, "cancelled on 2026-11-21"),
	],
)
def test_reasons_are_plain_words(state, words):
	signer = Signer("S1", state=S.IDENTIFIED)
	with pytest.raises(SignflowError, match=words):
		require(A.SIGN, Request("SR-1", state=state, ended_on=NOW), [signer], signer, NOW)
	assert refusal(A.SIGN, Request("SR-1", state=state), [signer], signer, NOW)


def test_other_refusals():
	live = Request("SR-1", state=R.SENT)
	for state, words in (
		(S.SIGNING, "just now"),
		(S.SIGNED, "already signed"),
		(S.OPENED, "not been identified"),
	):
		signer = Signer("S1", state=state)
		assert words in str(refusal(A.SIGN, live, [signer], signer, NOW))
	invited = Signer("S1", state=S.INVITED)
	assert "already been invited" in str(refusal(A.INVITE, live, [invited], invited, NOW))
	assert "does not belong" in str(refusal(A.SIGN, live, [invited], Signer("S9"), NOW))
	assert "does not belong" in str(refusal(A.SIGN, live, [invited], None, NOW))
	assert "no signer" in str(refusal(A.SEND, Request("SR-1"), [], None, NOW))
	assert "cannot be changed" in str(refusal(A.EDIT, live, [invited], None, NOW))


def test_the_state_is_read_from_the_current_signers_and_not_from_a_stale_copy():
	live = Request("SR-1", state=R.SENT)
	assert not can(A.SIGN, live, [Signer("S1", state=S.SIGNED)], Signer("S1", state=S.IDENTIFIED), NOW)


def test_request_state_of_no_signers_is_not_completed():
	assert request_state([]) is R.SENT


def test_tables_are_whole():
	assert set(RULES) == set(Action) and set(TRANSITIONS) == set(R) and set(SIGNER_TRANSITIONS) == set(S)
	assert {state for state in R if not next_states(state)} == TERMINAL
	assert {state for state in S if not SIGNER_TRANSITIONS[state]} == SIGNER_TERMINAL
	reached = {after for states in TRANSITIONS.values() for after in states}
	assert reached == set(R) - {R.DRAFT}
	assert {before for before, after in SIGNER_TRANSITIONS.items() if S.SIGNED in after} == {S.SIGNING}
	assert {before for before, after in SIGNER_TRANSITIONS.items() if S.SIGNING in after} == {S.IDENTIFIED}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_tried_the_rules_hold(data):
	orders = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
	signers = tuple(Signer(f"S{at}", order=order) for at, order in enumerate(orders))
	request = Request("SR-1", expires_on=data.draw(st.sampled_from([None, NOW + DAY])))
	now = NOW
	for _step in range(data.draw(st.integers(1, 60))):
		possible = [
			(action, signer)
			for action in Action
			for signer in (signers if RULES[action].moves is not None else (None,))
			if can(action, request, signers, signer, now)
		]
		now += data.draw(st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=1)]))
		if data.draw(st.integers(0, 4)) == 0 or not possible:
			action, signer = data.draw(st.sampled_from(list(Action))), data.draw(st.sampled_from(signers))
		else:
			action, signer = data.draw(st.sampled_from(possible))
		before, signers_before = request, signers
		try:
			request, signers = apply(action, request, signers, signer, now)
		except SignflowError as error:
			assert error.code == "not_possible" and str(error)
			continue
		check_step(before, signers_before, request, signers)


def check_step(before, signers_before, request, signers):
	assert request.state is before.state or request.state in next_states(before.state)
	assert before.state not in TERMINAL or request.state is before.state
	assert (request.ended_on is not None) == (request.state in TERMINAL)
	for old, new in zip(signers_before, signers, strict=True):
		assert new.state is old.state or new.state in SIGNER_TRANSITIONS[old.state]
		assert replace(new, state=old.state, locked=old.locked, bounced=old.bounced) == old
		if new.state not in (S.WAITING, S.CANCELLED):
			assert all(other.state is S.SIGNED for other in signers if other.order < new.order)
	all_signed = all(one.state is S.SIGNED for one in signers)
	assert (request.state is R.COMPLETED) == all_signed
	if request.state in TERMINAL:
		assert all(one.state in SIGNER_TERMINAL for one in signers)
	if request.state not in (R.DRAFT, R.EXPIRED, R.CANCELLED):
		assert request.state is request_state(signers)
