from celery import shared_task

from intraday.values import clock
from kpi import services


@shared_task
def forget() -> int:
    return services.forget(now=clock.now())
