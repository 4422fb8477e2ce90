"""The last points of a scope, from which flows, rates and trend of its next snapshot follow. Pure but for the row."""

from collections.abc import Iterable

from backlog import formulas
from backlog.formulas import Point
from backlog.models import CurrentBacklog
from intraday.values import cadence

# Number of points that are kept as they came: the predecessor of the next snapshot, and the rhythm of the feed.
RAW_POINTS = formulas.TREND_POINTS + 1
_GROUP_SECONDS = 300
LOOK_BACK_SECONDS = formulas.TREND_SECONDS + _GROUP_SECONDS
"""The window of a snapshot holds no points older than this."""


def thinned(points: list[Point]) -> list[Point]:
    """Merge points into one a minute for the last quarter of an hour and one in five minutes before, up to 90 minutes.

    Merging step by step gives the same as merging at once, so that batches and single posts agree.
    """
    last, kept = points[-1].time, list[Point]()
    for point in points[:-RAW_POINTS]:
        if _end_of_group(point) <= last - formulas.TREND_SECONDS:
            continue
        if kept and _place(kept[-1], last) == _place(point, last):
            kept[-1] = formulas.merged(kept[-1], point)
        else:
            kept.append(point)
    return [*kept, *points[-RAW_POINTS:]]


def _end_of_group(point: Point) -> float:
    return (point.time // _GROUP_SECONDS + 1) * _GROUP_SECONDS


def _place(point: Point, last: float) -> tuple[float, float]:
    step = _GROUP_SECONDS if _end_of_group(point) <= last - formulas.TREND_AT_LEAST_SECONDS else 60
    return step, point.time // step


class Window:
    """Points of one scope in order of time."""

    def __init__(self, points: Iterable[Point] = ()) -> None:
        self.points = list(points)

    @classmethod
    def of(cls, row: CurrentBacklog) -> "Window":
        return cls(Point(*values) for values in row.window)

    @property
    def last(self) -> Point | None:
        return self.points[-1] if self.points else None

    def add(self, point: Point) -> None:
        """Append a point that is newer than all."""
        self.points = thinned([*self.points, point])

    def preceded_by(self, older: "Window") -> "Window":
        """Return a window with the points of the other that are older than all of this one before them."""
        first = self.points[0].time
        return Window(thinned([*(point for point in older.points if point.time < first), *self.points]))

    def drop(self, time: float) -> None:
        """Drop the points from this time on, which are about to be replaced."""
        while self.points and self.points[-1].time >= time:
            del self.points[-1]

    def remember(self, row: CurrentBacklog, *, step_seconds: float = 0.0) -> None:
        """Store the points in the row, and the rhythm of the feed by them. Reports less than `step_seconds` apart count
        as one."""
        row.window = list(self.points)
        steps = formulas.spaced(self.points, step_seconds)[-RAW_POINTS:] if self.points else []
        row.cadence_seconds = cadence.learned([point.time for point in steps]) or cadence.DEFAULT_CADENCE_SECONDS
        if row.time is not None:
            row.fresh_until = row.time + cadence.fresh_for(row.cadence_seconds)
