"""The service level that the rest of the day needs, and the chance that it comes (DOMAIN 1.9)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from kpi.formulas.chain import Question, rest_of_interval
from kpi.formulas.erlang import erlang_c
from kpi.formulas.erlang_a import erlang_a
from kpi.formulas.numeric import not_negative, positive, share_below
from kpi.formulas.risk import LEAST_AHT_SECONDS
from kpi.formulas.waits import Goal, Server

CORRELATION = 1.3
"""The number of handling times for which the waits of one interval stay correlated."""
LEAST_CALLS = 1e-6
"""The least number of contacts to compute with; the square of fewer underflows."""
NEARLY_BUSY = 0.97
GRID = 0.005
CACHE = 32_768
USUAL_SERVICE_LEVEL = 0.8
"""The level around which the chain counts; mean and variance hardly depend on it."""


@dataclass(frozen=True, slots=True)
class DayRecovery:
    """`required_rest` is the service level needed from here on: above 1 the day is lost, below 0 it is won."""

    required_rest: float | None
    recoverable: bool


def day_recovery(*, target: float, offered: float, in_target: float, remaining: float) -> DayRecovery:
    """r = (S*(O+R) - G) / R with O offered and G served in time so far, R still forecast; None with nothing to come."""
    missing = target * (offered + remaining) - in_target
    if not remaining:
        return DayRecovery(None, missing <= 0)
    return DayRecovery(missing / remaining, missing <= remaining)


class IntervalLevel(NamedTuple):
    """Contacts expected in a coming interval, mean and variance of their service level (a share)."""

    contacts: float
    mean: float
    variance: float


class ComingInterval(NamedTuple):
    """An interval of the rest of the day, as far as its service level depends on it. `agents` are servers: of chat,
    slots."""

    calls: float
    interval_seconds: float
    aht_seconds: float
    agents: float
    target_seconds: float
    patience_seconds: float | None = None

    def level(self) -> IntervalLevel:
        """Return what its service level may be. ValueError for what is not a number, or negative.

        Mean by Erlang C, with patience by Erlang A; the variance p(1-p)*(g + 1/n), g = 2x - 2x^2 (1 - e^(-1/x)) with
        x = 1.3*AHT/L, is 18 to 99 times that of independent waits, and was fitted to simulation. Where agents are
        nearly all busy Erlang C takes longer than an interval to come true: there both are of the chain of the SLA
        risk. Calls are rounded to 0.5 %, so that small corrections of a forecast find the same answer.
        """
        self._check()
        if self.calls < LEAST_CALLS:
            return IntervalLevel(0.0, 1.0, 0.0)
        mean, variance = _level(*self._rounded())
        return IntervalLevel(self.calls, mean, variance)

    def question(self) -> Question | None:
        """Return what the level asks of the chain (kpi.formulas.chain.prepare); None where it needs none."""
        if self.patience_seconds is not None or self.calls < LEAST_CALLS or self.agents < 1:
            return None
        # Rounding adds less than GRID, and takes longer than to see that most intervals are far from busy.
        most_seconds = self.calls * (1 + GRID) * max(self.aht_seconds, LEAST_AHT_SECONDS)
        if most_seconds < NEARLY_BUSY * math.floor(self.agents) * self.interval_seconds:
            return None
        place, seconds, aht, agents, target, _ = self._rounded()
        calls = math.exp(place * GRID)
        return None if calls * aht < NEARLY_BUSY * agents * seconds else _question(calls, seconds, aht, agents, target)

    def _check(self) -> None:
        calls, seconds, aht, agents, target, patience = self
        if (
            0 <= calls < math.inf
            and 0 < seconds < math.inf
            and 0 <= aht < math.inf
            and 0 <= agents < math.inf
            and 0 <= target < math.inf
            and (patience is None or 0 < patience < math.inf)
        ):
            return
        not_negative(calls=calls, aht_seconds=aht, agents=agents, target_seconds=target)  # says which
        positive(interval_seconds=seconds, patience_seconds=1.0 if patience is None else patience)

    def _rounded(self) -> tuple[int, float, float, int, float, float | None]:
        """Return it with the place of its calls on a grid of logarithms."""
        calls, seconds, aht, agents, target, patience = self
        return round(math.log(calls) / GRID), seconds, max(aht, LEAST_AHT_SECONDS), math.floor(agents), target, patience


def interval_level(**known: Any) -> IntervalLevel:
    """Return the level of a ComingInterval with these fields."""
    return ComingInterval(**known).level()


@lru_cache(CACHE)
def _level(
    calls_place: int,
    interval_seconds: float,
    aht_seconds: float,
    agents: int,
    target_seconds: float,
    patience: float | None,
) -> tuple[float, float]:
    calls = math.exp(calls_place * GRID)
    load = {"calls": calls, "interval_seconds": interval_seconds, "aht_seconds": aht_seconds, "agents": agents}
    if patience is not None:
        mean = erlang_a(**load, target_seconds=target_seconds, patience_seconds=patience).service_level
    elif calls * aht_seconds < NEARLY_BUSY * agents * interval_seconds:
        mean = erlang_c(**load, target_seconds=target_seconds).service_level
    else:
        return _of_chain(calls, interval_seconds, aht_seconds, agents, target_seconds)
    x = CORRELATION * aht_seconds / interval_seconds
    correlated = max(0.0, 2 * x + 2 * x * x * math.expm1(-1 / x))
    return mean, mean * (1 - mean) * min(1.0, correlated + 1 / calls)


def _of_chain(
    calls: float, interval_seconds: float, aht_seconds: float, agents: int, target_seconds: float
) -> tuple[float, float]:
    rest = rest_of_interval(_question(calls, interval_seconds, aht_seconds, agents, target_seconds))
    mean = min(1.0, max(0.0, rest.mean / calls + USUAL_SERVICE_LEVEL))
    return mean, min(mean * (1 - mean), rest.variance / calls**2)


def _question(
    calls: float, interval_seconds: float, aht_seconds: float, agents: int, target_seconds: float
) -> Question:
    server, goal = Server(agents / aht_seconds, 0.0), Goal(USUAL_SERVICE_LEVEL, target_seconds, "ignore")
    return Question(calls / interval_seconds, server, agents, aht_seconds, 0, interval_seconds, goal)


def day_recovery_probability(*, required_rest: float | None, intervals: Iterable[IntervalLevel]) -> float | None:
    """Return the probability that the remaining intervals together reach `required_rest`; None with nothing to come.

    Their level is Beta distributed with the mean of theirs, weighted by contacts, and the
    variance sum(n^2 v) / (sum n)^2.
    """
    coming = [interval for interval in intervals if interval.contacts > 0]
    contacts = math.fsum(interval.contacts for interval in coming)
    if required_rest is None or not contacts:
        return None
    if required_rest <= 0 or required_rest > 1:
        return float(required_rest <= 0)
    mean = math.fsum(interval.contacts * interval.mean for interval in coming) / contacts
    variance = math.fsum(interval.contacts**2 * interval.variance for interval in coming) / contacts**2
    return 1 - share_below(required_rest, mean, variance)
