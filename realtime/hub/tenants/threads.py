"""Threads for what is read for one organization: its snapshots, replays and cursors. None of them waits for another's.

An organization whose reads take long, because its rows are locked or it has ten times the queues, holds PER_TENANT of
the threads at most; what it wants beyond that waits, and the organizations that wait take turns.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from realtime.hub.shared_reads import closing

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
PER_TENANT = 2

_executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="realtime-tenants")
Call = tuple[Callable[[], Any], asyncio.Future[Any]]


class TenantThreads:
    """The turns of one event loop."""

    def __init__(self, *, threads: int = THREADS, per_tenant: int = PER_TENANT) -> None:
        self._threads, self._per_tenant = threads, per_tenant
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[Call]] = {}  # who was served last stands last

    async def run(self, tenant: str, function: Callable[[], T]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append((function, future))
        self._start_next()
        return await future

    def _start_next(self) -> None:
        while self._running.total() < self._threads and (tenant := self._next()) is not None:
            calls = self._waiting.pop(tenant)
            function, future = calls.popleft()
            if calls:
                self._waiting[tenant] = calls
            if not future.cancelled():
                self._start(tenant, function, future)

    def _next(self) -> str | None:
        return next((tenant for tenant in self._waiting if self._running[tenant] < self._per_tenant), None)

    def _start(self, tenant: str, function: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        self._running[tenant] += 1
        work = asyncio.get_running_loop().run_in_executor(_executor, function)
        work.add_done_callback(partial(self._done, tenant, future))

    def _done(self, tenant: str, future: asyncio.Future[Any], work: asyncio.Future[Any]) -> None:
        self._running[tenant] -= 1
        if not self._running[tenant]:
            del self._running[tenant]
        error = None if work.cancelled() else work.exception()
        if future.done():
            pass  # the caller has gone
        elif work.cancelled():
            future.cancel()
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(work.result())
        self._start_next()


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, TenantThreads] = WeakKeyDictionary()


async def in_tenant_thread(tenant: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it in a thread when it is the turn of this organization."""
    turns = _turns.setdefault(asyncio.get_running_loop(), TenantThreads())
    return await turns.run(tenant, partial(closing, function, *args, **kwargs))
