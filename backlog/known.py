"""The stored snapshots that a post needs to know: those it repeats or corrects, and the neighbours of late ones."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from backlog.models import CurrentBacklog, Snapshot
from backlog.window import LOOK_BACK_SECONDS
from intraday.org.models import Scope

LOOK_BACK = timedelta(seconds=LOOK_BACK_SECONDS)
Known = dict[int, dict[datetime, Snapshot]]
"""By scope and time."""


def around(groups: Mapping[Scope, Sequence[tuple[int, Any]]], rows: Mapping[Scope, CurrentBacklog]) -> Known:
    """Return what is stored of the times of these rows, and of the time around those that are late: all that their
    flows, rates and trend follow from, and what follows from them.

    Rows newer than the current snapshot, the usual case, ask nothing; corrections of it one statement, late rows two.
    """
    newest = {scope.pk: time for scope in groups if (time := rows[scope].time) is not None}
    old = [
        (scope.pk, row["time"])
        for scope, group in groups.items()
        for _, row in group
        if scope.pk in newest and row["time"] <= newest[scope.pk]
    ]
    if not old:
        return {}
    scopes, times = {pk for pk, _ in old}, {time for _, time in old}
    if any(time < newest[pk] for pk, time in old):
        wanted = _around({pk: newest[pk] for pk in scopes}, min(times), max(times))
    else:
        wanted = Q(scope__in=scopes, time__in=times)
    found: Known = {}
    for snapshot in Snapshot.objects.filter(wanted).order_by("time"):
        found.setdefault(snapshot.scope_id, {})[snapshot.time] = snapshot
    return found


def _around(newest: Mapping[int, datetime], earliest: datetime, latest: datetime) -> Q:
    """Everything from 90 minutes before these times on, up to the newest snapshot if its trend looks back so far; and
    the snapshots before and after that."""
    since = earliest - LOOK_BACK
    until = max([latest, *(time for time in newest.values() if latest >= time - LOOK_BACK)])
    return Q(scope__in=newest, time__range=(since, until)) | Q(pk__in=_neighbours(newest, since, until))


def _neighbours(scopes: Collection[int], since: datetime, until: datetime) -> set[Any]:
    its = Snapshot.objects.filter(scope=OuterRef("pk"))
    before = its.filter(time__lt=since).order_by("-time").values("pk")[:1]
    after = its.filter(time__gt=until).order_by("time").values("pk")[:1]
    found = Scope.objects.filter(pk__in=scopes).values_list(Subquery(before), Subquery(after))
    return {pk for pair in found for pk in pair if pk is not None}
