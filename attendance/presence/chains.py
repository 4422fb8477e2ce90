"""Chains of one person's shifts, and her published breaks (DOMAIN 3.7). Pure.

Presence belongs to one chain of shifts. A check-out that was forgotten in one chain does not affect the next.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sys import maxsize

from attendance.presence.intervals import EARLY_CHECK_IN, EXPIRES_AFTER, GRACE, HOUR, Interval, union

MAX_GAP = 2 * HOUR
"""Shifts with gaps up to this belong to one chain."""
JOIN_WITHIN = 4 * HOUR
"""Open presence without a shift joins a chain that starts at most this long after the check-in."""


def chains(working_times: Iterable[Interval]) -> list[Interval]:
    """Join working times with gaps of at most MAX_GAP. The gaps belong to the chain."""
    found: list[Interval] = []
    for each in union(working_times):
        if found and each.starts - found[-1].ends <= MAX_GAP:
            found[-1] = Interval(found[-1].starts, each.ends)
        else:
            found.append(each)
    return found


@dataclass(frozen=True, slots=True)
class ShiftChains:
    """The chains of a person and her published breaks, both in order."""

    chains: Sequence[Interval] = ()
    breaks: Sequence[Interval] = ()

    def chain_of(self, time: int, within: int = EARLY_CHECK_IN) -> Interval | None:
        """Return the chain that a check-in belongs to: the one it falls into, else the next one if that is near."""
        place = bisect_right(self.chains, time, key=lambda chain: chain.ends)
        if place == len(self.chains) or self.chains[place].starts > time + within:
            return None
        return self.chains[place]

    def chain_of_presence(self, came_at: int) -> Interval | None:
        """Return the chain to which presence that began then belongs, if it lasts until the chain starts."""
        return self.chain_of(came_at, JOIN_WITHIN)

    def next_chain_starts(self, came_at: int) -> int:
        """Return the start of the next chain, which presence that began then never reaches."""
        own_chain = self.chain_of_presence(came_at)
        after = came_at if own_chain is None else own_chain.ends
        return next((chain.starts for chain in self.chains if chain.starts > after), maxsize)

    def presence_ends(self, came_at: int, confirmed_at: int) -> int:
        """Return the end of presence without a check-out; the last record that confirmed it is of `confirmed_at`."""
        own_chain = self.chain_of_presence(came_at)
        if own_chain is None:
            expires = confirmed_at + EXPIRES_AFTER
        else:
            expires = max(own_chain.ends, confirmed_at) + EARLY_CHECK_IN
        return min(expires, self.next_chain_starts(came_at))

    def confirms(self, came_at: int, confirmed_at: int, time: int) -> bool:
        """Tell whether a record confirms that earlier presence lasted until the record."""
        own_chain = self.chain_of_presence(came_at)
        known_until = confirmed_at if own_chain is None else max(own_chain.ends, confirmed_at)
        return time - known_until <= EXPIRES_AFTER and time < self.next_chain_starts(came_at)

    def break_end(self, left_at: int) -> int | None:
        """Return the end of the break that a check-out begins; None if it begins no break."""
        for each in self.breaks:
            if each.starts - GRACE <= left_at < each.ends:
                return each.ends + GRACE
        return None
