"""Adherence of a person to a scheduled period, and of a check-in to its start (DOMAIN 3.7). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from attendance.choices import AWAY_STATUSES, AttendanceStatus
from attendance.presence.intervals import GRACE, NO_SHOW_AFTER
from attendance.presence.scheduled_periods import ScheduledPeriod
from attendance.presence.status_periods import StatusPeriod

AdherenceState = Literal["present", "expected", "absent", "left_early", "on_leave", "day_off"]


@dataclass(frozen=True, slots=True)
class Adherence:
    """Adherence of a person to a scheduled period. `late` only with present, `no_show` only with absent."""

    state: AdherenceState
    came_at: int | None = None
    late: bool = False
    no_show: bool = False
    lost: int = 0
    """Microseconds lost so far by a late check-in or by absence."""


def adherence(scheduled: ScheduledPeriod, periods: Iterable[StatusPeriod], at: int) -> Adherence:
    """Return a person's adherence at an instant within the scheduled period.

    A person who leaves within GRACE of the end has completed the period and stays present.
    """
    known = [period for period in periods if period.starts <= at and period.ends > scheduled.starts]
    last = max(known, key=lambda period: period.starts, default=None)
    if last is not None and last.status in AWAY_STATUSES:
        return Adherence("on_leave" if last.status == AttendanceStatus.ON_LEAVE else "day_off")
    came_at = min((period.came_at for period in known if period.came_at is not None), default=None)
    if last is None or came_at is None:
        return _missing(scheduled, at)
    if last.came_at is None and last.starts < scheduled.ends - GRACE:
        return Adherence("left_early", came_at)
    late = came_at > scheduled.starts + GRACE
    return Adherence("present", came_at, late=late, lost=came_at - scheduled.starts if late else 0)


def _missing(scheduled: ScheduledPeriod, at: int) -> Adherence:
    if at <= scheduled.starts + GRACE:
        return Adherence("expected")
    return Adherence("absent", no_show=at > scheduled.starts + NO_SHOW_AFTER, lost=at - scheduled.starts)


Arrival = Literal["on_time", "late", "early", "unscheduled"]


def arrival(scheduled_start: int | None, came_at: int, first_came_at: int | None) -> Arrival:
    """Classify a check-in by the start of its scheduled period.

    `first_came_at` is the first check-in for that period: a person who returns is not late.
    """
    if scheduled_start is None:
        return "unscheduled"
    if came_at < scheduled_start - GRACE:
        return "early"
    returned = first_came_at is not None and first_came_at < came_at
    return "late" if came_at > scheduled_start + GRACE and not returned else "on_time"
