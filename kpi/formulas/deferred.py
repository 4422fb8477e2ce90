"""Work that can wait (email, cases): capacity against due times, not Erlang (DOMAIN 1.8)."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from kpi.formulas.numeric import exact, not_negative, positive

OVERDUE_SECONDS = 3600.0
ROUNDING = 1e-9
"""Tolerance of rounding: twice 49 seconds at one in 49 seconds are two, although 1/49 is no binary fraction."""
AGE_STEPS = 24
"""Ages into which the items of one bucket are spread."""

Ages = list[tuple[float, int]]
"""Ages in seconds, each with a number of items."""


class Breaches(NamedTuple):
    """Items that are over their SLA or will be within the horizon, among those that wait and the arrivals that are due
    within it (`items`)."""

    breaches: int
    items: int

    @property
    def share(self) -> float:
        return self.breaches / self.items if self.items else 0.0


def ages_of(
    *,
    items: int,
    oldest_seconds: float,
    sla_seconds: float,
    over_sla: int | None = None,
    profile: Iterable[tuple[float, int]] = (),
) -> Ages:
    """Return the ages of so many items, oldest first, from what a feed says of them.

    `profile` holds buckets (age in seconds at which it begins, items in it), each up to the next one and the last up
    to the oldest item. Items in no bucket are younger than the first. Within a bucket ages are spread evenly. The
    number over the SLA cuts a bucket in two, as far as the buckets allow it. ValueError for more items in buckets than
    there are, or for two buckets that begin at the same age.
    """
    not_negative(items=items, oldest_seconds=oldest_seconds, sla_seconds=sla_seconds, over_sla=over_sla or 0)
    older = _older(items, profile)
    if over_sla is not None:
        older = _cut(older, sla_seconds, over_sla)
    found: Ages = []
    after = (max(oldest_seconds, older[-1][0]), 0)
    for start, count in reversed(older):
        end, beyond = after
        found += _spread(start, min(end, max(start, oldest_seconds)), count - beyond)
        after = start, count
    return found


def _older(items: int, profile: Iterable[tuple[float, int]]) -> Ages:
    """Return the age at which each bucket begins and the items of that age or older, the youngest first."""
    begun: Ages = []
    older = 0
    for start, count in sorted(profile, reverse=True):
        not_negative(older_than_seconds=start, items=count)
        if begun and begun[-1][0] == start:
            raise ValueError(
                f"age_profile has two buckets that begin at {start / 60:g} minutes: expected one, add them up"
            )
        older += count
        begun.append((start, older))
    if older > items:
        raise ValueError(f"age_profile holds {older} items, but {items} wait: count each in the oldest bucket it fits")
    return [(0.0, items), *(bucket for bucket in reversed(begun) if bucket[0])]


def _cut(older: Ages, sla_seconds: float, over_sla: int) -> Ages:
    """Begin a bucket at the SLA, with the items that are over it as far as those of the buckets beside it allow."""
    before = [bucket for bucket in older if bucket[0] < sla_seconds]
    behind = [bucket for bucket in older if bucket[0] >= sla_seconds]
    if not before or (behind and behind[0][0] == sla_seconds):
        return older
    least, most = behind[0][1] if behind else 0, before[-1][1]
    return [*before, (sla_seconds, min(most, max(least, over_sla))), *behind]


def _spread(start: float, end: float, items: int) -> Ages:
    steps = min(AGE_STEPS, items)
    return [
        (start + (end - start) * (step + 0.5) / steps, items * (step + 1) // steps - items * step // steps)
        for step in reversed(range(steps))
    ]


def deadline_agents(
    *,
    due: Iterable[tuple[float, float]],
    aht_seconds: float,
    efficiency: float = 1.0,
    overdue_seconds: float = OVERDUE_SECONDS,
    inflow: float = 0.0,
    sla_seconds: float = math.inf,
) -> int:
    """The fewest agents who finish all of `due` (seconds from now, items) in time, earliest due first.

    N = ceil(max over due times d of work due by d * AHT / (d * efficiency)); an average rate would meet the last due
    time and miss the first. What is already overdue is to be done within `overdue_seconds`. `inflow` items a second
    keep arriving, each due `sla_seconds` after it came: by d those are due that arrived by d - SLA, and in the long
    run agents keep up with all of them.
    """
    if not 0 < efficiency <= 1:
        raise ValueError(f"efficiency is a share above 0, up to 1, not {efficiency}")
    not_negative(aht_seconds=aht_seconds, inflow=inflow)
    by_due: dict[float, float] = {}
    for seconds, items in due:
        when = seconds if seconds > 0 else overdue_seconds
        by_due[when] = by_due.get(when, 0) + items
    of_one, rate = exact(aht_seconds) / exact(efficiency), exact(inflow)
    work, agents = exact(0), math.ceil(rate * of_one)
    for when, items in sorted(by_due.items()):
        work += exact(items)
        arrived = rate * exact(when - sla_seconds) if when > sla_seconds else 0
        agents = max(agents, math.ceil((work + arrived) * of_one / exact(when)))
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
    *,
    ages: Iterable[tuple[float, int]],
    sla_seconds: float,
    per_second: float,
    horizon_seconds: float,
    inflow: float = 0.0,
) -> Breaches:
    """Project the items that are over their SLA or will be within the horizon, new arrivals among them.

    First in, first out at `per_second` completions: the item in place i is done after i / per_second seconds. `inflow`
    items a second arrive behind them; those that come in the first horizon - SLA seconds are due within the horizon.
    """
    not_negative(per_second=per_second, inflow=inflow, horizon_seconds=horizon_seconds)
    positive(sla_seconds=sla_seconds)
    ahead = breaches = 0
    for age, items in sorted(ages, reverse=True):
        left = sla_seconds - age
        if left <= horizon_seconds:
            done_in_time = math.floor(per_second * left + ROUNDING) - ahead if left > 0 else 0
            breaches += items - min(items, max(0, done_in_time))
        ahead += items
    within = max(0.0, horizon_seconds - sla_seconds)
    late = _late_seconds(ahead, inflow, per_second, sla_seconds, within)
    return Breaches(breaches + math.floor(inflow * late + ROUNDING), ahead + math.floor(inflow * within + ROUNDING))


def _late_seconds(ahead: int, inflow: float, per_second: float, sla_seconds: float, within: float) -> float:
    """Return for how many of the first `within` seconds an arrival will wait longer than the SLA.

    One that comes at s is done at (ahead + inflow * s) / per_second: the wait grows or shrinks with s, by
    inflow / per_second - 1 a second.
    """
    if not per_second:
        return within
    too_long, change = ahead / per_second - sla_seconds, inflow / per_second - 1
    if change > 0:
        return within - min(within, max(0.0, -too_long / change))
    if not change:
        return within if too_long > 0 else 0.0
    return min(within, max(0.0, too_long / -change))
