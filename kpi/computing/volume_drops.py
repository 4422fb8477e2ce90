"""Remember drops in volume: from the figure that finds one to the figure that sees the volume back."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from intraday.jobs import dirty
from intraday.org.models import Scope
from kpi.models import VolumeDrop
from kpi.pipeline.inputs import Drop, Key


def keep(scopes: Mapping[Key, Scope], *, before: Mapping[Key, Drop], lasting: Mapping[Key, Drop], at: datetime) -> None:
    """Store the drops of these scopes that began at that instant, and end those that are over."""
    begun = [key for key in scopes if key in lasting and key not in before]
    ended = [scope for key, scope in scopes.items() if key in before and key not in lasting]
    if ended:
        VolumeDrop.objects.filter(scope__in=ended, until=None).update(until=at)
    if begun:
        VolumeDrop.objects.bulk_create([_row(scopes[key], lasting[key]) for key in begun], ignore_conflicts=True)


def _row(scope: Scope, drop: Drop) -> VolumeDrop:
    return VolumeDrop(
        scope=scope,
        since=drop.since,
        offered=drop.offered,
        forecast=drop.forecast,
        minutes=drop.minutes,
        inherited=drop.inherited,
    )


@transaction.atomic
def confirm(scope: Scope, *, by: str, now: datetime) -> bool:
    """Note that a person says the volume is real: it is no longer suspect. False where it was not.

    Within a level, the queues that inherited the drop are confirmed with it.
    """
    inside = Scope.objects.filter(organization=scope.organization_id)
    if scope.queue_name:
        inside = inside.filter(pk=scope.pk)
    elif scope.department_id:
        inside = inside.filter(department_id=scope.department_id)
    rows = VolumeDrop.objects.filter(scope__in=inside, until=None, confirmed_by="")
    changed = rows.update(confirmed_by=by, confirmed_at=now)
    dirty.mark([scope], now=now)
    return bool(changed)
