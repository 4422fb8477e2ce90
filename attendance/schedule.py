"""Keeping the duties of people in step with their shifts."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from attendance import rules
from attendance.instants import micros
from attendance.models import Duty, Person, Shift
from attendance.rules import Interval, Plan


def rework(people: Mapping[int, Person], *, now: datetime) -> None:
    """Work out the duties of these people anew; only those that differ are written."""
    if not people:
        return
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


def _plans(people: Iterable[int]) -> dict[int, list[Plan]]:
    found: dict[int, list[Plan]] = {}
    for row in Shift.objects.filter(person__in=people, cancelled=False).order_by("received_at", "start"):
        plan = Plan(row.department_id, row.kind, interval(row), row.posted)
        found.setdefault(row.person_id, []).append(plan)
    return found


def _as_rule(row: Duty) -> rules.Duty:
    return rules.Duty(row.department_id, row.starts, row.ends, row.on_leave)


def interval(shift: Shift) -> Interval:
    return Interval(micros(shift.start), micros(shift.end))
