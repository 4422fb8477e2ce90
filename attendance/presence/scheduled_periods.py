"""Scheduled periods of one person from her shifts (DOMAIN 3.7). Pure: no database, no clock."""

from collections.abc import Sequence
from typing import NamedTuple

from attendance.choices import WORKING_KINDS, ShiftKind
from attendance.presence.intervals import Interval, subtract, union


class PlannedShift(NamedTuple):
    """A shift that is not cancelled. `posted`: it came with a record rather than with the published schedule."""

    department_id: str
    kind: str
    time: Interval
    posted: bool = False


class ScheduledPeriod(NamedTuple):
    """A period in which a person is to work in a department; with `on_leave`, a period of her leave.

    A person is counted once in a department and once in the organization. Shifts of two departments at one time are
    a scheduled period in each (`of_department`), and together one in the organization (`of_organization`).
    """

    department_id: str
    starts: int
    ends: int
    on_leave: bool = False
    of_department: bool = True
    of_organization: bool = True


def from_shifts(shifts: Sequence[PlannedShift]) -> list[ScheduledPeriod]:
    """Return the scheduled periods of one person; posted shifts come in the order in which they arrived.

    Shifts that touch (work, break, work) are one period; otherwise a person who does not come would be expected anew
    after each break. Leave and days off are cut out. A posted shift gives way to a published one that it overlaps, and
    to a posted one that came later.
    """
    valid = _valid(shifts)
    away = [shift.time for shift in shifts if shift.kind not in WORKING_KINDS]
    whole = _periods(valid, shifts, away)
    found = []
    for code in sorted({shift.department_id for shift in shifts}):
        inside = [shift for shift in valid if shift.department_id == code]
        found += _periods(inside, [shift for shift in shifts if shift.department_id == code], away)
    alone = [period._replace(of_department=False) for period in whole if period not in found]
    return [period._replace(of_organization=period in whole) for period in found] + alone


def _periods(
    valid: Sequence[PlannedShift], shifts: Sequence[PlannedShift], away: Sequence[Interval]
) -> list[ScheduledPeriod]:
    work = subtract(union(shift.time for shift in valid), away)
    on_leave = [shift for shift in shifts if shift.kind == ShiftKind.LEAVE]
    leave = union(shift.time for shift in on_leave)
    return [ScheduledPeriod(_department(valid, time), *time) for time in work] + [
        ScheduledPeriod(_department(on_leave, time), *time, on_leave=True) for time in leave
    ]


def _department(shifts: Sequence[PlannedShift], time: Interval) -> str:
    """Return the department of the first of the shifts of this time."""
    return min((shift.time.starts, shift.department_id) for shift in shifts if shift.time.overlaps(time))[1]


def _valid(shifts: Sequence[PlannedShift]) -> list[PlannedShift]:
    """Return the working shifts without posted ones that give way."""
    working = [shift for shift in shifts if shift.kind in WORKING_KINDS]
    kept = [shift for shift in working if not shift.posted]
    for shift in reversed([shift for shift in working if shift.posted]):
        if not any(shift.time.overlaps(other.time) for other in kept):
            kept.append(shift)
    return kept
