from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, Sum

from intraday import cadence
from intraday.intake import offset
from intraday.intake.models import Feed


def feeds(organization_id: str, *, now: datetime) -> list[dict[str, Any]]:
    """All feeds of an organization, those that fell silent first."""
    last_hour = Q(minutes__minute__gt=now - timedelta(hours=1))
    rows = Feed.objects.filter(organization=organization_id).annotate(
        accepted=Sum("minutes__accepted", filter=last_hour, default=0),
        rejected=Sum("minutes__rejected", filter=last_hour, default=0),
    )
    found = [_as_dict(row, now) for row in rows]
    return sorted(found, key=lambda feed: (not feed["stale"], feed["source"], feed["kind"]))


def _as_dict(row: Any, now: datetime) -> dict[str, Any]:
    behind = row.behind_minutes(now)
    return {
        "source": row.source,
        "kind": row.kind,
        "last_received_at": row.last_received_at,
        "newest_data_time": row.newest_data_time,
        "cadence_seconds": row.cadence_seconds,
        "accepted_last_hour": row.accepted,
        "rejected_last_hour": row.rejected,
        "last_error": row.last_error or None,
        "last_error_at": row.last_error_at,
        "behind_minutes": behind,
        "warning": None if behind is None else offset.warning(behind),
        "stale": now > row.last_received_at + cadence.fresh_for(row.cadence_seconds),
    }
