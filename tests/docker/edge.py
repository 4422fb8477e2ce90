"""A site behind a proxy that reads our own settings: two server processes, and clients who come back by themselves."""

import asyncio
import json
import os
import random
import re
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import httpx2 as httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests import crowds
from tests.crowds import connected
from tests.services import Service

DOCKER = Path(__file__).resolve().parents[2] / "docker"
STREAM = "backlog:org:org_123"
STEPS = 6_000  # of patience: proxies start, reload and notice
FIRST_DELAY, LONGEST_DELAY = 0.5, 15.0  # of the browser's client: clients/typescript/src/socket.ts


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Change what depends on the machine; each pattern must be there, or the settings under test are others."""
    for pattern, value in changes:
        text, count = re.subn(pattern, value, text, flags=re.MULTILINE)
        assert count, f"nothing in the settings looks like {pattern}"
    return text


def program(name: str) -> str:
    """Return the path of a program that Debian puts beside those of the administrator."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, name
    return found


class Proxy(Service):
    """A proxy before `servers`, on the settings in `docker/`. `cut` are the seconds that old connections outlive a
    reload."""

    reload_signal: ClassVar[signal.Signals]

    def __init__(self, *servers: Any, cut: int = 60) -> None:
        super().__init__()
        self.servers, self.cut = servers, cut

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        return self.url

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def reload(self) -> None:
        """Read the settings again; open sockets stay with the processes of before."""
        assert self.directory is not None
        self._prepare(self.directory)
        self._running.send_signal(self.reload_signal)

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/proxy-health").status_code == 204
        return False


class Nginx(Proxy):
    name, reload_signal = "nginx", signal.SIGHUP

    def _prepare(self, directory: Path) -> None:
        lines = "".join(f"        server 127.0.0.1:{server.port} max_fails=0;\n" for server in self.servers)
        directory.chmod(0o755)  # its workers are another user
        upstreams = (DOCKER / "upstreams-static.conf").read_text()
        (directory / "upstreams.conf").write_text(replaced(upstreams, (r"(?:^ +server .* max_fails=0;.*\n)+", lines)))
        settings = replaced(
            (DOCKER / "nginx.conf").read_text(),
            (r"listen 80 ", f"listen 127.0.0.1:{self.port} "),
            (r"^pid .*;", f"pid {directory}/nginx.pid;"),
            (r"worker_shutdown_timeout \w+;", f"worker_shutdown_timeout {self.cut}s;"),
        )
        (directory / "nginx.conf").write_text(settings)

    def _command(self, directory: Path) -> list[str]:
        return [program("nginx"), "-c", str(directory / "nginx.conf"), "-g", "daemon off;"]


class HAProxy(Proxy):
    name, reload_signal = "HAProxy", signal.SIGUSR2

    def _prepare(self, directory: Path) -> None:
        settings = replaced(
            (DOCKER / "haproxy.cfg").read_text(),
            (r"bind :80$", f"bind 127.0.0.1:{self.port}"),
            (r"hard-stop-after \w+", f"hard-stop-after {self.cut}s"),
            *(
                (rf"(server [a-z]+{number}) \S+$", rf"\1 127.0.0.1:{server.port}")
                for number, server in enumerate(self.servers, 1)
            ),
        )
        (directory / "haproxy.cfg").write_text(settings)

    def _command(self, directory: Path) -> list[str]:
        return [program("haproxy"), "-W", "-db", "-f", str(directory / "haproxy.cfg")]


@dataclass
class Client:
    """A client that keeps its cursor and comes back as the browser's does; it counts what it hears and its attempts."""

    address: str
    token: str
    cursor: dict[str, Any] = field(default_factory=dict)
    first: int = 0
    seqs: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    attempts: int = 0
    """Since it last listened."""
    most_attempts: int = 0
    returns: int = 0
    listening: bool = False

    async def run(self) -> None:
        while True:
            delay = None
            self.attempts += 1
            self.most_attempts = max(self.attempts, self.most_attempts)
            with suppress(OSError, TimeoutError, WebSocketException, InvalidHandshake):
                async with connect(self.address, max_size=None, open_timeout=20, ping_interval=None) as socket:
                    delay = await self._listen(socket)
            self.listening = False
            if delay is None:
                delay = random.uniform(0, min(LONGEST_DELAY, FIRST_DELAY * 2 ** (self.attempts - 1)))
            await asyncio.sleep(delay)

    async def _listen(self, socket: ClientConnection) -> float | None:
        delay: float | None = None
        await self._say(socket, "authenticate", token=self.token)
        await self._say(socket, "subscribe", rooms=[STREAM], **({"since": self.cursor} if self.cursor else {}))
        with suppress(WebSocketException):
            async for text in socket:
                message = json.loads(text)
                if message["event"] == "reconnect":
                    delay = message["data"]["retry_after_ms"] / 1000
                self._take(message)
        self.codes.append(socket.close_code or 0)
        return delay

    def _take(self, message: dict[str, Any]) -> None:
        if message["event"] == "subscribed":
            self.returns += bool(self.cursor)
            self.listening, self.attempts = bool(self.cursor), 0
        elif message["event"].endswith(":snapshot"):  # its position is the one to go on from
            self.cursor[STREAM] = {"epoch": message["epoch"], "seq": message["seq"]}
            self.first, self.listening = message["seq"] + 1, True
        elif "seq" in message:
            self.seqs.append(message["seq"])
            self.cursor[STREAM] = {"epoch": message["epoch"], "seq": message["seq"]}

    @staticmethod
    async def _say(socket: ClientConnection, event: str, **data: Any) -> None:
        await socket.send(json.dumps({"event": event, "data": data}))

    def missed_or_doubled(self, upto: int) -> bool:
        return self.seqs != list(range(self.first, upto + 1))


@asynccontextmanager
async def crowd(address: str, token: str, count: int) -> AsyncIterator[list[Client]]:
    """Clients who all listen."""
    clients = [Client(address, token) for _ in range(count)]
    async with connected(clients, steps=STEPS):
        yield clients


async def reached(condition: Callable[[], bool]) -> None:
    await crowds.reached(condition, steps=STEPS)
