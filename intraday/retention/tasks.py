from celery import shared_task
from django.utils import timezone

from intraday.jobs.leases import lease
from intraday.retention import registry

LONGEST_SECONDS = 1800


@shared_task(name="realtime.tasks.purge_log")  # workers of older versions know it by this name, and purge the log
def purge() -> int:
    with lease("purge", seconds=LONGEST_SECONDS) as held:
        return registry.purge(now=timezone.now()) if held else 0
