"""A contact centre in the middle of its morning, at whatever time one looks: the rows that its systems would post.

The clock of the simulated day is moved against the real one, so that it shows 10:30 when the demonstration begins.
Times of data are real: what is posted happened now, or earlier today.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from intraday.api_client.rows import Row
from intraday.simulator import agents, api_rows, roster
from intraday.simulator.agents import AT_WORK, Agents
from intraday.simulator.floor import Floor, floors
from intraday.simulator.profiles import (
    CALM,
    GROUPS,
    INCIDENTS,
    INTERVAL,
    PROFILES,
    Incident,
    Outage,
    Profile,
    SkillGroup,
    edges,
    incident_at,
    volume,
)
from intraday.simulator.queueing import Line, SharedAgents, Staff
from intraday.simulator.roster import HOUR, Record

MORNING = 10.5  # o'clock, by the simulated clock, when it begins; up to a quarter of an hour later
DAY, QUARTER = 24 * HOUR, HOUR / 4
ZONE = ZoneInfo("Europe/Berlin")  # the demo organization's: its "today" is shown whole
Posts = dict[str, list[Row]]
"""Rows by kind (intraday.api_client.client.PATHS)."""


@dataclass
class Scenario:
    """The simulated contact centre: the same seed and times give the same rows.

    `at`, called with growing times, returns the rows that are new since the call before.
    """

    seed: int
    start: datetime
    organization: str = "org_123"
    profiles: tuple[Profile, ...] = PROFILES
    groups: tuple[SkillGroup, ...] = GROUPS
    outage: Outage | None = None
    incidents: tuple[Incident, ...] = INCIDENTS
    lines: dict[str, Line] = field(init=False)
    staff: dict[tuple[str, ...], Staff] = field(init=False)  # by the queues that these people serve
    floors: list[Floor] = field(init=False)
    agents: dict[tuple[str, ...], Agents] = field(init=False)  # likewise, by their home where they have one
    _planned: int = -1  # the first day whose shifts and forecast are not published yet
    _plans: Posts = field(default_factory=dict)
    _records: list[tuple[float, int, Record]] = field(default_factory=list)  # still to come
    _latest: dict[str, Record] = field(default_factory=dict)  # by person
    _number: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self._start = self.start.timestamp()
        self._first_midnight = (self._start - MORNING * HOUR) // QUARTER * QUARTER  # shifts begin on round times
        midnight = self.start.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        self._now = self._begin = min(self._midnight(0), midnight.timestamp())
        self._reported = -(-self._begin // INTERVAL) * INTERVAL  # intervals from here on are whole
        self._people = roster.people(self.profiles, self.groups)
        self.lines = {profile.queue: self._line(profile) for profile in self.profiles}
        shared = [SharedAgents(group.queues) for group in self.groups if not group.home]
        self.floors = floors(list(self.lines.values()), shared)
        self.staff = {(queue,): line.staff for queue, line in self.lines.items()}
        self.staff |= {group.queues: group.staff for group in shared}
        self.staff |= {group.queues: self.lines[group.home].staff for group in self.groups if group.home}
        self._shared = {group.queues: group for group in shared}
        homes = {group.queues: (group.home,) for group in self.groups if group.home}
        self.agents = {
            queues: Agents(self.organization, self._deferred(queues)) for queues in self.staff if queues not in homes
        }
        self._homes = {queues: homes.get(queues, queues) for queues in self.staff}

    @property
    def begin(self) -> datetime:
        """The begin of the data, early enough that today is shown whole."""
        return datetime.fromtimestamp(self._begin, UTC)

    def at(self, now: datetime, *, backlog: bool = True) -> Posts:
        """Return the new rows up to now, kinds in the order to post. A clock that was set back stands still."""
        time = max(self._now, now.timestamp())
        self._plans = {"shifts": [], "forecast": []}
        while self._midnight(self._planned) < time + DAY / 2:
            self._plan(self._planned)
            self._planned += 1
        records = list(self._live(time))
        states = list(self._states())
        return {
            **self._plans,
            "attendance": [roster.record_row(record, self.organization) for record in records],
            "states": states,
            "kpi": list(self._intervals()),
            "backlog": [api_rows.backlog(line, self.organization) for line in self.lines.values() if backlog],
        }

    def move(self, agents: int, source: str, target: str) -> None:
        """Let agents of one queue work in another one from now on, as a supervisor does."""
        self.lines[source].staff.at_work -= agents
        self.lines[target].staff.at_work += agents

    def everybody(self) -> Posts:
        """Return the present status and state of all people, which corrects what an earlier demonstration left."""
        latest = [self._latest.get(person.id, Record(self._now, person, "checked_out")) for person in self._people]
        return {
            "attendance": [roster.record_row(record, self.organization, at=self._now) for record in latest],
            "states": list(agents.everybody(iter(self.agents.values()), self._people, self._now, self.organization)),
        }

    def _deferred(self, queues: tuple[str, ...]) -> bool:
        return all(self.lines[queue].profile.deferred for queue in queues)

    def _line(self, profile: Profile) -> Line:
        def rate(time: float) -> float:
            return profile.peak / INTERVAL * volume(self._hour(time)) * self._incident(profile, time).rush

        def reach(time: float) -> float:
            return self._incident(profile, time).heads

        def connected(time: float) -> bool:
            return self.outage is None or not self.outage.holds(profile.queue, time - self._start)

        return Line(profile, Random(f"{self.seed}/{profile.queue}"), self._begin, rate, reach, connected)

    def _incident(self, profile: Profile, time: float) -> Incident:
        found = incident_at(time - self._start, self.incidents)
        return found if found.queue == profile.queue else CALM

    def _hour(self, time: float) -> float:
        """Return the hour that the simulated clock shows."""
        return (time - self._first_midnight) / HOUR

    def _midnight(self, day: int) -> float:
        return self._first_midnight + day * DAY

    def _plan(self, day: int) -> None:
        """Publish the shifts and the forecast of a simulated day; its number is 0 where the demonstration begins."""
        midnight, date = self._midnight(day), self.start.date() + timedelta(days=day)
        for person in self._people:
            day_of = roster.person_day(person, midnight, date, Random(f"{self.seed}/{person.id}/{day}"))
            self._plans["shifts"] += day_of.rows(self.organization)
            for record in day_of.records:
                heappush(self._records, (record.time, next(self._number), record))
        first = midnight // INTERVAL * INTERVAL
        for profile in self.profiles:
            for start in (first + place * INTERVAL for place in range(int(DAY / INTERVAL))):
                share = volume(self._hour(start + INTERVAL / 2))
                self._plans["forecast"].append(api_rows.forecast(profile, self.organization, start, share))

    def _live(self, until: float) -> Iterator[Record]:
        """Let time pass from one person's move to the next, and yield the moves."""
        while self._records and self._records[0][0] <= until:
            time, _, record = heappop(self._records)
            self._advance(time)
            self._move(record)
            if time >= self._begin:
                yield record
        self._advance(until)

    def _advance(self, until: float) -> None:
        since = self._now - self._start
        for time in (*(self._start + edge for edge in edges(since, until - self._start)), until):
            for floor in self.floors:
                floor.advance(time)
        self._now = max(self._now, until)

    def _move(self, record: Record) -> None:
        person, now = record.person, record.status
        before = self._latest.get(person.id)
        was = before.status if before else "checked_out"
        self._latest[person.id] = record
        self.agents[self._homes[person.queues]].move(record)
        staff = self.staff[person.queues]
        staff.at_work += (now in AT_WORK) - (was in AT_WORK)
        staff.training += (now == "training") - (was == "training")
        staff.paid += (now != "checked_out") - (was != "checked_out")

    def _states(self) -> Iterator[Row]:
        """Yield the states of agents that changed since the call before."""
        for queues, group in self.agents.items():
            shared = self._shared.get(queues)
            lines = [self.lines[queue] for queue in queues]
            handling = lines[0].busy if shared is None else shared.busy
            reach = max(line.reach(line.now) for line in lines)
            group.observe(self._now, handling, math.floor(self.staff[queues].at_work * reach))
            yield from group.take()

    def _intervals(self) -> Iterator[Row]:
        """Yield the intervals that ended since the call before, and the running ones."""
        for line in self.lines.values():
            for start in sorted(line.intervals):
                if start >= self._reported:
                    yield api_rows.interval(line, self.organization, start)
                if start + INTERVAL <= self._now:
                    del line.intervals[start]
