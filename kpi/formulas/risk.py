"""The chance that a running interval misses its service level, given what is known of it (DOMAIN 1.9, 3.3)."""

import math
from dataclasses import dataclass
from typing import Literal

from kpi.formulas.chain import Goal, Rest, rest_of_interval
from kpi.formulas.numeric import beta_cdf, not_negative, positive, share
from kpi.formulas.service import AbandonPolicy
from kpi.formulas.waits import Server

FORECAST_CV = 0.08
"""How far a forecast of an interval is off, as a share of it."""
MEDIUM, HIGH, CRITICAL = 0.45, 0.65, 0.85
LEAST_AHT_SECONDS = 0.01
GROUPS = 64
"""Of callers in a long queue; those of one group have one probability."""

RiskLevel = Literal["low", "medium", "high", "critical"]
Method = Literal["erlang_c", "erlang_a", "fluid"]


@dataclass(frozen=True, slots=True)
class SlaRisk:
    """`risk` that this interval ends below its target, `outlook_risk` that the next one does, from the queue as it
    stands: 0-1. `projected_service_level` (0-1) is of the whole interval at its end, what is decided included;
    `required_rest` is the share in target that the rest needs (above 1: the interval is lost). `projected_queue_end`
    callers wait when it ends; `projected_asa_seconds` is of callers who arrive until then.

    None: `risk` and `projected_service_level` where nothing is decided and nobody is to come, `outlook_risk` where
    nobody is to come in the next interval, `required_rest` where nobody is to come in this one, `projected_asa_seconds`
    where there are no agents. `unstable`: contacts arrive faster than these agents can ever answer and callers do not
    give up; `method` is then "fluid", else the model of the requirement ("erlang_a" with patience).
    """

    risk: float | None
    outlook_risk: float | None
    projected_service_level: float | None
    required_rest: float | None
    projected_queue_end: float
    projected_asa_seconds: float | None
    method: Method
    unstable: bool


def risk_level(risk: float) -> RiskLevel:
    """The bands start at 0.45 because a correctly staffed 80/20 queue is at 0.27-0.40."""
    if risk < MEDIUM:
        return "low"
    if risk < HIGH:
        return "medium"
    return "high" if risk < CRITICAL else "critical"


@dataclass(frozen=True, slots=True)
class _Queue:
    """Agents, callers who stand in the queue, and the rate at which others arrive (a second)."""

    server: Server
    agents: int
    aht_seconds: float
    waiting: int
    past_target: int
    goal: Goal

    @classmethod
    def of(
        cls,
        *,
        agents: float,
        aht_seconds: float,
        waiting: float,
        waiting_past_target: float,
        patience_seconds: float | None,
        goal: Goal,
    ) -> "_Queue":
        heads, aht = math.floor(agents), max(aht_seconds, LEAST_AHT_SECONDS)
        server = Server(heads / aht, 1 / patience_seconds if patience_seconds else 0.0)
        return cls(server, heads, aht, int(waiting), int(min(waiting, waiting_past_target)), goal)

    def risk(self, *, arrival: float, seconds: float, judged: float, in_target: float) -> "_Risk":
        rest = rest_of_interval(
            arrival=arrival,
            server=self.server,
            agents=self.agents,
            aht_seconds=self.aht_seconds,
            waiting=self.waiting,
            seconds=seconds,
            goal=self.goal,
        )
        mean, variance, coming = _with(rest, self._standing(arrival))
        decided = judged + self.past_target
        return _Risk.of(self.goal.service_level, decided, in_target, mean, variance, coming, rest)

    def _standing(self, arrival: float) -> tuple[float, float, float]:
        """Return mean, variance and judged number of callers who wait and may still be in target."""
        mean = variance = judged = 0.0
        won, lost, early = 1 - self.goal.service_level, -self.goal.service_level, self.goal.early
        hopeful = self.waiting - self.past_target
        group = math.ceil(hopeful / GROUPS) or 1
        for first in range(0, hopeful, group):
            callers = min(group, hopeful - first)
            place = first + callers / 2
            age = place * min(1 / arrival if arrival else math.inf, self.goal.seconds / hopeful)
            hit, miss = self.server.ending(math.floor(self.waiting - place), self.goal.seconds - age)
            gone = 1 - hit - miss
            expected = hit * won + miss * lost + gone * early
            mean += callers * expected
            variance += callers * (hit * won * won + miss * lost * lost + gone * early * early - expected * expected)
            judged += callers * (1 - gone if self.goal.policy == "ignore" else 1.0)
        return mean, variance, judged


def _with(rest: Rest, standing: tuple[float, float, float]) -> tuple[float, float, float]:
    mean, variance, judged = standing
    return rest.mean + mean, rest.variance + variance, rest.judged + judged


@dataclass(frozen=True, slots=True)
class _Risk:
    risk: float | None
    level: float | None
    required_rest: float | None
    rest: Rest

    @classmethod
    def of(
        cls, target: float, decided: float, in_target: float, mean: float, variance: float, coming: float, rest: Rest
    ) -> "_Risk":
        if coming <= 1e-9:
            missed = None if not decided else float(in_target < target * decided - 1e-9)
            return cls(missed, in_target / decided if decided else None, None, rest)
        level = min(1.0, max(0.0, mean / coming + target))
        required = (target * decided - in_target) / coming + target
        risk = _beta_risk(required - 1e-9, level, variance / coming**2)
        return cls(risk, (in_target + level * coming) / (decided + coming), required, rest)


def _beta_risk(required: float, level: float, variance: float) -> float:
    """P(share < required) where the share is Beta distributed with this mean and variance."""
    if required <= 0 or required > 1:
        return float(required > 1)
    spread = level * (1 - level)
    if spread <= 1e-9 or variance <= 1e-12:
        return float(level < required)
    k = max(1e-3, spread / variance - 1)
    return beta_cdf(required, level * k, (1 - level) * k)


def sla_risk(
    *,
    interval_seconds: float,
    elapsed_seconds: float,
    forecast_calls: float,
    offered: float,
    judged: float,
    in_target: float,
    waiting: float,
    waiting_past_target: float,
    aht_seconds: float,
    agents: float,
    target_service_level: float,
    target_seconds: float,
    patience_seconds: float | None = None,
    abandon_policy: AbandonPolicy = "ignore",
    forecast_cv: float = FORECAST_CV,
) -> SlaRisk:
    """Return the risk of a running interval that is `elapsed_seconds` old, and of the next one.

    `forecast_calls` are of the whole interval, times the day's reforecast ratio; `offered` arrived so far. `judged`
    contacts are decided by the queue's abandon policy, callers who wait not among them; `in_target` of them were in
    time. More callers cannot wait past the target than wait. ValueError for what is not a number, negative or out of
    its range.
    """
    not_negative(
        elapsed_seconds=elapsed_seconds,
        forecast_calls=forecast_calls,
        offered=offered,
        judged=judged,
        in_target=in_target,
        waiting=waiting,
        waiting_past_target=waiting_past_target,
        aht_seconds=aht_seconds,
        agents=agents,
        target_seconds=target_seconds,
        forecast_cv=forecast_cv,
    )
    positive(interval_seconds=interval_seconds)
    if patience_seconds is not None:
        positive(patience_seconds=patience_seconds)
    share("target_service_level", target_service_level)
    queue = _Queue.of(
        agents=agents,
        aht_seconds=aht_seconds,
        waiting=waiting,
        waiting_past_target=waiting_past_target,
        patience_seconds=patience_seconds,
        goal=Goal(target_service_level, target_seconds, abandon_policy),
    )
    elapsed, planned = min(elapsed_seconds, interval_seconds), forecast_calls / interval_seconds
    arrival = _arrival(planned, elapsed, offered, forecast_cv)
    now = queue.risk(arrival=arrival, seconds=interval_seconds - elapsed, judged=judged, in_target=in_target)
    outlook = queue.risk(arrival=planned, seconds=interval_seconds, judged=0, in_target=0)
    unstable = patience_seconds is None and arrival + queue.waiting > 0 and arrival >= queue.server.completion
    return SlaRisk(
        risk=now.risk,
        outlook_risk=outlook.risk,
        projected_service_level=now.level,
        required_rest=now.required_rest,
        projected_queue_end=now.rest.queue_end,
        projected_asa_seconds=now.rest.asa_seconds,
        method="erlang_a" if patience_seconds else "fluid" if unstable else "erlang_c",
        unstable=unstable,
    )


def _arrival(planned: float, elapsed: float, offered: float, forecast_cv: float) -> float:
    """Return arrivals a second: the planned ones, corrected by those that came, (K + offered) / (K + planned so far)
    with K = 1/cv^2 (a forecast is as good as K contacts seen)."""
    cv2 = forecast_cv * forecast_cv
    return planned * (1 + offered * cv2) / (1 + planned * elapsed * cv2)
