"""Check-ins and check-outs that changed status periods bring to light: each person and time once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attendance.events import CheckedIn, CheckedOut
from attendance.microseconds import to_instant
from attendance.models import Person, ScheduledPeriod
from attendance.presence.adherence import arrival
from attendance.presence.intervals import EARLY_CHECK_IN, GRACE, MINUTE
from attendance.presence.status_periods import StatusPeriod
from attendance.presence.stored_status_periods import StatusPeriodChange, new_check_ins, new_check_outs
from realtime.publish import Builder


@dataclass(frozen=True, slots=True)
class CheckEvent:
    """A check-in or check-out, with the builder of its payload."""

    time: int
    person_id: int
    department_id: str
    payload: Builder


def new_check_events(changes: Mapping[int, StatusPeriodChange], people: Mapping[int, Person]) -> list[CheckEvent]:
    """Return the check-ins and check-outs that were unknown before, in order of time."""
    ins = [(pk, period) for pk, each in changes.items() for period in new_check_ins(each)]
    outs = [(pk, period) for pk, each in changes.items() for period in new_check_outs(each)]
    if not ins and not outs:
        return []
    scheduled = _scheduled({pk for pk, _ in ins + outs}, [period for _, period in ins + outs])
    events = [_check_in(people[pk], period, scheduled.get(pk, ()), changes[pk].after) for pk, period in ins]
    events += [_check_out(people[pk], period, scheduled.get(pk, ())) for pk, period in outs]
    return sorted(events, key=lambda each: each.time)


def _scheduled(people: Iterable[int], periods: Iterable[StatusPeriod]) -> dict[int, list[ScheduledPeriod]]:
    """Return the scheduled periods around these status periods, by person."""
    times = [period.starts if period.came_at is None else period.came_at for period in periods]
    rows = ScheduledPeriod.objects.filter(
        person__in=people,
        of_organization=True,
        on_leave=False,
        ends__gt=min(times),
        starts__lte=max(times) + EARLY_CHECK_IN,
    ).order_by("starts")
    found: dict[int, list[ScheduledPeriod]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return found


def _check_in(
    person: Person, period: StatusPeriod, scheduled: Iterable[ScheduledPeriod], periods: Iterable[StatusPeriod]
) -> CheckEvent:
    came_at = period.came_at or 0
    covering = (each.starts for each in scheduled if each.starts <= came_at + EARLY_CHECK_IN and each.ends > came_at)
    starts = next(covering, None)
    earlier = [each.came_at for each in periods if starts is not None and each.ends > starts and each.starts <= came_at]
    first = min((each for each in earlier if each is not None), default=None)
    status = arrival(starts, came_at, first)
    late = came_at - starts if status == "late" and starts is not None else 0
    scope = {"department_id": period.department_id} if period.department_id else {}

    def payload() -> CheckedIn:
        return CheckedIn(
            organization_id=person.organization_id,
            employee_id=person.employee_id,
            employee_name=person.name or None,
            timestamp=to_instant(came_at),
            status=status,
            late_minutes=round(late / MINUTE, 2),
            **scope,
        )

    return CheckEvent(came_at, person.pk, period.department_id, payload)


def _check_out(person: Person, period: StatusPeriod, scheduled: Iterable[ScheduledPeriod]) -> CheckEvent:
    left_at = period.starts if period.left_at is None else period.left_at
    early = not period.began_by_break and any(each.starts < period.starts < each.ends - GRACE for each in scheduled)
    scope = {"department_id": period.department_id} if period.department_id else {}

    def payload() -> CheckedOut:
        return CheckedOut(
            organization_id=person.organization_id,
            employee_id=person.employee_id,
            employee_name=person.name or None,
            timestamp=to_instant(left_at),
            left_early=early,
            **scope,
        )

    return CheckEvent(left_at, person.pk, period.department_id, payload)
