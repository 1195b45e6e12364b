"""How long records are kept: ends of fiscal and calendar years, months of all lengths, leap days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
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
