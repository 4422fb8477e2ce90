"""Periodic work of the hub: each kind has a loop of its own, so that one that waits delays no other."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from django.db import DatabaseError

log = structlog.get_logger(__name__)


class Loop:
    """Calls `work` again and again. A failing round is logged, once while the database is away; the next one comes."""

    def __init__(self, name: str, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        self.name = name
        self.rounds = 0  # that have ended, well or not
        self._seconds = seconds
        self._work = work
        self._failing = False

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            await self._round()
            self.rounds += 1

    async def _round(self) -> None:
        try:
            await self._work()
            self._failing = False
        except DatabaseError as error:
            if not self._failing:
                log.error("database_unreachable", loop=self.name, error=str(error).strip())
            self._failing = True
        except Exception:  # nothing else does this work: the loop must not end
            log.exception("loop_failed", loop=self.name)


class Backoff:
    """Pauses that double, for work that must not repeat itself at once when it made no progress."""

    def __init__(self, *, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._next = first

    async def wait(self) -> None:
        await asyncio.sleep(self._next)
        self._next = min(self._next * 2, self._longest)

    def reset(self) -> None:
        self._next = self._first
