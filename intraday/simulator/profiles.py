"""The demonstration's queues and the shape of its day, by the simulated clock (intraday.simulator.scenario)."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

INTERVAL = 1800.0  # seconds
DAY_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Profile:
    department: str
    queue: str
    peak: float  # contacts in an interval of the busiest hour
    aht: float  # seconds
    heads: int  # on shift in that hour, breaks and absences included
    target: float  # seconds within which a contact is to be answered, or an item done
    patience: float | None = None  # seconds a caller waits on average; None: work that can wait
    stock: int = 0  # items that wait at midnight

    @property
    def deferred(self) -> bool:
        return self.patience is None


@dataclass(frozen=True, slots=True)
class SkillGroup:
    """People who can serve several queues. Each takes the contact that has waited longest, whichever queue it is in;
    with a `home`, those of this queue alone until somebody moves her."""

    name: str
    department: str
    queues: tuple[str, ...]
    heads: int  # as for a queue
    home: str = ""


PROFILES = (
    Profile("dept_456", "support", peak=200, aht=180, heads=33, target=20, patience=240),
    Profile("dept_456", "billing", peak=120, aht=240, heads=21, target=30, patience=300),
    Profile("dept_456", "sales", peak=80, aht=210, heads=14, target=20, patience=180),
    Profile("dept_456", "email", peak=120, aht=240, heads=23, target=3600, stock=250),
    Profile("dept_789", "claims", peak=45, aht=480, heads=24, target=4 * 3600, stock=120),
    Profile("dept_789", "returns", peak=30, aht=300, heads=12, target=2 * 3600, stock=60),
)
GROUPS = (SkillGroup("service", "dept_456", queues=("billing", "sales"), heads=8),)

CURVE = (
    (0, 0.10),
    (5, 0.08),
    (6, 0.20),
    (7, 0.32),
    (8, 0.65),
    (9, 0.88),
    (10, 1.00),
    (12, 1.00),
    (13, 0.88),
    (15, 0.98),
    (17, 0.75),
    (19, 0.45),
    (22, 0.20),
    (24, 0.10),
)
"""Contacts of an hour against the busiest one."""


def volume(hour: float) -> float:
    """Return the volume between the points of the curve; hours go on past midnight."""
    hour %= DAY_HOURS
    (left, low), (right, high) = list(pairwise(CURVE))[bisect_right(CURVE, (hour, 9.0)) - 1]
    return low + (high - low) * (hour - left) / (right - left)


@dataclass(frozen=True, slots=True)
class Wave:
    """Shifts that begin together; `part` of the heads of a queue."""

    name: str
    begin: float
    hours: float
    part: float
    breaks: tuple[tuple[float, float], ...]  # (hours after the begin, hours)


WAVES = (
    Wave("early", 6.0, 8.0, 0.34, ((2.0, 0.25), (4.0, 0.5))),
    Wave("day", 8.0, 8.0, 0.38, ((2.0, 0.25), (4.0, 0.5))),
    Wave("mid", 10.0, 8.0, 0.24, ((2.0, 0.25), (4.0, 0.5))),
    Wave("part", 10.75, 5.0, 0.12, ((2.5, 0.25),)),
    Wave("late", 14.0, 8.0, 0.48, ((2.0, 0.25), (4.0, 0.5))),
    Wave("night", 22.0, 8.0, 0.16, ((2.0, 0.25), (4.0, 0.5))),
)
"""Two thirds of the heads of the busiest hour come before it; `part` comes while one watches."""


@dataclass(frozen=True, slots=True)
class Incident:
    """The telephones of a site fail, or a pile of delayed mail is delivered: `heads` is the part of the agents who can
    still be reached, `rush` the arrivals against usual ones."""

    queue: str
    heads: float = 1.0
    rush: float = 1.0


INCIDENTS = (
    Incident("support", heads=0.12),
    Incident("email", rush=6.0),
    Incident("billing", heads=0.12),
    Incident("claims", rush=6.0),
    Incident("sales", heads=0.12),
)
"""One after the other; they last LASTS seconds, the first one begins FIRST seconds after the demonstration."""
FIRST, EVERY, LASTS = 40.0, 900.0, 230.0
CALM = Incident("")


def incident_at(seconds: float, incidents: Sequence[Incident] = INCIDENTS) -> Incident:
    turn, since = divmod(seconds - FIRST, EVERY)
    return incidents[int(turn) % len(incidents)] if turn >= 0 and since < LASTS else CALM


@dataclass(frozen=True, slots=True)
class Outage:
    """The line of a queue breaks: no contact reaches it, while its feed goes on to post. Once an hour, between two
    incidents. By day the queue expects four to seven contacts a minute, so a few minutes are enough to notice."""

    queue: str = "support"
    first: float = 1200.0  # seconds after the demonstration begins
    every: float = 3600.0
    lasts: float = 540.0

    def holds(self, queue: str, seconds: float) -> bool:
        since = seconds - self.first
        return queue == self.queue and since >= 0 and since % self.every < self.lasts


OUTAGES = {"hourly": Outage(), "now": Outage(first=60.0), "off": None}
"""Outages by the choice of `simulate --outage`."""


def edges(since: float, until: float) -> Iterator[float]:
    """Yield the times at which incidents begin and end, after `since` and before `until`."""
    turn = max(0, int((since - FIRST) // EVERY))
    while (begin := FIRST + turn * EVERY) < until:
        yield from (edge for edge in (begin, begin + LASTS) if since < edge < until)
        turn += 1
