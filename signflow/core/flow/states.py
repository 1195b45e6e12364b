"""The states of a request and of its signers, and every move between them, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class RequestState(str, Enum):
	"""Where a request stands; the value is the text that is stored and shown."""

	DRAFT = "Draft"
	SENT = "Sent"
	IN_PROGRESS = "In Progress"
	COMPLETED = "Completed"
	DECLINED = "Declined"
	EXPIRED = "Expired"
	CANCELLED = "Cancelled"

	def __str__(self) -> str:
		return self.value


class SignerState(str, Enum):
	"""Where a signer stands. Waiting: not yet invited. Signing: agreed, the seal is being made. Locks and bounces
	are flags beside it."""

	WAITING = "Waiting"
	INVITED = "Invited"
	OPENED = "Opened"
	IDENTIFIED = "Identified"
	SIGNING = "Signing"
	SIGNED = "Signed"
	DECLINED = "Declined"
	CANCELLED = "Cancelled"

	def __str__(self) -> str:
		return self.value


class Action(str, Enum):
	"""What can be done to a request, by its sender, a signer or the clock."""

	EDIT = "edit"
	SEND = "send"
	CANCEL = "cancel"
	EXPIRE = "expire"
	EXTEND = "extend"
	INVITE = "invite"
	REMIND = "remind"
	NEW_LINK = "new_link"
	MARK_BOUNCED = "mark_bounced"
	OPEN = "open"
	REQUEST_CODE = "request_code"
	IDENTIFY = "identify"
	LOCK = "lock"
	END_SESSION = "end_session"
	VIEW = "view"
	DOWNLOAD = "download"
	ASK = "ask"
	SIGN = "sign"
	RECORD_SEAL = "record_seal"
	FAIL_SEAL = "fail_seal"
	DECLINE = "decline"

	def __str__(self) -> str:
		return self.value


@dataclass(frozen=True)
class Signer:
	"""A signer as the flow sees one. `order` (from 1) is the signing group: equal numbers sign side by side."""

	name: str
	mail: str = ""
	full_name: str = ""
	order: int = 1
	state: SignerState = SignerState.WAITING
	locked: bool = False
	bounced: bool = False


@dataclass(frozen=True)
class Document:
	"""A document as the flow sees one."""

	name: str
	title: str


@dataclass(frozen=True)
class Request:
	"""A request as the flow sees one; `expires_on` and `ended_on` are aware times or None."""

	name: str
	title: str = ""
	state: RequestState = RequestState.DRAFT
	expires_on: datetime | None = None
	ended_on: datetime | None = None
	documents: tuple[Document, ...] = field(default=())


@dataclass(frozen=True)
class Rule:
	"""When an action is possible and where it leads.

	`request` are the states of the request that allow it; `moves` maps the signer's state before to the one after
	(None: the action is about no one signer); `ends` is the state that the request goes to, if any. `needs_time`:
	not once the request's time has run out; `needs_key`: not while the signer is locked.
	"""

	request: frozenset[RequestState]
	moves: Mapping[SignerState, SignerState] | None = None
	ends: RequestState | None = None
	needs_time: bool = False
	needs_key: bool = False


# As they are stored.
OPEN = (RequestState.SENT.value, RequestState.IN_PROGRESS.value)

_R, _S = RequestState, SignerState
_DRAFT = frozenset({_R.DRAFT})
_LIVE = frozenset({_R.SENT, _R.IN_PROGRESS})
_AFTER_SENDING = frozenset(_R) - _DRAFT
TERMINAL = frozenset({_R.COMPLETED, _R.DECLINED, _R.EXPIRED, _R.CANCELLED})
SIGNER_TERMINAL = frozenset({_S.SIGNED, _S.DECLINED, _S.CANCELLED})


def _same(*states: SignerState) -> dict[SignerState, SignerState]:
	return {state: state for state in states}


RULES: Mapping[Action, Rule] = {
	Action.EDIT: Rule(_DRAFT),
	Action.SEND: Rule(_DRAFT, ends=_R.SENT, needs_time=True),
	# A draft is nobody's business yet: it is deleted.
	Action.CANCEL: Rule(_LIVE, ends=_R.CANCELLED),
	Action.EXPIRE: Rule(_LIVE, ends=_R.EXPIRED),
	Action.EXTEND: Rule(_LIVE),
	Action.INVITE: Rule(_LIVE, {_S.WAITING: _S.INVITED}, needs_time=True),
	Action.REMIND: Rule(_LIVE, _same(_S.INVITED, _S.OPENED, _S.IDENTIFIED), needs_time=True),
	Action.NEW_LINK: Rule(
		_LIVE, {_S.INVITED: _S.INVITED, _S.OPENED: _S.INVITED, _S.IDENTIFIED: _S.INVITED}, needs_time=True
	),
	Action.MARK_BOUNCED: Rule(_AFTER_SENDING, _same(*(set(_S) - {_S.WAITING}))),
	Action.OPEN: Rule(
		_LIVE,
		{_S.INVITED: _S.OPENED, _S.OPENED: _S.OPENED, _S.IDENTIFIED: _S.OPENED},
		needs_time=True,
	),
	Action.REQUEST_CODE: Rule(_LIVE, _same(_S.OPENED, _S.IDENTIFIED), needs_time=True, needs_key=True),
	Action.IDENTIFY: Rule(
		_LIVE, {_S.OPENED: _S.IDENTIFIED, _S.IDENTIFIED: _S.IDENTIFIED}, needs_time=True, needs_key=True
	),
	Action.LOCK: Rule(_LIVE, {_S.INVITED: _S.INVITED, _S.OPENED: _S.OPENED, _S.IDENTIFIED: _S.OPENED}),
	Action.END_SESSION: Rule(_LIVE, {_S.OPENED: _S.OPENED, _S.IDENTIFIED: _S.OPENED}),
	Action.VIEW: Rule(_LIVE, _same(_S.OPENED, _S.IDENTIFIED, _S.SIGNING, _S.SIGNED)),
	Action.DOWNLOAD: Rule(_LIVE | {_R.COMPLETED}, _same(_S.OPENED, _S.IDENTIFIED, _S.SIGNING, _S.SIGNED)),
	Action.ASK: Rule(_LIVE, _same(_S.OPENED, _S.IDENTIFIED, _S.SIGNING)),
	Action.SIGN: Rule(_LIVE, {_S.IDENTIFIED: _S.SIGNING}, needs_time=True, needs_key=True),
	Action.RECORD_SEAL: Rule(_LIVE, {_S.SIGNING: _S.SIGNED}),
	Action.FAIL_SEAL: Rule(_LIVE, {_S.SIGNING: _S.IDENTIFIED}),
	Action.DECLINE: Rule(
		_LIVE,
		{_S.OPENED: _S.DECLINED, _S.IDENTIFIED: _S.DECLINED},
		ends=_R.DECLINED,
		needs_time=True,
	),
}

TRANSITIONS: Mapping[RequestState, frozenset[RequestState]] = {
	_R.DRAFT: frozenset({_R.SENT}),
	_R.SENT: frozenset({_R.IN_PROGRESS, _R.COMPLETED, _R.DECLINED, _R.EXPIRED, _R.CANCELLED}),
	_R.IN_PROGRESS: frozenset({_R.COMPLETED, _R.DECLINED, _R.EXPIRED, _R.CANCELLED}),
	_R.COMPLETED: frozenset(),
	_R.DECLINED: frozenset(),
	_R.EXPIRED: frozenset(),
	_R.CANCELLED: frozenset(),
}


def _signer_transitions() -> dict[SignerState, frozenset[SignerState]]:
	found: dict[SignerState, set[SignerState]] = {
		state: set() if state in SIGNER_TERMINAL else {_S.CANCELLED} for state in _S
	}
	for rule in RULES.values():
		for before, after in (rule.moves or {}).items():
			if before != after:
				found[before].add(after)
	return {state: frozenset(after) for state, after in found.items()}


SIGNER_TRANSITIONS: Mapping[SignerState, frozenset[SignerState]] = _signer_transitions()
