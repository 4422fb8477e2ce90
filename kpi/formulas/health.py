"""One figure for a scope's state, which cannot hide a red part behind green ones (DOMAIN 3.4)."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from kpi.formulas.risk import CRITICAL
from kpi.formulas.staffing import CRITICAL_SHARE, OCCUPANCY_TARGET_MAX, OCCUPANCY_TARGET_MIN

CAP_RISK = 40.0
CAP_STAFFING = 50.0
CAP_CRITICAL, CAP_AT_RISK = 40.0, 79.0

CapReason = Literal["critical", "at_risk", "suspect", "risk_critical", "critical_understaffed"]


class Weights(NamedTuple):
    sla: float = 0.5
    staffing: float = 0.3
    utilization: float = 0.2


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class HealthScore:
    """All 0-100, 100 is healthy; None where the input is missing. `cap_reason` names the cap that took effect."""

    score: float | None
    sla: float | None
    staffing: float | None
    utilization: float | None
    cap_reason: CapReason | None


def health_score(
    *,
    risk: float | None,
    gap_share: float | None,
    occupancy: float | None,
    weights: Weights = DEFAULT_WEIGHTS,
    level: str | None = None,
    suspect: bool = False,
    balanced: bool = False,
) -> HealthScore:
    """Weighted mean of the parts that are known, from the SLA risk, gap / required and occupancy (fractions).

    Capped by the scope's state `level`, at 40 when critical and at 79 at risk. Without a level: at 40 by a critical
    risk and at 50 by a fifth of the heads missing. No score while the volume is `suspect`; staffing is 100 while the
    heads are `balanced`. ValueError for weights below 0.
    """
    if min(weights) < 0:
        raise ValueError(f"weights are numbers from 0 up, not {weights}")
    parts = (
        None if risk is None else 100 * (1 - risk),
        100.0 if balanced else None if gap_share is None else _staffing(gap_share),
        None if occupancy is None else _utilization(occupancy),
    )
    score = None if suspect else _mean(weights, parts)
    if score is None:
        return HealthScore(None, *parts, cap_reason="suspect" if suspect else None)
    cap, reason = _cap(risk, gap_share) if level is None else _cap_of_state(level)
    return HealthScore(min(score, cap), *parts, cap_reason=reason if score > cap else None)


def _mean(weights: Weights, parts: tuple[float | None, ...]) -> float | None:
    known = [(weight, part) for weight, part in zip(weights, parts, strict=True) if part is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * part for weight, part in known) / total if total else None


def _staffing(gap_share: float) -> float:
    if gap_share < -0.02:
        return max(0.0, 100 * (1 - (-gap_share - 0.02) / 0.18))
    return 100.0 if gap_share <= 0.10 else max(60.0, 100 - 100 * (gap_share - 0.10))


def _utilization(occupancy: float) -> float:
    if occupancy > OCCUPANCY_TARGET_MAX:
        return max(0.0, 100 * (1 - (occupancy - OCCUPANCY_TARGET_MAX) / 0.12))
    return 100.0 if occupancy >= OCCUPANCY_TARGET_MIN else 40 + 60 * occupancy / OCCUPANCY_TARGET_MIN


def _cap_of_state(level: str) -> tuple[float, CapReason | None]:
    if level == "critical":
        return CAP_CRITICAL, "critical"
    return (CAP_AT_RISK, "at_risk") if level == "at_risk" else (100.0, None)


def _cap(risk: float | None, gap_share: float | None) -> tuple[float, CapReason | None]:
    if risk is not None and risk >= CRITICAL:
        return CAP_RISK, "risk_critical"
    if gap_share is not None and gap_share <= CRITICAL_SHARE:
        return CAP_STAFFING, "critical_understaffed"
    return 100.0, None
