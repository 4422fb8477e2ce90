"""Deferred work of a queue: agents by due times, and the items that will breach their SLA (DOMAIN 1.8, 3.3). Pure."""

from dataclasses import dataclass

from kpi import formulas
from kpi.pipeline.inputs import Backlog
from kpi.pipeline.measured import Measured

MAX_ERLANGS = 10_000
"""No queue keeps ten thousand agents busy: beyond that the feed is wrong, and searching for agents takes seconds."""
HORIZON_SECONDS = 3600.0
"""Within which deferred items are projected to breach."""


@dataclass(frozen=True, slots=True)
class Breaches:
    """`risk` is the share of the items, arrivals within the hour among them, that will be over their SLA within the
    hour; `queue_end` items are left at the end of the interval, `wait_seconds` is the wait of the last one."""

    risk: float
    items: int
    queue_end: float
    wait_seconds: float | None
    unstable: bool


def workload_agents(measured: Measured, calls: float | None) -> int | None:
    """Agents at work who finish every item in time and keep up with what comes in; None where that is not known."""
    backlog, aht, rules = measured.inputs.backlog, measured.aht_seconds, measured.rules
    if backlog is None or not aht:
        return None
    inflow = inflow_of(measured, calls) or 0.0
    if (backlog.items + inflow * HORIZON_SECONDS) * aht > MAX_ERLANGS * HORIZON_SECONDS:
        return None
    return formulas.deadline_agents(
        due=[(rules.sla_seconds - age, items) for age, items in ages_of(backlog, rules.sla_seconds)],
        aht_seconds=aht,
        efficiency=rules.max_occupancy,
        inflow=inflow,
        sla_seconds=rules.sla_seconds,
    )


def inflow_of(measured: Measured, calls: float | None) -> float | None:
    """Items a second: as expected, else as the backlog last grew."""
    if calls is not None:
        return calls / measured.interval_seconds
    return None if measured.inputs.backlog is None else measured.inputs.backlog.inflow


def breaches_of(measured: Measured, calls: float | None, agents: int) -> Breaches | None:
    """Return the items that breach their SLA; None if the backlog or the handling time is unknown."""
    backlog, aht, rules = measured.inputs.backlog, measured.aht_seconds, measured.rules
    if backlog is None or not aht:
        return None
    inflow = inflow_of(measured, calls) or 0.0
    per_second = agents * rules.max_occupancy / aht
    found = formulas.projected_breaches(
        ages=ages_of(backlog, rules.sla_seconds),
        sla_seconds=rules.sla_seconds,
        per_second=per_second,
        horizon_seconds=HORIZON_SECONDS,
        inflow=inflow,
    )
    return Breaches(
        risk=found.share,
        items=found.items,
        queue_end=max(0.0, backlog.items + (inflow - per_second) * measured.interval_seconds),
        wait_seconds=backlog.items / per_second if per_second else None,
        unstable=inflow > per_second,
    )


def ages_of(backlog: Backlog, sla_seconds: float) -> list[tuple[float, int]]:
    """(age in seconds, items), oldest first, from what the feed says of ages."""
    return formulas.ages_of(
        items=backlog.items,
        oldest_seconds=max(backlog.oldest_seconds, sla_seconds if backlog.over_sla else 0.0),
        sla_seconds=sla_seconds,
        over_sla=backlog.over_sla,
        profile=backlog.age_profile,
    )
