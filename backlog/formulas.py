"""Flows, trend and compliance of a backlog. Pure: no database, no clock. Times are in seconds of the epoch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import median
from typing import Literal, NamedTuple

TREND_POINTS = 7
TREND_MIN_POINTS = 4
TREND_SECONDS = 90 * 60

TrendLabel = Literal["growing", "stable", "decreasing"]
Source = Literal["explicit", "counters", "net_inferred", "none"]


class Point(NamedTuple):
    """One snapshot of a scope, as far as later ones need it. `added` and `completed` are None where only inferred."""

    time: float
    total: int
    added: int | None = None
    completed: int | None = None
    added_total: int | None = None
    completed_total: int | None = None


@dataclass(frozen=True, slots=True)
class Flows:
    added: int
    completed: int
    source: Source

    @property
    def known(self) -> bool:
        return self.source in ("explicit", "counters")


def flows(previous: Point | None, point: Point) -> Flows:
    """Items added and completed since the previous snapshot: stated, else from counters, else the net change.

    The net change gives lower bounds: what came and went between the two snapshots is not in it.
    """
    if point.added is not None and point.completed is not None:
        return Flows(point.added, point.completed, "explicit")
    if previous is None:
        return Flows(0, 0, "none")
    added = _counted(previous.added_total, point.added_total)
    completed = _counted(previous.completed_total, point.completed_total)
    if added is not None and completed is not None:
        return Flows(added, completed, "counters")
    change = point.total - previous.total
    return Flows(max(0, change), max(0, -change), "net_inferred")


def _counted(before: int | None, now: int | None) -> int | None:
    """Difference of a counter; a decrease is a reset, after which its value is the count."""
    if before is None or now is None:
        return None
    return now - before if now >= before else now


def with_flows(point: Point, found: Flows) -> Point:
    return point._replace(added=found.added, completed=found.completed)


def flows_explain_change(previous: Point | None, point: Point, found: Flows) -> bool:
    """Whether end = start + added - completed holds, up to max(2 items, 2 %): transfers and deletions break it."""
    if previous is None or not found.known:
        return True
    residual = (point.total - previous.total) - (found.added - found.completed)
    return abs(residual) <= max(2.0, 0.02 * point.total)


@dataclass(frozen=True, slots=True)
class Trend:
    label: TrendLabel
    slope_per_hour: float | None
    """Items per hour by Theil-Sen; None with fewer than TREND_MIN_POINTS points."""


def trend(points: Sequence[Point]) -> Trend:
    """Direction of the last TREND_POINTS points within TREND_SECONDS of the last; `points` in order of time.

    Theil-Sen slope (median of pairwise slopes) against a dead-band of max(3 items, 5 % of the median total, twice
    the standard deviation of the change that Poisson flows alone would cause). Without flows the noise is estimated
    by the median absolute deviation of the steps.
    """
    recent = [point for point in points if point.time >= points[-1].time - TREND_SECONDS][-TREND_POINTS:]
    if len(recent) < TREND_MIN_POINTS:
        return Trend("stable", None)
    slope = median((b.total - a.total) / (b.time - a.time) for a, b in combinations(recent, 2))
    change = slope * (recent[-1].time - recent[0].time)
    band = max(3.0, 0.05 * median(point.total for point in recent), _noise(recent))
    label: TrendLabel = "growing" if change > band else "decreasing" if change < -band else "stable"
    return Trend(label, slope * 3600)


def _noise(points: Sequence[Point]) -> float:
    moved = [None if p.added is None or p.completed is None else p.added + p.completed for p in points[1:]]
    known = [count for count in moved if count is not None]
    if len(known) == len(moved):
        return 2 * math.sqrt(sum(known))
    steps = [b.total - a.total for a, b in pairwise(points)]
    middle = median(steps)
    return 2 * 1.4826 * median(abs(step - middle) for step in steps) * math.sqrt(len(steps))


def compliance_percent(total: int, over: int | None) -> float | None:
    """Share of the waiting items inside their SLA, 0-100; nothing waiting is 100; unknown breaches are unknown."""
    if over is None:
        return None
    return 100.0 if total == 0 else 100.0 * (total - over) / total
