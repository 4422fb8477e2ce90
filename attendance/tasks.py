from celery import shared_task
from django.utils import timezone

from attendance import services


@shared_task
def purge() -> int:
    return services.purge(now=timezone.now())
