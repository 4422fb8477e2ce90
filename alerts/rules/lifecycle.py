"""Decide about acts on an alert and about its timers (DOMAIN 3.9, R1 to R11). Pure.

Status goes pending -> acknowledged -> resolved, which is the end. The one way back is an acknowledgement that ran out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.choices import SEVERITIES, Status

TIMERS_END = timedelta(hours=24)  # a timer due longer ago notifies nobody


class Decision(StrEnum):
    CHANGE = "change"
    SAME = "same"  # done already: nothing changes and nobody is notified
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    ALREADY_RESOLVED = "already_resolved"
    VERSION = "version_conflict"


@dataclass(frozen=True, slots=True)
class LifecycleState:
    """The fields of an alert that decisions depend on."""

    status: Status
    version: int = 1
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """A step of escalation: notify `to` when an alert has waited for a person for `after`."""

    after: timedelta
    to: str
    severity: str = ""
    """The severity to raise the alert to; '' leaves it."""


def acknowledge(
    state: LifecycleState, *, by: str, take_over: bool = False, expected_version: int | None = None
) -> Decision:
    """Decide R3, R4 and R8. The first to acknowledge is kept, unless the caller asks to take over."""
    if state.status is Status.RESOLVED:
        return Decision.ALREADY_RESOLVED
    if state.status is Status.ACKNOWLEDGED:
        if state.acknowledged_by == by:
            return Decision.SAME
        if not take_over:
            return Decision.ALREADY_ACKNOWLEDGED
    return _versioned(state, expected_version)


def resolve(state: LifecycleState, *, expected_version: int | None = None) -> Decision:
    """Decide R5 and R7."""
    return Decision.SAME if state.status is Status.RESOLVED else _versioned(state, expected_version)


def snooze(state: LifecycleState, *, expected_version: int | None = None) -> Decision:
    """Decide R11."""
    return Decision.ALREADY_RESOLVED if state.status is Status.RESOLVED else _versioned(state, expected_version)


def _versioned(state: LifecycleState, expected: int | None) -> Decision:
    return Decision.CHANGE if expected in (None, state.version) else Decision.VERSION


def outranks(severity: str, other: str) -> bool:
    return SEVERITIES.index(severity) > SEVERITIES.index(other)


def cooling_until(resolved_at: datetime, cooldown: timedelta, *, severity: str, before: str) -> datetime | None:
    """Return the end of the cooldown after the last alert, by the rule as it is now; a graver alert does not wait."""
    return None if outranks(severity, before) else resolved_at + cooldown


def due_step(
    status: Status, waiting_since: datetime, level: int, steps: Sequence[Escalation], now: datetime
) -> Escalation | None:
    """Return the next step of an alert at this level (0: none taken yet) if it is due, and not for too long (R9)."""
    if status is not Status.PENDING or level >= len(steps):
        return None
    due = waiting_since + steps[level].after
    return steps[level] if due <= now < due + TIMERS_END else None


def acknowledgement_ran_out(
    status: Status, acknowledged_at: datetime | None, timeout: timedelta | None, now: datetime, *, breaching: bool
) -> bool:
    """Return whether an acknowledgement has lasted for its timeout while the condition goes on (R10)."""
    if status is not Status.ACKNOWLEDGED or acknowledged_at is None or timeout is None or not breaching:
        return False
    due = acknowledged_at + timeout
    return due <= now < due + TIMERS_END


def reminder_due(
    status: Status, reminded_at: datetime, repeat: timedelta | None, triggered_at: datetime, now: datetime
) -> bool:
    """Return whether a waiting alert is to be repeated, as rules with `repeat` ask for, for a day at most."""
    if status is not Status.PENDING or repeat is None:
        return False
    return reminded_at + repeat <= now < triggered_at + TIMERS_END
