"""kill -9 in the middle of batches, again and again: what was answered is there, and who reconnects misses nothing."""

import asyncio
import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from django.db import connection
from websockets.exceptions import ConnectionClosed

from realtime.eventlog.records import decode_records
from tests.live import Caller, Message, ProcessServer, Socket, socket
from tests.realtime.notes import in_thread

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])

STREAM = "backlog:org:org_123"
QUEUES = ["support", "billing", "sales"]
INSTANTS = 20  # per queue and batch; the last of them is news, the others are superseded at once
KILLS = 2
BEGIN = datetime(2026, 2, 1, tzinfo=UTC)  # after the demo's hour
Row = tuple[Any, ...]


@dataclass
class Place:
    """A server to be killed, who may call it, and its database as it is on disk."""

    server: ProcessServer
    credential: dict[str, str]
    key: str
    query: Callable[[str], list[Row]]

    def events(self) -> list[Message]:
        """All events of the log, in the order of their seq."""
        segments = self.query(
            f"SELECT first_seq, index, body FROM realtime_segment WHERE stream_id = '{STREAM}' ORDER BY last_seq"
        )
        return [
            json.loads(record.full)
            for first, index, body in segments
            for record in decode_records(first, bytes(index), bytes(body))
        ]

    def stored(self) -> dict[UUID, tuple[str, datetime]]:
        """Queue ('' above queues) and time of every snapshot since BEGIN."""
        found = self.query(
            "SELECT s.id, o.queue_name, s.time FROM backlog_snapshot s JOIN org_scope o ON o.id = s.scope_id"
        )
        return {uuid(key): (queue, moment(time)) for key, queue, time in found if moment(time) >= BEGIN}


def uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Place:
    def query(sql: str) -> list[Row]:
        disk = sqlite3.connect(tmp_path / "intraday.sqlite3")
        try:
            return disk.execute(sql.replace(" index,", ' "index",')).fetchall()
        finally:
            disk.close()

    server = ProcessServer.embedded(tmp_path, INTRADAY_LOG_LEVEL="WARNING")
    return Place(server, {"user_id": "vic", "organization_id": "org_123"}, "", query)


@pytest.fixture
def on_postgres(token: str) -> Place:
    def query(sql: str) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(sql.replace(" index,", ' "index",'))
            return cursor.fetchall()

    return Place(ProcessServer.serve(), {"token": token}, token, query)


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    place: Place = request.getfixturevalue(request.param)
    with place.server:
        yield place


@dataclass
class Poster:
    """Posts batch after batch, each until it is answered, as a feed with a retry does."""

    place: Place
    answered: int = 0
    cut_off: int = 0
    over: bool = False
    results: set[str] = field(default_factory=set)

    async def run(self) -> None:
        async with Caller(self.place.server, self.place.key) as api:
            while not self.over:
                await self._post(api, batch(self.answered))
                self.answered += 1

    async def _post(self, api: Caller, body: dict[str, Any]) -> None:
        while True:
            try:
                answer = await api.post("/api/schedulesbacklog/batch-ingest", body)
            except httpx.TransportError:
                self.cut_off += 1
                await asyncio.sleep(0.02)
                continue
            assert answer.status_code == 201, answer.text
            self.results |= {row["result"] for row in answer.json()["results"]}
            return


def batch(number: int) -> dict[str, Any]:
    return {
        "items": [
            {
                "queue_name": queue,
                "department_id": "dept_456",
                "snapshot_time": (BEGIN + timedelta(seconds=number * INSTANTS + instant)).isoformat(),
                "total_items": number,
                "average_wait_time_minutes": instant,
            }
            for queue in QUEUES
            for instant in range(INSTANTS)
        ]
    }


@dataclass
class Watcher:
    """A client that reconnects with its cursor whenever it is cut off."""

    place: Place
    messages: list[Message] = field(default_factory=list)
    since: dict[str, Any] = field(default_factory=dict)
    reconnected: int = 0

    async def run(self) -> None:
        while True:
            try:
                async with socket(self.place.server) as client:
                    await client.say("authenticate", **self.place.credential)
                    await client.until("authenticated")
                    await self._listen(client)
            except (ConnectionClosed, OSError, TimeoutError):
                await asyncio.sleep(0.02)

    async def _listen(self, client: Socket) -> None:
        answer = await client.subscribe(STREAM, since=self.since)
        if self.since:
            assert answer["data"]["recovered"] is True
            self.reconnected += 1
        self.since = self.since or answer["data"]["position"]
        while True:
            message = await client.hear(60)
            if message.get("stream") == STREAM:
                self.messages.append(message)
                self.since = {STREAM: {"epoch": message["epoch"], "seq": message["seq"]}}

    @property
    def seq(self) -> int:
        return self.since[STREAM]["seq"] if self.since else 0


async def test_a_server_killed_in_the_middle_of_batches_loses_nothing_it_answered_for(place: Place):
    dice = random.Random(7)
    poster, watcher = Poster(place), Watcher(place)
    posting, watching = asyncio.create_task(poster.run()), asyncio.create_task(watcher.run())
    try:
        for _ in range(KILLS):
            goal = poster.answered + dice.randint(5, 15)
            await reached(lambda goal=goal: poster.answered >= goal, posting, watching)
            await asyncio.sleep(dice.random() / 20)
            await asyncio.to_thread(place.server.kill)
            await asyncio.to_thread(place.server.start)
        goal = poster.answered + 5
        await reached(lambda: poster.answered >= goal, posting, watching)
        poster.over = True
        await posting
        events, stored = await in_thread(place.events), await in_thread(place.stored)
        await reached(lambda: watcher.seq >= len(events), watching)
    finally:
        for task in (posting, watching):
            task.cancel()
        await asyncio.wait([posting, watching])

    assert poster.cut_off >= KILLS
    assert watcher.reconnected >= KILLS - 1  # a server may be killed before the watcher is back
    # No acknowledged row is lost, and nothing is stored twice.
    times = {BEGIN + timedelta(seconds=number) for number in range(poster.answered * INSTANTS)}
    for queue in QUEUES:
        assert sorted(time for name, time in stored.values() if name == queue) == sorted(times)
    # No event without its row, no news without its event.
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    told = [UUID(event["data"]["snapshot_id"]) for event in events if moment(event["data"]["timestamp"][:-1]) >= BEGIN]
    assert set(told) <= stored.keys()
    news = {key for key, (_, time) in stored.items() if (time - BEGIN).seconds % INSTANTS == INSTANTS - 1}
    assert set(told) == news
    assert len(told) == len(news)
    # The watcher got exactly every event, once, in order.
    first, *heard = watcher.messages
    assert first["event"] == "backlog:snapshot"
    assert [message["seq"] for message in heard] == list(range(first["seq"] + 1, len(events) + 1))
    assert [message["data"] for message in heard] == [event["data"] for event in events[first["seq"] :]]


async def reached(condition: Callable[[], bool], *tasks: asyncio.Task[None]) -> None:
    for _ in range(6_000):
        for task in tasks:
            if task.done():
                task.result()
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing moves any more")
