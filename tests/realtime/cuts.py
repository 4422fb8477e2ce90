"""A proxy that cuts a connection after so many bytes, and clients that keep what the protocol lets them keep."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

Message = dict[str, Any]
PATH = "/api/ws/sse"


class Cutter:
    """Passes on what the server says, up to `limit` bytes, and closes."""

    def __init__(self, server: int, limit: int | None) -> None:
        self._server, self._limit = server, limit
        self.passed = b""
        self.port = 0
        self._serving: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Cutter"]:
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.gather(*self._serving)

    async def _serve(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.append(task)
        self._writers.append(client_writer)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_close, client_writer)
            with suppress(OSError):  # the server is just being restarted, or the client has gone
                reader, writer = await asyncio.open_connection("127.0.0.1", self._server)
                self._writers.append(writer)
                stack.push_async_callback(_close, writer)
                asking = asyncio.create_task(self._pump(client_reader, writer))
                stack.callback(asking.cancel)
                await self._answer(reader, client_writer)

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            left = len(data) if self._limit is None else self._limit - len(self.passed)
            self.passed += data[:left]
            writer.write(data[:left])
            if left <= len(data) and self._limit is not None:
                return


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def scope_of(figure: Message) -> tuple[str, str]:
    return figure.get("department_id", ""), figure.get("queue_name", "")


@dataclass
class Keeper:
    """A client of one room of the backlog and one of custom events, by the words of docs/protocol.md."""

    organization: str
    token: str
    positions: dict[str, Message] = field(default_factory=dict)
    known: dict[tuple[str, str], Message] = field(default_factory=dict)
    events: list[tuple[str, int]] = field(default_factory=list)
    recovered: list[bool] = field(default_factory=list)
    snapshots: int = 0
    begun: dict[str, int] = field(default_factory=dict)
    """The first position in each stream."""

    @property
    def rooms(self) -> list[str]:
        return [f"backlog:org:{self.organization}", f"custom:org:{self.organization}"]

    def at(self, stream: str) -> int:
        return int(self.positions[stream]["seq"]) if stream in self.positions else -1

    def take(self, message: Message) -> None:
        name, data = message["event"], message["data"]
        if name == "subscribed":
            self.recovered.append(data["recovered"])
        if name in ("subscribed", "heartbeat"):
            self.move(data["position"])
        elif name.endswith(":snapshot"):
            self._snapshot(data)
        elif "stream" in message and not name.endswith(":resync"):
            self.events.append((message["stream"], message["seq"]))
            if name == "backlog:update":
                self.known[scope_of(data)] = data
        if "stream" in message and data.get("complete", True):
            self.move({message["stream"]: {"epoch": message["epoch"], "seq": message["seq"]}})

    def _snapshot(self, data: Message) -> None:
        if data["rooms"]:
            self.known.clear()
        self.known |= {scope_of(item): item for item in data["items"]}
        self.snapshots += data["complete"]

    def move(self, positions: dict[str, Message]) -> None:
        self.positions |= positions
        self.begun = {stream: at["seq"] for stream, at in positions.items()} | self.begun

    async def listen(self, port: int) -> None:
        """Hear everything until the connection ends."""
        raise NotImplementedError


class SocketKeeper(Keeper):
    async def listen(self, port: int) -> None:
        address = f"ws://127.0.0.1:{port}/ws"
        with suppress(ConnectionClosed, InvalidHandshake, OSError, EOFError):
            async with connect(address, max_size=None, compression=None, open_timeout=60, close_timeout=1) as client:
                await client.send(json.dumps({"event": "authenticate", "data": {"token": self.token}}))
                asked = {"rooms": self.rooms, "since": self.positions}
                await client.send(json.dumps({"event": "subscribe", "data": asked}))
                while True:
                    self.take(json.loads(await client.recv()))


class StreamKeeper(Keeper):
    """Moves by the `id` of each block alone."""

    last_id = ""

    async def listen(self, port: int) -> None:
        headers = {"Authorization": f"Api-Key {self.token}", "Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": self.last_id} if self.last_id else {}
        with suppress(httpx.TransportError):
            async with (
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", timeout=60, headers=headers, verify=False
                ) as client,
                client.stream("GET", PATH, params={"rooms": ",".join(self.rooms)}) as response,
            ):
                await self._read(response)

    async def _read(self, response: httpx.Response) -> None:
        data, place = "", ""
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "data":
                data = value
            elif name == "id":
                place = value
            elif not line and data:
                self.last_id = place or self.last_id
                self.take(json.loads(data))
                data = ""

    def move(self, positions: dict[str, Message]) -> None:
        """Move by the last id alone, as an EventSource does: it does not read the blocks."""
        found = {}
        for part in filter(None, self.last_id.split(",")):
            channel, epoch, seq = part.split(":")
            found[f"{channel}:org:{self.organization}"] = {"epoch": epoch, "seq": int(seq)}
        super().move(found)


# --- borders ---------------------------------------------------------------------------------------------------------
def frame_borders(raw: bytes) -> list[int]:
    """Return the offset after each frame that follows the handshake."""
    at = raw.index(b"\r\n\r\n") + 4
    borders = [at]
    while at + 2 <= len(raw):
        size, head = raw[at + 1], 2
        if size == 126:
            size, head = int.from_bytes(raw[at + 2 : at + 4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(raw[at + 2 : at + 10], "big"), 10
        at += head + size
        borders.append(at)
    return [border for border in borders if border <= len(raw)]


def block_borders(raw: bytes) -> list[int]:
    """Return the offset after each block of an event stream."""
    at = raw.index(b"\r\n\r\n") + 4
    borders = [at]
    while (found := raw.find(b"\n\n", at)) >= 0:
        at = found + 2
        borders.append(at)
    return borders
