"""Database reads of the hub: in a small executor of its own (Channels shares one thread for everything), and one read
for all callers that need the same at the same time. Reads for one organization: realtime.hub.tenants.threads.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Run = Callable[..., Coroutine[Any, Any, Any]]
"""Runs a function with its arguments in a thread."""

_executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="realtime-db")
_revocation_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="realtime-revocation")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_executor, partial(closing, function, *args, **kwargs))


async def in_revocation_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run in the thread of revocation alone: slow snapshots and replays must not delay the end of access."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_revocation_executor, partial(closing, function, *args, **kwargs))


def closing(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a function that asks the database, and close the connections that it opened in this thread."""
    try:
        return function(*args, **kwargs)
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()  # back to the pool; nothing of ours stays open between reads


class SingleFlight:
    """Shares the result of a call with all calls of the same key that come while it is under way."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Future[Any]] = {}

    async def do(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        flight = self._flights.get(key)
        if flight is None or flight.done():
            # Outside the first caller's log context: the work is for all of them.
            flight = self._flights[key] = asyncio.get_running_loop().create_task(make(), context=Context())
            flight.add_done_callback(partial(self._landed, key))
        # Shielded: a caller that is cancelled must not cancel the others' read.
        return await asyncio.shield(flight)

    def is_under_way(self, key: Hashable) -> bool:
        flight = self._flights.get(key)
        return flight is not None and not flight.done()

    def _landed(self, key: Hashable, flight: asyncio.Future[Any]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


class DataLoader(Generic[K, V]):
    """Loads values by key in batches: keys that come while a batch is under way are loaded together, in the next one.

    So a thousand clients at once cost a few queries, and no answer is older than its request.
    """

    def __init__(
        self, load_many: Callable[[Collection[K]], Mapping[K, V]], *, pause: float = 0.05, run: Run = in_thread
    ) -> None:
        self._load_many = load_many
        self._pause = pause
        self._in_thread = run
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._task: asyncio.Task[None] | None = None

    async def load(self, key: K) -> V:
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())
        return await asyncio.shield(future)  # a caller that is cancelled must not cancel the others' answer

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            try:
                values = await self._in_thread(self._load_many, list(batch))
            except Exception as error:
                for future in batch.values():
                    future.set_exception(error)
                    future.exception()  # marks it as seen: the caller may be gone
            else:
                for key, future in batch.items():
                    future.set_result(values[key])
            await asyncio.sleep(self._pause)
