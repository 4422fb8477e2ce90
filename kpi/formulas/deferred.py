"""Work that can wait (email, cases): capacity against due times, not Erlang (DOMAIN 1.8)."""

import math
from collections.abc import Iterable

from kpi.formulas.numeric import exact, not_negative

OVERDUE_SECONDS = 3600.0
ROUNDING = 1e-9
"""Twice 49 seconds at one in 49 seconds are two, although 1/49 is no binary fraction."""


def deadline_agents(
    *,
    due: Iterable[tuple[float, float]],
    aht_seconds: float,
    efficiency: float = 1.0,
    overdue_seconds: float = OVERDUE_SECONDS,
) -> int:
    """The fewest agents who finish all of `due` (seconds from now, items) in time, earliest due first.

    N = ceil(max over due times d of work due by d * AHT / (d * efficiency)); an average rate would meet the last due
    time and miss the first. What is already overdue is to be done within `overdue_seconds`.
    """
    if not 0 < efficiency <= 1:
        raise ValueError(f"efficiency is a share above 0, up to 1, not {efficiency}")
    not_negative(aht_seconds=aht_seconds)
    by_due: dict[float, float] = {}
    for seconds, items in due:
        when = seconds if seconds > 0 else overdue_seconds
        by_due[when] = by_due.get(when, 0) + items
    work, agents = exact(0), 0
    for when, items in sorted(by_due.items()):
        work += exact(items) * exact(aht_seconds)
        agents = max(agents, math.ceil(work / (exact(when) * exact(efficiency))))
    return agents


def burn_down_agents(
    *, backlog: float, periods: float, inflow: float, aht_seconds: float, productive_seconds: float
) -> int:
    """Agents who clear `backlog` within so many periods and keep up with `inflow` a period.

    `productive_seconds` is one agent's working time in a period: 200 cases in 5 days, 80 new ones a day at 25 minutes
    and 5.5 h of work a day need 120 a day, which are 10 agents.
    """
    if productive_seconds <= 0 or periods <= 0:
        raise ValueError("periods and productive_seconds are numbers above 0")
    a_period = exact(backlog) / exact(periods) + exact(inflow)
    return math.ceil(a_period * exact(aht_seconds) / exact(productive_seconds))


def projected_breaches(
    *, ages: Iterable[tuple[float, int]], sla_seconds: float, per_second: float, horizon_seconds: float
) -> int:
    """Items of `ages` (age in seconds, items) that are over their SLA or will be within the horizon.

    First in, first out at `per_second` completions: the item in place i is done after i / per_second seconds.
    """
    ahead = breaches = 0
    for age, items in sorted(ages, reverse=True):
        left = sla_seconds - age
        if left <= horizon_seconds:
            done_in_time = math.floor(per_second * left + ROUNDING) - ahead if left > 0 else 0
            breaches += items - min(items, max(0, done_in_time))
        ahead += items
    return breaches
