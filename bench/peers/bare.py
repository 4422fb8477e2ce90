"""The floor: a uvloop protocol that writes one ready frame to every connection, and nothing else.

    python -m bench.peers.bare PORT

Speaks just enough WebSocket for the load client. Publishes by itself, as told on standard input: no Redis on the way.
"""

import asyncio
import base64
import hashlib
import json
import struct
import sys
import threading
import time
from typing import Any

import uvloop

from bench.pace import Command, answer, read_command, ticks

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
connections: set["Bare"] = set()


class Bare(asyncio.Protocol):
    transport: asyncio.Transport
    received = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self in connections:
            return
        self.received += data
        if b"\r\n\r\n" not in self.received:
            return
        key = self.received.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.transport.write(frame(b'{"event":"subscribed"}'))
        connections.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        connections.discard(self)


def frame(text: bytes) -> bytes:
    head = struct.pack("!BB", 0x81, len(text)) if len(text) < 126 else struct.pack("!BBH", 0x81, 126, len(text))
    return head + text


def event(number: int, body: dict[str, Any]) -> bytes:
    data = {"stamp": time.time_ns(), "n": number, **body}
    return frame(json.dumps({"event": "bench:event", "data": data}, separators=(",", ":")).encode())


async def publish(command: Command) -> None:
    published = 0
    for wait, numbers in ticks(command):
        await asyncio.sleep(wait)
        for number in numbers:
            ready = event(number, command.body)
            for connection in connections:
                connection.transport.write(ready)
            published += 1
    answer(published=published)


def obey(loop: asyncio.AbstractEventLoop) -> None:
    for line in sys.stdin:
        asyncio.run_coroutine_threadsafe(publish(read_command(line)), loop)


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Bare, "127.0.0.1", port, backlog=2048)
    threading.Thread(target=obey, args=(loop,), daemon=True).start()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
