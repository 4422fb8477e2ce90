from celery import shared_task
from django.utils import timezone

from realtime import log


@shared_task
def purge_log() -> int:
    return log.purge(now=timezone.now())
