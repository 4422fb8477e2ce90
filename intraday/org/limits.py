"""Limits of an organization: how much it may use, how many things it may have, and when it was last refused more.

The defaults are settings.LIMITS; a column of the organization, set by superusers in the admin, overrides each of them.
They come with the caller's organization, so that comparing with them costs no statement.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Count, Q

from intraday.clock.database import clock
from intraday.org.models import Organization, Scope
from intraday.org.services import ScopeName

log = structlog.get_logger(__name__)

KEPT_SECONDS = 3600.0  # what was refused is told by stats for so long
LOG_SECONDS = 60.0

NAMES = (
    "queues",
    "departments",
    "rows_per_minute",
    "bytes_per_minute",
    "events_per_minute",
    "event_names",
    "connections",
    "connections_per_credential",
    "computes",
    "posts",
)


def limit_of(organization: Organization, name: str) -> int:
    own: int | None = getattr(organization, f"limit_{name}")
    return int(settings.LIMITS[name]) if own is None else own


def setting_of(name: str) -> str:
    return f"INTRADAY_LIMIT_{name.upper()}"


class TooManyError(Exception):
    """The organization has as many things of a kind as it may have; the message is for the caller."""


# --- what was refused ------------------------------------------------------------------------------------------------
@dataclass
class Refusals:
    """The number of refusals by one limit of one organization in this process, and the time of the last."""

    count: int = 0
    last_at: datetime | None = None
    seen: float = 0.0
    logged: float = field(default=float("-inf"))


class RefusalLog:
    """Counts refusals, from any thread, and logs one line a minute for each organization and limit."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[tuple[str, str], Refusals] = {}
        self._totals: dict[str, int] = {}

    def note(self, organization: Organization, name: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._totals[name] = self._totals.get(name, 0) + 1
            found = self._found.setdefault((organization.pk, name), Refusals())
            found.count, found.last_at, found.seen = found.count + 1, clock.now(), now
            is_due = now - found.logged >= LOG_SECONDS
            found.logged = now if is_due else found.logged
            count = found.count
        if is_due:
            allowed = limit_of(organization, name)
            log.warning(
                "limit_reached",
                organization_id=organization.pk,
                limit=name,
                allowed=allowed,
                refused=count,
                setting=setting_of(name),
            )

    def totals(self) -> dict[str, int]:
        """Return the number of refusals since the process started, by limit."""
        with self._lock:
            return dict(self._totals)

    def recent(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return what was refused by organization and limit, for reports; forget what is an hour old."""
        oldest = time.monotonic() - KEPT_SECONDS
        with self._lock:
            self._found = {key: found for key, found in self._found.items() if found.seen >= oldest}
            reports: dict[str, dict[str, dict[str, Any]]] = {}
            for (organization, name), found in self._found.items():
                last_at = None if found.last_at is None else found.last_at.isoformat()
                reports.setdefault(organization, {})[name] = {"refused": found.count, "last_at": last_at}
        return reports


refusals = RefusalLog()


# --- things that are counted -----------------------------------------------------------------------------------------
def lock(organization: Organization) -> None:
    """Lock the organization until the commit: those who make things at the same time cannot pass a limit together.

    Rows that refer to the organization are not held up.
    """
    Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk).values_list("pk").first()


# --- queues and departments ------------------------------------------------------------------------------------------
def room_for(organization: Organization, new: Collection[ScopeName]) -> set[ScopeName]:
    """Return those of the new departments and queues that still fit; call it in the transaction that makes them."""
    lock(organization)
    free = _free(organization)
    fitting: set[ScopeName] = set()
    for department, queue in sorted(new):  # a department comes before its queues
        kind = "queues" if queue else "departments"
        has_place = not queue or (department, "") not in new or (department, "") in fitting
        if free[kind] > 0 and has_place:
            free[kind] -= 1
            fitting.add((department, queue))
    return fitting


def _free(organization: Organization) -> dict[str, int]:
    """Count scopes: a queue that was removed in the admin keeps its history, and its place."""
    in_department = ~Q(department_id="")
    there = Scope.objects.filter(organization=organization).aggregate(
        queues=Count("pk", filter=in_department & ~Q(queue_name="")),
        departments=Count("pk", filter=in_department & Q(queue_name="")),
    )
    return {name: limit_of(organization, name) - count for name, count in there.items()}


def refuse_new(organization: Organization, name: ScopeName) -> str:
    """Note that there was no room for this queue or department, and return what its feed is told."""
    department, queue = name
    kind = "queues" if queue else "departments"
    refusals.note(organization, kind)
    what = f"Queue '{queue}' of department '{department}'" if queue else f"Department '{department}'"
    return f"{what} is new, and there was no room for it: {too_many(organization, kind)}"


def too_many(organization: Organization, name: str) -> str:
    allowed = limit_of(organization, name)
    return (
        f"this organization may have {allowed:,} {name.replace('_', ' ')} (limit {name}). "
        "Use those that there are, or ask the operator to raise the limit."
    )
