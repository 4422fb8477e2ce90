"""Events of alerts: the whole alert at each of its transitions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from msgspec import UNSET, UnsetType, structs

from alerts.choices import SYSTEM, Resolution, Severity, Source, Status
from alerts.models import Alert
from intraday.org.models import Scope
from realtime.protocol.messages import Payload, Timestamp, scope_fields

if TYPE_CHECKING:
    SeverityWord = str
    SourceWord = str
    StatusWord = str
    ResolutionWord = str
else:
    SeverityWord, SourceWord, StatusWord, ResolutionWord = (
        Literal[tuple(choice.value for choice in choices)] for choices in (Severity, Source, Status, Resolution)
    )
Value = float | str | None
PEOPLE: Mapping[str, Any] = dict.fromkeys(("acknowledged_by", "resolved_by", "note"), UNSET)
"""The fields that tell of people or were written by them, as those get them who may not see them."""


class AlertChanged(Payload, frozen=True, kw_only=True):
    """An alert as it is now. `pending` waits for a person. Fields of what has not happened are left out. Callers who
    may not see colleagues do not get `acknowledged_by`, `resolved_by` and `note`."""

    on_walls: ClassVar[Mapping[str, Any] | None] = PEOPLE

    alert_id: str
    rule_id: str
    rule_name: str
    alert_type: str
    severity: SeverityWord
    source: SourceWord
    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    message: str
    metric: str
    unit: str
    current_value: Value
    threshold_value: Value
    status: StatusWord
    triggered_at: Timestamp
    acknowledged_at: Timestamp | UnsetType = UNSET
    acknowledged_by: str | UnsetType = UNSET
    resolved_at: Timestamp | UnsetType = UNSET
    resolved_by: str | UnsetType = UNSET
    resolution: ResolutionWord | UnsetType = UNSET
    condition_cleared_at: Timestamp | UnsetType = UNSET
    note: str | UnsetType = UNSET
    occurrence_count: int
    last_seen_at: Timestamp
    breaching_since: Timestamp | UnsetType = UNSET
    peak_value: Value
    escalation_level: int
    suppressed: bool
    snoozed_until: Timestamp | UnsetType = UNSET
    group_key: str
    previous_alert_id: str | UnsetType = UNSET
    runbook: str | UnsetType = UNSET
    version: int

    def redacted(self) -> Self | None:
        hidden = {name: UNSET for name in PEOPLE if getattr(self, name) not in (UNSET, SYSTEM)}
        return structs.replace(self, **hidden) if hidden else None

    @property
    def requires_ack(self) -> bool:
        return self.severity in ("high", "critical")

    @classmethod
    def with_stand_ins(cls, stated: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "metric": stated.get("alert_type", ""),
            "unit": "",
            "occurrence_count": 1,
            "last_seen_at": stated.get("triggered_at"),
            "peak_value": stated.get("current_value"),
            "escalation_level": 0,
            "suppressed": False,
            "group_key": stated.get("rule_id", ""),
            "version": 1,
            **stated,
        }

    @classmethod
    def of(cls, row: Alert, scope: Scope, **extra: Any) -> Self:
        return cls(
            alert_id=str(row.pk),
            rule_id=str(row.rule_id),
            rule_name=row.rule_name,
            alert_type=row.alert_type,
            severity=row.severity,
            source=row.source,
            **scope_fields(scope),
            message=row.message,
            metric=row.metric,
            unit=row.unit,
            current_value=row.current_value,
            threshold_value=row.threshold_value,
            status=row.status,
            triggered_at=row.triggered_at,
            acknowledged_at=row.acknowledged_at or UNSET,
            acknowledged_by=row.acknowledged_by or UNSET,
            resolved_at=row.resolved_at or UNSET,
            resolved_by=row.resolved_by or UNSET,
            resolution=row.resolution or UNSET,
            condition_cleared_at=row.condition_cleared_at or UNSET,
            note=row.note or UNSET,
            occurrence_count=row.occurrence_count,
            last_seen_at=row.last_seen_at,
            breaching_since=row.breaching_since or UNSET,
            peak_value=row.peak_value,
            escalation_level=row.escalation_level,
            suppressed=row.suppressed,
            snoozed_until=row.snoozed_until or UNSET,
            group_key=f"{row.source}:{scope}",
            previous_alert_id=str(row.previous_id) if row.previous_id else UNSET,
            runbook=row.runbook or UNSET,
            version=row.version,
            **extra,
        )


class AlertTriggered(AlertChanged, frozen=True, kw_only=True):
    """`alert:triggered`: new, or risen in severity; with `reminder` it waits still, or again: its acknowledgement or
    its silence has run out."""

    event: ClassVar[str] = "alert:triggered"

    reminder: bool = False


class AlertAcknowledged(AlertChanged, frozen=True, kw_only=True):
    event: ClassVar[str] = "alert:acknowledged"


class AlertResolved(AlertChanged, frozen=True, kw_only=True):
    event: ClassVar[str] = "alert:resolved"


class AlertEscalated(AlertChanged, frozen=True, kw_only=True):
    event: ClassVar[str] = "alert:escalated"


class AlertUpdated(AlertChanged, frozen=True, kw_only=True):
    """`alert:updated`: the status stays, something else changed: snoozed, silenced, its condition cleared, its rule
    edited; or its value or message moved, which is said at most once a minute and leaves the version as it was."""

    event: ClassVar[str] = "alert:updated"
