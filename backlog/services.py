"""Write the backlog: store reported snapshots, derive their figures, publish what is news; roll up the levels above."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
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
from intraday.background.work import BackgroundWork
from intraday.clock.database import clock
from intraday.ingest.posts import Ingested, Post
from intraday.jobs import dirty
from intraday.org.models import Scope
from realtime.publish import publish, stream_head

ROLL_UP_SECONDS = 0.15
"""The time after a commit until the levels above its queues follow; all posts of that time are rolled up together."""
_AHEAD = timedelta(minutes=5)
"""More than queues may be ahead of the clock: no level stands at a later day than that of now and so much more."""


@transaction.atomic
def ingest(post: Post[Row]) -> Ingested:
    """Store rows and publish the newest of each scope. The levels above queues follow soon (`roll_up`)."""
    done, now = Ingested(), post.now
    resolved = post.resolve(done)
    if post.is_refused(done):
        return done
    by_scope = post.by_scope(resolved)
    zone = ZoneInfo(post.organization.time_zone)
    queues = {scope: group for scope, group in by_scope.items() if scope.queue_name}
    above = {scope: group for scope, group in by_scope.items() if not scope.queue_name}
    stored = _store(queues, latest.lock_or_make(queues), now, zone, done)
    news = _news(stored)
    ended = _changes_by_level(stored, before=daily_totals.local_day(now + _AHEAD, zone))
    upper = latest.lock_levels({*above, *(resolved.levels[code] for code in ended)})
    posted = _news(_store(above, {scope: upper[scope] for scope in above}, now, zone, done))
    rollup.amend(upper, ended, zone)
    dirty.mark(news | posted, now=now)  # also the marks by which the levels above follow, whatever becomes of us
    _publish(news | posted, done)
    if news:
        today = daily_totals.local_day(now, zone)
        # Before the answer where days have ended: a log that is replayed faster than time passes would leave days out.
        is_past = any(daily_totals.local_day(each.time, zone) < today for each in news.values())
        follow = levels_above.do if is_past else levels_above.ask
        transaction.on_commit(partial(follow, post.organization.pk), robust=True)
    post.warn_of_new_scopes(resolved, done)
    return post.end(done)


@transaction.atomic
def roll_up(*, organization_id: str, now: datetime) -> int:
    """Publish the figures of the levels above queues with news since the last roll-up; return how many changed.

    Each process that takes posts does it soon after their commit, for all of them at once; the one that comes first
    does it for the others. The marks of the posts tell which departments to look at, so that the next job over new
    facts makes good what a process that died has left.
    """
    if latest.rolled_up_to(organization_id) >= stream_head("backlog", organization_id).seq:
        return 0
    inside = Scope.objects.select_related("organization").filter(organization=organization_id, queue_name="")
    whole = inside.get(department_id="")
    row = latest.lock_or_make([whole])[whole]
    head = stream_head("backlog", organization_id).seq  # before anything that it counts is read
    if row.rolled_up_to >= head:
        return 0
    departments = latest.lock_departments(inside.filter(department_id__in=dirty.departments(organization_id)))
    rows = {**departments, whole: row}
    latest.load_snapshots(rows.values())
    news = rollup.derive(rows, head=head, zone=ZoneInfo(whole.organization.time_zone), now=now)
    _publish(news, Ingested())
    return len(news)


def _roll_up_soon(organization_id: str) -> None:
    roll_up(organization_id=organization_id, now=clock.now())


levels_above = BackgroundWork("backlog-levels", _roll_up_soon, delay=ROLL_UP_SECONDS)


def _news(stored: Mapping[Scope, Classification]) -> dict[Scope, Snapshot]:
    return {scope: each.newest for scope, each in stored.items() if each.newest is not None}


def _changes_by_level(stored: Mapping[Scope, Classification], *, before: date) -> dict[str, Changes]:
    """Return how the flows of the queues of each level changed on days before this one, by department; '' is the
    organization. A level may have its last figure of such a day already."""
    found: dict[str, Changes] = {}
    for scope, each in stored.items():
        ended = [(day, counts) for day, counts in each.changes.items() if day < before and any(counts)]
        for level in (scope.department_id, "") if ended else ():
            found[level] = daily_totals.sum_changes([*found.get(level, {}).items(), *ended])
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
