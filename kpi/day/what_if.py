"""A queue as it is, and as it would be with other agents, volume or handling time: its interval and its day. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from intraday.values.rounding import half_up, percent, ratio
from kpi import formulas
from kpi.day.day_end import Coming, HeadSpan, day_end_level
from kpi.day.outcomes import Situation
from kpi.pipeline.demand import Demand, demand_for
from kpi.pipeline.heads import Heads
from kpi.pipeline.inputs import Key
from kpi.pipeline.measured import Measured
from kpi.pipeline.prospects import coming_intervals
from kpi.pipeline.queue_totals import totals_of
from kpi.pipeline.totals import Totals


class Change(NamedTuple):
    """A change to a queue from now until `until`, by default the end of the running interval. None leaves a value as
    measured. `volume` is contacts in the running interval; those to come change in proportion. `move_agents` come from
    the queue `source`, on top of those who are there."""

    agents: int | None = None
    volume: float | None = None
    aht_seconds: float | None = None
    until: datetime | None = None
    move_agents: int | None = None
    source: Key | None = None


class Case(Struct, frozen=True, kw_only=True):
    """An interval as it would be, and the service level of the local day at its end. Percent are 0-100; null is what
    cannot be told from what is known."""

    agents: int | None
    calls: float | None
    aht_seconds: float | None
    interval_minutes: float
    required: int | None
    gap: int | None
    service_level: float | None
    occupancy: float | None
    asa_seconds: float | None
    risk_score: float | None
    outlook_risk: float | None
    day_end_service_level: float | None


class OtherQueue(Struct, frozen=True):
    """The queue that agents come from."""

    department_id: str | None
    queue_name: str
    baseline: Case
    scenario: Case


class WhatIf(Struct, frozen=True):
    """`source` is there where agents move from another queue."""

    baseline: Case
    scenario: Case
    source: OtherQueue | None = None


class NotWorkedOutError(ValueError):
    """The inputs of the queue allow no figure."""


class TooFewAgentsError(ValueError):
    """Fewer agents are there than are to leave."""


def what_if(situation: Situation, key: Key, change: Change) -> WhatIf:
    """Compare a queue with itself after a change, and the queue that agents come from. Raises NotWorkedOutError and
    TooFewAgentsError."""
    there, source = _available(situation, key), None
    if change.source is not None and change.move_agents is not None:
        source = _source(situation, change.source, change.move_agents, change.until)
        change = change if there is None else change._replace(agents=there + change.move_agents)
    return WhatIf(_as_is(situation, key), _scenario(situation, key, change), source)


def _source(situation: Situation, key: Key, gone: int, until: datetime | None) -> OtherQueue:
    there = _available(situation, key)
    if there is not None and there < gone:
        raise TooFewAgentsError(f"{key[1]} has {there} agents: no more can leave it")
    left = None if there is None else there - gone
    after = _scenario(situation, key, Change(agents=left, until=until))
    return OtherQueue(key[0] or None, key[1], _as_is(situation, key), after)


def _available(situation: Situation, key: Key) -> int | None:
    if key not in situation.worked.demands:
        raise NotWorkedOutError(f"nothing can be worked out of queue {key[1]}: correct its inputs first")
    return situation.totals(key, ()).available


def _as_is(situation: Situation, key: Key) -> Case:
    return _scenario(situation, key, Change())


def _scenario(situation: Situation, key: Key, change: Change) -> Case:
    there = _available(situation, key)
    worked = situation.worked
    measured, heads = worked.measured[key], worked.heads[key]
    changed, demand = _changed(measured, worked.demands[key], change)
    heads = heads if change.agents is None else Heads(change.agents, heads.scheduled, heads.source)
    totals = totals_of(
        changed,
        demand,
        heads,
        coming_intervals(changed, demand, heads, ratio=worked.ratio),
        judging=situation.near.judging,
        trust_run=measured.trust_run and change.volume is None,
    )
    more = 0 if there is None or change.agents is None else change.agents - there
    coming = _coming(situation, key, change, more, ratio(demand.calls, worked.demands[key].calls))
    return _case(changed, demand, totals, day_end_level(changed, demand, totals, coming))


def _coming(situation: Situation, key: Key, change: Change, more: int, factor: float | None) -> Iterator[Coming]:
    """The intervals to come; those that begin before the change ends are changed in proportion."""
    until = change.until or situation.interval_end(key)
    for each in situation.coming(key, (HeadSpan(situation.at, until, more),)):
        if each.expected.start >= until:
            yield each
            continue
        calls = each.expected.offered * (1.0 if factor is None else factor)
        aht = each.expected.aht_seconds if change.aht_seconds is None else change.aht_seconds
        yield each._replace(expected=each.expected._replace(offered=calls, aht_seconds=aht))


def _changed(measured: Measured, demand: Demand, change: Change) -> tuple[Measured, Demand]:
    """Requirements that planners set for another volume or handling time no longer count."""
    if change.volume is None and change.aht_seconds is None:
        return measured, demand
    expected = measured.expected and measured.expected._replace(required_agents=None)
    aht_seconds = measured.aht_seconds if change.aht_seconds is None else change.aht_seconds
    changed = replace(measured, expected=expected, aht_seconds=aht_seconds)
    if change.volume is None:
        return changed, demand_for(changed, demand.forecast, demand.calls)
    return changed, demand_for(changed, change.volume, change.volume)


def _case(measured: Measured, demand: Demand, totals: Totals, day_level: float | None) -> Case:
    slots = (
        None
        if totals.available is None
        else formulas.slots(agents=totals.available, concurrency=measured.rules.concurrency)
    )
    calls, aht = demand.calls, demand.aht_seconds
    load = None if calls is None or aht is None else calls * aht / measured.interval_seconds
    busy = ratio(load, slots)
    return Case(
        agents=totals.available,
        calls=half_up(calls),
        aht_seconds=half_up(aht),
        interval_minutes=measured.interval_seconds / 60,
        required=totals.required,
        gap=totals.gap,
        service_level=percent(ratio(totals.projected_in_target, totals.weight)),
        occupancy=None if busy is None else percent(min(1.0, busy)),
        asa_seconds=half_up(ratio(totals.projected_wait_seconds, totals.waited_weight)),
        risk_score=percent(totals.risk),
        outlook_risk=percent(totals.outlook_risk),
        day_end_service_level=percent(day_level),
    )
