"""A birth-death chain of the callers in a queue, integrated over the rest of an interval (DOMAIN 1.9)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add, mul
from typing import NamedTuple

from kpi.formulas.service import AbandonPolicy
from kpi.formulas.waits import Server

WEIGHT = 0.55
"""Of the new value in a step: 0.5 is the most exact, above it what would oscillate is damped."""
STATES = 900
"""Above so many, a state stands for several callers."""
REMOTE = 9.0
"""Minus the log of the probability of a queue that is left out."""
CACHE = 8192


@dataclass(frozen=True, slots=True)
class Goal:
    """What is counted: a contact in target earns 1 - S, a missed one -S."""

    service_level: float
    seconds: float
    policy: AbandonPolicy

    @property
    def early(self) -> float:
        """What a caller earns who abandons within the target."""
        return {"ignore": 0.0, "negative": -self.service_level, "positive": 1 - self.service_level}[self.policy]


class Rest(NamedTuple):
    """Sums over the callers who arrive in the rest of an interval: mean and variance of what they earn and the number
    of them that is judged. `queue_end` callers wait when it ends; `asa_seconds` is None where nobody is served."""

    mean: float
    variance: float
    judged: float
    queue_end: float
    asa_seconds: float | None


class _Lattice(NamedTuple):
    """States of `low`, `low + step`, … callers in the system; the state in place `free` has all agents busy."""

    low: int
    step: int
    free: int
    states: int


class _Earned(NamedTuple):
    """By an arrival in each state: expected earnings, their expected square, probability of being judged."""

    mean: list[float]
    square: list[float]
    judged: list[float]


@lru_cache(CACHE)
def rest_of_interval(
    *, arrival: float, server: Server, agents: int, aht_seconds: float, waiting: int, seconds: float, goal: Goal
) -> Rest:
    """Integrate over so many seconds, from `waiting` callers in the queue, or from a steady load where nobody waits.

    The mean earnings u of the future run backward in time, u' = lambda*E[z|n] + Gu, the probabilities of the states
    forward. The second moment is the integral of lambda*(E[z^2|n] + 2*E[z|n]*u(n+1)) under these probabilities, which
    equals the backward equation w' = lambda*(E[z^2|n] + 2*E[z|n]*u(n+1)) + Gw step by step, for less work.
    """
    lattice = _lattice(arrival, server, agents, waiting, seconds)
    earned = _earned(lattice, server, goal)
    end = _start(lattice, agents, waiting, arrival * aht_seconds)
    if not seconds:
        return Rest(0.0, 0.0, 0.0, float(waiting), _asa_seconds(end, server, lattice))
    steps = _Steps.over(seconds, aht_seconds, _drained(arrival, server, waiting))
    solver = _Solver.of(_rates(lattice, arrival, server, aht_seconds), steps.dt)
    spent, crossed = [0.0] * lattice.states, 0.0
    futures = solver.futures([arrival * mean for mean in earned.mean], steps)
    for damped, future in zip(steps.damped, reversed(futures), strict=True):
        visit = solver.within(end)
        end = visit if damped else _whole(visit, end)
        length = WEIGHT * steps.dt if damped else steps.dt
        spent = [x + length * y for x, y in zip(spent, visit, strict=True)]
        crossed += length * sum(map(mul, visit, map(mul, earned.mean, _after_arrival(future, lattice.step))))
    mean, square, judged = (arrival * sum(map(mul, spent, part)) for part in earned)
    return Rest(
        mean=mean,
        variance=max(0.0, square + 2 * arrival * crossed - mean * mean),
        judged=judged,
        queue_end=max(0.0, lattice.step * sum(map(mul, end[lattice.free :], range(lattice.states)))),
        asa_seconds=_asa_seconds(spent, server, lattice),
    )


class _Steps(NamedTuple):
    """Steps of `dt` seconds, after wholly implicit and shorter ones where they are `damped`."""

    dt: float
    damped: tuple[bool, ...]

    @classmethod
    def over(cls, seconds: float, aht_seconds: float, drained: float) -> "_Steps":
        """Cut the time into steps. A queue that is `drained` within the first step would oscillate in all of them."""
        count = 5 if seconds < 2 * aht_seconds else 6 if seconds < 6 * aht_seconds else 7
        if drained > seconds / count:
            return cls(seconds / count, (False,) * count)
        return cls(seconds / (count + 2 * WEIGHT), (True, True) + (False,) * count)


def _drained(arrival: float, server: Server, waiting: int) -> float:
    """Return the seconds until nobody waits any more, about."""
    leaving = server.completion + waiting * server.abandon - arrival
    return waiting / leaving if waiting and leaving > 0 else math.inf


def _whole(within: list[float], before: list[float]) -> list[float]:
    """Return the value at the end of a step from the weighted one within it and the one before it."""
    return [(x - (1 - WEIGHT) * y) / WEIGHT for x, y in zip(within, before, strict=True)]


def _lattice(arrival: float, server: Server, agents: int, waiting: int, seconds: float) -> _Lattice:
    """Return the states that the chain visits, give or take three standard deviations."""
    drift, noise = arrival - server.completion, math.sqrt((arrival + server.completion) * seconds)
    above = max(drift, 0.0) * seconds + 3 * noise
    if drift < 0:
        above = min(above, REMOTE / math.log(server.completion / arrival)) if arrival else 0.0
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


def _rates(lattice: _Lattice, arrival: float, server: Server, aht_seconds: float) -> tuple[list[float], list[float]]:
    """Return the rates to the next and to the previous state: with a step of 1 arrivals and departures, else rates of
    the same drift and, where they exist, the same variance."""
    low, step, free, states = lattice
    leave = [n / aht_seconds for n in range(low, low + free * step, step)]
    leave += [server.completion + q * server.abandon for q in range(0, (states - free) * step, step)]
    if step == 1:
        return [arrival] * (states - 1) + [0.0], [0.0, *leave[1:]]
    up, down = [], []
    for rate in leave:
        drift = arrival - rate
        both = max(0.0, (arrival + rate) / step - abs(drift)) / 2
        up.append((max(drift, 0.0) + both) / step)
        down.append((max(-drift, 0.0) + both) / step)
    return [*up[:-1], 0.0], [0.0, *down[1:]]


def _earned(lattice: _Lattice, server: Server, goal: Goal) -> _Earned:
    won, lost, early = 1 - goal.service_level, -goal.service_level, goal.early
    mean, square, judged = ([value] * lattice.free for value in (won, won * won, 1.0))
    counts = goal.policy != "ignore"
    for hit, miss in server.endings(lattice.states - lattice.free, lattice.step, goal.seconds):
        gone = 1 - hit - miss
        mean.append(hit * won + miss * lost + gone * early)
        square.append(hit * won * won + miss * lost * lost + gone * early * early)
        judged.append(1.0 if counts else 1 - gone)
    return _Earned(mean, square, judged)


def _after_arrival(future: list[float], step: int) -> list[float]:
    """Return the future from one caller more in each state."""
    following = [*future[1:], future[-1]]
    if step == 1:
        return following
    return [now + (then - now) / step for now, then in zip(future, following, strict=True)]


def _start(lattice: _Lattice, agents: int, waiting: int, load: float) -> list[float]:
    """Return the probabilities of the states now: Poisson, cut at the number of agents, while nobody waits."""
    low, step, free, states = lattice
    weights = [0.0] * states
    if waiting:
        place, part = divmod(waiting, step)
        weights[free + place], weights[free + place + 1] = 1 - part / step, part / step
        return weights
    peak = min(free, max(0, int((load - low) / step)))
    weights[peak] = 1.0
    for i in range(peak, 0, -1):
        weights[i - 1] = weights[i] * ((low + i * step) / load) ** step
    for i in range(peak, free):
        weights[i + 1] = weights[i] * (load / (low + (i + 1) * step)) ** step
    total = sum(weights)
    return [weight / total for weight in weights]


def _asa_seconds(spent: Sequence[float], server: Server, lattice: _Lattice) -> float | None:
    """Return the mean wait of the served among callers who arrive while the chain is where it was for `spent`."""
    if not server.completion:
        return None
    queued = spent[lattice.free :]
    waits = server.waits(len(queued), lattice.step)
    stays = server.served(len(queued), lattice.step)
    served = list(map(mul, queued, stays))
    return max(0.0, math.fsum(map(mul, served, waits)) / (math.fsum(served) + math.fsum(spent[: lattice.free])))


@dataclass(frozen=True, slots=True)
class _Solver:
    """Implicit steps through the chain's generator G: M = 1 - WEIGHT*dt*G is factored once."""

    dt: float
    inverse: list[float]
    lower: list[float]
    upper: list[float]

    @classmethod
    def of(cls, rates: tuple[list[float], list[float]], dt: float) -> "_Solver":
        a, before = WEIGHT * dt, 0.0
        inverse, lower, upper = [], [], []
        for up, down in zip(*rates, strict=True):
            over = 1 / (1 + a * (up + down - down * before))
            before = a * up * over
            inverse.append(over)
            lower.append(a * down)
            upper.append(before)
        return cls(dt, inverse, lower, upper)

    def futures(self, earnings: list[float], steps: _Steps) -> list[list[float]]:
        """Return the mean earnings until the end, from each state, within each step, the last step first."""
        gain = [WEIGHT * self.dt * rate for rate in earnings]
        value, found = [0.0] * len(gain), []
        for damped in reversed(steps.damped):
            within = self._before(list(map(add, value, gain)))
            found.append(within)
            value = within if damped else _whole(within, value)
        return found

    def within(self, states: list[float]) -> list[float]:
        """Return the probabilities of the states within a step: M transposed, solved."""
        value, found = 0.0, []
        for x, up in zip(states, self.upper, strict=True):
            found.append(value := x + value)
            value *= up
        value, solved = 0.0, []
        for x, over, down in zip(reversed(found), reversed(self.inverse), reversed(self.lower), strict=True):
            value = (x + value) * over
            solved.append(value)
            value *= down
        solved.reverse()
        return solved

    def _before(self, right: list[float]) -> list[float]:
        """Return the solution of M for a value that follows."""
        value, found = 0.0, []
        for x, over, down in zip(right, self.inverse, self.lower, strict=True):
            found.append(value := (x + value * down) * over)
        value, solved = 0.0, []
        for x, up in zip(reversed(found), reversed(self.upper), strict=True):
            solved.append(value := x + up * value)
        solved.reverse()
        return solved
