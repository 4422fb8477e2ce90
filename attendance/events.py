"""What attendance publishes. Names of people are left out for roles that may not see them."""

from typing import ClassVar, Literal, Self

from msgspec import UNSET, Struct, UnsetType, structs

from realtime.protocol import Payload, Timestamp


class RecentCheckin(Struct, frozen=True, kw_only=True):
    employee_id: str
    employee_name: str | None
    checked_in_at: Timestamp
    status: Literal["on_time", "late", "early", "unscheduled"]


class AttendanceChanged(Payload, frozen=True, kw_only=True):
    """`attendance:update`: who was to be there and who is (DOMAIN 3.7).

    scheduled = present + expected + absent + left early; late is a part of present, no-show of absent. The rate is
    percent, null with nobody scheduled. `recent_checkins`: of the last hour, newest first, ten at most.
    """

    event: ClassVar[str] = "attendance:update"

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
    reasons: dict[str, str] | UnsetType = UNSET

    def redacted(self) -> Self:
        nameless = [structs.replace(each, employee_name=None) for each in self.recent_checkins]
        return structs.replace(self, recent_checkins=nameless)


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

    status: Literal["on_time", "late", "early", "unscheduled"]
    late_minutes: float


class CheckedOut(_Person, frozen=True, kw_only=True):
    """`attendance:checkout`: somebody left; `timestamp` is when."""

    event: ClassVar[str] = "attendance:checkout"

    left_early: bool
