"""The newest snapshot of each scope, and the last few points from which flows and trend follow."""

from bisect import bisect_left
from collections.abc import Collection

from django.db.models import prefetch_related_objects

from backlog import formulas
from backlog.formulas import Point
from backlog.models import CurrentBacklog, Quality, Snapshot
from intraday import cadence
from intraday.org.models import Scope

WINDOW_POINTS = formulas.TREND_POINTS + 1


def ensure(scopes: Collection[Scope]) -> None:
    """Make the current rows that are missing. To be done for all scopes of a commit before any of them is locked: an
    insert waits for whoever inserts the same row, and two that wait while they hold locks may wait for each other."""
    wanted = {scope.pk for scope in scopes}
    missing = wanted.difference(CurrentBacklog.objects.filter(scope__in=wanted).values_list("scope_id", flat=True))
    if missing:
        rows = [CurrentBacklog(scope_id=pk) for pk in sorted(missing)]
        CurrentBacklog.objects.bulk_create(rows, ignore_conflicts=True)


def lock(scopes: Collection[Scope], *, with_snapshot: bool = False) -> dict[Scope, CurrentBacklog]:
    """The current rows of these scopes, which `ensure` made, locked until commit.

    All writers lock in one order: queues in a first call, then everything above them in one later call, where an
    organization, having no department, comes last.
    """
    if not scopes:
        return {}
    by_id = {scope.pk: scope for scope in scopes}
    rows = CurrentBacklog.objects.select_for_update(of=("self",)).filter(scope__in=by_id)
    found = list(rows.order_by("-scope__department_id", "scope_id"))
    if with_snapshot:
        # Not joined above: PostgreSQL reads a row again that it had to wait for, but not what is joined to it.
        prefetch_related_objects(found, "snapshot")
    return {by_id[row.pk]: row for row in found}


def save(snapshots: Collection[Snapshot], rows: Collection[CurrentBacklog]) -> None:
    """Insert or correct these snapshots, and make the rows point where they now do."""
    if not snapshots:
        return
    Snapshot.objects.bulk_create(
        snapshots, update_conflicts=True, unique_fields=["scope", "time"], update_fields=_SNAPSHOT_FIELDS
    )
    CurrentBacklog.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["scope"], update_fields=_CURRENT_FIELDS
    )


_SNAPSHOT_FIELDS = [field.name for field in Snapshot._meta.fields if field.name not in ("id", "scope", "time")]
_CURRENT_FIELDS = [field.name for field in CurrentBacklog._meta.fields if field.name != "scope"]


def advance(row: CurrentBacklog, newest: Snapshot, window: "Window") -> None:
    """Make `newest` the scope's current snapshot."""
    row.snapshot, row.time = newest, newest.time
    window.remember(row)


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
        row.window = [list(point) for point in kept]
        row.cadence_seconds = cadence.learned([point.time for point in kept]) or cadence.DEFAULT_CADENCE_SECONDS
        if row.time is not None:
            row.fresh_until = row.time + cadence.fresh_for(row.cadence_seconds)


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
