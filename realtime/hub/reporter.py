"""Reports of this process: a row for it and one for each of its connections, of which realtime.stats makes figures.

Each hub writes itself into the database every few seconds; one that stopped doing so is not counted. The database
rather than the cache: it is there in every set-up, and needs no Redis to tell that Redis is down.
"""

import os
import secrets
import socket
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from intraday.clock.database import clock
from intraday.org.limits import refusals
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.incoming import IncomingStream
from realtime.hub.tenants.occupancy import Occupancy, Occupied
from realtime.models import ALIVE, Process
from realtime.models import Connection as ConnectionRow

FORGOTTEN_AFTER = timedelta(minutes=1)
RATE_SECONDS = 10
MAX_KEPT = 200  # organizations whose last listener left; the counts of those that left first go together
OTHERS = ""


@dataclass(frozen=True)
class Report:
    """The state of a hub at one moment: collected on its loop, stored from a thread."""

    degraded: bool
    counters: dict[str, Any]
    occupancy: dict[str, dict[str, int]]
    refusals: dict[str, dict[str, Any]]
    changed: list[ConnectionRow]
    gone: list[str]


class Reporter:
    """Writes the row of this process and the rows of connections that changed since the last report."""

    def __init__(
        self, connections: Mapping[str, Connection], streams: Mapping[str, IncomingStream], occupancy: Occupancy
    ) -> None:
        self._connections = connections
        self._streams = streams
        self._occupancy = occupancy
        self.id = secrets.token_hex(8)
        self._started_at: datetime | None = None  # by the database's clock, once it is known
        self._changed: dict[str, Connection] = {}
        self._gone: set[str] = set()
        self._kept: dict[str, Counter[str]] = {}
        self._totals: deque[dict[str, int]] = deque(maxlen=RATE_SECONDS + 1)

    def touch(self, connection: Connection) -> None:
        """Report this connection again: it, its caller or its rooms are new."""
        self._changed[connection.id] = connection

    def forget(self, connection: Connection) -> None:
        self._changed.pop(connection.id, None)
        self._gone.add(connection.id)

    def keep(self, stream: IncomingStream) -> None:
        """Keep the deliveries of a stream that is no longer listened to."""
        organization = _organization(stream.name)
        kept = self._kept.pop(organization, Counter())
        kept.update(stream.deliveries)
        self._kept[organization] = kept  # at the end: it left last
        if len(self._kept) > MAX_KEPT:
            first = next(each for each in self._kept if each != OTHERS)
            self._kept.setdefault(OTHERS, Counter()).update(self._kept.pop(first))

    def collect(self, *, degraded: bool) -> Report:
        report = Report(
            degraded,
            self._counters(),
            self._occupancy.report(),
            refusals.recent(),
            [self._row(connection) for connection in self._changed.values()],
            list(self._gone),
        )
        self._changed.clear()
        self._gone.clear()
        return report

    def repeat(self, report: Report) -> None:
        """Report everything again: this report was not stored, or the process had been taken for dead."""
        self._gone.update(report.gone)
        self._changed.update(self._connections)

    def deliveries(self) -> Counter[str]:
        """Return the number of events written so far, by name. Call it from any thread."""
        return sum(self._by_organization().values(), Counter())

    def _by_organization(self) -> dict[str, Counter[str]]:
        by_organization = {organization: Counter(counts) for organization, counts in list(self._kept.items())}
        for stream in list(self._streams.values()):
            by_organization.setdefault(_organization(stream.name), Counter()).update(dict(stream.deliveries))
        return by_organization

    def _counters(self) -> dict[str, Any]:
        by_organization = self._by_organization()
        self._totals.append({organization: counts.total() for organization, counts in by_organization.items()})
        others = by_organization.get(OTHERS, Counter()).total()  # come from organizations that were counted before
        self._totals[0][OTHERS] = others
        seconds = max(1, len(self._totals) - 1)
        return {
            organization: {
                "messages": dict(counts),
                "per_second": max(0, counts.total() - self._totals[0].get(organization, 0)) / seconds,
            }
            for organization, counts in by_organization.items()
        }

    def _row(self, connection: Connection) -> ConnectionRow:
        caller = connection.principal
        return ConnectionRow(
            id=connection.id,
            process_id=self.id,
            organization_id=caller.organization.id if caller else "",
            user_id=caller.user_id if caller else "",
            role=caller.role if caller else "",
            connected_at=connection.connected_at,
            rooms=sorted(room.name for room in connection.rooms()),
        )

    def exchange(self, report: Report) -> tuple[bool, list[Occupied]]:
        """Store a report, and return whether the process was known and what the others have reported."""
        known = self.store(report)
        others = Process.objects.filter(seen_at__gte=clock.now() - ALIVE).exclude(id=self.id)
        return known, list(others.values_list("occupancy", flat=True))

    def store(self, report: Report) -> bool:
        """Store a report; return False if the process was not known, so that all connections must be reported again."""
        now = clock.now()
        state = {
            "seen_at": now,
            "degraded": report.degraded,
            "counters": report.counters,
            "occupancy": report.occupancy,
            "refusals": report.refusals,
        }
        self._started_at = self._started_at or now
        born = {"host": socket.gethostname(), "pid": os.getpid(), "started_at": self._started_at}
        with transaction.atomic():
            known = Process.objects.filter(id=self.id).update(**state) > 0
            if not known:
                self._sweep(now)
                Process.objects.create(id=self.id, **state, **born)
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

    def _sweep(self, now: datetime) -> None:
        """Delete the rows of processes that are gone, at each start; one that was stopped in a report keeps its own."""
        gone = Process.objects.select_for_update(skip_locked=True).filter(seen_at__lt=now - FORGOTTEN_AFTER)
        Process.objects.filter(id__in=list(gone.values_list("id", flat=True))).delete()

    def leave(self) -> None:
        Process.objects.filter(id=self.id).delete()


def _organization(stream: str) -> str:
    return stream.split(":org:", 1)[1]
