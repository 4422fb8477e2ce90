from celery import shared_task
from django.utils import timezone

from realtime import cursors, log


@shared_task
def purge_log() -> int:
    now = timezone.now()
    return log.purge(now=now) + cursors.forget(now=now)
