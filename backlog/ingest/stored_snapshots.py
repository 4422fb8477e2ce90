"""Load the stored snapshots that a post needs: those that it repeats or corrects, and the neighbours of late rows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from backlog.ingest.window import LOOK_BACK_SECONDS, RAW_POINTS
from backlog.models import CurrentBacklog, Snapshot
from intraday.org.models import Scope

LOOK_BACK = timedelta(seconds=LOOK_BACK_SECONDS)
StoredSnapshots = dict[int, dict[datetime, Snapshot]]
"""Snapshots by scope and time."""


def load_around(
    groups: Mapping[Scope, Sequence[tuple[int, Any]]], rows: Mapping[Scope, CurrentBacklog]
) -> StoredSnapshots:
    """Return the stored snapshots of the times of these rows, and around late rows all snapshots from which the flows,
    rates and trends of these derive, and those that derive from them.

    Rows newer than the current snapshot, the usual case, need no query; corrections of it and late rows need one.
    """
    newest = {scope.pk: time for scope in groups if (time := rows[scope].time) is not None}
    old = [
        (scope.pk, row.time)
        for scope, group in groups.items()
        for _, row in group
        if scope.pk in newest and row.time <= newest[scope.pk]
    ]
    if not old:
        return {}
    late = any(time < newest[pk] for pk, time in old)
    scopes, times = {pk for pk, _ in old}, {time for _, time in old}
    if late:
        snapshots = _snapshots_around(
            {scope.pk: rows[scope] for scope in groups if scope.pk in scopes}, min(times), max(times)
        )
    else:
        snapshots = Snapshot.objects.filter(scope__in=scopes, time__in=times)
    found: StoredSnapshots = {}
    for snapshot in sorted(snapshots, key=lambda each: each.time):
        found.setdefault(snapshot.scope_id, {})[snapshot.time] = snapshot
    return found


def _snapshots_around(rows: Mapping[int, CurrentBacklog], earliest: datetime, latest: datetime) -> QuerySet[Snapshot]:
    """Return the snapshots from 90 minutes before these times on, up to the newest snapshot if its window reaches back
    so far, and one neighbour on either side."""
    since = earliest - LOOK_BACK
    reached = (row.time for row in rows.values() if row.time is not None and latest.timestamp() >= _first(row))
    until = max([latest, *reached])
    its = Snapshot.objects.filter(scope=OuterRef("pk"))
    before = its.filter(time__lt=since).order_by("-time").values("pk")[:1]
    after = its.filter(time__gt=until).order_by("time").values("pk")[:1]
    between = Snapshot.objects.filter(scope__in=rows, time__range=(since, until)).order_by()
    return between.union(_each(before, rows), _each(after, rows), all=True)


def _each(neighbour: QuerySet[Any], scopes: Collection[int]) -> QuerySet[Snapshot]:
    """Return the neighbour of each scope, by one look-up in the index each."""
    ids = Scope.objects.filter(pk__in=scopes).values(neighbour=Subquery(neighbour))
    return Snapshot.objects.filter(pk__in=ids).order_by()


def _first(row: CurrentBacklog) -> float:
    """Return the time at which the window of the row begins: it is longer than 90 minutes where a feed posts seldom,
    and not full yet where it has posted little."""
    assert row.time is not None
    if len(row.window) < RAW_POINTS:
        return 0.0
    return min((row.time - LOOK_BACK).timestamp(), float(row.window[0][0]))
