"""Scheduled heads at work in each interval of a day, from published shifts. Pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from kpi import formulas
from kpi.pipeline.demand import required
from kpi.pipeline.heads import at_work
from kpi.pipeline.inputs import Expected, Key, Rules, WorkSpan
from kpi.pipeline.workload import MAX_ERLANGS


class Cell(NamedTuple):
    start: datetime
    end: datetime
    phase: Literal["past", "now", "to_come"]

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


Needs = Mapping[Key, tuple[int, Rules]]
"""The agents required of each queue in a cell, and its settings."""


def scheduled_heads(spans: Sequence[WorkSpan], cells: Sequence[Cell], needs: Sequence[Needs]) -> list[dict[Key, int]]:
    """Return the scheduled heads of each queue in each cell; people with several queues are shared by need.

    Shrinkage is taken off where the shifts do not carry their breaks.
    """
    return [_of_cell(spans, cell, wanted) for cell, wanted in zip(cells, needs, strict=True)]


def _of_cell(spans: Sequence[WorkSpan], cell: Cell, needs: Needs) -> dict[Key, int]:
    """Return the heads of each queue that somebody serves today; outside all shifts nobody is scheduled."""
    nobody = {key: 0 for span in spans for key in span.serves if key in needs}
    with_breaks = _shares([span for span in spans if span.breaks_published], cell, needs)
    without = _shares([span for span in spans if not span.breaks_published], cell, needs)
    found = nobody | with_breaks
    for key, heads in without.items():
        found[key] = found.get(key, 0) + at_work(heads, needs[key][1])
    return found


def _shares(spans: Sequence[WorkSpan], cell: Cell, needs: Needs) -> dict[Key, int]:
    seconds: Counter[frozenset[Key]] = Counter()
    for span in spans:
        within = (min(span.end, cell.end) - max(span.start, cell.start)).total_seconds()
        serves = frozenset(key for key in span.serves if key in needs)
        if within > 0 and serves:
            seconds[serves] += within  # type: ignore[assignment]
    groups = [(serves, int(total / cell.seconds + 0.5)) for serves, total in seconds.items()]
    known = {key for serves, _ in groups for key in serves}
    return formulas.share_heads(groups, {key: float(needs[key][0]) for key in known})


# --- the rest of the day ---------------------------------------------------------------------------------------------
def planned_heads(
    spans: Sequence[WorkSpan], coming: Mapping[Key, Sequence[Expected]], rules: Mapping[Key, Rules]
) -> dict[Key, dict[datetime, int]]:
    """Return the heads at work in the intervals to come, by the begin of each, from published shifts alone.

    Queues that nobody's shift serves have none: theirs is for others to say.
    """
    shared = frozenset[Key]().union(*(span.serves for span in spans if len(span.serves) > 1))
    found: dict[Key, dict[datetime, int]] = {}
    for start, end in sorted({(each.start, each.end) for rows in coming.values() for each in rows}):
        needs = {key: (_need(key, start, coming, rules) if key in shared else 0, rules[key]) for key in coming}
        heads = scheduled_heads(spans, [Cell(start, end, "to_come")], [needs])[0]
        for key, rows in coming.items():
            if key in heads and any(each.start == start and each.end == end for each in rows):
                found.setdefault(key, {})[start] = heads[key]
    return found


def _need(key: Key, start: datetime, coming: Mapping[Key, Sequence[Expected]], rules: Mapping[Key, Rules]) -> int:
    """Return the heads that a queue needs at that time, by which people with several queues are shared."""
    each = next((row for row in coming[key] if row.start <= start < row.end), None)
    if each is None:
        return 0
    if each.required_agents is not None:
        return each.required_agents
    seconds, aht = (each.end - each.start).total_seconds(), each.aht_seconds or rules[key].aht_seconds
    if not aht or each.offered * aht > MAX_ERLANGS * seconds:
        return 0
    if rules[key].deferred:
        return math.ceil(each.offered * aht / (seconds * rules[key].max_occupancy))
    return required(rules[key], seconds, each.offered, aht)[0]
