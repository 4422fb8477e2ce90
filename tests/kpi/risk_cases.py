"""The textbook queue of DOMAIN 1.6 at the start of an interval, as the SLA risk takes it."""

from typing import Any

from kpi.formulas import SlaRisk, sla_risk

QUEUE: dict[str, Any] = {
    "interval_seconds": 1800.0,
    "elapsed_seconds": 0.0,
    "forecast_calls": 100,
    "offered": 0,
    "judged": 0,
    "in_target": 0,
    "waiting": 0,
    "waiting_past_target": 0,
    "aht_seconds": 180.0,
    "agents": 14,
    "target_service_level": 0.8,
    "target_seconds": 20.0,
}
HALF = {"elapsed_seconds": 900.0, "offered": 52, "judged": 50, "in_target": 41}
"""So many were offered, judged and in target after half of the interval."""


def risk_of(**change: Any) -> SlaRisk:
    return sla_risk(**{**QUEUE, **change})
