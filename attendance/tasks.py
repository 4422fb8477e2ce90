from celery import shared_task

from attendance import services
from intraday.clock.database import clock


@shared_task
def purge() -> int:
    return services.purge(now=clock.now())
