from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from django.db.models import Q, Sum

from intraday.feed_health import offset
from intraday.feed_health.models import Feed
from intraday.org.access import KEY_NAME
from intraday.values import cadence

REMEMBERED = timedelta(days=8)  # a queue that a feed has not fed for longer is not its queue any more

Openings = Mapping[tuple[str, str], datetime]
"""Since when each open queue has been open, by department and name; closed ones are left out."""


class Opened(Protocol):
    def __call__(self, organization_id: str, *, at: datetime) -> Openings: ...


def feeds(organization_id: str, *, now: datetime, opened: Opened) -> list[dict[str, Any]]:
    """Return all feeds of an organization, those that fell silent first."""
    last_hour = Q(minutes__minute__gt=now - timedelta(hours=1))
    rows = Feed.objects.filter(organization=organization_id).annotate(
        accepted=Sum("minutes__accepted", filter=last_hour, default=0),
        rejected=Sum("minutes__rejected", filter=last_hour, default=0),
    )
    openings = opened(organization_id, at=now) if rows else {}
    found = [_as_dict(row, openings, now) for row in rows]
    return sorted(found, key=lambda feed: (not feed["stale"], feed["source"], feed["kind"]))


def without_people(feed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a feed for callers who may not see colleagues: keys are called by name, people are not."""
    return {**feed, "source": feed["source"] if feed["source"].startswith(KEY_NAME) else "a person"}


def _as_dict(row: Any, openings: Openings, now: datetime) -> dict[str, Any]:
    awaited_since = _awaited_since(row, openings)
    cadence_seconds = row.cadence_seconds if row.kind in cadence.CLOCKED_KINDS else None
    silent = timedelta() if awaited_since is None else cadence.silent_for(cadence_seconds, awaited_since, now)
    behind = row.behind_minutes(now)
    return {
        "source": row.source,
        "kind": row.kind,
        "last_received_at": row.last_received_at,
        "newest_data_time": row.newest_data_time,
        "cadence_seconds": cadence_seconds,
        "accepted_last_hour": row.accepted,
        "rejected_last_hour": row.rejected,
        "last_error": row.last_error or None,
        "last_error_at": row.last_error_at,
        "behind_minutes": behind,
        "warning": None if behind is None else offset.warning(behind),
        "stale": silent > timedelta(),
        "awaited_since": awaited_since,
    }


def _awaited_since(row: Any, openings: Openings) -> datetime | None:
    """Return since when the next report is awaited: since the last one, or since the first of the feed's queues
    opened. None while all of them are closed, and of feeds that do not report by the clock."""
    if row.kind not in cadence.CLOCKED_KINDS:
        return None
    open_since = _openings_of(row, openings)
    return max(row.last_received_at, min(open_since)) if open_since else None


def _openings_of(row: Any, openings: Openings) -> Collection[datetime]:
    """A feed that named no queue, such as one of departments, feeds them all."""
    last_day = (row.last_received_at - REMEMBERED).date()
    fed = [tuple(key.split("\t")) for key, day in row.queues.items() if date.fromisoformat(day) >= last_day]
    if not fed:
        return openings.values()
    return [since for queue, since in openings.items() if queue in fed or ("", queue[1]) in fed]


def organizations() -> set[str]:
    """Return the organizations that have a feed."""
    return set(Feed.objects.order_by().values_list("organization_id", flat=True).distinct())
