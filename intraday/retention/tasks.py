from celery import shared_task

from intraday.clock.database import clock
from intraday.jobs.leases import lease
from intraday.retention import registry

LONGEST_SECONDS = 1800


@shared_task(name="realtime.tasks.purge_log")  # workers of older versions know it by this name, and purge the log
def purge() -> int:
    with lease("purge", seconds=LONGEST_SECONDS) as held:
        return registry.purge(now=clock.now()) if held else 0
