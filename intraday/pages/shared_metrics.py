"""Metrics of all processes together, from the database and the broker: is what people see true?"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import connections
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

import alerts.notifications.selectors
from intraday.clock.database import clock
from intraday.jobs import runs, selectors
from intraday.jobs.models import JobRun
from realtime import metrics

AGES = (10, 60, 120, 300)  # seconds; counts instead of a label for each organization, which would be kept for ever
DELIVERY = runs.DELIVERY


def of_database() -> Iterator[Metric]:
    """Yield what the database knows. Raises DatabaseError."""
    try:
        yield from metrics.of_log()
        yield from _judgement()
        yield from _notifications()
        every = list(runs.all_runs())
        yield from _jobs([run for run in every if not run.job.startswith(DELIVERY)])
        yield from _deliveries([run for run in every if run.job.startswith(DELIVERY)])
    finally:
        connections.close_all()  # back to the pool: the thread that asked ends


def of_broker() -> Iterator[Metric]:
    """Yield the number of tasks that wait in each queue. Raises kombu's OperationalError."""
    found = GaugeMetricFamily("intraday_queue_tasks", "Tasks that wait for a worker.", labels=["queue"])
    for queue, length in selectors.queue_lengths().items():
        found.add_metric([queue], length)
    yield found


def _judgement() -> Iterator[Metric]:
    now = clock.now()
    says = "the oldest new fact that no figure shows yet"
    yield from _ages("intraday_mark", says, selectors.oldest_marks().values(), now)
    yield from _ages("intraday_judgement", "the last full judgement", selectors.full_judgements().values(), now)


def _ages(name: str, of: str, times: Iterable[datetime], now: datetime) -> Iterator[Metric]:
    """Yield the highest age, and the number of organizations beyond each of AGES. Differing clocks are no age."""
    ages = [max(0.0, (now - time).total_seconds()) for time in times]
    yield GaugeMetricFamily(f"{name}_oldest_seconds", f"Age of {of}: the highest.", value=max(ages, default=0.0))
    counts = GaugeMetricFamily(f"{name}_late_organizations", f"Organizations by the age of {of}.", labels=["over"])
    for limit in AGES:
        counts.add_metric([str(limit)], sum(age > limit for age in ages))
    yield counts


def _jobs(rows: Iterable[JobRun]) -> Iterator[Metric]:
    total = CounterMetricFamily("intraday_job_runs", "Runs of a job that worked or failed.", labels=["job"])
    failed = CounterMetricFamily("intraday_job_failures", "Runs that failed.", labels=["job"])
    skipped = CounterMetricFamily("intraday_job_skipped", "Tasks that found nothing left to do.", labels=["job"])
    expired = CounterMetricFamily("intraday_job_expired", "Tasks that were dropped unread.", labels=["job"])
    seconds = CounterMetricFamily("intraday_job_seconds", "Time that its runs took.", labels=["job"])
    last = GaugeMetricFamily("intraday_job_last_seconds", "Time that the last run took.", labels=["job"])
    success = GaugeMetricFamily("intraday_job_last_success", "When the last good run began.", labels=["job"])
    for run in rows:
        total.add_metric([run.job], run.runs)
        failed.add_metric([run.job], run.failures)
        skipped.add_metric([run.job], run.skipped)
        expired.add_metric([run.job], run.expired)
        seconds.add_metric([run.job], run.seconds_total)
        last.add_metric([run.job], run.last_seconds)
        if run.last_succeeded_at is not None:
            success.add_metric([run.job], run.last_succeeded_at.timestamp())
    yield from (total, failed, skipped, expired, seconds, last, success)


def _deliveries(rows: Iterable[JobRun]) -> Iterator[Metric]:
    total = CounterMetricFamily("intraday_notification_attempts", "Attempts to notify somebody.", labels=["kind"])
    failed = CounterMetricFamily("intraday_notification_failures", "Attempts that failed.", labels=["kind"])
    seconds = CounterMetricFamily("intraday_notification_seconds", "Time that attempts took.", labels=["kind"])
    for run in rows:
        kind = run.job.removeprefix(DELIVERY)
        total.add_metric([kind], run.runs)
        failed.add_metric([kind], run.failures)
        seconds.add_metric([kind], run.seconds_total)
    yield from (total, failed, seconds)


def _notifications() -> Iterator[Metric]:
    now = clock.now()
    count, oldest = alerts.notifications.selectors.undelivered(now=now)
    yield GaugeMetricFamily("intraday_notifications_due", "Notifications and deliveries that are due.", value=count)
    age = 0.0 if oldest is None else (now - oldest).total_seconds()
    yield GaugeMetricFamily("intraday_notification_oldest_due_seconds", "For how long the first has been.", value=age)
