"""The course of a request: states, what may happen when, who is next, what keeps a draft from being sent."""

from signflow.core.flow.readiness import MAX_SIGNERS, Problem, check_ready, mail_key
from signflow.core.flow.request import (
	apply,
	can,
	is_overdue,
	next_states,
	refusal,
	request_state,
	require,
	who_is_next,
)
from signflow.core.flow.states import (
	RULES,
	SIGNER_TERMINAL,
	SIGNER_TRANSITIONS,
	TERMINAL,
	TRANSITIONS,
	Action,
	Document,
	Request,
	RequestState,
	Rule,
	Signer,
	SignerState,
)

__all__ = [
	"MAX_SIGNERS",
	"RULES",
	"SIGNER_TERMINAL",
	"SIGNER_TRANSITIONS",
	"TERMINAL",
	"TRANSITIONS",
	"Action",
	"Document",
	"Problem",
	"Request",
	"RequestState",
	"Rule",
	"Signer",
	"SignerState",
	"apply",
	"can",
	"check_ready",
	"is_overdue",
	"mail_key",
	"next_states",
	"refusal",
	"request_state",
	"require",
	"who_is_next",
]
