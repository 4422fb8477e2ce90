"""Purge sessions, sign-in attempts and the log of the admin after their time."""

from datetime import datetime

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session

from intraday.database import batches


def purge(*, now: datetime) -> int:
    """Delete ended sessions, old failures to sign in, and what was done in the admin long ago; return how many."""
    gone = batches.delete(Session.objects.filter(expire_date__lt=now))
    gone += batches.delete(LogEntry.objects.filter(action_time__lt=now - settings.KEEP_ACCESS))
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        gone += batches.delete(model.objects.filter(attempt_time__lt=now - settings.KEEP_SIGN_INS))
    return gone
