from celery import shared_task

from intraday.clock.database import clock
from kpi import services


@shared_task
def forget() -> int:
    return services.forget(now=clock.now())
