# Made by `make types` from intraday/replay/kinds.py: do not edit.
"""The fields that a table may give for each kind of rows: intervals, backlog, attendance records, shifts."""

from dataclasses import dataclass, field
from typing import Literal

FieldType = Literal["text", "texts", "time", "count", "minutes", "seconds", "percent", "choice"]
"""`minutes` and `seconds` are lengths of time, posted in that unit; `texts` stand in one cell, parted by semicolons."""

STATUSES = ("present", "late", "absent", "on_break", "training", "on_leave", "day_off", "checked_out")


@dataclass(frozen=True)
class Kind:
    """`path` is the kind of its posts (intraday.api_client.client.PATHS); `key` tells the rows of one time apart."""

    path: str
    time: str
    fields: dict[str, FieldType]
    required: frozenset[str]
    key: tuple[str, ...]
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    level_required: frozenset[str] | None = None
    """Fields required of a table without queues, where these are fewer: rows of departments or the organization."""


_PLACE: dict[str, FieldType] = {"organization_id": "text", "department_id": "text", "queue_name": "text"}
_QUEUE_KEY = ("organization_id", "department_id", "queue_name")

BACKLOG = Kind(
    path="backlog",
    time="snapshot_time",
    fields=_PLACE
    | {
        "snapshot_time": "time",
        "total_items": "count",
        "items_over_sla": "count",
        "sla_at_risk_count": "count",
        "items_added": "count",
        "items_completed": "count",
        "items_added_total": "count",
        "items_completed_total": "count",
        "average_wait_time_minutes": "minutes",
        "oldest_item_age_minutes": "minutes",
        "sla_compliance_percentage": "percent",
    },
    required=frozenset({"snapshot_time", "total_items", "average_wait_time_minutes"}),
    key=_QUEUE_KEY,
)
INTERVALS = Kind(
    path="kpi",
    time="interval_start",
    fields=_PLACE
    | {
        "interval_start": "time",
        "as_of": "time",
        "interval_minutes": "count",
        "offered": "count",
        "answered": "count",
        "answered_in_target": "count",
        "abandoned": "count",
        "abandoned_in_target": "count",
        "waiting_now": "count",
        "waiting_past_target": "count",
        "agents": "count",
        "agents_available": "count",
        "agents_on_contact": "count",
        "agents_after_contact": "count",
        "wait_seconds": "seconds",
        "handle_seconds": "seconds",
        "available_seconds": "seconds",
        "other_productive_seconds": "seconds",
        "paid_seconds": "seconds",
        "longest_wait_seconds": "seconds",
    },
    required=frozenset(
        {
            "interval_start",
            "interval_minutes",
            "offered",
            "answered",
            "answered_in_target",
            "abandoned",
            "handle_seconds",
            "available_seconds",
            "agents",
        }
    ),
    key=_QUEUE_KEY,
    level_required=frozenset({"interval_start", "interval_minutes", "agents"}),
)
ATTENDANCE = Kind(
    path="attendance",
    time="snapshot_time",
    fields={
        "organization_id": "text",
        "department_id": "text",
        "site_id": "text",
        "employee_id": "text",
        "employee_name": "text",
        "snapshot_time": "time",
        "status": "choice",
        "checked_in_at": "time",
        "checked_out_at": "time",
        "shift_start": "time",
        "shift_end": "time",
    },
    required=frozenset({"employee_id", "snapshot_time", "status"}),
    key=("organization_id", "employee_id"),
    choices={"status": STATUSES},
)
SHIFTS = Kind(
    path="shifts",
    time="start",
    fields={
        "organization_id": "text",
        "department_id": "text",
        "shift_id": "text",
        "employee_id": "text",
        "employee_name": "text",
        "queue_names": "texts",
        "start": "time",
        "end": "time",
        "kind": "choice",
    },
    required=frozenset({"department_id", "shift_id", "employee_id", "start", "end", "kind"}),
    key=("organization_id", "shift_id"),
    choices={"kind": ("work", "break", "training", "leave", "day_off")},
)
KINDS = {"backlog": BACKLOG, "intervals": INTERVALS, "attendance": ATTENDANCE, "shifts": SHIFTS}
