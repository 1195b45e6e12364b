"""What may happen to a request and what follows: pure functions over `Request` and its `Signer`s, no I/O, no clock.

A request is In Progress from the first finished signature on. When it ends unfinished, signers who have not ended
become Cancelled, also one whose seal is being made (that increment is then thrown away). Only expiry waits for a seal
under way, as that signer was in time.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from signflow.core.errors import SignflowError, _
from signflow.core.flow.states import (
	RULES,
	SIGNER_TERMINAL,
	TERMINAL,
	TRANSITIONS,
	Action,
	Request,
	RequestState,
	Signer,
	SignerState,
)

CODE = "not_possible"
_ENDED = {
	RequestState.COMPLETED: (
		_("This request was completed on {date}: everybody has signed."),
		_("This request was completed: everybody has signed."),
	),
	RequestState.DECLINED: (
		_("A signer declined this request on {date}; nobody can sign it any more."),
		_("A signer declined this request; nobody can sign it any more."),
	),
	RequestState.EXPIRED: (
		_("The time to sign this request ran out on {date}."),
		_("The time to sign this request has run out."),
	),
	RequestState.CANCELLED: (
		_("This request was cancelled on {date}."),
		_("This request was cancelled."),
	),
}
_SIGNER_REASONS = {
	SignerState.WAITING: _("It is not this signer's turn yet: others sign first."),
	SignerState.INVITED: _("The signer has not opened the invitation yet."),
	SignerState.OPENED: _("The signer has not been identified yet."),
	SignerState.IDENTIFIED: _("The signer has not signed yet."),
	SignerState.SIGNING: _("This signature is being made just now; wait a moment."),
	SignerState.SIGNED: _("This signer has already signed."),
	SignerState.DECLINED: _("This signer has declined to sign."),
	SignerState.CANCELLED: _("This signer is no longer asked to sign."),
}
_ALREADY = {
	Action.INVITE: _("This signer has already been invited."),
	Action.IDENTIFY: _("The signer has not opened the invitation yet."),
}


def refusal(
	action: Action, request: Request, signers: Sequence[Signer], signer: Signer | None, now: datetime
) -> SignflowError | None:
	"""Return why `action` is not possible at `now` (aware), None if it is.

	`signer` is the one that the action is about, by name one of `signers`; None for actions on the whole request.
	"""
	rule = RULES[action]
	if request.state not in rule.request:
		return _wrong_state(action, request)
	if rule.needs_time and is_overdue(request, now):
		assert request.expires_on is not None
		return SignflowError(
			CODE, _ENDED[RequestState.EXPIRED][0], date=request.expires_on.date().isoformat()
		)
	if action is Action.SEND and not signers:
		return SignflowError(CODE, _("There is no signer yet."))
	if action is Action.EXPIRE:
		return _no_expiry(request, signers, now)
	if rule.moves is None:
		return None
	current = None if signer is None else next((one for one in signers if one.name == signer.name), None)
	if current is None:
		return SignflowError(CODE, _("This signer does not belong to the request."))
	if current.state not in rule.moves:
		waiting = {SignerState.WAITING, *SIGNER_TERMINAL, SignerState.SIGNING}
		text = _SIGNER_REASONS[current.state]
		return SignflowError(CODE, text if current.state in waiting else _ALREADY.get(action, text))
	if rule.needs_key and current.locked:
		return SignflowError(
			CODE, _("Too many wrong codes were typed, so this link is locked. Ask the sender for a new link.")
		)
	if action is Action.INVITE and current.name not in {one.name for one in who_is_next(signers)}:
		return SignflowError(CODE, _SIGNER_REASONS[SignerState.WAITING])
	return None


def can(
	action: Action, request: Request, signers: Sequence[Signer], signer: Signer | None, now: datetime
) -> bool:
	"""Tell whether `action` is possible at `now`; `refusal` tells why not."""
	return refusal(action, request, signers, signer, now) is None


def require(
	action: Action, request: Request, signers: Sequence[Signer], signer: Signer | None, now: datetime
) -> None:
	"""Raise SignflowError `not_possible`, with the reason in plain words, unless `action` is possible at `now`."""
	error = refusal(action, request, signers, signer, now)
	if error is not None:
		raise error


def apply(
	action: Action, request: Request, signers: Sequence[Signer], signer: Signer | None, now: datetime
) -> tuple[Request, tuple[Signer, ...]]:
	"""Return request and signers as they stand after `action`; raises like `require`.

	Inviting the next group is an action of its own (`who_is_next`, then INVITE), as mail can fail.
	"""
	require(action, request, signers, signer, now)
	rule = RULES[action]
	after = tuple(signers)
	if rule.moves is not None:
		assert signer is not None
		moves = rule.moves
		after = tuple(
			_flagged(action, replace(one, state=moves[one.state])) if one.name == signer.name else one
			for one in signers
		)
	state = rule.ends or request.state
	if action is Action.RECORD_SEAL:
		state = request_state(after)
	if state in TERMINAL and request.state not in TERMINAL:
		after = tuple(
			one if one.state in SIGNER_TERMINAL else replace(one, state=SignerState.CANCELLED)
			for one in after
		)
		return replace(request, state=state, ended_on=now), after
	return replace(request, state=state), after


def next_states(state: RequestState) -> frozenset[RequestState]:
	"""Return the states that a request in `state` can go to; none for one that has ended."""
	return TRANSITIONS[state]


def who_is_next(signers: Sequence[Signer]) -> tuple[Signer, ...]:
	"""Return the signers to invite now: those waiting in the lowest signing group that has not signed in full.

	Empty while nobody waits there, when all have signed, or once anybody has declined.
	"""
	if any(one.state in (SignerState.DECLINED, SignerState.CANCELLED) for one in signers):
		return ()
	open_groups = [one.order for one in signers if one.state is not SignerState.SIGNED]
	if not open_groups:
		return ()
	group = min(open_groups)
	return tuple(one for one in signers if one.order == group and one.state is SignerState.WAITING)


def request_state(signers: Sequence[Signer]) -> RequestState:
	"""Return the state that the signers of a request that was sent give it: Completed only if all have signed.

	Expired cannot be told from the signers; a request with cancelled signers only is Cancelled here.
	"""
	states = [one.state for one in signers]
	if states and all(state is SignerState.SIGNED for state in states):
		return RequestState.COMPLETED
	if SignerState.DECLINED in states:
		return RequestState.DECLINED
	if SignerState.CANCELLED in states:
		return RequestState.CANCELLED
	return RequestState.IN_PROGRESS if SignerState.SIGNED in states else RequestState.SENT


def is_overdue(request: Request, now: datetime) -> bool:
	"""Tell whether the time to sign has run out at `now` (aware); never without `expires_on`."""
	return request.expires_on is not None and now >= request.expires_on


def _flagged(action: Action, signer: Signer) -> Signer:
	if action is Action.LOCK:
		return replace(signer, locked=True)
	if action is Action.NEW_LINK:
		return replace(signer, locked=False, bounced=False)
	if action is Action.MARK_BOUNCED:
		return replace(signer, bounced=True)
	return signer


def _wrong_state(action: Action, request: Request) -> SignflowError:
	if request.state in _ENDED:
		dated, undated = _ENDED[request.state]
		if request.ended_on is None:
			return SignflowError(CODE, undated)
		return SignflowError(CODE, dated, date=request.ended_on.date().isoformat())
	if request.state is RequestState.DRAFT:
		return SignflowError(CODE, _("This request has not been sent yet."))
	if action in (Action.EDIT, Action.SEND):
		return SignflowError(
			CODE,
			_("This request has been sent and cannot be changed any more. Cancel it and make a new one."),
		)
	return SignflowError(CODE, _("Not everybody has signed yet."))


def _no_expiry(request: Request, signers: Sequence[Signer], now: datetime) -> SignflowError | None:
	if not is_overdue(request, now):
		return SignflowError(CODE, _("The time to sign has not run out yet."))
	if any(one.state is SignerState.SIGNING for one in signers):
		return SignflowError(CODE, _SIGNER_REASONS[SignerState.SIGNING])
	return None
