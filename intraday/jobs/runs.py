"""Results of the runs of jobs, kept in the database, because workers come and go and answer no HTTP."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import DatabaseError
from django.db.models import F

from intraday.jobs.models import JobRun

log = structlog.get_logger(__name__)


def record(job: str, *, begun: datetime, seconds: float, succeeded: bool) -> None:
    """Never fails the job: its work is done, or has failed for a reason of its own."""
    try:
        _record(job, begun, seconds, succeeded)
    except DatabaseError as error:
        log.warning("run_not_recorded", job=job, error=str(error).strip())


def _record(job: str, begun: datetime, seconds: float, succeeded: bool) -> None:
    counted = {
        "runs": F("runs") + 1,
        "failures": F("failures") + int(not succeeded),
        "seconds_total": F("seconds_total") + seconds,
        "last_seconds": seconds,
        "last_begun_at": begun,
    }
    if succeeded:
        counted["last_succeeded_at"] = begun
    if not JobRun.objects.filter(job=job).update(**counted):
        JobRun.objects.bulk_create([JobRun(job=job)], ignore_conflicts=True)
        JobRun.objects.filter(job=job).update(**counted)


def all_runs() -> Iterable[JobRun]:
    return JobRun.objects.order_by("job")
