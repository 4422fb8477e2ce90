"""The events of the KPI service. Percent are 0-100, rounded at this edge; a null has its reason in `reasons`."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from msgspec import UNSET, Struct, UnsetType

from kpi.pipeline.state import State
from realtime.protocol.messages import Payload, Timestamp

OCCUPANCY_TARGETS = (75.0, 88.0)
"""The occupancy, in percent, that is neither idle nor wearing (DOMAIN 3.2)."""


class Utilization(Struct, frozen=True, kw_only=True):
    """The load of agents (DOMAIN 3.2). Utilization is the COPC form, of paid time; `status` judges occupancy.

    `lower_bound` is true where agents handle several contacts at once: they are at least that busy (DOMAIN 1.4).
    """

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
    lower_bound: bool | UnsetType = UNSET


class HeadcountGap(Struct, frozen=True, kw_only=True):
    """Available minus required agents of the running interval (DOMAIN 3.3): negative is short. All are heads at work.

    A person is counted once. `available_source`: "feed" is a distinct count posted for a department or organization,
    "acd_overlapping" a sum of the ACD's counts in which people of several queues may be more than one.
    `short_percent` is 0 inside the dead-band.
    """

    required: int | None
    scheduled: int | None
    available: int | None
    available_source: Literal["acd", "attendance", "feed", "acd_overlapping"] | None
    gap: int | None
    shortfall: int | None
    gap_percent: float | None
    status: Literal["balanced", "understaffed", "overstaffed", "critical_understaffed"] | None
    method: Literal["erlang_c", "erlang_a", "workload", "manual"] | None
    interval_start: Timestamp | None
    short_percent: float | None = None


class SlaRisk(Struct, frozen=True, kw_only=True):
    """The chance that the running interval misses its service level, given all that is known (DOMAIN 1.9, 3.3), and
    that the next full one will (`outlook_risk`). Above queues: the maximum.

    `required_rest` is the percent of the contacts still to come in this interval that must be in target: above 100 it
    is lost. `day_recovery_probability` is the chance in percent that the day still reaches its target.
    """

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
    outlook_risk: float | None = None
    required_rest: float | None = None
    day_recovery_probability: float | None = None


class Service(Struct, frozen=True, kw_only=True):
    """The contacts of the newest measured interval so far (the running one, or the one that has just ended), and of
    today. Above queues: of realtime queues alone (`deferred` has the others).

    `service_level` counts every caller who waits past the target as missed; `service_level_answered` is of those
    answered, for reading only. `expected` contacts are of the running interval: the forecast times `reforecast_ratio`,
    corrected by its own run. `volume_variance_percent` compares `day_offered` with `day_forecast`: the same time of
    today, drops in volume left out.
    """

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
    interval_start: Timestamp | None = None
    service_level_answered: float | None = None
    waiting_past_target: int | None = None
    forecast_so_far: float | None = None
    expected: float | None = None
    reforecast_ratio: float | None = None
    day_offered: float | None = None
    day_forecast: float | None = None


class DeferredWork(Struct, frozen=True, kw_only=True):
    """Mails and cases of the deferred queues inside a level: never added to callers (DOMAIN 3.13)."""

    queues: int
    offered: int | None
    answered: int | None
    forecast: float | None
    aht_seconds: float | None
    required: int | None
    available: int | None
    risk_score: float | None


class VolumeDrop(Struct, frozen=True, kw_only=True):
    """Far fewer contacts than forecast: first of all a broken line (DOMAIN 1.9). `inherited`: judged on a level above,
    where this queue was offered nothing."""

    since: Timestamp
    offered: float
    forecast: float
    span_minutes: float
    inherited: bool


class Changes(Struct, frozen=True, kw_only=True):
    """Against the snapshot before; all 0 and no baseline where there is none within 15 minutes (DOMAIN 3.5)."""

    utilization_change: float = 0.0
    headcount_gap_change: float = 0.0
    sla_risk_change: float = 0.0
    health_score_change: float = 0.0
    baseline_timestamp: Timestamp | None = None


class Health(Struct, frozen=True, kw_only=True):
    """The parts of `health_score`, each 0-100, and the state that capped it (DOMAIN 3.4)."""

    sla: float | None
    staffing: float | None
    utilization: float | None
    cap_reason: str | None


class KPIChanged(Payload, frozen=True, kw_only=True):
    """`kpi:update`: the figures of a scope and their judgement, `state`. `timestamp` is the instant it was computed
    for, `as_of` that of its newest input; `latest` is false for a computation older than the newest, which moves
    nothing.
    """

    event: ClassVar[str] = "kpi:update"
    on_walls: ClassVar[Mapping[str, Any] | None] = {}

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
    quality: Literal["ok", "partial", "suspect", "stale", "no_data"]
    as_of: Timestamp | None
    computed_at: Timestamp
    data_age_seconds: float | None
    latest: bool
    closed_until: Timestamp | UnsetType = UNSET
    reasons: dict[str, str] | UnsetType = UNSET
    state: State | UnsetType = UNSET
    deferred: DeferredWork | UnsetType = UNSET
    volume: VolumeDrop | UnsetType = UNSET

    @classmethod
    def with_stand_ins(cls, stated: Mapping[str, Any]) -> dict[str, Any]:
        low, high = OCCUPANCY_TARGETS
        utilization = {"target_min": low, "target_max": high, **stated.get("utilization", {})}
        own = {"snapshot_id": str(uuid.uuid4()), "computed_at": stated.get("timestamp")}
        return {**own, "quality": "partial", "latest": True, **stated, "utilization": utilization}
