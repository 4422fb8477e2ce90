from celery import shared_task
from django.utils import timezone

from attendance import selectors, services
from intraday.jobs.leases import lease


@shared_task
def refresh() -> None:
    """Every organization in turn; one that somebody else is at work on is left to him."""
    for organization_id in selectors.organizations():
        with lease("attendance-refresh", organization_id) as held:
            if held:
                services.refresh(organization_id=organization_id, now=timezone.now())


@shared_task
def purge() -> int:
    return services.purge(now=timezone.now())
