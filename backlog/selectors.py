"""Read the backlog."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import QuerySet
from msgspec import structs

from backlog.events import BacklogChanged
from backlog.models import CurrentBacklog, Quality, Snapshot
from intraday.org import scoped
from intraday.org.models import Scope
from intraday.org.scoped import Figure, TimePage
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
    return [
        msgspec.Raw(msgspec.json.encode(BacklogChanged.of(row.snapshot, row.scope)))
        for row in rooms.narrow(_current(organization_id, "snapshot"))
        if row.snapshot is not None and rooms.hears(row.scope.department_id, row.scope.queue_name)
    ]


def current(scope: Scope, *, now: datetime, names: bool) -> dict[str, Any]:
    """Return the scope's figure with its age, and those of the scopes inside it; null before the first snapshot."""
    rows = scoped.inside(_current(scope.organization_id), scope)
    return scoped.apart(scope, {row.scope_id: _aged(row, now) for row in rows})


def _aged(row: CurrentBacklog, now: datetime) -> dict[str, Any]:
    assert row.snapshot is not None
    assert row.time is not None
    assert row.fresh_until is not None
    figure = as_dict(BacklogChanged.of(row.snapshot, row.scope))
    if now > row.fresh_until:
        figure["quality"] = Quality.STALE.value
    age = max(timedelta(), now - row.time).total_seconds()
    return {**figure, "data_age_seconds": round(age, 3), "cadence_seconds": row.cadence_seconds}


def figures(organization_id: str, *, now: datetime, scopes: Collection[int] | None = None) -> Iterator[Figure]:
    """Yield the newest figure of every scope of an organization (or of these, by primary key), in one query."""
    for row in scoped.chosen(_current(organization_id), scopes):
        assert row.time is not None
        yield row.scope, row.time, _aged(row, now)


def past_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[Figure]:
    """Yield figures with since <= time < until, in order of time, in one query."""
    for row in scoped.past(Snapshot.objects.all(), organization_id, since, until, scopes).iterator():
        yield row.scope, row.time, as_dict(BacklogChanged.of(row, row.scope))


def history(scope: Scope, page: TimePage, *, names: bool) -> tuple[list[dict[str, Any]], datetime | None]:
    """Return a page of the snapshots of exactly this scope, and the cursor of the next one."""
    rows, following = page.take(Snapshot.objects.filter(scope=scope))
    return [as_dict(BacklogChanged.of(row, scope)) for row in rows], following


def as_dict(payload: BacklogChanged) -> dict[str, Any]:
    found = {name: value for name, value in structs.asdict(payload).items() if value is not msgspec.UNSET}
    if payload.age_profile is not msgspec.UNSET:
        found["age_profile"] = msgspec.to_builtins(payload.age_profile)
    return found


def organizations() -> set[str]:
    """Return the organizations that have a backlog."""
    return scoped.organizations(CurrentBacklog.objects.filter(snapshot__isnull=False))
