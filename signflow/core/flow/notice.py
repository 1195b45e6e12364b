"""When an agreement ends that was terminated, and until when a consumer may withdraw: arithmetic on days.

Periods are counted as Regulation (EEC, Euratom) 1182/71, article 3, has it, and as Finland's act 150/1930, sections 2
to 4, does: the day on which the notice arrives does not count (3(1)); a period in months ends on the day with the same
number, or on the month's last day where there is none (3(2)(c)). A period of notice ends on whatever day it ends. A
period within which somebody must act, as the consumer's, does not end before a working day is over (3(4)).

All days are local days of the house; an agreement ends when its last day, the one returned, is over.
"""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from signflow.core.errors import SignflowError, _

MAX_DAYS = 3660
MAX_MONTHS = 120


class Unit(Enum):
	"""What a period of notice is measured in; `value` is the stable name for storing."""

	DAYS = "Days"
	MONTHS = "Months"


class Counted(Enum):
	"""Where a period of notice begins or is rounded up to; `value` is the stable name for storing."""

	FROM_DAY = "From the Day"
	FROM_MONTH_END = "From the End of the Month"
	TO_MONTH_END = "To the End of the Month"
	TO_PERIOD_END = "To the End of the Billing Period"


@dataclass(frozen=True)
class Notice:
	"""A period of notice: `length` (0 for none) in `unit`, counted as `counted` says.

	Raises SignflowError `bad_notice` for a negative length or one beyond ten years.
	"""

	length: int
	unit: Unit = Unit.DAYS
	counted: Counted = Counted.FROM_DAY

	def __post_init__(self) -> None:
		most = MAX_DAYS if self.unit is Unit.DAYS else MAX_MONTHS
		if not 0 <= self.length <= most:
			raise SignflowError(
				"bad_notice",
				_("A period of notice is between 0 and {most} {unit}."),
				most=most,
				unit=self.unit.value,
			)


@dataclass(frozen=True)
class Billing:
	"""Periods that are billed: the present one's last day `ends_on`, and how long each is (`months` or `days`)."""

	ends_on: date
	months: int = 0
	days: int = 0

	def end_after(self, day: date) -> date:
		"""The last day of the period that holds `day`, never before the present period's.

		Each period follows the one before as ERPNext reckons them: it begins on the day after, and its end is a day less
		than `months` (or `days`) later.
		"""
		end = self.ends_on
		if self.months < 1 and self.days < 1:
			return max(end, day)
		while end < day:
			start = end + timedelta(days=1)
			after = add_months(start, self.months) if self.months > 0 else start + timedelta(days=self.days)
			end = after - timedelta(days=1)
		return end


def add_months(day: date, months: int) -> date:
	"""The day with the same number `months` later, or that month's last day where there is none (1182/71, 3(2)(c))."""
	years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
	return date(years, month + 1, min(day.day, calendar.monthrange(years, month + 1)[1]))


def month_end(day: date) -> date:
	"""The last day of the month that holds `day`."""
	return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def ends_on(
	given: date, notice: Notice, *, billing: Billing | None = None, fixed_end: date | None = None
) -> date:
	"""The last day of an agreement of which notice was `given` (the day it arrived).

	`billing` matters for TO_PERIOD_END only; an agreement without billed periods then ends with the plain period. An
	agreement that ends by itself on `fixed_end` never ends later than that, nor before the day of the notice.
	"""
	if notice.counted is Counted.FROM_MONTH_END and notice.unit is Unit.MONTHS:
		# "The end of the calendar month following": the months are whole ones.
		end = month_end(add_months(given.replace(day=1), notice.length))
	else:
		start = month_end(given) if notice.counted is Counted.FROM_MONTH_END else given
		end = (
			add_months(start, notice.length)
			if notice.unit is Unit.MONTHS
			else start + timedelta(days=notice.length)
		)
	if notice.counted is Counted.TO_MONTH_END:
		end = month_end(end)
	elif notice.counted is Counted.TO_PERIOD_END and billing:
		end = billing.end_after(end)
	return max(given, min(end, fixed_end)) if fixed_end else end


def withdrawal_ends_on(concluded: date, days: int, is_holiday: Callable[[date], bool]) -> date:
	"""The last day on which a consumer may withdraw from a contract concluded on `concluded` (2011/83/EU, article 9).

	`days` calendar days, the day of conclusion not counted; a last day that is a Saturday, a Sunday or a holiday (by
	`is_holiday`) gives way to the next working day (1182/71, 3(4); recital 41 of the directive).
	"""
	return working_day(concluded + timedelta(days=days), is_holiday)


def working_day(day: date, is_holiday: Callable[[date], bool]) -> date:
	"""`day`, or the next day that is no Saturday, Sunday or holiday (1182/71, 3(4))."""
	while day.weekday() >= 5 or is_holiday(day):
		day += timedelta(days=1)
	return day
