"""The rows that feeds post. Made by `make types`: do not edit."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class AgeBucket(TypedDict):
    """
    The number of waiting items that are at least that old.
    """

    older_than_minutes: float
    items: int


IntervalMinutesEnum: TypeAlias = Literal[5, 10, 15, 20, 30, 60]


class Interval(TypedDict):
    """
    The counts of a queue in an interval, up to `as_of`. A running interval is posted again and again.

    A row without `queue_name` is read as AgentsIntervalSerializer.
    """

    as_of: NotRequired[str | None]
    agents: int
    agents_available: NotRequired[int | None]
    agents_on_contact: NotRequired[int | None]
    agents_after_contact: NotRequired[int | None]
    organization_id: NotRequired[str]
    interval_start: str
    interval_minutes: IntervalMinutesEnum
    department_id: NotRequired[str | None]
    queue_name: str
    offered: int
    answered: int
    answered_in_target: int
    abandoned: int
    abandoned_in_target: NotRequired[int | None]
    wait_seconds: NotRequired[float | None]
    handle_seconds: float
    available_seconds: float
    other_productive_seconds: NotRequired[float | None]
    paid_seconds: NotRequired[float | None]
    waiting_now: NotRequired[int | None]
    longest_wait_seconds: NotRequired[float | None]
    waiting_past_target: NotRequired[int | None]


class Forecast(TypedDict):
    """
    The forecast of a queue for one interval. If it is posted again, the newest counts.
    """

    organization_id: NotRequired[str]
    interval_start: str
    interval_minutes: IntervalMinutesEnum
    department_id: NotRequired[str | None]
    queue_name: str
    offered: float
    aht_seconds: float
    required_agents: NotRequired[int | None]
    scheduled_agents: NotRequired[int | None]


QueueName: TypeAlias = str


ShiftKindEnum: TypeAlias = Literal["work", "break", "training", "leave", "day_off"]


AttendanceRecordStatusEnum: TypeAlias = Literal[
    "present", "late", "absent", "on_break", "training", "on_leave", "day_off", "checked_out"
]


AgentStateName: TypeAlias = Literal[
    "available", "on_contact", "after_contact", "break", "lunch", "training", "meeting", "other", "offline"
]


class BacklogSnapshot(TypedDict):
    """
    One snapshot of a queue, a department (no queue_name) or the organization (neither).
    """

    organization_id: NotRequired[str]
    department_id: NotRequired[str | None]
    queue_name: NotRequired[str]
    snapshot_time: str
    total_items: int
    average_wait_time_minutes: float
    items_over_sla: NotRequired[int | None]
    sla_at_risk_count: NotRequired[int | None]
    sla_compliance_percentage: NotRequired[float | None]
    items_added: NotRequired[int | None]
    items_completed: NotRequired[int | None]
    items_added_total: NotRequired[int | None]
    items_completed_total: NotRequired[int | None]
    oldest_item_age_minutes: NotRequired[float | None]
    age_profile: NotRequired[list[AgeBucket] | None]


class AgentsInterval(TypedDict):
    """
    The distinct agents of a department, or of the organization, in an interval: a row without queue_name.
    """

    as_of: NotRequired[str | None]
    agents: int
    agents_available: NotRequired[int | None]
    agents_on_contact: NotRequired[int | None]
    agents_after_contact: NotRequired[int | None]
    organization_id: NotRequired[str]
    interval_start: str
    interval_minutes: IntervalMinutesEnum
    department_id: NotRequired[str | None]


class Shift(TypedDict):
    """
    A piece of one person's schedule.
    """

    organization_id: NotRequired[str]
    employee_id: str
    employee_name: NotRequired[str | None]
    shift_id: str
    department_id: str
    queue_names: NotRequired[list[QueueName] | None]
    start: str
    end: str
    kind: ShiftKindEnum
    cancelled: NotRequired[bool | None]


class AttendanceRecord(TypedDict):
    """
    The status of one person at one instant.
    """

    organization_id: NotRequired[str]
    employee_id: str
    employee_name: NotRequired[str | None]
    department_id: NotRequired[str | None]
    site_id: NotRequired[str | None]
    snapshot_time: str
    status: AttendanceRecordStatusEnum
    checked_in_at: NotRequired[str | None]
    checked_out_at: NotRequired[str | None]
    shift_start: NotRequired[str | None]
    shift_end: NotRequired[str | None]


class AgentState(TypedDict):
    """
    The state of one person since an instant, until the next one.
    """

    organization_id: NotRequired[str]
    employee_id: str
    employee_name: NotRequired[str | None]
    department_id: NotRequired[str | None]
    state: AgentStateName
    since: str
    queue_names: NotRequired[list[QueueName] | None]
    reason: NotRequired[str | None]


IntervalOrAgents: TypeAlias = Interval | AgentsInterval
