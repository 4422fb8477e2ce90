"""Deferred work of a queue: agents by due times, and the items that will breach their SLA (DOMAIN 1.8, 3.3). Pure."""

import math
from dataclasses import dataclass

from kpi import formulas
from kpi.pipeline.inputs import Backlog
from kpi.pipeline.measured import Measured

MAX_ERLANGS = 10_000
HORIZON_SECONDS = 3600.0
"""Within which deferred items are projected to breach."""
AGE_STEPS = 24


@dataclass(frozen=True, slots=True)
class Breaches:
    """Items that will be over their SLA within the hour, of those that wait and arrive until then; what is left at
    the end of the interval; the time that the last item waits for its turn, in seconds."""

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
    due = [(rules.sla_seconds - age, items) for age, items in ages_of(backlog, rules.sla_seconds)]
    efficiency = rules.max_occupancy
    by_due_times = formulas.deadline_agents(due=due, aht_seconds=aht, efficiency=efficiency)
    return max(by_due_times, math.ceil(round(inflow * aht / efficiency, 9)))


def inflow_of(measured: Measured, calls: float | None) -> float | None:
    """Items a second: as expected, else as the backlog last grew."""
    if calls is not None:
        return calls / measured.interval_seconds
    return None if measured.inputs.backlog is None else measured.inputs.backlog.inflow


def breaches_of(measured: Measured, calls: float | None, agents: int) -> Breaches | None:
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
    )
    return Breaches(
        risk=found / backlog.items if backlog.items else 0.0,
        items=backlog.items,
        queue_end=max(0.0, backlog.items + (inflow - per_second) * measured.interval_seconds),
        wait_seconds=backlog.items / per_second if per_second else None,
        unstable=inflow > per_second,
    )


def ages_of(backlog: Backlog, sla_seconds: float) -> list[tuple[float, int]]:
    """(age in seconds, items), oldest first. Without an age profile: items over their SLA are between it and the
    oldest, the others spread evenly below."""
    over = backlog.over_sla or 0
    oldest = max(backlog.oldest_seconds, sla_seconds if over else 0.0)
    late = [((oldest + sla_seconds) / 2, over)] if over else []
    within = min(oldest, sla_seconds)
    items = backlog.items - over
    steps = min(AGE_STEPS, items)
    spread = [
        (within * (step + 0.5) / steps, items * (step + 1) // steps - items * step // steps)
        for step in reversed(range(steps))
    ]
    return late + spread
