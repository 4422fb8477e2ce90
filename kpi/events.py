"""What the KPI service publishes. Percent are 0-100, rounded at this edge; a null has its reason in `reasons`."""

from typing import ClassVar, Literal

from msgspec import UNSET, Struct, UnsetType

from realtime.protocol import Payload, Timestamp


class Utilization(Struct, frozen=True, kw_only=True):
    """How busy agents are (DOMAIN 3.2). Utilization is the COPC form, of paid time; `status` judges occupancy."""

    current_utilization: float | None
    occupancy: float | None
    target_min: float
    target_max: float
    status: Literal["low", "ok", "high", "critical"] | None
    productive_seconds: float | None
    paid_seconds: float | None
    handle_seconds: float | None
    ready_seconds: float | None
    agents_on_shift: int | None
    window_seconds: float | None


class HeadcountGap(Struct, frozen=True, kw_only=True):
    """Available minus required agents of the running interval (DOMAIN 3.3): negative is short."""

    required: int | None
    scheduled: int | None
    available: int | None
    available_source: Literal["acd", "attendance"] | None
    gap: int | None
    shortfall: int | None
    gap_percent: float | None
    status: Literal["balanced", "understaffed", "overstaffed", "critical_understaffed"] | None
    method: Literal["erlang_c", "erlang_a", "workload", "manual"] | None
    interval_start: Timestamp | None


class SlaRisk(Struct, frozen=True, kw_only=True):
    """The chance that the running interval misses its service level (DOMAIN 1.9, 3.3). Above queues: the maximum."""

    risk_score: float | None
    risk_level: Literal["low", "medium", "high", "critical"] | None
    projected_service_level: float | None
    target_service_level: float | None
    target_seconds: float | None
    projected_asa_seconds: float | None
    unstable: bool | None
    projected_queue_end: float | None
    day_service_level: float | None
    day_required_rest: float | None
    day_recoverable: bool | None
    method: Literal["erlang_c", "erlang_a", "fluid", "workload"] | None
    queues_at_risk: int | UnsetType = UNSET


class Service(Struct, frozen=True, kw_only=True):
    """What callers met in the newest measured interval so far, and today: the running one, or the one that has just
    ended. Its volume is compared with its own forecast. Volume and handling time are of deferred work, too;
    levels and waits of realtime queues alone, also above queues."""

    offered: int | None
    forecast: float | None
    volume_variance_percent: float | None
    answered: int | None
    abandoned: int | None
    abandon_rate: float | None
    service_level: float | None
    day_service_level: float | None
    asa_seconds: float | None
    aht_seconds: float | None
    waiting_now: int | None
    longest_wait_seconds: float | None


class Changes(Struct, frozen=True, kw_only=True):
    """Against the snapshot before; all 0 and no baseline where there is none within 15 minutes (DOMAIN 3.5)."""

    utilization_change: float = 0.0
    headcount_gap_change: float = 0.0
    sla_risk_change: float = 0.0
    health_score_change: float = 0.0
    baseline_timestamp: Timestamp | None = None


class Health(Struct, frozen=True, kw_only=True):
    """What `health_score` is made of, each 0-100, and why it was capped (DOMAIN 3.4)."""

    sla: float | None
    staffing: float | None
    utilization: float | None
    cap_reason: str | None


class KPIChanged(Payload, frozen=True, kw_only=True):
    """`kpi:update`: how a scope does. `timestamp` is the instant it was computed for, `as_of` that of its newest
    input; `latest` is false for a computation older than the newest, which moves nothing."""

    event: ClassVar[str] = "kpi:update"

    snapshot_id: str
    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    timestamp: Timestamp
    utilization: Utilization
    headcount_gap: HeadcountGap
    sla_risk: SlaRisk
    health_score: float | None
    changes: Changes
    service: Service
    health: Health
    quality: Literal["ok", "partial", "stale", "no_data"]
    as_of: Timestamp | None
    computed_at: Timestamp
    data_age_seconds: float | None
    latest: bool
    closed_until: Timestamp | UnsetType = UNSET
    reasons: dict[str, str] | UnsetType = UNSET
