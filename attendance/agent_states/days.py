"""Local days as stretches of time. Pure: no database, no clock."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from attendance.microseconds import to_microseconds
from attendance.presence.intervals import Interval


def day_of(day: date, zone: ZoneInfo) -> Interval:
    """Return a local day from midnight to midnight: 23 to 25 hours."""
    return Interval(*(to_microseconds(datetime.combine(each, time(), zone)) for each in (day, day + timedelta(days=1))))
