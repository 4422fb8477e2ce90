"""The wire's words for statuses and kinds of shifts. Pure."""

from enum import StrEnum


class AttendanceStatus(StrEnum):
    """The status of a person that a feed reports."""

    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    ON_BREAK = "on_break"
    TRAINING = "training"
    ON_LEAVE = "on_leave"
    DAY_OFF = "day_off"
    CHECKED_OUT = "checked_out"


class ShiftKind(StrEnum):
    """The purpose of a shift."""

    WORK = "work"
    BREAK = "break"
    TRAINING = "training"
    LEAVE = "leave"
    DAY_OFF = "day_off"


PRESENT_STATUSES = frozenset(
    {AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.ON_BREAK, AttendanceStatus.TRAINING}
)
AWAY_STATUSES = frozenset({AttendanceStatus.ON_LEAVE, AttendanceStatus.DAY_OFF})
WORKING_KINDS = frozenset({ShiftKind.WORK, ShiftKind.BREAK, ShiftKind.TRAINING})
