"""When a backup rolls off, and when nobody can tell."""

from datetime import date, datetime, timedelta

from signflow.core.erasure import backups
from signflow.core.erasure.backups import STORED, How

MONDAY = datetime(2026, 11, 23, 2, 0)
DAY = timedelta(days=1)


def test_a_file_goes_with_the_first_backup_after_its_time() -> None:
	pause = backups.pause_of([MONDAY, MONDAY + timedelta(minutes=4), MONDAY + DAY], MONDAY + DAY)
	assert pause == DAY
	gone = backups.by_age(MONDAY, 24, pause)
	assert (gone.by, gone.how) == (date(2026, 11, 25), How.BY_AGE)
	assert backups.by_age(MONDAY, 24 * 7, pause).by == date(2026, 12, 1)


def test_where_no_rhythm_shows_no_day_is_told() -> None:
	assert backups.pause_of([], MONDAY) is None
	# The files of one backup are no rhythm.
	assert backups.pause_of([MONDAY, MONDAY + timedelta(minutes=10)], MONDAY) is None
	# They were made daily, and then no more.
	assert backups.pause_of([MONDAY, MONDAY + DAY], MONDAY + 10 * DAY) is None
	assert backups.by_age(MONDAY, 24, None) == backups.RollOff(None, How.NO_RHYTHM)


def test_the_longest_pause_counts() -> None:
	moments = [MONDAY, MONDAY + DAY, MONDAY + 4 * DAY]
	assert backups.pause_of(moments, MONDAY + 5 * DAY) == 3 * DAY


def test_what_somebody_declared() -> None:
	day = date(2026, 11, 23)
	assert backups.by_days(day, 30) == backups.RollOff(date(2026, 12, 23), How.DECLARED)
	assert backups.by_days(day, 0).by is None and backups.by_days(day, 0).how is How.UNKNOWN
	assert backups.by_number(day, 4, 7) == backups.RollOff(date(2026, 12, 21), How.BY_NUMBER)
	assert backups.by_number(day, 0, 7).by is None


def test_what_is_stored_can_be_translated() -> None:
	assert {one.value for one in How} == set(STORED)
