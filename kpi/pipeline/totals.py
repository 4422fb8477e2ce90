"""Counts and seconds that figures are made of, and that add up from queues to departments and the organization. Pure.

A figure is always derived from totals, a queue's from its own: so the organization's counts are those of its queues,
and shares are the sum of numerators over the sum of denominators (DOMAIN 3.13).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, structs


class Totals(Struct, array_like=True, kw_only=True):
    """Totals of a level. None means unknown, and sums ignore it. Shares are fractions, times seconds."""

    # the newest measured interval, so far
    offered: int | None = None
    answered: int | None = None
    abandoned: int | None = None
    abandon_base: int | None = None  # contacts that the abandon rate is a share of
    in_target: float | None = None
    judged: float | None = None  # contacts that the service level is a share of
    answered_in_target: int | None = None
    level_answered: int | None = None  # answered, where their service level is known
    wait_seconds: float | None = None
    waited: int | None = None  # answered, where their waits are known
    contact_seconds: float | None = None
    waiting_now: int | None = None
    waiting_past_target: int | None = None
    forecast: float | None = None  # for that interval; where nothing is measured, for the running one
    forecast_so_far: float | None = None
    expected: float | None = None  # contacts of the running interval
    # the last quarter of an hour, or the interval
    handle_seconds: float | None = None  # of agents
    ready_seconds: float | None = None
    productive_seconds: float | None = None
    paid_seconds: float | None = None
    agents_on_shift: int | None = None
    # heads at work
    required: int | None = None
    scheduled: int | None = None
    available: int | None = None
    gap: int | None = None
    gap_required: int | None = None  # required, where the gap is known
    # the prospects of the interval, weighed by the contacts expected
    at_risk: int | None = None  # queues
    weight: float | None = None
    projected_in_target: float | None = None
    target_in_target: float | None = None
    waited_weight: float | None = None
    projected_wait_seconds: float | None = None
    rest: float | None = None  # contacts still to be judged in the interval
    rest_in_target: float | None = None  # of these, to be in target
    queue_end: float | None = None  # callers, or items of deferred work
    # the day
    day_in_target: float | None = None
    day_judged: float | None = None
    day_offered: float | None = None  # where there is a forecast for the same time, drops in volume left out
    day_forecast: float | None = None
    ended_offered: float | None = None  # the same, of ended intervals alone
    ended_forecast: float | None = None
    day_goal: float | None = None  # contacts to be in target by the end of the day, where its rest is forecast
    day_goal_judged: float | None = None
    day_goal_in_target: float | None = None
    day_rest: float | None = None
    rest_mean: float | None = None  # sum of contacts times level, over the intervals of the rest of the day
    rest_variance: float | None = None  # sum of contacts squared times the level's variance
    # not sums
    longest_wait_seconds: float | None = None
    window_seconds: float | None = None
    risk: float | None = None
    outlook_risk: float | None = None
    unstable: bool | None = None
    volume_forecast: bool | None = None  # of the running interval
    lower_bound: bool | None = None  # of occupancy and utilization: agents handle several contacts at once
    required_method: str | None = None
    available_source: str | None = None
    risk_method: str | None = None
    target_seconds: float | None = None
    interval_start: datetime | None = None  # of the running interval
    measured_start: datetime | None = None  # of the newest measured one


CONTACTS = (
    "offered",
    "answered",
    "abandoned",
    "abandon_base",
    "contact_seconds",
    "forecast",
    "forecast_so_far",
    "expected",
    "day_offered",
    "day_forecast",
    "ended_offered",
    "ended_forecast",
)
PROJECTED = (
    "weight",
    "projected_in_target",
    "target_in_target",
    "waited_weight",
    "projected_wait_seconds",
    "queue_end",
    "target_seconds",
)
"""Totals that callers and deferred work never share: above queues they are of callers, projections also of deferred
work where there is nothing else."""


def _same(values: Sequence[Any]) -> Any:
    """Return the value that all have in common, if they do."""
    return values[0] if len(set(values)) == 1 else None


_LARGEST = (
    "longest_wait_seconds",
    "window_seconds",
    "risk",
    "outlook_risk",
    "unstable",
    "volume_forecast",
    "lower_bound",
)
_COMMON = (
    "required_method",
    "available_source",
    "risk_method",
    "target_seconds",
    "interval_start",
    "measured_start",
)
_OTHERWISE: dict[str, Callable[[Sequence[Any]], Any]] = {
    **dict.fromkeys(_LARGEST, max),
    **dict.fromkeys(_COMMON, _same),
}
_COMBINE: list[Callable[[Sequence[Any]], Any]] = [_OTHERWISE.get(name, sum) for name in Totals.__struct_fields__]


def add(parts: Iterable[Totals]) -> Totals:
    columns = zip(*map(structs.astuple, parts), strict=True)  # of no parts there are none
    known = ([value for value in column if value is not None] for column in columns)
    values = [combine(values) if values else None for combine, values in zip(_COMBINE, known, strict=False)]
    return Totals(**dict(zip(Totals.__struct_fields__, values, strict=False)))


def of_callers(parts: Sequence[Totals], is_deferred: Sequence[bool]) -> Totals:
    """Add up queues of both kinds: contacts and waits of callers alone, heads and risk of both (DOMAIN 3.13)."""
    whole = add(parts)
    if not any(is_deferred):
        return whole
    callers = [part for part, deferred in zip(parts, is_deferred, strict=True) if not deferred]
    if not callers:
        return whole
    alone = add(callers)
    return structs.replace(whole, **{name: getattr(alone, name) for name in (*CONTACTS, *PROJECTED)})
