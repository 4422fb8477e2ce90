from celery import shared_task
from django.utils import timezone

from realtime.eventlog import store
from realtime.hub import cursors


@shared_task
def purge_log() -> int:
    now = timezone.now()
    return store.purge(now=now) + cursors.forget(now=now)
