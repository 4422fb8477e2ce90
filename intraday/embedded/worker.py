"""Celery inside the process of the embedded run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery.beat import EmbeddedService
from celery.signals import task_postrun, task_prerun
from celery.worker import WorkController
from django.db import close_old_connections

from intraday.celery import app


@contextmanager
def running_jobs() -> Iterator[None]:
    """Run Celery's worker and beat in threads, on the in-memory broker, for as long as the block lasts."""
    app.loader.import_default_modules()  # before beat: unknown tasks would be dropped without a word
    for signal in (task_prerun, task_postrun):
        signal.connect(_close_connections, dispatch_uid=f"embedded-{signal.name}")
    worker = WorkController(app=app, pool="threads", concurrency=2, without_gossip=True, without_mingle=True)
    beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    threading.Thread(target=worker.start, name="celery-worker", daemon=True).start()
    beat.start()
    try:
        yield
    finally:
        beat.stop()
        worker.stop()  # waits for the tasks under way; the thread would look at an idle broker for seconds more


def _close_connections(**_: object) -> None:
    close_old_connections()  # each worker thread has connections of its own
