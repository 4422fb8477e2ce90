"""Derive and store the scheduled periods of people from their shifts, and read the chains of these."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from attendance.choices import ShiftKind
from attendance.microseconds import to_instant, to_microseconds
from attendance.models import Person, ScheduledPeriod, Shift
from attendance.presence import scheduled_periods
from attendance.presence.chains import JOIN_WITHIN, MAX_GAP, ShiftChains, chains
from attendance.presence.intervals import EXPIRES_AFTER, HOUR, Interval, union
from attendance.presence.scheduled_periods import PlannedShift

_BEFORE = EXPIRES_AFTER + 24 * HOUR
"""The longest time by which the chain of a presence may precede a record of it."""
_AFTER = 48 * HOUR

ChangedTimes = Mapping[int, Collection[Interval]]
"""The times of shifts that are new, changed or gone, by person."""


def rederive(people: Mapping[int, Person], changed: ChangedTimes, *, now: datetime) -> dict[int, int]:
    """Derive the scheduled periods of these people again; write only the ones that differ.

    Return by person the time from which records may mean something else: all that may belong to a changed chain.
    """
    if not people:
        return {}
    shifts = _planned_shifts(people)
    wanted = {(pk, period) for pk, each in shifts.items() for period in scheduled_periods.from_shifts(each)}
    stored = {(row.person_id, _as_value(row)): row.pk for row in ScheduledPeriod.objects.filter(person__in=people)}
    stale = [pk for key, pk in stored.items() if key not in wanted]
    if stale:
        ScheduledPeriod.objects.filter(pk__in=stale).delete()
    ScheduledPeriod.objects.bulk_create(
        ScheduledPeriod(organization_id=people[pk].organization_id, person_id=pk, made_at=now, **period._asdict())
        for pk, period in sorted(wanted - stored.keys())
    )
    return {pk: _since(shifts.get(pk, ()), times) for pk, times in changed.items() if times}


def _since(shifts: Iterable[PlannedShift], changed: Collection[Interval]) -> int:
    """Return the earliest check-in that may join the chains of these times, as they are or were."""
    first = min(changed).starts
    around = chains([*(shift.time for shift in shifts), *changed])
    return min(chain.starts for chain in around if chain.ends + MAX_GAP >= first) - JOIN_WITHIN


def _planned_shifts(people: Iterable[int]) -> dict[int, list[PlannedShift]]:
    found: dict[int, list[PlannedShift]] = {}
    for row in Shift.objects.filter(person__in=people, cancelled=False).order_by("received_at", "start"):
        shift = PlannedShift(row.department_id, row.kind, interval(row), row.posted)
        found.setdefault(row.person_id, []).append(shift)
    return found


def _as_value(row: ScheduledPeriod) -> scheduled_periods.ScheduledPeriod:
    return scheduled_periods.ScheduledPeriod(
        *(getattr(row, name) for name in scheduled_periods.ScheduledPeriod._fields)
    )


def interval(shift: Shift) -> Interval:
    return Interval(to_microseconds(shift.start), to_microseconds(shift.end))


def load_chains(people: Collection[int], since: int, until: int) -> dict[int, ShiftChains]:
    """Return chains and breaks of people that matter to records of this time, in two queries."""
    since, until = since - _BEFORE, until + _AFTER
    work = ScheduledPeriod.objects.filter(
        person__in=people, of_organization=True, on_leave=False, ends__gt=since, starts__lt=until
    )
    breaks = Shift.objects.filter(
        person__in=people, kind=ShiftKind.BREAK, cancelled=False, end__gt=to_instant(since), start__lt=to_instant(until)
    )
    working_times, breaks_of = _grouped(work.values_list("person_id", "starts", "ends")), {}
    if working_times:
        rows = breaks.values_list("person_id", "start", "end")
        breaks_of = _grouped((pk, to_microseconds(start), to_microseconds(end)) for pk, start, end in rows)
    return {pk: ShiftChains(chains(times), union(breaks_of.get(pk, ()))) for pk, times in working_times.items()}


def _grouped(rows: Iterable[tuple[int, int, int]]) -> dict[int, list[Interval]]:
    found: dict[int, list[Interval]] = {}
    for person, starts, ends in rows:
        found.setdefault(person, []).append(Interval(starts, ends))
    return found
