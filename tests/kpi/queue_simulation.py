"""A day of one queue, contact by contact, and what its ACD would post of it every minute.

Written for the tests and independent of the product's own simulation: contacts come at random at the
forecast's pace times its error, agents are alike, the oldest contact is served first, and callers may give up. A count
belongs to the interval in which it happens. The same plan with the same seed gives the same rows.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """A queue for some hours from `begin`, a multiple of its interval. Sequences are by interval and start again at
    their end; `outage` is minutes from the begin, from and until: nothing is offered then."""

    begin: datetime
    hours: float = 10.0
    forecast: float | Sequence[float] = 100.0  # contacts in an interval
    agents: int | Sequence[int] = 14
    aht_seconds: float = 180.0
    target_seconds: float = 20.0
    patience_seconds: float | None = None
    forecast_error: float = 0.0  # 0.1: ten percent more come than are forecast, all day
    interval_noise: float = 0.0  # standard deviation of the volume of single intervals, as a share of it
    outage: tuple[float, float] | None = None
    seed: int = 7
    interval_minutes: int = 30

    @property
    def intervals(self) -> int:
        return math.ceil(self.hours * 60 / self.interval_minutes)

    @property
    def interval_seconds(self) -> float:
        return 60.0 * self.interval_minutes

    def forecast_of(self, interval: int) -> float:
        return self.forecast if isinstance(self.forecast, int | float) else self.forecast[interval % len(self.forecast)]

    def agents_of(self, interval: int) -> int:
        return self.agents if isinstance(self.agents, int) else self.agents[interval % len(self.agents)]

    def start_of(self, interval: int) -> datetime:
        return self.begin + timedelta(minutes=self.interval_minutes * interval)

    def connected(self, second: float) -> bool:
        return self.outage is None or not self.outage[0] * 60 <= second < self.outage[1] * 60


@dataclass
class Counts:
    """One interval so far."""

    offered: int = 0
    answered: int = 0
    answered_in_target: int = 0
    abandoned: int = 0
    abandoned_in_target: int = 0
    wait_seconds: float = 0.0
    handle_seconds: float = 0.0
    available_seconds: float = 0.0


@dataclass(frozen=True)
class Minute:
    """The post of `time`: the interval that just ended, or the running one. `row` has the API's names."""

    number: int  # minutes from the begin
    time: datetime
    row: Row


def forecasts(plan: Plan) -> list[Row]:
    return [
        {
            "interval_start": plan.start_of(interval),
            "interval_minutes": plan.interval_minutes,
            "offered": plan.forecast_of(interval),
            "aht_seconds": plan.aht_seconds,
        }
        for interval in range(plan.intervals)
    ]


def minutes(plan: Plan) -> Iterator[Minute]:
    """One posting after each minute of the plan."""
    queue = _Queue(plan)
    for number in range(1, round(plan.hours * 60) + 1):
        queue.run_until(number * 60.0)
        yield Minute(number, plan.begin + timedelta(minutes=number), _row(queue, (number - 1) // plan.interval_minutes))


def _row(queue: "_Queue", interval: int) -> Row:
    counts = queue.counts[interval]
    busy, agents = len(queue.busy), max(queue.plan.agents_of(interval), len(queue.busy))
    waits = [queue.now - came for came in queue.waiting.values()]
    return {
        "interval_start": queue.plan.start_of(interval),
        "interval_minutes": queue.plan.interval_minutes,
        "as_of": queue.plan.begin + timedelta(seconds=queue.now),
        **vars(counts),
        "agents": agents,
        "agents_available": agents - busy,
        "agents_on_contact": busy,
        "agents_after_contact": 0,
        "waiting_now": len(waits),
        "longest_wait_seconds": max(waits, default=0.0),
        "waiting_past_target": sum(wait > queue.plan.target_seconds for wait in waits),
    }


@dataclass
class _Queue:
    """Seconds are counted from the plan's begin."""

    plan: Plan
    now: float = 0.0
    waiting: OrderedDict[int, float] = field(default_factory=OrderedDict)  # when each came, oldest first
    busy: list[float] = field(default_factory=list)  # when each agent gets done
    counts: list[Counts] = field(default_factory=list)
    _giving_up: list[tuple[float, int]] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        plan = self.plan
        self.counts = [Counts() for _ in range(plan.intervals)]
        self._arriving, self._calling = Random(f"{plan.seed}/arrivals"), Random(f"{plan.seed}/calls")
        self._next = self._arrival_after(0.0, 0)

    @property
    def interval(self) -> int:
        return min(int(self.now // self.plan.interval_seconds), self.plan.intervals - 1)

    @property
    def agents(self) -> int:
        return self.plan.agents_of(self.interval)

    def run_until(self, end: float) -> None:
        """`end` lies within the interval of `now`, or is its end."""
        self._serve()
        while self.now < end:
            self._pass(min(end, self._next, self.busy[0] if self.busy else math.inf, self._first_to_give_up()))
            while self._first_to_give_up() <= self.now:
                self._abandon()
            while self.busy and self.busy[0] <= self.now:
                heappop(self.busy)
            if self._next <= self.now < end:
                self._arrive()
            self._serve()

    def _pass(self, time: float) -> None:
        counts, seconds = self.counts[self.interval], time - self.now
        counts.handle_seconds += len(self.busy) * seconds
        counts.available_seconds += max(0, self.agents - len(self.busy)) * seconds
        self.now = time

    def _arrive(self) -> None:
        if self.plan.connected(self.now):
            self.counts[self.interval].offered += 1
            self._number += 1
            self.waiting[self._number] = self.now
            if self.plan.patience_seconds is not None:
                gives_up = self.now + self._calling.expovariate(1 / self.plan.patience_seconds)
                heappush(self._giving_up, (gives_up, self._number))
        self._next = self._arrival_after(self.now, self.interval)

    def _serve(self) -> None:
        while self.waiting and len(self.busy) < self.agents:
            _, came = self.waiting.popitem(last=False)
            counts, waited = self.counts[self.interval], self.now - came
            counts.answered += 1
            counts.answered_in_target += waited <= self.plan.target_seconds
            counts.wait_seconds += waited
            heappush(self.busy, self.now + self._calling.expovariate(1 / self.plan.aht_seconds))

    def _first_to_give_up(self) -> float:
        while self._giving_up and self._giving_up[0][1] not in self.waiting:
            heappop(self._giving_up)
        return self._giving_up[0][0] if self._giving_up else math.inf

    def _abandon(self) -> None:
        _, number = heappop(self._giving_up)
        counts, waited = self.counts[self.interval], self.now - self.waiting.pop(number)
        counts.abandoned += 1
        counts.abandoned_in_target += waited <= self.plan.target_seconds

    def _arrival_after(self, time: float, interval: int) -> float:
        """Draw the next arrival. The pace changes with each interval: beyond its end it is drawn again."""
        while interval < self.plan.intervals:
            pace = self._pace(interval)
            time = time + self._arriving.expovariate(pace) if pace else math.inf
            end = (interval + 1) * self.plan.interval_seconds
            if time < end:
                return time
            time, interval = end, interval + 1
        return math.inf

    def _pace(self, interval: int) -> float:
        """Contacts a second; the noise of an interval is the same whenever it is asked for."""
        noise = Random(f"{self.plan.seed}/noise/{interval}").gauss(0.0, self.plan.interval_noise)
        expected = self.plan.forecast_of(interval) * (1 + self.plan.forecast_error)
        return max(0.0, expected * (1 + noise)) / self.plan.interval_seconds
