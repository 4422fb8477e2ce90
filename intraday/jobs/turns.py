"""Turns: a round asks for a run of a job in each of many organizations, the least recently begun first.

What was asked for and not begun is kept in the database: a round that finds the last one's tasks still waiting does not
send them again, so overload makes the gaps between the runs of an organization longer, and equally long, and nothing is
dropped in silence.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import F, Q

from intraday.clock.database import clock
from intraday.jobs.leases import FREE
from intraday.jobs.models import Lease

LONGEST_REST = timedelta(seconds=20)


def ask(
    job: str, organization_ids: Collection[str], *, lost_after: float, rest: float = 0.0
) -> tuple[list[str], datetime]:
    """Return the organizations to send a task for, in their order, and the instant of asking.

    Those whose last run began less than `rest` seconds ago are left to a later round. A task that nobody has begun
    after `lost_after` seconds went down with a worker or the broker, and is asked for again; if it was only late, the
    second one is skipped.
    """
    now = clock.read()
    _make(job, organization_ids)
    due = Lease.objects.filter(_rested(now, rest), job=job, organization_id__in=organization_ids)
    due.filter(Q(asked_at=None) | Q(asked_at__lt=now - timedelta(seconds=lost_after))).update(asked_at=now)
    asked = Lease.objects.filter(job=job, asked_at=now)  # two rounds at once do not ask in the same microsecond
    order = asked.order_by(F("begun_at").asc(nulls_first=True), "organization_id")
    return list(order.values_list("organization_id", flat=True)), now


def note_idle(job: str, organization_ids: Collection[str], *, rest: float = 0.0) -> None:
    """Note a run that had nothing to do, where the last one began `rest` seconds ago."""
    now = clock.read()
    _make(job, organization_ids)
    idle = Lease.objects.filter(job=job, organization_id__in=organization_ids, asked_at=None)
    idle.filter(_rested(now, rest)).update(begun_at=now, done_at=now)


def _rested(now: datetime, rest: float) -> Q:
    return Q(begun_at=None) | Q(begun_at__lte=now - timedelta(seconds=rest)) if rest else Q()


def forget_others(job: str, organization_ids: Collection[str]) -> None:
    """Delete the turns of organizations that are gone."""
    gone = set(Lease.objects.filter(job=job).values_list("organization_id", flat=True)).difference(organization_ids)
    if gone:
        Lease.objects.filter(job=job, organization_id__in=gone).delete()


def _make(job: str, organization_ids: Collection[str]) -> None:
    known = Lease.objects.filter(job=job, organization_id__in=organization_ids)
    missing = set(organization_ids).difference(known.values_list("organization_id", flat=True))
    if missing:
        rows = [Lease(job=job, organization_id=each, expires_at=FREE) for each in sorted(missing)]
        Lease.objects.bulk_create(rows, ignore_conflicts=True)


def withdraw(job: str, organization_ids: Collection[str]) -> None:
    """Note that these tasks were not sent."""
    if organization_ids:
        Lease.objects.filter(job=job, organization_id__in=organization_ids).update(asked_at=None)


def without_tired(job: str, organization_ids: Collection[str]) -> set[str]:
    """Leave out organizations whose last run took long and ended a moment ago: for as long as it took, others work.

    Otherwise one whose facts come faster than they are judged would keep a worker busy without a pause. An
    organization that is alone is never left out.
    """
    asked = set(organization_ids)
    if len(asked) < 2:
        return asked
    now = clock.read()
    last = Lease.objects.filter(job=job, organization_id__in=asked, done_at__gt=now - LONGEST_REST)
    return asked.difference(row.organization_id for row in last if _is_tired(row, now))


def _is_tired(last: Lease, now: datetime) -> bool:
    if last.begun_at is None or last.done_at is None:
        return False
    return now - last.done_at < last.done_at - last.begun_at
