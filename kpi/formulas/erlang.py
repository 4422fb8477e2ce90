"""Erlang C: what callers meet at a given staffing, and the staffing that meets a target (DOMAIN 1.4-1.6)."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from kpi.formulas.numeric import exact, not_negative, share
from kpi.formulas.staffing import agents_for_slots, scheduled_heads, slots

REPEATED = 1_024
"""The number of answers that one run asks for again; a few hundred bytes each."""
REQUIRED = 8_192
"""The number of queues of a large organization: between two runs most of them may stand still."""
DEFAULT_MAX_OCCUPANCY = 0.88


@dataclass(frozen=True, slots=True)
class ErlangC:
    """The steady state of a queue. None where there is none; `unstable` where the queue grows without end."""

    probability_of_wait: float
    service_level: float
    asa_seconds: float | None
    occupancy: float | None
    queue_length: float | None
    unstable: bool


@dataclass(frozen=True, slots=True)
class Staffing:
    """`agents` at work meet the targets; `scheduled` heads, shrinkage included, put them there."""

    agents: int
    scheduled: int
    service_level: float
    occupancy: float | None


IDLE = ErlangC(0.0, 1.0, 0.0, 0.0, 0.0, unstable=False)
IDLE_UNSTAFFED = ErlangC(0.0, 1.0, 0.0, None, 0.0, unstable=False)
UNSTAFFED = ErlangC(1.0, 0.0, None, None, None, unstable=True)
OVERLOADED = ErlangC(1.0, 0.0, None, 1.0, None, unstable=True)


def offered_load(*, calls: float, interval_seconds: float, aht_seconds: float) -> Fraction:
    """Traffic in erlang: the agents whom the calls keep busy on average, exact. ValueError for an empty interval."""
    not_negative(calls=calls, aht_seconds=aht_seconds)
    if not 0 < interval_seconds < math.inf:
        raise ValueError(f"interval_seconds is a finite number above 0, not {interval_seconds}")
    return exact(calls) * exact(aht_seconds) / exact(interval_seconds)


@lru_cache(REPEATED)
def erlang_c(
    *, calls: float, interval_seconds: float, aht_seconds: float, agents: float, target_seconds: float
) -> ErlangC:
    """Waiting of `calls` an interval of `aht_seconds` each with `agents` (parts of a head are cut off).

    Pw = N*B/(N - A*(1-B)); SL = 1 - Pw*exp(-(N-A)*T/AHT); ASA = Pw*AHT/(N-A); occupancy = A/N; Lq = Pw*A/(N-A).
    """
    not_negative(agents=agents, target_seconds=target_seconds)
    load = offered_load(calls=calls, interval_seconds=interval_seconds, aht_seconds=aht_seconds)
    heads, busy = math.floor(agents), float(load)
    if not busy:
        return IDLE if heads else IDLE_UNSTAFFED
    if load >= heads:
        return OVERLOADED if heads else UNSTAFFED
    spare = float(heads - load)
    waits = _probability_of_wait(heads, spare, _blocking(busy, heads))
    return ErlangC(
        probability_of_wait=waits,
        service_level=_service_level(waits, spare, target_seconds / aht_seconds),
        asa_seconds=waits * aht_seconds / spare,
        occupancy=float(load / heads),
        queue_length=waits * busy / spare,
        unstable=False,
    )


@lru_cache(REQUIRED)
def required_agents(
    *,
    calls: float,
    interval_seconds: float,
    aht_seconds: float,
    target_service_level: float,
    target_seconds: float,
    max_occupancy: float = DEFAULT_MAX_OCCUPANCY,
    shrinkage: float = 0.0,
    concurrency: float = 1.0,
) -> Staffing:
    """The fewest agents who reach the service level and stay within the occupancy (big groups need the cap: 210
    agents meet 80/20 at 95 %). The search goes on with the recursion it began with. No calls need nobody.

    With `concurrency` contacts at a time per agent (chat) the servers are slots, floor(agents * concurrency) of them
    with the whole handling time; service level and occupancy are those of the slots.
    """
    not_negative(target_seconds=target_seconds)
    share("target_service_level", target_service_level)
    load = offered_load(calls=calls, interval_seconds=interval_seconds, aht_seconds=aht_seconds)
    enough = heads_for_occupancy(load, max_occupancy)
    busy = float(load)
    if not busy:
        return Staffing(0, 0, 1.0, None)
    servers, level = _least(load, max(enough, math.floor(load) + 1), target_service_level, target_seconds / aht_seconds)
    agents = agents_for_slots(slots=servers, concurrency=concurrency)
    there = slots(agents=agents, concurrency=concurrency)
    if there > servers:
        level = _level(load, there, _blocking(busy, there), target_seconds / aht_seconds)
    return Staffing(agents, scheduled_heads(agents=agents, shrinkage=shrinkage), level, float(load / there))


def _least(load: Fraction, servers: int, target: float, target_of_aht: float) -> tuple[int, float]:
    """Return the fewest servers, from so many on, who reach the target, and their service level."""
    busy = float(load)
    blocking = _blocking(busy, servers)
    while (level := _level(load, servers, blocking, target_of_aht)) < target:
        servers += 1
        blocking = _next_blocking(busy, servers, blocking)
    return servers, level


def _level(load: Fraction, servers: int, blocking: float, target_of_aht: float) -> float:
    work, unit = load.as_integer_ratio()
    spare = (servers * unit - work) / unit  # servers - load, which integers say as exactly and faster
    return _service_level(_probability_of_wait(servers, spare, blocking), spare, target_of_aht)


def heads_for_occupancy(load: Fraction, max_occupancy: float) -> int:
    if not 0 < max_occupancy <= 1:
        raise ValueError(f"max_occupancy is a share above 0, up to 1, not {max_occupancy}")
    return math.ceil(load / exact(max_occupancy))


def _probability_of_wait(heads: int, spare: float, blocking: float) -> float:
    """Erlang C from Erlang B. N - A*(1-B) is written (N-A) + A*B: nothing cancels near full load."""
    return heads * blocking / (spare + (heads - spare) * blocking)


def _service_level(waits: float, spare: float, target_of_aht: float) -> float:
    return 1 - waits * math.exp(-spare * target_of_aht)


def _blocking(load: float, heads: int) -> float:
    """Erlang B by B(n) = A*B(n-1) / (n + A*B(n-1)), B(0) = 1: no factorials, no overflow.

    Far below the load B(n) is 1 - n/A, and an error there is cut by n/A at each step: starting 9 square roots of A
    below A leaves e^-40 of it, so a huge load costs its root. Far above the load it underflows to 0 and stays there.
    """
    start = max(0, math.floor(load - 9 * math.sqrt(load)))
    blocking = 1 - start / load
    for n in range(start + 1, heads + 1):
        blocking = _next_blocking(load, n, blocking)
        if not blocking:
            break
    return blocking


def _next_blocking(load: float, heads: int, blocking: float) -> float:
    offered = load * blocking
    return offered / (heads + offered)
