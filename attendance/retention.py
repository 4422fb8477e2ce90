"""How long attendance is kept: 35 days by default, and a person as long as something is kept of her."""

from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from attendance import selectors
from attendance.models import CurrentAttendance, Person
from intraday.database import batches
from intraday.org.models import Organization


def purge(*, now: datetime) -> int:
    """Delete rows that are older than KEEP_DETAIL and came in before that, so that a replay of old data is kept as
    long; then the people without any. The newest figures of a scope stay, without names. Return how many rows went."""
    limit = now - settings.KEEP_DETAIL
    gone = sum(batches.delete(old) for old in selectors.older_than(limit))
    selectors.newest_older_than(limit).exclude(recent_checkins=[]).update(recent_checkins=[])
    return gone + sum(_purge_people(pk, limit) for pk in Organization.objects.values_list("pk", flat=True))


def _purge_people(organization_id: str, limit: datetime) -> int:
    """Take turns with posts: these store a person before her first record."""
    posts = CurrentAttendance.objects.filter(
        scope__organization=organization_id, scope__department_id="", scope__queue_name=""
    )
    return batches.delete(_forgotten_people(organization_id), lock=posts)


def _forgotten_people(organization_id: str) -> QuerySet[Person]:
    people = Person.objects.filter(organization=organization_id)
    for kept in ("records", "shifts", "scheduled_periods", "status_periods"):
        related = Person._meta.get_field(kept).related_model
        people = people.exclude(Exists(related._default_manager.filter(person=OuterRef("pk"))))  # type: ignore[union-attr]
    return people
