"""Agents for deferred work in each interval to come: the backlog and the arrivals, each by its due time. Pure."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from kpi.day.schedule import Cell
from kpi.formulas.deferred import OVERDUE_SECONDS
from kpi.pipeline.inputs import Backlog, Expected, Rules
from kpi.pipeline.spans import expected_between
from kpi.pipeline.workload import ages_of


def planned_agents(
    backlog: Backlog | None, expected: Sequence[Expected], rules: Rules, cells: Sequence[Cell]
) -> dict[datetime, int]:
    """Return the agents at work that each cell from now on needs, by its start.

    The least even pace that has every item done when it is due: the slope of the least concave curve above the work
    due until each time (earliest due first). It never falls below the arrivals of a cell.
    """
    coming = [(cell, expected_between(expected, cell.start, cell.end)) for cell in cells if cell.phase != "past"]
    if backlog is None or not coming:
        return {}
    start = coming[0][0].start
    paces = _paces(sorted(_work(backlog, coming, rules, start)))
    found = {}
    for cell, arrivals in coming:
        aht = (arrivals.aht_seconds if arrivals is not None else None) or rules.aht_seconds
        if aht:
            keeping_up = 0.0 if arrivals is None else arrivals.offered * aht / cell.seconds
            agents = max(_pace_at(paces, (cell.start - start).total_seconds()), keeping_up)
            found[cell.start] = math.ceil(round(agents / rules.max_occupancy, 9))
    return found


Work = tuple[float, float]
"""Seconds until it is due, and seconds of handling."""


def _work(
    backlog: Backlog, coming: Sequence[tuple[Cell, Expected | None]], rules: Rules, start: datetime
) -> Iterator[Work]:
    planned = [each.aht_seconds for _, each in coming if each is not None and each.aht_seconds]
    aht = (planned[0] if planned else None) or rules.aht_seconds
    if not aht:
        return
    for age, items in ages_of(backlog, rules.sla_seconds):
        left = rules.sla_seconds - age
        yield left if left > 0 else OVERDUE_SECONDS, items * aht
    for cell, arrivals in coming:
        if arrivals is not None:
            middle = (cell.start - start).total_seconds() + cell.seconds / 2
            yield middle + rules.sla_seconds, arrivals.offered * (arrivals.aht_seconds or aht)


def _paces(work: Sequence[Work]) -> list[Work]:
    """Return (until, pace) of the least concave curve above the accumulated work."""
    points = [(0.0, 0.0)]
    total = 0.0
    for due, seconds in work:
        total += seconds
        while len(points) > 1 and _slope(points[-2], points[-1]) <= _slope(points[-1], (due, total)):
            points.pop()
        points.append((due, total))
    return [(after[0], _slope(before, after)) for before, after in pairwise(points)]


def _slope(before: Work, after: Work) -> float:
    return math.inf if after[0] <= before[0] else (after[1] - before[1]) / (after[0] - before[0])


def _pace_at(paces: Sequence[Work], seconds: float) -> float:
    return next((pace for until, pace in paces if seconds < until), 0.0)
