"""Writing the backlog: store what feeds say, work out what follows, roll it up, publish what is news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal

from django.db import transaction

from backlog import currents, formulas, rollup
from backlog.currents import Window
from backlog.events import BacklogChanged
from backlog.models import CurrentBacklog, Snapshot
from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from intraday.org.services import Resolved, ScopeName, resolve_scopes
from realtime.publish import EventRef, publish

Row = Mapping[str, Any]
"""A valid row: `department_id`, `queue_name`, `time` and the fields of STATED."""

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
class Ingested:
    """By index of the row: what was stored, and why the others were not."""

    results: dict[int, RowResult] = field(default_factory=dict)
    errors: dict[int, Any] = field(default_factory=dict)


@transaction.atomic
def ingest(
    *,
    organization: Organization,
    rows: Mapping[int, Row],
    now: datetime,
    within: frozenset[str] | None = None,
    atomic: bool = False,
    dry_run: bool = False,
) -> Ingested:
    """Store rows and publish the newest of each scope, then the departments and the organization above it.

    `within`: the departments to which whoever posts is limited; rows outside are errors.
    `atomic` stores nothing unless every row names a known scope; `dry_run` stores nothing at all.
    """
    done = Ingested()
    names = {index: (row["department_id"], row["queue_name"]) for index, row in rows.items()}
    resolved = resolve_scopes(organization, list(names.values()), create=True, within=within)
    by_scope, levels = _by_scope(resolved, names, rows, done), resolved.levels
    if atomic and done.errors:
        transaction.set_rollback(True)  # queues that other rows named first
        return Ingested(errors=done.errors)
    queues = {scope: group for scope, group in by_scope.items() if scope.queue_name}
    above = {scope: group for scope, group in by_scope.items() if not scope.queue_name}
    currents.ensure({*by_scope, *(levels[code] for scope in queues for code in (scope.department_id, ""))})
    news = _store(queues, currents.lock(queues), now, done)
    codes = [*sorted({scope.department_id for scope in news}), ""] if news else []
    rolled = [levels[code] for code in codes]
    upper = currents.lock({*above, *rolled}, with_snapshot=True)
    news |= _store(above, upper, now, done)
    dirty.mark(news, now=now)  # what was posted; the levels above follow from it
    news |= rollup.derive({scope: upper[scope] for scope in rolled if scope not in news}, now=now)
    _publish(news, done)
    for index, warnings in resolved.news(names, dry_run=dry_run).items():
        done.results[index].warnings += warnings
    if dry_run:
        transaction.set_rollback(True)
        for result in done.results.values():
            result.event = None
    return done


def _by_scope(
    resolved: Resolved, names: Mapping[int, ScopeName], rows: Mapping[int, Row], done: Ingested
) -> dict[Scope, list[tuple[int, Row]]]:
    """Group the rows by the scope they mean, and note the errors of the others."""
    grouped: dict[Scope, list[tuple[int, Row]]] = {}
    for index, name in names.items():
        if name in resolved.errors:
            done.errors[index] = resolved.errors[name]
        else:
            grouped.setdefault(resolved.scopes[name], []).append((index, rows[index]))
    return grouped


def _store(
    groups: Mapping[Scope, Sequence[tuple[int, Row]]],
    rows: Mapping[Scope, CurrentBacklog],
    now: datetime,
    done: Ingested,
) -> dict[Scope, Snapshot]:
    """Settle and save the rows of these scopes; the newest snapshot of every scope that it changed."""
    if not groups:
        return {}
    stored = _stored(groups, rows)
    settled = {scope: _settle(scope, group, rows[scope], stored, now) for scope, group in groups.items()}
    changed = [snapshot for each in settled.values() for snapshot in each.changed.values()]
    currents.save(changed, [rows[scope] for scope, each in settled.items() if each.changed])
    news = {scope: each.newest for scope, each in settled.items() if each.newest is not None}
    for each in settled.values():
        done.results.update(each.results)
    return news


def _stored(
    groups: Mapping[Scope, Sequence[tuple[int, Row]]], rows: Mapping[Scope, CurrentBacklog]
) -> dict[tuple[int, datetime], Snapshot]:
    """Snapshots that are there already. Newer than current there is none, so usually nothing is asked."""
    old = [
        (scope.pk, row["time"])
        for scope, group in groups.items()
        for _, row in group
        if (newest := rows[scope].time) is not None and row["time"] <= newest
    ]
    if not old:
        return {}
    found = Snapshot.objects.filter(scope__in={pk for pk, _ in old}, time__in={time for _, time in old})
    return {(snapshot.scope_id, snapshot.time): snapshot for snapshot in found}


@dataclass
class _Settled:
    results: dict[int, RowResult] = field(default_factory=dict)
    changed: dict[Any, Snapshot] = field(default_factory=dict)  # by primary key
    newest: Snapshot | None = None  # set if the scope's current figure changed


def _settle(
    scope: Scope,
    group: Sequence[tuple[int, Row]],
    current: CurrentBacklog,
    stored: dict[tuple[int, datetime], Snapshot],
    now: datetime,
) -> _Settled:
    """Decide about the rows of one scope in order of their time; later ones of the same time count."""
    settled, window, newest_before = _Settled(), Window(current), current.time
    ordered = sorted(group, key=lambda each: (each[1]["time"], each[0]))
    corrected_below = _corrected_below(ordered)
    for index, row in ordered:
        if index in corrected_below:
            continue
        snapshot = stored.get((scope.pk, row["time"]))
        if snapshot is not None and not snapshot.derived and _says(snapshot) == _says(row):
            settled.results[index] = RowResult("duplicate", snapshot)
            continue
        outcome: Outcome = "corrected"
        if snapshot is None:
            snapshot = stored[scope.pk, row["time"]] = Snapshot(scope=scope, time=row["time"])
            outcome = "late" if newest_before is not None and row["time"] < newest_before else "created"
        _fill(snapshot, row, now, window)
        settled.results[index] = RowResult(outcome, snapshot)
        settled.changed[snapshot.pk] = snapshot
    for index, time in corrected_below.items():
        settled.results[index] = RowResult("superseded", stored[scope.pk, time])
    _crown(settled, current, window)
    return settled


def _corrected_below(ordered: Sequence[tuple[int, Row]]) -> dict[int, datetime]:
    """Rows that a later one of the same batch and time contradicts. Storing them first would make every retry of the
    batch a correction there and back, with an event each time."""
    last = {row["time"]: row for _, row in ordered}
    if len(last) == len(ordered):
        return {}
    return {index: row["time"] for index, row in ordered if _says(row) != _says(last[row["time"]])}


def _says(said: Snapshot | Row) -> list[Any]:
    return [said[name] if isinstance(said, Mapping) else getattr(said, name) for name in STATED]


def _fill(snapshot: Snapshot, row: Row, now: datetime, window: Window) -> None:
    snapshot.derived, snapshot.received_at = False, now
    for name in STATED:
        setattr(snapshot, name, row[name])
    # A feed that knows only what is at risk gets that published as over SLA too, and is told so by its quality.
    over = snapshot.items_over_sla if snapshot.items_over_sla is not None else snapshot.items_at_risk
    snapshot.over_sla = over
    stated = snapshot.stated_compliance
    snapshot.compliance = stated if stated is not None else formulas.compliance_percent(snapshot.total_items, over)
    currents.work_out(snapshot, window, reason_to_doubt=snapshot.items_over_sla is None)


def _crown(settled: _Settled, current: CurrentBacklog, window: Window) -> None:
    """The newest changed snapshot becomes current unless the scope knows a newer one; others gave way to it."""
    if not settled.changed:
        return
    newest = max(settled.changed.values(), key=lambda snapshot: snapshot.time)
    if current.time is not None and newest.time < current.time:
        window.remember(current)
        return
    for result in settled.results.values():
        if result.result == "created" and result.snapshot is not newest:
            result.result = "superseded"
    currents.advance(current, newest, window)
    settled.newest = newest


def _publish(news: Mapping[Scope, Snapshot], done: Ingested) -> None:
    if not news:
        return
    refs = publish("backlog", [(scope, partial(BacklogChanged.of, row, scope)) for scope, row in news.items()])
    by_snapshot = {row.pk: ref for row, ref in zip(news.values(), refs, strict=True)}
    for result in done.results.values():
        if result.result in ("created", "corrected"):
            result.event = by_snapshot.get(result.snapshot.pk)
