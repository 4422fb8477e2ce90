"""The arithmetic of the KPI service. Pure: no database, no clock. Shares are fractions 0-1, times are in seconds."""

from kpi.formulas.deferred import burn_down_agents, deadline_agents, projected_breaches
from kpi.formulas.erlang import ErlangC, Staffing, effective_aht_seconds, erlang_c, offered_load, required_agents
from kpi.formulas.erlang_a import ErlangA, erlang_a, required_agents_with_abandonment
from kpi.formulas.health import DEFAULT_WEIGHTS, HealthScore, Weights, health_label, health_score
from kpi.formulas.intervals import elapsed_share, prorated
from kpi.formulas.risk import RiskLevel, SlaRisk, risk_level, sla_risk
from kpi.formulas.service import (
    AbandonPolicy,
    DayRecovery,
    abandon_rate,
    aht_seconds,
    carried_slack,
    day_recovery,
    implausible,
    mean_seconds,
    measured_service_level,
    reforecast_ratio,
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

__all__ = [
    "DEFAULT_WEIGHTS",
    "AbandonPolicy",
    "DayRecovery",
    "ErlangA",
    "ErlangC",
    "GapStatus",
    "HeadcountGap",
    "HealthScore",
    "OccupancyStatus",
    "RiskLevel",
    "SlaRisk",
    "Staffing",
    "Weights",
    "abandon_rate",
    "aht_seconds",
    "burn_down_agents",
    "carried_slack",
    "day_recovery",
    "deadline_agents",
    "effective_aht_seconds",
    "elapsed_share",
    "erlang_a",
    "erlang_c",
    "headcount_gap",
    "health_label",
    "health_score",
    "implausible",
    "mean_seconds",
    "measured_service_level",
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
    "sla_risk",
    "utilization",
    "volume_variance",
]
