"""Who is to be where, and how a person stands to it (DOMAIN 3.7). Pure: no database, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from attendance.intervals import GRACE, NO_SHOW, Interval, union, without
from attendance.spells import Spell
from attendance.terms import AWAY, ON_DUTY, Kind, Status


# --- who is to be where ----------------------------------------------------------------------------------------------
class Plan(NamedTuple):
    """A shift that is not cancelled. `posted`: it came with a record rather than with the published schedule."""

    department_id: str
    kind: str
    time: Interval
    posted: bool = False


class Duty(NamedTuple):
    """When a person is to be in a department; with `on_leave`, when she is away with leave.

    A person is counted once in a department and once in the organization. Shifts of two departments at one time are
    a duty in each (`of_department`), and together one duty in the organization (`of_organization`).
    """

    department_id: str
    starts: int
    ends: int
    on_leave: bool = False
    of_department: bool = True
    of_organization: bool = True


def duties(plans: Sequence[Plan]) -> list[Duty]:
    """Return what one person's shifts add up to, posted ones in the order in which they came.

    Pieces that touch (work, break, work) are one duty, else somebody who does not come would be expected anew after
    each break. Leave and days off are cut out. A posted shift gives way to a published one that it meets, and to a
    posted one that came later.
    """
    valid = _valid(plans)
    away = [plan.time for plan in plans if plan.kind not in ON_DUTY]
    whole = _duties(valid, plans, away)
    found = []
    for code in sorted({plan.department_id for plan in plans}):
        inside = [plan for plan in valid if plan.department_id == code]
        found += _duties(inside, [plan for plan in plans if plan.department_id == code], away)
    alone = [duty._replace(of_department=False) for duty in whole if duty not in found]
    return [duty._replace(of_organization=duty in whole) for duty in found] + alone


def _duties(valid: Sequence[Plan], plans: Sequence[Plan], away: Sequence[Interval]) -> list[Duty]:
    work = without(union(plan.time for plan in valid), away)
    on_leave = [plan for plan in plans if plan.kind == Kind.LEAVE]
    leave = union(plan.time for plan in on_leave)
    return [Duty(_department(valid, time), *time) for time in work] + [
        Duty(_department(on_leave, time), *time, on_leave=True) for time in leave
    ]


def _department(plans: Sequence[Plan], time: Interval) -> str:
    """Return the department of the first of the plans of this time."""
    return min((plan.time.starts, plan.department_id) for plan in plans if plan.time.meets(time))[1]


def _valid(plans: Sequence[Plan]) -> list[Plan]:
    on_duty = [plan for plan in plans if plan.kind in ON_DUTY]
    kept = [plan for plan in on_duty if not plan.posted]
    for plan in reversed([plan for plan in on_duty if plan.posted]):
        if not any(plan.time.meets(other.time) for other in kept):
            kept.append(plan)
    return kept


# --- both together ---------------------------------------------------------------------------------------------------
Standing = Literal["present", "expected", "absent", "left_early", "on_leave", "day_off"]


@dataclass(frozen=True, slots=True)
class Stand:
    """How a person stands to a duty. `late` only with present, `no_show` only with absent."""

    standing: Standing
    came_at: int | None = None
    late: bool = False
    no_show: bool = False
    lost: int = 0
    """Time lost by coming late or not at all so far."""


def stand(duty: Duty, spells: Iterable[Spell], at: int) -> Stand:
    """How she stands at an instant within the duty. Who went within GRACE of the end has done the duty: present."""
    heard = [spell for spell in spells if spell.starts <= at and spell.ends > duty.starts]
    last = max(heard, key=lambda spell: spell.starts, default=None)
    if last is not None and last.status in AWAY:
        return Stand("on_leave" if last.status == Status.ON_LEAVE else "day_off")
    came_at = min((spell.came_at for spell in heard if spell.came_at is not None), default=None)
    if last is None or came_at is None:
        return _missing(duty, at)
    if last.came_at is None and last.starts < duty.ends - GRACE:
        return Stand("left_early", came_at)
    late = came_at > duty.starts + GRACE
    return Stand("present", came_at, late=late, lost=came_at - duty.starts if late else 0)


def _missing(duty: Duty, at: int) -> Stand:
    if at <= duty.starts + GRACE:
        return Stand("expected")
    return Stand("absent", no_show=at > duty.starts + NO_SHOW, lost=at - duty.starts)


Arrival = Literal["on_time", "late", "early", "unscheduled"]


def arrival(duty_starts: int | None, came_at: int, first_came_at: int | None) -> Arrival:
    """What a check-in is to its duty. `first_came_at` is when she first came for that: who returns is not late."""
    if duty_starts is None:
        return "unscheduled"
    if came_at < duty_starts - GRACE:
        return "early"
    returned = first_came_at is not None and first_came_at < came_at
    return "late" if came_at > duty_starts + GRACE and not returned else "on_time"
