"""The clock of a data subject's request: months of all lengths, weekends, Finnish and Swedish holidays, reminders."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.erasure import clock

FINLAND = holidays.country_holidays("FI").__contains__
SWEDEN = holidays.country_holidays("SE", include_sundays=False).__contains__
a_day = st.dates(date(1995, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
	("received", "due"),
	[
		# 1182/71, 3(2)(c): the same number, or the month's last day.
		((2022, 1, 31), (2022, 2, 28)),
		((2024, 1, 31), (2024, 2, 29)),
		((2026, 2, 17), (2026, 3, 17)),
		((2026, 8, 31), (2026, 9, 30)),
		# 3(4): 28.2.2026 is a Saturday, 22.11. a Sunday.
		((2026, 1, 31), (2026, 3, 2)),
		((2026, 10, 22), (2026, 11, 23)),
		# Christmas 2026: the eve, a Thursday, is free as well (act 150/1930, 5 §).
		((2026, 11, 24), (2026, 12, 28)),
		((2026, 11, 25), (2026, 12, 28)),
		# Epiphany 6.1.2027 is a Wednesday; Easter 2027: Good Friday 26.3. to Monday 29.3.; May Day.
		((2026, 12, 6), (2027, 1, 7)),
		((2027, 2, 26), (2027, 3, 30)),
		((2026, 4, 1), (2026, 5, 4)),
		# Independence day 6.12. on a Sunday.
		((2026, 11, 6), (2026, 12, 7)),
	],
)
def test_due_in_finland(received: tuple, due: tuple) -> None:
	assert clock.due_on(date(*received), FINLAND) == date(*due)


def test_the_country_decides() -> None:
	received = date(2025, 5, 6)
	assert clock.due_on(received, SWEDEN) == date(2025, 6, 9)  # 6.6. is Sweden's national day, a Friday
	assert clock.due_on(received, FINLAND) == date(2025, 6, 6)


def test_an_extension_counts_from_receipt() -> None:
	assert clock.extended_due_on(date(2026, 1, 31), FINLAND) == date(2026, 4, 30)
	assert clock.extended_due_on(date(2026, 1, 31), FINLAND, 1) == date(2026, 3, 31)
	for months in (0, 3, -1):
		with pytest.raises(ValueError):
			clock.extended_due_on(date(2026, 1, 31), FINLAND, months)


@given(a_day)
def test_the_due_day_is_a_working_day_at_least_a_month_away(received: date) -> None:
	due = clock.due_on(received, FINLAND)
	assert due.weekday() < 5 and not FINLAND(due)
	assert 28 <= (due - received).days <= 31 + 6
	assert (
		received
		< due
		< clock.extended_due_on(received, FINLAND, 1)
		< clock.extended_due_on(received, FINLAND)
	)


@given(a_day, st.integers(0, 3))
def test_whoever_asks_later_is_never_answered_earlier(received: date, days: int) -> None:
	later = received + timedelta(days=days)
	assert clock.due_on(received, FINLAND) <= clock.due_on(later, FINLAND)


def test_reminders_come_10_3_and_0_days_before_and_daily_when_late() -> None:
	due, reminded, said = date(2026, 3, 2), None, []
	for number in range(-20, 4):
		today = due + timedelta(days=number)
		if clock.is_to_remind(due, today, reminded):
			reminded = today
			said.append(number)
	assert said == [-10, -3, 0, 1, 2, 3]


def test_a_reminder_missed_is_made_up_for_once() -> None:
	due = date(2026, 3, 2)
	assert clock.is_to_remind(due, due - timedelta(days=8), None)
	assert not clock.is_to_remind(due, due - timedelta(days=7), due - timedelta(days=8))
	assert not clock.is_to_remind(due, due, due)
