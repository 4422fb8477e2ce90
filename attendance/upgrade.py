"""Working out stored duties and spells anew after an upgrade that changed the rules by which they are made."""

from collections.abc import Collection
from datetime import datetime, timedelta

from attendance import schedule, timeline
from attendance.currents import DERIVED_BY
from attendance.instants import micros
from attendance.models import CurrentAttendance, Person
from attendance.timeline import Retelling
from intraday.org.models import Organization, Scope

REACH = timedelta(days=3)
"""Records and spells of before can no longer change the figures, and stay as they are."""
_AT_ONCE = 500


def bring_up_to_date(row: CurrentAttendance, scope: Scope, *, now: datetime) -> None:
    """Derive an organization's rows again if older rules made them. `row` is that of the organization's scope, locked.

    Whoever writes first after the upgrade does it: a post, or the job that lets time pass.
    """
    if row.derived_by == DERIVED_BY:
        return
    organization = scope.organization
    since = micros((row.time or now) - REACH)
    people = list(Person.objects.filter(organization=organization).order_by("pk"))
    for first in range(0, len(people), _AT_ONCE):
        _derive(organization, people[first : first + _AT_ONCE], since, now)
    row.derived_by = DERIVED_BY
    row.save(update_fields=["derived_by"])


def _derive(organization: Organization, people: Collection[Person], since: int, now: datetime) -> None:
    schedule.rework({person.pk: person for person in people}, {}, now=now)
    known = {person.pk for person in people if person.newest_at is not None}
    retelling = Retelling(since=dict.fromkeys(known, since), read=known)
    timeline.retell(organization, retelling, now=now)
