"""What the server processes are doing, over all processes and hosts.

Each hub writes itself into the database once a second; one that stopped doing so is not counted. The database rather
than the cache: it is there in every set-up, and needs no Redis to tell that Redis is down.
"""

import os
import secrets
import socket
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from realtime.eventlog import sender
from realtime.models import Connection as ConnectionRow
from realtime.models import Process
from realtime.protocol.rooms import Room

if TYPE_CHECKING:
    from realtime.hub.fanout.connections import Connection
    from realtime.hub.fanout.stream import LiveStream
    from realtime.hub.hub import Hub

ALIVE = timedelta(seconds=6)  # three reports
FORGOTTEN = timedelta(minutes=1)
RATE_SECONDS = 10


@dataclass(frozen=True)
class Report:
    """A hub at one moment, collected on its loop, stored from a thread."""

    degraded: bool
    counters: dict[str, Any]
    changed: list[ConnectionRow]
    gone: list[str]


class Reporter:
    """Writes one process's row and those of its connections; only what changed since the last report."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(8)
        self._started_at = timezone.now()
        self._changed: dict[str, Connection] = {}
        self._gone: set[str] = set()
        self._kept: dict[str, Counter[str]] = {}
        self._totals: deque[dict[str, int]] = deque(maxlen=RATE_SECONDS + 1)

    def touch(self, connection: "Connection") -> None:
        """It is new, or its person or rooms are."""
        self._changed[connection.id] = connection

    def forget(self, connection: "Connection") -> None:
        self._changed.pop(connection.id, None)
        self._gone.add(connection.id)

    def keep(self, stream: "LiveStream") -> None:
        """The stream is no longer listened to; what it delivered still counts."""
        self._kept.setdefault(_organization(stream.name), Counter()).update(stream.deliveries)

    def collect(self, hub: "Hub") -> Report:
        report = Report(
            hub.degraded or sender.current().failing,
            self._counters(hub),
            [self._row(connection) for connection in self._changed.values()],
            list(self._gone),
        )
        self._changed.clear()
        self._gone.clear()
        return report

    def again(self, hub: "Hub", report: Report) -> None:
        """It was not stored, or not by a process that was known: the next one tells everything."""
        self._gone.update(report.gone)
        self._changed.update(hub.connections)

    def deliveries(self, hub: "Hub") -> Counter[str]:
        """Events written so far, by name. From any thread."""
        return sum(self._by_organization(hub).values(), Counter())

    def _by_organization(self, hub: "Hub") -> dict[str, Counter[str]]:
        by_organization = {organization: Counter(counts) for organization, counts in list(self._kept.items())}
        for stream in list(hub.streams.values()):
            by_organization.setdefault(_organization(stream.name), Counter()).update(dict(stream.deliveries))
        return by_organization

    def _counters(self, hub: "Hub") -> dict[str, Any]:
        by_organization = self._by_organization(hub)
        self._totals.append({organization: counts.total() for organization, counts in by_organization.items()})
        seconds = max(1, len(self._totals) - 1)
        return {
            organization: {
                "messages": dict(counts),
                "per_second": (counts.total() - self._totals[0].get(organization, 0)) / seconds,
            }
            for organization, counts in by_organization.items()
        }

    def _row(self, connection: "Connection") -> ConnectionRow:
        who = connection.principal
        return ConnectionRow(
            id=connection.id,
            process_id=self.id,
            organization_id=who.organization.id if who else "",
            user_id=who.user_id if who else "",
            role=who.role if who else "",
            connected_at=connection.connected_at,
            rooms=connection.rooms(),
        )

    def report(self, report: Report) -> bool:
        """Store it; False if this process had been taken for dead, so that all its connections must be told again."""
        now = timezone.now()
        told = {"seen_at": now, "degraded": report.degraded, "counters": report.counters}
        born = {"host": socket.gethostname(), "pid": os.getpid(), "started_at": self._started_at}
        with transaction.atomic():
            known = Process.objects.filter(id=self.id).update(**told) > 0
            if not known:
                Process.objects.filter(seen_at__lt=now - FORGOTTEN).delete()  # whoever starts sweeps
                Process.objects.create(id=self.id, **told, **born)
            if report.gone:
                ConnectionRow.objects.filter(id__in=report.gone).delete()
            if report.changed:
                ConnectionRow.objects.bulk_create(
                    report.changed,
                    update_conflicts=True,
                    unique_fields=["id"],
                    update_fields=["organization_id", "user_id", "role", "rooms"],
                )
        return known

    def leave(self) -> None:
        Process.objects.filter(id=self.id).delete()


def _organization(stream: str) -> str:
    return stream.split(":org:", 1)[1]


# --- reading ---------------------------------------------------------------------------------------------------------
def alive() -> QuerySet[Process]:
    return Process.objects.filter(seen_at__gte=timezone.now() - ALIVE)


def _connections(organization_id: str | None) -> QuerySet[ConnectionRow]:
    """Those of one organization, or all for staff; of living processes only."""
    rows = ConnectionRow.objects.filter(process__in=alive()).select_related("process").order_by("connected_at", "id")
    return rows if organization_id is None else rows.filter(organization_id=organization_id)


def _seen(organization_id: str | None, departments: frozenset[str] | None) -> Iterator[tuple[ConnectionRow, list[str]]]:
    """Connections with their rooms; for whoever is limited to departments, those with a room inside, and no other."""
    for row in _connections(organization_id):
        if departments is None:
            yield row, row.rooms
        elif inside := [room for room in row.rooms if Room.parse(room).department in departments]:
            yield row, inside


def connections(organization_id: str | None, departments: frozenset[str] | None = None) -> list[dict[str, Any]]:
    return [
        {
            "connection_id": row.id,
            "organization_id": row.organization_id,
            "user_id": row.user_id,
            "role": row.role,
            "connected_at": row.connected_at,
            "process": str(row.process),
            "rooms": rooms,
        }
        for row, rooms in _seen(organization_id, departments)
    ]


def rooms(organization_id: str | None, departments: frozenset[str] | None = None) -> list[dict[str, Any]]:
    counts = Counter(room for _, rooms in _seen(organization_id, departments) for room in rooms)
    return [{"room": room, "connections": counts[room]} for room in sorted(counts)]


def totals(organization_id: str | None) -> dict[str, Any]:
    """The figures of `/api/ws/stats`: messages are events written to clients since their process started."""
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
    }
