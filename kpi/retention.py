"""Purge KPIs after their time: figures at the time that each one carries, inputs after more than a year."""

from datetime import datetime

from django.conf import settings
from django.db.models import Model

from intraday.database import batches
from intraday.org.access import DEMO_ORGANIZATION
from intraday.org.models import Organization, Scope
from kpi.models import ForecastInterval, Holiday, IntervalStats, KPISnapshot, StateChange, VolumeDrop


def purge(*, now: datetime) -> int:
    """Delete figures past their time (kpi.computing.latest) and inputs older than KEEP_HISTORY; return how many.

    The demo keeps its inputs: its walk-through computes a fixed day.
    """
    limit = now - settings.KEEP_HISTORY
    gone = batches.delete(KPISnapshot.objects.filter(expires_at__lt=now))
    gone += batches.delete(VolumeDrop.objects.filter(until__lt=limit))
    gone += batches.delete(StateChange.objects.filter(at__lt=limit))
    gone += batches.delete(Holiday.objects.filter(date__lt=limit.date()))
    organizations = Organization.objects.exclude(pk=DEMO_ORGANIZATION).values_list("pk", flat=True)
    return gone + sum(_purge_inputs(pk, limit) for pk in organizations)


def _purge_inputs(organization_id: str, limit: datetime) -> int:
    """Delete old rows by scope: the index then finds them without reading a year of others."""
    scopes = list(Scope.objects.filter(organization=organization_id).values_list("pk", flat=True))
    kinds: tuple[type[Model], ...] = (IntervalStats, ForecastInterval)
    return sum(batches.delete(kind._default_manager.filter(scope__in=scopes, start__lt=limit)) for kind in kinds)
