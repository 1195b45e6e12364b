"""Periods of notice and of withdrawal: months of all lengths, leap years, ends of months, weekends and holidays."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
from signflow.core.flow.notice import (
	Billing,
	Counted,
	Notice,
	Unit,
	add_months,
	ends_on,
	month_end,
	withdrawal_ends_on,
)

DAYS, MONTHS = Unit.DAYS, Unit.MONTHS
a_day = st.dates(date(1990, 1, 1), date(2090, 12, 31))
a_notice = st.builds(Notice, st.integers(0, 120), st.sampled_from(Unit), st.sampled_from(Counted))


@pytest.mark.parametrize(
	("arrived", "notice", "end"),
	[
		# Regulation 1182/71, 3(1): the day of the event is not counted.
		((2026, 11, 22), Notice(14, DAYS), (2026, 12, 6)),
		((2026, 11, 22), Notice(0, DAYS), (2026, 11, 22)),
		((2024, 2, 15), Notice(14, DAYS), (2024, 2, 29)),
		((2025, 2, 15), Notice(14, DAYS), (2025, 3, 1)),
		# 3(2)(c): the same number, or the month's last day.
		((2026, 1, 31), Notice(1, MONTHS), (2026, 2, 28)),
		((2024, 1, 31), Notice(1, MONTHS), (2024, 2, 29)),
		((2026, 2, 28), Notice(1, MONTHS), (2026, 3, 28)),
		((2026, 11, 30), Notice(3, MONTHS), (2027, 2, 28)),
		((2024, 2, 29), Notice(12, MONTHS), (2025, 2, 28)),
		# The end of the calendar month following.
		((2026, 1, 10), Notice(1, MONTHS, Counted.FROM_MONTH_END), (2026, 2, 28)),
		((2026, 1, 31), Notice(1, MONTHS, Counted.FROM_MONTH_END), (2026, 2, 28)),
		((2026, 2, 28), Notice(1, MONTHS, Counted.FROM_MONTH_END), (2026, 3, 31)),
		((2026, 12, 1), Notice(2, MONTHS, Counted.FROM_MONTH_END), (2027, 2, 28)),
		((2026, 2, 3), Notice(0, MONTHS, Counted.FROM_MONTH_END), (2026, 2, 28)),
		((2026, 2, 3), Notice(14, DAYS, Counted.FROM_MONTH_END), (2026, 3, 14)),
		# A period rounded up to the end of its month.
		((2026, 1, 10), Notice(14, DAYS, Counted.TO_MONTH_END), (2026, 1, 31)),
		((2026, 1, 20), Notice(14, DAYS, Counted.TO_MONTH_END), (2026, 2, 28)),
		((2026, 1, 31), Notice(0, DAYS, Counted.TO_MONTH_END), (2026, 1, 31)),
	],
)
def test_the_last_day_of_an_agreement(arrived: tuple, notice: Notice, end: tuple) -> None:
	assert ends_on(date(*arrived), notice) == date(*end)


@pytest.mark.parametrize(
	("arrived", "length", "billing", "end"),
	[
		((2026, 1, 10), 0, Billing(date(2026, 1, 31), months=1), (2026, 1, 31)),
		((2026, 1, 20), 14, Billing(date(2026, 1, 31), months=1), (2026, 2, 28)),
		((2026, 1, 10), 14, Billing(date(2026, 1, 14), months=1), (2026, 2, 14)),
		((2026, 1, 10), 14, Billing(date(2026, 12, 31), months=12), (2026, 12, 31)),
		((2026, 1, 10), 14, Billing(date(2026, 1, 11), days=7), (2026, 1, 25)),
		((2026, 1, 10), 14, Billing(date(2026, 1, 11)), (2026, 1, 24)),
		((2026, 1, 10), 14, None, (2026, 1, 24)),
	],
)
def test_to_the_end_of_the_billing_period(
	arrived: tuple, length: int, billing: Billing | None, end: tuple
) -> None:
	notice = Notice(length, DAYS, Counted.TO_PERIOD_END)
	assert ends_on(date(*arrived), notice, billing=billing) == date(*end)


def test_an_agreement_that_ends_by_itself_does_not_end_later() -> None:
	notice = Notice(6, MONTHS)
	assert ends_on(date(2026, 1, 10), notice, fixed_end=date(2026, 3, 1)) == date(2026, 3, 1)
	assert ends_on(date(2026, 1, 10), notice, fixed_end=date(2027, 3, 1)) == date(2026, 7, 10)
	assert ends_on(date(2026, 1, 10), notice, fixed_end=date(2025, 3, 1)) == date(2026, 1, 10)


@pytest.mark.parametrize(("length", "unit"), [(-1, DAYS), (121, MONTHS), (3661, DAYS)])
def test_a_period_without_sense_is_refused(length: int, unit: Unit) -> None:
	with pytest.raises(SignflowError) as refusal:
		Notice(length, unit)
	assert refusal.value.code == "bad_notice"


@given(a_day, a_notice)
def test_nothing_ends_before_the_notice_nor_before_the_plain_period(day: date, notice: Notice) -> None:
	end = ends_on(day, notice)
	plain = ends_on(day, Notice(notice.length, notice.unit))
	assert end >= day
	if notice.counted is not Counted.FROM_MONTH_END or notice.unit is DAYS:
		assert end >= plain
	if notice.counted in (Counted.TO_MONTH_END,) or (
		notice.counted is Counted.FROM_MONTH_END and notice.unit is MONTHS
	):
		assert (end + timedelta(days=1)).day == 1


@given(a_day, a_day, a_notice)
def test_who_gives_notice_later_is_not_out_earlier(one: date, other: date, notice: Notice) -> None:
	first, second = sorted((one, other))
	assert ends_on(first, notice) <= ends_on(second, notice)


@given(a_day, st.integers(0, 240))
def test_months_keep_the_days_number_where_they_can(day: date, months: int) -> None:
	later = add_months(day, months)
	assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
	assert later.day == day.day or (later == month_end(later) and later.day < day.day)


@given(a_day, a_day, st.sampled_from([(0, 1), (0, 7), (1, 0), (3, 0), (12, 0)]))
def test_billed_periods_follow_each_other_without_a_gap(end: date, day: date, length: tuple) -> None:
	billing = Billing(end, months=length[0], days=length[1])
	found = billing.end_after(day)
	assert found >= day and found >= end
	following = billing.end_after(found + timedelta(days=1))
	assert following > found
	assert billing.end_after(found) == found


HOLIDAYS = {
	date(2026, 1, 1),
	date(2026, 1, 6),
	date(2026, 4, 3),
	date(2026, 4, 6),
	date(2026, 12, 24),
	date(2026, 12, 25),
}


@pytest.mark.parametrize(
	("concluded", "end"),
	[
		((2026, 11, 9), (2026, 11, 23)),  # a Monday
		((2026, 11, 7), (2026, 11, 23)),  # would end on a Saturday
		((2026, 11, 8), (2026, 11, 23)),  # would end on a Sunday
		((2026, 3, 20), (2026, 4, 7)),  # Good Friday, the weekend, Easter Monday
		((2026, 12, 10), (2026, 12, 28)),  # Christmas Eve, Christmas Day, a weekend
		((2025, 12, 18), (2026, 1, 2)),  # New Year
	],
)
def test_a_consumer_has_fourteen_days_and_the_last_is_a_working_day(concluded: tuple, end: tuple) -> None:
	assert withdrawal_ends_on(date(*concluded), 14, HOLIDAYS.__contains__) == date(*end)


@given(a_day, st.integers(14, 60))
def test_the_consumers_period_is_never_shorter_and_ends_on_a_working_day(day: date, days: int) -> None:
	end = withdrawal_ends_on(day, days, lambda each: False)
	assert timedelta(days=days) <= end - day <= timedelta(days=days + 2)
	assert end.weekday() < 5
