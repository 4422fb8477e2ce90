"""Select the scopes of an organization that exist, and the levels in which every queue is closed."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from intraday.org.models import Department, Queue, Scope

WHOLE = ""  # the department_id of the organization as a whole


def existing(organization_id: str) -> QuerySet[Scope]:
    """Return the scopes whose queue or department still exists."""
    departments = Department.objects.filter(organization=organization_id, code=OuterRef("department_id"))
    queues = Queue.objects.filter(
        department__organization=organization_id,
        department__code=OuterRef("department_id"),
        name=OuterRef("queue_name"),
    )
    rows = Scope.objects.filter(organization=organization_id)
    return rows.filter(
        Q(department_id="") | (Q(queue_name="") & Q(Exists(departments))) | Q(Exists(queues)),
    )


def with_levels_above(organization_id: str, closed: Mapping[int, datetime]) -> dict[int, datetime]:
    """Return the closed queues and the levels above in which every queue is closed, by primary key, each with its
    next opening."""
    if not closed:
        return {}
    rows = list(existing(organization_id))
    openings: dict[str, list[datetime | None]] = defaultdict(list)  # of the queues inside; None of an open one
    for scope in rows:
        if scope.queue_name:
            for inside in (scope.department_id, WHOLE):
                openings[inside].append(closed.get(scope.pk))
    found = dict(closed)
    for scope in rows:
        known = [opening for opening in openings[scope.department_id] if opening is not None]
        if not scope.queue_name and known and len(known) == len(openings[scope.department_id]):
            found[scope.pk] = min(known)
    return found
