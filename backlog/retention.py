"""Purge the backlog after its time: first keep one snapshot for each quarter of an hour, then none."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q, QuerySet

from backlog.models import CurrentBacklog, FlowSource, Snapshot
from intraday.database import batches

QUARTER_SECONDS = 900
"""Local days begin at a full quarter of an hour of UTC, in every time zone of today: none is torn in two."""


def purge(*, now: datetime) -> int:
    """Thin and delete snapshots; return how many are gone. The newest one of each scope stays as it is."""
    old = _past().filter(_before(now - settings.KEEP_HISTORY), thinned=True)
    return thin(now=now) + batches.delete(old)


def _past() -> QuerySet[Snapshot]:
    newest = CurrentBacklog.objects.filter(snapshot__isnull=False).values("snapshot")
    return Snapshot.objects.exclude(pk__in=newest)


def _before(limit: datetime) -> Q:
    """Select what is of before the limit and came in before it, so that a replay of old data is kept as long."""
    return Q(received_at__lt=limit, time__lt=limit)


# --- thinning --------------------------------------------------------------------------------------------------------
def thin(*, now: datetime) -> int:
    """Keep the last snapshot of each quarter of an hour that is older than KEEP_DETAIL, with the flows of all in it.

    So the figures at the kept instants stay, and the flows of a day add up to what they were.
    """
    limit = _quarter_of(now - settings.KEEP_DETAIL)
    merged = 0
    for _ in batches.rounds():
        waiting = _past().filter(_before(limit), thinned=False).order_by("received_at")[: batches.ROWS]
        by_scope = Snapshot.objects.filter(pk__in=waiting.values("pk")).order_by().values_list("scope")
        oldest = list(by_scope.annotate(oldest=Min("time")))
        if not oldest:
            break
        merged += sum(_thin(scope, since=_quarter_of(time), limit=limit) for scope, time in sorted(oldest))
    return merged


@transaction.atomic
def _thin(scope: int, *, since: datetime, limit: datetime) -> int:
    """Thin the next snapshots of a scope under the lock of its writers; return how many went into another."""
    CurrentBacklog.objects.select_for_update(of=("self",)).filter(scope=scope).first()
    rows = _past().filter(_before(limit), scope=scope, time__gte=since).order_by("time")[: batches.ROWS]
    quarters = [list(group) for _, group in groupby(rows, key=lambda row: _quarter_of(row.time))]
    if len(quarters) > 1 and sum(map(len, quarters)) == batches.ROWS:
        quarters.pop()  # there may be more of it
    fresh = [quarter for quarter in quarters if not all(row.thinned for row in quarter)]
    _save(merge(quarter) for quarter in fresh)
    return _delete([row for quarter in fresh for row in quarter[:-1]])


def merge(quarter: Sequence[Snapshot]) -> Snapshot:
    """Return the last of these consecutive snapshots with the flows of all, since the one before the first."""
    *_, last = quarter
    intervals = [row.interval_seconds for row in quarter if row.interval_seconds is not None]
    last.added, last.completed = sum(row.added for row in quarter), sum(row.completed for row in quarter)
    last.interval_seconds = sum(intervals) if intervals else None
    if any(row.flow_source == FlowSource.NET_INFERRED for row in quarter):
        last.flow_source = FlowSource.NET_INFERRED
    last.thinned = True
    return last


def _save(snapshots: Iterable[Snapshot]) -> None:
    changed = ["added", "completed", "interval_seconds", "flow_source", "thinned"]
    Snapshot.objects.bulk_create(
        snapshots, update_conflicts=True, unique_fields=["scope", "time"], update_fields=changed
    )


def _delete(rows: Collection[Snapshot]) -> int:
    Snapshot.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _quarter_of(time: datetime) -> datetime:
    seconds = time.timestamp() // QUARTER_SECONDS * QUARTER_SECONDS
    return datetime.fromtimestamp(seconds, tz=time.tzinfo)
