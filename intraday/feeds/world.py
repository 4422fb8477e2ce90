"""A small operation that never sleeps: queues of real items, first in first out, that come and are served.

Every figure is counted from the same items, so end = start + added - completed holds, ages are true ages, and over-SLA
and at-risk counts are what a work list would show. One queue after the other gets into trouble for some minutes
(more arrives, fewer serve) and recovers, so that growing, stable and decreasing trends can all be seen.
The same seed and the same times give the same rows.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from intraday.feeds.instants import Row, iso

TROUBLE_FIRST, TROUBLE_EVERY, TROUBLE_LASTS = 30.0, 300.0, 120.0  # seconds
RUSH, THIN = 3.5, 0.6  # arrivals and service of a queue in trouble, against normal
STEP = 5.0  # seconds; after a long pause the world is caught up in steps, so that the pace follows the queue
DAY, DAY_SWING, PEAK_HOUR = 86_400.0, 0.2, 13


@dataclass(frozen=True, slots=True)
class Profile:
    department: str
    queue: str
    usual: int  # items waiting on an ordinary day
    rate: float  # arrivals a second
    sla: float  # seconds


PROFILES = (
    Profile("dept_456", "support", usual=48, rate=0.60, sla=110),
    Profile("dept_456", "billing", usual=30, rate=0.30, sla=130),
    Profile("dept_456", "sales", usual=18, rate=0.35, sla=70),
    Profile("dept_456", "email", usual=140, rate=0.40, sla=450),
    Profile("dept_789", "claims", usual=60, rate=0.25, sla=310),
    Profile("dept_789", "returns", usual=24, rate=0.20, sla=155),
)


@dataclass
class Line:
    """One queue: when each of its items came (epoch seconds, oldest first), and its flows since the last row."""

    profile: Profile
    random: Random
    items: deque[float] = field(default_factory=deque)
    added: int = 0
    completed: int = 0

    def open(self, now: float) -> None:
        """An ordinary day's queue, as old as it would be at the ordinary pace."""
        span = self.profile.usual / self.profile.rate
        self.items.extend(sorted(now - self.random.uniform(0, span) for _ in range(self.profile.usual)))

    def advance(self, start: float, end: float, *, trouble: bool) -> None:
        came = list(moments(self.profile.rate * daytime(start) * (RUSH if trouble else 1), start, end, self.random))
        served = sum(1 for _ in moments(self._pace(trouble=trouble), start, end, self.random))
        self.items.extend(came)
        served = min(served, len(self.items))
        for _ in range(served):
            self.items.popleft()
        self.added += len(came)
        self.completed += served

    def row(self, organization: str, now: datetime) -> Row:
        """Reading a row begins the next interval."""
        ages = [now.timestamp() - came for came in self.items]
        over = sum(age > self.profile.sla for age in ages)
        row = {
            "organization_id": organization,
            "department_id": self.profile.department,
            "queue_name": self.profile.queue,
            "snapshot_time": iso(now),
            "total_items": len(ages),
            "average_wait_time_minutes": round(sum(ages) / len(ages) / 60, 2) if ages else 0.0,
            "items_over_sla": over,
            "sla_at_risk_count": self._at_risk(ages),
            "items_added": self.added,
            "items_completed": self.completed,
            "oldest_item_age_minutes": round(max(ages, default=0.0) / 60, 2),
        }
        self.added = self.completed = 0
        return row

    def _pace(self, *, trouble: bool) -> float:
        """Items served a second: more hands where the queue is longer than usual, fewer where it is shorter."""
        pressure = len(self.items) / self.profile.usual
        pace = self.profile.rate * min(pressure, 2.2)
        return min(pace, self.profile.rate * THIN) if trouble else pace

    def _at_risk(self, ages: list[float]) -> int:
        """In time still, but at the present pace not served before the SLA."""
        pace = self._pace(trouble=False) or 1.0
        return sum(age <= self.profile.sla < age + place / pace for place, age in enumerate(ages))


@dataclass
class World:
    seed: int
    start: datetime
    organization: str = "org_123"
    profiles: tuple[Profile, ...] = PROFILES

    def __post_init__(self) -> None:
        self._now = self._began = self.start.timestamp()
        self.lines = [Line(profile, Random(f"{self.seed}/{profile.queue}")) for profile in self.profiles]
        for line in self.lines:
            line.open(self._now)

    def at(self, now: datetime) -> list[Row]:
        """Everything up to now has happened; a clock that was set back stands still."""
        time = max(self._now, now.timestamp())
        while self._now < time:
            self._step(min(time, self._now + STEP))
        moment = datetime.fromtimestamp(time, now.tzinfo)
        return [line.row(self.organization, moment) for line in self.lines]

    def _step(self, time: float) -> None:
        troubled = self.in_trouble(time)
        for line in self.lines:
            line.advance(self._now, time, trouble=line.profile.queue == troubled)
        self._now = time

    def in_trouble(self, time: float) -> str | None:
        turn, since = divmod(time - self._began - TROUBLE_FIRST, TROUBLE_EVERY)
        if turn < 0 or since >= TROUBLE_LASTS:
            return None
        return self.profiles[int(turn) % len(self.profiles)].queue


def moments(rate: float, start: float, end: float, random: Random) -> Iterator[float]:
    """A Poisson process: when it happened between start and end, at `rate` a second."""
    time = start + random.expovariate(rate) if rate > 0 else end
    while time < end:
        yield time
        time += random.expovariate(rate)


def daytime(time: float) -> float:
    """A mild day curve around 1: a demonstration started at night should not look dead."""
    return 1 + DAY_SWING * math.cos(2 * math.pi * (time / DAY - PEAK_HOUR / 24))
