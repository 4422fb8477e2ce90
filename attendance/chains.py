"""The shifts of one person as presence sees them (DOMAIN 3.7): chains and published breaks. Pure.

Presence belongs to one chain of shifts. A check-out that was forgotten in one chain says nothing about the next.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sys import maxsize

from attendance.intervals import EARLY, GRACE, HOLDS, HOUR, Interval, union

GAP = 2 * HOUR
"""Shifts that lie no further apart are one chain."""
JOINS = 4 * HOUR
"""Open presence without a shift joins a chain that starts no later than that after the check-in."""


def chains(duties: Iterable[Interval]) -> list[Interval]:
    """Join working times with gaps of at most GAP. The gaps belong to the chain."""
    found: list[Interval] = []
    for each in union(duties):
        if found and each.starts - found[-1].ends <= GAP:
            found[-1] = Interval(found[-1].starts, each.ends)
        else:
            found.append(each)
    return found


@dataclass(frozen=True, slots=True)
class Roster:
    """The chains of a person and her published breaks, both in order."""

    chains: Sequence[Interval] = ()
    breaks: Sequence[Interval] = ()

    def chain_of(self, time: int, within: int = EARLY) -> Interval | None:
        """Return the chain that a check-in belongs to: the one it falls into, else the next one if that is near."""
        place = bisect_right(self.chains, time, key=lambda chain: chain.ends)
        if place == len(self.chains) or self.chains[place].starts > time + within:
            return None
        return self.chains[place]

    def home(self, came_at: int) -> Interval | None:
        """Return the chain to which presence that began then belongs, if it lasts until the chain starts."""
        return self.chain_of(came_at, JOINS)

    def limit(self, came_at: int) -> int:
        """Return the start of the next chain, which presence that began then never reaches."""
        home = self.home(came_at)
        after = came_at if home is None else home.ends
        return next((chain.starts for chain in self.chains if chain.starts > after), maxsize)

    def ends(self, came_at: int, heard_at: int) -> int:
        """Return the end of presence without a check-out; the last record that confirmed it is of `heard_at`."""
        home = self.home(came_at)
        believed = heard_at + HOLDS if home is None else max(home.ends, heard_at) + EARLY
        return min(believed, self.limit(came_at))

    def proves(self, came_at: int, heard_at: int, time: int) -> bool:
        """Tell whether a record proves that presence of before lasted until the record."""
        home = self.home(came_at)
        known = heard_at if home is None else max(home.ends, heard_at)
        return time - known <= HOLDS and time < self.limit(came_at)

    def pause(self, left_at: int) -> int | None:
        """Return until when a check-out is a break; None where it is no break."""
        for each in self.breaks:
            if each.starts - GRACE <= left_at < each.ends:
                return each.ends + GRACE
        return None
