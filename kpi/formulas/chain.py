"""A birth-death chain of the callers in a queue, integrated over the rest of an interval (DOMAIN 1.9)."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import mul
from typing import NamedTuple

from kpi.formulas.steps import Rates, Solver, Steps
from kpi.formulas.waits import Goal, Server

STATES = 400
"""The number of callers above which a state stands for several of them."""
REMOTE = 9.0
"""Minus the log of the probability of a queue that is left out."""
EVEN = 1e-12
"""Log of the ratio of answers to arrivals, at least: rounding makes it 0 where they are nearly even."""
TINY = 1e-300
CACHE = 2_048
"""The seconds that are left are part of the question, so only one run asks for the same again."""


class Rest(NamedTuple):
    """Sums over the callers who arrive in the rest of an interval: mean and variance of what they earn, the derivative
    of the mean by the arrival rate, and the number of them that is judged. `queue_end` callers wait when it ends;
    `asa_seconds` is the mean wait of those who are served, None where there are no agents."""

    mean: float
    variance: float
    by_arrival: float
    judged: float
    queue_end: float
    asa_seconds: float | None


class _Lattice(NamedTuple):
    """States of `low`, `low + step`, … callers in the system; the state in place `free` has all agents busy."""

    low: int
    step: int
    free: int
    states: int

    @property
    def ahead(self) -> range:
        """Callers whom an arrival finds waiting, in the states with all agents busy."""
        return range(0, (self.states - self.free) * self.step, self.step)


class _Worths(NamedTuple):
    """Return the worth of an arrival in each state."""

    mean: tuple[float, ...]
    square: tuple[float, ...]
    judged: tuple[float, ...]


@lru_cache(CACHE)
def rest_of_interval(
    *,
    arrival: float,
    server: Server,
    agents: int,
    aht_seconds: float,
    waiting: int,
    seconds: float,
    goal: Goal,
) -> Rest:
    """Integrate over so many seconds, from `waiting` callers in the queue, or where nobody waits from the steady
    number of busy agents.

    The mean earnings u of the future run backward in time, u' = lambda*E[z|n] + Gu, the probabilities of the states
    forward. The second moment is the integral of lambda*(E[z^2|n] + 2*E[z|n]*u(n+1)) under these probabilities, which
    equals the backward equation w' = lambda*(E[z^2|n] + 2*E[z|n]*u(n+1)) + Gw step by step, for less work.
    """
    lattice = _lattice(arrival, server, agents, waiting, seconds)
    worth = _worth(lattice, server, goal)
    rates = _rates(lattice, arrival, server, aht_seconds)
    start = _queued(lattice, waiting) if waiting else _steady(rates, lattice.free + 1)
    if not seconds:
        return Rest(0.0, 0.0, 0.0, 0.0, float(waiting), _asa_seconds(start, server, lattice))
    steps = Steps.over(seconds, aht_seconds, _drained(arrival, server, waiting))
    solver = Solver.of(rates, steps)
    visits, end = solver.visits(start)
    futures = reversed(solver.futures([arrival * mean for mean in worth.mean]))
    spent = list(map(sum, zip(*visits, strict=True)))
    mean, square, judged = (arrival * sum(map(mul, spent, part)) for part in worth)
    crossed, gained = _with_future(visits, futures, worth.mean, lattice.step)
    return Rest(
        mean=mean,
        variance=max(0.0, square + 2 * arrival * crossed - mean * mean),
        by_arrival=mean / arrival + gained if arrival else 0.0,
        judged=judged,
        queue_end=max(0.0, sum(map(mul, end[lattice.free :], lattice.ahead))),
        asa_seconds=_asa_seconds(spent, server, lattice),
    )


def _with_future(
    visits: list[list[float]], futures: Iterable[list[float]], mean: Sequence[float], step: int
) -> tuple[float, float]:
    """Return the integrals of E[z|n]*u(n+1) and of u(n+1) - u(n) under the probabilities of the states."""
    crossed = gained = 0.0
    for visit, future in zip(visits, futures, strict=True):
        after = _after_arrival(future, step)
        crossed += sum(map(mul, visit, map(mul, mean, after)))
        gained += sum(map(mul, visit, after)) - sum(map(mul, visit, future))
    return crossed, gained


def _drained(arrival: float, server: Server, waiting: int) -> float:
    """Return the seconds until nobody waits any more, about."""
    leaving = server.completion + waiting * server.abandon - arrival
    return waiting / leaving if waiting and leaving > 0 else math.inf


def _lattice(arrival: float, server: Server, agents: int, waiting: int, seconds: float) -> _Lattice:
    """Return the states that the chain visits, give or take three standard deviations."""
    drift, noise = arrival - server.completion, math.sqrt((arrival + server.completion) * seconds)
    above = max(drift, 0.0) * seconds + (3 if drift < 0 else 5) * noise
    if drift < 0:
        above = min(above, REMOTE / max(EVEN, math.log(server.completion / arrival))) if arrival else 0.0
    if server.abandon:
        most = arrival / server.abandon
        above = min(above, max(0.0, most - waiting) + 4 * math.sqrt(most) + 4)
    below = 3 * math.sqrt(agents)
    if not server.abandon and waiting:
        below = min(below, max(0.0, -drift * seconds - waiting + 4 * noise))
    below, above = min(agents, math.ceil(below)), waiting + math.ceil(above) + 2
    step = math.ceil((below + above) / STATES)
    free = below // step
    return _Lattice(agents - free * step, step, free, free + above // step + 2)


def _rates(lattice: _Lattice, arrival: float, server: Server, aht_seconds: float) -> Rates:
    """Return the rates to the next and to the previous state: with a step of 1 arrivals and departures, else rates of
    the same drift and, where they exist, the same variance."""
    low, step, free, states = lattice
    leave = [n / aht_seconds for n in range(low, low + free * step, step)]
    leave += [server.completion + q * server.abandon for q in lattice.ahead]
    if step == 1:
        return Rates([arrival] * (states - 1) + [0.0], [0.0, *leave[1:]])
    up, down = [], []
    for rate in leave:
        drift = arrival - rate
        both = max(0.0, (arrival + rate) / step - abs(drift)) / 2
        up.append((max(drift, 0.0) + both) / step)
        down.append((max(-drift, 0.0) + both) / step)
    return Rates([*up[:-1], 0.0], [0.0, *down[1:]])


def _worth(lattice: _Lattice, server: Server, goal: Goal) -> _Worths:
    at_once = [goal.worth(1.0, 0.0)] * lattice.free
    behind = [goal.worth(hit, miss) for hit, miss in server.endings(lattice.ahead, goal.seconds)]
    return _Worths(*zip(*at_once, *behind, strict=True))


def _after_arrival(future: list[float], step: int) -> list[float]:
    """Return the future from one caller more in each state."""
    following = [*future[1:], future[-1]]
    if step == 1:
        return following
    return [now + (then - now) / step for now, then in zip(future, following, strict=True)]


def _queued(lattice: _Lattice, waiting: int) -> list[float]:
    """Put the whole probability at so many waiting callers, between two states if need be."""
    weights = [0.0] * lattice.states
    place, part = divmod(waiting, lattice.step)
    weights[lattice.free + place] = 1 - part / lattice.step
    weights[lattice.free + place + 1] = part / lattice.step
    return weights


def _steady(rates: Rates, states: int) -> list[float]:
    """Return the steady state's probabilities, cut to the first so many states."""
    logs = [0.0]
    for up, down in zip(rates.up[: states - 1], rates.down[1:states], strict=True):
        logs.append(logs[-1] + math.log(max(up, TINY)) - math.log(max(down, TINY)))
    peak = max(logs)
    weights = [math.exp(log - peak) for log in logs]
    total = sum(weights)
    return [weight / total for weight in weights] + [0.0] * (len(rates.up) - states)


def _asa_seconds(spent: Sequence[float], server: Server, lattice: _Lattice) -> float | None:
    """Return the mean wait of the served among callers who arrive while the chain is where it was for `spent`."""
    if not server.completion:
        return None
    queued = spent[lattice.free :]
    served = list(map(mul, queued, server.served(lattice.ahead)))
    waited: float = sum(map(mul, served, server.waits(lattice.ahead)))
    answered: float = sum(served) + sum(spent[: lattice.free])
    return max(0.0, waited / answered)
