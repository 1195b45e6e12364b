"""How long a record is kept: arithmetic on days.

A rule counts a period from a date of the record, or from the end of the calendar or fiscal year that holds it. The day
returned is the last day of keeping; on the day after, a rule that protects stops protecting and a rule that erases is
due. Months and years end on the day with the same number, or on the month's last day where there is none (Regulation
(EEC, Euratom) 1182/71, article 3(2)(c); Finnish act 150/1930, 3 §).

Finnish accounting act 1336/1997, 2:10 §: books ten years from the end of the fiscal year, vouchers six years from the
end of the calendar year in which the fiscal year ended. A fiscal year ended 2017-04-30: vouchers until 2023-12-31, books
until 2027-04-30.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from signflow.core.errors import SignflowError, _
from signflow.core.flow.notice import add_months

# What a rule is for, under the names that are stored: to keep at least so long, or to erase after.
KEEP, ERASE = "Keep at Least", "Erase After"


class PeriodUnit(Enum):
	"""What a period of keeping is measured in; `value` is the stable name for storing."""

	DAYS = "Days"
	MONTHS = "Months"
	YEARS = "Years"


MOST = {PeriodUnit.DAYS: 36600, PeriodUnit.MONTHS: 1200, PeriodUnit.YEARS: 100}


class Reckoning(Enum):
	"""What a period of keeping is counted from; `value` is the stable name for storing."""

	DATE = "The Date"
	CALENDAR_YEAR = "The End of the Calendar Year"
	FISCAL_YEAR = "The End of the Fiscal Year"
	FISCAL_CALENDAR_YEAR = "The End of the Calendar Year in Which the Fiscal Year Ended"

	@property
	def by_fiscal_year(self) -> bool:
		"""Whether it needs the company's fiscal years."""
		return self in (Reckoning.FISCAL_YEAR, Reckoning.FISCAL_CALENDAR_YEAR)


@dataclass(frozen=True)
class Period:
	"""`length` (0 for none) in `unit`.

	Raises SignflowError `bad_period` for a negative length or one beyond a hundred years.
	"""

	length: int
	unit: PeriodUnit = PeriodUnit.YEARS

	def __post_init__(self) -> None:
		if not 0 <= self.length <= MOST[self.unit]:
			raise SignflowError(
				"bad_period",
				_("A period of keeping is between 0 and {most} {unit}."),
				most=MOST[self.unit],
				unit=self.unit.value,
			)

	def after(self, day: date) -> date:
		"""The last day of the period that is counted from `day`; the last day there is, beyond the year 9999."""
		try:
			if self.unit is PeriodUnit.DAYS:
				return day + timedelta(days=self.length)
			return add_months(day, self.length * (12 if self.unit is PeriodUnit.YEARS else 1))
		except (OverflowError, ValueError):
			return date.max


@dataclass(frozen=True)
class FiscalYear:
	"""A fiscal year from `starts_on` to `ends_on`, both included; short and long ones too."""

	starts_on: date
	ends_on: date


class FiscalYears:
	"""The fiscal years of one company."""

	def __init__(self, years: Iterable[FiscalYear] = ()):
		self._years = sorted(years, key=lambda year: year.ends_on, reverse=True)

	def end_of(self, day: date) -> date | None:
		"""The last day of the fiscal year that holds `day`, None if none does.

		Where several do, as when a short year was cut out of one that stayed, the latest end counts: what must be kept
		is rather kept for longer.
		"""
		return next((year.ends_on for year in self._years if year.starts_on <= day <= year.ends_on), None)


def keep_until(
	day: date, reckoning: Reckoning, period: Period, fiscal_years: FiscalYears | None = None
) -> date | None:
	"""The last day on which a record dated `day` is kept; None if no fiscal year is known that holds `day`."""
	start = day
	if reckoning.by_fiscal_year:
		end = (fiscal_years or FiscalYears()).end_of(day)
		if end is None:
			return None
		start = end
	if reckoning in (Reckoning.CALENDAR_YEAR, Reckoning.FISCAL_CALENDAR_YEAR):
		start = date(start.year, 12, 31)
	return period.after(start)


def latest_over(today: date, reckoning: Reckoning, period: Period) -> date | None:
	"""The latest date of a record whose time may be over before `today`: no later one's can be. None if there is none.

	A bound for searching. Exact for DATE and CALENDAR_YEAR; by fiscal years, which end on or after each of their days,
	what it lets through is still to be asked `keep_until`.
	"""
	plain = (
		Reckoning.CALENDAR_YEAR
		if reckoning in (Reckoning.CALENDAR_YEAR, Reckoning.FISCAL_CALENDAR_YEAR)
		else Reckoning.DATE
	)
	low, high = date.min.toordinal(), today.toordinal()
	while low < high:
		# `keep_until` never goes back as the date goes on, so halving finds the last one that is over.
		middle = (low + high + 1) // 2
		until = keep_until(date.fromordinal(middle), plain, period)
		if until is not None and until < today:
			low = middle
		else:
			high = middle - 1
	found = date.fromordinal(low)
	until = keep_until(found, plain, period)
	return found if until is not None and until < today else None
