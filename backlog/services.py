"""Write the backlog: store reported snapshots, derive their figures, roll them up, publish what is news."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from backlog import latest
from backlog.events import BacklogChanged
from backlog.ingest import daily_totals, rollup, stored_snapshots
from backlog.ingest.classification import Classification, Row, RowResult, classify
from backlog.ingest.daily_totals import Changes
from backlog.models import CurrentBacklog, Snapshot
from backlog.retention import purge as purge
from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from intraday.org.services import Resolved, ScopeName, resolve_scopes
from realtime.publish import publish


@dataclass
class Ingested:
    """Results of the stored rows and errors of the others, by index of the row."""

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

    `within`: the departments to which the caller is limited; rows outside are errors.
    `atomic` stores nothing unless every row names a known scope; `dry_run` stores nothing at all.
    """
    done = Ingested()
    names = {index: (row["department_id"], row["queue_name"]) for index, row in rows.items()}
    resolved = resolve_scopes(organization, list(names.values()), create=True, within=within)
    by_scope, levels = _by_scope(resolved, names, rows, done), resolved.levels
    if atomic and done.errors:
        transaction.set_rollback(True)  # queues that other rows named first
        return Ingested(errors=done.errors)
    zone = ZoneInfo(organization.time_zone)
    queues = {scope: group for scope, group in by_scope.items() if scope.queue_name}
    above = {scope: group for scope, group in by_scope.items() if not scope.queue_name}
    latest.ensure({*by_scope, *(levels[code] for scope in queues for code in (scope.department_id, ""))})
    stored = _store(queues, latest.lock(queues), now, zone, done)
    news = _news(stored)
    changed = _levels(scope for scope, each in stored.items() if any(map(any, each.changes.values())))
    rolled = [levels[code] for code in _levels(news)]
    upper = latest.lock({*above, *rolled, *(levels[code] for code in changed)}, with_snapshot=bool(rolled))
    posted = _news(_store(above, {scope: upper[scope] for scope in above}, now, zone, done))
    rollup.amend(upper, _changes_by_level(stored), zone)
    dirty.mark(news | posted, now=now)  # posted scopes; the levels above follow from them
    derived = rollup.derive({scope: upper[scope] for scope in rolled}, posted=posted, zone=zone, now=now)
    _publish(news | posted | derived, done)
    for index, warnings in resolved.news(names, dry_run=dry_run).items():
        done.results[index].warnings += warnings
    if dry_run:
        transaction.set_rollback(True)
        for result in done.results.values():
            result.event = None
    return done


def _levels(queues: Iterable[Scope]) -> list[str]:
    """Return the levels above these queues, by department; the organization ('') comes last."""
    departments = sorted({scope.department_id for scope in queues})
    return [*departments, ""] if departments else []


def _news(stored: Mapping[Scope, Classification]) -> dict[Scope, Snapshot]:
    return {scope: each.newest for scope, each in stored.items() if each.newest is not None}


def _changes_by_level(stored: Mapping[Scope, Classification]) -> dict[str, Changes]:
    """Return the changes of the flows of the queues of each level, by department; '' is the organization."""
    found: dict[str, Changes] = {}
    for scope, each in stored.items():
        for level in (scope.department_id, ""):
            found[level] = daily_totals.sum_changes([*found.get(level, {}).items(), *each.changes.items()])
    return found


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
    zone: ZoneInfo,
    done: Ingested,
) -> dict[Scope, Classification]:
    """Classify and save the rows of these scopes, and add their flows to the totals of the queues."""
    if not groups:
        return {}
    stored = stored_snapshots.load_around(groups, rows)
    classified = {
        scope: classify(scope, group, rows[scope], stored.get(scope.pk, {}), now=now, zone=zone)
        for scope, group in groups.items()
    }
    changed = {scope: each for scope, each in classified.items() if each.changed}
    for scope, each in changed.items():
        if scope.queue_name:
            daily_totals.add_changes(rows[scope], each.changes)
    latest.save(
        [snapshot for each in changed.values() for snapshot in each.changed.values()],
        [rows[scope] for scope in changed],
    )
    for each in classified.values():
        done.results.update(each.results)
    return classified


def _publish(news: Mapping[Scope, Snapshot], done: Ingested) -> None:
    if not news:
        return
    refs = publish("backlog", [(scope, partial(BacklogChanged.of, row, scope)) for scope, row in news.items()])
    by_snapshot = {row.pk: ref for row, ref in zip(news.values(), refs, strict=True)}
    for result in done.results.values():
        if result.result in ("created", "corrected"):
            result.event = by_snapshot.get(result.snapshot.pk)
