"""The service level of a queue at the end of its local day, with the heads of its schedule or with others. Pure."""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from intraday.values.rounding import ratio as share_of
from kpi.pipeline.demand import Demand
from kpi.pipeline.inputs import Expected
from kpi.pipeline.measured import Measured, judged
from kpi.pipeline.prospects import LEAST_WEIGHT, level_with
from kpi.pipeline.totals import Totals

HAIR = 1e-9
"""Heads. What rounding leaves of sums that are whole numbers."""


class HeadSpan(NamedTuple):
    """Heads that a queue gets on top of its schedule in [start, end); negative: heads that it gives away."""

    start: datetime
    end: datetime
    heads: float


HeadChange = Sequence[HeadSpan]


class Coming(NamedTuple):
    """An interval to come and the heads at work in it, None if unknown. `offered` of it is reforecast."""

    expected: Expected
    heads: int | None


def heads_within(change: HeadChange, start: datetime, end: datetime) -> int:
    """Return the heads that the change brings on the average of [start, end), rounded down: it promises no more."""
    seconds = (end - start).total_seconds()
    if seconds <= 0:
        return 0
    spans = ((min(span.end, end) - max(span.start, start), span.heads) for span in change)
    brought = sum(max(0.0, within.total_seconds()) * heads for within, heads in spans)
    return math.floor(brought / seconds + HAIR)


def day_end_level(measured: Measured, demand: Demand, totals: Totals, coming: Iterable[Coming]) -> float | None:
    """Return the service level of the whole local day at its end, 0-1: what is decided, the rest of the running
    interval as `totals` project it, and the intervals to come.

    None for deferred work, without anything to judge, and where an interval to come cannot be told.
    """
    if measured.rules.deferred or totals.projected_in_target is None:
        return None
    rest, rest_in_target = _rest_of_interval(measured, totals)
    levels = list(_levels(measured, demand, coming))
    known = [level for level in levels if level is not None]
    if len(known) < len(levels):
        return None
    met = (totals.day_in_target or 0.0) + rest_in_target + sum(contacts * mean for contacts, mean in known)
    counted = (totals.day_judged or 0.0) + rest + sum(contacts for contacts, _ in known)
    return share_of(met, counted)


def _rest_of_interval(measured: Measured, totals: Totals) -> tuple[float, float]:
    """Return the contacts still to be judged in the running interval, and those of them that will be in target."""
    rest, level = totals.rest or 0.0, share_of(totals.projected_in_target, totals.weight)
    if level is None or rest <= 0:
        return 0.0, 0.0
    running = measured.running
    past = measured.waiting_past_target
    met, decided = (0.0, 0.0) if running is None else judged(running, measured.rules)
    return rest, min(rest, max(0.0, level * (decided + past + rest) - met))


def _levels(measured: Measured, demand: Demand, coming: Iterable[Coming]) -> Iterator[tuple[float, float] | None]:
    for each in coming:
        if each.expected.offered < LEAST_WEIGHT:
            continue
        found = level_with(each.expected, measured, demand, each.heads)
        yield None if found is None else (found.contacts, found.mean)
