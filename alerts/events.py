"""What alerts publish: the whole record at each of its transitions."""

from typing import ClassVar, Literal

from msgspec import UNSET, UnsetType

from realtime.protocol import Payload, Timestamp

Severity = Literal["low", "medium", "high", "critical"]


class AlertChanged(Payload, frozen=True, kw_only=True):
    """An alert as it is now. `pending` waits for a person. Fields of what has not happened are left out."""

    alert_id: str
    rule_id: str
    rule_name: str
    alert_type: str
    severity: Severity
    source: Literal["kpi", "backlog", "attendance", "schedule"]
    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    message: str
    metric: str
    unit: str
    current_value: float | str | None
    threshold_value: float | str | None
    status: Literal["pending", "acknowledged", "resolved"]
    triggered_at: Timestamp
    acknowledged_at: Timestamp | UnsetType = UNSET
    acknowledged_by: str | UnsetType = UNSET
    resolved_at: Timestamp | UnsetType = UNSET
    resolved_by: str | UnsetType = UNSET
    resolution: Literal["manual", "auto", "no_data", "rule_disabled", "orphaned"] | UnsetType = UNSET
    note: str | UnsetType = UNSET
    occurrence_count: int
    last_seen_at: Timestamp
    peak_value: float | str | None
    escalation_level: int
    suppressed: bool
    snoozed_until: Timestamp | UnsetType = UNSET
    group_key: str
    previous_alert_id: str | UnsetType = UNSET
    runbook: str | UnsetType = UNSET
    version: int

    @property
    def requires_ack(self) -> bool:
        return self.severity in ("high", "critical")


class AlertTriggered(AlertChanged, frozen=True, kw_only=True):
    """`alert:triggered`: new, risen in severity, or waiting again because its acknowledgement ran out (`reminder`)."""

    event: ClassVar[str] = "alert:triggered"

    reminder: bool = False


class AlertAcknowledged(AlertChanged, frozen=True, kw_only=True):
    event: ClassVar[str] = "alert:acknowledged"


class AlertResolved(AlertChanged, frozen=True, kw_only=True):
    event: ClassVar[str] = "alert:resolved"


class AlertEscalated(AlertChanged, frozen=True, kw_only=True):
    event: ClassVar[str] = "alert:escalated"
