"""A birth-death chain of the callers in a queue, integrated over the rest of an interval (DOMAIN 1.9).

A run asks for thousands of chains. `prepare` answers many questions at a time, and `rest_of_interval` finds the answer;
it is the same one by one, for many times the time.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from kpi.formulas import chains
from kpi.formulas.chains import Chain, Lattice, Question, Rest
from kpi.formulas.steps import Steps
from kpi.formulas.waits import Server

__all__ = ["Question", "Rest", "prepare", "rest_of_interval"]

STATES = 400
"""The number of callers above which a state stands for several of them."""
REMOTE = 9.0
"""Minus the log of the probability of a queue that is left out."""
EVEN = 1e-12
"""Log of the ratio of answers to arrivals, at least: rounding makes it 0 where they are nearly even."""
AT_ONCE = 512
"""Chains that are integrated together: their numbers stay in the processor's cache."""
PADDED = 1.25
"""The number of states of the longest of them beside the shortest, at most, except among FEW."""
FEW = 128
"""Chains that cost hardly more than one."""
REMEMBERED = 8_192
"""Answers. The seconds that are left are part of the question, so only one run asks for the same again."""

_answers: dict[Question, Rest] = {}


def rest_of_interval(question: Question) -> Rest:
    """Integrate over so many seconds, from `waiting` callers in the queue, or where nobody waits from the steady
    number of busy agents."""
    found = _answers.get(question)
    return _answer([question])[0] if found is None else found


def prepare(questions: Iterable[Question]) -> None:
    """Answer many questions together, before they are asked; not more than REMEMBERED at a time."""
    asked = list(dict.fromkeys(questions))[:REMEMBERED]
    known = {question: _answers[question] for question in asked if question in _answers}
    new = [question for question in asked if question not in known]
    if len(_answers) + len(new) > REMEMBERED:
        _answers.clear()
        _answers.update(known)
    _answers.update(zip(new, _answer(new), strict=True))


def _answer(questions: Sequence[Question]) -> list[Rest]:
    found: dict[int, Rest] = {}
    for places, group in _groups([_chain(question) for question in questions]):
        found.update(zip(places, chains.integrate(group), strict=True))
    return [found[place] for place in range(len(questions))]


def _groups(found: Sequence[Chain]) -> Iterator[tuple[list[int], list[Chain]]]:
    """Put together chains of the same steps and of about the same number of states."""
    alike: dict[object, list[int]] = defaultdict(list)
    for place, chain in enumerate(found):
        alike[chain.steps is None or chain.steps.damped].append(place)
    for places in alike.values():
        left = sorted(places, key=lambda place: found[place].lattice.states)
        while left:
            most = PADDED * found[left[0]].lattice.states
            alike_enough = [place for place in left[:AT_ONCE] if found[place].lattice.states <= most]
            taken = left[: max(FEW, len(alike_enough))]
            left = left[len(taken) :]
            yield taken, [found[place] for place in taken]


def _chain(question: Question) -> Chain:
    arrival, server, agents, aht_seconds, waiting, seconds, _ = question
    lattice = _lattice(arrival, server, agents, waiting, seconds)
    steps = Steps.over(seconds, aht_seconds, _drained(arrival, server, waiting)) if seconds else None
    return Chain(question, lattice, steps)


def _drained(arrival: float, server: Server, waiting: int) -> float:
    """Return the seconds until nobody waits any more, about."""
    leaving = server.completion + waiting * server.abandon - arrival
    return waiting / leaving if waiting and leaving > 0 else math.inf


def _lattice(arrival: float, server: Server, agents: int, waiting: int, seconds: float) -> Lattice:
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
    return Lattice(agents - free * step, step, free, free + above // step + 2)
