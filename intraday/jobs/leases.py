"""Leases: at most one run of a job per organization at a time, across all workers.

Leases go by the database's clock, and each statement on them commits by itself: a worker that is stopped in the middle
holds its own lease until that runs out, and nobody else's.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, Q, QuerySet
from django.db.models.functions import Now

from intraday.jobs.models import Lease

LEASE_SECONDS = 60.0
LOCK_SECONDS = 5.0
STOPPED_SECONDS = 30.0
"""A transaction that says nothing for so long belongs to a worker that was stopped: the database ends it, before its
lease runs out and another worker would wait for its locks."""
FREE = datetime(1970, 1, 1, tzinfo=UTC)
_BOUNDS = """
SELECT set_config('lock_timeout', %s, true), set_config('idle_in_transaction_session_timeout', %s, true)
"""


class LeaseLostError(Exception):
    """The run was stopped for longer than its lease, and another worker has begun since."""


@dataclass
class HeldLease:
    """Tell, at the end of the block, whether all work was `done`; it is unless somebody says otherwise."""

    job: str
    organization_id: str
    holder: str
    lock_seconds: float | None = None
    done: bool = True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write in one transaction that commits only while this is still the lease's holder. Raises LeaseLostError."""
        with transaction.atomic():
            bound_waits(self.lock_seconds)
            yield
            if not self._row.filter(holder=self.holder).exists():
                raise LeaseLostError(f"{self.job} of {self.organization_id} went on in another worker")

    @property
    def _row(self) -> QuerySet[Lease]:
        return Lease.objects.filter(job=self.job, organization_id=self.organization_id)

    def claim(self, seconds: float, asked_at: datetime | None, unless: str) -> bool:
        now = Now()
        free = self._row.filter(expires_at__lte=now)
        if unless:
            other = Lease.objects.filter(job=unless, organization_id=self.organization_id, expires_at__gt=now)
            free = free.exclude(Exists(other))
        if asked_at is not None:
            free = free.filter(Q(begun_at=None) | Q(begun_at__lt=asked_at))
        new = {"holder": self.holder, "expires_at": now + timedelta(seconds=seconds)}
        return free.update(**new, begun_at=now, asked_at=None) > 0

    def make(self) -> bool:
        """Make the row, free to be claimed; False where there was one."""
        if self._row.exists():
            return False
        fresh = Lease(job=self.job, organization_id=self.organization_id, expires_at=FREE)
        Lease.objects.bulk_create([fresh], ignore_conflicts=True)
        return True

    def forgo(self, asked_at: datetime | None) -> None:
        """Leave the turn to a later round: the run that is under way may have begun before what this one was for."""
        if asked_at is not None:
            self._row.filter(asked_at=asked_at).update(asked_at=None)

    def release(self, *, done: bool) -> None:
        ended = {"done_at": Now()} if done else {}
        self._row.filter(holder=self.holder).update(holder="", expires_at=FREE, **ended)


@contextmanager
def lease(
    job: str,
    organization_id: str = "",
    *,
    seconds: float = LEASE_SECONDS,
    asked_at: datetime | None = None,
    unless: str = "",
    lock_seconds: float | None = None,
) -> Iterator[HeldLease | None]:
    """Hold the lease for the block; None while somebody else does, if a run began after `asked_at`, or while the job
    `unless` is at work in the organization.

    A holder that dies keeps it until it expires, so `seconds` is what the longest good run takes.
    """
    mine = HeldLease(job, organization_id, secrets.token_hex(8), lock_seconds)
    if not (mine.claim(seconds, asked_at, unless) or (mine.make() and mine.claim(seconds, asked_at, unless))):
        mine.forgo(asked_at)
        yield None
        return
    succeeded = False
    try:
        yield mine
        succeeded = mine.done
    finally:
        mine.release(done=succeeded)


def bound_waits(lock_seconds: float | None = None) -> None:
    """Bound the waits of this transaction for each lock (LOCK_SECONDS), and let the database end the transaction if
    this process is stopped in it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_BOUNDS, [f"{lock_seconds or LOCK_SECONDS:g}s", f"{STOPPED_SECONDS:g}s"])
