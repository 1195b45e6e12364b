"""By when a data subject is answered (GDPR 12(3)-(4)): one month from receipt, and at most two more: arithmetic on days.

Counted as Regulation (EEC, Euratom) 1182/71, article 3, has it: the day of receipt does not count (3(1)); a month ends on
the day with the same number, or on the month's last day where there is none (3(2)(c)); a last day that is a Saturday, a
Sunday or a public holiday gives way to the next working day (3(4)). EDPB guidelines 01/2022, 157 to 163, read it so.

Nothing stops the clock but doubt about who asks (GDPR 12(6); guidelines 01/2022, 158). Who is asked for more is answered
in time all the same, so no rule here stops it. All days are local days of the house.
"""

from collections.abc import Callable
from datetime import date, timedelta

from signflow.core.flow.notice import add_months, working_day

IsHoliday = Callable[[date], bool]

MONTHS = 1
MOST_MONTHS_MORE = 2
# The days before the last one on which officers are reminded.
REMIND_BEFORE_DAYS = (10, 3, 0)


def due_on(received: date, is_holiday: IsHoliday) -> date:
	"""The last day on which a request received on `received` is answered, extended or refused (GDPR 12(3)-(4))."""
	return working_day(add_months(received, MONTHS), is_holiday)


def extended_due_on(received: date, is_holiday: IsHoliday, months: int = MOST_MONTHS_MORE) -> date:
	"""The last day after an extension by `months` further months, counted from receipt (GDPR 12(3)).

	Raises ValueError for any number but 1 and 2.
	"""
	if months not in range(1, MOST_MONTHS_MORE + 1):
		raise ValueError("an extension is one or two months")
	return working_day(add_months(received, MONTHS + months), is_holiday)


def days_left(due: date, today: date) -> int:
	"""Whole days until `due`; 0 on the last day, negative when late."""
	return (due - today).days


def is_to_remind(due: date, today: date, reminded: date | None) -> bool:
	"""Whether officers are reminded today: once from 10, 3 and 0 days before, and every day when late.

	`reminded` is the day of the last reminder. A day on which the site slept is made up for.
	"""
	if reminded is not None and reminded >= today:
		return False
	left = days_left(due, today)
	if left < 0:
		return True
	steps = [due - timedelta(days=days) for days in REMIND_BEFORE_DAYS if days >= left]
	return bool(steps) and (reminded is None or reminded < max(steps))
