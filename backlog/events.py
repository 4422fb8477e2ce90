"""Payloads of backlog events."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from msgspec import UNSET, Struct, UnsetType

from backlog.models import Snapshot
from intraday.org.models import Scope
from intraday.values.rounding import half_up
from realtime.protocol.messages import Payload, Timestamp, scope_fields


class AgeBucket(Struct, frozen=True):
    """The number of waiting items that are at least that old."""

    older_than_minutes: float
    items: int


Trend = Literal["growing", "stable", "decreasing"]
FlowSource = Literal["explicit", "counters", "net_inferred", "none"]


class BacklogChanged(Payload, frozen=True, kw_only=True):
    """`backlog:update`: how much work waits in a scope. Percent are 0-100, waits and ages minutes.

    `items_over_sla` have breached already, `items_at_risk` will soon. A null has its reason in `reasons`.
    `items_added_this_interval` and `items_completed_this_interval` happened since the previous figure of the scope;
    over a local day they add up to what was posted, above queues to what the queues inside posted. There they may be
    below zero, where a feed corrected an earlier count downwards. `added_per_hour` and `completed_per_hour` are the
    rates of the trailing hour. `age_profile` is left out where the feed, or a queue inside, does not send it.
    """

    event: ClassVar[str] = "backlog:update"
    on_walls: ClassVar[Mapping[str, Any] | None] = {}

    snapshot_id: str
    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    timestamp: Timestamp
    total_items: int
    avg_wait_time_minutes: float
    items_over_sla: int | None
    sla_compliance_percentage: float | None
    backlog_trend: Trend
    items_added_this_interval: int
    items_completed_this_interval: int
    items_at_risk: int | None
    oldest_item_age_minutes: float | None
    flow_source: FlowSource
    interval_seconds: float | None
    added_per_hour: float | None
    completed_per_hour: float | None
    slope_per_hour: float | None
    quality: Literal["ok", "partial", "stale"]
    derived: bool
    age_profile: list[AgeBucket] | UnsetType = UNSET
    reasons: dict[str, str] | UnsetType = UNSET

    @classmethod
    def with_stand_ins(cls, stated: Mapping[str, Any]) -> dict[str, Any]:
        return {"flow_source": "explicit", "quality": "partial", "derived": False, **stated}

    @classmethod
    def of(cls, row: Snapshot, scope: Scope) -> "BacklogChanged":
        return cls(
            snapshot_id=str(row.pk),
            **scope_fields(scope),
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
            added_per_hour=half_up(row.added_per_hour),
            completed_per_hour=half_up(row.completed_per_hour),
            slope_per_hour=half_up(row.slope_per_hour),
            quality=row.quality,  # type: ignore[arg-type]
            derived=row.derived,
            age_profile=[AgeBucket(**bucket) for bucket in row.age_profile] if row.age_profile else UNSET,
            reasons=_reasons(row) or UNSET,
        )


_NO_RATES = "less than 10 minutes of the last hour have flows that are stated or counted"
_NO_RATES_INSIDE = "not known of every queue inside"


def _reasons(row: Snapshot) -> dict[str, str]:
    no_rates = _NO_RATES_INSIDE if row.derived else _NO_RATES
    missing = {
        "items_over_sla": (row.over_sla, "the feed says neither how many items are over SLA nor at risk"),
        "sla_compliance_percentage": (row.compliance, "the feed says neither compliance nor items over SLA"),
        "items_at_risk": (row.items_at_risk, "the feed does not say it"),
        "oldest_item_age_minutes": (row.oldest_age_minutes, "the feed does not say it"),
        "interval_seconds": (row.interval_seconds, "first snapshot of this scope"),
        "added_per_hour": (row.added_per_hour, no_rates),
        "completed_per_hour": (row.completed_per_hour, no_rates),
        "slope_per_hour": (row.slope_per_hour, "fewer than 4 snapshots, a minute or more apart, within 90 minutes"),
    }
    return {name: reason for name, (value, reason) in missing.items() if value is None}
