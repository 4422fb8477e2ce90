"""A client of event streams."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2 as httpx

from tests.live import LiveServer, Message, ProcessServer, assert_described

PATH = "/api/ws/sse"


class Stream:
    """A client as the standard describes it: fields of a block, the id that stays until the next one."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self.id = ""
        self.retry = 0
        self.comments: list[str] = []
        self.heard: list[Message] = []

    async def read(self) -> None:
        """In a task of its own: reading cannot be given up and taken up again."""
        with suppress(httpx.TransportError):
            async for line in self.response.aiter_lines():
                self._lines.put_nowait(line)
        self._lines.put_nowait(None)

    async def hear(self, seconds: float = 10.0) -> Message:
        """The next message; raises EOFError where the stream ends."""
        data = []
        while True:
            async with asyncio.timeout(seconds):
                line = await self._lines.get()
            if line is None:
                raise EOFError
            name, _, value = line.partition(": ")
            if name == "id":
                self.id = value
            elif name == "retry":
                self.retry = int(value)
            elif line.startswith(":"):
                self.comments.append(line)
            elif name == "data":
                data.append(value)
            elif not line and data:
                message: Message = json.loads("\n".join(data))
                assert_described(message)
                self.heard.append(message)
                return message

    async def until(self, event: str) -> Message:
        while True:
            message = await self.hear()
            if message["event"] == event:
                return message

    async def quiet(self, seconds: float = 0.3) -> list[Message]:
        messages = []
        with suppress(TimeoutError):
            while True:
                messages.append(await self.hear(seconds))
        return messages

    def numbers(self) -> list[int]:
        return [message["data"]["number"] for message in self.heard if message["event"] == "custom:note"]


@asynccontextmanager
async def stream(
    server: LiveServer | ProcessServer, token: str = "", headers: dict[str, str] | None = None, **query: Any
) -> AsyncIterator[Stream]:
    said = {
        "Accept": "text/event-stream",
        **({"Authorization": f"Api-Key {token}"} if token else {}),
        **(headers or {}),
    }
    async with (
        httpx.AsyncClient(base_url=server.http, timeout=30) as client,
        client.stream("GET", PATH, params=query, headers=said) as response,
    ):
        heard = Stream(response)
        reading = asyncio.create_task(heard.read()) if response.status_code == 200 else None
        yield heard
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])
