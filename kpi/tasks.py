from celery import shared_task
from django.utils import timezone

from kpi import services


@shared_task
def forget() -> int:
    return services.purge(now=timezone.now())
