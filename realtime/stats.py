"""Figures of all server processes and hosts, from the reports that each hub writes (realtime.hub.reporter)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from intraday.clock.database import clock
from intraday.org.access import KEY_ID, WALL_ID
from realtime.models import ALIVE, Connection, Process
from realtime.protocol.rooms import Room


def alive() -> QuerySet[Process]:
    return Process.objects.filter(seen_at__gte=clock.now() - ALIVE)


def _connections(organization_id: str | None) -> QuerySet[Connection]:
    """Return connections of living processes: of one organization, or of all (None)."""
    rows = Connection.objects.filter(process__in=alive()).select_related("process").order_by("connected_at", "id")
    return rows if organization_id is None else rows.filter(organization_id=organization_id)


def _visible(organization_id: str | None, departments: frozenset[str] | None) -> Iterator[tuple[Connection, list[str]]]:
    """Yield connections with their rooms; with departments given, only rooms inside them."""
    for row in _connections(organization_id):
        if departments is None:
            yield row, row.rooms
        elif inside := [room for room in row.rooms if Room.parse(room).department in departments]:
            yield row, inside


def connections(
    organization_id: str | None, departments: frozenset[str] | None = None, *, people: bool = True
) -> list[dict[str, Any]]:
    """Return the open connections; without `people` only keys and wall boards are called by name."""
    return [
        {
            "connection_id": row.id,
            "organization_id": row.organization_id,
            "user_id": row.user_id if people or row.user_id.startswith((KEY_ID, WALL_ID)) else None,
            "role": row.role,
            "connected_at": row.connected_at,
            "process": str(row.process),
            "rooms": rooms,
        }
        for row, rooms in _visible(organization_id, departments)
    ]


def rooms(organization_id: str | None, departments: frozenset[str] | None = None) -> list[dict[str, Any]]:
    counts = Counter(room for _, rooms in _visible(organization_id, departments) for room in rooms)
    return [{"room": room, "connections": counts[room]} for room in sorted(counts)]


def totals(organization_id: str | None) -> dict[str, Any]:
    """Return the figures of `/api/ws/stats`: messages are events written to clients since their process started."""
    processes = list(alive())
    by_event: Counter[str] = Counter()
    per_second = 0.0
    for process in processes:
        for organization, counts in process.counters.items():
            if organization_id in (None, organization):
                by_event.update(counts["messages"])
                per_second += counts["per_second"]
    by_org = Counter(_connections(organization_id).values_list("organization_id", flat=True))
    return {
        "active_connections": by_org.total(),
        "connections_by_org": {organization: count for organization, count in by_org.items() if organization},
        "total_messages": by_event.total(),
        "messages_per_second": round(per_second, 2),
        "messages_by_event": dict(by_event),
        "processes": len(processes),
        "degraded": any(process.degraded for process in processes),
        "limits_reached": _limits_reached(processes, organization_id),
    }


def _limits_reached(processes: Iterable[Process], organization_id: str | None) -> list[dict[str, Any]]:
    """Return the limits that were reached in the last hour, and how many requests were refused for it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for process in processes:
        for organization, by_limit in process.refusals.items():
            for limit, told in by_limit.items() if organization_id in (None, organization) else ():
                sum_up = found.setdefault((organization, limit), {"refused": 0, "last_at": told["last_at"]})
                sum_up["refused"] += told["refused"]
                sum_up["last_at"] = max(sum_up["last_at"], told["last_at"])
    return [
        {"organization_id": organization, "limit": limit, **found[organization, limit]}
        for organization, limit in sorted(found)
    ]
