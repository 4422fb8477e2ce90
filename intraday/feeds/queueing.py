"""A queue of contacts and the agents who take them, event by event: what an ACD would count of them.

Contacts come at random, the oldest is served first, callers give up when their patience ends. All figures are counted
from the same contacts and agents, so they agree with each other; the same seed tells the same story, however often
one looks.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from intraday.feeds.profiles import INTERVAL, Profile

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


@dataclass
class Line:
    """`rate` is contacts a second at a time, `reach` the part of the agents who can be reached then."""

    profile: Profile
    random: Random
    now: float
    rate: Callable[[float], float]
    reach: Callable[[float], float]
    staff: Staff = field(default_factory=Staff)
    intervals: dict[float, Counts] = field(default_factory=dict)
    waiting: OrderedDict[int, float] = field(default_factory=OrderedDict)  # when each came, oldest first
    busy: list[tuple[float, float]] = field(default_factory=list)  # when each takes the next, and what ends before
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

    def advance(self, until: float) -> None:
        """Everything up to then has happened. Staff and reach must not change in between."""
        self._serve()
        while self.now < until:
            self._pass(min(until, self._next, self._done(), self._gone(), self._boundary()))
            self._leave()
            while self.busy and self.busy[0][0] <= self.now:
                heappop(self.busy)
            if self._next <= self.now:
                self._come()
            self._serve()

    @property
    def counts(self) -> Counts:
        return self.intervals.setdefault(self.now // INTERVAL * INTERVAL, Counts())

    @property
    def reachable(self) -> int:
        return math.floor(self.staff.at_work * self.reach(self.now))

    @property
    def signed_in(self) -> int:
        """Who was cut off, or should have a break, goes on until she is done with her contact."""
        return max(len(self.busy), self.reachable)

    def _boundary(self) -> float:
        return (self.now // INTERVAL + 1) * INTERVAL

    def _done(self) -> float:
        return self.busy[0][0] if self.busy else math.inf

    def _gone(self) -> float:
        while self._leaves and self._leaves[0][1] not in self.waiting:
            heappop(self._leaves)
        return self._leaves[0][0] if self._leaves else math.inf

    def _pass(self, time: float) -> None:
        counts, seconds = self.counts, time - self.now
        handling = len(self.busy) * (EFFICIENCY if self.profile.deferred else 1.0)
        counts.handled += handling * seconds
        counts.available += (self.signed_in - handling) * seconds
        counts.training += self.staff.training * seconds
        counts.paid += max(self.staff.paid, len(self.busy)) * seconds
        counts.agents = self.signed_in
        self.now = time

    def _come(self) -> None:
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

    def _serve(self) -> None:
        while self.waiting and len(self.busy) < self.reachable:
            _, came = self.waiting.popitem(last=False)
            waited, counts = self.now - came, self.counts
            counts.answered += 1
            counts.in_target += waited <= self.profile.target
            counts.waited += waited
            self.completed += 1
            self._handle(self.random.expovariate(1 / self.profile.aht))

    def _handle(self, seconds: float) -> None:
        if self.profile.deferred:
            heappush(self.busy, (self.now + seconds / EFFICIENCY, self.now + seconds))
        else:
            heappush(self.busy, (self.now + seconds, self.now + seconds * (1 - AFTER_CONTACT)))

    def _arrival(self) -> float:
        return self.now + self.random.expovariate(self.rate(self.now))
