"""Intervals of time, and the limits that attendance applies to them. Pure: no database, no clock.

Instants are microseconds since 1970, and so are durations: shifts over midnight or through a change of the clock are
compared by the time that really passes.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

MINUTE = 60_000_000
HOUR = 60 * MINUTE

GRACE = 5 * MINUTE
"""A check-in this long after the start is on time; a check-out this long before the end is not early."""
NO_SHOW_AFTER = 120 * MINUTE
"""A person who is absent for longer is a no-show."""
EARLY_CHECK_IN = 60 * MINUTE
"""A check-in at most this long before a shift belongs to the shift."""
EXPIRES_AFTER = 16 * HOUR
"""A status without a shift expires after 16 hours, so that a forgotten check-out does not last for ever."""


class Interval(NamedTuple):
    """The time from `starts` up to, not including, `ends`."""

    starts: int
    ends: int

    def overlaps(self, other: "Interval") -> bool:
        return self.starts < other.ends and other.starts < self.ends


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same time as disjoint intervals in order: intervals that touch or overlap are merged."""
    found: list[Interval] = []
    for each in sorted(intervals):
        if found and each.starts <= found[-1].ends:
            found[-1] = Interval(found[-1].starts, max(found[-1].ends, each.ends))
        else:
            found.append(each)
    return found


def subtract(intervals: Sequence[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """Return the parts of disjoint intervals that lie outside the holes, in order."""
    left = list(intervals)
    for hole in holes:
        left = [part for each in left for part in _cut(each, hole)]
    return left


def _cut(each: Interval, hole: Interval) -> list[Interval]:
    if not each.overlaps(hole):
        return [each]
    parts = [Interval(each.starts, hole.starts), Interval(hole.ends, each.ends)]
    return [part for part in parts if part.starts < part.ends]
