"""Periodic jobs. Beat's schedule is this one literal."""

import os
import sys
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from celery import Celery, Task, states
from celery.schedules import crontab
from celery.signals import beat_init, celeryd_init, task_postrun, task_prerun, worker_init
from celery.worker import WorkController
from django.conf import settings
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")

app = Celery("intraday")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["intraday", "intraday.retention", "intraday.feed_health", "attendance", "kpi"])
app.conf.update(
    timezone="UTC",
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    CELERY_DB_REUSE_MAX=sys.maxsize,  # or it makes a new pool of connections for each task; see _return_connections
    beat_schedule={
        "round-dirty": {"task": "intraday.tasks.round_dirty", "schedule": 5.0, "options": {"expires": 5}},
        "round-all": {"task": "intraday.tasks.round_all", "schedule": 60.0, "options": {"expires": 60}},
        "round-timers": {"task": "intraday.tasks.round_attend", "schedule": 15.0, "options": {"expires": 15}},
        "send-notifications": {"task": "intraday.tasks.tell", "schedule": 15.0, "options": {"expires": 15}},
        "round-unreachable": {"task": "intraday.tasks.round_sweep", "schedule": 600.0, "options": {"expires": 600}},
        # Everything that ends its time, hourly. Workers of older versions know the task by this name.
        "purge": {"task": "realtime.tasks.purge_log", "schedule": crontab(minute=7), "options": {"expires": 3000}},
    },
)


@task_prerun.connect
def _note_begin(task: Task, **_: Any) -> None:
    _return_connections(task)
    task.request.begun = datetime.now(UTC), perf_counter()


@task_postrun.connect
def _record_run(task: Task, state: str | None = None, **_: Any) -> None:
    from intraday.jobs import runs  # after the apps are loaded

    at, begun = task.request.begun
    runs.record(task.name, begun=at, seconds=perf_counter() - begun, succeeded=state == states.SUCCESS)
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
def _refuse_wrong_urls(**_: Any) -> None:
    """End a worker or beat whose URLs cannot be read: manage.py does so by the system checks."""
    if settings.CONNECTION_ERRORS:
        raise SystemExit("\n".join(settings.CONNECTION_ERRORS))
