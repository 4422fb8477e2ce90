"""Write the backlog: store reported snapshots, derive their figures, roll them up, publish what is news."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from django.db import transaction

from backlog import latest
from backlog.events import BacklogChanged
from backlog.ingest import daily_totals, rollup, stored_snapshots
from backlog.ingest.classification import Classification, classify
from backlog.ingest.daily_totals import Changes
from backlog.ingest.rows import Row as Row
from backlog.models import CurrentBacklog, Snapshot
from backlog.retention import purge as purge
from intraday.ingest.posts import Ingested, Post
from intraday.jobs import dirty
from intraday.org.models import Scope
from realtime.publish import publish


@transaction.atomic
def ingest(post: Post[Row]) -> Ingested:
    """Store rows and publish the newest of each scope, then the departments and the organization above it."""
    done, now = Ingested(), post.now
    resolved = post.resolve(done)
    if post.is_refused(done):
        return done
    by_scope, levels = post.by_scope(resolved), resolved.levels
    zone = ZoneInfo(post.organization.time_zone)
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
    post.warn_of_new_scopes(resolved, done)
    return post.end(done)


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
        done.add(each.rows)
    return classified


def _publish(news: Mapping[Scope, Snapshot], done: Ingested) -> None:
    if not news:
        return
    refs = publish("backlog", [(scope, partial(BacklogChanged.of, row, scope)) for scope, row in news.items()])
    by_snapshot = {str(row.pk): ref for row, ref in zip(news.values(), refs, strict=True)}
    for result in done.results.values():
        if result.result in ("created", "corrected"):
            result.event = by_snapshot.get(result.id["snapshot_id"])
