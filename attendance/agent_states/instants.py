"""The instant of which people and figures are shown: now, or that of a replayed past."""

from datetime import datetime, timedelta

from django.db.models import Max

from attendance.microseconds import to_microseconds
from attendance.models import CurrentAttendance, ScheduledPeriod

LIVE = timedelta(days=1)


def is_live(organization_id: str, *, as_of: datetime | None, now: datetime) -> bool:
    """Tell whether figures of now make sense: somebody is scheduled, or the figures are of the last day."""
    if as_of is not None and now - as_of < LIVE:
        return True
    at = to_microseconds(now)
    return ScheduledPeriod.objects.filter(organization=organization_id, starts__lte=at, ends__gt=at).exists()


def instant_of(organization_id: str, now: datetime) -> datetime:
    """Return the instant of which people are shown: now, or that of the newest figures where the feed replays the
    past."""
    newest = CurrentAttendance.objects.filter(scope__organization=organization_id).aggregate(Max("time"))
    as_of: datetime | None = newest["time__max"]
    return as_of if as_of is not None and not is_live(organization_id, as_of=as_of, now=now) else now
