"""The real server inside the test process, and a real client for its sockets."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx2 as httpx
import jsonschema
import uvicorn
from channels.layers import channel_layers
from django.conf import settings
from django.db import connections
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from intraday.channels import CHANNELS
from realtime.hub.hub import Hub, _hubs
from realtime.protocol.asyncapi import document
from realtime.transport import server
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
Message = dict[str, Any]
T = TypeVar("T")


class LiveServer:
    """uvicorn in a thread with an event loop of its own, on the database of the test."""

    def __init__(self, kind: str = "frames") -> None:
        self.kind, self.port = kind, free_port()
        self.http, self.ws = f"http://127.0.0.1:{self.port}", f"ws://127.0.0.1:{self.port}/ws"
        self.loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        channel_layers.backends.clear()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(20), "the server did not start"

    def stop(self) -> None:
        self._stop()
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not stop"
        channel_layers.backends.clear()

    @property
    def hub(self) -> Hub:
        return _hubs[self.loop]

    def on_loop(self, function: Callable[[], T]) -> T:
        """Run a function on the server's loop and return its result."""

        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(20)

    def _run(self, started: threading.Event) -> None:
        config = server.config(port=self.port)
        if self.kind == "asgi":
            config.ws = "websockets-sansio"  # uvicorn's own protocol: no extension, hence plain `send`
        config.load()
        running = uvicorn.Server(config)
        self._stop = lambda: setattr(running, "should_exit", True)

        async def main() -> None:
            self.loop = asyncio.get_running_loop()
            serving = asyncio.create_task(running.serve())
            while not running.started and not serving.done():
                await asyncio.sleep(0.01)
            started.set()
            await serving

        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(main())


class ProcessServer:
    """A server as a process of its own, to be killed and started again: `manage.py serve`, `manage.py up`, Daphne."""

    def __init__(self, *command: str, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.http, self.ws = f"http://127.0.0.1:{self.port}", f"ws://127.0.0.1:{self.port}/ws"
        self._command = [sys.executable, *(part.format(port=self.port) for part in command)]
        self._environment = os.environ | environment
        self.process: subprocess.Popen[bytes] | None = None
        self.exit_code: int | None = None  # of the last run that ended

    @classmethod
    def serve(cls) -> "ProcessServer":
        """A production process on the test database."""
        return cls("manage.py", "serve", "--port", "{port}", environment=test_database())

    @classmethod
    def daphne(cls) -> "ProcessServer":
        return cls("-m", "daphne", "-p", "{port}", "intraday.asgi:application", environment=test_database())

    @classmethod
    def embedded(cls, var: Path, **environment: str) -> "ProcessServer":
        """`make run` with its data in `var`: SQLite, demo mode, no simulation."""
        alone = {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(var), "INTRADAY_SIMULATE": "0"}
        return cls("manage.py", "up", "--port", "{port}", environment=alone | environment)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.stop(signal.SIGTERM)

    def start(self) -> None:
        self.launch()
        self.wait()

    def launch(self) -> None:
        self.process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def wait(self) -> None:
        """Wait until the process answers."""
        assert self.process is not None
        deadline = time.monotonic() + 90  # two busy cores take half a minute for what takes seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.process.stdout or sys.stdin).read()
            with suppress(httpx.TransportError):
                httpx.get(f"{self.http}/healthz")
                return
            time.sleep(0.05)
        raise AssertionError(f"the server does not answer; it said: {self.stop(signal.SIGKILL)[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> str:
        """End it; what it printed."""
        assert self.process is not None
        self.process.send_signal(how)
        printed, _ = self.process.communicate(timeout=20)
        self.exit_code, self.process = self.process.returncode, None
        return printed.decode()

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def shell(self, script: str) -> str:
        """Run this on the server's database; what it printed."""
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", script]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, check=True, capture_output=True, text=True)
        return done.stdout


def test_database() -> dict[str, str]:
    """Environment of a process that shall use the database of this test."""
    address = urlsplit(os.environ["DATABASE_URL"])
    name = connections["default"].settings_dict["NAME"]
    return {"DATABASE_URL": address._replace(path=f"/{name}").geturl(), "SECRET_KEY": settings.SECRET_KEY or "tests"}


test_database.__test__ = False  # type: ignore[attr-defined] - a helper, whatever its name


@cache
def _validator(event: str, patch: bool) -> jsonschema.Draft7Validator | None:
    components = document(CHANNELS, host="localhost", secure=False)["components"]
    key = event.replace(":", ".") + ".patch" * patch
    if key not in components["messages"]:
        return None
    return jsonschema.Draft7Validator({"components": components, "$ref": f"#/components/messages/{key}/payload"})


def assert_described(message: Message) -> None:
    """Check a message against /asyncapi.json; only custom events are the customer's own."""
    validator = _validator(message["event"], "base" in message)
    namespace, colon, _ = message["event"].partition(":")
    assert validator is not None or (colon and namespace not in CHANNELS) or namespace == "custom", message
    if validator is not None and "items" not in message["data"]:  # large snapshots would take longer than the test
        validator.validate(message)


class Socket:
    """A client of `/ws` that keeps all it heard."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[Message] = []

    async def say(self, event: str, **data: Any) -> None:
        await self.connection.send(json.dumps({"event": event, "data": data}))

    async def hear(self, seconds: float = 10.0, *, heartbeats: bool = False) -> Message:
        """The next message; heartbeats, which come when they like, are only kept in `heard`."""
        while True:
            async with asyncio.timeout(seconds):  # not wait_for: in Python 3.11 that may swallow a cancellation
                message: Message = json.loads(await self.connection.recv())
            self.heard.append(message)
            assert_described(message)
            if heartbeats or message["event"] != "heartbeat":
                return message

    async def until(self, event: str, seconds: float = 10.0) -> Message:
        """The next message of this name; what comes before it is kept in `heard`."""
        while True:
            message = await self.hear(seconds, heartbeats=event == "heartbeat")
            if message["event"] == event:
                return message

    async def quiet(self, seconds: float = 0.3) -> list[Message]:
        """Everything that comes until nothing came for so long."""
        messages = []
        with suppress(TimeoutError):
            while True:
                messages.append(await self.hear(seconds))
        return messages

    async def closed(self, seconds: float = 15.0) -> int:
        """Hear the rest until the server closes; its close code."""
        try:
            while True:
                await self.hear(seconds)
        except ConnectionClosed as end:
            assert end.rcvd is not None, "cut off without a close frame"
            return end.rcvd.code

    async def sign_in(self, token: str) -> Message:
        await self.say("authenticate", token=token)
        return await self.until("authenticated")

    async def subscribe(self, *rooms: str, **options: Any) -> Message:
        await self.say("subscribe", rooms=list(rooms), **options)
        return await self.until("subscribed")

    def events(self) -> list[Message]:
        """The events of the log heard so far: no snapshots, no answers."""
        return [message for message in self.heard if "seq" in message and not message["event"].endswith(":snapshot")]

    def seqs(self) -> list[int]:
        return [message["seq"] for message in self.events()]

    async def up_to(self, seq: int, seconds: float = 15.0) -> None:
        """Hear until an event or a snapshot of this seq (or a later one) has come."""
        if not any(message.get("seq", 0) >= seq for message in self.heard):
            while (await self.hear(seconds)).get("seq", 0) < seq:
                pass


@asynccontextmanager
async def socket(
    server: LiveServer | ProcessServer, token: str = "", *, query: str = "", **options: Any
) -> AsyncIterator[Socket]:
    """A connection that was welcomed and, with a token, signed in."""
    async with connect(server.ws + query, **{"max_size": None, **options}) as connection:
        client = Socket(connection)
        await client.until("welcome")
        if token:
            await client.sign_in(token)
        yield client


class Caller:
    """A caller of the REST API of a running server. (Django's own test client never closes its connections, which in
    a thread would be left open.)"""

    def __init__(self, server: LiveServer | ProcessServer, key: str = "") -> None:
        headers = {"Authorization": f"Api-Key {key}"} if key else {}
        self._client = httpx.AsyncClient(base_url=server.http, headers=headers, timeout=30)

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self._client.post(path, json=body)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self._client.get(path, params=query)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()


async def stats_say(api: Caller, *, degraded: bool) -> None:
    for _ in range(400):
        if (await api.get("/api/ws/stats")).json()["degraded"] is degraded:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"stats do not say degraded: {degraded}")
