"""The running interval of a queue as it is, and as it would be with other agents, volume or handling time. Pure."""

from dataclasses import replace
from typing import NamedTuple

from msgspec import Struct

from intraday.values.rounding import half_up, percent, ratio
from kpi import formulas
from kpi.pipeline.demand import Demand, demand_for
from kpi.pipeline.heads import Heads
from kpi.pipeline.inputs import Key, Surroundings
from kpi.pipeline.measured import Measured
from kpi.pipeline.organization import Worked
from kpi.pipeline.queue_totals import totals_of
from kpi.pipeline.totals import Totals


class Change(NamedTuple):
    """A change to the running interval. None leaves a value as measured. `volume` is contacts in the interval."""

    agents: int | None = None
    volume: float | None = None
    aht_seconds: float | None = None


class Case(Struct, frozen=True, kw_only=True):
    """An interval as it would be. Percent are 0-100; null is what cannot be told from what is known."""

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


class WhatIf(Struct, frozen=True):
    baseline: Case
    scenario: Case


class NotWorkedOutError(ValueError):
    """The inputs of the queue allow no figure."""


def what_if(worked: Worked, key: Key, near: Surroundings, change: Change) -> WhatIf:
    """Compare a queue of `worked` with itself after a change. Raises NotWorkedOutError."""
    if key not in worked.demands:
        raise NotWorkedOutError(f"nothing can be worked out of queue {key[1]}: correct its inputs first")
    measured, demand, heads = worked.measured[key], worked.demands[key], worked.heads[key]
    baseline = totals_of(measured, demand, heads, ratio=worked.ratio, judging=near.judging)
    changed_measured, changed = _changed(measured, demand, change)
    scenario = totals_of(
        changed_measured,
        changed,
        heads if change.agents is None else Heads(change.agents, heads.scheduled, heads.source),
        ratio=worked.ratio,
        judging=near.judging,
        trust_run=measured.trust_run and change.volume is None,
    )
    return WhatIf(_case(measured, demand, baseline), _case(changed_measured, changed, scenario))


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


def _case(measured: Measured, demand: Demand, totals: Totals) -> Case:
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
    )
