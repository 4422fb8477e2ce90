from celery import shared_task
from django.utils import timezone

from intraday.intake import services


@shared_task
def forget_minutes() -> int:
    return services.forget_minutes(now=timezone.now())
