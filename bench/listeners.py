"""A few hundred sockets with credentials of their own, in this process: bench.load gives all of its the same."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect


@dataclass(frozen=True)
class Listener:
    organization: str
    socket: ClientConnection

    async def until(self, event: str) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(await self.socket.recv())
            if message["event"] == event:
                return message


async def listen(
    stack: AsyncExitStack, port: int, organization: str, key: str, *, channel: str, snapshot: bool = False
) -> Listener:
    """Open a socket that hears a channel of one organization, until the stack closes it."""
    socket = await stack.enter_async_context(connect(f"ws://127.0.0.1:{port}/ws", max_size=None, compression=None))
    listener = Listener(organization, socket)
    await _say(socket, "authenticate", {"token": key})
    await listener.until("authenticated")
    await _say(socket, "subscribe", {"channels": [channel], "organization_id": organization, "snapshot": snapshot})
    await listener.until("subscribed")
    return listener


async def _say(socket: ClientConnection, event: str, data: dict[str, Any]) -> None:
    await socket.send(json.dumps({"event": event, "data": data}))


async def gather_some(*work: Any, at_once: int = 20) -> list[Any]:
    """Await them all, so many at a time: handshakes are no storm here."""
    free = asyncio.Semaphore(at_once)

    async def one(each: Any) -> Any:
        async with free:
            return await each

    return await asyncio.gather(*map(one, work))
