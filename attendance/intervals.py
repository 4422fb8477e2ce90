"""Stretches of time, and the limits by which attendance judges them. Pure: no database, no clock.

Instants are microseconds since 1970, and so are durations: shifts over midnight or through a change of the clock are
compared as what they are.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

MINUTE = 60_000_000
HOUR = 60 * MINUTE

GRACE = 5 * MINUTE
"""Coming that much after the start is on time, going that much before the end is not early."""
NO_SHOW = 120 * MINUTE
"""Somebody who is absent for longer does not come any more."""
EARLY = 60 * MINUTE
"""A check-in that long before a shift is for this shift."""
HOLDS = 16 * HOUR
"""A record without a shift is believed that long: somebody who forgot to check out is not present for ever."""


class Interval(NamedTuple):
    """From `starts` up to, not including, `ends`."""

    starts: int
    ends: int

    def meets(self, other: "Interval") -> bool:
        return self.starts < other.ends and other.starts < self.ends


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in order, what touches or overlaps made one."""
    found: list[Interval] = []
    for each in sorted(intervals):
        if found and each.starts <= found[-1].ends:
            found[-1] = Interval(found[-1].starts, max(found[-1].ends, each.ends))
        else:
            found.append(each)
    return found


def without(intervals: Sequence[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """What is left of disjoint intervals outside the holes, in order."""
    left = list(intervals)
    for hole in holes:
        left = [part for each in left for part in _cut(each, hole)]
    return left


def _cut(each: Interval, hole: Interval) -> list[Interval]:
    if not each.meets(hole):
        return [each]
    parts = [Interval(each.starts, hole.starts), Interval(hole.ends, each.ends)]
    return [part for part in parts if part.starts < part.ends]
