"""Purge the minutes of feeds, and feeds that have fallen silent."""

from datetime import datetime

from django.conf import settings

from intraday.database import batches
from intraday.feed_health.models import Feed
from intraday.feed_health.services import forget_minutes


def purge(*, now: datetime) -> int:
    """Delete minutes that no screen shows any more, and feeds that have been silent for KEEP_ACCESS."""
    silent = Feed.objects.filter(last_received_at__lt=now - settings.KEEP_ACCESS)
    return forget_minutes(now=now) + batches.delete(silent)
