"""TLS in front of a server that has none: what is encrypted on this side is plain on the other.

PostgreSQL's clients ask for TLS in the clear first; then `postgres=True`. Plaintext is refused either way.
"""

import asyncio
import ssl
import struct
import threading
from contextlib import suppress
from typing import Self

from tests.faults.authority import Certificate

SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class TlsProxy:
    def __init__(self, port: int, certificate: Certificate, *, postgres: bool = False) -> None:
        self._target, self._postgres = port, postgres
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*certificate)
        self._context.set_alpn_protocols(["postgresql"] if postgres else [])
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10), "the proxy did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, started: threading.Event) -> None:
        self._loop.set_exception_handler(lambda *_: None)  # clients that refuse our certificate, and say so
        context = None if self._postgres else self._context
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        while tasks := asyncio.all_tasks(self._loop):
            self._loop.run_until_complete(asyncio.wait(tasks))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            if not self._postgres or await self._encrypted(reader, writer):
                there = await asyncio.open_connection("127.0.0.1", self._target)
                self._writers.append(there[1])
                await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        writer.close()

    async def _encrypted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
            return False
        writer.write(b"S")
        await writer.start_tls(self._context)
        return True


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
