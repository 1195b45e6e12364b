"""May this person be sent direct marketing through this channel, by this company, and by which rule?

Finnish act 917/2014 (electronic communications services): mail and SMS need a natural person's prior consent (200 § 1),
save for a customer whose address was taken when he bought and who can refuse at any time (200 § 3); by phone and post,
and to a company's contacts (202 §), marketing is allowed until it is refused. Whoever objects is left alone, whatever the
rule (GDPR 21(2) and (3)). Pure functions of what is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from signflow.core.flow.notice import add_months

__all__ = ["Action", "Facts", "Rule", "Said", "State", "has_objected", "marketing_state", "text_state"]

# What 200 § 1 names: automated and electronic. Phone calls by people and post are left to opting out.
NEEDS_CONSENT = ("Email", "SMS")


class Action(str, Enum):
	"""What a row of Consent says. Values are stored."""

	PENDING = "Pending"
	GIVEN = "Given"
	WITHDRAWN = "Withdrawn"
	REFUSED = "Refused"
	OBJECTED = "Objected"
	LIFTED = "Objection Lifted"


class Rule(str, Enum):
	"""By which rule marketing is allowed or not. Values are shown."""

	RESTRICTED = "Restricted"
	OBJECTION = "Objection"
	CONSENT = "Consent"
	WITHDRAWN = "Consent Withdrawn"
	REFUSED = "Consent Refused"
	COMPANY_CONTACT = "Contact of a Company"
	EXISTING_CUSTOMER = "Existing Customer"
	OPT_OUT_CHANNEL = "Allowed until Refused"
	NO_CONSENT = "No Consent"
	LEFT = "Left"


@dataclass(frozen=True)
class Said:
	"""One row of Consent: `text` is "" for an objection, which is to the whole channel (None: to every channel).

	`own` is false for what another person who shares the mailbox said: it can forbid, never allow.
	"""

	action: Action
	on: datetime
	text: str = ""
	channel: str | None = None
	expires_on: date | None = None
	row: str = ""
	own: bool = True


@dataclass(frozen=True)
class Facts:
	"""What is known of one person towards one company.

	`flags` are the framework's own unsubscribes, undated, each by its name ("Contact.unsubscribed"): they are objections
	to mail. `last_purchase` is the day of the last purchase as a consumer. `restricted`: the company may only keep the data
	(GDPR 18(2)). `left_on`: since when the person works for the customer or supplier no more.
	"""

	is_company_contact: bool
	said: Sequence[Said] = ()
	flags: Sequence[str] = ()
	refuses_all: Sequence[str] = ()
	last_purchase: date | None = None
	existing_customers: bool = False
	existing_customer_months: int = 0
	restricted: bool = False
	left_on: date | None = None


@dataclass(frozen=True)
class State:
	"""The answer: whether marketing is allowed, by which rule, since when, and the row of Consent or flag that says so."""

	allowed: bool
	rule: Rule
	since: date | None = None
	row: str = ""
	flag: str = ""


def text_state(said: Sequence[Said], text: str, today: date) -> Said | None:
	"""The person's last word about one text; None where there is none, or a consent that has expired.

	A pending row counts as nothing (GDPR 7(1): consent has to be shown), so what was said before it stands.
	"""
	last = _last(
		[row for row in said if row.text == text and row.action is not Action.PENDING and _counts(row)]
	)
	if last and last.action is Action.GIVEN and last.expires_on and last.expires_on < today:
		return None
	return last


def marketing_state(channel: str, facts: Facts, today: date) -> State:
	"""Whether `channel` may be used for direct marketing to the person of `facts` on the day `today`.

	An objection ends every consent before it; a consent that the same person gives later ends the objection. So it is with
	who has left: what he said for the customer or supplier ended there.
	"""
	if facts.restricted:
		return State(False, Rule.RESTRICTED)
	rows = [row for row in facts.said if row.channel in (channel, None)]
	objection = _last(
		[row for row in rows if row.action is Action.OBJECTED or (row.action is Action.LIFTED and row.own)]
	)
	if objection and objection.action is Action.LIFTED:
		objection = None
	flags = [*facts.refuses_all, *(facts.flags if channel == "Email" else ())]
	if flags:
		return State(False, Rule.OBJECTION, objection.on.date() if objection else None, flag=flags[0])
	words = [text_state(rows, text, today) for text in sorted({row.text for row in rows if row.text})]
	given = _last([row for row in words if row and row.action is Action.GIVEN])
	if objection and (not given or given.on <= objection.on):
		return State(False, Rule.OBJECTION, objection.on.date(), objection.row)
	if facts.left_on and not (given and given.on.date() > facts.left_on):
		return State(False, Rule.LEFT, facts.left_on)
	if given:
		return State(True, Rule.CONSENT, given.on.date(), given.row)
	no = _last([row for row in words if row and row.action in (Action.WITHDRAWN, Action.REFUSED)])
	if no:
		rule = Rule.WITHDRAWN if no.action is Action.WITHDRAWN else Rule.REFUSED
		return State(False, rule, no.on.date(), no.row)
	if facts.is_company_contact:
		return State(True, Rule.COMPANY_CONTACT)
	if channel not in NEEDS_CONSENT:
		return State(True, Rule.OPT_OUT_CHANNEL)
	if facts.existing_customers and facts.last_purchase and _still_customer(facts, today):
		return State(True, Rule.EXISTING_CUSTOMER, facts.last_purchase)
	return State(False, Rule.NO_CONSENT)


def has_objected(said: Sequence[Said], today: date, channel: str = "Email") -> bool:
	"""Whether an objection to marketing through `channel` stands, with no later consent of the same person."""
	facts = Facts(is_company_contact=False, said=said)
	return marketing_state(channel, facts, today).rule is Rule.OBJECTION


def _still_customer(facts: Facts, today: date) -> bool:
	months = facts.existing_customer_months
	return not months or (
		facts.last_purchase is not None and today <= add_months(facts.last_purchase, months)
	)


def _counts(row: Said) -> bool:
	return row.own or row.action is not Action.GIVEN


def _last(rows: Sequence[Said]) -> Said | None:
	return max(rows, key=lambda row: row.on, default=None)
