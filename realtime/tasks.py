from celery import shared_task

from intraday.clock.database import clock
from realtime.eventlog import store
from realtime.hub import cursors


@shared_task
def purge_log() -> int:
    now = clock.now()
    return store.purge(now=now) + cursors.forget(now=now)
