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
# The trend spans at least this time: seven snapshots of a ten-second feed would show none.
TREND_AT_LEAST_SECONDS = 15 * 60
TREND_STEP_SECONDS = 60
RATE_SECONDS = 60 * 60
RATE_AT_LEAST_SECONDS = 10 * 60

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
    """Return items added and completed since the previous snapshot: reported, else from counters, else the net change.

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
    """Return how far a counter moved. A fall by less than half is a correction (reopened items) and counts nothing; a
    deeper fall is a reset, after which the counter's value is the count."""
    if before is None or now is None:
        return None
    if now >= before:
        return now - before
    return 0 if 2 * (before - now) < before else now


def with_flows(point: Point, found: Flows) -> Point:
    """Return the point with these flows, or with none where they are inferred."""
    if not found.known:
        return point._replace(added=None, completed=None)
    return point._replace(added=found.added, completed=found.completed)


def merged(earlier: Point, later: Point) -> Point:
    """Return the later point with the flows of both: as one snapshot in place of the two would have it."""
    added = None if earlier.added is None or later.added is None else earlier.added + later.added
    completed = None if earlier.completed is None or later.completed is None else earlier.completed + later.completed
    return later._replace(added=added, completed=completed)


def flows_explain_change(previous: Point | None, point: Point, found: Flows) -> bool:
    """Tell whether end = start + added - completed holds, up to max(2 items, 2 %): transfers and deletions break it."""
    if previous is None or not found.known:
        return True
    residual = (point.total - previous.total) - (found.added - found.completed)
    return abs(residual) <= max(2.0, 0.02 * point.total)


@dataclass(frozen=True, slots=True)
class Rates:
    """Items per hour."""

    added: float
    completed: float


def rates(points: Sequence[Point]) -> Rates | None:
    """Return what was added and completed per hour over the trailing hour; `points` in order of time.

    Steps are counted back from the last point as far as their flows are known; the first counts with the share of it
    that lies within the hour. Returns None where this covers less than RATE_AT_LEAST_SECONDS.
    """
    since, added, completed, covered = points[-1].time - RATE_SECONDS, 0.0, 0.0, 0.0
    for before, point in reversed(list(pairwise(points))):
        inside = point.time - max(before.time, since)
        if inside <= 0 or point.added is None or point.completed is None:
            break
        share = inside / (point.time - before.time)
        added, completed, covered = added + share * point.added, completed + share * point.completed, covered + inside
    if covered < RATE_AT_LEAST_SECONDS:
        return None
    return Rates(3600 * added / covered, 3600 * completed / covered)


@dataclass(frozen=True, slots=True)
class Trend:
    label: TrendLabel
    slope_per_hour: float | None
    """Items per hour by Theil-Sen; None with fewer than TREND_MIN_POINTS points."""


def trend(points: Sequence[Point]) -> Trend:
    """Return the direction of the last points (`trend_points`); `points` in order of time.

    Theil-Sen slope (median of pairwise slopes) against a dead-band of max(3 items, 5 % of the median total, twice
    the standard deviation of the change that Poisson flows alone would cause). Without flows the noise is estimated
    by the median absolute deviation of the steps.
    """
    recent = trend_points(points)
    if len(recent) < TREND_MIN_POINTS:
        return Trend("stable", None)
    slope = median((b.total - a.total) / (b.time - a.time) for a, b in combinations(recent, 2))
    change = slope * (recent[-1].time - recent[0].time)
    band = max(3.0, 0.05 * median(point.total for point in recent), _noise(recent))
    label: TrendLabel = "growing" if change > band else "decreasing" if change < -band else "stable"
    return Trend(label, slope * 3600)


def trend_points(points: Sequence[Point]) -> list[Point]:
    """Return the points of the trend: the last TREND_POINTS, or all of the last 15 minutes if these are more, none
    older than 90 minutes."""
    last = points[-1].time
    recent = spaced([point for point in points if point.time >= last - TREND_SECONDS], TREND_STEP_SECONDS)
    within = sum(point.time >= last - TREND_AT_LEAST_SECONDS for point in recent)
    return recent[-max(TREND_POINTS, within) :]


def spaced(points: Sequence[Point], seconds: float) -> list[Point]:
    """Return the last point and, going back, each that is at least so long before the next, with the flows of those
    in between."""
    kept = [points[-1]]
    for point in reversed(points[:-1]):
        if kept[-1].time - point.time >= seconds:
            kept.append(point)
        else:
            kept[-1] = merged(point, kept[-1])
    return kept[::-1]


def _noise(points: Sequence[Point]) -> float:
    moved = [None if p.added is None or p.completed is None else p.added + p.completed for p in points[1:]]
    known = [count for count in moved if count is not None]
    if len(known) == len(moved):
        return 2 * math.sqrt(max(0, sum(known)))
    steps = [b.total - a.total for a, b in pairwise(points)]
    middle = median(steps)
    return 2 * 1.4826 * median(abs(step - middle) for step in steps) * math.sqrt(len(steps))


AgeProfile = list[dict[str, float]]
"""[{"older_than_minutes", "items"}]: so many items are at least so old. Ages ascend, items do not."""


def sum_of_profiles(profiles: Sequence[AgeProfile]) -> AgeProfile | None:
    """Return the sum of these age profiles; None unless all have the same ages."""
    ages = {tuple(bucket["older_than_minutes"] for bucket in profile) for profile in profiles}
    if len(ages) != 1:
        return None
    return [
        {"older_than_minutes": age, "items": sum(profile[place]["items"] for profile in profiles)}
        for place, age in enumerate(next(iter(ages)))
    ]


def profile_warnings(profile: AgeProfile, total: int, over: int | None, oldest_minutes: float | None) -> list[str]:
    """Return warnings for the feed where this age profile contradicts the rest of its snapshot."""
    lowest, doubts = profile[0], []
    if lowest["older_than_minutes"] == 0 and lowest["items"] != total:
        doubts.append(
            f"age_profile: {lowest['items']} items are at least 0 minutes old, but total_items is {total}: "
            "the bucket of 0 minutes should hold all of them."
        )
    if over is not None and over > lowest["items"]:
        doubts.append(
            f"age_profile: items_over_sla is {over}, but only {lowest['items']} items are at least "
            f"{lowest['older_than_minutes']:g} minutes old: send buckets that begin below the SLA target, or check "
            "both fields."
        )
    aged = [bucket["older_than_minutes"] for bucket in profile if bucket["items"]]
    if oldest_minutes is not None and aged and aged[-1] > oldest_minutes:
        doubts.append(
            f"age_profile: it has items at least {aged[-1]:g} minutes old, but oldest_item_age_minutes is "
            f"{oldest_minutes:g}."
        )
    return doubts


def compliance_percent(total: int, over: int | None) -> float | None:
    """Return the percentage of waiting items inside their SLA: 100 if nothing waits, None if breaches are unknown."""
    if over is None:
        return None
    return 100.0 if total == 0 else 100.0 * (total - over) / total
