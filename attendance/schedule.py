"""Keeping the duties of people in step with their shifts, and reading chains and breaks for their records."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from attendance import rules
from attendance.chains import GAP, JOINS, Roster, chains
from attendance.instants import instant, micros
from attendance.intervals import HOLDS, HOUR, Interval, union
from attendance.models import Duty, Person, Shift
from attendance.rules import Plan
from attendance.terms import Kind

_BEFORE = HOLDS + 24 * HOUR
"""How long before a record a chain may lie that its presence belongs to."""
_AFTER = 48 * HOUR

Changed = Mapping[int, Collection[Interval]]
"""By person, the times of shifts that are new, or different, or were there before."""


def rework(people: Mapping[int, Person], changed: Changed, *, now: datetime) -> dict[int, int]:
    """Work out the duties of these people anew; only those that differ are written.

    Returns by person since when records may mean something else by it: all that may belong to a chain that changed.
    """
    if not people:
        return {}
    plans = _plans(people)
    wanted = {(pk, duty) for pk, each in plans.items() for duty in rules.duties(each)}
    stored = {(row.person_id, _as_rule(row)): row.pk for row in Duty.objects.filter(person__in=people)}
    stale = [pk for key, pk in stored.items() if key not in wanted]
    if stale:
        Duty.objects.filter(pk__in=stale).delete()
    Duty.objects.bulk_create(
        Duty(organization_id=people[pk].organization_id, person_id=pk, made_at=now, **duty._asdict())
        for pk, duty in sorted(wanted - stored.keys())
    )
    return {pk: _since(plans.get(pk, ()), times) for pk, times in changed.items() if times}


def _since(plans: Iterable[Plan], changed: Collection[Interval]) -> int:
    """Return the earliest check-in that may join the chains of these times, as they are or were."""
    first = min(changed).starts
    around = chains([*(plan.time for plan in plans), *changed])
    return min(chain.starts for chain in around if chain.ends + GAP >= first) - JOINS


def _plans(people: Iterable[int]) -> dict[int, list[Plan]]:
    found: dict[int, list[Plan]] = {}
    for row in Shift.objects.filter(person__in=people, cancelled=False).order_by("received_at", "start"):
        plan = Plan(row.department_id, row.kind, interval(row), row.posted)
        found.setdefault(row.person_id, []).append(plan)
    return found


def _as_rule(row: Duty) -> rules.Duty:
    return rules.Duty(*(getattr(row, name) for name in rules.Duty._fields))


def interval(shift: Shift) -> Interval:
    return Interval(micros(shift.start), micros(shift.end))


def rosters(people: Collection[int], since: int, until: int) -> dict[int, Roster]:
    """Return chains and breaks of people that concern records of this time, in two queries."""
    since, until = since - _BEFORE, until + _AFTER
    duties = Duty.objects.filter(
        person__in=people, of_organization=True, on_leave=False, ends__gt=since, starts__lt=until
    )
    breaks = Shift.objects.filter(
        person__in=people, kind=Kind.BREAK, cancelled=False, end__gt=instant(since), start__lt=instant(until)
    )
    work, pauses = _grouped(duties.values_list("person_id", "starts", "ends")), {}
    if work:
        rows = breaks.values_list("person_id", "start", "end")
        pauses = _grouped((pk, micros(start), micros(end)) for pk, start, end in rows)
    return {pk: Roster(chains(times), union(pauses.get(pk, ()))) for pk, times in work.items()}


def _grouped(rows: Iterable[tuple[int, int, int]]) -> dict[int, list[Interval]]:
    found: dict[int, list[Interval]] = {}
    for person, starts, ends in rows:
        found.setdefault(person, []).append(Interval(starts, ends))
    return found
