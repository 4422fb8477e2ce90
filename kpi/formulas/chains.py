"""Many birth-death chains at a time: a column of each array is a chain, a row a state.

The mean earnings u of the future run backward in time, u' = lambda*E[z|n] + Gu, the probabilities of the states
forward. The second moment is the integral of lambda*(E[z^2|n] + 2*E[z|n]*u(n+1)) under these probabilities, which
equals the backward equation w' = lambda*(E[z^2|n] + 2*E[z|n]*u(n+1)) + Gw step by step, for less work.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from kpi.formulas.steps import Array, Rates, Solver, Steps
from kpi.formulas.waits import Goal, Server

TINY = 1e-300


class Question(NamedTuple):
    """The rest of an interval, `seconds` long, from `waiting` callers in the queue on. `arrival` is a second's."""

    arrival: float
    server: Server
    agents: int
    aht_seconds: float
    waiting: int
    seconds: float
    goal: Goal


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


class Lattice(NamedTuple):
    """States of `low`, `low + step`, … callers in the system; the state in place `free` has all agents busy."""

    low: int
    step: int
    free: int
    states: int

    @property
    def ahead(self) -> range:
        """Callers whom an arrival finds waiting, in the states with all agents busy."""
        return range(0, (self.states - self.free) * self.step, self.step)


class Chain(NamedTuple):
    """A question, its states and its steps; without steps there is no time left."""

    question: Question
    lattice: Lattice
    steps: Steps | None


class _Worths(NamedTuple):
    """The worth of an arrival in each state."""

    mean: Array
    square: Array
    judged: Array


class _Numbers:
    """Columns of the numbers of each chain, and where its states lie in them."""

    def __init__(self, group: Sequence[Chain]) -> None:
        questions, lattices = [chain.question for chain in group], [chain.lattice for chain in group]
        self.arrival = _row(each.arrival for each in questions)
        self.completion = _row(each.server.completion for each in questions)
        self.abandon = _row(each.server.abandon for each in questions)
        self.aht_seconds = _row(each.aht_seconds for each in questions)
        self.low, self.step = _row(each.low for each in lattices), _row(each.step for each in lattices)
        self.last = np.array([each.states - 1 for each in lattices])
        place = np.arange(self.last.max() + 1)[:, None]
        free = np.array([each.free for each in lattices])
        self.is_queued = (place >= free) & (place <= self.last)
        self.is_there, self.is_last = place <= self.last, place == self.last
        self.place, self.ahead = place, np.where(self.is_queued, (place - free) * self.step, 0.0)
        self.columns = np.arange(len(group))


def integrate(group: Sequence[Chain]) -> list[Rest]:
    """Integrate chains of the same pattern of steps."""
    numbers = _Numbers(group)
    with np.errstate(all="ignore"):  # as Python's own multiplication, which overflows in silence
        rates = _rates(numbers)
        start = _starts(group, rates)
        return _over_time(group, numbers, rates, start) if group[0].steps else _at_once(group, numbers, start)


def _at_once(group: Sequence[Chain], numbers: _Numbers, start: Array) -> list[Rest]:
    waits = _asa_seconds(start, group, numbers)
    return [
        Rest(0.0, 0.0, 0.0, 0.0, float(chain.question.waiting), asa) for chain, asa in zip(group, waits, strict=True)
    ]


def _over_time(group: Sequence[Chain], numbers: _Numbers, rates: Rates, start: Array) -> list[Rest]:
    steps = [chain.steps for chain in group if chain.steps is not None]
    worth, arrival = _worth(group, numbers), numbers.arrival
    solver = Solver.of(rates, _row(each.dt for each in steps), steps[0].damped)
    visits, end = solver.visits(start)
    futures = reversed(solver.futures(arrival * worth.mean))
    spent = sum(visits[1:], start=visits[0])
    mean, square, judged = (arrival * _total(spent * part) for part in worth)
    crossed, gained = _with_future(visits, futures, worth.mean, numbers)
    return list(
        map(
            Rest,
            mean.tolist(),
            np.maximum(0.0, square + 2 * arrival * crossed - mean * mean).tolist(),
            np.where(arrival != 0, mean / arrival + gained, 0.0).tolist(),
            judged.tolist(),
            np.maximum(0.0, _total(end * numbers.ahead)).tolist(),
            _asa_seconds(spent, group, numbers),
        )
    )


def _row(values: Iterable[float]) -> Array:
    return np.array(list(values), dtype=np.float64)


def _total(values: Array) -> Array:
    """Add up from the first state to the last, which numpy's own sum does for many chains alone."""
    added: Array = values.sum(axis=0) if values.shape[1] > 1 else np.add.accumulate(values, axis=0)[-1]
    return added


def _with_future(
    visits: Sequence[Array], futures: Iterable[Array], mean: Array, numbers: _Numbers
) -> tuple[Array, Array]:
    """Return the integrals of E[z|n]*u(n+1) and of u(n+1) - u(n) under the probabilities of the states."""
    crossed, gained = np.zeros_like(numbers.arrival), np.zeros_like(numbers.arrival)
    for visit, future in zip(visits, futures, strict=True):
        after = _after_arrival(future, numbers)
        crossed += _total(visit * (mean * after))
        gained += _total(visit * after) - _total(visit * future)
    return crossed, gained


def _after_arrival(future: Array, numbers: _Numbers) -> Array:
    """Return the future from one caller more in each state."""
    following = np.concatenate([future[1:], future[-1:]])
    following[numbers.last, numbers.columns] = future[numbers.last, numbers.columns]
    between: Array = np.where(numbers.step == 1, following, future + (following - future) / numbers.step)
    return between


def _rates(numbers: _Numbers) -> Rates:
    """Return the rates to the next and to the previous state: with a step of 1 arrivals and departures, else rates of
    the same drift and, where they exist, the same variance."""
    arrival, step, place = numbers.arrival, numbers.step, numbers.place
    busy, queued = (numbers.low + place * step) / numbers.aht_seconds, numbers.ahead * numbers.abandon
    leave = np.where(numbers.is_queued, numbers.completion + queued, busy)
    drift = arrival - leave
    both = np.maximum(0.0, (arrival + leave) / step - np.abs(drift)) / 2
    up = np.where(step == 1, arrival, (np.maximum(drift, 0.0) + both) / step)
    down = np.where(step == 1, leave, (np.maximum(-drift, 0.0) + both) / step)
    ends = ~numbers.is_there | numbers.is_last
    return Rates(np.where(ends, 0.0, up), np.where(~numbers.is_there | (place == 0), 0.0, down))


def _worth(group: Sequence[Chain], numbers: _Numbers) -> _Worths:
    """Return what a caller is worth who is in target or missed with these probabilities (kpi.formulas.waits.Goal)."""
    hit, miss = _endings(group, numbers)
    goals = [chain.question.goal for chain in group]
    ignores = np.array([goal.policy == "ignore" for goal in goals])
    counts_against = np.array([goal.policy == "negative" for goal in goals])
    level = _row(goal.service_level for goal in goals)
    won, lost = 1 - level, -level
    gone = np.maximum(0.0, 1 - hit - miss)
    judged = np.where(ignores, 1 - gone, 1.0)
    won_by = np.where(ignores | counts_against, hit, hit + gone)
    lost_by = np.where(ignores | ~counts_against, miss, miss + gone)
    mean, square = won_by * won + lost_by * lost, won_by * won * won + lost_by * lost * lost
    return _Worths(*(np.where(numbers.is_there, part, 0.0) for part in (mean, square, judged)))


def _endings(group: Sequence[Chain], numbers: _Numbers) -> tuple[Array, Array]:
    """Return P(hit) and P(miss) in each state: who finds an agent free is in target."""
    hit, miss = np.ones(numbers.is_there.shape), np.zeros(numbers.is_there.shape)
    for column, (question, lattice, _) in enumerate(group):
        ends = question.server.endings(lattice.ahead, question.goal.seconds)
        hit[lattice.free : lattice.states, column], miss[lattice.free : lattice.states, column] = zip(
            *ends, strict=True
        )
    return hit, miss


def _starts(group: Sequence[Chain], rates: Rates) -> Array:
    """Return the probabilities of the states as the time begins."""
    start = np.zeros_like(rates.up)
    for column, (question, lattice, _) in enumerate(group):
        if question.waiting:
            place, part = divmod(question.waiting, lattice.step)
            start[lattice.free + place, column] = 1 - part / lattice.step
            start[lattice.free + place + 1, column] = part / lattice.step
        else:
            busy = lattice.free + 1
            start[:busy, column] = _steady(rates.up[: busy - 1, column].tolist(), rates.down[1:busy, column].tolist())
    return start


def _steady(ups: Sequence[float], downs: Sequence[float]) -> list[float]:
    """Return the steady state's probabilities of states with these rates between them."""
    logs = [0.0]
    for up, down in zip(ups, downs, strict=True):
        logs.append(logs[-1] + math.log(max(up, TINY)) - math.log(max(down, TINY)))
    peak = max(logs)
    weights = [math.exp(log - peak) for log in logs]
    total = sum(weights)
    return [weight / total for weight in weights]


def _asa_seconds(spent: Array, group: Sequence[Chain], numbers: _Numbers) -> list[float | None]:
    """Return the mean wait of the served among callers who arrive while the chain is where it was for `spent`."""
    served, waits = np.ones_like(spent), (numbers.ahead + 1) / numbers.completion
    for column, (question, lattice, _) in enumerate(group):
        if question.server.abandon and question.server.completion:
            behind = slice(lattice.free, lattice.states)
            served[behind, column] = question.server.served(lattice.ahead)
            waits[behind, column] = question.server.waits(lattice.ahead)
    queued = np.where(numbers.is_queued, spent * served, 0.0)
    waited = _total(np.where(numbers.is_queued, queued * waits, 0.0))
    answered = _total(queued) + _total(np.where(numbers.is_queued, 0.0, spent))
    means = np.maximum(0.0, waited / answered).tolist()
    return [mean if chain.question.server.completion else None for mean, chain in zip(means, group, strict=True)]
