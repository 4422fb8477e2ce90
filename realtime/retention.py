"""Purge the event log, cursors and reports of processes after their time."""

from datetime import datetime, timedelta

from intraday.database import batches
from realtime.eventlog import event_names, store
from realtime.hub import cursors
from realtime.models import Process

REPORTS_KEPT = timedelta(hours=1)
"""A process reports every few seconds. One that could not for an hour reports itself anew."""


def purge(*, now: datetime) -> int:
    """Delete events past the retention of their channel, unused cursors and names, and processes that are gone."""
    gone = store.purge(now=now) + cursors.forget(now=now) + event_names.purge(now=now)
    return gone + batches.delete(Process.objects.filter(seen_at__lt=now - REPORTS_KEPT))
