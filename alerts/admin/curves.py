"""Curves of what a previewed rule read, with its thresholds and the spans of its alerts, as parts of an SVG. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from alerts.evaluation.preview import Curve
from alerts.models import Rule
from alerts.rules.catalogue import Metric
from alerts.rules.compiled_rule import STALE_AT_LEAST
from alerts.rules.machine import Value
from alerts.rules.messages import bound, format_value
from intraday.org.models import Scope
from intraday.values.cadence import STALE_AFTER_CADENCES
from realtime.protocol.messages import scope_fields

WIDTH, TOP, BOTTOM = 720, 18, 138  # of the plot, in units of the drawing
COLUMN = 2  # units of width in which at most a lowest and a highest value are drawn
LABEL_HEIGHT = 13
ABOVE_LINE, BELOW_LINE = -4, 12  # from a line to the foot of its label
TICK_MINUTES = (5, 15, 30, 60, 180)
MOST_TICKS = 9

Point = tuple[datetime, float]


@dataclass(frozen=True)
class Mark:
    """A place on an axis, with its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Limit:
    """A threshold; its label stands at a height of its own, beside the line."""

    at: float
    label: str
    label_at: float


@dataclass(frozen=True)
class Span:
    x: float
    width: float


@dataclass(frozen=True)
class Chart:
    """The drawing of one scope. `lines` are the points of polylines, one for each stretch without a gap."""

    place: str
    summary: str
    lines: list[str]
    active: list[Span]
    limits: list[Limit]
    values: list[Mark]
    times: list[Mark]
    weight: tuple[float, float]


@dataclass(frozen=True)
class _Frame:
    """The time and the values that the plot spans."""

    since: datetime
    until: datetime
    low: float
    high: float

    def x(self, at: datetime) -> float:
        share = (at - self.since) / (self.until - self.since)
        return round(min(1.0, max(0.0, share)) * WIDTH, 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(BOTTOM - share * (BOTTOM - TOP), 1)


@dataclass(frozen=True)
class Previewed:
    """A rule that was run through the past, with the alerts that it would have raised."""

    rule: Rule
    metric: Metric
    alerts: Sequence[Mapping[str, Any]]
    until: datetime

    def spans_in(self, scope: Scope) -> list[tuple[datetime, datetime]]:
        place = (scope.department_id, scope.queue_name)
        own = [each for each in self.alerts if _place_of(each["scope"]) == place]
        return [(each["from"], each["to"] or self.until) for each in own]

    def limits(self) -> list[float]:
        """Return the threshold and, if there is one, the value of health, as heights."""
        found = (_number(self.metric, value) for value in (self.rule.threshold, self.rule.clear_threshold))
        return [each for each in found if each is not None]


def draw(curves: Mapping[Scope, Curve], previewed: Previewed) -> list[Chart]:
    """Draw the scopes that have values: first those with alerts for the longest time, then the nearest to one."""
    charts = [_chart(scope, curve, previewed) for scope, curve in curves.items() if _points(curve, previewed.metric)]
    return sorted(charts, key=lambda chart: (chart.weight, chart.place), reverse=True)


def _chart(scope: Scope, curve: Curve, previewed: Previewed) -> Chart:
    rule, metric, spans = previewed.rule, previewed.metric, previewed.spans_in(scope)
    values = [value for _, value in _points(curve, metric)]
    low, high = min(values), max(values)
    frame = _frame(curve[0][0], previewed, low, high)
    lasted = sum(((end - begin) for begin, end in spans), timedelta())
    place = in_words(**scope_fields(scope))
    return Chart(
        place=place,
        summary=_summary(place, previewed, (low, high), len(spans), lasted),
        lines=[_line(frame, stretch) for stretch in _stretches(curve, metric)],
        active=[_span(frame, *span) for span in spans],
        limits=_limits(frame, previewed),
        values=_values(frame, metric, low, high),
        times=_times(frame, ZoneInfo(rule.organization.time_zone)),
        weight=(lasted.total_seconds(), high if rule.operator.startswith(">") else -low),
    )


def _points(curve: Curve, metric: Metric) -> list[Point]:
    return [(at, number) for at, value in curve if (number := _number(metric, value)) is not None]


def _limits(frame: _Frame, previewed: Previewed) -> list[Limit]:
    """Return the threshold and the value of health; the label of each is on the side away from the other."""
    rule, unit = previewed.rule, previewed.metric.unit
    labels = [bound(rule.operator, rule.threshold, unit), f"healthy at {format_value(rule.clear_threshold, unit)}"]
    sides = [ABOVE_LINE, BELOW_LINE] if rule.operator.startswith(">") else [BELOW_LINE, ABOVE_LINE]
    heights = [frame.y(each) for each in previewed.limits()]
    return [Limit(y, label, y + side) for y, label, side in zip(heights, labels, sides, strict=False)]


def _values(frame: _Frame, metric: Metric, low: float, high: float) -> list[Mark]:
    """Return the highest and the lowest value; close together they are one."""
    apart = frame.y(low) - frame.y(high) > LABEL_HEIGHT
    return [Mark(frame.y(each), _spelled(metric, each)) for each in ((high, low) if apart else (high,))]


def _number(metric: Metric, value: Value | None) -> float | None:
    """Return the height of a value: words stand in the order of the catalogue."""
    if isinstance(value, str):
        return float(metric.values.index(value)) if value in metric.values else None
    return None if value is None else float(value)


def _spelled(metric: Metric, number: float) -> str:
    return format_value(metric.values[int(number)] if metric.values else number, metric.unit)


def in_words(organization_id: str, department_id: str = "", queue_name: str = "") -> str:
    """Name a scope inside its organization."""
    return " / ".join(part for part in (department_id, queue_name) if part) or organization_id


def _place_of(scope: Mapping[str, str]) -> tuple[str, str]:
    return scope.get("department_id", ""), scope.get("queue_name", "")


def _frame(first: datetime, previewed: Previewed, low: float, high: float) -> _Frame:
    """Return the frame of a curve, which begins with its first value: those of a new queue fill the width."""
    since = min(first, previewed.until - timedelta(minutes=TICK_MINUTES[0]))
    ordered = sorted([low, high, *previewed.limits(), *range(len(previewed.metric.values))])
    room = (ordered[-1] - ordered[0]) * 0.05 or 1.0
    return _Frame(since, previewed.until, ordered[0] - room, ordered[-1] + room)


def _stretches(curve: Curve, metric: Metric) -> Iterator[list[Point]]:
    """Return the values without a gap among them: without data, or for longer than three of the usual steps."""
    steps = [(after - before).total_seconds() for (before, _), (after, _) in pairwise(curve)]
    longest = max(STALE_AT_LEAST, STALE_AFTER_CADENCES * timedelta(seconds=median(steps) if steps else 0))
    stretch: list[Point] = []
    for at, value in curve:
        number = _number(metric, value)
        if stretch and (number is None or at - stretch[-1][0] > longest):
            yield stretch
            stretch = []
        if number is not None:
            stretch.append((at, number))
    if stretch:
        yield stretch


def _line(frame: _Frame, stretch: Sequence[Point]) -> str:
    """Return the points of a polyline. Of a day of figures every ten seconds, each column keeps its extremes."""
    columns: dict[int, list[tuple[float, float]]] = {}
    for at, value in stretch:
        x = frame.x(at)
        columns.setdefault(int(x // COLUMN), []).append((x, frame.y(value)))
    kept = [point for column in columns.values() for point in _extremes(column)]
    if len(kept) == 1:
        kept.append((kept[0][0] + COLUMN, kept[0][1]))
    return " ".join(f"{x:g},{y:g}" for x, y in kept)


def _extremes(column: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the lowest and the highest point of a column, in order of time."""
    numbers = range(len(column))
    lowest, highest = (pick(numbers, key=lambda number: column[number][1]) for pick in (min, max))
    return [column[number] for number in sorted({lowest, highest})]


def _span(frame: _Frame, begin: datetime, end: datetime) -> Span:
    x = frame.x(begin)
    return Span(x, max(float(COLUMN), round(frame.x(end) - x, 1)))


def _times(frame: _Frame, zone: ZoneInfo) -> list[Mark]:
    """Return round local times, as many as have room."""
    minutes = (frame.until - frame.since) / timedelta(minutes=1)
    step = next(step for step in TICK_MINUTES if minutes / step <= MOST_TICKS or step == TICK_MINUTES[-1])
    at = frame.since.replace(minute=frame.since.minute // 5 * 5, second=0, microsecond=0)
    marks = []
    while (at := at + timedelta(minutes=TICK_MINUTES[0])) < frame.until:
        local = at.astimezone(zone)
        if (local.hour * 60 + local.minute) % step == 0:
            marks.append(Mark(frame.x(at), f"{local:%H:%M}"))
    return marks


def _summary(place: str, previewed: Previewed, extremes: tuple[float, float], alerts: int, lasted: timedelta) -> str:
    rule, metric = previewed.rule, previewed.metric
    low, high = (_spelled(metric, each) for each in extremes)
    values = high if low == high else f"from {low} to {high}"
    said = "no alert" if not alerts else f"{alerts} alert{'s' * (alerts > 1)}, {round(lasted.total_seconds() / 60)} min"
    return f"{place}: {metric.label} {values}; {bound(rule.operator, rule.threshold, metric.unit)}: {said}"
