"""Leases: at most one run of a job per organization at a time, across all workers."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from intraday.jobs.models import Lease


@contextmanager
def lease(job: str, organization_id: str = "", *, seconds: float = 60.0) -> Iterator[bool]:
    """Whether the caller holds the lease for the block; False while somebody else does. A holder that dies keeps it
    until it expires, so `seconds` is what the longest good run takes."""
    holder = secrets.token_hex(8)
    held = _claim(job, organization_id, holder, seconds)
    try:
        yield held
    finally:
        if held:
            Lease.objects.filter(job=job, organization_id=organization_id, holder=holder).delete()


@transaction.atomic
def _claim(job: str, organization_id: str, holder: str, seconds: float) -> bool:
    now = timezone.now()
    fresh = Lease(job=job, organization_id=organization_id, holder=holder, expires_at=now + timedelta(seconds=seconds))
    Lease.objects.bulk_create([fresh], ignore_conflicts=True)
    mine = Lease.objects.filter(job=job, organization_id=organization_id)
    mine.filter(expires_at__lt=now).update(holder=holder, expires_at=fresh.expires_at)
    return mine.filter(holder=holder).exists()
