"""Purge leases that their holder did not give back."""

from datetime import datetime, timedelta

from intraday.database import batches
from intraday.jobs.models import Lease

EXPIRED_FOR = timedelta(days=1)


def purge(*, now: datetime) -> int:
    """Delete leases of workers that died in a job which nobody has claimed since, such as one of a deleted tenant."""
    return batches.delete(Lease.objects.filter(expires_at__lt=now - EXPIRED_FOR))
