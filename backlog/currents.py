"""The newest snapshot of each scope, and the last few points from which flows and trend follow."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import astuple
from datetime import timedelta

from django.db.models import Case, Value, When

from backlog import formulas
from backlog.formulas import Point
from backlog.models import CurrentBacklog, Quality, Snapshot
from intraday.org.models import Scope

WINDOW_POINTS = formulas.TREND_POINTS + 1


def lock(scopes: Collection[Scope]) -> dict[Scope, CurrentBacklog]:
    """The current rows of these scopes, locked until commit; made where there was none.

    Departments come before their organization. Callers lock queues first and everything above them in one later
    call, so that all writers lock in one order.
    """
    by_id = {scope.pk: scope for scope in scopes}
    organization_last = Case(When(scope__department_id="", then=Value(1)), default=Value(0))
    rows = CurrentBacklog.objects.select_for_update(of=("self",)).filter(scope__in=by_id)
    rows = rows.order_by(organization_last, "scope_id")
    found = list(rows)
    if len(found) < len(by_id):
        missing = sorted(by_id.keys() - {row.pk for row in found})
        CurrentBacklog.objects.bulk_create([CurrentBacklog(scope_id=pk) for pk in missing], ignore_conflicts=True)
        found = list(rows.all())
    return {by_id[row.pk]: row for row in found}


def advance(row: CurrentBacklog, newest: Snapshot, window: "Window") -> None:
    """Make `newest` the scope's current snapshot."""
    row.snapshot, row.time = newest, newest.time
    window.remember(row)


def save(rows: Iterable[CurrentBacklog]) -> None:
    CurrentBacklog.objects.bulk_create(
        list(rows),
        update_conflicts=True,
        unique_fields=["scope"],
        update_fields=["snapshot", "time", "fresh_until", "cadence_seconds", "window"],
    )


class Window:
    """Points of one scope in order of time; knows what preceded any of them."""

    def __init__(self, row: CurrentBacklog) -> None:
        self._points = [Point(*values) for values in row.window]

    def __getitem__(self, index: int) -> Point:
        return self._points[index]

    def put(self, point: Point) -> int:
        """Insert it or replace the one of the same time; its place."""
        place = bisect_left(self._points, point.time, key=lambda other: other.time)
        same = place < len(self._points) and self._points[place].time == point.time
        self._points[place : place + same] = [point]
        return place

    def drop_last(self) -> None:
        del self._points[-1]

    def upto(self, place: int) -> list[Point]:
        """The points that the trend at this place looks at."""
        return self._points[max(0, place + 1 - formulas.TREND_POINTS) : place + 1]

    def __len__(self) -> int:
        return len(self._points)

    def remember(self, row: CurrentBacklog) -> None:
        """Keep the last points in the row, and what they say about the feed's rhythm."""
        kept = self._points[-WINDOW_POINTS:]
        row.window = [list(astuple(point)) for point in kept]
        row.cadence_seconds = formulas.cadence_seconds([point.time for point in kept])
        if row.time is not None:
            row.fresh_until = row.time + timedelta(seconds=formulas.STALE_AFTER_CADENCES * row.cadence_seconds)


def work_out(snapshot: Snapshot, window: Window, *, reason_to_doubt: bool) -> None:
    """Fill the worked-out fields of a snapshot from what it states and the points before it; put it in the window."""
    point = Point(
        time=snapshot.time.timestamp(),
        total=snapshot.total_items,
        added=snapshot.stated_added,
        completed=snapshot.stated_completed,
        added_total=snapshot.added_total,
        completed_total=snapshot.completed_total,
    )
    place = window.put(point)
    previous = window[place - 1] if place else None
    moved = formulas.flows(previous, point)
    explained = formulas.flows_explain_change(previous, point, moved)
    if moved.source == "counters":
        window.put(formulas.with_flows(point, moved))
    trend = formulas.trend(window.upto(place))
    snapshot.added, snapshot.completed, snapshot.flow_source = moved.added, moved.completed, moved.source
    snapshot.interval_seconds = None if previous is None else point.time - previous.time
    snapshot.trend, snapshot.slope_per_hour = trend.label, trend.slope_per_hour
    snapshot.quality = Quality.OK if explained and not reason_to_doubt else Quality.PARTIAL
