"""The words of the wire for statuses and kinds of shifts."""

from enum import StrEnum


class Status(StrEnum):
    """What a feed can say of a person."""

    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    ON_BREAK = "on_break"
    TRAINING = "training"
    ON_LEAVE = "on_leave"
    DAY_OFF = "day_off"
    CHECKED_OUT = "checked_out"


class Kind(StrEnum):
    """What a shift is for."""

    WORK = "work"
    BREAK = "break"
    TRAINING = "training"
    LEAVE = "leave"
    DAY_OFF = "day_off"


HERE = frozenset({Status.PRESENT, Status.LATE, Status.ON_BREAK, Status.TRAINING})
AWAY = frozenset({Status.ON_LEAVE, Status.DAY_OFF})
ON_DUTY = frozenset({Kind.WORK, Kind.BREAK, Kind.TRAINING})
