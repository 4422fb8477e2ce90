"""Many come back at once: after a storm, after a restart. They cost a few reads together, and miss nothing."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from intraday.org.models import Organization, Scope
from tests.access.people import person, token_of
from tests.crowds import connected, reached
from tests.live import LiveServer, ProcessServer
from tests.realtime.notes import in_thread, note

CUSTOM, ALERTS = "custom:org:org_123", "alerts:org:org_123"
Message = dict[str, Any]


@dataclass
class Client:
    """One that keeps its cursor and does what `reconnect` says, as the browser's does."""

    token: str
    addresses: list[str]
    rooms: list[str]
    cursor: dict[str, Any] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    seqs: dict[str, list[int]] = field(default_factory=dict)
    answers: list[Message] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    listening: bool = False

    async def run(self) -> None:
        while True:
            delay = 0.05
            with suppress(OSError, TimeoutError, ConnectionClosed):
                async with connect(self.addresses[0], max_size=None, open_timeout=20, ping_interval=None) as socket:
                    delay = await self._listen(socket)
            self.listening = False
            self.addresses.append(self.addresses.pop(0))
            await asyncio.sleep(delay)

    async def _listen(self, socket: Any) -> float:
        delay = 0.0
        await self._say(socket, "authenticate", token=self.token)
        since = {"since": self.cursor} if self.cursor else {}
        await self._say(socket, "subscribe", rooms=self.rooms, **since)
        try:
            async for text in socket:
                delay = self._take(json.loads(text)) or delay
        except ConnectionClosed:
            pass
        self.codes.append(socket.close_code)
        return delay

    def _take(self, message: Message) -> float:
        if message["event"] == "subscribed":
            self.listening = True
            self.answers.append(message["data"])
            if not self.cursor:
                self.cursor = message["data"]["position"]
                self.first = {stream: position["seq"] for stream, position in self.cursor.items()}
        elif message["event"] == "reconnect":
            self.delays.append(message["data"]["retry_after_ms"])
            return self.delays[-1] / 1000
        elif "seq" in message:
            self.seqs.setdefault(message["stream"], []).append(message["seq"])
            self.cursor[message["stream"]] = {"epoch": message["epoch"], "seq": message["seq"]}
        return 0.0

    @staticmethod
    async def _say(socket: Any, event: str, **data: Any) -> None:
        await socket.send(json.dumps({"event": event, "data": data}))

    def has(self, stream: str, seq: int) -> bool:
        return self.cursor.get(stream, {}).get("seq", -1) >= seq


# --- a storm ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """SQL of all threads of this process, the server's among them."""
    executed: list[str] = []
    execute = CursorWrapper.execute

    def count(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        executed.append(str(sql))
        return execute(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", count)
    return executed


@pytest.fixture
def crowd(transactional_db: None, organization: Organization) -> list[str]:
    """Tokens of 120 people."""
    return [token_of(person(f"user{number}", organization), organization) for number in range(120)]


async def test_a_storm_of_returning_clients_costs_reads_per_stream_and_not_per_client(
    server: LiveServer, crowd: list[str], support: Scope, statements: list[str]
):
    clients = [Client(token, [server.ws], [CUSTOM, ALERTS]) for token in crowd]
    async with connected(clients):
        for number in range(1, 31):
            await in_thread(note, support, number)
        await reached(lambda: all(client.has(CUSTOM, 30) for client in clients))
    for index, client in enumerate(clients):  # they left at different times
        client.listening, client.cursor[CUSTOM]["seq"] = False, index % 30
        client.seqs[CUSTOM] = client.seqs[CUSTOM][: index % 30]
    await asyncio.to_thread(server.stop)  # nothing of the stream is in memory any more
    await asyncio.to_thread(server.start)
    del statements[:]
    async with connected(clients):
        await reached(lambda: all(client.has(CUSTOM, 30) for client in clients))
        taken = list(statements)
    for client in clients:
        assert client.answers[-1]["recovered"] is True
        assert client.seqs[CUSTOM] == list(range(1, 31))
    replays = [sql for sql in taken if "realtime_segment" in sql]
    assert len(replays) <= 2 * 2, "one for each stream; one more where the hub looks for what it lacks"
    of_streams = [sql for sql in taken if "realtime_" in sql and "realtime_process" not in sql]
    people = [sql for sql in taken if "org_membership" in sql]
    assert len(of_streams) <= 10 * 2
    assert 1 <= len(people) < len(clients) / 4, "who they are was asked together"


async def test_a_crowd_that_begins_at_once_shares_its_snapshots(
    server: LiveServer, crowd: list[str], support: Scope, statements: list[str]
):
    await in_thread(note, support, 1, channel="backlog")
    clients = [Client(token, [server.ws], ["backlog:org:org_123"]) for token in crowd]
    del statements[:]
    async with connected(clients):
        await reached(lambda: all("backlog:org:org_123" in client.seqs for client in clients))  # the snapshot
        read = [sql for sql in statements if "backlog_" in sql]
        assert 1 <= len(read) <= 10
        await in_thread(note, support, 2, channel="backlog")
        await reached(lambda: all(client.has("backlog:org:org_123", 2) for client in clients))


# --- a rolling restart -----------------------------------------------------------------------------------------------
@pytest.fixture
def processes(transactional_db: None) -> Iterator[list[ProcessServer]]:
    with ProcessServer.serve() as one, ProcessServer.serve() as other:
        yield [one, other]


def reads_of_the_log() -> int:
    """Return the reads of the log by all processes, as PostgreSQL counts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_user_tables"
            " WHERE relname = 'realtime_segment'"
        )
        return int(cursor.fetchone()[0])


async def ready(server: ProcessServer) -> int:
    async with httpx.AsyncClient(base_url=server.http, timeout=20) as http:
        return (await http.get("/readyz")).status_code


async def test_a_rolling_restart_under_three_hundred_clients_loses_and_doubles_nothing(
    processes: list[ProcessServer], token: str, support: Scope
):
    addresses = [each.ws for each in processes]
    clients = [Client(token, addresses[::step], [CUSTOM]) for step in (1, -1) for _ in range(150)]
    published, over = 0, asyncio.Event()

    async def publish() -> None:
        nonlocal published
        while not over.is_set():
            published += 1
            await in_thread(note, support, published)
            await asyncio.sleep(0.1)

    async with connected(clients):
        before = await in_thread(reads_of_the_log)
        publishing = asyncio.create_task(publish())
        for each in processes:
            assert await ready(each) == 200
            stopping = asyncio.create_task(asyncio.to_thread(each.stop, signal.SIGTERM))
            while (status := await ready(each)) == 200:
                pass
            assert status == 503, "it says that it stops while it still answers"
            await stopping
            assert each.exit_code == 0
            await asyncio.to_thread(each.start)
            await reached(lambda: all(client.listening for client in clients), [publishing])
        over.set()
        await publishing
        await reached(lambda: all(client.has(CUSTOM, published) for client in clients))
        reads = await in_thread(reads_of_the_log) - before

    for client in clients:
        assert client.seqs[CUSTOM] == list(range(client.first[CUSTOM] + 1, published + 1))
        assert all(answer["recovered"] for answer in client.answers[1:])
        assert set(client.codes) == {1012}
        assert len(client.delays) == len(client.codes) >= 1
    delays = [delay for client in clients for delay in client.delays]
    assert len({delay // 50 for delay in delays}) > 30, "they come back one after another"
    assert sum(len(client.answers) - 1 for client in clients) >= len(clients)
    assert reads <= 40, "by some processes, not by 300 clients"


async def test_ctrl_c_does_not_take_its_time(transactional_db: None, token: str, organization: Organization):
    with ProcessServer.serve() as server:
        clients = [Client(token, [server.ws], [CUSTOM]) for _ in range(3)]
        async with connected(clients):
            await asyncio.to_thread(server.stop, signal.SIGINT)
            await reached(lambda: all(client.codes for client in clients))
        assert [client.delays for client in clients] == [[]] * 3, "nobody was told to wait"
        assert {code for client in clients for code in client.codes} == {1012}
