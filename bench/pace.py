"""The pace of a publisher, the same for every contender: it gets it as one JSON line on its standard input."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import msgspec

STANDSTILL_S = 0.5


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """`count` events at `rate` a second, or a flood for `seconds` with at most `window` events under way."""

    body: dict[str, Any]
    count: int = 0
    rate: float = 0.0
    together: bool = False  # all `count` in one transaction, at once
    numbered: bool = True  # False: a warm-up, every event is number 0 and not counted
    seconds: float = 0.0
    window: int = 0
    burst: int = 1  # a flood publishes this many together
    progress: str = ""  # the load client writes the mean number reached into this file


class Tick(NamedTuple):
    wait: float
    numbers: range  # publish these after the wait; empty: nothing yet


def read_command(line: str) -> Command:
    return msgspec.json.decode(line, type=Command)


def answer(**figures: float) -> None:
    print(json.dumps(figures), flush=True)


def ticks(command: Command) -> Iterator[Tick]:
    if command.together:
        return iter([Tick(0.0, range(1, command.count + 1))])
    return _flood(command) if command.seconds else _steady(command)


def _steady(command: Command) -> Iterator[Tick]:
    started = perf_counter()
    for i in range(command.count):
        number = i + 1 if command.numbered else 0
        yield Tick(max(0.0, started + i / command.rate - perf_counter()), range(number, number + 1))


def _flood(command: Command) -> Iterator[Tick]:
    """Closed loop: the next burst when the clients, on average, are no further behind than the window.

    Goes on where they stand still: events that never arrive shall be seen missing, not stop the bench.
    """
    ends = perf_counter() + command.seconds
    following, reached, moved_at = 1, 0, perf_counter()
    with Path(command.progress).open("rb") as file:
        while perf_counter() < ends:
            before, reached = reached, int.from_bytes(os.pread(file.fileno(), 8, 0), "little")
            moved_at = perf_counter() if reached > before else moved_at
            if following - reached > command.window and perf_counter() - moved_at < STANDSTILL_S:
                yield Tick(0.0005, range(0))
                continue
            yield Tick(0.0, range(following, following + command.burst))
            following += command.burst
