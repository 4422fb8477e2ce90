"""Outcomes of the runs of jobs, kept in the database, because workers come and go and answer no HTTP.

Each statement commits by itself: a worker that is stopped holds no lock on the rows that all of them update.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import structlog
from django.db import DatabaseError
from django.db.models import F

from intraday.jobs.models import JobRun

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"


def record(job: str, outcome: Outcome, *, begun: datetime | None = None, seconds: float = 0.0) -> None:
    """Never fails the job: its work is done, or has failed for a reason of its own."""
    try:
        _record(job, _changes(outcome, begun, seconds))
    except DatabaseError as error:
        log.warning("run_not_recorded", job=job, outcome=outcome, error=str(error).strip())


def _changes(outcome: Outcome, begun: datetime | None, seconds: float) -> dict[str, object]:
    if outcome in (Outcome.SKIPPED, Outcome.EXPIRED):
        return {outcome.value: F(outcome.value) + 1}
    changes: dict[str, object] = {
        "runs": F("runs") + 1,
        "failures": F("failures") + int(outcome is Outcome.FAILED),
        "seconds_total": F("seconds_total") + seconds,
        "last_seconds": seconds,
        "last_begun_at": begun,
    }
    return changes | ({"last_succeeded_at": begun} if outcome is Outcome.DONE else {})


def _record(job: str, changes: dict[str, object]) -> None:
    if not JobRun.objects.filter(job=job).update(**changes):
        JobRun.objects.bulk_create([JobRun(job=job)], ignore_conflicts=True)
        JobRun.objects.filter(job=job).update(**changes)


def all_runs() -> Iterable[JobRun]:
    return JobRun.objects.order_by("job")
