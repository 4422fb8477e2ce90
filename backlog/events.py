"""What the backlog publishes."""

from typing import ClassVar, Literal

from msgspec import UNSET, UnsetType

from backlog.models import Snapshot
from intraday.org.models import Scope
from intraday.rounding import half_up
from realtime.protocol import Payload, Timestamp


class BacklogChanged(Payload, frozen=True, kw_only=True):
    """`backlog:update`: how much work waits in a scope. Percent are 0-100, waits and ages minutes.

    `items_over_sla` have breached already, `items_at_risk` will soon. A null has its reason in `reasons`.
    """

    event: ClassVar[str] = "backlog:update"

    snapshot_id: str
    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    timestamp: Timestamp
    total_items: int
    avg_wait_time_minutes: float
    items_over_sla: int | None
    sla_compliance_percentage: float | None
    backlog_trend: Literal["growing", "stable", "decreasing"]
    items_added_this_interval: int
    items_completed_this_interval: int
    items_at_risk: int | None
    oldest_item_age_minutes: float | None
    flow_source: Literal["explicit", "counters", "net_inferred", "none"]
    interval_seconds: float | None
    slope_per_hour: float | None
    quality: Literal["ok", "partial", "stale"]
    derived: bool
    reasons: dict[str, str] | UnsetType = UNSET

    @classmethod
    def of(cls, row: Snapshot, scope: Scope) -> "BacklogChanged":
        return cls(
            snapshot_id=str(row.pk),
            organization_id=scope.organization_id,
            department_id=scope.department_id or UNSET,
            queue_name=scope.queue_name or UNSET,
            timestamp=row.time,
            total_items=row.total_items,
            avg_wait_time_minutes=half_up(row.average_wait_minutes) or 0.0,
            items_over_sla=row.over_sla,
            sla_compliance_percentage=half_up(row.compliance),
            backlog_trend=row.trend,  # type: ignore[arg-type]
            items_added_this_interval=row.added,
            items_completed_this_interval=row.completed,
            items_at_risk=row.items_at_risk,
            oldest_item_age_minutes=half_up(row.oldest_age_minutes),
            flow_source=row.flow_source,  # type: ignore[arg-type]
            interval_seconds=half_up(row.interval_seconds),
            slope_per_hour=half_up(row.slope_per_hour),
            quality=row.quality,  # type: ignore[arg-type]
            derived=row.derived,
            reasons=_reasons(row) or UNSET,
        )


def _reasons(row: Snapshot) -> dict[str, str]:
    missing = {
        "items_over_sla": (row.over_sla, "the feed says neither how many items are over SLA nor at risk"),
        "sla_compliance_percentage": (row.compliance, "the feed says neither compliance nor items over SLA"),
        "items_at_risk": (row.items_at_risk, "the feed does not say it"),
        "oldest_item_age_minutes": (row.oldest_age_minutes, "the feed does not say it"),
        "interval_seconds": (row.interval_seconds, "first snapshot of this scope"),
        "slope_per_hour": (row.slope_per_hour, "fewer than 4 snapshots within 90 minutes"),
    }
    return {name: reason for name, (value, reason) in missing.items() if value is None}
