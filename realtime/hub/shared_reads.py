"""Database work of the hub: a small executor of its own (Channels shares one thread for everything), and one read
for all who ask for the same at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_executor = ThreadPoolExecutor(max_workers=3, thread_name_prefix="realtime-db")
_watching = ThreadPoolExecutor(max_workers=1, thread_name_prefix="realtime-watch")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_executor, partial(_run, function, *args, **kwargs))


async def in_watch_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """For realtime.hub.revocation alone: slow snapshots and replays must not keep anybody in."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_watching, partial(_run, function, *args, **kwargs))


def _run(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return function(*args, **kwargs)
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()  # back to the pool; nothing of ours stays open between reads


class SingleFlight:
    """Calls with the same key while one is under way share its result."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Future[Any]] = {}

    async def do(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        flight = self._flights.get(key)
        if flight is None or flight.done():
            flight = self._flights[key] = asyncio.ensure_future(make())
            flight.add_done_callback(partial(self._landed, key))
        # Shielded: one who leaves must not cancel the others' read.
        return await asyncio.shield(flight)

    def _landed(self, key: Hashable, flight: asyncio.Future[Any]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


class Gathered(Generic[K, V]):
    """Questions that come while an answer is under way are asked together, with the next one.

    So a thousand clients at once cost a few queries, and none is answered from before it asked.
    """

    def __init__(self, answer: Callable[[Collection[K]], Mapping[K, V]], *, pause: float = 0.05) -> None:
        self._answer = answer
        self._pause = pause
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: K) -> V:
        future = self._waiting.get(question)
        if future is None:
            future = self._waiting[question] = asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        return await asyncio.shield(future)  # one who leaves must not cancel the others' answer

    async def _run(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                answers = await in_thread(self._answer, list(asked))
            except Exception as error:
                for future in asked.values():
                    future.set_exception(error)
                    future.exception()  # whoever asked may be gone: it is not forgotten, it was for them
            else:
                for question, future in asked.items():
                    future.set_result(answers[question])
            await asyncio.sleep(self._pause)
