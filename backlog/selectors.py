"""Read the backlog."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from msgspec import structs

from backlog.events import BacklogChanged
from backlog.models import CurrentBacklog, Quality, Snapshot
from intraday.org.models import Scope
from realtime.protocol.redaction import Redaction
from realtime.protocol.rooms import RoomFilter

COLUMNS = [name for name in BacklogChanged.__struct_fields__ if name not in ("reasons", "age_profile")]
"""The columns of a table of figures: all fields but the explanations of nulls and the age profile, which is a table of
its own."""


def _current(organization_id: str, using: str = "default") -> QuerySet[CurrentBacklog]:
    rows = CurrentBacklog.objects.using(using).select_related("scope", "snapshot").defer("window")
    return rows.filter(scope__organization=organization_id, snapshot__isnull=False).order_by("scope")


def snapshot(organization_id: str, rooms: RoomFilter, redaction: Redaction) -> Sequence[msgspec.Raw]:
    """Return the current figure of every scope that these rooms hear (realtime.protocol.channel_spec.SnapshotItems)."""
    rows = _current(organization_id, "snapshot")
    if not rooms.everything:
        rows = rows.filter(Q(scope__department_id__in=rooms.departments) | Q(scope__queue_name__in=rooms.queues))
    return [
        msgspec.Raw(msgspec.json.encode(BacklogChanged.of(row.snapshot, row.scope)))
        for row in rows
        if row.snapshot is not None and rooms.hears(row.scope.department_id, row.scope.queue_name)
    ]


def current(scope: Scope, *, now: datetime) -> dict[str, Any]:
    """Return the scope's figure with its age, and those of the scopes inside it; null before the first snapshot."""
    rows = _current(scope.organization_id)
    if scope.department_id:
        rows = rows.filter(scope__department_id=scope.department_id)
    if scope.queue_name:
        rows = rows.filter(scope__queue_name=scope.queue_name)
    figures = {row.scope_id: _aged(row, now) for row in rows}
    own = figures.pop(scope.pk, None)
    return {"current": own, "within": list(figures.values())}


def _aged(row: CurrentBacklog, now: datetime) -> dict[str, Any]:
    assert row.snapshot is not None
    assert row.time is not None
    assert row.fresh_until is not None
    figure = as_dict(BacklogChanged.of(row.snapshot, row.scope))
    if now > row.fresh_until:
        figure["quality"] = Quality.STALE.value
    age = max(timedelta(), now - row.time).total_seconds()
    return {**figure, "data_age_seconds": round(age, 3), "cadence_seconds": row.cadence_seconds}


Figure = tuple[Scope, datetime, dict[str, Any]]
"""A scope, the instant of its figure, and the figure with the fields of its event."""


def figures(organization_id: str, *, now: datetime, scopes: Collection[int] | None = None) -> Iterator[Figure]:
    """Yield the newest figure of every scope of an organization (or of these, by primary key), in one query."""
    rows = _current(organization_id)
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    for row in rows:
        assert row.time is not None
        yield row.scope, row.time, _aged(row, now)


def past_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[Figure]:
    """Yield figures with since <= time < until, in order of time, in one query."""
    rows = Snapshot.objects.select_related("scope").filter(
        scope__organization=organization_id, time__gte=since, time__lt=until
    )
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    for row in rows.order_by("time", "scope").iterator():
        yield row.scope, row.time, as_dict(BacklogChanged.of(row, row.scope))


def history(
    scope: Scope, *, since: datetime | None, until: datetime | None, after: datetime | None, limit: int
) -> tuple[list[dict[str, Any]], datetime | None]:
    """Return snapshots of exactly this scope with since <= time < until, oldest first, from the cursor `after` on; and
    the cursor of the next page, if there is one."""
    rows = Snapshot.objects.filter(scope=scope).order_by("time")
    if since is not None:
        rows = rows.filter(time__gte=since)
    if until is not None:
        rows = rows.filter(time__lt=until)
    if after is not None:
        rows = rows.filter(time__gt=after)
    page = list(rows[: limit + 1])
    items = [as_dict(BacklogChanged.of(row, scope)) for row in page[:limit]]
    return items, page[limit - 1].time if len(page) > limit else None


def as_dict(payload: BacklogChanged) -> dict[str, Any]:
    found = {name: value for name, value in structs.asdict(payload).items() if value is not msgspec.UNSET}
    if payload.age_profile is not msgspec.UNSET:
        found["age_profile"] = msgspec.to_builtins(payload.age_profile)
    return found


def organizations() -> set[str]:
    """Return the organizations that have a backlog."""
    rows = CurrentBacklog.objects.filter(snapshot__isnull=False).order_by()
    return set(rows.values_list("scope__organization_id", flat=True).distinct())
