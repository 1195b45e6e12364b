"""Times: the chain speaks UTC, Frappe keeps the site's zone without naming it, people read their own form."""

from collections.abc import Callable
from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

import frappe
import holidays
from babel.dates import format_date, format_datetime, format_time
from frappe.utils import convert_utc_to_system_timezone, get_datetime, get_system_timezone


def utc_now() -> datetime:
	"""Now, aware, in UTC, in whole milliseconds as the chain keeps it."""
	now = datetime.now(timezone.utc)
	return now.replace(microsecond=now.microsecond // 1000 * 1000)


def site_time(moment: datetime) -> datetime:
	"""`moment` (aware) as Frappe keeps times: naive, in the site's time zone."""
	return convert_utc_to_system_timezone(moment.replace(tzinfo=None)).replace(tzinfo=None)


def utc_time(moment: datetime | str) -> datetime:
	"""A time as Frappe keeps it (naive, site's zone) as aware UTC."""
	return get_datetime(moment).replace(tzinfo=ZoneInfo(get_system_timezone())).astimezone(timezone.utc)


def written(moment: datetime | str, language: str, *, seconds: bool = False) -> str:
	"""A time as Frappe keeps it, as people of `language` write it: "22.11.2026 1.26 (UTC+02:00)" in Finnish."""
	zone = ZoneInfo(get_system_timezone())
	local = utc_time(moment).astimezone(zone)
	locale = "en_GB" if language == "en" else language
	day = format_date(local, "medium", locale)
	hour = format_time(local, "medium" if seconds else "short", zone, locale)
	return f"{day} {hour} ({format_datetime(local, 'ZZZZ', zone, locale)})"


def written_day(day: date, language: str) -> str:
	"""A day as people of `language` write it: "22.11.2026" in Finnish."""
	return format_date(day, "medium", "en_GB" if language == "en" else language)


def country_of(company: str | None) -> str:
	"""The country (ISO 3166-1, "FI") in which a company is; Finland where nothing says it."""
	country = company and frappe.db.get_value("Company", company, "country")
	return ((country and frappe.db.get_value("Country", country, "code")) or "fi").upper()


def holidays_of(company: str | None) -> Callable[[date], bool]:
	"""Tells whether a day is a public holiday where the company is: those of the law, not its own days off."""
	try:
		free = holidays.country_holidays(country_of(company))
	except NotImplementedError:
		free = holidays.country_holidays("FI")
	return free.__contains__
