"""The service level that the rest of the day needs, and the chance that it comes (DOMAIN 1.9)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from kpi.formulas.chain import rest_of_interval
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


def interval_level(
    *,
    calls: float,
    interval_seconds: float,
    aht_seconds: float,
    agents: float,
    target_seconds: float,
    patience_seconds: float | None = None,
) -> IntervalLevel:
    """Return what the service level of a coming interval may be. `agents` are servers: of chat, slots.

    Mean by Erlang C, with patience by Erlang A; the variance p(1-p)*(g + 1/n), g = 2x - 2x^2 (1 - e^(-1/x)) with
    x = 1.3*AHT/L, is 18 to 99 times that of independent waits, and was fitted to simulation. Where agents are nearly
    all busy Erlang C takes longer than an interval to come true: there both are of the chain of the SLA risk. Calls are
    rounded to 0.5 %, so that small corrections of a forecast find the same answer.
    """
    not_negative(calls=calls, aht_seconds=aht_seconds, agents=agents, target_seconds=target_seconds)
    positive(interval_seconds=interval_seconds)
    if patience_seconds is not None:
        positive(patience_seconds=patience_seconds)
    if calls < LEAST_CALLS:
        return IntervalLevel(0.0, 1.0, 0.0)
    about = math.exp(round(math.log(calls) / GRID) * GRID)
    aht = max(aht_seconds, LEAST_AHT_SECONDS)
    mean, variance = _level(about, interval_seconds, aht, math.floor(agents), target_seconds, patience_seconds)
    return IntervalLevel(calls, mean, variance)


@lru_cache(CACHE)
def _level(
    calls: float,
    interval_seconds: float,
    aht_seconds: float,
    agents: int,
    target_seconds: float,
    patience: float | None,
) -> tuple[float, float]:
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
    rest = rest_of_interval(
        arrival=calls / interval_seconds,
        server=Server(agents / aht_seconds, 0.0),
        agents=agents,
        aht_seconds=aht_seconds,
        waiting=0,
        seconds=interval_seconds,
        goal=Goal(USUAL_SERVICE_LEVEL, target_seconds, "ignore"),
    )
    mean = min(1.0, max(0.0, rest.mean / calls + USUAL_SERVICE_LEVEL))
    return mean, min(mean * (1 - mean), rest.variance / calls**2)


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
