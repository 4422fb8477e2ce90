"""States of simulated queues M/G/N and M/G/N+M, in order of arrival, whose forecast is off by 8 %."""

import heapq
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bench.risk import State

WARM_UP_SECONDS = 3600.0
MOMENTS = 6


class Caller(NamedTuple):
    """Seconds from the start of the interval; `end` of the wait, by an agent or by the caller."""

    arrival: float
    end: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Queue:
    interval_seconds: float
    target_seconds: float
    target_service_level: float
    forecast_calls: float
    true_calls: float
    aht_seconds: float
    agents: int
    patience_seconds: float | None = None
    log_normal: bool = False


def queues(count: int, chance: random.Random) -> Iterator[Queue]:
    """Draw queues from half empty to overloaded, of 1 to about 200 agents."""
    for _ in range(count):
        interval, aht = chance.choice((900.0, 1800.0)), chance.choice((90.0, 180.0, 300.0, 480.0))
        calls = math.exp(chance.uniform(math.log(6), math.log(450)))
        load = calls * aht / interval
        yield Queue(
            interval_seconds=interval,
            target_seconds=chance.choice((20.0, 20.0, 30.0, 60.0)),
            target_service_level=chance.choice((0.7, 0.8, 0.8, 0.9)),
            forecast_calls=calls,
            true_calls=calls * max(0.5, chance.gauss(1, 0.08)),
            aht_seconds=aht,
            agents=max(1, math.ceil(load + chance.uniform(-0.8, 2.2) * math.sqrt(load))),
            patience_seconds=chance.choice((None, None, None, 60.0, 120.0, 300.0)),
            log_normal=chance.random() < 0.5,
        )


def callers(queue: Queue, chance: random.Random, warm_up: float = WARM_UP_SECONDS) -> list[Caller]:
    """Serve callers: each waits for the agent who is free first, or gives up before."""
    free, now, found = [-warm_up] * queue.agents, -warm_up, []
    rate, patience = queue.true_calls / queue.interval_seconds, queue.patience_seconds
    while (now := now + chance.expovariate(rate)) < queue.interval_seconds:
        start = max(now, free[0])
        leaves = now + chance.expovariate(1 / patience) if patience else math.inf
        if leaves < start:
            found.append(Caller(now, leaves, answered=False))
            continue
        heapq.heapreplace(free, start + _handling(queue, chance))
        found.append(Caller(now, start, answered=True))
    return found


def _handling(queue: Queue, chance: random.Random) -> float:
    if not queue.log_normal:
        return chance.expovariate(1 / queue.aht_seconds)
    return queue.aht_seconds * chance.lognormvariate(-0.5 * 0.8**2, 0.8)


def states(count: int, seed: int) -> Iterator[State]:
    """Simulate so many intervals and look at each at MOMENTS moments."""
    chance = random.Random(seed)
    for queue in queues(count, chance):
        day = callers(queue, chance)
        for _ in range(MOMENTS):
            yield state(queue, day, chance.uniform(0, queue.interval_seconds))


def state(queue: Queue, day: list[Caller], elapsed: float) -> State:
    """Return what is known so many seconds into the interval, and how it ended for those who arrived in it."""
    offered = [caller for caller in day if 0 <= caller.arrival <= elapsed]
    waits = [elapsed - caller.arrival for caller in day if caller.arrival <= elapsed < caller.end]
    judged, in_target = counted([caller for caller in offered if caller.end <= elapsed], queue)
    judged_end, in_target_end = counted([caller for caller in day if caller.arrival >= 0], queue)
    return State(
        interval_seconds=queue.interval_seconds,
        target_seconds=queue.target_seconds,
        target_service_level=queue.target_service_level,
        forecast_calls=queue.forecast_calls,
        aht_seconds=queue.aht_seconds,
        agents=queue.agents,
        patience_seconds=queue.patience_seconds,
        elapsed_seconds=elapsed,
        offered=len(offered),
        judged=judged,
        in_target=in_target,
        waiting=len(waits),
        waiting_past_target=sum(wait > queue.target_seconds for wait in waits),
        missed=in_target_end < queue.target_service_level * judged_end - 1e-9,
        oracle=None,
    )


def counted(of: list[Caller], queue: Queue) -> tuple[int, int]:
    """Return the contacts that count (early abandonments are left out), and those of them who were in target."""
    in_time = [caller for caller in of if caller.end - caller.arrival <= queue.target_seconds]
    return len(of) - sum(not caller.answered for caller in in_time), sum(caller.answered for caller in in_time)
