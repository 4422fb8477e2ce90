"""Purge revoked credentials after their time."""

from datetime import datetime

from django.conf import settings

from intraday.database import batches
from intraday.org.models import ApiKey, WallBoard


def purge(*, now: datetime) -> int:
    """Delete keys and links of wall boards that were revoked longer ago than KEEP_ACCESS; return how many."""
    limit = now - settings.KEEP_ACCESS
    return sum(batches.delete(model.objects.filter(revoked_at__lt=limit)) for model in (ApiKey, WallBoard))
