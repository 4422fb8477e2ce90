"""Erlang A: callers who wait only so long. Stable at any load (DOMAIN 1.7)."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from kpi.formulas.erlang import (
    DEFAULT_MAX_OCCUPANCY,
    REPEATED,
    REQUIRED,
    Staffing,
    heads_for_occupancy,
    offered_load,
)
from kpi.formulas.numeric import not_negative, share
from kpi.formulas.staffing import agents_for_slots, scheduled_heads, slots

NEGLIGIBLE = -60.0
"""Log of the probability, against the likeliest state, below which the states end."""


@dataclass(frozen=True, slots=True)
class ErlangA:
    """`service_level` counts those served within the target, of all offered; `asa_seconds` is of the answered."""

    probability_of_wait: float
    probability_of_abandon: float
    service_level: float
    asa_seconds: float | None
    occupancy: float | None
    queue_length: float


IDLE = ErlangA(0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
IDLE_UNSTAFFED = ErlangA(0.0, 0.0, 1.0, 0.0, None, 0.0)


class _Rates(NamedTuple):
    """Events a second: arrivals, completions with all agents busy, one waiting caller giving up."""

    arrival: float
    service: float
    abandon: float
    agents: int
    per_agent: float


@lru_cache(REPEATED)
def erlang_a(
    *,
    calls: float,
    interval_seconds: float,
    aht_seconds: float,
    agents: float,
    target_seconds: float,
    patience_seconds: float,
) -> ErlangA:
    """M/M/N+M, mean patience 1/theta: p_n ~ prod lambda / (min(n,N)*mu + (n-N)+*theta), P(abandon) = theta*Lq/lambda.

    Service level is served within T of all offered: of the three published definitions the one that no abandonment
    flatters. ValueError unless patience and handling time are above 0.
    """
    not_negative(agents=agents, target_seconds=target_seconds)
    if not (0 < patience_seconds < math.inf and aht_seconds > 0):
        raise ValueError("patience_seconds and aht_seconds are finite numbers above 0")
    load = offered_load(calls=calls, interval_seconds=interval_seconds, aht_seconds=aht_seconds)
    heads = math.floor(agents)
    if not float(load):
        return IDLE if heads else IDLE_UNSTAFFED
    rates = _Rates(calls / interval_seconds, heads / aht_seconds, 1 / patience_seconds, heads, 1 / aht_seconds)
    states = _probabilities(rates)
    queued = states[heads:]
    length = math.fsum(k * p for k, p in enumerate(queued))
    abandons = min(1.0, rates.abandon * length / rates.arrival)
    at_once = math.fsum(states[:heads])
    in_time, waited = _served(rates, queued, target_seconds)
    return ErlangA(
        probability_of_wait=math.fsum(queued),
        probability_of_abandon=abandons,
        service_level=min(1.0, at_once + in_time),
        asa_seconds=waited / (1 - abandons) if heads and abandons < 1 else None,
        occupancy=float(load) * (1 - abandons) / heads if heads else None,
        queue_length=length,
    )


def _probabilities(rates: _Rates) -> list[float]:
    """Return the probabilities of n callers in the system, n = 0, 1, …, until they are negligible. Works in logs."""
    logs, log_arrival = [0.0], math.log(rates.arrival)
    peak = 0.0
    while logs[-1] > peak + NEGLIGIBLE or len(logs) <= rates.agents:
        n = len(logs)
        leave = min(n, rates.agents) * rates.per_agent + max(0, n - rates.agents) * rates.abandon
        logs.append(logs[-1] + log_arrival - math.log(leave))
        peak = max(peak, logs[-1])
    weights = [math.exp(value - peak) for value in logs]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _served(rates: _Rates, queued: list[float], target_seconds: float) -> tuple[float, float]:
    """Share of the offered who wait and are served within the target; and seconds waited by all who are served.

    Behind k others one waits for k+1 departures at rates N*mu + j*theta, so exp(-theta*wait) ~ Beta(c, k+1) with
    c = N*mu/theta. Served with probability c/(c+k+1), and in time I_y: the terms of I_y(c+1, k+1) follow one another.
    """
    c = rates.service / rates.abandon
    served = [p * c / (c + k + 1) for k, p in enumerate(queued)]
    waits = accumulate(1 / (c + 1 + k) for k in range(len(queued)))
    in_time = _in_time(c + 1, rates.abandon * target_seconds, len(queued))
    within = math.fsum(p * part for p, part in zip(served, in_time, strict=True))
    seconds = math.fsum(p * wait for p, wait in zip(served, waits, strict=True)) / rates.abandon
    return within, seconds


def _in_time(a: float, exponent: float, count: int) -> list[float]:
    """1 - I_y(a, k+1) for k below `count`, y = exp(-exponent): I_y(a, k+1) - I_y(a, k) = y^a (1-y)^k / (k B(a, k))."""
    if exponent == 0:
        return [0.0] * count
    log_term, log_complement = -a * exponent, math.log(-math.expm1(-exponent))
    late, found = 0.0, []
    for k in range(count):
        late += math.exp(log_term)
        found.append(max(0.0, 1 - late))
        log_term += math.log((a + k) / (k + 1)) + log_complement
    return found


@lru_cache(REQUIRED)
def required_agents_with_abandonment(
    *,
    calls: float,
    interval_seconds: float,
    aht_seconds: float,
    target_service_level: float,
    target_seconds: float,
    patience_seconds: float,
    max_occupancy: float = DEFAULT_MAX_OCCUPANCY,
    shrinkage: float = 0.0,
    concurrency: float = 1.0,
) -> Staffing:
    """The fewest agents who reach the service level and stay within the occupancy when callers give up.

    `concurrency` makes slots of agents, as in `required_agents`.
    """
    share("target_service_level", target_service_level)
    load = offered_load(calls=calls, interval_seconds=interval_seconds, aht_seconds=aht_seconds)
    enough = max(1, agents_for_slots(slots=heads_for_occupancy(load, max_occupancy), concurrency=concurrency))
    if not float(load):
        return Staffing(0, 0, 1.0, None)

    def state(heads: int) -> ErlangA:
        return erlang_a(
            calls=calls,
            interval_seconds=interval_seconds,
            aht_seconds=aht_seconds,
            agents=slots(agents=heads, concurrency=concurrency),
            target_seconds=target_seconds,
            patience_seconds=patience_seconds,
        )

    def meets(heads: int) -> bool:
        found = state(heads)
        return found.service_level >= target_service_level and (found.occupancy or 0) <= max_occupancy

    while not meets(enough):
        enough *= 2
    heads = bisect_left(range(enough), True, lo=1, key=meets)
    found = state(heads)
    return Staffing(heads, scheduled_heads(agents=heads, shrinkage=shrinkage), found.service_level, found.occupancy)
