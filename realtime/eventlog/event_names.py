"""The names of an organization's own events. They are limited: whatever counts events counts each name by itself.

A process asks the database about a name once a day, and remembers the answer.
"""

from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from intraday.database import batches
from intraday.org import limits
from intraday.org.models import Organization
from realtime.models import EventName


class Remembered:
    """The names that were used today, as far as this process knows."""

    def __init__(self) -> None:
        self._day = date.min
        self._names: frozenset[tuple[str, str]] = frozenset()

    def knows(self, organization: str, name: str, today: date) -> bool:
        return self._day == today and (organization, name) in self._names

    def add(self, organization: str, name: str, today: date) -> None:
        names = self._names if self._day == today else frozenset()
        self._day, self._names = today, names | {(organization, name)}

    def forget(self) -> None:
        self._day = date.min


remembered = Remembered()


def use(organization: Organization, name: str, *, today: date) -> None:
    """Note the name, in the transaction of its event. Raises TooManyError where it is new and there is no room."""
    if remembered.knows(organization.pk, name, today):
        return
    names = EventName.objects.filter(organization=organization)
    if not names.filter(name=name).update(used_on=today):
        _add(organization, name, today)
    transaction.on_commit(lambda: remembered.add(organization.pk, name, today))


def _add(organization: Organization, name: str, today: date) -> None:
    limits.lock(organization)
    names = EventName.objects.filter(organization=organization)
    if names.count() >= limits.limit_of(organization, "event_names"):
        limits.refusals.note(organization, "event_names")
        message = f"'{name}' is a new name of an event, and {limits.too_many(organization, 'event_names')}"
        raise limits.TooManyError(message)
    EventName.objects.get_or_create(organization=organization, name=name, defaults={"used_on": today})


def purge(*, now: datetime) -> int:
    """Delete names that were not used for as long as details are kept; return how many."""
    return batches.delete(EventName.objects.filter(used_on__lt=(now - settings.KEEP_DETAIL).date()))
