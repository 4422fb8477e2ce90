"""The chance that a running interval misses its service level (DOMAIN 1.9, 3.3)."""

import math
from dataclasses import dataclass
from typing import Literal

from kpi.formulas.erlang import erlang_c
from kpi.formulas.numeric import beta_cdf, not_negative, share

CORRELATION = 1.3
"""How many handling times the waits of one interval stay correlated; fitted to simulation (DOMAIN 1.9)."""
MEDIUM, HIGH, CRITICAL = 0.45, 0.65, 0.85

RiskLevel = Literal["low", "medium", "high", "critical"]
Method = Literal["erlang_c", "fluid"]


@dataclass(frozen=True, slots=True)
class SlaRisk:
    """`risk` 0-1; `projected_queue_end` callers waiting when the interval ends; no ASA in an overloaded queue."""

    risk: float
    projected_service_level: float
    projected_asa_seconds: float | None
    projected_queue_end: float
    unstable: bool
    method: Method


def risk_level(risk: float) -> RiskLevel:
    """The bands start at 0.45 because a correctly staffed 80/20 queue is at 0.27-0.40."""
    if risk < MEDIUM:
        return "low"
    if risk < HIGH:
        return "medium"
    return "high" if risk < CRITICAL else "critical"


def sla_risk(
    *,
    calls: float,
    interval_seconds: float,
    aht_seconds: float,
    agents: float,
    target_service_level: float,
    target_seconds: float,
    waiting: float = 0,
) -> SlaRisk:
    """Risk of `calls` expected in the interval, with `waiting` callers standing in the queue at its begin.

    The steady state's service level is Beta distributed with the variance of correlated waits. A standing queue that
    cannot be answered within the target is drained as a fluid first; a load above the agents never recovers.
    """
    not_negative(waiting=waiting)
    share("target_service_level", target_service_level)
    steady = erlang_c(
        calls=calls,
        interval_seconds=interval_seconds,
        aht_seconds=aht_seconds,
        agents=agents,
        target_seconds=target_seconds,
    )
    heads = math.floor(agents)
    if steady.unstable or (waiting and not heads):
        answered = heads * interval_seconds / aht_seconds if heads else 0.0
        return SlaRisk(1.0, 0.0, None, max(0.0, waiting + calls - answered), unstable=True, method="fluid")
    found = _Drain.of(waiting, calls / interval_seconds, heads, aht_seconds)
    if not found or found.wait_seconds <= target_seconds:
        return SlaRisk(
            risk=_risk(steady.service_level, target_service_level, calls, aht_seconds / interval_seconds),
            projected_service_level=steady.service_level,
            projected_asa_seconds=steady.asa_seconds,
            projected_queue_end=steady.queue_length or 0.0,
            unstable=False,
            method="erlang_c",
        )
    level = steady.service_level * (1 - found.share_above(target_seconds, interval_seconds))
    return SlaRisk(
        risk=_risk(level, target_service_level, calls + waiting, aht_seconds / interval_seconds),
        projected_service_level=level,
        projected_asa_seconds=found.mean_wait(interval_seconds, steady.asa_seconds or 0.0),
        projected_queue_end=max(steady.queue_length or 0.0, found.left(interval_seconds)),
        unstable=False,
        method="fluid",
    )


def _risk(level: float, target: float, contacts: float, aht_of_interval: float) -> float:
    """BetaCDF(target) with mean p and variance p(1-p) * min(.999, g + 1/n), g = 2x - 2x^2 (1 - e^(-1/x)),
    x = 1.3*AHT/L: one interval varies 18 to 99 times as much as independent waits would."""
    if level >= 1 or level <= 0:
        return float(level < target)
    x = CORRELATION * aht_of_interval
    correlated = 2 * x + 2 * x * x * math.expm1(-1 / x) if x else 0.0
    spread = min(0.999, max(0.0, correlated) + (1 / contacts if contacts else 1.0))
    concentration = 1 / spread - 1
    return beta_cdf(target, level * concentration, (1 - level) * concentration)


@dataclass(frozen=True, slots=True)
class _Drain:
    """A standing queue that shrinks: w(t) = max(0, (Q + (lambda - c)t) / c), c = N/AHT > lambda."""

    waiting: float
    capacity: float
    surplus: float

    @classmethod
    def of(cls, waiting: float, arrival: float, heads: int, aht_seconds: float) -> "_Drain | None":
        if not waiting or not aht_seconds:
            return None
        capacity = heads / aht_seconds
        return cls(waiting, capacity, capacity - arrival)

    @property
    def wait_seconds(self) -> float:
        return self.waiting / self.capacity

    def share_above(self, target_seconds: float, interval_seconds: float) -> float:
        """Part of the interval in which whoever joins waits longer than the target."""
        return min(1.0, (self.waiting - target_seconds * self.capacity) / self.surplus / interval_seconds)

    def mean_wait(self, interval_seconds: float, after: float) -> float:
        """Of the whole interval: the fluid's while it drains, then `after`."""
        draining = min(interval_seconds, self.waiting / self.surplus)
        mean = (self.waiting + self.left(draining)) / 2 / self.capacity
        return after + (mean - after) * draining / interval_seconds

    def left(self, seconds: float) -> float:
        return max(0.0, self.waiting - self.surplus * seconds)
