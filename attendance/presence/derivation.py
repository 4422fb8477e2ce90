"""Derive stored scheduled and status periods again after an upgrade that changed the rules of their derivation."""

from collections.abc import Collection
from datetime import datetime, timedelta

from attendance.microseconds import to_microseconds
from attendance.models import CurrentAttendance, Person, ScheduledPeriod, StatusPeriod
from attendance.presence import stored_scheduled_periods, stored_status_periods
from attendance.presence.stored_status_periods import Rederivation
from intraday.org.models import Organization

RULES_VERSION = 2
"""Version of the rules that derive scheduled and status periods. Raise it where stored ones must be derived again."""
REACH = timedelta(days=3)
"""Older records and status periods can no longer change the figures, and stay as they are."""
_PEOPLE_AT_ONCE = 500


def is_due(row: CurrentAttendance, organization_id: str) -> bool:
    """Tell whether periods of an organization are to be derived again. `row` is that of its scope."""
    return row.rules_version != RULES_VERSION or bool(_of_older_release(organization_id))


def bring_up_to_date(row: CurrentAttendance, organization: Organization, *, now: datetime) -> None:
    """Derive an organization's periods again if older rules made them. `row` is the row of its scope, held alone.

    The first writer after the upgrade does it for all people: a post, or the job that recounts as time passes. While
    processes of the older release still run, each later writer does it for the people for whom these derived periods.
    """
    people = _to_derive(row, organization)
    since = to_microseconds((row.time or now) - REACH)
    for first in range(0, len(people), _PEOPLE_AT_ONCE):
        _derive(organization, people[first : first + _PEOPLE_AT_ONCE], since, now)
    if row.rules_version != RULES_VERSION:
        row.rules_version = RULES_VERSION
        row.save(update_fields=["rules_version"])


def _to_derive(row: CurrentAttendance, organization: Organization) -> list[Person]:
    everybody = Person.objects.filter(organization=organization).order_by("pk")
    if row.rules_version != RULES_VERSION:
        return list(everybody)
    concerned = _of_older_release(organization.pk)
    return list(everybody.filter(pk__in=concerned)) if concerned else []


def _of_older_release(organization_id: str) -> list[int]:
    """Return the people with periods of the older release; in one query of two indexes that are empty as a rule."""
    found, also = (
        model.objects.filter(organization=organization_id, of_older_release=True).values_list("person_id", flat=True)
        for model in (ScheduledPeriod, StatusPeriod)
    )
    return list(found.order_by().union(also.order_by()))


def _derive(organization: Organization, people: Collection[Person], since: int, now: datetime) -> None:
    stored_scheduled_periods.rederive({person.pk: person for person in people}, {}, now=now)
    known = {person.pk for person in people if person.newest_at is not None}
    rederivation = Rederivation(since=dict.fromkeys(known, since), late=known)
    stored_status_periods.rederive(organization, rederivation, now=now)
    for model in (ScheduledPeriod, StatusPeriod):
        model.objects.filter(person__in=people, of_older_release=True).update(of_older_release=False)
