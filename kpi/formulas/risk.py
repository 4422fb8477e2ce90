"""The chance that a running interval misses its service level, given what is known of it (DOMAIN 1.9, 3.3)."""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from kpi.formulas.chain import Question, Rest, rest_of_interval
from kpi.formulas.numeric import ROUNDING, not_negative, positive, share, share_below
from kpi.formulas.service import AbandonPolicy
from kpi.formulas.waits import Goal, Server

FORECAST_CV = 0.08
"""The error of a forecast of an interval, as a share of it."""
MEDIUM, HIGH, CRITICAL = 0.45, 0.65, 0.85
LEAST_AHT_SECONDS = 0.01
NOBODY = 1e-9
"""Contacts still to be judged below which everything is decided."""

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


class _Known(NamedTuple):
    """An interval as it is known: arrivals a second with their relative error, seconds that are left, contacts
    judged so far and those of them in target."""

    arrival: float
    error: float
    seconds: float
    judged: float
    in_target: float


class _Outcome(NamedTuple):
    risk: float | None
    level: float | None
    required_rest: float | None
    rest: Rest


@dataclass(frozen=True, slots=True)
class _Queue:
    """Agents, the callers who stand in the queue, and what is counted."""

    server: Server
    agents: int
    aht_seconds: float
    waiting: int
    past_target: int
    goal: Goal

    def question(self, known: _Known) -> Question:
        return Question(
            known.arrival, self.server, self.agents, self.aht_seconds, self.waiting, known.seconds, self.goal
        )

    def outcome(self, known: _Known) -> _Outcome:
        """Add up what is decided, those who wait and those who will come: DOMAIN 1.9. The variance of the forecast's
        error, and that contacts are counted one by one, are in it too."""
        rest = rest_of_interval(self.question(known))
        standing = self.server.standing(self.waiting, self.past_target, known.arrival, self.goal)
        mean, coming = rest.mean + standing.mean, rest.judged + standing.judged
        decided, target = known.judged + self.past_target, self.goal.service_level
        if coming <= NOBODY:
            level = known.in_target / decided if decided else None
            return _Outcome(_decided(known.in_target, decided, target), level, None, rest)
        variance = rest.variance + standing.square + (rest.by_arrival * known.arrival * known.error) ** 2
        level = min(1.0, max(0.0, mean / coming + target))
        required = (target * decided - known.in_target) / coming + target
        risk = _missed(required, level, variance / coming**2, coming, target)
        whole = min(1.0, (known.in_target + level * coming) / (decided + coming))
        return _Outcome(risk, whole, required, rest)


def _decided(in_target: float, decided: float, target: float) -> float | None:
    return float(in_target < target * decided - ROUNDING) if decided else None


def _missed(required: float, level: float, variance: float, contacts: float, target: float) -> float:
    """Return P(share in target < required) for so many contacts, of Beta distribution with this mean and variance.

    Contacts are missed one by one: of 20 that have to be 95 % in target one may be missed, so the line runs between
    one and two. The more uncertain the number of contacts, the less that matters.
    """
    if required > 1 + ROUNDING:
        return 1.0
    allowed = (1 - required) * contacts + ROUNDING
    sure = math.exp(-2 * (math.pi * (1 - target)) ** 2 * contacts)
    line = 1 - (allowed + (math.floor(allowed) + 0.5 - allowed) * sure) / contacts
    return share_below(line, level, variance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A running interval that is `elapsed_seconds` old.

    `forecast_calls` are of the whole interval, times the day's reforecast ratio; `offered` arrived so far. `judged`
    contacts are decided by the queue's abandon policy, callers who wait not among them; `in_target` of them were in
    time. More callers cannot wait past the target than wait. ValueError for what is not a number, negative or out of
    its range.
    """

    interval_seconds: float
    elapsed_seconds: float
    forecast_calls: float
    offered: float
    judged: float
    in_target: float
    waiting: float
    waiting_past_target: float
    aht_seconds: float
    agents: float
    target_service_level: float
    target_seconds: float
    patience_seconds: float | None = None
    abandon_policy: AbandonPolicy = "ignore"
    forecast_cv: float = FORECAST_CV

    def __post_init__(self) -> None:
        not_negative(
            elapsed_seconds=self.elapsed_seconds,
            forecast_calls=self.forecast_calls,
            offered=self.offered,
            judged=self.judged,
            in_target=self.in_target,
            waiting=self.waiting,
            waiting_past_target=self.waiting_past_target,
            aht_seconds=self.aht_seconds,
            agents=self.agents,
            target_seconds=self.target_seconds,
            forecast_cv=self.forecast_cv,
        )
        positive(interval_seconds=self.interval_seconds)
        if self.patience_seconds is not None:
            positive(patience_seconds=self.patience_seconds)
        share("target_service_level", self.target_service_level)

    @property
    def _queue(self) -> _Queue:
        heads, aht, patience = math.floor(self.agents), max(self.aht_seconds, LEAST_AHT_SECONDS), self.patience_seconds
        return _Queue(
            server=Server(heads / aht, 1 / patience if patience else 0.0),
            agents=heads,
            aht_seconds=aht,
            waiting=int(self.waiting),
            past_target=int(min(self.waiting, self.waiting_past_target)),
            goal=Goal(self.target_service_level, self.target_seconds, self.abandon_policy),
        )

    @property
    def _known(self) -> _Known:
        elapsed, planned = min(self.elapsed_seconds, self.interval_seconds), self.forecast_calls / self.interval_seconds
        arrival, error = _arrival(planned, elapsed, self.offered, self.forecast_cv)
        return _Known(arrival, error, self.interval_seconds - elapsed, self.judged, self.in_target)

    @property
    def _next(self) -> _Known:
        """The next interval, of which nothing is decided yet."""
        planned = self.forecast_calls / self.interval_seconds
        return _Known(planned, self.forecast_cv, self.interval_seconds, 0.0, 0.0)

    def questions(self) -> tuple[Question, Question]:
        """Return what the risk asks of the chain, for kpi.formulas.chain.prepare."""
        queue = self._queue
        return queue.question(self._known), queue.question(self._next)

    def risk(self) -> SlaRisk:
        """Return the risk of this interval, and of the next one."""
        queue, known = self._queue, self._known
        now, outlook = queue.outcome(known), queue.outcome(self._next)
        patience = self.patience_seconds
        unstable = patience is None and known.arrival + self.waiting > 0 and known.arrival >= queue.server.completion
        return SlaRisk(
            risk=now.risk,
            outlook_risk=outlook.risk,
            projected_service_level=now.level,
            required_rest=now.required_rest,
            projected_queue_end=now.rest.queue_end,
            projected_asa_seconds=now.rest.asa_seconds,
            method="erlang_a" if patience else "fluid" if unstable else "erlang_c",
            unstable=unstable,
        )


def sla_risk(**known: Any) -> SlaRisk:
    """Return the risk of a Situation with these fields."""
    return Situation(**known).risk()


def _arrival(planned: float, elapsed: float, offered: float, forecast_cv: float) -> tuple[float, float]:
    """Return arrivals a second and their relative error: planned ones, corrected by those that came.

    (K + offered) / (K + planned so far) with K = 1/cv^2, because a forecast is as good as K contacts seen.
    """
    of_one = forecast_cv * forecast_cv
    rate = planned * (1 + offered * of_one) / (1 + planned * elapsed * of_one)
    return rate, forecast_cv / math.sqrt(1 + offered * of_one)
