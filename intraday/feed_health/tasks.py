from celery import shared_task
from django.utils import timezone

from intraday.feed_health import services


@shared_task(name="intraday.intake.tasks.forget_minutes")  # workers of older versions know it by this name
def forget_minutes() -> int:
    return services.forget_minutes(now=timezone.now())
