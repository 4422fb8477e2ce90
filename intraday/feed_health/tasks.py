from celery import shared_task

from intraday.clock.database import clock
from intraday.feed_health import services


@shared_task(name="intraday.intake.tasks.forget_minutes")  # workers of older versions know it by this name
def forget_minutes() -> int:
    return services.forget_minutes(now=clock.now())
