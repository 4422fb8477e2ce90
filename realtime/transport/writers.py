"""Writers of sockets: one with the synchronous write of our server protocol, one with plain ASGI `send`."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from realtime.hub.fanout.rendering import DEFLATED, FRAMES, TEXTS, Batch
from realtime.protocol.frames import frame

FRAMES_EXTENSION = "intraday.frames"
"""Key in `scope["extensions"]` under which realtime.transport.server offers its FrameTransport."""

ABORT_EXTENSION = "intraday.abort"
"""Key in `scope["extensions"]` of a plain request under which the server (transport.server) lets us cut it off."""


class FrameTransport(Protocol):
    """The interface of realtime.transport.server: ready frames go straight to the transport."""

    on_writable: Callable[[bool], None] | None

    deflates: bool
    """True where the client takes frames of realtime.protocol.frames.deflated_frame."""

    put_frames: Callable[[bytes], None]
    """Write without a look at the state: only until `on_writable(False)`."""

    def is_writable(self) -> bool: ...
    def write_frames(self, frames: bytes) -> None:
        """Write, unless the connection is ending."""

    async def wait_writable(self) -> None: ...
    def unsent_bytes(self) -> int: ...
    def fail(self, code: int, reason: str) -> None: ...
    def close_code(self) -> int:
        """The code of the first close frame of either side; 1006 without one."""
        ...


class TransportWriter:
    __slots__ = ("_transport", "form", "on_ready", "put", "ready")

    def __init__(self, transport: FrameTransport) -> None:
        self._transport = transport
        self.put = transport.put_frames
        self.form = DEFLATED if transport.deflates else FRAMES
        self.on_ready: Callable[[], None] = lambda: None
        self.ready = transport.is_writable()
        transport.on_writable = self._writable

    def _writable(self, writable: bool) -> None:
        self.ready = writable
        if writable:
            self.on_ready()

    def write(self, batch: Batch) -> None:
        self._transport.write_frames(self.form(batch))

    def send(self, text: bytes) -> None:
        self._transport.write_frames(frame(text))

    async def drained(self) -> None:
        await self._transport.wait_writable()

    def stuck(self) -> int | None:
        return None if self._transport.is_writable() else self._transport.unsent_bytes()

    def fail(self, code: int, reason: str) -> None:
        self._transport.fail(code, reason)


class AsgiWriter:
    """Writes one message at a time through the server's awaitable `send`, under any ASGI server."""

    form = staticmethod(TEXTS)

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None
        self._sent = 0
        self.ready = True
        self.on_ready: Callable[[], None] = lambda: None

    def write(self, batch: Batch) -> None:
        self.put(batch.texts)

    def put(self, texts: list[bytes]) -> None:
        self._waiting.extend(texts)
        self._start()

    def send(self, text: bytes) -> None:
        self._waiting.append(text)
        self._start()

    def _start(self) -> None:
        if self._task is None:
            self.ready = False
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._pass_on()
                self._sent += 1
        except Exception:
            self._waiting.clear()
            return  # stays busy: nothing more is written, and the disconnect message ends the connection
        self._task = None
        self.ready = True
        self.on_ready()

    async def _pass_on(self) -> None:
        await self._send({"type": "websocket.send", "text": self._waiting.popleft().decode()})

    async def drained(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    def stuck(self) -> int | None:
        return None if self._task is None else self._sent

    def fail(self, code: int, reason: str) -> None:
        self._waiting.clear()
        self.ready = False
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.get_running_loop().create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        with suppress(Exception):  # the client may be gone already, which is what was wanted
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
