"""Reading alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from msgspec import structs

from alerts.events import AlertChanged
from alerts.models import Alert, Status
from intraday.rest.errors import NotFound
from intraday.rest.pages import spell
from realtime.rooms import RoomFilter

COLUMNS = list(AlertChanged.__struct_fields__)
Cursor = tuple[datetime, UUID]
"""Of the last alert of a page: when it fired, and which it is."""


def snapshot(organization_id: str, rooms: RoomFilter, names: bool) -> Sequence[msgspec.Raw]:
    """The open alerts of the scopes that these rooms hear, oldest first (realtime.channels.SnapshotItems)."""
    rows = Alert.objects.using("snapshot").select_related("scope").filter(organization=organization_id)
    rows = rows.exclude(status=Status.RESOLVED).order_by("triggered_at", "id")
    if not rooms.everything:
        rows = rows.filter(Q(scope__department_id__in=rooms.departments) | Q(scope__queue_name__in=rooms.queues))
    return [
        msgspec.Raw(msgspec.json.encode(AlertChanged.of(row, row.scope)))
        for row in rows
        if rooms.hears(row.scope.department_id, row.scope.queue_name)
    ]


def as_dict(alert: Alert) -> dict[str, Any]:
    """The record as its events have it."""
    payload = structs.asdict(AlertChanged.of(alert, alert.scope))
    return {name: value for name, value in payload.items() if value is not msgspec.UNSET}


def _visible(organization_id: str, within: frozenset[str] | None) -> QuerySet[Alert]:
    rows = Alert.objects.select_related("scope").filter(organization=organization_id)
    return rows if within is None else rows.filter(scope__department_id__in=within)


def alerts(
    organization_id: str,
    *,
    within: frozenset[str] | None,
    filters: Mapping[str, Any],
    after: Cursor | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Newest first, from the cursor on; and the next page's, spelled out, if there is one. `filters` are lookups."""
    rows = _visible(organization_id, within).filter(**filters).order_by("-triggered_at", "-id")
    if after is not None:
        at, pk = after
        rows = rows.filter(Q(triggered_at__lt=at) | Q(triggered_at=at, id__lt=pk))
    page = list(rows[: limit + 1])
    last = page[limit - 1] if len(page) > limit else None
    return [as_dict(row) for row in page[:limit]], last and f"{spell(last.triggered_at)}~{last.pk}"


def alert(organization_id: str, alert_id: UUID, *, within: frozenset[str] | None) -> dict[str, Any]:
    """The record with its audit, oldest line first. Raises NotFound."""
    row = _visible(organization_id, within).filter(pk=alert_id).first()
    if row is None:
        raise NotFound
    return {**as_dict(row), "audit": [_line(each) for each in row.audit.order_by("id")]}


def _line(row: Any) -> dict[str, Any]:
    return {
        "at": row.at,
        "from": row.from_status or None,
        "to": row.to_status,
        "actor": row.actor,
        "reason": row.reason,
        "note": row.note or None,
        "value": row.value,
        "threshold": row.threshold,
        "rule_version": row.rule_version,
        "request_id": row.request_id or None,
    }
