"""Finding feeds whose times are off by whole half hours, as those of a wrongly set time zone are. Pure.

Data that comes late by accident comes late by ever other amounts, and a feed that posts closed intervals is late by its
own rhythm. A wrong zone is late by the same half hours each time, by more than the rhythm explains.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

HALF_HOUR = timedelta(minutes=30)
LARGEST = timedelta(hours=14)  # between UTC and any zone
EARLY, LATE = timedelta(minutes=1), timedelta(minutes=5)
"""Clocks may explain a lag that is this much below the offset; transport, one that is this much above it."""
STEADY_COUNT, STEADY_FOR = 4, timedelta(minutes=3)
CADENCES = 2  # an interval late is a habit of some feeds; two, and to the minute, is not


@dataclass(frozen=True, slots=True)
class Offset:
    """Minutes behind in each of the last `count` deliveries of newer data; 0 if in time, or not steady."""

    minutes: int = 0
    since: datetime | None = None
    count: int = 0

    def after(self, *, data_time: datetime, received_at: datetime) -> "Offset":
        """Return the offset after one more delivery of newer data."""
        minutes = _offset_minutes(received_at - data_time)
        if not minutes:
            return Offset()
        if minutes != self.minutes or self.since is None:
            return Offset(minutes, received_at, 1)
        return Offset(minutes, self.since, self.count + 1)

    def behind_minutes(self, *, cadence_seconds: float | None, now: datetime) -> int | None:
        """Return by how much the feed is steadily behind; None while nothing says that its zone is wrong."""
        if self.since is None or self.count < STEADY_COUNT or now - self.since < STEADY_FOR:
            return None
        return None if 60 * self.minutes < CADENCES * (cadence_seconds or 0) else self.minutes


def _offset_minutes(lag: timedelta) -> int:
    """Return the half hours that the lag is close to, in minutes; 0 where it is close to none."""
    halves = (lag + EARLY) // HALF_HOUR
    if not 0 < halves <= LARGEST // HALF_HOUR or lag - halves * HALF_HOUR > LATE:
        return 0
    return 30 * halves


def warning(minutes: int) -> str:
    return f"data is {minutes} min behind: is the zone right?"
