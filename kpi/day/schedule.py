"""Scheduled heads at work in each interval of a day, from published shifts. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from kpi import formulas
from kpi.pipeline.heads import at_work
from kpi.pipeline.inputs import Key, Rules, WorkSpan


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
