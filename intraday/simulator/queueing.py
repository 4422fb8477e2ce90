"""Queues of contacts and the agents who take them, event by event, with the counts of an ACD.

Contacts come at random, the oldest is served first, callers give up when their patience ends. A queue has agents of its
own and may share others with further queues. All figures are counted from the same contacts and agents, so they agree
with each other; the same seed tells the same story, however often one looks.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from intraday.simulator.profiles import INTERVAL, Profile

AFTER_CONTACT = 0.15  # of the handling time is spent after the contact
EFFICIENCY = 0.88  # of the time in which agents work off what can wait, they work


@dataclass(slots=True)
class Counts:
    """One interval. Seconds are those of agents within it."""

    offered: int = 0
    answered: int = 0
    in_target: int = 0
    abandoned: int = 0
    abandoned_in_target: int = 0
    waited: float = 0.0
    handled: float = 0.0
    available: float = 0.0
    training: float = 0.0
    paid: float = 0.0
    agents: int = 0  # signed in at its end


@dataclass(slots=True)
class Staff:
    """Heads that are there: taking contacts, in training, and all who are paid."""

    at_work: int = 0
    training: int = 0
    paid: int = 0


class Handling(NamedTuple):
    """An agent is busy with a contact of a queue from `began` until `ends`; from `worked` on she finishes it off."""

    ends: float
    worked: float
    queue: str
    began: float


@dataclass(slots=True, eq=False)
class SharedAgents:
    """Agents who serve several queues, one contact at a time.

    As in a real ACD each of these queues counts all of them as signed in and every idle one as available, so sums over
    the queues count them more than once; the time with a contact counts for the queue of the contact alone.
    """

    queues: tuple[str, ...]
    staff: Staff = field(default_factory=Staff)
    busy: list[Handling] = field(default_factory=list)

    def done(self) -> float:
        return self.busy[0].ends if self.busy else math.inf

    def finish(self, now: float) -> None:
        while self.busy and self.busy[0].ends <= now:
            heappop(self.busy)

    def take(self, line: "Line") -> None:
        heappush(self.busy, line.answer())

    def of(self, line: "Line") -> list[Handling]:
        return [each for each in self.busy if each.queue == line.profile.queue]

    def reachable(self, line: "Line") -> int:
        return math.floor(self.staff.at_work * line.reach(line.now))

    def free(self, line: "Line") -> int:
        """Agents who could take a contact of this queue now."""
        return max(0, min(self.staff.at_work - len(self.busy), self.reachable(line) - len(self.of(line))))

    def signed_in(self, line: "Line") -> int:
        there = max(self.staff.at_work, len(self.busy))
        return max(len(self.of(line)), math.floor(there * line.reach(line.now)))

    def paid(self, line: "Line") -> int:
        """All who are paid, but for those who serve another queue at the moment."""
        return max(self.staff.paid, len(self.busy)) - len(self.busy) + len(self.of(line))


def always_connected(_time: float) -> bool:
    return True


@dataclass
class Line:
    """`rate` is contacts a second at a time, `reach` the part of the agents who can be reached then; what comes while
    the line is not `connected` gets lost before the ACD sees it."""

    profile: Profile
    random: Random
    now: float
    rate: Callable[[float], float]
    reach: Callable[[float], float]
    connected: Callable[[float], bool] = always_connected
    staff: Staff = field(default_factory=Staff)  # the agents of this queue alone
    shared: list[SharedAgents] = field(default_factory=list)
    intervals: dict[float, Counts] = field(default_factory=dict)
    waiting: OrderedDict[int, float] = field(default_factory=OrderedDict)  # when each came, oldest first
    busy: list[Handling] = field(default_factory=list)  # of its own agents
    added: int = 0
    completed: int = 0
    _leaves: list[tuple[float, int]] = field(default_factory=list)
    _number: int = 0
    _next: float = 0.0

    def __post_init__(self) -> None:
        longest = self.profile.stock / self.profile.peak * INTERVAL
        for age in sorted((self.random.uniform(0, longest) for _ in range(self.profile.stock)), reverse=True):
            self._join(self.now - age)
        self._next = self._arrival()

    @property
    def counts(self) -> Counts:
        return self.intervals.setdefault(self.now // INTERVAL * INTERVAL, Counts())

    @property
    def handling(self) -> list[Handling]:
        return [*self.busy, *(each for group in self.shared for each in group.of(self))]

    @property
    def reachable(self) -> int:
        return self._own_reachable + sum(group.reachable(self) for group in self.shared)

    @property
    def signed_in(self) -> int:
        """An agent who was cut off, or should have a break, goes on until she is done with her contact."""
        return max(len(self.busy), self._own_reachable) + sum(group.signed_in(self) for group in self.shared)

    @property
    def idle(self) -> int:
        return max(0, self._own_reachable - len(self.busy)) + sum(group.free(self) for group in self.shared)

    @property
    def oldest(self) -> float:
        """The time at which the next contact to be served came; there must be one."""
        return next(iter(self.waiting.values()))

    def next_event(self) -> float:
        """Return the time of the next event of this queue, a new interval included."""
        done = self.busy[0].ends if self.busy else math.inf
        return min(self._next, done, self._gone(), (self.now // INTERVAL + 1) * INTERVAL)

    def pass_to(self, time: float) -> None:
        """Let time pass in which nothing happens."""
        counts, seconds, handling = self.counts, time - self.now, len(self.handling)
        worked = handling * (EFFICIENCY if self.profile.deferred else 1.0)
        counts.handled += worked * seconds
        counts.available += (self.idle + handling - worked) * seconds
        counts.training += (self.staff.training + sum(group.staff.training for group in self.shared)) * seconds
        paid = max(self.staff.paid, len(self.busy)) + sum(group.paid(self) for group in self.shared)
        counts.paid += paid * seconds
        counts.agents = self.signed_in
        self.now = time

    def happen(self) -> None:
        """Let the events of this time happen: callers give up, agents get done, a contact comes."""
        self._leave()
        while self.busy and self.busy[0].ends <= self.now:
            heappop(self.busy)
        if self._next <= self.now:
            self._come()

    def serve(self) -> None:
        """The queue's own agents take what waits."""
        while self.waiting and len(self.busy) < self._own_reachable:
            heappush(self.busy, self.answer())

    def answer(self) -> Handling:
        """An agent takes the contact that has waited longest."""
        _, came = self.waiting.popitem(last=False)
        waited, counts = self.now - came, self.counts
        counts.answered += 1
        counts.in_target += waited <= self.profile.target
        counts.waited += waited
        self.completed += 1
        return self._handled(self.random.expovariate(1 / self.profile.aht))

    @property
    def _own_reachable(self) -> int:
        return math.floor(self.staff.at_work * self.reach(self.now))

    def _gone(self) -> float:
        while self._leaves and self._leaves[0][1] not in self.waiting:
            heappop(self._leaves)
        return self._leaves[0][0] if self._leaves else math.inf

    def _come(self) -> None:
        if self.connected(self.now):
            self._join(self.now)
            self.counts.offered += 1
            self.added += 1
        self._next = self._arrival()

    def _join(self, came: float) -> None:
        self._number += 1
        self.waiting[self._number] = came
        if self.profile.patience is not None:
            heappush(self._leaves, (came + self.random.expovariate(1 / self.profile.patience), self._number))

    def _leave(self) -> None:
        while self._gone() <= self.now:
            waited = self.now - self.waiting.pop(self._leaves[0][1])
            self.counts.abandoned += 1
            self.counts.abandoned_in_target += waited <= self.profile.target

    def _handled(self, seconds: float) -> Handling:
        queue = self.profile.queue
        if self.profile.deferred:
            return Handling(self.now + seconds / EFFICIENCY, self.now + seconds, queue, self.now)
        return Handling(self.now + seconds, self.now + seconds * (1 - AFTER_CONTACT), queue, self.now)

    def _arrival(self) -> float:
        return self.now + self.random.expovariate(self.rate(self.now))
