"""The outcome for a queue with other heads than it has: at the end of its interval and of its day. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from intraday.values.rounding import ratio
from kpi import formulas
from kpi.day.day_end import Coming, HeadChange, day_end_level, heads_within
from kpi.pipeline.heads import Heads, at_work
from kpi.pipeline.inputs import Expected, Key, Rules, Surroundings
from kpi.pipeline.measured import Measured
from kpi.pipeline.organization import Worked
from kpi.pipeline.prospects import coming_intervals, level_with
from kpi.pipeline.queue_totals import totals_of
from kpi.pipeline.totals import Totals
from kpi.pipeline.workload import HORIZON_SECONDS

HORIZON = timedelta(seconds=HORIZON_SECONDS)
"""Within which deferred work is projected to breach: heads count for the part of it that they are there."""
Planned = Mapping[Key, Mapping[datetime, int]]
"""Heads at work by published shifts, by the begin of the intervals that come today."""


class Outcome(NamedTuple):
    """The outcome for a queue. Levels and risks are fractions, None where they cannot be told. `interval_level` is of
    the running interval at its end, `day_level` of the local day at its end."""

    agents: int | None
    required: int | None
    interval_level: float | None
    day_level: float | None
    risk: float | None
    outlook_risk: float | None


@dataclass(frozen=True, slots=True)
class Situation:
    """The queues of an organization as they were worked out, and the heads planned for the rest of the day."""

    worked: Worked
    near: Surroundings
    planned: Planned
    at: datetime

    @property
    def movable(self) -> Mapping[tuple[Key, Key], int]:
        """Heads at work in one queue who serve another one too, by (from, to), as people are shared among queues."""
        is_open = {key for key, part in self.worked.queues.items() if part.closed_until is None}
        required = {key: float(demand.required or 0) for key, demand in self.worked.demands.items() if key in is_open}
        serving = ((frozenset(required.keys() & group.serves), group.available) for group in self.near.present)
        return formulas.movable_heads([(keys, heads) for keys, heads in serving if keys], required)

    def rules(self, key: Key) -> Rules:
        return self.worked.measured[key].rules

    def interval_end(self, key: Key) -> datetime:
        measured = self.worked.measured[key]
        return measured.start + timedelta(seconds=measured.interval_seconds)

    def totals(self, key: Key, change: HeadChange) -> Totals:
        """The queue's totals with the heads of the running interval changed."""
        measured, heads = self.worked.measured[key], self.worked.heads[key]
        end = self.at + HORIZON if measured.rules.deferred else self.interval_end(key)
        more = heads_within(change, self.at, end)
        changed = heads
        if more and heads.available is not None:
            changed = Heads(max(0, heads.available + more), heads.scheduled, heads.source)
        demand = self.worked.demands[key]
        coming = coming_intervals(measured, demand, changed, ratio=self.worked.ratio)
        return totals_of(measured, demand, changed, coming, judging=self.near.judging)

    def coming(self, key: Key, change: HeadChange) -> Iterator[Coming]:
        """The intervals to come with the heads that are planned and changed."""
        measured = self.worked.measured[key]
        own_ratio = 1.0 if measured.rules.deferred else self.worked.ratio
        for each in measured.inputs.rest:
            heads = planned_for(each, measured, self.worked.heads[key], self.planned.get(key, {}))
            more = heads_within(change, each.start, each.end)
            yield Coming(
                each._replace(offered=each.offered * own_ratio), None if heads is None else max(0, heads + more)
            )

    def level_between(self, key: Key, start: datetime, until: datetime, change: HeadChange) -> float | None:
        """Return the service level of all intervals that begin in this time; None where it cannot be told."""
        measured, demand = self.worked.measured[key], self.worked.demands[key]
        if measured.rules.deferred:
            return None
        rows = (each for each in self.coming(key, change) if start <= each.expected.start < until)
        levels = [level_with(each.expected, measured, demand, each.heads) for each in rows]
        known = [level for level in levels if level is not None]
        contacts = sum(level.contacts for level in known)
        return (
            ratio(sum(level.contacts * level.mean for level in known), contacts) if len(known) == len(levels) else None
        )


def planned_for(coming: Expected, measured: Measured, heads: Heads, shifts: Mapping[datetime, int]) -> int | None:
    """Return the heads at work in an interval to come: as planners or shifts say, else as many as now."""
    if coming.scheduled_agents is not None:
        return at_work(coming.scheduled_agents, measured.rules)
    return shifts.get(coming.start, heads.available)


def outcome(situation: Situation, key: Key, change: HeadChange = ()) -> Outcome:
    """Return what becomes of a queue of `situation` with its heads changed; its inputs allow figures."""
    worked, totals = situation.worked, situation.totals(key, change)
    return Outcome(
        agents=totals.available,
        required=totals.required,
        interval_level=ratio(totals.projected_in_target, totals.weight),
        day_level=day_end_level(worked.measured[key], worked.demands[key], totals, situation.coming(key, change)),
        risk=totals.risk,
        outlook_risk=totals.outlook_risk,
    )
