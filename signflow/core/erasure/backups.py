"""When a backup rolls off: by its age, by the pause between two backups, by what somebody declared. Pure arithmetic.

A backup that was made before an erasure holds the person until it goes (GDPR 5(1)(e)); nobody is told a day that nothing
vouches for.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import pairwise

from signflow.core.errors import _

# Files of one backup are written one after the other.
ONE_BACKUP = timedelta(minutes=30)
# A pause so many times longer than any before: backups have stopped.
STOPPED = 3


class How(str, Enum):
	"""What a day of rolling off rests on. Values are stored and shown."""

	BY_AGE = "Deleted by Age"
	NO_RHYTHM = "Rhythm of Backups Not Known"
	DECLARED = "Declared in the Settings"
	BY_NUMBER = "Number Limited"
	UNKNOWN = "Not Known"


STORED = (
	_("Deleted by Age"),
	_("Rhythm of Backups Not Known"),
	_("Declared in the Settings"),
	_("Number Limited"),
	_("Not Known"),
)


@dataclass(frozen=True)
class RollOff:
	"""The last day on which a backup may be there, None if nothing tells; and what that rests on."""

	by: date | None
	how: How


def pause_of(moments: Collection[datetime], now: datetime) -> timedelta | None:
	"""The longest pause between two backups of those that are there; None with fewer than two, or once they have stopped."""
	made: list[datetime] = []
	for moment in sorted(moments):
		if not made or moment - made[-1] > ONE_BACKUP:
			made.append(moment)
	if len(made) < 2:
		return None
	longest = max(later - earlier for earlier, later in pairwise(made))
	return longest if now - made[-1] <= STOPPED * longest else None


def by_age(made_on: datetime, keep_hours: int, pause: timedelta | None) -> RollOff:
	"""A file that goes with the first backup that is made once it is `keep_hours` old, where one is made every `pause`.

	As Frappe does it: `frappe.utils.backups.delete_temp_backups` runs with each new backup and at no other time.
	"""
	if pause is None:
		return RollOff(None, How.NO_RHYTHM)
	return RollOff((made_on + timedelta(hours=keep_hours) + pause).date(), How.BY_AGE)


def by_days(last_copy: date, days: int) -> RollOff:
	"""A place that keeps what was copied there until `last_copy` for so many days; 0: nobody knows how long."""
	if days <= 0:
		return RollOff(None, How.UNKNOWN)
	return RollOff(last_copy + timedelta(days=days), How.DECLARED)


def by_number(last_copy: date, number: int, every_days: int) -> RollOff:
	"""A place that keeps the newest `number` copies and gets one every so many days."""
	if number <= 0 or every_days <= 0:
		return RollOff(None, How.UNKNOWN)
	return RollOff(last_copy + timedelta(days=number * every_days), How.BY_NUMBER)
