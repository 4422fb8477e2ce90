"""Who came and who went, as their retold spells show it: once per person and time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attendance import rules, timeline
from attendance.events import CheckedIn, CheckedOut
from attendance.instants import instant
from attendance.intervals import EARLY, GRACE, MINUTE
from attendance.models import Duty, Person
from attendance.spells import Spell
from attendance.timeline import Retold
from realtime.publish import Builder


@dataclass(frozen=True, slots=True)
class Movement:
    time: int
    department_id: str
    payload: Builder


def seen(retold: Mapping[int, Retold], people: Mapping[int, Person]) -> list[Movement]:
    """In order of time."""
    came = [(pk, spell) for pk, each in retold.items() for spell in timeline.check_ins(each)]
    went = [(pk, spell) for pk, each in retold.items() for spell in timeline.check_outs(each)]
    if not came and not went:
        return []
    duties = _duties({pk for pk, _ in came + went}, [spell for _, spell in came + went])
    moved = [_came(people[pk], spell, duties.get(pk, ()), retold[pk].after) for pk, spell in came]
    moved += [_went(people[pk], spell, duties.get(pk, ())) for pk, spell in went]
    return sorted(moved, key=lambda each: each.time)


def _duties(people: Iterable[int], spells: Iterable[Spell]) -> dict[int, list[Duty]]:
    times = [spell.starts if spell.came_at is None else spell.came_at for spell in spells]
    rows = Duty.objects.filter(
        person__in=people, of_organization=True, on_leave=False, ends__gt=min(times), starts__lte=max(times) + EARLY
    ).order_by("starts")
    found: dict[int, list[Duty]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return found


def _came(person: Person, spell: Spell, duties: Iterable[Duty], spells: Iterable[Spell]) -> Movement:
    came_at = spell.came_at or 0
    starts = next((each.starts for each in duties if each.starts <= came_at + EARLY and each.ends > came_at), None)
    earlier = [each.came_at for each in spells if starts is not None and each.ends > starts and each.starts <= came_at]
    first = min((each for each in earlier if each is not None), default=None)
    status = rules.arrival(starts, came_at, first)
    late = came_at - starts if status == "late" and starts is not None else 0
    scope = {"department_id": spell.department_id} if spell.department_id else {}

    def payload() -> CheckedIn:
        return CheckedIn(
            organization_id=person.organization_id,
            employee_id=person.employee_id,
            employee_name=person.name or None,
            timestamp=instant(came_at),
            status=status,
            late_minutes=round(late / MINUTE, 2),
            **scope,
        )

    return Movement(came_at, spell.department_id, payload)


def _went(person: Person, spell: Spell, duties: Iterable[Duty]) -> Movement:
    left_at = spell.starts if spell.left_at is None else spell.left_at
    early = not spell.paused and any(each.starts < spell.starts < each.ends - GRACE for each in duties)
    scope = {"department_id": spell.department_id} if spell.department_id else {}

    def payload() -> CheckedOut:
        return CheckedOut(
            organization_id=person.organization_id,
            employee_id=person.employee_id,
            employee_name=person.name or None,
            timestamp=instant(left_at),
            left_early=early,
            **scope,
        )

    return Movement(left_at, spell.department_id, payload)
