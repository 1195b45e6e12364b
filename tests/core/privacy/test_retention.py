"""How long records are kept: ends of fiscal and calendar years, months of all lengths, leap days."""

from calendar import isleap
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
from signflow.core.flow.notice import add_months
from signflow.core.privacy.retention import (
	MOST,
	FiscalYear,
	FiscalYears,
	Period,
	PeriodUnit,
	Reckoning,
	keep_until,
	latest_over,
)

DAYS, MONTHS, YEARS = PeriodUnit.DAYS, PeriodUnit.MONTHS, PeriodUnit.YEARS
a_day = st.dates(date(1990, 1, 1), date(2090, 12, 31))
a_period = st.builds(Period, st.integers(0, 100), st.sampled_from(PeriodUnit))
TO_APRIL = FiscalYears(FiscalYear(date(year, 5, 1), date(year + 1, 4, 30)) for year in range(1985, 2095))


def test_the_accounting_acts_two_dates() -> None:
	"""Fiscal year ended 2017-04-30: vouchers until 2023-12-31, books until 2027-04-30 (1336/1997, 2:10 §)."""
	for day in (date(2016, 5, 1), date(2016, 12, 31), date(2017, 4, 30)):
		assert keep_until(day, Reckoning.FISCAL_CALENDAR_YEAR, Period(6), TO_APRIL) == date(2023, 12, 31)
		assert keep_until(day, Reckoning.FISCAL_YEAR, Period(10), TO_APRIL) == date(2027, 4, 30)


@pytest.mark.parametrize(
	("day", "reckoning", "period", "until"),
	[
		((2026, 1, 31), Reckoning.DATE, Period(1, MONTHS), (2026, 2, 28)),
		((2024, 1, 31), Reckoning.DATE, Period(1, MONTHS), (2024, 2, 29)),
		((2024, 2, 29), Reckoning.DATE, Period(1), (2025, 2, 28)),
		((2024, 2, 29), Reckoning.DATE, Period(4), (2028, 2, 29)),
		((2026, 11, 22), Reckoning.DATE, Period(0, DAYS), (2026, 11, 22)),
		((2024, 2, 15), Reckoning.DATE, Period(14, DAYS), (2024, 2, 29)),
		((2026, 1, 1), Reckoning.CALENDAR_YEAR, Period(2), (2028, 12, 31)),
		((2026, 12, 31), Reckoning.CALENDAR_YEAR, Period(2), (2028, 12, 31)),
		((2026, 3, 3), Reckoning.CALENDAR_YEAR, Period(6, MONTHS), (2027, 6, 30)),
	],
)
def test_the_last_day_of_keeping(day: tuple, reckoning: Reckoning, period: Period, until: tuple) -> None:
	assert keep_until(date(*day), reckoning, period) == date(*until)


def test_short_and_long_years() -> None:
	years = FiscalYears(
		[
			FiscalYear(date(2015, 10, 1), date(2017, 3, 31)),  # the first, of eighteen months
			FiscalYear(date(2017, 4, 1), date(2017, 12, 31)),  # a short one, to change to calendar years
			FiscalYear(date(2018, 1, 1), date(2018, 12, 31)),
		]
	)
	six = (Reckoning.FISCAL_CALENDAR_YEAR, Period(6), years)
	assert keep_until(date(2015, 12, 24), *six) == date(2023, 12, 31)
	assert keep_until(date(2017, 3, 31), *six) == date(2023, 12, 31)
	assert keep_until(date(2018, 1, 1), *six) == date(2024, 12, 31)
	assert keep_until(date(2019, 1, 1), *six) is None
	assert keep_until(date(2019, 1, 1), Reckoning.FISCAL_YEAR, Period(10)) is None


def test_of_years_that_overlap_the_latest_end_counts() -> None:
	years = FiscalYears(
		[FiscalYear(date(2020, 1, 1), date(2020, 6, 30)), FiscalYear(date(2020, 1, 1), date(2020, 12, 31))]
	)
	assert years.end_of(date(2020, 3, 1)) == date(2020, 12, 31)


@pytest.mark.parametrize("unit", list(PeriodUnit))
def test_a_period_beyond_reason_is_refused(unit: PeriodUnit) -> None:
	for length in (-1, MOST[unit] + 1):
		with pytest.raises(SignflowError) as refused:
			Period(length, unit)
		assert refused.value.code == "bad_period"


def test_the_end_of_time_is_the_last_day_there_is() -> None:
	assert keep_until(date(9990, 1, 1), Reckoning.DATE, Period(100)) == date.max
	assert keep_until(date.max, Reckoning.DATE, Period(1, DAYS)) == date.max


@given(a_day, a_day, st.sampled_from(Reckoning), a_period)
def test_an_older_record_is_never_kept_for_longer(
	one: date, other: date, reckoning: Reckoning, period: Period
) -> None:
	first, second = sorted((one, other))
	earlier = keep_until(first, reckoning, period, TO_APRIL)
	later = keep_until(second, reckoning, period, TO_APRIL)
	assert earlier is not None and later is not None
	assert first <= earlier <= later


@given(a_day, a_period)
def test_ends_of_years_only_lengthen(day: date, period: Period) -> None:
	plain = keep_until(day, Reckoning.DATE, period)
	fiscal = keep_until(day, Reckoning.FISCAL_YEAR, period, TO_APRIL)
	both = keep_until(day, Reckoning.FISCAL_CALENDAR_YEAR, period, TO_APRIL)
	assert plain and fiscal and both and plain <= fiscal <= both
	assert (both - plain) < timedelta(days=2 * 366 + 3)


@given(a_day, st.sampled_from((Reckoning.DATE, Reckoning.CALENDAR_YEAR)), a_period)
def test_the_bound_for_searching_is_exact(today: date, reckoning: Reckoning, period: Period) -> None:
	bound = latest_over(today, reckoning, period)
	assert bound
	assert keep_until(bound, reckoning, period) < today
	assert keep_until(bound + timedelta(days=1), reckoning, period) >= today


@given(a_day, a_day, st.sampled_from(Reckoning), a_period)
def test_nothing_that_is_over_lies_beyond_the_bound(
	today: date, day: date, reckoning: Reckoning, period: Period
) -> None:
	until = keep_until(day, reckoning, period, TO_APRIL)
	bound = latest_over(today, reckoning, period)
	if until and until < today:
		assert bound and day <= bound


def test_before_the_first_days_there_is_no_bound() -> None:
	assert latest_over(date(50, 1, 1), Reckoning.DATE, Period(100)) is None


@st.composite
def odd_years(draw: st.DrawFn) -> list[FiscalYear]:
	"""Years that follow each other and end on any day, 29.2. among them: up to eighteen months long (1336/1997, 1:4 §)."""
	start = draw(st.one_of(a_day, st.sampled_from((date(2020, 3, 1), date(2023, 9, 1), date(2024, 3, 1)))))
	years = []
	for _turn in range(draw(st.integers(1, 5))):
		months = draw(st.integers(1, 18))
		end = add_months(start, months) - timedelta(days=1)
		# Mostly whole months, as a register allows; a merger may end a year on any day.
		end -= timedelta(days=draw(st.sampled_from((0, 0, 0, 1, 13))))
		end = max(end, start)
		years.append(FiscalYear(start, end))
		start = end + timedelta(days=1)
	return years


@given(odd_years(), st.data())
def test_vouchers_and_books_of_odd_years(years: list[FiscalYear], data: st.DataObject) -> None:
	"""1336/1997, 2:10 §: books ten years from the end of the fiscal year, vouchers six years from the end of the
	calendar year in which it ended; counted here a second time, in other words."""
	year = data.draw(st.sampled_from(years))
	length = (year.ends_on - year.starts_on).days
	day = year.starts_on + timedelta(days=data.draw(st.integers(0, length)))
	known = FiscalYears(data.draw(st.permutations(years)))
	vouchers = keep_until(day, Reckoning.FISCAL_CALENDAR_YEAR, Period(6), known)
	books = keep_until(day, Reckoning.FISCAL_YEAR, Period(10), known)
	assert vouchers == date(year.ends_on.year + 6, 12, 31)
	end = year.ends_on
	is_missing = (end.month, end.day) == (2, 29) and not isleap(end.year + 10)
	assert books == end.replace(year=end.year + 10, day=28 if is_missing else end.day)
	for reckoning, period in (
		(Reckoning.FISCAL_CALENDAR_YEAR, Period(6)),
		(Reckoning.FISCAL_YEAR, Period(10)),
	):
		until = keep_until(day, reckoning, period, known)
		assert until
		# Found when it is over, and not a day before.
		bound = latest_over(until + timedelta(days=1), reckoning, period)
		assert bound and day <= bound
		# All of one year's records are over on one day, and those of the next not before.
		assert until == keep_until(year.starts_on, reckoning, period, known)
		later = keep_until(min(end + timedelta(days=1), years[-1].ends_on), reckoning, period, known)
		assert later and until <= later
	for outside in (years[0].starts_on - timedelta(days=1), years[-1].ends_on + timedelta(days=1)):
		assert keep_until(outside, Reckoning.FISCAL_YEAR, Period(10), known) is None


@pytest.mark.parametrize(
	("starts_on", "ends_on", "vouchers", "books"),
	[
		((2023, 3, 1), (2024, 2, 29), (2030, 12, 31), (2034, 2, 28)),  # ends on a leap day
		((2022, 9, 1), (2024, 2, 29), (2030, 12, 31), (2034, 2, 28)),  # so does one of eighteen months
		((2017, 3, 1), (2018, 2, 28), (2024, 12, 31), (2028, 2, 28)),  # the same number, in a leap year
		((2024, 12, 1), (2024, 12, 31), (2030, 12, 31), (2034, 12, 31)),  # one month
		((2024, 7, 1), (2025, 12, 31), (2031, 12, 31), (2035, 12, 31)),  # what began in 2024 ended in 2025
		((2024, 1, 1), (2024, 12, 31), (2030, 12, 31), (2034, 12, 31)),
	],
)
def test_short_long_and_leap_years_by_hand(
	starts_on: tuple, ends_on: tuple, vouchers: tuple, books: tuple
) -> None:
	years = FiscalYears([FiscalYear(date(*starts_on), date(*ends_on))])
	for day in (date(*starts_on), date(*ends_on)):
		assert keep_until(day, Reckoning.FISCAL_CALENDAR_YEAR, Period(6), years) == date(*vouchers)
		assert keep_until(day, Reckoning.FISCAL_YEAR, Period(10), years) == date(*books)
