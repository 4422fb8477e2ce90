"""The arithmetic of the KPI service. Pure: no database, no clock. Shares are fractions 0-1, times are in seconds."""

from kpi.formulas.deferred import Breaches, ages_of, burn_down_agents, deadline_agents, projected_breaches
from kpi.formulas.erlang import ErlangC, Staffing, erlang_c, offered_load, required_agents
from kpi.formulas.erlang_a import ErlangA, erlang_a, required_agents_with_abandonment
from kpi.formulas.heads import share_heads
from kpi.formulas.health import DEFAULT_WEIGHTS, HealthScore, Weights, health_label, health_score
from kpi.formulas.intervals import elapsed_share, prorated
from kpi.formulas.numeric import exact
from kpi.formulas.recovery import DayRecovery, IntervalLevel, day_recovery, day_recovery_probability, interval_level
from kpi.formulas.risk import RiskLevel, SlaRisk, risk_level, sla_risk
from kpi.formulas.service import (
    AbandonPolicy,
    aht_seconds,
    mean_seconds,
    measured_service_level,
    volume_variance,
)
from kpi.formulas.staffing import (
    GapStatus,
    HeadcountGap,
    OccupancyStatus,
    agents_for_slots,
    headcount_gap,
    occupancy,
    occupancy_status,
    scheduled_heads,
    slots,
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
    "Breaches",
    "DayRecovery",
    "ErlangA",
    "ErlangC",
    "GapStatus",
    "HeadcountGap",
    "HealthScore",
    "IntervalLevel",
    "Judgement",
    "OccupancyStatus",
    "RiskLevel",
    "SlaRisk",
    "Span",
    "Staffing",
    "Trailing",
    "Weights",
    "add_trailing",
    "agents_for_slots",
    "ages_of",
    "aht_seconds",
    "burn_down_agents",
    "comparable",
    "day_recovery",
    "day_recovery_probability",
    "deadline_agents",
    "elapsed_share",
    "erlang_a",
    "erlang_c",
    "exact",
    "finest",
    "headcount_gap",
    "health_label",
    "health_score",
    "interval_level",
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
    "slots",
    "trailing",
    "utilization",
    "volume_variance",
]
