"""Periodic jobs. Beat's schedule is this one literal."""

import os
import sys
from datetime import datetime
from time import perf_counter
from typing import Any

import structlog
from celery import Celery, Task, states
from celery.schedules import crontab
from celery.signals import beat_init, celeryd_init, task_postrun, task_prerun, task_revoked, worker_init
from celery.worker import WorkController
from django.db import close_old_connections
from kombu.entity import Queue

from intraday.jobs import queues
from intraday.logs.tasks import bind_jobs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")

bind_jobs()  # before our own signals below: their lines are a job's, too
app = Celery("intraday")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["intraday", "intraday.retention", "intraday.feed_health", "attendance", "kpi"])
app.conf.update(
    timezone="UTC",
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    CELERY_DB_REUSE_MAX=sys.maxsize,  # or it makes a new pool of connections for each task; see _return_connections
    # A worker takes a task when it can begin it, and not before: what it held in reserve would wait behind its own.
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    # Kombu takes from the queues in turns ("round_robin", its default): the tasks of a long round of full judgements
    # stand in a queue of their own, and after each of them comes the next of the other queues.
    task_queues=[Queue(name) for name in queues.NAMES],  # type: ignore[no-untyped-call]
    task_default_queue=queues.UPKEEP,
    task_routes={
        "intraday.tasks.round_*": {"queue": queues.ROUNDS},
        "intraday.tasks.tell": {"queue": queues.NOTIFICATIONS},
        "intraday.tasks.attend": {"queue": queues.NOTIFICATIONS},
        "intraday.tasks.sweep": {"queue": queues.NOTIFICATIONS},
        "intraday.tasks.judge_dirty": {"queue": queues.DIRTY},
        "intraday.tasks.judge_all": {"queue": queues.FULL},
    },
    # Nothing expires: workers would compare with a clock of their own, and drop what is late without a word.
    beat_schedule={
        "round-dirty": {"task": "intraday.tasks.round_dirty", "schedule": 5.0},
        "round-all": {"task": "intraday.tasks.round_all", "schedule": 5.0},
        "round-timers": {"task": "intraday.tasks.round_attend", "schedule": 15.0},
        "send-notifications": {"task": "intraday.tasks.tell", "schedule": 15.0},
        "round-unreachable": {"task": "intraday.tasks.round_sweep", "schedule": 600.0},
        # Everything that ends its time, hourly. Workers of older versions know the task by this name.
        "purge": {"task": "realtime.tasks.purge_log", "schedule": crontab(minute=7)},
    },
)

log = structlog.get_logger(__name__)
_follows_database = False


@worker_init.connect
def _follow_database(**_: Any) -> None:
    """Workers go by the database's clock; the processes that they fork inherit this."""
    global _follows_database  # noqa: PLW0603
    _follows_database = True


@task_prerun.connect
def _note_begin(task: Task, **_: Any) -> None:
    from django.db import DatabaseError

    from intraday.clock.database import clock

    _return_connections(task)
    if _follows_database:
        try:
            clock.measure_if_due()
        except DatabaseError as error:
            log.warning("clock_not_measured", error=str(error).strip())
    task.request.begun = clock.now(), perf_counter()


@task_postrun.connect
def _record_run(task: Task, state: str | None = None, retval: Any = None, **_: Any) -> None:
    from intraday.jobs import runs  # after the apps are loaded

    begun: tuple[datetime, float] = task.request.begun
    outcome = runs.Outcome.FAILED
    if state == states.SUCCESS:
        outcome = runs.Outcome.SKIPPED if retval == runs.Outcome.SKIPPED else runs.Outcome.DONE
    runs.record(task.name, outcome, begun=begun[0], seconds=perf_counter() - begun[1])
    _return_connections(task)


@worker_init.connect
def _leave_out_heartbeats(sender: WorkController, **_: Any) -> None:
    """Send no events between workers, which nobody reads here: Celery tries a heartbeat for ever while the broker does
    not answer, and takes no job and says nothing meanwhile."""
    sender.options.update(without_heartbeat=True, without_gossip=True, without_mingle=True)


def _return_connections(task: Task) -> None:
    """Give connections back to their pool, as at the beginning and the end of a request."""
    if not task.request.is_eager:  # in somebody else's transaction, perhaps
        close_old_connections()


@celeryd_init.connect
@beat_init.connect
def _refuse_wrong_settings(**_: Any) -> None:
    """End a worker or beat whose settings are wrong, such as a weak SECRET_KEY, as manage.py does.

    Celery runs the system checks too, and says nothing of what they found.
    """
    from django.core.checks import run_checks

    wrong = [found for found in run_checks() if found.is_serious() and not found.is_silenced()]
    if wrong:
        raise SystemExit("\n".join(str(found) for found in wrong))


@celeryd_init.connect
def _lower_priority(**_: Any) -> None:
    """Let servers on the same machine go first, where processors are short: answers are waited for, while a judgement
    that takes a second more comes in time. The processes that the worker forks inherit it."""
    from django.conf import settings

    os.nice(settings.WORKER_NICE)


@task_revoked.connect
def _record_expiry(sender: Task, expired: bool = False, **_: Any) -> None:
    """Count what a beat of an older version sent with an expiry."""
    from django.db import connections

    from intraday.jobs import runs

    if expired:
        log.warning("task_expired", job=sender.name)
        runs.record(sender.name, runs.Outcome.EXPIRED)
        for connection in connections.all():  # the worker's own process hands none down to those that it forks
            connection.close()
            getattr(connection, "close_pool", lambda: None)()
