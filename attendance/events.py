"""Payloads of attendance events. Names of people are left out for roles that may not see them, people on walls."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from msgspec import UNSET, Struct, UnsetType, structs

from attendance.microseconds import to_instant
from attendance.models import Snapshot
from intraday.org.models import Scope
from intraday.values.rounding import half_up
from realtime.protocol.messages import NOT_STATED, Payload, Timestamp, scope_fields

CheckinStatus = Literal["on_time", "late", "early", "unscheduled"]


class RecentCheckin(Struct, frozen=True, kw_only=True):
    employee_id: str
    employee_name: str | None
    checked_in_at: Timestamp
    status: CheckinStatus


class AttendanceChanged(Payload, frozen=True, kw_only=True):
    """`attendance:update`: who was to be there and who is (DOMAIN 3.7).

    scheduled = present + expected + absent + left early; late is a part of present, no-show of absent. The rate is
    percent, null with nobody scheduled. `recent_checkins`: of the last hour, newest first, ten at most. `by_state`: how
    many people are in each state, by their states or, without these, by their check-ins; out of adherence are those
    who have been in another activity than is scheduled for longer than the tolerance.
    """

    event: ClassVar[str] = "attendance:update"
    on_walls: ClassVar[Mapping[str, Any] | None] = {"recent_checkins": []}

    snapshot_id: str
    organization_id: str
    department_id: str | UnsetType = UNSET
    timestamp: Timestamp
    scheduled_count: int
    present_count: int
    absent_count: int
    late_count: int
    attendance_rate: float | None
    recent_checkins: list[RecentCheckin]
    expected_count: int
    no_show_count: int
    left_early_count: int
    on_leave_count: int
    unscheduled_count: int
    lost_minutes: float
    by_state: dict[str, int]
    out_of_adherence_count: int
    longest_out_of_adherence_minutes: float
    reasons: dict[str, str] | UnsetType = UNSET

    @classmethod
    def with_stand_ins(cls, stated: Mapping[str, Any]) -> dict[str, Any]:
        counts = ("expected_count", "no_show_count", "left_early_count", "on_leave_count", "unscheduled_count")
        out = ("out_of_adherence_count", "longest_out_of_adherence_minutes")
        missing: dict[str, Any] = {"by_state": {}, **dict.fromkeys([*counts, "lost_minutes", *out], 0)}
        return {**missing, "reasons": {name: NOT_STATED for name in missing if name not in stated}, **stated}

    @classmethod
    def of(cls, row: Snapshot, scope: Scope) -> "AttendanceChanged":
        rate = 100.0 * row.present / row.scheduled if row.scheduled else None
        return cls(
            snapshot_id=str(row.pk),
            **scope_fields(scope),
            timestamp=row.time,
            scheduled_count=row.scheduled,
            present_count=row.present,
            absent_count=row.absent,
            late_count=row.late,
            attendance_rate=half_up(rate),
            recent_checkins=[_checkin(each) for each in row.recent_checkins],
            expected_count=row.expected,
            no_show_count=row.no_show,
            left_early_count=row.left_early,
            on_leave_count=row.on_leave,
            unscheduled_count=row.unscheduled,
            lost_minutes=half_up(row.lost_minutes) or 0.0,
            by_state=row.by_state or {},
            out_of_adherence_count=row.out_of_adherence,
            longest_out_of_adherence_minutes=half_up(row.longest_out_minutes) or 0.0,
            reasons=UNSET if row.scheduled else {"attendance_rate": "nobody is scheduled"},
        )

    def redacted(self) -> Self:
        nameless = [structs.replace(each, employee_name=None) for each in self.recent_checkins]
        return structs.replace(self, recent_checkins=nameless)


def _checkin(stored: dict[str, Any]) -> RecentCheckin:
    return RecentCheckin(**{**stored, "checked_in_at": to_instant(stored["checked_in_at"])})


class _Person(Payload, frozen=True, kw_only=True):
    organization_id: str
    department_id: str | UnsetType = UNSET
    employee_id: str
    employee_name: str | None
    timestamp: Timestamp

    def redacted(self) -> Self:
        return structs.replace(self, employee_name=None)


class CheckedIn(_Person, frozen=True, kw_only=True):
    """`attendance:checkin`: somebody came; `timestamp` is when."""

    event: ClassVar[str] = "attendance:checkin"

    status: CheckinStatus
    late_minutes: float


class CheckedOut(_Person, frozen=True, kw_only=True):
    """`attendance:checkout`: somebody left; `timestamp` is when."""

    event: ClassVar[str] = "attendance:checkout"

    left_early: bool
