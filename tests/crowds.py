"""Many clients at once: run them together, and wait for all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

STEP_SECONDS = 0.02


class Client(Protocol):
    """A client that keeps its cursor and comes back."""

    listening: bool

    async def run(self) -> None: ...


@asynccontextmanager
async def connected(clients: Sequence[Client], *, steps: int = 3_000) -> AsyncIterator[None]:
    """Run the clients, from when all of them listen."""
    tasks = [asyncio.create_task(client.run()) for client in clients]
    try:
        await reached(lambda: all(client.listening for client in clients), tasks, steps=steps)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def reached(
    condition: Callable[[], bool], tasks: Sequence[asyncio.Task[None]] = (), *, steps: int = 3_000
) -> None:
    """Wait for the condition, for so many steps. Raises what ended one of the tasks."""
    for _ in range(steps):
        for task in tasks:
            if task.done():
                task.result()
        if condition():
            return
        await asyncio.sleep(STEP_SECONDS)
    raise AssertionError("nothing moves any more")
