"""Decide what becomes of the posted rows of one scope, and work out what follows from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from backlog import days, formulas
from backlog.days import Changes, Totals
from backlog.formulas import Point
from backlog.models import CurrentBacklog, Quality, Snapshot
from backlog.window import Window
from intraday.org.models import Scope
from realtime.publish import EventRef

Row = Mapping[str, Any]
"""A valid row: `department_id`, `queue_name`, `time` and the fields of STATED; one that is left out is not said."""

STATED = [
    "total_items",
    "average_wait_minutes",
    "items_over_sla",
    "items_at_risk",
    "stated_compliance",
    "stated_added",
    "stated_completed",
    "added_total",
    "completed_total",
    "oldest_age_minutes",
    "age_profile",
]
"""What a feed says. Two rows of one scope and time that agree in all of these are the same row."""

Outcome = Literal["created", "corrected", "duplicate", "late", "superseded"]


@dataclass
class RowResult:
    """What became of a row; `event` is its place in the log if it was news."""

    result: Outcome
    snapshot: Snapshot
    event: EventRef | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass
class Settled:
    """What became of the rows of one scope."""

    results: dict[int, RowResult] = field(default_factory=dict)
    changed: dict[Any, Snapshot] = field(default_factory=dict)
    """By primary key: what is to be saved."""
    newest: Snapshot | None = None
    """Set if the scope's current figure is news."""
    changes: Changes = field(default_factory=dict)


def settle(
    scope: Scope,
    group: Sequence[tuple[int, Row]],
    current: CurrentBacklog,
    known: dict[datetime, Snapshot],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> Settled:
    """Decide about the rows of one scope in order of their time; later ones of the same time count.

    `known` are the stored snapshots at and around these times (backlog.known).
    """
    before = {snapshot.pk: days.flows_of(snapshot) for snapshot in known.values()}
    settled = _decide(scope, group, current.time, known, now)
    if settled.changed:
        posted = list(settled.changed.values())
        window = _work_out(settled.changed, current, known)
        _advance(settled, posted, current, window)
    settled.changes = days.summed(
        (days.local_day(each.time, zone), days.flows_of(each).less(before.get(each.pk, Totals())))
        for each in settled.changed.values()
    )
    return settled


def _decide(
    scope: Scope,
    group: Sequence[tuple[int, Row]],
    newest: datetime | None,
    known: dict[datetime, Snapshot],
    now: datetime,
) -> Settled:
    """Fill new and corrected snapshots with what their rows say; add them to `known`."""
    settled = Settled()
    ordered = sorted(group, key=lambda each: (each[1]["time"], each[0]))
    corrected_below = _corrected_below(ordered)
    for index, row in ordered:
        if index in corrected_below:
            continue
        snapshot = known.get(row["time"])
        if snapshot is not None and not snapshot.derived and _says(snapshot) == _says(row):
            settled.results[index] = RowResult("duplicate", snapshot)
            continue
        outcome: Outcome = "corrected"
        if snapshot is None:
            snapshot = known[row["time"]] = Snapshot(scope=scope, time=row["time"])
            outcome = "late" if newest is not None and row["time"] < newest else "created"
        _fill(snapshot, row, now)
        settled.results[index] = RowResult(outcome, snapshot, warnings=_doubts(snapshot))
        settled.changed[snapshot.pk] = snapshot
    for index, time in corrected_below.items():
        settled.results[index] = RowResult("superseded", known[time])
    return settled


def _corrected_below(ordered: Sequence[tuple[int, Row]]) -> dict[int, datetime]:
    """Return the rows that a later one of the same batch and time contradicts. Storing them first would make every
    retry of the batch a correction there and back, with an event each time."""
    last = {row["time"]: row for _, row in ordered}
    if len(last) == len(ordered):
        return {}
    return {index: row["time"] for index, row in ordered if _says(row) != _says(last[row["time"]])}


def _says(said: Snapshot | Row) -> list[Any]:
    return [said.get(name) if isinstance(said, Mapping) else getattr(said, name) for name in STATED]


def _fill(snapshot: Snapshot, row: Row, now: datetime) -> None:
    snapshot.derived, snapshot.received_at = False, now
    for name in STATED:
        setattr(snapshot, name, row.get(name))
    # A feed that knows only what is at risk gets that published as over SLA too, and is told so by its quality.
    over = snapshot.items_over_sla if snapshot.items_over_sla is not None else snapshot.items_at_risk
    snapshot.over_sla = over
    stated = snapshot.stated_compliance
    snapshot.compliance = stated if stated is not None else formulas.compliance_percent(snapshot.total_items, over)


def _doubts(snapshot: Snapshot) -> list[str]:
    if not snapshot.age_profile:
        return []
    return formulas.profile_doubts(
        snapshot.age_profile, snapshot.total_items, snapshot.items_over_sla, snapshot.oldest_age_minutes
    )


def _work_out(changed: dict[Any, Snapshot], current: CurrentBacklog, known: Mapping[datetime, Snapshot]) -> Window:
    """Work out the changed snapshots, and those that follow a late one: their step is another now, and they are
    changed as well. Returns the window at the newest snapshot."""
    newest = current.time
    old = [each for each in changed.values() if newest is not None and each.time <= newest]
    later = [each for each in changed.values() if newest is None or each.time > newest]
    window = Window.of(current)
    if newest is not None and any(each.time < newest for each in old):
        walked = _walk(changed, sorted(each for each in known if each <= newest), known)
        reached = walked.last is not None and walked.last.time == newest.timestamp()
        window = walked.preceded_by(window) if reached else window
    elif newest is not None and old:
        window.drop(newest.timestamp())
        later += old
    for snapshot in sorted(later, key=lambda each: each.time):
        work_out(snapshot, window)
    return window


def _walk(changed: dict[Any, Snapshot], times: Iterable[datetime], known: Mapping[datetime, Snapshot]) -> Window:
    """Go through stored snapshots in order of time; work out again what changed or follows a change."""
    window, follows = Window(), False
    for snapshot in (known[time] for time in times):
        is_changed = snapshot.pk in changed
        if is_changed or (follows and not snapshot.derived):
            work_out(snapshot, window)
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
        added=snapshot.stated_added,
        completed=snapshot.stated_completed,
        added_total=snapshot.added_total,
        completed_total=snapshot.completed_total,
    )


def work_out(snapshot: Snapshot, window: Window) -> None:
    """Fill the worked-out fields of a posted snapshot from what it states and the points before it; add it to them."""
    previous, point = window.last, _point(snapshot)
    moved = formulas.flows(previous, point)
    explained = formulas.flows_explain_change(previous, point, moved)
    snapshot.added, snapshot.completed, snapshot.flow_source = moved.added, moved.completed, moved.source
    snapshot.quality = Quality.OK if explained and snapshot.items_over_sla is not None else Quality.PARTIAL
    follow(snapshot, formulas.with_flows(point, moved), window)
    rates = formulas.rates(window.points)
    snapshot.added_per_hour = None if rates is None else rates.added
    snapshot.completed_per_hour = None if rates is None else rates.completed


def follow(snapshot: Snapshot, point: Point, window: Window) -> None:
    """Fill in the interval and the trend, and add the point to those before it."""
    snapshot.interval_seconds = None if window.last is None else point.time - window.last.time
    window.add(point)
    trend = formulas.trend(window.points)
    snapshot.trend, snapshot.slope_per_hour = trend.label, trend.slope_per_hour


def _advance(settled: Settled, posted: Sequence[Snapshot], current: CurrentBacklog, window: Window) -> None:
    """Make the newest posted snapshot current unless the scope knows a newer one; others gave way to it."""
    newest = max(posted, key=lambda snapshot: snapshot.time)
    if current.time is not None and newest.time < current.time:
        window.remember(current)
        return
    for result in settled.results.values():
        if result.result == "created" and result.snapshot is not newest:
            result.result = "superseded"
    current.snapshot, current.time = newest, newest.time
    window.remember(current)
    settled.newest = newest
