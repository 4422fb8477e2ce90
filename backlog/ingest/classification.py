"""Classify the posted rows of one scope, and derive the figures of their snapshots."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from backlog import formulas
from backlog.formulas import Point
from backlog.ingest import daily_totals
from backlog.ingest.daily_totals import Changes, Totals
from backlog.ingest.rows import REPORTED_FIELDS, Row, reported_values
from backlog.ingest.window import Window
from backlog.models import CurrentBacklog, Quality, Snapshot
from intraday.ingest.posts import Ingested, Result, RowResult
from intraday.org.models import Scope

THINNED = "History of that time is kept as one snapshot for each quarter of an hour: nothing was stored."


@dataclass
class Classification:
    """Results of the rows of one scope, and the snapshots to save."""

    rows: Ingested = field(default_factory=Ingested)
    changed: dict[Any, Snapshot] = field(default_factory=dict)
    """Snapshots to save, by primary key."""
    newest: Snapshot | None = None
    """Set if the scope's current figure is news."""
    changes: Changes = field(default_factory=dict)


def classify(
    scope: Scope,
    group: Sequence[tuple[int, Row]],
    current: CurrentBacklog,
    stored: dict[datetime, Snapshot],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> Classification:
    """Classify the rows of one scope in order of their time; of one time, the last row counts.

    `stored` are the stored snapshots at and around these times (backlog.ingest.stored_snapshots).
    """
    before = {snapshot.pk: daily_totals.flows_of(snapshot) for snapshot in stored.values()}
    classified = _fill_snapshots(scope, group, current.time, stored, now)
    if classified.changed:
        posted = list(classified.changed.values())
        window = _derive_changed(classified.changed, current, stored)
        mark_latest(classified, posted, current, window)
    classified.changes = daily_totals.sum_changes(
        (daily_totals.local_day(each.time, zone), daily_totals.flows_of(each).less(before.get(each.pk, Totals())))
        for each in classified.changed.values()
    )
    return classified


def _fill_snapshots(
    scope: Scope,
    group: Sequence[tuple[int, Row]],
    newest: datetime | None,
    stored: dict[datetime, Snapshot],
    now: datetime,
) -> Classification:
    """Fill new and corrected snapshots with the reported values of their rows; add them to `stored`."""
    classified = Classification()
    ordered = sorted(group, key=lambda each: (each[1].time, each[0]))
    contradicted = _contradicted(ordered)
    history = sorted(stored)
    for index, row in ordered:
        if index in contradicted:
            continue
        snapshot = stored.get(row.time)
        if snapshot is not None and not snapshot.derived and reported_values(snapshot) == reported_values(row):
            classified.rows.results[index] = _result("duplicate", scope, snapshot)
            continue
        if (thinned := _thinned_over(row.time, history, stored)) is not None:
            classified.rows.results[index] = _result("superseded", scope, thinned)
            classified.rows.warn(index, THINNED)
            continue
        outcome: Result = "corrected"
        if snapshot is None:
            snapshot = stored[row.time] = Snapshot(scope=scope, time=row.time)
            outcome = "late" if newest is not None and row.time < newest else "created"
        _fill(snapshot, row, now)
        classified.rows.results[index] = _result(outcome, scope, snapshot)
        classified.rows.warn(index, *_warnings(snapshot))
        classified.changed[snapshot.pk] = snapshot
    for index, time in contradicted.items():
        standing = stored.get(time) or _thinned_over(time, history, stored)
        assert standing is not None
        classified.rows.results[index] = _result("superseded", scope, standing)
    return classified


def _result(result: Result, scope: Scope, snapshot: Snapshot) -> RowResult:
    name = scope.department_id, scope.queue_name
    return RowResult(result, snapshot.time, name, {"snapshot_id": str(snapshot.pk)})


def _thinned_over(time: datetime, history: Sequence[datetime], stored: Mapping[datetime, Snapshot]) -> Snapshot | None:
    """Return the thinned snapshot whose flows cover this time already: the next one, if it is thinned."""
    place = bisect_left(history, time)
    following = stored[history[place]] if place < len(history) else None
    return following if following is not None and following.thinned else None


def _contradicted(ordered: Sequence[tuple[int, Row]]) -> dict[int, datetime]:
    """Return the rows that a later one of the same batch and time contradicts. Storing them first would make every
    retry of the batch a correction there and back, with an event each time."""
    last = {row.time: row for _, row in ordered}
    if len(last) == len(ordered):
        return {}
    return {index: row.time for index, row in ordered if reported_values(row) != reported_values(last[row.time])}


def _fill(snapshot: Snapshot, row: Row, now: datetime) -> None:
    snapshot.derived, snapshot.received_at = False, now
    for name in REPORTED_FIELDS:
        setattr(snapshot, name, getattr(row, name))
    # A feed that reports only items at risk gets them published as over SLA, too; the quality shows that.
    over = snapshot.items_over_sla if snapshot.items_over_sla is not None else snapshot.items_at_risk
    snapshot.over_sla = over
    reported = snapshot.reported_compliance
    snapshot.compliance = reported if reported is not None else formulas.compliance_percent(snapshot.total_items, over)


def _warnings(snapshot: Snapshot) -> list[str]:
    if not snapshot.age_profile:
        return []
    return formulas.profile_warnings(
        snapshot.age_profile, snapshot.total_items, snapshot.items_over_sla, snapshot.oldest_age_minutes
    )


def _derive_changed(
    changed: dict[Any, Snapshot], current: CurrentBacklog, stored: Mapping[datetime, Snapshot]
) -> Window:
    """Derive the figures of changed snapshots, and of those that follow a late one: these change with their step.

    Return the window at the newest snapshot.
    """
    newest = current.time
    old = [each for each in changed.values() if newest is not None and each.time <= newest]
    later = [each for each in changed.values() if newest is None or each.time > newest]
    window = Window.of(current)
    if newest is not None and any(each.time < newest for each in old):
        walked = _derive_in_order(changed, sorted(each for each in stored if each <= newest), stored)
        reached = walked.last is not None and walked.last.time == newest.timestamp()
        window = walked.preceded_by(window) if reached else window
    elif newest is not None and old:
        window.drop(newest.timestamp())
        later += old
    for snapshot in sorted(later, key=lambda each: each.time):
        derive_figures(snapshot, window)
    return window


def _derive_in_order(
    changed: dict[Any, Snapshot], times: Iterable[datetime], stored: Mapping[datetime, Snapshot]
) -> Window:
    """Go through stored snapshots in order of time; derive again those that changed or follow a change."""
    window, follows = Window(), False
    for snapshot in (stored[time] for time in times):
        is_changed = snapshot.pk in changed
        if is_changed or (follows and not snapshot.derived and not snapshot.thinned):
            derive_figures(snapshot, window)
            changed[snapshot.pk] = snapshot
        else:
            window.add(_stored_point(snapshot))
        follows = is_changed
    return window


def _stored_point(snapshot: Snapshot) -> Point:
    flows = formulas.Flows(snapshot.added, snapshot.completed, snapshot.flow_source)  # type: ignore[arg-type]
    return formulas.with_flows(_point(snapshot), flows)


def _point(snapshot: Snapshot) -> Point:
    return Point(
        time=snapshot.time.timestamp(),
        total=snapshot.total_items,
        added=snapshot.reported_added,
        completed=snapshot.reported_completed,
        added_total=snapshot.added_total,
        completed_total=snapshot.completed_total,
    )


def derive_figures(snapshot: Snapshot, window: Window) -> None:
    """Derive the figures of a posted snapshot from its reported values and the points before it; add its own point."""
    previous, point = window.last, _point(snapshot)
    found = formulas.flows(previous, point)
    explained = formulas.flows_explain_change(previous, point, found)
    snapshot.added, snapshot.completed, snapshot.flow_source = found.added, found.completed, found.source
    snapshot.quality = Quality.OK if explained and snapshot.items_over_sla is not None else Quality.PARTIAL
    set_trend(snapshot, formulas.with_flows(point, found), window)
    rates = formulas.rates(window.points)
    snapshot.added_per_hour = None if rates is None else rates.added
    snapshot.completed_per_hour = None if rates is None else rates.completed


def set_trend(snapshot: Snapshot, point: Point, window: Window) -> None:
    """Set the interval and the trend, and add the point to those before it."""
    snapshot.interval_seconds = None if window.last is None else point.time - window.last.time
    window.add(point)
    trend = formulas.trend(window.points)
    snapshot.trend, snapshot.slope_per_hour = trend.label, trend.slope_per_hour


def mark_latest(
    classified: Classification, posted: Sequence[Snapshot], current: CurrentBacklog, window: Window
) -> None:
    """Make the newest posted snapshot the latest unless the scope has a newer one; others are superseded."""
    newest = max(posted, key=lambda snapshot: snapshot.time)
    if current.time is not None and newest.time < current.time:
        window.remember(current)
        return
    for result in classified.rows.results.values():
        if result.result == "created" and result.time != newest.time:
            result.result = "superseded"
    current.snapshot, current.time = newest, newest.time
    window.remember(current)
    classified.newest = newest
