"""What may become of an alert's record (DOMAIN 3.9, R1 to R11): decisions without a database. Pure.

Status goes pending -> acknowledged -> resolved, which is the end. The one way back is an acknowledgement that ran out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SEVERITIES = ("low", "medium", "high", "critical")
TIMERS_END = timedelta(hours=24)  # what was due longer ago is history: nobody is woken for it


class Status(StrEnum):
    PENDING = "pending"  # fired, waits for a person
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Answer(StrEnum):
    CHANGE = "change"
    SAME = "same"  # done already: answered with the record as it is, and nobody hears of it again
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    ALREADY_RESOLVED = "already_resolved"
    VERSION = "version_conflict"


@dataclass(frozen=True, slots=True)
class Record:
    """What decisions look at."""

    status: Status
    version: int = 1
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """So long after an alert began to wait for a person, tell these people too."""

    after: timedelta
    to: str
    severity: str = ""
    """Raised to this one; '' leaves it."""


def acknowledge(record: Record, *, by: str, take_over: bool = False, expected_version: int | None = None) -> Answer:
    """R3, R4, R8. The first who acknowledged is kept, unless somebody takes over and says so."""
    if record.status is Status.RESOLVED:
        return Answer.ALREADY_RESOLVED
    if record.status is Status.ACKNOWLEDGED:
        if record.acknowledged_by == by:
            return Answer.SAME
        if not take_over:
            return Answer.ALREADY_ACKNOWLEDGED
    return _versioned(record, expected_version)


def resolve(record: Record, *, expected_version: int | None = None) -> Answer:
    """R5, R7."""
    return Answer.SAME if record.status is Status.RESOLVED else _versioned(record, expected_version)


def snooze(record: Record, *, expected_version: int | None = None) -> Answer:
    """R11."""
    return Answer.ALREADY_RESOLVED if record.status is Status.RESOLVED else _versioned(record, expected_version)


def _versioned(record: Record, expected: int | None) -> Answer:
    return Answer.CHANGE if expected in (None, record.version) else Answer.VERSION


def outranks(severity: str, other: str) -> bool:
    return SEVERITIES.index(severity) > SEVERITIES.index(other)


def cooling_until(resolved_at: datetime, cooldown: timedelta, *, severity: str, before: str) -> datetime | None:
    """Until when the rule keeps quiet after its last record. By the rule as it is now; a graver alert does not wait."""
    return None if outranks(severity, before) else resolved_at + cooldown


def due_step(
    status: Status, waiting_since: datetime, level: int, steps: Sequence[EscalationStep], now: datetime
) -> EscalationStep | None:
    """R9: the next step of an alert at this level (0: none taken yet), if its time has come and has not long gone."""
    if status is not Status.PENDING or level >= len(steps):
        return None
    due = waiting_since + steps[level].after
    return steps[level] if due <= now < due + TIMERS_END else None


def acknowledgement_ran_out(
    status: Status, acknowledged_at: datetime | None, timeout: timedelta | None, now: datetime, *, breaching: bool
) -> bool:
    """R10: somebody took it, and it still goes on."""
    if status is not Status.ACKNOWLEDGED or acknowledged_at is None or timeout is None or not breaching:
        return False
    due = acknowledged_at + timeout
    return due <= now < due + TIMERS_END


def reminder_due(
    status: Status, reminded_at: datetime, repeat: timedelta | None, triggered_at: datetime, now: datetime
) -> bool:
    """Waiting alerts of a rule with `repeat` are said again, for a day at most."""
    if status is not Status.PENDING or repeat is None:
        return False
    return reminded_at + repeat <= now < triggered_at + TIMERS_END
