"""The arithmetic of the KPI service. Pure: no database, no clock. Shares are fractions 0-1, times are in seconds."""

from kpi.formulas.deferred import burn_down_agents, deadline_agents, projected_breaches
from kpi.formulas.erlang import ErlangC, Staffing, effective_aht_seconds, erlang_c, offered_load, required_agents
from kpi.formulas.erlang_a import ErlangA, erlang_a, required_agents_with_abandonment
from kpi.formulas.heads import share_heads
from kpi.formulas.health import DEFAULT_WEIGHTS, HealthScore, Weights, health_label, health_score
from kpi.formulas.intervals import elapsed_share, prorated
from kpi.formulas.numeric import exact
from kpi.formulas.risk import RiskLevel, SlaRisk, risk_level, sla_risk
from kpi.formulas.service import (
    AbandonPolicy,
    DayRecovery,
    aht_seconds,
    day_recovery,
    mean_seconds,
    measured_service_level,
    volume_variance,
)
from kpi.formulas.staffing import (
    GapStatus,
    HeadcountGap,
    OccupancyStatus,
    headcount_gap,
    occupancy,
    occupancy_status,
    scheduled_heads,
    utilization,
)
from kpi.formulas.volume import (
    Judgement,
    Span,
    Trailing,
    add_trailing,
    comparable,
    finest,
    judge_volume,
    nothing_offered,
    reforecast_ratio,
    trailing,
)

__all__ = [
    "DEFAULT_WEIGHTS",
    "AbandonPolicy",
    "DayRecovery",
    "ErlangA",
    "ErlangC",
    "GapStatus",
    "HeadcountGap",
    "HealthScore",
    "Judgement",
    "OccupancyStatus",
    "RiskLevel",
    "SlaRisk",
    "Span",
    "Staffing",
    "Trailing",
    "Weights",
    "add_trailing",
    "aht_seconds",
    "burn_down_agents",
    "comparable",
    "day_recovery",
    "deadline_agents",
    "effective_aht_seconds",
    "elapsed_share",
    "erlang_a",
    "erlang_c",
    "exact",
    "finest",
    "headcount_gap",
    "health_label",
    "health_score",
    "judge_volume",
    "mean_seconds",
    "measured_service_level",
    "nothing_offered",
    "occupancy",
    "occupancy_status",
    "offered_load",
    "projected_breaches",
    "prorated",
    "reforecast_ratio",
    "required_agents",
    "required_agents_with_abandonment",
    "risk_level",
    "scheduled_heads",
    "share_heads",
    "sla_risk",
    "trailing",
    "utilization",
    "volume_variance",
]
from kpi.formulas.temporary import day_recovery_probability, implausible, interval_level
