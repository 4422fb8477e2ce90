"""Purge credentials that ended, after their time."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from intraday.database import batches
from intraday.org.models import ApiKey, WallBoard


def purge(*, now: datetime) -> int:
    """Delete keys that expired, and keys and links of wall boards that were revoked, longer ago than KEEP_ACCESS.

    Return how many.
    """
    limit = now - settings.KEEP_ACCESS
    over = Q(revoked_at__lt=limit)
    keys = ApiKey.objects.filter(over | Q(expires_at__lt=limit))
    return batches.delete(keys) + batches.delete(WallBoard.objects.filter(over))
